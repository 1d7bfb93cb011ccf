"""An exporter at full speed: made flows in NetFlow v5, v9 or IPFIX, sent by sendmmsg(2) at a given rate, counted."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORDS = 24
"""Flows of one datagram."""
DATAGRAMS = 8192
"""Different ones; they are sent over and over with fresh sequence numbers."""
TEMPLATE_SECONDS = 1.0
EXPORTED = int(time.time())
"""The exporter's clock is right."""
V5 = np.dtype([
    ("src", ">u4"), ("dst", ">u4"), ("hop", ">u4"), ("in", ">u2"), ("out", ">u2"), ("packets", ">u4"), ("bytes", ">u4"),
    ("first", ">u4"), ("last", ">u4"), ("sport", ">u2"), ("dport", ">u2"), ("_", "u1"), ("flags", "u1"), ("proto", "u1"),
    ("tos", "u1"), ("src_as", ">u2"), ("dst_as", ">u2"), ("src_mask", "u1"), ("dst_mask", "u1"), ("_2", ">u2"),
])  # fmt: skip
FIELDS = {
    "src": (8, 4), "dst": (12, 4), "hop": (15, 4), "in": (10, 2), "out": (14, 2), "packets": (2, 4), "bytes": (1, 4),
    "first": (22, 4), "last": (21, 4), "sport": (7, 2), "dport": (11, 2), "flags": (6, 1), "proto": (4, 1), "tos": (5, 1),
    "src_as": (16, 4), "dst_as": (17, 4), "src_mask": (9, 1), "dst_mask": (13, 1),
}  # fmt: skip
"""Information elements and lengths: what routers send by default."""
OPTIONAL = ("hop", "tos", "src_as", "dst_as", "src_mask", "dst_mask")


def made(rows: int) -> dict[str, NDArray[Any]]:
    """Flows of a city: sixteen thousand hosts of its /16, most of the peers inside, ports and sizes as they come."""
    chance = np.random.default_rng(20261122)
    inside = 0x0A140000 | chance.integers(0, 1 << 14, rows)
    outside = chance.zipf(1.3, rows) % 200_000 * 9_973 % 0x60000000 + 0x20000000
    columns: dict[str, NDArray[Any]] = {name: np.zeros(rows, np.uint32) for name in FIELDS}
    columns["src"], columns["dst"] = inside, np.where(chance.random(rows) < 0.6, np.roll(inside, 7), outside)
    columns["in"], columns["out"] = chance.integers(1, 5, rows), chance.integers(1, 5, rows)
    columns["packets"] = np.minimum(chance.zipf(1.8, rows), 100_000)
    columns["bytes"] = columns["packets"] * chance.integers(60, 1400, rows)
    columns["first"], columns["last"] = (
        chance.integers(1000, 50_000, rows),
        chance.integers(50_000, 90_000, rows),
    )
    columns["sport"] = chance.integers(1024, 65535, rows)
    columns["dport"] = chance.choice([80, 443, 443, 443, 53, 53, 22, 25, 8080, 3389], rows)
    columns["proto"] = np.where(columns["dport"] == 53, 17, 6)
    columns["flags"] = np.where(columns["proto"] == 6, 0x1B, 0)
    columns["src_mask"] = columns["dst_mask"] = np.full(rows, 24)
    return columns


def templates(count: int) -> list[list[str]]:
    """So many field lists: all fields, then with one or another left out and the rest turned round."""
    plain = list(FIELDS)
    result = [plain]
    for number in range(1, count):
        left = [name for name in plain if name != OPTIONAL[number % len(OPTIONAL)]]
        result.append(left[number % 5 :] + left[: number % 5])
    return result


def packed(columns: dict[str, NDArray[Any]], names: list[str], rows: slice) -> bytes:
    """Records of the fields *names* out of some rows."""
    kind = np.dtype([(name, f">u{FIELDS[name][1]}") for name in names])
    record = np.zeros(rows.stop - rows.start, kind)
    for name in names:
        record[name] = columns[name][rows]
    return record.tobytes()


class Stream:
    """
    The datagrams of one run.

    Args:
        kind: "v5", "v9", "ipfix" or "mixed" (v9 with twenty templates).
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        columns = made(DATAGRAMS * RECORDS)
        fields = templates(20 if kind == "mixed" else 1)
        self.template = self._templates(fields)
        self.datagrams = []
        for number in range(DATAGRAMS):
            rows = slice(number * RECORDS, (number + 1) * RECORDS)
            if kind == "v5":
                body = np.zeros(RECORDS, V5)
                for name in FIELDS:
                    body[name] = columns[name][rows]
                header = struct.pack(">HHIIIIBBH", 5, RECORDS, 100_000, EXPORTED, 0, 0, 0, 0, 0)
                self.datagrams.append(header + body.tobytes())
                continue
            body = packed(columns, fields[number % len(fields)], rows)
            self.datagrams.append(self._message(256 + number % len(fields), body))
        self.place, self.step = {"v5": (16, RECORDS), "v9": (12, 1), "mixed": (12, 1), "ipfix": (8, RECORDS)}[
            kind
        ]

    def _message(self, number: int, body: bytes) -> bytes:
        content = struct.pack(">HH", number, 4 + len(body)) + body
        if self.kind == "ipfix":
            return struct.pack(">HHIII", 10, 16 + len(content), EXPORTED, 0, 1) + content
        return struct.pack(">HHIIII", 9, RECORDS, 100_000, EXPORTED, 0, 1) + content

    def _templates(self, fields: list[list[str]]) -> bytes:
        if self.kind == "v5":
            return b""
        body = b""
        for number, names in enumerate(fields):
            body += struct.pack(">HH", 256 + number, len(names))
            body += b"".join(struct.pack(">HH", *FIELDS[name]) for name in names)
        return self._message(2 if self.kind == "ipfix" else 0, body)


class Sender:
    """The datagrams in one piece of memory, their places for sendmmsg, and the sequence of the stream."""

    def __init__(self, stream: Stream, port: int) -> None:
        self.stream = stream
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        self.socket.connect(("127.0.0.1", port))
        self.memory = np.frombuffer(bytearray(b"".join(stream.datagrams)), np.uint8)
        lengths = np.array([len(one) for one in stream.datagrams])
        self.starts = np.cumsum(lengths) - lengths
        self.vectors = np.zeros(DATAGRAMS, [("base", "u8"), ("length", "u8")])
        self.vectors["base"], self.vectors["length"] = self.memory.ctypes.data + self.starts, lengths
        self.headers = np.zeros(
            DATAGRAMS,
            [
                ("name", "u8"),
                ("_", "u8"),
                ("vectors", "u8"),
                ("count", "u8"),
                ("_2", "u8", 3),
                ("length", "u8"),
            ],
        )
        self.headers["vectors"], self.headers["count"] = (
            self.vectors.ctypes.data + np.arange(DATAGRAMS) * 16,
            1,
        )
        self.send_many: Any = ctypes.CDLL(None, use_errno=True).sendmmsg
        self.sequence = self.sent = self.told = 0
        """Of *told* every one is a datagram of templates."""

    def number(self) -> None:
        """Fresh sequence numbers for one more round."""
        sequence = (self.sequence + np.arange(DATAGRAMS) * self.stream.step) & 0xFFFFFFFF
        octets = sequence.astype(">u4").view(np.uint8).reshape(-1, 4)
        for place in range(4):
            self.memory[self.starts + self.stream.place + place] = octets[:, place]
        self.sequence = (self.sequence + DATAGRAMS * self.stream.step) & 0xFFFFFFFF

    def templates(self) -> None:
        """Send the templates; v9 counts the datagram."""
        if self.stream.template:
            place = self.stream.place
            octets = struct.pack(">I", self.sequence)
            self.socket.send(self.stream.template[:place] + octets + self.stream.template[place + 4 :])
            self.told += 1
            if self.stream.step == 1:
                self.sequence = (self.sequence + 1) & 0xFFFFFFFF

    def run(self, flows_per_second: float, seconds: float) -> dict[str, float]:
        """Send at the rate; datagrams and flows that left, and the seconds it took."""
        began = time.monotonic()
        next_templates, at, budget = began, DATAGRAMS, int(flows_per_second * seconds / RECORDS)
        while self.sent < budget:
            now = time.monotonic()
            due = min(budget, (now - began) * flows_per_second / RECORDS) - self.sent
            if due < 1:
                time.sleep(0.0005)
                continue
            if at == DATAGRAMS:
                if now >= next_templates:
                    self.templates()
                    next_templates = now + TEMPLATE_SECONDS
                self.number()
                at = 0
            count = int(min(due, 256, DATAGRAMS - at))
            headers = ctypes.c_void_p(self.headers.ctypes.data + at * self.headers.itemsize)
            done = self.send_many(self.socket.fileno(), headers, count, 0)
            if done > 0:
                at += done
                self.sent += done
        return {"datagrams": self.sent, "templates": self.told, "flows": self.sent * RECORDS, "seconds": time.monotonic() - began}


def main() -> None:
    """`generator KIND PORT FLOWS_PER_SECOND SECONDS CORE`: prints what was sent as JSON."""
    kind, port, rate, seconds, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    sender = Sender(Stream(kind), int(port))
    sender.templates()
    time.sleep(0.2)
    print(json.dumps(sender.run(float(rate), float(seconds))))


if __name__ == "__main__":
    main()
