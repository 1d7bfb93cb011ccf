"""Segments: what was written is read again after kill -9, at whatever moment it came."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import judged, random_batch

from netops.egress import chunks, parts
from netops.egress.flows import Column
from netops.egress.keeper import GATHER_SECONDS, Keeper, left_over
from netops.egress.kept import KEPT, Register, columns_of
from netops.egress.parts import Part
from netops.egress.segment import Sealed, Segment, layout_of, running, salvaged, sealed

AT = datetime(2026, 9, 21, tzinfo=UTC)


def part(folder: Path, one: Sealed) -> Part:
    return Part(kind="hot", path=str(one.path.relative_to(folder)), first=one.counts.first, last=one.counts.last,
                rows=one.counts.rows, size=one.size, sha256="", facts=parts.facts_of(one.counts), sealed=AT)  # fmt: skip


def columns(count: int, seed: int = 1) -> tuple[dict[str, Column], Register]:
    register = Register()
    return columns_of(*judged(random_batch(count, seed)), register, 1), register


def read(folder: Path, one: Sealed) -> dict[str, Column]:
    found = chunks.of_part(folder, part(folder, one))
    return {name: np.concatenate([chunk.column(name) for chunk in found]) for name in KEPT}


def test_a_sealed_segment_has_every_flow(tmp_path: Path) -> None:
    """Columns that are 0 throughout are not written, and read as 0."""
    made, register = columns(3000)
    segment = Segment(running(tmp_path), register.names, layout_of(made))
    segment.append(made)
    done = segment.seal()

    again = read(tmp_path, done)
    for name in KEPT:
        assert np.array_equal(made[name], again[name]), name
    assert "src_mac" not in segment.layout
    assert 3000 == done.counts.rows == sum(done.counts.verdicts.values())
    assert (done.counts, done.size) == (sealed(done.path).counts, sealed(done.path).size)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_segment_gives_back_its_whole_batches(tmp_path: Path, share: float) -> None:
    """Cut anywhere, every batch before the cut is there and what is lost is counted."""
    made, register = columns(2000)
    segment = Segment(running(tmp_path), register.names, layout_of(made))
    sizes = []
    for start in range(0, 2000, 100):
        segment.append({name: column[start : start + 100] for name, column in made.items()})
        sizes.append(segment.path.stat().st_size)
    segment.abandon()
    cut = int(sizes[-1] * share)
    with segment.path.open("rb+") as file:
        file.truncate(cut)
    whole = sum(size <= cut for size in sizes)

    done, lost = salvaged(segment.path)

    assert whole * 100 == (done.counts.rows if done else 0)
    assert bool(lost) == (cut not in sizes)
    assert [] == list(tmp_path.glob("*.part"))
    if done:
        assert np.array_equal(made["received"][: whole * 100], read(tmp_path, done)["received"])


def test_salvage_may_be_interrupted(tmp_path: Path) -> None:
    """Killed between the new file and the removal of the old one, the flows are not there twice."""
    made, register = columns(500)
    segment = Segment(running(tmp_path), register.names, layout_of(made))
    segment.append(made)
    segment.abandon()
    content = segment.path.read_bytes()
    salvaged(segment.path)
    segment.path.write_bytes(content)  # as if its removal had not reached the disk

    found = left_over(tmp_path)

    assert [500] == [one.counts.rows for one in found.segments]
    assert 1 == len(list(tmp_path.iterdir()))


CHILD = """
import sys, time
sys.path.insert(0, {tests!r})
from kept_flows import judged, random_batch
from netops.egress.keeper import Keeper
from pathlib import Path
keeper = Keeper(Path(sys.argv[1]), lambda sealed: None)
keeper.start()
number = 0
while True:
    number += 1
    one = random_batch(200, number)
    one.columns["src_mac"][:] = number
    keeper.keep(*judged(one), 1)
    print(number, time.monotonic(), flush=True)
    time.sleep(0.002)
"""


def test_kill_9_costs_no_more_than_a_second(tmp_path: Path) -> None:
    """Every flow that was taken a moment before is there, once; no half file is left, nothing is there twice."""
    for wait in (0.3, 1.7):
        folder = tmp_path / str(wait)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(tests=str(Path(__file__).parent)), str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        lines = [first, *child.stdout.read().splitlines()]
        child.wait()
        child.stdout.close()

        keeper = Keeper(folder, lambda _sealed: None)
        found = keeper.start()
        keeper.stop()

        numbers = [
            number
            for one in found.segments
            for number in read(folder, Sealed(folder / "hot" / one.path.name, *one[1:]))["src_mac"].tolist()
        ]
        taken = [int(line.split()[0]) for line in lines if len(line.split()) == 2]
        times = {int(line.split()[0]): float(line.split()[1]) for line in lines if len(line.split()) == 2}
        assert all(numbers.count(number) in (0, 200) for number in set(numbers))
        assert sorted(set(numbers)) == list(range(1, len(set(numbers)) + 1))
        lost = [number for number in taken if number not in set(numbers)]
        assert all(killed - times[number] < GATHER_SECONDS + 1.5 for number in lost)
        assert [] == list(folder.rglob("*.part")) + list(folder.rglob("*.mend"))
