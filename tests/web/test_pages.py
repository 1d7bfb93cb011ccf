"""The pages: both languages, nothing from outside, hostile text stays text; who sees what; acts once, and not over others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from msgspec.structs import astuple
from starlette.testclient import TestClient

from netops.core import accounts as kept
from netops.core import docket, journal, passwords, tally
from netops.core.account import Account, AccountState, Role, Source
from netops.core.clock import Clock, still
from netops.core.finding import State
from netops.core.observation import Sighting
from netops.core.permission import MAY, Deed
from netops.core.store import StoreFault
from netops.declarations import filings
from netops.desk import Desk
from netops.egress import hits
from netops.egress.watch import Hit
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.inspection import Party
from netops.rounds import accounts, censuses, inspect, reconcile
from netops.topology import snapshots
from netops.web import gate
from netops.web.app import application
from netops.web.asking import COOKIE
from netops.web.pages.every import ACTS, PAGES
from netops.web.pages.page import Act, Page
from tests.conftest import NOON
from tests.web import city
from tests.web.city import EXTRANET, HOSTILE, INTRANET

HOME = "http://testserver"
MINE = "我写的\r\n两行 <script>\"'"
SAME = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}
CONCRETE: dict[str, tuple[str, str]] = {
    "/findings/{number}": ("F-0001", "F-0003"),
    "/rules/{code}": ("AD-101", ""),
    "/findings/{number}/acknowledge": ("F-0001", "F-0003"),
    "/findings/{number}/accept": ("F-0001", "F-0003"),
    "/findings/{number}/resolve": ("F-0001", "F-0003"),
    "/incidents/{number}": ("INC-2026-0001", "INC-2026-0003"),
    "/incidents/{number}/evidence.zip": ("INC-2026-0001", "INC-2026-0003"),
    "/incidents/{number}/acknowledge": ("INC-2026-0001", "INC-2026-0003"),
    "/incidents/{number}/draft": ("INC-2026-0001", "INC-2026-0003"),
    "/incidents/{number}/sent": ("INC-2026-0001", "INC-2026-0003"),
    "/documents/{number}": ("", "D-0001"),
    "/documents/{number}/file.{kind}": ("", "D-0001 json"),
    "/documents/{number}/issue": ("", "D-0001"),
    "/documents/{number}/receive": ("", "D-0001"),
    "/pools/{plane}/{prefix:path}": ("extranet 10.72.12.0/24", "extranet 10.72.14.0/24"),
    "/declarations/{number}": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/papers/{file}": ("云信接〔2026〕3号 statement.json", "云信接〔2026〕5号 statement.json"),
    "/declarations/{number}/approve": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/return": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/connect": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/suspend": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/withdraw": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/{number}/reply": ("云信接〔2026〕3号", "云信接〔2026〕5号"),
    "/declarations/ledger/{plane}/{file}": ("extranet ledger.json", ""),
    "/registers/{kind}": ("systems", ""),
    "/registers/{kind}/form.xlsx": ("systems", ""),
    "/registers/{kind}/add": ("systems", ""),
    "/registers/{kind}/{number}": ("systems SYS-0001", "systems SYS-0002"),
    "/registers/{kind}/{number}/change": ("systems SYS-0001", "systems SYS-0002"),
    "/registers/{kind}/{number}/retire": ("systems SYS-0001", "systems SYS-0002"),
    "/registers/{kind}/{number}/restore": ("systems SYS-0001", "systems SYS-0002"),
    "/inspections/{number}": ("IS-2026-0001", "IS-2026-0002"),
    "/inspections/{number}/file.{kind}": ("IS-2026-0001 json", "IS-2026-0002 json"),
    "/inspections/{number}/{item}": ("IS-2026-0001 A08-1", "IS-2026-0002 A08-1"),
    "/inspections/{number}/answer": ("IS-2026-0001", "IS-2026-0002"),
    "/inspections/{number}/{item}/answer": ("IS-2026-0001 A08-1", "IS-2026-0002 A08-1"),
    "/inspections/assessment/{year}.xlsx": ("2026", ""),
    "/inspections/{number}/changes": ("IS-2026-0001", "IS-2026-0002"),
    "/inspections/{number}/scores": ("IS-2026-0001", "IS-2026-0002"),
    "/journal/{number}": ("1", ""),
    "/accounts/{name}": ("li.si", ""),
    "/accounts/{name}/disable": ("li.si", ""),
    "/accounts/{name}/grant": ("li.si", ""),
    "/accounts/{name}/enable": ("li.si", ""),
    "/accounts/tokens/{id}/revoke": ("token", ""),
    "/devices/{plane}/{name}": ("extranet r-fin", "extranet r-edu"),
    "/allocations/{number}": ("fin", "edu"),
    "/allocations/{number}/release": ("fin", "edu"),
}
"""What stands in the places of a route: of the department fin in the extranet, and of another; "" where there is none."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city's store; every test has a copy."""
    path = tmp_path_factory.mktemp("written") / "a.db"
    path.write_bytes(city.content())
    return path


@pytest.fixture
def desk(written: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at a copy of it, where passwords are cheap to keep."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "_NOBODYS", [])
    opened = city.opened(written, tmp_path, clock)
    accounts.add(opened, Account("li.si", "李四 <script>alert(1)</script>", Role.VIEWER, (EXTRANET,)))
    accounts.issue(opened, "li.si", [Deed.READ], label="<script>alert(1)</script>")
    yield opened
    opened.close()


def browser(desk: Desk, name: str, role: Role, *planes: city.Plane, organization: str = "") -> TestClient:
    """A browser in which somebody is signed in."""
    found = TestClient(application(desk), base_url=HOME)
    found.cookies.set(COOKIE, city.account(desk, name, role, *planes, organization=organization))
    return found


@pytest.fixture
def operator(desk: Desk) -> TestClient:
    """A browser of somebody who does the work on both planes."""
    return browser(desk, "wang.gong", Role.OPERATOR, EXTRANET, INTRANET)


def addresses(desk: Desk, what: Page | Act) -> tuple[str, str]:
    """The address of a page: one of the department fin, one of another; "" where there is none."""
    found = []
    for text in CONCRETE.get(what.path, ("", "")):
        path, places = what.path, text.split(" ") if text else []
        if "allocations/{number}" in path and places:
            from netops.addresses import ledger

            places = [next(one.id for one in ledger.allocations(desk.store, EXTRANET, organization=places[0]))]
        if "tokens/{id}" in path:
            places = [one.id for one in kept.tokens_of(desk.store, "li.si")]
        for place in places:
            path = re.sub(r"\{\w+(:path)?\}", place, path, count=1)
        found.append(path if "{" not in path else "")
    return found[0], found[1]


def expected(one: Page | Act, deeds: Collection[Deed]) -> tuple[int, ...]:
    """What opening a page says to whoever has these deeds; where an act is refused as things stand, it is said in words."""
    return (403,) if one.deed is not None and one.deed not in deeds else (200,)


ROUTES = [*PAGES, *ACTS]
EVERYWHERE = sorted({one.path for one in ROUTES if "{" in one.path} - CONCRETE.keys())


def test_every_route_is_looked_at() -> None:
    """A new page says here what stands in its places."""
    assert [] == EVERYWHERE


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers_in_both_languages(desk: Desk, operator: TestClient, language: str) -> None:
    """
    One sentence that answers, the language marked, nothing of another server, no style or script inside; and what a device,
    a form or an address says is never markup.
    """
    hostile, said = {"q": "<script>alert(2)</script>", "text": '"><script>alert(3)</script>', "plane": '"', "at": ""}, 0
    for one in ROUTES:
        for path in filter(None, addresses(desk, one)):
            answer = operator.get(path, params={"lang": language, **(hostile if language == "zh" else {})})
            assert (path, True) == (path, answer.status_code in expected(one, MAY[Role.OPERATOR]))
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'")
            if "html" not in answer.headers["Content-Type"]:
                assert "svg" in answer.headers["Content-Type"] or "attachment" in answer.headers["Content-Disposition"]
                continue
            text = answer.text
            assert "<script>alert" not in text
            assert "unsafe" not in policy
            assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in text
            assert 1 == text.count("<h1")
            assert [] == [url for url in re.findall(r'(?:src|href|action)="([^"]*)"', text) if re.match(r"(?:https?:)?//", url)]
            assert [] == re.findall(r"<[a-z][^>]*\s(?:style|on\w+)=", text)
            assert 1 == len(re.findall(r"<script", text))
            said += "<script>alert(1)</script>" in unescape(text)
    assert said > 5


def test_the_curves_of_exits_are_told_apart_without_colour(desk: Desk, operator: TestClient) -> None:
    """A letter at each curve and in the legend, the unfiled one hatched and first; the same as a table, and as CSV in bytes."""
    used = Hit(NOON - timedelta(minutes=20), "extranet", "fin", "10.72.255.2", "shared", "shared", "shared")
    unfiled = used._replace(exit_kind="none", verdict="unfiled_exit", exit='r-land:<b>"ge9')
    hits.add(desk.store, {used: [1, 1, 123_456, 0], unfiled: [1, 1, 7, 0]}, (), {})
    text = operator.get("/egress", params={"lang": "en"}).text

    assert ["B", "A"] == re.findall(r'<text class="letter"[^>]*>(\w)</text>', text)
    assert [("series-bad", "A", "r-land:&lt;b&gt;&#34;ge9 (unfiled)"), ("series-1 dash-1", "B", "shared (shared)")] == re.findall(
        r'<li class="(series[^"]*)"><svg.*?</svg><b>(\w)</b>(.*?)</li>', text
    )
    assert 'fill="url(#hatch)"' in text
    lines = operator.get("/egress?format=csv&table=traffic&by=kind&lang=en").text.lstrip("\ufeff").splitlines()
    assert ["time,A unfiled,B shared", "2026-11-20 11:30,7,123456"] == lines


def test_many_exits_share_the_last_curve() -> None:
    """Ten alone, unfiled ones before all others; the rest is one, and hatched when some of it is unfiled."""
    from netops.rounds.exit_traffic import Amount, Way
    from netops.web.pages.egress import _series

    ways = [Way(EXTRANET, "", "unfiled", "", f"r-{n}", "ge9", Amount(1, 1, n), (n, 0)) for n in range(1, 12)]
    ways.append(Way(EXTRANET, "shared", "shared", "", "", "", Amount(1, 1, 99), (0, 99)))
    found = _series(ways)

    assert (11, "ABCDEFGHIJK") == (len(found), "".join(one.letter for one in found))
    assert [True] * 11 == [one.bad for one in found]
    assert ((1, 99), 2) == (tuple(found[-1].values), int(re.sub(r"\D", "", found[-1].name)))


def test_a_form_offers_what_may_be_said(operator: TestClient) -> None:
    """Organizations by name, yes and no, and room for a note; each as the register reads it again."""
    form = operator.get("/registers/systems/add", params={"lang": "zh"}).text
    choices = {
        name: re.findall(r'<option value="([^"]*)"', inside)
        for name, inside in re.findall(r'<select id="f-\w+" name="(\w+)"[^>]*>(.*?)</select>', form, re.S)
    }

    assert ("", "云溪市财政局") == (choices["organization"][0], next(one for one in choices["organization"] if "财政" in one))
    assert ["", "是", "否"] == choices["cross_department"]
    assert '<textarea id="f-remark"' in form
    said = {"organization": "云溪市财政局", "name": "报表", "cross_department": "否", "on_platform": "是"}
    told = operator.post("/registers/systems/add?lang=zh", data=said, headers=SAME).text
    assert "报表" in told[told.index('id="plan"') :]


def test_a_cell_is_no_formula(operator: TestClient) -> None:
    """Every table as CSV, each cell text."""
    from netops.web.pages.table import Cell, Table, as_csv

    table = Table("t", "t", ["a"], [["=1+1"], [Cell("@x", under="-y")], ["plain"]])
    assert ["a", "'=1+1", "'@x -y", "plain"] == as_csv(table).splitlines()
    answer = operator.get("/findings?format=csv&table=findings")
    assert "F-0001" in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_at_each_route(desk: Desk, role: Role) -> None:
    """A page opens for whom the one table allows its deed; whatever else is refused with a page that says so."""
    planes = () if role in (Role.SYSTEM, Role.SECURITY, Role.AUDITOR) else (EXTRANET, INTRANET)
    who = browser(desk, "some.one", role, *planes, organization="fin" if role is Role.DEPARTMENT else "")
    for one in ROUTES:
        own, other = addresses(desk, one)
        for path, is_own in ((own, True), (other if role is Role.DEPARTMENT or not own else "", False)):
            if not path or path == "/rules/":
                continue
            status = who.get(path).status_code
            wanted = expected(one, MAY[role] if one.bound or role is not Role.DEPARTMENT else frozenset())
            hidden = role is Role.DEPARTMENT and not is_own and "{" in one.path and 403 not in wanted
            assert (path, True) == (path, status in ((404,) if hidden else wanted))


def test_a_department_sees_only_its_own(desk: Desk) -> None:
    """Nothing on any page names what another department has, nor a plane that is not theirs; whatever is asked."""
    who = browser(desk, "fin.user", Role.DEPARTMENT, EXTRANET, organization="fin")
    edu = desk.register.organization["edu"]
    foreign = ["192.0.2.33", "192.0.2.22", "INC-2026-0002", "INC-2026-0003", "F-0003", "10.72.14.", "10.73.", "r-edu"]
    foreign += [edu.name_zh, edu.name_en]
    mine = [path for one in ROUTES if one.deed in MAY[Role.DEPARTMENT] and (path := addresses(desk, one)[0])]
    more = ("findings?organization=edu", "findings?plane=intranet", "findings?text=192.0.2", "who?q=edu", "who?q=192.0.2.33",
            "who?q=10.72.14.1", "who?q=10.72", "allocations?organization=edu", "pools?organization=edu", "incidents?state=every",
            "documents?state=draft", "topology?plane=intranet", "topology?at=2026-11-20T12:00")  # fmt: skip
    asked = [*mine, *(f"/{each}" for each in more)]
    for path in asked:
        text = NOT_SHOWN.sub("", who.get(path).text)
        assert (path, []) == (path, [word for word in foreign if word in text])
    assert "192.0.2.11" in who.get("/findings").text


DOING = {"step": "do", "key": "k", "seen": "x", "why": "x", "answer": "conform", "note": "x"}
NOBODYS = {
    *(one.path for one in ROUTES if one.path.startswith("/accounts/")), "/rules/{code}", "/registers/{kind}",
    "/registers/{kind}/form.xlsx", "/registers/{kind}/add", "/journal/{number}",
}  # fmt: skip
"""Routes with places that name nothing of anybody's."""


@pytest.mark.parametrize(("role", "organization"), [(Role.OPERATOR, ""), (Role.INSPECTOR, ""), (Role.DEPARTMENT, "edu")])
def test_what_is_not_theirs_is_not_there_by_any_address(desk: Desk, role: Role, organization: str) -> None:
    """
    An operator or inspector of the other plane, and a department at another's: every page, file and act that names something says
    that there is none, whether it is looked at, planned or done; and nothing is.
    """
    planes = (EXTRANET, INTRANET) if organization else (INTRANET,)
    who = browser(desk, "some.one", role, *planes, organization=organization)
    head = journal.head(desk.store)
    tried = 0
    for one in ROUTES:
        path = addresses(desk, one)[0] or addresses(desk, one)[1]
        if "{" not in one.path or one.path in NOBODYS or not path:
            continue
        tried += 1
        wanted = 404 if one.deed in MAY[role] and (one.bound or not organization) else 403
        if one.path == ("/declarations/ledger/{plane}/{file}" if organization else "/inspections/assessment/{year}.xlsx"):
            wanted = 200  # of what may be seen: their own, or nothing
        assert (path, wanted) == (path, who.get(path).status_code)
        for said in ({}, DOING) if isinstance(one, Act) else ():
            assert (path, wanted) == (path, who.post(path, data=said, headers=SAME).status_code)
    assert tried > 30
    assert head == journal.head(desk.store)


def test_what_programs_fetch_is_asked_for_too(desk: Desk) -> None:
    """Every route is a page, an act, or one of these; metrics and targets are of the planes of whoever has the deed."""
    app = application(desk)
    other = {route.path for route in app.app.routes} - {one.path for one in ROUTES}  # type: ignore[attr-defined]
    known = "/metrics /sd/prometheus /events /hooks/alertmanager /healthz /sign-in /sign-out /first /static"
    assert set(known.split()) == other
    assert {"/metrics": Deed.METRICS, "/sd/prometheus": Deed.METRICS, "/events": Deed.READ} == gate.MACHINES
    assert ("/healthz", "/sign-in", "/sign-out", "/first", "/hooks/alertmanager") == gate.OPEN[:5]
    for role in Role:
        planes = () if role in (Role.SYSTEM, Role.SECURITY, Role.AUDITOR) else (EXTRANET,)
        who = browser(desk, f"m.{role}", role, *planes, organization="fin" if role is Role.DEPARTMENT else "")
        for path in ("/metrics", "/sd/prometheus"):
            told = who.get(path)
            assert (path, role, 200 if Deed.METRICS in MAY[role] else 403) == (path, role, told.status_code)
            assert planes == () or "intranet" not in told.text
        if Deed.READ not in MAY[role]:
            assert 403 == who.get("/events").status_code


FOREIGN = {
    EXTRANET: ("10.73.", "in-r-", "in-sw-", "in-core", "云办接", "192.0.2.22", "INC-2026-0002", "F-0002", "AL-0005"),
    INTRANET: ("10.72.", "r-edu", "fw-exit", "云信接", "192.0.2.11", "INC-2026-0001", "F-0001", "AL-0011", "D-0001"),
}
NOT_SHOWN = re.compile(r'value="[^"]*"|<title>.*?</title>|<h1.*?</h1>|href="[^"]*"', re.DOTALL)
"""What repeats the question."""


@pytest.mark.parametrize("plane", list(city.Plane))
def test_nothing_of_the_other_plane_is_on_any_page(desk: Desk, plane: city.Plane) -> None:
    """For an operator of one plane: on no page and in no CSV, whatever is asked for."""
    who = browser(desk, "half", Role.OPERATOR, plane)
    asked = [one.path for one in ROUTES if "{" not in one.path and one.deed in MAY[Role.OPERATOR]]
    asked += ["/who?q=fin", "/who?q=czj", "/who?q=10.7", "/who?q=10.72.12.1", "/who?q=10.73.12.1", "/findings?plane=intranet",
              "/findings?plane=extranet", "/topology?at=2026-11-20T12:00", "/declarations?state=every", "/incidents?state=every",
              "/registers/systems"]  # fmt: skip
    for path in asked:
        answer = who.get(path)
        query = path.partition("?q=")[2] or "nothing"
        text = NOT_SHOWN.sub("", answer.text).replace(query, "")
        tables = set(re.findall(r"table=([\w-]+)", answer.text))
        mark = "&" if "?" in path else "?"
        text += "".join(who.get(f"{path}{mark}format=csv&table={name}").text.replace(query, "") for name in sorted(tables))
        assert (path, []) == (path, [word for word in FOREIGN[plane] if word in text])


def test_whoever_is_not_signed_in_is_sent_to_the_form(desk: Desk) -> None:
    """And comes back to where they wanted."""
    nobody = TestClient(application(desk), base_url=HOME)
    for one in PAGES:
        if "{" not in one.path:
            answer = nobody.get(one.path, follow_redirects=False)
            assert 303 == answer.status_code
            assert answer.headers["Location"].startswith("/sign-in?to=")
    assert 401 == nobody.post("/findings/F-0001/acknowledge", data={"why": "x"}, headers=SAME).status_code


# ---- acts
def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form that does what the plan says."""
    form = text[text.index('class="do"') :]
    form = form[: form.index("</form>")]
    return {name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)}


def test_an_act_is_planned_then_done_once_by_name(desk: Desk, operator: TestClient) -> None:
    """Nothing happens at the plan; sent twice it is done once; the journal has the person."""
    plan = operator.post("/findings/F-0001/acknowledge", data={"why": "在查"}, headers=SAME)
    assert "F-0001" in plan.text
    assert State.OPEN is docket.one(desk.store, "F-0001").state
    sent = {**hidden(plan.text), "step": "do"}
    for _time in range(2):
        done = operator.post("/findings/F-0001/acknowledge", data=sent, headers=SAME, follow_redirects=False)
        assert 303 == done.status_code
        assert done.headers["Location"].startswith("/findings/F-0001?done=")
    entries = journal.log(desk.store, subject="F-0001")
    assert [("wang.gong", "finding acknowledged", "在查")] == [(one.actor, one.verb, one.why) for one in entries]
    assert "操作日志第" in operator.get(done.headers["Location"]).text


def test_the_second_of_two_browsers_is_told_and_loses_nothing(desk: Desk, operator: TestClient) -> None:
    """What stands now is shown, and what was written is still in the form."""
    mine = hidden(operator.post("/findings/F-0001/resolve", data={"why": "我写的理由"}, headers=SAME).text)
    other = browser(desk, "li.lei", Role.OPERATOR, EXTRANET)
    theirs = hidden(other.post("/findings/F-0001/acknowledge", data={"why": "他写的理由"}, headers=SAME).text)
    assert 200 == other.post("/findings/F-0001/acknowledge", data={**theirs, "step": "do"}, headers=SAME).status_code
    answer = operator.post("/findings/F-0001/resolve", data={**mine, "step": "do"}, headers=SAME)
    assert 409 == answer.status_code
    assert "有人改动过" in answer.text
    assert "我写的理由" in answer.text
    assert "他写的理由" in answer.text
    assert State.ACKNOWLEDGED is docket.one(desk.store, "F-0001").state


def test_a_change_from_another_place_is_refused(desk: Desk, operator: TestClient) -> None:
    """A form on somebody else's page does nothing (CSRF)."""
    for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site", "Origin": HOME}):
        answer = operator.post("/findings/F-0001/acknowledge", data={"why": "x", "step": "do", "key": "k"}, headers=headers)
        assert 403 == answer.status_code
    assert State.OPEN is docket.one(desk.store, "F-0001").state


def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(desk: Desk, operator: TestClient) -> None:
    """What was written comes back, to be sent again by whoever signs in, plan first; a form from elsewhere brings nothing."""
    plan = hidden(operator.post("/findings/F-0001/acknowledge", data={"why": MINE}, headers=SAME).text)
    secret = operator.cookies.get(COOKIE)
    assert 303 == operator.post("/sign-out", headers=SAME, follow_redirects=False).status_code
    operator.cookies.set(COOKIE, secret or "", domain="testserver.local", path="/")
    for cookie in (True, False):
        if not cookie:
            operator.cookies.clear()
        ended = operator.post("/findings/F-0001/acknowledge", data={**plan, "step": "do"}, headers=SAME)
        assert (401, True) == (ended.status_code, "所写内容在此" in ended.text)
        assert "<script>" not in ended.text
        again = hidden(ended.text)
        assert (MINE.replace("\r\n", "\n"), False, False) == (again["why"], "step" in again, "key" in again)
        foreign = operator.post("/findings/F-0001/acknowledge", data=plan, headers={"Origin": "http://evil.example"})
        assert (401, False) == (foreign.status_code, "我写的" in foreign.text)
    operator.cookies.set(COOKIE, accounts.sign_in(desk, "wang.gong", city.GOOD))
    planned = hidden(operator.post("/findings/F-0001/acknowledge", data=again, headers=SAME).text)
    assert State.OPEN is docket.one(desk.store, "F-0001").state
    assert 200 == operator.post("/findings/F-0001/acknowledge", data={**planned, "step": "do"}, headers=SAME).status_code
    assert MINE.replace("\r\n", "\n") == journal.log(desk.store, 1, subject="F-0001")[0].why


def test_an_exception_ends_on_a_day_to_come(desk: Desk, operator: TestClient) -> None:
    """Today at the earliest, at the plan and at the deed; of a past day it would open again at once."""
    for step in ("", "do"):
        said = {"why": "已知", "until": "2026-11-19", "step": step, "key": "k"}
        answer = operator.post("/findings/F-0001/accept", data=said, headers=SAME)
        assert (409, True) == (answer.status_code, "已过" in answer.text)
    plan = operator.post("/findings/F-0001/accept", data={"why": "已知", "until": "2026-11-20"}, headers=SAME)
    assert "至 2026-11-20" in plan.text
    assert 200 == operator.post("/findings/F-0001/accept", data={**hidden(plan.text), "step": "do"}, headers=SAME).status_code
    assert "2026-11-20" == docket.one(desk.store, "F-0001").accepted_until


def test_accounts_are_two_peoples_work(desk: Desk) -> None:
    """The system administrator disables, the security administrator grants and takes tokens back; nobody grants themselves."""
    system, security = (browser(desk, f"{role}.one", role) for role in (Role.SYSTEM, Role.SECURITY))
    assert "/accounts" == system.get("/", follow_redirects=False).headers["Location"]
    for who, path, said, other in (
        (security, addresses_of(desk, "/accounts/tokens/{id}/revoke"), {}, system),
        (system, "/accounts/li.si/disable", {}, security),
        (security, "/accounts/li.si/grant", {"role": "department", "planes": "both", "organization": "fin"}, system),
    ):  # fmt: skip
        assert 403 == other.post(path, data={**said, "why": "x"}, headers=SAME).status_code
        plan = who.post(path, data={**said, "why": "调整"}, headers=SAME)
        assert 200 == plan.status_code, plan.text
        sent = {**hidden(plan.text), "step": "do"}
        assert 303 == who.post(path, data=sent, headers=SAME, follow_redirects=False).status_code
    with desk.store.read() as connection:
        now = kept.named(connection, "li.si")
    assert (Role.DEPARTMENT, "fin", AccountState.ENABLED) == (now.role, now.organization, now.state)
    assert ["user grant", "user disable", "user revoke"] == [one.verb for one in journal.log(desk.store, 3, subject="li.si")]
    assert 422 == security.post("/accounts/li.si/enable", data={"why": "x"}, headers=SAME).status_code
    with desk.store.write() as connection:
        kept.put(connection, Account("zhao.liu", "赵六", Role.VIEWER, (EXTRANET,), created=NOON, source=Source.LDAP,
                                     state=AccountState.DISABLED))  # fmt: skip
    assert 409 == security.post("/accounts/zhao.liu/grant", data={"role": "viewer", "planes": "both", "why": "x"},
                                headers=SAME).status_code  # fmt: skip
    plan = security.post("/accounts/zhao.liu/enable", data={"why": "返岗"}, headers=SAME)
    assert 200 == security.post("/accounts/zhao.liu/enable", data={**hidden(plan.text), "step": "do"}, headers=SAME).status_code
    assert ["user enable"] == [one.verb for one in journal.log(desk.store, 1, subject="zhao.liu")]
    mine = security.post("/accounts/security.one/grant", data={"role": "operator", "planes": "both", "why": "x"}, headers=SAME)
    assert (409, True) == (mine.status_code, "不能给自己" in mine.text)
    never = security.post("/accounts/system.one/grant", data={"role": "auditor", "planes": "both", "why": "x"}, headers=SAME)
    assert never.status_code in (409, 422)


def addresses_of(desk: Desk, path: str) -> str:
    return addresses(desk, next(one for one in ACTS if one.path == path))[0]


def test_what_is_too_long_is_said_and_kept(operator: TestClient) -> None:
    """On the form, whatever browser sends it: nothing is cut off."""
    answer = operator.post("/findings/F-0001/acknowledge", data={"why": "长" * 2001}, headers=SAME)
    assert (422, True, True) == (answer.status_code, "超过 2000 字" in answer.text, "长" * 2001 in answer.text)
    assert 422 == operator.post("/findings/F-0001/acknowledge", data={"why": "x" * 300_000}, headers=SAME).status_code


def test_addresses_are_given_as_planned_and_once(desk: Desk, operator: TestClient) -> None:
    """The plan shows which; just these are given; the same form again takes nothing new; a stale plan is refused."""
    asked = {"declaration": "云信接〔2026〕3号", "pool": "10.72.12.0/24", "plane": "extranet", "count": "2", "purpose": HOSTILE}
    first, second = (hidden(operator.post("/allocate", data=asked, headers=SAME).text) for _time in range(2))
    places = []
    for _time in range(2):
        done = operator.post("/allocate", data={**first, "step": "do"}, headers=SAME, follow_redirects=False)
        assert 303 == done.status_code
        places.append(done.headers["Location"])
    assert 1 == len(set(places))
    shown = operator.get(places[0]).text
    assert "操作日志第" in shown
    assert "10.72.12." in shown
    assert "<script>alert" not in shown
    stale = operator.post("/allocate", data={**second, "step": "do"}, headers=SAME)
    assert 409 == stale.status_code
    assert "10.72.12.0/24" in stale.text


def test_a_document_is_drafted_and_issued(desk: Desk, operator: TestClient) -> None:
    """By the person's name; issued again it is refused, since it is no draft any more."""
    plan = operator.post("/documents/D-0001/issue", data={"signer": ""}, headers=SAME)
    sent = {**hidden(plan.text), "step": "do"}
    assert 200 == operator.post("/documents/D-0001/issue", data=sent, headers=SAME).status_code
    assert "已签发" in operator.get("/documents/D-0001").text
    again = operator.post("/documents/D-0001/issue", data={}, headers=SAME)
    assert (409, True) == (again.status_code, "未签发" in again.text)
    assert "wang.gong" == journal.log(desk.store, 1)[0].actor


def test_a_department_hands_in_a_declaration_and_it_is_approved(desk: Desk, operator: TestClient) -> None:
    """What differs is the plan; of another organization it is refused; the operator takes it on file, then connects it."""
    who = browser(desk, "fin.user", Role.DEPARTMENT, EXTRANET, organization="fin")
    number = "云信接〔2026〕3号"
    page = who.get("/declare", params={"number": number}).text
    said = {name: unescape(text) for name, text in re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page)}
    said = {name: text for name, text in said.items() if name not in ("key", "step", "seen")}
    asked = {
        **said,
        "number": number,
        "organization": "fin",
        "plane": "extranet",
        "nature": "办公网",
        "scope": HOSTILE,
        "terminals": "7",
        "equipment": "r-fin；AR-3200；10.72.255.12\nsw-fin；SW-2900；10.72.12.2",
        "responsible": "姜予安",
        "responsible_phone": "6327",
    }
    plan = who.post("/declare", data={**asked, "organization": "edu"}, headers=SAME)
    assert plan.status_code in (403, 409, 422)
    plan = who.post("/declare", data=asked, headers=SAME)
    assert "5 → 7" in plan.text
    done = who.post("/declare", data={**hidden(plan.text), "step": "do"}, headers=SAME, follow_redirects=False)
    assert (303, True) == (done.status_code, "done=" in done.headers["Location"])
    assert "待审" in operator.get("/declarations").text
    assert ("r-fin", "AR-3200", "10.72.255.12") == astuple(filings.one(desk.store, number).equipment[0])[:3]
    assert "设备名称；型号；管理地址" in page
    for verb in ("approve", "connect"):
        plan = operator.post(f"/declarations/{number}/{verb}", data={"why": ""}, headers=SAME)
        assert (verb, 200) == (verb, plan.status_code)
        assert (
            200
            == operator.post(
                f"/declarations/{number}/{verb}", data={**hidden(plan.text), "step": "do"}, headers=SAME
            ).status_code
        )
    text = operator.get(f"/declarations/{number}").text
    assert "<script>alert" not in text
    assert "已接入" in text


def test_inspector_and_department_answer_side_by_side(desk: Desk) -> None:
    """None overwrites another; what contradicts the machine needs its reason."""
    inspector = browser(desk, "jian.cha", Role.INSPECTOR, EXTRANET, INTRANET)
    department = browser(desk, "fin.user", Role.DEPARTMENT, EXTRANET, INTRANET, organization="fin")
    place = "/inspections/IS-2026-0001/A08-1"
    for who, note in ((department, "单位的说明"), (inspector, "检查员的说明")):
        plan = who.post(f"{place}/answer", data={"answer": "partial", "note": note}, headers=SAME)
        assert 200 == who.post(f"{place}/answer", data={**hidden(plan.text), "step": "do"}, headers=SAME).status_code
    text = inspector.get(place).text
    assert ("单位的说明" in text, "检查员的说明" in text) == (True, True)
    assert 404 == department.get("/inspections/IS-2026-0002/A08-1/answer").status_code


def ticked(page: str, **said: str) -> dict[str, str]:
    """The fields of a checklist as a browser sends them: what stands in the page, then what is ticked and written of items."""
    form = page[page.index('class="asked"') :]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    sent |= dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w*)" checked', form))
    sent |= {name: unescape(text) for name, text in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form)}
    places = {item: number for number, item in re.findall(r'<label for="f-n(\d+)">Remark on ([\w-]+)', form)}
    for item, text in said.items():
        place, (answer, _, note) = places[item.replace("_", "-")], text.partition(" ")
        sent |= {f"a{place}": answer, f"n{place}": note}
    return sent


def test_a_checklist_is_ticked_and_nothing_is_overwritten_unseen(desk: Desk) -> None:
    """
    Several items in one form and one act, by the person's name; the second of two inspectors is told what the first said
    meanwhile, loses no tick, and what they did not touch stays the first one's. What cannot be put in is named, all at once.
    """
    one, two = (browser(desk, name, Role.INSPECTOR, EXTRANET, INTRANET) for name in ("jian.cha", "fu.cha"))
    place = "/inspections/IS-2026-0001/answer"
    mine, theirs = (who.get(place, params={"lang": "en"}).text for who in (one, two))

    def send(who: TestClient, said: dict[str, str]) -> str:
        answer = who.post(place, data=said, headers=SAME)
        return unescape(answer.text)

    bad = send(two, ticked(theirs, A02_1="nonconform", A06_3=" 没有选", A04_2="maybe"))
    for part in ("A02-1: it contradicts the machine", "A06-3: a remark belongs to", "A04-2: a remark belongs", "没有选"):
        assert part in bad, part
    assert "nothing was answered anew" in send(two, ticked(theirs))
    first = send(one, ticked(mine, A04_2="conform 看过任命文件", A06_3="nonconform 有一台双网卡"))
    assert 1 == first.count("A06-3: nonconform 有一台双网卡")
    assert one.post(place, data={**hidden(first), "step": "do"}, headers=SAME, follow_redirects=False).status_code == 303
    plan = send(two, ticked(theirs, A06_3="partial 已拆除", A05_2="conform"))
    assert "meanwhile jian.cha answered A06-3: nonconform; yours would stand after it" in plan
    assert "A04-2:" not in plan[plan.index('class="plan"') : plan.index('class="do"')]
    again = hidden(send(one, ticked(mine, A06_3="conform 又看了一次")))  # somebody speaks between the plan and the deed
    assert one.post(place, data={**again, "step": "do"}, headers=SAME, follow_redirects=False).status_code == 303
    late = two.post(place, data={**hidden(plan), "step": "do"}, headers=SAME)
    assert (409, True, True) == (late.status_code, "somebody changed it" in late.text, "已拆除" in late.text)
    plan = send(two, ticked(late.text))
    assert 303 == two.post(place, data={**hidden(plan), "step": "do"}, headers=SAME, follow_redirects=False).status_code
    now = archive.one(desk.store, "IS-2026-0001")
    said = {(each.actor, each.item, each.judgement.result.value) for each in now.answers if each.party is Party.INSPECTOR}
    assert {
        ("jian.cha", "A04-2", "conform"), ("jian.cha", "A06-3", "nonconform"), ("jian.cha", "A06-3", "conform"),
        ("fu.cha", "A06-3", "partial"), ("fu.cha", "A05-2", "conform"),
    } == said  # fmt: skip
    assert 0 == journal.verify(desk.store).broken
    assert 403 == browser(desk, "wall", Role.VIEWER, EXTRANET, INTRANET).get(place).status_code


def test_inspections_stand_beside_each_other(desk: Desk, operator: TestClient) -> None:
    """
    What changed since last time by item, what each comes to in points, and the year; a department sees its own only.
    """
    before = archive.one(desk.store, "IS-2026-0001")
    with journal.act(desk.store, "zhao", desk.clock) as act:
        archive.fill(act, before, "A08-1", Party.INSPECTOR, Result.CONFORM, "看过机房")
    inspect.run(desk, organization=before.organization, renew=True)
    again = archive.listed(desk.store, organization=before.organization)[-1]
    with journal.act(desk.store, "zhao", desk.clock) as act:
        archive.fill(act, archive.one(desk.store, again.number), "A08-1", Party.INSPECTOR, Result.NONCONFORM, "有一台双网卡")

    one = operator.get(f"/inspections/{again.number}/changes?lang=en").text
    assert "1 item got worse since IS-2026-0001" in unescape(one)
    assert "有一台双网卡" in one
    every = operator.get("/inspections/changes?format=csv&lang=en").text
    assert f"财政局,IS-2026-0001,{again.number},1," in every.replace("云溪市", "").replace("Finance Bureau", "财政局")
    points = operator.get(f"/inspections/{again.number}/scores?format=csv&lang=en").text
    assert [True] == ["nonconform,0 / " in row for row in points.splitlines() if row.startswith("A08-1,")]
    assert "2026" in operator.get("/inspections/assessment?lang=en").text
    department = browser(desk, "cao", Role.DEPARTMENT, EXTRANET, INTRANET, organization="edu")
    assert again.number not in department.get("/inspections/scores").text
    assert 404 == department.get(f"/inspections/{again.number}/changes").status_code
    assert 403 == department.get("/inspections/assessment").status_code


def test_terminals_are_counted_as_the_census_counts_them(desk: Desk) -> None:
    """The short way to the numbers beside the declarations, without the allocations, ends where the census does."""
    seen = [Sighting(EXTRANET, f"10.72.{place}.{n}", f"02:11:00:00:{place:02x}:{n:02x}", "core", NOON)
            for place, n in ((12, 11), (12, 12), (14, 11))]  # fmt: skip
    snapshots.keep(desk.store, EXTRANET, seen, NOON)

    census = censuses.of(desk, reconcile.scene_of(desk, EXTRANET))
    numbers = censuses.numbers(desk, reconcile.scene_of(desk, EXTRANET, held=False))

    assert {"fin": 2, "edu": 1} == numbers
    assert numbers == {code: len(several) for code, several in census.organizations().items()}


def test_a_department_keeps_its_own_records(desk: Desk) -> None:
    """It enters and changes what is its own; a record of another is not there for it."""
    who = browser(desk, "fin.user", Role.DEPARTMENT, EXTRANET, organization="fin")
    plan = who.post(
        "/registers/systems/SYS-0001/change",
        data={"organization": "云溪市财政局", "name": "预算系统", "cross_department": "否", "why": "x"},
        headers=SAME,
    )
    assert "预算系统" in plan.text
    assert (
        200
        == who.post("/registers/systems/SYS-0001/change", data={**hidden(plan.text), "step": "do"}, headers=SAME).status_code
    )
    assert "预算系统" in who.get("/registers/systems").text
    assert 404 == who.get("/registers/systems/SYS-0002").status_code


# ---- single pages
def test_an_overdue_clock_leads_the_front_page(desk: Desk, operator: TestClient) -> None:
    """Its incident and clock are in the first line, and on the page of the incident."""
    desk.clock = still(NOON + timedelta(days=30))
    operator.cookies.set(COOKIE, city.account(desk, "zhao.gang", Role.OPERATOR, EXTRANET))
    front = operator.get("/", params={"lang": "zh"}).text

    assert "已超期：INC-2026-0001 L-NOTICE" in front
    assert "INC-2026-0002" not in front
    assert 404 == operator.get("/incidents/INC-2026-0002").status_code


def test_the_search_leads_to_numbers_and_knows_initials(operator: TestClient) -> None:
    """A number of ours opens its page; the first letters of a name's pinyin find it."""
    assert "/findings/F-0001" == operator.get("/who?q=f-0001", follow_redirects=False).headers["Location"]
    assert "云溪市财政局" in operator.get("/who?q=czj").text


def test_what_does_not_exist_is_a_clear_page(operator: TestClient) -> None:
    """404 with a sentence."""
    for path in ("/findings/F-9999", "/nowhere", "/pools/extranet/192.0.2.0/24", "/pools/nowhere/10.72.12.0/24"):
        assert 404 == operator.get(path).status_code
    assert 422 == operator.get("/who?q=fin&at=never").status_code


def test_a_store_that_is_away_and_a_fault_of_ours_are_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with what the store said; 500 with nothing of the fault, in the language of who asks."""
    who = TestClient(application(desk), base_url=HOME, raise_server_exceptions=False)
    who.cookies.set(COOKIE, city.account(desk, "wang.gong", Role.OPERATOR, EXTRANET, INTRANET))
    told = []
    for fault in (StoreFault("sqlite:///a.db", "disk I/O error"), RuntimeError("secret of ours")):
        monkeypatch.setattr(tally, "counted", partial(_raise, fault))
        answer = who.get("/findings", params={"lang": "en"})
        told.append((answer.status_code, answer.headers["Content-Type"], answer.text))

    assert [(503, True, True), (500, False, True)] == [
        (status, "disk I/O error" in text, "text/html" in kind) for status, kind, text in told
    ]
    assert "The page was not shown." in told[1][2]
    assert "secret of ours" not in told[1][2]


def _raise(fault: Exception, *_args: object, **_more: object) -> None:
    raise fault


def test_metrics_are_text_that_prometheus_reads(desk: Desk, operator: TestClient) -> None:
    """The contract's names, and no address in a label."""
    answer = operator.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "netops_findings_open{" in answer.text
    assert "netops_pool_addresses{" in answer.text
    assert not re.search(r'ip="|mac="', answer.text)
