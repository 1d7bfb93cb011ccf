"""What of a roster could be taken in now: each row beside the ledger, the pools, the declarations and the other rows. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from netops.addresses.allocation import Allocation, AllocationState
from netops.addresses.quota import Use, excess, use
from netops.addresses.ranges import DHCP
from netops.addresses.roster import INSTEAD, Reading, Row, RowFault, parted, shown_day
from netops.addresses.span import Span
from netops.addresses.tile import Tile, TileState
from netops.core.language import N_
from netops.core.sheet import numbered

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What no cell of a workbook can hold: it does not make a difference."""


class Why(msgspec.Struct, frozen=True):
    """Why something gives no ground: message ids and the facts that fill them; *value* is what stands in the row."""

    column: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}

    def of(self, row: Row) -> RowFault:
        """The same of one row, at the cell that it is about."""
        others = () if row.declaration else INSTEAD.get(self.column, ())
        return RowFault(
            row.at(self.column, *others), self.column, self.value[:80], self.what, self.mend, self.facts
        )


class Ground(msgspec.Struct, frozen=True):
    """
    A declaration that stands, for the plane of the roster.

    Args:
        used: terminals that have addresses under it already.
    """

    declaration: str
    organization: str
    terminals: int = 1 << 62
    used: Use = Use()


class Grounds(msgspec.Struct, frozen=True):
    """
    What rows rest on.

    Args:
        found: by what a row says (declaration, organization, owner): its ground, or why there is none.
        codes: organizations as written, to their codes.
        registered: prefixes of the plane that the register has.
        aside: runs that prefixes set aside, each with its prefix and what for.
        refused: whether a pool may not serve an organization, and why.
    """

    found: Mapping[tuple[str, str, str], Ground | Why]
    codes: Mapping[str, str] = {}
    registered: frozenset[Span] = frozenset()
    aside: Mapping[str, tuple[str, str]] = {}
    refused: Callable[[str, str], Why | None] = lambda _pool, _organization: None


class Entry(msgspec.Struct, frozen=True):
    """A row that would be allocated, in which pool and on which ground; *over_quota* is its reason where it needs one."""

    row: Row
    pool: str
    declaration: str
    organization: str
    over_quota: str = ""


class Roster(msgspec.Struct, frozen=True):
    """What taking in a table would do: *same* runs stand in the ledger already; *passed* rows ask for nothing."""

    added: tuple[Entry, ...]
    same: int
    faults: tuple[RowFault, ...]
    passed: int = 0


def judge(
    reading: Reading, tiles: Sequence[Tile], held: Mapping[str, Allocation], grounds: Grounds
) -> Roster:
    """
    What of a table could be taken in now.

    Args:
        tiles: of the plane, in order.
        held: allocations that hold addresses now, by number.
    """
    firsts = [tile.span.first for tile in tiles]
    added: list[Entry] = []
    faults = list(reading.faults)
    same = 0
    last: Row | None = None
    for row in sorted(reading.rows, key=lambda row: (row.span, row.place)):
        if row.is_prefix and row.span in grounds.registered:
            same += 1
            continue
        if last is not None and row.span.first <= last.span.last:
            what, mend = N_("{other} has part of it too"), N_("keep one of the two rows")
            faults.append(_fault(row, what, mend, other=str(last.place)))
            continue
        last = row
        tile = tiles[bisect_right(firsts, row.span.first) - 1]
        holder = held.get(tile.allocation)
        if holder is not None and agrees(row, holder, grounds):
            same += 1
            continue
        ground = grounds.found[row.ground]
        why = _why_not(row, tile, holder, ground, grounds)
        if why is not None:
            faults.append(why)
        if isinstance(ground, Why):
            faults.append(ground.of(row))
        elif why is None:
            added.append(Entry(row, tile.pool, ground.declaration, ground.organization))
    kept = _within_quota(added, grounds, faults)
    order = {(place.file, place.sheet): number for number, place in enumerate(reading.places)}
    faults.sort(key=lambda one: (order[one.place.file, one.place.sheet], one.place.line))
    return Roster(tuple(kept), same, tuple(faults), reading.passed)


def _why_not(
    row: Row, tile: Tile, holder: Allocation | None, ground: Ground | Why, grounds: Grounds
) -> RowFault | None:
    """Why the addresses cannot be given, or None."""
    if tile.state is TileState.OUTSIDE:
        mend = N_("netops pool add {span} --organization CODE registers it, or a larger prefix around it")
        return _fault(row, N_("no registered pool holds it"), mend, span=str(row.span))
    if holder is not None and tile.state is not TileState.FREE:
        facts = {
            "span": str(tile.span),
            "state": str(tile.state),
            "holder": holder.id,
            "organization": holder.organization,
        }
        if holder.span == row.span:
            facts |= {"differs": ", ".join(differences(row, holder, grounds))}
            what = N_("{holder} of {organization} has it already ({state}), otherwise: {differs}")
            return _fault(
                row,
                what,
                N_("netops ip show {span}; leave the row out, or change the allocation there"),
                **facts,
            )
        what = N_("{holder} of {organization} has {span} ({state})")
        return _fault(
            row, what, N_("netops ip show {span}; leave the row out, or release that first"), **facts
        )
    if not tile.span.holds(row.span):
        what, mend = N_("only {span} of it is free in one pool"), N_("netops pool show {pool}")
        return _fault(row, what, mend, span=str(tile.span), pool=tile.pool)
    prefix, kind = grounds.aside.get(tile.pool, ("", ""))
    # A DHCP range, or a part of it, goes to a department as a whole: its terminals use those addresses.
    if prefix and not (kind == DHCP and row.span.size > 1):
        mend = N_("leave the row out, or change what the prefix sets aside")
        return _fault(
            row, N_("{span} of {prefix} is set aside: {kind}"), mend, span=tile.pool, prefix=prefix, kind=kind
        )
    if isinstance(ground, Ground) and (why := grounds.refused(tile.pool, ground.organization)) is not None:
        return msgspec.structs.replace(why.of(row), value=str(row.span))
    return None


def _within_quota(added: Sequence[Entry], grounds: Grounds, faults: list[RowFault]) -> list[Entry]:
    """Those that the declared terminals need, in the order of the addresses; the others become faults."""
    by_declaration = {one.declaration: one for one in grounds.found.values() if isinstance(one, Ground)}
    used = {name: one.used for name, one in by_declaration.items()}
    kept: list[Entry] = []
    for entry in added:
        ground, span, has = by_declaration[entry.declaration], entry.row.span, used[entry.declaration]
        more = use([span])
        over = max((has + more).ipv4, (has + more).ipv6) > ground.terminals and excess(
            ground.terminals, has, [span], block=_is_block(span)
        )
        if over and not entry.row.over_quota:
            facts = {"declaration": ground.declaration, "terminals": str(ground.terminals)}
            facts |= {"used": str(has.most), "asked": str(more.most)}
            what = N_(
                "{declaration} declares {terminals} terminals; {used} have addresses, and {asked} more are too many"
            )
            mend = N_("submit a supplementary declaration, or say --over-quota REASON")
            faults.append(_fault(entry.row, what, mend, **facts))
            continue
        used[entry.declaration] = has + more
        kept.append(msgspec.structs.replace(entry, over_quota=entry.row.over_quota) if over else entry)
    return kept


def _is_block(span: Span) -> bool:
    return span.size > 1 and not span.size & (span.size - 1) and not span.first & (span.size - 1)


def _fault(row: Row, what: str, mend: str, **facts: str) -> RowFault:
    return RowFault(row.place, "addresses", str(row.span), what, mend, facts)


# ---- the same, or not
def agrees(row: Row, holder: Allocation, grounds: Grounds) -> bool:
    """Whether a row says nothing else than the ledger."""
    return row.span == holder.span and not any(True for _ in differences(row, holder, grounds))


def differences(row: Row, holder: Allocation, grounds: Grounds) -> Iterator[str]:
    """Names of the columns in which a row says something else than the allocation that has its addresses."""
    if row.declaration and numbered(row.declaration) != numbered(holder.declaration):
        yield "declaration"
    if row.organization and grounds.codes.get(row.organization, row.organization) != holder.organization:
        yield "organization"
    if row.state is not holder.state:
        yield "state"
    elif row.state is AllocationState.RESERVED and _day(row.until) != _day(holder.free_after):
        yield "reserved_until"
    for name in ("purpose", "device", "note"):
        said = getattr(row, name)
        if said is not None and _blank(said) != _blank(getattr(holder, name)):
            yield name
    if row.mac is not None and row.mac != holder.mac:
        yield "mac"
    if row.tags is not None and row.tags != tuple(part for tag in holder.tags for part in parted(tag)):
        yield "tags"


def _day(at: datetime | None) -> str:
    return shown_day(at)


def _blank(text: str) -> str:
    """As a cell shows it: without controls, runs of blanks as one."""
    return " ".join(UNSEEN.sub("", text).split())
