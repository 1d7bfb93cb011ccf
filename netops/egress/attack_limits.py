"""Where scans and floods begin (界限), and what is expected; read from `playbooks/watchlists/attacks.toml`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, until_changed
from netops.egress.filter import PROTOCOLS

KINDS = ("network_scan", "traffic_flood")
NO_DATE = N_("must be a date such as 2027-06-30")


class Limits(msgspec.Struct, frozen=True):
    """
    `[limits]`: what is told from which number on, each a count unless it says otherwise.

    Args:
        window_minutes: flows of so long are looked at.
        hosts, ports: different hosts that one source tried in vain; different ports of one host.
        unanswered: the share of what it tried that came to nothing at least, a ratio.
        syn_per_second: SYN and nothing more, to one port of one host.
        many_per_second: UDP of *many_sources* or more to one host, or ICMP of any; *one_per_second*: UDP of one source.
        owner, why: who answers for the numbers, and for what reason; *until*: ISO date by which they are looked at again.
    """

    owner: str = ""
    why: str = ""
    until: str = ""
    window_minutes: int = 10
    hosts: int = 40
    ports: int = 100
    unanswered: float = 0.7
    syn_per_second: int = 50
    many_per_second: int = 1000
    many_sources: int = 10
    one_per_second: int = 10_000

    def is_over(self, today: date) -> bool:
        """Whether somebody should have looked at them again; they count all the same."""
        return not self.until or self.until < today.isoformat()


class Expected(msgspec.Struct, frozen=True):
    """
    `[[expected]]`: traffic that is no attack, such as that of a monitoring system.

    Args:
        sources, targets: addresses or prefixes; () is anyone, but not both.
        protocols: such as "icmp" or "udp/161"; () is anything.
        until: ISO date of its last day.
    """

    kinds: tuple[str, ...]
    owner: str
    why: str
    until: str
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()

    @property
    def filter(self) -> str:
        """The flows that it means, in the language of `egress query`."""
        parts = [f"{end} ip in [{' '.join(nets)}]" for end, nets in (("src", self.sources), ("dst", self.targets)) if nets]
        if self.protocols:
            parts.append("(" + " or ".join(_protocol(one) for one in self.protocols) + ")")
        return " and ".join(parts)


class Watched(msgspec.Struct, frozen=True):
    """The whole file."""

    limits: Limits = Limits()
    expected: tuple[Expected, ...] = ()

    def meant(self, kind: str, today: date, own: Iterable[str] = ()) -> str:
        """
        The flows to look at for a kind: all but what is expected today.

        Args:
            own: addresses of netops' own stations, which ask everybody.
        """
        left_out = [one.filter for one in self.expected if kind in one.kinds and today.isoformat() <= one.until]
        if stations := sorted(own):
            left_out.append(f"src ip in [{' '.join(stations)}]")
        return " and ".join(f"not ({one})" for one in left_out)


def _protocol(text: str) -> str:
    name, _, port = text.partition("/")
    return f"(proto {name} and dst port {port})" if port else f"proto {name}"


@until_changed(lambda playbooks: [playbooks / "watchlists" / "attacks.toml"])
def watched(playbooks: Path) -> Watched:
    """
    Limits and exceptions; those of this program where the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "attacks.toml"
    if not path.exists():
        return Watched()
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"limits", "expected"})
    raw = source.content.get("limits", {})
    limits = source.struct(raw, Limits, "limits") if isinstance(raw, dict) else None
    if limits is None:
        source.fault(N_("must be one [limits]"), "limits")
        limits = Limits()
    for name in Limits.__struct_fields__:
        value = getattr(limits, name)
        if isinstance(value, int | float) and value <= 0:
            source.fault(N_("must be more than 0"), "limits", None, name)
    if limits.unanswered > 1:
        source.fault(N_("must be a ratio between 0 and 1"), "limits", None, "unanswered")
    for name in ("owner", "why"):
        if not getattr(limits, name).strip():
            source.fault(N_("must not be empty"), "limits", None, name)
    if limits.until and not _is_day(limits.until):
        source.fault(NO_DATE, "limits", None, "until")
    found = []
    for index, one in source.entries("expected", Expected):
        wrong = list(_faults(one))
        for key, message in wrong:
            source.fault(message, "expected", index, key)
        if not wrong:
            found.append(one)
    settled("the limits of scans and floods were not read", faults, "mend the lines above")
    return Watched(limits, tuple(found))


def _faults(one: Expected) -> Iterable[tuple[str, Text]]:
    if not one.kinds or set(one.kinds) - set(KINDS):
        yield "kinds", Said("must be some of {known}", known=", ".join(KINDS))
    for key in ("owner", "why"):
        if not getattr(one, key).strip():
            yield key, N_("must not be empty")
    if not _is_day(one.until):
        yield "until", NO_DATE
    if not one.sources and not one.targets:
        yield "sources", N_("sources or targets must be named")
    for key in ("sources", "targets"):
        for text in getattr(one, key):
            try:
                ip_network(text)
            except ValueError as error:
                yield key, Said("{error}", error=error)
    for text in one.protocols:
        name, slash, port = text.partition("/")
        is_port = port.isdigit() and 0 < int(port) < 65536 and name in ("tcp", "udp")
        if name not in PROTOCOLS or (slash and not is_port):
            yield "protocols", Said("{text!r} is no protocol such as icmp or udp/161", text=text)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
