"""The search (`who`) on every page: whose is an address, a card, a device, a name, a paper; by initials, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from starlette.responses import RedirectResponse, Response

from netops.core import docket
from netops.core.errors import Missing
from netops.core.language import _, series
from netops.core.permission import Deed
from netops.incidents import casebook, papers
from netops.inspections import archive
from netops.rounds.matching import Match
from netops.rounds.who import Answer, told_to, who
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LONGEST = 200
NUMBERED: Mapping[str, tuple[str, Callable[[Any, str], Any]]] = {
    "F": ("findings", docket.one),
    "INC": ("incidents", casebook.one),
    "IS": ("inspections", archive.one),
    "D": ("documents", papers.one),
}
"""Beginning of a number to its page and what finds the record."""


def show(visit: Visit) -> Shown | Response:
    """What is known of what was asked; a number of ours leads to its own page."""
    visit = visit.then()
    query = visit.asked("q")[:LONGEST]
    if query and (found := _numbered(visit, query)):
        return RedirectResponse(found, 303)
    answers: list[Answer] = []
    if query:
        with suppress(Missing):
            answers = told_to(visit.who, who(visit.desk, query))
    blocks = [_block(visit, one, place) for place, one in enumerate(answers)]
    if not query:
        answer, mark = _("Ask for an address, a MAC, a device or an organization."), ""
    elif not answers:
        answer, mark = _("Nobody knows {query}.").format(query=query), "unseen"
    else:
        answer, mark = _sentence(query, answers), ""
    return Shown(
        "who.html",
        answer,
        {"query": query, "blocks": blocks},
        [table for _one, _facts, several in blocks for table in several],
        mark=mark,
    )


def _numbered(visit: Visit, query: str) -> str:
    text = query.upper()
    if not re.fullmatch(r"(?:F|INC|IS|D)-[0-9-]{1,16}", text):
        return ""
    room, find = NUMBERED[text.partition("-")[0]]
    try:
        one = find(visit.desk.store, text)
    except Missing:
        return ""
    plane = getattr(one, "plane", None)
    if room == "documents":
        seen = one.is_seen(visit.who, visit.desk.planes)
    else:
        seen = visit.who.may_across(Deed.READ, [plane] if plane else visit.desk.planes, one.organization)
    return path(room, text) if seen else ""


def _sentence(query: str, answers: list[Answer]) -> str:
    first = answers[0]
    if first.what == "matches":
        return _("{query} may mean several things.").format(query=query)
    if first.organization_name:
        return _("{query} belongs to {organization}.").format(query=first.query, organization=first.organization_name)
    return _("{query} is known, but nobody's.").format(query=first.query)


def _block(visit: Visit, one: Answer, place: int) -> tuple[Answer, list[Any], list[Table]]:
    facts: list[tuple[str, Any]] = []

    def fact(label: str, value: Any) -> None:
        if value:
            facts.append((label, value))

    if one.what != "matches":
        fact(_("organization"), Cell(one.organization_name or "—", path("who", q=one.organization) if one.organization else ""))
        fact(_("plane"), words.plane(one.plane))
    if one.deleted:
        fact(_("no longer registered"), words.time(one.deleted))
    if one.device:
        name = str(one.device.get("name", ""))
        fact(
            _("device"),
            Cell(f"{name} {one.device.get('interface') or ''}".strip(), path("devices", one.plane, name) if one.plane else ""),
        )
    fact(_("host names"), series(one.names))
    if one.segment:
        prefix = str(one.segment["prefix"])
        fact(_("segment"), Cell(f"{prefix} {one.segment.get('name', '')}".strip(), path("pools", one.plane, prefix)))
    if one.allocation:
        given = one.allocation
        fact(
            _("allocation"),
            Cell(
                f"{given.id} {given.span}",
                path("allocations", given.id),
                under=" · ".join(filter(None, (_(given.state), given.declaration, given.purpose))),
            ),
        )
    fact(
        _("declarations"),
        [
            Cell(f"{each.number} v{each.version}", path("declarations", each.number), under=_(each.state))
            for each in one.declarations
        ],
    )
    if one.record:
        fact(
            _("record"), Cell(f"{one.record.number} {one.record.title}", path("registers", one.record.kind, one.record.number))
        )
    fact(_("findings"), [Cell(f"{each['id']} {each['title']}", path("findings", each["id"]), "bad") for each in one.findings])

    def table(name: str, caption: str, heads: list[str], rows: list[list[str | Cell]]) -> list[Table]:
        full = f"{name}-{place}"
        return [Table(full, caption, heads, rows, csv=visit.here(format="csv", table=full))] if rows else []

    plane = one.plane
    tables = [
        *table(
            "matches",
            _("What it may mean"),
            [_("what"), _("which"), _("title"), _("plane"), _("organization")],
            [_match(each) for each in one.matches],
        ),
        *table(
            "seen",
            _("Where it was seen"),
            [_("address"), _("MAC"), _("switch"), _("port"), _("first seen"), _("last seen")],
            [
                [
                    Cell(each.ip, path("who", q=each.ip)),
                    Cell(each.mac, path("who", q=each.mac)),
                    Cell(each.switch, path("devices", plane, each.switch) if each.switch else ""),
                    each.port,
                    words.time(each.first_seen),
                    words.time(each.last_seen),
                ]
                for each in (*one.sightings, *one.near)
            ],
        ),
        *table(
            "told",
            _("What other sources say"),
            [_("source"), _("address"), _("MAC"), _("name"), _("first seen"), _("last seen")],
            [
                [each.source, each.ip, each.mac, each.name, words.time(each.first_seen), words.time(each.last_seen)]
                for each in one.mentions
            ],
        ),
        *table(
            "moves",
            _("Where its card was"),
            [_("MAC"), _("address"), _("place"), _("from"), _("until")],
            [
                [each.mac, each.ip, each.place, words.time(each.since), words.time(each.until)]
                for each in one.moves
                if len(one.moves) > 1
            ],
        ),
        *table(
            "held",
            _("Allocations"),
            [_("number"), _("addresses"), _("organization"), _("declaration"), _("state"), _("from"), _("until")],
            [
                [
                    Cell(each.id, path("allocations", each.id)),
                    str(each.span),
                    words.organization(each.organization),
                    each.declaration,
                    _(each.state),
                    words.time(each.since),
                    words.time(each.until),
                ]
                for each in one.history
            ],
        ),
    ]
    return one, facts, tables


def _match(each: Match) -> list[str | Cell]:
    where = {
        "declaration": path("declarations", each.text),
        "device": path("devices", each.plane, each.text) if each.plane else "",
        "prefix": path("pools", each.plane, each.text) if each.plane else "",
    }.get(each.what) or path("who", q=each.text)
    return [_(each.what), Cell(each.text, where), each.title, words.plane(each.plane), words.organization(each.organization)]


PAGES = (Page("/who", Deed.READ, show),)
