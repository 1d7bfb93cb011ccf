"""One collector a room, as DESIGN §4 names the metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from netops.core import tally
from netops.core.finding import ROOMS
from netops.desk import Desk

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(desk: Desk) -> Callable[[], tuple[bytes, str]]:
    """A function that gives the metrics as of now: (text, content type)."""
    registry = CollectorRegistry()
    for gather in (addresses, declarations, findings, egress, incidents, devices, rounds):
        registry.register(_Room(desk, gather))
    return lambda: (generate_latest(registry), CONTENT_TYPE)


class _Room(Collector):
    def __init__(self, desk: Desk, gather: Callable[[Desk], Iterable[Metric]]) -> None:
        self.desk, self.gather = desk, gather

    def collect(self) -> Iterable[Metric]:
        """The room's metrics now."""
        return self.gather(self.desk)

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked at registration: the store may not be there yet."""
        return []


def addresses(desk: Desk) -> Iterable[Metric]:
    """Addresses by pool and state, and when each pool will be full."""
    from netops.addresses import ledger, trend

    gauge = GaugeMetricFamily(
        "netops_pool_addresses", "Addresses of a pool by state.", labels=["plane", "pool", "state"]
    )
    for pool in ledger.pools(desk.store):
        for state, count in (
            ("allocated", pool.allocated),
            ("reserved", pool.reserved),
            ("quarantined", pool.quarantined),
            ("free", pool.free),
        ):
            gauge.add_metric([pool.plane, pool.prefix, state], float(count))
    days = GaugeMetricFamily(
        "netops_pool_days_to_full", "Days until a pool is forecast to be full.", labels=["plane", "pool"]
    )
    for (plane, prefix), (_, one) in sorted(trend.kept(desk.store).items()):
        if one.days_to_full is not None:
            days.add_metric([plane, prefix], one.days_to_full)
    yield from (gauge, days)


def declarations(desk: Desk) -> Iterable[Metric]:
    """Declarations by state."""
    from netops.declarations import filings

    gauge = GaugeMetricFamily(
        "netops_declarations", "Access declarations by state.", labels=["plane", "state"]
    )
    counts: dict[tuple[str, str], int] = {}
    for one in filings.listed(desk.store):
        counts[one.plane, one.state] = counts.get((one.plane, one.state), 0) + 1
    for labels, count in sorted(counts.items()):
        gauge.add_metric(labels, count)
    yield gauge


def findings(desk: Desk) -> Iterable[Metric]:
    """Standing findings by rule."""
    gauge = GaugeMetricFamily(
        "netops_findings_open", "Findings that stand.", labels=["plane", "room", "code"]
    )
    for (plane, code), count in sorted(tally.open_counts(desk.store).items()):
        gauge.add_metric([plane, ROOMS[code[:2]], code], count)
    yield gauge


def egress(desk: Desk) -> Iterable[Metric]:
    """Flows and bytes by exit and verdict, and what became of datagrams."""
    from netops.egress import hits

    octets = CounterMetricFamily(
        "netops_egress_bytes", "Bytes of judged flows.", labels=["plane", "exit_kind", "verdict"]
    )
    flows = CounterMetricFamily(
        "netops_egress_flows", "Judged flows.", labels=["plane", "exit_kind", "verdict"]
    )
    for row in hits.totals(desk.store):
        octets.add_metric([row.plane, row.exit_kind, row.verdict], row.bytes)
        flows.add_metric([row.plane, row.exit_kind, row.verdict], row.flows)
    datagrams = CounterMetricFamily(
        "netops_datagrams", "Datagrams by what became of them.", labels=["outcome"]
    )
    for outcome, count in sorted(hits.datagrams(desk.store).items()):
        datagrams.add_metric([outcome], count)
    yield from (octets, flows, datagrams)


def incidents(desk: Desk) -> Iterable[Metric]:
    """Open incidents by grade, and the clock that runs out next."""
    from netops.incidents import casebook

    gauge = GaugeMetricFamily("netops_incidents_open", "Open incidents by grade.", labels=["plane", "grade"])
    deadline = GaugeMetricFamily(
        "netops_incident_next_deadline_timestamp_seconds",
        "When the next clock runs out.",
        labels=["plane", "kind"],
    )
    counts: dict[tuple[str, str], int] = {}
    due: dict[tuple[str, str], float] = {}
    for one in casebook.listed(desk.store, open_only=True):
        counts[one.plane, str(one.grade)] = counts.get((one.plane, str(one.grade)), 0) + 1
        for clock in one.deadlines:
            if clock.stopped is None and clock.due is not None:
                key = (one.plane, clock.kind)
                due[key] = min(due.get(key, float("inf")), clock.due.timestamp())
    for labels, count in sorted(counts.items()):
        gauge.add_metric(labels, count)
    for labels, moment in sorted(due.items()):
        deadline.add_metric(labels, moment)
    yield from (gauge, deadline)


def devices(desk: Desk) -> Iterable[Metric]:
    """Whether each registered device answered last time."""
    from netops.topology import snapshots

    gauge = GaugeMetricFamily(
        "netops_device_up",
        "1 when the device answered last time, else 0.",
        labels=["plane", "device", "role"],
    )
    reachable = snapshots.reachable(desk.store)
    for device in desk.register.devices:
        if device.plane in desk.planes and device.snmp and (device.plane, device.name) in reachable:
            gauge.add_metric(
                [device.plane, device.name, device.role], float(reachable[device.plane, device.name])
            )
    yield gauge


def rounds(desk: Desk) -> Iterable[Metric]:
    """The tool watching itself: when each round last did its work, how long it took, how runs ended."""
    from netops.rounds import diary

    success = GaugeMetricFamily(
        "netops_round_last_success_timestamp_seconds", "When a round last did its work.", labels=["round"]
    )
    duration = GaugeMetricFamily(
        "netops_round_duration_seconds", "How long its last run took.", labels=["round"]
    )
    runs = CounterMetricFamily(
        "netops_round_runs", "Runs of a round by how they ended.", labels=["round", "outcome"]
    )
    for name, run in sorted(diary.last_success(desk.store).items()):
        if run.ended and run.seconds is not None:
            success.add_metric([name], run.ended.timestamp())
            duration.add_metric([name], run.seconds)
    for labels, count in sorted(diary.outcomes(desk.store).items()):
        runs.add_metric(labels, count)
    yield from (success, duration, runs)
