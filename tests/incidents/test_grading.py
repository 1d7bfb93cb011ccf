"""A grade always comes with the rule and the value that gave it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.incidents import grading
from netops.incidents.incident import Grade
from tests.incidents.cases import PLAYBOOKS

SCALE = grading.load(PLAYBOOKS)
METRICS = sorted({one.metric for one in SCALE.thresholds})
measured = st.dictionaries(st.sampled_from(METRICS), st.floats(0, 1e12), max_size=4)


@pytest.mark.parametrize(("kind", "grade", "rule"), [
    ("rogue_exit_router", Grade.IV, "local-egress"), ("bypass_link", Grade.IV, "local-backbone"),
    ("intranet_exit", Grade.III, "local-intranet"), ("nobody_mapped_this", Grade.IV, "local-other")])
def test_a_kind_is_graded_by_the_rule_of_the_office(kind: str, grade: Grade, rule: str) -> None:
    """The rule is named, and that it is not verified."""
    proposed = SCALE.grade([kind])

    assert (grade, rule, False) == (proposed.grade, proposed.rule, proposed.verified)


def test_the_gravest_kind_decides() -> None:
    """An intranet exit among ordinary findings makes it 较大."""
    assert "local-intranet" == SCALE.grade(["bypass_link", "intranet_exit"]).rule


def test_a_measured_value_gives_the_threshold_that_it_reaches() -> None:
    """A portal down for a day is 特别重大: metric, value, threshold and unit are kept; reaching it is enough."""
    proposed = SCALE.grade(["site_down"], {"portal_outage": 86400})

    assert (Grade.I, "portal_outage", 86400, 86400, "seconds", True) == (
        proposed.grade, proposed.rule, proposed.measured, proposed.at_least, proposed.unit, proposed.verified)
    assert "门户网站中断 24 小时，达到特别重大的 24 小时（含本数）" == proposed.because_zh
    assert "portal outage 24 h: grade I is from 24 h" == proposed.because_en


@pytest.mark.parametrize(("value", "unit", "zh", "en"), [
    (9000, "seconds", "2 小时 30 分", "2 h 30 min"), (59, "seconds", "59 秒", "59 s"), (0, "seconds", "0 秒", "0 s"),
    (0.305, "ratio", "30.5 %", "30.5 %"), (1234567, "person", "1,234,567 人", "1,234,567 people"),
    (12.5, "CNY", "12.5 元", "12.5 CNY"), (3, "count", "3 次", "3 times")])
def test_values_read_as_people_say_them(value: float, unit: str, zh: str, en: str) -> None:
    """Hours and minutes, percent, numbers with their unit."""
    assert (zh, en) == (grading.quantity(value, unit, "zh"), grading.quantity(value, unit, "en"))


def test_just_below_a_threshold_is_not_reached() -> None:
    """One second less than a day is 重大 at most."""
    assert Grade.I < SCALE.grade([], {"portal_outage": 86399}).grade


@given(measured, st.sampled_from(METRICS), st.floats(0, 1e12))
def test_more_harm_is_never_milder(values: dict[str, float], metric: str, more: float) -> None:
    """Raising one value, or measuring one more, never lowers the grade."""
    worse = values | {metric: values.get(metric, 0.0) + more}

    assert SCALE.grade([], worse).grade <= SCALE.grade([], values).grade


@given(measured)
def test_a_threshold_that_gave_the_grade_was_reached(values: dict[str, float]) -> None:
    """The kept value reaches the kept threshold, and no graver one is reached."""
    proposed = SCALE.grade([], values)

    if proposed.measured is not None and proposed.at_least is not None:
        assert proposed.measured >= proposed.at_least
    graver = [one for one in SCALE.thresholds if one.grade < proposed.grade]
    assert not [one for one in graver if values.get(one.metric, -1) >= one.at_least]
