"""
An SNMP agent that answers out of a table: v2c (RFC 3416), v3 authPriv with SHA and AES-128 (RFC 3414, 3826).

Pure: datagrams in, datagrams out, no sockets.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from netops.probes.ber import (
    END_OF_MIB_VIEW,
    GET,
    GETBULK,
    GETNEXT,
    NO_SUCH_INSTANCE,
    OBJECT,
    OCTETS,
    REPORT,
    RESPONSE,
    SEQUENCE,
    Oid,
    Reader,
    integer,
    oid,
    parse_oid,
    tlv,
)

MAX_ANSWER = 1400
"""Octets of variables in an answer: it fits one frame, as a device's does."""
MAX_ASKED = 128
USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
UNSUPPORTED_LEVEL, NOT_IN_WINDOW, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST = range(1, 6)
TIME_WINDOW = 150


# ---- what there is to answer
class Table:
    """Variables in the order of the tree, each encoded once: a walk costs a search and a copy."""

    def __init__(self, variables: Iterable[tuple[Oid, bytes]] = ()) -> None:
        ordered = sorted(variables)
        self.oids = [name for name, _ in ordered]
        self.values = {name: tlv(SEQUENCE, oid(name) + value) for name, value in ordered}

    def get(self, name: Oid) -> bytes:
        """The variable, or noSuchInstance."""
        return self.values.get(name) or tlv(SEQUENCE, oid(name) + NO_SUCH_INSTANCE)

    def after(self, name: Oid) -> tuple[Oid, bytes]:
        """The next variable, or endOfMibView under the name asked."""
        place = bisect_right(self.oids, name)
        if place == len(self.oids):
            return name, tlv(SEQUENCE, oid(name) + END_OF_MIB_VIEW)
        return self.oids[place], self.values[self.oids[place]]

    def answer(self, kind: int, first: int, second: int, names: list[Oid]) -> bytes:
        """Variables for a GET, GETNEXT or GETBULK (*first* non-repeaters, *second* repetitions)."""
        if kind == GET:
            return b"".join(map(self.get, names))
        if kind == GETNEXT:
            return b"".join(self.after(name)[1] for name in names)
        once, rows = max(first, 0), names[max(first, 0) :]
        said = b"".join(self.after(name)[1] for name in names[:once])
        for _ in range(max(second, 0) if rows else 0):
            row = [self.after(name) for name in rows]
            more = b"".join(value for _, value in row)
            if len(said) + len(more) > MAX_ANSWER or [name for name, _ in row] == rows:
                return said or more
            said, rows = said + more, [name for name, _ in row]
        return said


# ---- who may ask
@dataclass(frozen=True)
class Access:
    """What agents accept: a community (v2c), one user with SHA and AES-128 (v3); "" is neither."""

    community: str = ""
    user: str = ""
    auth_key: str = ""
    priv_key: str = ""


@lru_cache(maxsize=8)
def _key(password: str) -> bytes:
    """RFC 3414 A.2.2: SHA-1 over a megabyte of the password."""
    octets = password.encode()
    return hashlib.sha1((octets * (1048576 // len(octets) + 1))[:1048576], usedforsecurity=False).digest()


def _localized(password: str, engine: bytes) -> bytes:
    key = _key(password)
    return hashlib.sha1(key + engine + key, usedforsecurity=False).digest()


def _cfb(key: bytes, start: bytes, octets: bytes, *, encrypt: bool) -> bytes:
    """AES-128 in CFB128 (RFC 3826) out of single blocks: libraries move CFB about, the cipher stays."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block at a time, chained below
    made, last = bytearray(), start
    for at in range(0, len(octets), 16):
        piece = octets[at : at + 16]
        out = bytes(a ^ b for a, b in zip(piece, block.update(last), strict=False))
        made += out
        last = out if encrypt else piece
    return bytes(made)


class Agent:
    """
    One device: answers datagrams out of its table.

    Args:
        name: what makes its engine id its own.
        table: what it answers; may be changed at any time.
    """

    def __init__(self, name: str, table: Table, access: Access) -> None:
        self.table, self.access = table, access
        # RFC 3411: enterprise 32473 is the one for examples, format 5 is octets.
        own = hashlib.sha1(name.encode(), usedforsecurity=False).digest()[:12]
        self.engine = b"\x80\x00\x7e\xd9\x05" + own
        self.born = time.monotonic()
        self.boots = 1
        self.auth = _localized(access.auth_key, self.engine) if access.user else b""
        self.priv = _localized(access.priv_key, self.engine)[:16] if access.user else b""

    def answer(self, datagram: bytes) -> bytes | None:
        """What to send back; None to what is not SNMP or not allowed."""
        try:
            message = Reader(datagram).into(SEQUENCE)
            version = message.number()
            if version == 1:
                return self._v2c(message)
            return self._v3(datagram, message) if version == 3 and self.access.user else None
        except (ValueError, IndexError, OverflowError):
            return None

    def _v2c(self, message: Reader) -> bytes | None:
        community = message.body()
        if not self.access.community or community != self.access.community.encode():
            return None
        return tlv(SEQUENCE, integer(1) + tlv(OCTETS, community) + self._pdu(message))

    def _pdu(self, message: Reader) -> bytes:
        kind, start, end = message.take()
        if kind not in (GET, GETNEXT, GETBULK):
            raise ValueError(f"PDU {kind:#x}")
        pdu = Reader(message.octets, start, end)
        request, first, second = pdu.number(), pdu.number(), pdu.number()
        names, variables = [], pdu.into(SEQUENCE)
        while variables.at < variables.end:
            names.append(parse_oid(variables.into(SEQUENCE).body(OBJECT)))
        if len(names) > MAX_ASKED or not all(len(name) > 1 for name in names):
            raise ValueError("too much asked, or nothing")
        said = self.table.answer(kind, first, second, names)
        return tlv(RESPONSE, integer(request) + integer(0) + integer(0) + tlv(SEQUENCE, said))

    # ---- version 3
    def _v3(self, datagram: bytes, message: Reader) -> bytes:
        head = message.into(SEQUENCE)
        number, _, flags = head.number(), head.number(), head.body()[0]
        usm = Reader(message.body()).into(SEQUENCE)
        engine, boots, ticks, user = usm.body(), usm.number(), usm.number(), usm.body()
        digest, salt = usm.body(), usm.body()
        if engine != self.engine:
            return self._report(number, UNKNOWN_ENGINE)
        if user != self.access.user.encode():
            return self._report(number, UNKNOWN_USER)
        if flags & 3 != 3:
            return self._report(number, UNSUPPORTED_LEVEL)
        if not hmac.compare_digest(digest, self._digest(datagram.replace(digest, bytes(12), 1))):
            return self._report(number, WRONG_DIGEST)
        if boots != self.boots or abs(ticks - self._ticks()) > TIME_WINDOW:
            return self._report(number, NOT_IN_WINDOW, signed=True)
        start = boots.to_bytes(4, "big") + ticks.to_bytes(4, "big") + salt
        scoped = Reader(_cfb(self.priv, start, message.body(), encrypt=False)).into(SEQUENCE)
        scoped.take(OCTETS)
        context = scoped.body()
        return self._message(number, 3, self._scoped(context, self._pdu(scoped)))

    def _scoped(self, context: bytes, pdu: bytes) -> bytes:
        return tlv(SEQUENCE, tlv(OCTETS, self.engine) + tlv(OCTETS, context) + pdu)

    def _ticks(self) -> int:
        return int(time.monotonic() - self.born)

    def _digest(self, message: bytes) -> bytes:
        return hmac.digest(self.auth, message, "sha1")[:12]

    def _report(self, number: int, what: int, *, signed: bool = False) -> bytes:
        counter = tlv(SEQUENCE, oid((*USM_STATS, what, 0)) + integer(1, 0x41))
        pdu = tlv(REPORT, integer(0) + integer(0) + integer(0) + tlv(SEQUENCE, counter))
        return self._message(number, int(signed), self._scoped(b"", pdu))

    def _message(self, number: int, level: int, scoped: bytes) -> bytes:
        """A whole message: *level* 0 plain, 1 signed, 3 signed and encrypted."""
        ticks, salt, place = self._ticks(), b"", os.urandom(12) if level else b""
        if level & 2:
            salt = os.urandom(8)
            start = self.boots.to_bytes(4, "big") + ticks.to_bytes(4, "big") + salt
            scoped = tlv(OCTETS, _cfb(self.priv, start, scoped, encrypt=True))
        head = tlv(SEQUENCE, integer(number) + integer(65507) + tlv(OCTETS, bytes([level])) + integer(3))
        user = self.access.user.encode() if level else b""
        usm = tlv(
            SEQUENCE,
            tlv(OCTETS, self.engine)
            + integer(self.boots)
            + integer(ticks)
            + tlv(OCTETS, user)
            + tlv(OCTETS, place)
            + tlv(OCTETS, salt),
        )
        whole = tlv(SEQUENCE, integer(3) + head + tlv(OCTETS, usm) + scoped)
        return whole.replace(place, self._digest(whole.replace(place, bytes(12), 1)), 1) if level else whole
