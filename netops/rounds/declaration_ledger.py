"""The ledger of connected units (接入单位台账) of a plane, by the authority they declare to: for paper and as a workbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import msgspec

from netops.addresses import holdings
from netops.addresses.allocation import HELD
from netops.core import journal
from netops.core.errors import Refused
from netops.core.language import _, spoken
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.renewal import due_on
from netops.desk import Desk
from netops.documents.form import Form, Grid, Part, Remarks
from netops.documents.xlsx import Column, Sheet
from netops.rounds.address_lines import day, today
from netops.rounds.declaration_words import day_words, head_words, name_of, plane_words
from netops.rounds.declaring import authority

MOST_ON_PAPER = 5000
CONNECTED = (DeclarationState.APPROVED, DeclarationState.CONNECTED, DeclarationState.SUSPENDED)
"""States of declarations that the ledger shows."""


class Line(msgspec.Struct, frozen=True):
    """One declaration as the ledger shows it; days ISO, counts whole."""

    number: str
    version: int
    organization: str
    name: str
    authority: str
    state: str
    nature: str
    scope: str
    user_class: str
    equipment: int
    terminals: int
    wired: int
    wireless: int
    servers: int
    other: int
    responsible: str
    security_officer: str
    addresses: int
    since: str
    due: str


class Ledger(msgspec.Struct, frozen=True):
    """The ledger (接入单位台账) of a plane: declarations that stand or are suspended, by the authority they are addressed to."""

    title: str
    plane: Plane
    organ: str
    date: str
    journal: str
    groups: dict[str, tuple[Line, ...]]


def of(desk: Desk, plane: Plane, organization: str = "", at: datetime | None = None) -> Ledger:
    """The ledger of a plane as it stands, or stood at the desk's time."""
    when = at or desk.at
    listed = filings.listed(desk.store, plane=plane, organization=organization, state=CONNECTED, at=when)
    held: dict[str, int] = {}
    for one in holdings.allocations(desk.store, plane, when, organization=organization):
        if one.state in HELD:
            held[one.declaration] = held.get(one.declaration, 0) + one.span.size
    groups: dict[str, list[Line]] = {}
    for declaration in listed:
        line = _line(desk, declaration, held.get(declaration.number, 0))
        groups.setdefault(line.authority, []).append(line)
    organ = name_of(desk, authority(desk, "", plane)) or desk.config.city.title(spoken())
    title = _("Ledger of organizations connected to the {plane} of {city}").format(
        plane=plane_words(plane), city=desk.config.city.title(spoken())
    )
    grouped = {
        name: tuple(sorted(several, key=lambda one: (one.name, one.number)))
        for name, several in sorted(groups.items())
    }
    return Ledger(title, plane, organ, today(desk).isoformat(), journal.head(desk.store), grouped)


def _line(desk: Desk, one: Declaration, addresses: int) -> Line:
    to = one.authority or authority(desk, one.organization, one.plane)
    due: date | None = due_on(one, desk.config.declarations.renew_days)
    kinds = one.kinds
    return Line(
        one.number, one.version, one.organization, name_of(desk, one.organization), name_of(desk, to) if to else "", _(one.state),
        one.nature, one.scope, one.user_class, len(one.equipment), one.terminals, kinds.wired, kinds.wireless, kinds.servers,
        kinds.other, one.responsible, one.security_officer, addresses, day(one.since), due.isoformat() if due else "",
    )  # fmt: skip


Told = tuple[str, float, Callable[[int, Line], str | int]]


def _columns() -> list[Told]:
    return [
        (_("order"), 1.3, lambda place, _line: place), (_("organization"), 3.6, lambda _place, line: line.name),
        (_("declaration"), 3.4, lambda _place, line: f"{line.number} v{line.version}"),
        (_("state"), 2.2, lambda _place, line: line.state), (_("nature"), 3.6, lambda _place, line: line.nature),
        (_("scope"), 4.4, lambda _place, line: line.scope), (_("class"), 1.4, lambda _place, line: line.user_class),
        (_("equipment"), 2.0, lambda _place, line: line.equipment), (_("terminals"), 2.0, lambda _place, line: line.terminals),
        (_("servers"), 1.7, lambda _place, line: line.servers), (_("addresses"), 2.0, lambda _place, line: line.addresses),
        (_("security officer"), 2.8, lambda _place, line: line.security_officer),
        (_("since"), 2.1, lambda _place, line: line.since), (_("due"), 2.1, lambda _place, line: line.due),
    ]  # fmt: skip


COUNTED = ("equipment", "terminals", "servers", "addresses")


def form(made: Ledger) -> Form:
    """
    The ledger for paper: landscape, one table for each authority, heads that repeat, sums.

    Raises:
        Refused: it has more rows than anybody reads on paper.
    """
    count = sum(map(len, made.groups.values()))
    if count > MOST_ON_PAPER:
        raise Refused("the ledger was not drawn", "it has {count} rows, more than {most}", "write it as -o FILE.xlsx",
                      count=count, most=MOST_ON_PAPER)  # fmt: skip
    columns = _columns()
    heads, shares = (
        tuple(head for head, _share, _tell in columns),
        tuple(share for _head, share, _tell in columns),
    )
    sums = {_(name): name for name in COUNTED}
    parts: list[Part] = []
    for name, lines in made.groups.items():
        rows = tuple(
            tuple(str(tell(place, line)) for _head, _share, tell in columns)
            for place, line in enumerate(lines, 1)
        )
        total = tuple(
            str(sum(getattr(line, sums[head]) for line in lines))
            if head in sums
            else _("total")
            if place == 1
            else ""
            for place, head in enumerate(heads)
        )
        heading = _("declared to {authority}: {count}").format(authority=name or "—", count=len(lines))
        parts.append(
            Grid(
                heads,
                shares,
                rows,
                heading,
                tuple(place for place, head in enumerate(heads) if head in sums),
                total,
            )
        )
    return Form(
        made.title, made.date, tuple(parts) or (Remarks((_("(no organization is connected)"),)),),
        _("drawn up by: {organ}").format(organ=made.organ), _("date: {day}").format(day=day_words(made.date)), landscape=True,
        foot=head_words(made.journal),
    )  # fmt: skip


def sheet(made: Ledger) -> Sheet:
    """One sheet, the authority in a column of its own: so it can be filtered and sorted."""
    said: list[tuple[str, Callable[[Line], str | int]]] = [
        (_("declaration"), lambda line: line.number), (_("version"), lambda line: line.version),
        (_("organization"), lambda line: line.name), (_("code"), lambda line: line.organization),
        (_("authority"), lambda line: line.authority), (_("state"), lambda line: line.state),
        (_("nature"), lambda line: line.nature), (_("scope"), lambda line: line.scope),
        (_("class"), lambda line: line.user_class), (_("equipment"), lambda line: line.equipment),
        (_("terminals"), lambda line: line.terminals), (_("wired"), lambda line: line.wired),
        (_("wireless"), lambda line: line.wireless), (_("servers"), lambda line: line.servers),
        (_("other"), lambda line: line.other), (_("addresses"), lambda line: line.addresses),
        (_("person responsible"), lambda line: line.responsible), (_("security officer"), lambda line: line.security_officer),
        (_("since"), lambda line: line.since), (_("due"), lambda line: line.due),
    ]  # fmt: skip
    rows = [[tell(line) for _head, tell in said] for lines in made.groups.values() for line in lines]
    told = (
        _("drawn up by: {organ}").format(organ=made.organ),
        _("date: {day}").format(day=day_words(made.date)),
    )
    remarks = ["　　".join((*told, head_words(made.journal)))]
    wrapped, counted = (_("scope"), _("nature")), {_(name) for name in (*COUNTED, "wired", "wireless", "other")}
    columns = [
        Column(head, 30 if head in wrapped else 0, right=head in counted, wraps=head in wrapped)
        for head, _tell in said
    ]
    return Sheet(_("ledger"), columns, rows, made.title, remarks, kept=3, ruled=len(rows) <= MOST_ON_PAPER)
