"""Egress: exits by kind with their traffic over time, unfiled ones on top; flows of a question; what the watch cannot see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from netops.core import docket
from netops.core.clock import rfc3339
from netops.core.errors import NetopsError
from netops.core.language import N_, _
from netops.core.permission import Deed
from netops.egress import hits
from netops.egress.coverage import Coverage
from netops.egress.exit import RegisteredExit
from netops.egress.watch import Hit
from netops.rounds import blind, look, query
from netops.web.pages import curve, words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

WINDOWS = {
    "hour": (timedelta(hours=1), 60),
    "day": (timedelta(days=1), 900),
    "week": (timedelta(days=7), 7200),
    "month": (timedelta(days=30), 21600),
}
"""How far back, and the seconds of one step."""
LABELS = {"hour": N_("last hour"), "day": N_("last day"), "week": N_("last week"), "month": N_("last month")}
UNFILED = ("rogue_exit_router", "rogue_exit_host", "intranet_exit", "unfiled_separate_exit")
"""Kinds of findings that are ways to the internet which nobody filed."""
LIMIT = 50
SECONDS = 20.0


def show(visit: Visit) -> Shown:
    """Unfiled ways out first, then the registered exits, the traffic by kind, and the share of it that was seen."""
    window = visit.chosen("window", WINDOWS) or "day"
    length, step = WINDOWS[window]
    until = visit.desk.clock()
    since = until - length
    rows: list[tuple[Hit, int, int, int]] = visit.remember(
        ("hits", window), SECONDS, lambda: hits.since(visit.desk.store, since, visit.own), late=True
    )
    mine = [one for one in rows if one[0].plane in visit.planes]
    codes = [rule.code for rule in look.rules().values() if rule.kind in UNFILED]
    unfiled = docket.page(visit.desk.store, LIMIT, planes=visit.planes, organization=visit.own, codes=codes)
    exits = [one for one in visit.desk.register.exits if one.plane in visit.planes and visit.sees(one.plane, one.organization)]
    times, several = _curves(mine, since, until, step)
    seen: Coverage = visit.remember(("coverage", window), SECONDS, lambda: query.covered(visit.desk, since, until), late=True)
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
        _exits(visit, exits, mine),
        _verdicts(visit, mine),
        Table(
            "traffic",
            _("Traffic by kind of exit"),
            [_("time"), *(one.name for one in several)],
            [
                [words.time(at), *(words.octets(one.values[place]) for one in several)]
                for place, at in enumerate(times)
                if any(one.values[place] for one in several)
            ],
            _("No traffic was seen."),
            frozenset(range(1, len(several) + 1)),
            csv=visit.here(format="csv", table="traffic"),
        ),
    ]
    if not visit.own:
        tables.append(_exporters(visit, seen))
        tables.append(_leads_of_findings(visit))
    share = query.percent(seen.share)
    answer = _("{exits} exits are registered; {unfiled} ways out are unfiled; {share} of what exporters sent was seen.").format(
        exits=len(exits), unfiled=len(unfiled), share=share
    )
    tabs = [(visit.here(window=name), _(label), name == window) for name, label in LABELS.items()]
    acts = (
        []
        if visit.own
        else [(path("egress", "flows"), _("Ask the flows")), (path("egress", "blind"), _("What the watch cannot see"))]
    )
    said = _("Octets by kind of exit, {window}").format(window=_(LABELS[window]))
    return Shown(
        "egress.html",
        answer,
        {"tabs": tabs, "acts": acts, "svg": curve.svg(said, times, several, words.octets), "caption": said, "several": several},
        tables,
        mark="bad" if unfiled else "unseen" if seen.share < 1 or not seen.exporters else "good",
    )


def _curves(
    rows: Iterable[tuple[Hit, int, int, int]], since: datetime, until: datetime, step: int
) -> tuple[list[datetime], list[curve.Series]]:
    count = max(int((until - since).total_seconds() // step), 1)
    sums: dict[str, list[float]] = {}
    for hit, _flows, _packets, size in rows:
        place = min(max(int((hit.minute - since).total_seconds() // step), 0), count - 1)
        sums.setdefault(hit.exit_kind, [0.0] * count)[place] += size
    order = sorted(sums, key=lambda kind: (kind == "none", -sum(sums[kind])))
    return [since + timedelta(seconds=step * place) for place in range(count)], [
        curve.Series(_("no registered exit") if kind == "none" else _(kind), sums[kind]) for kind in order
    ]


def _exits(visit: Visit, exits: list[RegisteredExit], rows: Iterable[tuple[Hit, int, int, int]]) -> Table:
    by: dict[str, int] = {}
    for hit, _flows, _packets, size in rows:
        by[hit.exit_kind] = by.get(hit.exit_kind, 0) + size
    today = visit.desk.clock().date().isoformat()
    listed: list[list[str | Cell]] = []
    for one in sorted(exits, key=lambda one: (bool(one.filing), one.kind, one.id)):
        needs = one.kind == "separate"
        late = bool(one.valid_until) and one.valid_until < today
        filed = Cell(
            one.filing or _("not filed"),
            mark="bad" if (needs and not one.filing) or late else "good" if one.filing else "open",
            under=_("{first} to {last}").format(first=one.filed_on or "…", last=one.valid_until or "…") if one.filing else "",
        )
        listed.append(
            [
                one.id,
                Cell(_(one.kind)),
                words.organization(one.organization),
                Cell(one.device, path("devices", one.plane, one.device)),
                one.interface,
                one.public_address,
                one.carrier,
                f"{one.bandwidth_mbps}" if one.bandwidth_mbps else "",
                filed,
                words.octets(by.get(str(one.kind), 0)),
            ]
        )
    return Table(
        "exits",
        _("Registered exits"),
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
            _("traffic of its kind"),
        ],
        listed,
        _("No exit is registered."),
        frozenset({7, 9}),
        csv=visit.here(format="csv", table="exits"),
    )


def _verdicts(visit: Visit, rows: Iterable[tuple[Hit, int, int, int]]) -> Table:
    sums: dict[tuple[str, str], list[int]] = {}
    for hit, flows, packets, size in rows:
        kept = sums.setdefault((hit.verdict, hit.organization), [0, 0, 0])
        for place, number in enumerate((flows, packets, size)):
            kept[place] += number
    top = sorted(sums.items(), key=lambda entry: -entry[1][2])[:LIMIT]
    return Table(
        "verdicts",
        _("By verdict and organization"),
        [_("verdict"), _("organization"), _("flows"), _("packets"), _("octets")],
        [
            [_(verdict), words.organization(whose), f"{flows:,}", f"{packets:,}", words.octets(size)]
            for (verdict, whose), (flows, packets, size) in top
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
    found = docket.page(visit.desk.store, LIMIT, planes=visit.planes, organization=visit.own, code="EG-")
    return Table(
        "findings",
        _("Findings of the watch"),
        words.finding_heads(),
        [words.finding_row(one) for one in found],
        _("Nothing stands: no finding is open."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv", table="findings"),
    )


# ---- flows
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
    from netops.core.clock import CITY_ZONE

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
    return Cell(f"{address}:{one.get(end[0] + 'port', '')}", path("who", q=address))


def _flows(visit: Visit, answer: query.Answer) -> Table:
    rows: list[list[str | Cell]] = [
        [
            words.told_time(one.get("received")),
            _end(visit, one, "src"),
            _end(visit, one, "dst"),
            str(one.get("proto", "")),
            f"{one.get('packets', 0):,}",
            words.octets(float(one.get("bytes", 0))),
            str(one.get("exporter", "")),
            str(one.get("exit", "") or "—"),
            _(str(one.get("verdict", ""))),
            words.organization(str(one.get("organization", ""))),
        ]
        for one in answer.items
    ]
    return Table(
        "flows",
        _("Flows"),
        [
            _("received"),
            _("from"),
            _("to"),
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


# ---- blind spots
def blind_spots(visit: Visit) -> Shown:
    """Every segment, who watches it, and which breaches nobody would see there."""
    found: list[blind.Segment] = visit.remember("blind", 60.0, lambda: blind.segments(visit.desk, visit.own), late=True)
    mine = [one for one in found if one.plane in visit.planes and visit.sees(one.plane, one.organization)]
    dark = [one for one in mine if one.blind_to]
    rows: list[list[str | Cell]] = [
        [
            Cell(one.prefix, path("pools", one.plane, one.prefix), short=True),
            words.plane(one.plane),
            words.organization(one.organization),
            one.gateway,
            one.switch,
            Cell(
                _(", ").join(_(blind.SENSES.get(sense, sense)) for sense in one.senses) or _("nobody"),
                mark="good" if one.senses else "unseen",
            ),
            Cell(
                _(", ").join(_(blind.KINDS.get(kind, kind)) for kind in one.blind_to) or _("nothing"),
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


def window_of(first: datetime, last: datetime) -> dict[str, str]:
    """The question's times around a moment, for addresses."""
    return {"since": rfc3339(first - timedelta(minutes=1)), "until": rfc3339(last + timedelta(minutes=1))}


PAGES = (
    Page("/egress", Deed.READ, show),
    Page("/egress/flows", Deed.READ, flows, bound=False),
    Page("/egress/blind", Deed.READ, blind_spots),
)
