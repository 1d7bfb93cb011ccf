"""The round of sites (网站检测): registered pages are visited, in their turn looked at closely, and judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from netops.core import docket
from netops.core.errors import Missing, Refused
from netops.core.finding import STANDING, Conclusion
from netops.core.journal import act
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import calendar
from netops.probes.http import Policy, Resolver, is_address
from netops.registers import entries, visits
from netops.registers.entry import Entry
from netops.registers.page import domain_of
from netops.registers.probing import watchlist, zone_names
from netops.registers.site import WEEK, Look, closed_share
from netops.registers.site_rules import SEEN, VISITED
from netops.rounds import Progress, Report, silent
from netops.rounds.site_visit import Column, Means, Seen, Target, visit

PAGES = {
    "sites": ("url",), "services": ("entry_url", "query_url", "result_url"), "interfaces": ("url",), "projects": ("url",),
    "systems": ("url",),
}  # fmt: skip
"""Fields of registers that name a page to be visited."""
WORKING_DAYS = 20
"""政府信息公开条例 (2019), Article 26."""
ZONE_BYTES = 16 << 20


def run(
    desk: Desk, progress: Progress = silent, numbers: Collection[str] = (), *, close: bool = False,
    resolve: Resolver | None = None,
) -> Report:  # fmt: skip
    """
    Visit every registered page, or those of some records.

    Args:
        numbers: records; () is all.
        close: look closely now, whatever the timetable says.
        resolve: looks host names up; the system's resolver by default.

    Raises:
        Refused: [sites] enabled is false, and a person asks.
        Missing: a record has no page to be visited.
    """
    settings, at = desk.config.sites, desk.clock()
    if not settings.enabled:
        if not (numbers or close):  # the timetable has nothing to do then
            return Report(round="sites", facts={"visited": 0, "looked at": 0})
        raise Refused("no site was visited", "[sites] enabled is false", "set it to true")
    every = {
        kind: entries.listed(desk.store, kind, planes=desk.planes) for kind in (*PAGES, "columns", "disclosures")
    }
    means = _means(desk, every, resolve)
    targets = _targets(desk, every, set(numbers), at, close=close)
    if numbers and (lost := set(numbers) - {one.number for one in targets}):
        raise Missing("{number} was not visited", "it is no record with a page that may be probed", "netops register list sites",
                      number=sorted(lost)[0])  # fmt: skip
    seen: list[Seen] = []
    with ThreadPoolExecutor(max(1, settings.at_once)) as pool:
        waiting = {pool.submit(visit, one, means, desk.clock): one for one in targets}
        for done, one in enumerate(as_completed(waiting), 1):
            seen.append(one.result())
            progress(done, len(targets), waiting[one].name)
    seen.sort(key=lambda one: (one.look.number, one.look.url))
    looks = _judged(desk, seen, means, at)
    opened, resolved = _settle(desk, looks, at)
    standing = [one.id for one in docket.listed(desk.store, state=STANDING) if one.code in SEEN and one.plane in desk.planes
                and (not numbers or one.subject.get("record") in numbers)]  # fmt: skip
    unseen = tuple(
        Unreachable(one.look.plane, f"{one.look.number} {one.look.name}", one.look.url, one.look.at, one.unseen)
        for one in seen if one.unseen
    )  # fmt: skip
    return Report(
        round="sites", opened=opened, resolved=resolved, standing=tuple(standing), unseen=unseen,
        facts={"visited": len(targets), "looked at": sum(one.is_close for one in looks)},
    )  # fmt: skip


def accept(desk: Desk, number: str, why: str) -> Entry:
    """
    A person says that a site's pages are as they should be: what is seen next is what is known.

    Raises:
        Missing: there is no such record.
    """
    entry = entries.one(desk.store, number)
    if entry.plane not in desk.planes or entry.kind not in PAGES:
        raise Missing("there is no record {number}", "", "netops register list sites", number=number)
    with act(desk.store, desk.actor, desk.clock) as acting:
        visits.accept(acting, entry.number, why)
    return entry


# ---- whom to visit
def registered(desk: Desk) -> Iterator[tuple[Entry, str]]:
    """Every page that the registers name, with its record."""
    for kind in PAGES:
        for one in entries.listed(desk.store, kind, planes=desk.planes):
            for url in _pages(one):
                yield one, url


def _pages(one: Entry) -> list[str]:
    return [str(one.values[field]) for field in PAGES.get(one.kind, ()) if one.values.get(field)]


def _targets(
    desk: Desk, every: dict[str, list[Entry]], numbers: set[str], at: datetime, *, close: bool
) -> list[Target]:
    last = visits.last(desk.store)
    formed = {
        str(one.values["url"]): date.fromisoformat(one.values["occurred_on"])
        for one in every["disclosures"] if one.values.get("url") and len(str(one.values.get("occurred_on", ""))) == 10
    }  # fmt: skip
    found = []
    for kind in PAGES:
        for one in every[kind]:
            if one.values.get("probed") is False or (numbers and one.number not in numbers):
                continue
            due = one.number not in last or last[one.number][0] <= at - timedelta(
                hours=desk.config.sites.look_hours
            )
            columns = tuple(
                Column(other.number, other.title, other.organization, str(other.values["url"]), str(other.values["class"]),
                       str(other.values.get("update_within", "")))
                for other in every["columns"] if other.values.get("site") == one.number
            )  # fmt: skip
            known = visits.known(desk.store, one.number)
            found += [
                Target(
                    plane=one.plane, number=one.number, kind=kind, organization=one.organization, name=one.title, url=url,
                    is_close=(close or due) and kind in ("sites", "services", "interfaces"), columns=columns,
                    feed=str(one.values.get("feed", "")), known=known.get(url), formed=formed,
                )
                for url in _pages(one)
            ]  # fmt: skip
    return found


def _means(desk: Desk, every: dict[str, list[Entry]], resolve: Resolver | None) -> Means:
    """Who may be asked: hosts and ports of the registers' pages, at the addresses that the registers have for them."""
    settings = desk.config.sites
    hosts: dict[tuple[str, int], list[str]] = {}
    pinned: dict[str, list[str]] = {}
    for kind in PAGES:
        for one in every[kind]:
            known = [text for text in one.values.get("addresses", ()) if "/" not in text and "-" not in text]
            for url in [*_pages(one), *([str(one.values["feed"])] if one.values.get("feed") else [])]:
                place = _place(url)
                hosts.setdefault(place, []).extend([*known, *([place[0]] if is_address(place[0]) else [])])
            if kind == "sites":
                pinned[one.number] = known
    for one in every["columns"]:
        hosts.setdefault(_place(str(one.values["url"])), []).extend(
            pinned.get(str(one.values.get("site")), ())
        )
    for text in settings.hosts:
        host, _mark, port = text.partition(":")
        for number in (int(port),) if port.isdigit() else (80, 443):
            hosts.setdefault((host.lower(), number), [])
    named = frozenset(host for host, _port in hosts)
    domains = frozenset(settings.domains) or frozenset(
        domain_of(_place(url)[0]) for one in every["sites"] for url in _pages(one)
    )
    nets = [net for plane in desk.config.planes.values() for net in plane.nets]
    days = calendar.load(desk.playbooks)
    return Means(
        settings=settings, policy=Policy(hosts, nets, resolve), watchlist=watchlist(desk.playbooks),
        overdue=lambda day: days.after(day, WORKING_DAYS).last, domains=domains, hosts=named,
        ca_file=desk.config.folder / settings.ca_file if settings.ca_file else None,
    )  # fmt: skip


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


# ---- what came of it
def _judged(desk: Desk, seen: list[Seen], means: Means, at: datetime) -> list[Look]:
    """The looks, with a week's visits in them; written down. A name that nobody registered is told once."""
    looks = []
    told: set[str] = set()
    kept = []
    before = visits.since(desk.store, at - WEEK)
    for one in seen:
        mine = [other for other in before if (other.number, other.url) == (one.look.number, one.look.url)]
        share, count = closed_share([*mine, *one.visits], at)
        strangers = tuple(pair for pair in one.look.strangers if pair[0] not in told)
        told |= {host for host, _source in strangers}
        look = msgspec.structs.replace(one.look, closed_share=share, visits=count, strangers=strangers)
        looks.append(look)
        if one.page and not list(SEEN["RG-214"](look)):
            kept.append(one.page)
    if looks and (close := [one for one in looks if one.is_close]):
        zoned = [
            (host, source) for host, source in _zoned(desk) if host not in means.hosts and host not in told
        ]
        first = looks.index(close[0])
        looks[first] = msgspec.structs.replace(looks[first], strangers=(*looks[first].strangers, *zoned))
    found = {one.number: _told(one) for one in looks if one.is_close}
    visits.note(desk.store, [one for each in seen for one in each.visits], kept, found, at)
    visits.forget(desk.store, at - timedelta(days=desk.config.sites.keep_days))
    return looks


def _zoned(desk: Desk) -> list[tuple[str, str]]:
    """Names of our own zone files."""
    found = []
    for name in desk.config.sites.zones:
        path = Path(desk.config.folder / name)
        try:
            with path.open("rb") as file:
                text = file.read(ZONE_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        found += [
            (host, path.name)
            for host in zone_names(text, path.name.removeprefix("db.").removesuffix(".zone"))
        ]
    return found


def _told(look: Look) -> dict[str, object]:
    one = look.certificate
    return {
        "open": look.is_open, "newest": look.newest.isoformat() if look.newest else "", "links_asked": look.links_asked,
        "dead": len(look.dead), "marks": len(look.marks), "identities": len(look.identities), "hidden": len(look.hidden),
        "similarity": look.similarity, "certificate": msgspec.to_builtins(one) if one else None,
    }  # fmt: skip


def _settle(desk: Desk, looks: list[Look], at: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Findings of what was looked at now; nothing is said about what was not."""
    opened: list[str] = []
    resolved: list[str] = []
    visited = {one.number for one in looks if not one.why or not one.is_open}
    close = {one.number for one in looks if one.is_close and not one.why}
    for plane in Plane:
        mine = [one for one in looks if one.plane is plane]
        if not mine:
            continue
        concluded: list[Conclusion] = [found for one in mine for rule in SEEN.values() for found in rule(one)]
        spared = {
            one.id for one in docket.listed(desk.store, state=STANDING, plane=plane)
            if one.code in SEEN and one.subject.get("record") not in (visited if one.code in VISITED else close)
        }  # fmt: skip
        done = docket.settle(desk.store, SEEN, concluded, plane=plane, at=at, scope=SEEN, spared=spared)
        opened += [*done.opened, *done.reopened]
        resolved += done.resolved
    return tuple(opened), tuple(resolved)
