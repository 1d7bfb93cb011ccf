"""Retention: the oldest go first, never more than must, and what is younger than six months is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from netops.egress.parts import Part
from netops.egress.retention import SIX_MONTHS, plan

AT = datetime(2026, 11, 20, tzinfo=UTC)


def part(days: int, size: int = 100, kind: str = "kept") -> Part:
    last = int((AT - timedelta(days=days)).timestamp() * 1000)
    return Part(
        kind=kind,
        path=f"{kind}/{days}",
        first=last - 1000,
        last=last,
        rows=10,
        size=size,
        sha256="",
        facts={},
        sealed=AT,
    )


def test_what_is_over_its_time_goes() -> None:
    """After keep_days, and not before; roll-ups stay for ten years."""
    listed = [part(days) for days in (1, 199, 201, 400)] + [
        part(400, kind="rollup"),
        part(4000, kind="rollup"),
    ]

    assert ["kept/400", "kept/201", "rollup/4000"] == [one.part.path for one in plan(listed, AT, 200, 0)]


def test_a_short_time_is_told_as_early() -> None:
    """Whoever configures less than six months is obeyed, and every file that goes early says so."""
    going = plan([part(20), part(190)], AT, 10, 0)

    assert [("kept/190", False), ("kept/20", True)] == [(one.part.path, one.early) for one in going]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 1000)), max_size=30), st.integers(0, 5000))
def test_a_limit_of_size_takes_no_more_than_it_must(files: list[tuple[int, int]], limit: int) -> None:
    """What stays is below the limit, newer than what goes, and one file more would be too much."""
    listed = [part(days, size) for days, size in files]
    going = plan(listed, AT, 365, limit)
    stay = [one for one in listed if all(one is not gone.part for gone in going)]

    assert not limit or not stay or sum(one.size for one in stay) <= limit
    assert all(one.last >= gone.part.last for one in stay for gone in going)
    assert not going or (limit and sum(one.size for one in stay) + going[-1].part.size > limit)
    assert all(
        one.early == (AT - datetime.fromtimestamp(one.part.last / 1000, UTC) < SIX_MONTHS) for one in going
    )
