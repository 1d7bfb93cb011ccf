"""The keeper: a full disk, a locked store, new columns and new names do not stop it, and what it could not keep is counted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import batch, judged, random_batch

from netops.core.errors import NetopsError
from netops.egress import keeper as keeping
from netops.egress.keeper import Keeper, unlisted
from netops.egress.segment import Sealed, Segment


def rows(folder: Path) -> int:
    return sum(one.counts.rows for one in unlisted(folder, {}))


def test_flows_are_sealed_and_told(tmp_path: Path) -> None:
    """A flush seals; what was told is what is on the disk."""
    told: list[Sealed] = []
    keeper = Keeper(tmp_path, told.append)
    keeper.start()
    for seed in range(3):
        keeper.keep(*judged(random_batch(1000, seed)), 1)
    keeper.flush()

    assert [3000] == [one.counts.rows for one in told]
    assert (3000, 0, "") == (keeper.stored, keeper.unstored, keeper.trouble)
    keeper.stop()
    assert 3000 == rows(tmp_path)


def test_a_new_kind_of_flow_begins_a_new_segment(tmp_path: Path) -> None:
    """A column that was 0 so far, or a value too wide for it, is not cut: the segment is sealed and a wider one begun."""
    told: list[Sealed] = []
    keeper = Keeper(tmp_path, told.append)
    keeper.start()
    keeper.keep(*judged(random_batch(100, v6=0)), 1)
    keeper.flush()
    keeper.keep(*judged(random_batch(100, v6=0)), 1)
    keeper.keep(
        *judged(
            batch(
                {
                    "exporter": "10.20.255.2",
                    "src": "2001:db8::1",
                    "dst": "::",
                    "bytes": 1 << 40,
                    "src_mac": "00:00:5e:00:53:01",
                }
            )
        ),
        1,
    )
    keeper.stop()

    assert 201 == rows(tmp_path) == sum(one.counts.rows for one in told)


def test_a_full_disk_is_counted_and_gotten_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full flows are counted as not kept; what was written before stays; afterwards it goes on."""
    told: list[Sealed] = []
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "GATHER_SECONDS", 0.0)
    keeper = Keeper(tmp_path, told.append)
    keeper.start()
    keeper.keep(*judged(random_batch(500, 1)), 1)
    while keeper.stored < 500:
        pass
    with monkeypatch.context() as full:
        append = Segment.append

        def fails(self: Segment, _columns: object, _told: object) -> None:
            self._file.write(b"half")
            raise OSError(28, "No space left on device")

        full.setattr(Segment, "append", fails)
        keeper.keep(*judged(random_batch(300, 2)), 1)
        while keeper.unstored < 300:
            pass
        assert "No space left" in keeper.trouble
        full.setattr(Segment, "append", append)
    keeper.keep(*judged(random_batch(200, 3)), 1)
    keeper.stop()

    assert (700, 300, "") == (keeper.stored, keeper.unstored, keeper.trouble)
    assert 700 == rows(tmp_path) == sum(one.counts.rows for one in told)


def test_the_reserve_is_left_alone(tmp_path: Path) -> None:
    """With less free space than is to stay, nothing is written and everything is counted."""
    keeper = Keeper(tmp_path, lambda _sealed: None, reserve_bytes=1 << 62)
    keeper.start()
    keeper.keep(*judged(random_batch(100)), 1)
    keeper.stop()

    assert (0, 100) == (keeper.stored, keeper.unstored)
    assert 0 == rows(tmp_path)


def test_a_store_that_does_not_answer_is_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The segment waits for its list; it is told again, once."""
    told: list[Sealed] = []
    answers = iter([NetopsError("no", "", ""), NetopsError("no", "", ""), None])

    def tell(one: Sealed) -> None:
        if answer := next(answers):
            raise answer
        told.append(one)

    keeper = Keeper(tmp_path, tell)
    keeper.start()
    keeper.keep(*judged(random_batch(100)), 1)
    keeper.flush()
    assert [] == told
    keeper.flush()
    keeper.stop()

    assert [100] == [one.counts.rows for one in told]


def test_more_than_may_wait_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever judges never waits for the disk: what does not fit into the queue is counted as not kept."""
    monkeypatch.setattr(keeping, "QUEUE_ROWS", 150)
    keeper = Keeper(tmp_path, lambda _sealed: None)
    keeper.keep(*judged(random_batch(100, 1)), 1)
    keeper.keep(*judged(random_batch(100, 2)), 1)

    assert 100 == keeper.unstored
