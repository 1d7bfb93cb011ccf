"""Segments: what was written is read again after kill -9, at whatever moment it came."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import judged, random_batch

from netops.egress import chunks, parts
from netops.egress.flows import Column
from netops.egress.keeper import GATHER_SECONDS, Keeper, left_over
from netops.egress.kept import KEPT, Register, columns_of
from netops.egress.parts import Part
from netops.egress.segment import Sealed, Segment, running, salvaged, sealed
from netops.egress.stored import FOLDED, Rows, layout_of, rows_of, together, written

AT = datetime(2026, 9, 21, tzinfo=UTC)


def part(folder: Path, one: Sealed) -> Part:
    return Part(kind="hot", path=str(one.path.relative_to(folder)), first=one.counts.first, last=one.counts.last,
                rows=one.counts.rows, size=one.size, sha256="", facts=parts.facts_of(one.counts), sealed=AT)  # fmt: skip


def made(count: int, seed: int = 1) -> tuple[dict[str, Column], Rows, Register]:
    """The same flows as the archive answers them, and as they are written."""
    register = Register()
    one = judged(random_batch(count, seed))
    return columns_of(*one, register, 1), rows_of(*one, register, 1), register


def begun(folder: Path, rows: Rows, register: Register) -> Segment:
    return Segment(running(folder), register.names, layout_of(written(rows)[0]))


def read(folder: Path, one: Sealed) -> dict[str, Column]:
    found = chunks.of_part(folder, part(folder, one))
    return {name: np.concatenate([chunk.column(name) for chunk in found]) for name in KEPT}


def test_a_sealed_segment_has_every_flow(tmp_path: Path) -> None:
    """Columns that are 0 throughout are not written, and read as 0."""
    columns, rows, register = made(3000)
    segment = begun(tmp_path, rows, register)
    segment.append(*written(rows))
    done = segment.seal()

    again = read(tmp_path, done)
    for name in KEPT:
        assert np.array_equal(columns.get(name, np.zeros(3000)), again[name]), name
    assert "src_mac" not in segment.layout
    assert 3000 == done.counts.rows == sum(done.counts.verdicts.values())
    assert (done.counts, done.size) == (sealed(done.path).counts, sealed(done.path).size)


def test_few_flows_at_a_time_are_put_together_as_they_came() -> None:
    """Kinds that several batches share are one; every flow keeps its own."""
    columns, rows, _register = made(1000)
    pieces = [rows.part(slice(start, start + 100)) for start in range(0, 1000, 100)]

    whole = together([turned(piece) if number % 2 else piece for number, piece in enumerate(pieces)])

    for name in FOLDED:
        assert np.array_equal(columns.get(name, np.zeros(1000)), whole.kinds[name].take(whole.columns["kind"])), name
    assert len(np.unique(np.stack(list(rows.kinds.values())), axis=1).T) == len(whole.kinds["verdict"])
    assert np.array_equal(columns["src_low"], whole.columns["src_low"])


def turned(piece: Rows) -> Rows:
    """The same with its kinds numbered from the other end."""
    last = len(piece.kinds["verdict"]) - 1
    return Rows(
        piece.columns | {"kind": last - piece.columns["kind"]}, {name: column[::-1] for name, column in piece.kinds.items()}
    )


def test_segments_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """Every column as it is, LZ4: sealed, and salvaged where its writer was killed."""
    columns, _rows, register = made(400)
    plain = {name: column.astype(KEPT[name]) for name, column in columns.items()}
    schema = pa.schema([pa.field(name, pa.from_numpy_dtype(KEPT[name])) for name in plain],
                       metadata={b"netops": msgspec.json.encode({"names": register.names, "format": 1})})  # fmt: skip
    path = running(tmp_path)
    with pa.OSFile(str(path), "wb") as file:
        writer = pa.ipc.new_file(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        arrays = [pa.array(np.ascontiguousarray(one)) for one in plain.values()]
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        cut = file.tell()
        writer.close()
    whole = path.with_suffix(".arrow")
    whole.write_bytes(path.read_bytes())
    os.truncate(path, cut)
    path.rename(left := running(tmp_path))

    done, lost = salvaged(left)

    assert done is not None
    assert (400, 0) == (done.counts.rows, lost)
    assert done.counts == sealed(whole).counts
    for one in (done, sealed(whole)):
        again = read(tmp_path, one)
        assert all(np.array_equal(columns.get(name, np.zeros(400)), again[name]) for name in KEPT)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_segment_gives_back_its_whole_batches(tmp_path: Path, share: float) -> None:
    """Cut anywhere, every batch before the cut is there and what is lost is counted."""
    columns, rows, register = made(2000)
    segment = begun(tmp_path, rows, register)
    sizes = []
    for start in range(0, 2000, 100):
        segment.append(*written(rows.part(slice(start, start + 100))))
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
        assert np.array_equal(columns["received"][: whole * 100], read(tmp_path, done)["received"])


def test_salvage_may_be_interrupted(tmp_path: Path) -> None:
    """Killed between the new file and the removal of the old one, the flows are not there twice."""
    _columns, rows, register = made(500)
    segment = begun(tmp_path, rows, register)
    segment.append(*written(rows))
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
