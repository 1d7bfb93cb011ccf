"""Rules of addresses: used without an allocation, claimed twice, idle, misplaced, quarantined (Article 11). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from netops.addresses.allocation import Allocation, AllocationState
from netops.addresses.reconcile import Scene, Seen, place, where
from netops.addresses.span import number
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, Subject, rule
from netops.core.language import N_

CONFLICT_WINDOW = timedelta(minutes=10)
IDLE = timedelta(days=90)


def sighted(one: Seen) -> Evidence:
    """The sighting as evidence: who said what, where and when."""
    assert one.alive_at is not None  # noqa: S101 - only live sightings are evidence
    body: dict[str, object] = {
        "ip": one.ip, "mac": one.mac, "switch": one.switch, "port": one.port, "interface": one.interface,
        "first_seen": one.first_seen.isoformat(), "alive_at": one.alive_at.isoformat(),
    }  # fmt: skip
    return Evidence(
        "arp", one.device or one.switch, "ipNetToPhysicalTable, dot1qTpFdbTable", body, one.alive_at
    )


def recorded(one: Allocation) -> Evidence:
    """The allocation as evidence."""
    body: dict[str, object] = {
        "first": one.first, "last": one.last, "organization": one.organization, "declaration": one.declaration,
        "state": str(one.state),
    }  # fmt: skip
    return Evidence("ledger", one.id, str(one.span), body, one.until or one.since)


def concluded(
    code: str,
    scene: Scene,
    one: Seen,
    organization: str,
    evidence: tuple[Evidence, ...],
    more: dict[str, str],
) -> Conclusion:
    """A conclusion about a terminal; its address names the finding, wherever the terminal moves."""
    subject: Subject = {"ip": one.ip, "mac": one.mac, **where(one)}
    facts = {
        "ip": one.ip,
        "mac": one.mac,
        "place": place(one),
        "seen": city_time(one.alive_at or scene.at),
        **more,
    }
    return Conclusion(
        code, scene.plane, subject, organization, facts, evidence, one.alive_at or scene.at, identity=one.ip
    )


@rule(
    "AD-101",
    "unallocated_address",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} is used without an allocation"),
    because=N_("{mac} at {place} uses {ip}, last alive {seen}; no allocation in force covers it"),
)
def unallocated_address(scene: Scene) -> Iterator[Conclusion]:
    """
    Somebody uses an address that was given to nobody.

    What: a terminal is alive with an address inside the plane's address space that no active or
        reserved allocation covers. Devices' own addresses and the far ends of registered exits do not count.
    Why: addresses are planned, managed and allocated in one hand (Article 11).
    Mend: allocate it under the department's declaration (netops ip allocate), or have the terminal use
        an address that the department was given.
    """
    for address, group in groupby(scene.live, key=lambda one: one[0]):
        one = max((seen for _, seen in group), key=lambda seen: (seen.alive_at or scene.at, seen.mac))
        if scene.is_ours(address) and scene.held.of(address) is None:
            yield concluded("AD-101", scene, one, scene.owner(address, one), (sighted(one),), {})


@rule(
    "AD-102",
    "address_conflict",
    Severity.HIGH,
    Basis(11),
    title=N_("{ip} is claimed by two terminals"),
    because=N_("{mac} at {place} and {other_mac} at {other_place} both claim {ip} and are both alive"),
)
def address_conflict(scene: Scene) -> Iterator[Conclusion]:
    """
    Two terminals claim one address at the same time.

    What: two network cards on different switch ports were both alive with the address in the last 10
        minutes, the older one also after the newer one had appeared. One card that moved to another port,
        a card that was exchanged, and an address handed on by DHCP are no conflict. Where the terminal of an
        address changes and the old one stays on the wire, its gateway is asked again a few times at once.
    Why: an address belongs to one terminal; whoever takes another's cuts it off (Article 11).
    Mend: find the newer terminal at its port, give it an address of its own, and see why it took this one.
    """
    for claims in contested(scene):
        if not is_conflict(claims):
            continue
        newer = claims[-1]
        older = next(one for one in claims if _both(one, newer))
        rival = {"other_mac": older.mac, "other_place": place(older)}
        evidence = (sighted(older), sighted(newer))
        owner = scene.owner(number(newer.ip), newer)
        conclusion = concluded("AD-102", scene, newer, owner, evidence, rival)
        conclusion.subject["claims"] = [{"ip": one.ip, "mac": one.mac, **where(one)} for one in claims]
        yield conclusion


def contested(scene: Scene) -> Iterator[list[Seen]]:
    """
    Addresses that cards on different ports had lately, all of them still on the wire; the oldest claim first.

    ARP names one card at a time: so a claim stands for a while, as long as its card is on the wire.
    """
    by_mac: dict[str, list[Seen]] = {}
    by_ip: dict[str, list[Seen]] = {}
    for one in scene.sightings:
        by_mac.setdefault(one.mac, []).append(one)
        if one.ip and one.switch and one.alive_at is not None and scene.at - one.alive_at <= CONFLICT_WINDOW:
            by_ip.setdefault(one.ip, []).append(one)
    for _, several in sorted(by_ip.items()):
        if len(several) < 2:
            continue
        latest = {one.mac: one for one in sorted(several, key=lambda one: one.alive_at or scene.at)}
        claims = sorted(latest.values(), key=lambda one: (one.first_seen, one.alive_at or scene.at, one.mac))
        claims = [one for one in claims
                  if any(map(scene.is_alive, by_mac[one.mac])) and not _moved_on(one, by_mac[one.mac])]  # fmt: skip
        if len({(one.switch, one.port) for one in claims}) > 1:
            yield claims


def doubtful(scene: Scene) -> dict[str, dict[str, Seen]]:
    """
    Addresses that may have two terminals, with the cards that may be theirs, the known one first.

    They are contested and not yet proven; or a new card without an address of its own has appeared at the switch.
    """
    found: dict[str, dict[str, Seen]] = {}
    for claims in contested(scene):
        if not is_conflict(claims):
            found[claims[-1].ip] = {one.mac: one for one in reversed(claims)}
    named = {one.mac for one in scene.sightings if one.ip and scene.is_alive(one)}
    new = [one for one in scene.sightings if not one.ip and one.switch and one.mac not in named
           and scene.is_alive(one) and scene.at - one.first_seen <= CONFLICT_WINDOW]  # fmt: skip
    for _, one in scene.live if new else ():
        rivals = {card.mac: card for card in new if card.switch == one.switch and card.port != one.port}
        if rivals and one.ip not in found:
            found[one.ip] = {one.mac: one} | rivals
    return found


def is_conflict(claims: Sequence[Seen]) -> bool:
    """Whether an older claim came back after the newest one (the last) appeared."""
    return any(_both(one, claims[-1]) for one in claims[:-1])


def _both(older: Seen, newer: Seen) -> bool:
    """Whether the older claim was alive again after the newer one appeared, somewhere else."""
    elsewhere = (older.switch, older.port) != (newer.switch, newer.port)
    return elsewhere and older.alive_at is not None and older.alive_at > newer.first_seen


def _moved_on(one: Seen, of_mac: list[Seen]) -> bool:
    """Whether the card has taken another address since: then its old one was handed on."""
    return any(
        other.ip not in ("", one.ip) and other.first_seen > one.first_seen and other.alive_at is not None
        and one.alive_at is not None and other.alive_at >= one.alive_at and (":" in other.ip) == (":" in one.ip)
        for other in of_mac)  # fmt: skip


@rule(
    "AD-103",
    "idle_allocation",
    Severity.LOW,
    Basis(11),
    title=N_("{span} was given to {organization} and is not used"),
    because=N_("no terminal was seen in {span} for {days} days"),
)
def idle_allocation(scene: Scene) -> Iterator[Conclusion]:
    """
    Addresses were given and nobody uses them.

    What: no terminal was seen in an active allocation for 90 days. Silent until there are 90 days of sightings.
    Why: addresses are planned in one hand (Article 11); what lies idle is missing elsewhere.
    Mend: ask the department; release what it does not need (netops ip release).
    """
    if min((one.first_seen for one in scene.sightings), default=scene.at) > scene.at - IDLE:
        return
    used = {holder.id for one in scene.sightings if one.ip and (one.alive_at or one.first_seen) > scene.at - IDLE
            if (holder := scene.held.of(number(one.ip))) is not None}  # fmt: skip
    for one in scene.allocations:
        if one.state is AllocationState.ACTIVE and one.id not in used and one.since <= scene.at - IDLE:
            facts = {"span": str(one.span), "organization": one.organization, "days": str(IDLE.days)}
            yield Conclusion(
                "AD-103", scene.plane, {"ip": one.first, "allocation": one.id}, one.organization, facts,
                (recorded(one),), scene.at, identity=f"{one.first}-{one.last}",
            )  # fmt: skip


@rule(
    "AD-104",
    "misplaced",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} of {holder} is used at {place} of {organization}"),
    because=N_(
        "{ip} was given to {holder} ({allocation}); {mac} uses it at {place}, which belongs to {organization}"
    ),
)
def misplaced(scene: Scene) -> Iterator[Conclusion]:
    """
    An address of one organization is used on another's switch.

    What: a terminal is alive with an address that was given to one organization, on an access port of a
        switch that belongs to another and has no segment of the first. Switches of the platform serve everybody.
    Why: an address shows whose terminal it is only where it was given to be used (Article 11).
    Mend: move the terminal, or give it an address of the organization at whose switch it is.
    """
    serves: dict[str, set[str]] = {}
    for entry in scene.prefixes:
        serves.setdefault(entry.switch, set()).add(entry.organization)
    for address, one in scene.live:
        holder, owner = scene.held.of(address), scene.switches.get(one.switch, "")
        if holder is None or not owner or holder.organization in {owner, *serves.get(one.switch, ())}:
            continue
        facts = {"holder": holder.organization, "organization": owner, "allocation": holder.id}
        yield concluded("AD-104", scene, one, owner, (sighted(one), recorded(holder)), facts)


@rule(
    "AD-105",
    "quarantined_seen",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} was given back and is still used"),
    because=N_(
        "{allocation} of {holder} was given back on {day} ({cause}); {mac} at {place} uses {ip}, last alive {seen}"
    ),
)
def quarantined_seen(scene: Scene) -> Iterator[Conclusion]:
    """
    An address in quarantine is still in use.

    What: a terminal is alive with an address that was given back and rests before it is given out again.
    Why: the next holder would meet the old one on the wire (Article 11); it does not return to the pool till then.
    Mend: take the terminal off the address, or allocate it again.
    """
    for address, one in scene.live:
        holder = scene.held.of(address)
        if holder is not None and holder.state is AllocationState.QUARANTINE:
            day = holder.until.date().isoformat() if holder.until else "-"
            facts = {
                "holder": holder.organization,
                "allocation": holder.id,
                "cause": holder.cause or "-",
                "day": day,
            }
            evidence = (sighted(one), recorded(holder))
            yield concluded("AD-105", scene, one, scene.owner(address, one), evidence, facts)


RULES: dict[str, Rule] = {
    one.code: one
    for one in (unallocated_address, address_conflict, idle_allocation, misplaced, quarantined_seen)
}
