"""What a person may set on a device (经人确认的写操作): a short list of objects, and which values each takes. Pure."""

from __future__ import annotations

import msgspec

from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.walk import Value, said


class Object(msgspec.Struct, frozen=True):
    """
    One object that may be set.

    Args:
        oid: of the object; its instance is 0, an ifIndex or a bridge port.
        of: "device", "interface" or "bridge port".
        longest: octets of a text; 0 for a number.
        names: values by what people call them; empty when any number between *lowest* and *highest* is one.
        changes_state: whether it changes what the network does, not only what it is called.
    """

    name: str
    oid: str
    of: str
    what: str
    longest: int = 0
    names: dict[str, int] = {}
    lowest: int = 0
    highest: int = 0
    changes_state: bool = False


OBJECTS = {
    one.name: one
    for one in (
        Object("sysContact", "1.3.6.1.2.1.1.4", "device", N_("who looks after it"), 255),
        Object("sysLocation", "1.3.6.1.2.1.1.6", "device", N_("where it stands"), 255),
        # ifAlias is a DisplayString of at most 64 (IF-MIB, RFC 2863).
        Object("ifAlias", "1.3.6.1.2.1.31.1.1.1.18", "interface", N_("what the port is for"), 64),
        Object(
            "ifAdminStatus", "1.3.6.1.2.1.2.2.1.7", "interface", N_("whether the port is switched on"),
            names={"up": 1, "down": 2}, changes_state=True,
        ),
        # Q-BRIDGE-MIB dot1qPvid (RFC 4363), by bridge port.
        Object(
            "dot1qPvid", "1.3.6.1.2.1.17.7.1.4.5.1.1", "bridge port", N_("the VLAN of what comes without a tag"),
            lowest=1, highest=4094, changes_state=True,
        ),
    )
}  # fmt: skip
"""By name. `config` may allow fewer, never more."""
BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"
IF_NAME, IF_DESCR, SYS_NAME = "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.1.5.0"


def value(one: Object, text: str) -> int | bytes:
    """
    What a person wrote, as the object takes it.

    Raises:
        NetopsError: the object takes no such value.
    """
    if one.longest:
        octets = text.encode()
        if len(octets) <= one.longest and text == said(octets):
            return octets
        raise NetopsError(
            "{object} was not set",
            "{value} is not plain text of at most {longest} octets",
            "",
            object=one.name,
            value=text[:80],
            longest=one.longest,
        )
    if one.names:
        if text in one.names:
            return one.names[text]
        raise _wrong(one, text, ", ".join(one.names))
    if text.isascii() and text.isdigit() and len(text) < 6 and one.lowest <= int(text) <= one.highest:
        return int(text)
    raise _wrong(one, text, f"{one.lowest}–{one.highest}")


def _wrong(one: Object, text: str, allowed: str) -> NetopsError:
    return NetopsError(
        "{object} was not set",
        "{value} is not one of its values",
        "it takes: {allowed}",
        object=one.name,
        value=text[:80],
        allowed=allowed,
    )


def shown(one: Object, held: Value | None) -> str:
    """A value as people read it; "" for none."""
    if held is None:
        return ""
    if one.names:
        return next((name for name, number in one.names.items() if number == held), str(held))
    return said(held, one.longest or 16)
