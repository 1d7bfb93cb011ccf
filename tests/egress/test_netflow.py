"""The decoder: every protocol into the same columns; whatever is wrong is counted and never fatal."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from exporter import FIVE_TUPLE, a_set, ipfix, template, v5, v9, values

from netops.egress import netflow
from netops.egress.flows import address_text, merged, rows
from netops.egress.netflow import Decoder

ONE = values(
    FIVE_TUPLE, "10.20.11.11", "203.0.113.80", 40000, 443, 6, 3, 180, 2, 0x00142200AA01, 0x00142200AA02
)
TWO = values(
    FIVE_TUPLE, "10.20.11.12", "203.0.113.80", 40001, 53, 17, 1, 60, 2, 0x00142200AA03, 0x00142200AA02
)
HERE = "192.0.2.1"


def decode(*datagrams: bytes, decoder: Decoder | None = None) -> list[dict[str, Any]]:
    decoder = decoder or Decoder(everything=True)
    found = []
    for flows in decoder.feed((HERE, 5000, one) for one in datagrams):
        found += zip(flows.columns["ordinal"].tolist(), rows(flows), strict=True)
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def test_a_v9_record_gives_only_what_was_sent() -> None:
    """Names are the contract's; a field that the template does not have is absent."""
    [row] = decode(v9(template(256, FIVE_TUPLE), a_set(256, ONE)))

    assert {
        "src": "10.20.11.11",
        "dst": "203.0.113.80",
        "sport": 40000,
        "dport": 443,
        "proto": 6,
        "packets": 3,
        "bytes": 180,
        "in_if": 2,
        "src_mac": "00:14:22:00:aa:01",
        "dst_mac": "00:14:22:00:aa:02",
        "version": 9,
        "template": 256,
        "seq": 1,
    } == row


@pytest.mark.parametrize(
    ("uptime", "switched", "first"),
    [
        (100_000, 90_000, "2026-09-21T14:13:10.000Z"),
        (500, (1 << 32) - 500, "2026-09-21T14:13:19.000Z"),
        (100_000, 100_250, "2026-09-21T14:13:20.250Z"),
        (20_000_000, 620_000_000, "2026-09-28T12:53:20.000Z"),
    ],
    ids=["before", "the uptime wrapped", "a little after the header", "a week after: two clocks that disagree"],
)
def test_times_follow_the_uptime_clock(uptime: int, switched: int, first: str) -> None:
    """Export time less (uptime - switched), modulo 2^32 in the difference, on the nearer side."""
    [row] = decode(
        v5({"src": "192.0.2.9", "dst": "192.0.2.10", "first": switched, "last": switched}, uptime=uptime)
    )

    assert first == row["first"]


def test_data_waits_for_its_template() -> None:
    """pmacct sends its template with every 18th packet: what came before it is decoded when it comes."""
    decoder = Decoder(everything=True)

    assert [] == decode(v9(a_set(256, ONE)), v9(a_set(256, TWO)), decoder=decoder)
    assert 2 == decoder.totals().waiting
    found = decode(v9(template(256, FIVE_TUPLE)), decoder=decoder)

    assert ["10.20.11.11", "10.20.11.12"] == [row["src"] for row in found]
    assert (0, 2) == (decoder.totals().waiting, decoder.totals().records)


def test_a_redefined_template_holds_from_then_on() -> None:
    """Data is read by the template that stood when it came."""
    short = ((8, 4), (12, 4))
    found = decode(
        v9(template(256, FIVE_TUPLE), a_set(256, ONE)),
        v9(template(256, short), a_set(256, values(short, "192.0.2.7", "192.0.2.8"))),
    )

    assert [("10.20.11.11", 443), ("192.0.2.7", None)] == [(row["src"], row.get("dport")) for row in found]


def test_domains_and_exporters_have_their_own_templates() -> None:
    """The same id in another observation domain, or of another exporter, is another template."""
    short = ((8, 4), (12, 4))
    decoder = Decoder(everything=True)
    decode(
        ipfix(template(300, short, ipfix=True), domain=1),
        ipfix(template(300, FIVE_TUPLE, ipfix=True), domain=2),
        decoder=decoder,
    )

    found = decode(
        ipfix(a_set(300, ONE), domain=2),
        ipfix(a_set(300, values(short, "192.0.2.7", "192.0.2.8")), domain=1),
        decoder=decoder,
    )
    decoder.feed([("192.0.2.99", 0, ipfix(a_set(300, ONE), domain=2))])

    assert ["10.20.11.11", "192.0.2.7"] == [row["src"] for row in found]
    assert 1 == decoder.exporters["192.0.2.99"].counters.waiting


def test_a_withdrawn_template_is_gone() -> None:
    """RFC 7011 §8.1: a template with no fields takes the earlier one back."""
    decoder = Decoder(everything=True)
    withdrawal = a_set(2, struct.pack(">HH", 300, 0))
    decode(ipfix(template(300, FIVE_TUPLE, ipfix=True)), ipfix(withdrawal), decoder=decoder)

    assert [] == decode(ipfix(a_set(300, ONE)), decoder=decoder)
    assert 1 == decoder.totals().waiting


def test_variable_length_and_enterprise_fields_are_read_or_skipped() -> None:
    """A name of any length, an unknown enterprise's field between, a counter in three bytes."""
    specifier = struct.pack(">HHHHHHIHHHH", 8, 4, 96, 0xFFFF, 0x8000 | 77, 0xFFFF, 99999, 12, 4, 1, 3)
    record = (
        bytes([192, 0, 2, 1])
        + b"\x05https"
        + b"\xff\x00\x03abc"
        + bytes([192, 0, 2, 2])
        + (70000).to_bytes(3, "big")
    )
    found = decode(ipfix(a_set(2, struct.pack(">HH", 400, 5) + specifier), a_set(400, record + record)))

    assert [("192.0.2.1", "192.0.2.2", "https", 70000)] * 2 == [
        (one["src"], one["dst"], one["app"], one["bytes"]) for one in found
    ]


def test_the_all_zero_family_loses() -> None:
    """Cisco sends both families' fields; the one that is filled counts, row by row."""
    both = ((8, 4), (27, 16), (12, 4), (28, 16))
    found = decode(
        v9(
            template(260, both),
            a_set(
                260,
                values(both, "0.0.0.0", "2001:db8::1", "0.0.0.0", "2001:db8::2")
                + values(both, "192.0.2.1", "::", "192.0.2.2", "::"),
            ),
        )
    )

    assert [("2001:db8::1", "2001:db8::2"), ("192.0.2.1", "192.0.2.2")] == [
        (one["src"], one["dst"]) for one in found
    ]


def test_options_tell_the_sampling() -> None:
    """Options data is counted apart, and its interval is given to the flows after it."""
    options = a_set(1, struct.pack(">HHH", 257, 4, 8) + struct.pack(">HHHHHH", 1, 4, 48, 2, 34, 4))
    fields = ((8, 4), (12, 4), (48, 2))
    decoder = Decoder(everything=True)
    [row] = decode(
        v9(options, a_set(257, struct.pack(">IHI", 1, 3, 1000))),
        v9(template(256, fields), a_set(256, values(fields, "192.0.2.1", "192.0.2.2", 3))),
        decoder=decoder,
    )

    assert 1000 == row["sampling_interval"]
    assert (1, 1) == (decoder.totals().options, decoder.totals().records)


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"\x00", b"\x00\x05", b"\x00\x09\x00\x01", b"\x00\x63" + bytes(40),
        v5({"src": "192.0.2.1"}, count=30), v9(b"\x01\x00\x00\xff" + bytes(8)), v9(a_set(0, struct.pack(">HH", 256, 400))),
        v9(a_set(0, struct.pack(">HHHH", 256, 1, 8, 0))), ipfix(a_set(2, struct.pack(">HHHH", 12, 1, 8, 4))),
    ],
)  # fmt: skip
def test_malformed_datagrams_are_counted_and_the_next_one_is_right(bad: bytes) -> None:
    """Nothing in one datagram spoils the next."""
    decoder = Decoder(everything=True)
    decode(bad, decoder=decoder)
    found = decode(v9(template(256, FIVE_TUPLE), a_set(256, ONE)), decoder=decoder)

    assert 1 == decoder.totals().malformed
    assert ["10.20.11.11"] == [row["src"] for row in found]


def test_templates_survive_a_restart() -> None:
    """What was learned is given back and decodes data at once."""
    first = Decoder()
    first.feed([(HERE, 0, v9(template(256, FIVE_TUPLE)))])
    second = Decoder(everything=True)
    second.restore(first.templates())

    assert ["10.20.11.11"] == [row["src"] for row in decode(v9(a_set(256, ONE)), decoder=second)]


def test_waiting_data_and_templates_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is given up and counted; nothing grows without end."""
    monkeypatch.setattr(netflow, "WAITING_BYTES", 4000)
    monkeypatch.setattr(netflow, "MAX_TEMPLATES", 50)
    decoder = Decoder()
    decoder.feed((HERE, 0, v9(a_set(256, ONE * 10), sequence=number)) for number in range(1000))
    decoder.feed((HERE, 0, v9(template(256 + number, FIVE_TUPLE), domain=5)) for number in range(1000))
    exporter = decoder.exporters[HERE]

    assert exporter.waiting_bytes <= 4000
    assert len(exporter.waiting) + exporter.counters.dropped == 1000
    assert 45 <= len(exporter.templates) <= 50
    assert max(key[2] for key in exporter.templates) == 256 + 999


GOOD = (
    v9(template(256, FIVE_TUPLE), a_set(256, ONE + TWO)),
    v5({"src": "192.0.2.1", "dst": "192.0.2.2"}),
    ipfix(template(300, FIVE_TUPLE, ipfix=True), a_set(300, ONE)),
    ipfix(
        a_set(2, struct.pack(">HHHHHH", 400, 2, 8, 4, 96, 0xFFFF)),
        a_set(400, bytes([192, 0, 2, 1]) + b"\x05https"),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.tuples(st.sampled_from(GOOD), st.integers(0, 120), st.binary(max_size=6)).map(
                lambda one: one[0][: one[1]] + one[2] + one[0][one[1] + 3 :]
            ),
            st.tuples(st.sampled_from((5, 9, 10)), st.binary(max_size=120)).map(
                lambda one: one[0].to_bytes(2, "big") + one[1]
            ),
        ),
        max_size=12,
    )
)
def test_no_bytes_break_the_decoder(datagrams: list[bytes]) -> None:
    """Random, truncated and spliced datagrams: no exception, every datagram counted, columns of equal length."""
    decoder = Decoder(everything=True)
    flows = decoder.feed((HERE, 0, one) for one in datagrams)
    for one in flows:
        assert {len(one)} == {len(column) for column in one.columns.values()}
        list(rows(one))

    judging = Decoder()
    columns = merged(judging.feed((HERE, 0, one) for one in datagrams))
    assert len(columns) == judging.totals().records == decoder.totals().records
    assert len(datagrams) == decoder.totals().datagrams
    assert decoder.totals().records == sum(map(len, flows))


def test_both_directions_of_a_biflow_are_judged() -> None:
    """RFC 5103: who was answered has two flows, each with its own counters, ends and interfaces; who was not has one."""
    fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (10, 4), (14, 4))
    specifiers = b"".join(struct.pack(">HH", *one) for one in fields)
    specifiers += b"".join(struct.pack(">HHI", 0x8000 | one, 4, 29305) for one in (2, 1))
    learned = a_set(2, struct.pack(">HH", 256, len(fields) + 2) + specifiers)
    ends = ("10.20.0.1", "192.0.2.1", 50000, 443, 6, 3, 400, 5, 6)
    records = [values(fields, *ends) + struct.pack(">II", *back) for back in ((7, 9000), (0, 0))]
    datagrams = [("192.0.2.9", 0, ipfix(learned, sequence=0)), *(("192.0.2.9", 0, ipfix(a_set(256, one))) for one in records)]
    batch = merged(Decoder().feed(datagrams))

    def row(number: int) -> tuple[object, ...]:
        names = ("sport", "dport", "packets", "bytes", "in_if", "out_if")
        return (*(address_text(int(batch[f"{end}_hi"][number]), int(batch[f"{end}_lo"][number])) for end in ("src", "dst")),
                *(int(batch[name][number]) for name in names))  # fmt: skip

    there = ("10.20.0.1", "192.0.2.1", 50000, 443, 3, 400, 5, 6)
    assert [there, there, ("192.0.2.1", "10.20.0.1", 443, 50000, 7, 9000, 6, 5)] == [row(number) for number in range(len(batch))]
    [shown] = Decoder(everything=True).feed(datagrams)
    assert [[7, 0], [9000, 0]] == [shown.columns[f"reverse_{name}"].tolist() for name in ("packets", "bytes")]
