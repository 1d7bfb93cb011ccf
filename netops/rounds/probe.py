"""The reflection probe: terminals are asked in the sensor's name; what the sensor heard becomes findings (反射探测)."""

from __future__ import annotations

import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import msgspec

from netops.config import PROBES
from netops.core import docket, journal, ticket
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import watchlists
from netops.egress.classify import Space
from netops.egress.judge import Scene, Terminal
from netops.egress.reflection import BEACON_RUN, Answer, Asked, Hit, Reflection, Run, believed, stubs, weigh
from netops.egress.rules import PROBE_RULES, RULES
from netops.probes import oneway, reflect
from netops.rounds import Progress, Report, allow, brake, joining, silent
from netops.settings import seconds

MAX_TARGETS = 4000
START_SECONDS = 60.0
"""So long the sensor may take until it listens: it is another machine, and perhaps a busy one."""
RUNS = 50
"""Runs whose answers can still be weighed."""


class Plan(msgspec.Struct, frozen=True):
    """
    Who will be asked, and in whose name.

    Args:
        nets: where probes may go at all: the plane's own prefixes.
        is_complete: False when not every terminal of the plane is asked.
        unasked: terminals for which the budget has no room; they come first the next time.
    """

    beacon: str
    key: str
    asked: tuple[Asked, ...]
    nets: tuple[str, ...]
    is_complete: bool
    plane: Plane = Plane.EXTRANET
    services: tuple[str, ...] = ()
    unasked: int = 0
    next: str = ""
    """The first of them."""

    @property
    def targets(self) -> list[str]:
        """Every address to be asked: gateways first, then terminals."""
        return list(
            dict.fromkeys(
                [*(control for one in self.asked for control in one.controls), *(one.terminal.ip for one in self.asked)]
            )
        )


def plan(desk: Desk, organization: str = "", beacon: str = "", key: str = "", plane: Plane = Plane.EXTRANET) -> Plan:
    """
    The terminals of a plane that were seen, each with the gateway that it is held against.

    Raises:
        Refused: probing is switched off, or the plane is not served here.
        NetopsError: no sensor address or no key is configured.
    """
    settings = desk.config.probe
    if not settings.enabled or plane not in desk.config.planes:
        raise Refused("nothing was probed", "[probe] enabled is false, or the plane is not served here", "")
    beacon, key = beacon or settings.beacon, key or desk.config.secret("", settings.key_file)
    if not beacon or not key:
        raise NetopsError(
            "nothing was probed",
            "the sensor's address or the key is not known",
            "netops egress key FILE writes a key; name it and the sensor's address in [probe] of config.toml",
        )
    from netops.rounds import scene as scenes

    scene, _walked = scenes.build(desk)
    nets = desk.config.planes[plane].nets
    found = tuple(_asked(desk, scene, nets, organization, plane))
    services = tuple(name for name in PROBES if name in settings.services)
    asked = _within(desk, found, sum(reflect.times(name) for name in services) * settings.attempts)
    return Plan(
        beacon, key, asked, nets, not organization and len(asked) == len(found), plane, services, len(found) - len(asked),
        _after(found, asked),
    )  # fmt: skip


def _after(found: tuple[Asked, ...], asked: tuple[Asked, ...]) -> str:
    """Whose turn it is after these."""
    if len(asked) == len(found):
        return ""
    place = found.index(asked[-1]) if asked else -1
    return found[(place + 1) % len(found)].terminal.ip


def _within(desk: Desk, found: tuple[Asked, ...], packets: int) -> tuple[Asked, ...]:
    """Those for whom the budget has room: everybody gets a turn, a run after another."""
    settings = desk.config.probe
    room = min(int(settings.budget_seconds * settings.per_second / max(packets, 1)), MAX_TARGETS)
    if len(found) + len({one.gateway for one in found}) * 3 <= room:
        return found
    earlier = [one.after for one in journal.log(desk.store, RUNS, verb=VERB) if isinstance(one.after, dict)]
    first = next((one.get("next", "") for one in earlier if one.get("plane") == found[0].terminal.plane), "")
    start = next((place for place, one in enumerate(found) if one.terminal.ip == first), 0)
    turned = (*found[start:], *found[:start])
    kept: list[Asked] = []
    controls: set[str] = set()
    for one in turned:
        if len(kept) + 1 + len(controls | set(one.controls)) > room:
            break
        kept.append(one)
        controls |= set(one.controls)
    return tuple(kept)


def _asked(desk: Desk, scene: Scene, nets: Sequence[str], organization: str, plane: Plane) -> Iterable[Asked]:
    import numpy as np

    from netops.egress.flows import address_value

    table = scene.tables[plane]
    segments = [(ip_network(one.prefix), one) for one in desk.register.prefixes if one.plane is plane and one.gateway]
    inside = [ip_network(net) for net in nets]
    for (of, ip), terminal in sorted(scene.by_ip.items()):
        if of is not plane or (organization and terminal.organization != organization):
            continue
        address = ip_address(ip)
        hi, lo = (np.array([half], np.uint64) for half in address_value(ip))
        space = table.owners[int(table.owner(hi, lo)[0])].space
        if address.version != 4 or space not in (Space.ALLOCATED, Space.INSIDE):
            continue
        if not any(address in net for net in inside):
            continue
        segment = next((one for net, one in segments if address in net), None)
        gateway = desk.register.device.get(segment.gateway) if segment else None
        controls: list[str] = []
        if segment and gateway:
            observer = scene.observers.get(gateway.address)
            ports = observer.ports if observer else ()
            controls = [gateway.address, *(one.address for one in ports if one.segment == segment.prefix and one.address)]
        yield Asked(terminal, gateway.name if gateway else "", tuple(dict.fromkeys(controls)))


# ---- asking
VERB = "egress probe"


def lasting(desk: Desk, wanted: Plan) -> float:
    """Seconds that the sending of a plan takes."""
    settings = desk.config.probe
    packets = sum(reflect.times(name) for name in wanted.services) * settings.attempts * len(wanted.targets)
    return packets / settings.per_second * 1.1 + 3


def send(desk: Desk, wanted: Plan, progress: Progress = silent) -> int:
    """
    Ask every target of the plan; written in the journal before the first packet leaves.

    Services are asked first, since only their answers pass a NAT; then echo; SYN last.

    Returns:
        Packets sent.

    Raises:
        Refused: somebody stopped all probes.
        NetopsError: these are quiet hours, or nothing can be sent from here.
    """
    brake.check(desk)
    brake.open_hours(desk)
    settings = desk.config.probe
    run = Run(secrets.token_hex(4), time.time(), lasting(desk, wanted), wanted.services, settings.attempts)
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        asked = {"sensor": wanted.beacon, "plane": wanted.plane, "terminals": len(wanted.asked), "addresses": len(wanted.targets)}
        act.record(VERB, run.id, after={**asked, **msgspec.structs.asdict(run), "next": wanted.next})
    total, sent = _count(run, wanted), 0
    until = time.monotonic() + settings.budget_seconds + 30
    sending = reflect.send(wanted.beacon, wanted.nets, _batches(run, wanted), settings.per_second)
    for number, count in enumerate(sending, 1):
        sent += count
        progress(min(number * reflect.AT_ONCE, total), total, wanted.beacon)
        brake.check(desk)
        if time.monotonic() > until:
            break
    return sent


def _count(run: Run, wanted: Plan) -> int:
    return sum(reflect.times(name) for name in run.services) * run.attempts * len(wanted.targets)


def _batches(run: Run, wanted: Plan) -> Iterator[list[reflect.Probe]]:
    """Probes in the order in which they leave; a whole ticket says when it was written, so it is written then."""
    batch: list[reflect.Probe] = []
    for attempt in range(run.attempts):
        for service in run.services:
            for number in range(reflect.times(service)):
                what = f"{service} {attempt * reflect.times(service) + number}"
                for target in wanted.targets:
                    batch.append(reflect.Probe(target, service, _ticket(wanted.key, run, target, service, what)))
                    if len(batch) == reflect.AT_ONCE:
                        yield batch
                        batch = []
    if batch:
        yield batch


def _ticket(key: str, run: Run, target: str, service: str, what: str) -> bytes:
    size = reflect.size(service)
    if size in ticket.STUBS:
        return ticket.stub(key, ticket.inner(key, run.id, target, what, size), time.time(), size)
    return ticket.write(key, target, int(time.time()), run.id)


# ---- weighing
def runs(desk: Desk) -> list[Run]:
    """The newest runs, out of the journal."""
    found = [entry.after for entry in journal.log(desk.store, RUNS, verb=VERB)]
    kept = Run.__struct_fields__
    whole = [one for one in found if isinstance(one, dict) and set(kept) <= one.keys()]
    return [msgspec.convert({name: one[name] for name in kept}, Run) for one in whole]


def _issued(desk: Desk, wanted: Plan, hits: Iterable[Hit]) -> dict[str, tuple[str, str, Run]]:
    """The stubs of the runs that these answers can belong to: a city's are many, and most answers bear none."""
    times = [hit.at / 1000 for hit in hits if hit.kind == "hit" and len(hit.ticket) // 2 in ticket.STUBS]
    if not times:
        return {}
    late = ticket.FRESH_SECONDS
    near = [one for one in runs(desk) if one.began - late <= max(times) and min(times) <= one.began + one.seconds + late]
    kinds = {name: (reflect.size(name), reflect.times(name)) for name in wanted.services if reflect.size(name) in ticket.STUBS}
    return stubs(wanted.key, near, wanted.targets, kinds)


def heard(wanted: Plan, lines: Iterable[bytes]) -> list[Hit]:
    """
    The lines of a sensor's file that this key believes.

    Raises:
        Refused: it was changed on the way, or cut off.
    """
    try:
        hits = list(believed(wanted.key, lines))
    except ValueError as error:
        raise Refused(
            "what the sensor heard was not believed", "{why}", "fetch its file again", why=error
        ) from error
    if not hits or hits[-1].kind != "end":
        raise Refused(
            "what the sensor heard was not believed", "its file has no end", "fetch it when the sensor has ended"
        )
    return hits


def conclude(
    desk: Desk, wanted: Plan, hits: list[Hit], *, is_fresh: bool, grace_seconds: float = 0.0
) -> tuple[list[Reflection], Report]:
    """
    Weigh what the sensor heard and write down what it proves.

    Args:
        is_fresh: the plan was asked just now: what does not answer any more is released.
        grace_seconds: who answered so long before this run stays: a packet may be lost once.
    """
    known = watchlists.carriers(desk.playbooks)
    began = datetime.fromtimestamp(min((one.at for one in hits), default=0) / 1000, UTC)
    asked = (*wanted.asked, *_visitors(desk, wanted, hits))
    reflections = [
        msgspec.structs.replace(one, carrier=watchlists.carrier(one.hit.source, known))
        for one in weigh(wanted.key, hits, asked, desk.register.exits, _issued(desk, wanted, hits))
    ]
    told = [one for rule in PROBE_RULES.values() for one in rule(reflections)]
    kept = {piece.id for piece in docket.pieces(desk.store, [piece.id for one in told for piece in one.evidence])}
    told = [one for one in told if not all(piece.id in kept for piece in one.evidence)]
    settled = docket.settle(
        desk.store,
        RULES,
        joining.left(desk, told, wanted.plane, but=PROBE_RULES),
        plane=wanted.plane,
        at=desk.clock(),
        scope=tuple(PROBE_RULES) if is_fresh and wanted.is_complete else (),
        # What another witness saw since the run began stands, also when the host did not answer this time.
        seen_before=began - timedelta(seconds=grace_seconds),
    )
    allow.apply(desk)
    best = {one.asked.terminal.ip: one.answer for one in sorted(reflections, key=lambda one: one.answer is Answer.DUAL_HOMED)}
    counts = Counter(best.values())
    standing = [one for code in PROBE_RULES for one in docket.listed(desk.store, state=STANDING, code=code)]
    report = Report(
        round="probe",
        opened=(*settled.opened, *settled.reopened),
        resolved=settled.resolved,
        standing=tuple(one.id for one in standing),
        facts={
            N_("terminals"): len(wanted.asked),
            Answer.DUAL_HOMED.value: counts[Answer.DUAL_HOMED],
            Answer.NOT_TESTABLE.value: counts[Answer.NOT_TESTABLE],
            Answer.NO_ANSWER.value: len({one.terminal.ip for one in wanted.asked} - best.keys()),
            "refused": sum(one.refused for one in hits),
            **({N_("unasked"): wanted.unasked} if wanted.unasked else {}),
            **({N_("dropped"): dropped} if (dropped := sum(one.dropped for one in hits)) else {}),
        },
    )
    return reflections, report


def _visitors(desk: Desk, wanted: Plan, hits: Iterable[Hit]) -> Iterator[Asked]:
    """Hosts that a portal's page was shown to and that no walk has seen: their own ticket names them."""
    known = {one.terminal.ip for one in wanted.asked}
    inside = [ip_network(net) for net in wanted.nets]
    for hit in hits:
        said = ticket.read(wanted.key, bytes.fromhex(hit.ticket)) if hit.kind == "hit" else None
        if said and said.run == BEACON_RUN and said.target not in known:
            known.add(said.target)
            if any(ip_address(said.target) in net for net in inside):
                yield Asked(Terminal(wanted.plane, said.target, ""))


def with_sensor(desk: Desk, wanted: Plan, command: Sequence[str], progress: Progress = silent) -> list[Hit]:
    """
    Start the sensor by *command* (here, or by ssh), ask everybody, and take what it heard.

    The command is given --beacon and --seconds; it prints what `netops egress sensor` prints.

    Raises:
        NetopsError: the sensor does not listen, or nothing can be sent.
    """
    settings = desk.config.probe
    brake.check(desk)
    brake.open_hours(desk)
    lasts = lasting(desk, wanted) + settings.wait_seconds
    argv = [*command, "--beacon", wanted.beacon, "--seconds", f"{lasts:.0f}"]
    try:
        sensor = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise NetopsError("the sensor was not started", "{why}", "", why=error) from error
    lines: list[bytes] = []
    listening = threading.Event()

    def read() -> None:
        assert sensor.stdout is not None  # noqa: S101 - it is a pipe
        with sensor.stdout as printed:
            for line in printed:
                lines.append(line)
                listening.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        if not listening.wait(START_SECONDS):
            sensor.kill()
            why = sensor.stderr.read().decode(errors="replace")[-500:] if sensor.stderr else ""
            raise NetopsError("the sensor does not listen", "{why}", "try its command by itself", why=why or "—")
        send(desk, wanted, progress)
        reader.join(lasts + START_SECONDS)
    finally:
        sensor.kill()
        sensor.wait()
        reader.join(5)
        if sensor.stderr:
            sensor.stderr.close()
    return heard(wanted, lines)


def with_push(desk: Desk, wanted: Plan, listen: str, progress: Progress = silent) -> list[Hit]:
    """
    Ask everybody, and take what the sensor pushes to *listen*; it runs already, or starts while we wait.

    Raises:
        NetopsError: nothing can be sent, or nothing was pushed.
    """
    lasts = lasting(desk, wanted) + desk.config.probe.wait_seconds + START_SECONDS
    lines: list[bytes] = []
    failed: list[NetopsError] = []

    def take() -> None:
        try:
            lines.extend(oneway.receive(listen, lasts, b'{"kind":"start"'))
        except NetopsError as error:
            failed.append(error)

    taking = threading.Thread(target=take, daemon=True)
    taking.start()
    send(desk, wanted, progress)
    taking.join(lasts + 5)
    if failed:
        raise failed[0]
    return heard(wanted, lines)


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    Probe the whole extranet with the configured sensor; says why when nothing is probed.

    Raises:
        NetopsError: the sensor does not listen, or nothing can be sent.
    """
    why = brake.why_not(desk) if Plane.EXTRANET in desk.planes else N_("the extranet is not served here")
    if why:
        return Report(round="probe", facts={N_("not probed"): why})
    wanted = plan(desk)
    hits = with_sensor(desk, wanted, desk.config.probe.sensor, progress)
    return conclude(desk, wanted, hits, is_fresh=True, grace_seconds=seconds(desk.config.timetable.probe))[1]
