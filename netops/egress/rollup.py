"""Roll-ups (汇总): sums by time, organization, exit, verdict and peer, kept longer than the flows themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from netops.egress.chunks import Chunk
from netops.egress.classify import Space
from netops.egress.flows import Column, grouped
from netops.egress.judge import Verdict
from netops.egress.kept import organization_of, space_of
from netops.egress.match import View
from netops.egress.measure import octets, packets, sampled
from netops.egress.parts import Part
from netops.egress.shelf import WRITING, city_day, new_path, shelved

FINE, HOUR, DAY = 300, 3600, 86_400
"""Grains, seconds. A bucket begins on the city's clock; a day is the city's day."""
FINE_FOR, HOUR_FOR = timedelta(days=31), timedelta(days=200)
"""Sums are kept by five minutes so long, then by the hour, and after that by the day."""
CITY_MS = 8 * 3_600_000
KEYS = ("bucket", "grain", "direction", "organization", "exit", "verdict", "peer_kind", "peer")
SUMS = ("flows", "packets", "bytes", "estimated")
DIRECTIONS = ("", "out", "in")
"""Seen from the organization: it sends, or it receives."""
AS, V4, V6 = 1 << 34, 1 << 33, 1 << 32
"""Mark a peer on the internet: by its AS where the exporter told it, else by its prefix, IPv4 by the /16 and IPv6 by the /32."""


class Task(NamedTuple):
    """Roll-ups that are to become one, by buckets of *grain* seconds."""

    parts: tuple[Part, ...]
    grain: int
    plane: str
    day: str


# ---- making
def summed(chunk: Chunk | View, grain: int = FINE) -> Any:
    """
    The sums of a chunk's flows, an Arrow table with the columns KEYS and SUMS.

    The organization is the source's or, where that has none, the destination's; the peer is the other end: its
    organization, its AS or prefix when it is on the internet, or else only what kind of address it is.
    """
    import pyarrow as pa

    if not len(chunk):
        return nothing()
    direction, organization, peer = _ends(chunk)
    bucket = _bucket(chunk.column("received").astype(np.int64), grain)
    # What has few values becomes one number first: rows are then told apart by a single key.
    kinds = ((bucket - bucket.min()) // (grain * 1000), direction, organization, chunk.column("exit"), chunk.column("verdict"))
    kind, shown = grouped(*kinds)
    columns = {
        "key": peer * len(shown) + kind,
        "packets": packets(chunk),
        "bytes": octets(chunk),
        "estimated": sampled(chunk).astype(np.int64),
    }
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    sums = table.group_by("key", use_threads=False).aggregate(
        [([], "count_all"), ("packets", "sum"), ("bytes", "sum"), ("estimated", "sum")]
    )
    peer, kind = np.divmod(sums.column("key").to_numpy(), len(shown))
    row = shown[kind]
    names = ("direction", "organization", "exit", "verdict")
    keys = {name: column[row] for name, column in zip(names, kinds[1:], strict=True)}
    return _named({**keys, "bucket": bucket[row], "peer": peer}, sums, chunk, grain)


def _ends(chunk: Chunk | View) -> tuple[Column, Column, Column]:
    """Direction, owner number of the organization, and peer of every flow."""
    source, destination = chunk.column("source"), chunk.column("destination")
    has = np.array([bool(name) for name in organization_of(chunk.names)])
    out, other = has.take(source), has.take(destination)
    inward = other & ~out
    direction = out + np.uint8(2) * inward
    organization = np.where(out, source, np.where(inward, destination, 0)).astype(np.uint16)
    owner = np.where(inward, source, destination).astype(np.int64)
    internet = ((space_of(chunk.names) == Space.INTERNET) & ~has).take(owner)
    low = np.where(inward, chunk.column("src_low"), chunk.column("dst_low"))
    peer = np.where(internet, V4 | (low >> np.uint32(16)).astype(np.int64), owner)
    if not all(chunk.is_zero(f"{end}_{half}") for end in ("src", "dst") for half in ("hi", "mid")):
        hi = np.where(inward, chunk.column("src_hi"), chunk.column("dst_hi"))
        mid = np.where(inward, chunk.column("src_mid"), chunk.column("dst_mid"))
        wide = internet & ((hi != 0) | (mid != 0))
        peer = np.where(wide, V6 | (hi.astype(np.uint64) >> np.uint64(32)).astype(np.int64), peer)
    if not all(chunk.is_zero(f"{end}_as") for end in ("src", "dst")):
        system = np.where(inward, chunk.column("src_as"), chunk.column("dst_as")).astype(np.int64)
        peer = np.where(internet & (system > 0), AS | system, peer)
    return direction, organization, peer


def _bucket(received: Column, grain: int) -> Column:
    length = grain * 1000
    start: Column = (received + CITY_MS) // length * length - CITY_MS
    return start


def _named(keys: dict[str, Column], sums: Any, chunk: Chunk | View, grain: int) -> Any:
    """Names instead of numbers."""
    import pyarrow as pa

    organizations = organization_of(chunk.names)
    peers, place = np.unique(keys["peer"], return_inverse=True)
    kinds, texts = (
        zip(*(_peer(value, chunk) for value in peers.tolist()), strict=True) if len(peers) else ((), ())
    )

    def words(values: Sequence[str], numbers: Any) -> Any:
        return pa.DictionaryArray.from_arrays(numbers.astype(np.int32), pa.array(values, pa.string())).cast(
            pa.string()
        )

    return _table({
        "bucket": pa.array(keys["bucket"]),
        "grain": pa.array(np.full(sums.num_rows, grain, np.int32)),
        "direction": words(DIRECTIONS, keys["direction"]),
        "organization": words(organizations, keys["organization"]),
        "exit": words(chunk.names.exits, keys["exit"]),
        "verdict": words([one.label for one in Verdict], keys["verdict"]),
        "peer_kind": words(kinds, place),
        "peer": words(texts, place),
        "flows": sums.column("count_all"),
        "packets": sums.column("packets_sum"),
        "bytes": sums.column("bytes_sum"),
        "estimated": sums.column("estimated_sum"),
    })  # fmt: skip


def _peer(value: int, chunk: Chunk | View) -> tuple[str, str]:
    if value & AS:
        return "internet", f"AS{value & 0xFFFFFFFF}"
    if value & (V4 | V6):
        return "internet", _prefix(value)
    space, organization = chunk.names.owners[value]
    return ("organization", organization) if organization else (Space(space).name.lower(), "")


@lru_cache(1 << 17)
def _prefix(value: int) -> str:
    """A prefix of the internet, out of its number."""
    if value & V4:
        return str(IPv4Network(((value & 0xFFFF) << 16, 16)))
    return str(IPv6Network(((value & 0xFFFFFFFF) << 96, 32)))


def _table(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    kinds = {"bucket": pa.int64(), "grain": pa.int32(), **{name: pa.int64() for name in SUMS}}
    made = pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in (*KEYS, *SUMS)])
    return pa.table(columns).select([*KEYS, *SUMS]).cast(made)


def nothing() -> Any:
    """A table without rows."""
    import pyarrow as pa

    return _table(
        {
            name: pa.array([], pa.int64() if name in (*SUMS, "bucket", "grain") else pa.string())
            for name in (*KEYS, *SUMS)
        }
    )


def together(tables: Iterable[Any], grain: int) -> Any:
    """Several tables as one, by buckets of *grain* seconds; those that are coarser already stay so."""
    import pyarrow as pa

    table = pa.concat_tables(tables)
    own = np.maximum(table.column("grain").to_numpy(), grain).astype(np.int64)
    received = table.column("bucket").to_numpy()
    bucket = (received + CITY_MS) // (own * 1000) * (own * 1000) - CITY_MS
    table = table.set_column(0, "bucket", pa.array(bucket)).set_column(
        1, "grain", pa.array(own.astype(np.int32))
    )
    sums = table.group_by(list(KEYS), use_threads=False).aggregate([(name, "sum") for name in SUMS])
    return _table(
        {name: sums.column(name) for name in KEYS} | {name: sums.column(f"{name}_sum") for name in SUMS}
    )


# ---- files
def written(folder: Path, table: Any, day: str, plane: str, grain: int, at: datetime) -> Part:
    """A roll-up's file; nothing knows of it until `parts.replace` or `parts.add`."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = new_path(folder / "rollup", plane, day, ".parquet")
    table = table.sort_by([(name, "ascending") for name in ("organization", "verdict", "bucket")])
    pq.write_table(table, str(path.with_suffix(WRITING)), compression="zstd", row_group_size=1 << 17)
    buckets = table.column("bucket")
    first, last = (pc.min(buckets).as_py() or 0, pc.max(buckets).as_py() or 0)
    return shelved(
        folder,
        path,
        Part(
            kind="rollup",
            path="",
            plane=plane,
            day=day,
            first=first,
            last=last,
            rows=table.num_rows,
            size=0,
            sha256="",
            facts={"grain": grain, "flows": pc.sum(table.column("flows")).as_py() or 0},
            sealed=at,
        ),
    )


def plan(parts: Iterable[Part], at: datetime) -> list[Task]:
    """Which roll-ups to put together now: those of a day that is over, and older ones by a coarser grain."""
    groups: dict[tuple[str, str, int], list[Part]] = defaultdict(list)
    today, fine, hour = (
        city_day(int(moment.timestamp() * 1000)) for moment in (at, at - FINE_FOR, at - HOUR_FOR)
    )
    for one in parts:
        if one.kind == "rollup" and one.day < today:
            grain = DAY if one.day[:7] < hour[:7] else HOUR if one.day < fine else FINE
            groups[one.plane, one.day[:7] if grain == DAY else one.day, grain].append(one)
    return [
        Task(tuple(listed), grain, plane, day)
        for (plane, day, grain), listed in sorted(groups.items())
        if len(listed) > 1 or any(int(one.facts.get("grain", FINE)) < grain for one in listed)
    ]


def compacted(folder: Path, task: Task, at: datetime) -> Part:
    """
    Write what takes the place of the task's roll-ups.

    Raises:
        OSError, ValueError: as `compact.compacted`.
    """
    tables = [read(folder, one) for one in task.parts]
    return written(folder, together(tables, task.grain), task.day, task.plane, task.grain, at)


def read(folder: Path, part: Part) -> Any:
    """
    The table of a roll-up.

    Raises:
        FileNotFoundError: its file was removed since the list of parts was read.
        ValueError: it is not readable.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(str(folder / part.path), use_threads=False)
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{part.path}: {error}") from error
