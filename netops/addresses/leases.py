"""DHCP leases (租约) as ISC dhcpd, Kea and dnsmasq keep them: who was given which address, until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from netops.addresses.mention import Told
from netops.addresses.reading import Reader, Reading, moment, plain
from netops.core.language import N_

FOREVER = 0xFFFFFFFF
"""A lease of so many seconds does not end (RFC 2131 §3.3, RFC 8415 §7.7)."""


def duid_mac(duid: bytes) -> str:
    """The MAC in a DUID of type LLT or LL over Ethernet (RFC 8415 §11.2, §11.4), or ""."""
    if len(duid) == 14 and duid[:4] == b"\0\x01\0\x01":
        return duid[8:].hex(":")
    return duid[4:].hex(":") if len(duid) == 10 and duid[:4] == b"\0\x03\0\x01" else ""


def _is_current(expires: datetime | None, at: datetime) -> bool:
    return expires is None or expires > at


# ---- ISC dhcpd
DATE = re.compile(r"\d (\d{4})/(\d\d?)/(\d\d?) (\d\d?):(\d\d):(\d\d)(?: [+-]?\d+)?")
STATEMENT = re.compile(r"[a-z][a-zA-Z0-9.-]*(?:\s.*)?;")
OPENING = re.compile(r"[a-z][a-zA-Z0-9.-]*(?:\s.*)?\{")
COMMENT = re.compile(r'^((?:[^"#]|"(?:\\.|[^"\\])*")*)#.*')


class Isc:
    """
    `dhcpd.leases`: a log, whose last word about an address counts; times are UTC (dhcpd.leases(5)).

    One statement a line, as dhcpd writes it.
    """

    def __init__(self, text: str, at: datetime) -> None:
        self.reader = Reader(text, at)
        self.blocks: list[str] = []
        self.client = b""
        self.stated: dict[str, str] = {}
        self.address, self.line = "", 0

    def read(self) -> Reading:
        """Every lease."""
        for number, line in self.reader.lines():
            bare = COMMENT.sub(r"\1", line).strip()
            if not bare:
                continue
            if bare == "}":
                self._close(number)
            elif OPENING.fullmatch(bare):
                self._open(number, bare[:-1].split(None, 1))
            elif STATEMENT.fullmatch(bare):
                self._state(bare[:-1])
            else:
                self.reader.fault(number, line, N_("this is no statement of a lease file"))
        if self.blocks:
            self.reader.fault(self.line, " ".join(self.blocks), N_("the file ends in the middle of an entry"))
        return self.reader.done()

    def _open(self, number: int, words: list[str]) -> None:
        kind, value = words[0], words[1].strip() if len(words) > 1 else ""
        if kind in ("ia-na", "ia-ta"):
            self.client, self.stated = octets(value)[4:], {}
        elif kind in ("lease", "iaaddr"):
            cltt = {"cltt": self.stated["cltt"]} if kind == "iaaddr" and "cltt" in self.stated else {}
            self.address, self.line, self.stated = value, number, cltt
        self.line = number if not self.blocks else self.line
        self.blocks.append(kind)

    def _close(self, number: int) -> None:
        if not self.blocks:
            self.reader.fault(number, "}", N_("nothing was opened before it"))
            return
        if self.blocks.pop() in ("lease", "iaaddr"):
            self._tell()

    def _state(self, statement: str) -> None:
        """Keep what is said of the lease itself, not of what happens at its end."""
        if not self.blocks or self.blocks[-1] not in ("lease", "iaaddr", "ia-na", "ia-ta"):
            return
        word, _, rest = statement.partition(" ")
        if word in ("binding", "hardware"):
            kind, _, rest = rest.strip().partition(" ")
            word = f"{word} {kind}"
        self.stated[word] = rest.strip()

    def _tell(self) -> None:
        reader, stated = self.reader, self.stated
        ip = reader.address(self.line, self.address)
        mac: str | None = duid_mac(self.client) if ":" in ip else ""
        if "hardware ethernet" in stated:
            mac = reader.mac(self.line, stated["hardware ethernet"])
        if not ip or mac is None:
            return
        times = {word: self._time(word) for word in ("starts", "ends", "cltt")}
        state = stated.get("binding state", "active")
        current = state == "active" and "abandoned" not in stated and _is_current(times["ends"], reader.at)
        if not current and not mac:
            reader.forget((ip, ""))
            return
        said = reader.past(times["cltt"] or times["starts"])
        told = Told(
            ip, mac, plain(octets(stated.get("client-hostname", "")).decode("utf-8", "replace")), "",
            reader.past(times["starts"]) or said, said, times["ends"], current,
        )  # fmt: skip
        reader.tell(told, (ip, ""))

    def _time(self, word: str) -> datetime | None:
        text = self.stated.get(word, "never")
        if text == "never":
            return None
        if text.startswith("epoch "):
            return self.reader.epoch(self.line, text[6:].strip())
        match = DATE.fullmatch(text)
        try:
            if match:
                return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
        except ValueError:
            pass
        self.reader.fault(self.line, text, N_("{value} is not a time"), value=plain(text, 45))
        return None


def octets(quoted: str) -> bytes:
    """A string of dhcpd's between quotation marks, with its escapes; b"" when it is none."""
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        return b""
    parts = re.findall(r"\\([0-7]{3})|\\(.)|([^\\]+)", quoted[1:-1], re.DOTALL)
    plain_ones = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b"}
    return b"".join(
        bytes([int(octal, 8) & 0xFF])
        if octal
        else plain_ones.get(one, one.encode())
        if one
        else rest.encode()
        for octal, one, rest in parts
    )


def isc(text: str, at: datetime) -> Reading:
    """`dhcpd.leases` of ISC dhcpd, for IPv4 or IPv6."""
    return Isc(text, at).read()


# ---- Kea
ASSIGNED, DELEGATED = "0", "2"
"""Lease state "default"; lease type IA_PD (Kea: lease.h, memfile's CSV)."""


def kea(text: str, at: datetime) -> Reading:
    """Kea's memfile CSV, for IPv4 or IPv6: a log, whose last line about an address counts."""
    reader = Reader(text, at)
    lines = reader.lines()
    number, head = next(lines, (1, ""))
    titles = head.split(",")
    names = {name: place for place, name in enumerate(titles)}
    if not {"address", "valid_lifetime", "expire"} <= names.keys():
        reader.fault(
            number, head, N_("the first line must name the columns address, valid_lifetime and expire")
        )
        return reader.done()
    for number, line in lines:
        cells = line.split(",")
        if len(cells) < len(titles):
            reader.fault(number, line, N_("{count} columns instead of {expected}"),
                         count=str(len(cells)), expected=str(len(titles)))  # fmt: skip
            continue
        _kea_line(reader, number, {name: cells[place] for name, place in names.items()})
    return reader.done()


def _kea_line(reader: Reader, number: int, row: dict[str, str]) -> None:
    ip = reader.address(number, row["address"])
    lifetime, expire = row["valid_lifetime"], reader.epoch(number, row["expire"])
    if not lifetime.isascii() or not lifetime.isdigit() or len(lifetime) > 10:
        reader.fault(number, lifetime, N_("{value} is not a time in seconds"), value=plain(lifetime, 45))
        return
    mac = reader.mac(number, row["hwaddr"]) if row.get("hwaddr") else _kea_duid(row.get("duid", ""))
    if not ip or mac is None or expire is None:
        return
    if lifetime == "0":  # how memfile writes that a lease was deleted
        reader.forget((ip, ""))
        return
    ends = None if int(lifetime) == FOREVER else expire
    current = row.get("state", ASSIGNED) == ASSIGNED and _is_current(ends, reader.at)
    if row.get("lease_type") == DELEGATED or not (current or mac):
        reader.skip()
        return
    renewed = reader.past(moment(int(expire.timestamp()) - int(lifetime)))
    name = re.sub(r"&#x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), row.get("hostname", ""))
    reader.tell(Told(ip, mac, plain(name.rstrip(".")), "", renewed, renewed, ends, current), (ip, ""))


def _kea_duid(text: str) -> str:
    try:
        return duid_mac(bytes.fromhex(text.replace(":", "")))
    except ValueError:
        return ""


# ---- dnsmasq
def dnsmasq(text: str, at: datetime) -> Reading:
    """`dnsmasq.leases`: what stands now; IPv6 after the line of the server's DUID (dnsmasq: lease.c)."""
    reader = Reader(text, at)
    for told in _dnsmasq_lines(reader):
        reader.tell(told, (told.ip, ""))
    return reader.done()


def _dnsmasq_lines(reader: Reader) -> Iterator[Told]:
    for number, line in reader.lines():
        words = line.split()
        if words[0] == "duid" and len(words) == 2:
            continue
        if len(words) != 5:
            reader.fault(
                number, line, N_("{count} columns instead of {expected}"), count=str(len(words)), expected="5"
            )
            continue
        end, who, address, name, client = words
        before = reader.epoch(number, end) if end != "0" else None
        ip = reader.address(number, address)
        if not ip or (end != "0" and before is None):
            continue
        mac: str | None = _kea_duid(client) if ":" in ip else ""
        if ":" not in ip:
            mac = "" if re.match(r"[0-9a-fA-F]{2}-", who) and ":" in who else reader.mac(number, who)
        if mac is not None:
            name = "" if name == "*" else plain(name)
            yield Told(ip, mac, name, "", None, None, before, _is_current(before, reader.at))
