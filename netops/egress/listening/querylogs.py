"""Formats of logs (日志格式): what a log is, by its beginning; those of DNS servers are data (playbooks/flow_logs)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, until_changed


class QueryFormat(msgspec.Struct, frozen=True):
    """
    One format of DNS server logs in `playbooks/flow_logs/queries.toml`.

    Args:
        pattern: regular expression with the groups time, client, name, and type where there is one.
        time: strptime's format of the time; epoch for seconds since 1970; iso for ISO 8601. Without a year it is the latest.
    """

    key: str
    name: str
    pattern: str
    time: str
    source: str
    checked: str


def formats(playbooks: Path) -> tuple[QueryFormat, ...]:
    """
    The formats of DNS server logs; none when the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "flow_logs" / "queries.toml"
    return _formats(path) if path.exists() else ()


@until_changed(lambda path: [path])
def _formats(path: Path) -> tuple[QueryFormat, ...]:
    faults, found = list[Text](), list[QueryFormat]()
    source = Source(path, path.name, faults)
    source.unknown({"formats"})
    for index, one in source.entries("formats", QueryFormat):
        try:
            groups = set(re.compile(one.pattern).groupindex)
        except re.error as error:
            source.fault(Said("{error}", error=error), "formats", index, "pattern")
            continue
        if {"time", "client", "name"} <= groups:
            found.append(one)
        else:
            source.fault(N_("must have the groups time, client and name"), "formats", index, "pattern")
    settled("the formats of DNS logs were not read", faults, "mend the lines above")
    return tuple(found)


def kind_of(start: str, known: Iterable[QueryFormat]) -> str:
    """What kind of log a file that begins so is, "" for none that is known."""
    lines = [line for line in start.splitlines() if line.strip()][:200]
    if not lines:
        return ""
    if any(line.lstrip().startswith(("#separator", "#fields")) for line in lines[:8]):
        return "zeek"
    if lines[0].lstrip().startswith("{"):
        return "suricata" if '"event_type"' in lines[0] else "zeek-json" if '"ts"' in lines[0] else ""
    counts = {one.key: sum(re.search(one.pattern, line) is not None for line in lines[:-1] or lines) for one in known}
    best = max(counts, key=lambda key: counts[key], default="")
    if best and counts[best]:
        return best
    return "radius" if any(re.match(r"\s+(User-Name|Acct-Session-Id|NAS-IP-Address) = ", line) for line in lines) else ""
