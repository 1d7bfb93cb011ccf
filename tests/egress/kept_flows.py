"""Random flows of the small city of `scenes`, judged and kept, for the tests of the archive."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from scenes import OBSERVERS, batch, scene

from netops.core.store import Store
from netops.egress import parts
from netops.egress.flows import JUDGED, MAPPED, Batch, Column
from netops.egress.judge import Judged, Scene, judge
from netops.egress.keeper import Keeper
from netops.egress.parts import Part
from netops.egress.segment import Sealed

START = 1_790_000_000_000
"""2026-09-21 22:13:20 in the city."""
INSIDE, OUTSIDE = 10 << 24 | 20 << 16 | 11 << 8, 203 << 24 | 113 << 8


def random_batch(
    count: int, seed: int = 1, start: int = START, seconds: float = 60.0, v6: float = 0.1
) -> Batch:
    """Flows between the city and the internet, some of IPv6, in the order of time."""
    rng = np.random.default_rng(seed)
    inner = (INSIDE + rng.integers(1, 120, count)).astype(np.uint64) | np.uint64(MAPPED)
    outer = rng.integers(11 << 24, 200 << 24, count, dtype=np.uint64) | np.uint64(MAPPED)
    wide = rng.random(count) < v6
    outward = rng.random(count) < 0.5
    columns: dict[str, Column] = {name: np.zeros(count, kind) for name, kind in JUDGED.items()}
    ends = (("src", outward, inner, 0x2001_0DB8_0020_0011), ("dst", ~outward, outer, 0x2001_0DB8_FFFF_0000))
    columns["src_lo"], columns["dst_lo"] = np.where(outward, inner, outer), np.where(outward, outer, inner)
    for end, _, _, _ in ends:
        columns[f"{end}_lo"][wide] = rng.integers(1, 1 << 62, int(wide.sum()), dtype=np.uint64)
    columns["src_hi"][wide] = np.where(outward[wide], 0x2001_0DB8_0020_0011, 0x2001_0DB8_FFFF_0000)
    columns["dst_hi"][wide] = np.where(outward[wide], 0x2001_0DB8_FFFF_0000, 0x2001_0DB8_0020_0011)
    received = np.sort(start + rng.integers(0, max(1, int(seconds * 1000)), count))
    columns["received"] = received
    columns["last"] = received - rng.integers(0, 15_000, count)
    columns["first"] = columns["last"] - rng.integers(0, 60_000, count)
    columns["proto"] = rng.choice([6, 17, 1], count).astype(np.uint8)
    columns["sport"] = rng.integers(0, 65536, count).astype(np.uint16)
    columns["dport"] = rng.choice([80, 443, 53, 2048, 40000], count).astype(np.uint16)
    columns["tcp_flags"] = rng.choice([2, 18, 27], count).astype(np.uint16)
    columns["packets"] = rng.integers(1, 1000, count).astype(np.uint64)
    columns["bytes"] = columns["packets"] * rng.integers(40, 1500, count).astype(np.uint64)
    columns["sampling_interval"] = rng.choice([0, 0, 1, 100], count).astype(np.uint32)
    columns["in_if"] = np.where(outward, 2, 9).astype(np.uint32)
    columns["out_if"] = np.where(outward, 9, 2).astype(np.uint32)
    for name in ("src_as", "dst_as"):
        columns[name] = rng.choice([0, 0, 4134, 4_200_000_000], count).astype(np.uint32)
    names = tuple(one.address for one in OBSERVERS[:2])
    return Batch(columns, rng.integers(0, 2, count).astype(np.int32), names)


def judged(one: Batch) -> tuple[Judged, Scene]:
    place = scene()
    return judge(one, place), place


def kept(folder: Path, store: Store, batches: list[Batch], at: datetime) -> list[Part]:
    """Segments of these batches, one each, listed in the store."""
    sealed: list[Sealed] = []
    for one in batches:
        keeper = Keeper(folder, sealed.append)
        keeper.start()
        keeper.keep(*judged(one), 1)
        keeper.stop()
    listed = [
        Part(kind="hot", path=f"hot/{one.path.name}", first=one.counts.first, last=one.counts.last, rows=one.counts.rows,
             size=one.size, sha256="", facts=parts.facts_of(one.counts), sealed=at)
        for one in sealed
    ]  # fmt: skip
    return parts.add(store, listed)


__all__ = ["START", "batch", "judged", "kept", "random_batch", "scene"]
