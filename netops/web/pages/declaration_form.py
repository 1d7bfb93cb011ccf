"""A declaration, or a change of one, handed in by the form of a page: what differs and what the review remarks come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netops.core.errors import Faults
from netops.core.journal import Entry
from netops.core.language import N_, _, called, spoken
from netops.core.permission import Deed
from netops.declarations import filings
from netops.declarations.declaration import Declaration, Statements
from netops.declarations.fields import FIELD, FIELDS, PARTS, cells, stated_of
from netops.declarations.fields import Entry as Kind
from netops.declarations.form import Form, wrong
from netops.declarations.reading import Reading
from netops.rounds import declaring
from netops.rounds.declaration_words import change_words, field_words, note_words
from netops.rounds.declaring import Wishes
from netops.web.pages import declarations, words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Step
from netops.web.pages.visit import Visit, path

SEPARATORS = ("|", "｜", "\t", "；", ";")
PIECES = {
    "equipment": ("name", "model", "address", "kind", "certificate"),
    "applications": ("name", "address", "ports", "users"),
}


def handing_in(visit: Visit) -> Intent:
    """A department hands in a declaration, or a change of one: the plan is what differs and what the review remarks."""
    number = (visit.said.get("number") or visit.asked("number"))[:64]
    before = declarations.known(visit, number) if number else None
    if before is not None:
        visit.who.require(Deed.DECLARE, before.plane, before.organization)

    def stated(said: Mapping[str, str]) -> Statements:
        parts = {name: _pieces(said[name], columns) for name, columns in PIECES.items()}
        plain = {name: text for name, text in said.items() if name in FIELD}
        for name in ("terminals", "wired", "wireless", "servers", "other"):
            if plain.get(name) and not (plain[name].isascii() and plain[name].isdigit() and len(plain[name]) < 9):
                raise Faults(
                    N_("nothing was filed"), [f"{field_words(name)}: {_('{text} is no number').format(text=plain[name])}"], ""
                )
        made = stated_of(plain, parts)
        visit.who.require(Deed.DECLARE, made.plane, made.organization)
        if faults := [f"{field_words(key)}: {what}" for key, what in wrong(made)]:
            raise Faults(N_("nothing was filed"), faults, "")
        return made

    def made(said: Mapping[str, str]) -> tuple[declaring.Plan, Reading, Wishes]:
        forms = Reading((Form(number, stated(said), before.version if before else 0),), ())
        wishes = Wishes(why=said["why"])
        found = declaring.plan(visit.desk, forms, wishes)
        if found.faults:
            told = [
                f"{field_words(fault.field)} {fault.value}: {_(fault.what).format(**fault.facts)}" for fault in found.faults
            ]
            raise Faults(N_("nothing was filed"), told, _(found.faults[0].mend).format(**found.faults[0].facts))
        return found, forms, wishes

    def plan(said: Mapping[str, str]) -> list[Step]:
        [planned] = made(said)[0].items
        lines = [Step(change_words(change), "good") for change in planned.changes]
        lines += [Step(f"{note.code} {note_words(note)}", "bad" if note.required else "note") for note in planned.notes]
        return lines or [Step(_("It says what is there already: nothing is filed."), "note")]

    def do(said: Mapping[str, str], _key: str) -> str:
        found, forms, wishes = made(said)
        filed = declaring.run(visit.desk, found, forms, wishes)
        return path("declarations", filed[0].number if filed else found.items[0].number)

    def stands() -> str:
        if not number:
            return "new"
        now = filings.one(visit.desk.store, number)
        return seen_of(now.version, now.state, now.since)

    title = _("Hand in a change of {number}").format(number=number) if before else _("Hand in a declaration")
    return Intent(
        title,
        [Field("number", "", "hidden", number), *_fields(visit, before)],
        plan,
        do,
        path("declarations", number) if before else path("declarations"),
        stands(),
        stands,
        where=_filed,
        verb=_("Hand it in"),
    )


def _filed(entry: Entry) -> str:
    return path("declarations", entry.subject)


def _fields(visit: Visit, before: Declaration | None) -> list[Field]:
    known = (
        cells(before.statements)
        if before
        else {"organization": visit.own, "plane": visit.every_plane[-1].value if visit.every_plane else ""}
    )
    kinds = {Kind.LONG: "area", Kind.COUNT: "number", Kind.DATE: "date", Kind.CHOICE: "choice"}
    fields = []
    for one in FIELDS:
        if one.name in ("number", "version", "authority"):
            continue
        kind, choices = (
            kinds.get(one.entry, "text"),
            [("", "—"), *((value, one.words(value, spoken())) for value in one.choices)],
        )
        if one.name == "organization":
            codes = [visit.own] if visit.own else [entry.code for entry in visit.desk.register.organizations]
            kind, choices = "choice", [(code, called(code)) for code in codes]
        elif one.name == "plane":
            choices = [(plane.value, words.plane(plane)) for plane in visit.every_plane]
        fields.append(
            Field(
                one.name,
                one.label(spoken()),
                kind,
                known.get(one.name, ""),
                one.required,
                choices,
                _(one.hint) if one.hint and one.name != "organization" else "",
            )
        )
    for name, columns in PIECES.items():
        labels = {one.name: one.label(spoken()) for one in PARTS[name]}
        lines = (
            ["；".join(str(getattr(piece, column)) for column in columns).rstrip("；") for piece in getattr(before, name)]
            if before
            else []
        )
        hint = _("One a line: {columns}, with ； between them.").format(columns="；".join(labels[column] for column in columns))
        fields.append(Field(name, field_words(name), "area", "\n".join(lines), hint=hint, most=60_000))
    return [*fields, Field("why", _("Why it changes"), "area")]


def _pieces(text: str, columns: Sequence[str]) -> list[dict[str, str]]:
    found = []
    for line in text.splitlines():
        for mark in SEPARATORS[1:]:
            line = line.replace(mark, SEPARATORS[0])
        if line.strip(" |"):
            parts = [part.strip() for part in line.split(SEPARATORS[0])]
            found.append(dict(zip(columns, [*parts, *[""] * len(columns)], strict=False)))
    return found


ACTS = (Act("/declare", Deed.DECLARE, handing_in),)
