"""The journal: who decided what, when and why, each entry chained to the one before; for auditors."""

from __future__ import annotations

import msgspec

from netops.core import journal
from netops.core.errors import Missing
from netops.core.language import _, recalled
from netops.core.permission import Deed
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50


def listed(visit: Visit) -> Shown:
    """The newest entries first; about one subject, or of one verb."""
    before = visit.counted("before", 0, 1 << 40)
    found = journal.log(
        visit.desk.store, LIMIT + 1, subject=visit.asked("subject"), verb=visit.asked("verb"), before=before or None
    )
    rows: list[list[str | Cell]] = [
        [
            Cell(str(one.seq), path("journal", str(one.seq)), short=True),
            Cell(words.time(one.at), short=True),
            one.actor,
            Cell(one.verb, visit.here(verb=one.verb, before=None)),
            Cell(one.subject, visit.here(subject=one.subject, before=None), short=len(one.subject) < 24),
            recalled(one.why),
            Cell(one.sha256[:12] + "…", short=True),
        ]
        for one in found[:LIMIT]
    ]
    table = Table(
        "journal",
        _("Journal"),
        [_("number"), _("time"), _("who"), _("what"), _("subject"), _("why"), "SHA-256"],
        rows,
        _("Nothing was decided."),
        frozenset({0}),
        more=visit.here(before=found[LIMIT - 1].seq) if len(found) > LIMIT else "",
        csv=visit.here(format="csv", table="journal"),
    )
    newest = found[0] if found else None
    answer = (
        _("The newest entry is {number}, by {actor}, at {time}.").format(
            number=newest.seq, actor=newest.actor, time=words.time(newest.at)
        )
        if newest
        else _("Nothing was decided.")
    )
    tabs = (
        [(visit.here(subject=None, verb=None, before=None), _("all"), True)]
        if visit.asked("subject") or visit.asked("verb")
        else []
    )
    return Shown(
        "list.html", answer, {"tabs": tabs, "acts": []}, [table], under=_("netops journal verify reads the whole chain.")
    )


def show(visit: Visit) -> Shown:
    """One entry: before and after, and its place in the chain."""
    text = visit.path["number"]
    one = journal.entry(visit.desk.store, int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else None
    if one is None:
        raise Missing("there is no entry {number}", "", "netops journal log", number=text[:16])
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("time"), words.time(one.at, "%Y-%m-%d %H:%M:%S")),
        (_("who"), one.actor),
        (_("what"), one.verb),
        (_("subject"), Cell(one.subject, path("who", q=one.subject))),
        (_("why"), recalled(one.why)),
        (_("before"), _said(one.before)),
        (_("after"), _said(one.after)),
        (_("follows"), one.previous),
        ("SHA-256", one.sha256),
        ("SM3", one.sm3),
    ]
    return Shown(
        "record.html", f"{one.seq} {one.verb} {one.subject}", {"facts": facts, "acts": []}, trail=[("/journal", _("Journal"))]
    )


def _said(value: object) -> str:
    return "" if value is None else msgspec.json.format(msgspec.json.encode(value), indent=1).decode()[:20_000]


PAGES = (Page("/journal", Deed.READ_JOURNAL, listed), Page("/journal/{number}", Deed.READ_JOURNAL, show))
