"""Real exporters' datagrams beside the checkout: every stated field of every case, and the exceptions by name."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from netops.egress.flows import rows
from netops.egress.netflow import Decoder

CASES = Path(__file__).parents[3] / "shared" / "data" / "flows"
FIELDS = [
    "proto",
    "src",
    "dst",
    "sport",
    "dport",
    "packets",
    "bytes",
    "first",
    "last",
    "in_if",
    "out_if",
    "next_hop",
    "tcp_flags",
    "tos",
    "src_as",
    "dst_as",
    "src_mask",
    "dst_mask",
    "src_vlan",
    "dst_vlan",
    "src_mac",
    "dst_mac",
    "direction",
    "icmp_type",
    "icmp_code",
    "icmp_typecode",
    "nat_src",
    "nat_dst",
    "nat_sport",
    "nat_dport",
    "app",
    "user",
    "sampling_interval",
    "reverse_packets",
    "reverse_bytes",
    "ttl",
    "forwarding_status",
    "version",
    "template",
    "seq",
]
KNOWN = {
    "akvorado--decodesrv6": "the source shows a sampling interval that was not sent as 0",
    "akvorado--decodephysicalinterfaces": "of two all-zero next hops, one a family, the source takes the other",
    "akvorado--decodenfv5": "the source shows a v5 sampling interval of 0 as 1",
    "logstash--ipfix-options-template-from-juniper-mx240-junos-15-1-r6-s3": "the source prints options data as records",
    "logstash--juniper-srx-options-template-with-0-scope-field-length": "the source prints options data as records",
    "logstash--netflow-9-cisco-asr-9000-series-options-template-256": "the source prints options data as records",
    "logstash--netflow-9-cisco-nbar-options-template-260": "the source prints options data as records",
    "logstash--netflow-9-options-template-with-scope-fields": "the source prints options data as records",
    "logstash--ipfix": "one of the stated records is options data",
    "logstash--netflow-9-nprobe-dpi-l7": "the source shows a binary application id as characters",
    "made": "the capture is the truth there, and exporters split and merge: only that pairs agree is asked, below",
}
"""Cases whose stated records are not all met, and why."""


def cases() -> list[Path]:
    found = sorted(CASES.glob("*/expect.json"))
    return [
        path
        for path in found
        if json.loads(path.read_bytes())["protocol"] in ("netflow5", "netflow9", "ipfix")
    ]


def decoded(folder: Path, datagrams: list[str]) -> tuple[list[dict[str, Any]], Decoder]:
    decoder = Decoder(everything=True)
    flows = decoder.feed(("192.0.2.1", 0, (folder / name).read_bytes()) for name in datagrams)
    found = [pair for one in flows for pair in zip(one.columns["ordinal"].tolist(), rows(one), strict=True)]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])], decoder


@pytest.mark.parametrize(
    "path",
    cases() or [pytest.param(None, marks=pytest.mark.skip("the shared flow cases are not there"))],
    ids=lambda path: path.parent.name if path else "none",
)
def test_every_stated_field(path: Path) -> None:
    """Each stated record is among the decoded ones, equal in every field that the source states."""
    case = json.loads(path.read_bytes())
    expected, name = case["expect"], case["case"]
    found, decoder = decoded(path.parent, case["datagrams"])
    totals = decoder.totals()
    assert len(case["datagrams"]) == totals.datagrams
    if expected.get("records_total") is not None:
        assert expected["records_total"] in (totals.records, totals.records + totals.options)
    if name in KNOWN or name.startswith("made--"):
        return
    if expected.get("aggregated"):
        found = summed(found)
    for record in expected.get("records") or []:
        stated = {key: record[key] for key in FIELDS if record.get(key) is not None}
        if stated and not any(
            agrees(stated, row, aggregated=bool(expected.get("aggregated"))) for row in found
        ):
            nearest = min(
                found, key=lambda row: sum(row.get(key) != value for key, value in stated.items()), default={}
            )
            assert stated == {key: nearest.get(key) for key in stated}


def agrees(stated: dict[str, Any], row: dict[str, Any], *, aggregated: bool) -> bool:
    """Aggregating sources state whole seconds, and 0 for masks that were not sent."""

    def same(key: str, value: Any) -> bool:
        if aggregated and key in ("first", "last"):
            return key not in row or abs(seconds(row[key]) - seconds(value)) <= 1
        return row.get(key, 0 if aggregated and value == 0 else None) == value

    return all(same(key, value) for key, value in stated.items())


def seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def summed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of equal key added up, beside the rows as they are."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(lambda: {"packets": 0, "bytes": 0})
    for row in found:
        total = sums[
            tuple(row.get(key) for key in ("src", "dst", "sport", "dport", "proto", "in_if", "out_if"))
        ]
        packets, size = total["packets"] + row.get("packets", 0), total["bytes"] + row.get("bytes", 0)
        total |= row | {"packets": packets, "bytes": size}
    return [*found, *sums.values()]


@pytest.mark.parametrize(
    "path",
    [one for one in cases() if one.parent.name.startswith("made--")],
    ids=lambda path: path.parent.name,
)
def test_as_many_pairs_agree_with_the_capture_as_another_decoder_found(path: Path) -> None:
    """Where a real exporter watched a public capture, sums by source, destination and protocol agree as often as Wireshark's."""
    case = json.loads(path.read_bytes())
    found, _ = decoded(path.parent, case["datagrams"])

    def pairs(records: list[dict[str, Any]]) -> dict[tuple[Any, ...], tuple[int, int]]:
        sums: dict[tuple[Any, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for one in records:
            key = one["src"], one["dst"], one["proto"]
            sums[key] = sums[key][0] + one["packets"], sums[key][1] + one["bytes"]
        return sums

    ours, truth = pairs(found), pairs(case["expect"]["records"])
    told = case["second_opinion"]["pairs_where_packets_and_bytes_equal_the_capture"].split()
    assert int(told[0]) <= sum(ours.get(key) == value for key, value in truth.items())
