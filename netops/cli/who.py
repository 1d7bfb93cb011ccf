"""`netops who QUERY`: whose is an address, card, device, name, paper or organization; with --at, whose it was then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Output, document, labelled, sign
from netops.core.clock import city_time
from netops.core.language import N_, _, bracketed

if TYPE_CHECKING:
    from datetime import datetime

    from netops.addresses.allocation import Allocation
    from netops.addresses.mention import Mention
    from netops.rounds.who import Answer
    from netops.topology.sightings import SightingSpan

SHOWN = 5
"""Records of a kind that people see; --json has more."""
KINDS = {
    "address": N_("address"), "prefix": N_("prefix"), "mac": "MAC", "name": N_("host name"), "device": N_("device"),
    "organization": N_("organization"), "declaration": N_("declaration"), "document": N_("document"),
    "allocation": N_("allocation"), "record": N_("record"),
}  # fmt: skip
"""What a match is."""


@click.command(cls=Command)
@click.argument("query")
def who(query: str) -> None:
    """
    Whose is it, where is it, by what right, and what stands against it; with --at, as it was then.

    QUERY is an address, a prefix, a MAC, a device, a host name, the number of a declaration, document or allocation, or an
    organization; the beginning of one lists what it may mean.
    """
    from netops.rounds import who as rounds

    out = output()
    with desk() as opened:
        answers = rounds.who(opened, query)
        if out.json:
            out.answer(document("answer", answers))
            return
        for answer in answers:
            _show(out, answer)


def _show(out: Output, answer: Answer) -> None:
    out.line(_head(answer), style="bold")
    if answer.what == "matches":
        for match in answer.matches:
            where = "  ".join(part for part in (match.title, _plane(match.plane), match.organization) if part)
            out.line(f"  {match.text}  {_(KINDS[match.what])}  {where}".rstrip())
        _more(out, answer)
        out.next(f"netops who {answer.matches[0].text}")
        return
    owner = bracketed(answer.organization_name, answer.organization) if answer.organization else "—"
    out.line(f"  {labelled(_('organization'))}{owner}")
    for line in _lines(answer):
        out.line(f"  {line}")
    if answer.what == "address" and not answer.allocation and not answer.device:
        out.line(f"  {labelled(_('allocation'))}{sign('bad')} {_('none')}", style="red")
    for finding in answer.findings:
        out.line(f"  {sign('bad')} {finding['id']} {finding['code']} {finding['title']}", style="red")
    _more(out, answer)


def _head(answer: Answer) -> str:
    told = [answer.query, _plane(answer.plane)]
    if answer.at:
        told.append(_("as of {time}").format(time=city_time(answer.at)))
    if answer.deleted:
        told.append(
            _("no longer registered; last in the register of {time}").format(time=city_time(answer.deleted))
        )
    return "  ".join(part for part in told if part)


def _plane(plane: str) -> str:
    from netops.core.plane import Plane

    return _(Plane(plane).label) if plane else ""


def _more(out: Output, answer: Answer) -> None:
    if answer.more:
        out.line("  " + _("there is more than is shown"), style="dim")


def _lines(answer: Answer) -> Iterator[str]:
    """What is known, each with who says so and from when to when."""
    if answer.device:
        names = ("name", "interface", "role", "address", "model")
        shown = "  ".join(str(answer.device[key]) for key in names if answer.device.get(key))
        yield labelled(_("device")) + shown
    if answer.record:
        yield labelled(_("record")) + f"{answer.record.kind}  {answer.record.title}  {_(answer.record.state.value)}"
    if answer.names:
        yield labelled(_("host name")) + ", ".join(answer.names)
    yield from map(_seen, answer.sightings[-SHOWN:])
    yield from map(_told, answer.mentions[-SHOWN:])
    for one in answer.near:
        yield _("at another time: ") + _seen(one)
    if len(answer.moves) > 1:
        for move in answer.moves[-SHOWN:]:
            told = _("was at {place} with {ip}, {first} – {last}, by {source}")
            span = _span(move.since, move.until)
            yield told.format(
                place=move.place or _("not located"), ip=move.ip or "—", source=move.source, **span
            )
    if answer.segment:
        keys = ("prefix", "gateway", "switch", "granted_by")
        yield labelled(_("segment")) + "  ".join(
            answer.segment[key] for key in keys if answer.segment.get(key)
        )
    for segment in answer.segments[:SHOWN]:
        yield (
            labelled(_("segment"))
            + "  ".join(str(segment.get(key, "")) for key in ("prefix", "id", "organization")).strip()
        )
    if answer.allocation:
        yield labelled(_("allocation")) + _held(answer.allocation)
    for held in answer.history[-SHOWN:]:
        yield (labelled(_("formerly")) if held.until else labelled(_("allocation"))) + _held(held)
    for paper in answer.declarations[:SHOWN]:
        yield _("declared: {number} {state}, {terminals} terminals").format(
            number=paper.number, state=_(paper.state), terminals=paper.terminals)  # fmt: skip


def _span(first: datetime, last: datetime) -> dict[str, str]:
    return {"first": city_time(first), "last": city_time(last)}


def _seen(one: SightingSpan) -> str:
    place = f"{one.switch} {one.port}".strip() or _("not located")
    return _("seen: {ip} {mac} at {place}, {first} – {last}, by {source}").format(
        ip=one.ip or "—", mac=one.mac, place=place, source=", ".join(dict.fromkeys(filter(None, (one.device, one.switch)))),
        **_span(one.first_seen, one.last_seen))  # fmt: skip


def _told(one: Mention) -> str:
    text = _("told: {ip} {mac} {name}, {first} – {last}, by {source} ({kind})").format(
        ip=one.ip, mac=one.mac or "—", name=one.name or "—", source=one.source, kind=_(one.kind),
        **_span(one.first_seen, one.last_seen))  # fmt: skip
    return text + (_(", leased until {time}").format(time=city_time(one.expires)) if one.expires else "")


def _held(one: Allocation) -> str:
    until = city_time(one.until) if one.until else ""
    parts = [
        one.id,
        str(one.span),
        one.organization,
        one.declaration,
        _(one.state),
        f"{city_time(one.since)} –",
        until,
        one.cause,
    ]
    return "  ".join(part for part in parts if part)
