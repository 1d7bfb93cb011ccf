"""Rules of any record (台账核对): what is missing, over, late or contrary in what people wrote down. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from netops.core.basis import Basis
from netops.core.dates import after, first_day, last_day
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.registers.entry import EntryState
from netops.registers.kind import Check, Kind
from netops.registers.scene import Scene, both, said, term
from netops.registers.values import LONG_TERM

OVERALL = (Basis(27), Basis(29))
"""What the registers as a whole are kept for; every finding names the duty of its own register instead."""


@rule(
    "RG-101", "missing_value", Severity.LOW, *OVERALL,
    title=N_("{number} {title} does not say: {field}"),
    because=N_("the register {register} asks for it, and the field is empty"),
)  # fmt: skip
def missing_value(scene: Scene) -> Iterator[Conclusion]:
    """
    A record does not say what its register asks for.

    What: a field that must be filled, for a record of this kind, is empty.
    Why: the duty behind the field is done when the record shows it; an empty field shows nothing.
    Mend: netops register edit KIND NUMBER FIELD=VALUE.
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            if (field.required or field.expected) and field.name not in entry.values:
                yield scene.conclusion("RG-101", kind, entry, field)
    for kind, check, entry in scene.checked("needs"):
        field = kind.field[check.field]
        if (
            check.field not in entry.values
            and not field.expected
            and not field.required
            and check.most is None
        ):
            yield scene.conclusion("RG-101", kind, entry, field, check.duty)


@rule(
    "RG-102", "contrary_value", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} is {value}"),
    because=N_("the register {register} shows what the regulation does not allow for such a record"),
)  # fmt: skip
def contrary_value(scene: Scene) -> Iterator[Conclusion]:
    """
    A record says itself that a duty is not done.

    What: the field has another value than such a record must have: a cross-department system that is not on the platform, open
        high risks, a sub-site outside the portal platform.
    Why: what is written down is honest, and the duty behind the field still stands.
    Mend: put the matter right and enter it (netops register edit), or have the exception accepted (netops finding accept).
    """
    for kind, check, entry in scene.checked("needs"):
        value = entry.values.get(check.field)
        if value is None:
            continue
        plain = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        low = check.least is not None and isinstance(value, int | float) and value < check.least
        high = check.most is not None and isinstance(value, int | float) and value > check.most
        if (check.values and plain not in check.values) or low or high:
            yield scene.conclusion(
                "RG-102", kind, entry, kind.field[check.field], check.duty, value=said(value)
            )


@rule(
    "RG-103", "expired_record", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} was {day}"),
    because=N_("that was {days} days ago"),
)  # fmt: skip
def expired_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that was written down as valid until a day is over.

    What: the date in the field has passed: a product's certification, a plan, a digital certificate, a term to rectify.
    Why: from that day on the record does not prove the duty any more.
    Mend: renew it and enter the new date (netops register edit KIND NUMBER FIELD=DATE), or retire the record.
    """
    for kind, check, entry in scene.checked("expiry"):
        value = entry.values.get(check.field)
        if (
            isinstance(value, str)
            and value != LONG_TERM
            and (days := (scene.today - last_day(value)).days) > 0
        ):
            yield scene.conclusion(
                "RG-103", kind, entry, kind.field[check.field], check.duty, day=value, days=str(days)
            )


@rule(
    "RG-104", "expiring_record", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} is {day}"),
    because=N_("that is in {days} days"),
)  # fmt: skip
def expiring_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that was written down as valid until a day will soon be over.

    What: the date in the field comes within the time that its register gives for a renewal.
    Why: who renews in time is never without.
    Mend: renew it and enter the new date (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("expiry"):
        value = entry.values.get(check.field)
        if not check.remind or not isinstance(value, str) or value == LONG_TERM:
            continue
        days = (last_day(value) - scene.today).days
        if 0 <= days and last_day(value) <= after(scene.today, check.remind):
            yield scene.conclusion(
                "RG-104", kind, entry, kind.field[check.field], check.duty, day=value, days=str(days)
            )


@rule(
    "RG-105", "dangling_reference", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} points at {other}"),
    because=N_("{other} is not there, or was retired"),
)  # fmt: skip
def dangling_reference(scene: Scene) -> Iterator[Conclusion]:
    """
    A record points at one that is no longer in use.

    What: the record that a field refers to was retired, or is not there.
    Why: what belongs together can no longer be followed.
    Mend: netops register edit KIND NUMBER FIELD=OTHER, or restore the other one (netops register restore).
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            other = entry.values.get(field.name) if field.reference else None
            if isinstance(other, str) and scene.states.get(other) is not EntryState.STANDING:
                yield scene.conclusion("RG-105", kind, entry, field, other=other)


@rule(
    "RG-106", "owner_gone", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title} belongs to {owner}, which is not registered any more"),
    because=N_("{field} names an organization that is not in the register of organizations"),
)  # fmt: skip
def owner_gone(scene: Scene) -> Iterator[Conclusion]:
    """
    Nobody answers for a record.

    What: the organization that a record names is not in the register of organizations: it was merged, renamed or dissolved.
    Why: who is in charge and who operates must be known at any time (Article 27).
    Mend: netops register edit KIND NUMBER organization=SUCCESSOR, or retire the record.
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            code = entry.values.get(field.name) if field.type == "organization" else None
            if isinstance(code, str) and code not in scene.organizations:
                yield scene.conclusion("RG-106", kind, entry, field, owner=code)


@rule(
    "RG-107", "outdated_record", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} was {day}"),
    because=N_("it is to be renewed every {period}, and was due on {due}"),
)  # fmt: skip
def outdated_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that must be done again from time to time was done too long ago.

    What: the last assessment, confirmation, drill, backup or delivery is older than its register allows.
    Why: the duty is a recurring one; what was done once proves it only for its period.
    Mend: do it, and enter the day (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("renewal"):
        value = entry.values.get(check.field)
        if not isinstance(value, str) or value == LONG_TERM:
            continue
        due = after(last_day(value), check.within)
        if due < scene.today:
            yield scene.conclusion(
                "RG-107",
                kind,
                entry,
                kind.field[check.field],
                check.duty,
                day=value,
                **term(check.within),
                due=due.isoformat(),
            )


@rule(
    "RG-108", "overdue_record", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} is overdue"),
    because=N_("{start} was {day}; within {period} of it, it was due on {due}"),
)  # fmt: skip
def overdue_record(scene: Scene) -> Iterator[Conclusion]:
    """
    A step that had to follow another one within a time did not, or followed too late.

    What: information not published within seven days, a project in use that was never accepted, an acceptance not applied for.
    Why: the regulation sets the order of steps and the time between them.
    Mend: take the step, and enter its day (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("due"):
        start, done = entry.values.get(check.after), entry.values.get(check.field)
        if not isinstance(start, str) or start == LONG_TERM:
            continue
        due = after(last_day(start), check.within)
        is_late = first_day(done) > due if isinstance(done, str) and done != LONG_TERM else scene.today > due
        if is_late and not (done is not None and check.within == "0d"):
            before = kind.field[check.after]
            yield scene.conclusion(
                "RG-108", kind, entry, kind.field[check.field], check.duty, check.after, day=start, **term(check.within),
                due=due.isoformat(), **both("start", before.zh, before.en),
            )  # fmt: skip


@rule(
    "RG-109", "dates_out_of_order", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} ({day}) is before {start} ({start_day})"),
    because=N_("{start} must come first"),
)  # fmt: skip
def dates_out_of_order(scene: Scene) -> Iterator[Conclusion]:
    """
    Steps of a record stand in the wrong order.

    What: approval before review, acceptance before the test, use before acceptance, an end before its beginning.
    Why: the regulation sets the order of steps (Article 7 for projects).
    Mend: correct the date if it was mistyped (netops register edit); else the step was taken too early and must be made good.
    """
    for kind, check, entry in scene.checked("order"):
        dated = [
            (name, text)
            for name in check.fields
            if isinstance(text := entry.values.get(name), str) and text != LONG_TERM
        ]
        for (first, one), (second, other) in pairwise(dated):
            if last_day(other) < first_day(one):
                before = kind.field[first]
                yield scene.conclusion(
                    "RG-109", kind, entry, kind.field[second], check.duty, first, day=other, start_day=one,
                    **both("start", before.zh, before.en),
                )  # fmt: skip


@rule(
    "RG-110", "duplicate_value", Severity.LOW, *OVERALL,
    title=N_("{number} {title} and {other} have the same {field}"),
    because=N_("in the register {register} it may stand once only"),
)  # fmt: skip
def duplicate_value(scene: Scene) -> Iterator[Conclusion]:
    """
    Two records claim the same thing.

    What: two standing records have the same value where only one may have it: the source of a datum, a filing number, an address.
    Why: one source per datum, one record per thing (Article 24).
    Mend: retire the one that is wrong, or correct its value (netops register edit).
    """
    first: dict[tuple[str, str, str], str] = {}
    for kind, check, entry in scene.checked("once"):
        value = entry.values.get(check.field)
        if value is None:
            continue
        key = (kind.kind, check.field, said(value).casefold())
        if (other := first.setdefault(key, entry.number)) != entry.number:
            yield scene.conclusion("RG-110", kind, entry, kind.field[check.field], check.duty, other=other)


@rule(
    "RG-111", "missing_record", Severity.MEDIUM, *OVERALL,
    title=N_("{organization} has no record in the register {register}"),
    because=N_("the register is kept, and every body that the duty binds must be in it"),
)  # fmt: skip
def missing_record(scene: Scene) -> Iterator[Conclusion]:
    """
    A body that a duty binds is not in the register.

    What: the register is in use, and an organization that must have a record in it (a security manager, a contingency plan, a
        protection level, a sub-site) has none. A register without any record asks nobody.
    Why: the duty binds every body; who is not written down has not done it, or nobody knows.
    Mend: netops register add KIND organization=CODE …
    """
    for kind in scene.kept:
        for check in (one for one in kind.checks if one.rule == "everyone"):
            have = {entry.organization for entry in scene.records[kind.kind] if check.concerns(entry.values)}
            for body in scene.bodies:
                if (
                    check.who not in ("all", "county" if body.is_county else "department")
                    or body.code in have
                ):
                    continue
                zh, en = _narrowed(kind, check)
                proof: dict[str, object] = {
                    "register": kind.kind,
                    "records": len(scene.records[kind.kind]),
                    "with_record": sorted(have),
                }
                yield Conclusion(
                    "RG-111", scene.plane, {"organization": body.code, "register": kind.kind}, body.code,
                    {"organization": body.code,
                     **both("register", kind.head.title_zh + zh, kind.head.title_en + en)},
                    (Evidence("register", kind.kind, f"{kind.kind} of {body.code}", proof, scene.at),), scene.at,
                    identity=f"{kind.kind} {body.code} {sorted(check.when.items())}", basis=kind.basis(check.duty),
                )  # fmt: skip


def _narrowed(kind: Kind, check: Check) -> tuple[str, str]:
    """Which of the records is meant, in both languages: （信息安全管理人员）."""
    words: tuple[list[str], list[str]] = ([], [])
    for name, wanted in check.when.items():
        for one in kind.field[name].choices:
            if one.key in ([wanted] if isinstance(wanted, str) else wanted):
                words[0].append(one.zh)
                words[1].append(one.en)
    return (f"（{'、'.join(words[0])}）", f" ({', '.join(words[1])})") if words[0] else ("", "")


OF_RECORDS = (
    missing_value, contrary_value, expired_record, expiring_record, dangling_reference, owner_gone, outdated_record,
    overdue_record, dates_out_of_order, duplicate_value, missing_record,
)  # fmt: skip
