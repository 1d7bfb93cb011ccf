"""Notifications (告警通知): SNMP traps and informs opened, believed only when authentic, and answered. Pure; no I/O."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from netops.core.walk import Value
from netops.probes.ber import (
    ADDRESS,
    COUNTER,
    INFORM,
    OBJECT,
    OCTETS,
    REPORT,
    RESPONSE,
    SEQUENCE,
    TICKS,
    TRAP,
    Oid,
    Reader,
    integer,
    oid,
    parse_oid,
    parse_value,
    tlv,
)
from netops.probes.credentials import Credential
from netops.probes.usm import (
    AUTH,
    MAX_ENGINE,
    MAX_SIZE,
    STATS,
    TIME_WINDOW,
    Aes,
    Des,
    localized,
    password_key,
    privacy_key,
)

OLD_TRAP = 0xA4
"""Trap-PDU of SNMPv1 (RFC 1157); read as RFC 3584 §3.1 says."""
UPTIME, TRAP_OID = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.1.1.4.1.0"
GENERIC = "1.3.6.1.6.3.1.1.5"
"""SNMPv2-MIB snmpTraps: coldStart is .1, as generic-trap 0 of SNMPv1, and so on."""
MAX_VARIABLES = 64
VALUE_OCTETS = 1024
MAX_CLOCKS = 4096
NOT_SUPPORTED, NOT_IN_WINDOW, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST, CANNOT_DECRYPT = range(1, 7)
REFUSALS = {
    NOT_SUPPORTED: "usmStatsUnsupportedSecLevels", NOT_IN_WINDOW: "usmStatsNotInTimeWindows",
    UNKNOWN_USER: "usmStatsUnknownUserNames", UNKNOWN_ENGINE: "usmStatsUnknownEngineIDs",
    WRONG_DIGEST: "usmStatsWrongDigests", CANNOT_DECRYPT: "usmStatsDecryptionErrors",
}  # fmt: skip
COMMUNITY = "unknown community"


class Notification(msgspec.Struct, frozen=True):
    """
    What a device told by itself.

    Args:
        version: "v1", "v2c" or "v3".
        is_inform: whether its sender waits for an answer.
        number: its request id; a repetition has the same.
        oid: snmpTrapOID.0.
        uptime_seconds: sysUpTime.0 when it was sent.
        variables: the others, by name, at most 64.
    """

    version: str
    is_inform: bool
    number: int
    oid: str
    uptime_seconds: float
    variables: tuple[tuple[str, Value], ...]


class Opened(NamedTuple):
    """What came of a datagram: a notification, an answer to send back (b"" for none), why it is not believed."""

    notification: Notification | None = None
    reply: bytes = b""
    refused: str = ""


class _Head(NamedTuple):
    """An SNMPv3 message's parts before its scoped PDU."""

    number: int
    flags: int
    engine: bytes
    boots: int
    ticks: int
    user: bytes
    digest: tuple[int, int]
    salt: bytes

    @property
    def is_reportable(self) -> bool:
        return bool(self.flags & 4)


class Opener:
    """
    Opens datagrams. Of a trap its sender's engine is the authority, of an inform ours is (RFC 3414 §1.5.1).

    Args:
        engine: our snmpEngineID.
        boots: how often it was started; has to grow, or old informs could be played again.
    """

    def __init__(self, engine: bytes, boots: int) -> None:
        self.engine, self.boots, self.since = engine, boots, time.monotonic()
        self._clocks: OrderedDict[bytes, tuple[int, int, float]] = OrderedDict()

    @property
    def ticks(self) -> int:
        """Seconds since our engine was started."""
        return int(time.monotonic() - self.since)

    def open(self, octets: bytes, credentials: Sequence[Credential]) -> Opened:
        """
        One datagram of a sender that may use any of *credentials*.

        Raises:
            ValueError: it is no notification, or a malformed one.
        """
        message = Reader(octets).into(SEQUENCE)
        version = message.number()
        if version == 3:
            return self._v3(octets, message, credentials)
        if version not in (0, 1):
            raise ValueError("no version of SNMP")
        return _community(octets, message, version, credentials)

    # ---- version 3
    def _v3(self, octets: bytes, message: Reader, credentials: Sequence[Credential]) -> Opened:
        head = _head(octets, message)
        is_own = head.engine == self.engine
        if not is_own and head.is_reportable:  # who asks for our engine's id, or knows an old one
            return Opened(reply=self._report(head, UNKNOWN_ENGINE))
        if not head.engine:
            return Opened(refused=REFUSALS[UNKNOWN_ENGINE])
        users = [one for one in credentials if one.version == "v3" and one.user.encode() == head.user]
        if not users:
            return self._refuse(head, UNKNOWN_USER)
        level = head.flags & 3
        users = [one for one in users if _level(one) == level]
        if not users:
            return self._refuse(head, NOT_SUPPORTED)
        user = next((one for one in users if not level & 1 or _is_signed(octets, head, one)), None)
        if user is None:
            return self._refuse(head, WRONG_DIGEST)
        if level & 1 and not self._is_in_time(head):
            return self._refuse(head, NOT_IN_WINDOW, user)
        if level & 2:
            hidden = message.body()
            if len(head.salt) != 8 or not hidden or (user.priv_protocol == "DES" and len(hidden) % 8):
                return self._refuse(head, CANNOT_DECRYPT)
            octets = _cipher(user, head.engine).decrypt(hidden, head.boots, head.ticks, head.salt)
            message = Reader(octets)
        scoped = message.into(SEQUENCE)
        context = tlv(OCTETS, scoped.body()) + tlv(OCTETS, scoped.body())
        notification, response = _pdu(octets, scoped, "v3")
        if notification.is_inform is not is_own:
            return Opened(refused=REFUSALS[UNKNOWN_ENGINE])
        if not is_own:
            return Opened(notification)
        return Opened(notification, self._message(head, user, level, tlv(SEQUENCE, context + response)))

    def _is_in_time(self, head: _Head) -> bool:
        """RFC 3414 §3.2 7: by our own clock; by the sender's as it was last heard, and nothing older."""
        if head.engine == self.engine:
            return head.boots == self.boots and abs(head.ticks - self.ticks) <= TIME_WINDOW
        boots, ticks, since = self._clocks.get(head.engine, (0, 0, 0.0))
        now = time.monotonic()
        if head.boots < boots or (head.boots == boots and head.ticks < ticks + (now - since) - TIME_WINDOW):
            return False
        if (head.boots, head.ticks) > (boots, ticks):
            self._clocks[head.engine] = (head.boots, head.ticks, now)
            self._clocks.move_to_end(head.engine)
            if len(self._clocks) > MAX_CLOCKS:
                self._clocks.popitem(last=False)
        return True

    def _refuse(self, head: _Head, what: int, user: Credential | None = None) -> Opened:
        reply = self._report(head, what, user) if head.is_reportable else b""
        return Opened(reply=reply, refused=REFUSALS[what])

    def _report(self, head: _Head, what: int, user: Credential | None = None) -> bytes:
        """Signed when the user is known: only so may a sender believe our clock."""
        counter = tlv(SEQUENCE, oid((*STATS, what, 0)) + integer(1, COUNTER))
        pdu = tlv(REPORT, integer(0) * 3 + tlv(SEQUENCE, counter))
        scoped = tlv(SEQUENCE, tlv(OCTETS, self.engine) + tlv(OCTETS, b"") + pdu)
        return self._message(head, user, 1 if user else 0, scoped)

    def _message(self, head: _Head, user: Credential | None, level: int, scoped: bytes) -> bytes:
        ticks, salt = self.ticks, b""
        if level & 2 and user is not None:
            hidden, salt = _cipher(user, self.engine).encrypt(scoped, self.boots, ticks)
            scoped = tlv(OCTETS, hidden)
        zeros = bytes(AUTH[user.auth_protocol][1]) if level & 1 and user is not None else b""
        top = tlv(
            SEQUENCE, integer(head.number) + integer(MAX_SIZE) + tlv(OCTETS, bytes((level,))) + integer(3)
        )
        usm = tlv(SEQUENCE, tlv(OCTETS, self.engine) + integer(self.boots) + integer(ticks)
                  + tlv(OCTETS, head.user) + tlv(OCTETS, zeros) + tlv(OCTETS, salt))  # fmt: skip
        whole = tlv(SEQUENCE, integer(3) + top + tlv(OCTETS, usm) + scoped)
        if not zeros or user is None:
            return whole
        place = len(whole) - len(scoped) - len(salt) - 2 - len(zeros)
        return whole[:place] + _digest(whole, user, self.engine) + whole[place + len(zeros) :]


def _head(octets: bytes, message: Reader) -> _Head:
    top = message.into(SEQUENCE)
    number, _size, flags, model = top.number(), top.number(), top.body(), top.number()
    usm = Reader(octets, *message.take(OCTETS)[1:]).into(SEQUENCE)
    engine, boots, ticks, user = usm.body(), usm.number(), usm.number(), usm.body()
    _, start, end = usm.take(OCTETS)
    salt = usm.body()
    if model != 3 or len(flags) != 1 or len(engine) > MAX_ENGINE or len(user) > 32:
        raise ValueError("not by the User-based Security Model")
    if not (0 <= boots < 1 << 31 and 0 <= ticks < 1 << 31 and 0 <= number < 1 << 31):
        raise ValueError("a clock or a number that is none")
    return _Head(number, flags[0] & 7, engine, boots, ticks, user, (start, end), salt)


def _level(user: Credential) -> int:
    return (1 if user.auth_protocol else 0) | (2 if user.priv_protocol else 0)


def _is_signed(octets: bytes, head: _Head, user: Credential) -> bool:
    start, end = head.digest
    if end - start != AUTH[user.auth_protocol][1]:
        return False
    whole = octets[:start] + bytes(end - start) + octets[end:]
    return hmac.compare_digest(octets[start:end], _digest(whole, user, head.engine))


def _digest(whole: bytes, user: Credential, engine: bytes) -> bytes:
    name, size = AUTH[user.auth_protocol]
    return hmac.digest(_signing_key(name, user.auth_key, engine), whole, name)[:size]


@lru_cache(maxsize=MAX_CLOCKS)
def _signing_key(name: str, password: str, engine: bytes) -> bytes:
    return localized(name, password_key(name, password), engine)


@lru_cache(maxsize=MAX_CLOCKS)
def _cipher_of(name: str, protocol: str, password: str, engine: bytes) -> Aes | Des:
    key = privacy_key(name, protocol, password, engine)
    return Des(key) if protocol == "DES" else Aes(key)


def _cipher(user: Credential, engine: bytes) -> Aes | Des:
    return _cipher_of(AUTH[user.auth_protocol][0], user.priv_protocol, user.priv_key, engine)


# ---- communities
def _community(octets: bytes, message: Reader, version: int, credentials: Sequence[Credential]) -> Opened:
    given = message.body()
    known = [one.community.encode() for one in credentials if one.version == "v2c" and one.community]
    # Every known one is compared, so that the time says nothing.
    if not sum(hmac.compare_digest(given, one) for one in known):
        return Opened(refused=COMMUNITY)
    if version == 0:
        return Opened(_old_trap(octets, message))
    notification, response = _pdu(octets, message, "v2c")
    if not notification.is_inform:
        return Opened(notification)
    return Opened(notification, tlv(SEQUENCE, integer(1) + tlv(OCTETS, given) + response))


# ---- what is told
def _pdu(octets: bytes, holder: Reader, version: str) -> tuple[Notification, bytes]:
    """The notification, and the PDU that would answer it (RFC 3416 §4.2.7: the same variables)."""
    kind, start, end = holder.take()
    if kind not in (TRAP, INFORM):
        raise ValueError("neither a trap nor an inform")
    pdu = Reader(octets, start, end)
    number, _, _ = pdu.number(), pdu.number(), pdu.number()
    _, start, end = pdu.take(SEQUENCE)
    variables = _variables(octets, start, end)
    uptime = next((value for name, value in variables if name == UPTIME), 0)
    told = next((value for name, value in variables if name == TRAP_OID), None)
    if not isinstance(told, str):
        raise ValueError("a notification without snmpTrapOID.0")
    rest = tuple(one for one in variables if one[0] not in (UPTIME, TRAP_OID))
    response = tlv(RESPONSE, integer(number) + integer(0) * 2 + tlv(SEQUENCE, octets[start:end]))
    return Notification(version, kind == INFORM, number, told, _seconds(uptime), rest), response


def _variables(octets: bytes, start: int, end: int) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    among = Reader(octets, start, end)
    while among.at < among.end and len(found) < MAX_VARIABLES:
        one = among.into(SEQUENCE)
        name = parse_oid(one.body(OBJECT))
        tag, start, end = one.take()
        value = parse_value(tag, octets[start:end], VALUE_OCTETS)
        if value is not None:
            found.append((_dotted(name), value))
    return found


def _old_trap(octets: bytes, message: Reader) -> Notification:
    """RFC 3584 §3.1: the enterprise, then 0, then the specific trap; or the generic one in snmpTraps."""
    trap = message.into(OLD_TRAP)
    enterprise = parse_oid(trap.body(OBJECT))
    trap.take(ADDRESS)
    generic, specific = trap.number(), trap.number()
    ticks = int.from_bytes(trap.body(TICKS)[:9], "big")
    _, start, end = trap.take(SEQUENCE)
    name = f"{GENERIC}.{generic + 1}" if 0 <= generic < 6 else _dotted((*enterprise, 0, specific))
    return Notification("v1", False, 0, name, ticks / 100, tuple(_variables(octets, start, end)))  # noqa: FBT003 - a field


def _dotted(name: Oid) -> str:
    if not 2 <= len(name) <= 128 or any(not 0 <= part < 1 << 32 for part in name):
        raise ValueError("an object identifier that is none")
    return ".".join(map(str, name))


def _seconds(ticks: Value) -> float:
    return ticks / 100 if isinstance(ticks, int) and ticks >= 0 else 0.0
