"""Rules of reservations, bindings and leases: what the ledger says of an address beside who uses it (Article 11). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from netops.addresses.allocation import HELD, AllocationState
from netops.addresses.mention import Mention
from netops.addresses.reconcile import Scene, Seen, Stated, place
from netops.addresses.seen import best, by_address, concluded, evidence_of, recorded, sighted
from netops.addresses.span import is_ipv4
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_

SHOWN = 200
"""Addresses that a piece of evidence names; the count is always whole."""
SETTLED = timedelta(minutes=10)
"""A terminal was there so long before and after a lease file was written: then the two contradict each other."""


@rule(
    "AD-113",
    "reserved_seen",
    Severity.LOW,
    Basis(11),
    title=N_("{ip} is only reserved and is used already"),
    because=N_(
        "{allocation} is reserved for {holder} and not assigned; {mac} at {place} uses {ip} since {first}, last alive {seen},"
        " by {sources}"
    ),
)
def reserved_seen(scene: Scene) -> Iterator[Conclusion]:
    """
    An address is in use before it was given.

    What: a terminal is alive with an address that is reserved and not yet assigned to anybody.
    Why: addresses are allocated in one hand (Article 11); a reservation gives no right to use them, and ends by itself.
    Mend: assign it (netops ip assign NUMBER) when its declaration stands, or take the terminal off the address.
    """
    for address, several, holder in scene.uses:
        if holder is not None and holder.state is AllocationState.RESERVED:
            facts = {"holder": holder.organization, "allocation": holder.id}
            owner = holder.organization or scene.owner(address, best(several, scene))
            yield concluded("AD-113", scene, several, owner, (*evidence_of(several), recorded(holder)), facts)


@rule(
    "AD-114",
    "mac_mismatch",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} is used by another card than the one it is bound to"),
    because=N_(
        "{allocation} of {holder} binds {ip} to {bound}; {mac} at {place} uses it since {first}, last alive {seen}, by {sources}"
    ),
)
def mac_mismatch(scene: Scene) -> Iterator[Conclusion]:
    """
    Another network card uses an address that is bound to one.

    What: a terminal is alive with an address whose allocation names a MAC, and has another one. The card of a
        virtual router and that of a known device which answers for it (proxy ARP, RFC 1027) say nothing about the
        terminal behind them; a pair that the configuration names ([[shared]]) may use it together.
    Why: a binding says whose terminal an address shows (Article 11).
    Mend: take the foreign terminal off; or, when the card was exchanged, bind the new one.
    """
    for address, several, holder in scene.uses:
        bound = holder.mac if holder is not None and holder.state in HELD else ""
        if holder is None or not bound:
            continue
        shared = scene.shared.get(address)
        allowed = {bound} | (set(shared.macs) if shared is not None else set())
        others = [
            one for one in several if one.mac and one.mac not in allowed and one.mac not in scene.devices
        ]
        if others and not (shared is not None and not shared.macs):
            facts = {"holder": holder.organization, "allocation": holder.id, "bound": bound}
            evidence = (*evidence_of(others), recorded(holder))
            yield concluded(
                "AD-114", scene, others, scene.owner(address, best(others, scene)), evidence, facts
            )


@rule(
    "AD-115",
    "addresses_beyond_declaration",
    Severity.LOW,
    Basis(10),
    Basis(11),
    title=N_("{organization} uses {seen} addresses under {number}, which declares {declared}"),
    because=N_(
        "{seen} addresses given under {number} are alive with {cards} known cards;"
        " it declares {terminals} terminals and {equipment} network devices; the last one seen is {ip} at {place}, by {sources}"
    ),
)
def addresses_beyond_declaration(scene: Scene) -> Iterator[Conclusion]:
    """
    More addresses are in use under a declaration than it states terminals and network devices.

    What: of the addresses that a standing declaration was given, more are alive than it declares terminals and network
        devices together; IPv4 and IPv6 count apart, since a terminal has one of each. Where more network cards are
        there than terminals declared, DC-101 says so, and this rule is silent.
    Why: a department declares equipment and terminals (Article 10); its addresses follow from them (Article 11).
    Mend: submit a supplementary declaration (netops declare change), or take the surplus addresses off.
    """
    alive: dict[str, dict[int, list[Seen]]] = defaultdict(dict)
    for address, several, holder in scene.uses:
        if holder is not None and holder.state is AllocationState.ACTIVE and holder.declaration:
            alive[holder.declaration][address] = several
    for stated in scene.stated:
        found = alive.get(stated.number, {})
        most = max(sum(is_ipv4(address) is family for address in found) for family in (True, False))
        cards = {one.mac for several in found.values() for one in several if one.mac}
        if most > stated.terminals + stated.equipment and len(cards) <= stated.terminals:
            yield _beyond(scene, stated, found, most, len(cards))


def _beyond(scene: Scene, stated: Stated, found: dict[int, list[Seen]], most: int, cards: int) -> Conclusion:
    newest = max(
        (one for several in found.values() for one in several), key=lambda one: (one.first_seen, one.ip)
    )
    listed = [{"ip": one.ip, "mac": one.mac, "place": place(one)} for several in list(found.values())[:SHOWN]
              for one in several[:1]]  # fmt: skip
    body: dict[str, object] = {"declaration": stated.number, "seen": most, "addresses": listed}
    counted = Evidence("arp", stated.number, "addresses alive in the last answers", body, scene.at)
    facts = {"number": stated.number, "organization": stated.organization, "seen": str(most), "cards": str(cards),
             "declared": str(stated.terminals + stated.equipment), "terminals": str(stated.terminals),
             "equipment": str(stated.equipment)}  # fmt: skip
    one = concluded("AD-115", scene, [newest], stated.organization, (counted, sighted(newest)), facts)
    subject = {
        "organization": stated.organization,
        "declaration": stated.number,
        "sources": one.subject["sources"],
    }
    return Conclusion(
        one.code,
        one.plane,
        subject,
        one.organization,
        one.facts,
        one.evidence,
        one.at,
        identity=stated.number,
    )


@rule(
    "AD-116",
    "unallocated_lease",
    Severity.MEDIUM,
    Basis(11),
    title=N_("a DHCP server leases {ip}, which was given to nobody"),
    because=N_("{sources} leases {ip} to {mac} ({name}) at {place} until {until}; the address is {state}"),
)
def unallocated_lease(scene: Scene) -> Iterator[Conclusion]:
    """
    A DHCP server hands out an address that is nobody's.

    What: a lease that has not ended is for an address inside the plane's address space that no allocation in force and
        no DHCP range of the register covers, or that rests in quarantine. Whoever is alive with such an address is
        told by AD-101 or AD-105 instead.
    Why: addresses are planned, managed and allocated in one hand (Article 11): a server's range is no exception.
    Mend: register the server's range (netops pool move PREFIX --dhcp-range RANGE), allocate it under
        a declaration (netops ip assign), or correct it at the server.
    """
    alive = {address for address, _ in scene.live}
    for address, several in by_address(scene.leased):
        holder = scene.held.of(address)
        is_resting = holder is not None and holder.state not in HELD and scene.is_ours(address)
        if address in alive or address in scene.own or not (is_resting or scene.is_nobodys(address)):
            continue
        one = several[-1]
        facts = {"name": one.name if isinstance(one, Mention) else "", "until": _until(one),
                 "state": AllocationState.QUARANTINE.value if holder else N_("unallocated")}  # fmt: skip
        yield concluded("AD-116", scene, several, scene.owner(address, one), evidence_of(several), facts)


def _until(one: Seen) -> str:
    return city_time(one.expires) if isinstance(one, Mention) and one.expires else "-"


@rule(
    "AD-117",
    "lease_mismatch",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} is leased to one card and used by another"),
    because=N_(
        "{server} leases {ip} to {leased}; {mac} at {place} uses it since {first}, last alive {seen}, by {sources}"
    ),
)
def lease_mismatch(scene: Scene) -> Iterator[Conclusion]:
    """
    A terminal took an address out of a DHCP server's hands.

    What: a server's lease names one network card, and another was alive with the address both ten minutes before and
        after the server wrote that down: an address typed in by hand inside the server's range, or a second server.
    Why: an address belongs to one terminal (Article 11); the two will meet when the lessee comes back.
    Mend: find the terminal at its port, give it an address of its own, or exclude the address from the server's range.
    """
    leases = dict(by_address(scene.leased))
    for address, several, _ in scene.uses if leases else ():
        told = [one for one in leases.get(address, []) if isinstance(one, Mention) and one.mac]
        if not told or {one.mac for one in several} & {one.mac for one in told}:
            continue
        lease = told[-1]
        others = [one for one in several if one.mac and _surrounds(one, lease)]
        if others and not any(one.mac in scene.devices for one in others):
            facts = {"server": lease.source, "leased": lease.mac}
            evidence = (*evidence_of(others), sighted(lease))
            yield concluded(
                "AD-117", scene, others, scene.owner(address, best(others, scene)), evidence, facts
            )


def _surrounds(one: Seen, lease: Mention) -> bool:
    written = lease.last_seen
    return one.first_seen <= written - SETTLED and (one.alive_at or one.first_seen) >= written


RULES: dict[str, Rule] = {
    one.code: one
    for one in (
        reserved_seen, mac_mismatch, addresses_beyond_declaration, unallocated_lease, lease_mismatch,
    )
}  # fmt: skip
