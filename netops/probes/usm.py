"""SNMPv3 messages by the User-based Security Model (RFC 3414, 3826, 7860): written, and believed only when authentic. Pure."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from netops.probes.ber import GET, OCTETS, REPORT, SEQUENCE, Oid, Reader, integer, parse_oid, tlv
from netops.probes.credentials import Credential
from netops.probes.question import Answer, answered, question, variables

AUTH = {"MD5": ("md5", 12), "SHA": ("sha1", 12), "SHA224": ("sha224", 16), "SHA256": ("sha256", 24),
        "SHA384": ("sha384", 32), "SHA512": ("sha512", 48)}  # fmt: skip
"""The hash, and the octets of it that a message carries."""
PRIV = {"DES": 16, "AES": 16, "AES192": 24, "AES256": 32, "AES192C": 24, "AES256C": 32}
"""Octets of the key. The C kinds lengthen short keys as Cisco does, the others as draft-blumenthal-aes-usm-04 (net-snmp)."""
STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
REPORTS = {1: "usmStatsUnsupportedSecLevels", 2: "usmStatsNotInTimeWindows", 3: "usmStatsUnknownUserNames",
           4: "usmStatsUnknownEngineIDs", 5: "usmStatsWrongDigests", 6: "usmStatsDecryptionErrors"}  # fmt: skip
NOT_IN_TIME, UNKNOWN_ENGINE = REPORTS[2], REPORTS[4]
TIME_WINDOW = 150
"""Seconds, RFC 3414 §2.2.3."""
MAX_ENGINE = 64
MAX_SIZE = 65507


class Unauthentic(Exception):
    """A message that nobody proves to be the agent's; it is as if it had not come."""


class Heard(NamedTuple):
    """A message that may be believed: its number, its PDU, and the name of the report that it is, or ""."""

    number: int
    answer: Answer
    report: str


# ---- keys
@lru_cache(maxsize=64)
def password_key(name: str, password: str) -> bytes:
    """RFC 3414 A.2: the hash *name* over a megabyte of the password."""
    return _stretched(name, password.encode())


def _stretched(name: str, octets: bytes) -> bytes:
    megabyte = (octets * (1048576 // max(len(octets), 1) + 1))[:1048576]
    return hashlib.new(name, megabyte, usedforsecurity=False).digest()


def localized(name: str, key: bytes, engine: bytes) -> bytes:
    """The user's key at one engine (RFC 3414 §2.6)."""
    return hashlib.new(name, key + engine + key, usedforsecurity=False).digest()


def privacy_key(name: str, protocol: str, password: str, engine: bytes) -> bytes:
    """As many octets as the cipher wants; a short one is lengthened in one of two ways."""
    made = localized(name, password_key(name, password), engine)
    while len(made) < PRIV[protocol]:
        if protocol.endswith("C"):
            made += localized(name, _stretched(name, made), engine)
        else:
            made += hashlib.new(name, made, usedforsecurity=False).digest()
    return made[: PRIV[protocol]]


# ---- ciphers
class Aes:
    """AES in CFB128 (RFC 3826), out of single blocks: libraries move CFB about, the cipher stays."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305 - chained below
        self._salts = count(int.from_bytes(os.urandom(8), "big"))

    def encrypt(self, octets: bytes, boots: int, ticks: int) -> tuple[bytes, bytes]:
        """The octets hidden, and the salt that goes with them."""
        salt = (next(self._salts) & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big")
        made, last = [], boots.to_bytes(4, "big") + ticks.to_bytes(4, "big") + salt
        for at in range(0, len(octets), 16):
            last = _xor(octets[at : at + 16], self._block(last))
            made.append(last)
        return b"".join(made), salt

    def decrypt(self, octets: bytes, boots: int, ticks: int, salt: bytes) -> bytes:
        """Each block is hidden by the cipher of the one before it, so one call makes them all."""
        before = boots.to_bytes(4, "big") + ticks.to_bytes(4, "big") + salt + octets
        return _xor(octets, self._block(before[: (len(octets) + 15) // 16 * 16]))


class Des:
    """DES in CBC (RFC 3414 §8), for old devices only."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        def cipher(salt: bytes) -> Any:
            return Cipher(TripleDES(key[:8] * 3), modes.CBC(_xor(key[8:16], salt)))  # one key thrice is DES

        self._cipher: Callable[[bytes], Any] = cipher
        self._salts = count(int.from_bytes(os.urandom(4), "big"))

    def encrypt(self, octets: bytes, boots: int, _ticks: int) -> tuple[bytes, bytes]:
        """The octets hidden, and the salt that goes with them."""
        salt = boots.to_bytes(4, "big") + (next(self._salts) & 0xFFFF_FFFF).to_bytes(4, "big")
        return self._cipher(salt).encryptor().update(octets + bytes(-len(octets) % 8)), salt

    def decrypt(self, octets: bytes, _boots: int, _ticks: int, salt: bytes) -> bytes:
        """The octets, perhaps with up to seven more behind them."""
        shown: bytes = self._cipher(salt).decryptor().update(octets)
        return shown


def _xor(octets: bytes, mask: bytes) -> bytes:
    size = len(octets)
    return (int.from_bytes(octets, "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")


# ---- messages
class Usm:
    """
    One user at one authoritative engine: its keys there, its clock.

    Until an authentic message came, the clock of the discovery is taken for what it says (RFC 3414 §4).
    """

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.level = 1 if credential.auth_protocol else 0
        self.level |= 2 if credential.priv_protocol else 0
        self.hash, self.digest_size = AUTH.get(credential.auth_protocol, ("", 0))
        self.engine = b""
        self.boots = self.ticks = 0
        self.since = time.monotonic()
        self.is_proven = False
        self._key = b""
        self._cipher: Aes | Des | None = None

    # ---- writing
    def discovery(self, number: int) -> bytes:
        """Asks anybody's engine for its id and clock (RFC 3414 §4)."""
        scoped = tlv(SEQUENCE, tlv(OCTETS, b"") * 2 + question(GET, number, ()))
        return _message(number, 4, b"", 0, 0, b"", b"", b"", scoped)

    def learn(self, heard: Heard, engine: bytes, boots: int, ticks: int) -> None:
        """
        Take engine id and clock from the answer to a discovery.

        Raises:
            ValueError: it is not one.
        """
        if heard.answer.kind != REPORT or not 0 < len(engine) <= MAX_ENGINE:
            raise ValueError("no answer to a discovery")
        self.engine, self.is_proven = engine, False
        self._set(boots, ticks)
        if self.level & 1:
            self._key = localized(self.hash, password_key(self.hash, self.credential.auth_key), engine)
        if self.level & 2:
            one = self.credential
            key = privacy_key(self.hash, one.priv_protocol, one.priv_key, engine)
            self._cipher = Des(key) if one.priv_protocol == "DES" else Aes(key)

    def message(self, number: int, pdu: bytes) -> bytes:
        """A whole message to the engine, signed and encrypted as the credential says."""
        ticks = min(self.ticks + int(time.monotonic() - self.since), 0x7FFF_FFFF)
        scoped = tlv(SEQUENCE, tlv(OCTETS, self.engine) + tlv(OCTETS, self.credential.context.encode()) + pdu)
        salt = b""
        if self._cipher is not None:
            hidden, salt = self._cipher.encrypt(scoped, self.boots, ticks)
            scoped = tlv(OCTETS, hidden)
        user = self.credential.user.encode()
        zeros = bytes(self.digest_size)
        whole = _message(number, self.level | 4, self.engine, self.boots, ticks, user, zeros, salt, scoped)
        if not self.level & 1:
            return whole
        place = len(whole) - len(scoped) - len(salt) - 2 - self.digest_size
        return whole[:place] + self._digest(whole) + whole[place + self.digest_size :]

    def _digest(self, whole: bytes) -> bytes:
        return hmac.digest(self._key, whole, self.hash)[: self.digest_size]

    # ---- reading
    def hear(self, octets: bytes) -> Heard:
        """
        What a message says, when it may be believed.

        Anything but a report has to be signed and encrypted as we ask, by this engine, and in time. A report about a
        wrong user or key cannot be signed, and is taken as it is; one about the clock has to be.

        Raises:
            Unauthentic: it is not proven to be the agent's.
            ValueError: it is no message.
        """
        message = Reader(octets).into(SEQUENCE)
        if message.number() != 3:
            raise ValueError("not version 3")
        head = message.into(SEQUENCE)
        number, _size, flags = head.number(), head.number(), head.body()
        parameters = Reader(octets, *message.take(OCTETS)[1:]).into(SEQUENCE)
        engine, boots, ticks, _user = (
            parameters.body(), parameters.number(), parameters.number(), parameters.body(),
        )  # fmt: skip
        _, place, place_end = parameters.take(OCTETS)
        salt = parameters.body()
        if len(flags) != 1 or boots < 0 or ticks < 0:
            raise ValueError("flags or a clock that are none")
        if self.engine and engine != self.engine and flags[0] & 3:
            raise Unauthentic("another engine")
        level = flags[0] & 3 & self.level
        if level & 1:
            self._check(octets, place, place_end)
        answer = self._scoped(octets, message, level, (boots, ticks, salt))
        report = _report(answer)
        if not self.engine:
            self.learn(Heard(number, answer, report), engine, boots, ticks)
            return Heard(number, answer, report)
        if answer.kind != REPORT and (level != self.level or engine != self.engine):
            raise Unauthentic("not signed or not encrypted")
        if level & 1:
            self._in_time(boots, ticks)
        elif self.level & 1 and report == NOT_IN_TIME:
            raise Unauthentic("a clock that nobody signed")
        return Heard(number, answer, report)

    def _check(self, octets: bytes, place: int, end: int) -> None:
        given = octets[place:end]
        whole = octets[:place] + bytes(end - place) + octets[end:]
        if len(given) != self.digest_size or not hmac.compare_digest(given, self._digest(whole)):
            raise Unauthentic("wrong digest")

    def _scoped(self, octets: bytes, message: Reader, level: int, clock: tuple[int, int, bytes]) -> Answer:
        if not level & 2:
            scoped = message.into(SEQUENCE)
        elif (hidden := message.body()) and len(clock[2]) == 8 and self._cipher is not None:
            if isinstance(self._cipher, Des) and len(hidden) % 8:
                raise ValueError("not whole blocks")
            octets = self._cipher.decrypt(hidden, clock[0] & 0xFFFF_FFFF, clock[1] & 0xFFFF_FFFF, clock[2])
            scoped = Reader(octets).into(SEQUENCE)
        else:
            raise ValueError("a salt that is none")
        scoped.take(OCTETS)
        scoped.take(OCTETS)
        return answered(octets, scoped.at, scoped.end)

    def _in_time(self, boots: int, ticks: int) -> None:
        """RFC 3414 §3.2 7b: an older clock is a message played again; a newer one is the agent's restart."""
        known = self.ticks + time.monotonic() - self.since
        if self.is_proven and (boots < self.boots or (boots == self.boots and ticks < known - TIME_WINDOW)):
            raise Unauthentic("it was said before")
        self.is_proven = True
        self._set(boots, ticks)

    def _set(self, boots: int, ticks: int) -> None:
        self.boots, self.ticks, self.since = boots, ticks, time.monotonic()


def _message(
    number: int, flags: int, engine: bytes, boots: int, ticks: int, user: bytes, digest: bytes, salt: bytes,
    data: bytes,
) -> bytes:  # fmt: skip
    head = tlv(SEQUENCE, integer(number) + integer(MAX_SIZE) + bytes((OCTETS, 1, flags, 2, 1, 3)))
    parameters = tlv(SEQUENCE, tlv(OCTETS, engine) + integer(boots) + integer(ticks)
                     + tlv(OCTETS, user) + tlv(OCTETS, digest) + tlv(OCTETS, salt))  # fmt: skip
    return tlv(SEQUENCE, b"\x02\x01\x03" + head + tlv(OCTETS, parameters) + data)


def _report(answer: Answer) -> str:
    """The counter's name that a report gives (RFC 3414 §5), its OID when it is another, "" for no report."""
    if answer.kind != REPORT:
        return ""
    for name, _ in variables(answer):
        parts = parse_oid(name)
        if parts[: len(STATS)] == STATS and len(parts) > len(STATS):
            return REPORTS.get(parts[len(STATS)], ".".join(map(str, parts)))
        return ".".join(map(str, parts))
    return "report"
