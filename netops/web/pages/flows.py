"""Kept flows as a page: those that a filter means, or sums of them, and what of the time was seen."""

from __future__ import annotations

from datetime import datetime

from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.language import _
from netops.core.permission import Deed
from netops.rounds import query
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
SECONDS = 20.0


def flows(visit: Visit) -> Shown:
    """The flows that a filter means, or sums of them; what of the time was seen."""
    text, by = (
        visit.asked("filter"),
        tuple(name for name in visit.asked("by").replace("，", ",").replace(" ", "").split(",") if name),
    )
    question = query.Question(
        text=text, since=_moment(visit.asked("since")), until=_moment(visit.asked("until")), by=by, limit=LIMIT
    )
    wrong = None
    answer: query.Answer | None = None
    try:
        answer = visit.remember(("flows", question), SECONDS, lambda: query.answered(visit.desk, question))
    except NetopsError as error:
        wrong = error.told()
    tables = []
    said = _("Nothing was asked.")
    if answer is not None:
        totals = answer.totals
        said = _("{flows} flows, {packets} packets, {bytes} bytes").format(
            flows=f"{totals.flows:,}", packets=f"{totals.packets:,}", bytes=f"{totals.bytes:,}"
        )
        tables = [_groups(visit, answer, by) if by else _flows(visit, answer)]
        if answer.unseen:
            tables.append(
                Table(
                    "unseen",
                    _("What was not seen"),
                    [_("device"), _("address"), _("why")],
                    [[one.device, one.address, _(one.why).format(**one.facts)] for one in answer.unseen],
                    csv=visit.here(format="csv", table="unseen"),
                )
            )
    return Shown(
        "flows.html",
        said if wrong is None else wrong[0],
        {"visit": visit, "wrong": wrong},
        tables,
        trail=[("/egress", _("Egress"))],
        mark="bad" if wrong else "unseen" if answer and answer.unseen else "",
        status=422 if wrong else 200,
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NetopsError(
            "the page was not shown", "{text} is no time", "write 2026-03-01 or 2026-03-01T08:00", text=text
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=CITY_ZONE)


def _end(visit: Visit, one: dict[str, object], end: str) -> Cell:
    address = str(one.get(end, ""))
    return Cell(f"{address}:{one.get(end[0] + 'port', '')}", path("who", q=address), short=True)


def _flows(visit: Visit, answer: query.Answer) -> Table:
    rows: list[list[str | Cell]] = [
        [
            Cell(words.told_time(one.get("received")), short=True),
            _end(visit, one, "src"),
            _end(visit, one, "dst"),
            words.protocol(one.get("proto", "")),
            f"{one.get('packets', 0):,}",
            words.octets(float(one.get("bytes", 0))),
            Cell(str(one.get("exporter", "")), short=True),
            str(one.get("exit", "") or "—"),
            Cell(_(str(one.get("verdict", ""))), short=True),
            words.organization(str(one.get("organization", ""))),
        ]
        for one in answer.items
    ]
    return Table(
        "flows",
        _("Flows"),
        [
            _("received"),
            _("source address"),
            _("destination address"),
            _("protocol"),
            _("packets"),
            _("octets"),
            _("exporter"),
            _("exit"),
            _("verdict"),
            _("organization"),
        ],
        rows,
        _("No flow is like this."),
        frozenset({4, 5}),
        csv=visit.here(format="csv", table="flows"),
    )


def _groups(visit: Visit, answer: query.Answer, by: tuple[str, ...]) -> Table:
    rows: list[list[str | Cell]] = [
        [*(str(one.keys[name]) for name in by), f"{one.flows:,}", f"{one.packets:,}", words.octets(one.bytes)]
        for one in answer.items
    ]
    return Table(
        "flows",
        _("Sums"),
        [*by, _("flows"), _("packets"), _("octets")],
        rows,
        _("No flow is like this."),
        frozenset(range(len(by), len(by) + 3)),
        csv=visit.here(format="csv", table="flows"),
    )


PAGES = (Page("/egress/flows", Deed.READ, flows, bound=False),)
