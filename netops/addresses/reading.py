"""Reading what strangers wrote: bounds, faults with their place, addresses and MACs in every spelling. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from netops.addresses.mention import Told
from netops.addresses.span import MAPPED, number, shown
from netops.core.language import N_

MAX_BYTES = 64 << 20
MAX_LINES = 2_000_000
MAX_LINE = 4096
MAX_TOLD = 500_000
SHOWN = 100
"""Faults that are listed; the count is always whole."""
MAX_NAME = 255
LONG_AGO = timedelta(days=3660)

MAC = re.compile(
    r"(?i)[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}"
    r"|[0-9a-f]{4}(?:[.-][0-9a-f]{4}){2}"
)
NO_MAC = ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")


class Fault(msgspec.Struct, frozen=True):
    """One line that was not understood: its number from 1, what stands there, and what is wrong (a message id)."""

    line: int
    value: str
    what: str
    facts: dict[str, str] = {}


class Reading(msgspec.Struct, frozen=True):
    """
    What a file told.

    Args:
        told: one entry an address and MAC.
        bad: lines that were not understood; *faults* are the first of them.
        lines: lines read.
        skipped: entries that say nothing about a terminal: link-local, multicast, unanswered, the device's own.
        is_cut: the file went on, and was not read further.
    """

    told: tuple[Told, ...] = ()
    bad: int = 0
    faults: tuple[Fault, ...] = ()
    lines: int = 0
    skipped: int = 0
    is_cut: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything in it was understood."""
        return not self.bad and not self.is_cut


class Reader:
    """
    One text being read: hands out its lines, and collects what they tell and what is wrong with them.

    Args:
        text: the whole file, decoded.
        at: the moment that it speaks of.
    """

    def __init__(self, text: str, at: datetime) -> None:
        self.text, self.at = text, at
        self._told: dict[tuple[str, str], Told] = {}
        self._faults: list[Fault] = []
        self._bad: set[int] = set()
        self._lines = self._skipped = 0
        self._cut = False

    def lines(self) -> Iterator[tuple[int, str]]:
        """Lines that are not empty, with their number; one that is too long is a fault."""
        for place, line in enumerate(self.text.split("\n"), 1):
            self._lines = place
            if place > MAX_LINES or len(self._told) >= MAX_TOLD:
                self._cut = True
                return
            if len(line) > MAX_LINE:
                self.fault(
                    self._lines, line, N_("the line is longer than {most} characters"), most=str(MAX_LINE)
                )
            elif stripped := line.strip():
                yield place, stripped

    def fault(self, line: int, found: str, what: str, /, **facts: str) -> None:
        """The line was not understood; it is counted once."""
        if line in self._bad:
            return
        self._bad.add(line)
        if len(self._faults) < SHOWN:
            self._faults.append(Fault(line, plain(found, 80), what, facts))

    def skip(self) -> None:
        """An entry that is understood and says nothing about a terminal."""
        self._skipped += 1

    def tell(self, one: Told, key: tuple[str, str] | None = None) -> None:
        """An address; one told again under the same key takes the place of what was told before."""
        if is_no_terminal(one.ip):
            self.skip()
            return
        self._told[key or (one.ip, one.mac)] = one

    def forget(self, key: tuple[str, str]) -> None:
        """What was told under *key* is taken back."""
        self._told.pop(key, None)

    def address(self, line: int, text: str) -> str:
        """Canonical text of an address; "" after noting a fault."""
        try:
            return shown(number(text.split("%")[0]))
        except ValueError:
            self.fault(line, text, N_("{value} is not an address"), value=plain(text, 45))
            return ""

    def mac(self, line: int, text: str) -> str | None:
        """A MAC in the usual spelling, "" when it is none that a terminal has; None after noting a fault."""
        found = spelled(text)
        if found is None:
            self.fault(line, text, N_("{value} is not a MAC"), value=plain(text, 45))
        return found

    def epoch(self, line: int, text: str) -> datetime | None:
        """Seconds since 1970; None after noting a fault."""
        found = moment(int(text)) if text.isascii() and text.isdigit() and len(text) <= 12 else None
        if not found:
            self.fault(line, text, N_("{value} is not a time in seconds"), value=plain(text, 45))
        return found

    def past(self, when: datetime | None) -> datetime | None:
        """A time that may be believed as past: not after the file's own, not before ten years."""
        return when if when is not None and self.at - LONG_AGO <= when <= self.at else None

    def done(self) -> Reading:
        """Everything that was read."""
        return Reading(
            tuple(self._told.values()),
            len(self._bad),
            tuple(self._faults),
            self._lines,
            self._skipped,
            self._cut,
        )


def moment(seconds: int) -> datetime | None:
    """So many seconds after 1970, or None when no calendar has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def spelled(text: str) -> str | None:
    """A MAC as six lower-case octets with colons; "" for one that nobody has; None when *text* is none."""
    text = text.strip()
    if not MAC.fullmatch(text):
        return None
    if ":" in text:
        mac = ":".join(part.rjust(2, "0") for part in text.lower().split(":"))
    else:
        digits = re.sub(r"[.-]", "", text.lower())
        mac = ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    return "" if mac in NO_MAC else mac


def plain(text: str, most: int = MAX_NAME) -> str:
    """A stranger's text without what is not printable, cut to *most* characters."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:most])


def is_no_terminal(ip: str) -> bool:
    """Unspecified, loopback, link-local and multicast addresses; a broadcast of everything."""
    value = number(ip)
    if value >> 32 == MAPPED >> 32:
        low = value & 0xFFFFFFFF
        return low >> 24 in (0, 127) or low >> 28 >= 14 or low >> 16 == 0xA9FE
    return value < 2 or value >> 118 == 0xFE80 >> 6 or value >> 120 == 0xFF


def decoded(content: bytes) -> str:
    """
    A file's text: UTF-8, else GB18030 as Chinese terminals save it; what is neither becomes U+FFFD.

    Raises:
        ValueError: it is larger than MAX_BYTES, or no text at all; the argument is a message id.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(N_("it is larger than 64 MiB"))
    if b"\0" in content[:65536]:
        raise ValueError(N_("it is no text"))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")
