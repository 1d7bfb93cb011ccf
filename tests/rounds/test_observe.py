"""Observe: files of leases and ARP tables are planned, kept as spans, and remembered with what was wrong."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from netops.addresses import sources
from netops.addresses.mention import Source, SourceKind, Told
from netops.config import Config
from netops.core.clock import still
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.rounds import observe
from netops.settings import PlaneSettings
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
DAY = timedelta(days=1)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk of one plane."""
    desk = Desk(
        Config(planes={EXTRANET: PlaneSettings(nets=("10.20.0.0/16",))}, store_url=store.url),
        still(NOON),
        "王工",
    )
    desk._store = store
    return desk


def written(tmp_path: Path, text: str, hours_ago: float = 0) -> Path:
    path = tmp_path / "table.txt"
    path.write_text(text, encoding="utf-8")
    os.utime(path, ((NOON - timedelta(hours=hours_ago)).timestamp(),) * 2)
    return path


LINE = "10.20.11.7 dev eth0 lladdr 00:14:22:00:00:01 REACHABLE\n"


def test_the_plan_keeps_nothing(desk: Desk, tmp_path: Path) -> None:
    """It has the format, the moment that the file speaks of, what is outside the plane, and the faults."""
    foreign = "192.168.1.5 dev eth0 lladdr 00:14:22:00:00:02 REACHABLE\n"
    plan = observe.plan(desk, written(tmp_path, LINE + foreign + "x\n", 2), EXTRANET)

    assert ("ip-neigh", NOON - timedelta(hours=2), 1, 1) == (
        plan.format,
        plan.at,
        plan.foreign,
        plan.reading.bad,
    )
    assert ["10.20.11.7"] == [one.ip for one in plan.told]
    assert [] == sources.listed(desk.store)


def test_a_file_from_the_future_speaks_of_now(desk: Desk, tmp_path: Path) -> None:
    """Nobody's clock is believed beyond ours."""
    assert observe.plan(desk, written(tmp_path, LINE, -5), EXTRANET).at == NOON


@pytest.mark.parametrize("text", ["", "hello\n", "\0"])
def test_what_is_no_source_is_refused(desk: Desk, tmp_path: Path, text: str) -> None:
    """With the file and the reason; a folder and a missing file too."""
    with pytest.raises(observe.Unread, match=r"table\.txt"):
        observe.plan(desk, written(tmp_path, text), EXTRANET)
    with pytest.raises(observe.Unread, match="Is a directory"):
        observe.plan(desk, tmp_path, EXTRANET)


def test_what_is_kept_is_remembered_with_its_source(desk: Desk, tmp_path: Path) -> None:
    """When it told, how much, what was not understood and where."""
    observe.keep(desk, observe.plan(desk, written(tmp_path, LINE + "garbage\n"), EXTRANET, name="arp-1"))
    [one] = sources.listed(desk.store)

    assert ("arp-1", SourceKind.NEIGHBORS, 1, 1, True, False) == (
        one.name, one.kind, one.told, one.bad, one.is_good, one.is_whole,
    )  # fmt: skip
    assert ("2: garbage: no state of a neighbour stands in it",) == one.faults
    assert (NOON, NOON) == (one.told_at, one.since)


# ---- spans
def source(is_whole: bool = True, name: str = "dhcp") -> Source:
    return Source(EXTRANET, name, SourceKind.LEASES, "leases", NOON, NOON, is_good=True, is_whole=is_whole)


def spans(store: Store) -> list[tuple[str, str, int, int, bool]]:
    """Address, name, first and last day, open."""
    return [
        (one.ip, one.name, (one.first_seen - NOON).days, (one.last_seen - NOON).days, one.is_open)
        for one in sources.since(store, EXTRANET, NOON - 1000 * DAY)
    ]


PC = Told("10.20.11.7", "00:14:22:00:00:01", "pc-7")


def test_a_span_grows_while_the_same_is_told(store: Store) -> None:
    """One row, however often; another name of the same card is another span."""
    for day in range(3):
        sources.keep(store, source(), [PC], NOON + day * DAY)
    renamed = Told(PC.ip, PC.mac, "pc-new")
    sources.keep(store, source(), [renamed], NOON + 3 * DAY)

    assert [("10.20.11.7", "pc-7", 0, 2, False), ("10.20.11.7", "pc-new", 3, 3, True)] == spans(store)


def test_what_is_no_longer_told_has_ended_unless_only_a_part_was_read(store: Store) -> None:
    """A torn file takes nothing back; a whole one does; told again it is a new span."""
    sources.keep(store, source(), [PC], NOON)
    sources.keep(store, source(is_whole=False), [], NOON + DAY)
    assert [("10.20.11.7", "pc-7", 0, 0, True)] == spans(store)
    sources.keep(store, source(), [], NOON + 2 * DAY)
    sources.keep(store, source(), [PC], NOON + 3 * DAY)

    assert [("10.20.11.7", "pc-7", 0, 0, False), ("10.20.11.7", "pc-7", 3, 3, True)] == spans(store)


def test_sources_do_not_take_from_each_other(store: Store) -> None:
    """Two servers, one address: each its own span."""
    sources.keep(store, source(), [PC], NOON)
    sources.keep(store, source(name="dhcp-2"), [], NOON)

    assert [True] == [one.is_open for one in sources.since(store, EXTRANET, NOON)]


def test_an_ended_lease_is_kept_once_with_its_own_span(store: Store) -> None:
    """From its start to its end; a server that goes on telling of it adds nothing."""
    ended = Told(PC.ip, PC.mac, "pc-7", "", NOON - 3 * DAY, NOON - 2 * DAY, NOON - DAY, is_current=False)
    for day in range(3):
        sources.keep(store, source(), [ended], NOON + day * DAY)

    assert [("10.20.11.7", "pc-7", -3, -1, False)] == spans(store)


def test_a_lease_that_ends_closes_its_span(store: Store) -> None:
    """Its last day is the lease's, not the day when we heard of it."""
    lease = Told(PC.ip, PC.mac, "pc-7", "", NOON, NOON, NOON + DAY)
    sources.keep(store, source(), [lease], NOON)
    over = Told(PC.ip, PC.mac, "pc-7", "", NOON, NOON, NOON + DAY, is_current=False)
    sources.keep(store, source(), [over], NOON + 3 * DAY)

    assert [("10.20.11.7", "pc-7", 0, 1, False)] == spans(store)


def test_a_week_without_a_word_begins_a_source_anew(store: Store) -> None:
    """A failure keeps what was told last; a gap of a week does not count as watched."""

    def noted(day: int, *, good: bool = True) -> Source:
        at = NOON + day * DAY
        told = {"told_at": at, "is_good": True, "is_whole": True} if good else {"why": "gone"}
        return sources.note(store, [Source(EXTRANET, "dhcp", SourceKind.LEASES, "x", at, **told)])[0]  # type: ignore[arg-type]

    assert NOON == noted(0).since
    failed = noted(3, good=False)
    assert (False, NOON, NOON, "gone") == (failed.is_good, failed.told_at, failed.since, failed.why)
    assert NOON == noted(6).since
    assert NOON + 20 * DAY == noted(20).since


def test_questions_are_answered_by_address_card_and_name(store: Store) -> None:
    """Now and at a past time; beginnings too."""
    sources.keep(store, source(), [PC], NOON)
    sources.keep(store, source(), [PC], NOON + 2 * DAY)
    other = Told("10.20.11.8", "00:14:22:00:00:02", "pc-8", expires=NOON + 9 * DAY)
    sources.keep(store, source(), [other], NOON + 5 * DAY)

    assert ["10.20.11.7"] == [one.ip for one in sources.about(store, EXTRANET, mac=PC.mac)]
    assert ["10.20.11.8"] == [
        one.ip for one in sources.about(store, EXTRANET, name="pc-8", at=NOON + 8 * DAY)
    ]
    assert [] == sources.about(store, EXTRANET, ip=PC.ip, at=NOON + 3 * DAY)
    assert [PC.ip] == [one.ip for one in sources.about(store, EXTRANET, ip=PC.ip, at=NOON + DAY)]
    assert ["pc-7", "pc-8"] == sources.starting(store, EXTRANET, name="pc-")
    assert ["10.20.11.7", "10.20.11.8"] == sources.starting(store, EXTRANET, ip="10.20.11.")
