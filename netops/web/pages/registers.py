"""Registers: every kind by its one grammar; records with their versions; entered, changed and retired by who keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from starlette.responses import Response

from netops.core import ranked
from netops.core.errors import Missing
from netops.core.finding import STANDING
from netops.core.journal import Entry as JournalEntry
from netops.core.language import N_, _, bracketed, called, series, spoken
from netops.core.permission import Deed
from netops.core.sheet import folded
from netops.registers import attachments, entries
from netops.registers.entry import Entry, EntryState, differences
from netops.registers.kind import Field as KindField
from netops.registers.kind import Kind
from netops.registers.values import shown
from netops.rounds import register_forms
from netops.rounds import registers as rounds
from netops.rounds.register_names import DeskNames
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
COLUMNS = 6
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def listed(visit: Visit) -> Shown:
    """Every register, and how many records of it stand."""
    if visit.own:
        known = rounds.kinds(visit.desk)
        counts = {kind: entries.count(visit.desk.store, kind, planes=visit.planes, organization=visit.own) for kind in known}
        gone = dict.fromkeys(known, 0)
    else:
        every = entries.counts(visit.desk.store, visit.planes)
        known = rounds.kinds(visit.desk)
        counts = {kind: every.get(kind, {}).get(EntryState.STANDING, 0) for kind in known}
        gone = {kind: every.get(kind, {}).get(EntryState.RETIRED, 0) for kind in known}
    rows: list[list[str | Cell]] = [
        [
            Cell(one.title(spoken()), path("registers", kind)),
            series(str(number) for number in sorted({int(duty[1:3]) for duty in one.head.duties})),
            Cell(_("the organization") if one.head.kept_by == "organization" else _("the authority")),
            Cell(str(counts[kind])),
            str(gone[kind]) if gone[kind] else "",
        ]
        for kind, one in known.items()
    ]
    table = Table(
        "registers",
        _("Registers"),
        [_("register"), _("articles"), _("kept by"), _("in use"), _("retired")],
        rows,
        _("No register is declared."),
        frozenset({3, 4}),
        csv=visit.here(format="csv", table="registers"),
    )
    found = ranked.page(visit.desk.store, LIMIT, planes=visit.planes, organization=visit.own, state=STANDING, code="RG-")
    wrong = Table(
        "findings",
        _("What is missing, late or contrary"),
        words.finding_heads(),
        [words.finding_row(one) for one in found],
        _("Nothing stands: no finding is open."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv", table="findings"),
    )
    answer = _("Registers: {kinds}; records in use: {records}; findings about them: {count}.").format(
        kinds=len(known), records=sum(counts.values()), count=len(found)
    )
    return Shown("list.html", answer, {"tabs": [], "acts": []}, [table, wrong], mark="note" if found else "")


def _kind(visit: Visit) -> Kind:
    return rounds.kind(visit.desk, visit.path["kind"][:64])


def _deed(found: Kind) -> Deed:
    """What keeping this register is: declaring for oneself, or the authority's part."""
    return Deed.DECLARE if found.head.kept_by == "organization" else Deed.REVIEW


def records(visit: Visit) -> Shown:
    """Records of one register; found by words, or page after page."""
    visit = visit.then()
    found, whose = _kind(visit), visit.own or visit.asked("organization")
    text, offset, retired = visit.asked("text"), visit.counted("from", 0, 1_000_000), visit.asked("retired") == "yes"
    if visit.own and visit.asked("organization") not in ("", visit.own):
        several: list[Entry] = []
    elif text:
        several = [
            one
            for one in rounds.search(visit.desk, text, kinds_=(found.kind,), organization=whose, limit=LIMIT)
            if one.plane in visit.planes and visit.sees(one.plane, one.organization)
        ]
    else:
        several = rounds.of(
            visit.desk, found.kind, planes=visit.planes, organization=whose, retired=retired, limit=LIMIT + 1, offset=offset
        )
    total = entries.count(visit.desk.store, found.kind, planes=visit.planes, organization=whose)
    names, columns = DeskNames(visit.desk), _columns(found)
    told = [rounds.told_to(visit.who, found, one) for one in several[:LIMIT]]
    rows: list[list[str | Cell]] = [
        [
            Cell(one.number, path("registers", found.kind, one.number), "good" if one.stands else "open", short=True),
            Cell(words.plane(one.plane), short=True),
            *(shown(field, one.values.get(field.name), spoken(), names) for field in columns),
            Cell(words.time(one.changed_at, "%Y-%m-%d"), short=True),
        ]
        for one in told
    ]
    title = found.title(spoken())
    table = Table(
        "records",
        title,
        [_("number"), _("plane"), *(field.label(spoken()) for field in columns), _("changed")],
        rows,
        _("no record of the register {title} stands").format(title=title),
        more=visit.here(**{"from": offset + LIMIT}) if len(several) > LIMIT and not text else "",
        before=visit.here(**{"from": max(offset - LIMIT, 0) or None}) if offset else "",
        csv=visit.here(format="csv", table="records"),
    )
    tabs = [
        (visit.here(retired=None, **{"from": None}), _("in use"), not retired),
        (visit.here(retired="yes", **{"from": None}), _("retired too"), retired),
    ]
    acts = [(path("registers", found.kind, "add"), _("Enter a record"))] if visit.may(_deed(found)) else []
    acts.append((path("registers", found.kind, "form.xlsx"), _("Form to fill in (XLSX)")))
    under = found.head.note_zh if spoken() == "zh" else found.head.note_en
    return Shown(
        "asked.html",
        _("{title}: {count} in use.").format(title=title, count=total),
        {"tabs": tabs, "acts": acts, "visit": visit, "hidden": {"retired": visit.asked("retired")}},
        [table],
        under=under,
        trail=[("/registers", _("Registers"))],
    )


def _columns(found: Kind) -> list[KindField]:
    key = [found.head.name, "organization", *found.head.key]
    first = [one for one in found.fields if one.required or one.name in key]
    return sorted([*first, *(one for one in found.fields if one not in first)][:COLUMNS], key=found.fields.index)


def _one(visit: Visit) -> tuple[Kind, Entry]:
    number, found = visit.path["number"][:32], _kind(visit)
    missing = Missing("there is no record {number}", "", "netops register list {kind}", number=number, kind=found.kind)
    try:
        _same, one = rounds.one(visit.desk, found.kind, number)
    except Missing:
        raise missing from None
    if not visit.sees(one.plane, one.organization) or folded(number) != folded(one.number):
        raise missing
    return found, one


def show(visit: Visit) -> Shown:
    """One record with its versions, files, and what points at it."""
    visit = visit.then()
    found, whole = _one(visit)
    one, names = rounds.told_to(visit.who, found, whole), DeskNames(visit.desk)
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("state"), Cell(_(one.state.value), mark="good" if one.stands else "open")),
        (_("plane"), words.plane(one.plane)),
        *rounds.told(visit.desk, found, one, names),
        (_("changed"), f"{words.time(one.changed_at)} {one.changed_by}"),
    ]
    personal = visit.may(Deed.READ_PERSONAL, one.plane, one.organization)
    rows: list[list[str | Cell]] = []
    before: Mapping[str, object] = {}
    for version in entries.history(visit.desk.store, one.number):
        for change in differences(before, version.values, found.field):
            field = found.field.get(change.field)
            if field is None or (field.personal and not personal):
                continue
            rows.append(
                [
                    str(version.version),
                    Cell(words.time(version.at), short=True),
                    version.actor,
                    version.why,
                    field.label(spoken()),
                    shown(field, change.before, spoken(), names) if change.before is not None else "—",
                    shown(field, change.after, spoken(), names) if change.after is not None else "—",
                ]
            )
        before = version.values
    versions = Table(
        "versions",
        _("What each version changed"),
        [_("version"), _("time"), _("who"), _("why"), _("field"), _("before"), _("after")],
        rows,
        _("Nothing of it has changed."),
        frozenset({0}),
        csv=visit.here(format="csv", table="versions"),
    )
    files = Table(
        "files",
        _("Attachments"),
        [_("name"), _("size"), "SHA-256", _("time"), _("who")],
        [
            [file.name, words.octets(file.size), file.sha256[:16] + "…", words.time(file.at), file.actor]
            for file in attachments.listed(visit.desk.store, one.number)
        ],
        _("No file is attached."),
        frozenset({1}),
        csv=visit.here(format="csv", table="files"),
    )
    pointing = [other for other in rounds.referring(visit.desk, whole) if visit.sees(other.plane, other.organization)]
    other = Table(
        "referred",
        _("Referred to by"),
        [_("number"), _("register"), _("title"), _("organization")],
        [
            [
                Cell(each.number, path("registers", each.kind, each.number)),
                rounds.kind(visit.desk, each.kind).title(spoken()),
                rounds.told_to(visit.who, rounds.kind(visit.desk, each.kind), each).title,
                words.organization(each.organization),
            ]
            for each in pointing
        ],
        _("No record refers to it."),
        csv=visit.here(format="csv", table="referred"),
    )
    acts = []
    if visit.may(_deed(found), one.plane, one.organization):
        acts = [
            (path("registers", found.kind, one.number, "change"), _("Change it")),
            (
                path("registers", found.kind, one.number, "retire" if one.stands else "restore"),
                _("Retire it") if one.stands else _("Take it into use again"),
            ),
        ]
    return Shown(
        "record.html",
        f"{one.number} {one.title}",
        {"facts": facts, "acts": acts},
        [versions, files, other],
        under=called(one.organization),
        trail=[("/registers", _("Registers")), (path("registers", found.kind), found.title(spoken()))],
        mark="" if one.stands else "note",
    )


def form(visit: Visit) -> Response:
    """The register's form as a workbook, empty: `register import` reads it."""
    found = _kind(visit)
    made = register_forms.workbook(visit.desk, [(found, [])])
    return Response(made, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{found.kind}.xlsx"'})


# ---- acts
def adding(visit: Visit) -> Intent:
    """Enter a record; a department one of its own."""
    found = _kind(visit)
    visit.who.require(_deed(found))
    return _editing(visit, found, None)


def changing(visit: Visit) -> Intent:
    """Change fields of a record."""
    found, one = _one(visit)
    visit.who.require(_deed(found), one.plane, one.organization)
    return _editing(visit, found, one)


def _editing(visit: Visit, found: Kind, one: Entry | None) -> Intent:
    names = DeskNames(visit.desk)

    def stands() -> str:
        return seen_of(entries.one(visit.desk.store, one.number).version) if one else "new"

    def edit(said: Mapping[str, str]) -> rounds.Edit:
        known = _values(found, one, names)
        changed = {name: said[name] for name in found.field if name in said and said[name] != known.get(name, "")}
        planes = {plane.value: plane for plane in visit.every_plane}
        made = rounds.edited(
            visit.desk,
            found.kind,
            one.number if one else "",
            changed,
            planes.get(said.get("plane", "")),
            one.version if one else 0,
            hints=not visit.own,
        )
        visit.who.require(_deed(found), made.draft.plane, str(made.draft.values["organization"]))
        return made

    def plan(said: Mapping[str, str]) -> list[Step]:
        made = edit(said)
        lines = []
        for change in made.differences:
            field = found.field[change.field]
            texts = [
                shown(field, value, spoken(), names) if value is not None else "—" for value in (change.before, change.after)
            ]
            lines.append(Step(f"{field.label(spoken())}: {texts[0]} → {texts[1]}", "good"))
        return lines or [Step(_("Nothing would change."), "note")]

    def do(said: Mapping[str, str], _key: str) -> str:
        entry = rounds.apply(visit.desk, edit(said), said["why"])
        return path("registers", found.kind, entry.number)

    fields = (
        []
        if one
        else [
            Field(
                "plane",
                _("plane"),
                "choice",
                visit.every_plane[-1].value if visit.every_plane else "",
                choices=[(plane.value, words.plane(plane)) for plane in visit.every_plane],
            )
        ]
    )
    fields += [
        _field(visit, found, each, one, names)
        for each in found.fields
        if not each.personal or visit.may(Deed.READ_PERSONAL, one.plane if one else None, one.organization if one else None)
    ]
    title = (
        _("Change {number} {title}").format(number=one.number, title=one.title)
        if one
        else _("Enter a record: {title}").format(title=found.title(spoken()))
    )
    back = path("registers", found.kind, one.number) if one else path("registers", found.kind)
    return Intent(
        title,
        [*fields, Field("why", _("Why"), "area")],
        plan,
        do,
        back,
        stands(),
        stands,
        where=lambda entry: _place(found, entry),
    )


def _place(found: Kind, entry: JournalEntry) -> str:
    return (
        path("registers", found.kind, entry.subject)
        if "-" in entry.subject and " " not in entry.subject
        else path("registers", found.kind)
    )


def _values(found: Kind, one: Entry | None, names: DeskNames) -> dict[str, str]:
    return {field.name: shown(field, one.values.get(field.name), spoken(), names) for field in found.fields} if one else {}


def _field(visit: Visit, found: Kind, one: KindField, entry: Entry | None, names: DeskNames) -> Field:
    known = _values(found, entry, names).get(one.name, "")
    label = bracketed(one.label(spoken()), one.unit(spoken())) if one.unit(spoken()) else one.label(spoken())
    if one.name == "organization" and visit.own:
        return Field(one.name, label, "choice", called(visit.own), one.required, [(called(visit.own), called(visit.own))])
    if options := _options(visit, one):
        several = dict.fromkeys((*options, *([known] if known else [])))
        return Field(one.name, label, "choice", known, one.required, [("", "—"), *((text, text) for text in several)])
    if one.type == "note":
        return Field(one.name, label, "area", known, one.required)
    if one.type == "date" and (not known or _is_day(known)):
        return Field(one.name, label, "date", known, one.required)
    return Field(one.name, label, "text", known, one.required)


def _options(visit: Visit, one: KindField) -> list[str]:
    """What a field may say, as `read` reads it again; nothing where it may say anything. A department is told of no other."""
    if one.type == "organization" and not visit.own:
        return [called(entry.code) for entry in visit.desk.register.organizations]
    if one.type == "yesno":
        return [shown(one, value, spoken(), DeskNames(visit.desk)) for value in (True, False)]
    return [(choice.zh if spoken() == "zh" else choice.en) for choice in one.choices]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _moving(verb: str, title: str, state: EntryState) -> Act:
    def intend(visit: Visit) -> Intent:
        found, one = _one(visit)
        visit.who.require(_deed(found), one.plane, one.organization)

        def stands() -> str:
            return seen_of(entries.one(visit.desk.store, one.number).version)

        def plan(said: Mapping[str, str]) -> list[Step]:
            rounds.moved(visit.desk, found.kind, one.number, state)
            return [
                Step(
                    _("{number}: {before} → {after}").format(number=one.number, before=_(one.state.value), after=_(state.value))
                ),
                Step(_("because: {why}").format(why=said["why"])),
            ]

        def do(said: Mapping[str, str], _key: str) -> None:
            rounds.apply(visit.desk, rounds.moved(visit.desk, found.kind, one.number, state), said["why"], verb)

        return Intent(
            words.about(_(title), f"{one.number} {rounds.told_to(visit.who, found, one).title}"),
            [Field("why", _("Why"), "area", required=True)],
            plan,
            do,
            path("registers", found.kind, one.number),
            stands(),
            stands,
        )

    return Act(f"/registers/{{kind}}/{{number}}/{verb}", Deed.DECLARE, intend)


PAGES = (
    Page("/registers", Deed.READ, listed),
    Page("/registers/{kind}/form.xlsx", Deed.READ, form),
    Page("/registers/{kind}", Deed.READ, records),
    Page("/registers/{kind}/{number}", Deed.READ, show),
)
ACTS = (
    Act("/registers/{kind}/add", Deed.DECLARE, adding),
    Act("/registers/{kind}/{number}/change", Deed.DECLARE, changing),
    _moving("retire", N_("Retire"), EntryState.RETIRED),
    _moving("restore", N_("Take into use again"), EntryState.STANDING),
)
