"""
Decoding of real exporters' datagrams, every stated field of every case: netops beside nfdump and the source.

The cases stand beside the checkout (../shared/data/flows, or the folder in FLOW_CASES). A case is exact when every
record that its source states is among the decoded ones, equal in every field that is stated, and their number is right.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from netops.egress.flows import rows
from netops.egress.netflow import Decoder

CASES = Path(os.environ.get("FLOW_CASES", Path(__file__).parents[2] / "shared" / "data" / "flows"))
SOURCE = "192.0.2.1"
FIELDS = (
    "version", "template", "seq", "proto", "src", "dst", "sport", "dport", "packets", "bytes", "first", "last", "in_if", "out_if",
    "next_hop", "tcp_flags", "tos", "src_as", "dst_as", "src_mask", "dst_mask", "src_vlan", "dst_vlan", "src_mac", "dst_mac",
    "direction", "icmp_type", "icmp_code", "icmp_typecode", "nat_src", "nat_dst", "nat_sport", "nat_dport", "app", "user",
    "sampling_interval", "reverse_packets", "reverse_bytes", "ttl", "forwarding_status",
)  # fmt: skip
UNTESTED = {
    "logstash--netflow-5-valid-01": {"first": "the case says: do not test", "last": "the case says: do not test"},
    "akvorado--decodenfv5": {"sampling_interval": "the header has 0, as in a case of another source that states 0"},
}
"""Fields of a case that its own notes, or another source, take back."""
SHOWN_BY_NFDUMP = {
    "proto": "proto", "src_port": "sport", "dst_port": "dport", "in_packets": "packets", "in_bytes": "bytes",
    "input_snmp": "in_if", "output_snmp": "out_if", "src_tos": "tos", "src_as": "src_as", "dst_as": "dst_as",
    "src_mask": "src_mask", "dst_mask": "dst_mask", "src_vlan": "src_vlan", "dst_vlan": "dst_vlan",
    "in_src_mac": "src_mac", "out_dst_mac": "dst_mac", "fwd_status": "forwarding_status", "ip4_next_hop": "next_hop",
    "ip6_next_hop": "next_hop", "src4_addr": "src", "src6_addr": "src", "dst4_addr": "dst", "dst6_addr": "dst",
    "src4_xlt_ip": "nat_src", "dst4_xlt_ip": "nat_dst", "src_xlt_port": "nat_sport", "dst_xlt_port": "nat_dport",
    "first": "first", "last": "last", "username": "user",
}  # fmt: skip
NUMBERS = {"sport", "dport", "in_if", "out_if", "nat_sport", "nat_dport"}
SETTLE_SECONDS = 3.0
Record = dict[str, Any]


@dataclass
class Case:
    """One folder, and what came of it."""

    path: Path
    given: dict[str, Any] = field(default_factory=dict)
    found: list[Record] = field(default_factory=list)
    records: int = 0
    options: int = 0
    malformed: int = 0
    peer: list[Record] | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def is_capture(self) -> bool:
        """Whether the truth is a capture that a real exporter watched."""
        return self.name.startswith("made--")

    @property
    def expected(self) -> dict[str, Any]:
        """What the source states."""
        return dict(self.given["expect"])

    @property
    def stated(self) -> list[Record]:
        """The records that the source states, only with the fields to be tested."""
        spared = UNTESTED.get(self.name, {})
        records = [
            {key: one[key] for key in FIELDS if one.get(key) is not None and key not in spared}
            for one in self.expected.get("records") or []
        ]
        return [one for one in records if one]


def cases(folder: Path = CASES) -> list[Case]:
    """Every case, decoded; empty when the folder is not there."""
    return [decoded(path.parent) for path in sorted(folder.glob("*/expect.json"))]


def decoded(folder: Path) -> Case:
    """One case through a fresh decoder, options data included."""
    case = Case(folder, json.loads((folder / "expect.json").read_bytes()))
    decoder = Decoder(everything=True, options=True)
    flows = decoder.feed((SOURCE, 0, payload) for payload in payloads(case))
    pairs = [pair for one in flows for pair in zip(one.columns["ordinal"].tolist(), rows(one), strict=True)]
    case.found = [row for _, row in sorted(pairs, key=lambda pair: int(pair[0]))]
    totals = decoder.totals()
    case.records, case.options, case.malformed = totals.records, totals.options, totals.malformed
    return case


def payloads(case: Case) -> Iterator[bytes]:
    """The datagrams in the order they were sent."""
    for name in case.given["datagrams"]:
        yield (case.path / name).read_bytes()


# ---- comparing
def exact(case: Case, found: list[Record], *, shown_only: bool = False) -> tuple[int, int]:
    """How many of the stated records are found, in every stated field (*shown_only*: that a row has), and how many are stated."""
    aggregated = bool(case.expected.get("aggregated"))
    left = [*found, *_summed(found), *_summed([_scaled(row) for row in found])] if aggregated else list(found)
    hits = 0
    for one in case.stated:
        match = next((row for row in left if agrees(one, row, loose=aggregated, shown_only=shown_only)), None)
        if match is not None:
            hits += 1
            if not aggregated:
                left.remove(match)
    return hits, len(case.stated)


def agrees(stated: Record, row: Record, *, loose: bool = False, shown_only: bool = False) -> bool:
    """Equal in every key; 0 is what a source shows for what was not sent. Sums (*loose*) state whole seconds."""
    for key, value in stated.items():
        own = row.get(key)
        if own is None and (value in (0, "") or (shown_only and key not in ("src", "dst"))):
            continue
        if own == value:
            continue
        if loose and key in ("first", "last") and (own is None or abs(_seconds(own) - _seconds(value)) <= 1):
            continue
        return False
    return True


def difference(case: Case) -> str:
    """The first stated record that is not found, as its nearest differs."""
    if exact(case, case.found)[0] == len(case.stated):
        return ""
    left = list(case.found)
    for one in case.stated:
        match = next((row for row in left if agrees(one, row)), None)
        if match is not None:
            left.remove(match)
            continue
        near = max(left, key=lambda row: sum(row.get(key) == value for key, value in one.items()), default={})
        return ", ".join(
            f"{key} {near.get(key)} for {value}" for key, value in one.items() if not agrees({key: value}, near)
        )
    return ""


def pairs_right(case: Case, found: list[Record]) -> tuple[int, int]:
    """Sums by source, destination and protocol that equal the capture, and as many as another decoder got right."""
    truth = _pairs(case.expected["records"])
    ours = _pairs([one for one in found if "src" in one])
    told = case.given.get("second_opinion", {}).get("pairs_where_packets_and_bytes_equal_the_capture")
    right = sum(ours.get(key) == value for key, value in truth.items())
    if told is not None:
        return right, int(told.split()[0])
    # Nobody else read the sFlow ones, and pmacctd counts packets twice in its other protocols too: every conversation
    # must be there with its packets at least. A protocol of 0 is an IPv6 extension header, not what it carries.
    kept = {key: value for key, value in truth.items() if key[2]}
    return sum(key in ours and ours[key][0] >= value[0] for key, value in kept.items()), len(kept)


def _pairs(records: list[Record]) -> dict[tuple[Any, ...], tuple[int, int]]:
    packets, sizes = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    for one in records:
        key = one["src"], one["dst"], one["proto"]
        packets[key] += one["packets"]
        sizes[key] += one["bytes"]
    return {key: (packets[key], sizes[key]) for key in packets}


def _summed(found: list[Record]) -> list[Record]:
    """Rows of equal key added up."""
    sums: dict[tuple[Any, ...], Record] = {}
    for row in found:
        key = tuple(row.get(name) for name in ("src", "dst", "sport", "dport", "proto", "in_if", "out_if"))
        had = sums.get(key, {})
        added = {name: had.get(name, 0) + row.get(name, 0) for name in ("packets", "bytes")}
        sums[key] = had | row | added
    return list(sums.values())


def _scaled(row: Record) -> Record:
    """A row as a source has it that multiplies by the sampling interval."""
    interval = row.get("sampling_interval") or 1
    return row | {name: row[name] * interval for name in ("packets", "bytes") if name in row}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def total_is_right(case: Case) -> bool:
    """The number of records that is stated; some sources count options data, some do not."""
    total = case.expected.get("records_total")
    return total is None or total in (case.records, case.records + case.options)


def is_met(case: Case) -> bool:
    """Whether a case is exact."""
    if case.is_capture:
        right, wanted = pairs_right(case, case.found)
        return right >= wanted
    hits, stated = exact(case, case.found)
    return hits == stated and total_is_right(case)


# ---- the peer
def through_nfdump(every: list[Case]) -> None:
    """The same datagrams through nfcapd, each case from an address of its own, and out of nfdump as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        collector = subprocess.Popen(
            ["nfcapd", "-b", "127.0.0.1", "-p", str(port), "-M", folder, "-t", "86400", "-B", "8000000"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(1)
            asked = [one for one in every if not one.given["protocol"].startswith("sflow")]
            for number, case in enumerate(asked):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.bind((_address(number), 0))
                    for payload in payloads(case):
                        sender.sendto(payload, ("127.0.0.1", port))
                        time.sleep(0.002)
            time.sleep(SETTLE_SECONDS)
        finally:
            collector.terminate()
            collector.wait(20)
        for number, case in enumerate(asked):
            case.peer = _dumped(Path(folder) / _address(number).replace(".", "-"))


def _address(number: int) -> str:
    return f"127.77.{number // 250}.{number % 250 + 1}"


def _dumped(folder: Path) -> list[Record]:
    if not folder.is_dir():
        return []
    done = subprocess.run(
        ["nfdump", "-R", str(folder), "-o", "json", "-q"], capture_output=True, check=False, text=True,
        env=os.environ | {"TZ": "UTC"},
    )  # fmt: skip
    reader, text, told = json.JSONDecoder(), done.stdout, []
    while (start := text.find("{")) >= 0:
        try:
            one, end = reader.raw_decode(text[start:])
        except ValueError:
            break
        told.append(_named(one))
        text = text[start + end :]
    return told


def _named(told: Record) -> Record:
    record: Record = {}
    for theirs, ours in SHOWN_BY_NFDUMP.items():
        if theirs not in told:
            continue
        value = told[theirs]
        if ours in ("first", "last"):
            value = f"{value}Z" if not str(value).endswith("Z") else value
        elif ours in NUMBERS:
            value = int(value)
        record[ours] = value
    return record


# ---- the table
def lines(every: list[Case]) -> Iterator[tuple[str, ...]]:
    """One row a case."""
    yield "case", "protocol", "stated", "ours", "nfdump", "records", "nfdump", "options", "malformed", ""
    for case in every:
        total = case.expected.get("records_total")
        if case.is_capture:
            right, wanted = pairs_right(case, case.found)
            stated, ours = f"{wanted} pairs", f"{right} pairs"
            peer = "" if case.peer is None else f"{pairs_right(case, _whole(case.peer))[0]} pairs"
        else:
            hits, wanted = exact(case, case.found)
            stated, ours = str(wanted), str(hits)
            peer = "" if case.peer is None else str(exact(case, case.peer, shown_only=True)[0])
        yield (
            case.name, case.given["protocol"], stated, ours, peer, f"{case.records}/{'-' if total is None else total}",
            "" if case.peer is None else str(len(case.peer)), str(case.options), str(case.malformed),
            "exact" if is_met(case) else f"NOT exact: {difference(case)}",
        )  # fmt: skip


def _whole(records: list[Record]) -> list[Record]:
    return [one for one in records if {"src", "dst", "proto", "packets", "bytes"} <= one.keys()]


def figures(every: list[Case]) -> list[dict[str, Any]]:
    """Sums over all cases, in the shape of every benchmark."""
    read = [one for one in every if one.peer is not None]
    plain = [one for one in every if not one.is_capture]
    met, peer_met = sum(map(is_met, every)), 0
    ours_both = peer_both = 0
    for case in read:
        if case.is_capture:
            right, wanted = pairs_right(case, _whole(case.peer or []))
            peer_met += right >= wanted
        else:
            hits, wanted = exact(case, case.peer or [], shown_only=True)
            peer_met += hits == wanted
            peer_both += hits
            ours_both += exact(case, case.found)[0]
    stated = sum(exact(one, one.found)[1] for one in plain)
    hits = sum(exact(one, one.found)[0] for one in plain)
    return [
        _figure("cases exact in every stated field", met, peer_met, len(every)),
        _figure("stated records exact in every stated field", hits, peer_both, stated),
        _figure("the same, of the cases that nfdump reads (in the fields that it shows)", ours_both, peer_both, ours_both),
    ]  # fmt: skip


def _figure(what: str, ours: int, peer: int, goal: int) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    return {"what": what, "ours": ours, "peer": peer, "ratio": [ratio] * 3, "goal": f">= {goal}", "met": ours >= goal}


def main() -> int:
    """0 when every case is exact, 1 when one is not, 2 when the peer or the cases are missing."""
    missing = [name for name in ("nfcapd", "nfdump") if not shutil.which(name)]
    if missing:
        print(f"{', '.join(missing)} is missing: apt-get install nfdump", file=sys.stderr)
        return 2
    every = cases()
    if not every:
        print(f"no cases in {CASES}: set FLOW_CASES to the folder that has them", file=sys.stderr)
        return 2
    through_nfdump(every)
    found = figures(every)
    if "--json" in sys.argv:
        print(json.dumps({"name": "flow_conformance", "machine": platform.machine(), "figures": found}))
    else:
        table = list(lines(every))
        widths = [max(len(row[place]) for row in table) for place in range(9)]
        for row in table:
            print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[9]]).rstrip())
        for one in found:
            verdict = "met" if one["met"] else "NOT met"
            print(f"{one['what']}: ours {one['ours']}  nfdump {one['peer']}  goal {one['goal']}  {verdict}")
    return 0 if all(one["met"] for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
