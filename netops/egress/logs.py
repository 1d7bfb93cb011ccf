"""Lines of other programs (外部日志): nfdump, Zeek, Suricata, session logs of firewalls; a bad one is named, never raised."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import partial
from typing import Any, NamedTuple, TextIO

from netops.core.language import N_
from netops.egress import session_logs
from netops.egress.filter import PROTOCOLS
from netops.egress.flows import mac_value
from netops.egress.session_logs import CELLS, Session, iso

MAX_LINE = 1 << 20
MAX_OBJECT = 1 << 20
DAY_MS = 86_400_000
"""Times of the first day of 1970 are none, in any zone."""
UNKNOWN = frozenset({"unknown_transport", "unknown", "unknow", "null", "any"})
"""What programs write where they know no protocol."""
TCP_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


class Read(NamedTuple):
    """One direction of what a line tells; times are ms UTC."""

    src: str
    dst: str
    sport: int
    dport: int
    proto: int
    packets: int
    bytes: int
    first: int
    last: int
    tcp_flags: int = 0
    in_if: int = 0
    out_if: int = 0
    src_mac: int = 0


class Bad(NamedTuple):
    """A line that could not be read, from 1, and why (message id)."""

    line: int
    why: str
    text: str


Found = Iterator["Read | Bad"]
Lines = Iterable[tuple[int, str]]


def read(file: TextIO, kind: str, known: Iterable[Session], zone: tzinfo) -> Found:
    """
    What a file tells.

    Args:
        kind: key of `formats`.
        zone: of times that are written without one.
    """
    if kind == "nfdump-json":
        return _each(_objects(file), partial(_nfdump_object, zone=zone))
    lines = _lines(file)
    if kind == "nfdump-csv":
        return _nfdump_csv(lines, zone)
    if kind == "zeek":
        return _zeek(lines)
    if kind in ("zeek-json", "suricata"):
        return _each(lines, partial(_json_line, make=_zeek_row if kind == "zeek-json" else _suricata))
    one = next(one for one in known if one.key == kind)
    pairs = re.compile("" if one.pairs == CELLS else one.pairs)
    return _each(lines, partial(_session, one=one, pairs=pairs, zone=zone))


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if line.strip():
            yield number, line.rstrip("\r\n")


def _each(items: Lines, make: Callable[[str], Iterable[Read]]) -> Found:
    for number, text in items:
        try:
            yield from make(text)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            yield Bad(number, N_("no flow can be read from it"), text[:200])


# ---- nfdump
def _objects(file: TextIO) -> Iterator[tuple[int, str]]:
    """The objects of a JSON list, each with the line that it begins on; nfdump puts every brace on a line of its own."""
    number, began, held = 0, 0, list[str]()
    while line := file.readline(MAX_LINE):
        number += 1
        if line.startswith("{"):
            began, held = number, []
            if line.rstrip("\r\n ,]").endswith("}"):  # nfdump's ndjson has a line for each
                yield number, line.rstrip("\r\n ,]")
                began = 0
        if began:
            held.append(line)
            if line.startswith("}") or sum(map(len, held)) > MAX_OBJECT:
                yield began, "".join(held).rstrip().rstrip(",]")
                began = 0


def _nfdump_object(text: str, zone: tzinfo) -> Iterator[Read]:
    one = json.loads(text)
    src, dst = one.get("src4_addr") or one["src6_addr"], one.get("dst4_addr") or one["dst6_addr"]
    first, last = iso(one["first"], zone), iso(one["last"], zone)
    if first < DAY_MS:  # an event, or a record without times
        first = last = iso(one.get("t_event") or one["received"], zone)
    yield Read(
        src, dst, int(one.get("src_port", 0)), int(one.get("dst_port", 0)), _protocol(one["proto"]), int(one["in_packets"]),
        int(one["in_bytes"]), first, max(first, last), _flags(one.get("tcp_flags", "")),
        int(one.get("input_snmp", 0)), int(one.get("output_snmp", 0)), mac_value(one.get("in_src_mac", "")),
    )  # fmt: skip


def _nfdump_csv(lines: Lines, zone: tzinfo) -> Found:
    head: list[str] = []
    for number, text in lines:
        if text.startswith("Summary"):
            return
        try:
            cells = next(csv.reader([text]))
            if head:
                yield _nfdump_row(dict(zip(head, cells, strict=False)), zone)
            head = head or cells
        except (ValueError, KeyError, OverflowError, csv.Error):
            yield Bad(number, N_("no flow can be read from it"), text[:200])


def _nfdump_row(one: Mapping[str, str], zone: tzinfo) -> Read:
    if (
        "sa" not in one
    ):  # nfdump 1.7.4 and later: firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows
        first = iso(one["firstSeen"], zone)
        last = first + int(float(one["duration"]) * 1000)
        return Read(one["srcAddr"], one["dstAddr"], int(one["srcPort"]), int(one["dstPort"]), _protocol(one["proto"]),
                    int(one["packets"]), int(one["bytes"]), first, last)  # fmt: skip
    first = iso(one["ts"], zone)
    if first < DAY_MS and one.get("tr"):  # an event, or a record without times
        first = iso(one["tr"], zone)
    last = first + int(float(one["td"]) * 1000)
    return Read(
        one["sa"].strip(), one["da"].strip(), int(one["sp"]), _port(one["dp"]), _protocol(one["pr"]), int(one["ipkt"]),
        int(one["ibyt"]), first, last, _flags(one.get("flg", "")), int(one.get("in", 0)), int(one.get("out", 0)),
        mac_value(one.get("ismc", "")),
    )  # fmt: skip


def _port(text: str) -> int:
    """Of ICMP nfdump writes type and code as type.code."""
    kind, dot, code = text.partition(".")
    return int(kind) << 8 | int(code) if dot else int(text)


# ---- Zeek
def _zeek(lines: Lines) -> Found:
    """Its own tables; the head may come again where the file was put together."""
    names: list[str] = []
    unset = "-"
    for number, text in lines:
        if text.lstrip().startswith("#"):
            word, _, rest = text.lstrip().partition("\t")
            names = rest.split("\t") if word == "#fields" else names
            unset = rest if word == "#unset_field" else unset
            continue
        cells = re.split(r"\t", text)
        try:
            yield from _zeek_row(
                {name: cell for name, cell in zip(names, cells, strict=False) if cell != unset}
            )
        except (ValueError, KeyError, OverflowError):
            yield Bad(number, N_("no flow can be read from it"), text[:200])


def _zeek_row(one: Mapping[str, Any]) -> Iterator[Read]:
    """A connection is two flows: the originator's, and the responder's where it answered."""
    first = int(float(one["ts"]) * 1000)
    last = first + int(float(one.get("duration") or 0) * 1000)
    src, dst, sport, dport = (
        str(one["id.orig_h"]),
        str(one["id.resp_h"]),
        int(one["id.orig_p"]),
        int(one["id.resp_p"]),
    )
    proto = _protocol(one["proto"], ":" in src)
    if proto in (1, 58):  # Zeek puts the type of ICMP and its code where ports are
        sport, dport = 0, (sport & 0xFF) << 8 | dport & 0xFF
    yield from _two(src, dst, sport, dport, proto, first, last, int(one.get("orig_pkts") or 0),
                    int(one.get("orig_ip_bytes") or one.get("orig_bytes") or 0), int(one.get("resp_pkts") or 0),
                    int(one.get("resp_ip_bytes") or one.get("resp_bytes") or 0))  # fmt: skip


# ---- Suricata
def _json_line(text: str, make: Callable[[Mapping[str, Any]], Iterator[Read]]) -> Iterator[Read]:
    return make(json.loads(text))


def _suricata(one: Mapping[str, Any]) -> Iterator[Read]:
    """Events *flow* (both directions) and *netflow* (one); all others tell of no flow."""
    kind = one["event_type"]
    if kind not in ("flow", "netflow"):
        return
    flow = one[kind]
    src, dst = str(one["src_ip"]), str(one["dest_ip"])
    proto = _protocol(one["proto"], ":" in src)
    sport, dport = int(one.get("src_port", 0)), int(one.get("dest_port", 0))
    if "icmp_type" in one:
        sport, dport = 0, int(one["icmp_type"]) << 8 | int(one.get("icmp_code", 0))
    first, last = iso(flow["start"], UTC), iso(flow["end"], UTC)
    if kind == "netflow":
        yield Read(src, dst, sport, dport, proto, int(flow["pkts"]), int(flow["bytes"]), first, last,
                   int(one.get("tcp", {}).get("tcp_flags", "0"), 16))  # fmt: skip
        return
    yield from _two(src, dst, sport, dport, proto, first, last, int(flow["pkts_toserver"]), int(flow["bytes_toserver"]),
                    int(flow["pkts_toclient"]), int(flow["bytes_toclient"]))  # fmt: skip


# ---- session logs
def _session(text: str, one: Session, pairs: re.Pattern[str], zone: tzinfo) -> Iterator[Read]:
    told = session_logs.values(text, one, pairs)
    if not told:
        return

    def number(name: str, otherwise: str = "0") -> int:
        return int(told.get(name) or otherwise)

    src, dst = told["src"], told["dst"]
    first, last = session_logs.moments(told, one, text, zone)
    # There is no session without a packet, whatever was counted.
    yield from _two(src, dst, number("sport"), number("dport"), _protocol(told.get("proto") or "0", ":" in src), first, last,
                    max(1, number("packets")), number("bytes"), number("reverse_packets"), number("reverse_bytes"))  # fmt: skip


def _two(
    src: str,
    dst: str,
    sport: int,
    dport: int,
    proto: int,
    first: int,
    last: int,
    packets: int,
    octets: int,
    back: int,
    back_octets: int,
) -> Iterator[Read]:
    yield Read(src, dst, sport, dport, proto, packets, octets, first, last)
    if back:
        yield Read(dst, src, dport, sport, proto, back, back_octets, first, last)


# ---- words
def _protocol(value: Any, v6: bool = False) -> int:
    text = str(value).strip().lower()
    if text in UNKNOWN:
        return 0
    number = int(text) if text.isdigit() else PROTOCOLS.get(text.replace("icmpv6", "icmp6"), -1)
    if not 0 <= number <= 255:
        raise ValueError(value)
    return 58 if number == 1 and v6 else number


def _flags(text: str) -> int:
    return sum(bit for letter, bit in TCP_FLAGS.items() if letter in text)
