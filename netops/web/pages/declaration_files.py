"""Declarations as a workbook or table: what each row would do is shown first; then all is handed in, or the good rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from netops.core.errors import NetopsError, Refused
from netops.core.language import N_, _, called
from netops.core.permission import Deed
from netops.declarations.reading import Reading
from netops.declarations.values import Fault
from netops.rounds import declaring
from netops.rounds.declaration_words import change_words, fact_words, field_words, note_words
from netops.rounds.declaring import Plan, Planned, Wishes
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Step
from netops.web.pages.visit import Visit, path

ENDS = (".xlsx", ".xls", ".csv")
SHOWN = 100
"""Rows of each kind that a plan names; the others it counts."""


def taking_in(visit: Visit) -> Intent:
    """A file of declarations is taken in."""

    @cache
    def made_of(number: str, plane: str, why: str) -> tuple[Plan, Reading, Wishes]:
        file = visit.file(number)
        if not file.name.lower().endswith(ENDS):
            raise NetopsError(N_("nothing was filed"), N_("{name} is no workbook or table"), N_("hand in XLSX, XLS or CSV"),
                              name=file.name)  # fmt: skip
        wishes = Wishes(plane=plane, why=why)
        read = declaring.handed_in(visit.desk, file.name, file.content, wishes.plane)
        for one in read.forms:  # before anything is told of what is there
            visit.who.require(Deed.DECLARE, one.stated.plane, one.stated.organization)
        return declaring.plan(visit.desk, read, wishes), read, wishes

    def made(said: Mapping[str, str]) -> tuple[Plan, Reading, Wishes]:
        return made_of(said["file"], said["plane"], said["why"])

    def plan(said: Mapping[str, str]) -> list[Step]:
        found = made(said)[0]
        steps = [Step(_told(found), "bad" if found.faults else "")]
        steps += _some([Step(_fault(one), "bad") for one in found.faults])
        steps += _some([step for one in found.items if one.verb != "same" for step in _lines(one)])
        return steps

    def proof(said: Mapping[str, str]) -> str:
        found = made(said)[0]
        return seen_of(found.faults, [declaring.mark(one) for one in found.items])

    def do(said: Mapping[str, str], _key: str) -> str:
        found, read, wishes = made(said)
        if said["seen"] != proof(said):
            raise Refused(N_("nothing was filed"), N_("a declaration changed since the plan was made"), N_("look at it again"))
        if found.faults and said["rows"] == "good":
            read = Reading(tuple(one.form for one in found.items), ())
            found = declaring.plan(visit.desk, read, wishes)
        if not found.faults and not found.items:
            raise Refused(N_("nothing was filed"), N_("no row is without a fault"), N_("mend the file, and choose it again"))
        filed = declaring.run(visit.desk, found, read, wishes)
        return path("declarations", filed[0].number) if len(filed) == 1 else path("declarations")

    planes = [("", _("as the file says")), *((plane.value, words.plane(plane)) for plane in visit.every_plane)]
    rows = [("all", _("all of them, or nothing")), ("good", _("those without a fault"))]
    fields = [
        Field("file", _("Workbook or table"), "file", required=True, hint=_("XLSX, XLS or CSV, at most 4 MiB.")),
        Field("plane", _("Network"), "choice", choices=planes),
        Field("rows", _("Hand in"), "choice", "all", choices=rows),
        Field("why", _("Why it changes"), "area"),
    ]
    title, verb = _("Hand in declarations from a file"), _("Hand it in")
    return Intent(title, fields, plan, do, path("declarations"), verb=verb, proof=proof)


def _told(found: Plan) -> str:
    return _("{new} are new, {change} are changed, {same} say what is there already, {faults} faults").format(
        new=found.count("new"), change=found.count("change"), same=found.count("same"), faults=len(found.faults)
    )


def _fault(one: Fault) -> str:
    facts = fact_words(one.facts)
    parts = [f"{one.place}", field_words(one.field) if one.field else "", one.value[:80], _(one.what).format(**facts)]
    mend = _(one.mend).format(**facts)
    return " · ".join(part for part in parts if part) + (f" → {mend}" if mend else "")


def _lines(one: Planned) -> list[Step]:
    stated = one.form.stated
    number = one.number or _("a first declaration")
    head = f"{called(stated.organization)} · {words.plane(stated.plane)} · {number}"
    changes = "; ".join(map(change_words, one.changes)) if one.before is not None else ""
    lines = [Step(f"{head} {changes}".strip(), "good")]
    if one.theirs:
        theirs = "; ".join(map(change_words, one.theirs))
        lines.append(Step(_("somebody changed it since the form was made: {changes}").format(changes=theirs), "bad"))
    return lines + [Step(f"{head} {note.code} {note_words(note)}", "note") for note in one.notes if note.required]


def _some(steps: Sequence[Step]) -> list[Step]:
    left = len(steps) - SHOWN
    return [*steps[:SHOWN], *([Step(_("{count} more").format(count=left), "note")] if left > 0 else [])]


ACTS = (Act("/declare/file", Deed.DECLARE, taking_in),)
