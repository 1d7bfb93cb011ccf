"""Checks of what the registers say: is it written down, whole, in time and without contradiction. Pure."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.dates import first_day, last_day
from netops.core.language import N_
from netops.inspections.answer import (
    Check,
    Judgement,
    conform,
    listing,
    nonconform,
    not_applicable,
    partial,
    unchecked,
)
from netops.inspections.facts import Facts
from netops.inspections.records import FORESEEN, RecordFact, Shortfall, agrees, wanted

NOT_READ = N_("the registers could not be read")
NOBODY_KEEPS = N_("nobody keeps the register {register} yet, so nothing shows it")
DAYS_A_MONTH = 30.5


@Check
def recorded(
    facts: Facts,
    register: str = "",
    when: str = "",
    fields: str = "",
    must: str = "",
    duty: str = "",
    required: bool = False,
    city: bool = False,
) -> Judgement:
    """
    Any duty: what it asks to be written down is in its register, whole, in time and without contradiction.

    Parameters: *register*; *when*: only records like this ("class=news|notice, guided_on=*"); *fields*: must be filled;
    *must*: what they must say; *duty*: only shortfalls behind which this duty stands; *required*: there must be a record;
    *city*: the records of every organization.
    """
    if facts.records is None:
        return unchecked(NOT_READ)
    book, owner = facts.records, "" if city else facts.code
    called = book.called(register)
    if not book.of(register):
        return unchecked(NOBODY_KEEPS, **called)
    every, mine = book.of(register, owner), book.of(register, owner, wanted(when))
    short = _short(facts, book.short(register, owner, duty, [one.number for one in mine]))
    absent = [one for one in short.open if not one.record]
    if absent and not mine:
        return _pointed(nonconform(N_("its record in the register {register} is missing"), **called), absent, mine)
    if not mine and required:
        return nonconform(N_("the register {register} has no record of it that is asked for"), **called)
    if not mine and every:
        return not_applicable(N_("none of its records in the register {register} is of the kind asked for"), **called)
    if not mine:
        reason = N_("it has no record in the register {register}; whether there is anything to record, a person has to say")
        return unchecked(reason, **called)
    return _weighed(mine, [*short.open, *_unlike(register, mine, fields, must)], short, called)


@Check
def everyone_recorded(
    facts: Facts, register: str = "", when: str = "", date_field: str = "", within_months: int = 12
) -> Judgement:
    """Duties of the authority: every organization has a record in the register, not older than so many months."""
    if facts.records is None:
        return unchecked(NOT_READ)
    called = facts.records.called(register)
    if not facts.supervised:
        return unchecked(N_("the register names no organization to look at"))
    rows = facts.records.of(register, "", wanted(when))
    if not rows:
        return unchecked(NOBODY_KEEPS, **called)
    done = {one.organization for one in rows if not date_field or _is_recent(facts, one, date_field, within_months)}
    left = [code for code in facts.supervised if code not in done]
    said = {**called, "months": within_months, "organizations": listing(left), "count": len(facts.supervised)}
    looked = tuple(one.shown for one in rows)
    if len(left) == len(facts.supervised):
        judged = nonconform(N_("the register {register} has no organization within {months} months"), **said)
    elif left:
        judged = partial(N_("not in the register {register} within {months} months: {organizations}"), **said)
    else:
        judged = conform(N_("all {count} organizations are in the register {register} within {months} months"), **said)
    return msgspec.structs.replace(judged, looked=looked)


@Check
def interfaces_provided(facts: Facts) -> Judgement:
    """A25-2: everything that it has in the city's sharing catalogue has an interface, and that one delivers in its period."""
    if facts.records is None:
        return unchecked(NOT_READ)
    book = facts.records
    if not book.of("catalogue"):
        return unchecked(NOBODY_KEEPS, **book.called("catalogue"))
    every = book.of("catalogue", facts.code)
    listed = [one for one in every if one.values.get("listed") is True]
    if not listed and every:
        return not_applicable(N_("none of its resources is in the city's sharing catalogue"))
    if not listed:
        reason = N_("it has no record in the register {register}; whether there is anything to record, a person has to say")
        return unchecked(reason, **book.called("catalogue"))
    serving = {str(one.values.get("resource", "")): one for one in book.of("interfaces", facts.code)}
    bare = [one for one in listed if one.number not in serving]
    mine = [serving[one.number] for one in listed if one.number in serving]
    called = book.called("interfaces")
    if len(bare) == len(listed):
        return _pointed(
            nonconform(N_("no interface is registered for: {records}"), records=_names(bare)), [], [*listed, *mine]
        )
    if bare:
        return _pointed(
            partial(N_("no interface is registered for: {records}"), records=_names(bare)), [], [*listed, *mine]
        )
    short = _short(facts, book.short("interfaces", facts.code, "A25-2", [one.number for one in mine]))
    if not short.open and (never := [one for one in mine if "last_delivery" not in one.values]):
        return unchecked(N_("nothing shows that these interfaces ever delivered: {records}"), records=_names(never))
    return _weighed([*listed, *mine], list(short.open), short, called, whole=len(mine))


# ---- what several checks do
class _Short(msgspec.Struct, frozen=True):
    open: tuple[Shortfall, ...]
    excused: tuple[Shortfall, ...]


def _short(facts: Facts, rows: list[Shortfall]) -> _Short:
    """Those that count, and those that an exception covers today; warnings of what is to come are neither."""
    today = facts.at.astimezone(CITY_ZONE).date().isoformat()
    counted = [one for one in rows if one.kind not in FORESEEN]
    excused = tuple(one for one in counted if one.excused_until >= today)
    return _Short(tuple(one for one in counted if one not in excused), excused)


def _unlike(register: str, mine: list[RecordFact], fields: str, must: str) -> list[Shortfall]:
    """What the item itself asks of a record beyond what its register does."""
    names, asked = [name.strip() for name in fields.split(",") if name.strip()], wanted(must)
    found = []
    for one in mine:
        if any(name not in one.values for name in names):
            found.append(Shortfall("missing_value", (), register, one.organization, one.number))
        if not agrees(one, asked):
            found.append(Shortfall("unlike", (), register, one.organization, one.number))
    return found


def _weighed(
    mine: list[RecordFact], bad: list[Shortfall], short: _Short, called: dict[str, str], whole: int = 0
) -> Judgement:
    """Nonconform when every record falls short, partial when some do or an exception covers one, else conform."""
    told = {**called, "count": str(len(mine))}
    hit = {one.record for one in bad}
    if bad:
        judge = nonconform if len(hit - {""}) >= (whole or len(mine)) else partial
        lacks = listing(f"{one.record}/{one.kind}".lstrip("/") for one in bad)
        return _pointed(judge(N_("in the register {register} these fall short: {lacks}"), **told, lacks=lacks), bad, mine)
    if short.excused:
        until = min(one.excused_until for one in short.excused)
        judged = partial(
            N_("in the register {register} an exception stands until {until} for: {records}"), **told, until=until,
            records=listing(one.record or one.organization for one in short.excused),
        )  # fmt: skip
        return _pointed(judged, list(short.excused), mine)
    shown = conform(N_("the register {register} shows it ({count}): {records}"), **told, records=_names(mine))
    return _pointed(shown, [], mine)


def _pointed(judged: Judgement, bad: list[Shortfall], mine: list[RecordFact]) -> Judgement:
    """With the findings behind it, their evidence, and the records that were read."""
    return msgspec.structs.replace(
        judged,
        findings=tuple(dict.fromkeys(one.finding for one in bad if one.finding)),
        evidence=tuple(dict.fromkeys(piece for one in bad for piece in one.proof)),
        looked=tuple(one.shown for one in mine),
    )


def _names(rows: list[RecordFact]) -> str:
    return listing(one.number for one in rows)


def _is_recent(facts: Facts, record: RecordFact, field: str, months: int) -> bool:
    """False for a day too long ago, still to come, or not a date; a month or a year counts to its last day."""
    today, text = facts.at.astimezone(CITY_ZONE).date(), str(record.values.get(field, ""))
    try:
        return first_day(text) <= today and last_day(text) >= today - timedelta(days=months * DAYS_A_MONTH)
    except ValueError:
        return False
