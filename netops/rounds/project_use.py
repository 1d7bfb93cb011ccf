"""Which projects are in use: their pages, and those of the systems and sites they built, answer; or flows of many go there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Any
from urllib.parse import urlsplit

from netops.core.clock import CITY_ZONE
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.desk import Desk
from netops.registers import visits
from netops.registers.entry import Entry
from netops.registers.kind import Kind
from netops.registers.rules import WINDOW, accepted
from netops.registers.scene import Use
from netops.rounds import query
from netops.rounds.archive import folder_of
from netops.rounds.query import Question
from netops.rounds.usage import LEAST_BYTES, LEAST_PACKETS, MOST_GROUPS, SERVED

PROJECTS = "projects"
MOST_NETS = 4096
"""Addresses and prefixes that the archive is asked for at once."""


def of(
    desk: Desk, plane: Plane, kinds: Mapping[str, Kind], records: Mapping[str, Sequence[Entry]], at: datetime
) -> tuple[dict[str, Use], tuple[Unreachable, ...]]:
    """
    Uses of the last week by number of the project, of those that the register does not say are accepted.

    An address that is merely alive is no use: what is built is installed and tested before it is accepted.

    Returns:
        The uses, and what of the archive was not heard, if it was asked at all.
    """
    open_ones = [one for one in records.get(PROJECTS, ()) if not accepted(one.values, at.astimezone(CITY_ZONE).date())]
    if not open_ones:
        return {}, ()
    parts = {one.number: [one, *_built(one.number, kinds, records)] for one in open_ones}
    answered = visits.newest(desk.store)
    found: dict[str, Use] = {}
    for number, several in parts.items():
        seen = [(when, one) for one in several if (when := answered.get(one.number)) and when > at - WINDOW]
        if seen:
            when, one = max(seen, key=lambda pair: pair[0])
            found[number] = Use(_named(one), when.astimezone(CITY_ZONE).date())
    left = {number: several for number, several in parts.items() if number not in found}
    flows, unheard = _by_flows(desk, plane, left, kinds, at)
    return found | flows, unheard


def _built(
    number: str, kinds: Mapping[str, Kind], records: Mapping[str, Sequence[Entry]]
) -> Iterator[Entry]:
    """What a project built: records of every register that refer to it."""
    for kind in kinds.values():
        names = [field.name for field in kind.fields if field.reference == PROJECTS]
        for one in records.get(kind.kind, ()) if names else ():
            if any(one.values.get(name) == number for name in names):
                yield one


def _named(one: Entry) -> str:
    return f"{one.number} {one.title}" if one.kind != PROJECTS else str(one.values.get("url", one.title))


def _by_flows(
    desk: Desk, plane: Plane, parts: Mapping[str, Sequence[Entry]], kinds: Mapping[str, Kind], at: datetime
) -> tuple[dict[str, Use], tuple[Unreachable, ...]]:
    """Addresses that served so many others on a port, on so many days, as the kept flows say."""
    nets = {net: number for number, several in parts.items() for net in _nets(several, kinds)}
    if not nets or folder_of(desk) is None:
        return {}, ()
    settings = desk.config.registers
    told = " ".join(str(net) for net in list(nets)[:MOST_NETS])
    question = Question(
        text=f"plane {plane} and src ip in [{told}] and ({SERVED})", since=at - WINDOW, until=at,
        by=("src", "sport", "proto", "dst", "day"), order="packets", limit=MOST_GROUPS, rejudge=False,
    )  # fmt: skip
    answer = query.answered(desk, question)
    clients: dict[tuple[str, int], set[str]] = {}
    days: dict[tuple[str, int], set[str]] = {}
    for group in answer.items:
        if group.packets >= LEAST_PACKETS and group.bytes >= LEAST_BYTES:
            key = (group.keys["src"], group.keys["sport"])
            clients.setdefault(key, set()).add(group.keys["dst"])
            days.setdefault(key, set()).add(group.keys["day"])
    found: dict[str, Use] = {}
    for (address, port), several in sorted(clients.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        seen = days[address, port]
        if len(several) < settings.use_clients or len(seen) < settings.use_days:
            continue
        what = f"{address}:{port}" if "." in address else f"[{address}]:{port}"
        for net, number in nets.items():
            if ip_address(address) in net:
                found.setdefault(number, Use(what, date.fromisoformat(max(seen)), len(several)))
    return found, answer.unseen


def _nets(several: Iterable[Entry], kinds: Mapping[str, Kind]) -> Iterator[IPv4Network | IPv6Network]:
    """Addresses and prefixes of records, and hosts of their pages that are addresses."""
    for one in several:
        for field in kinds[one.kind].fields:
            held = one.values.get(field.name)
            if field.type == "addresses" and isinstance(held, list):
                for text in held:
                    yield from _of_text(text)
            elif field.type == "url" and isinstance(held, str):
                with suppress(ValueError):
                    yield ip_network(urlsplit(held).hostname or "")


def _of_text(text: str) -> Iterator[IPv4Network | IPv6Network]:
    if "-" not in text:
        yield ip_network(text)
        return
    ends: Any = [ip_address(one) for one in text.split("-")]
    yield from summarize_address_range(*ends)  # both of one version: `registers.values` sees to it
