"""`netops inspect`: plan, run, list, show, fill, report; catalogues, packs and what follows stand in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.field_pack import merge, pack
from netops.cli.inspect_catalogue import catalogue
from netops.cli.inspect_compare import assess, compare, matrix, score
from netops.cli.inspect_export import export, import_
from netops.cli.printing import Column, labelled, sign
from netops.cli.rectify import except_, exceptions, recheck, rectifications, rectify, reply
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.inspections.inspection import Inspection

SIGNS = {
    N_("conform"): "good",
    N_("partial"): "note",
    N_("nonconform"): "bad",
    N_("not_applicable"): "open",
    N_("unchecked"): "unseen",
}
WORDS = (
    N_("automatic"), N_("mixed"), N_("manual"), N_("machine"), N_("inspector"), N_("department"),
    N_("county"), N_("platform"), N_("authority"), N_("walk"), N_("reconcile"), N_("egress"),
)  # fmt: skip
"""Words of the inspections room that are shown through `_`."""
STYLES = {
    "conform": "green",
    "partial": "yellow",
    "nonconform": "red",
    "not_applicable": "dim",
    "unchecked": "",
}
CHINESE = {
    "符合": "conform",
    "部分符合": "partial",
    "不符合": "nonconform",
    "不适用": "not_applicable",
    "未检查": "unchecked",
}


@click.group("inspect", cls=Group)
def inspect_() -> None:
    """Inspections: the catalogue's questions, answered from evidence where a machine can."""


inspect_.add_command(pack)
inspect_.add_command(merge)
inspect_.add_command(catalogue)
for command in (assess, compare, matrix, score, export, import_, rectify, rectifications, reply, recheck, except_, exceptions):
    inspect_.add_command(command)


@inspect_.command()
@click.option("--catalogue", "name", default="measures", show_default=True, help=N_("Name of the catalogue."))
@click.option(
    "--organization",
    metavar="CODE",
    multiple=True,
    required=True,
    help=N_("Whom to inspect; several allowed."),
)
@click.option(
    "--date", "day", metavar="DATE", required=True, help=N_("The day of the visit, such as 2026-12-01.")
)
@click.option(
    "--inspector", metavar="NAME", multiple=True, required=True, help=N_("Who inspects; two or more.")
)
@click.option(
    "--sample", type=click.IntRange(0, 1000), default=0, help=N_("So many devices and addresses to look at on the spot.")
)
@click.option("--seed", default="", metavar="TEXT", help=N_("What the draw begins from; else the day. It is kept."))
def plan(name: str, organization: tuple[str, ...], day: str, inspector: tuple[str, ...], sample: int, seed: str) -> None:
    """Open inspections for a day, with their inspectors; `inspect run` fills in what a machine knows."""
    from netops.rounds import inspect as rounds

    out = output()
    with desk() as opened:
        out.say(
            _("plan: inspect {organizations} on {day} by {catalogue}, inspectors: {inspectors}").format(
                organizations=", ".join(organization),
                day=day,
                catalogue=name,
                inspectors=", ".join(inspector),
            )
        )
        out.confirm(_("Do it?"))
        planned = rounds.plan(opened, name, organization, day, inspector, sample, seed)
    _list(out, planned, f"netops inspect run --organization {planned[0].organization}")


@inspect_.command()
@click.option("--catalogue", "name", default="measures", show_default=True, help=N_("Name of the catalogue."))
@click.option("--organization", metavar="CODE", help=N_("Only this organization; else every one."))
@click.option("--new", is_flag=True, help=N_("Begin a new inspection although one stands."))
@click.option("--all", "everything", is_flag=True, help=N_("Items that do not bind the organization too."))
def run(name: str, organization: str | None, new: bool, everything: bool) -> None:
    """Let the machine answer. Exit code 3 when devices were silent, 1 when something does not conform."""
    from netops.inspections import archive
    from netops.rounds import diary

    out = output()
    with desk() as opened:
        with out.progress(_("inspect")) as progress:
            report = diary.run(
                opened, "inspect", progress, catalogue=name, organization=organization, renew=new
            )
        wanted = [
            one
            for one in archive.latest(opened.store)
            if one.catalogue.head.name == name and (organization or one.organization) == one.organization
        ]
        if organization:
            _items(out, wanted[0], opened.register.name(organization), everything, report.unseen)
        elif out.json:
            out.records(
                "inspection", [record for one in wanted for record in one.records()], [], unseen=report.unseen
            )
        else:
            _list(
                out,
                wanted,
                f"netops inspect show {wanted[0].number}" if wanted else "netops inventory apply",
                report.unseen,
            )
    bad = report.facts.get("nonconform", 0) + report.facts.get("partial", 0)
    raise SystemExit(3 if report.unseen else int(bool(bad)))


@inspect_.command("list")
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--catalogue", "name", default="", help=N_("Only by this catalogue."))
def list_(organization: str, name: str) -> None:
    """Every inspection, with how far it is."""
    from netops.inspections import archive

    with desk() as opened:
        listed = archive.listed(opened.store, organization=organization, catalogue=name)
    _list(output(), listed, f"netops inspect show {listed[-1].number}" if listed else "netops inspect run")


@inspect_.command()
@click.argument("number")
@click.argument("item", required=False)
@click.option("--all", "everything", is_flag=True, help=N_("Items that do not bind the organization too."))
def show(number: str, item: str | None, everything: bool) -> None:
    """One inspection's checklist; with ITEM, what each party said of it and on what evidence."""
    import msgspec

    from netops.core.errors import Missing
    from netops.inspections import archive, followup

    out = output()
    with desk() as opened:
        inspection = archive.one(opened.store, number)
        if item is None:
            _items(out, inspection, opened.register.name(inspection.organization), everything)
            _sample(out, inspection)
            return
        record = next((one for one in inspection.records() if one["id"] == item), None)
        if record is None:
            raise Missing(
                "{number} has no item {item}", "", "netops inspect show {number}", number=number, item=item
            )
        place = (item, record["instrument"])
        every = followup.excepted(opened.store, inspection.organization)
        held = [one for one in every if (one.item, one.instrument) == place]
        record["exceptions"] = [msgspec.to_builtins(one) for one in held]
        out.record("inspection", record, lambda: _one(out, inspection, record))


@inspect_.command()
@click.argument("number")
@click.argument("item")
@click.option(
    "--answer",
    required=True,
    type=click.Choice([*CHINESE.values(), *CHINESE]),
    help=N_("What is true of the item."),
)
@click.option("--note", default="", help=N_("What was seen; required where it contradicts the machine."))
@click.option(
    "--as",
    "party",
    type=click.Choice(["inspector", "department"]),
    default="inspector",
    show_default=True,
    help=N_("Who answers."),
)
def fill(number: str, item: str, answer: str, note: str, party: str) -> None:
    """A person answers an item; what the machine and the others said stays beside it."""
    from netops.core import journal
    from netops.inspections import archive
    from netops.inspections.answer import Result
    from netops.inspections.inspection import Party

    out = output()
    result = Result(CHINESE.get(answer, answer))
    with desk() as opened:
        inspection = archive.one(opened.store, number)
        archive.fitting(inspection, item, result, note)
        out.say(
            _("plan: {number} {item}: the {party} answers: {answer}").format(
                number=number, item=item, party=_(party), answer=_(result)
            )
        )
        out.confirm(_("Do it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            archive.fill(act, inspection, item, Party(party), result, note)
        out.say(_("{item} is answered; what others said stands beside it.").format(item=item))
        out.next(f"netops inspect show {number} {item}")


@inspect_.command()
@click.argument("number")
def report(number: str) -> None:
    """Write the inspection record: `-o FILE.docx` or `-o FILE.pdf` for signature, `-o FILE.json` for programs."""
    from netops.core.errors import NetopsError
    from netops.rounds import inspect as rounds

    out = output()
    if out.file is None:
        raise NetopsError(
            "no document was written",
            "no file was named",
            "netops inspect report {number} -o {number}.docx",
            number=number,
        )
    with desk() as opened:
        rounds.write_checklist(opened, number, Path(out.file))
    out.say(_("{path} is written: a draft for people to sign.").format(path=out.file))


# ---- showing
def _list(out: Output, listed: list[Inspection], next_step: str, unseen: tuple[Any, ...] = ()) -> None:
    rows = [_row(one) for one in listed]
    counts = [_count(name) for name in ("conform", "partial", "nonconform", "unchecked")]
    out.records(
        "inspection",
        rows,
        [
            Column(N_("number"), lambda row: row["number"], style="cyan"),
            Column(N_("organization"), lambda row: row["organization"]),
            Column(N_("catalogue"), lambda row: f"{row['catalogue']} {row['version']}"),
            *counts,
            Column(N_("to confirm"), lambda row: row["to_confirm"], right=True),
            Column(N_("checked"), lambda row: row["checked_at"]),
        ],
        unseen=unseen,
        empty=_("There is no inspection yet."),
        next_step=next_step,
    )


def _count(result: str) -> Column:
    return Column(result, lambda row: row["results"][result], right=True, style=STYLES[result])


def _row(one: Inspection) -> dict[str, Any]:
    progress = one.progress()
    return {
        "number": one.number,
        "organization": one.organization,
        "catalogue": one.catalogue.head.name,
        "version": one.catalogue.head.version,
        "opened_at": one.opened_at,
        "checked_at": one.checked_at,
        "planned_for": one.planned_for,
        "inspectors": one.inspectors,
        "sample": one.sample,
        "results": progress.results,
        "total": progress.total,
        "answered": progress.answered,
        "to_confirm": progress.to_confirm,
    }


def _items(
    out: Output, inspection: Inspection, organization: str, everything: bool, unseen: tuple[Any, ...] = ()
) -> None:
    records, progress = inspection.records(), inspection.progress()
    shown = [one for one in records if out.json or everything or one["answer"] != "not_applicable"]
    number = inspection.number
    out.records(
        "inspection",
        shown,
        [
            Column("", lambda one: _sign(one), style=lambda one: STYLES[one["answer"]]),
            Column(N_("item"), lambda one: f"{one['id']} {one['question']}"),
            Column(N_("answer"), lambda one: _(one["answer"]), style=lambda one: STYLES[one["answer"]]),
            Column(N_("basis"), lambda one: one["basis"] + ("" if one["verified"] else _(" (unverified)"))),
            Column(
                N_("evidence"),
                lambda one: " ".join((_(one["method"]), *(one["findings"] or one["evidence"][:1]))),
            ),
            Column(N_("why"), lambda one: one["reason"]),
        ],
        unseen=unseen,
        title=f"{number}  {organization}  {inspection.catalogue.title} {inspection.catalogue.head.version}"
        + ("" if inspection.catalogue.head.verified else _(" (unverified)")),
        note=_("answered {answered} of {total}; {waiting} wait for an inspector").format(
            answered=progress.answered, total=progress.total, waiting=progress.to_confirm
        ),
        next_step=f"netops inspect fill {number} ITEM --answer …;  netops inspect report {number} -o {number}.docx",
    )


def _sample(out: Output, inspection: Inspection) -> None:
    """What was drawn to be looked at on the spot."""
    one = inspection.sample
    if one is None or out.json:
        return
    told = _("sample (seed {seed}): {devices} of {all_devices} devices, {addresses} of {all_addresses} addresses")
    out.say(told.format(seed=one.seed, devices=len(one.devices), all_devices=one.device_population,
                        addresses=len(one.addresses), all_addresses=one.address_population))  # fmt: skip
    out.say("  " + "  ".join((*one.devices, *one.addresses)))


def _sign(one: dict[str, Any]) -> str:
    """✓ ! ✗ as answered; ? where a machine could not see; · where a person has to answer."""
    waits = one["answer"] == "unchecked" and one["method"] == "manual"
    return sign("open" if waits else SIGNS[one["answer"]])


def _one(out: Output, inspection: Inspection, record: dict[str, Any]) -> None:
    from netops.core.clock import city_time

    out.line(f"{inspection.number} {record['id']}  {record['question']}", style="bold")
    out.line(f"  {labelled(_('basis'))}{record['quote_zh']}")
    for party, given in record["answers"].items():
        out.line(
            f"  {sign(SIGNS[given['answer']])} {_(party)}: {_(given['answer'])}  {given['reason']}",
            style=STYLES[given["answer"]],
        )
        out.line(
            f"    {city_time(given['at'])}  {given['actor']}  {' '.join((*given['findings'], *given['evidence']))}"
        )
    for one in record["exceptions"]:
        told = _("excepted until {until}, {owner} answers for it: {reason}").format(**one)
        out.line(f"  {sign('note')} {one['number']}  {told}")
    out.line(f"  {labelled(_('mend'))}{record['remedy']}")
