"""`netops inspect rectify | rectifications | reply | recheck | except | exceptions`: what follows an inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.inspections.rectification import ItemException, Rectification
    from netops.rounds.rectify import Rechecked

STAGES = {"open": "bad", "answered": "note", "closed": "good"}
LABELS = {"open": N_("to be mended"), "answered": N_("reply received"), "closed": N_("mended and closed")}


@click.command(cls=Command)
@click.argument("number")
@click.option("--item", "items", metavar="ITEM", multiple=True, help=N_("Only these items; several allowed."))
@click.option("--days", type=click.IntRange(1, 3650), help=N_("Term for all of them; else each item's own."))
@click.option("--partial", is_flag=True, help=N_("Partly kept items too."))
def rectify(number: str, items: tuple[str, ...], days: int | None, partial: bool) -> None:
    """
    Ask that what does not conform be mended: rectification items with a term and the proof that is wanted.

    Items under an exception, and those that are asked for already, are left out. `document draft inspection_request NUMBER`
    gathers them into the notice.
    """
    from netops.rounds import rectify as rounds

    out = output()
    with desk() as opened:
        wanted = rounds.demands(opened, number, items, days=days or 0, partial=partial)
        for one in wanted:
            asked = one.asked if spoken() == "zh" else ", ".join(one.item.evidence)
            out.say(f"  {one.item.id} {one.item.question}  {_('until {day}').format(day=one.due)}  {asked}")
        if wanted:
            out.say(_("plan: ask that {count} items of {number} be mended").format(count=len(wanted), number=number))
            out.confirm(_("Do it?"))
            rounds.open_(opened, number, wanted)
        _list(out, opened, number, next_step=f"netops document draft inspection_request {number}" if wanted else "")


@click.command(cls=Command)
@click.argument("number", required=False, default="")
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--all", "everything", is_flag=True, help=N_("Closed ones too."))
def rectifications(number: str, organization: str, everything: bool) -> None:
    """What is to be mended, of one inspection or of all. Exit code 1 when a term has passed."""
    out = output()
    with desk() as opened:
        late = _list(out, opened, number, organization, everything)
    raise SystemExit(int(late))


@click.command(cls=Command)
@click.argument("number")
@click.option("--note", required=True, help=N_("What was done, and where the proof is."))
@click.option("--by", default="", metavar="NAME", help=N_("Who answers for the organization."))
def reply(number: str, note: str, by: str) -> None:
    """The organization answers a rectification item; a recheck decides whether it is closed."""
    from netops.rounds import rectify as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: {number} is answered").format(number=number))
        out.confirm(_("Do it?"))
        made = rounds.reply(opened, number, note, by)
        told = f"{sign('note')} {made.number}  {made.item}  {made.reply}"
        out.record("rectification", _record(made, ""), lambda: out.line(told))
        out.next(f"netops inspect recheck {made.inspection}")


@click.command(cls=Command)
@click.argument("number")
@click.option("--item", "items", metavar="ITEM", multiple=True, help=N_("Only these items; several allowed."))
@click.option("--again", is_flag=True, help=N_("First run the rounds again that concluded the findings behind them."))
def recheck(number: str, items: tuple[str, ...], again: bool) -> None:
    """
    Ask again what is to be mended, with the same items and parameters as then.

    What conforms now is closed. What an inspector had said, an inspector says again (`inspect fill`). Exit code 1 when
    something is not mended, 3 when what that needs could not be seen.
    """
    from netops.inspections.answer import Result
    from netops.rounds import rectify as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: ask again what {number} found").format(number=number))
        out.confirm(_("Do it?"))
        with out.progress(_("recheck")) as progress:
            made = rounds.recheck(opened, number, items, progress, again=again)
        _verdicts(out, made)
    left = [one for one in made.verdicts if not one.closes]
    blind = any(one.result is Result.UNCHECKED for one in left)
    raise SystemExit(3 if blind else int(bool(left)))


@click.command("except", cls=Command)
@click.argument("number")
@click.argument("item")
@click.option("--owner", required=True, metavar="NAME", help=N_("Who answers for it."))
@click.option("--why", required=True, help=N_("Why it cannot be kept."))
@click.option("--until", required=True, metavar="DATE", help=N_("The last day, such as 2026-12-31; then it counts as open."))
def except_(number: str, item: str, owner: str, why: str, until: str) -> None:
    """Somebody answers for an item that is not kept, until a day."""
    from netops.rounds import rectify as rounds

    out = output()
    with desk() as opened:
        out.say(
            _("plan: {item} of {number} is excepted until {day}, {owner} answers for it").format(
                item=item, number=number, day=until, owner=owner
            )
        )
        out.confirm(_("Do it?"))
        made = rounds.except_(opened, number, item, owner=owner, reason=why, until=until)
        out.say(_("{number} is kept.").format(number=made))
        out.next("netops inspect exceptions")


@click.command(cls=Command)
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
def exceptions(organization: str) -> None:
    """Every exception, with who answers for it; exit code 1 when one has expired."""
    from netops.core.clock import city_time
    from netops.inspections import followup

    out = output()
    with desk() as opened:
        day = city_time(opened.clock(), "%Y-%m-%d")
        rows = followup.excepted(opened.store, organization)
    out.records(
        "exception",
        [_told(one, day) for one in rows],
        [
            Column("", lambda one: sign("good" if one["holds"] else "bad")),
            Column(N_("number"), lambda one: one["number"], style="cyan"),
            Column(N_("organization"), lambda one: one["organization"]),
            Column(N_("item"), lambda one: one["item"]),
            Column(N_("who answers"), lambda one: one["owner"]),
            Column(N_("until"), lambda one: one["until"] + ("" if one["holds"] else _(" (expired: open again)"))),
            Column(N_("why"), lambda one: one["reason"]),
        ],
        empty=_("There is no exception."),
    )
    raise SystemExit(int(any(not one.holds(day) for one in rows)))


# ---- showing
def _told(one: ItemException, day: str) -> dict[str, Any]:
    import msgspec

    return {**msgspec.structs.asdict(one), "holds": one.holds(day)}


def _list(
    out: Output, opened: Desk, number: str, organization: str = "", everything: bool = False, next_step: str = ""
) -> bool:
    """Print rectification items; whether a term of one has passed."""
    from netops.core.clock import city_time
    from netops.inspections import archive, followup

    if number:
        number = archive.one(opened.store, number).number
    day = city_time(opened.clock(), "%Y-%m-%d")
    rows = followup.listed(opened.store, inspection=number, organization=organization, is_open=not everything)
    out.records(
        "rectification",
        [_record(one, day) for one in rows],
        [
            Column("", lambda one: sign(STAGES[one["state"]]), style=lambda one: "red" if one["overdue"] else ""),
            Column(N_("number"), lambda one: one["number"], style="cyan"),
            Column(N_("organization"), lambda one: one["organization"]),
            Column(N_("item"), lambda one: one["item"]),
            Column(N_("what was found"), lambda one: one["reason"]),
            Column(N_("until"), lambda one: one["due"] + (_(" (overdue)") if one["overdue"] else "")),
            Column(N_("time no."), lambda one: one["repeat"], right=True),
            Column(N_("state"), lambda one: _(LABELS[one["state"]])),
            Column(N_("answer"), lambda one: one["reply"]),
            Column(N_("recheck"), lambda one: _(one["recheck"]) if one["recheck"] else ""),
        ],
        empty=_("Nothing is to be mended."),
        next_step=next_step or (f"netops inspect recheck {rows[0].inspection}" if rows else ""),
    )
    return any(one.is_overdue(day) for one in rows)


def _record(one: Rectification, day: str) -> dict[str, Any]:
    import msgspec

    from netops.inspections.inspection import sentence

    return {
        **msgspec.structs.asdict(one), "said": one.said.result, "reason": sentence(one.said) if one.said.reason else "",
        "overdue": bool(day) and one.is_overdue(day),
    }  # fmt: skip


def _verdicts(out: Output, made: Rechecked) -> None:
    from netops.inspections.inspection import sentence

    ran = ", ".join(_(name) for name in made.rounds)
    rows = [
        {"number": one.number, "item": one.item, "result": one.result, "closed": one.closes, "waits": one.waits,
         "reason": sentence(one.judgement) if one.judgement.reason else "", "evidence": one.judgement.evidence}
        for one in made.verdicts
    ]  # fmt: skip
    out.records(
        "recheck",
        rows,
        [
            Column("", lambda one: sign("good" if one["closed"] else "unseen" if one["result"] == "unchecked" else "bad")),
            Column(N_("number"), lambda one: one["number"], style="cyan"),
            Column(N_("item"), lambda one: one["item"]),
            Column(N_("now"), lambda one: _(one["result"])),
            Column(N_("what becomes of it"), _fate),
            Column(N_("why"), lambda one: one["reason"]),
        ],
        title=_("rounds that ran again: {rounds}").format(rounds=ran) if ran else "",
        next_step=f"netops inspect rectifications {made.inspection}",
    )


def _fate(one: dict[str, Any]) -> str:
    if one["closed"]:
        return _(LABELS["closed"])
    return _("an inspector has to look again") if one["waits"] else _("stays open")
