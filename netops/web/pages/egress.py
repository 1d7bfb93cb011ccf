"""Egress: each exit with its traffic over time, unfiled ones on top; flows of a question; what the watch cannot see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from netops.core import ranked
from netops.core.clock import CITY_ZONE
from netops.core.language import N_, _, series
from netops.core.permission import Deed
from netops.egress import hits
from netops.egress.coverage import Coverage
from netops.egress.exit import ExitKind, RegisteredExit
from netops.rounds import blind, exit_traffic, look, query
from netops.rounds.exit_traffic import KINDS, Traffic, Way
from netops.web.pages import curve, words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LABELS = {"hour": N_("last hour"), "day": N_("last day"), "week": N_("last week"), "month": N_("last month")}
KEPT_SECONDS = {"hour": 20.0, "day": 60.0, "week": 300.0, "month": 900.0}
"""What was counted is known for so long: the longer the window, the less a new minute changes."""
UNFILED = ("rogue_exit_router", "rogue_exit_host", "intranet_exit", "unfiled_separate_exit")
"""Kinds of findings that are ways to the internet which nobody filed."""
LIMIT = 50
SECONDS = 20.0
CURVES = 10
"""Drawn one by one, and columns of their table; what is beyond is shown together."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def show(visit: Visit) -> Shown:
    """Unfiled ways out first, then the traffic of each exit, the registered ones, and the share that was seen."""
    window = visit.chosen("window", exit_traffic.WINDOWS) or "day"
    by_kind = visit.chosen("by", ("kind",)) == "kind"
    until = visit.desk.clock()
    since = until - exit_traffic.WINDOWS[window][0]
    planes, kept = visit.planes, KEPT_SECONDS[window]
    passed: Traffic = visit.remember(
        ("exits", window, planes), kept, lambda: exit_traffic.traffic(visit.desk, window, planes, visit.own), late=True
    )
    codes = [rule.code for rule in look.rules().values() if rule.kind in UNFILED]
    unfiled = ranked.page(visit.desk.store, LIMIT, planes=planes, organization=visit.own, codes=codes)
    exits = [one for one in visit.desk.register.exits if one.plane in planes and visit.sees(one.plane, one.organization)]
    seen: Coverage = visit.remember(("coverage", window), SECONDS, lambda: query.covered(visit.desk, since, until), late=True)
    several = _series(_by_kind(passed.ways) if by_kind else passed.ways)
    tables = [
        Table(
            "unfiled",
            _("Ways to the internet that nobody filed"),
            words.finding_heads(),
            [words.finding_row(one) for one in unfiled],
            _("None was seen."),
            words.FINDING_RIGHT,
            csv=visit.here(format="csv", table="unfiled"),
        ),
        _exits(visit, passed),
        Table(
            "traffic",
            _("Traffic by kind of exit") if by_kind else _("Traffic by exit"),
            [_("time"), *(f"{one.letter} {one.name}" for one in several)],
            [
                [Cell(words.time(at), short=True), *(_octets(one.values[place]) for one in several)]
                for place, at in enumerate(passed.times)
                if any(one.values[place] for one in several)
            ],
            _("No traffic was seen."),
            frozenset(range(1, len(several) + 1)),
            csv=visit.here(format="csv", table="traffic"),
        ),
        _verdicts(visit, window, since, until),
    ]
    if not visit.own:
        tables.append(_exporters(visit, seen))
        tables.append(_leads_of_findings(visit))
    share = query.percent(seen.share)
    answer = _("Registered exits: {exits}; unfiled ways out: {unfiled}; {share} of what exporters sent was seen.").format(
        exits=len(exits), unfiled=len(unfiled), share=share
    )
    tabs = [(visit.here(window=name), _(label), name == window) for name, label in LABELS.items()]
    ways = [(visit.here(by=None), _("each exit"), not by_kind), (visit.here(by="kind"), _("by kind"), by_kind)]
    acts = (
        []
        if visit.own
        else [(path("egress", "flows"), _("Ask the flows")), (path("egress", "blind"), _("What the watch cannot see"))]
    )
    said = (_("Octets by kind of exit, {window}") if by_kind else _("Octets by exit, {window}")).format(window=_(LABELS[window]))
    return Shown(
        "egress.html",
        answer,
        {
            "tabs": tabs,
            "ways": ways,
            "acts": acts,
            "svg": curve.svg(said, passed.times, several, words.octets),
            "caption": said,
            "csv": visit.here(format="csv", table="traffic"),
            "legend": [(curve.kind_of(number, one), one.letter, one.name) for number, one in enumerate(several)],
        },
        tables,
        mark="bad" if unfiled else "unseen" if seen.share < 1 or not seen.exporters else "good",
    )


def _octets(size: float) -> Cell:
    return Cell(words.octets(size), plain=f"{size:.0f}")


def _name(way: Way) -> str:
    return _("{exit} ({kind})").format(exit=way.name, kind=_(KINDS[way.kind])) if way.name else _(KINDS[way.kind])


def _by_kind(ways: Iterable[Way]) -> list[Way]:
    """One for each kind, which has no name."""
    found: dict[str, Way] = {}
    for one in ways:
        nameless = msgspec.structs.replace(one, exit="", device="")
        before = found.get(one.kind)
        found[one.kind] = nameless if before is None else _both(before, nameless)
    return list(found.values())


def _both(one: Way, other: Way) -> Way:
    steps = tuple(map(sum, zip(one.steps, other.steps, strict=True)))
    return msgspec.structs.replace(one, total=one.total + other.total, steps=steps)


def _series(ways: Iterable[Way]) -> list[curve.Series]:
    """A curve for each way that anything passed, those of the least traffic together when there are many."""
    used = [one for one in ways if one.total.bytes]
    alone = sorted(used, key=lambda one: (one.kind != exit_traffic.UNFILED, -one.total.bytes))[:CURVES]
    rest = [one for one in used if one not in alone]
    listed = [(_name(one), one.steps, one.kind == exit_traffic.UNFILED) for one in used if one in alone]
    if rest:
        steps = tuple(map(sum, zip(*(one.steps for one in rest), strict=True)))
        unfiled = any(one.kind == exit_traffic.UNFILED for one in rest)
        listed.append((_("{count} others").format(count=len(rest)), steps, unfiled))
    return [curve.Series(name, steps, LETTERS[place], bad) for place, (name, steps, bad) in enumerate(listed)]


def _exits(visit: Visit, passed: Traffic) -> Table:
    today = visit.desk.clock().astimezone(CITY_ZONE).date().isoformat()
    registered = {(one.plane, one.id): one for one in visit.desk.register.exits}
    listed: list[list[str | Cell]] = []
    for way in passed.ways:
        one = registered.get((way.plane, way.exit))
        peak = max(way.steps, default=0) * 8 / passed.step_seconds / 1e6
        listed.append(
            [
                Cell(way.name or "—", short=True),
                Cell(_(KINDS[way.kind]), mark="bad" if way.kind == exit_traffic.UNFILED else "", short=True),
                words.organization(way.organization),
                Cell(way.device, path("devices", way.plane, way.device)) if way.device else "",
                way.interface,
                one.public_address if one else "",
                one.carrier if one else "",
                f"{one.bandwidth_mbps}" if one and one.bandwidth_mbps else "",
                _filed(one, today) if way.name else "",
                _octets(way.total.bytes),
                Cell(f"{peak:.3g}", plain=f"{peak:.6f}") if way.total.bytes else "",
            ]
        )
    return Table(
        "exits",
        _("Exits and what passed there"),
        [
            _("exit"),
            _("kind"),
            _("organization"),
            _("device"),
            _("port"),
            _("public address"),
            _("carrier"),
            "Mbit/s",
            _("filing"),
            _("traffic"),
            _("at most, Mbit/s"),
        ],
        listed,
        _("No exit is registered."),
        frozenset({7, 9, 10}),
        csv=visit.here(format="csv", table="exits"),
    )


def _filed(one: RegisteredExit | None, today: str) -> Cell:
    """The filing of an exit: only a separate one needs it (Article 12)."""
    if one is None:
        return Cell(_("not filed"), mark="bad")
    if not one.filing and one.kind is not ExitKind.SEPARATE:
        return Cell(_("not needed"))
    term = _("{first} to {last}").format(first=one.filed_on or "…", last=one.valid_until or "…") if one.filing else ""
    return Cell(one.filing or _("not filed"), mark="bad" if exit_traffic.is_unfiled(one, today) else "good", under=term)


def _verdicts(visit: Visit, window: str, since: datetime, until: datetime) -> Table:
    only = {"plane": sorted(visit.planes)} | ({"organization": [visit.own]} if visit.own else {})
    found: list[hits.Sum] = visit.remember(
        ("verdicts", window, visit.planes),
        KEPT_SECONDS[window],
        lambda: hits.sums(visit.desk.store, ("verdict", "organization"), since, until, only=only),
        late=True,
    )
    top = sorted(found, key=lambda one: -one.bytes)[:LIMIT]
    return Table(
        "verdicts",
        _("By verdict and organization"),
        [_("verdict"), _("organization"), _("flows"), _("packets"), _("octets")],
        [
            [_(one.keys[0]), words.organization(one.keys[1]), f"{one.flows:,}", f"{one.packets:,}", _octets(one.bytes)]
            for one in top
        ],
        _("No flow was judged."),
        frozenset({2, 3, 4}),
        csv=visit.here(format="csv", table="verdicts"),
    )


def _exporters(visit: Visit, seen: Coverage) -> Table:
    shares = {(one.exporter): one for one in seen.exporters}
    rows: list[list[str | Cell]] = []
    for one in hits.exporters(visit.desk.store):
        if one.plane not in visit.planes:
            continue
        share = shares.get(one.address)
        rows.append(
            [
                Cell(one.device or one.address, path("devices", one.plane, one.device) if one.device else ""),
                one.address,
                words.plane(one.plane),
                f"v{one.version}",
                words.time(one.last_seen),
                f"{one.datagrams:,}",
                f"{one.records:,}",
                f"{one.malformed:,}",
                f"{one.lost_records:,}",
                Cell(
                    query.percent(share.share) if share else "—", mark="unseen" if share is None or share.share < 1 else "good"
                ),
            ]
        )
    return Table(
        "exporters",
        _("Exporters, and the share of their records that was seen"),
        [
            _("device"),
            _("address"),
            _("plane"),
            _("version"),
            _("last heard"),
            _("datagrams"),
            _("records"),
            _("malformed"),
            _("lost"),
            _("seen"),
        ],
        rows,
        _("No exporter was ever heard."),
        frozenset({5, 6, 7, 8}),
        csv=visit.here(format="csv", table="exporters"),
    )


def _leads_of_findings(visit: Visit) -> Table:
    found = ranked.page(visit.desk.store, LIMIT, planes=visit.planes, organization=visit.own, code="EG-")
    return Table(
        "findings",
        _("Findings of the watch"),
        words.finding_heads(),
        [words.finding_row(one) for one in found],
        _("Nothing stands: no finding is open."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv", table="findings"),
    )


# ---- blind spots
def blind_spots(visit: Visit) -> Shown:
    """Every segment, who watches it, and which breaches nobody would see there."""
    found: list[blind.Segment] = visit.remember("blind", 60.0, lambda: blind.segments(visit.desk, visit.own), late=True)
    mine = [one for one in found if one.plane in visit.planes and visit.sees(one.plane, one.organization)]
    dark = [one for one in mine if one.blind_to]
    rows: list[list[str | Cell]] = [
        [
            Cell(one.prefix, path("pools", one.plane, one.prefix), short=True),
            Cell(words.plane(one.plane), short=True),
            words.organization(one.organization),
            Cell(one.gateway, short=True),
            Cell(one.switch, short=True),
            Cell(
                series(_(blind.SENSES.get(sense, sense)) for sense in one.senses) or _("nobody"),
                mark="good" if one.senses else "unseen",
            ),
            Cell(
                series(_(blind.KINDS.get(kind, kind)) for kind in one.blind_to) or _("nothing"),
                mark="unseen" if one.blind_to else "good",
            ),
        ]
        for one in sorted(mine, key=lambda one: -len(one.blind_to))[:500]
    ]
    table = Table(
        "blind",
        _("Segments and what nobody would see there"),
        [_("segment"), _("plane"), _("organization"), _("gateway"), _("switch"), _("watched by"), _("blind to")],
        rows,
        _("No segment is registered."),
        csv=visit.here(format="csv", table="blind"),
    )
    answer = _("In {dark} of {all} segments some breach would not be seen.").format(dark=len(dark), all=len(mine))
    return Shown(
        "list.html",
        answer,
        {"tabs": [], "acts": []},
        [table],
        trail=[("/egress", _("Egress"))],
        mark="unseen" if dark else "good",
    )


PAGES = (
    Page("/egress", Deed.READ, show),
    Page("/egress/blind", Deed.READ, blind_spots),
)
