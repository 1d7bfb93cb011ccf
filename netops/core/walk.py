"""A device walk: what an SNMP agent said, by MIB object and row, before anybody concludes anything from it."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

import msgspec

from netops.core.plane import Plane

Index = tuple[int, ...]
"""The part of an OID after its column: what names the row."""
Value = int | str | bytes
"""INTEGER and counters; OBJECT IDENTIFIER and IpAddress as dotted text; OCTET STRING."""
Column = dict[Index, Value]

TEXT_LENGTH = 255
"""Characters kept of what a device calls something (SNMPv2-TC DisplayString)."""


class Note(msgspec.Struct, frozen=True):
    """Something that kept a walk from being whole: an English message id and its facts."""

    text: str
    facts: dict[str, str] = {}


class DeviceWalk(msgspec.Struct, frozen=True):
    """
    Everything one walk read from one device.

    Args:
        device: its name in the register, or "" when it was walked by address alone.
        address: the address that it is known by (before translation).
        seconds: how long the walk took.
        columns: by MIB object name ("ifDescr"), then by row index. Scalars stand at index (0,).
        notes: why it is not whole; empty when every table was read to its end.
        engine: "native" or "pysnmp".
    """

    plane: Plane
    device: str
    address: str
    at: datetime
    seconds: float
    columns: dict[str, Column]
    notes: tuple[Note, ...] = ()
    engine: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether something could not be read: silence about it proves nothing."""
        return bool(self.notes)

    @property
    def variables(self) -> int:
        """How many values were read."""
        return sum(map(len, self.columns.values()))


def said(raw: Value | None, length: int = TEXT_LENGTH) -> str:
    """
    What a device said, as text that is safe to store and to show.

    UTF-8, else GB18030 (which GBK and GB 2312 are part of), else escapes; control, format and private
    characters become spaces, ends are stripped, at most *length* characters are kept.
    """
    if raw is None:
        return ""
    if isinstance(raw, bytes):
        text = _decoded(raw[: length * 4])
    else:
        text = str(raw)
    kept = (
        " " if unicodedata.category(character) in BLANKED else character for character in text[: length * 2]
    )
    return " ".join("".join(kept).split())[:length]


BLANKED = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def _decoded(raw: bytes) -> str:
    raw = raw.rstrip(b"\0")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            if error.end == len(raw) and error.start >= len(raw) - 3 and len(raw) > 3:  # cut in a character
                return raw[: error.start].decode(encoding)
    return raw.decode("ascii", "backslashreplace")


def mac(raw: Value | None) -> str:
    """
    Six octets as lower-case text with colons; "" for anything else, and for all zeros.

    Some agents send a MAC as printed text (0:1b:c:fb:28:18) where octets belong.
    """
    if not isinstance(raw, bytes):
        return ""
    if 11 <= len(raw) <= 17 and (match := PRINTED_MAC.fullmatch(raw)):
        raw = bytes(int(part, 16) for part in match[0].split(b":"))
    return raw.hex(":") if len(raw) == 6 and any(raw) else ""


PRINTED_MAC = re.compile(rb"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2}){5}")
