"""`netops inspect catalogue`: list, show, checks, check, map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.inspect_oscal import export, import_
from netops.cli.printing import Column, labelled, sign
from netops.core import files
from netops.core.language import N_, _, series

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.inspections.catalogue import Catalogue
    from netops.inspections.item import Item


@click.group("catalogue", cls=Group)
def catalogue() -> None:
    """The catalogues that inspections are made by: what they ask, and whether they hold together."""


catalogue.add_command(export)
catalogue.add_command(import_)


@catalogue.command("list")
def list_() -> None:
    """Every catalogue, with how many of its items a machine answers."""
    from netops.inspections import catalogue as catalogues

    out = output()
    with desk() as opened:
        today = _today(opened)
        known = list(catalogues.read(opened.playbooks, today).values())
        out.records(
            "catalogue",
            [_head(one) for one in known] if out.json else known,
            [
                Column(N_("name"), lambda one: one.head.name, style="cyan"),
                Column(N_("version"), lambda one: one.head.version),
                Column(N_("title"), lambda one: one.title + ("" if one.head.verified else _(" (unverified)"))),
                Column(N_("items"), lambda one: len(one.items), right=True),
                Column(N_("by machine"), lambda one: sum(bool(item.check) for item in one.items), right=True),
                Column(N_("in force"), lambda one: f"{one.head.in_force_from} – {one.head.in_force_to}".rstrip(" –")),
            ],
            next_step="netops inspect catalogue show measures",
        )


@catalogue.command()
@click.argument("name")
@click.argument("item", required=False)
def show(name: str, item: str | None) -> None:
    """A catalogue's items; with ITEM, its words, its check, and what the gate allows against a breach."""
    from netops.core.errors import Missing
    from netops.inspections import catalogue as catalogues

    out = output()
    with desk() as opened:
        known = catalogues.load(opened.playbooks, name)
        if item is None:
            _items(out, known)
            return
        one = next((one for one in known.items if one.id == item), None)
        if one is None:
            raise Missing(
                "{number} has no item {item}", "", "netops inspect catalogue show {number}", number=name, item=item
            )
        record = _record(opened, known, one)
        out.record("item", record, lambda: _one(out, known, one, record))


@catalogue.command()
def checks() -> None:
    """Every automatic check that a catalogue may name, with its parameters."""
    from netops.inspections.checks import CHECKS

    out = output()
    out.records(
        "check",
        [
            {"check": name, "parameters": one.parameters, "explanation": one.explanation}
            for name, one in CHECKS.items()
        ],
        [
            Column(N_("check"), lambda one: one["check"], style="cyan"),
            Column(N_("parameters"), lambda one: ", ".join(f"{name}={value}" for name, value in one["parameters"].items())),
            Column(N_("what"), lambda one: one["explanation"].split("\n\n")[0]),
        ],
    )


@catalogue.command("check")
def check_() -> None:
    """Read every catalogue and name everything that dangles. Exit code 1 when something does."""
    from netops.inspections import catalogue as catalogues
    from netops.rounds import inspect_catalogue

    out = output()
    with desk() as opened:
        faults = inspect_catalogue.check(opened)
        known = catalogues.read(opened.playbooks)
    out.records(
        "fault",
        [{"fault": fault} for fault in faults],
        [Column(N_("fault"), lambda one: one["fault"], style="red")],
        empty=_("{catalogues} catalogues with {items} items hold together.").format(
            catalogues=len(known), items=sum(len(one.items) for one in known.values())
        ),
    )
    raise SystemExit(int(bool(faults)))


@catalogue.command("map")
def map_() -> None:
    """Which system of the regulation is covered by which items: a table, or with -o FILE.md the page of docs/."""
    from dataclasses import replace

    from netops.rounds import inspect_catalogue

    out = output()
    with desk() as opened:
        if out.file is not None:
            files.put(inspect_catalogue.coverage_page(opened.playbooks).encode(), out.file)
            replace(out, file=None).say(_("{path} is written.").format(path=out.file))
            return
        rows = inspect_catalogue.coverage(opened.playbooks)
    out.records(
        "system",
        [
            {"system": one.system.key, "title": one.system.title,
             "items": [{"catalogue": item.home, "id": item.id, "method": item.method} for _catalogue, item in one.items]}
            for one in rows
        ],
        [
            Column(N_("covered system"), lambda one: one["title"], style="cyan"),
            Column(N_("items"), lambda one: len(one["items"]), right=True),
            Column(N_("by machine"), lambda one: sum(item["method"] != "manual" for item in one["items"]), right=True),
            Column(N_("number"), lambda one: " ".join(item["id"] for item in one["items"])),
        ],
    )  # fmt: skip
    raise SystemExit(int(any(not one.items for one in rows)))


# ---- showing
def _today(opened: Desk) -> Any:
    from netops.core.clock import CITY_ZONE

    return opened.clock().astimezone(CITY_ZONE).date()


def _head(one: Catalogue) -> dict[str, Any]:
    import msgspec

    return {
        **msgspec.to_builtins(one.head),
        "items": len(one.items),
        "by_machine": sum(bool(item.check) for item in one.items),
    }


def _items(out: Output, known: Catalogue) -> None:
    out.records(
        "item",
        known.items,
        [
            Column(N_("number"), lambda item: item.id, style="cyan"),
            Column(N_("item"), lambda item: item.question),
            Column(N_("basis"), known.cited),
            Column(N_("method"), lambda item: _(item.method)),
            Column(N_("check"), lambda item: " ".join(dict.fromkeys(asked.check for asked in item.asked))),
            Column(N_("severity"), lambda item: _(item.severity)),
            Column(N_("points"), lambda item: item.weight, right=True),
        ],
        title=f"{known.title}  {known.head.version}",
        next_step=f"netops inspect catalogue show {known.head.name} {known.items[0].id}" if known.items else "",
    )


def _record(opened: Desk, known: Catalogue, one: Item) -> dict[str, Any]:
    import msgspec

    from netops.incidents import legal_basis
    from netops.rounds import inspect_catalogue

    bases = legal_basis.load(opened.playbooks)
    allowed = inspect_catalogue.consequences(bases, known, one, _today(opened))
    return {
        **msgspec.to_builtins(one), "basis": known.cited(one), "term_days": known.term_days(one),
        "consequences": [msgspec.to_builtins(each) for each in allowed],
    }  # fmt: skip


def _one(out: Output, known: Catalogue, one: Item, record: dict[str, Any]) -> None:
    from netops.incidents.legal_basis import LABELS, Instrument
    from netops.inspections.facts import kind_words

    out.line(f"{known.head.name} {one.id}  {one.question}", style="bold")
    mark = "" if one.verified and known.head.verified else _(" (unverified)")
    out.line(f"  {labelled(_('basis'))}{record['basis']}{mark}  {one.quote_zh}")
    bound = f"{series(map(kind_words, one.applies_to))}  {series(_(plane) for plane in one.planes)}"
    out.line(f"  {labelled(_('binds'))}{bound}")
    for asked in one.asked:
        given = ", ".join(f"{name}={value}" for name, value in asked.parameters.items())
        out.line(f"  {labelled(_('check'))}{asked.check}  {given}")
    told = [_(one.method), _(one.severity), _("{count} points").format(count=one.weight),
            _("{days} days to mend").format(days=record["term_days"])]  # fmt: skip
    out.line(f"  {labelled(_('method'))}{'  '.join(told)}")
    out.line(f"  {labelled(_('evidence'))}{', '.join(one.evidence) or '—'}")
    out.line(f"  {labelled(_('mend'))}{one.remedy}")
    for allowed in record["consequences"]:
        unverified = _(" (unverified)") if allowed["unverified"] else ""
        label = _(LABELS[Instrument(allowed["instrument"])])
        out.line(f"  {sign('open')} {kind_words(allowed['addressee'])}: {label}  {'；'.join(allowed['cited'])}{unverified}")
    if not record["consequences"]:
        out.line(f"  {sign('open')} {_('no basis in force allows a document against a breach of it')}")
