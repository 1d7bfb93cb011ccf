"""Conversations (会话): who talks with whom, how much, and the first octets of either side; counted in bulk, bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

import numpy as np

from netops.egress.flows import Column, mac_text
from netops.egress.listening.packets import TCP, UDP, Packets

MOST_TALKS = 100_000
EPHEMERAL = 32_768
"""Where systems begin to choose ports for their own ends; who sends from below to above answers, as far as nobody said."""
MOST_INSPECTED = 16
"""Payloads of one conversation that are looked into."""
MOST_STREAM = 8192
"""Octets of one side of a TCP conversation that are put together."""
MOST_DATAGRAM, MOST_SEGMENT = 2048, 64
"""Octets kept of each datagram, and of each segment of TCP."""
MOST_SHAPE = 4000
SYN, ACK, RST = 0x02, 0x10, 0x04


class Talk:
    """
    One conversation. Side 0 is the first sender until a SYN tells who began; *client* is the side that did.

    Attributes:
        ends: (address, port) of either side.
        packets, octets: of either side; octets are those of IP packets.
        streams: of TCP, the beginning of what either side sent.
        datagrams: (side, octets) of the first datagrams or segments.
        begun: whether its beginning was seen.
        label: the protocol that was recognised, "" for none.
        marks: what was told of it already.
        shape: (ns, side, octets) of each payload, kept where somebody asks for it.
    """

    __slots__ = ("base", "begun", "client", "datagrams", "depth", "ends", "first", "inspected", "label", "last", "mac", "marks",
                 "octets", "packets", "proto", "shape", "streams", "wants_shape")  # fmt: skip

    def __init__(self, ends: tuple[tuple[str, int], tuple[str, int]], proto: int, depth: int, at: int, mac: int) -> None:
        self.ends, self.proto, self.depth, self.first, self.last, self.mac = ends, proto, depth, at, at, mac
        self.packets, self.octets = [0, 0], [0, 0]
        self.streams = (bytearray(), bytearray())
        self.base = [-1, -1]
        self.datagrams: list[tuple[int, bytes]] = []
        self.client = 0
        self.begun, self.label, self.inspected = False, "", 0
        self.marks: set[str] = set()
        self.wants_shape = False
        self.shape: list[tuple[int, int, int]] = []

    @property
    def server(self) -> int:
        """The other side."""
        return 1 - self.client

    @property
    def ip(self) -> str:
        """Address of the client."""
        return self.ends[self.client][0]

    @property
    def peer(self) -> str:
        """Address of the server."""
        return self.ends[self.server][0]

    @property
    def port(self) -> int:
        """Port of the server."""
        return self.ends[self.server][1]

    @property
    def is_answered(self) -> bool:
        """Whether both sides sent something."""
        return bool(self.packets[0] and self.packets[1])

    def hear(self, side: int, sequence: int, octets: bytes) -> None:
        """Take one payload; TCP is put together as long as no octet is missing."""
        self.inspected += 1
        self.datagrams.append((side, octets[: MOST_SEGMENT if self.proto == TCP else MOST_DATAGRAM]))
        if self.proto != TCP:
            return
        stream = self.streams[side]
        if self.base[side] < 0:
            self.base[side] = sequence
        offset = (sequence - self.base[side]) & 0xFFFFFFFF
        if offset <= len(stream) < MOST_STREAM:
            stream[offset : offset + len(octets)] = octets
            del stream[MOST_STREAM:]


class Talks:
    """All conversations of a capture; the oldest is let go when there are too many."""

    def __init__(self) -> None:
        self.talks: OrderedDict[int, Talk] = OrderedDict()
        self.let_go: Counter[str] = Counter()
        """Packets of conversations that were let go, by label."""

    def feed(self, packets: Packets) -> Iterator[Talk]:
        """Take packets in; gives the conversations that have new payload to look into."""
        is_ours = ((packets.proto == TCP) | (packets.proto == UDP)) & (packets.offset == 0)
        rows = np.flatnonzero(is_ours & ((packets.sport > 0) | (packets.dport > 0)))
        if not len(rows):
            return
        key, side = _keys(packets, rows)
        keys, first, number = np.unique(key, return_index=True, return_inverse=True)
        talks = [self._talk(packets, int(key), int(rows[at]), int(side[at])) for key, at in zip(keys, first, strict=True)]
        _count(packets, rows, number, side, talks)
        _beginnings(packets, rows, number, side, talks)
        yield from _payloads(packets, rows, number, side, talks)
        while len(self.talks) > MOST_TALKS:
            _, gone = self.talks.popitem(last=False)
            self.let_go[gone.label] += sum(gone.packets)

    def _talk(self, packets: Packets, key: int, row: int, side: int) -> Talk:
        talk = self.talks.get(key)
        if talk is None:
            ends = (packets.source(row), int(packets.sport[row])), (packets.destination(row), int(packets.dport[row]))
            talk = Talk(ends if side == 0 else (ends[1], ends[0]), int(packets.proto[row]), int(packets.depth[row]),
                        int(packets.at[row]), int(packets.src_mac[row]))  # fmt: skip
            asked = (int(packets.sport[row]) < EPHEMERAL) - (int(packets.dport[row]) < EPHEMERAL)
            talk.client = 1 - side if asked > 0 else side
            self.talks[key] = talk
        return talk

    def __iter__(self) -> Iterator[Talk]:
        return iter(self.talks.values())


def _keys(packets: Packets, rows: Column) -> tuple[Column, Column]:
    """A number for each conversation that is the same in both directions, and the side that sends: 0 for the lower end."""
    ends = []
    for name, port in (("src", "sport"), ("dst", "dport")):
        ends.append((getattr(packets, f"{name}_hi")[rows], getattr(packets, f"{name}_lo")[rows],
                     getattr(packets, port)[rows].astype(np.uint64)))  # fmt: skip
    (a_hi, a_lo, a_port), (b_hi, b_lo, b_port) = ends
    swapped = (a_hi > b_hi) | ((a_hi == b_hi) & ((a_lo > b_lo) | ((a_lo == b_lo) & (a_port > b_port))))
    key = packets.proto[rows].astype(np.uint64) << np.uint64(4) | packets.depth[rows].astype(np.uint64)
    for one, other in ((a_hi, b_hi), (a_lo, b_lo), (a_port, b_port)):
        key = _mixed(key, np.where(swapped, other, one))
    for one, other in ((a_hi, b_hi), (a_lo, b_lo), (a_port, b_port)):
        key = _mixed(key, np.where(swapped, one, other))
    return key, swapped.astype(np.int64)


def _mixed(key: Column, value: Column) -> Column:
    """One step of a 64-bit hash (the finalizer of splitmix64)."""
    with np.errstate(over="ignore"):
        key = (key ^ value) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(27)
        key = key * np.uint64(0x94D049BB133111EB)
        mixed: Column = key ^ key >> np.uint64(31)
    return mixed


def _count(packets: Packets, rows: Column, number: Column, side: Column, talks: list[Talk]) -> None:
    place, size = number * 2 + side, 2 * len(talks)
    counts = np.bincount(place, minlength=size).tolist()
    octets = np.bincount(place, packets.size[rows].astype(np.float64), minlength=size).tolist()
    last = np.zeros(len(talks), np.int64)
    np.maximum.at(last, number, packets.at[rows])
    for at, (talk, latest) in enumerate(zip(talks, last.tolist(), strict=True)):
        for which in (0, 1):
            talk.packets[which] += counts[2 * at + which]
            talk.octets[which] += int(octets[2 * at + which])
        talk.last = max(talk.last, latest)


def _beginnings(packets: Packets, rows: Column, number: Column, side: Column, talks: list[Talk]) -> None:
    """A SYN tells who began, and where the streams of either side start."""
    flags = packets.flags[rows]
    begins = np.flatnonzero((packets.proto[rows] == TCP) & ((flags & SYN) != 0))
    for at in begins.tolist():
        talk, which = talks[number[at]], int(side[at])
        is_answer = bool(flags[at] & ACK)
        talk.client, talk.begun = (1 - which if is_answer else which), True
        talk.base[which] = (int(packets.sequence[rows[at]]) + 1) & 0xFFFFFFFF


def _payloads(packets: Packets, rows: Column, number: Column, side: Column, talks: list[Talk]) -> Iterator[Talk]:
    carrying = np.flatnonzero(packets.length[rows] > 0)
    if not len(carrying):
        return
    of = number[carrying]
    left = np.array([max(0, MOST_INSPECTED - talk.inspected) for talk in talks], np.int64)
    order = np.argsort(of, kind="stable")
    ranked = of[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    for at in carrying[order[rank < left[ranked]]].tolist():
        talk, row = talks[number[at]], int(rows[at])
        talk.hear(int(side[at]), int(packets.sequence[row]), packets.body(row, MOST_STREAM))
        yield talk
    shaped = np.array([talk.wants_shape for talk in talks], bool)
    for at in carrying[shaped[of]].tolist():
        talk = talks[number[at]]
        if len(talk.shape) < MOST_SHAPE:
            row = int(rows[at])
            talk.shape.append((int(packets.at[row]), int(side[at]), int(packets.wanted[row])))


def macs_of(packets: Packets, row: int) -> str:
    """Text of a row's source MAC address, "" for none."""
    value = int(packets.src_mac[row])
    return mac_text(value) if value else ""
