"""`netops site`: check, list, show, accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds import Report


@click.group(cls=Group)
def site() -> None:
    """What a visitor sees of the registered sites, services and interfaces (Articles 13 to 17)."""


@site.command()
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1)
@click.option("--quick", is_flag=True, help=N_("Only visit; a close look only where it is due."))
def check(numbers: tuple[str, ...], quick: bool) -> None:
    """
    Visit registered pages and look at them closely: certificate, age, links, columns, hidden links, marks, identity numbers.

    NUMBER is a record such as WEB-0001; without one every page that the registers name. Nothing else is ever asked, robots.txt is
    obeyed, and every site has a budget ([sites]). Exit code 3 when a page was not seen, 1 when something is not in order.
    """
    from netops.core import docket
    from netops.rounds import look
    from netops.rounds import sites as rounds

    out = output()
    with desk() as opened:
        with out.progress(_("sites")) as progress:
            report: Report = rounds.run(
                opened, progress, tuple(one.strip().upper() for one in numbers), close=not quick
            )
        listed = [docket.one(opened.store, number) for number in report.standing]
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
            ],
            unseen=report.unseen,
            empty=_("{count} pages were visited: what was seen is in order").format(
                count=report.facts["visited"]
            ),
            next_step=f"netops explain {listed[0].code}" if listed else "",
        )
    raise SystemExit(report.exit_code)


@site.command("list")
def list_() -> None:
    """Every page that the registers name, with its last visit, and how the visits of a week went."""
    from datetime import timedelta

    from netops.registers import visits
    from netops.rounds import sites as rounds

    out = output()
    with desk() as opened:
        at = opened.clock()
        seen = visits.since(opened.store, at - timedelta(days=7))
        rows = []
        for one, url in rounds.registered(opened):
            mine = [visit for visit in seen if (visit.number, visit.url) == (one.number, url)]
            last = mine[-1] if mine else None
            rows.append(
                {
                    "number": one.number, "name": one.title, "url": url, "organization": one.organization,
                    "last": last.at if last else None, "outcome": last.outcome if last else "",
                    "seconds": last.seconds if last else None,
                    "visits": len(mine), "failed": sum(visit.outcome == "closed" for visit in mine),
                }
            )  # fmt: skip
        out.records(
            "page",
            rows,
            [
                Column(
                    "",
                    lambda row: sign(
                        {"open": "good", "closed": "bad", "refused": "unseen"}.get(row["outcome"], "open")
                    ),
                ),
                Column(N_("number"), lambda row: row["number"], style="cyan"),
                Column(N_("name"), lambda row: row["name"]),
                Column("URL", lambda row: row["url"]),
                Column(N_("last visit"), lambda row: row["last"]),
                Column(N_("seconds"), lambda row: row["seconds"], right=True),
                Column(N_("visits of a week"), lambda row: row["visits"], right=True),
                Column(N_("failed"), lambda row: row["failed"], right=True),
            ],
            empty=_("no record of sites, services or interfaces names a page"),
            next_step="netops site check" if rows else "netops register add sites …",
        )


@site.command()
@click.argument("number")
def show(number: str) -> None:
    """One site: the last close look, its certificate, and its failed visits of a week."""
    from datetime import timedelta

    from netops.core.clock import city_time
    from netops.registers import entries, visits

    out = output()
    with desk() as opened:
        one = entries.one(opened.store, number)
        at, found = visits.last(opened.store).get(one.number, (None, {}))
        failed = [
            visit for visit in visits.since(opened.store, opened.clock() - timedelta(days=7), (one.number,))
            if visit.outcome != "open"
        ]  # fmt: skip

        def text() -> None:
            out.line(f"{one.number}  {one.title}", style="bold")
            out.line(f"  {labelled(_('last close look'))}{city_time(at) if at else _('never')}")
            certificate = found.get("certificate")
            if certificate:
                out.line(f"  {labelled(_('certificate'))}{certificate['subject']}  "
                         f"{certificate['algorithm'].upper()} {certificate['bits']}  "
                         f"{labelled(_('valid until'))}{certificate['not_after']}")  # fmt: skip
            for label, key in (
                (_("newest day on the home page"), "newest"), (_("links asked"), "links_asked"), (_("dead links"), "dead"),
                (_("hidden links"), "hidden"), (_("security marks"), "marks"), (_("identity numbers"), "identities"),
            ):  # fmt: skip
                if key in found:
                    out.line(f"  {labelled(label)}{found[key] if found[key] != '' else '—'}")
            for visit in failed[-20:]:
                out.line(
                    f"  {sign('bad')} {city_time(visit.at)}  {visit.url}  {_(visit.outcome)} {visit.status or ''}"
                )

        out.record(
            "site", {"record": one, "looked_at": at, "found": found, "failed": failed}, text, plane=one.plane
        )


@site.command()
@click.argument("number")
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def accept(number: str, why: str) -> None:
    """Say that a site's changed home page is right: the next look makes it the measure."""
    from netops.rounds import sites as rounds

    out = output()
    with desk() as opened:
        out.say(_("{number}: the home page as it is seen next becomes the measure").format(number=number))
        out.confirm(_("Accept it?"))
        entry = rounds.accept(opened, number, why)
        out.line(f"{sign('good')} " + _("{number} is accepted").format(number=entry.number))
        out.next(f"netops site check {entry.number}")
