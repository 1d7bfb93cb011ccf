"""Lists in records (RFC 6313): what YAF tells of a flow in them, and nothing of what is not one."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from exporter import a_set, ipfix
from test_templates import decoded, told, variable

from netops.egress.flows import merged
from netops.egress.netflow import Decoder

CERT, REVERSE = 6871, 29305
FLOW = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (85, 4), (86, 4), (85, 4, REVERSE), (86, 4, REVERSE), (293, 0xFFFF))
TCP = told(0xC003, (184, 4), (14, 1, CERT), (15, 1, CERT), (0x4000 | 14, 1, CERT), (0x4000 | 15, 1, CERT))
MACS = told(0xC004, (56, 6), (80, 6))
NAMES = told(0xC005, (371, 0xFFFF), (58, 2))
ENDS = bytes([10, 20, 11, 11, 203, 0, 113, 80]) + struct.pack(">HHB", 40_000, 443, 6)
FLAGS = struct.pack(">IBBBB", 7, 0x02, 0x18, 0x12, 0x19)
CARDS = bytes.fromhex("00142200aa01 00142200aa02")
LEARNED = ipfix(told(0xB800, *FLOW), TCP, MACS, NAMES, sequence=0)


def flow(listed: bytes, back: int = 9) -> bytes:
    return ENDS + struct.pack(">IIII", 1000, 10, 100 * back, back) + variable(listed)


def multi(*parts: tuple[int, bytes]) -> bytes:
    """A subTemplateMultiList: how its parts belong together, then each behind its template and length."""
    return b"\x03" + b"".join(struct.pack(">HH", number, 4 + len(body)) + body for number, body in parts)


def shown(*listed: bytes) -> list[dict[str, Any]]:
    found, decoder = decoded(LEARNED, ipfix(a_set(0xB800, b"".join(flow(one, 0) for one in listed))))
    assert 0 == decoder.totals().malformed
    names = (*FLAG_BITS, "src_mac", "dst_mac", "src_vlan")
    return [{name: row[name] for name in names if name in row} for row in found]


CARD_TEXTS = {"src_mac": "00:14:22:00:aa:01", "dst_mac": "00:14:22:00:aa:02"}
FLAG_BITS = {"tcp_flags": 0x18, "initial_tcp_flags": 0x02, "reverse_tcp_flags": 0x19, "reverse_initial_tcp_flags": 0x12}


def test_a_list_tells_flags_and_cards_of_its_flow() -> None:
    """As they were sent; of rows that have no such part nothing, whatever stands beside."""
    found = shown(
        multi((0xC003, FLAGS), (0xC004, CARDS)),
        multi((0xC004, CARDS)),
        multi(),
        b"",
        multi((0xC00F, b"what no template tells"), (0xC003, FLAGS)),
        multi((0xC005, b"\x04wang" + struct.pack(">H", 7))),
    )

    assert [FLAG_BITS | CARD_TEXTS, CARD_TEXTS, {}, {}, FLAG_BITS, {"src_vlan": 7}] == found


@pytest.mark.parametrize(
    "listed",
    [
        multi((0xC003, FLAGS + FLAGS)),
        multi((0xC003, FLAGS), (0xC003, FLAGS)),
        multi((0xC003, FLAGS[:-1])),
        multi((0xC005, b"\xff\xff\xff" + b"cut")),
        multi((0xC003, FLAGS))[:-1],
        b"\x03\xc0\x03\x00\x03" + FLAGS,
        b"\x03",
    ],
    ids=["two records", "twice", "a record cut", "a text cut", "the list cut", "no such length", "no part"],
)
def test_what_is_not_one_is_not_read(listed: bytes) -> None:
    """Several records of a template are not of the flow; what is cut is passed over, and the flow is whole."""
    assert [{}] == shown(listed)


def test_other_lists() -> None:
    """A subTemplateList with one record; a basicList with one value, and with two."""
    layout = told(0xB801, (8, 4), (292, 0xFFFF), (291, 0xFFFF), (12, 4))
    listed = variable(struct.pack(">BH", 3, 0xC004) + CARDS)
    one, two = (variable(struct.pack(">BHH", 3, 14, 4) + body) for body in (struct.pack(">I", 5), struct.pack(">II", 5, 6)))
    records = b"".join(ENDS[:4] + listed + values + ENDS[4:8] for values in (one, two))
    found, _ = decoded(LEARNED, ipfix(layout, a_set(0xB801, records)))

    assert [(5, "00:14:22:00:aa:01"), (0, "00:14:22:00:aa:01")] == [(row.get("out_if", 0), row["src_mac"]) for row in found]


def test_the_record_is_believed_before_its_list() -> None:
    """Addresses and numbers that the flow itself tells stay; a zero is filled."""
    layout = told(0xB802, (8, 4), (58, 2), (10, 4), (293, 0xFFFF))
    inner = told(0xC006, (8, 4), (58, 2), (10, 4), (152, 8))
    part = multi((0xC006, bytes([192, 0, 2, 9]) + struct.pack(">HIQ", 7, 9, 1)))
    record = bytes([10, 20, 11, 11]) + struct.pack(">HI", 0, 5) + variable(part)
    [row], _ = decoded(ipfix(layout, inner, a_set(0xB802, record)))

    assert ("10.20.11.11", 7, 5, None) == (row["src"], row["src_vlan"], row["in_if"], row.get("first"))


def test_both_directions_are_judged_with_their_own_flags() -> None:
    """Who was answered has a second flow, with the cards and all the flags of that direction, the first packet's among them."""
    decoder = Decoder()
    listed = multi((0xC003, FLAGS), (0xC004, CARDS))
    batch = merged(decoder.feed([("192.0.2.9", 0, LEARNED), ("192.0.2.9", 0, ipfix(a_set(0xB800, flow(listed))))]))

    assert [(0x1A, 1000), (0x1B, 900)] == list(zip(batch["tcp_flags"].tolist(), batch["bytes"].tolist(), strict=True))
    assert [0x00142200AA01, 0x00142200AA02] == batch["src_mac"].tolist()
