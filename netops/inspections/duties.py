"""Checks of Articles 2 and 27 to 30: officers, rules, plans, reports, notices and inspections. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from netops.core.clock import CITY_ZONE, city_time
from netops.core.language import N_
from netops.core.organization import Officer
from netops.inspections.answer import Check, Judgement, conform, listing, nonconform, partial, unchecked
from netops.inspections.facts import Facts, IncidentFact, Kind
from netops.inspections.records import RecordFact
from netops.inspections.written import DAYS_A_MONTH, recorded

EMPTY = N_("no register is in force")
NOBODY = N_("nobody is registered with this particular yet, so nothing shows it")
PARTICULARS = ("responsible", "security_officer", "protection_level", "management_system", "contingency_plan")
"""What the register of organizations keeps of each."""


@Check
def organization_registered(facts: Facts) -> Judgement:
    """A02-1: the body stands in the register in force."""
    if facts.version == 0:
        return unchecked(EMPTY)
    changes = facts.records.of("bodies", facts.code) if facts.records else []
    merged = [one for one in changes if one.values.get("change") == "merged"]
    if merged:
        return nonconform(
            N_("{record} says that it was merged on {day}, and it stands in the register still"),
            record=merged[-1].number,
            day=merged[-1].values.get("changed_on", ""),
        )
    return conform(N_("it stands in version {version} of the register"), version=facts.version)


@Check
def responsible_person(facts: Facts, confirmed_months: int = 12) -> Judgement:
    """A04-2, A27-1: somebody answers for it, confirmed lately."""
    return _named(
        facts,
        "responsible",
        _officer(facts, "leader", facts.organization.responsible),
        confirmed_months,
        N_("no responsible person is registered"),
    )


@Check
def security_officer(facts: Facts, confirmed_months: int = 12) -> Judgement:
    """A29-1: an information security manager is named, confirmed lately."""
    return _named(
        facts,
        "security_officer",
        _officer(facts, "security_manager", facts.organization.security_officer),
        confirmed_months,
        N_("no information security manager is registered"),
    )


@Check
def protection_level(facts: Facts) -> Judgement:
    """A27-2: the level of classified protection is determined, of every object that the register of protection has of it."""
    objects = _of(facts, "protection")
    if facts.version == 0 and not objects:
        return unchecked(EMPTY)
    if objects:
        return recorded(facts, register="protection", duty="A27-2")
    level = facts.organization.protection_level
    if level == 0:
        return _nothing(facts, "protection_level", N_("no protection level is registered"))
    return conform(N_("protection level {level} is registered"), level=level)


@Check
def management_system(facts: Facts) -> Judgement:
    """A29-2: a security management system is on file, and not out of date."""
    if _of(facts, "policies", "management_system"):
        return recorded(facts, register="policies", when="class=management_system")
    if facts.version == 0:
        return unchecked(EMPTY)
    title = facts.organization.management_system
    return (
        conform(N_("on file: {title}"), title=title)
        if title
        else _nothing(facts, "management_system", N_("no management system is on file"))
    )


@Check
def contingency_plan(facts: Facts, drill_months: int = 12) -> Judgement:
    """A29-3: an emergency plan is on file and was drilled lately."""
    plans = _of(facts, "policies", "contingency_plan")
    if facts.version == 0 and not plans:
        return unchecked(EMPTY)
    title = plans[-1].title if plans else facts.organization.contingency_plan
    drills = [str(one.values.get("held_on", "")) for one in _of(facts, "drills")]
    drilled = max([*drills, facts.organization.drilled])
    if not title:
        return _nothing(facts, "contingency_plan", N_("no contingency plan is on file"))
    if not drilled:
        return partial(N_("on file: {title}; no drill is recorded"), title=title)
    if not _is_recent(facts, drilled, drill_months):
        return partial(
            N_("on file: {title}; the last drill was on {drilled}, more than {months} months ago"),
            title=title,
            drilled=drilled,
            months=drill_months,
        )
    return conform(N_("on file: {title}; drilled on {drilled}"), title=title, drilled=drilled)


@Check
def reports_on_time(facts: Facts) -> Judgement:
    """A30-1: every incident that had to be reported was, within its clock."""
    due = [one for one in _incidents(facts) if one.report_due is not None]
    if facts.incidents is None:
        return unchecked(N_("the incidents could not be read"))
    late = [one.number for one in due if one.report_due and (one.reported_at or facts.at) > one.report_due]
    if late:
        return nonconform(N_("reported too late or not at all: {incidents}"), incidents=listing(late))
    reported = {one.number for one in due if one.reported_at}
    if not reported:
        return unchecked(N_("no incident has been reported yet, so nothing shows that reporting works"))
    return conform(N_("{count} incidents were reported within their clocks"), count=len(reported))


@Check
def notices_answered(facts: Facts) -> Judgement:
    """A30-2: every notice that was issued was answered within its term."""
    if facts.incidents is None:
        return unchecked(N_("the incidents could not be read"))
    issued = [one for one in _incidents(facts) if one.notice_issued]
    if not issued:
        return unchecked(N_("no notice has been issued yet, so nothing shows that notices are answered"))
    late = [one.number for one in issued if one.answer_due and (one.answered_at or facts.at) > one.answer_due]
    if late:
        return nonconform(
            N_("the notice of {incidents} was not answered in its term"), incidents=listing(late)
        )
    waiting = [one.number for one in issued if not one.answered_at]
    if waiting:
        return partial(N_("the notice of {incidents} waits for its answer"), incidents=listing(waiting))
    return conform(N_("{count} notices were answered"), count=len(issued))


@Check
def inspected_regularly(facts: Facts, within_days: int = 365) -> Judgement:
    """A30-7: an inspector answered a checklist of every organization lately."""
    if not facts.supervised:
        return unchecked(N_("the register names no organization to inspect"))
    if not facts.inspected:
        return unchecked(N_("no inspector has answered a checklist yet"))
    limit = facts.at - timedelta(days=within_days)
    overdue = [
        code for code in facts.supervised if code not in facts.inspected or facts.inspected[code] < limit
    ]
    if len(overdue) == len(facts.supervised):
        return nonconform(
            N_("none of {count} organizations was inspected within {days} days"),
            count=len(overdue),
            days=within_days,
        )
    if overdue:
        return partial(
            N_("not inspected within {days} days: {organizations}"),
            days=within_days,
            organizations=listing(overdue),
        )
    return conform(
        N_("all {count} organizations were inspected within {days} days, the first on {first}"),
        count=len(facts.supervised),
        days=within_days,
        first=city_time(min(facts.inspected[code] for code in facts.supervised), "%Y-%m-%d"),
    )


def _of(facts: Facts, register: str, kind: str = "") -> list[RecordFact]:
    """Its records in a register, of one class when one is named."""
    when = {"class": (kind,)} if kind else {}
    return facts.records.of(register, facts.code, when) if facts.records else []


def _officer(facts: Facts, post: str, inventory: Officer | None) -> Officer | None:
    """Who has a post: as the register of officers says, else as the register of organizations does."""
    held = facts.records.of("officers", facts.code, {"post": (post,)}) if facts.records else []
    if not held:
        return inventory if facts.version else None
    newest = max(held, key=lambda one: str(one.values.get("confirmed_on", "")))
    confirmed = str(newest.values.get("confirmed_on", ""))
    return Officer(str(newest.values.get("person", "")), str(newest.values.get("phone", "")), confirmed)


REGISTERS = {
    "responsible": ("officers", "post", "leader"),
    "security_officer": ("officers", "post", "security_manager"),
    "protection_level": ("protection", "", ""),
    "management_system": ("policies", "class", "management_system"),
    "contingency_plan": ("policies", "class", "contingency_plan"),
}
"""Where a particular is kept besides: register, field and value."""


def _nothing(facts: Facts, particular: str, reason: str) -> Judgement:
    """Nonconform where others are registered with it; unchecked where nobody is: nobody keeps it here."""
    register, field, value = REGISTERS[particular]
    when = {field: (value,)} if field else {}
    kept = particular in facts.kept or bool(facts.records and facts.records.of(register, "", when))
    return nonconform(reason) if kept else unchecked(NOBODY)


def _named(facts: Facts, particular: str, officer: Officer | None, months: int, nobody: str) -> Judgement:
    if facts.version == 0 and officer is None:
        return unchecked(EMPTY)
    if officer is None or not officer.name.strip():
        return _nothing(facts, particular, nobody)
    if not officer.confirmed:
        return partial(N_("{name} is named; nobody confirmed it yet"), name=officer.name)
    if not _is_recent(facts, officer.confirmed, months):
        return partial(
            N_("{name} is named; last confirmed on {confirmed}, more than {months} months ago"),
            name=officer.name,
            confirmed=officer.confirmed,
            months=months,
        )
    return conform(
        N_("{name} is named, confirmed on {confirmed}"), name=officer.name, confirmed=officer.confirmed
    )


def _is_recent(facts: Facts, day: str, months: int) -> bool:
    """False for a day too long ago, still to come, or not a date."""
    today = facts.at.astimezone(CITY_ZONE).date()
    try:
        return today - timedelta(days=months * DAYS_A_MONTH) <= date.fromisoformat(day) <= today
    except ValueError:
        return False


def _incidents(facts: Facts) -> list[IncidentFact]:
    """All of the city for the authority; its own for anybody else."""
    return [
        one
        for one in facts.incidents or ()
        if Kind.AUTHORITY in facts.kinds or one.organization == facts.code
    ]
