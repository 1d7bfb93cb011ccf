"""A page as its source says it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from netops.registers import feed
from netops.registers.identity import fingerprint
from netops.registers.page import alike, domain_of, read, shape_of
from netops.registers.probing import zone_names
from netops.registers.site import closed_share
from netops.registers.style import hiding, sheets_of
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
        ("<p>000012 机密★三年 特急</p>", ["机密"]), ("<p>关于某事的通知（秘密&#9733;6个月）</p>", ["秘密"]),
        ("<p>绝 密★启用前</p>", ["绝密"]), ("<p>【密级】机密级</p>", ["机密"]), ("<td>密级</td><td>秘密级</td>", ["秘密"]),
        ("<p>秘密*1年</p>", ["秘密"]), ("<p>不得泄露商业秘密*、个人隐私</p>", []), ("<h2>《秘密花园》读后感</h2>", []),
        ("<p>国家秘密标志形式为“机密★5年”</p>", []), ("<p>标注密级，如秘密★1年</p>", []),
        ("<p>密级：秘密级以上的不得上网</p>", []),
        ("<tr><td>绝密</td></tr><tr><td>机密</td></tr><tr><td>秘密</td></tr>", []), ("<p>密级（绝密、机密、秘密）</p>", []),
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


LINK = '<a href="http://bet.example/">x</a>'


@pytest.mark.parametrize(
    ("css", "body", "is_hidden"),
    [
        (".x{display:none}", '<div class="x">{}</div>', True),
        (".box p.q{position:absolute;left:-9999px}", '<div class="box"><p class="q">{}</p></div>', True),
        (".box > p{display:none}", '<div class="box"><div><p>{}</p></div></div>', False),
        ("#z{width:0;height:0;overflow:hidden}", '<div id="z">{}</div>', True),
        (".w{background:#fff}.w a{color:rgb(255,255,255)}", '<div class="w">{}</div>', True),
        (".w a{color:#fff}.w{background:#036}", '<div class="w">{}</div>', False),
        (".w{background:#333 url(a.png)}.w a{color:#333}", '<div class="w">{}</div>', False),
        ("a{color:white}", "<p>{}</p>", True),
        ("a{color:white}body{background:navy}", "<p>{}</p>", False),
        (".m{display:none}.m:hover{display:block}", '<ul class="m">{}</ul>', False),
        (".m{display:none}.m.open{display:block}", '<ul class="m">{}</ul>', False),
        (".t>.pane{display:none}.t>.active{display:block}", '<div class="t"><div class="pane">{}</div></div>', False),
        (".x{display:none}.nav li{display:block}", '<ul><li class="x">{}</li></ul>', True),
        (".x{display:none}div.x{display:block}", '<div class="x">{}</div>', False),
        (".x{display:none!important}div.x{display:block}", '<p class="x">{}</p>', True),
        (".g{font-size:0}.g li{font-size:14px}", '<ul class="g"><li>{}</li></ul>', False),
        (".g{font-size:0}", '<ul class="g"><li>{}</li></ul>', True),
        (".b{position:absolute;left:50%;margin-left:-960px}", '<div class="b">{}</div>', False),
        ("@media (max-width:700px){.b{display:none}}", '<div class="b">{}</div>', False),
        ("@media screen{.b{display:none}}", '<div class="b">{}</div>', True),
        (".b{display:none", '<div class="b">{}</div>', False),
    ],
)  # fmt: skip
def test_styles_of_sheets_are_followed(css: str, body: str, is_hidden: bool) -> None:
    """As browsers do: what fits, what weighs more, what is inherited; menus and tabs that a state shows are no hiding places."""
    address = "https://www.x.gov.cn/s/a.css?v=2"
    source = f'<head><link href="s/a.css?v=2#x" rel=stylesheet><link rel="stylesheet" href="//cdn.example/b.css"></head>{body}'
    assert [address] == sheets_of("https://www.x.gov.cn/", source)
    source = source.replace('<link rel="stylesheet" href="//cdn.example/b.css">', "").replace("{}", LINK)
    [link] = read("https://www.x.gov.cn/", source.encode(), "", TODAY, {address: css}).links
    assert is_hidden == bool(link.hidden)
    [unread] = read("https://www.x.gov.cn/", source.encode(), "", TODAY).links
    assert "" == unread.hidden


@pytest.mark.parametrize(
    "text",
    [
        "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ", "110105-19491231-002x", "<b>110105</b>19491231002X",
        "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "110105\u200b19491231002X", "110105&nbsp;19491231&nbsp;002X",
        "<!-- 110105 19491231 002X -->", '<input type="hidden" value="11010519491231002X">',
        '<a href="/q?sfz=11010519491231002X">查询</a>',
    ],
)  # fmt: skip
def test_an_identity_number_is_known_however_it_is_written(text: str) -> None:
    """In groups, full-width, parted by tags or marks that nobody sees, in comments and fields; its fingerprint is the same."""
    [spot] = read("https://www.x.gov.cn/", f"<p>张某 {text}</p>".encode(), "utf-8", TODAY).identities
    assert ("", fingerprint(IDENTITY)) == (spot.kind, spot.hash)


@pytest.mark.parametrize(
    "text",
    ["110105194912310021", "110105********002X", "91350100M000100Y43", "990105 19491231 0020", "ISBN 9787020002207 12345",
     "2026 11 20 2026 11 20 20", "6222021102012345678", "110105194913310023"],
)  # fmt: skip
def test_what_is_no_identity_number_is_left_alone(text: str) -> None:
    """Wrong check digits, masked ones, cards, codes, no place, no day."""
    assert () == read("https://www.x.gov.cn/", f"<p>{text}</p>".encode(), "utf-8", TODAY).identities


def test_a_list_without_years_has_an_age() -> None:
    """A day without its year is the last one that was; a page under another charset than it says is read all the same."""
    body = "<li>会议<span>[12-28]</span></li><li>通知 <em>11月03日</em></li><li>评分 4-5</li><li>2025年12月1日</li>"
    assert date(2026, 11, 3) == read("https://www.x.gov.cn/", body.encode(), "gbk", TODAY).newest
    assert "云溪" == read("https://www.x.gov.cn/", "<title>云溪</title>".encode(), "gb2312", TODAY).title
    assert "云溪" == read("https://www.x.gov.cn/", "<title>云溪</title>".encode("gb18030"), "utf-8", TODAY).title


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
