"""Templates as standards let them be: padding, lists, withdrawals, lengths of any size, scopes of any kind."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from exporter import Fields, a_set, ipfix, template, v9, values

from netops.egress.flows import merged, rows
from netops.egress.netflow import Decoder

ENDS: Fields = ((8, 4), (12, 4))
FROM_TO = ("192.0.2.1", "192.0.2.2")
ONE = values(ENDS, *FROM_TO)
HERE = "192.0.2.9"


def decoded(*datagrams: bytes) -> tuple[list[dict[str, Any]], Decoder]:
    """What is shown, in order, and the decoder afterwards; judging must find as many records."""
    decoder, judging = Decoder(everything=True), Decoder()
    flows = decoder.feed((HERE, 0, one) for one in datagrams)
    pairs = [pair for one in flows for pair in zip(one.columns["ordinal"].tolist(), rows(one), strict=True)]
    assert len(pairs) == len(merged(judging.feed((HERE, 0, one) for one in datagrams)))
    return [row for _, row in sorted(pairs, key=lambda pair: pair[0])], decoder


def told(number: int, *specifiers: tuple[int, ...], scopes: int = 0) -> bytes:
    """An IPFIX (options) template: (element, length) or (element, length, enterprise)."""
    body = struct.pack(">HH", number, len(specifiers)) + (struct.pack(">H", scopes) if scopes else b"")
    for element, length, *enterprise in specifiers:
        body += struct.pack(">HH", element | (0x8000 if enterprise else 0), length)
        body += struct.pack(">I", enterprise[0]) if enterprise else b""
    return a_set(3 if scopes else 2, body)


def variable(value: bytes) -> bytes:
    """A value after its length (RFC 7011 §7)."""
    return (bytes([len(value)]) if len(value) < 255 else b"\xff" + struct.pack(">H", len(value))) + value


@pytest.mark.parametrize("padding", range(8))
def test_padding_is_no_record(padding: int) -> None:
    """Fewer octets than a record has, whatever they are (RFC 7011 §3.3.1); nor is it a template."""
    found, decoder = decoded(
        ipfix(a_set(2, struct.pack(">HHHHHH", 300, 2, 8, 4, 12, 4) + bytes(padding)), a_set(300, ONE + bytes(padding)))
    )

    assert [FROM_TO] == [(one["src"], one["dst"]) for one in found]
    assert 0 == decoder.totals().malformed


@pytest.mark.parametrize("width", range(1, 9))
def test_counters_of_every_width(width: int) -> None:
    """Reduced-size encoding (RFC 7011 §6.2): as many octets as the number needs."""
    number = 200 if width == 1 else (1 << 8 * (width - 1)) + 7
    fields: Fields = (*ENDS, (1, width), (2, width), (10, min(width, 4)))
    entered = number & 0xFFFFFFFF
    [row], _ = decoded(ipfix(template(300, fields, ipfix=True), a_set(300, values(fields, *FROM_TO, number, number, entered))))

    assert (number, number, entered) == (row["bytes"], row["packets"], row["in_if"])


def test_numbers_wider_than_they_need() -> None:
    """The last octets count: a counter in sixteen, a port in four, a protocol in two."""
    fields: Fields = (*ENDS, (1, 16), (7, 4), (11, 8), (4, 2), (6, 4))
    [row], _ = decoded(ipfix(template(300, fields, ipfix=True), a_set(300, values(fields, *FROM_TO, 5, 443, 53, 6, 18))))

    assert (5, 443, 53, 6, 18) == tuple(row[name] for name in ("bytes", "sport", "dport", "proto", "tcp_flags"))


def test_numbers_and_addresses_of_announced_length() -> None:
    """Only texts should announce one (RFC 7011 §7), but a counter may come so too: short, long, none; what follows it is read."""
    specifiers = ((8, 0xFFFF), (27, 0xFFFF), (12, 4), (1, 0xFFFF), (2, 0xFFFF), (11, 2))
    counters = ((b"\x07", b"\1" * 3), ((1 << 40).to_bytes(9, "big"), b""), (b"", b"\2"))
    record = b"".join(
        variable(ONE[:4]) + variable(b"") + ONE[4:] + variable(one) + variable(two) + b"\x01\xbb" for one, two in counters
    )
    found, decoder = decoded(ipfix(told(300, *specifiers), a_set(300, record)))

    assert [(7, 0x010101), (1 << 40, 0), (0, 2)] == [(one["bytes"], one["packets"]) for one in found]
    assert [(*FROM_TO, 443)] * 3 == [(one["src"], one["dst"], one["dport"]) for one in found]
    assert 0 == decoder.totals().malformed


@pytest.mark.parametrize("size", [0, 9, 254, 255, 3000], ids=str)
@pytest.mark.parametrize("element", [291, 292, 293], ids=["basicList", "subTemplateList", "subTemplateMultiList"])
def test_structured_data_is_passed_over(element: int, size: int) -> None:
    """Of any length, in the middle of a record, and what follows it is read (RFC 6313)."""
    listed = bytes(number % 256 for number in range(size))
    record = ONE[:4] + variable(listed) + ONE[4:] + struct.pack(">I", 7)
    found, decoder = decoded(ipfix(told(300, (8, 4), (element, 0xFFFF), (12, 4), (1, 4)), a_set(300, record + record)))

    assert [(*FROM_TO, 7)] * 2 == [(one["src"], one["dst"], one["bytes"]) for one in found]
    assert 0 == decoder.totals().malformed


@pytest.mark.parametrize(
    ("specifiers", "record"),
    [
        (((8, 4), (99, 0, 9), (12, 4), (0, 0)), ONE),
        (((8, 4), (700, 3, 4242), (12, 4)), ONE[:4] + b"xyz" + ONE[4:]),
        (((8, 4), (700, 0xFFFF, 4242), (12, 4)), ONE[:4] + variable(b"z" * 300) + ONE[4:]),
        (((8, 4), (210, 5), (12, 4), (210, 3)), ONE[:4] + bytes(5) + ONE[4:] + bytes(3)),
        (((8, 4), (27, 4), (12, 4)), ONE[:4] + b"abcd" + ONE[4:]),
    ],
    ids=[
        "of no length",
        "of an unknown enterprise",
        "the same, of any length",
        "padding in the record",
        "an address of no such length",
    ],
)
def test_fields_that_are_passed_over(specifiers: tuple[tuple[int, ...], ...], record: bytes) -> None:
    """By their length, and nothing of them is shown."""
    found, _ = decoded(ipfix(told(300, *specifiers), a_set(300, record + record)))

    assert [FROM_TO] * 2 == [(one["src"], one["dst"]) for one in found]


@pytest.mark.parametrize(
    ("withdrawal", "left"),
    [
        ((2, 300), {301, 310}),
        ((3, 310), {300, 301}),
        ((2, 2), {310}),
        ((3, 3), {300, 301}),
        ((2, 999), {300, 301, 310}),
    ],
    ids=["one", "one of options", "all", "all of options", "one that never was"],
)
def test_templates_taken_back(withdrawal: tuple[int, int], left: set[int]) -> None:
    """A template of no fields, or the set's own id for all of a kind, in that domain alone (RFC 7011 §8.1)."""
    number, taken = withdrawal
    learned = [told(300, *ENDS), told(301, *ENDS), told(310, (10, 4), (34, 4), scopes=1)]
    _, decoder = decoded(
        ipfix(*learned), ipfix(*learned, domain=7), ipfix(a_set(number, struct.pack(">HH", taken, 0)), sequence=2)
    )

    assert left == {one.number for one in decoder.templates() if one.domain == 0}
    assert {300, 301, 310} == {one.number for one in decoder.templates() if one.domain == 7}


@pytest.mark.parametrize("scope", [1, 2, 3, 4, 5], ids=["system", "interface", "line card", "cache", "template"])
def test_sampling_told_under_every_scope(scope: int) -> None:
    """A sampler's interval is the sampler's, whatever the scope of the record that tells it (RFC 3954 §6.1)."""
    options = a_set(1, struct.pack(">HHHHHHHHH", 310, 4, 8, scope, 4, 48, 1, 34, 4) + bytes(2))
    fields: Fields = (*ENDS, (48, 1))
    data = values(fields, *FROM_TO, 3) + values(fields, *FROM_TO, 3)
    found, _ = decoded(v9(options, a_set(310, struct.pack(">IBI", 7, 3, 100))), v9(template(300, fields), a_set(300, data)))

    assert [100, 100] == [one["sampling_interval"] for one in found]


def test_who_tells_the_sampling_last_is_believed_least() -> None:
    """The record itself, then its sampler, then the last sampler told of; each domain has its own."""
    options = told(310, (302, 2), (34, 4), scopes=1)
    samplers = a_set(310, struct.pack(">HIHI", 1, 100, 2, 200))
    by_sampler, by_itself, by_none = (*ENDS, (302, 2)), (*ENDS, (302, 2), (34, 4)), ENDS
    found, _ = decoded(
        ipfix(options, samplers, told(300, *by_sampler), told(301, *by_itself), told(302, *by_none)),
        ipfix(
            a_set(300, values(by_sampler, *FROM_TO, 1)),
            a_set(301, values(by_itself, *FROM_TO, 1, 7) + values(by_itself, *FROM_TO, 2, 0)),
            a_set(302, ONE),
            sequence=3,
        ),
        ipfix(told(302, *by_none), a_set(302, ONE), domain=5),
    )

    assert [100, 7, 200, 200, None] == [one.get("sampling_interval") for one in found]


def test_a_template_of_another_length_holds_from_then_on() -> None:
    """Within one datagram too: sets are read in their order."""
    longer: Fields = (*ENDS, (7, 2), (11, 2))
    found, _ = decoded(
        v9(
            template(300, ENDS),
            a_set(300, ONE * 3),
            template(300, longer),
            a_set(300, values(longer, *FROM_TO, 5, 6) * 2),
            a_set(300, b""),
        ),
        v9(a_set(300, values(longer, *FROM_TO, 7, 8)), sequence=2),
    )

    assert [None, None, None, 5, 5, 7] == [one.get("sport") for one in found]


# ---- firewalls
NSEL: Fields = (
    (148, 4),
    (8, 4),
    (7, 2),
    (10, 2),
    (12, 4),
    (11, 2),
    (14, 2),
    (4, 1),
    (176, 1),
    (177, 1),
    (225, 4),
    (226, 4),
    (227, 2),
    (228, 2),
    (233, 1),
    (33002, 2),
    (323, 8),
    (152, 8),
    (231, 4),
    (232, 4),
    (33000, 12),
    (33001, 12),
    (40000, 20),
)
EVENT_MS = 1_790_000_000_500


@pytest.mark.parametrize(
    ("event", "out", "back"),
    [(1, 0, 0), (3, 0, 0), (5, 810, 7630), (2, 81, 763)],
    ids=["created", "denied", "updated", "torn down"],
)
def test_events_of_a_firewall(event: int, out: int, back: int) -> None:
    """
    Cisco ASA (NSEL): the translated ends, octets of both sides, the user; whoever was answered has a second flow when judged.

    Source: Cisco Secure Firewall ASA NetFlow Implementation Guide, NetFlow Secure Event Logging fields.
    """
    record = values(
        NSEL,
        8501,
        "10.20.11.5",
        40000,
        2,
        "203.0.113.9",
        443,
        3,
        6,
        0,
        0,
        "198.51.100.2",
        "203.0.113.9",
        50000,
        443,
        event,
        2025,
        EVENT_MS,
        EVENT_MS - 2000,
        out,
        back,
        0,
        0,
        int.from_bytes(b"wang".ljust(20, b"\0"), "big"),
    )
    datagram = v9(template(265, NSEL), a_set(265, record))
    decoder = Decoder(everything=True)
    [flows] = decoder.feed([(HERE, 0, datagram)])
    [row] = rows(flows)
    judged = merged(Decoder().feed([(HERE, 0, datagram)]))

    assert {
        "src": "10.20.11.5",
        "sport": 40000,
        "in_if": 2,
        "dst": "203.0.113.9",
        "dport": 443,
        "out_if": 3,
        "proto": 6,
        "icmp_type": 0,
        "icmp_code": 0,
        "nat_src": "198.51.100.2",
        "nat_dst": "203.0.113.9",
        "nat_sport": 50000,
        "nat_dport": 443,
        "firewall_event": event,
        "first": "2026-09-21T14:13:18.500Z",
        "bytes": out,
        "reverse_bytes": back,
        "user": "wang",
        "version": 9,
        "template": 265,
        "seq": 1,
    } == row
    assert [out, back][: 2 if back else 1] == judged["bytes"].tolist()
    assert [443, 40000][: len(judged)] == judged["dport"].tolist()


def test_events_of_a_translator() -> None:
    """RFC 8158: sessions made and ended, of both families; the moment of the event where there is no other time."""
    fields: Fields = (
        (323, 8),
        (230, 1),
        (27, 16),
        (28, 16),
        (225, 4),
        (226, 4),
        (7, 2),
        (227, 2),
        (11, 2),
        (228, 2),
        (4, 1),
        (234, 4),
    )
    record = values(
        fields, EVENT_MS, 6, "2001:db8::5", "64:ff9b::cb00:7109", "198.51.100.2", "203.0.113.9", 40000, 50000, 443, 443, 17, 9
    )
    [row], _ = decoded(ipfix(template(300, fields, ipfix=True), a_set(300, record)))

    assert {
        "first": "2026-09-21T14:13:20.500Z",
        "nat_event": 6,
        "src": "2001:db8::5",
        "dst": "64:ff9b::cb00:7109",
        "nat_src": "198.51.100.2",
        "nat_dst": "203.0.113.9",
        "sport": 40000,
        "nat_sport": 50000,
        "dport": 443,
        "nat_dport": 443,
        "proto": 17,
        "version": 10,
        "template": 300,
        "seq": 1,
    } == row
