"""Rules about handling (IN): clocks of incidents that run out or ran out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from netops.core.basis import Basis
from netops.core.clock import city_time, rfc3339
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.incidents.incident import Deadline, Incident


@rule(
    "IN-001",
    "report_overdue",
    Severity.HIGH,
    Basis(30, duty="A30-1"),
    title=N_("{incident}: the clock {clock} ran out"),
    because=N_("it was due {due}, to {to_whom} ({source}), and no act that stops it is recorded"),
)
def report_overdue(incidents: Iterable[Incident], now: datetime) -> Iterator[Conclusion]:
    """
    IN-001: a statutory clock of an incident ran out.

    What: the incident's grade and circumstances start a clock (a first report, a summary); its time is over and no
        act that stops it was recorded: document number, channel, receipt.
    Why: Article 30 sets up reporting; since 2025-11-01 the national measure gives 4 hours from 较大 upward, 1 hour for
        critical infrastructure, and 30 days for the summary. Late reports weigh in what follows.
    Mend: send the report and record it: netops incident report NUMBER --kind first --sent --document-no … --channel …
    """
    for incident, deadline in _running(incidents):
        if deadline.warning(now) == 100:
            yield _conclusion("IN-001", incident, deadline, now)


@rule(
    "IN-002",
    "report_due",
    Severity.MEDIUM,
    Basis(30, duty="A30-1"),
    title=N_("{incident}: the clock {clock} runs out at {due}"),
    because=N_("more than 80 % of its time is used; the report goes to {to_whom} ({source})"),
)
def report_due(incidents: Iterable[Incident], now: datetime) -> Iterator[Conclusion]:
    """
    IN-002: a statutory clock of an incident is about to run out.

    What: more than 80 % of the time is used, and no act that stops the clock was recorded.
    Why: as IN-001; if neither cause nor impact is known in time, the first two items of the report go first.
    Mend: netops incident report NUMBER --kind first -o FILE.docx drafts it; send it and record that.
    """
    for incident, deadline in _running(incidents):
        if deadline.warning(now) == 80:
            yield _conclusion("IN-002", incident, deadline, now)


@rule(
    "IN-003",
    "report_waiting",
    Severity.LOW,
    Basis(30, duty="A30-1"),
    title=N_("{incident}: half the time of the clock {clock} is used"),
    because=N_("it runs out at {due}; the report goes to {to_whom} ({source})"),
)
def report_waiting(incidents: Iterable[Incident], now: datetime) -> Iterator[Conclusion]:
    """
    IN-003: half the time of an incident's clock is used.

    What: more than 50 % of the time is used, and no act that stops the clock was recorded.
    Why: as IN-001; a first warning while there is still time to write.
    Mend: netops incident report NUMBER --kind first -o FILE.docx drafts it; send it and record that.
    """
    for incident, deadline in _running(incidents):
        if deadline.warning(now) == 50:
            yield _conclusion("IN-003", incident, deadline, now)


def _running(incidents: Iterable[Incident]) -> Iterator[tuple[Incident, Deadline]]:
    for incident in incidents:
        # A false alarm asks for no report; an archived incident whose report never went still does.
        if incident.is_open or incident.state == "archived":
            for one in incident.deadlines:
                if one.stopped is None and one.due is not None and (incident.is_open or not one.local):
                    yield incident, one


def _conclusion(code: str, incident: Incident, deadline: Deadline, now: datetime) -> Conclusion:
    due = deadline.due or now
    facts = {
        "incident": incident.number,
        "clock": deadline.key,
        "due": city_time(due),
        "to_whom": deadline.to_whom,
        "source": deadline.source,
    }
    proof = Evidence(
        "register",
        incident.number,
        f"clock {deadline.key}",
        {"start": rfc3339(deadline.start), "due": rfc3339(due), "grade": incident.grade.value},
        deadline.start,
    )
    subject = {"organization": incident.organization, "incident": incident.number, "clock": deadline.key}
    return Conclusion(code, incident.plane, subject, incident.organization, facts, (proof,), now)


@rule(
    "IN-101",
    "external_alert",
    Severity.HIGH,
    Basis(30, duty="A30-1"),
    title=N_("alert from outside: {name}"),
    because=N_("{summary}"),
)
def external_alert(found: Iterable[Conclusion]) -> Iterator[Conclusion]:
    """
    IN-101: a monitoring system sends a grave alert.

    What: Alertmanager posted an alert whose severity is critical, page, high or error to netops serve; it stands until the
        sender says that it is resolved.
    Why: what another system sees of the network belongs to the same handling, clocks and records (Article 30).
    Mend: what the alert says; it resolves by itself when the sender says so.
    """
    yield from (one for one in found if one.code == "IN-101")


@rule(
    "IN-102",
    "external_warning",
    Severity.MEDIUM,
    Basis(30, duty="A30-1"),
    title=N_("alert from outside: {name}"),
    because=N_("{summary}"),
)
def external_warning(found: Iterable[Conclusion]) -> Iterator[Conclusion]:
    """
    IN-102: a monitoring system sends an alert that is not grave.

    What: as IN-101, of any other severity; it opens no incident by itself.
    Why: as IN-101.
    Mend: as IN-101.
    """
    yield from (one for one in found if one.code == "IN-102")


CLOCKS: dict[str, Rule] = {one.code: one for one in (report_overdue, report_due, report_waiting)}
"""Rules about the handling of incidents."""
EXTERNAL: dict[str, Rule] = {one.code: one for one in (external_alert, external_warning)}
"""Rules that others apply: their alerts are the conclusions."""
RULES: dict[str, Rule] = CLOCKS | EXTERNAL
