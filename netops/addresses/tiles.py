"""
Storage of pools and tiles: which run of addresses is free, and who holds the others.

Two runs that share an address cannot be written, by any writer: each tile names the next one's first
address; that reference must exist, is unique and larger, and one tile alone has none. So the tiles
of a plane are one chain without overlap or gap, and the database itself refuses anything else.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, repeat
from operator import lshift, or_, sub
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Row,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    literal_column,
    select,
)

from netops.addresses.pool import Pool, counts, folded, with_totals
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.ranges import with_ranges
from netops.addresses.span import TOP, Span, parsed, shown
from netops.addresses.tile import BLANK, IDLE, Counters, Tile, TileState, cut, innermost, painted, tally
from netops.addresses.window import Window
from netops.core.columns import partial_index
from netops.core.journal import Act
from netops.core.language import _
from netops.core.notes import notes_of
from netops.core.plane import Plane
from netops.core.store import Address, Prepared, Store, metadata

tile_table = Table(
    "tiles",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("first", Address, primary_key=True),
    Column("next", Address),
    Column("state", String(12), nullable=False),
    Column("pool", String(80), nullable=False),
    Column("allocation", String(16), nullable=False),
    Column("fit", SmallInteger, nullable=False),
    UniqueConstraint("plane", "next"),
    ForeignKeyConstraint(
        ["plane", "next"], ["tiles.plane", "tiles.first"], deferrable=True, initially="DEFERRED"
    ),
    CheckConstraint("next > first", name="forward"),
    sqlite_with_rowid=False,
)
partial_index("ix_tiles_end", tile_table.c.plane, unique=True, where=tile_table.c.next.is_(None))
partial_index(
    "ix_tiles_free",
    tile_table.c.plane,
    tile_table.c.pool,
    tile_table.c.fit,
    tile_table.c.first,
    where=literal_column("fit >= 0", Boolean),
)

pool_table = Table(
    "pools",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("prefix", String(80), primary_key=True),
    Column("first", Address, nullable=False),
    Column("last", Address, nullable=False),
    Column("role", String(16), nullable=False),
    Column("organization", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    # Numbers of addresses, not addresses: an IPv6 /32 has 2**96, which no integer column holds.
    Column("size", Address, nullable=False),
    Column("allocated", Address, nullable=False),
    Column("reserved", Address, nullable=False),
    Column("quarantined", Address, nullable=False),
)

COUNTERS = ("size", "allocated", "reserved", "quarantined")


def covering(connection: Connection, plane: Plane, span: Span) -> list[Tile]:
    """The tiles that meet *span*, in order, whole."""
    column, mine = tile_table.c.first, tile_table.c.plane == plane
    start = (
        select(column).where(mine, column <= span.first).order_by(column.desc()).limit(1).scalar_subquery()
    )
    rows = connection.execute(
        select(tile_table).where(mine, column >= start, column <= span.last).order_by(column)
    )
    return [_tile(row) for row in rows] or [tile for tile in BLANK if tile.span.meets(span)]


def every(connection: Connection, plane: Plane) -> Iterator[Tile]:
    """Every tile of *plane*, in order."""
    for row in connection.execute(
        select(tile_table).where(tile_table.c.plane == plane).order_by(tile_table.c.first)
    ):
        yield _tile(row)


def misfits(connection: Connection, plane: Plane) -> Iterator[str]:
    """Rows that do not say what follows from their other columns, one line each."""
    for row in connection.execute(select(tile_table).where(tile_table.c.plane == plane)):
        if (tile := _tile(row)).fit != row.fit:
            yield _("{plane}: the free block noted for {span} is wrong").format(plane=_(plane.label), span=tile.span)
    for row in connection.execute(select(pool_table).where(pool_table.c.plane == plane)):
        if (span := parsed(row.prefix)) != (row.first, row.last):
            yield _("{plane}: {prefix} is noted to go from {first} to {last}").format(
                plane=_(plane.label), prefix=span, first=shown(row.first), last=shown(row.last))


def of_allocation(connection: Connection, plane: Plane, span: Span, number: str) -> list[Tile]:
    """The tiles that an allocation of *span* holds, in order."""
    return [tile for tile in covering(connection, plane, span) if tile.allocation == number]


HOLES = Prepared(
    select(tile_table.c.first, tile_table.c.next, tile_table.c.fit)
    .where(
        tile_table.c.plane == bindparam("which"),
        tile_table.c.pool == bindparam("inside"),
        literal_column("fit >= 0"),
        tile_table.c.fit >= bindparam("exponent"),
    )
    .order_by(tile_table.c.fit, tile_table.c.first)
    .limit(bindparam("most"))
)
AHEAD = 16
"""Holes that are looked at together by who needs several."""
CHANGED = ("next", "state", "pool", "allocation", "fit")
CHANGE = Prepared(
    tile_table.update()
    .where(tile_table.c.plane == bindparam("p"), tile_table.c.first == bindparam("f"))
    .values({name: bindparam(f"new_{name}") for name in CHANGED})
)
ADD = Prepared(tile_table.insert())
REMOVE = Prepared(
    tile_table.delete().where(tile_table.c.plane == bindparam("p"), tile_table.c.first == bindparam("f"))
)


def holes(
    connection: Connection, plane: Plane, pool: str, exponent: int, limit: int
) -> Callable[[], list[Tile]]:
    """Asks for free tiles of *pool* that hold an aligned block of 2**exponent: the tightest first, then the lowest."""
    windows = _windows(connection, plane)
    known = windows.get((pool, exponent))
    if known is not None and known.has(limit):
        return lambda: known.first(limit)
    # Who asks a second time in one transaction will ask again.
    most = limit if known is None else max(limit, AHEAD)
    rows = HOLES.asked(connection, which=plane, inside=pool, exponent=exponent, most=most)

    def found() -> list[Tile]:
        tiles = [
            ((fit, first), Tile(Span(first, after - 1), TileState.FREE, pool)) for first, after, fit in rows()
        ]
        window = windows[pool, exponent] = Window(
            exponent, tiles, tiles[-1][0] if len(tiles) == most else None
        )
        return window.first(limit)

    return found


def _windows(connection: Connection, plane: Plane) -> dict[tuple[str, int], Window]:
    """What this transaction knows of free space, by pool and exponent."""
    found: dict[tuple[str, int], Window] = notes_of(connection).asked(("holes", plane), lambda: dict)()
    return found


def fill(connection: Connection, plane: Plane, inside: Mapping[Tile, Sequence[Tile]]) -> None:
    """
    Lay tiles (in order, apart) into the free tile that is their key; the caller counts them (`count`).

    What is laid belongs to new allocations, so it never joins what lies around: nothing is read again.
    """
    for hole, tiles in inside.items():
        laid: list[Tile] = []
        position = hole.span.first
        for tile in tiles:
            if position < tile.span.first:
                laid.append(Tile(Span(position, tile.span.first - 1), TileState.FREE, hole.pool))
            laid.append(tile)
            position = tile.span.last + 1
        if position <= hole.span.last:
            laid.append(Tile(Span(position, hole.span.last), TileState.FREE, hole.pool))
        _change(connection, plane, laid[0])
        ADD.many(connection, (_row(plane, tile) for tile in laid[1:]))
        for (pool, _exponent), window in _windows(connection, plane).items():
            if pool == hole.pool:
                window.replace(hole, (tile for tile in laid if tile.state is TileState.FREE))


def _change(connection: Connection, plane: Plane, tile: Tile) -> None:
    """Make the tile that begins where *tile* begins like it."""
    row = _row(plane, tile)
    CHANGE(connection, p=row["plane"], f=row["first"], **{f"new_{name}": row[name] for name in CHANGED})


def repaint(
    connection: Connection, plane: Plane, span: Span, paint: Callable[[Tile], Iterable[Tile]]
) -> None:
    """
    Change what *span* is: each tile in it, cut at its ends, becomes what *paint* gives, without a gap.

    The only place that writes tiles; the counters of their pools follow in the same transaction.
    """
    around = Span(max(span.first - 1, 0), min(span.last + 1, TOP))
    old = covering(connection, plane, around)
    inside = [piece for tile in cut(old, span) for piece in paint(tile)]
    _write(connection, plane, old, painted(old, inside))


def _write(connection: Connection, plane: Plane, old: Sequence[Tile], new: Sequence[Tile]) -> None:
    if old[0] == BLANK[0] and _is_unwritten(connection, plane):
        ADD.many(connection, [_row(plane, tile) for tile in BLANK])
    _windows(connection, plane).clear()
    before, after = {tile.span.first: tile for tile in old}, {tile.span.first: tile for tile in new}
    gone = [{"p": plane, "f": first} for first in before.keys() - after.keys()]
    changed = [tile for first, tile in after.items() if first in before and before[first] != tile]
    added = [tile for first, tile in after.items() if first not in before]
    REMOVE.many(connection, gone)
    for tile in changed:
        _change(connection, plane, tile)
    ADD.many(connection, [_row(plane, tile) for tile in added])
    count(connection, plane, tally(old, -1, tally(new, +1)))


def _is_unwritten(connection: Connection, plane: Plane) -> bool:
    return (
        connection.execute(select(tile_table.c.first).where(tile_table.c.plane == plane).limit(1)).first()
        is None
    )


POOL = Prepared(
    select(*(pool_table.c[name] for name in ("first", "last", "role", *COUNTERS)))
    .where(pool_table.c.plane == bindparam("which"), pool_table.c.prefix == bindparam("cidr"))
)  # fmt: skip
COUNT = Prepared(
    pool_table.update()
    .where(pool_table.c.plane == bindparam("which"), pool_table.c.prefix == bindparam("cidr"))
    .values({name: bindparam(f"new_{name}") for name in COUNTERS})
)
Standing = tuple[int, int, str, int, int, int, int]
"""First and last address of a pool, its role and its counters."""


def standing(connection: Connection, plane: Plane, pool: str) -> Callable[[], Standing | None]:
    """Asks for a pool as it stands in this transaction; None when there is none."""

    def ask() -> Callable[[], Any]:
        rows = POOL.asked(connection, which=plane, cidr=pool)
        return lambda: next(iter(rows()), None)

    return notes_of(connection).asked(("pool", plane, pool), ask)


def count(connection: Connection, plane: Plane, changes: Counters) -> None:
    """Add *changes* to the counters of their pools."""
    for name, change in sorted(changes.items()):
        before = standing(connection, plane, name)() if any(change.values()) else None
        if before is not None:
            now = [value + change.get(key, 0) for key, value in zip(COUNTERS, before[3:], strict=True)]
            values = {f"new_{key}": value for key, value in zip(COUNTERS, now, strict=True)}
            write = partial(COUNT, connection, which=plane, cidr=name, **values)
            notes_of(connection).put(("pool", plane, name), (*before[:3], *now), write)


def _row(plane: Plane, tile: Tile) -> dict[str, Any]:
    return {
        "plane": plane,
        "first": tile.span.first,
        "next": None if tile.span.first == TOP else tile.span.last + 1,
        "state": tile.state,
        "pool": tile.pool,
        "allocation": tile.allocation,
        "fit": tile.fit,
    }


def _tile(row: Row[Any]) -> Tile:
    return Tile(
        Span(row.first, TOP if row.next is None else row.next - 1),
        TileState(row.state),
        row.pool,
        row.allocation,
    )


def sync_prefixes(act: Act, prefixes: Iterable[RegisteredPrefix]) -> None:
    """
    Make the pools those of the register; what is allocated stays allocated.

    Raises:
        NetopsError: a prefix is no CIDR (the register's check says so first).
    """
    wanted = {(entry.plane, str(parsed(entry.prefix))): entry for entry in with_ranges(prefixes)}
    standing = {(Plane(row.plane), row.prefix): row for row in act.connection.execute(select(pool_table))}
    for key in wanted.keys() & standing.keys():
        values = _described(wanted[key])
        if any(getattr(standing[key], name) != value for name, value in values.items()):
            act.connection.execute(
                pool_table.update()
                .where(pool_table.c.plane == key[0], pool_table.c.prefix == key[1])
                .values(values)
            )
    added, removed = wanted.keys() - standing.keys(), standing.keys() - wanted.keys()
    for plane, prefix in sorted(added):
        span = parsed(prefix)
        act.connection.execute(
            pool_table.insert().values(
                plane=plane,
                prefix=prefix,
                first=span.first,
                last=span.last,
                size=0,
                allocated=0,
                reserved=0,
                quarantined=0,
                **_described(wanted[plane, prefix]),
            )
        )
    for plane in Plane:
        changed = [parsed(prefix) for one, prefix in added | removed if one is plane]
        if changed:
            region = Span(min(span.first for span in changed), max(span.last for span in changed))
            _lay_out(
                act.connection, plane, region, [parsed(prefix) for one, prefix in wanted if one is plane]
            )
    for plane, prefix in removed:
        act.connection.execute(
            pool_table.delete().where(pool_table.c.plane == plane, pool_table.c.prefix == prefix)
        )
    notes_of(act.connection).settle()


def _described(entry: RegisteredPrefix) -> dict[str, str]:
    return {"role": str(entry.role), "organization": entry.organization, "name": entry.name}


def _lay_out(connection: Connection, plane: Plane, region: Span, prefixes: Sequence[Span]) -> None:
    pieces = innermost([(span, str(span)) for span in prefixes], region)
    position = 0

    def paint(tile: Tile) -> Iterable[Tile]:
        nonlocal position
        while position < len(pieces) and pieces[position][0].first <= tile.span.last:
            span, pool = pieces[position]
            part = Span(max(span.first, tile.span.first), min(span.last, tile.span.last))
            yield (
                Tile(part, tile.state, pool, tile.allocation)
                if tile.state not in IDLE
                else Tile(part).idle(pool)
            )
            if span.last > tile.span.last:
                break
            position += 1

    repaint(connection, plane, region, paint)


# ---- asking
def pools(store: Store, plane: Plane | None = None, within: Span | None = None) -> list[Pool]:
    """Every pool (inside *within*), by plane and address, with its own counts and those of its subtree."""
    with store.read() as connection:
        return pools_in(connection, plane, within)


def pools_in(connection: Connection, plane: Plane | None = None, within: Span | None = None) -> list[Pool]:
    """As `pools`, inside an open transaction."""
    return with_totals(folded(nodes_in(connection, plane, within)))


def nodes_in(connection: Connection, plane: Plane | None = None, within: Span | None = None) -> list[Pool]:
    """Prefixes and the ranges that they set aside, each with its own counts only: what tiles are counted by."""
    query = select(pool_table) if plane is None else select(pool_table).where(pool_table.c.plane == plane)
    if within is not None:
        query = query.where(pool_table.c.first >= within.first, pool_table.c.last <= within.last)
    return [pool_of(row) for row in connection.execute(query)]


def pool_of(row: Row[Any]) -> Pool:
    """The pool of one row; its total is still its own."""
    own = counts(row.size, row.allocated, row.reserved, row.quarantined)
    return Pool(
        **msgspec.structs.asdict(own),
        plane=Plane(row.plane),
        prefix=row.prefix,
        role=PrefixRole(row.role),
        organization=row.organization,
        name=row.name,
        total=own,
    )


def layout(store: Store, plane: Plane, span: Span) -> list[Tile]:
    """The tiles of *span*, cut at its ends: what the block map draws."""
    with store.read() as connection:
        return list(cut(covering(connection, plane, span), span))


def some(store: Store, plane: Plane, span: Span, limit: int) -> list[Tile]:
    """The first *limit* tiles of *span*, cut at its ends: a page of a list of free space and allocations."""
    column, mine = tile_table.c.first, tile_table.c.plane == plane
    start = select(column).where(mine, column <= span.first).order_by(column.desc()).limit(1).scalar_subquery()
    query = select(tile_table).where(mine, column >= start, column <= span.last).order_by(column).limit(limit)
    with store.read() as connection:
        found = [_tile(row) for row in connection.execute(query)]
    return list(cut(found, span))


def filled(store: Store, plane: Plane, span: Span, block: int) -> list[dict[TileState, int]]:
    """How many addresses of each block of 2**block addresses of *span*, in order, are in each state; free ones are left out."""
    edges = range(span.first, span.last + 2, 1 << block)
    counts: list[dict[TileState, int]] = [{} for _ in edges[:-1]]
    for state, begins, ends in _runs(store, plane, span):
        sums = [0, *accumulate(map(sub, ends, begins))]
        before = 0
        for place, edge in enumerate(edges):
            known = bisect_left(begins, edge)
            upto = sums[known] - (max(ends[known - 1] - edge, 0) if known else 0)
            if place and upto > before:
                counts[place - 1][state] = upto - before
            before = upto
    return counts


AT_ONCE = 1 << 16
"""Addresses whose runs are asked for together."""


def _runs(store: Store, plane: Plane, span: Span) -> Iterator[tuple[TileState, list[int], list[int]]]:
    """
    Where runs that hold something begin, and where what follows them does, by state, in order.

    The database joins them to one text: of thousands of rows, each alone would wait for its turn among the threads of a server.
    """
    column, mine = tile_table.c.first, tile_table.c.plane == plane
    found: dict[TileState, tuple[list[int], list[int]]] = {}
    with store.read() as connection:
        digits, joined_ = (func.hex, func.group_concat) if store.is_sqlite else (_encoded, func.string_agg)
        start = connection.execute(
            select(column).where(mine, column <= span.first).order_by(column.desc()).limit(1)
        ).scalar()
        length = max(AT_ONCE, span.size >> 8)
        for first in range(span.first, span.last + 1, length):
            last = min(first + length - 1, span.last)
            begin = first if first > span.first or start is None else start
            query = (
                select(tile_table.c.state, *(joined_(digits(one), "") for one in (column, tile_table.c.next)))
                .where(mine, column >= begin, column <= last, tile_table.c.state.not_in(IDLE))
                .group_by(tile_table.c.state)
            )
            for state, begins, ends in connection.execute(query):
                of_state = found.setdefault(TileState(state), ([], []))
                for several, text in zip(of_state, (begins, ends), strict=True):
                    several.extend(_numbers(text))
    yield from ((state, begins, ends) for state, (begins, ends) in found.items())


def _encoded(column: Any) -> Any:
    return func.encode(column, "hex")


def _numbers(text: str) -> list[int]:
    """Addresses out of their hexadecimal digits, in order; runs are apart, so what ends them has the same order."""
    words = array("Q", bytes.fromhex(text))
    if sys.byteorder == "little":
        words.byteswap()
    high, low = words[::2], words[1::2]
    return sorted(map(or_, map(lshift, high, repeat(64)), low) if any(high) else low)
