"""The verbs of `netops ip` that carry tables: import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.ip_shown import PLANES
from netops.cli.printing import Column, Output
from netops.core import files
from netops.core.errors import NetopsError
from netops.core.language import N_, _, called, spoken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from netops.addresses.held import Written
    from netops.addresses.roster import RowFault
    from netops.rounds.roster import Plan

MOST_BYTES = 32 << 20
LISTED = 200
"""Faults that a terminal shows; --json and --csv have every one."""
SHOWN = 5
"""Entries that an export leaves out and names without --verbose."""
TABLES = ("csv", "xlsx", "json")
FORMATS = (
    *TABLES,
    "reverse-zone",
    "hosts",
    "kea",
    "dnsmasq",
    "list",
    "nftables",
    "huawei",
    "h3c",
    "fortigate",
)


# ---- in
@click.command("import", cls=Command)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--plane",
    type=PLANES,
    default="extranet",
    show_default=True,
    help=N_("The plane whose addresses they are."),
)
@click.option("--partial", is_flag=True, help=N_("Import the good rows alone, although others are at fault."))
@click.option(
    "--declaration", metavar="NUMBER", default="", help=N_("The declaration of rows that name none.")
)
@click.option(
    "--reserve-until", metavar="DATE", default="", help=N_("The last day of reservations that name none.")
)
@click.option(
    "--over-quota",
    metavar="REASON",
    default="",
    help=N_("Why more is taken in than the declared terminals need."),
)
def import_(
    files: tuple[Path, ...], plane: str, partial: bool, declaration: str, reserve_until: str, over_quota: str
) -> None:
    """
    Take in tables as offices keep them: CSV (UTF-8, GB18030), XLSX, XLS, JSON; exports of NetBox, phpIPAM and netops.

    First what would happen is shown, every fault with file, sheet, cell, value and mend; then all of it is taken in, or nothing.
    Exit code 1 when a row was at fault.
    """
    from netops.addresses.roster import Defaults
    from netops.core.plane import Plane
    from netops.rounds import roster as rounds

    out = output()
    defaults = Defaults(Plane(plane), declaration, _day(reserve_until), over_quota)
    with desk() as opened:
        plan = rounds.plan(opened, [(str(path), _content(path)) for path in files], defaults)
        imported: list[Any] = []
        faults = [_told(one) for one in plan.roster.faults]
        _plan(out, plan, faults)
        if not plan.roster.added:
            out.say(_("nothing is to be imported"))
        elif out.dry_run or partial or not faults:
            if out.dry_run:
                _stop(out, plan, faults)
            out.confirm(_("Import the rows that are new?"))
            imported = list(rounds.run(opened, plan, partial=partial))
            out.say(_("{count} allocations were made: {first} to {last}").format(
                count=len(imported), first=imported[0].id, last=imported[-1].id))  # fmt: skip
        else:
            out.say(_("nothing was imported: mend the faults, or --partial imports the good rows alone"))
        if out.json:
            out.answer(_answer(plan, faults, imported))
    raise SystemExit(int(bool(faults)))


def _stop(out: Output, plan: Plan, faults: list[dict[str, Any]]) -> None:
    """End here, after the plan: exit code 1 when a row is at fault."""
    if out.json:
        out.answer(_answer(plan, faults, []))
    out.say(_("nothing was changed (--dry-run)"))
    raise SystemExit(int(bool(faults)))


def _content(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise NetopsError(
            "{file} was not read",
            "it is larger than {size} MiB",
            "split it",
            file=path.name,
            size=MOST_BYTES >> 20,
        )
    return path.read_bytes()


def _day(text: str) -> date | None:
    from netops.core.sheet import day_of

    try:
        return day_of(text) if text else None
    except ValueError:
        raise NetopsError(
            "nothing was imported", "{text} is not a date", "write it as 2026-12-31", text=text
        ) from None


def _head(name: str) -> str:
    """What stands at the head of a column, in the language in use."""
    from netops.addresses.columns import called

    return called(name, spoken())


SAID: dict[str, Callable[[str], str]] = {
    "state": _, "kind": _, "plane": _, "organization": called, "holder": called,
    "differs": lambda names: ", ".join(_head(name) for name in names.split(", ")),
}  # fmt: skip
"""Facts that are words of ours, or codes that people know by a name; addresses and numbers are shown as they are."""


def _told(one: RowFault) -> dict[str, Any]:
    facts = {name: SAID.get(name, str)(value) for name, value in one.facts.items()}
    return {
        "file": one.place.file, "sheet": one.place.sheet, "cell": one.place.cell, "line": one.place.line,
        "place": str(one.place), "column": one.column, "value": one.value, "what": _(one.what).format(**facts),
        "mend": _(one.mend).format(**facts),
    }  # fmt: skip


def _plan(out: Output, plan: Plan, faults: list[dict[str, Any]]) -> None:
    """The faults as the answer, and in a sentence what would happen."""
    if faults and not out.json:
        shown = faults if out.csv or out.file else faults[:LISTED]
        left = len(faults) - len(shown)
        out.records("fault", shown, [
            Column(N_("place"), lambda row: row["place"]),
            Column(N_("column"), lambda row: _head(row["column"])),
            Column(N_("value"), lambda row: row["value"]),
            Column(N_("what"), lambda row: row["what"]),
            Column(N_("mend"), lambda row: row["mend"]),
        ], note=_("{count} more faults: --csv -o faults.csv lists every one").format(count=left) if left else "")  # fmt: skip
    made, reading = plan.roster, plan.reading
    sentence = _(
        "plan: {added} rows are new, {same} stand in the ledger already, {faults} are at fault, {passed} ask for nothing"
    )
    bad = {(row["file"], row["sheet"], row["line"]) for row in faults}
    out.say(sentence.format(added=len(made.added), same=made.same, faults=len(bad), passed=made.passed))
    if out.verbose:
        for entry in made.added[:LISTED]:
            out.say(f"  + {entry.row.span}  {entry.declaration}  {entry.row.place}", style="green")
    for name in reading.ignored:
        out.say(_("passed over: {name} has no table of addresses").format(name=name))
    for name in reading.hidden:
        out.say(_("passed over: {name} is hidden; show it in the workbook to have it read").format(name=name))
    by_sheet: dict[str, list[str]] = {}
    for sheet, head in reading.unused:
        by_sheet.setdefault(sheet, []).append(head)
    for name, heads in by_sheet.items():
        out.say(_("columns of {name} that are not used: {heads}").format(name=name, heads=", ".join(heads[:12])))


def _answer(plan: Plan, faults: list[dict[str, Any]], imported: list[Any]) -> dict[str, Any]:
    from netops.cli.printing import document

    added = [{"addresses": str(one.row.span), "pool": one.pool, "organization": one.organization,
              "declaration": one.declaration, "place": str(one.row.place)} for one in plan.roster.added]  # fmt: skip
    told = {"added": added, "same": plan.roster.same, "faults": faults, "passed": plan.roster.passed,
            "ignored": plan.reading.ignored, "hidden": plan.reading.hidden, "imported": imported,
            "unused": [{"sheet": sheet, "heading": head} for sheet, head in plan.reading.unused]}  # fmt: skip
    return document("import", [told], plan.defaults.plane)


# ---- out
@click.command(cls=Command)
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    help=N_("What is written; else by the name of -o FILE, else CSV."),
)
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "gb18030"]),
    default="utf-8",
    show_default=True,
    help=N_("Of CSV."),
)
@click.option("--domain", metavar="NAME", default="", help=N_("Put under short host names."))
@click.option(
    "--name-server",
    "servers",
    metavar="NAME",
    multiple=True,
    help=N_("Of reverse zones, the primary one first."),
)
@click.option("--contact", metavar="MAIL", default="", help=N_("Who answers for reverse zones."))
@click.option("--family", type=click.Choice(["4", "6"]), help=N_("Only IPv4, or only IPv6."))
def export(
    shape: str | None, plane: str | None, organization: str, encoding: str, domain: str, servers: tuple[str, ...], contact: str,
    family: str | None,
) -> None:  # fmt: skip
    """
    Who has which addresses: as a roster (csv, xlsx, json), or for the programs that must know it.

    A roster that is taken in again by `ip import` changes nothing. Reverse zones are several files: -o DIRECTORY.
    """
    from netops.core.plane import Plane
    from netops.rounds import roster as rounds

    out = output()
    suffix = out.file.suffix.lower().removeprefix(".") if out.file else ""
    shape = shape or (suffix if suffix in TABLES and not out.json else "csv")
    with desk() as opened:
        where = Plane(plane) if plane else None
        if out.json and shape == "csv" and out.file is None:
            from netops.cli.printing import document

            out.answer(document("allocation", rounds.export(opened, where, organization, family), plane))
            return
        where = rounds.only_plane(opened, where)
        if shape == "json" or (out.json and shape == "csv"):
            from netops.cli.printing import document

            out.answer(document("allocation", rounds.export(opened, where, organization, family), where))
            return
        if shape in TABLES:
            listed = rounds.export(opened, where, organization, family)
            if shape == "csv":
                out.content(rounds.as_csv(listed, encoding, mark=out.file is not None))
            else:
                out.content(rounds.as_xlsx(opened, listed))
            return
        made = rounds.configured(opened, shape, where, organization, family, domain, servers, contact)
        _files(out, made, shape)


def _files(out: Output, made: list[Written], shape: str) -> None:
    left_out = [left for one in made for left in one.skipped]
    for left in left_out[: None if out.verbose else SHOWN]:
        out.say(_("left out: {value} ({source}): {why}").format(
            value=left.value, source=left.source, why=_(left.why).format(**left.facts)))  # fmt: skip
    if len(left_out) > SHOWN and not out.verbose:
        out.say(_("left out: {count} more; --verbose names them").format(count=len(left_out) - SHOWN))
    if out.json:
        from netops.cli.printing import document

        told = [{"name": one.name, "text": one.text, "count": one.count, "skipped": [
            {"source": left.source, "value": left.value, "why": _(left.why).format(**left.facts)} for left in one.skipped
        ]} for one in made]  # fmt: skip
        out.answer(document("export", told))
    elif shape == "reverse-zone" and out.file is not None:
        _zones(out, made)
    elif len(made) == 1 or shape != "reverse-zone":
        out.content("".join(one.text for one in made).encode())
    elif made:
        raise NetopsError(
            "no zone was written",
            "there are {count}, and a zone is a file of its own",
            "-o DIRECTORY",
            count=len(made),
        )
    else:
        out.say(_("no address has a name"))


def _zones(out: Output, made: list[Written]) -> None:
    folder = out.file
    assert folder is not None  # noqa: S101 - asked before
    files.folder(folder)
    for one in made:
        if one.count:
            files.put(one.text.encode(), folder / one.name)
    written = [one for one in made if one.count]
    out.say(_("{zones} zones with {names} names are in {path}").format(
        zones=len(written), names=sum(one.count for one in written), path=folder))  # fmt: skip


VERBS = (import_, export)
"""What `netops ip` has of them."""
