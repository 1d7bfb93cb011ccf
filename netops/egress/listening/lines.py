"""
Lines (序列): numbers that a machine counts up over its connections, so that each line is a machine; pure.

Three of them outlive a translation of addresses. Source ports: for each far end (Linux, Android; RFC 6056 §3.3) or for all of
them (Windows). TCP timestamps: one clock for all connections of old systems, one for each far end of Linux from 4.12 until it
gave every connection its own in 2026 (secure_tcp_ts_off); where no two connections share a clock, timestamps say nothing.
IP identifications: Windows from 8 on and small devices count their packets (Klein and Pinkas, USENIX Security 2019).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GAP, GAP_FOR_ALL = 64, 16
"""The next source port for the same far end comes within so many; and for all far ends."""
LEAST_LINE = 3
PORTS, BY_CHANCE = 16_384, 0.15
"""Ports to choose from (RFC 6335: 49152 to 65535), and how often one may lie on a line that is not its own."""
COVERED = 0.7
"""A smaller share of connections on lines, and ports are chosen by chance: lines say nothing then."""
RATES = (1000, 250, 100)
"""Ticks of a timestamp clock in a second: Linux from 4.13, and before by its HZ."""
DRIFT = 2.0e-4
"""Seconds in a second that two clocks part at most: 200 ppm."""
LATE_SECONDS = 0.3
"""A SYN may wait so long on its way through the box."""
LEAST_SHARED = 2
"""Two connections of one clock are no chance: it has 2^32 places; two near ports are hardly one, where few are chosen."""


class Connection(NamedTuple):
    """
    A connection that was begun.

    Args:
        at: ns; *stack*: that its SYN shows, "" without one.
        port: of the far end *peer*; *agent*: its user agent.
        hops: routers that it passed before; *scale*: its window scale, -1 for none.
        stamp: its TCP timestamp, -1 for none.
        line: number of the line that its IP identification goes on with, 0 for none.
    """

    at: int
    stack: str
    sport: int
    peer: str
    port: int
    agent: str = ""
    hops: int = 0
    scale: int = -1
    stamp: int = -1
    line: int = 0


class Line(NamedTuple):
    """Connections that one number runs through: ns of the first and of the last, the far ends."""

    first: int
    last: int
    peers: frozenset[str]
    members: tuple[Connection, ...]


def counted(several: Sequence[Connection]) -> dict[str, int]:
    """Machines that each kind of line tells apart: ports, stamps, idents; 0 for one that says nothing."""
    return {"ports": _by_ports(several), "stamps": _beside(several, stamped(several)), "idents": _at_once(numbered(several))}


def certain(several: Sequence[Connection]) -> int:
    """Machines that are certain: clocks at the same time; counters as many as ports bear out, where these tell anything."""
    numbers, ports = _at_once(numbered(several)), _by_ports(several)
    return max(_at_once(stamped(several)), min(numbers, ports) if ports else numbers)


# ---- source ports
def _by_ports(several: Sequence[Connection]) -> int:
    by_end: dict[tuple[str, int], list[Connection]] = defaultdict(list)
    for one in several:
        by_end[one.peer, one.port].append(one)
    for_ends = (together(spans(_ports(some, GAP))) for some in by_end.values() if len(some) >= LEAST_LINE)
    return max(together(spans(_for_all(several))), *for_ends, 0)


def _ports(connections: Iterable[Connection], gap: int) -> list[Line]:
    """Lines on which source ports count up; none where ports follow no line, or lie so close that chance makes lines of them."""
    several = sorted(connections)
    found: list[list[Connection]] = []
    for one in several:
        fits = [line for line in found if 0 < one.sport - line[-1].sport <= gap]
        if fits:
            max(fits, key=lambda line: line[-1].sport).append(one)
        elif not any(one.sport == line[-1].sport for line in found):
            found.append([one])
            if len(found) * gap > BY_CHANCE * PORTS:
                return []
    whole = [line for line in found if len(line) >= LEAST_SHARED]
    is_told = len(several) >= LEAST_LINE and sum(map(len, whole)) >= COVERED * len(several)
    return [_line(line) for line in whole] if is_told else []


def _for_all(several: Sequence[Connection]) -> list[Line]:
    """Lines that run through connections to different far ends by turns: what counts ports for each end makes none."""
    found = _ports(several, GAP_FOR_ALL)
    turns = sum(one.peer != other.peer for line in found for one, other in zip(line.members, line.members[1:], strict=False))
    return found if found and turns * 3 >= sum(len(line.members) - 1 for line in found) else []


# ---- TCP timestamps
def stamped(several: Sequence[Connection]) -> list[Line]:
    """Lines of one clock: for each far end, and those that several far ends see alike."""
    told = sorted(one for one in several if one.stamp > 0)
    return max((_clocks(told, rate) for rate in RATES), key=lambda found: sum(len(line.members) for line in found))


def _clocks(told: Sequence[Connection], rate: int) -> list[Line]:
    """Lines of a clock of this rate; found by the second in which it would have stood at 0, so that many cost no more each."""
    found: list[list[Connection]] = []
    latest: list[float] = []
    by_second: dict[int, int] = {}
    seconds = (1 << 32) // rate
    for one in told:
        started = (one.stamp - one.at * rate // 1_000_000_000) % (1 << 32)
        second = started // rate
        number = -1
        for near in (second, second - 1, second + 1):
            line = by_second.get(near % seconds, -1)
            if line >= 0 and _is_same(started - latest[line], one.at - found[line][-1].at, rate):
                number = line
                break
        if number < 0:
            number = len(found)
            found.append([])
            latest.append(0.0)
        found[number].append(one)
        latest[number], by_second[second % seconds] = started, number
    return [_line(line) for line in found if len(line) >= LEAST_SHARED]


def _is_same(apart: float, later: int, rate: int) -> bool:
    """Whether two readings of clocks are one clock's: so many ticks apart, so many ns later."""
    ticks = (apart + (1 << 31)) % (1 << 32) - (1 << 31)
    return abs(ticks) <= rate * (LATE_SECONDS + DRIFT * later / 1e9)


def _beside(several: Sequence[Connection], clocks: Sequence[Line]) -> int:
    """Machines at the far end that most clocks reach: the clocks, and what stands on none of them but on lines of ports."""
    by_end: dict[tuple[str, int], list[Connection]] = defaultdict(list)
    for one in several:
        if one.stamp > 0:
            by_end[one.peer, one.port].append(one)
    on_clock = {one: number for number, line in enumerate(clocks) for one in line.members}
    best = most(clocks)
    for mine in by_end.values() if clocks else ():
        rest = [one for one in mine if one not in on_clock]
        count = len({on_clock[one] for one in mine if one in on_clock})
        if count and len(rest) >= LEAST_LINE:
            count += max(1, together(spans(_ports(rest, GAP))))
        best = max(best, count)
    return best


# ---- IP identifications
def numbered(several: Sequence[Connection]) -> list[Line]:
    """Lines of connections whose packets go on counting where others' ended, as `trails` numbered them."""
    by_line: dict[int, list[Connection]] = defaultdict(list)
    for one in several:
        if one.line:
            by_line[one.line].append(one)
    return [_line(sorted(line)) for line in by_line.values() if len(line) >= LEAST_LINE]


# ---- counting lines
def _line(members: Sequence[Connection]) -> Line:
    return Line(members[0].at, members[-1].at, frozenset(one.peer for one in members), tuple(members))


def spans(found: Iterable[Line]) -> list[tuple[int, int]]:
    """From when to when each line ran."""
    return [(line.first, line.last) for line in found]


def together(found: Iterable[tuple[int, int]]) -> int:
    """Most spans at the same time: a line that breaks off and one that begins later may be one machine."""
    kept, number, now = list(found), 0, 0
    for _, step in sorted([(first, -1) for first, _ in kept] + [(last, 1) for _, last in kept]):
        now -= step
        number = max(number, now)
    return number


def most(found: Sequence[Line]) -> int:
    """Machines that lines tell apart: those that run through several far ends, or those that meet at one."""
    return max([len([line for line in found if len(line.peers) > 1]), *(len(some) for some in _meeting(found))], default=0)


def _at_once(found: Sequence[Line]) -> int:
    wide = [line for line in found if len(line.peers) > 1]
    return max(together(spans(some)) for some in (wide, *_meeting(found)))


def _meeting(found: Sequence[Line]) -> list[list[Line]]:
    """Lines by the far ends that they reach."""
    by_peer: dict[str, list[Line]] = defaultdict(list)
    for line in found:
        for peer in line.peers:
            by_peer[peer].append(line)
    return list(by_peer.values())
