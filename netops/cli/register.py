"""`netops register`: list, show, search, add, edit, retire, restore; import, export; check; attach, detach, files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output, labelled, sign
from netops.cli.register_files import FILES
from netops.cli.register_sheets import SHEETS
from netops.cli.register_terms import TERMS
from netops.core.language import N_, _, series, spoken

if TYPE_CHECKING:
    from netops.core.plane import Plane
    from netops.desk import Desk
    from netops.registers.entry import Entry
    from netops.registers.kind import Kind
    from netops.rounds.registers import Edit

PLANES = click.Choice(["intranet", "extranet"])
TYPES = {
    "text": N_("words"), "note": N_("long words"), "integer": N_("whole number"), "number": N_("decimal number"),
    "yesno": N_("yes or no"), "choice": N_("one of several"), "date": N_("date, perhaps without day"), "period": N_("period"),
    "organization": N_("organization"), "reference": N_("record of a register"), "phone": N_("telephone"),
    "url": N_("web address"), "host": N_("host name"), "addresses": N_("addresses"),
    "identity": N_("identity number, kept masked"),
    "credit_code": N_("unified credit code"),
}  # fmt: skip
PAGE = 200
"""Records that a list shows at once."""
COLUMNS = 5
"""Fields of a record that a list shows to people; --json and exports have every one."""


@click.group("register", cls=Group)
def register() -> None:
    """
    What the regulation makes people write down: officers, protection levels, systems, projects, sites and the rest.

    KIND is a register, such as systems or 应用系统; `netops register list` names them. Every register is a file in
    playbooks/registers; another file is another register.
    """


def plane_of(text: str | None) -> Plane | None:
    """A plane by its word, or None."""
    from netops.core.plane import Plane

    return Plane(text) if text else None


def planes_of(opened: Desk, text: str | None) -> tuple[Plane, ...]:
    """The planes that are meant: the one that is named, as far as it is served here, or every one."""
    return tuple(one for one in opened.planes if text in (None, one))


# ---- asking
@register.command("list")
@click.argument("kind", required=False)
@click.option(
    "--organization", metavar="NAME", default="", help=N_("Only this organization's, by code or name.")
)
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--where", metavar="FIELD=VALUE", multiple=True, help=N_("Only records whose field says this."))
@click.option("--retired", is_flag=True, help=N_("Retired records too."))
@click.option("--limit", type=int, default=PAGE, show_default=True, help=N_("How many at once; 0 is all."))
@click.option("--offset", type=int, default=0, help=N_("How many to pass over."))
def list_(
    kind: str | None, organization: str, plane: str | None, where: tuple[str, ...], retired: bool, limit: int, offset: int
) -> None:  # fmt: skip
    """Registers, or the records of one."""
    from netops.rounds import registers as rounds
    from netops.rounds.register_names import DeskNames

    out = output()
    with desk() as opened:
        if kind is None:
            _kinds(out, opened)
            return
        found = rounds.kind(opened, kind)
        listed = rounds.of(
            opened, found.kind, planes=planes_of(opened, plane), organization=organization, where=_pairs(where), retired=retired,
            limit=limit + 1 if limit else None, offset=offset,
        )  # fmt: skip
        more = bool(limit) and len(listed) > limit
        listed = listed[:limit] if more else listed
        names = DeskNames(opened)
        out.records(
            "record", listed, _columns(found, names, wide=out.csv), title=found.title(spoken()),
            empty=_("no record of the register {title} stands").format(title=found.title(spoken())),
            note=_("there are more: --offset {offset} goes on").format(offset=offset + limit) if more else "",
            next_step="" if listed else f"netops register add {found.kind} …",
        )  # fmt: skip


def _kinds(out: Output, opened: Desk) -> None:
    from netops.rounds import registers as rounds

    out.records(
        "register",
        rounds.summaries(opened),
        [
            Column(N_("kind"), lambda one: one.kind, style="cyan"),
            Column(N_("register"), lambda one: one.title),
            Column(
                N_("articles"),
                lambda one: series(sorted({int(duty[1:3]) for duty in one.duties})),
            ),
            Column(N_("in use"), lambda one: one.standing, right=True),
            Column(N_("retired"), lambda one: one.retired or None, right=True),
        ],
        next_step="netops register show systems",
    )


def _columns(found: Kind, names: Any, *, wide: bool) -> list[Column]:
    from netops.registers.values import shown

    def cell(field: Any) -> Column:
        return Column(
            field.label(spoken()), lambda one: shown(field, one.values.get(field.name), spoken(), names)
        )

    key = [found.head.name, "organization", *found.head.key]
    first = [one for one in found.fields if one.required or one.name in key]
    chosen = found.fields if wide else sorted(
        (*first, *(one for one in found.fields if one not in first))[:COLUMNS], key=found.fields.index
    )  # fmt: skip
    return [
        Column("", lambda one: sign("good" if one.stands else "open")),
        Column(N_("number"), lambda one: one.number, style="cyan"),
        Column(N_("plane"), lambda one: _(one.plane.label)),
        *map(cell, chosen),
        Column(N_("changed"), lambda one: one.changed_at),
    ]


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    from netops.core.errors import NetopsError

    pairs: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            raise NetopsError(
                "{text} was not understood", "it is not FIELD=VALUE", "write it as level=3", text=text
            )
        pairs[name.strip()] = value
    return pairs


@register.command()
@click.argument("kind")
@click.argument("number", required=False)
def show(kind: str, number: str | None) -> None:
    """One record with its versions and files; without NUMBER the fields of the register."""
    from netops.core.journal import head
    from netops.registers import attachments, entries
    from netops.rounds import registers as rounds
    from netops.rounds.register_names import DeskNames

    out = output()
    with desk() as opened:
        if number is None:
            _fields(out, rounds.kind(opened, kind))
            return
        found, one = rounds.one(opened, kind, number)
        names = DeskNames(opened)
        versions = entries.history(opened.store, one.number)
        files = attachments.listed(opened.store, one.number)
        pointing = rounds.referring(opened, one)

        def text() -> None:
            out.line(f"{one.number}  {one.title}  {_(one.state.value)}  {_(one.plane.label)}", style="bold")
            for label, value in rounds.told(opened, found, one, names):
                out.line(f"  {labelled(label)}{value}")
            for file in files:
                out.line(f"  {labelled(_('attachment'))}{file.name}  {file.size:,} B  {file.sha256[:12]}")
            for other in pointing:
                out.line(f"  {labelled(_('referred to by'))}{other.number} {other.title}")
            out.line()
            _history(out, found, versions, names)

        out.record(
            "record",
            {"record": one, "versions": versions, "attachments": files, "referred_to_by": [other.number for other in pointing],
             "journal": head(opened.store)},
            text, plane=one.plane,
        )  # fmt: skip


def _history(out: Output, found: Kind, versions: list[Any], names: Any) -> None:
    from netops.core.clock import city_time
    from netops.registers.entry import differences

    before: dict[str, Any] = {}
    for one in versions:
        head = _("version {version}, {at}, by {actor}").format(
            version=one.version, at=city_time(one.at), actor=one.actor
        )
        moved = _(one.state.value) if one.version > 1 and one.values == before else ""
        out.line("  " + "  ".join(part for part in (head, moved, one.why) if part), style="dim")
        if one.version > 1:
            for difference in differences(before, one.values, found.field):
                out.line("    " + _changed(found, difference, names))
        before = one.values


def _changed(found: Kind, one: Any, names: Any) -> str:
    from netops.registers.values import shown

    field = found.field.get(one.field)
    if field is None:
        return f"{labelled(one.field)}{one.before} → {one.after}"
    before, after = (shown(field, value, spoken(), names) or "—" for value in (one.before, one.after))
    return f"{labelled(field.label(spoken()))}{before} → {after}"


def _fields(out: Output, found: Kind) -> None:
    from netops.registers.scene import term

    def remark(one: Any) -> str:
        if one.type == "choice":
            return series(
                f"{choice.zh if spoken() == 'zh' else choice.en} ({choice.key})" for choice in one.choices
            )
        return f"→ {one.reference}" if one.reference else one.unit(spoken())

    out.records(
        "field",
        found.fields
        if not out.json
        else [{"kind": found.kind, "title": found.title(spoken()), "register": found}],
        [
            Column(N_("field"), lambda one: one.name, style="cyan"),
            Column(N_("heading"), lambda one: one.label(spoken())),
            Column(N_("type"), lambda one: _(TYPES[one.type])),
            Column(
                N_("must be filled"),
                lambda one: sign("bad") if one.required else sign("note") if one.expected else None,
            ),
            Column(N_("duty"), lambda one: one.duty),
            Column(N_("what"), remark),
        ],
        title=found.title(spoken()),
        note=(found.head.note_en if spoken() == "en" else found.head.note_zh)
        + ("\n" if found.head.note_zh else "")
        + _(
            "✗ a record cannot be kept without it; ! register check asks for it. Retired records are kept for {period}."
        ).format(period=term(found.head.retention)[f"period_{spoken()}"]),
    )


@register.command()
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--kind", "kinds", metavar="KIND", multiple=True, help=N_("Only in this register; several allowed.")
)
@click.option(
    "--organization", metavar="NAME", default="", help=N_("Only this organization's, by code or name.")
)
@click.option("--limit", type=int, default=50, show_default=True, help=N_("How many at most."))
def search(words: tuple[str, ...], kinds: tuple[str, ...], organization: str, limit: int) -> None:
    """Records of all registers in which every one of WORDS occurs, also inside a longer word; Chinese or English."""
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        listed = rounds.search(
            opened, " ".join(words), kinds_=kinds, organization=organization, limit=limit + 1
        )
        titles = {name: one.title(spoken()) for name, one in rounds.kinds(opened).items()}
        out.records(
            "record",
            listed[:limit],
            [
                Column(N_("number"), lambda one: one.number, style="cyan"),
                Column(N_("register"), lambda one: titles.get(one.kind, one.kind)),
                Column(N_("name"), lambda one: one.title),
                Column(N_("organization"), lambda one: opened.register.name(one.organization)),
                Column(N_("plane"), lambda one: _(one.plane.label)),
            ],
            empty=_("no record says so"),
            note=_("there are more: say another word") if len(listed) > limit else "",
            next_step=f"netops register show {listed[0].kind} {listed[0].number}" if listed else "",
        )


# ---- changing
@register.command()
@click.argument("kind")
@click.argument("values", metavar="FIELD=VALUE...", nargs=-1, required=True)
@click.option("--plane", type=PLANES, help=N_("The plane that it belongs to."))
@click.option("--why", default="", metavar="TEXT", help=N_("Why; the journal keeps it."))
def add(kind: str, values: tuple[str, ...], plane: str | None, why: str) -> None:
    """Enter a record. FIELD is its name or heading, such as level=3 or 等级=第三级; `register show KIND` lists them."""
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        edit = rounds.edited(opened, kind, "", _pairs(values), plane_of(plane))
        show_edit(out, opened, edit)
        out.confirm(_("Enter it?"))
        _done(out, rounds.apply(opened, edit, why), _("{number} is entered"))


@register.command()
@click.argument("kind")
@click.argument("number")
@click.argument("values", metavar="FIELD=VALUE...", nargs=-1, required=True)
@click.option(
    "--base",
    type=int,
    default=0,
    metavar="VERSION",
    help=N_("The version that you read; another one is not overwritten."),
)
@click.option("--why", default="", metavar="TEXT", help=N_("Why; the journal keeps it."))
def edit(kind: str, number: str, values: tuple[str, ...], base: int, why: str) -> None:
    """Change fields of a record; FIELD= empties one. What somebody else changed meanwhile is shown, never overwritten."""
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        made = rounds.edited(opened, kind, number, _pairs(values), base=base)
        show_edit(out, opened, made)
        if not made.differences and made.before and made.draft.base == made.before.version:
            out.say(_("it says so already: nothing was changed"))
            return
        out.confirm(_("Change it?"))
        _done(out, rounds.apply(opened, made, why), _("{number} is changed"))


def show_edit(out: Output, opened: Desk, made: Edit) -> None:
    """What would change in a record, field by field."""
    from netops.rounds import registers as rounds
    from netops.rounds.register_names import DeskNames

    found, names = rounds.kind(opened, made.draft.kind), DeskNames(opened)
    head = made.before.number if made.before else _("new in {title}").format(title=found.title(spoken()))
    out.say(f"{head}  {_(made.draft.plane.label)}", style="bold")
    for one in made.differences:
        out.say("  " + _changed(found, one, names))


def _done(out: Output, entry: Entry, told: str) -> None:
    def text() -> None:
        out.line(f"{sign('good')} " + told.format(number=entry.number))
        out.next(f"netops register show {entry.kind} {entry.number}")

    out.record("record", entry, text, plane=entry.plane)


@register.command()
@click.argument("kind")
@click.argument("number")
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def retire(kind: str, number: str, why: str) -> None:
    """Take a record out of use; it is kept with its history and can be restored."""
    from netops.registers.entry import EntryState
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        made = rounds.moved(opened, kind, number, EntryState.RETIRED)
        assert made.before is not None  # noqa: S101 - a record that is moved stands
        out.say(f"{made.before.number}  {made.before.title}  {_(made.before.state.value)} → {_('retired')}")
        for other in rounds.referring(opened, made.before):
            out.say(
                f"  {sign('note')} "
                + _("{number} {title} refers to it").format(number=other.number, title=other.title)
            )
        out.confirm(_("Retire it?"))
        _done(out, rounds.apply(opened, made, why, "retire"), _("{number} is retired"))


@register.command()
@click.argument("kind")
@click.argument("number")
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def restore(kind: str, number: str, why: str) -> None:
    """Take a retired record into use again."""
    from netops.registers.entry import EntryState
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        made = rounds.moved(opened, kind, number, EntryState.STANDING)
        assert made.before is not None  # noqa: S101 - a record that is moved is there
        out.say(f"{made.before.number}  {made.before.title}  {_('retired')} → {_('standing')}")
        out.confirm(_("Restore it?"))
        _done(out, rounds.apply(opened, made, why, "restore"), _("{number} stands again"))


@register.command()
@click.argument("kind", required=False)
@click.option("--organization", metavar="NAME", default="", help=N_("Only this organization's, by code or name."))
def check(kind: str | None, organization: str) -> None:
    """
    What is missing, over, late or contrary in the registers, or in one: findings with their article and mend.

    The whole round runs and is written down, as on the timetable. Exit code 1 when something stands.
    """
    from netops.core import docket
    from netops.rounds import diary, look
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        chosen = rounds.kind(opened, kind).kind if kind else ""
        code = rounds.code(opened, organization)
        with out.progress(_("registers")) as progress:
            report = diary.run(opened, "registers", progress)
        listed = [docket.one(opened.store, number) for number in report.standing]
        prefix = f"{rounds.kind(opened, chosen).head.prefix}-" if chosen else ""
        listed = [
            one for one in listed
            if code in ("", one.organization)
            and (not chosen or str(one.subject.get("record", "")).startswith(prefix) or one.subject.get("register") == chosen)
        ]  # fmt: skip
        out.records(
            "finding",
            [look.finding_record(one) for one in listed] if out.json else listed,
            [
                Column("", lambda one: sign("bad")),
                Column(N_("number"), lambda one: one.id, style="cyan"),
                Column(N_("rule"), lambda one: one.code),
                Column(N_("what"), look.title),
                Column(N_("why"), look.because),
                Column(N_("organization"), lambda one: opened.register.name(one.organization)),
                Column(N_("article"), lambda one: series(basis.article for basis in one.basis), right=True),
            ],
            empty=_("the registers are in order"),
            next_step=f"netops explain {listed[0].code}" if listed else "",
        )
    raise SystemExit(int(bool(listed)))


for _verb in (*SHEETS, *FILES, *TERMS):
    register.add_command(_verb)
