"""Tickets: what a probe carries, so that only its own answer is believed, whoever sends it to the sensor. Pure."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from ipaddress import IPv6Address, ip_address

import msgspec

MAGIC = b"NOP1"
LENGTH = 4 + 4 + 8 + 16 + 8 + 16
FRESH_SECONDS = 60
"""A ticket that comes back later (a late retransmission, a replay) proves nothing."""


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


def is_ours(key: str, payload: bytes, now: float) -> bool:
    """Whether a payload was written with the key that *key* belongs to, not longer than FRESH_SECONDS ago."""
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
