"""`netops ip bulk`: allocate and release by table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.ip_change import DAYS
from netops.cli.ip_shown import PLANES, table
from netops.cli.printing import Column
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.addresses.bulk import Fault
    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.rounds.bulk import Plan

MOST_BYTES = 16 << 20
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
PARTIAL = click.option("--partial", is_flag=True, help=N_("The good rows alone, when others are at fault."))
PLANE = click.option("--plane", type=PLANES, help=N_("The plane, when both have the addresses."))


@click.group(cls=Group)
def bulk() -> None:
    """Allocate or release by table (CSV, XLSX): all rows in one act, or none; every bad row with place, value and mend."""


@bulk.command("allocate")
@FILES
@PLANE
@PARTIAL
def allocate(files: tuple[str, ...], plane: str | None, partial: bool) -> None:
    """
    Give each row its addresses. Columns: declaration, pool or address; count, prefixlen, purpose, mac, device, key and more.

    A row with a key that was used before takes nothing new. Exit code 1 when rows were at fault and the others done.
    """
    from netops.core.plane import Plane
    from netops.rounds import bulk as rounds

    with desk() as opened:
        made = rounds.plan(opened, _contents(files), Plane(plane) if plane else None, giving=True)
        _do(output(), opened, made, partial)


@bulk.command("release")
@FILES
@PLANE
@PARTIAL
@click.option("--why", default="", help=N_("The reason, for rows that give none."))
@DAYS
def release(files: tuple[str, ...], plane: str | None, partial: bool, why: str, days: int) -> None:
    """Take back the allocation of each row, by its number or exactly its addresses; they rest in quarantine first."""
    from netops.core.plane import Plane
    from netops.rounds import bulk as rounds

    with desk() as opened:
        where = Plane(plane) if plane else None
        made = rounds.plan(opened, _contents(files), where, giving=False, days=days, why=why)
        _do(output(), opened, made, partial)


def _contents(files: tuple[str, ...]) -> list[tuple[str, bytes]]:
    for file in files:
        if Path(file).stat().st_size > MOST_BYTES:
            raise NetopsError(
                "the table was not read", "it is larger than {size} MiB", "split it", size=MOST_BYTES >> 20
            )
    return [(Path(file).name, Path(file).read_bytes()) for file in files]


def _do(out: Output, opened: Desk, made: Plan, partial: bool) -> None:
    """Rows at fault and what the others get, then exactly that or nothing."""
    from netops.addresses.span import Span, number
    from netops.rounds import bulk as rounds

    told = [_told(one) for one in made.faults]
    if out.json and out.dry_run:
        from netops.cli.printing import document

        rows = [{"place": str(row.place), "allocations": row.allocations} for row in made.done]
        out.answer(document("plan", [{"done": rows, "faults": told}], made.plane))
    elif told and not out.json:
        out.records("fault", told, [
            Column(N_("place"), lambda row: row["place"]),
            Column(N_("column"), lambda row: row["column"]),
            Column(N_("value"), lambda row: row["value"]),
            Column(N_("what"), lambda row: row["what"]),
            Column(N_("mend"), lambda row: row["mend"]),
        ])  # fmt: skip
    for row in made.done:
        given = ", ".join(str(Span(number(one.first), number(one.last))) for one in row.allocations)
        names = ", ".join(dict.fromkeys(opened.register.name(one.organization) for one in row.allocations))
        out.say(f"  {row.place}: {given}  {names}")
    out.say(_("plan: {done} rows can be done, {faults} are at fault").format(
        done=len(made.done), faults=len({one.place for one in made.faults})))  # fmt: skip
    if made.done and (partial or not made.faults):
        out.confirm(_("Do these rows?"))
    elif out.dry_run:
        out.confirm("")
    given_all = rounds.run(opened, made, partial=partial)
    if out.json:
        from netops.cli.printing import document

        answer: dict[str, Any] = document("allocation", list(given_all), made.plane)
        out.answer({**answer, "faults": told})
    else:
        table(out, opened, list(given_all), plane=made.plane)
    raise SystemExit(int(bool(told)))


def _told(one: Fault) -> dict[str, str]:
    return {"place": str(one.place), "column": one.column, "value": one.value, "what": _(one.what).format(**one.facts),
            "mend": _(one.mend).format(**one.facts)}  # fmt: skip
