"""Use held against declarations (巡检：用途核对): servers, services and internet access seen in the flows of the last day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from netops.core import docket
from netops.core.finding import STANDING, Conclusion
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.declarations.usage import RULES, Egress, Service, Traffic
from netops.desk import Desk
from netops.egress.judge import Verdict
from netops.rounds import Progress, Report, flow_report, query, silent
from netops.rounds.archive import folder_of
from netops.rounds.query import Question

WINDOW = timedelta(days=1)
"""Flows of so long are looked at; services are asked for flow by flow."""
EXITS = {
    Verdict.SHARED.label: "shared", Verdict.SEPARATE.label: "separate", Verdict.COUNTY.label: "county",
    Verdict.LAPSED_EXIT.label: "unfiled", Verdict.UNFILED_EXIT.label: "unfiled",
}  # fmt: skip
"""Verdicts of flows that went out to the internet, and by what kind of exit."""
SERVED = (
    "proto tcp and src port < 10000 and dst port > 9999 or proto udp and src port < 1024 and dst port > 9999"
)
LEAST_PACKETS, LEAST_BYTES = 3, 200
"""Of what an address sent one client: less is a refusal or a scan's echo."""
MOST_GROUPS = 200_000


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    Hold what networks are declared for against what they did in the last day's flows.

    Where the collector did not hear everything, only what was declared anew since is resolved: silence proves nothing.
    """
    settled: list[docket.Settlement] = []
    unseen: list[Unreachable] = []
    facts = {N_("services"): 0, N_("organizations"): 0}
    if folder_of(desk) is None:
        return Report(round="usage", facts=facts)
    until = desk.clock()
    since = until - WINDOW
    seen = query.covered(desk, since, until)
    heard = list(query.unseen(desk, seen))
    with desk.store.lock("round-usage"):
        for done, plane in enumerate(desk.planes, 1):
            traffic = traffic_of(desk, plane, since, until)
            found: list[Conclusion] = [one for rule in RULES.values() for one in rule(traffic)]
            spared = set(_unjudged(desk, plane)) if heard else set()
            settled.append(
                docket.settle(
                    desk.store, RULES, found, plane=plane, at=until, scope=set(RULES), spared=spared
                )
            )
            facts["services"] += sum(map(len, traffic.services.values()))
            facts["organizations"] += len(traffic.services.keys() | traffic.egress.keys())
            progress(done, len(desk.planes), plane)
    unseen += heard if any(_asks(one) for one in filings.listed(desk.store)) else []
    return Report(
        round="usage",
        opened=tuple(number for one in settled for number in (*one.opened, *one.reopened)),
        resolved=tuple(number for one in settled for number in one.resolved),
        standing=tuple(
            one.id
            for one in docket.listed(desk.store, state=STANDING)
            if one.code in RULES and one.plane in desk.planes
        ),
        unseen=tuple(unseen),
        facts=facts,
    )


def _unjudged(desk: Desk, plane: Plane) -> Iterator[str]:
    """Findings of organizations that declared nothing new since: what was not heard keeps them."""
    changed: dict[str, datetime] = {}
    for one in filings.listed(desk.store, plane=plane):
        if one.stands:
            changed[one.organization] = max(one.since, changed.get(one.organization, one.since))
    for finding in docket.listed(desk.store, state=STANDING, plane=plane):
        since = changed.get(finding.organization)
        if finding.code in RULES and (since is None or since < finding.last_seen):
            yield finding.id


def _asks(one: Declaration) -> bool:
    """Whether a declaration says anything that flows could contradict."""
    return one.stands and (
        one.servers is not None
        or one.internet in ("none", "shared")
        or any(app.ports for app in one.applications)
    )


def traffic_of(desk: Desk, plane: Plane, since: datetime, until: datetime) -> Traffic:
    """The traffic of one plane, as far as a declaration could contradict it."""
    declared = tuple(one for one in filings.listed(desk.store, plane=plane) if _asks(one))
    serving = {
        one.organization
        for one in declared
        if one.servers is not None or any(app.ports for app in one.applications)
    }
    reaching = {one.organization for one in declared if one.internet in ("none", "shared")}
    clients = desk.config.declarations.server_clients
    return Traffic(
        plane, since, until, declared, dict(_services(desk, plane, serving, clients, since, until)),
        dict(_egress(desk, plane, reaching, since, until)), clients,
    )  # fmt: skip


def _services(
    desk: Desk, plane: Plane, wanted: set[str], clients: int, since: datetime, until: datetime
) -> Iterator[tuple[str, tuple[Service, ...]]]:
    """Addresses of *wanted* that answered so many others on one port."""
    if not wanted:
        return
    question = Question(
        text=f"plane {plane} and ({SERVED})", since=since, until=until, by=("organization", "src", "sport", "proto", "dst"),
        order="packets", limit=MOST_GROUPS, rejudge=False,
    )  # fmt: skip
    answered: dict[tuple[str, str, int, int], list[int]] = {}
    for group in query.answered(desk, question).items:
        keys: dict[str, Any] = group.keys
        if keys["organization"] in wanted and group.packets >= LEAST_PACKETS and group.bytes >= LEAST_BYTES:
            answered.setdefault((keys["organization"], keys["src"], keys["sport"], keys["proto"]), []).append(
                group.bytes
            )
    found: dict[str, list[Service]] = {}
    for (organization, address, port, protocol), sums in answered.items():
        if len(sums) >= clients:
            found.setdefault(organization, []).append(Service(address, port, protocol, len(sums), sum(sums)))
    yield from ((code, tuple(sorted(several))) for code, several in sorted(found.items()))


def _egress(
    desk: Desk, plane: Plane, wanted: set[str], since: datetime, until: datetime
) -> Iterator[tuple[str, tuple[Egress, ...]]]:
    """What *wanted* sent to the internet, by exit, out of the sums that are kept."""
    if not wanted:
        return
    table = flow_report.sums(desk, since, until)
    sums: dict[str, dict[tuple[str, str], list[int]]] = {}
    for row in table.select(
        ["plane", "direction", "organization", "exit", "verdict", "flows", "bytes"]
    ).to_pylist():
        kind = EXITS.get(row["verdict"])
        if kind and row["plane"] == plane and row["direction"] == "out" and row["organization"] in wanted:
            kept = sums.setdefault(row["organization"], {}).setdefault((row["exit"], kind), [0, 0])
            kept[0] += row["flows"]
            kept[1] += row["bytes"]
    for code, exits in sorted(sums.items()):
        yield code, tuple(Egress(exit_, kind, *counts) for (exit_, kind), counts in sorted(exits.items()))
