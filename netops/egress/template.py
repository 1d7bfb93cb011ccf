"""A template (模板): how one exporter lays out its records, compiled to a NumPy structured type where lengths are fixed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netops.egress import inside
from netops.egress.elements import ELEMENTS, RANK, Kind
from netops.egress.flows import MAPPED, TIMES, Column

VARIABLE = 0xFFFF
"""The length that announces a length in front of every value (RFC 7011 §7)."""
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
DAY_MS, YEAR_MS = 86_400_000, 365 * 86_400_000
BLOCK_OCTETS = 1 << 18
"""Fields are read out of so much at a time, which then lies in the processor's cache for all of them."""
FORWARDED, DROPPED = 64, 128
SAFE_MS = 1 << 30
"""Spans below it, about twelve days, are reckoned in 32 bits."""
UPTIME_SLACK = 3_600_000
"""Switched times up to an hour after the header's uptime are reckoned in 32 bits too."""


BYTES = frozenset({Kind.TEXT, Kind.APPLICATION, Kind.FRAME, Kind.PACKET})
WIDTHS = {Kind.IPV4: (4,), Kind.IPV6: (16,), Kind.PROBABILITY: (4, 8), Kind.EXCEPTION: (2,)}
"""Kinds that are read in these lengths only; a share may come as a shorter float (RFC 7011 §6.2)."""
PACKETS = frozenset({"frame", "packet"})
BASIC, SUB, MULTI = "basic_list", "sub_list", "multi_list"
LISTS = {291: BASIC, 292: SUB, 293: MULTI}
"""Elements that hold lists (RFC 6313 §4.5)."""
RAW = PACKETS.union(LISTS.values())
"""Variable values that are read further, for judging too."""


class Field(NamedTuple):
    """One field of a template: private enterprise number (0 none, -1 to be skipped), element, bytes."""

    enterprise: int
    element: int
    length: int


class Context(NamedTuple):
    """
    Of the headers, a value a record or (as one column) a set.

    Args:
        exported, received: export time and time of receipt, ms UTC.
        uptime: ms, None where there is none.
    """

    exported: Column
    uptime: Column | None
    received: Column


class Layout:
    """
    A compiled template.

    Args:
        number: template id; 0 for the fixed record of NetFlow v5.
        fields: in the order of the record.
        is_options: True when its records describe the exporter, not flows.
    """

    def __init__(self, number: int, fields: tuple[Field, ...], *, is_options: bool = False) -> None:
        self.number, self.fields, self.is_options = number, fields, is_options
        self.is_variable = any(field.length == VARIABLE for field in fields)
        self.minimum = sum(1 if field.length == VARIABLE else field.length for field in fields)
        """Bytes of the shortest record; the bytes of every record when nothing is variable."""
        self.used_at = 0
        """Datagrams of its exporter up to the last that brought records of it; 0 where none came."""
        self.texts: dict[int, str] = {}
        self._slots: dict[int, int] = {}
        """Numbers and addresses of announced length, by their place: octets that the fixed part has for them."""
        self._sources: inside.Sources = {}
        names, formats, offsets, offset = [], [], [], 0
        for place, field in enumerate(fields):
            known = ELEMENTS.get((field.enterprise, field.element))
            length = 0 if field.length == VARIABLE else field.length
            if known and field.length == VARIABLE and known[1] not in BYTES:
                length = self._slots[place] = WIDTHS.get(known[1], (8,))[-1]
            if field.length == VARIABLE and field.enterprise == 0 and field.element in LISTS:
                self.texts[place] = LISTS[field.element]
            elif known and field.length == VARIABLE and known[1] in BYTES:
                self.texts[place] = "app_id" if known[1] is Kind.APPLICATION else known[0]
            if known and length and length in WIDTHS.get(known[1], (length,)):
                names.append(f"f{place}")
                formats.append(_format(known[1], length))
                offsets.append(offset)
                rank = RANK[field.enterprise, field.element]
                self._sources.setdefault(known[0], []).append((rank, known[1], place))
            offset += length
        self.dtype = np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": max(offset, 1)}
        )
        """The fixed part of a record; variable fields are taken out before it is read."""
        for sources in self._sources.values():
            sources.sort()
        self._inner = inside.told_again(self._sources, [place for place, one in enumerate(fields) if one[:2] == (0, 4)])
        for name, sources in self._inner.items():
            self._sources[name] = [one for one in self._sources[name] if one not in sources]

    @property
    def is_plain(self) -> bool:
        """Whether its records are flows of one length without packets in them."""
        return not (self.is_variable or self.is_options or self.has_packets)

    @property
    def has_packets(self) -> bool:
        """Whether records carry the beginning of a packet."""
        return not PACKETS.isdisjoint(self.texts.values()) or not PACKETS.isdisjoint(self._sources)

    def packets(self, rows: Column, name: str) -> list[bytes]:
        """The packets' beginnings in a field of fixed length."""
        sources = self._sources.get(name)
        return [bytes(value) for value in rows[f"f{sources[0][2]}"]] if sources else []

    def first(self, rows: Column, name: str) -> int:
        """The number in a field of the first record; 0 where there is none."""
        sources = self._sources.get(name)
        return int(numbers(rows[f"f{sources[0][2]}"][:1])[0]) if sources and len(rows) else 0

    def columns(self, rows: Column, context: Context, wanted: frozenset[str] | None) -> dict[str, Column]:
        """
        The columns of *rows* (of `dtype`, in one or two dimensions), only those in *wanted* when it is given.

        Addresses are two columns, or (where only some are wanted) one NAME_v4 of uint32 when the template has no other.
        Times are milliseconds UTC: `export time - (uptime - switched)`, modulo 2^32 in the difference. Where only some are
        wanted and both ends of a flow are told by the uptime clock, *since_last* and *duration* stand for them.
        """
        result: dict[str, Column] = {}
        chosen = {
            name: sources
            for name, sources in self._sources.items()
            if name not in PACKETS
            and (wanted is None or name in wanted or (name in ("src", "dst") and "src_hi" in wanted))
        }
        inner = {name: self._inner[name] for name in self._inner.keys() & chosen.keys()}
        read = self._read(rows, chosen)
        if "boot" in self._sources and context.uptime is None:
            boot = self._best(read, self._sources["boot"], context)
            if boot is not None and boot.all():
                context = context._replace(uptime=context.exported - boot)
        version = self._best(read, chosen.get("ip_version", []), context)
        if wanted is not None and context.uptime is not None and self._is_by_uptime:
            first, last = (read[chosen.pop(name)[0][2]] for name in ("first", "last"))
            chosen.pop("duration", None)
            result["since_last"], result["duration"] = _spans(first, last, context.uptime, context)
        for name, sources in chosen.items():
            if name == "ip_version":
                continue
            if wanted is not None and len(sources) == 1 and sources[0][1] is Kind.IPV4:
                result[f"{name}_v4"] = read[sources[0][2]].reshape(-1)
            elif sources[0][1] in (Kind.IPV4, Kind.IPV6):
                result[f"{name}_hi"], result[f"{name}_lo"] = _addresses(
                    rows.reshape(-1), sources, version if name in ("src", "dst") else None
                )
            elif sources[0][1] in (Kind.TEXT, Kind.APPLICATION):
                result[name] = _texts(rows, sources)
            else:
                column = self._best(read, sources, context)
                if column is not None:
                    result[name] = column.reshape(-1)
        if inner:
            read = self._read(rows, inner)
            ends = {end: _addresses(rows.reshape(-1), inner.pop(end), None) for end in ("src", "dst")}
            values = {name: read[sources[0][2]].reshape(-1) for name, sources in inner.items()}
            inside.opened(result, ends, values)
        return result

    def dropped(self, rows: Column, context: Context) -> NDArray[np.bool_]:
        """Which records tell of a packet that the exporter dropped (RFC 7270 §4.12)."""
        sources = {"forwarding_status": self._sources.get("forwarding_status", [])}
        status = self._best(self._read(rows, sources), sources["forwarding_status"], context)
        if status is None:
            return np.zeros(rows.size, bool)
        # In four octets the status stands in the last one, by custom; two bits of 10 mean dropped.
        is_dropped: NDArray[np.bool_] = (status.reshape(-1) & 0xC0) == 0x80
        return is_dropped

    @cached_property
    def _is_by_uptime(self) -> bool:
        """Whether beginning and end are told by the uptime clock, and by nothing else."""
        return all(
            [kind for _, kind, _ in self._sources.get(name, [])] == [Kind.UPTIME]
            and self.dtype[f"f{self._sources[name][0][2]}"] == ">u4"
            for name in TIMES
        )

    def _read(self, rows: Column, chosen: dict[str, list[tuple[int, Kind, int]]]) -> dict[int, Column]:
        """The numbers of the fields *chosen*, by their place, shaped as *rows* and in the machine's order."""
        result: dict[int, Column] = {}
        for sources in chosen.values():
            for _, kind, place in sources:
                if kind in BYTES or kind is Kind.IPV6:
                    continue
                field = self.dtype[f"f{place}"]
                if field.kind != "u":
                    result[place] = numbers(rows[f"f{place}"])
                    continue
                result[place] = np.empty(rows.shape, field.newbyteorder("="))
        plain = [place for place in result if self.dtype[f"f{place}"].kind == "u"]
        step = max(1, BLOCK_OCTETS // max(1, abs(rows.strides[0])))
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            for place in plain:
                result[place][start : start + step] = block[f"f{place}"]
        return result

    def _best(
        self, read: dict[int, Column], sources: list[tuple[int, Kind, int]], context: Context
    ) -> Column | None:
        """The first source, with its zeros filled from the others."""
        best: Column | None = None
        for _, kind, place in sources:
            value = READERS[kind](read[place], context)
            if value is None:
                continue
            best = value if best is None else np.where(best == 0, value, best)
        return best

    def split(self, body: bytes, everything: bool) -> tuple[Column, dict[str, list[Any]], bool]:
        """
        The records of a data set with variable fields, walked one by one: the slow general path.

        Returns:
            The fixed parts as rows of `dtype`, the variable values by column name, and whether the end was ragged.
        """
        fixed = bytearray()
        texts: dict[str, list[Any]] = {
            name: [] for name in self.texts.values() if everything or name in RAW
        }
        at, end, whole = 0, len(body), True
        while end - at >= self.minimum and whole:
            start, row = at, bytearray()
            found: dict[str, bytes] = {}
            for place, field in enumerate(self.fields):
                length = field.length
                if length == VARIABLE:
                    length, at = _announced(body, at)
                if at + length > end:
                    whole = False
                    break
                if field.length != VARIABLE:
                    row += body[at : at + length]
                elif place in self.texts:
                    found.setdefault(self.texts[place], body[at : at + length])
                elif place in self._slots:
                    slot = self._slots[place]
                    row += body[at : at + length][-slot:].rjust(slot, b"\0")
                at += length
            if not whole:
                at = start
                break
            fixed += row or b"\0"
            for name, values in texts.items():
                values.append(found.get(name, b""))
        return np.frombuffer(bytes(fixed), self.dtype), texts, whole


def _announced(body: bytes, at: int) -> tuple[int, int]:
    """Length of a variable field and where its value starts; past the end when it is cut."""
    if at >= len(body):
        return 1, at
    if body[at] < 255:
        return body[at], at + 1
    return int.from_bytes(body[at + 1 : at + 3], "big"), at + 3


def _format(kind: Kind, length: int) -> Any:
    if kind is Kind.IPV6:
        return (">u8", (2,))
    if kind in BYTES:
        return f"V{length}"
    return f">u{length}" if length in (1, 2, 4, 8) else f"V{length}"


def numbers(column: Column) -> Column:
    """Big-endian unsigned numbers of any width in the machine's order; of those over eight bytes the last eight."""
    if column.dtype.kind == "u":
        return column.astype(column.dtype.newbyteorder("="), order="C")
    width = column.dtype.itemsize
    octets = np.ascontiguousarray(column).view(np.uint8).reshape(-1, width)
    total = np.zeros(len(octets), np.uint64)
    for place in range(max(0, width - 8), width):
        total = total << np.uint64(8) | octets[:, place]
    return total.reshape(column.shape)


def _addresses(
    rows: Column, sources: list[tuple[int, Kind, int]], version: Column | None
) -> tuple[Column, Column]:
    """
    High and low halves; of several fields an all-zero one loses (Cisco sends both families).

    Of several that are filled the family of *version* is taken, else the first; of all-zero ones the last of the record.
    """
    hi = lo = np.zeros(len(rows), np.uint64)
    empty = np.ones(len(rows), bool)
    place_of_empty = np.full(len(rows), -1)
    for _, kind, place in sources:
        value = rows[f"f{place}"]
        if kind is Kind.IPV4:
            low = value.astype(np.uint64)
            zero, high, low = low == 0, np.zeros(len(rows), np.uint64), low | np.uint64(MAPPED)
        else:
            high, low = value[:, 0].astype(np.uint64), value[:, 1].astype(np.uint64)
            zero = (high | low) == 0
        better = empty
        if version is not None and kind is not sources[0][1]:
            better = empty | (version == (4 if kind is Kind.IPV4 else 6))
        take = np.where(zero, empty & (place > place_of_empty), better)
        place_of_empty = np.where(zero & take, place, place_of_empty)
        hi, lo = np.where(take, high, hi), np.where(take, low, lo)
        empty = empty & zero
    return hi, lo


def _texts(rows: Column, sources: list[tuple[int, Kind, int]]) -> Column:
    """The first source that says anything, a row."""
    result: Column | None = None
    for _, kind, place in sources:
        values = [bytes(value) for value in rows[f"f{place}"]]
        column = objects(values if kind is Kind.TEXT else [application(value) for value in values])
        result = column if result is None else np.where(result == "", column, result)
    assert result is not None  # noqa: S101 - there is at least one source
    return result


def application(value: bytes) -> bytes:
    """RFC 6759: engine, then for engine 20 a private enterprise number, then the selector."""
    parts = [value[1:5], value[5:]] if value[:1] == b"\x14" else [value[1:]]
    return "..".join(str(int.from_bytes(part, "big")) for part in (value[:1], *parts)).encode()


def objects(values: list[bytes]) -> Column:
    """Text values as an object column, without the zero octets that fill them up."""
    column = np.empty(len(values), object)
    column[:] = [value.rstrip(b"\0").decode("utf-8", "replace") for value in values]
    return column


def _uptime(value: Column, context: Context) -> Column | None:
    if context.uptime is None:
        return None
    # Numbers of 32 bits wrap around by themselves, as the clock does; the nearer side is meant.
    before = (context.uptime.astype(np.uint32) - value.astype(np.uint32, copy=False)).view(np.int32)
    moment: Column = context.exported - before
    return moment


def _spans(first: Column, last: Column, uptime: Column, context: Context) -> tuple[Column, Column]:
    """From the end of each flow to its receipt, and from its beginning to its end, ms, in one dimension: as `_uptime` has it."""
    each = first.size // len(first)
    base = np.repeat((uptime + UPTIME_SLACK).astype(np.uint32), each)
    since_first, since_last = base - first.reshape(-1), base - last.reshape(-1)
    ahead = context.received - context.exported - UPTIME_SLACK
    is_safe = max(since_first.max(), since_last.max(), abs(ahead).max()) < SAFE_MS
    kind = np.int32 if is_safe else np.int64
    if not is_safe:  # the nearer side is meant, as in `_uptime`
        ahead = ahead + UPTIME_SLACK
    signed: list[Column] = [
        one.view(np.int32) if is_safe else (one - np.uint32(UPTIME_SLACK)).view(np.int32).astype(kind)
        for one in (since_first, since_last)
    ]
    duration, rest = signed
    duration -= rest
    rest += np.repeat(ahead.astype(kind), each)
    return rest, duration


def _ntp(value: Column, context: Context) -> Column:
    """As the standard has it; but some write micro- or nanoseconds since 1970, and then only those are near the export."""
    moment = np.where(value == 0, 0, _since_1900(value))
    if (abs(moment - context.exported) > YEAR_MS).any():
        for units in (1_000, 1_000_000):
            plain = (value // np.uint64(units)).astype(np.int64)
            is_near = (abs(plain - context.exported) < DAY_MS) & (abs(moment - context.exported) > YEAR_MS)
            moment = np.where(is_near, plain, moment)
    return moment


def _since_1900(value: Column) -> Column:
    """Milliseconds since 1970; seconds of a new era begin in 2036 (RFC 5905 §6)."""
    seconds = (value >> np.uint64(32)).astype(np.int64)
    seconds = np.where(seconds < NTP_EPOCH, seconds + (1 << 32), seconds)
    fraction = (value & np.uint64(0xFFFFFFFF)) * np.uint64(1000) >> np.uint64(32)
    return (seconds - NTP_EPOCH) * 1000 + fraction.astype(np.int64)


def _inverse(value: Column) -> Column:
    """Packets behind one that was taken, out of the share that was taken; 0 where that is none."""
    share = np.ascontiguousarray(value).view(f"f{value.dtype.itemsize}").astype(np.float64)
    known = (share > 0) & (share <= 1)
    packets = np.rint(1 / np.where(known & (share > 1e-9), share, 1)).astype(np.uint64)
    return np.where(known, packets, np.uint64(0))


READERS: dict[Kind, Callable[[Column, Context], Column | None]] = {
    Kind.NUMBER: lambda value, _: value,
    Kind.MAC: lambda value, _: value,
    Kind.UPTIME: _uptime,
    Kind.SECONDS: lambda value, _: (value & np.uint64(0xFFFFFFFF)).astype(np.int64) * 1000,
    Kind.MILLISECONDS: lambda value, _: (value & np.uint64((1 << 62) - 1)).astype(np.int64),
    Kind.NTP: _ntp,
    Kind.BEFORE: lambda value, context: (
        context.exported - (value & np.uint64((1 << 62) - 1)).astype(np.int64) // 1000
    ),
    Kind.MICROSECONDS: lambda value, _: value // np.uint64(1000),
    Kind.PROBABILITY: lambda value, _: _inverse(value),
    # Six bits say what the ten behind them are: 2 is an exception's code, 0 none (Junos, exception reporting).
    Kind.EXCEPTION: lambda value, _: np.where(value >> 10 == 2, np.where(value & 0x3FF, DROPPED, FORWARDED), 0),
}
