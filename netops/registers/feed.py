"""Feeds and sitemaps (RSS, Atom, sitemaps.org) as lists of items with the day they were published. Pure."""

from __future__ import annotations

from datetime import date, datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.dates import iso_of

MOST = 1000


class Item(msgspec.Struct, frozen=True):
    """One item: its page, its title, the city's day on which it was published or last changed, or None."""

    url: str
    title: str
    published: date | None


def read(content: bytes) -> list[Item]:
    """
    The items, newest first, those without a day last.

    Raises:
        ValueError: it is neither a feed nor a sitemap.
    """
    if b"<!DOCTYPE" in content[:2000] or b"<!ENTITY" in content:
        raise ValueError("it declares entities of its own")
    try:
        root = ET.fromstring(content)  # noqa: S314 - bounded before, and nothing with a DTD comes here
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    found: list[Item] = []
    for one in root.iter():
        if _tag(one) in ("item", "entry", "url") and len(found) < MOST:
            said = {_tag(part): part for part in one}
            link = said.get("link")
            url = (link.get("href") or link.text or "") if link is not None else ""
            place = url or (said["loc"].text or "" if "loc" in said else "")
            if place.strip().startswith(("http://", "https://")):
                title = (said["title"].text or "") if "title" in said else ""
                found.append(Item(place.strip(), " ".join(title.split())[:200], _day(said)))
    if not found and _tag(root) not in ("rss", "feed", "urlset", "sitemapindex", "RDF"):
        raise ValueError("it is neither a feed nor a sitemap")
    return sorted(
        found, key=lambda item: (item.published is None, -(item.published or date.min).toordinal(), item.url)
    )


def _tag(one: ET.Element) -> str:
    return str(one.tag).rsplit("}", 1)[-1]


def _day(said: dict[str, ET.Element]) -> date | None:
    for name in ("pubDate", "published", "date", "updated", "lastmod"):
        text = (said[name].text or "").strip() if name in said else ""
        if not text:
            continue
        try:
            moment = (
                datetime.fromisoformat(text.replace("Z", "+00:00"))
                if text[:4].isdigit()
                else parsedate_to_datetime(text)
            )
            return (moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)).astimezone(CITY_ZONE).date()
        except ValueError:
            pass
        try:
            return date.fromisoformat(iso_of(text))
        except ValueError:
            continue
    return None
