"""Reflection (反射探测): hosts that answer a probe out of a line of their own; what each answer proves. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress import ticket
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.judge import Terminal

MAX_LINES = 100_000
CROWD = 3
"""So many hosts behind one gateway, and more than half of those asked, do not all have a dongle."""


class Hit(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One line of a sensor's file.

    Args:
        kind: start, hit or end; a file without its end was cut off.
        at: milliseconds since 1970 UTC.
        sensor: the address that answered nobody and was answered.
        source: whence the answer came, as the sensor saw it.
        interface: of the sensor.
        ticket: hex.
        seal: HMAC over this line and the seal of the line before.
    """

    kind: str
    at: int
    sensor: str
    source: str = ""
    ttl: int = 0
    interface: str = ""
    ticket: str = ""
    refused: int = 0
    """At the end: how much came that carried no valid ticket."""
    seal: str = ""


def sealed(key: str, hit: Hit, previous: str) -> Hit:
    """The line with its seal."""
    bare = msgspec.json.encode(msgspec.structs.replace(hit, seal=""))
    return msgspec.structs.replace(hit, seal=ticket.signature(key, previous, bare))


def believed(key: str, lines: Iterable[bytes]) -> Iterator[Hit]:
    """
    The lines of a sensor's file, each checked against its seal.

    Raises:
        ValueError: a line was changed, taken out, put in, or written with another key.
    """
    previous = ""
    for number, line in enumerate(lines, 1):
        if number > MAX_LINES:
            raise ValueError(f"more than {MAX_LINES} lines")
        try:
            hit = msgspec.json.decode(line, type=Hit)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"line {number} is no line of a sensor: {error}") from error
        if sealed(key, hit, previous).seal != hit.seal or (number == 1) != (hit.kind == "start"):
            raise ValueError(f"line {number} does not bear the seal that follows from the lines before it")
        previous = hit.seal
        yield hit


class Answer(StrEnum):
    """What became of one target."""

    DUAL_HOMED = "dual_homed"
    NO_ANSWER = "no_answer"
    """Proves nothing: strict filters, a firewall, a NAT that drops what it does not know."""
    NOT_TESTABLE = "not_testable"
    """Its own gateway answers to the sensor as well, or a filed exit explains the way that the answer took."""


class Asked(msgspec.Struct, frozen=True):
    """
    One target, and what its answer is held against.

    Args:
        gateway: name of the device that routes its LAN.
        controls: addresses of that device, asked in the same run.
    """

    terminal: Terminal
    gateway: str = ""
    controls: tuple[str, ...] = ()


class Reflection(msgspec.Struct, frozen=True):
    """An answer that reached the sensor, and what it means."""

    asked: Asked
    answer: Answer
    hit: Hit
    asked_at: int
    run: str
    explained_by: str = ""


def weigh(
    key: str, hits: Iterable[Hit], asked: Iterable[Asked], exits: tuple[RegisteredExit, ...]
) -> list[Reflection]:
    """
    What the answers mean, one a target and run, the first that came.

    An answer whose gateway reached the sensor by itself in the same run shows the network's way, not the host's;
    one that bears the address of a registered exit took that exit. A separate or county exit of the host's own
    organization or gateway explains an answer that bears no outside address.
    """
    known = {one.terminal.ip: one for one in asked}
    behind = Counter(one.gateway for one in known.values())
    came: dict[tuple[str, str], tuple[Hit, int]] = {}
    for hit in hits:
        inside = ticket.read(key, bytes.fromhex(hit.ticket)) if hit.kind == "hit" else None
        if inside and -5000 <= hit.at - inside.at * 1000 <= ticket.FRESH_SECONDS * 1000:
            came.setdefault((inside.run, inside.target), (hit, inside.at))
    bare = Counter(
        (run, known[target].gateway)
        for (run, target), (hit, _) in came.items()
        if target in known and hit.source == target
    )
    found = []
    for (run, target), (hit, at) in came.items():
        if one := known.get(target):
            # A gateway that answers no echo at all cannot tell: then it shows by most of its hosts answering that way.
            crowd = bare[run, one.gateway]
            is_crowd = crowd >= CROWD and crowd * 2 > behind[one.gateway]
            through = is_crowd or any((run, control) in came for control in one.controls)
            why = _explained(hit.source, one, exits, through=through)
            answer = Answer.NOT_TESTABLE if why else Answer.DUAL_HOMED
            found.append(Reflection(one, answer, hit, at, run, why))
    return found


def _explained(source: str, one: Asked, exits: tuple[RegisteredExit, ...], *, through: bool) -> str:
    for way in exits:
        nets = [ip_network(text, strict=False) for text in (way.net, way.public_address) if text]
        if any(ip_address(source) in net for net in nets):
            return f"exit {way.id}"
    if source != one.terminal.ip:
        return ""
    if not one.controls:
        return "no gateway to compare with"
    if through:
        return f"gateway {one.gateway}"
    for way in exits:
        owned = way.organization == one.terminal.organization and bool(way.organization)
        if way.kind is not ExitKind.SHARED and (owned or way.device == one.gateway):
            return f"exit {way.id}"
    return ""


@rule(
    "EG-403",
    "rogue_exit_host",
    Severity.HIGH,
    Basis(12),
    title=N_("{ip} has a line of its own to the internet"),
    because=N_(
        "A probe to {ip} was answered to {sensor} on the internet, from {source}; its gateway {gateway} does not answer that way."
    ),
)
def rogue_exit_host(reflections: Iterable[Reflection]) -> Iterator[Conclusion]:
    """
    EG-403: a host inside answers out of a second line of its own.

    What: an echo request that bore the sensor's address as its source was sent to the host from inside; its answer,
        with the ticket that only this probe carried, reached the sensor on the internet within a minute. The host's
        gateway, asked in the same run, did not reach the sensor, and no registered exit has the address it came from.
    Why: departments use the platform's internet exit; another one needs a filed scheme (Article 12). A terminal with
        a dongle, hotspot or line of its own joins the network to the internet past every measure.
    Mend: go to the port named, take the second line off, examine the terminal; probe again: netops egress probe.
    """
    for one in reflections:
        if one.answer is not Answer.DUAL_HOMED:
            continue
        seen, hit = one.asked.terminal, one.hit
        pairs = (("ip", seen.ip), ("mac", seen.mac), ("switch", seen.switch), ("port", seen.port))
        subject: Subject = {name: value for name, value in pairs if value}
        at = datetime.fromtimestamp(hit.at / 1000, UTC)
        body: dict[str, object] = {
            "target": seen.ip,
            "asked": datetime.fromtimestamp(one.asked_at, UTC).isoformat(),
            "answered": at.isoformat(),
            "source": hit.source,
            "ttl": hit.ttl,
            "sensor": hit.sensor,
            "interface": hit.interface,
            "run": one.run,
            "ticket": hit.ticket,
            "seal": hit.seal,
            "gateway": one.asked.gateway,
            "controls": list(one.asked.controls),
        }
        yield Conclusion(
            "EG-403",
            Plane.EXTRANET,
            subject,
            seen.organization,
            {
                "ip": seen.ip,
                "sensor": hit.sensor,
                "source": hit.source,
                "gateway": one.asked.gateway or "—",
            },
            (Evidence("probe", f"sensor {hit.sensor}", f"reflection of {seen.ip}", body, at),),
            at,
            1,
            f"ip {seen.ip}",
        )
