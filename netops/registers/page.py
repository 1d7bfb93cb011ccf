"""A public page as its source says it: links and whether people can see them, dates, security marks, identity numbers. Pure."""

from __future__ import annotations

import hashlib
import html
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import msgspec

from netops.core.dates import iso_of
from netops.registers import identity

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
HIDING = re.compile(
    r"display:none|visibility:hidden|(?<![\w-])opacity:0?\.?0+(?![.\d])|font-size:(?:0(?:\.0+)?(?:px|pt|r?em|%)?|1p[xt])(?![.\d])"
    r"|(?:left|top|right|bottom|margin-left|margin-top|text-indent):-\d{3,}(?:\.\d+)?(?:px|em|pt|%)?"
    r"|clip:rect\(0|(?<![\w-])(?:max-)?(?:width|height):[01](?:px)?(?:;|$)(?=.*overflow:hidden)|overflow:hidden.*(?<![\w-])(?:width|height):[01](?:px)?(?:;|$)"
)
"""Styles that take something out of sight, blanks left out."""
COLOR = re.compile(r"(?:^|;)color:([^;!]+)")
GROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")
WRITTEN = re.compile(r"document\.write(?:ln)?\s*\(\s*(?:unescape\s*\(\s*)?([\"'])(.*?)(?<!\\)\1", re.DOTALL)
IDENTITY = re.compile(r"(?<![0-9A-Za-z.])\d{17}[\dXx](?![0-9A-Za-z])")
MARK = re.compile(r"(绝密|机密|秘密)\s*[★☆⭐*＊]\s*(?:\d+\s*年|\d+\s*个?月|长期|解密|启用前)?")
LABELLED = re.compile(r"密\s*级\s*[:：]?\s*(绝密|机密|秘密)(?![\u4e00-\u9fff])")
WHOLE = re.compile(r"[\[【(（]?\s*(绝\s*密|机\s*密|秘\s*密)\s*[\])】）]?")
DAY = re.compile(r"(?<!\d)(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})(?!\d)")
TODAY = ("今天", "今日", "现在", "当前", "today")
FORMED = re.compile(
    r"(?:成文|形成|生成|印发|发文|制发|变更)\s*(?:日期|时间)\s*[:：]?\s*(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})"
)
PUBLISHED = re.compile(
    r"(?:发布|公开|发表)\s*(?:日期|时间)\s*[:：]?\s*(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})"
)
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


class Spot(msgspec.Struct, frozen=True):
    """
    A place on a page where something stands that should not; never what stands there.

    Args:
        kind: the mark (秘密、机密、绝密), or "" for an identity number.
        hash: eight hex digits by which the same text is known again.
    """

    line: int
    kind: str
    hash: str


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

    def hidden_links(self) -> Iterator[Link]:
        """Links out of sight that lead to somebody else's site."""
        for one in self.links:
            if one.hidden and one.host and not same_owner(one.host, self.host):
                yield one

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


def read(url: str, content: bytes, charset: str, today: date) -> Page:
    """The page at *url* out of its bytes, in whatever encoding it says or is."""
    source = decoded(content, charset)
    reader = _Reader(url, source)
    reader.feed(_with_written(source))
    reader.close()
    reader.end_block()
    text = "\n".join(block for _, block in reader.blocks)
    days = [day for line, block in reader.blocks if not any(word in block.lower() for word in TODAY)
            for day in _days(block) if day <= today]  # fmt: skip
    said = {name: value for name, value in reader.metas.items() if value}
    return Page(
        url=url, title=" ".join(reader.title.split())[:200], links=tuple(reader.links),
        marks=tuple(_marks(reader.blocks)), identities=tuple(_identities([*reader.blocks, *reader.scripts])),
        formed=_first(FORMED, text) or _iso(said.get("writtendate", "")),
        published=_iso(said.get("pubdate", "")) or _first(PUBLISHED, text),
        newest=max(days, default=None), dated=len(days), sha256=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        shape=shape_of(text),
    )  # fmt: skip


def decoded(content: bytes, charset: str) -> str:
    """Text by the charset of the header, else of the page itself, else as UTF-8, else GB18030."""
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

    def __init__(self, url: str, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = url
        self.title = ""
        self.metas: dict[str, str] = {}
        self.links: list[Link] = []
        self.blocks: list[tuple[int, str]] = []
        self.scripts: list[tuple[int, str]] = []
        self._open: list[tuple[str, str]] = []
        self._block: list[str] = []
        self._block_line = 1
        self._link: tuple[str, str, int] | None = None
        self._link_text: list[str] = []
        self._hiding = dict(_hiding_selectors(source))

    # ---- tags
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self.end_block()
        hidden = (self._open[-1][1] if self._open else "") or self._why_hidden(tag, said)
        if tag == "base" and said.get("href"):
            self.base = urljoin(self.base, said["href"])
        elif tag == "meta":
            self.metas.setdefault(
                said.get("name", said.get("property", "")).lower(), said.get("content", "")[:300]
            )
        elif tag == "a" and "href" in said and len(self.links) < MOST_LINKS:
            self._end_link()
            self._link = (_absolute(self.base, said["href"]), hidden, self.getpos()[0])
        if tag not in VOID and len(self._open) < MOST_DEEP:
            self._open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_block()
        if tag == "a":
            self._end_link()
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                break

    def handle_data(self, data: str) -> None:
        tag = self._open[-1][0] if self._open else ""
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

    def _why_hidden(self, tag: str, said: dict[str, str]) -> str:
        if "hidden" in said:
            return "hidden"
        if tag == "marquee" and any(
            said.get(name, "99").rstrip("px") in ("0", "1", "2", "3") for name in ("height", "width")
        ):
            return "marquee"
        if why := hiding(said.get("style", "")):
            return why
        names = [f".{one}" for one in said.get("class", "").split()] + (
            [f"#{said['id']}"] if said.get("id") else []
        )
        return next((self._hiding[one] for one in names if one in self._hiding), "")


def _hiding_selectors(source: str) -> Iterator[tuple[str, str]]:
    """Classes and ids that the page's own styles take out of sight."""
    for sheet in re.finditer(r"<style\b[^>]*>(.*?)</style\s*>", source, re.DOTALL | re.IGNORECASE):
        for rule in RULE.finditer(re.sub(r"/\*.*?\*/", "", sheet[1], flags=re.DOTALL)[:200_000]):
            if why := hiding(rule[2]):
                for selector in rule[1].split(","):
                    if found := re.fullmatch(r"\s*(?:[a-zA-Z][\w-]*)?([.#][\w-]+)\s*", selector):
                        yield found[1], why


def hiding(style: str) -> str:
    """How a style takes something out of sight, or ""."""
    said = "".join(html.unescape(style).lower().split())
    if found := HIDING.search(said):
        return found[0][:40]
    color, ground = COLOR.search(said), GROUND.search(said)
    return "color" if color and ground and color[1] == ground[1] else ""


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


# ---- what should not be there
def _marks(blocks: Iterable[tuple[int, str]]) -> Iterator[Spot]:
    """Marks as documents bear them (秘密★1年), as a field (密级：秘密) or alone in a block; no word in a sentence."""
    for line, block in blocks:
        found = MARK.search(block) or LABELLED.search(block) or WHOLE.fullmatch(block)
        if found:
            kind = "".join(found[1].split())
            yield Spot(line, kind, identity.fingerprint(block))


def _identities(blocks: Iterable[tuple[int, str]]) -> Iterator[Spot]:
    """Whole identity numbers with a right check digit; masked ones are as they should be."""
    for line, block in blocks:
        for found in IDENTITY.finditer(block):
            if not identity.why_no_identity(found[0]):
                yield Spot(line + block[: found.start()].count("\n"), "", identity.fingerprint(found[0]))


# ---- dates
def _days(block: str) -> Iterator[date]:
    for found in DAY.finditer(block):
        if text := _iso(found[1]):
            yield date.fromisoformat(text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return _iso(found[1]) if found else ""


def _iso(text: str) -> str:
    found = DAY.search(text)
    try:
        said = iso_of("-".join(re.findall(r"\d+", found[1]))) if found else ""
    except ValueError:
        return ""
    return said if len(said) == 10 else ""


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
