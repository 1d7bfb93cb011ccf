"""What an incomplete question may mean: everything that begins so, whose name has it inside, or has these initials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from netops.addresses import sources
from netops.addresses.reading import MAC
from netops.core.initials import LETTERS, has_initials
from netops.core.plane import Plane
from netops.desk import Desk
from netops.register import Register
from netops.rounds import registers
from netops.topology import whereabouts

MATCHES = 20
"""Things that an incomplete question may have meant."""


class Match(msgspec.Struct, frozen=True):
    """One thing that an incomplete question may have meant."""

    what: str
    text: str
    plane: str = ""
    organization: str = ""
    title: str = ""


def matches(desk: Desk, text: str) -> Iterator[Match]:
    """Organizations, devices, documents and prefixes, host names, addresses, cards, declarations, records of registers."""
    register, lower = desk.register, text.lower()
    letters = lower if LETTERS.fullmatch(lower) else ""

    def spelled(name: str) -> bool:
        return bool(letters) and has_initials(name, letters)

    for org in register.organizations:
        if any(lower in name.lower() for name in (org.code, org.name_zh, org.name_en) if name) or spelled(org.name_zh):
            yield Match("organization", org.code, "", org.code)
    for device in register.devices:
        if (lower in device.name.lower() or spelled(device.name)) and device.plane in desk.planes:
            yield Match("device", device.name, device.plane, device.organization)
    for plane in desk.planes:
        yield from _documented(register.of(plane), plane, lower, spelled)
        for name in sources.starting(desk.store, plane, name=text, limit=MATCHES + 1):
            yield Match("name", name, plane)
        if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", lower):
            yield from _beginning(desk, plane, "address", ip=lower)
        if start := _mac_start(lower):
            yield from _beginning(desk, plane, "mac", mac=start)
            for mac in whereabouts.ending(desk.store, plane, start, MATCHES + 1):
                yield Match("mac", mac, plane)
    yield from _declared(desk, lower)
    for one in registers.search(desk, text, limit=MATCHES + 1):
        yield Match("record", one.number, one.plane, one.organization, one.title)


def _documented(register: Register, plane: Plane, lower: str, spelled: Callable[[str], bool]) -> Iterator[Match]:
    for prefix in register.prefixes:
        if lower in prefix.granted_by.lower():
            yield Match("document", prefix.granted_by, plane, prefix.organization)
        elif lower in prefix.name.lower() or prefix.prefix.startswith(lower) or spelled(prefix.name):
            yield Match("prefix", prefix.prefix, plane, prefix.organization)
    for exit_ in register.exits:
        if exit_.filing and lower in exit_.filing.lower():
            yield Match("document", exit_.filing, plane, exit_.organization)


def _declared(desk: Desk, lower: str) -> Iterator[Match]:
    from netops.declarations import filings

    for one in filings.listed(desk.store, at=desk.at):
        if lower in one.number.lower() and one.plane in desk.planes:
            yield Match("declaration", one.number, one.plane, one.organization)


def _beginning(desk: Desk, plane: Plane, what: str, *, ip: str = "", mac: str = "") -> Iterator[Match]:
    told = whereabouts.starting(desk.store, plane, ip=ip, mac=mac, limit=MATCHES + 1)
    told += sources.starting(desk.store, plane, ip=ip, mac=mac, limit=MATCHES + 1)
    for text in told:
        yield Match(what, text, plane)


def _mac_start(text: str) -> str:
    """Part of a MAC, at least four digits, as it stands in the store; "" for what is none."""
    digits = re.sub(r"[:.-]", "", text)
    if MAC.fullmatch(text) or not re.fullmatch(r"[0-9a-f]{4,11}", digits):
        return ""
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
