"""Session logs (会话日志) of firewalls: what a line says, and when the session was; the formats are data."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial

import msgspec

CELLS = "csv"
"""Stands for the pattern where a line is cells between commas, called by their number from 0."""
TIMES = ("epoch", "mdy_utc", "local", "header")


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One format of session logs in `playbooks/flow_logs/sessions.toml`.

    Args:
        marks: a line with one of them is of this format; with one of *skips* it is passed over.
        pairs: regular expression that finds name and value; or one whose groups are named as our fields; or "csv".
        time: how times are written, one of TIMES; where none is told the head of the line has it.
        fields: what each field of ours is called there; not needed for groups. *duration* is in seconds.
    """

    key: str
    name: str
    marks: tuple[str, ...]
    pairs: str
    time: str
    source: str
    checked: str
    fields: dict[str, str] = {}
    skips: tuple[str, ...] = ()


def values(text: str, one: Session, pairs: re.Pattern[str]) -> dict[str, str]:
    """
    The values of a line by our names; nothing for a line of another format.

    Raises:
        ValueError: it is of the format, and cannot be read.
    """
    if not any(mark in text for mark in one.marks) or any(skip in text for skip in one.skips):
        return {}
    if one.pairs == CELLS:
        try:
            found = {str(place): cell for place, cell in enumerate(next(csv.reader([text])))}
        except csv.Error as error:
            raise ValueError(text[:80]) from error
    elif pairs.groupindex:
        match = pairs.search(text)
        if match is None:
            raise ValueError(text[:80])
        return match.groupdict("")
    else:
        found = dict(pairs.findall(text))
    clean = {name: value.strip().strip('"').rstrip(".") for name, value in found.items()}
    return {ours: clean.get(theirs, "") for ours, theirs in one.fields.items()}


def moments(told: Mapping[str, str], one: Session, text: str, zone: tzinfo) -> tuple[int, int]:
    """
    Beginning and end, ms UTC.

    Raises:
        ValueError: no time is told.
    """
    readers: dict[str, Callable[[str], int]] = {"epoch": epoch, "mdy_utc": mdy, "local": partial(iso, zone=zone)}
    read = readers.get(one.time)
    first, last = (read(told[name]) if read and told.get(name) else None for name in ("first", "last"))
    span = int(float(told.get("duration") or 0) * 1000)
    if last is None:
        last = _header_time(text, zone) if first is None else first + span
    return last - span if first is None else first, last


# ---- how times are written
def iso(text: str, zone: tzinfo) -> int:
    """ISO 8601 or nearly, ms UTC; in *zone* where it says none."""
    plain = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.strip().replace("/", "-"))
    moment = datetime.fromisoformat(plain)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)


def epoch(text: str) -> int:
    """Since 1970, in seconds, or in milli-, micro- or nanoseconds where it is that long."""
    number = float(text)
    for unit in (1e18, 1e15, 1e12):
        if number >= unit:
            return int(number // (unit / 1e12))
    return int(number * 1000)


def mdy(text: str) -> int:
    """Month, day, year, hour, minute, second in UTC, without anything between."""
    return int(datetime.strptime(text, "%m%d%Y%H%M%S").replace(tzinfo=UTC).timestamp() * 1000)


HEADS = (
    (re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]| time=)\"?(\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)"), ""),
    (re.compile(r"([A-Z][a-z]{2} +\d{1,2} \d{4}) (\d\d:\d\d:\d\d)"), "%b %d %Y %H:%M:%S"),
    (re.compile(r"([A-Z][a-z]{2} +\d{1,2}) (\d\d:\d\d:\d\d)"), "%Y %b %d %H:%M:%S"),
)
"""How a line of syslog may begin (RFC 5424, vendors, RFC 3164: without a year)."""


def _header_time(text: str, zone: tzinfo) -> int:
    for pattern, form in HEADS:
        match = pattern.search(text[:120])
        if match is None:
            continue
        told = f"{match[1]} {match[2]}"
        if not form:
            return iso(told.replace("Z", "+00:00"), zone)
        now = datetime.now(zone)
        if "%Y %b" not in form:
            return int(datetime.strptime(told, form).replace(tzinfo=zone).timestamp() * 1000)
        moment = datetime.strptime(f"{now.year} {told}", form).replace(tzinfo=zone)
        # Without a year it is the latest such day that is not ahead.
        if moment.timestamp() > now.timestamp() + 86_400:
            moment = datetime.strptime(f"{now.year - 1} {told}", form).replace(tzinfo=zone)
        return int(moment.timestamp() * 1000)
    raise ValueError(text[:80])
