"""The front page: `netops status` for the wall: what is wrong, when each round last succeeded, which clock runs out next."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import RedirectResponse, Response

from netops.core import ranked
from netops.core.finding import Finding
from netops.core.language import _, series
from netops.core.permission import Deed
from netops.incidents import casebook
from netops.incidents.incident import Incident
from netops.rounds import diary, leavers, look
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

MOST = 12
SECONDS = 3.0


def show(visit: Visit) -> Shown | Response:
    """A sentence that answers, each plane, the next clock, what stands, and the rounds; administrators begin at the accounts."""
    if not visit.may(Deed.READ) and visit.may(Deed.READ_ACCOUNTS):
        return RedirectResponse("/accounts", 303)
    visit.who.require(Deed.READ)
    planes: list[look.PlaneStatus] = visit.remember(
        "status", SECONDS, lambda: look.status(visit.desk, visit.every_plane, visit.own)
    )
    found: list[Finding] = visit.remember(
        "front findings", SECONDS, lambda: ranked.page(visit.desk.store, MOST, planes=visit.every_plane, organization=visit.own)
    )
    incidents: list[Incident] = visit.remember(
        "front incidents",
        SECONDS,
        lambda: [one for one in casebook.listed(visit.desk.store, open_only=True) if visit.sees(one.plane, one.organization)],
    )
    people: leavers.Standing = visit.remember("leavers", SECONDS, lambda: leavers.standing(visit.desk))
    now = visit.desk.clock()
    count = sum(sum(plane.findings.values()) for plane in planes)
    answer, mark = _answer(planes, count)
    tables = [
        Table(
            "standing",
            _("What stands"),
            words.finding_heads(),
            [words.finding_row(one) for one in found],
            _("Nothing stands: no finding is open."),
            words.FINDING_RIGHT,
            path("findings") if count > len(found) else "",
            csv=visit.here(format="csv", table="standing"),
        ),
        _incidents(visit, incidents, now),
        _rounds(visit, now),
    ]
    return Shown(
        "front.html",
        answer,
        {"planes": [(plane, _tiles(plane, now)) for plane in planes], "clock": _clock(incidents, now),
         "said": [] if visit.own else people.told(names=False)},
        tables,
        mark=mark,
    )


def _answer(planes: list[look.PlaneStatus], findings: int) -> tuple[str, str]:
    if overdue := [name for plane in planes for name in plane.overdue]:
        return _("OVERDUE: {clocks}").format(clocks=series(overdue[:5]) + (" …" if len(overdue) > 5 else "")), "bad"
    if any(plane.unwalked or not plane.devices for plane in planes):
        return _("Part of the network was never walked: what stands there is not known."), "unseen"
    silent = sum(len(plane.unreachable) for plane in planes)
    if silent:
        said = _("Devices not seen: {silent}; findings that stand: {count}.").format(silent=silent, count=findings)
        return said, "unseen"
    if findings:
        grave = any(plane.findings.get(name) for plane in planes for name in ("critical", "high"))
        return _("Findings that stand: {count}.").format(count=findings), "bad" if grave else "note"
    return _("Everything that was looked at is in order."), "good"


def _tiles(plane: look.PlaneStatus, now: datetime) -> list[Cell]:
    """What stands in big figures: each with the page that tells more."""
    here = plane.plane
    silent, unwalked = len(plane.unreachable), plane.unwalked
    names = series(plane.unreachable[:3]) + (" …" if silent > 3 else "")
    devices = [
        _("devices"),
        _("silent: {devices}").format(devices=names) if silent else "",
        _("never walked: {count}").format(count=unwalked) if unwalked else "",
    ]
    waiting = plane.declarations.get("submitted", 0)
    worst = series(f"{_(name)} {count}" for name, count in plane.findings.items())
    grave = plane.findings.get("critical", 0) + plane.findings.get("high", 0)
    standing = sum(plane.findings.values())
    return [
        Cell(
            f"{plane.devices - silent - unwalked}/{plane.devices}",
            path("topology", plane=here),
            "unseen" if silent or unwalked else "good",
            _(" · ").join(filter(None, devices)),
        ),
        Cell(
            str(standing),
            path("findings", plane=here),
            "bad" if grave else "note" if standing else "good",
            _("findings") + (f" · {worst}" if worst else ""),
        ),
        Cell(
            str(sum(plane.incidents.values())),
            path("incidents", plane=here),
            "bad" if plane.overdue else "note" if plane.incidents else "good",
            _("incidents") + (f" · {_('next clock')} {words.ago(plane.next_deadline, now)}" if plane.next_deadline else ""),
        ),
        Cell(
            words.share(plane.utilization),
            path("pools", plane=here),
            "",
            _("of {count} pools allocated").format(count=plane.pools),
        ),
        Cell(
            str(waiting),
            path("declarations", plane=here, state="submitted"),
            "note" if waiting else "",
            _("declarations to review"),
        ),
        Cell(
            str(sum(plane.exits.values())),
            path("egress", plane=here),
            "",
            _("exits") + "".join(f" · {_(kind)} {count}" for kind, count in plane.exits.items()),
        ),
    ]


def _clock(incidents: list[Incident], now: datetime) -> Cell | None:
    """The clock that runs out next of all."""
    running = [(clock.due, one, clock) for one in incidents if (clock := one.next_deadline) and clock.due]
    if not running:
        return None
    due, one, clock = min(running, key=lambda entry: (entry[0], entry[1].number))
    warning = clock.warning(now)
    mark = "bad" if warning == 100 else "note" if warning else "open"
    return Cell(words.ago(due, now), path("incidents", one.number), mark, f"{one.number} · {clock.title} · {words.time(due)}")


def _incidents(visit: Visit, incidents: list[Incident], now: datetime) -> Table:
    from netops.web.pages.incidents import heads, row

    return Table(
        "incidents",
        _("Incidents"),
        heads(),
        [row(one, now) for one in incidents[:MOST]],
        _("No incident is open."),
        more=path("incidents") if len(incidents) > MOST else "",
        csv=visit.here(format="csv", table="incidents"),
    )


def _rounds(visit: Visit, now: datetime) -> Table:
    """When each round ran, and when it last did its work."""
    last, good = diary.last(visit.desk.store), diary.last_success(visit.desk.store)
    rows: list[list[str | Cell]] = []
    for name, run in sorted(last.items(), key=lambda entry: entry[0]):
        success = good.get(name)
        mark = words.RUN_MARKS.get(run.outcome, "bad")
        rows.append(
            [
                Cell(_(name)),
                Cell(_(run.outcome), mark=mark, short=True),
                words.time(run.started),
                words.ago(run.ended, now),
                f"{run.seconds:.1f}" if run.seconds is not None else "—",
                Cell(words.time(success.ended if success else None), under=words.ago(success.ended, now) if success else ""),
            ]
        )
    return Table(
        "rounds",
        _("Rounds"),
        [_("round"), _("how it ended"), _("began"), _("ended"), _("seconds"), _("last success")],
        rows,
        _("No round has run yet."),
        frozenset({4}),
        csv=visit.here(format="csv", table="rounds"),
    )


PAGES = (Page("/", None, show),)
