"""
Tickets: what a probe carries, so that only its own answer is believed, whoever sends it to the sensor. Pure.

A whole ticket says inside whom it asked. Many services give back a few octets only: those carry a stub, which the
probing side finds again by writing down what it sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from ipaddress import IPv6Address, ip_address

import msgspec

MAGIC = b"NOP1"
LENGTH = 4 + 4 + 8 + 16 + 8 + 16
FRESH_SECONDS = 60
"""A ticket that comes back later (a late retransmission, a replay) proves nothing."""
STUBS = {8: 5, 4: 3}
"""Octets of a stub to those of them that only the probing side can write; the rest is the sensor's check."""
SLOT_SECONDS = 32
NEEDED_BITS = 56
"""So many unpredictable bits must have come back until an answer is believed: one stub of eight octets, two of four."""


class Ticket(msgspec.Struct, frozen=True):
    """
    What a ticket says inside.

    Args:
        target: who was asked, canonical text.
        at: when, seconds since 1970 UTC.
        run: hex; the same for all probes of one run.
    """

    target: str
    at: int
    run: str


def new_key() -> str:
    """A fresh key of the probing side, as its file holds it."""
    return f"netops-probe {secrets.token_hex(32)}"


def sensor_key(text: str) -> str:
    """
    The sensor's key out of the probing side's: it knows tickets of ours, and can neither read nor write them.

    Raises:
        ValueError: it is no key.
    """
    kind, secret = _parts(text)
    if kind == "netops-probe":
        return f"netops-sensor {_mac(secret, b'sensor').hex()}"
    return f"netops-sensor {secret.hex()}"


def write(key: str, target: str, at: int, run: str) -> bytes:
    """
    The payload of one probe; the address inside is sealed, nobody on the way reads it.

    Raises:
        ValueError: the key is none, or only the sensor's.
    """
    secret, outer = _secret(key), _parts(sensor_key(key))[1]
    head = MAGIC + at.to_bytes(4, "big") + bytes.fromhex(run) + secrets.token_bytes(4)
    address = ip_address(target)
    value = int(address) if address.version == 6 else 0xFFFF << 32 | int(address)
    sealed = _xor(value.to_bytes(16, "big"), _mac(secret, b"seal" + head))
    inner = head + sealed + _mac(secret, b"tag" + head + sealed)[:8]
    return inner + _mac(outer, inner)[:16]


def inner(key: str, run: str, target: str, what: str, size: int) -> bytes:
    """
    The part of a stub of *size* octets that only the probing side can write; its first bit is 0, as in a positive number.

    Args:
        what: tells probes to the same target apart, such as "ntp 0".

    Raises:
        ValueError: the key is none, or only the sensor's.
    """
    made = bytearray(_mac(_secret(key), f"stub {run} {target} {what}".encode())[: STUBS[size]])
    made[0] &= 0x7F
    return bytes(made)


def stub(key: str, inside: bytes, at: float, size: int) -> bytes:
    """A stub: its inner part, and the sensor's check of the time at which it leaves."""
    return inside + _check(_parts(sensor_key(key))[1], inside, int(at) // SLOT_SECONDS, size)


def _check(outer: bytes, inside: bytes, slot: int, size: int) -> bytes:
    return _mac(outer, b"stub" + slot.to_bytes(8, "big") + inside)[: size - len(inside)]


def bits(payload: bytes) -> int:
    """How many bits of it nobody else can foretell."""
    return 8 * (len(payload) if len(payload) in STUBS else 24)


def is_ours(key: str, payload: bytes, now: float) -> bool:
    """Whether a payload was written with the key that *key* belongs to, not longer than about FRESH_SECONDS ago."""
    if len(payload) in STUBS:
        outer, inside = _parts(sensor_key(key))[1], payload[: STUBS[len(payload)]]
        rest, slot = payload[len(inside) :], int(now) // SLOT_SECONDS
        return any(hmac.compare_digest(_check(outer, inside, slot - back, len(payload)), rest) for back in range(-1, 3))
    if len(payload) != LENGTH or not payload.startswith(MAGIC):
        return False
    outer = _parts(sensor_key(key))[1]
    age = now - int.from_bytes(payload[4:8], "big")
    return -5 <= age <= FRESH_SECONDS and hmac.compare_digest(_mac(outer, payload[:-16])[:16], payload[-16:])


def read(key: str, payload: bytes) -> Ticket | None:
    """What the ticket says; None when this key did not write it."""
    if len(payload) != LENGTH:
        return None
    secret, head, sealed = _secret(key), payload[:16], payload[16:32]
    if not hmac.compare_digest(_mac(secret, b"tag" + head + sealed)[:8], payload[32:40]):
        return None
    address = IPv6Address(_xor(sealed, _mac(secret, b"seal" + head)))
    return Ticket(str(address.ipv4_mapped or address), int.from_bytes(head[4:8], "big"), head[8:12].hex())


def to_text(payload: bytes) -> str:
    """A ticket as part of an address of the web."""
    return base64.urlsafe_b64encode(payload).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """The ticket that was written so; b"" when it is none."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{75}", text):
        return b""
    return base64.urlsafe_b64decode(text + "=")


def signature(key: str, previous: str, line: bytes) -> str:
    """The seal of one line of a sensor's file, chained to the line before."""
    return _mac(_parts(sensor_key(key))[1], b"line" + previous.encode() + line).hex()


def _parts(text: str) -> tuple[str, bytes]:
    kind, _, secret = text.strip().partition(" ")
    if kind not in ("netops-probe", "netops-sensor") or len(secret) != 64:
        raise ValueError("no key of a probe or a sensor")
    return kind, bytes.fromhex(secret)


def _secret(text: str) -> bytes:
    kind, secret = _parts(text)
    if kind != "netops-probe":
        raise ValueError("the key of a sensor; the probing side has the other one")
    return secret


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))
