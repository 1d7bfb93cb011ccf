"""Findings and days through 22 years of law, against a reckoner of its own; and kill -9 at every line of issuing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

from benchmarks.addresses.measure import Figure, figure
from benchmarks.addresses.stores import database
from benchmarks.documents.notices import city
from netops.core import docket
from netops.core.clock import CITY_ZONE, still
from netops.core.errors import Refused
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import drafting, look, triage
from tests.incidents.gate_reckoner import may_answer
from tests.incidents.test_killed import killed_everywhere
from tests.incidents.test_legal_basis import pairs

WORDINGS = {
    "notice": "notice", "guidance": "guidance", "rectification_request": "rectification_request",
    "rectification_order": "rectification_order", "report_first": "report",
}  # fmt: skip


def through_the_law(folder: Path, count: int) -> Iterator[Figure]:
    """Real drafts of real incidents on each day; what the gate let through, and what it refused, against the reckoner."""
    desk = city(folder / "law")
    numbers = _incidents(desk)
    chance, wrong, drafted = random.Random(3), 0, 0
    days = [day for _, day in pairs(count)]
    for day in days:
        desk.clock = still(datetime.combine(day, time(9), CITY_ZONE))
        (number, organization), name = chance.choice(numbers), chance.choice(list(WORDINGS))
        incident_findings = [docket.one(desk.store, one) for one in _findings(desk, number)]
        to = "superior" if WORDINGS[name] == "report" else "county" if organization == "east" else "department"
        lawful = all(
            may_answer(WORDINGS[name], basis.instrument, basis.article, basis.duty, to, day)
            for finding in incident_findings for basis in finding.basis
        )  # fmt: skip
        try:
            kept = drafting.draft(desk, number, name)
        except Refused:
            wrong += lawful
            continue
        drafted += 1
        wrong += not lawful or not kept.decision.used or any(not row.in_force(day) for row in kept.decision.used)
    desk.close()
    what = f"{count} (finding, date) pairs from 2004 to 2026: documents on a wrong basis, or wrongly refused"
    yield figure(what, wrong, None, None, "0", wrong == 0, f"{drafted} drafted, {count - drafted} refused")


def killed(folder: Path, places: int, server: str | None) -> Iterator[Figure]:
    """Killed by kill -9 at every *places*-th line of issuing, on each engine that is here; anything wrong ends it."""
    engines = {"SQLite": ""} | ({"PostgreSQL": database(server, "killed")} if server else {})
    for engine, url in engines.items() if places else ():
        place = folder / f"killed-{engine}"
        desk = city(place, url)
        count = killed_everywhere(desk, place, places)
        desk.close()
        every = "every line" if places == 1 else f"every {places}th line"
        what = f"killed while issuing on {engine} (kill -9 at {every}): gaps, double numbers, half documents"
        yield figure(what, 0, None, None, "0", met=count > 0, note=f"{count} kills")


def _incidents(desk: Desk) -> list[tuple[str, str]]:
    """One incident of each kind of finding for a department and for a county."""
    made = []
    for organization in ("health", "east"):
        for rule in look.rules().values():
            at = desk.clock() - timedelta(hours=1)
            proof = Evidence("flow", rule.code, organization, {"flows": 1}, at)
            one = Conclusion(rule.code, Plane.EXTRANET, {"device": f"{organization}-{rule.code}"}, organization, {}, (proof,), at)
            settled = docket.settle(desk.store, {rule.code: rule}, [one], plane=Plane.EXTRANET, at=at)
            finding = docket.one(desk.store, settled.opened[0])
            made.append((triage.open_incident(desk, (finding,), organization, "基准", "王工"), organization))
    return made


def _findings(desk: Desk, number: str) -> tuple[str, ...]:
    from netops.incidents import casebook

    return casebook.one(desk.store, number).findings
