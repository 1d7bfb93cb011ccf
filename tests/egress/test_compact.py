"""Compaction and roll-ups: the same flows before and after, sums equal to adding up by hand, nothing twice and no gap."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import START, judged, kept, random_batch

from netops.core.store import Store
from netops.egress import ask, chunks, compact, parts, rollup
from netops.egress.classify import Space
from netops.egress.columns import record
from netops.egress.flows import Batch, address_text
from netops.egress.judge import PLANES, Verdict
from netops.egress.match import Everything, View
from netops.egress.measure import CEILING
from netops.egress.parts import Part

AT = datetime.fromtimestamp(START / 1000, UTC) + timedelta(hours=3)
DAY_MS = 86_400_000


def rows(folder: Path, listed: list[Part]) -> Counter[str]:
    """Every flow in words, without what compaction may number anew."""
    found: Counter[str] = Counter()
    for part in listed:
        for chunk in chunks.of_part(folder, part):
            view = View(chunk)
            found.update(str(record(view, row)) for row in range(len(view)))
    return found


def compacted(folder: Path, store: Store, at: datetime = AT) -> None:
    for task in compact.plan(parts.live(store, ("hot", "kept")), at):
        parts.replace(store, [one.id for one in task.parts], compact.compacted(folder, task, at), at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "flows"


def test_compaction_keeps_every_flow(folder: Path, store: Store) -> None:
    """The same flows as before, in one sorted file a day and plane, and each file says what it holds."""
    midnight = START + DAY_MS - (START + 8 * 3_600_000) % DAY_MS
    batches = [random_batch(600, 1), random_batch(500, 2, midnight - 30_000), random_batch(10, 3)]
    kept(folder, store, batches, AT - timedelta(hours=2))
    before = rows(folder, parts.live(store, ("hot",)))

    compacted(folder, store)

    after = parts.live(store, ("kept",))
    assert before == rows(folder, after)
    assert 1110 == sum(before.values())
    assert [] == parts.live(store, ("hot",))
    assert ["2026-09-21", "2026-09-22"] == sorted({one.day for one in after})
    for one in after:
        [chunk] = chunks.of_part(folder, one)
        received, verdicts = chunk.column("received"), chunk.column("verdict")
        assert (one.first, one.last) == (received.min(), received.max())
        assert one.verdicts == Counter(verdicts.tolist())
        assert verdicts.tolist() == sorted(verdicts.tolist())
        assert {one.plane} == {PLANES[code - 1].value for code in set(chunk.column("plane").tolist())}


def test_what_is_not_over_waits(folder: Path, store: Store) -> None:
    """Segments of the running hour are left alone, unless there are many flows; nothing is planned twice."""
    listed = kept(folder, store, [random_batch(100, seed) for seed in range(3)], AT)
    big = [msgspec.structs.replace(one, rows=compact.PART_ROWS // 2) for one in listed]

    assert [] == compact.plan(listed, AT)
    assert [3] == [len(task.parts) for task in compact.plan(listed, AT + timedelta(hours=2))]
    assert [2] == [len(task.parts) for task in compact.plan(big, AT)]


def test_small_files_of_a_day_become_one(folder: Path, store: Store) -> None:
    """A day's files are put together when it is over, and its roll-ups are not counted again."""
    for seed in range(3):
        kept(folder, store, [random_batch(200, seed)], AT - timedelta(hours=2))
        compacted(folder, store)
    before, sums = rows(folder, parts.live(store, ("kept",))), parts.live(store, ("rollup",))

    compacted(folder, store, AT + timedelta(days=1))

    assert [600] == [one.rows for one in parts.live(store, ("kept",))]
    assert before == rows(folder, parts.live(store, ("kept",)))
    assert sums == parts.live(store, ("rollup",))


def by_hand(batches: list[Batch], grain: int) -> Counter[Any]:
    """Roll-ups the slow way: a flow at a time."""
    found: Counter[Any] = Counter()
    for one in batches:
        result, scene = judged(one)
        for row in range(len(one)):
            plane = PLANES[result.plane[row]]
            ends = [
                scene.tables[plane].owners[int(rows[row])] for rows in (result.source, result.destination)
            ]
            direction = "out" if ends[0].organization else "in" if ends[1].organization else ""
            peer, name = (ends[0], "src") if direction == "in" else (ends[1], "dst")
            text = ip_address(address_text(int(one[f"{name}_hi"][row]), int(one[f"{name}_lo"][row])))
            if peer.organization:
                shown = ("organization", peer.organization)
            elif peer.space is Space.INTERNET:
                prefix = str(ip_network(f"{text}/{16 if text.version == 4 else 32}", strict=False))
                system = int(one[f"{name}_as"][row])
                shown = ("internet", f"AS{system}" if system else prefix)
            else:
                shown = (Space(peer.space).name.lower(), "")
            interval = max(1, int(one["sampling_interval"][row]))
            moment = int(one["received"][row]) + 8 * 3_600_000
            key = (
                moment // (grain * 1000) * grain * 1000 - 8 * 3_600_000, direction,
                (ends[1] if direction == "in" else ends[0]).organization if direction else "",
                scene.exits[result.exit[row]].id if result.exit[row] >= 0 else "",
                Verdict(int(result.verdict[row])).label, *shown,
            )  # fmt: skip
            found[*key, "flows"] += 1
            found[*key, "estimated"] += interval > 1
            for name in ("packets", "bytes"):
                found[*key, name] += min(int(one[name][row]), CEILING // interval) * interval
    return +found


def listed(tables: list[Any]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for table in tables:
        for row in table.to_pylist():
            key = tuple(row[name] for name in rollup.KEYS if name != "grain")
            for name in rollup.SUMS:
                found[*key, name] += row[name]
    return +found


@pytest.mark.parametrize("grain", [rollup.FINE, rollup.HOUR, rollup.DAY])
def test_rollups_equal_adding_up_by_hand(folder: Path, store: Store, grain: int) -> None:
    """By five minutes as they are made, and by the hour and the day as they age."""
    batches = [random_batch(300, seed, START + seed * 3_000_000, 3000.0) for seed in range(3)]
    kept(folder, store, batches, AT - timedelta(hours=2))
    compacted(folder, store)
    age = {rollup.FINE: timedelta(days=2), rollup.HOUR: timedelta(days=40), rollup.DAY: timedelta(days=300)}[
        grain
    ]
    later = AT + age

    for task in rollup.plan(parts.live(store, ("rollup",)), later):
        parts.replace(store, [one.id for one in task.parts], [rollup.compacted(folder, task, later)], later)

    live = parts.live(store, ("rollup",))
    assert by_hand(batches, grain) == listed([rollup.read(folder, one) for one in live])
    assert {grain} == {one.facts["grain"] for one in live}
    assert [] == rollup.plan(live, later)


def test_questions_while_files_are_put_together(folder: Path, store: Store) -> None:
    """Whoever asks while segments are compacted and merged sees every flow exactly once."""
    kept(folder, store, [random_batch(400, seed) for seed in range(12)], AT - timedelta(hours=2))
    stop, seen = threading.Event(), []

    def ask_on() -> None:
        while not stop.is_set():
            live = parts.snapshot(store, None, None).live
            found = (chunk for part in live for chunk in chunks.of_part(folder, part))
            seen.append(ask.together(ask.each(found, Everything(), ask.counted)).flows)

    asking = threading.Thread(target=ask_on)
    asking.start()
    while not seen:
        pass
    hot = parts.live(store, ("hot",))
    for start in range(0, 12, 3):
        task = compact.Task(tuple(hot[start : start + 3]))
        parts.replace(store, [one.id for one in task.parts], compact.compacted(folder, task, AT), AT)
    compacted(folder, store, AT + timedelta(days=1))
    stop.set()
    asking.join()

    assert {4800} == set(seen)
    assert [4800] == [one.rows for one in parts.live(store, ("kept",))]


def test_parts_cannot_be_replaced_twice(folder: Path, store: Store) -> None:
    """Two compactors cannot both take the same segment: the second one's work is refused, whole."""
    from netops.core.errors import Refused

    [one] = kept(folder, store, [random_batch(50)], AT)
    parts.replace(store, [one.id], [], AT)
    with pytest.raises(Refused):
        parts.replace(store, [one.id], [msgspec.structs.replace(one, path="other")], AT)

    assert [] == parts.live(store, ("hot", "kept"))


def test_a_compacted_flow_is_small(folder: Path, store: Store) -> None:
    """Random flows, the worst case, with every column of judging, take less than 30 bytes."""
    kept(folder, store, [random_batch(50_000, v6=0)], AT - timedelta(hours=2))
    compacted(folder, store)

    [part] = parts.live(store, ("kept",))
    assert part.size / part.rows < 30
