"""TLS handshakes (RFC 8446, RFC 6066): what a client asks for, and whom a server's certificate names."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from netops.egress.listening.dns import shown

HANDSHAKE, CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 22, 1, 2, 11
MOST_EXTENSIONS = 64
GREASE = frozenset(0x0A0A + 0x1010 * step for step in range(16))
"""Values that mean nothing (RFC 8701)."""


class Hello(NamedTuple):
    """
    A ClientHello.

    Args:
        name: server name it asks for, lower case, "" for none.
        protocols: of ALPN.
        version: highest that it offers, such as 0x0304.
        print: its JA3 digest (version, ciphers, extensions, groups, formats; MD5), which names a program.
        has_ech: an encrypted client hello is offered (the name may be a front).
    """

    name: str
    protocols: tuple[str, ...]
    version: int
    print: str
    has_ech: bool = False


def is_hello(octets: bytes) -> bool:
    """Whether a stream that begins so begins with a ClientHello."""
    return len(octets) >= 6 and octets[0] == HANDSHAKE and octets[1] == 3 and octets[2] <= 4 and octets[5] == CLIENT_HELLO


def is_whole(octets: bytes) -> bool:
    """Whether the first handshake message is there to its end."""
    return len(handshake(octets)) >= 4 and len(handshake(octets)) >= 4 + int.from_bytes(handshake(octets)[1:4], "big")


def handshake(octets: bytes) -> bytes:
    """The handshake messages of the records at the beginning of a stream, put together."""
    parts, at = [], 0
    while at + 5 <= len(octets) and octets[at] == HANDSHAKE and octets[at + 1] == 3:
        size = int.from_bytes(octets[at + 3 : at + 5], "big")
        parts.append(octets[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(parts)


def hello(message: bytes) -> Hello | None:
    """The ClientHello that a handshake message is, as far as it is there; None for anything else."""
    if len(message) < 41 or message[0] != CLIENT_HELLO:
        return None
    version, at = int.from_bytes(message[4:6], "big"), 38
    at += 1 + message[at]
    size = int.from_bytes(message[at : at + 2], "big")
    ciphers = _words(message[at + 2 : at + 2 + size])
    at += 2 + size
    if at >= len(message):
        return None
    at += 1 + message[at] + 2
    name, protocols, highest, has_ech = "", tuple[str, ...](), version, False
    kinds, groups, formats = list[int](), list[int](), list[int]()
    for _ in range(MOST_EXTENSIONS):
        if at + 4 > len(message):
            break
        kind, size = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 2 : at + 4], "big")
        value = message[at + 4 : at + 4 + size]
        kinds.append(kind)
        if kind == 0 and len(value) > 5:
            name = shown(value[5 : 5 + int.from_bytes(value[3:5], "big")]).lower().rstrip(".")
        elif kind == 16:
            protocols = _protocols(value[2:])
        elif kind == 43 and value:
            highest = max([one for one in _words(value[1:]) if one not in GREASE] or [version])
        elif kind == 10:
            groups = _words(value[2:])
        elif kind == 11:
            formats = list(value[1:])
        has_ech = has_ech or kind == 0xFE0D
        at += 4 + size
    lists = [[one for one in several if one not in GREASE] for several in (ciphers, kinds, groups)]
    text = ",".join([str(version), *("-".join(map(str, several)) for several in (*lists, formats))])
    return Hello(name[:255], protocols, highest, hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), has_ech)


def _words(octets: bytes) -> list[int]:
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets) - 1, 2)]


def _protocols(octets: bytes) -> tuple[str, ...]:
    found, at = list[str](), 0
    while at < len(octets) and len(found) < 16:
        found.append(shown(octets[at + 1 : at + 1 + octets[at]]))
        at += 1 + octets[at]
    return tuple(found)


class Named(NamedTuple):
    """Whom a certificate names: the common names of its subject and of its issuer."""

    subject: str
    issuer: str


COMMON_NAME = b"\x06\x03\x55\x04\x03"


def certificate(message: bytes) -> Named | None:
    """
    The names in the first certificate among a server's handshake messages; None when none is there in the clear.

    The issuer's common name stands before the subject's in a certificate (RFC 5280 §4.1).
    """
    at = 0
    while at + 4 <= len(message):
        kind, size = message[at], int.from_bytes(message[at + 1 : at + 4], "big")
        if kind == CERTIFICATE:
            body = message[at + 4 : at + 4 + size]
            first = body[6 : 6 + int.from_bytes(body[3:6], "big")]
            names, where = list[str](), 0
            while len(names) < 2 and (where := first.find(COMMON_NAME, where)) >= 0:
                where += len(COMMON_NAME)
                names.append(shown(first[where + 2 : where + 2 + first[where + 1]]) if where + 2 <= len(first) else "")
            return Named(names[-1], names[0]) if names else Named("", "")
        at += 4 + size
    return None
