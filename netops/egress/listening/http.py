"""Heads of HTTP requests (RFC 9112), and of what is written like them: SSDP, RTSP, SIP."""

from __future__ import annotations

from typing import NamedTuple

from netops.egress.listening.dns import shown

METHODS = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"PATCH ", b"TRACE ", b"PROPFIND ",
           b"NOTIFY ", b"M-SEARCH ", b"SUBSCRIBE ", b"REPORT ")  # fmt: skip
MOST_LINES = 64
MOST_LINE = 1024


class Head(NamedTuple):
    """
    A request or an answer.

    Args:
        method: such as GET; for an answer its status, such as 200.
        target: as it stands in the first line, at most 1024 characters.
        fields: by name in lower case; the first of each.
    """

    method: str
    target: str
    fields: dict[str, str]

    @property
    def host(self) -> str:
        """The host that is asked for, lower case, without a port."""
        text = self.fields.get("host", "")
        if self.method == "CONNECT" or (not text and "://" in self.target):
            text = self.target.partition("://")[2].partition("/")[0] if "://" in self.target else self.target
        text = text.strip().lower()
        return text.partition("]")[0].lstrip("[") if text.startswith("[") else text.partition(":")[0]


def is_request(octets: bytes) -> bool:
    """Whether a stream that begins so begins with a request."""
    return octets.startswith(METHODS)


def read(octets: bytes) -> Head | None:
    """The head at the beginning of a stream, as far as it is there; None for anything else."""
    is_answer = octets.startswith(b"HTTP/")
    if not is_answer and not is_request(octets):
        return None
    first, *lines = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")[:MOST_LINES]
    parts = first.split(b" ", 2)
    if len(parts) < 2 or (not is_answer and len(parts) == 3 and b"/" not in parts[2]):
        return None
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(shown(name.strip()).lower()[:64], shown(value.strip()[:MOST_LINE]))
    kind, target = (parts[1], b"") if is_answer else (parts[0], parts[1])
    return Head(shown(kind)[:16], shown(target[:MOST_LINE]), fields)
