"""Leases and ARP tables: every case in tests/data/address_sources is read as it says; garbage is counted and never fatal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.addresses import reading
from netops.addresses.formats import FORMATS, detected, kind_of
from netops.addresses.leases import duid_mac, octets
from netops.addresses.mention import SourceKind
from netops.addresses.reading import decoded, is_no_terminal, spelled
from tests.conftest import NOON

CASES = sorted((Path(__file__).parents[1] / "data" / "address_sources").iterdir())


def shortened(told: object) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(told).items() if value not in ("", None, True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_tells_what_it_says(case: Path) -> None:
    """Its format is found by its beginning; every entry, every fault with its line and value, and what says nothing."""
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    text = (case / "given.txt").read_text("utf-8")
    found = FORMATS[expected["format"]](text, NOON)
    faults = [[one.line, one.value, one.what.format(**one.facts)] for one in found.faults]

    assert expected["format"] == detected(text)
    assert expected["told"] == [shortened(one) for one in found.told]
    assert (expected["skipped"], expected["bad"], expected["faults"]) == (found.skipped, found.bad, faults)
    assert found.is_whole is (not expected["bad"])


def test_every_format_has_a_case() -> None:
    """What can be read is read in a test."""
    assert set(FORMATS) == {
        json.loads((case / "expected.json").read_text("utf-8"))["format"] for case in CASES
    }


def test_an_empty_file_is_whole_in_every_format_but_json_and_kea() -> None:
    """A server without leases writes one; those two always write something."""
    for name, parser in FORMATS.items():
        assert parser("", NOON).is_whole is (name not in ("ip-neigh-json", "kea"))
        assert "" == detected("")


@pytest.mark.parametrize("name", FORMATS)
@given(text=st.text(max_size=400))
def test_no_text_is_fatal(name: str, text: str) -> None:
    """Whatever stands in a file, it is read to its end."""
    found = FORMATS[name](text, NOON)

    assert len(found.told) <= len(text)
    assert detected(text) in ("", *FORMATS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@given(data=st.data())
def test_no_torn_file_is_fatal(case: Path, data: st.DataObject) -> None:
    """Cut anywhere, with a piece of garbage in it."""
    whole = (case / "given.txt").read_bytes()
    first, second = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=2, max_size=2)))
    torn = decoded(
        whole[:first].replace(b"\0", b" ")
        + data.draw(st.binary(max_size=20)).replace(b"\0", b"")
        + whole[second:]
    )

    for parser in FORMATS.values():
        for one in parser(torn, NOON).told:
            assert not is_no_terminal(one.ip)
            assert one.mac == "" or spelled(one.mac) == one.mac


def test_a_huge_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many lines, so many entries, so long a line: then it is said that it was cut, or counted."""
    line = "10.20.11.{} dev eth0 lladdr 00:14:22:00:00:01 REACHABLE\n"
    text = "".join(line.format(n) for n in range(1, 200))
    monkeypatch.setattr(reading, "MAX_LINES", 10)
    found = FORMATS["ip-neigh"](text, NOON)
    assert (10, True, False) == (len(found.told), found.is_cut, found.is_whole)

    monkeypatch.setattr(reading, "MAX_LINES", 1000)
    monkeypatch.setattr(reading, "MAX_TOLD", 20)
    assert (20, True) == (len((found := FORMATS["ip-neigh"](text, NOON)).told), found.is_cut)

    long = FORMATS["ip-neigh"]("x" * 5000 + "\n" + line.format(7), NOON)
    assert (1, 1, 80) == (len(long.told), long.bad, len(long.faults[0].value))


def test_faults_are_listed_to_a_bound_and_counted_wholly() -> None:
    """A file of another kind does not fill the store."""
    found = FORMATS["dnsmasq"]("GET / HTTP/1.1\n" * 5000, NOON)

    assert (5000, reading.SHOWN) == (found.bad, len(found.faults))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:14:22:AA:00:01", "00:14:22:aa:00:01"),
        ("0:14:22:aa:0:1", "00:14:22:aa:00:01"),
        ("00-14-22-AA-00-01", "00:14:22:aa:00:01"),
        ("0014-22aa-0001", "00:14:22:aa:00:01"),
        ("0014.22aa.0001", "00:14:22:aa:00:01"),
        ("00:00:00:00:00:00", ""),
        ("ff-ff-ff-ff-ff-ff", ""),
        ("00:14:22:aa:00", None),
        ("001422aa0001", None),
        ("00:14:22:aa:00:0g", None),
        ("10.20.11.7", None),
    ],
)
def test_macs_in_every_spelling(text: str, expected: str | None) -> None:
    """As Linux, Windows, Huawei and Cisco write them; one that nobody has is none."""
    assert expected == spelled(text)


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",
        "127.0.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "ff02::1",
    ],
)
def test_addresses_of_no_terminal(ip: str) -> None:
    """Unspecified, loopback, link-local, multicast, broadcast."""
    assert is_no_terminal(ip)
    assert not is_no_terminal("10.20.11.7")
    assert not is_no_terminal("2001:db8::7")


def test_text_in_chinese_encodings_and_no_text() -> None:
    """A console's log saved as GB18030 is read; what has zero octets is no text; neither is too much of it."""
    assert "主机" == decoded("主机".encode("gb18030"))
    assert "主机" == decoded(b"\xef\xbb\xbf" + "主机".encode())
    with pytest.raises(ValueError, match="no text"):
        decoded(b"\x7fELF\0\0")
    with pytest.raises(ValueError, match="64 MiB"):
        decoded(b" " * (reading.MAX_BYTES + 1))


def test_duids_and_quoted_octets() -> None:
    """A MAC is in a DUID of two kinds only (RFC 8415); dhcpd writes octets as escapes."""
    assert (
        "00:14:22:00:00:01"
        == duid_mac(b"\0\1\0\1\1\2\3\4\0\x14\x22\0\0\1")
        == duid_mac(b"\0\3\0\1\0\x14\x22\0\0\1")
    )
    assert "" == duid_mac(b"\0\2\0\0\xab\x11") == duid_mac(b"\0\3\0\6\0\x14\x22\0\0\1")
    assert b'\0"\\n' == octets('"\\000\\"\\\\n"')
    assert b"" == octets("bare") == octets('"') == octets("")


def test_kinds() -> None:
    """Leases say who was given an address, tables who has it."""
    assert (SourceKind.LEASES, SourceKind.NEIGHBORS) == (kind_of("kea"), kind_of("arp"))


def test_a_catalogue_of_ten_thousand_leases_is_read_in_a_second() -> None:
    """No step of reading grows with the square of the file."""
    import time

    lease = "lease 10.{}.{}.{} {{\n  starts 5 2026/11/20 03:30:00;\n  ends 5 2026/11/20 15:30:00;\n  binding state active;\n"
    lease += "  hardware ethernet 00:14:22:{:02x}:{:02x}:{:02x};\n}}\n"
    text = "".join(
        lease.format(n >> 16, n >> 8 & 255, n & 255, n >> 16, n >> 8 & 255, n & 255) for n in range(1, 10_001)
    )
    start = time.process_time()

    assert 10_000 == len(FORMATS["isc-dhcpd"](text, NOON).told)
    assert time.process_time() - start < 2
