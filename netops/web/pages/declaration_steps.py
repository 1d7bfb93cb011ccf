"""Steps of declarations on pages: approved, returned, connected, suspended, ended, each with its plan; and the reply."""

from __future__ import annotations

from collections.abc import Mapping

from netops.core.language import _, called
from netops.core.permission import Deed
from netops.declarations import filings
from netops.rounds import declaration_papers
from netops.rounds import declaration_steps as steps
from netops.rounds.declaration_words import note_words
from netops.web.pages import declarations, words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Step
from netops.web.pages.visit import Visit, path

NEED_WHY = ("return", "suspend", "withdraw")


def _stepping(verb: str) -> Act:
    def intend(visit: Visit) -> Intent:
        one = declarations.asked(visit)
        visit.who.require(Deed.REVIEW, one.plane, one.organization)
        moved = filings.movable(visit.desk.store, one.number, verb)

        def stands() -> str:
            now = filings.movable(visit.desk.store, one.number, verb)
            return seen_of(now.version, now.state, now.since)

        def plan(said: Mapping[str, str]) -> list[Step]:
            step = steps.planned(visit.desk, one.number, verb)
            lines = [
                Step(
                    _("{number} version {version}: {before} → {after}").format(
                        number=one.number, version=step.before.version, before=_(step.before.state), after=_(step.after)
                    )
                )
            ]
            lines += [Step(f"{note.code} {note_words(note)}", "bad" if note.required else "note") for note in step.notes]
            lines += (
                [Step(_("{count} allocations rest on it and lose their ground").format(count=step.rests), "note")]
                if step.rests
                else []
            )
            lines += [Step(_("because: {why}").format(why=said["why"]))] if said["why"] else []
            steps.require(step)
            return lines

        def do(said: Mapping[str, str], _key: str) -> None:
            steps.take(visit.desk, steps.planned(visit.desk, one.number, verb), said["why"])

        return Intent(
            words.about(_(declarations.VERBS[verb]), f"{one.number} {called(one.organization)}"),
            [Field("why", _("Why"), "area", required=verb in NEED_WHY)],
            plan,
            do,
            path("declarations", one.number),
            stands(),
            stands,
            facts=[
                (_("state"), _(moved.state)),
                (_("version"), str(moved.version)),
                (_("nature"), moved.nature),
                (_("terminals"), str(moved.terminals)),
            ],
            verb=_(declarations.VERBS[verb]),
        )

    return Act(f"/declarations/{{number}}/{verb}", Deed.REVIEW, intend, bound=False)


def replying(visit: Visit) -> Intent:
    """The reply to a declaration as it stands is drafted: it is numbered and sent by nobody yet."""
    one = declarations.asked(visit)
    visit.who.require(Deed.HANDLE, one.plane, one.organization)

    def stands() -> str:
        now = filings.one(visit.desk.store, one.number)
        return seen_of(now.version, now.state, now.since)

    def plan(_said: Mapping[str, str]) -> list[Step]:
        return [Step(_("draft the reply to {number}, which is {state}").format(number=one.number, state=_(one.state)), "good")]

    def do(_said: Mapping[str, str], _key: str) -> str:
        return path("documents", declaration_papers.reply(visit.desk, one.number).id)

    title = _("Draft the reply to {number}").format(number=one.number)
    return Intent(title, [], plan, do, path("declarations", one.number), stands(), stands)


ACTS = (
    *(_stepping(verb) for verb in declarations.VERBS),
    Act("/declarations/{number}/reply", Deed.HANDLE, replying, bound=False),
)
