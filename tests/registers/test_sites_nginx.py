"""A city's sites on a real nginx: every planted fault is found, exactly, and a clean site raises nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from netops.config import Config
from netops.core import docket
from netops.core.clock import CITY_ZONE, now
from netops.core.finding import STANDING
from netops.core.language import speak
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from netops.registers.identity import fingerprint
from netops.registers.probing import Sites
from netops.rounds import look, sites
from netops.rounds import registers as rounds
from netops.settings import PlaneSettings
from tests.registers.city import IDENTITY, desk_of
from tests.registers.nginx import Authority, free_port, serving

TODAY = now().astimezone(CITY_ZONE).date()
DOMAIN = "yunxi.gov.cn"


def page(body: str, title: str = "云溪市人民政府门户网站", head: str = "") -> str:
    head = f'<meta charset="utf-8"><title>{title}</title>{head}'
    return f"<!DOCTYPE html>\n<html><head>{head}</head>\n<body>\n{body}\n</body></html>\n"


def news(day: date, count: int = 4) -> str:
    """A list as every home page has it, with the words that must not be taken for marks or numbers."""
    items = "".join(f'<li><a href="/news/{n}.html">市政府召开第{n}次常务会议研究部署保守国家秘密工作</a><span>{day}</span></li>\n'
                    for n in range(count))  # fmt: skip
    return (
        "<div>今天是" + str(TODAY) + "</div><ul>" + items + "</ul>"
        '<div class="menu" style="display:none"><a href="/about.html">机构职能</a></div>'
        '<div style="display:none"><a href="https://service.weibo.com/share">分享</a></div>'
        "<p>身份证号：430***********1234，查询电话 0731-55550000，统一社会信用代码 91350100M000100Y43</p>"
        "<p>流水号 110105194912310021</p>"
        "<p>泄露国家秘密、商业秘密的，依法追究责任；机密级以上文件不得上网。</p>"
    )


class City:
    """The desk, the port and what stands there."""

    def __init__(self, folder: Path) -> None:
        import netops.tables  # noqa: F401 - every table

        self.folder, self.port, self.plain = folder, free_port(), free_port()
        self.authority = Authority(folder)
        store = Store(f"sqlite:///{folder / 'netops.db'}")
        metadata.create_all(store.engine)
        self.desk = desk_of(store, now)
        self.desk.config = Config(
            store_url=store.url, planes={Plane.EXTRANET: PlaneSettings(nets=("10.72.0.0/16",))},
            sites=Sites(pause_seconds=0, seconds=3, ca_file=str(folder / "root.pem")),
        )  # fmt: skip
        self.servers: list[str] = []

    def site(self, name: str, files: dict[str, str | bytes], *, names: tuple[str, ...] = (), trusted: bool = True,
             locations: str = "", signed: dict[str, Any] | None = None, **values: str) -> str:  # fmt: skip
        """A site NAME.yunxi.gov.cn with these files, registered; its number."""
        host = f"{name}.{DOMAIN}"
        root = self.folder / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode() if isinstance(text, str) else text)
        authority = self.authority
        if not trusted:
            (self.folder / "other").mkdir(exist_ok=True)
            authority = Authority(self.folder / "other")
        authority.issue(name, *(names or (host,)), **(signed or {}))
        self.servers.append(
            f"server {{ listen 127.0.0.1:{self.port} ssl; server_name {host}; root {root}; index index.html;\n"
            f" ssl_certificate {authority.folder / name}.pem; ssl_certificate_key {authority.folder / name}.key; {locations} }}"
        )
        row = {"organization": "fin", "name": name, "class": "main", "url": f"https://{host}:{self.port}/", "on_platform": "是",
               "addresses": "127.0.0.1", "editor": "某", "icp": "湘ICP备1号", **values}  # fmt: skip
        return rounds.apply(self.desk, rounds.edited(self.desk, "sites", "", row)).number

    def found(self, number: str) -> dict[str, list[str]]:
        """By rule, the pages that standing findings of a site name."""
        told: dict[str, list[str]] = {}
        for one in docket.listed(self.desk.store, state=STANDING):
            if one.code >= "RG-201" and one.subject["record"] == number:
                told.setdefault(one.code, []).append(
                    str(one.subject["url"]).replace(f":{self.port}", "").removeprefix("https://")
                )
        return told


@pytest.fixture
def city(tmp_path: Path) -> City:
    speak("zh")
    return City(tmp_path)


ITEM = page(f"<h1>会议</h1><p>成文日期：{TODAY - timedelta(days=8)}</p><p>发布日期：{TODAY - timedelta(days=1)}</p>")
CLEAN: dict[str, str | bytes] = {"index.html": page(news(TODAY - timedelta(days=1))), "about.html": page("机构职能"),
         **{f"news/{n}.html": ITEM for n in range(4)}}  # fmt: skip


def test_nginx_planted_faults_are_judged_exactly(city: City) -> None:
    """Expired, wrong name, untrusted, weak; dead links, stale page, identity number, hidden link, 秘密; late items; strangers."""
    host = f"https://faulty.{DOMAIN}:{city.port}"
    clean = city.site("clean", CLEAN, feed=f"https://clean.{DOMAIN}:{city.port}/feed.xml")
    (city.folder / "clean" / "feed.xml").write_text(
        f"<rss><channel><item><title>a</title><link>https://clean.{DOMAIN}:{city.port}/news/0.html</link>"
        f"<pubDate>{TODAY - timedelta(days=1)}T09:00:00+08:00</pubDate></item></channel></rss>"
    )
    faulty = city.site(
        "faulty",
        {
            "index.html": page(
                news(TODAY - timedelta(days=15), 1)
                + '<a href="/gone.html">年报</a><a href="/list.html">名单</a><a href="/paper.html">文件</a>'
                '<a href="/late.html">公告</a>'
                f'<a href="/inward">跳转</a><a href="https://secret-sub.{DOMAIN}/">子站</a>\n'
                "<script>document.write('<div style=\"position:absolute;left:-9999px\">');</script>\n"
                '<a href="https://bet.example.com/">友情链接</a>\n<script>document.write("</div>");</script>'
            ),
            "news/0.html": page(
                '<span class="x"><a href="http://casino.example.net/">x</a></span>',
                head="<style>.x, #y { font-size: 0px }</style>",
            ),
            "list.html": page(
                f"<table>\n<tr><td>张某</td>\n<td>{IDENTITY}</td></tr>\n<tr><td>110105194912310021</td></tr></table>"
            ),
            "paper.html": page("<p>秘密★5年</p>\n<p>关于某项工作的通知</p>"),
            "mark.html": page('<div>\n秘 密\n</div><a href="/m/1.html">一份文件的名称</a>'),
            "late.html": page(
                f"<p>成文日期：{TODAY - timedelta(days=60)}</p><p>发布日期：{TODAY - timedelta(days=2)}</p>"
            ),
            "about.html": page("机构职能"),
            "empty.html": page(""),
            "old.html": page(
                f'<li><a href="/o/1.html">多年以前的政策</a> {TODAY - timedelta(days=200)}</li>'
            ),
        },
        locations="location = /inward { return 302 http://inside.example.gov.cn/admin; }",
    )
    for name, path, kind in (
        ("空栏目", "/empty.html", "news"),
        ("政策", "/old.html", "policy"),
        ("标密", "/mark.html", "other"),
    ):
        row = {
            "organization": "ic",
            "site": faulty,
            "name": name,
            "url": host + path,
            "class": kind,
            "reviewer": "某",
        }
        rounds.apply(city.desk, rounds.edited(city.desk, "columns", "", row))
    expired = city.site(
        "expired",
        {"index.html": page(news(TODAY))} | {k: v for k, v in CLEAN.items() if k != "index.html"},
        signed={"days": -3},
    )
    wrong = city.site("wrong", CLEAN, names=(f"other.{DOMAIN}",))
    foreign = city.site("foreign", CLEAN, trusted=False)
    weak = city.site("weak", CLEAN, signed={"bits": 1024, "days": 10})
    city.desk.config = city.desk.config.__class__(
        store_url=city.desk.config.store_url, planes=city.desk.config.planes,
        sites=Sites(pause_seconds=0, seconds=3, ca_file=str(city.folder / "root.pem"), hosts=("inside.example.gov.cn",)),
    )  # fmt: skip
    with serving(city.folder, "\n".join(city.servers), city.port):
        report = sites.run(city.desk, close=True, resolve=lambda host: ["10.72.0.9"])

    assert () == report.unseen
    assert {} == city.found(clean), [
        look.title(one) for one in docket.listed(city.desk.store) if one.subject["record"] == clean
    ]
    at = f"faulty.{DOMAIN}"
    assert {
        "RG-203": [f"{at}/"], "RG-204": [f"{at}/old.html"], "RG-205": [f"{at}/empty.html"], "RG-206": [f"{at}/"],
        "RG-208": [f"{at}/late.html"], "RG-215": [f"{at}/", f"{at}/news/0.html"],
        "RG-216": [f"{at}/mark.html", f"{at}/paper.html"], "RG-217": [f"{at}/list.html"], "RG-218": [f"secret-sub.{DOMAIN}"],
        "RG-219": [f"{at}/inward"],
    } == {code: sorted(pages) for code, pages in city.found(faulty).items()}  # fmt: skip
    assert ["RG-209"] == list(city.found(expired))
    assert ["RG-211", "RG-218"] == sorted(city.found(wrong)), "a certificate names what nobody registered"
    assert ["RG-212"] == list(city.found(foreign))
    assert ["RG-210", "RG-213"] == sorted(city.found(weak))

    kept = str(
        [
            (one.facts, one.subject, docket.pieces(city.desk.store, one.evidence))
            for one in docket.listed(city.desk.store)
        ]
    )
    assert IDENTITY not in kept
    assert "某项工作" not in kept
    assert "★" not in kept
    assert fingerprint(IDENTITY) in kept
    (dead,) = docket.listed(city.desk.store, code="RG-206")
    assert {"1"} == {dead.facts["count"]}
    assert f"{host}/gone.html" == dead.facts["target"]
    (number,) = docket.listed(city.desk.store, code="RG-217")
    assert ("1", "6") == (number.facts["count"], number.facts["line"])


def test_nginx_other_faults_are_judged_exactly_too(city: City) -> None:
    """
    A SHA-1 signature, a certificate that is not valid yet, a chain that is over or left out; links hidden by a sheet, white on
    white, in an empty frame; numbers in groups and full-width; a page in GB18030; pages that only say 404; a redirect to an
    address inside; and what only looks like a fault: menus, tabs, a novel's name, a lesson about marks, a redirect elsewhere.
    """
    menus = (
        '<ul class="menu"><li>链接<ul class="more"><li><a href="http://www.bank.example/">某银行</a></li></ul></li></ul>'
        '<div class="tabs"><div class="pane"><a href="http://www.paper.example/">某报</a></div></div>'
        "<p>《秘密花园》读书会</p><p>国家秘密标志形式为“机密★5年”</p><p>密级（绝密、机密、秘密）</p>"
        '<p>卡号 6222021102012345678</p><a href="/away">外站</a>'
    )
    css = (
        ".menu .more{display:none}.menu li:hover .more{display:block}.tabs>.pane{display:none}.tabs>.active{display:block}"
        ".box{font-size:0}.box li{font-size:14px}footer{background:#036}footer a{color:#fff}"
    )
    sheet = '<link rel="stylesheet" href="/a.css">'
    clean = city.site(
        "menus", CLEAN | {"index.html": page(news(TODAY) + menus, head=sheet), "a.css": css},
        locations="location = /away { return 302 https://www.elsewhere.example/; }",
    )  # fmt: skip
    hidden = city.site(
        "hidden",
        CLEAN | {
            "index.html": page(
                news(TODAY) + '<div class="deep"><p><a href="http://one.example/">x</a></p></div>\n'
                '<div class="paper"><a class="ink" href="http://two.example/">y</a></div>\n'
                '<iframe src="http://three.example/" width="0" height="0"></iframe><a href="/lost.html">通知</a>'
                '<a href="/list.html">名单</a><a href="/old.html">旧闻</a><a href="/inward">后台</a>', head=sheet,
            ),
            "a.css": "@charset 'utf-8'; /* .x{} */ .deep > p { position:absolute; top:-3000px }\n.paper{background:#FFF}"
                     " a.ink{color:rgb(255, 255, 255)}",
            "lost.html": page("您访问的页面不存在", title="404 页面不存在"),
            "list.html": page(f"<p>张某 {IDENTITY[:6]} {IDENTITY[6:14]} {IDENTITY[14:]}</p>\n"
                               "<p>李某 " + "".join(chr(ord(one) + 0xFEE0) for one in IDENTITY) + "</p>"),
            "old.html": page("<p>机 密★长期</p><p>某事</p>").replace("utf-8", "gb2312").encode("gb18030"),
        },
        locations="location = /inward { return 302 http://10.72.0.9/admin; }",
    )  # fmt: skip
    signed: dict[str, dict[str, Any]] = {
        "sha1": {"old_hash": True}, "future": {"begins": 5}, "chain": {"between": -5}, "missing": {"between": 100,
        "is_between_sent": False}, "whole": {"between": 100},
    }  # fmt: skip
    certified = {name: city.site(name, CLEAN, signed=how) for name, how in signed.items()}
    stale = city.site("stale", CLEAN | {
        "index.html": page(f'<li><a href="/news/0.html">简讯</a> [{(TODAY - timedelta(days=20)):%m-%d}]</li>'
                           f'<li><a href="/news/1.html">简讯</a> [{(TODAY - timedelta(days=40)):%m-%d}]</li>')})  # fmt: skip
    with serving(city.folder, "\n".join(city.servers), city.port):
        report = sites.run(city.desk, close=True)

    assert () == report.unseen
    assert {} == city.found(clean), [
        (look.title(one), look.because(one)) for one in docket.listed(city.desk.store) if one.subject["record"] == clean
    ]
    at = f"hidden.{DOMAIN}"
    assert {
        "RG-206": [f"{at}/"], "RG-215": [f"{at}/"] * 3, "RG-216": [f"{at}/old.html"], "RG-217": [f"{at}/list.html"],
        "RG-219": [f"{at}/inward"],
    } == {code: sorted(pages) for code, pages in city.found(hidden).items()}  # fmt: skip
    (number,) = docket.listed(city.desk.store, code="RG-217")
    assert "2" == number.facts["count"]
    assert {
        "sha1": ["RG-213"], "future": ["RG-212"], "chain": ["RG-212"], "missing": ["RG-212"], "whole": [],
    } == {name: sorted(city.found(one)) for name, one in certified.items()}  # fmt: skip
    assert ["RG-203"] == list(city.found(stale))


def test_nginx_a_page_put_up_by_somebody_else_is_noticed(city: City) -> None:
    """Daily work is no change; another page is, until a person accepts it; a site that is down is told and not resolved."""
    number = city.site("main", CLEAN)
    home = city.folder / "main" / "index.html"
    with serving(city.folder, "\n".join(city.servers), city.port):
        assert () == sites.run(city.desk, close=True).standing
        home.write_text(page(news(TODAY, 5) + "<p>新增一条</p>"))
        (city.folder / "main" / "news" / "4.html").write_text(page("新"))
        assert () == sites.run(city.desk, close=True).standing
        home.write_text(page(f"<h1>hacked</h1><p>{'someone was here ' * 30}{TODAY}</p>", "owned"))
        sites.run(city.desk, close=True)
        assert ["RG-214"] == list(city.found(number))
        sites.run(city.desk, close=True)
        assert ["RG-214"] == list(city.found(number)), "the page as it was known stays the measure"
        sites.accept(city.desk, number, "改版")
        assert () == sites.run(city.desk, close=True).standing
        home.write_text(page("<p>x</p>"))
        sites.run(city.desk, close=True)
    report = sites.run(city.desk, close=True)
    assert {"RG-202", "RG-214"} == set(city.found(number))
    assert 3 == report.exit_code


def test_nginx_robots_budget_and_list_are_obeyed(city: City) -> None:
    """What robots.txt forbids is not asked; no more requests than the budget; no host that nobody registered."""
    home = page(news(TODAY) + '<a href="http://192.0.2.1/">外站</a><a href="/about.html">职能</a>')
    files = CLEAN | {"robots.txt": "User-agent: *\nDisallow: /news/\n", "index.html": home}
    number = city.site("polite", files)
    closed = city.site("closed", CLEAN | {"robots.txt": "User-agent: *\nDisallow: /\n"})
    with serving(city.folder, "\n".join(city.servers), city.port):
        report = sites.run(city.desk, close=True)
    asked = [line.split('"')[1].split()[1] for line in (city.folder / "access.log").read_text().splitlines()]
    assert ["/", "/about.html", "/robots.txt", "/robots.txt"] == sorted(asked)
    assert [closed] == [one.device.split()[0] for one in report.unseen]
    assert {} == city.found(number) == city.found(closed)
