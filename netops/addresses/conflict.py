"""Address conflicts (地址冲突): two terminals that claim one address, and what only looks like it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from netops.addresses.mention import Mention, SourceKind, is_virtual
from netops.addresses.reconcile import Scene, Seen, place, told_by, where
from netops.addresses.seen import concluded, sighted
from netops.addresses.span import number
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_

CONFLICT_WINDOW = timedelta(minutes=10)


@rule(
    "AD-102",
    "address_conflict",
    Severity.HIGH,
    Basis(11),
    title=N_("{ip} is claimed by two terminals"),
    because=N_(
        "{mac} at {place} (since {first}) and {other_mac} at {other_place} (since {other_first})"
        " both claim {ip} and are both alive, by {sources}"
    ),
)
def address_conflict(scene: Scene) -> Iterator[Conclusion]:
    """
    Two terminals claim one address at the same time.

    What: two network cards on different switch ports were both alive with the address in the last 10
        minutes, the older one also after the newer one had appeared. One card that moved to another port,
        a card that was exchanged, and an address handed on by DHCP are no conflict. Where the terminal of an
        address changes and the old one stays on the wire, its gateway is asked again a few times at once.
        No conflict either: a virtual router's card (VRRP, RFC 5798 §7.3; HSRP, RFC 2281; GLBP); a known device that
        answers for others (proxy ARP, RFC 1027); two cards of one machine, as the walk or LLDP shows; a pair
        that the configuration names ([[shared]]: high availability, teamed cards).
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
        conclusion = concluded("AD-102", scene, [newer], owner, evidence, rival)
        conclusion.facts["other_first"] = city_time(older.first_seen)
        told = sorted({name for one in claims for name in told_by(one)})
        conclusion.facts["sources"] = ", ".join(told)
        conclusion.subject["sources"] = told
        conclusion.subject["claims"] = [{"ip": one.ip, "mac": one.mac, **where(one)} for one in claims]
        yield conclusion


@rule(
    "AD-118",
    "address_conflict",
    Severity.HIGH,
    Basis(11),
    title=N_("a terminal answers for {ip}, which is {device}'s"),
    because=N_(
        "{mac} at {place} answers for {ip} since {first}; it is {device}'s, on {interface} with {other_mac},"
        " and that is on the wire too; by {sources}"
    ),
)
def usurped_address(scene: Scene) -> Iterator[Conclusion]:
    """
    A terminal claims the address of a gateway, switch or other walked device.

    What: an ARP table has another card for an address that a walked device says is its own; that card is alive at an
        access port, and the device's own card is on the wire, too. No conflict: cards of other walked devices (proxy
        ARP, clusters), a virtual router's card, a pair that the configuration names ([[shared]]).
    Why: an address belongs to one machine (Article 11); whoever takes the gateway's receives everybody's traffic, by
        mistake or to listen (ARP spoofing).
    Mend: take the terminal off the wire at its port first, then see who set the address, and whether it read along.
    """
    for one in scene.usurpers:
        seen, shared = one.seen, scene.shared.get(number(one.seen.ip))
        if shared is not None and (not shared.macs or seen.mac in shared.macs):
            continue
        facts = {"device": one.device, "interface": one.interface, "other_mac": one.mac}
        made = concluded("AD-118", scene, [seen], scene.owner(number(seen.ip), seen), (sighted(seen),), facts)
        made.subject["claims"] = [
            {"device": one.device, "interface": one.interface, "ip": seen.ip, "mac": one.mac},
            {"ip": seen.ip, "mac": seen.mac, **where(seen)},
        ]
        yield made


def contested(scene: Scene) -> Iterator[list[Seen]]:
    """
    Addresses that cards on different ports had lately, all of them still on the wire; the oldest claim first.

    ARP names one card at a time: so a claim stands for a while, as long as its card is on the wire.
    """
    by_ip: dict[str, list[Seen]] = {}
    for one in (*scene.sightings, *scene.located):
        if one.alive_at is not None and scene.at - one.alive_at <= CONFLICT_WINDOW and _is_claim(scene, one):
            by_ip.setdefault(one.ip, []).append(one)
    several_cards = {ip: several for ip, several in by_ip.items() if len({one.mac for one in several}) > 1}
    rivals = {one.mac for several in several_cards.values() for one in several}
    by_mac: dict[str, list[Seen]] = {}
    for one in (*scene.sightings, *scene.located) if rivals else ():
        if one.mac in rivals:
            by_mac.setdefault(one.mac, []).append(one)
    for ip, several in sorted(several_cards.items()):
        latest = {one.mac: one for one in sorted(several, key=lambda one: one.alive_at or scene.at)}
        claims = sorted(latest.values(), key=lambda one: (one.first_seen, one.alive_at or scene.at, one.mac))
        claims = [
            one
            for one in claims
            if _is_there(scene, one, by_mac[one.mac]) and not _moved_on(one, by_mac[one.mac])
        ]
        if any(_elsewhere(one, claims[-1]) for one in claims[:-1]) and not is_one_machine(scene, ip, claims):
            yield claims


def _is_claim(scene: Scene, one: Seen) -> bool:
    """Whether a card claims an address: the walk must have its port; devices and virtual routers are no terminals."""
    told = one.kind is SourceKind.NEIGHBORS if isinstance(one, Mention) else bool(one.switch)
    return bool(told and one.ip and one.mac) and one.mac not in scene.devices and not is_virtual(one.mac)


def _is_there(scene: Scene, one: Seen, of_mac: Sequence[Seen]) -> bool:
    """Whether its card is on the wire now; what no port shows must itself be told to be there."""
    return any(map(scene.is_alive, of_mac)) if one.switch else scene.is_alive(one)


def is_one_machine(scene: Scene, ip: str, claims: Sequence[Seen]) -> bool:
    """
    Whether cards that claim one address are one machine, or may share it.

    A walked device has several cards; a machine with teamed cards introduces itself by LLDP under one name at both ports.
    """
    names = {scene.attached.get((one.switch, one.port), "") for one in claims if one.switch}
    if len(names) == 1 and "" not in names and all(one.switch for one in claims):
        return True
    shared = scene.shared.get(number(ip))
    return shared is not None and (not shared.macs or {one.mac for one in claims} <= shared.macs)


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
    return _elsewhere(older, newer) and older.alive_at is not None and older.alive_at > newer.first_seen


def _elsewhere(one: Seen, other: Seen) -> bool:
    """Whether two cards are at different ports; what no port shows may be anywhere."""
    if not (one.switch and other.switch):
        return one.mac != other.mac
    return (one.switch, one.port) != (other.switch, other.port)


def _moved_on(one: Seen, of_mac: Sequence[Seen]) -> bool:
    """Whether the card has taken another address since: then its old one was handed on."""
    return any(
        other.ip not in ("", one.ip) and other.first_seen > one.first_seen and other.alive_at is not None
        and one.alive_at is not None and other.alive_at >= one.alive_at and (":" in other.ip) == (":" in one.ip)
        for other in of_mac)  # fmt: skip
