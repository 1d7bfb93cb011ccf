"""The incident (安全事件): what happened to whom, how grave it is, where its handling stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from netops.core.language import N_, spoken
from netops.core.plane import Plane

WARNINGS = (50, 80, 100)
"""Percent of a clock's time at which people are warned."""


class Grade(StrEnum):
    """特别重大、重大、较大、一般; a smaller text is graver."""

    I = "I"  # noqa: E741 - the standard's own numeral
    II = "II"
    III = "III"
    IV = "IV"

    @property
    def title_zh(self) -> str:
        """As documents say it."""
        return {"I": "特别重大", "II": "重大", "III": "较大", "IV": "一般"}[self]

    @property
    def title_en(self) -> str:
        """The same in English, which is a message id too."""
        names = {"I": N_("especially serious"), "II": N_("serious"), "III": N_("relatively serious"), "IV": N_("ordinary")}
        return names[self]


class Stage(StrEnum):
    """发现 研判 定级 报告 处置 处置结束 总结 归档; beside them 误报 并入 隐患."""

    DETECTED = "detected"
    ASSESSING = "assessing"
    GRADED = "graded"
    REPORTED = "reported"
    HANDLING = "handling"
    HANDLED = "handled"
    SUMMARIZED = "summarized"
    ARCHIVED = "archived"
    FALSE_ALARM = "false_alarm"
    MERGED = "merged"
    HAZARD = "hazard"


COURSE = (
    Stage.DETECTED,
    Stage.ASSESSING,
    Stage.GRADED,
    Stage.REPORTED,
    Stage.HANDLING,
    Stage.HANDLED,
    Stage.SUMMARIZED,
    Stage.ARCHIVED,
)
EXITS = (Stage.FALSE_ALARM, Stage.MERGED, Stage.HAZARD)
CLOSED = (Stage.ARCHIVED, *EXITS)


def may_move(before: Stage, to: Stage) -> bool:
    """Forward along the course (steps may be left out), out by a side exit, or back from one to where it was."""
    if before in EXITS:
        return to in COURSE and to is not Stage.ARCHIVED
    if to in EXITS:
        return before is not Stage.ARCHIVED
    return COURSE.index(to) > COURSE.index(before)


class Grading(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A grade with the rule and the measured value that gave it.

    Args:
        rule: id of the proposal, or metric of the threshold.
        measured, at_least: seconds, ratio 0-1, persons, count or CNY, as *unit* says; None without a threshold.
        verified: False when the number of the rule was not verified at its source.
        by: who decided; "" while it is the tool's proposal.
    """

    grade: Grade
    rule: str
    because_zh: str
    because_en: str
    verified: bool
    source: str
    measured: float | None = None
    at_least: float | None = None
    unit: str = ""
    by: str = ""

    @property
    def because(self) -> str:
        """Why, in the language in use."""
        return self.because_en if spoken() == "en" else self.because_zh


class Deadline(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One clock of one incident.

    Args:
        kind: id of the clock in `playbooks/law/clocks.toml`, such as "C-4H".
        due: None for a duty without a number (及时).
        verified: False when the row, or a year of the working calendar behind it, was not verified.
        stopped: when the act that stops it was done, or None while it runs.
        stopped_by: the recorded act: document number, channel and receipt.
        of: number of the event that started it, or "" when a time of the incident did.
        local: a term of the office, not of law.
        since: what started it: known, detected, handled, or the kind of event.
    """

    kind: str
    title_zh: str
    title_en: str
    start: datetime
    due: datetime | None
    who: str
    to_whom: str
    source: str
    verified: bool
    stopped: datetime | None = None
    stopped_by: str = ""
    of: str = ""
    local: bool = False
    since: str = ""

    @property
    def key(self) -> str:
        """Its name among the clocks of its incident: "C-4H", "C-SUPP/3"."""
        return f"{self.kind}/{self.of}" if self.of else self.kind

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.title_en if spoken() == "en" else self.title_zh

    def used(self, now: datetime) -> float:
        """Share of the time used up at *now*: a ratio, above 1 when it is overdue; 0 for a duty without a number."""
        if self.due is None:
            return 0.0
        return (now - self.start) / (self.due - self.start) if self.due > self.start else 1.0 + (now > self.due)

    def warning(self, now: datetime) -> int:
        """The warning that it stands at: 0, 50, 80 or 100 percent of its time; 0 once it is stopped."""
        if self.stopped is not None:
            return 0
        return max((mark for mark in WARNINGS if self.used(now) >= mark / 100), default=0)


class Event(msgspec.Struct, frozen=True):
    """
    Something that happened or was done about an incident, as a person or a round recorded it.

    Args:
        seq: number within the incident, from 1.
        kind: an act (first, supplement, final, issued, received, reply, recheck, police…), a fact (new_facts, crime,
            vulnerability, data_event), or work on it (note, checklist, task, participant, cost, attachment, whereabouts).
        at: when it happened; *recorded*: when it was written down.
        detail: document_no, channel, receipt, paper, step, amount…, as the kind has it.
    """

    seq: int
    kind: str
    at: datetime
    recorded: datetime
    actor: str
    text: str
    detail: dict[str, Any] = {}


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """
    One incident.

    Args:
        number: such as "INC-2026-0001".
        cause: key of the cause in `playbooks/law/taxonomy.toml`; findings fold by organization, cause and plane.
        category: category.sub in the order of GB/T 20986-2023, such as "6.7".
        state: where its handling stands.
        occurred, detected, known: when it began, when netops opened it, when the unit came to know (starts clocks).
        contained, handled, closed: when it was stopped from spreading, when handling ended, when it left the open ones.
        place: where it happens, a site of the register, as findings fold by; "" when nothing tells.
        acknowledged: since when somebody has it in hand; ends by itself when its cause clears.
        findings: ids linked now, oldest first.
        metrics: measured values that thresholds ask for, by metric.
    """

    number: str
    plane: Plane
    organization: str
    cause: str
    cause_zh: str
    cause_en: str
    category: str
    category_zh: str
    grading: Grading
    state: Stage
    occurred: datetime
    detected: datetime
    known: datetime
    contained: datetime | None = None
    handled: datetime | None = None
    closed: datetime | None = None
    cii: bool = False
    merged_into: str = ""
    place: str = ""
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    findings: tuple[str, ...] = ()
    metrics: dict[str, float] = {}
    deadlines: tuple[Deadline, ...] = ()

    @property
    def grade(self) -> Grade:
        """How grave: proposed by the tool or decided by a person."""
        return self.grading.grade

    @property
    def title(self) -> str:
        """What happened, in the language in use."""
        return self.cause_en if spoken() == "en" else self.cause_zh

    @property
    def is_open(self) -> bool:
        """Whether it still asks for something."""
        return self.state not in CLOSED

    @property
    def next_deadline(self) -> Deadline | None:
        """The running clock that ends first; duties without a number have none."""
        running = [(one.due, one.key, one) for one in self.deadlines if one.stopped is None and one.due is not None]
        return min(running)[2] if running else None
