"""A second look at contested addresses: who answers for them, now and a few seconds later."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime

from netops.addresses.conflict import doubtful
from netops.addresses.reconcile import Scene, Seen
from netops.core.errors import NetopsError
from netops.core.observation import Sighting
from netops.desk import Desk
from netops.topology import snapshots

TIMES, PAUSE_SECONDS = 4, 3.0
"""ARP changes hands every few seconds when two terminals claim an address; agents read it anew as often."""
MOST = 512
"""Addresses that are asked about in one round."""
Answer = tuple[datetime, str, str]
"""When, and which MAC has which address."""


def look_again(desk: Desk, scene: Scene) -> bool:
    """
    Ask the gateways again about addresses that may have two terminals.

    An exchanged card does not come back, a second terminal does: what answers is kept as a sighting.

    Returns:
        Whether anything was kept; then the scene is to be made again.
    """
    cards = dict(list(doubtful(scene).items())[:MOST])
    answers = asyncio.run(_listen(desk, scene, cards)) if cards else []
    # A terminal that answers for its own address is no news; a second one is, and what comes after it.
    changed = {ip for _, ip, mac in answers if mac in cards[ip] and mac != next(iter(cards[ip]))}
    for at, ip, mac in answers:
        if ip in changed and (card := cards[ip].get(mac)) is not None:
            said = next(iter(cards[ip].values()))
            sighting = Sighting(
                scene.plane, ip, mac, said.device, at, card.switch, card.port, 0, said.interface
            )
            snapshots.keep(desk.store, scene.plane, [sighting], at)
    return bool(changed)


async def _listen(desk: Desk, scene: Scene, cards: dict[str, dict[str, Seen]]) -> list[Answer]:
    """What every gateway that is registered with a credential answers, in the order of time."""
    from netops.probes import arp
    from netops.probes.memory import recall
    from netops.rounds.asking import credentials, settings, target

    entries = {one.name: one for one in desk.register.of(scene.plane).devices if one.snmp}
    rows = {(view.key, entry.ip): entry.if_index
            for view in snapshots.latest(desk.store, scene.plane) for entry in view.arp}  # fmt: skip
    questions: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for ip, several in cards.items():
        device = next(iter(several.values())).device
        if device in entries and (device, ip) in rows:
            questions[device].append((rows[device, ip], ip))
    answers: list[Answer] = []
    habits = recall(desk.store)

    def heard(question: tuple[int, str], mac: str) -> None:
        answers.append((desk.clock(), question[1], mac))

    async def ask(device: str) -> None:
        try:
            asked = credentials(desk.config, entries[device], habits)[0]
        except NetopsError:
            return
        where, bounds = target(desk.config, entries[device]), settings(desk.config.snmp)
        await arp.listen(where, asked, bounds, questions[device], heard, TIMES, PAUSE_SECONDS)

    await asyncio.gather(*map(ask, questions))
    return answers
