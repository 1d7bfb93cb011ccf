"""What is said of a terminal: its evidence, and the conclusion about the address that it uses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from netops.addresses.allocation import Allocation
from netops.addresses.mention import Mention, SourceKind
from netops.addresses.reconcile import Scene, Seen, place, told_by, where
from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Subject

QUERIES = {
    SourceKind.PING: ("ping", "echo request"),
    SourceKind.LEASES: ("dhcp", "leases"),
    SourceKind.NEIGHBORS: ("arp", "neighbours"),
}
"""Kind of evidence, and what was asked, of each source beside the walk."""


def sighted(one: Seen) -> Evidence:
    """The sighting as evidence: who said what, where and when."""
    at = one.alive_at or one.first_seen
    body: dict[str, object] = {
        "ip": one.ip, "mac": one.mac, "switch": one.switch, "port": one.port, "interface": one.interface,
        "first_seen": one.first_seen.isoformat(),
    }  # fmt: skip
    if isinstance(one, Mention):
        kind, query = QUERIES[one.kind]
        body |= {"name": one.name, "expires": one.expires.isoformat() if one.expires else None}
        return Evidence(kind, one.source, query, body, one.alive_at or one.last_seen)
    return Evidence("arp", one.device or one.switch, "ipNetToPhysicalTable, dot1qTpFdbTable", body, at)


def recorded(one: Allocation) -> Evidence:
    """The allocation as evidence."""
    body: dict[str, object] = {
        "first": one.first, "last": one.last, "organization": one.organization, "declaration": one.declaration,
        "state": str(one.state),
    }  # fmt: skip
    return Evidence("ledger", one.id, str(one.span), body, one.until or one.since)


def by_address(uses: Iterable[tuple[int, Seen]]) -> Iterator[tuple[int, list[Seen]]]:
    """Uses of the same address together; *uses* are in the order of addresses."""
    for address, group in groupby(uses, key=lambda one: one[0]):
        yield address, [one for _, one in group]


def best(several: Sequence[Seen], scene: Scene) -> Seen:
    """The use that says most: where it is first of all, then the one seen last."""
    return max(several, key=lambda one: (bool(one.switch), one.alive_at or scene.at, one.mac))


def concluded(
    code: str,
    scene: Scene,
    several: Sequence[Seen],
    organization: str,
    evidence: tuple[Evidence, ...],
    more: dict[str, str],
) -> Conclusion:
    """A conclusion about a terminal; its address names the finding, wherever the terminal moves."""
    one = best(several, scene)
    last = max(seen.alive_at or seen.first_seen for seen in several)
    sources = sorted({name for seen in several for name in told_by(seen)})
    subject: Subject = {"ip": one.ip, "mac": one.mac, **where(one), "sources": sources}
    facts = {
        "ip": one.ip,
        "mac": one.mac,
        "place": place(one),
        "first": city_time(min(seen.first_seen for seen in several)),
        "seen": city_time(last),
        "sources": ", ".join(sources),
        **more,
    }
    kept = {key: value for key, value in subject.items() if value}
    return Conclusion(code, scene.plane, kept, organization, facts, evidence, last, identity=one.ip)


def evidence_of(several: Sequence[Seen]) -> tuple[Evidence, ...]:
    """One piece for each source that says so, the newest of each."""
    newest = {told_by(one): one for one in sorted(several, key=lambda one: one.alive_at or one.first_seen)}
    return tuple(sighted(one) for one in newest.values())
