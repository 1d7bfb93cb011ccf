"""sFlow v2, v4 and v5: one record a flow sample, only with what it tells; counters counted, cuts survived."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from packets import TCP, A, B, ether, v4, v6

from netops.egress.flows import JUDGED, Batch, merged, rows
from netops.egress.netflow import Decoder

FRAME = ether(0x0800, v4(6, TCP), 100)
AGENT = struct.pack(">I4s", 1, bytes([192, 0, 2, 1]))


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def part(kind: int, body: bytes) -> bytes:
    return words(kind, len(body)) + body


def header(frame: bytes = FRAME, protocol: int = 1, wire: int = 1518) -> bytes:
    return words(protocol, wire, 4, len(frame)) + frame + bytes(-len(frame) % 4)


def sample(*records: bytes, entered: int = 3, left: int = 4) -> bytes:
    return part(1, words(1, 3, 512, 1000, 0, entered, left, len(records)) + b"".join(records))


def v5(*samples: bytes, sequence: int = 1, uptime: int = 1000) -> bytes:
    return words(5) + AGENT + words(0, sequence, uptime, len(samples)) + b"".join(samples)


def old(version: int, *samples: bytes) -> bytes:
    return words(version) + AGENT + words(1, 1000, len(samples)) + b"".join(samples)


def decode(*datagrams: bytes, decoder: Decoder | None = None) -> list[dict[str, Any]]:
    decoder = decoder or Decoder(everything=True)
    found = []
    for flows in decoder.feed(("192.0.2.1", 0, one) for one in datagrams):
        found += zip(flows.columns["ordinal"].tolist(), rows(flows), strict=True)
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def test_a_raw_header_is_a_record() -> None:
    """Interfaces, sampling, and all that the packet says; no time, for none was sent."""
    [row] = decode(v5(sample(part(1, header()))))

    assert {
        "sampling_interval": 512, "in_if": 3, "out_if": 4, "packets": 1, "bytes": 40, "src": "10.20.11.11", "dst": "203.0.113.80",
        "proto": 6, "sport": 40000, "dport": 443, "tcp_flags": 0x12, "ttl": 63, "tos": 8, "src_vlan": 100, "dst_vlan": 100,
        "src_mac": "00:14:22:00:aa:01", "dst_mac": "00:14:22:00:aa:02", "version": 5, "seq": 1, "exporter": "192.0.2.1",
    } == row  # fmt: skip


def test_a_connection_of_an_application_is_a_record() -> None:
    """Host sFlow names sockets instead of packets: the remote end asked."""
    ends = words(6) + bytes([192, 0, 2, 80, 198, 51, 100, 7]) + words(443, 50_000)
    [row] = decode(v5(sample(part(2100, ends))))

    names = "src", "sport", "dst", "dport", "proto"
    assert ("198.51.100.7", 50_000, "192.0.2.80", 443, 6) == tuple(row[name] for name in names)


def test_extended_records_are_read() -> None:
    """Switch, router, gateway, user and NAT; the switch knows its VLANs better than the frame."""
    addresses = [words(1) + bytes([192, 0, 2, number]) for number in range(1, 5)]
    [row] = decode(
        v5(
            sample(
                part(1, header()),
                part(1001, words(7, 0, 0, 0)),
                part(1002, addresses[0] + words(24, 16)),
                part(1003, addresses[1] + words(65001, 0, 65002, 1, 2, 2, 65003, 65004, 0, 100)),
                part(1004, words(106, 4) + b"wang" + words(106, 0)),
                part(1007, addresses[2] + addresses[3]),
                part(9999, b"whatever"),
            )
        )
    )
    asked = ["src_vlan", "dst_vlan", "next_hop", "src_mask", "dst_mask", "src_as", "dst_as", "user", "nat_src", "nat_dst"]

    assert [7, 100, "192.0.2.1", 24, 16, 65001, 65004, "wang", "192.0.2.3", "192.0.2.4"] == [row[name] for name in asked]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (part(3, words(100, 6) + A + B + words(40000, 443, 0x18, 4)), ("10.20.11.11", "203.0.113.80", 6, 100, 443)),
        (part(4, words(96, 17) + bytes(15) + b"\1" + bytes(15) + b"\2" + words(53, 54, 0, 0)), ("::1", "::2", 17, 96, 54)),
        (part(1, header(v4(6, TCP), 11)), ("10.20.11.11", "203.0.113.80", 6, 40, 443)),
        (part(2, words(64) + bytes(16) + words(0x0806)), (None, None, None, 64, None)),
    ],
    ids=["sampled IPv4", "sampled IPv6", "header of IPv4", "only Ethernet"],
)
def test_every_kind_of_packet_data(body: bytes, expected: tuple[Any, ...]) -> None:
    """Whatever form the packet has in the sample."""
    [row] = decode(v5(sample(body)))

    assert expected == tuple(row.get(name) for name in ("src", "dst", "proto", "bytes", "dport"))


def test_interfaces_say_more_than_a_number() -> None:
    """The device itself is 0; a discarded packet has a status; several outputs are no interface."""
    expanded = part(3, words(1, 0, 3, 512, 1000, 0, 0, 0x40000000, 2, 5, 1) + part(1, header()))
    discarded = part(5, words(1, 0, 3, 0, 7, 0, 257, 1) + part(1, header()))
    found = decode(
        v5(
            sample(part(1, header()), entered=0x3FFFFFFF, left=0x40000000 | 258),
            sample(part(1, header()), left=0x80000003),
            expanded,
            discarded,
        )
    )

    assert [(0, 0, 129), (3, 0, None), (0x40000000, 0, None), (7, 0, 137)] == [
        (row["in_if"], row["out_if"], row.get("forwarding_status")) for row in found
    ]


@pytest.mark.parametrize("version", [2, 4])
def test_the_older_versions(version: int) -> None:
    """Samples without lengths: headers, counters by their type, extended data."""
    path = words(2, 65004, 65005) if version == 2 else words(1, 2, 2, 65004, 65005, 0, 0)
    flow = words(1, 1, 3, 512, 1000, 0, 3, 4, 1, 1, 1518, len(FRAME)) + FRAME + bytes(-len(FRAME) % 4)
    flow += words(2, 1, 7, 0, 8, 0, 3, 65001, 65002, 65003) + path
    counters = words(2, 1, 3, 30, 2) + bytes(140)
    decoder = Decoder(everything=True)
    found = decode(old(version, counters, flow, counters, flow), decoder=decoder)

    assert [("10.20.11.11", 443, 7, 65002, 65005)] * 2 == [
        (row["src"], row["dport"], row["src_vlan"], row["src_as"], row["dst_as"]) for row in found
    ]
    totals = decoder.totals()
    assert (2, 2, 0) == (totals.records, totals.options, totals.malformed)


def test_counter_samples_are_counted_as_options() -> None:
    """They tell of interfaces, not of flows."""
    decoder = Decoder()
    decoder.feed([("192.0.2.1", 0, v5(part(2, bytes(20)), part(4, bytes(24)), sample(part(1, header()))))])
    totals = decoder.totals()

    assert (1, 2, 0) == (totals.records, totals.options, totals.malformed)


def test_a_cut_datagram_gives_what_was_whole() -> None:
    """The first sample is there, the datagram is malformed, the next one is right."""
    whole = v5(sample(part(1, header())), sample(part(1, header())))
    decoder = Decoder(everything=True)

    assert 1 == len(decode(whole[:-60], decoder=decoder))
    assert 2 == len(decode(whole, decoder=decoder))
    assert 1 == decoder.totals().malformed


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([2, 4, 5]), st.integers(0, 300), st.binary(max_size=8))
def test_no_bytes_break_it(version: int, place: int, noise: bytes) -> None:
    """Cut or changed anywhere."""
    good = v5(sample(part(1, header()), part(1003, bytes(40)))) if version == 5 else old(version, bytes(300))
    decode(good[:place], good[:place] + noise + good[place + len(noise) :])


FRAMES = (
    FRAME, ether(0x0800, v4(17, b"\x13\x88\x00\x35\x00\x08\x00\x00")), ether(0x0800, v4(1, b"\x08\x00\x00\x00")),
    ether(0x86DD, v6(6, TCP)), ether(0x86DD, v6(44, bytes(8) + TCP)), ether(0x0806, bytes(28)), ether(0x0800, v4(6, TCP), 7, 8),
    ether(0x0800, v4(6, TCP, offset=185)), ether(0x8847, b"\0\x06\x41\x40" + v4(6, TCP)), FRAME[:30], FRAME[:10],
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(
    st.lists(st.tuples(st.sampled_from(FRAMES), st.sampled_from([1, 11]), st.booleans(), st.integers(0, 3 << 30)), max_size=4),
    st.integers(0, 5), st.integers(-40, 0)), min_size=9, max_size=12))  # fmt: skip
def test_in_bulk_as_one_by_one(streams: list[tuple[list[tuple[bytes, int, bool, int]], int, int]]) -> None:
    """A batch gives the same flows and counters as its datagrams by themselves: tags, tunnels, fragments, cuts, what there is."""
    datagrams = []
    for samples, sequence, cut in streams:
        parts = []
        for frame, protocol, is_wide, entered in samples:
            records = part(1001, words(7, 0, 8, 0)) + part(1, header(frame, protocol))
            if is_wide:
                parts.append(part(3, words(1, 0, 3, 512, 1000, 0, entered >> 30, entered & 0xFF, 0, 4, 2) + records))
            else:
                parts.append(part(1, words(1, 3, 512, 1000, 0, entered, 4, 2) + records))
        whole = v5(*parts, part(2, bytes(12)), sequence=sequence)
        datagrams.append(("192.0.2.1", 5, whole[: len(whole) + cut]))
    single, bulk = Decoder(), Decoder()
    one_by_one = merged(flows for one in datagrams for flows in single.feed([one]))
    together = merged(bulk.feed(datagrams))

    def told(batch: Batch) -> list[tuple[int, ...]]:
        return sorted(zip(*(batch[name].tolist() for name in JUDGED), strict=True))

    assert told(one_by_one) == told(together)
    assert single.totals() == bulk.totals()
