"""What the office itself did, carried to the inspections room: incidents, papers, rounds, accounts, the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from netops.core import accounts, journal
from netops.core.account import AccountState
from netops.desk import Desk
from netops.incidents import casebook, legal_basis, papers
from netops.incidents.papers import PaperState
from netops.inspections.facts import AccountFact, CaseFact, JournalFact, PaperFact, RunFact
from netops.settings import seconds


def cases(desk: Desk) -> Iterator[CaseFact]:
    """Every incident that is one, and whether a clock of it ran out."""
    at = desk.clock()
    for one in casebook.listed(desk.store):
        if one.state in ("merged", "false_alarm"):
            continue
        overdue = any(clock.due is not None and clock.stopped is None and clock.due < at for clock in one.deadlines)
        yield CaseFact(one.number, one.organization, one.category, one.known, one.is_open, overdue and one.is_open, one.findings)


def issued(desk: Desk) -> Iterator[PaperFact]:
    """Every issued paper, with the rows of the law that it used and that were not in force on its day."""
    rows = {row.id: row for row in legal_basis.load(desk.playbooks)}
    for one in papers.listed(desk.store):
        if one.state is not PaperState.ISSUED:
            continue
        used = {row.id: row for row in one.decision.used} or {name: rows[name] for name in one.decision.rows if name in rows}
        day = date.fromisoformat(one.decision.day)
        lapsed = tuple(name for name, row in used.items() if not row.in_force(day))
        yield PaperFact(
            one.paper.number or one.id, one.instrument, one.organization, one.decision.duties, one.decision.day, lapsed
        )


def enabled(desk: Desk) -> Iterator[AccountFact]:
    """The accounts that may be used."""
    for one in accounts.every(desk.store):
        if one.state is AccountState.ENABLED:
            yield AccountFact(one.name, one.person, one.role, one.has_second_factor)


def rounds(desk: Desk) -> Iterator[RunFact]:
    """Every round with its period on the timetable; a backup counts by whoever made it."""
    from netops.rounds import diary

    done = {name: run.ended for name, run in diary.last_success(desk.store).items()}
    if by_hand := journal.log(desk.store, 1, verb="backup.create"):
        done["backup"] = by_hand[0].at
    for name in diary.ROUNDS:
        yield RunFact(name, float(seconds(getattr(desk.config.timetable, name))), done.get(name))


def verified(desk: Desk, wanted: Collection[str]) -> JournalFact | None:
    """The journal, verified whole; None when no check asks for it, because reading all of it takes a while."""
    if "journal_whole" not in wanted:
        return None
    found = journal.verify(desk.store)
    return JournalFact(found.entries, found.head, found.why)
