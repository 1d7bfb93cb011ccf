"""Capture files (抓包文件): pcap and pcapng as columns of frames, in bounded pieces; a broken end loses nothing before it."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np

from netops.egress.flows import Column

PCAP = {
    b"\xa1\xb2\xc3\xd4": (">", 1000, 16),
    b"\xd4\xc3\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\xcd\x34": (">", 1000, 24),  # Kuznetzov's Linux patch
    b"\x34\xcd\xb2\xa1": ("<", 1000, 24),
}
"""By magic number: byte order, nanoseconds in a unit of the fraction, octets of a record's head."""
PCAPNG = b"\x0a\x0d\x0d\x0a"
GZIP = b"\x1f\x8b\x08"
PIECE = 4 << 20
"""Octets read at once."""
MAX_FRAME = 1 << 20
"""Captured octets of one frame; more is no frame but a broken file."""
MAX_BLOCK = 16 << 20
MAX_FRAMES = 32_768
"""Frames given at once."""
MAX_INTERFACES = 4096
GUARD = 64
"""Zero octets behind the last frame, so that fields can be gathered before their bounds are checked."""
RECORD = {order: struct.Struct(f"{order}IIII") for order in "<>"}
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
FCS_KNOWN = 0x04000000


@dataclass(frozen=True, slots=True)
class Frames:
    """
    Frames in the order they were captured.

    Args:
        octets: uint8; GUARD zero octets follow the last frame.
        starts, lengths: int64, what was captured of each.
        wire: int64, octets that it had on the wire.
        at: int64, ns since 1970 UTC.
        link: int64, LINKTYPE number (tcpdump.org/linktypes.html).
    """

    octets: Column
    starts: Column
    lengths: Column
    wire: Column
    at: Column
    link: Column

    def __len__(self) -> int:
        return len(self.starts)

    def one(self, row: int) -> bytes:
        """One of them, copied."""
        start = int(self.starts[row])
        return self.octets[start : start + int(self.lengths[row])].tobytes()


def gathered(frames: list[tuple[int, bytes]], link: int = 1) -> Frames:
    """Single frames (ns since 1970 UTC, octets) as columns."""
    lengths = np.array([len(one) for _, one in frames], np.int64)
    octets = np.frombuffer(b"".join(one for _, one in frames) + bytes(GUARD), np.uint8)
    at = np.array([at for at, _ in frames], np.int64)
    return Frames(octets, np.cumsum(lengths) - lengths, lengths, lengths, at, np.full(len(frames), link, np.int64))


class Interface(NamedTuple):
    """One interface of a pcapng section: link type, units of time in a second, seconds to add, octets of check sum."""

    link: int
    units: int = 1_000_000
    offset: int = 0
    fcs: int = 0


class NotACapture(ValueError):
    """The file begins like no capture."""


class Capture:
    """
    A capture file.

    Args:
        file: at its beginning; gzip is opened by itself.

    Raises:
        NotACapture: the file begins like no capture.

    Attributes:
        packets: given so far.
        broken: why reading ended before the file did, or "" (message in English).
    """

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(4)
        file.seek(0)
        if start[:3] == GZIP:
            file = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
            try:
                start = _exactly(file, 4)
                file.seek(0)
            except (OSError, EOFError, zlib.error) as error:
                raise NotACapture(str(error)) from error
        if start not in PCAP and start != PCAPNG:
            raise NotACapture("it begins like no pcap and no pcapng file")
        self.format = "pcapng" if start == PCAPNG else "pcap"
        self.packets, self.broken = 0, ""
        self._file, self._start = file, start
        self._order, self._interfaces = "<", list[Interface]()

    def __iter__(self) -> Iterator[Frames]:
        """The frames, in pieces."""
        for frames in self._pcap() if self.format == "pcap" else self._pcapng():
            self.packets += len(frames)
            yield frames

    def _read(self, size: int) -> bytes:
        try:
            return _exactly(self._file, size)
        except (OSError, EOFError, zlib.error) as error:  # gzip that is cut off or damaged
            self.broken = self.broken or str(error)
            return b""

    # ---- pcap
    def _pcap(self) -> Iterator[Frames]:
        order, unit, head = PCAP[self._start]
        first = self._read(24)
        if len(first) < 24:
            self.broken = "its head is cut off"
            return
        [network] = struct.unpack(f"{order}I", first[20:24])
        link, fcs = network & 0xFFFF, (network >> 28) * 2 if network & FCS_KNOWN else 0
        unpack, left = RECORD[order].unpack_from, b""
        while piece := self._read(PIECE):
            octets = left + piece
            at, end, rows = 0, len(octets), list[tuple[int, int, int, int]]()
            while at + head <= end:
                seconds, fraction, length, wire = unpack(octets, at)
                if length > MAX_FRAME:
                    self.broken = f"a packet of {length} octets"
                    break
                if at + head + length > end:
                    break
                rows.append((at + head, length, wire, seconds * 1_000_000_000 + fraction * unit))
                at += head + length
            yield from _pieces(octets, rows, link, fcs)
            if self.broken:
                return
            left = octets[at:]
        if left:
            self.broken = self.broken or "its last packet is cut off"

    # ---- pcapng
    def _pcapng(self) -> Iterator[Frames]:
        left = b""
        while piece := self._read(PIECE):
            octets = left + piece
            at, rows, links = 0, list[tuple[int, int, int, int]](), list[int]()
            while at + 12 <= len(octets):
                kind, size = self._block(octets, at)
                if self.broken or at + size > len(octets):
                    break
                if (row := self._packet(kind, octets, at + 8, at + size - 4)) is not None:
                    rows.append(row[:4])
                    links.append(row[4])
                at += size
            yield from _pieces(octets, rows, links, 0)
            if self.broken:
                return
            left = octets[at:]
        if left:
            self.broken = self.broken or "its last block is cut off"

    def _block(self, octets: bytes, at: int) -> tuple[int, int]:
        if octets[at : at + 4] == PCAPNG:
            mark = octets[at + 8 : at + 12]
            if mark not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                self.broken = "a section without its byte order"
                return 0, 0
            self._order, self._interfaces = ">" if mark == b"\x1a\x2b\x3c\x4d" else "<", []
        kind, size = struct.unpack_from(f"{self._order}II", octets, at)
        if size < 12 or size % 4 or size > MAX_BLOCK:
            self.broken = f"a block of {size} octets"
        return kind, size

    def _packet(self, kind: int, octets: bytes, at: int, end: int) -> tuple[int, int, int, int, int] | None:
        """Start, captured length, length on the wire, ns, link type; None when the block is no packet."""
        if kind == INTERFACE and len(self._interfaces) < MAX_INTERFACES and end - at >= 8:
            self._interfaces.append(self._described(octets, at, end))
        if kind == PACKET and end - at >= 20:
            number, high, low, length, wire = struct.unpack_from(f"{self._order}IIIII", octets, at)
        elif kind == OLD_PACKET and end - at >= 20:
            number, _drops, high, low, length, wire = struct.unpack_from(f"{self._order}HHIIII", octets, at)
        elif kind == SIMPLE_PACKET and end - at >= 4:
            [wire] = struct.unpack_from(f"{self._order}I", octets, at)
            number, high, low, length, at = 0, 0, 0, min(wire, end - at - 4), at - 16
        else:
            return None
        if number >= len(self._interfaces) or length > end - at - 20:
            return None
        one = self._interfaces[number]
        since = high << 32 | low
        moment = (since // one.units + one.offset) * 1_000_000_000 + since % one.units * 1_000_000_000 // one.units
        moment = moment if 0 <= moment < 1 << 63 else 0
        return at + 20, max(0, length - one.fcs), wire, moment, one.link

    def _described(self, octets: bytes, at: int, end: int) -> Interface:
        [link] = struct.unpack_from(f"{self._order}H", octets, at)
        units, offset, fcs, at = 1_000_000, 0, 0, at + 8
        while at + 4 <= end:
            code, size = struct.unpack_from(f"{self._order}HH", octets, at)
            value = octets[at + 4 : min(end, at + 4 + size)]
            if code == 0:
                break
            if code == 9 and len(value) == 1:
                power = min(value[0] & 0x7F, 63 if value[0] & 0x80 else 19)
                units = 1 << power if value[0] & 0x80 else 10**power
            elif code == 14 and len(value) == 8:
                [offset] = struct.unpack(f"{self._order}q", value)
            elif code == 13 and len(value) == 1:
                fcs = value[0]
            at += 4 + (size + 3) // 4 * 4
        return Interface(link, units, offset, fcs)


def _pieces(octets: bytes, rows: list[tuple[int, int, int, int]], link: int | list[int], fcs: int) -> Iterator[Frames]:
    if not rows:
        return
    table = np.array(rows, np.int64).reshape(-1, 4)
    if fcs:
        table[:, 1] = np.maximum(0, np.where(table[:, 1] == table[:, 2], table[:, 1] - fcs, table[:, 1]))
    links = np.full(len(table), link, np.int64) if isinstance(link, int) else np.array(link, np.int64)
    whole = np.frombuffer(octets + bytes(GUARD), np.uint8)
    for start in range(0, len(table), MAX_FRAMES):
        part = table[start : start + MAX_FRAMES]
        yield Frames(whole, part[:, 0], part[:, 1], part[:, 2], part[:, 3], links[start : start + MAX_FRAMES])


def _exactly(file: BinaryIO, size: int) -> bytes:
    """So many octets, fewer only at the end."""
    parts, left = [], size
    while left and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def is_capture(start: bytes) -> bool:
    """Whether a file that starts so is pcap or pcapng, or gzip, in which one may be."""
    return start[:4] in PCAP or start[:4] == PCAPNG or start[:3] == GZIP
