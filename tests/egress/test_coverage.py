"""Coverage: what was lost, what was silent and when nobody listened is told as such, for any window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.store import Store
from netops.egress import coverage
from netops.egress.coverage import HOUR, Seen, Session, of_window

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ALL_DAY = (Session(TEN - HOUR, TEN + 10 * HOUR),)


def share(
    *rows: Seen, since: datetime = TEN, until: datetime = TEN + HOUR, listening: tuple[Session, ...] = ALL_DAY
) -> float:
    found = of_window(rows, listening, since, until, [Seen(TEN, "10.0.0.1", "extranet", "fw")])
    [one] = [one for one in found.exporters if one.exporter == "10.0.0.1"]
    return one.share


def test_records_lost_are_counted() -> None:
    """By gaps of records, by gaps of datagrams as many records as they carry, and by data without a template."""
    assert 1.0 == share(Seen(TEN, "10.0.0.1", datagrams=10, records=100))
    assert 0.5 == share(Seen(TEN, "10.0.0.1", datagrams=10, records=100, lost_records=100))
    assert 0.5 == share(Seen(TEN, "10.0.0.1", datagrams=10, records=100, lost_datagrams=10))
    assert 0.5 == share(Seen(TEN, "10.0.0.1", datagrams=10, records=100, lost_datagrams=5, given_up=5))
    assert 0.5 == share(Seen(TEN, "10.0.0.1", datagrams=10, records=0, lost_datagrams=10))


def test_what_the_collector_lost_falls_on_all() -> None:
    """Datagrams dropped by the kernel, and flows that could not be kept, lower everybody's share."""
    whole = Seen(TEN, "10.0.0.1", datagrams=10, records=100)

    assert 0.8 == share(whole, Seen(TEN, "", datagrams=80, lost_datagrams=20))
    assert 0.25 == share(whole, Seen(TEN, "", datagrams=10, records=100, unstored=75))


def test_silence_is_not_order() -> None:
    """An exporter that sent nothing in an hour was not seen in it, and neither was one without any row."""
    assert 0.0 == share()
    assert 0.5 == share(Seen(TEN, "10.0.0.1", datagrams=1, records=1), until=TEN + 2 * HOUR)
    found = of_window([Seen(TEN, "10.0.0.1", datagrams=1, records=1)], ALL_DAY, TEN, TEN + 3 * HOUR)
    assert [2] == [one.silent for one in found.exporters]
    assert [1.0, 0.0, 0.0] == [one.worst for one in found.hours]


def test_time_without_a_collector_is_not_covered() -> None:
    """Sessions count to the second, and only inside the window."""
    row = Seen(TEN, "10.0.0.1", datagrams=1, records=1)
    half = (
        Session(TEN - HOUR, TEN + timedelta(minutes=15)),
        Session(TEN + timedelta(minutes=45), TEN + 5 * HOUR),
    )

    assert 0.5 == share(row, listening=half)
    assert 1.0 == share(row, until=TEN + timedelta(minutes=15), listening=half)
    assert 0.0 == share(
        row, since=TEN + timedelta(minutes=20), until=TEN + timedelta(minutes=40), listening=half
    )
    assert 0.0 == of_window([], (), TEN, TEN + HOUR).listened


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 100), st.integers(0, 50),
    st.integers(-20, 50)), max_size=8),
    st.integers(0, 300), st.integers(1, 300),
)  # fmt: skip
def test_a_share_is_a_ratio(rows: list[tuple[int, int, int, int, int]], start: int, length: int) -> None:
    """Whatever the counters say, between 0 and 1, and no better than the time that somebody listened."""
    by_hour = {hour: Seen(TEN + hour * HOUR, "10.0.0.1", "", "", *numbers) for hour, *numbers in rows}
    since = TEN + timedelta(minutes=start)
    found = of_window(
        by_hour.values(), (Session(TEN + HOUR, TEN + 4 * HOUR),), since, since + timedelta(minutes=length)
    )

    for one in found.exporters:
        assert 0.0 <= one.share <= found.listened + 1e-6 <= 1.0 + 1e-6


def test_hours_add_up_in_the_store(store: Store) -> None:
    """Counters of the same hour are added, a session grows, and a window finds the hours that it touches."""
    session = Session(TEN, TEN)
    for minute in (1, 2):
        session = Session(TEN, TEN + timedelta(minutes=minute))
        coverage.add(
            store,
            [
                Seen(TEN, "10.0.0.1", "extranet", "fw", 5, 50, lost_records=3),
                Seen(TEN, "", datagrams=5, unstored=1),
            ],
            session,
        )
    coverage.note_tail(store, 120)

    assert [
        Seen(TEN, "", datagrams=10, unstored=2),
        Seen(TEN, "10.0.0.1", "extranet", "fw", 10, 100, lost_records=6),
    ] == coverage.seen(store, TEN + timedelta(minutes=30), TEN + timedelta(minutes=31))
    assert [] == coverage.seen(store, TEN + HOUR, TEN + 2 * HOUR)
    assert [Session(TEN, TEN + timedelta(minutes=2), 120)] == coverage.sessions(store, TEN, TEN + HOUR)
    assert [] == coverage.sessions(store, TEN + HOUR, TEN + 2 * HOUR)


def test_a_share_is_told_as_what_it_is() -> None:
    """What is not whole never reads as 100 %."""
    from netops.rounds.query import percent

    assert ["100 %", "99.99 %", "50.00 %", "0.00 %"] == [percent(one) for one in (1.0, 0.999999, 0.5, 0.0)]
    assert pytest.approx(1.0) == of_window([], ALL_DAY, TEN, TEN + HOUR).share
