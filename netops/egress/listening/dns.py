"""DNS messages (RFC 1035), of unicast and multicast alike; hostile ones end early and never loop."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

MOST_RECORDS = 64
MOST_JUMPS = 32
MOST_NAME = 255
A, NS, CNAME, SOA, NULL, PTR, MX, TXT, AAAA, SRV, HTTPS = 1, 2, 5, 6, 10, 12, 15, 16, 28, 33, 65
TYPES = {A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", NULL: "NULL", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA",
         SRV: "SRV", HTTPS: "HTTPS", 43: "DS", 48: "DNSKEY", 64: "SVCB", 255: "ANY", 65399: "PRIVATE"}  # fmt: skip


class Answer(NamedTuple):
    """One record: data is an address or a name where it is one, else ""."""

    name: str
    type: int
    data: str
    size: int


class Message(NamedTuple):
    """
    One message.

    Args:
        questions: (name in lower case without its last dot, type).
    """

    id: int
    is_answer: bool
    rcode: int
    questions: tuple[tuple[str, int], ...]
    answers: tuple[Answer, ...] = ()


class Malformed(ValueError):
    """No DNS message."""


def read(octets: bytes) -> Message:
    """
    A message; records that are cut off are left out.

    Raises:
        Malformed: the head or a question makes no sense.
    """
    if len(octets) < 12:
        raise Malformed
    number, flags, asked, answered, servers, more = (int.from_bytes(octets[at : at + 2], "big") for at in range(0, 12, 2))
    if asked > MOST_RECORDS or (flags >> 11 & 15) > 6 or asked + answered + servers + more == 0:
        raise Malformed
    at, questions = 12, []
    for _ in range(asked):
        name, at = _name(octets, at)
        if at + 4 > len(octets):
            raise Malformed
        questions.append((name, int.from_bytes(octets[at : at + 2], "big")))
        at += 4
    answers = []
    try:
        for _ in range(min(answered + more, MOST_RECORDS)):
            one, at = _answer(octets, at)
            answers.append(one)
    except Malformed:
        pass
    return Message(number, bool(flags & 0x8000), flags & 15, tuple(questions), tuple(answers))


def _answer(octets: bytes, at: int) -> tuple[Answer, int]:
    name, at = _name(octets, at)
    if at + 10 > len(octets):
        raise Malformed
    kind, size = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 8 : at + 10], "big")
    at += 10
    if at + size > len(octets):
        raise Malformed
    data = ""
    if kind == A and size == 4:
        data = str(IPv4Address(octets[at : at + 4]))
    elif kind == AAAA and size == 16:
        data = str(IPv6Address(octets[at : at + 16]))
    elif kind in (CNAME, NS, PTR):
        data = _name(octets, at)[0]
    elif kind == SRV and size > 6:
        data = _name(octets, at + 6)[0]
    return Answer(name, kind, data, size), at + size


def _name(octets: bytes, at: int) -> tuple[str, int]:
    """A name, and where the next thing begins; pointers lead only backwards (RFC 1035 §4.1.4)."""
    labels, after, total, jumps = list[str](), -1, 0, 0
    while True:
        if at >= len(octets):
            raise Malformed
        size = octets[at]
        if size == 0:
            return ".".join(labels).lower(), at + 1 if after < 0 else after
        if size >= 0xC0:
            if at + 1 >= len(octets):
                raise Malformed
            to = (size & 0x3F) << 8 | octets[at + 1]
            jumps += 1
            if to >= at or jumps > MOST_JUMPS:
                raise Malformed
            after, at = at + 2 if after < 0 else after, to
            continue
        total += size + 1
        if size > 63 or at + 1 + size > len(octets) or total > MOST_NAME:
            raise Malformed
        labels.append(shown(octets[at + 1 : at + 1 + size]))
        at += 1 + size


def shown(octets: bytes) -> str:
    """Octets of others as text of one line; what is not printable is written as its number."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def netbios(octets: bytes) -> str:
    """The name in a NetBIOS name message (RFC 1002 §4.2), without its suffix; "" when there is none."""
    if len(octets) < 46 or octets[12] != 32:
        return ""
    coded = octets[13:45]
    if any(not 0x41 <= one <= 0x50 for one in coded):
        return ""
    return shown(bytes((coded[at] - 0x41) << 4 | (coded[at + 1] - 0x41) for at in range(0, 30, 2)).rstrip(b" \x00"))
