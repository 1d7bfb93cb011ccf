"""Files that people hand in with a form: kept for a while, for who sent them alone, from the plan until it is done."""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter
from email import message_from_bytes
from email.message import Message
from time import monotonic
from typing import NamedTuple

from netops.core.errors import Missing, NetopsError
from netops.core.language import N_

MOST_BYTES = 4 << 20
"""Of a form with a file."""
MOST, LASTS_SECONDS = 32, 1800.0
"""Files that are kept at the same time, the oldest of whoever has most leaves first; and how long each is."""
LONGEST_NAME = 120
MOST_PARTS = 400


class Handed(NamedTuple):
    """One file."""

    name: str
    content: bytes


class Tray:
    """Files by the number that the form carries on in their place."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[float, Handed]] = {}
        self._lock = threading.Lock()

    def put(self, who: str, one: Handed) -> str:
        """Keep a file of somebody's; its number."""
        number = secrets.token_urlsafe(18)
        with self._lock:
            self._kept[who, number] = monotonic(), one
            while len(self._kept) > MOST:
                most = Counter(owner for owner, _ in self._kept).most_common(1)[0][0]
                del self._kept[next(key for key in self._kept if key[0] == most)]
        return number

    def get(self, who: str, number: str) -> Handed:
        """
        The file again.

        Raises:
            Missing: it is not there any more, or is somebody else's.
        """
        with self._lock:
            at, one = self._kept.get((who, number), (float("-inf"), Handed("", b"")))
        if monotonic() - at > LASTS_SECONDS:
            raise Missing(N_("it was not done"), N_("the file is not here any more"), N_("choose it again"))
        return one


def parted(media: str, content: bytes) -> tuple[dict[str, str], dict[str, Handed]]:
    """
    Fields and files of a form with files (RFC 7578); a file that was not chosen is none.

    Raises:
        NetopsError: no browser of ours sends it so: too many parts, or parts within parts without end.
    """
    head = b"Content-Type: " + media.encode("latin-1", "replace") + b"\r\n\r\n"
    between = b"--" + (message_from_bytes(head).get_boundary() or "").encode("latin-1", "replace")
    if content.count(between) > MOST_PARTS:
        raise NetopsError(N_("it was not done"), N_("the form has too many fields"), "")
    try:
        whole = message_from_bytes(head + content)
    except RecursionError as error:
        raise NetopsError(N_("it was not done"), N_("the form cannot be read"), N_("choose the file again")) from error
    said: dict[str, str] = {}
    files: dict[str, Handed] = {}
    for part in whole.get_payload() if whole.is_multipart() else ():
        if not isinstance(part, Message) or part.is_multipart():
            continue
        told = dict(part.raw_items()).get("Content-Disposition", "")
        name, file, inside = _parameter(told, "name"), _parameter(told, "filename"), part.get_payload(decode=True)
        if name is None or not isinstance(inside, bytes):
            continue
        if file is None:
            said.setdefault(name, inside.decode("utf-8", "replace"))
        elif inside:
            plain = file.replace("\\", "/").rpartition("/")[2]
            files.setdefault(name, Handed("".join(char for char in plain if char.isprintable())[:LONGEST_NAME], inside))
    return said, files


def _parameter(told: str, name: str) -> str | None:
    """A parameter of a header that browsers write as UTF-8 in quotation marks (HTML, multipart/form-data), or None."""
    found = re.search(rf';\s*{name}="((?:[^"\\]|\\.)*)"', str(told), re.IGNORECASE)
    return found[1].encode("utf-8", "surrogateescape").decode("utf-8", "replace") if found else None
