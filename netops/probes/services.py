"""
What the reflection probe sends, and where its ticket comes back: answers of services, and of hosts that have none.

Pure: octets in, octets out. Through a NAT only the answer of a UDP service comes back from the public address; echo
replies, unreachables and resets leave untranslated, and carriers that filter private sources drop them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from netops.probes.echo import checksum

ICMP, TCP, UDP = 1, 6, 17
ECHO_REPLY, UNREACHABLE = 0, 3
PORT = 5533
"""Source port of UDP and TCP probes: the sensor holds it open, so that its kernel answers nothing that comes there."""
CLOSED = 33434
"""A port that nothing listens on: the host's kernel sends back what it was asked (RFC 792)."""
WHOLE, LONG, SHORT = 56, 8, 4
MAX_QUOTED = 2048


class Service(NamedTuple):
    """
    One way to ask.

    Args:
        size: octets of the ticket that it gives back.
        payload: what is sent, with the ticket in it; None for ICMP echo and TCP SYN.
        back: the ticket out of an answer from *port*, or b"".
        times: probes of one attempt, so that enough octets come back.
    """

    protocol: int
    port: int
    size: int
    payload: Callable[[bytes], bytes] | None
    back: Callable[[bytes], bytes]
    times: int = 1


# ---- DNS (RFC 1035): the question comes back
def _dns(ticket: bytes) -> bytes:
    text = ticket.hex().encode()
    labels = b"".join(bytes([len(part)]) + part for part in (text[start : start + 56] for start in range(0, len(text), 56)))
    return struct.pack("!HHHHHH", int.from_bytes(ticket[-2:], "big"), 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def _dns_back(answer: bytes) -> bytes:
    if len(answer) < 12 or not answer[2] & 0x80:
        return b""
    text, at = b"", 12
    while at < len(answer) and 0 < answer[at] <= 63 and len(text) < 2 * WHOLE:
        text, at = text + answer[at + 1 : at + 1 + answer[at]], at + 1 + answer[at]
    return _hex(text)


# ---- NTP (RFC 5905): our transmit time comes back as the originate time
def _ntp(ticket: bytes) -> bytes:
    return bytes([0x23]) + bytes(39) + ticket


def _ntp_back(answer: bytes) -> bytes:
    return answer[24:32] if len(answer) >= 48 and answer[0] & 7 in (4, 2) else b""


# ---- SNMPv3 (RFC 3414 §4): discovery needs no user; the report bears our msgID
def _snmp(ticket: bytes) -> bytes:
    def tlv(kind: int, body: bytes) -> bytes:
        return bytes([kind, len(body)]) + body

    head = tlv(0x30, tlv(2, ticket) + tlv(2, b"\x05\xdc") + tlv(4, b"\x04") + tlv(2, b"\x03"))
    usm = tlv(0x30, tlv(4, b"") + tlv(2, b"\0") + tlv(2, b"\0") + tlv(4, b"") + tlv(4, b"") + tlv(4, b""))
    pdu = tlv(0xA0, tlv(2, b"\x01") + tlv(2, b"\0") + tlv(2, b"\0") + tlv(0x30, b""))
    return tlv(0x30, tlv(2, b"\x03") + head + tlv(4, usm) + tlv(0x30, tlv(4, b"") + tlv(4, b"") + pdu))


def _snmp_back(answer: bytes) -> bytes:
    # 30 len 02 01 03 30 len 02 n msgID; agents encode lengths in one octet or more.
    sequence = rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)"
    found = re.match(sequence + rb"\x02\x01\x03" + sequence + rb"\x02([\x01-\x04])", answer, re.DOTALL)
    if not found or len(answer) < found.end() + found[1][0]:
        return b""
    size = found[1][0]
    return answer[found.end() : found.end() + size].rjust(SHORT, b"\0")


# ---- IKE (RFC 7296 §3.1): the initiator's SPI comes back, also with INVALID_MAJOR_VERSION
def _ike(ticket: bytes) -> bytes:
    return ticket + bytes(8) + bytes([0, 0x30, 34, 0x08]) + bytes(4) + struct.pack("!I", 28)


def _ike_back(answer: bytes) -> bytes:
    return answer[:8] if len(answer) >= 28 and answer[19] & 0x20 else b""


# ---- WS-Discovery (OASIS 2009 §5): RelatesTo is our MessageID; Windows and printers answer
def _wsd(ticket: bytes) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
        "<s:Header><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
        f"<a:MessageID>urn:netops:{ticket.hex()}</a:MessageID></s:Header><s:Body><d:Probe/></s:Body></s:Envelope>"
    ).encode()


def _wsd_back(answer: bytes) -> bytes:
    found = re.search(rb"RelatesTo[^>]{0,200}>\s{0,8}urn:netops:([0-9a-f]{112})\s{0,8}<", answer[:MAX_QUOTED])
    return _hex(found[1]) if found else b""


# ---- SIP (RFC 3261 §8.2.6): Call-ID comes back
def _sip(ticket: bytes) -> bytes:
    return (
        "OPTIONS sip:probe@invalid SIP/2.0\r\nVia: SIP/2.0/UDP invalid;branch=z9hG4bKnetops\r\nMax-Forwards: 1\r\n"
        "From: <sip:probe@invalid>;tag=1\r\nTo: <sip:probe@invalid>\r\n"
        f"Call-ID: {ticket.hex()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _sip_back(answer: bytes) -> bytes:
    found = re.search(rb"(?im)^(?:Call-ID|i)\s{0,8}:\s{0,8}([0-9a-f]{112})\s{0,4}$", answer[:MAX_QUOTED])
    return _hex(found[1]) if found and answer.startswith(b"SIP/2.0 ") else b""


def _as_it_is(ticket: bytes) -> bytes:
    return ticket


def _hex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode()) if re.fullmatch(rb"[0-9a-f]{112}", text) else b""


SERVICES = {
    "dns": Service(UDP, 53, WHOLE, _dns, _dns_back),
    "ntp": Service(UDP, 123, LONG, _ntp, _ntp_back),
    "snmp": Service(UDP, 161, SHORT, _snmp, _snmp_back, 2),
    "ike": Service(UDP, 500, LONG, _ike, _ike_back),
    "wsd": Service(UDP, 3702, WHOLE, _wsd, _wsd_back),
    "sip": Service(UDP, 5060, WHOLE, _sip, _sip_back),
    "closed": Service(UDP, CLOSED, WHOLE, _as_it_is, _as_it_is),
    "echo": Service(ICMP, 0, WHOLE, None, _as_it_is),
    "syn": Service(TCP, 445, SHORT, None, _as_it_is, 2),
}
"""In the order in which they are asked: services first, since only their answers pass a NAT; echo; SYN last."""
SYN_BACK = struct.pack("!HH", SERVICES["syn"].port, PORT)
BY_PORT = {one.port: name for name, one in SERVICES.items() if one.protocol == UDP}


# ---- packets out
def packet(service: str, beacon: bytes, target: bytes, ticket: bytes, number: int) -> bytes:
    """A whole IPv4 packet from *beacon* to *target* (4 octets each)."""
    one = SERVICES[service]
    if one.protocol == ICMP:
        body = struct.pack("!BBHHH", 8, 0, 0, number & 0xFFFF, 0) + ticket
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    elif one.protocol == TCP:
        body = struct.pack("!HH4sIBBHHH", PORT, one.port, ticket, 0, 0x50, 0x02, 1024, 0, 0)
        body = body[:16] + struct.pack("!H", _over(beacon, target, TCP, body)) + body[18:]
    else:
        payload = one.payload(ticket) if one.payload else ticket
        body = struct.pack("!HHHH", PORT, one.port, 8 + len(payload), 0) + payload
        body = body[:6] + struct.pack("!H", _over(beacon, target, UDP, body) or 0xFFFF) + body[8:]
    # The kernel fills in length, identification and the header's sum (raw(7)).
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, one.protocol, 0, beacon, target) + body


def _over(source: bytes, target: bytes, protocol: int, body: bytes) -> int:
    return checksum(source + target + struct.pack("!BBH", 0, protocol, len(body)) + body)


# ---- packets in
class Back(NamedTuple):
    """An answer: whose, the TTL left, which service's, and the ticket that it bears."""

    source: bytes
    ttl: int
    service: str
    ticket: bytes


def back(packet: bytes) -> Back | None:
    """What an IPv4 packet that reached the sensor answers; None when it can answer nothing of ours."""
    if len(packet) < 28 or packet[0] >> 4 != 4 or int.from_bytes(packet[6:8], "big") & 0x3FFF:
        return None
    head, protocol, whole = (packet[0] & 15) * 4, packet[9], int.from_bytes(packet[2:4], "big")
    body = packet[head:whole]
    if len(body) < 8 or len(packet) < whole:
        return None
    service, ticket = "", b""
    if protocol == ICMP and body[0] == ECHO_REPLY:
        service, ticket = "echo", body[8:]
    elif protocol == ICMP and body[0] == UNREACHABLE and len(body) > 36 and body[8] >> 4 == 4:
        inner = 8 + (body[8] & 15) * 4
        if body[17] == UDP and body[inner : inner + 2] == struct.pack("!H", PORT):
            service, ticket = "closed", body[inner + 8 : inner + 8 + WHOLE]
    elif protocol == UDP and body[2:4] == struct.pack("!H", PORT):
        service = BY_PORT.get(int.from_bytes(body[:2], "big"), "")
        ticket = SERVICES[service].back(body[8:]) if service else b""
    elif protocol == TCP and len(body) >= 20 and body[13] & 0x10 and body[:4] == SYN_BACK:
        service, ticket = "syn", ((int.from_bytes(body[8:12], "big") - 1) & 0xFFFFFFFF).to_bytes(4, "big")
    if not service or len(ticket) != SERVICES[service].size:
        return None
    return Back(packet[12:16], packet[8], service, ticket)
