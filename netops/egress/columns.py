"""Columns as people ask for them and read them: what an answer can be grouped by, and one flow in words. Pure."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from netops.egress import measure
from netops.egress.flows import Column, address_text, mac_text, time_text
from netops.egress.judge import Verdict
from netops.egress.kept import joined_low, owner_text, plane_text
from netops.egress.match import View, texts_of
from netops.egress.shelf import city_day

CITY_MS = 8 * 3_600_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Word:
    """Something to group by: integer columns out of a view, and how their values are shown."""

    kinds: tuple[np.dtype[Any], ...] = (np.dtype(np.int64),)

    def columns(self, view: View) -> list[Column]:
        """As many columns as *kinds*."""
        raise NotImplementedError

    def shown(self, values: Sequence[int]) -> Any:
        """One value for people."""
        return values[0]


class Plain(Word):
    """A number as it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def columns(self, view: View) -> list[Column]:
        """The column itself."""
        return [view.value(self.name).astype(np.int64)]


class Address(Word):
    """One end of the flow, whole or cut to a prefix length (IPv4; IPv6 by a length as deep in its first half)."""

    kinds = (np.dtype(np.uint64), np.dtype(np.uint64))

    def __init__(self, end: str, length: int = 32) -> None:
        self.end, self.length = end, length

    def columns(self, view: View) -> list[Column]:
        """Both halves."""
        hi = view.column(f"{self.end}_hi").astype(np.uint64)
        lo = joined_low(view.column(f"{self.end}_mid"), view.column(f"{self.end}_low"))
        if self.length == 32:
            return [hi, lo]
        wide = (hi != 0) | (lo >> np.uint64(32) != np.uint64(0xFFFF))
        short = np.uint64((1 << 64) - (1 << (32 - self.length)))
        long = np.uint64((1 << 64) - (1 << (64 - min(64, 2 * self.length))))
        return [np.where(wide, hi & long, hi), np.where(wide, np.uint64(0), lo & short)]

    def shown(self, values: Sequence[int]) -> str:
        """The address, or the prefix."""
        text = address_text(int(values[0]), int(values[1]))
        if self.length == 32:
            return text
        return f"{text}/{min(64, 2 * self.length) if ':' in text else self.length}"


class Mac(Word):
    """A MAC address."""

    def __init__(self, end: str) -> None:
        self.end = end

    def columns(self, view: View) -> list[Column]:
        """The column itself."""
        return [view.column(f"{self.end}_mac").astype(np.int64)]

    def shown(self, values: Sequence[int]) -> str:
        """Six octets, or nothing."""
        return mac_text(int(values[0])) if values[0] else ""


class Name(Word):
    """What a number stands for in its part: brought to numbers that hold for the whole answer."""

    def __init__(self, column: str, texts: Callable[[Any], list[str]]) -> None:
        self.column, self.texts = column, texts
        self.known: dict[str, int] = {}
        self._lock = threading.Lock()

    def columns(self, view: View) -> list[Column]:
        """Numbers of this answer."""
        return [self.numbers(view)[view.column(self.column)]]

    def numbers(self, view: View) -> Column:
        """The number in this answer of every number in the part; several threads may ask."""
        with self._lock:
            return np.array(
                [self.known.setdefault(text, len(self.known)) for text in self.texts(view.names)], np.int64
            )

    def shown(self, values: Sequence[int]) -> str:
        """The name."""
        return list(self.known)[values[0]]


class Organization(Name):
    """The organization whose flow it is: the source's, or else the destination's; or the one at the other end."""

    def __init__(self, *, peer: bool = False) -> None:
        super().__init__("", lambda names: [owner_text(one) if peer else one[1] for one in names.owners])
        self.peer = peer

    def columns(self, view: View) -> list[Column]:
        """Numbers of this answer."""
        own, other = ends(view)
        return [self.numbers(view)[other if self.peer else own]]


class Time(Word):
    """The hour or the day of the city in which it was received."""

    def __init__(self, length: int) -> None:
        self.length = length

    def columns(self, view: View) -> list[Column]:
        """Its beginning, ms UTC."""
        received = view.column("received").astype(np.int64) + CITY_MS
        return [received // self.length * self.length - CITY_MS]

    def shown(self, values: Sequence[int]) -> str:
        """A day as the city's date, an hour in RFC 3339."""
        return city_day(int(values[0])) if self.length == DAY_MS else time_text(int(values[0]))


def ends(view: View) -> tuple[Column, Column]:
    """Owner numbers of the organization whose flow it is, and of the other end."""
    source, destination = view.column("source"), view.column("destination")
    has = np.array([bool(organization) for _, organization in view.names.owners])
    inward = ~has[source] & has[destination]
    return np.where(inward, destination, source), np.where(inward, source, destination)


GROUPS: dict[str, Callable[[], Word]] = {
    "src": partial(Address, "src"),
    "dst": partial(Address, "dst"),
    "src/24": partial(Address, "src", 24),
    "dst/24": partial(Address, "dst", 24),
    "src/16": partial(Address, "src", 16),
    "dst/16": partial(Address, "dst", 16),
    "sport": partial(Plain, "sport"),
    "dport": partial(Plain, "dport"),
    "proto": partial(Plain, "proto"),
    "src_as": partial(Plain, "src_as"),
    "dst_as": partial(Plain, "dst_as"),
    "in_if": partial(Plain, "in_if"),
    "out_if": partial(Plain, "out_if"),
    "src_mac": partial(Mac, "src"),
    "dst_mac": partial(Mac, "dst"),
    "exporter": partial(Name, "exporter", lambda names: names.exporters),
    "plane": partial(Name, "plane", lambda names: texts_of("plane", names)),
    "exit": partial(Name, "exit", lambda names: names.exits),
    "verdict": partial(Name, "verdict", lambda names: texts_of("verdict", names)),
    "organization": Organization,
    "peer": partial(Organization, peer=True),
    "hour": partial(Time, HOUR_MS),
    "day": partial(Time, DAY_MS),
}
"""What an answer can be grouped by."""


# ---- one flow
def record(view: View, row: int) -> dict[str, Any]:
    """One flow for people and JSON; what the exporter did not send is absent."""

    def at(name: str) -> int:
        return int(view.column(name)[row])

    one = View(view, np.array([row]))
    owners = view.names.owners
    own, other = (int(column[0]) for column in ends(one))
    shown: dict[str, Any] = {
        "id": flow_id(view, row),
        "received": time_text(at("received")),
        "first": time_text(int(measure.first(one)[0])),
        "last": time_text(int(measure.last(one)[0])),
        "src": _address(view, row, "src"),
        "sport": at("sport"),
        "dst": _address(view, row, "dst"),
        "dport": at("dport"),
        "proto": at("proto"),
        "tcp_flags": at("tcp_flags"),
        "packets": int(one.value("packets")[0]),
        "bytes": int(one.value("bytes")[0]),
        "in_if": at("in_if"),
        "out_if": at("out_if"),
        "exporter": view.names.exporters[at("exporter")],
        "plane": plane_text(at("plane")),
        "verdict": Verdict(at("verdict")).label,
        "exit": view.names.exits[at("exit")],
        "organization": owners[own][1],
        "peer": owner_text(owners[other]),
        "judgement": at("scene"),
    }
    if at("sampling_interval") > 1:
        shown["sampling_interval"] = at("sampling_interval")
    for name in ("src_mac", "dst_mac"):
        if at(name):
            shown[name] = mac_text(at(name))
    for name in ("src_as", "dst_as"):
        if at(name):
            shown[name] = at(name)
    return shown


def _address(view: View, row: int, end: str) -> str:
    hi, mid, low = (int(view.column(f"{end}_{part}")[row]) for part in ("hi", "mid", "low"))
    return address_text(hi, (mid ^ 0xFFFF) << 32 | low)


SEEN = (
    "received", "since_last", "duration", "src_hi", "src_mid", "src_low", "dst_hi", "dst_mid", "dst_low", "sport", "dport",
    "proto", "tcp_flags", "packets", "bytes", "in_if", "out_if", "src_mac", "dst_mac", "sampling_interval",
)  # fmt: skip
"""What an exporter said and no register changes: what a flow is known by."""


def flow_id(view: View, row: int) -> str:
    """
    The name of a flow: its time of receipt and a hash of all that was seen, "FL-19a…-1f3c9a02".

    It stays the same when files are put together and when the flow is judged again.
    """
    values = [int(view.column(name)[row]) for name in SEEN]
    exporter = view.names.exporters[int(view.column("exporter")[row])]
    digest = hashlib.blake2b(repr((values, exporter)).encode(), digest_size=4).hexdigest()
    return f"FL-{values[0]:x}-{digest}"


def received_of(name: str) -> int:
    """
    The time of receipt in a flow's name, ms UTC.

    Raises:
        ValueError: it is no name of a flow.
    """
    mark, moment, digest = name.split("-")
    if mark != "FL" or len(digest) != 8:
        raise ValueError(name)
    return int(moment, 16)


# ---- many flows, for other programs
def plain_schema() -> Any:
    """The Arrow schema of `plain_table`."""
    import pyarrow as pa

    moment, text, number = pa.timestamp("ms", tz="UTC"), pa.string(), pa.uint64()
    fields = {
        "received": moment, "first": moment, "last": moment, "src": text, "sport": pa.uint16(), "dst": text,
        "dport": pa.uint16(), "proto": pa.uint8(), "tcp_flags": pa.uint16(), "packets": number, "bytes": number,
        "sampling_interval": pa.uint32(), "in_if": pa.uint32(), "out_if": pa.uint32(), "src_mac": text, "dst_mac": text,
        "exporter": text, "plane": text, "verdict": text, "exit": text, "organization": text, "peer": text,
        "judgement": pa.uint32(),
    }  # fmt: skip
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


def plain_table(view: View) -> Any:
    """Flows with everything written out, columns as in `record`."""
    import pyarrow as pa

    own, other = ends(view)
    texts = {
        "src": _addresses(view, "src"),
        "dst": _addresses(view, "dst"),
        "src_mac": _looked_up(view.column("src_mac"), lambda mac: mac_text(mac) if mac else ""),
        "dst_mac": _looked_up(view.column("dst_mac"), lambda mac: mac_text(mac) if mac else ""),
        "organization": _listed([organization for _, organization in view.names.owners], own),
        "peer": _listed([owner_text(one) for one in view.names.owners], other),
        **{
            name: _listed(texts_of(name, view.names), view.column(name))
            for name in ("exporter", "plane", "verdict", "exit")
        },
    }
    numbers = {"first": measure.first(view), "last": measure.last(view), "judgement": view.column("scene")}
    made = plain_schema()
    return pa.table(
        [
            texts[field.name]
            if field.name in texts
            else pa.array(numbers.get(field.name) if field.name in numbers else view.value(field.name)).cast(
                field.type
            )
            for field in made
        ],
        schema=made,
    )


def _listed(texts: Sequence[str], numbers: Column) -> Any:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(numbers.astype(np.int32), pa.array(texts, pa.string())).cast(
        pa.string()
    )


def _looked_up(column: Column, text: Callable[[int], str]) -> Any:
    values, places = np.unique(column, return_inverse=True)
    return _listed([text(value) for value in values.tolist()], places)


def _addresses(view: View, end: str) -> Any:
    hi, lo = Address(end).columns(view)
    if not hi.any():
        return _looked_up(lo, lambda low: address_text(0, low))
    pairs, places = np.unique(np.stack([hi, lo], axis=1), axis=0, return_inverse=True)
    return _listed([address_text(one, other) for one, other in pairs.tolist()], places.ravel())
