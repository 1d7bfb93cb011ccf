"""A page as its source says it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from netops.registers import feed
from netops.registers.page import alike, domain_of, hiding, read, shape_of
from netops.registers.probing import zone_names
from netops.registers.site import closed_share
from netops.registers.visits import Visit
from tests.conftest import NOON
from tests.registers.city import IDENTITY

TODAY = date(2026, 11, 20)


def marks(body: str) -> list[str]:
    return [one.kind for one in read("https://www.x.gov.cn/", body.encode(), "utf-8", TODAY).marks]


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("<p>秘密★1年</p>", ["秘密"]), ("<p>机密 ★ 长期</p>", ["机密"]), ("<div>绝密★</div>", ["绝密"]),
        ("<td>密级：秘密</td>", ["秘密"]),
        ("<p>秘　密</p>", ["秘密"]), ("<h1>【机密】</h1>", ["机密"]), ("<p>保守国家秘密</p>", []),
        ("<p>涉及商业秘密的除外</p>", []),
        ("<p>密级：公开</p>", []), ("<p>机密文件管理办法</p>", []), ("<li>秘密战线的故事</li>", []),
    ],
)  # fmt: skip
def test_a_mark_is_told_from_a_word(body: str, kinds: list[str]) -> None:
    """As documents bear it, or alone in its place."""
    assert kinds == marks(body)


@pytest.mark.parametrize(
    ("style", "is_hidden"),
    [
        ("display:none", True), ("DISPLAY : none !important", True), ("visibility:hidden", True),
        ("left:-9999px", True), ("font-size:0.9em", False),
        ("text-indent:-999em", True), ("font-size:0", True), ("font-size:1px", True), ("height:0;overflow:hidden", True),
        ("overflow:hidden;width:1px", True), ("opacity:0", True), ("color:#fff;background:#fff", True), ("", False),
        ("font-size:12px", False), ("opacity:0.5", False), ("left:-10px", False), ("height:100px;overflow:hidden", False),
        ("color:#fff;background:#000", False), ("margin-left:-15px", False),
        ("font-size:1.2em", False), ("line-height:1;overflow:hidden", False),
    ],
)  # fmt: skip
def test_a_style_that_hides_is_known(style: str, is_hidden: bool) -> None:
    """And one that does not is left alone."""
    assert is_hidden == bool(hiding(style))


def test_numbers_dates_and_encodings() -> None:
    """An unmasked number with its line, the newest day up to today, GB18030 without a word about it; a broken page too."""
    body = f"<p>名单</p>\n<script>var a = '{IDENTITY}';</script>\n<li>2026-11-19</li><li>2026-12-31</li>"
    body += "<p>今天是2026-11-20</p><a href='/x"
    one = read("https://www.x.gov.cn/", body.encode("gb18030"), "", TODAY)
    assert ([2], date(2026, 11, 19)) == ([spot.line for spot in one.identities], one.newest)
    late = read(
        "https://www.x.gov.cn/",
        "<meta name=PubDate content='2026-11-18 10:00'><p>成文日期：2026年11月3日".encode(),
        "utf-8",
        TODAY,
    )
    assert ("2026-11-03", "2026-11-18") == (late.formed, late.published)
    for hostile in (
        b"<" * 100_000,
        b"<div>" * 50_000,
        b"\xff\xfe<a",
        b"<!--" * 1000,
        b"<script>" * 1000,
        b"&#" * 5000,
    ):
        read("https://www.x.gov.cn/", hostile, "utf-8", TODAY)


def test_likeness_and_names() -> None:
    """The same text is alike, another is not; what somebody registered of a name."""
    first = shape_of(
        "市政府召开常务会议研究部署重点工作" * 20 + "".join(chr(0x4E00 + n) for n in range(2000))
    )
    assert 1.0 == alike(first, first)
    assert alike(first, shape_of("hacked by someone " * 50)) < 0.05
    assert ["yunxi.gov.cn", "example.com", "192.0.2.1"] == [
        domain_of(one) for one in ("www.a.yunxi.gov.cn", "www.example.com", "192.0.2.1")
    ]


def test_feeds_and_sitemaps_say_when() -> None:
    """RSS, Atom and sitemaps in city days; entities of its own are refused."""
    rss = "<rss><channel><item><link>https://a.cn/1</link><pubDate>Thu, 19 Nov 2026 20:00:00 GMT</pubDate></item></channel></rss>"
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='https://a.cn/2'/>"
    atom += "<updated>2026-11-18T01:00:00Z</updated></entry></feed>"
    site = "<urlset><url><loc>https://a.cn/3</loc><lastmod>2026-11-17</lastmod></url><url><loc>javascript:1</loc></url></urlset>"
    assert [date(2026, 11, 20), date(2026, 11, 18), date(2026, 11, 17)] == [
        feed.read(one.encode())[0].published for one in (rss, atom, site)
    ]
    for bad in (b"<!DOCTYPE x [<!ENTITY a 'b'>]><rss/>", b"<html></html>", b"", b"{}"):
        with pytest.raises(ValueError):
            feed.read(bad)


def test_zone_files_name_hosts() -> None:
    """Owners of addresses, whatever the origin; wildcards are no hosts."""
    text = "$ORIGIN yunxi.gov.cn.\n@ 3600 IN SOA ns. a. (1 2 3 4 5)\n"
    text += "www IN A 192.0.2.1\n    IN AAAA 2001:db8::1\n* IN A 192.0.2.2 ; no\nold.example.cn. CNAME www\n"
    assert ["www.yunxi.gov.cn", "old.example.cn"] == zone_names(text, "x")


def visited(at: datetime, outcome: str) -> Visit:
    return Visit("WEB-0001", "https://a/", at, outcome, 200, 0.1)


def test_a_week_is_judged_only_when_it_was_watched() -> None:
    """Twenty visits a day on each of seven days; five of a hundred failing is told, four are not."""
    week = [visited(NOON - timedelta(minutes=60 * n), "open") for n in range(168)]
    assert (0.0, 168) == closed_share(week, NOON)
    failing = [visited(one.at, "closed") if n < 9 else one for n, one in enumerate(week)]
    share, _count = closed_share(failing, NOON)
    assert share == pytest.approx(9 / 168)
    assert (None, 100) == closed_share(week[:100], NOON)
    assert (None, 84) == closed_share(week[::2], NOON)
