"""Capture files of every kind, whole and broken."""

from __future__ import annotations

import gzip
import io
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import wires

from netops.egress.listening.frames import Capture, NotACapture
from netops.egress.listening.packets import dissected

FRAMES = [(wires.NOON_NS + number * 1_500_000_000, wires.ether(bytes(20 + number))) for number in range(3)]


def read(octets: bytes) -> tuple[list[tuple[int, bytes]], Capture]:
    capture = Capture(io.BytesIO(octets))
    return [(int(part.at[row]), part.one(row)) for part in capture for row in range(len(part))], capture


@pytest.mark.parametrize(
    "octets",
    [
        wires.pcap(FRAMES),
        wires.pcap(FRAMES, order=">"),
        wires.pcap(FRAMES, nanoseconds=True),
        wires.pcapng(FRAMES),
        wires.pcapng(FRAMES, order=">", resolution=6),
        gzip.compress(wires.pcap(FRAMES)),
    ],
    ids=["pcap", "big-endian", "nanoseconds", "pcapng", "pcapng big-endian, microseconds", "gzip"],
)
def test_every_kind_of_file_gives_the_same_frames(octets: bytes) -> None:
    """Frames with their times, whatever the file's byte order, units and format."""
    found, capture = read(octets)

    assert FRAMES == found
    assert (3, "") == (capture.packets, capture.broken)


def test_a_second_section_may_have_another_byte_order_and_link() -> None:
    """pcapng files that were put together; each section has interfaces of its own."""
    octets = wires.pcapng(FRAMES[:1]) + wires.pcapng(FRAMES[1:], link=113, order=">")
    links = [int(one) for part in Capture(io.BytesIO(octets)) for one in part.link]

    assert FRAMES == read(octets)[0]
    assert [1, 113, 113] == links


def test_the_check_sum_of_ethernet_is_no_part_of_the_frame() -> None:
    """The pcap head says that four octets of check sum follow each frame."""
    octets = bytearray(wires.pcap([(0, b"frame!" + b"\1\2\3\4")]))
    octets[20:24] = struct.pack("<I", 1 | 0x04000000 | 2 << 28)

    assert [(0, b"frame!")] == read(bytes(octets))[0]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (wires.pcap(FRAMES)[:-3], "its last packet is cut off"),
        (wires.pcapng(FRAMES)[:-3], "its last block is cut off"),
        (wires.pcap(FRAMES) + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30), "a packet of 1073741824 octets"),
        (wires.pcapng(FRAMES) + struct.pack("<III", 6, 7, 7), "a block of 7 octets"),
    ],
)
def test_a_broken_end_loses_nothing_before_it(octets: bytes, why: str) -> None:
    """What was whole is given, and it is said why no more came."""
    found, capture = read(octets)

    assert FRAMES[:2] == found[:2]
    assert why == capture.broken


def test_a_damaged_gzip_ends_with_its_reason() -> None:
    """Compressed captures are cut off as well."""
    found, capture = read(gzip.compress(wires.pcap(FRAMES))[:-9])

    assert FRAMES == found or capture.broken


def test_what_is_no_capture_is_refused() -> None:
    """Text, an empty file, and gzip of something else."""
    for octets in (b"", b"hello world", gzip.compress(b"hello"), b"\x1f\x8b\x08broken"):
        with pytest.raises(NotACapture):
            Capture(io.BytesIO(octets))


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 500), st.sampled_from([wires.pcap(FRAMES), wires.pcapng(FRAMES)]))
def test_hostile_files_end(octets: bytes, at: int, whole: bytes) -> None:
    """Whatever stands in a capture file, reading and dissecting it ends without an exception."""
    capture = Capture(io.BytesIO(whole[:at] + octets + whole[at + len(octets) :] if at >= 4 else whole[:4] + octets))

    assert all(len(dissected(part)) >= len(part) for part in capture)
