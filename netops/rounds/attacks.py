"""Scans and floods (巡检：扫描洪泛) in the flows of the last minutes: who tries many in vain, and what is drowned in packets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from itertools import islice
from typing import Any

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.finding import STANDING, Conclusion
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import attack_limits, attacks
from netops.egress.attack_limits import KINDS
from netops.egress.attacks import ATTACK_RULES, MOST_ROWS, Address, network_scan, traffic_flood
from netops.egress.flows import Batch, address_text, joined
from netops.egress.judge import judge
from netops.egress.match import View
from netops.rounds import Progress, Report, allow, query, silent
from netops.rounds.archive import folder_of
from netops.rounds.query import Asked, Question

MOST_DEVICES = 200
"""So many devices are looked at for the address by which this machine reaches them."""


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    Look for scans and floods in the flows that were kept lately.

    What was told and is not seen any more is resolved, unless an exporter was not heard (the round of egress says which):
    silence proves nothing.
    """
    from netops.rounds import scene as scenes

    facts: dict[str, Any] = {N_("flows"): 0, N_("suspects"): 0}
    if folder_of(desk) is None:
        return Report(round="attacks", facts=facts)
    until = desk.clock()
    watched = attack_limits.watched(desk.playbooks)
    limits, today = watched.limits, until.astimezone(CITY_ZONE).date()
    since = until - timedelta(minutes=limits.window_minutes)
    own = stations(desk)

    def ask(kind: str, text: str, work: Callable[[View], Any]) -> list[Any]:
        words = [f"({one})" for one in (text, watched.meant(kind, today, own)) if one]
        asked = Asked(desk, Question(text=" and ".join(words), since=since, until=until, rejudge=False))
        return asked.over(work, list)

    with desk.store.lock("round-attacks"):
        scene, _walked = scenes.build(desk)
        tried = judge(_bounded(ask(KINDS[0], "", attacks.tries)), scene)
        sources = attacks.suspects(tried, scene, limits)
        progress(1, 3, KINDS[0])
        met = _bounded(ask(KINDS[0], _any(sources), attacks.taken)) if sources else _bounded([])
        found = list(network_scan(tried, scene, limits, met, sources))
        targets = attacks.targets(ask(KINDS[1], "", lambda view: attacks.volume(view, limits)), limits)
        progress(2, 3, KINDS[1])
        if targets:
            flood = judge(_bounded(ask(KINDS[1], _any(targets), attacks.taken)), scene)
            found += traffic_flood(flood, scene, limits, targets)
        is_blind = any(query.unseen(desk, query.covered(desk, since, until)))
        settled = [_settle(desk, plane, [one for one in found if one.plane is plane], is_blind=is_blind) for plane in desk.planes]
        progress(3, 3, "")
    facts |= {"flows": len(tried.batch), "suspects": len(sources) + len(targets)}
    if limits.is_over(today):
        facts[N_("limits are over since")] = limits.until or "—"
    opened = tuple(number for one in settled for number in (*one.opened, *one.reopened))
    if opened:
        allow.apply(desk)
    return Report(
        round="attacks",
        opened=opened,
        resolved=tuple(number for one in settled for number in one.resolved),
        standing=tuple(
            one.id for one in docket.listed(desk.store, state=STANDING) if one.code in ATTACK_RULES and one.plane in desk.planes
        ),
        facts=facts,
    )


def _settle(desk: Desk, plane: Plane, found: list[Conclusion], *, is_blind: bool) -> docket.Settlement:
    """Write down what was found in one plane; where something was not heard, what stands is left alone."""
    standing = docket.listed(desk.store, state=STANDING, plane=plane) if is_blind else []
    spared = [one.id for one in standing if one.code in ATTACK_RULES]
    return docket.settle(
        desk.store, ATTACK_RULES, found, plane=plane, at=desk.clock(), scope=tuple(ATTACK_RULES), spared=spared
    )


def _bounded(batches: list[Batch]) -> Batch:
    """The newest flows, as many as are looked at."""
    kept, rows = list[Batch](), 0
    for one in reversed(batches):
        if rows + len(one) > MOST_ROWS:
            break
        kept.append(one)
        rows += len(one)
    return joined(reversed(kept))


def _any(addresses: list[Address]) -> str:
    return f"ip in [{' '.join(address_text(*one) for one in addresses)}]"


def stations(desk: Desk) -> set[str]:
    """Addresses by which this machine reaches the devices that it asks: what netops itself sends is no scan."""
    return set(_own(desk))


def _own(desk: Desk) -> Iterator[str]:
    for device in islice((one for one in desk.register.devices if one.plane in desk.planes), MOST_DEVICES):
        address = ip_address(device.address)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            try:
                one.connect((device.address, 9))  # chooses the way; nothing is sent
                yield str(one.getsockname()[0])
            except OSError:
                continue
