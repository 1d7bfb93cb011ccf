"""The mirror port's senses: frames of an interface by a packet socket in the child, handed over in bounded pieces."""

from __future__ import annotations

import base64
import ctypes
import select
import socket
import struct
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

SNAP = 2048
"""Octets kept of a frame: enough for every head, and for a ClientHello."""
PIECE_OCTETS, PIECE_SECONDS = 256 << 10, 0.25
"""A piece is handed over when it is so large, or so old;"""
PULSE_SECONDS = 1.0
"""an empty one after so long without a frame, so that whoever listens to a silent wire can stop."""
BUFFER_OCTETS = 64 << 20
MOST_INTERFACES = 16
MOST_SECONDS = 7 * 86_400.0
SOL_PACKET, ADD_MEMBERSHIP, STATISTICS, AUXDATA = 263, 1, 6, 8
PROMISCUOUS, ALL, SO_ATTACH_FILTER, SO_RCVBUFFORCE = 1, 0x0003, 26, 33
TAG_VALID, TAG_KIND_VALID = 0x10, 0x40
RECORD = struct.Struct("<IIII")
HEAD = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
"""The head of a pcap file of Ethernet frames with nanoseconds: what the records of pieces continue."""


class Piece(NamedTuple):
    """Records of pcap with nanoseconds, how many frames they are, and what the kernel had no room for since the start."""

    records: bytes
    frames: int
    dropped: int


def listen(interfaces: Sequence[str], seconds: float) -> Generator[Piece | None, None, None]:
    """
    Frames of *interfaces* for so long, caught by the child: None when it listens, then pieces as they come.

    Raises:
        NetopsError: an interface cannot be listened to.
    """
    from netops.probes.reflect import child

    with child([]) as ask:
        for answer in ask({"do": "listen", "interfaces": list(interfaces), "seconds": seconds}):
            if "listening" in answer:
                yield None
            else:
                yield Piece(base64.b64decode(answer["records"]), answer["frames"], answer["dropped"])


def catch(interfaces: Sequence[str], seconds: float) -> Iterator[dict[str, Any]]:
    """
    In the child, confined already: {"listening"}, then pieces of records until the time is over.

    Raises:
        ValueError: more is asked for than is allowed.
        OSError: an interface is not there.
    """
    if not 0 < len(interfaces) <= MOST_INTERFACES or not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"1 to {MOST_INTERFACES} interfaces, {MOST_SECONDS:g} seconds at most")
    with ExitStack() as stack:
        ears = [_ear(stack, name) for name in interfaces]
        yield {"listening": True}
        until, records, began, dropped = time.monotonic() + seconds, list[bytes](), 0.0, 0
        size, handed = 0, time.monotonic()
        while (now := time.monotonic()) < until:
            ready, _, _ = select.select(ears, [], [], min(PIECE_SECONDS, until - now))
            for ear in ready:
                for record in _taken(ear):
                    records.append(record)
                    size += len(record)
            now = time.monotonic()
            began = began or (now if records else 0.0)
            is_due = size >= PIECE_OCTETS or now - began >= PIECE_SECONDS if records else now - handed >= PULSE_SECONDS
            if is_due:
                dropped += sum(map(_dropped, ears))
                yield _piece(records, dropped)
                records, size, began, handed = [], 0, 0.0, now
        yield _piece(records, dropped + sum(map(_dropped, ears)))


def _piece(records: list[bytes], dropped: int) -> dict[str, Any]:
    return {"records": base64.b64encode(b"".join(records)).decode(), "frames": len(records), "dropped": dropped}


def _ear(stack: ExitStack, name: str) -> socket.socket:
    """A packet socket on one interface that hears everything there; its filter cuts frames to SNAP in the kernel."""
    ear = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL)))
    code = struct.pack("HBBI", 0x06, 0, 0, SNAP)  # ret #SNAP
    held = ctypes.create_string_buffer(code)
    ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(held)))
    try:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_OCTETS)
    except PermissionError:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
    ear.bind((name, ALL))
    index = socket.if_nametoindex(name)
    ear.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", index, PROMISCUOUS, 0, b""))
    ear.setsockopt(SOL_PACKET, AUXDATA, 1)
    ear.settimeout(0)
    return ear


def _taken(ear: socket.socket) -> Iterator[bytes]:
    """Records of what waits at one ear, at most a piece; a VLAN tag that the card took off is put back."""
    for _ in range(512):
        try:
            frame, more, _, _ = ear.recvmsg(SNAP, 64)
        except BlockingIOError:
            return
        wire = len(frame)
        for level, kind, data in more:
            if level == SOL_PACKET and kind == AUXDATA and len(data) >= 20:
                status, wire, _snapped, _mac, _net, tag, tag_kind = struct.unpack_from("=IIIHHHH", data)
                if status & TAG_VALID and len(frame) >= 14:
                    kind_of_tag = tag_kind if status & TAG_KIND_VALID else 0x8100
                    frame = frame[:12] + struct.pack(">HH", kind_of_tag, tag) + frame[12:]
                    wire += 4
        now = time.time_ns()
        yield RECORD.pack(now // 1_000_000_000, now % 1_000_000_000, len(frame), max(wire, len(frame))) + frame


def _dropped(ear: socket.socket) -> int:
    """Frames that the kernel had no room for since it was asked last."""
    _, dropped = struct.unpack("II", ear.getsockopt(SOL_PACKET, STATISTICS, 8))
    return int(dropped)
