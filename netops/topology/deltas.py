"""
The way back from a state to the one before it (逆向差异), as small as the change was. Pure.

A state is what JSON makes of one part of a device: a list of rows, or one object. Rows are matched by what names them,
so that a port that goes down is one field of one row, and a device whose ifIndexes are renumbered keeps its rows.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

Row = dict[str, Any]
Steps = list[Any]
NAMED_BY: dict[str, tuple[str, ...]] = {
    "interfaces": ("name",),
    "addresses": ("address", "interface"),
    "routes": ("destination", "prefixlen", "next_hop", "interface"),
    "vlans": ("id",),
    "neighbors": ("protocol", "local_interface", "remote_chassis", "remote_name", "remote_port"),
    "ports": ("number",),
    "adjacencies": ("protocol", "interface", "remote_address", "remote_id"),
    "stp": ("number",),
    "hardware": ("kind", "name", "serial"),
}
"""What names a row of each part; a part that is not here is compared whole."""


def name_of(part: str, row: Row) -> tuple[Any, ...]:
    """What names a row."""
    return tuple(row.get(field) for field in NAMED_BY[part])


def back(part: str, old: Any, new: Any) -> Any:
    """The steps that make *old* out of *new*."""
    if isinstance(old, list) and isinstance(new, list) and part in NAMED_BY:
        return {"rows": _rows_back(part, old, new)}
    if isinstance(old, dict) and isinstance(new, dict):
        return {"fields": _fields_back(old, new)}
    return {"whole": old}


def _rows_back(part: str, old: Sequence[Row], new: Sequence[Row]) -> Steps:
    """The old rows: [start, count] for new rows as they are, [place, changes] for one with other fields, or a row."""
    places: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place in range(len(new) - 1, -1, -1):
        places[name_of(part, new[place])].append(place)
    steps: Steps = []
    for row in old:
        found = places.get(name_of(part, row))
        if not found:
            steps.append(row)
            continue
        place = found.pop()
        if new[place] != row:
            steps.append([place, _fields_back(row, new[place])])
        elif steps and _is_run(steps[-1]) and sum(steps[-1]) == place:
            steps[-1][1] += 1
        else:
            steps.append([place, 1])
    return steps


def _is_run(step: Any) -> bool:
    return isinstance(step, list) and isinstance(step[1], int)


def _fields_back(old: Row, new: Row) -> Row:
    changed: Row = {
        "+": {name: value for name, value in old.items() if name not in new or new[name] != value}
    }
    if gone := [name for name in new if name not in old]:
        changed["-"] = gone
    return changed


def before(state: Any, steps: Mapping[str, Any]) -> Any:
    """The state before, out of the state after and the way back."""
    if "rows" in steps:
        rows: list[Row] = []
        for step in steps["rows"]:
            if isinstance(step, dict):
                rows.append(step)
            elif isinstance(step[1], int):
                rows += state[step[0] : step[0] + step[1]]
            else:
                rows.append(_with(state[step[0]], step[1]))
        return rows
    if "fields" in steps:
        return _with(state, steps["fields"])
    return steps["whole"]


def _with(row: Row, changed: Row) -> Row:
    gone = changed.get("-", ())
    kept = {name: value for name, value in row.items() if name not in gone}
    kept.update(changed["+"])
    return kept


# ---- many steps in one piece
def packed(steps: Sequence[tuple[datetime, Any]]) -> bytes:
    """Steps with the time of each, oldest first, compressed: most of them look like the ones before."""
    return zlib.compress(msgspec.json.encode(steps), 9)


def unpacked(piece: bytes | None) -> list[tuple[datetime, Any]]:
    """What was packed; nothing for nothing."""
    if not piece:
        return []
    return msgspec.json.decode(zlib.decompress(piece), type=list[tuple[datetime, Any]])


def states(
    state: Any, since: datetime, steps: Sequence[tuple[datetime, Any]]
) -> Iterator[tuple[datetime, Any]]:
    """Every state with the time from which it stood, newest first; *since* is the time of the oldest."""
    for at, step in reversed(steps):
        yield at, state
        state = before(state, step)
    yield since, state
