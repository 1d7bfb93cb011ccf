"""A public page as its source says it: links and whether people can see them, dates, security marks, identity numbers. Pure."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec

from netops.registers import spots
from netops.registers.spots import Spot
from netops.registers.style import (
    TOGGLED,
    UNKNOWN,
    Element,
    Styles,
    ground_of,
    hidden_by,
    ink,
    sheets_of,
    style_of,
    tiny,
)

VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    )
)
BLOCKS = frozenset(
    ("p", "div", "li", "td", "th", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dd", "dt", "body", "ul", "ol",
     "table", "header", "footer", "title", "br", "option", "main", "aside", "form", "nav", "blockquote", "pre", "dl")
)  # fmt: skip
MOST_LINKS, MOST_BLOCKS, MOST_DEEP = 5000, 20_000, 500
WRITTEN = re.compile(r"document\.write(?:ln)?\s*\(\s*(?:unescape\s*\(\s*)?([\"'])(.*?)(?<!\\)\1", re.DOTALL)
MISSING = re.compile(r"^\W*(?:404|页面不存在|找不到页面|您访问的页面(?:不存在|已删除)|page not found|not found)", re.IGNORECASE)
SHINGLE, KEPT = 4, 128


class Link(msgspec.Struct, frozen=True):
    """
    One link.

    Args:
        href: absolute, without fragment.
        hidden: how it is kept out of sight, or "".
        line: from 1, in the source.
    """

    href: str
    text: str
    hidden: str
    line: int

    @property
    def host(self) -> str:
        """The host that it leads to."""
        try:
            return (urlsplit(self.href).hostname or "").lower()
        except ValueError:
            return ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a page says, without its words.

    Args:
        formed, published: the dates of a document that it gives, as ISO text, or "".
        newest: the newest day on it up to today, or None.
        dated: how many of its blocks have a day.
        shape: of its words, see `alike`.
    """

    url: str
    title: str
    links: tuple[Link, ...]
    marks: tuple[Spot, ...]
    identities: tuple[Spot, ...]
    formed: str
    published: str
    newest: date | None
    dated: int
    sha256: str
    shape: tuple[int, ...]

    @property
    def is_missing(self) -> bool:
        """Whether it only says that there is no such page, whatever the server says."""
        return MISSING.match(self.title) is not None

    @property
    def host(self) -> str:
        """Its own host."""
        return (urlsplit(self.url).hostname or "").lower()


def same_owner(one: str, other: str) -> bool:
    """Whether two hosts belong together: under the same registered name, or both of the state (.gov.cn)."""
    return (
        one == other
        or domain_of(one) == domain_of(other)
        or (one.endswith(".gov.cn") and other.endswith(".gov.cn"))
    )


def domain_of(host: str) -> str:
    """The part of a host name that somebody registered: yunxi.gov.cn of www.yunxi.gov.cn."""
    labels = host.rstrip(".").split(".")
    if labels[-1].isdigit():
        return host
    deep = (
        3
        if len(labels) > 2
        and labels[-2] in ("gov", "org", "com", "edu", "net", "ac")
        and len(labels[-1]) == 2
        else 2
    )
    return ".".join(labels[-deep:])


def read(url: str, content: bytes, charset: str, today: date, sheets: Mapping[str, str] | None = None) -> Page:
    """
    The page at *url* out of its bytes, in whatever encoding it says or is.

    Args:
        sheets: texts of the style sheets that it names (`style.sheets_of`), by address, as far as they were read.
    """
    source = decoded(content, charset)
    named = sheets_of(url, source)
    read_ones = [text for one in named if (text := (sheets or {}).get(one)) is not None]
    reader = _Reader(url, source, read_ones, is_whole=len(read_ones) == len(re.findall(r"rel=[\"']?stylesheet", source, re.I)))
    reader.feed(_with_written(source))
    reader.close()
    reader.end_block()
    text = "\n".join(block for _, block in reader.blocks)
    days = list(spots.days(reader.blocks, today))
    said = {name: value for name, value in reader.metas.items() if value}
    return Page(
        url=url, title=" ".join(reader.title.split())[:200], links=tuple(reader.links),
        marks=tuple(spots.marks(reader.blocks)),
        identities=tuple(spots.identities([*reader.blocks, *reader.scripts, *reader.written])),
        formed=spots.first(spots.FORMED, text) or spots.iso(said.get("writtendate", "")),
        published=spots.iso(said.get("pubdate", "")) or spots.first(spots.PUBLISHED, text),
        newest=max(days, default=None), dated=len(days), sha256=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        shape=shape_of(text),
    )  # fmt: skip


def decoded(content: bytes, charset: str) -> str:
    """Text that is UTF-8 as that; else by the charset of the header, of the page itself, or as GB18030."""
    if not content.isascii() and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-8-sig")  # nothing else of this length is UTF-8 by chance, whatever the header says
        except UnicodeDecodeError:
            pass
    told = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)", content[:4096], re.IGNORECASE)
    for name in (charset, told[1].decode("ascii", "replace") if told else "", "utf-8", "gb18030"):
        if name.lower() in ("gb2312", "gbk"):
            name = "gb18030"
        try:
            if name:
                return content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("utf-8", "replace")


def _with_written(source: str) -> str:
    """The source with what scripts write by document.write in its place: that is how links are hidden most often."""

    def spread(found: re.Match[str]) -> str:
        written = "".join(_unquoted(one[2]) for one in WRITTEN.finditer(found[0]))
        # What follows keeps its line: the script stays, its writing stands on its last line.
        return found[0] + written.replace("\n", " ")

    return re.sub(r"<script\b[^>]*>.*?</script\s*>", spread, source, flags=re.DOTALL | re.IGNORECASE)


def _unquoted(text: str) -> str:
    text = re.sub(
        r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})",
        lambda m: chr(int(m[1] or m[2] or m[3], 16)),
        text,
    )
    return text.replace("\\/", "/").replace('\\"', '"').replace("\\'", "'").replace("\\n", " ")


class _Reader(HTMLParser):
    """Walks over the source with the styles that hide in mind."""

    def __init__(self, url: str, source: str, sheets: Sequence[str], *, is_whole: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.base = url
        self.title = ""
        self.metas: dict[str, str] = {}
        self.links: list[Link] = []
        self.blocks: list[tuple[int, str]] = []
        self.scripts: list[tuple[int, str]] = []
        self.written: list[tuple[int, str]] = []
        """Comments and attributes: nobody sees them on the page, everybody can read them in it."""
        self._open: list[_Open] = []
        self._block: list[str] = []
        self._block_line = 1
        self._link: tuple[str, str, int] | None = None
        self._link_text: list[str] = []
        own = [found[1] for found in re.finditer(r"<style\b[^>]*>(.*?)</style\s*>", source, re.DOTALL | re.IGNORECASE)]
        self._styles = Styles((*sheets, *own))
        inline = re.search(r"style\s*=[^>]*background|bgcolor", source, re.IGNORECASE) is not None
        self._canvas = "ffffff" if is_whole and not inline and not self._styles.has_ground else ""
        """The ground of the page itself, where every style of it is known and none gives it another."""

    # ---- tags
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self.end_block()
        element = Element(tag, said.get("id", ""), frozenset(said.get("class", "").split()))
        self._note(said)
        hidden, ground, is_tiny = self._why_hidden(element, said)
        if tag == "base" and said.get("href"):
            self.base = urljoin(self.base, said["href"])
        elif tag == "meta":
            self.metas.setdefault(
                said.get("name", said.get("property", "")).lower(), said.get("content", "")[:300]
            )
        elif tag == "a" and "href" in said and len(self.links) < MOST_LINKS:
            self._end_link()
            self._link = (_absolute(self.base, said["href"]), hidden, self.getpos()[0])
        elif tag in ("iframe", "frame") and hidden and said.get("src") and len(self.links) < MOST_LINKS:
            self.links.append(Link(_absolute(self.base, said["src"]), "", hidden, self.getpos()[0]))
        elif self._link and tag in ("img", "svg", "picture", "video") and self._link[1] in WORDS_ONLY:
            self._link = (self._link[0], "", self._link[2])
        if tag not in VOID and len(self._open) < MOST_DEEP:
            self._open.append(_Open(element, "" if hidden in WORDS_ONLY else hidden, ground, is_tiny=is_tiny))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_block()
        if tag == "a":
            self._end_link()
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].element.tag == tag:
                del self._open[place:]
                break

    def handle_data(self, data: str) -> None:
        tag = self._open[-1].element.tag if self._open else ""
        if tag == "script":
            self.scripts.append((self.getpos()[0], data[:200_000]))
            return
        if tag == "style":
            return
        if tag == "title":
            self.title += data
        if self._link:
            self._link_text.append(data)
        if data.strip():
            if not self._block:
                self._block_line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self._block.append(data)

    def end_block(self) -> None:
        """A block of text is over."""
        if self._block and len(self.blocks) < MOST_BLOCKS:
            self.blocks.append((self._block_line, " ".join("".join(self._block).split())))
        self._block = []

    def _end_link(self) -> None:
        if self._link:
            href, hidden, line = self._link
            if href:
                self.links.append(Link(href, " ".join("".join(self._link_text).split())[:100], hidden, line))
        self._link, self._link_text = None, []

    def close(self) -> None:
        super().close()
        self._end_link()

    def handle_comment(self, data: str) -> None:
        if len(self.written) < MOST_BLOCKS:
            self.written.append((self.getpos()[0], " ".join(data.split())[:20_000]))

    def _note(self, said: Mapping[str, str]) -> None:
        line = self.getpos()[0]
        self.written += [(line, value[:2000]) for value in said.values() if len(value) > 17 and len(self.written) < MOST_BLOCKS]

    def _why_hidden(self, element: Element, said: dict[str, str]) -> tuple[str, str, bool]:
        """How an element is out of sight, or ""; the ground that it stands on; whether its letters are too small."""
        above = self._open[-1] if self._open else _Open(element, "", self._canvas, is_tiny=False)
        tag, around = element.tag, [one.element for one in self._open]
        style = self._styles.of(element, around, said.get("style", ""))
        ground = ground_of(style) or _bgcolor(said) or above.ground
        size = tiny(style)
        is_tiny = above.is_tiny if size is None else size
        if above.hidden:
            return above.hidden, ground, is_tiny
        if "hidden" in said and style.get("display", "none") == "none":
            return "hidden", ground, is_tiny
        if tag == "marquee" and any(said.get(name, "99").removesuffix("px") in "0123" for name in ("height", "width")):
            return "marquee", ground, is_tiny
        if tag in ("iframe", "frame") and any(said.get(name, "99").removesuffix("px") in "01" for name in ("height", "width")):
            return tag, ground, is_tiny
        why = hidden_by(style)
        if why.startswith(TOGGLED) and not hidden_by(_inline(said)) and self._styles.toggles(element, around):
            why = ""
        if not why and tag == "a":
            # A link has its own colour: what stands around it gives it none (HTML, 15.3.4).
            color = ink(style)
            why = "font-size" if is_tiny else "color" if color and color in (ground, "clear") and ground != UNKNOWN else ""
        return why, ground, is_tiny


WORDS_ONLY = ("font-size", "color")
"""What hides words, and no picture."""


class _Open(NamedTuple):
    """An element that is not closed yet: how it is out of sight, on which ground, with which letters."""

    element: Element
    hidden: str
    ground: str
    is_tiny: bool


def _inline(said: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value, _important in style_of(said.get("style", ""))}


def _bgcolor(said: Mapping[str, str]) -> str:
    return ground_of({"background-color": said["bgcolor"].lower()}) if said.get("bgcolor") else ""


def _absolute(base: str, href: str) -> str:
    try:
        made = urljoin(base, href.strip())
        parts = urlsplit(made)
        return (
            parts._replace(fragment="").geturl()
            if parts.scheme in ("http", "https") and parts.hostname
            else ""
        )
    except ValueError:
        return ""


# ---- likeness
def shape_of(text: str) -> tuple[int, ...]:
    """The smallest hashes of its runs of four characters: what stays of a text so that two can be compared, and no more."""
    plain = "".join(text.split())
    runs = {
        zlib.crc32(plain[place : place + SHINGLE].encode("utf-8", "replace"))
        for place in range(max(1, len(plain) - SHINGLE + 1))
    }
    return tuple(sorted(runs)[:KEPT])


def alike(one: Iterable[int], other: Iterable[int]) -> float:
    """How much of two texts is the same, a ratio 0–1 (Broder, On the resemblance and containment of documents, 1997)."""
    first, second = set(one), set(other)
    smallest = set(sorted(first | second)[:KEPT])
    return len(smallest & first & second) / len(smallest) if smallest else 1.0
