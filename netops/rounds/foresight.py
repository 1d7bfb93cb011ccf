"""Looking ahead: terms, pools, quotas and grounds of one plane, gathered for the rules of planning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from netops.addresses import ledger, trend
from netops.addresses.allocation import Origin
from netops.addresses.forecast import WINDOW, Change, Forecast
from netops.addresses.foresight import Foresight
from netops.addresses.pool import Pool
from netops.addresses.prefix import PrefixRole
from netops.addresses.reconcile import Runs, Scene
from netops.addresses.usage import used
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk
from netops.rounds.ground import grounds, objections, pieces
from netops.rounds.pools import forecast_of, today

FRESH = timedelta(hours=1)
"""A forecast moves by the day: it is not made again at every round."""


def of(desk: Desk, scene: Scene) -> Foresight:
    """What the rules of planning look at for the plane of *scene*; the forecasts are kept for the metrics."""
    plane, register = scene.plane, desk.register
    pools = [one for one in ledger.pools(desk.store, plane) if one.role is not PrefixRole.CONTAINER]
    where = pieces(pools)
    acted = [one for one in scene.allocations if one.origin is Origin.ACT]
    with desk.store.read() as connection:
        uses = {
            number: used(connection, plane, number) for number in sorted({one.declaration for one in acted})
        }
        objected = list(objections(desk, connection, plane, scene.allocations))
    return Foresight(
        limits=desk.config.addresses, pools=pools,
        given_from=frozenset(name for one in acted if (name := where.of(one.span.first)) is not None),
        chains=register.chains[plane], forecasts=_forecasts(desk, plane, pools, where), uses=uses,
        grounds=grounds(filings.listed(desk.store, plane=plane)),
        objections={one.allocation.id: (one.state, one.pool, one.holder) for one in objected},
    )  # fmt: skip


def _forecasts(desk: Desk, plane: Plane, pools: Sequence[Pool], where: Runs[str]) -> dict[str, Forecast]:
    """The forecast of every pool that changed lately; made at most once an hour."""
    kept = trend.kept(desk.store, plane)
    if any(desk.clock() - at < FRESH for at, _ in kept.values()):
        return {prefix: one for (_, prefix), (_, one) in kept.items()}
    changes: dict[str, list[Change]] = {}
    with desk.store.read() as connection:
        for span, change in trend.changes(connection, plane, desk.clock() - WINDOW):
            if (name := where.of(span.first)) is not None:
                changes.setdefault(name, []).append(change)
    found = {
        one.prefix: forecast_of(changes[one.prefix], one, today(desk))
        for one in pools
        if one.prefix in changes
    }
    with desk.store.write() as connection:
        trend.keep(connection, plane, desk.clock(), found)
    return found
