"""Status, one device, drift and history, exits, flows and rounds over the API: what `netops status`, `topology`, `exit`, `egress`
and `round` answer, as far as who asks may see it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, _
from netops.core.observation import Unreachable
from netops.core.permission import Deed, Forbidden
from netops.core.plane import Plane
from netops.egress.ask import Totals
from netops.egress.coverage import Coverage
from netops.egress.exit import ExitKind, RegisteredExit
from netops.rounds import Report, diary, exit_traffic, flow_report, look, past
from netops.rounds import query as flows_asked
from netops.rounds import walk as walking
from netops.rounds.diary import Run
from netops.rounds.exit_traffic import Traffic
from netops.rounds.look import PlaneStatus
from netops.topology import report
from netops.topology.history import Change
from netops.web.api.operation import Asked, Call, Nothing, OfPlane, Operation, Page

MOST_FLOWS = 1000


class Between(OfPlane, frozen=True, kw_only=True):
    """Between which two times; without *until* up to now. *device*: only of this one."""

    since: datetime
    until: datetime | None = None
    device: Annotated[str, Meta(max_length=128)] = ""


class Exits(OfPlane, frozen=True):
    """Which exits."""

    kind: ExitKind | None = None
    organization: str = ""


class ExitWindow(Nothing, frozen=True):
    """How far back: to the minute for an hour, by 15 minutes for a day, 2 hours for a week, 6 hours for a month."""

    window: Annotated[str, Meta(pattern="^(hour|day|week|month)$")] = "day"
    plane: Plane | None = None


class Flows(Nothing, frozen=True):
    """
    A question to the kept flows.

    Args:
        filter: nfdump's words and ours.
        since, until: by time of receipt; a day ago, and now.
        by: names to group by, with commas between; none lists the flows themselves.
        limit: groups or flows.
    """

    filter: Annotated[str, Meta(max_length=4000)] = ""
    since: datetime | None = None
    until: datetime | None = None
    by: Annotated[str, Meta(max_length=200)] = ""
    order: Annotated[str, Meta(pattern="^(bytes|packets|flows)$")] = "bytes"
    limit: Annotated[int, Meta(ge=0, le=MOST_FLOWS)] = 20


class Month(Nothing, frozen=True):
    """Whose month."""

    organization: Annotated[str, Meta(max_length=64)]
    month: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$")]


class Runs(Asked, frozen=True):
    """Which runs."""

    round: Annotated[str, Meta(max_length=16)] = ""


class Difference(msgspec.Struct, frozen=True):
    """What the register and the last walk disagree about; *title* and *because* in the language that is asked for."""

    code: str
    kind: str
    plane: Plane
    severity: str
    subject: dict[str, Any]
    title: str
    because: str


class Neighbor(msgspec.Struct, frozen=True):
    """One neighbour that a device tells of: fields as `netops topology neighbors --json` has them."""

    plane: Plane
    device: str
    told: dict[str, Any]


class FlowAnswer(msgspec.Struct, frozen=True):
    """
    Flows, or groups of them, and how much of the time was seen.

    Args:
        unseen: what could not be seen: silence about it proves nothing.
        notes: sentences in the language that is asked for.
    """

    filter: str
    since: datetime
    until: datetime
    totals: Totals
    items: list[dict[str, Any]]
    coverage: Coverage
    unseen: tuple[Unreachable, ...]
    notes: tuple[str, ...]


class MonthReport(msgspec.Struct, frozen=True):
    """What an organization's traffic did in a month."""

    organization: str
    since: datetime
    until: datetime
    exits: tuple[dict[str, Any], ...]
    peers: tuple[dict[str, Any], ...]
    days: tuple[dict[str, Any], ...]
    findings: tuple[str, ...]
    coverage: Coverage
    unseen: tuple[Unreachable, ...]


# ---- how it stands
def status(call: Call) -> Page[PlaneStatus]:
    """How each plane stands, of a department what is its own."""
    wanted = call.who.planes if call.query.plane is None else call.who.planes & {call.query.plane}
    return call.page(look.status(call.desk, wanted, call.who.organization), lambda one: one.plane)


def device(call: Call) -> dict[str, Any]:
    """One device, with its interfaces, addresses, neighbours, routes, ARP, forwarding table and VLANs."""
    plane, name = Plane(call.path["plane"]), call.path["name"][:128]
    owner = _owners(call)
    for view in walking.current(call.desk):
        named = (view.key, view.name, view.address, *view.aliases)
        if view.plane is plane and name in named and call.sees(plane, owner.get((plane, view.key), "")):
            told: dict[str, Any] = report.full(view)
            return told
    raise Missing("there is no device {name}", "none that was walked is called so", "netops topology devices", name=name)


def _owners(call: Call) -> dict[tuple[Plane, str], str]:
    return {(entry.plane, entry.name): entry.organization for entry in call.desk.register.devices}


def neighbors(call: Call) -> Page[Neighbor]:
    """Whom devices tell of as their neighbours."""
    owner, listed = _owners(call), []
    for view in walking.current(call.desk):
        if call.query.plane in (None, view.plane) and call.sees(view.plane, owner.get((view.plane, view.key), "")):
            listed += [Neighbor(view.plane, view.key, msgspec.to_builtins(one)) for one in view.neighbors]
    return call.page(listed, lambda one: (one.plane, one.device, repr(sorted(one.told.items()))))


def differences(call: Call) -> Page[Difference]:
    """What is registered and not seen, and seen and not registered; nobody's in particular, so departments see none of it."""
    if call.who.organization:
        return Page([])
    found = [Difference(**one) for one in walking.differences(call.desk)[0]]  # type: ignore[arg-type]
    mine = [one for one in found if one.plane in call.who.planes and call.query.plane in (None, one.plane)]
    return call.page(mine, lambda one: (one.plane, one.code, repr(sorted(map(str, one.subject.items())))))


def changes(call: Call) -> Page[Change]:
    """What of the network is otherwise at a time than it was at another; departments see none of it."""
    if call.who.organization:
        return Page([])
    asked: Between = call.query
    until = asked.until or call.desk.clock()
    if asked.since.tzinfo is None or until.tzinfo is None:
        raise NetopsError(N_("nothing was compared"), N_("a time has no zone"), N_("write 2026-03-01T08:00:00+08:00"))
    found = past.between(call.desk, *sorted((asked.since, until)))
    mine = [
        one for one in found
        if one.plane in call.who.planes and asked.plane in (None, one.plane) and asked.device in ("", one.device)
    ]  # fmt: skip
    return call.page(mine, lambda one: (one.plane, one.device, one.kind, one.subject, str(one.at), one.before, one.after))


# ---- egress
def exits(call: Call) -> Page[RegisteredExit]:
    """Registered exits."""
    asked = call.query
    mine = [
        one for one in call.desk.register.exits
        if call.sees(one.plane, one.organization) and asked.plane in (None, one.plane) and asked.kind in (None, one.kind)
        and asked.organization in ("", one.organization)
    ]  # fmt: skip
    return call.page(mine, lambda one: one.id)


def traffic_of_exits(call: Call) -> Traffic:
    """What passed at each exit over time, unfiled ones first; to a department what was its own."""
    planes = [plane for plane in call.desk.planes if plane in call.who.planes and call.query.plane in (None, plane)]
    return exit_traffic.traffic(call.desk, call.query.window, planes, call.who.organization)


def flows(call: Call) -> FlowAnswer:
    """Flows as they were judged, of the planes and of the organization of who asks."""
    from netops.egress.filter import parse

    asked: Flows = call.query
    for moment in (asked.since, asked.until):
        if moment is not None and moment.tzinfo is None:
            raise NetopsError(N_("nothing was asked"), N_("a time has no zone"), N_("write 2026-03-01T08:00:00+08:00"))
    parse(asked.filter)
    bounds = [f"plane {plane}" for plane in sorted(call.who.planes)] if set(call.who.planes) != set(call.desk.planes) else []
    narrowed = [f"(\n{asked.filter}\n)"] if asked.filter.strip() else []
    narrowed += [f"( {' or '.join(bounds)} )"] if bounds else []
    narrowed += [f"organization {call.who.organization}"] if call.who.organization else []
    by = tuple(name.strip() for name in asked.by.split(",") if name.strip())
    question = flows_asked.Question(
        text=" and ".join(narrowed), since=asked.since, until=asked.until, by=by, order=asked.order, limit=asked.limit
    )
    found = flows_asked.answered(call.desk, question)
    items = [_sums(one) for one in found.items] if by else found.items
    notes = tuple(_(text).format(**facts) for text, facts in found.notes)
    seen, unseen = _told(call, found.coverage, found.unseen)
    return FlowAnswer(asked.filter, found.since, found.until, found.totals, items, seen, unseen, notes)


def _told(call: Call, seen: Coverage, unseen: tuple[Unreachable, ...]) -> tuple[Coverage, tuple[Unreachable, ...]]:
    """
    How much was seen, to each without naming devices that are not theirs to see; what the collector itself did not hear is told
    to everybody, as it is missing from every answer.
    """
    owner, planes = _owners(call), [plane for plane in call.desk.planes if plane in call.who.planes]
    mine = tuple(
        msgspec.structs.replace(one, plane=planes[0]) if one.device == flows_asked.OURSELVES else one for one in unseen
        if planes and (one.device == flows_asked.OURSELVES or call.sees(one.plane, owner.get((one.plane, one.device), "")))
    )  # fmt: skip
    exporters = () if call.who.organization else tuple(one for one in seen.exporters if one.plane in call.who.planes)
    return msgspec.structs.replace(seen, exporters=exporters), mine


def month(call: Call) -> MonthReport:
    """An organization's month, as `netops egress report`."""
    asked: Month = call.query
    call.who.require(Deed.READ, None, asked.organization)
    made = flow_report.run(call.desk, asked.organization, asked.month)

    def lines(several: tuple[flow_report.Line, ...]) -> tuple[dict[str, Any], ...]:
        return tuple(_sums(one) for one in several if one.keys.get("plane", "") in ("", *call.who.planes))

    findings = tuple(one.id for one in made.findings if one.plane in call.who.planes)
    seen, unseen = _told(call, made.coverage, made.unseen)
    exits, peers, days = map(lines, (made.exits, made.peers, made.days))
    return MonthReport(made.organization, made.since, made.until, exits, peers, days, findings, seen, unseen)


def _sums(one: Any) -> dict[str, Any]:
    return {**one.keys, "flows": one.flows, "packets": one.packets, "bytes": one.bytes}


# ---- rounds
def runs(call: Call) -> Page[Run]:
    """Runs of rounds, newest first; what failed in them may name anything, and is told to who sees everything."""
    listed = diary.newest(call.desk.store, 1000, call.query.round)
    if call.who.organization or not call.who.may_across(Deed.READ, call.desk.planes, ""):
        listed = [msgspec.structs.replace(one, error="") for one in listed]
    return call.page(listed, lambda one: -one.id)


def run(call: Call) -> Report:
    """Run a round now, and wait for it; only one of each runs at a time."""
    name = call.path["round"][:16]
    if name not in diary.ROUNDS:
        known = ", ".join(diary.ROUNDS)
        raise Missing("there is no round {name}", "known are: {known}", "netops round list", name=name, known=known)
    if set(call.who.planes) != set(call.desk.planes):
        why = N_("a round works on every plane that is served, and {name} may not touch all of them")
        raise Forbidden(N_("it was not done"), why, "", name=call.who.name)
    return diary.run(call.desk, name)


def until_next(call: Call) -> Page[dict[str, Any]]:
    """Every round: how often it runs, when it ran last, when it runs next."""
    from netops.settings import seconds

    last, rows = diary.last(call.desk.store), []
    for name in diary.ROUNDS:
        period = seconds(getattr(call.desk.config.timetable, name))
        one = last.get(name)
        due = one.started + timedelta(seconds=period) if one and period else None
        rows.append({"round": name, "every_seconds": period, "last": one.started if one else None,
                     "outcome": one.outcome if one else None, "next": due})  # fmt: skip
    return call.page(rows, lambda row: row["round"])


OPERATIONS = (
    Operation("GET", "/status", "getStatus", Deed.READ, N_("How each plane stands"), status, PlaneStatus, "status", OfPlane),
    Operation("GET", "/devices/{plane}/{name}", "getDevice", Deed.READ, N_("One device, whole"), device, dict[str, Any]),
    Operation("GET", "/neighbors", "listNeighbors", Deed.READ, N_("Whom devices tell of as their neighbours"), neighbors,
              Neighbor, "neighbor", OfPlane),
    Operation("GET", "/differences", "listDifferences", Deed.READ, N_("What register and network disagree about"), differences,
              Difference, "difference", OfPlane),
    Operation("GET", "/changes", "listChanges", Deed.READ, N_("What of the network changed between two times"), changes, Change,
              "change", Between),
    Operation("GET", "/exits", "listExits", Deed.READ, N_("Registered internet exits"), exits, RegisteredExit, "exit", Exits),
    Operation("GET", "/exits/traffic", "getExitTraffic", Deed.READ, N_("What passed at each exit over time"), traffic_of_exits,
              Traffic, "", ExitWindow),
    Operation("GET", "/flows", "queryFlows", Deed.READ, N_("Ask the kept flows"), flows, FlowAnswer, "", Flows),
    Operation("GET", "/flows/report", "reportFlows", Deed.READ, N_("What an organization's traffic did in a month"), month,
              MonthReport, "", Month),
    Operation("GET", "/rounds", "listRounds", Deed.READ, N_("Rounds and when each is due"), until_next, dict[str, Any], "round",
              Asked),
    Operation("GET", "/runs", "listRuns", Deed.READ, N_("Runs of rounds, newest first"), runs, Run, "run", Runs),
    Operation("POST", "/rounds/{round}/run", "runRound", Deed.OPERATE, N_("Run a round now"), run, Report),
)  # fmt: skip
