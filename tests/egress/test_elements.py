"""What templates may say: old versions, every kind of time, sampling, texts, names of both families; generally, not by case."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from exporter import EXPORTED, Fields, a_set, ipfix, old, template, v9, values
from packets import TCP, ether, v4, v6

from netops.egress.flows import address_text, merged, rows
from netops.egress.netflow import Decoder

NTP = (EXPORTED + 2_208_988_800) << 32 | 1 << 31
ENDS: Fields = ((8, 4), (12, 4))
FROM_TO = ("192.0.2.1", "192.0.2.2")


def decode(*datagrams: bytes, options: bool = False) -> list[dict[str, Any]]:
    decoder = Decoder(everything=True, options=options)
    found = []
    for flows in decoder.feed(("192.0.2.9", 0, one) for one in datagrams):
        found += zip(flows.columns["ordinal"].tolist(), rows(flows), strict=True)
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def one_record(fields: Fields, *numbers: int | str, **header: int) -> dict[str, Any]:
    data = a_set(300, values(fields, *numbers))
    if any(element & 0x8000 for element, _ in fields):  # NetFlow v9 knows no enterprises
        [row] = decode(v9(template(300, fields), data, **header))
    else:
        [row] = decode(ipfix(template(300, fields, ipfix=True), data, **header))
    return row


@pytest.mark.parametrize(
    ("version", "tail"),
    [
        (1, struct.pack(">HBBB7x", 0, 6, 8, 0x12)),
        (1, struct.pack(">HBBB11x", 0, 6, 8, 0x12)),
        (7, struct.pack(">xBBBHHBBHI", 0x12, 6, 8, 65001, 65002, 24, 16, 0, 0)),
    ],
    ids=["v1", "v1 with four octets more", "v7"],
)
def test_the_old_versions(version: int, tail: bytes) -> None:
    """The same columns; v1 knows no systems and no sequence."""
    head = bytes([192, 0, 2, 1, 192, 0, 2, 2, 192, 0, 2, 254]) + struct.pack(">HHIIIIHH", 1, 2, 3, 180, 90_000, 95_000, 5, 443)
    first, second = decode(old(version, head + tail, head + tail))

    assert first == second
    expected = {
        "src": "192.0.2.1", "dst": "192.0.2.2", "next_hop": "192.0.2.254", "in_if": 1, "out_if": 2, "packets": 3, "bytes": 180,
        "first": "2026-09-21T14:13:10.000Z", "last": "2026-09-21T14:13:15.000Z", "sport": 5, "dport": 443, "proto": 6, "tos": 8,
        "tcp_flags": 0x12, "version": version,
    }  # fmt: skip
    more = {"src_as": 65001, "dst_as": 65002, "src_mask": 24, "dst_mask": 16, "seq": 7} if version == 7 else {}
    assert expected | more == first


@pytest.mark.parametrize(
    ("fields", "numbers", "first", "last"),
    [
        (((150, 4), (151, 4)), (EXPORTED, EXPORTED + 2), "20.000", "22.000"),
        (((152, 8), (153, 8)), (EXPORTED * 1000 + 7, EXPORTED * 1000 + 9), "20.007", "20.009"),
        (((154, 8), (155, 8)), (NTP, NTP + (1 << 32)), "20.500", "21.500"),
        (((156, 8), (157, 8)), (NTP, NTP + (1 << 30)), "20.500", "20.750"),
        (((158, 4), (159, 4)), (5_000_000, 1_500_000), "15.000", "18.500"),
        (((152, 8), (161, 4)), (EXPORTED * 1000, 1500), "20.000", "21.500"),
        (((153, 8), (162, 4)), (EXPORTED * 1000, 1_500_000), "18.500", "20.000"),
        (((160, 8), (22, 4), (21, 4)), (EXPORTED * 1000 - 60_000, 50_000, 59_000), "10.000", "19.000"),
        (((154, 8), (155, 8)), (EXPORTED * 1_000_000 + 250_000, EXPORTED * 1_000_000 + 1_000_000), "20.250", "21.000"),
        (((156, 8), (157, 8)), (EXPORTED * 10**9 + 250_000_000, EXPORTED * 10**9 + 10**9), "20.250", "21.000"),
        (((150, 4), (151, 4), (152, 8), (153, 8)), (EXPORTED, EXPORTED + 1, EXPORTED * 1000 + 7, EXPORTED * 1000 + 1009),
         "20.007", "21.009"),
    ],
    ids=["s", "ms", "µs", "ns", "before the export", "a duration in ms", "a duration in µs", "uptime, its start in the record",
         "µs, plainly since 1970", "ns, plainly since 1970", "the finer of two clocks"],
)  # fmt: skip
def test_every_kind_of_time(fields: Fields, numbers: tuple[int, ...], first: str, last: str) -> None:
    """All of them are milliseconds UTC in the end."""
    row = one_record((*ENDS, *fields), *FROM_TO, *numbers)

    assert (f"2026-09-21T14:13:{first}Z", f"2026-09-21T14:13:{last}Z") == (row["first"], row["last"])


def test_uptime_without_its_start_gives_no_time() -> None:
    """Better none than a wrong one."""
    assert "first" not in one_record((*ENDS, (22, 4)), *FROM_TO, 50_000)


@pytest.mark.parametrize(
    ("fields", "numbers", "interval"),
    [
        (((34, 4),), (1000,), 1000),
        (((305, 4), (306, 4)), (1, 999), 1000),
        (((305, 4), (306, 4)), (2, 1998), 1000),
        (((309, 4), (310, 4)), (10, 5120), 512),
        (((305, 4), (304, 2), (309, 4), (310, 4)), (1, 3, 1, 256), 256),
        (((305, 4), (304, 2), (309, 4), (310, 4)), (1000, 1, 0, 0), 1000),
        (((311, 8),), (int.from_bytes(struct.pack(">d", 0.001), "big"),), 1000),
        (((311, 4),), (int.from_bytes(struct.pack(">f", 0.001), "big"),), 1000),
    ],
    ids=["interval", "one, then a space", "two, then a space", "so many of so many", "so many at random", "the others unused",
         "probability", "a shorter probability"],
)
def test_every_way_to_tell_sampling(fields: Fields, numbers: tuple[int, ...], interval: int) -> None:
    """In the record itself."""
    assert interval == one_record((*ENDS, *fields), *FROM_TO, *numbers)["sampling_interval"]


def test_samplers_are_told_apart() -> None:
    """Each record has the interval of its own sampler; what was not told is 0, never guessed."""
    options = a_set(3, struct.pack(">HHHHHHH", 310, 2, 1, 302, 2, 34, 4))
    fields = (*ENDS, (302, 2))
    data = b"".join(values(fields, *FROM_TO, number) for number in (1, 2, 9))
    found = decode(
        ipfix(options, a_set(310, struct.pack(">HIHI", 1, 100, 2, 200))),
        ipfix(template(300, fields, ipfix=True), a_set(300, data)),
    )

    assert [100, 200, 0] == [row["sampling_interval"] for row in found]


def test_what_options_take_back_counted_until_then() -> None:
    """Each record by the interval and the start of the clock that held when it came, in one batch as in several."""
    fields = (*ENDS, (302, 2), (22, 4))
    learned = (
        a_set(3, struct.pack(">HHHHHHHHH", 310, 3, 1, 302, 2, 34, 4, 160, 8)), template(300, fields, ipfix=True)
    )  # fmt: skip
    data = a_set(300, values(fields, *FROM_TO, 1, 50_000))
    says = ((100, 60_000), (200, 70_000))
    told = [a_set(310, struct.pack(">HIQ", 1, interval, EXPORTED * 1000 - ago)) for interval, ago in says]
    stream = [ipfix(*learned, data), ipfix(told[0], data), ipfix(data), ipfix(told[1], data)]
    one_by_one = Decoder(everything=True)
    separately = [row for one in stream for flows in one_by_one.feed([("192.0.2.9", 0, one)]) for row in rows(flows)]
    together = decode(*stream)

    # What came before anything was told is read by what was told next, where it still can be.
    assert [100, 100, 100, 200] == [row["sampling_interval"] for row in together]
    assert ["10.000", "10.000", "10.000", "00.000"] == [row["first"][17:23] for row in together]
    assert separately[1:] == together[1:]


def scoped(number: int, *specifier: int) -> bytes:
    """An options template of NetFlow v9 with one scope."""
    head = struct.pack(">HHH", number, 4, 4 * (len(specifier) // 2 - 1))
    return a_set(1, head + struct.pack(f">{len(specifier)}H", *specifier))


def test_sampling_by_interface() -> None:
    """Told for interfaces (a scope in v9, an element in IPFIX): where packets came in counts, then where they left."""
    fields = (*ENDS, (10, 4), (14, 4))
    data = b"".join(values(fields, *FROM_TO, entered, left) for entered, left in ((3, 9), (9, 4), (9, 9)))
    told = struct.pack(">IIII", 3, 100, 4, 200)
    by_scope = decode(
        v9(scoped(310, 2, 4, 34, 4), a_set(310, told)), v9(template(300, fields), a_set(300, data), sequence=2)
    )
    by_element = decode(
        ipfix(a_set(3, struct.pack(">HHHHHHH", 310, 2, 1, 10, 4, 305, 4)), a_set(310, told)),
        ipfix(template(300, fields, ipfix=True), a_set(300, data)),
    )

    assert [100, 200, 0] == [row["sampling_interval"] for row in by_scope]
    assert [100, 200, 0] == [row["sampling_interval"] for row in by_element]


@pytest.mark.parametrize(
    ("fields", "numbers", "expected"),
    [
        (((45004, 4), (45005, 4), (45008, 2), (45009, 2)), (*FROM_TO, 5000, 443),
         {"src": "192.0.2.1", "dst": "192.0.2.2", "sport": 5000, "dport": 443}),
        ((*ENDS, (231, 4), (232, 4), (298, 4), (299, 4), (233, 1), (323, 8)), (*FROM_TO, 10, 20, 1, 2, 3, EXPORTED * 1000),
         {"bytes": 10, "reverse_bytes": 20, "packets": 1, "reverse_packets": 2, "firewall_event": 3,
          "first": "2026-09-21T14:13:20.000Z"}),
        ((*ENDS, (225, 4), (226, 4), (227, 2), (228, 2), (230, 1)), (*FROM_TO, "198.51.100.1", "198.51.100.2", 7, 8, 4),
         {"nat_src": "198.51.100.1", "nat_dst": "198.51.100.2", "nat_sport": 7, "nat_dport": 8, "nat_event": 4}),
        (((56, 6), (80, 6), (256, 2), (352, 8), (430, 8), (245, 2)), (0x020000000001, 0x020000000002, 0x88CC, 64, 1, 7),
         {"src_mac": "02:00:00:00:00:01", "dst_mac": "02:00:00:00:00:02", "bytes": 64, "packets": 1, "src_vlan": 7}),
        (((27, 16), (28, 16), (193, 1), (1, 3), (2, 1), (29, 1), (16, 2), (63, 16)),
         ("2001:db8::1", "2001:db8::2", 17, 70_000, 9, 64, 65001, "2001:db8::3"),
         {"src": "2001:db8::1", "dst": "2001:db8::2", "proto": 17, "bytes": 70_000, "packets": 9, "src_mask": 64,
          "src_as": 65001, "next_hop": "2001:db8::3"}),
        ((*ENDS, (1, 0), (2, 4), (89, 4), (130, 4)), (*FROM_TO, 0, 3, 66, "192.0.2.99"),
         {"packets": 3, "forwarding_status": 66, "exporter": "192.0.2.99"}),
        ((*ENDS, (2, 4), (1, 4), (24, 4), (23, 4)), (*FROM_TO, 0, 0, 1, 32),
         {"packets": 0, "bytes": 0, "out_packets": 1, "out_bytes": 32}),
        ((*ENDS, (24, 4), (23, 4)), (*FROM_TO, 1, 32), {"packets": 1, "bytes": 32}),
    ],
    ids=["client and server", "a firewall's event", "translated", "no IP at all", "IPv6, reduced sizes", "a field of no length",
         "counted in and out", "counted where it left"],
)  # fmt: skip
def test_records_of_every_kind(fields: Fields, numbers: tuple[int | str, ...], expected: dict[str, Any]) -> None:
    """What the elements say, and nothing that was not sent."""
    row = one_record(fields, *numbers)
    ends = dict(zip(("src", "dst"), FROM_TO, strict=True)) if ENDS == fields[:2] else {}

    assert ends | expected == {name: value for name, value in row.items() if name not in ("version", "template", "seq")}


def test_the_version_decides_between_two_families() -> None:
    """When both are filled; and of two empty next hops the last of the record is shown."""
    both: Fields = ((60, 1), (8, 4), (27, 16), (12, 4), (28, 16), (15, 4), (62, 16))
    numbers = ("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "0.0.0.0", "::")

    assert ("192.0.2.1", "192.0.2.2", "::") == tuple(one_record(both, 4, *numbers)[name] for name in ("src", "dst", "next_hop"))
    assert ("2001:db8::1", "2001:db8::2") == tuple(one_record(both, 6, *numbers)[name] for name in ("src", "dst"))


def test_both_directions_of_a_flow() -> None:
    """RFC 5103: the reverse elements are columns of their own, and do not replace the forward ones."""
    specifier = struct.pack(">HHHHHHHHIHHI", 8, 4, 12, 4, 1, 4, 0x8001, 4, 29305, 0x8002, 4, 29305)
    body = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + struct.pack(">III", 100, 2000, 20)
    [row] = decode(ipfix(a_set(2, struct.pack(">HH", 400, 5) + specifier), a_set(400, body)))

    assert (100, 2000, 20) == (row["bytes"], row["reverse_bytes"], row["reverse_packets"])


SEGMENTS: Fields = ((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (6, 2), (5, 1), (2, 4))
OUTER = ("2001:db8:53::1", "2001:db8:90:e004::", 0, 0)


@pytest.mark.parametrize(
    ("fields", "outer", "inner", "expected"),
    [
        (((8, 4), (12, 4)), (*OUTER, 4, 0, 8, 5), ("192.0.2.1", "192.0.2.2", 1111, 2222, 17, 0, 0),
         ("192.0.2.1", "192.0.2.2", 1111, 2222, 17, 0, 0)),
        (((27, 16), (28, 16)), (*OUTER, 41, 0, 8, 5), ("2001:db8::1", "2001:db8::2", 1111, 2222, 6, 2, 4),
         ("2001:db8::1", "2001:db8::2", 1111, 2222, 6, 2, 4)),
        (((8, 4), (12, 4)), (*OUTER[:2], 5, 6, 17, 0, 8, 5), ("0.0.0.0", "0.0.0.0", 0, 0, 0, 0, 0), (*OUTER[:2], 5, 6, 17, 0, 8)),
    ],
    ids=["IPv4 in IPv6", "IPv6 in IPv6", "nothing inside"],
)  # fmt: skip
def test_a_template_of_a_packet_in_a_packet(
    fields: Fields, outer: tuple[int | str, ...], inner: tuple[int | str, ...], expected: tuple[int | str, ...]
) -> None:
    """Routers of SRv6 say all of it twice: what the carrier carries counts, where it carries anything; judged as shown."""
    both = (*SEGMENTS, *fields, (7, 2), (11, 2), (4, 1), (6, 2), (5, 1))
    names = ("src", "dst", "sport", "dport", "proto", "tcp_flags", "tos")
    datagram = ipfix(template(300, both, ipfix=True), a_set(300, values(both, *outer, *inner)))
    [shown] = decode(datagram)
    judged = merged(Decoder().feed([("192.0.2.9", 0, datagram)]))

    assert expected == tuple(shown[name] for name in names)
    assert expected[:2] == tuple(address_text(int(judged[f"{end}_hi"][0]), int(judged[f"{end}_lo"][0])) for end in ("src", "dst"))
    assert expected[2:6] == tuple(int(judged[name][0]) for name in names[2:6])


def test_a_packet_in_a_packet_of_ipv4_stays_closed() -> None:
    """As in the beginnings of frames: the outer one leaves the network."""
    both: Fields = (*ENDS, (7, 2), (11, 2), (4, 1), *ENDS, (7, 2), (11, 2), (4, 1))
    datagram = ipfix(
        template(300, both, ipfix=True), a_set(300, values(both, *FROM_TO, 1, 2, 4, "10.0.0.1", "10.0.0.2", 3, 4, 6))
    )
    [shown] = decode(datagram)
    judged = merged(Decoder().feed([("192.0.2.9", 0, datagram)]))

    assert (*FROM_TO, 1, 2, 4) == tuple(shown[name] for name in ("src", "dst", "sport", "dport", "proto"))
    assert ("192.0.2.1", 4) == (address_text(0, int(judged["src_lo"][0])), int(judged["proto"][0]))


@pytest.mark.parametrize(
    ("exceptions", "status", "proto"), [((0x0842, 0x0C01), 128, 4), ((0x0800, 0x0C01), 64, 6), ((0x0C01, 0x0C01), 0, 6)]
)
def test_why_a_chip_of_juniper_made_an_exception(exceptions: tuple[int, int], status: int, proto: int) -> None:
    """Six bits name what the other ten are: number 2 an exception's code, 0 no drop; a dropped packet stays closed."""
    frame = ether(0x86DD, v6(4, v4(6, TCP)))
    specifiers = b"".join(struct.pack(">HHI", 0x8000 | 137, length, 2636) for length in (4, 2, 2))
    specifiers += struct.pack(">HH", 315, 0xFFFF)
    body = struct.pack(">IHH", 0x0842_0001, *exceptions) + bytes([len(frame)]) + frame
    [row] = decode(ipfix(a_set(2, struct.pack(">HH", 300, 4) + specifiers), a_set(300, body)))

    assert (status, proto) == (row["forwarding_status"], row["proto"])


def test_texts_without_their_padding() -> None:
    """A name of fixed length, an application number where there is no name, a name of any length."""
    fixed: Fields = ((95, 4), (96, 8))
    named = values(fixed, 0x0D0001AF, int.from_bytes(b"https\0\0\0", "big"))
    unnamed = values(fixed, 0x0D0001AF, 0)
    found = decode(ipfix(template(300, fixed, ipfix=True), a_set(300, named + unnamed)))
    specifier = struct.pack(">HHHH", 371, 0xFFFF, 8, 4)
    found += decode(v9(a_set(0, struct.pack(">HH", 400, 2) + specifier), a_set(400, b"\x02wg" + bytes([192, 0, 2, 1]))))

    assert ["https", "13..431"] == [row["app"] for row in found[:2]]
    assert ("wg", "192.0.2.1") == (found[2]["user"], found[2]["src"])


def test_a_wireless_frame_in_a_record() -> None:
    """Its type tells how the frame begins (RFC 7133)."""
    frame = bytes.fromhex("8802 0000 020000000001 020000000002 020000000003 0000 0000 aaaa030000000800") + v4(6, TCP)
    specifier: Fields = ((408, 2), (315, 0xFFFF))
    body = struct.pack(">HB", 2, len(frame)) + frame
    [row] = decode(ipfix(template(300, specifier, ipfix=True), a_set(300, body)))

    assert ("02:00:00:00:00:03", "02:00:00:00:00:01", "10.20.11.11", 443) == tuple(
        row[name] for name in ("src_mac", "dst_mac", "src", "dport")
    )


@pytest.mark.parametrize("length", [64, 0xFFFF], ids=["of fixed length", "of any length"])
def test_the_beginning_of_a_packet_in_a_record(length: int) -> None:
    """Its five-tuple becomes the record's."""
    packet = v4(6, TCP)
    body = packet.ljust(64, b"\0") if length == 64 else bytes([len(packet)]) + packet
    fields: Fields = ((10, 4), (313, length))
    [row] = decode(ipfix(template(300, fields, ipfix=True), a_set(300, struct.pack(">I", 7) + body)))

    assert ("10.20.11.11", "203.0.113.80", 6, 40000, 443, 40, 1, 7) == tuple(
        row[name] for name in ("src", "dst", "proto", "sport", "dport", "bytes", "packets", "in_if")
    )


def test_options_data_only_when_it_is_asked_for() -> None:
    """`egress decode --options`: marked, and in its place among the flows."""
    options = a_set(3, struct.pack(">HHHHHHH", 310, 2, 1, 10, 4, 82, 8))
    datagram = ipfix(
        options,
        a_set(310, struct.pack(">I8s", 5, b"ge0/0/5")),
        template(300, ENDS, ipfix=True),
        a_set(300, values(ENDS, *FROM_TO)),
    )

    assert ["192.0.2.1"] == [row["src"] for row in decode(datagram)]
    assert [(True, 5), (None, None)] == [(row.get("options"), row.get("in_if")) for row in decode(datagram, options=True)]


@pytest.mark.parametrize(("proto", "pair", "port", "expected"), [
    (1, None, 0x0800, (8, 0)), (58, None, 0x8000, (128, 0)), (6, None, 443, (None, None)), (1, 0x0301, 0, (3, 1)),
    (1, 0, 0x0303, (3, 3)),
])  # fmt: skip
def test_icmp_by_its_own_element_or_by_custom(
    proto: int, pair: int | None, port: int, expected: tuple[int | None, int | None]
) -> None:
    """Type and code stand in the destination port where nothing else tells them."""
    fields: Fields = (*ENDS, (4, 1), (11, 2), *(((32, 2),) if pair is not None else ()))
    row = one_record(fields, *FROM_TO, proto, port, *(() if pair is None else (pair,)))

    assert expected == (row.get("icmp_type"), row.get("icmp_code"))


def test_times_that_cannot_be_right_are_counted() -> None:
    """An hour late, or ahead of the clock: the record counts all the same."""
    fields: Fields = (*ENDS, (153, 8))
    now = EXPORTED * 1000
    data = b"".join(values(fields, *FROM_TO, now + offset) for offset in (0, -4_000_000, 120_000))
    decoder = Decoder()
    decoder.feed([("192.0.2.9", now, ipfix(template(300, fields, ipfix=True), a_set(300, data)))])
    totals = decoder.totals()

    assert (3, 1, 1) == (totals.records, totals.late, totals.future)


def test_what_options_told_survives_a_restart() -> None:
    """Sampling and the uptime clock are known before the exporter tells them again."""
    options = a_set(3, struct.pack(">HHHHHHHHH", 310, 3, 1, 302, 2, 34, 4, 160, 8))
    fields = (*ENDS, (302, 2), (22, 4))
    first, second = Decoder(), Decoder(everything=True)
    told = a_set(310, struct.pack(">HIQ", 1, 100, EXPORTED * 1000 - 60_000))
    first.feed([("192.0.2.9", 0, ipfix(options, told, template(300, fields, ipfix=True)))])
    second.restore(first.templates(), first.settings())
    [flows] = second.feed([("192.0.2.9", 0, ipfix(a_set(300, values(fields, *FROM_TO, 1, 50_000))))])

    assert {"192.0.2.9"} == first.learned.settings == first.learned.templates.keys()
    assert [(100, "2026-09-21T14:13:10.000Z")] == [(row["sampling_interval"], row["first"]) for row in rows(flows)]
