"""Taking in a roster (清册导入): what it would do, and doing exactly that in one act."""

from __future__ import annotations

import msgspec

from netops.addresses import tiles as tiling
from netops.addresses import usage
from netops.addresses.allocation import Allocation, Origin
from netops.addresses.holdings import HOLD, holding
from netops.addresses.judging import Grounds, Roster, judge
from netops.addresses.roster import Reading
from netops.addresses.span import Span, shown
from netops.addresses.tile import Counters, Tile, TileState, tally
from netops.core import ids
from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Store


def plan(store: Store, plane: Plane, reading: Reading, grounds: Grounds) -> Roster:
    """What taking *reading* into the ledger of *plane* would do now; nothing is written."""
    with store.read() as connection:
        return judge(reading, list(tiling.every(connection, plane)), holding(connection, plane), grounds)


def apply(
    act: Act, plane: Plane, reading: Reading, grounds: Grounds, planned: Roster
) -> tuple[Allocation, ...]:
    """
    Allocate what the plan shows, row by row; the rows at fault stay out.

    Raises:
        Refused: something changed since the plan was made, or there is nothing to take in.
    """
    connection = act.connection
    tiles = list(tiling.every(connection, plane))
    if judge(reading, tiles, holding(connection, plane), grounds) != planned:
        raise Refused(
            "nothing was imported", "the plan is stale: the ledger changed since it was made", "import again"
        )
    if not planned.added:
        raise Refused("nothing was imported", "no row of the table is new", "netops ip list")
    start = ids.take(connection, "allocation", len(planned.added))
    given: list[Allocation] = []
    inside: dict[Tile, list[Tile]] = {}
    position = 0
    for place, entry in enumerate(planned.added):
        row, name = entry.row, f"AL-{start + place:04d}"
        while not tiles[position].span.holds(row.span):
            position += 1
        inside.setdefault(tiles[position], []).append(Tile(row.span, TileState(row.state), entry.pool, name))
        given.append(Allocation(
            name, plane, shown(row.span.first), shown(row.span.last), entry.organization, entry.declaration,
            row.purpose or "", row.state, Origin.ACT, act.at, None, "", row.until, row.mac or "", row.device or "",
            row.note or "", row.tags or (), entry.over_quota,
        ))  # fmt: skip
    spans = [entry.row.span for entry in planned.added]
    HOLD.many(connection, (msgspec.structs.asdict(one) | {"first": span.first, "last": span.last}
                           for one, span in zip(given, spans, strict=True)))  # fmt: skip
    tiling.fill(connection, plane, inside)
    counters: Counters = {}
    for several in inside.values():
        tally(several, onto=counters)
    for change in counters.values():
        change["size"] = 0
    tiling.count(connection, plane, counters)
    under: dict[str, list[Span]] = {}
    for one in given:
        under.setdefault(one.declaration, []).append(one.span)
    for declaration, spans_under in under.items():
        usage.count(connection, plane, declaration, spans_under)
    content = [[one.id, one.first, one.last, one.organization, one.declaration, one.state] for one in given]
    act.record("ip import", f"{given[0].id}..{given[-1].id}",
               after={"plane": plane, "rows": len(given), "faults": len(planned.faults), "sha256": digest(content)})  # fmt: skip
    return tuple(given)
