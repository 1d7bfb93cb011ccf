"""Rules of addresses: used without an allocation, claimed twice, idle, misplaced, quarantined (Article 11). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from netops.addresses.allocation import AllocationState
from netops.addresses.bindings import RULES as BINDINGS
from netops.addresses.conflict import address_conflict, usurped_address
from netops.addresses.foresight import RULES as FORESIGHT
from netops.addresses.reconcile import Scene
from netops.addresses.seen import best, concluded, evidence_of, recorded, sighted
from netops.addresses.span import Span, number
from netops.core.basis import Basis
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_

IDLE = timedelta(days=90)


@rule(
    "AD-101",
    "unallocated_address",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} is used without an allocation"),
    because=N_(
        "{mac} at {place} uses {ip} since {first}, last alive {seen}, by {sources}; no allocation in force covers it"
    ),
)
def unallocated_address(scene: Scene) -> Iterator[Conclusion]:
    """
    Somebody uses an address that was given to nobody.

    What: a terminal is alive with an address inside the plane's address space that no active or
        reserved allocation covers, nor a DHCP range of the register. Devices' own addresses and the far ends of
        registered exits do not count, nor what a DHCP server only offers.
    Why: addresses are planned, managed and allocated in one hand (Article 11).
    Mend: allocate it under the department's declaration (netops ip allocate), or have the terminal use
        an address that the department was given.
    """
    for address, several, _ in scene.uses:
        if scene.is_nobodys(address):
            owner = scene.owner(address, best(several, scene))
            yield concluded("AD-101", scene, several, owner, evidence_of(several), {})


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

    What: no terminal was seen in an active allocation for 90 days, by sources that would have seen it: all of the
        allocation lies in what they cover, they all answer now, and did so without a gap of a week. Where a source
        is silent, stale, read in part or missing, nobody knows, and nothing is said. A ping that is not answered
        proves nothing.
    Why: addresses are planned in one hand (Article 11); what lies idle is missing elsewhere.
    Mend: ask the department; release what it does not need (netops ip release).
    """
    used: set[str] | None = None
    for one in scene.allocations:
        if (
            one.state is not AllocationState.ACTIVE
            or one.since > scene.at - IDLE
            or not is_watched(scene, one.span)
        ):
            continue
        used = _used(scene) if used is None else used
        if one.id not in used:
            facts = {"span": str(one.span), "organization": one.organization, "days": str(IDLE.days)}
            yield Conclusion(
                "AD-103", scene.plane, {"ip": one.first, "allocation": one.id}, one.organization, facts,
                (recorded(one),), scene.at, identity=f"{one.first}-{one.last}",
            )  # fmt: skip


def is_watched(scene: Scene, span: Span) -> bool:
    """Whether its silence for 90 days would mean that nobody uses it."""
    return scene.covered(span, scene.at - IDLE)


def _used(scene: Scene) -> set[str]:
    """Allocations of which an address was seen or leased in the last 90 days."""
    since = scene.at - IDLE
    lately = {
        number(one.ip) for one in scene.sightings if one.ip and (one.alive_at or one.first_seen) > since
    }
    lately |= {number(one.ip) for one in scene.mentions if one.last_seen > since}
    return {holder.id for address in lately if (holder := scene.held.of(address)) is not None}


@rule(
    "AD-104",
    "misplaced",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} of {holder} is used at {place} of {organization}"),
    because=N_(
        "{ip} was given to {holder} ({allocation}); {mac} uses it at {place} of {organization} since {first}, last alive {seen},"
        " by {sources}"
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
    for _, several, holder in scene.uses if scene.switches else ():
        if holder is None:
            continue
        for one in several:
            owner = scene.switches.get(one.switch, "")
            if owner and holder.organization not in {owner, *serves.get(one.switch, ())}:
                facts = {"holder": holder.organization, "organization": owner, "allocation": holder.id}
                yield concluded("AD-104", scene, [one], owner, (sighted(one), recorded(holder)), facts)


@rule(
    "AD-105",
    "quarantined_seen",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} was given back and is still used"),
    because=N_(
        "{allocation} of {holder} was given back on {day} ({cause}); {mac} at {place} uses {ip} since {first}, last alive {seen},"
        " by {sources}"
    ),
)
def quarantined_seen(scene: Scene) -> Iterator[Conclusion]:
    """
    An address in quarantine is still in use.

    What: a terminal is alive with an address that was given back and rests before it is given out again.
    Why: the next holder would meet the old one on the wire (Article 11); it does not return to the pool till then.
    Mend: take the terminal off the address, or allocate it again.
    """
    for address, several, holder in scene.uses:
        if holder is not None and holder.state is AllocationState.QUARANTINE:
            facts = {
                "holder": holder.organization,
                "allocation": holder.id,
                "cause": holder.cause or "-",
                "day": holder.until.date().isoformat() if holder.until else "-",
            }
            owner = scene.owner(address, best(several, scene))
            yield concluded("AD-105", scene, several, owner, (*evidence_of(several), recorded(holder)), facts)


OWN = (unallocated_address, address_conflict, usurped_address, idle_allocation, misplaced, quarantined_seen)
RULES: dict[str, Rule] = {one.code: one for one in OWN} | FORESIGHT | BINDINGS
