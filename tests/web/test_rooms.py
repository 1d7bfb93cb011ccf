"""The API over every room of the small city: who sees what of it, what is decided once, and what is told as it happens."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from benchmarks import api_schema
from netops.addresses import ledger
from netops.core import docket, journal, passwords
from netops.core.account import EVERYWHERE, Account, Role
from netops.core.clock import Clock
from netops.core.finding import Conclusion
from netops.core.permission import MAY, Deed
from netops.core.plane import Plane
from netops.core.store import StoreFault
from netops.desk import Desk
from netops.rounds import accounts, look
from netops.web.api.app import EVERY, OPERATIONS
from netops.web.app import application
from netops.web.events import Events
from netops.web.shelf import Shelf
from tests.conftest import NOON
from tests.web import city
from tests.web.city import EXTRANET, INTRANET
from tests.web.served import answers, free_port, served
from tests.web.test_api import BODIES, QUERIES, Ask

BOTH = (EXTRANET, INTRANET)
Named = Callable[..., Ask]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city's store; every test has a copy."""
    path = tmp_path_factory.mktemp("rooms") / "a.db"
    path.write_bytes(city.content())
    return path


@pytest.fixture
def desk(written: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at it, where passwords are cheap."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    opened = city.opened(written, tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture
def as_(desk: Desk) -> Iterator[Named]:
    """Asks as somebody, by a token for everything that the role may do."""
    with TestClient(application(desk)) as client:

        def of(role: Role, *planes: Plane, organization: str = "") -> Ask:
            name = f"{role}.{len(named)}"
            named.append(name)
            accounts.add(desk, Account(name, name, role, () if role in EVERYWHERE else planes or (EXTRANET,), organization))
            _, token = accounts.issue(desk, name, MAY[role])

            def ask(method: str, path: str, **more: Any) -> Any:
                headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
                return client.request(method, f"/api/v1{path}", headers=headers, **more)

            return ask

        named: list[str] = []
        yield of


# ---- who sees what
OBJECTS: dict[str, tuple[tuple[str, Plane, str], ...]] = {
    "/findings/{id}": (("F-0001", EXTRANET, "fin"), ("F-0002", INTRANET, "fin"), ("F-0003", EXTRANET, "edu")),
    "/incidents/{number}": (
        ("INC-2026-0001", EXTRANET, "fin"), ("INC-2026-0002", INTRANET, "fin"), ("INC-2026-0003", EXTRANET, "edu")),
    "/declarations/{number}": (
        ("云信接〔2026〕3号", EXTRANET, "fin"), ("云办接〔2026〕2号", INTRANET, "fin"), ("云信接〔2026〕5号", EXTRANET, "edu")),
    "/pools/{plane}/{prefix}": (
        ("extranet/10.72.12.0/24", EXTRANET, "fin"), ("extranet/10.72.14.0/24", EXTRANET, "edu"),
        ("intranet/10.73.12.0/24", INTRANET, "fin")),
    "/allocations/{id}": (("AL-0011", EXTRANET, "fin"), ("AL-0005", INTRANET, "fin"), ("AL-0013", EXTRANET, "edu")),
    "/registers/{kind}/records/{number}": (
        ("systems/records/SYS-0001", EXTRANET, "fin"), ("systems/records/SYS-0002", EXTRANET, "edu")),
    "/devices/{plane}/{name}": (("extranet/r-fin", EXTRANET, "fin"), ("intranet/in-r-fin", INTRANET, "fin")),
    "/inspections/{number}": (("IS-2026-0001", None, "fin"), ("IS-2026-0002", None, "edu")),
    "/documents/{id}": (("D-0001", EXTRANET, "ic"),),
}  # fmt: skip
"""What a route's places can name: plane and organization of each; None is what tells of every plane. A draft is the centre's."""
NAMELESS = {
    "/registers/{kind}", "/registers/{kind}/records", "/rounds/{round}/run", "/users/{name}", "/users/{name}/grant",
    "/users/{name}/disable", "/users/{name}/password", "/tokens/{id}/revoke", "/me/tokens/{id}/revoke",
    "/pools/{plane}/split", "/pools/{plane}/merge", "/pools/{plane}/resize", "/pools/{plane}/delegate",
}  # fmt: skip
"""Routes with places that name nothing of anybody's: kinds and rounds; accounts, which are by role; acts on a whole plane."""


def head_of(path: str) -> str:
    """The row of `OBJECTS` that a route belongs to, or ""."""
    plain = path.replace(":path", "")
    return next((head for head in OBJECTS if plain == head or plain.startswith(head + "/")), "")


def test_every_route_that_names_something_has_a_row() -> None:
    """A new route says here whose the things are that it can name."""
    named = {one.path for one in EVERY if "{" in one.path}
    assert NAMELESS == {path for path in named if not head_of(path)}
PRINCIPALS = (
    (Role.SYSTEM, (), ""), (Role.SECURITY, (), ""), (Role.AUDITOR, (), ""), (Role.OPERATOR, BOTH, ""),
    (Role.OPERATOR, (EXTRANET,), ""),
    (Role.OPERATOR, (INTRANET,), ""), (Role.INSPECTOR, (EXTRANET,), ""), (Role.VIEWER, (INTRANET,), ""),
    (Role.DEPARTMENT, (EXTRANET,), "fin"), (Role.DEPARTMENT, (INTRANET,), "fin"), (Role.DEPARTMENT, (EXTRANET,), "edu"),
)  # fmt: skip
DONE = (200, 201, 409, 412, 422, 428)


@pytest.mark.parametrize(("role", "planes", "organization"), PRINCIPALS, ids=lambda one: str(one))
def test_every_role_plane_organization_and_act(as_: Named, role: Role, planes: tuple[Plane, ...], organization: str) -> None:
    """
    Each route to an object, by each who could ask: 403 without the deed, 404 where it may not be seen, 403 where it may be seen
    and not be touched; else it is answered. Lists have nothing of another plane or organization.
    """
    ask, bound = as_(role, *planes, organization=organization), planes or BOTH
    tried = 0
    for operation in OPERATIONS:
        head = head_of(operation.path)
        for name, plane, whose in OBJECTS[head] if head else ():
            path = operation.path.replace(":path", "").replace(head, head.split("/{")[0] + "/" + name).replace("{item}", "A08-1")
            body = BODIES.get(operation.name)
            told = ask(operation.method, path, **({} if body is None else {"json": body})).status_code
            planes_of_it = {plane} if plane else set(BOTH)
            seen = planes_of_it <= set(bound) and organization in ("", whose) and Deed.READ in MAY[role]
            there = (404,) if head == "/devices/{plane}/{name}" else DONE  # none was walked here
            expected = (403,) if operation.deed not in MAY[role] else (404,) if not seen else there
            assert told in expected, (operation.name, name)
            tried += 1
    assert 60 <= tried
    if Deed.READ not in MAY[role]:
        return
    for path in ("/findings", "/incidents", "/declarations", "/pools", "/allocations", "/devices", "/exits", "/status"):
        items = ask("GET", path, params={"limit": 1000}).json()["items"]
        assert {one.get("plane", "extranet") for one in items} <= set(bound), path
        assert not organization or {one.get("organization", organization) for one in items} <= {organization}, path


FOREIGN = {EXTRANET: ("10.73.", "in-r-", "in-sw-", "in-core", "云办接", '"intranet"', "192.0.2.22", "INC-2026-0002"),
           INTRANET: ("10.72.", "r-edu", "fw-exit", "云信接", '"extranet"', "192.0.2.11", "INC-2026-0001")}  # fmt: skip
"""What stands in the other plane alone."""
ASKED = ("fin", "edu", "财政局", "10.7", "10.72.12.1", "10.73.12.1", "10.72.12.0/24", "10.73.12.0/24", "r-fin", "in-r-fin",
         "SYS-0001", "云信接〔2026〕3号", "云办接〔2026〕2号", "192.0.2.11", "192.0.2.22", "czj")  # fmt: skip


@pytest.mark.parametrize("plane", list(Plane))
def test_nothing_of_the_other_plane_is_told(as_: Named, desk: Desk, plane: Plane) -> None:
    """To an operator of one plane: no list, no answer of the search, no scrape, no run has a word of the other one."""
    ask = as_(Role.OPERATOR, plane)
    heard = {f"who {query}": ask("GET", "/who", params={"q": query}).text.replace(query, "") for query in ASKED}
    for operation in OPERATIONS:
        if operation.method == "GET" and "{" not in operation.path and operation.name not in ("who", "reportFlows"):
            heard[operation.path] = ask("GET", operation.path + QUERIES.get(operation.name, "")).text
    heard |= {path: ask("GET", f"/../..{path}").text for path in ("/metrics", "/sd/prometheus")}
    for place, text in heard.items():
        assert (place, []) == (place, [word for word in FOREIGN[plane] if word in text])
    assert f'plane="{plane}"' in heard["/metrics"]


def test_a_department_sees_its_inspections_and_issued_papers_only(as_: Named, desk: Desk) -> None:
    """Drafts are the authority's; another's inspection is not there; it answers as a department, beside the inspector."""
    fin, edu = (as_(Role.DEPARTMENT, *BOTH, organization=code) for code in ("fin", "edu"))
    centre, half = as_(Role.OPERATOR, *BOTH), as_(Role.OPERATOR, EXTRANET)
    assert ([], 404) == (half("GET", "/inspections").json()["items"], half("GET", "/inspections/IS-2026-0001").status_code)
    assert [[], []] == [ask("GET", "/documents").json()["items"] for ask in (fin, edu)]
    tag = centre("GET", "/documents/D-0001").headers["etag"]
    assert 404 == fin("GET", "/documents/D-0001").status_code
    issued = centre("POST", "/documents/D-0001/issue", json={}, headers={"If-Match": tag})
    assert (200, "issued") == (issued.status_code, issued.json()["record"]["state"]), issued.text
    assert [["D-0001"], []] == [[one["id"] for one in ask("GET", "/documents").json()["items"]] for ask in (fin, edu)]
    late = centre("POST", "/documents/D-0001/void", json={"why": "重发"}, headers={"If-Match": tag})
    assert (412, "issued") == (late.status_code, centre("GET", "/documents/D-0001").json()["record"]["state"])
    kept = fin("GET", "/documents/D-0001/file", params={"format": "json"}).json()
    assert ("application/json", True) == (kept["media_type"], len(kept["content"]) > 100)
    mine = [one["organization"] for one in fin("GET", "/inspections").json()["items"]]
    assert (["fin"], {"fin", "edu"}) == (mine, {one["organization"] for one in centre("GET", "/inspections").json()["items"]})
    [number] = [one["number"] for one in fin("GET", "/inspections").json()["items"]]
    assert 404 == edu("GET", f"/inspections/{number}/items").status_code
    item = centre("GET", f"/inspections/{number}/items", params={"limit": 1}).json()["items"][0]["id"]
    assert 404 == edu("POST", f"/inspections/{number}/items/{item}", json={"answer": "conform"}).status_code
    told = fin("POST", f"/inspections/{number}/items/{item}", json={"answer": "conform", "note": "已接入"})
    assert (200, "conform") == (told.status_code, told.json()["answers"]["department"]["answer"]), told.text


def test_status_exits_flows_and_rounds(as_: Named) -> None:
    """As the commands tell them; a department of its own; a round is run by who may touch every plane."""
    centre, fin, outside = as_(Role.OPERATOR, *BOTH), as_(Role.DEPARTMENT, organization="fin"), as_(Role.OPERATOR, EXTRANET)
    planes = [[one["plane"] for one in ask("GET", "/status").json()["items"]] for ask in (centre, fin, outside)]
    assert [["extranet", "intranet"], ["extranet"], ["extranet"]] == planes
    every = {one["organization"] for one in centre("GET", "/exits").json()["items"]}
    assert (True, True) == (len(every) > 1, {one["organization"] for one in fin("GET", "/exits").json()["items"]} <= {"fin"})
    told = [ask("GET", "/exits/traffic").json()["ways"] for ask in (centre, fin)]
    assert (["shared", "edu-separate", "county-lx", "county-qs"], []) == ([way["exit"] for way in told[0]], told[1])
    assert 422 == fin("GET", "/exits/traffic", params={"window": "age"}).status_code
    asked = centre("GET", "/flows", params={"filter": "src net 10.72.12.0/24 and proto tcp", "by": "verdict"})
    assert (200, 0, []) == (asked.status_code, asked.json()["totals"]["flows"], asked.json()["items"])
    for wrong in ("organization fin ) or ( organization edu", "x y z", "("):
        assert 422 == fin("GET", "/flows", params={"filter": wrong}).status_code, wrong
    assert 403 == fin("GET", "/flows/report", params={"organization": "edu", "month": "2026-11"}).status_code
    assert 200 == fin("GET", "/flows/report", params={"organization": "fin", "month": "2026-11"}).status_code
    assert [200, 403, 403, 404] == [
        ask("POST", f"/rounds/{name}/run").status_code
        for ask, name in ((centre, "triage"), (outside, "triage"), (fin, "triage"), (centre, "tea"))
    ]
    assert "triage" == centre("GET", "/runs", params={"limit": 1}).json()["items"][0]["round"]
    assert "done" == {one["round"]: one["outcome"] for one in centre("GET", "/rounds").json()["items"]}["triage"]
    assert [] == fin("GET", "/differences").json()["items"]


# ---- once
def test_an_act_is_done_once_under_its_key(as_: Named, desk: Desk) -> None:
    """Sent again it answers with what stands and writes nothing; for another act the key is refused; keys are a person's own."""
    ask, other = as_(Role.OPERATOR, *BOTH), as_(Role.OPERATOR, *BOTH)
    key = {"Idempotency-Key": "k-1"}
    done = [ask("POST", "/findings/F-0001/resolve", json={"why": "已断开"}, headers=key) for _ in range(2)]
    assert [(200, "resolved")] * 2 == [(one.status_code, one.json()["state"]) for one in done]
    assert 1 == len([one for one in journal.log(desk.store, 50, subject="F-0001") if one.verb == "finding resolved"])
    reused = ask("POST", "/findings/F-0003/resolve", json={"why": "已断开"}, headers=key)
    assert (409, "open") == (reused.status_code, docket.one(desk.store, "F-0003").state)
    assert 200 == other("POST", "/findings/F-0003/resolve", json={"why": "已断开"}, headers=key).status_code
    drafts = [ask("POST", "/documents", json={"subject": "INC-2026-0003"}, headers={"Idempotency-Key": "k-2"}) for _ in range(2)]
    assert [201, 201] == [one.status_code for one in drafts]
    assert 1 == len({one.json()["record"]["id"] for one in drafts})


def test_a_server_that_is_killed_loses_and_doubles_nothing(desk: Desk, tmp_path: Path) -> None:
    """
    SIGKILL in the middle of allocations: what was answered is in the ledger; all of them asked again under their keys, none is
    given twice, and the journal and the ledger are whole.
    """
    accounts.add(desk, Account("platform", "平台", Role.OPERATOR, BOTH))
    token = accounts.issue(desk, "platform", [Deed.ALLOCATE])[1]
    port = free_port()
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{desk.config.store_url}"\n[inventory]\npath = "{desk.config.inventory}"\n'
        '[planes.extranet]\nnets = ["10.72.0.0/16"]\nauthority = "ic"\n[planes.intranet]\nnets = ["10.73.0.0/16"]\n'
    )
    serve = f"-m netops -c {tmp_path}/config.toml -q serve --no-collector --no-timetable --listen 127.0.0.1:{port}"
    running = subprocess.Popen([sys.executable, *serve.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wanted = {"pool": "10.72.12.0/24", "declaration": "云信接〔2026〕3号", "over_quota": "窗口"}
    told: dict[int, str] = {}

    def ask(place: int) -> None:
        line = http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=120)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": f"k{place}"}
            line.request("POST", "/api/v1/allocations", json.dumps(wanted), headers)
            answer = line.getresponse()
            if answer.status == 201:
                told[place] = json.loads(answer.read())["items"][0]["first"]
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        finally:
            line.close()
        if len(told) >= 12:  # two may answer at the same moment
            running.kill()

    try:
        answers(port)
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(ask, range(60)))
    finally:
        running.kill()
        running.wait(10)
    assert 12 <= len(told) < 60
    with TestClient(application(desk)) as client:
        headers = {"Authorization": f"Bearer {token}"}
        after = {
            place: client.post("/api/v1/allocations", json=wanted, headers={**headers, "Idempotency-Key": f"k{place}"}).json()
            for place in range(60)
        }
    given = {place: one["items"][0]["first"] for place, one in after.items()}
    assert told == {place: given[place] for place in told}
    assert 60 == len(set(given.values()))
    assert [] == ledger.verify(desk.store)
    assert 0 == journal.verify(desk.store).broken


# ---- as it happens
def test_new_findings_are_told_to_those_who_may_see_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From Last-Event-ID on, and as they come; never another plane's; a token without the deed hears nothing."""
    monkeypatch.setattr("netops.web.events.EVERY_SECONDS", 0.05)
    accounts.add(desk, Account("wall", "大屏", Role.VIEWER, (EXTRANET,)))
    token, metrics = (accounts.issue(desk, "wall", [deed])[1] for deed in (Deed.READ, Deed.METRICS))
    lines: list[http.client.HTTPConnection] = []
    with served(desk) as address:

        def listen(text: str, **headers: str) -> http.client.HTTPResponse:
            line = http.client.HTTPConnection(address, timeout=10)
            lines.append(line)
            line.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {text}", "Accept-Language": "en", **headers})
            return line.getresponse()

        def next_finding(answer: http.client.HTTPResponse) -> dict[str, Any]:
            while line := answer.readline().decode():
                if line.startswith("data: "):
                    found: dict[str, Any] = json.loads(line[6:])
                    return found
            raise AssertionError("the stream ended")

        assert [401, 403] == [listen(text).status for text in ("x", metrics)]
        again = listen(token, **{"Last-Event-ID": "F-0001"})
        assert (200, "text/event-stream") == (again.status, (again.getheader("content-type") or "").partition(";")[0])
        assert "F-0003" == next_finding(again)["id"]
        fresh = listen(token)
        assert b"retry: 5000\n" == fresh.readline()
        for plane in (INTRANET, EXTRANET):
            found = Conclusion("TP-102", plane, {"device": f"x-{plane}"}, "fin", {}, (), NOON)
            docket.settle(desk.store, look.rules(), [found], plane=plane, at=NOON)
        for one in (again, fresh):
            told = next_finding(one)
            assert ("extranet", {"device": "x-extranet"}) == (told["plane"], told["subject"])
        for line in lines:
            line.close()


def test_a_store_that_fails_once_ends_no_stream_of_news(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens hears of what comes after it."""
    monkeypatch.setattr("netops.web.events.EVERY_SECONDS", 0.01)
    looks = iter(["before", None, "after"])

    def look() -> str:
        stamp = next(looks, "after")
        if stamp is None:
            raise StoreFault("sqlite://", "disk I/O error")
        return stamp

    async def heard() -> tuple[str, str]:
        events = Events(desk, Shelf())
        monkeypatch.setattr(events, "_look", look)
        assert events.answer(silence()) is not None
        stamp = await events.begun()
        return stamp, await events.later(stamp)

    assert ("before", "after") == asyncio.run(heard())


async def silence() -> AsyncIterator[str]:
    """A stream that tells nothing and ends."""
    nothing: tuple[str, ...] = ()
    for text in nothing:
        yield text


def test_of_many_who_come_to_listen_at_once_no_more_find_a_place_than_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place is taken before the stream begins, and free again when it has ended, even where the other side was gone."""
    monkeypatch.setattr("netops.web.events.MOST", 2)
    events = Events(desk, Shelf())

    async def gone(message: Any) -> None:
        raise OSError

    async def asked() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    first, second, third = (events.answer(silence()) for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is None
    with suppress(Exception):
        asyncio.run(first({"type": "http", "asgi": {"spec_version": "2.4"}}, asked, gone))
    assert [True, False] == [events.answer(silence()) is not None for _ in range(2)]


def test_what_is_late_is_found_anew_only_when_its_mark_says_so() -> None:
    """An old answer stands while nothing changed; when something did, it is given once more while the new one is found."""
    shelf, asked, marks = Shelf(), [], [1]

    def get() -> int:
        return shelf.get("k", 0.0, lambda: asked.append(marks[0]) or marks[0], late=True, mark=lambda: marks[0])

    assert [1, 1, 1] == [get(), get(), get()]
    assert [1] == asked
    marks[0] = 2
    assert 1 == get()
    deadline = time.monotonic() + 5
    while get() != 2:
        assert time.monotonic() < deadline
    assert [1, 2] == asked


# ---- the document
def test_the_api_answers_as_its_document_says(written: Path, tmp_path: Path) -> None:
    """schemathesis on every twelfth operation (benchmarks.api_schema asks all): nothing that the document does not have."""
    (tmp_path / "a.db").write_bytes(written.read_bytes())
    found = api_schema.run(tmp_path, 1, 1, ("operator", "nobody"), every=12)
    assert [] == found["faults"]
    assert {name.split()[1][0] for name in found["statuses"]} <= {"2", "4"}
    assert found["operations"] >= len(OPERATIONS) // 12
