"""Witnesses (佐证): what walks and registers show that proves little alone is kept, and told when several agree (巡检：佐证)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from netops.core import docket
from netops.core.finding import STANDING
from netops.core.language import N_
from netops.core.lead import Lead
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import leads, watchlists, witness
from netops.egress.cards import cards
from netops.egress.rules import RULES
from netops.egress.witness import WITNESS_RULES
from netops.rounds import Progress, Report, allow, joining, silent
from netops.settings import seconds
from netops.topology import snapshots, traces
from netops.topology.device import DeviceView

REMEMBERED = timedelta(days=1)
"""How far back a terminal's moves are looked at."""
KEPT = timedelta(days=90)
LEAST_FRESH = timedelta(minutes=10)


def fresh_for(desk: Desk) -> timedelta:
    """So long a lead counts after it was last given: three walks, ten minutes at least."""
    return max(LEAST_FRESH, timedelta(seconds=3 * seconds(desk.config.timetable.walk)))


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Ask every table for what speaks for a second way out or a hidden box; tell what several witnesses agree on."""
    at = desk.clock()
    opened: list[str] = []
    resolved: list[str] = []
    for number, plane in enumerate(desk.planes, 1):
        leads.tell(desk.store, _asked(desk, plane, at))
        progress(number, len(desk.planes), plane)
    leads.forget(desk.store, at - KEPT)
    for plane in desk.planes:
        settled = _told(desk, plane, at)
        opened += [*settled.opened, *settled.reopened]
        resolved += settled.resolved
    allow.apply(desk)
    standing = [one.id for code in WITNESS_RULES for one in docket.listed(desk.store, state=STANDING, code=code)]
    count = len(leads.listed(desk.store, since=at - fresh_for(desk)))
    return Report(
        round="witnesses", opened=tuple(opened), resolved=tuple(resolved), standing=tuple(standing), facts={N_("leads"): count}
    )


def _asked(desk: Desk, plane: Plane, at: datetime) -> Iterator[Lead]:
    from netops.rounds import scene as scenes

    scene, _walked = scenes.build(desk)
    views = snapshots.latest(desk.store, plane)
    table = scene.tables[plane]
    known = _known(desk, plane, views)

    def owner(ip: str) -> str:
        import numpy as np

        from netops.egress.flows import address_value

        hi, lo = (np.array([half], np.uint64) for half in address_value(ip))
        return table.owners[int(table.owner(hi, lo)[0])].organization

    seen = snapshots.sightings(desk.store, plane, at - REMEMBERED)
    yield from traces.traces(views, known, seen, owner)
    mine = [one for one in scene.terminals if one.plane is plane and one.mac and one.mac not in known.managed]
    yield from cards(mine, watchlists.consumer(desk.playbooks), at)


def _known(desk: Desk, plane: Plane, views: Iterable[DeviceView]) -> traces.Known:
    register = desk.register.of(plane)
    nets = [one.prefix for one in register.prefixes]
    nets += [one.net for one in register.links if one.net]
    nets += [one.net for one in register.exits if one.net]
    nets += [net for of in desk.config.planes.values() for net in of.nets]
    return traces.Known(
        {one.name: one.organization for one in register.devices},
        tuple(dict.fromkeys(nets)),
        frozenset((one.device, one.interface) for one in register.exits if one.interface),
        traces.macs_of(list(views)),
        watchlists.consumer(desk.playbooks).words,
    )


def _told(desk: Desk, plane: Plane, at: datetime) -> docket.Settlement:
    """Conclusions of several; where somebody proved the same already, the witnesses join that finding."""
    book = witness.rulebook(desk.playbooks)
    heard = [one.lead for one in leads.listed(desk.store, since=at - fresh_for(desk), plane=plane)]
    told = [one for rule in WITNESS_RULES.values() for one in rule(heard, book)]
    told = joining.left(desk, told, plane, but=WITNESS_RULES)
    return docket.settle(desk.store, RULES, told, plane=plane, at=at, scope=tuple(WITNESS_RULES))
