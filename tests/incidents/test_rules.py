"""Clocks that run out are findings: near the end medium, over it high, stopped or called off none."""

from __future__ import annotations

import pytest

from netops.incidents.incident import Stage
from netops.incidents.rules import CLOCKS
from tests.conftest import NOON
from tests.incidents.cases import HOUR, deadline, incident


@pytest.mark.parametrize(("hours", "codes"), [
    (0, []), (1.9, []), (2, ["IN-003"]), (3.1, ["IN-003"]), (3.2, ["IN-002"]), (3.99, ["IN-002"]),
    (4, ["IN-001"]), (99, ["IN-001"])])
def test_a_clock_of_four_hours(hours: float, codes: list[str]) -> None:
    """50 % of it is 2 h, 80 % 3 h 12 min; exactly one rule speaks at a time."""
    found = [one.code for rule in CLOCKS.values() for one in rule([incident(deadlines=(deadline(),))], NOON + hours * HOUR)]

    assert codes == found


@pytest.mark.parametrize(("state", "count"), [
    (Stage.HANDLING, 1), (Stage.ARCHIVED, 1), (Stage.FALSE_ALARM, 0), (Stage.MERGED, 0)])
def test_whose_clocks_still_count(state: Stage, count: int) -> None:
    """An archived incident whose report never went still owes it; a false alarm owes nothing."""
    found = list(CLOCKS["IN-001"]([incident(state=state, deadlines=(deadline(),))], NOON + 9 * HOUR))

    assert count == len(found)
    assert all({"organization": "health", "incident": "INC-2026-0001", "clock": "C-4H"} == one.subject for one in found)


def test_a_stopped_clock_is_silent() -> None:
    """However late it was."""
    one = incident(deadlines=(deadline(stopped=7),))

    assert [] == [found for rule in CLOCKS.values() for found in rule([one], NOON + 9 * HOUR)]
