"""Flows out of other programs' files: which format, and their lines as batches of the columns that judging needs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO, cast

import numpy as np

from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled
from netops.egress.flows import JUDGED, Batch, address_value
from netops.egress.logs import Bad, Found, Read
from netops.egress.session_logs import TIMES, Session

GZIP = b"\x1f\x8b"
EARLIEST_MS = 946_684_800_000
"""2000: what is older is no time but an error."""


def sessions(playbooks: Path) -> tuple[Session, ...]:
    """
    The formats of session logs.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "flow_logs" / "sessions.toml"
    if not path.exists():
        return ()
    faults: list[Text] = []
    source = Source(path, "flow_logs/sessions.toml", faults)
    source.unknown({"formats"})
    found = []
    for index, one in source.entries("formats", Session):
        try:
            re.compile(one.pairs)
        except re.error as error:
            source.fault(Said("{error}", error=error), "formats", index, "pairs")
        if one.time not in TIMES:
            source.fault(N_("must be epoch, mdy_utc, local or header"), "formats", index, "time")
        found.append(one)
    settled("the formats of session logs were not read", faults, "mend the lines above")
    return tuple(found)


# ---- which format
def opened(path: Path) -> TextIO:
    """A log as text; gzip, in which rotated ones stand, is opened by itself."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    opening = gzip.open if packed else open
    return cast(TextIO, opening(path, "rt", encoding="utf-8", errors="replace", newline=""))


def formats(playbooks: Path) -> dict[str, str]:
    """Every format that can be read: key to name."""
    own = {
        "nfdump-csv": "nfdump -o csv",
        "nfdump-json": "nfdump -o json",
        "zeek": "Zeek conn.log",
        "zeek-json": "Zeek conn.log, JSON",
        "suricata": "Suricata eve.json",
    }
    return own | {one.key: one.name for one in sessions(playbooks)}


def guessed(start: str, known: Iterable[Session]) -> str:
    """The format of a file that begins so, or ""."""
    head = start.lstrip()
    if head.startswith("#separator") or "\n#fields\t" in head:
        return "zeek"
    if head.startswith(("ts,te,td", "firstSeen,")):
        return "nfdump-csv"
    if '"id.orig_h"' in head:
        return "zeek-json"
    if '"event_type"' in head:
        return "suricata"
    if '"src4_addr"' in head or '"src6_addr"' in head:
        return "nfdump-json"
    return next((one.key for one in known if any(mark in start for mark in one.marks)), "")


# ---- columns
def batches(
    found: Found, exporter: str, latest_ms: int, bad: Callable[[Bad], None], size: int = 50_000
) -> Iterator[Batch]:
    """
    What was read, as batches of one exporter; received when it ended.

    Args:
        latest_ms: a flow that ends later than this has a wrong time.
    """
    kept: list[tuple[Read, tuple[int, int], tuple[int, int]]] = []
    for one in found:
        if isinstance(one, Bad):
            bad(one)
            continue
        try:
            ends = _end(one.src), _end(one.dst)
        except ValueError:
            bad(Bad(0, N_("an address is none"), f"{one.src} {one.dst}"[:200]))
            continue
        if not EARLIEST_MS <= one.first <= one.last + 1 or one.last > latest_ms:
            bad(
                Bad(0, N_("its time is before 2000, or ahead"), f"{one.src} {one.dst} {one.first} {one.last}")
            )
            continue
        if min(one[2:]) < 0 or max(one.packets, one.bytes) >= 1 << 63 or max(one.sport, one.dport) > 65535:
            bad(Bad(0, N_("a number is out of its range"), str(tuple(one))[:200]))
            continue
        kept.append((one, *ends))
        if len(kept) == size:
            yield _batch(kept, exporter)
            kept = []
    if kept:
        yield _batch(kept, exporter)


def _end(text: str) -> tuple[int, int]:
    return address_value(str(ip_address(text.partition("%")[0])))


def _batch(kept: list[tuple[Read, tuple[int, int], tuple[int, int]]], exporter: str) -> Batch:
    columns = {name: np.zeros(len(kept), kind) for name, kind in JUDGED.items()}
    for name in Read._fields[2:]:
        most = int(np.iinfo(columns[name].dtype).max)
        columns[name][:] = [min(getattr(one, name), most) for one, _, _ in kept]
    columns["received"][:] = columns["last"]
    for end, place in (("src", 1), ("dst", 2)):
        columns[f"{end}_hi"][:], columns[f"{end}_lo"][:] = zip(*(row[place] for row in kept), strict=True)
    return Batch(columns, np.zeros(len(kept), np.int32), (exporter,))
