"""Reflection (反射探测) and beacon (信标): hosts that reach the sensor by a line of their own; what each answer proves. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

import msgspec

from netops.core import ticket
from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.judge import Terminal

MAX_LINES = 100_000
CROWD = 3
"""So many hosts behind one gateway, and more than half of those asked, do not all have a dongle."""
BEACON_RUN = "beac0000"
"""Run of the tickets that pages of portals carry; their visits are nobody's probe."""
LATEST_MS = ticket.FRESH_SECONDS * 1000


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
    service: str = ""
    """What answered: dns, ntp, snmp, ike, wsd, sip, closed, echo, syn; or beacon."""
    refused: int = 0
    """At the end: how much came that carried no valid ticket."""
    dropped: int = 0
    """At the end: how much came faster than it could be looked at."""
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
    """Proves nothing: strict filters, a firewall, a NAT that drops what it does not know, a carrier that filters."""
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


class Run(msgspec.Struct, frozen=True):
    """
    One run, as the journal has it: what was sent can be found again from it.

    Args:
        id: hex.
        began: seconds since 1970 UTC; *seconds* is the most that its sending took.
    """

    id: str
    began: float
    seconds: float
    services: tuple[str, ...]
    attempts: int


class Reflection(msgspec.Struct, frozen=True):
    """The answers of one target in one run that took the same way, and what they mean; *hit* is the first."""

    asked: Asked
    answer: Answer
    hit: Hit
    asked_at: int
    run: str
    explained_by: str = ""
    services: tuple[str, ...] = ()
    carrier: str = ""


class _Came(msgspec.Struct, frozen=True):
    run: str
    target: str
    at: int
    hit: Hit

    @property
    def way(self) -> str:
        """The outside address that it came from; "" for an answer that bears the inside one."""
        return "" if self.hit.source == self.target else self.hit.source


def stubs(
    key: str, runs: Iterable[Run], targets: Sequence[str], kinds: dict[str, tuple[int, int]]
) -> dict[str, tuple[str, str, Run]]:
    """
    The part of each stub that only the probing side writes, hex, to run, target and the run itself.

    Args:
        kinds: services that give back a stub only, to its size in octets and the number of probes in an attempt.
    """
    found = {}
    for run in runs:
        for service in run.services:
            size, times = kinds.get(service, (0, 0))
            for number in range(times * run.attempts):
                for target in targets:
                    made = ticket.inner(key, run.id, target, f"{service} {number}", size)
                    found[f"{made.hex()}/{size}"] = (run.id, target, run)
    return found


def _came(key: str, hits: Iterable[Hit], known: dict[str, tuple[str, str, Run]]) -> Iterator[_Came]:
    """What was really asked, fresh, each ticket once."""
    seen = set()
    for hit in hits:
        if hit.kind != "hit" or hit.ticket in seen:
            continue
        seen.add(hit.ticket)
        payload = bytes.fromhex(hit.ticket)
        if len(payload) in ticket.STUBS:
            size = len(payload)
            run_id, target, run = known.get(f"{payload[: ticket.STUBS[size]].hex()}/{size}", ("", "", None))
            if run and -5000 <= hit.at - run.began * 1000 <= run.seconds * 1000 + LATEST_MS:
                yield _Came(run_id, target, int(hit.at / 1000), hit)
        elif (inside := ticket.read(key, payload)) and -5000 <= hit.at - inside.at * 1000 <= LATEST_MS:
            yield _Came(inside.run, inside.target, inside.at, hit)


def weigh(
    key: str,
    hits: Iterable[Hit],
    asked: Iterable[Asked],
    exits: tuple[RegisteredExit, ...],
    sent: dict[str, tuple[str, str, Run]] | None = None,
) -> list[Reflection]:
    """
    What the answers mean, one a target, run and way that the answers took.

    An answer whose gateway reached the sensor the same way in the same run shows the network's way, not the host's; one
    that bears the address of a registered exit took that exit. A separate or county exit of the host's own organization
    or gateway explains an answer that bears no outside address. Too few octets that nobody can foretell prove nothing.
    """
    known = {one.terminal.ip: one for one in asked}
    behind = Counter(one.gateway for one in known.values())
    came: dict[tuple[str, str, str], list[_Came]] = defaultdict(list)
    for one in _came(key, hits, sent or {}):
        came[one.run, one.target, one.way].append(one)
    sound = {
        where: answers
        for where, answers in came.items()
        if sum(ticket.bits(bytes.fromhex(each.hit.ticket)) for each in answers) >= ticket.NEEDED_BITS
    }
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run, target, way in sound:
        if target in known:
            alike[run, way].add(target)
    found = []
    for (run, target, way), answers in sound.items():
        if (of := known.get(target)) is None:
            continue
        # A gateway that answers nothing cannot tell: then it shows by most of its hosts answering that way.
        crowd = [host for host in alike[run, way] if known[host].gateway == of.gateway]
        is_crowd = len(crowd) >= CROWD and len(crowd) * 2 > behind[of.gateway]
        spread = {known[host].gateway for host in alike[run, way]} if way else set()
        is_crowd = is_crowd or (len(alike[run, way]) >= CROWD and len(spread) > 1)
        through = is_crowd or any((run, control, way) in sound for control in of.controls)
        why = _explained(answers[0].hit.source, of, exits, through=through)
        services = tuple(dict.fromkeys(each.hit.service or "echo" for each in answers))
        verdict = Answer.NOT_TESTABLE if why else Answer.DUAL_HOMED
        found.append(Reflection(of, verdict, answers[0].hit, answers[0].at, run, why, services))
    return found


def _explained(source: str, one: Asked, exits: tuple[RegisteredExit, ...], *, through: bool) -> str:
    for way in exits:
        nets = [ip_network(text, strict=False) for text in (way.net, way.public_address) if text]
        if any(ip_address(source) in net for net in nets):
            return f"exit {way.id}"
    if through:
        return f"gateway {one.gateway}"
    if source != one.terminal.ip:
        return ""
    if not one.controls:
        return "no gateway to compare with"
    for way in exits:
        owned = way.organization == one.terminal.organization and bool(way.organization)
        if way.kind is not ExitKind.SHARED and (owned or way.device == one.gateway):
            return f"exit {way.id}"
    return ""


def _conclusion(code: str, one: Reflection) -> Conclusion:
    seen, hit = one.asked.terminal, one.hit
    pairs = (("ip", seen.ip), ("mac", seen.mac), ("switch", seen.switch), ("port", seen.port))
    subject: Subject = {name: value for name, value in pairs if value}
    at = datetime.fromtimestamp(hit.at / 1000, UTC)
    is_page = one.run == BEACON_RUN
    body: dict[str, object] = {
        "target": seen.ip,
        "asked": datetime.fromtimestamp(one.asked_at, UTC).isoformat(),
        "answered": at.isoformat(),
        "source": hit.source,
        "carrier": one.carrier,
        "services": list(one.services),
        "ttl": hit.ttl,
        "sensor": hit.sensor,
        "interface": hit.interface,
        "run": one.run,
        "ticket": hit.ticket,
        "seal": hit.seal,
        "gateway": one.asked.gateway,
        "controls": list(one.asked.controls),
    }
    facts = {
        "ip": seen.ip,
        "sensor": hit.sensor,
        "source": f"{hit.source} ({one.carrier})" if one.carrier else hit.source,
        "service": ", ".join(one.services),
    }
    kind, query = ("beacon", f"page of a portal at {seen.ip}") if is_page else ("probe", f"reflection of {seen.ip}")
    piece = Evidence(kind, f"sensor {hit.sensor}", query, body, at)
    return Conclusion(code, seen.plane, subject, seen.organization, facts, (piece,), at, 1, f"ip {seen.ip}")


@rule(
    "EG-403",
    "rogue_exit_host",
    Severity.HIGH,
    Basis(12),
    title=N_("{ip} has a line of its own to the internet"),
    because=N_(
        "What only {ip} was given ({service}) came to the sensor {sensor} on the internet from {source}; "
        "no registered exit leads there."
    ),
)
def rogue_exit_host(reflections: Iterable[Reflection]) -> Iterator[Conclusion]:
    """
    EG-403: a host inside reaches the internet by a second line of its own.

    What: a probe that bore the sensor's address as its source was sent to the host from inside, or a page of a portal
        was shown to it; the ticket that only this host was given reached the sensor on the internet within a minute.
        The host's gateway, asked in the same run, did not reach the sensor that way, and no registered exit has the
        address it came from.
    Why: departments use the platform's internet exit; another one needs a filed scheme (Article 12). A terminal with
        a dongle, hotspot or line of its own joins the network to the internet past every measure.
    Mend: go to the port named, take the second line off, examine the terminal; probe again: netops egress probe.
    Refuted: the public address is of a filed exit, the host's gateway is reached the same way, or no second link is
        found on the terminal.
    """
    for one in reflections:
        if one.answer is Answer.DUAL_HOMED and one.asked.terminal.plane is Plane.EXTRANET:
            yield _conclusion("EG-403", one)


@rule(
    "EG-204",
    "intranet_exit",
    Severity.CRITICAL,
    Basis(8),
    title=N_("Intranet host {ip} has a line to the internet"),
    because=N_(
        "What only {ip} was given ({service}) came to the sensor {sensor} on the internet from {source}; "
        "the intranet has no way out."
    ),
)
def intranet_line(reflections: Iterable[Reflection]) -> Iterator[Conclusion]:
    """
    EG-204: a host of the intranet reaches the internet by a line of its own.

    What: the ticket of a probe or of a portal's page, which only this host was given, reached the sensor on the internet.
        The sensor's file was carried in; nothing leaves the intranet by itself.
    Why: the intranet must be separated from the internet (Article 8).
    Mend: take the terminal off the network, remove its second link (dongle, hotspot, line), and examine it.
    Refuted: the office's own sensor was reached by a device inside on purpose, or the ticket left its host on paper
        or by mail.
    """
    for one in reflections:
        if one.answer is Answer.DUAL_HOMED and one.asked.terminal.plane is Plane.INTRANET:
            yield _conclusion("EG-204", one)
