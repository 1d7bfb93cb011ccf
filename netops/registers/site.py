"""What a look at one site, service or interface brought together: plain values that the rules of sites judge. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from netops.registers.visits import Visit

WEEK = timedelta(days=7)
VISITS_A_DAY, SHARE = 20, 0.05
"""At least so many visits a day, and failing in this share of a week's is a veto (国办秘函〔2019〕19号 lineage)."""
HOME_DAYS = 14
STALE_DAYS = {"news": 14, "notice": 183, "policy": 183}
PERIOD_DAYS = {"realtime": 1, "1h": 1, "12h": 1, "1d": 1, "7d": 7, "1m": 31, "3m": 92, "6m": 183, "1y": 366}
DUTIES = {"sites": "A14-1", "services": "A21-1", "interfaces": "A25-2"}
"""The duty behind a page that must answer, by register."""


class CertificateSeen(msgspec.Struct, frozen=True):
    """A certificate as far as it is judged: *days_left* below 0 is over; *is_trusted* None is not known."""

    subject: str
    issuer: str
    algorithm: str
    bits: int
    signed_with: str
    not_after: date
    days_left: int
    is_named: bool
    is_trusted: bool | None
    why: str
    sha256: str


class PageSpot(msgspec.Struct, frozen=True):
    """A place on a page: a mark, an identity number (kind ""), never the text itself."""

    url: str
    line: int
    kind: str
    hash: str


class HiddenLink(msgspec.Struct, frozen=True):
    """A link out of sight: the page, the host that it leads to, how it is hidden."""

    url: str
    line: int
    host: str
    how: str


class DeadLink(msgspec.Struct, frozen=True):
    """A link of a page that leads nowhere: *status* of HTTP, 0 without an answer."""

    url: str
    target: str
    status: int


class ColumnSeen(msgspec.Struct, frozen=True):
    """A column: the newest day on it, whether it has any item, and after how many days it is stale."""

    number: str
    name: str
    organization: str
    url: str
    newest: date | None
    is_empty: bool
    stale_days: int


class LateItem(msgspec.Struct, frozen=True):
    """An item that came late: *days* in the calendar; *is_overdue* when twenty working days were over as well."""

    url: str
    formed: date
    published: date
    days: int
    is_overdue: bool


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """
    One look at one record.

    Args:
        number, kind, organization, name: of the record; *url*: its page.
        is_open: whether the page came in time, at the second try at least.
        closed_share: share of a week's visits that failed; None while there are too few to judge.
        is_close: pages were read too, not only visited.
        similarity: to the page as it was known, a ratio; None without one.
    """

    plane: Plane
    number: str
    kind: str
    organization: str
    name: str
    url: str
    at: datetime
    today: date
    is_open: bool
    why: str = ""
    closed_share: float | None = None
    visits: int = 0
    is_close: bool = False
    certificate: CertificateSeen | None = None
    newest: date | None = None
    title_changed: bool = False
    similarity: float | None = None
    marks: tuple[PageSpot, ...] = ()
    identities: tuple[PageSpot, ...] = ()
    hidden: tuple[HiddenLink, ...] = ()
    dead: tuple[DeadLink, ...] = ()
    links_asked: int = 0
    inward: tuple[tuple[str, str], ...] = ()
    columns: tuple[ColumnSeen, ...] = ()
    late: tuple[LateItem, ...] = ()
    strangers: tuple[tuple[str, str], ...] = ()
    """(host under our domains that nobody registered, who says so)."""

    def conclusion(
        self,
        code: str,
        mark: str,
        body: dict[str, object],
        *duties: str,
        organization: str = "",
        url: str = "",
        **facts: str,
    ) -> Conclusion:
        """A conclusion about this record; *mark* keeps several of one rule apart."""
        whose = organization or self.organization
        said = {
            "number": self.number,
            "name": self.name,
            "url": url or self.url,
            "organization": whose,
            **facts,
        }
        subject: dict[str, Any] = {"organization": whose, "record": self.number, "url": url or self.url}
        return Conclusion(
            code, self.plane, subject, whose, said,
            (Evidence("http", self.number, url or self.url, body, self.at),), self.at, identity=f"{self.number} {mark}".strip(),
            basis=tuple(Basis(int(duty[1:3]), duty=duty) for duty in duties),
        )  # fmt: skip


def closed_share(visits: Iterable[Visit], at: datetime) -> tuple[float | None, int]:
    """
    Share of the last week's visits that failed, and how many there were.

    None while a day of the week has fewer than twenty: a week that was not watched is not judged.
    """
    week = [one for one in visits if one.outcome in ("open", "closed") and at - WEEK < one.at <= at]
    days = {int((at - one.at) / timedelta(days=1)) for one in week}
    counted = [sum(int((at - one.at) / timedelta(days=1)) == day for one in week) for day in days]
    if len(days) < 7 or min(counted, default=0) < VISITS_A_DAY:
        return None, len(week)
    return sum(one.outcome == "closed" for one in week) / len(week), len(week)
