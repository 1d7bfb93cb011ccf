"""Checks of what the office itself does: incidents, papers, rounds, backups, accounts, the journal. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from netops.core.account import Role, may_meet, same_person
from netops.core.clock import city_time
from netops.core.finding import Finding
from netops.core.language import N_
from netops.inspections.answer import (
    Check,
    Judgement,
    conform,
    darkness,
    listing,
    nonconform,
    not_applicable,
    partial,
    unchecked,
)
from netops.inspections.facts import CaseFact, Facts, Kind

NO_INCIDENTS = N_("the incidents could not be read")


@Check
def runs_safely(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A29-4: its devices answer, and none of its incidents is open beyond its clocks."""
    if facts.cases is None:
        return unchecked(NO_INCIDENTS)
    mine = [one for one in facts.cases if one.organization == facts.code]
    if late := [one for one in mine if one.overdue]:
        return nonconform(N_("open beyond their clocks: {incidents}"), *_about(facts, late), incidents=_names(late))
    if waiting := [one for one in mine if one.is_open]:
        return partial(N_("being handled: {incidents}"), *_about(facts, waiting), incidents=_names(waiting))
    watched = [one for plane in facts.present() for one in facts.watched(plane) if one.asked]
    if not watched:
        return unchecked(N_("no device that serves it is walked"))
    if (dark := darkness(facts, watched, fresh_hours)) is not None:
        return dark
    return conform(
        N_("its {devices} devices answer; of its {count} incidents none is open"),
        devices=len({one.name for one in watched}),
        count=len(mine),
    )


@Check
def no_such_incident(facts: Facts, categories: str = "", within_days: int = 365) -> Judgement:
    """A17-4: no incident of these categories (GB/T 20986-2023, such as "2.1, 8.2") is open or was within so many days."""
    if facts.cases is None:
        return unchecked(NO_INCIDENTS)
    wanted = {one.strip() for one in categories.split(",")}
    since = facts.at - timedelta(days=within_days)
    mine = [one for one in facts.cases if one.organization == facts.code and _is_of(one, wanted)]
    if standing := [one for one in mine if one.is_open]:
        return nonconform(
            N_("incidents of the kind are open: {incidents}"), *_about(facts, standing), incidents=_names(standing)
        )
    if lately := [one for one in mine if one.known >= since]:
        return partial(
            N_("incidents of the kind within {days} days, closed since: {incidents}"),
            days=within_days,
            incidents=_names(lately),
        )
    if not any(look.at for name, look in facts.looks.items() if name.startswith("egress/")):
        return unchecked(N_("no flows were seen, so nothing would have shown it"))
    return conform(N_("no incident of the kind within {days} days"), days=within_days)


def _names(cases: list[CaseFact]) -> str:
    return listing(one.number for one in cases)


def _about(facts: Facts, cases: list[CaseFact]) -> tuple[Finding, ...]:
    """The findings that incidents are about, as far as they stand."""
    named = {name for one in cases for name in one.findings}
    return tuple(one for one in facts.findings if one.id in named and facts.stands(one))


def _is_of(case: CaseFact, wanted: set[str]) -> bool:
    """A category, or one of its subcategories when only the category is named."""
    return case.category in wanted or case.category.split(".")[0] in wanted


@Check
def orders_lawful(facts: Facts, duties: str = "", others: str = "") -> Judgement:
    """
    A34-1, A35-1: orders to correct were issued only for what carries a sanction, on a basis in force on their day.

    Parameters: *duties*: beginnings of the duties that this clause sanctions ("A16-, A25-"); *others*: those that another
    clause sanctions and that are not judged here.
    """
    if facts.papers is None:
        return unchecked(N_("the issued documents could not be read"))
    mine = tuple(one.strip() for one in duties.split(",") if one.strip())
    elsewhere = tuple(one.strip() for one in others.split(",") if one.strip())
    orders = [
        (one, [name.partition(":")[2] for name in one.duties])
        for one in facts.papers
        if one.instrument == "rectification_order"
    ]
    orders = [(one, names) for one, names in orders if not elsewhere or not all(name.startswith(elsewhere) for name in names)]
    if not orders:
        return not_applicable(N_("no order to correct was issued"))
    if strange := [one.number for one, names in orders if not all(name.startswith((*mine, *elsewhere)) for name in names)]:
        return nonconform(N_("these orders answer what carries no sanction: {papers}"), papers=listing(strange))
    if lapsed := [one.number for one, _names in orders if one.lapsed]:
        return nonconform(N_("these orders rest on a basis that was not in force: {papers}"), papers=listing(lapsed))
    return conform(
        N_("{count} orders, each for what carries a sanction and on a basis in force on its day: {papers}"),
        count=len(orders), papers=listing(one.number for one, _names in orders),
    )  # fmt: skip


@Check
def rounds_on_time(facts: Facts, rounds: str = "", periods: int = 3) -> Judgement:
    """The office: these rounds of the timetable ("" all) did their work within so many of their periods."""
    names = {one.strip() for one in rounds.split(",") if one.strip()}
    asked = [one for one in facts.runs if (not names or one.name in names) and one.period_seconds]
    if not asked:
        return unchecked(N_("the timetable runs no such round"))
    if all(one.done_at is None for one in asked):
        return unchecked(N_("no round has run yet"))
    late = [
        one.name for one in asked
        if one.done_at is not None and facts.at - one.done_at > timedelta(seconds=periods * one.period_seconds)
    ]  # fmt: skip
    if late:
        judge = nonconform if len(late) == len(asked) else partial
        return judge(N_("these rounds did not run in time: {rounds}"), rounds=listing(late, 20))
    if never := [one.name for one in asked if one.done_at is None]:
        return unchecked(N_("these rounds have not run yet: {rounds}"), rounds=listing(never, 20))
    return conform(N_("{count} rounds ran in time: {rounds}"), count=len(asked), rounds=listing(one.name for one in asked))


@Check
def backup_made(facts: Facts, within_hours: int = 48) -> Judgement:
    """The office: a backup of netops itself was made within so many hours."""
    run = next((one for one in facts.runs if one.name == "backup"), None)
    if run is None:
        return unchecked(N_("the backups could not be read"))
    if run.done_at is None:
        return unchecked(N_("no backup was made here yet; what other tools back up is not seen"))
    if facts.at - run.done_at > timedelta(hours=within_hours):
        return nonconform(
            N_("the last backup is of {at}, more than {hours} hours ago"), at=city_time(run.done_at), hours=within_hours
        )
    return conform(N_("the last backup is of {at}"), at=city_time(run.done_at))


@Check
def roles_apart(facts: Facts, second_factor: bool = False) -> Judgement:
    """The office: system, security and audit administration are held, by persons that never meet (三员分立)."""
    if not facts.accounts:
        return unchecked(N_("there is no account yet"))
    held: dict[str, list[str]] = defaultdict(list)
    for one in facts.accounts:
        held[one.role].append(one.name)
    meeting = [
        f"{one.name}+{other.name}"
        for place, one in enumerate(facts.accounts)
        for other in facts.accounts[place + 1 :]
        if same_person(one.person, other.person) and not may_meet(Role(one.role), Role(other.role))
    ]
    if meeting:
        return nonconform(N_("one person holds roles that must never meet: {accounts}"), accounts=listing(meeting))
    missing = [role for role in (Role.SYSTEM, Role.SECURITY, Role.AUDITOR) if not held[role]]
    if missing:
        judge = nonconform if len(missing) == 3 else partial
        return judge(N_("nobody holds: {roles}"), roles=listing(missing))
    bare = [one.name for one in facts.accounts if second_factor and not one.second_factor]
    if bare:
        return partial(N_("without a second factor: {accounts}"), accounts=listing(bare))
    return conform(N_("{count} accounts, the three roles held by different persons"), count=len(facts.accounts))


@Check
def journal_whole(facts: Facts) -> Judgement:
    """The office: no byte of the journal was changed; its head is named."""
    if facts.journal is None:
        return unchecked(N_("the journal was not verified"))
    if facts.journal.fault:
        return nonconform(N_("the journal was changed: {fault}"), fault=facts.journal.fault)
    if not facts.journal.entries:
        return unchecked(N_("the journal is empty"))
    return conform(
        N_("{count} journal entries verified, head {head}"), count=facts.journal.entries, head=facts.journal.head[:16]
    )


@Check
def flows_kept(facts: Facts, least_days: int = 180, fresh_hours: int = 48) -> Judgement:
    """Logs: flow records are kept for so many days, and come from every exporter."""
    if facts.flow_days is None:
        return unchecked(N_("how long flow records are kept is not known"))
    if not facts.flow_days:
        return nonconform(N_("flow records are not kept"))
    if facts.flow_days < least_days:
        return nonconform(
            N_("flow records are kept for {days} days, {least} are asked for"), days=facts.flow_days, least=least_days
        )
    mine = [
        one for one in facts.devices
        if one.exporter and (Kind.AUTHORITY in facts.kinds or Kind.PLATFORM in facts.kinds or one.organization == facts.code)
    ]  # fmt: skip
    if not mine:
        return unchecked(N_("no device is registered as an exporter"))
    since = facts.at - timedelta(hours=fresh_hours)
    if deaf := [one.name for one in mine if one.heard_at is None or one.heard_at < since]:
        return unchecked(N_("no flows came from {devices}"), devices=listing(deaf))
    return conform(
        N_("flow records of {count} exporters are kept for {days} days"), count=len(mine), days=facts.flow_days
    )
