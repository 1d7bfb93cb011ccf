"""Packets and capture files for tests, built octet by octet."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address

HOST, GATEWAY = "00:14:22:00:00:01", "00:14:22:00:00:fe"
NOON_NS = 1_795_147_200_000_000_000


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ether(payload: bytes, kind: int = 0x0800, source: str = HOST, destination: str = GATEWAY) -> bytes:
    return mac(destination) + mac(source) + struct.pack(">H", kind) + payload


def ip(payload: bytes, proto: int, source: str = "10.20.11.5", destination: str = "203.0.113.80", ttl: int = 64,
       fragment: int = 0, ip_id: int = 7) -> bytes:  # fmt: skip
    if ":" in source:
        return struct.pack(">IHBB", 6 << 28, len(payload), proto, ttl) + ip_address(source).packed + ip_address(
            destination).packed + payload  # fmt: skip
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ip_id, fragment, ttl, proto, 0)
    return head + ip_address(source).packed + ip_address(destination).packed + payload


def udp(payload: bytes, sport: int = 40000, dport: int = 53) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def tcp(payload: bytes = b"", sport: int = 40000, dport: int = 443, flags: int = 0x18, window: int = 64240,
        options: bytes = b"", sequence: int = 1) -> bytes:  # fmt: skip
    return struct.pack(">HHIIBBHHH", sport, dport, sequence, 0, (20 + len(options)) << 2, flags, window, 0, 0) + options + payload


def name(text: str) -> bytes:
    return b"".join(bytes([len(label.encode())]) + label.encode() for label in text.split(".") if label) + b"\0"


def query(text: str, kind: int = 1, number: int = 1) -> bytes:
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name(text) + struct.pack(">HH", kind, 1)


def dhcp(kind: int, mac_text: str = HOST, server: str = "", given: str = "0.0.0.0", options: bytes = b"", relay: str = "0.0.0.0",
         router: str = "") -> bytes:  # fmt: skip
    is_reply = kind in (2, 5, 6)
    head = struct.pack(">BBBBIHH", 2 if is_reply else 1, 1, 6, 0, 99, 0, 0) + bytes(4) + ip_address(given).packed + bytes(4)
    head += ip_address(relay).packed + mac(mac_text) + bytes(10 + 192) + b"\x63\x82\x53\x63" + bytes([53, 1, kind])
    for code, text in ((54, server), (3, router)):
        head += bytes([code, 4]) + ip_address(text).packed if text else b""
    return head + options + b"\xff"


def hello(server_name: str = "", protocols: Iterable[str] = (), ciphers: Iterable[int] = (0x1301,)) -> bytes:
    """A TLS record with a ClientHello."""
    extensions = b""
    if server_name:
        entry = b"\0" + struct.pack(">H", len(server_name)) + server_name.encode()
        extensions += struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    if protocols:
        listed = b"".join(bytes([len(one)]) + one.encode() for one in protocols)
        extensions += struct.pack(">HHH", 16, len(listed) + 2, len(listed)) + listed
    suites = b"".join(struct.pack(">H", one) for one in ciphers)
    body = b"\x03\x03" + bytes(32) + b"\0" + struct.pack(">H", len(suites)) + suites + b"\x01\0"
    body += struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


def pcap(frames: Iterable[tuple[int, bytes]], link: int = 1, order: str = "<", nanoseconds: bool = False) -> bytes:
    """A capture file of (ns since 1970, frame)."""
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    parts = [struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65535, link)]
    for at, frame in frames:
        seconds, rest = divmod(at, 1_000_000_000)
        parts += [struct.pack(f"{order}IIII", seconds, rest // unit, len(frame), len(frame)), frame]
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + size + body + size


def pcapng(frames: Iterable[tuple[int, bytes]], link: int = 1, order: str = "<", resolution: int = 9) -> bytes:
    """The same as pcapng, times in units of 10 to the power of -*resolution*."""
    first = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    first += block(1, struct.pack(f"{order}HHI", link, 0, 0) + struct.pack(f"{order}HHBxxx", 9, 1, resolution) + bytes(4), order)
    for at, frame in frames:
        units = at // 10 ** (9 - resolution)
        head = struct.pack(f"{order}IIIII", 0, units >> 32, units & 0xFFFFFFFF, len(frame), len(frame))
        first += block(6, head + frame, order)
    return first
