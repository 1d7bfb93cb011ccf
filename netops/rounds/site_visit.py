"""One visit to one registered page: within its budget and what robots.txt allows, then as close a look as is due."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.language import N_
from netops.core.plane import Plane
from netops.probes import http, tls
from netops.probes.http import Answer, Policy
from netops.registers import feed
from netops.registers.page import Link, Page, alike, decoded, domain_of, read, same_owner
from netops.registers.probing import Sites, Watchlist
from netops.registers.site import (
    PERIOD_DAYS,
    STALE_DAYS,
    CertificateSeen,
    ColumnSeen,
    DeadLink,
    HiddenLink,
    LateItem,
    Look,
    PageSpot,
)
from netops.registers.style import sheets_of
from netops.registers.visits import KnownPage, Visit

ROBOTS_BYTES = 1 << 18
LONGEST_PAUSE = 10.0
ITEMS, ITEM_DAYS = 20, 60
"""Items of a feed that are held against their days, of the last so many days."""
SEVEN_DAYS = 7
PAGES = ("text/html", "application/xhtml+xml", "")
GONE = (404, 410)
SHEETS = 12
"""Style sheets of a site that are read, at most."""


class Column(msgspec.Struct, frozen=True):
    """A registered column of a site."""

    number: str
    name: str
    organization: str
    url: str
    kind: str
    period: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """
    One registered page.

    Args:
        is_close: whether pages, certificate and feed are looked at too.
        formed: by address of a published page, the day on which its item arose, as the register of disclosures says.
    """

    plane: Plane
    number: str
    kind: str
    organization: str
    name: str
    url: str
    is_close: bool = False
    columns: tuple[Column, ...] = ()
    feed: str = ""
    known: KnownPage | None = None
    formed: dict[str, date] = {}


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What every visit uses: bounds, who may be asked, the working calendar, the domains that are ours."""

    settings: Sites
    policy: Policy
    watchlist: Watchlist
    overdue: Callable[[date], date]
    """The last of twenty working days after a day."""
    domains: frozenset[str]
    hosts: frozenset[str]
    """Hosts that some record names."""
    ca_file: Path | None = None


class Seen(msgspec.Struct, frozen=True):
    """What a visit brought."""

    look: Look
    visits: tuple[Visit, ...]
    page: KnownPage | None
    unseen: str


class Visitor:
    """Asks for pages of one site: never more than its budget, never faster than its pause, never what robots.txt forbids."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.left = means.settings.requests
        self._pause = means.settings.pause_seconds
        self._robots: dict[str, RobotFileParser | None] = {}
        self._sheets: dict[str, str | None] = {}
        self._last = 0.0
        self._bounds = http.Settings(means.settings.seconds, means.settings.page_kib << 10)

    def ask(self, url: str, method: str = "GET") -> Answer:
        """The page, or why it was not asked for."""
        if not self.means.policy.knows(url):
            return Answer(url=url, final=url, why=N_("its host is not registered"), refused=True)
        if not self._is_allowed(url):
            return Answer(url=url, final=url, why=N_("its robots.txt asks not to"), refused=True)
        return self._ask(url, method, self._bounds)

    def _ask(self, url: str, method: str, bounds: http.Settings) -> Answer:
        if self.left <= 0:
            return Answer(url=url, final=url, why=N_("the budget of this look is spent"), refused=True)
        self.left -= 1
        wait = self._last + self._pause - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        answer = http.fetch(url, self.means.policy, bounds, method)
        self._last = time.monotonic()
        return answer

    def read(self, answer: Answer, today: date) -> Page:
        """The page that came, with the style sheets of its own host: each is asked for once."""
        charset = (
            answer.headers.get("content-type", "").partition("charset=")[2].split(";")[0].strip("\"' ")
        )
        for url in sheets_of(answer.final, decoded(answer.body, charset)):
            if url not in self._sheets and len(self._sheets) < SHEETS:
                said = self.ask(url)
                self._sheets[url] = decoded(said.body, "") if said.is_open else None
        held = {url: text for url, text in self._sheets.items() if text is not None}
        return read(answer.final, answer.body, charset, today, held)

    def _is_allowed(self, url: str) -> bool:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        if place not in self._robots:
            said = self._ask(
                f"{place}/robots.txt", "GET", msgspec.structs.replace(self._bounds, max_bytes=ROBOTS_BYTES)
            )
            rules: RobotFileParser | None = None
            if said.status == 200 and not said.why:
                rules = RobotFileParser()
                rules.parse(said.body.decode("utf-8", "replace").splitlines())
                self._pause = max(
                    self._pause, min(LONGEST_PAUSE, float(rules.crawl_delay(http.USER_AGENT) or 0))
                )
            self._robots[place] = rules
        rules = self._robots[place]
        return rules is None or rules.can_fetch(http.USER_AGENT, url)


def visit(
    target: Target, means: Means, now: Callable[[], datetime], ended: threading.Event | None = None
) -> Seen:
    """Ask for the page, a second time when it does not come, and look at it as closely as is due."""
    visitor = Visitor(means)
    at = now()
    answer = visitor.ask(target.url)
    if not answer.is_open and not answer.refused and not (ended and ended.is_set()):
        answer = visitor.ask(target.url)
    outcome = "open" if answer.is_open else "refused" if answer.refused else "closed"
    why = answer.why or ("" if answer.is_open else N_("the server answered with an error"))
    made = Visit(target.number, target.url, at, outcome, answer.status, round(answer.seconds, 3))
    look = Look(
        plane=target.plane, number=target.number, kind=target.kind, organization=target.organization, name=target.name,
        url=target.url, at=at, today=at.astimezone(CITY_ZONE).date(), is_open=outcome != "closed", why=why,
    )  # fmt: skip
    unseen = why if not answer.is_open else ""
    page = None
    if target.is_close:
        look, page, refused = _close(target, visitor, answer, look)
        unseen = unseen or refused
    return Seen(look, (made,), page, unseen)


def _close(
    target: Target, visitor: Visitor, answer: Answer, look: Look
) -> tuple[Look, KnownPage | None, str]:
    """Certificate, page, links, columns and feed."""
    means = visitor.means
    certificate, names, unseen = _certificate(target.url, means, look.today)
    strangers = _strangers(names, means, N_("certificate"))
    inward = [(target.url, answer.hops[-1])] if answer.hops and answer.why == http.INSIDE else []
    look = msgspec.structs.replace(
        look, is_close=True, certificate=certificate, inward=tuple(inward), strangers=tuple(strangers)
    )
    if not answer.is_open or target.kind != "sites" or not _is_page(answer):
        return look, None, unseen
    home = visitor.read(answer, look.today)
    pages = [home]
    dead: list[DeadLink] = []
    asked = 0
    columns = []
    for one in target.columns:
        said = visitor.ask(one.url)
        if said.is_open and _is_page(said):
            page = visitor.read(said, look.today)
            pages.append(page)
            columns.append(_column(one, page, home))
        elif not said.refused:
            dead.append(DeadLink(target.url, one.url, said.status))
    late, items = _items(target, visitor, look.today)
    pages += items
    done = {target.url, answer.final, *(one.url for one in target.columns), *(one.url for one in items)}
    for link in _sampled(home, means, look.today, done):
        said = visitor.ask(link.href)
        if said.refused:
            if said.hops and said.why == http.INSIDE:
                inward.append((link.href, said.hops[-1]))
            continue
        asked += 1
        if said.status in GONE or said.status >= 500 or not said.status:
            dead.append(DeadLink(target.url, link.href, said.status))
        elif said.is_open and _is_page(said):
            page = visitor.read(said, look.today)
            if page.is_missing:
                dead.append(DeadLink(target.url, link.href, said.status))
            pages.append(page)
            late += _late(target, page, None, means)
    hosts = {link.host for page in pages for link in page.links}
    strangers += [one for one in _strangers(hosts, means, N_("link on a page")) if one not in strangers]
    newest, known, similarity, retitled = _held(target, home, answer, look)
    return (
        msgspec.structs.replace(
            look, newest=newest, similarity=similarity, title_changed=retitled, dead=tuple(dead),
            links_asked=asked + len(columns),
            inward=tuple(inward), columns=tuple(columns), strangers=tuple(strangers),
            late=tuple({one.url: one for one in late}.values()),
            marks=tuple(PageSpot(page.url, one.line, one.kind, one.hash) for page in pages for one in page.marks),
            identities=tuple(PageSpot(page.url, one.line, "", one.hash) for page in pages for one in page.identities),
            hidden=tuple(_hidden(pages, means.watchlist)),
        ),
        known,
        unseen,
    )  # fmt: skip


# ---- pages
def _is_page(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").split(";")[0].strip().lower() in PAGES


def _sampled(home: Page, means: Means, today: date, done: set[str]) -> list[Link]:
    """Links of the home page that may be asked, each address once; other ones every day, the same ones the same day."""
    found = {one.href: one for one in home.links if one.href not in done and means.policy.knows(one.href)}
    order = sorted(found, key=lambda href: hashlib.sha256(f"{today} {href}".encode()).digest())
    return [found[href] for href in order[: means.settings.links]]


def _hidden(pages: list[Page], watchlist: Watchlist) -> list[HiddenLink]:
    found: dict[tuple[str, str], HiddenLink] = {}
    for page in pages:
        for link in page.links:
            if not link.host or same_owner(link.host, page.host) or watchlist.is_known(link.host):
                continue
            how = link.hidden or (N_("its words") if watchlist.said(link.text) else "")
            if how:
                found.setdefault((page.url, link.host), HiddenLink(page.url, link.line, link.host, how))
    return list(found.values())


def _held(
    target: Target, home: Page, answer: Answer, look: Look
) -> tuple[date | None, KnownPage | None, float | None, bool]:
    """The newest day; the page as it is known from now on; how alike it is to the one before; whether it has another title."""
    before = target.known
    similarity = alike(before.shape, home.shape) if before else None
    retitled = bool(before and before.title != home.title)
    changed = look.at if before is None or before.sha256 != home.sha256 else before.changed_at
    known = KnownPage(
        target.number,
        target.url,
        home.title,
        home.sha256,
        list(home.shape),
        before.first_at if before else look.at,
        changed,
        look.at,
    )
    newest = home.newest
    if newest is None:
        said = answer.headers.get("last-modified", "")
        days = [
            day for day in (_modified(said), changed.astimezone(CITY_ZONE).date() if before else None) if day
        ]
        newest = max(days, default=None)
    return newest, known, similarity, retitled


def _modified(text: str) -> date | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).astimezone(CITY_ZONE).date() if text else None
    except ValueError:
        return None


def _column(one: Column, page: Page, home: Page) -> ColumnSeen:
    """What stands in a column, beside what stands on every page."""
    everywhere = {link.href for link in home.links}
    own = [
        link for link in page.links if link.href not in everywhere and len(link.text) >= 4 and not link.hidden
    ]
    limit = PERIOD_DAYS[one.period] if one.period in PERIOD_DAYS else STALE_DAYS.get(one.kind, 0)
    return ColumnSeen(
        one.number, one.name, one.organization, one.url, page.newest, not own and page.newest is None, limit
    )


# ---- what came late
def _items(target: Target, visitor: Visitor, today: date) -> tuple[list[LateItem], list[Page]]:
    """The newest items of the feed or sitemap: their pages, and those that came late."""
    if not target.feed:
        return [], []
    said = visitor.ask(target.feed)
    try:
        items = feed.read(said.body) if said.is_open else []
    except ValueError:
        items = []
    late: list[LateItem] = []
    pages: list[Page] = []
    for item in items[:ITEMS]:
        if item.published is None or item.published < today - timedelta(days=ITEM_DAYS):
            continue
        answer = visitor.ask(item.url)
        if answer.is_open and _is_page(answer):
            page = visitor.read(answer, today)
            pages.append(page)
            late += _late(target, page, item.published, visitor.means)
    return late, pages


def _late(target: Target, page: Page, listed: date | None, means: Means) -> list[LateItem]:
    formed = target.formed.get(page.url) or (date.fromisoformat(page.formed) if page.formed else None)
    published = date.fromisoformat(page.published) if page.published else listed
    if formed is None or published is None or (days := (published - formed).days) <= SEVEN_DAYS:
        return []
    return [LateItem(page.url, formed, published, days, published > means.overdue(formed))]


# ---- names and certificates
def _certificate(url: str, means: Means, today: date) -> tuple[CertificateSeen | None, tuple[str, ...], str]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None, (), ""
    host = (parts.hostname or "").lower()
    try:
        address = means.policy.address(url)
    except http.NotAllowed as no:
        return None, (), no.why
    one = tls.look(host, address, parts.port or 443, means.ca_file, means.settings.seconds)
    if isinstance(one, tls.Silent):
        return None, (), one.why
    last = one.not_after.astimezone(CITY_ZONE).date()
    seen = CertificateSeen(
        one.subject, one.issuer, one.algorithm, one.bits, one.signed_with, last, (last - today).days, one.is_for(host),
        one.is_trusted, one.why, one.sha256,
    )  # fmt: skip
    return seen, one.names, ""


def _strangers(hosts: set[str] | tuple[str, ...], means: Means, source: str) -> list[tuple[str, str]]:
    """Hosts under our domains that no record names."""
    return [
        (host, source) for host in sorted({one.lower().rstrip(".") for one in hosts if one and "*" not in one})
        if host not in means.hosts and domain_of(host) in means.domains
    ]  # fmt: skip
