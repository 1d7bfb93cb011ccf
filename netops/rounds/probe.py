"""The reflection probe: terminals are asked in the sensor's name; what the sensor heard becomes findings (反射探测)."""

from __future__ import annotations

import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

import msgspec

from netops.core import docket, journal
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import ticket
from netops.egress.classify import Space
from netops.egress.judge import Scene
from netops.egress.reflection import Answer, Asked, Hit, Reflection, believed, rogue_exit_host, weigh
from netops.egress.rules import RULES
from netops.probes import reflect
from netops.rounds import Progress, Report, silent

MAX_TARGETS = 4000
START_SECONDS = 20.0
"""So long the sensor may take until it listens."""


class Plan(msgspec.Struct, frozen=True):
    """
    Who will be asked, and in whose name.

    Args:
        nets: where probes may go at all: the extranet's own prefixes.
        is_complete: False when only one organization's terminals are asked.
    """

    beacon: str
    key: str
    asked: tuple[Asked, ...]
    nets: tuple[str, ...]
    is_complete: bool

    @property
    def targets(self) -> list[str]:
        """Every address to be asked: gateways first, then terminals."""
        return list(
            dict.fromkeys(
                [*(control for one in self.asked for control in one.controls), *(one.terminal.ip for one in self.asked)]
            )
        )


def plan(desk: Desk, organization: str = "", beacon: str = "", key: str = "") -> Plan:
    """
    The terminals of the extranet that were seen, each with the gateway that it is held against.

    Raises:
        Refused: probing is switched off, or the plane is not served here.
        NetopsError: no sensor address or no key is configured.
    """
    settings = desk.config.probe
    if not settings.enabled or Plane.EXTRANET not in desk.config.planes:
        raise Refused("nothing was probed", "[probe] enabled is false, or the extranet is not served here", "")
    beacon, key = beacon or settings.beacon, key or desk.config.secret("", settings.key_file)
    if not beacon or not key:
        raise NetopsError(
            "nothing was probed",
            "the sensor's address or the key is not known",
            "netops egress key FILE writes a key; name it and the sensor's address in [probe] of config.toml",
        )
    from netops.rounds import scene as scenes

    scene, _walked = scenes.build(desk)
    nets = desk.config.planes[Plane.EXTRANET].nets
    asked = tuple(_asked(desk, scene, nets, organization))[:MAX_TARGETS]
    return Plan(beacon, key, asked, nets, not organization)


def _asked(desk: Desk, scene: Scene, nets: Sequence[str], organization: str) -> Iterable[Asked]:
    import numpy as np

    from netops.egress.flows import address_value

    table = scene.tables[Plane.EXTRANET]
    segments = [(ip_network(one.prefix), one) for one in desk.register.prefixes if one.plane is Plane.EXTRANET and one.gateway]
    inside = [ip_network(net) for net in nets]
    for (plane, ip), terminal in sorted(scene.by_ip.items()):
        if plane is not Plane.EXTRANET or (organization and terminal.organization != organization):
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


def send(desk: Desk, wanted: Plan, progress: Progress = silent) -> int:
    """
    Ask every target of the plan; written in the journal before the first packet leaves.

    Returns:
        Packets sent.

    Raises:
        NetopsError: nothing can be sent from here.
    """
    settings, run_id, targets = desk.config.probe, secrets.token_hex(4), wanted.targets
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record(
            "egress probe",
            run_id,
            after={"sensor": wanted.beacon, "terminals": len(wanted.asked), "addresses": len(targets)},
        )
    sent = 0
    for number in range(settings.attempts):
        for start in range(0, len(targets), 100):
            part = targets[start : start + 100]
            now = int(time.time())
            probes = [(target, ticket.write(wanted.key, target, now, run_id)) for target in part]
            sent += sum(reflect.send(wanted.beacon, wanted.nets, probes, settings.per_second))
            progress(number * len(targets) + start + len(part), settings.attempts * len(targets), part[-1])
    return sent


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


def conclude(desk: Desk, wanted: Plan, hits: list[Hit], *, is_fresh: bool) -> tuple[list[Reflection], Report]:
    """
    Weigh what the sensor heard and write down what it proves.

    Args:
        is_fresh: the plan was asked just now: what does not answer any more is released.
    """
    reflections = weigh(wanted.key, hits, wanted.asked, desk.register.exits)
    told = list(rogue_exit_host(reflections))
    known = {piece.id for piece in docket.pieces(desk.store, [piece.id for one in told for piece in one.evidence])}
    told = [one for one in told if not all(piece.id in known for piece in one.evidence)]
    settled = docket.settle(
        desk.store,
        RULES,
        told,
        plane=Plane.EXTRANET,
        at=desk.clock(),
        scope=(rogue_exit_host.code,) if is_fresh and wanted.is_complete else (),
    )
    counts = Counter(one.answer.value for one in reflections)
    silent_ones = len({one.terminal.ip for one in wanted.asked} - {one.asked.terminal.ip for one in reflections})
    standing = docket.listed(desk.store, state=STANDING, code=rogue_exit_host.code)
    report = Report(
        round="probe",
        opened=(*settled.opened, *settled.reopened),
        resolved=settled.resolved,
        standing=tuple(one.id for one in standing),
        facts={
            "terminals": len(wanted.asked),
            Answer.DUAL_HOMED.value: counts[Answer.DUAL_HOMED],
            Answer.NOT_TESTABLE.value: counts[Answer.NOT_TESTABLE],
            Answer.NO_ANSWER.value: silent_ones,
            "refused": sum(one.refused for one in hits),
        },
    )
    return reflections, report


def with_sensor(desk: Desk, wanted: Plan, command: Sequence[str], progress: Progress = silent) -> list[Hit]:
    """
    Start the sensor by *command* (here, or by ssh), ask everybody, and take what it heard.

    The command is given --beacon and --seconds; it prints what `netops egress sensor` prints.

    Raises:
        NetopsError: the sensor does not listen, or nothing can be sent.
    """
    settings = desk.config.probe
    packets = settings.attempts * len(wanted.targets)
    # The child that sends takes a second or two to start for each hundred.
    lasting = packets / settings.per_second + 3 * settings.attempts * (1 + len(wanted.targets) // 100)
    argv = [*command, "--beacon", wanted.beacon, "--seconds", f"{lasting + settings.wait_seconds:.0f}"]
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
        reader.join(lasting + settings.wait_seconds + START_SECONDS)
    finally:
        sensor.kill()
        sensor.wait()
        reader.join(5)
        if sensor.stderr:
            sensor.stderr.close()
    return heard(wanted, lines)


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    Probe the whole extranet with the configured sensor; nothing when none is configured.

    Raises:
        NetopsError: the sensor does not listen, or nothing can be sent.
    """
    settings = desk.config.probe
    if not settings.enabled or not (settings.beacon and settings.sensor):
        return Report(round="probe", facts={"terminals": 0})
    wanted = plan(desk)
    return conclude(desk, wanted, with_sensor(desk, wanted, settings.sensor, progress), is_fresh=True)[1]
