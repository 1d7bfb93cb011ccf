"""What probes send and what comes back: every service answers as its standard says, and rubbish is nothing."""

from __future__ import annotations

import os
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.probes.echo import checksum
from netops.probes.services import PORT, SERVICES, Back, back, packet

BEACON, PC = socket.inet_aton("203.0.113.99"), socket.inet_aton("10.20.11.11")
TICKETS = {size: bytes([0x12]) + os.urandom(size - 1) for size in (4, 8, 56)}


def ip(protocol: int, body: bytes, source: bytes = PC) -> bytes:
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 61, protocol, 0, source, BEACON) + body


def asked(service: str) -> bytes:
    """A probe as its target gets it, without the IP header."""
    return packet(service, BEACON, PC, TICKETS[SERVICES[service].size], 1)[20:]


def answered(service: str) -> bytes:
    """The answer of a real implementation, by its standard."""
    one, body = SERVICES[service], asked(service)
    udp, carried = body[8:], TICKETS[SERVICES[service].size]
    if service == "echo":
        return ip(1, b"\0" + body[1:])
    if service == "closed":
        quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 60, 17, 0, BEACON, PC) + body
        return ip(1, b"\x03\x03" + bytes(6) + quoted)
    if service == "syn":
        acknowledged = (int.from_bytes(body[4:8], "big") + 1) & 0xFFFFFFFF
        return ip(6, struct.pack("!HHIIBBHHH", one.port, PORT, 7, acknowledged, 0x50, 0x14, 0, 0, 0))
    said = {
        "dns": udp[:2] + b"\x81\x85" + udp[4:],  # the question, refused
        "ntp": b"\x24\x02" + bytes(22) + udp[40:48] + bytes(16),
        "snmp": b"\x30\x3e\x02\x01\x03\x30\x10\x02\x04" + carried + b"\x02\x02\x05\xdc\x04\x01\x00\x02\x01\x03" + bytes(30),
        "ike": udp[:8] + bytes(8) + bytes([41, 0x20, 34, 0x20]) + bytes(4) + struct.pack("!I", 36) + bytes(8),
        "wsd": b"<x:RelatesTo>urn:netops:" + carried.hex().encode() + b"</x:RelatesTo>",
        "sip": b"SIP/2.0 200 OK\r\nVia: x\r\nCall-ID: " + carried.hex().encode() + b"\r\n\r\n",
    }[service]
    return ip(17, struct.pack("!HHHH", one.port, PORT, 8 + len(said), 0) + said)


@pytest.mark.parametrize("service", SERVICES)
def test_the_ticket_comes_back(service: str) -> None:
    """Whole or as a stub; source and TTL as they were."""
    assert Back(PC, 61, service, TICKETS[SERVICES[service].size]) == back(answered(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_question_is_no_answer(service: str) -> None:
    """Somebody who sends our own probe on to the sensor has answered nothing."""
    assert back(ip(SERVICES[service].protocol, asked(service))) is None


@pytest.mark.parametrize("service", SERVICES)
def test_cut_answers_are_nothing(service: str) -> None:
    """Wherever the packet ends."""
    whole = answered(service)
    for end in range(len(whole)):
        found = back(whole[:end])
        assert found is None or found.ticket == TICKETS[SERVICES[service].size]


@given(st.binary(max_size=200))
def test_rubbish_breaks_nothing(content: bytes) -> None:
    """Whatever a flood is made of."""
    for protocol in (1, 6, 17):
        back(ip(protocol, content))
    back(content)


def test_sums_are_right() -> None:
    """As receivers check them (RFC 1071): over pseudo header and body the sum is zero."""
    for name, one in SERVICES.items():
        body = asked(name)
        pseudo = BEACON + PC + struct.pack("!BBH", 0, one.protocol, len(body)) if one.protocol != 1 else b""
        assert 0 == checksum(pseudo + body), name
