"""The API: who may ask what, in which plane, of whose; pages, ETags, keys, problems; never a fault of its own."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from netops.addresses import ledger
from netops.config import Config, share
from netops.core import applied, docket, journal, passwords
from netops.core.account import EVERYWHERE, Account, Role
from netops.core.clock import Clock, still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.permission import MAY, Deed
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import accounts, allocate, inventory, look
from netops.settings import PlaneSettings, Web
from netops.web import serving
from netops.web.api import app as api
from netops.web.api.operation import Operation
from netops.web.app import application
from netops.web.gate import is_loopback
from netops.web.signing import OneTime
from tests.conftest import NOON

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
FIN = {"pool": "10.72.12.0/24", "declaration": "云信接〔2026〕3号"}
GOOD = "correct horse battery"
HOME = "http://testserver"


PLANES = {
    EXTRANET: PlaneSettings(nets=("10.72.0.0/16",), authority="ic"),
    INTRANET: PlaneSettings(nets=("10.73.0.0/16",), authority="off"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the example register in force and findings in each plane; every test has a copy."""
    path = tmp_path_factory.mktemp("written") / "a.db"
    config = Config(store_url=f"sqlite:///{path}", inventory=str(share("inventory")), planes=PLANES)
    opened = Desk(config, still(NOON), "王工")
    inventory.apply(opened, inventory.plan(opened))
    rule = look.rules()["AD-101"]
    for plane, organization in ((EXTRANET, "fin"), (INTRANET, "fin"), (EXTRANET, "edu")):
        facts = dict.fromkeys(re.findall(r"\{(\w+)\}", rule.title + rule.because), "x")
        found = Conclusion("AD-101", plane, {"ip": f"192.0.2.{len(organization)}"}, organization, facts,
                           (Evidence("arp", "r", "q", {}, NOON),), NOON, identity=organization)  # fmt: skip
        docket.settle(opened.store, look.rules(), [found], plane=plane, at=NOON)
    opened.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def desk(written: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at a copy of it, where passwords are cheap to keep."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "_NOBODYS", [])
    shutil.copy(written, tmp_path / "a.db")
    opened = Desk(
        Config(store_url=f"sqlite:///{tmp_path / 'a.db'}", inventory=str(share("inventory")), planes=PLANES),
        clock,
        "王工",
    )
    yield opened
    opened.close()


Ask = Callable[..., Any]


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """Requests without anybody's name."""
    with TestClient(application(desk)) as made:
        yield made


@pytest.fixture
def as_(desk: Desk, client: TestClient) -> Callable[..., Ask]:
    """Asks as an account of a role, by a token for everything that the role may do."""

    def of(role: Role, *planes: Plane, organization: str = "", scopes: frozenset[Deed] | None = None) -> Ask:
        bound = planes or ((EXTRANET,) if role not in (Role.SYSTEM, Role.SECURITY, Role.AUDITOR) else ())
        whose = organization or ("fin" if role is Role.DEPARTMENT else "")
        name = f"{role}.{len(names)}"
        names.append(name)
        accounts.add(desk, Account(name, name, role, bound, whose))
        _, token = accounts.issue(desk, name, MAY[role] if scopes is None else scopes)

        def ask(method: str, path: str, **more: Any) -> Any:
            headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
            return client.request(method, f"/api/v1{path}", headers=headers, **more)

        return ask

    names: list[str] = []
    return of


def places(operation: Operation) -> str:
    """An address of the operation that exists, or could."""
    told = {"plane": "extranet", "prefix": "10.72.12.0/24", "number": "云信接〔2026〕3号"}
    if operation.path.startswith("/incidents"):
        told["number"] = "INC-2026-0001"
    if operation.path.startswith("/registers"):
        told |= {"kind": "systems", "number": "SYS-0001"}
    if operation.path.startswith("/inspections"):
        told["number"] = "IS-2026-0001"
    told["id"] = {"findings": "F-0001", "documents": "D-0001"}.get(operation.path.split("/")[1], "AL-0011")
    told |= {"name": "nobody.here" if operation.path.startswith("/users") else "r-fin", "round": "notify", "item": "A12-1"}
    path = re.sub(r"\{(\w+)(?::path)?\}", lambda match: told[match[1]], operation.path)
    return path + QUERIES.get(operation.name, "")


QUERIES = {"who": "?q=10.72.12.1", "listChanges": "?since=2026-11-19T00:00:00Z", "reportFlows": "?organization=fin&month=2026-11"}


BODIES: dict[str, Any] = {
    "splitPool": {"prefix": "10.72.12.0/24", "prefixlen": 25}, "mergePools": {"prefixes": ["10.72.12.0/24", "10.72.13.0/24"]},
    "resizePool": {"prefix": "10.72.12.0/24", "to": "/25"},
    "delegatePool": {"prefix": "10.72.12.0/24", "organization": "fin", "granted_by": "x"},
    "allocate": FIN, "allocateSeveral": {"requests": [FIN]}, "describeAllocation": {"note": "x"},
    "release": {"why": "撤并"}, "acknowledgeFinding": {"why": "已派人"},
    "handIn": {"statements": {"organization": "fin", "plane": "extranet", "nature": "办公", "scope": "公文", "terminals": 3}},
    "addRecord": {"values": {"organization": "fin", "name": "一体化", "cross_department": False}},
    "mendRecord": {"values": {"purpose": "x"}, "base": 1}, "retireRecord": {"why": "x"}, "restoreRecord": {"why": "x"},
    "acceptFinding": {"why": "x", "until": "2026-12-31"}, "resolveFinding": {"why": "x"},
    "openIncident": {"findings": ["F-0001"], "why": "x"}, "moveIncident": {"to": "assessing", "why": "x"},
    "reportIncident": {"kind": "first", "document_no": "x", "channel": "x"}, "draftDocument": {"subject": "INC-2026-0001"},
    "issueDocument": {},
    "runCommand": {"arguments": ["status"]},
    "addUser": {"name": "new.one", "person": "新人", "role": "viewer", "planes": ["extranet"]},
    "grantRole": {"role": "viewer", "planes": ["extranet"], "why": "x"}, "disableUser": {"why": "x"},
    "setPassword": {"password": GOOD}, "revokeToken": {"why": "x"}, "issueToken": {"scopes": ["read"]},
    "revokeMyToken": {"why": "x"}, "changePassword": {"password": GOOD}, "setSecondFactor": {"password": GOOD},
    "recordReceipt": {"kind": "sent", "who": "x"}, "voidDocument": {"why": "x"},
    "planInspections": {"organizations": ["fin"], "date": "2026-12-01", "inspectors": ["甲", "乙"]},
    "answerItem": {"answer": "conform"},
    **{f"{verb}Declaration": {"why": "x"} for verb in ("approve", "return", "connect", "suspend", "withdraw")},
}  # fmt: skip


def sent(ask: Ask, operation: Operation, **more: Any) -> Any:
    body = BODIES.get(operation.name)
    return ask(operation.method, places(operation), **({} if body is None else {"json": body}), **more)


@pytest.mark.parametrize("role", list(Role))
def test_every_route_asks_for_its_deed(as_: Callable[..., Ask], role: Role) -> None:
    """Role by route: 403 exactly where the table of roles does not have the deed; a token without scopes opens nothing."""
    planes = () if role in EVERYWHERE else (EXTRANET, INTRANET)
    ask, bare = as_(role, *planes), as_(role, *planes, scopes=frozenset())
    for operation in api.OPERATIONS:
        may = operation.deed is None or operation.deed in MAY[role]
        assert may == (sent(ask, operation).status_code != 403), operation.name
        assert (operation.deed is None) == (sent(bare, operation).status_code != 403), operation.name


def test_nobody_gets_nothing(client: TestClient) -> None:
    """Without a token, or with one that is none: 401 at every route, before anything else is looked at."""
    for operation in api.OPERATIONS:
        for headers in ({}, {"Authorization": "Bearer netops_abc_def"}, {"Authorization": "Basic eDp5"}):
            answer = client.request(operation.method, f"/api/v1{places(operation)}", headers=headers, json={})
            assert answer.status_code in (401, 429), operation.name
            assert "application/problem+json" == answer.headers["content-type"]
            assert '"items"' not in answer.text


def test_an_operator_sees_its_planes_only(as_: Callable[..., Ask]) -> None:
    """Lists leave the other plane out, single things of it are not there, and nothing can be done to it."""
    ask = as_(Role.OPERATOR, EXTRANET)
    for path in ("/pools", "/allocations", "/findings", "/declarations"):
        items = ask("GET", path, params={"limit": 1000}).json()["items"]
        assert {"extranet"} == {one["plane"] for one in items}, path
        assert [] == ask("GET", path, params={"plane": "intranet"}).json()["items"]
    for path in (
        "/pools/intranet/10.73.12.0/24",
        "/allocations/AL-0005",
        "/findings/F-0002",
        "/declarations/云办接〔2026〕2号",
    ):
        assert 404 == ask("GET", path).status_code, path
    assert 404 == ask("POST", "/findings/F-0002/acknowledge", json={"why": "x"}).status_code
    assert 404 == ask("POST", "/allocations/AL-0005/release", json={"why": "x"}).status_code
    asked = {"pool": "10.73.12.0/24", "declaration": "云办接〔2026〕2号"}
    assert 403 == ask("POST", "/allocations", json=asked).status_code
    assert 404 == ask("GET", "/who", params={"q": "10.73.12.1"}).status_code


def test_a_department_sees_its_own_only(as_: Callable[..., Ask]) -> None:
    """Whatever it asks for: pools, allocations, findings, declarations, and whose an address is."""
    ask = as_(Role.DEPARTMENT)
    for path in ("/pools", "/allocations", "/findings", "/declarations", "/devices"):
        for params in ({}, {"organization": "edu"}) if path != "/devices" else ({},):
            items = ask("GET", path, params={"limit": 1000, **params}).json()["items"]
            assert {one["organization"] for one in items} <= {"fin"}, path
    assert ["fin"] == [one["organization"] for one in ask("GET", "/findings").json()["items"]]
    for path in (
        "/pools/extranet/10.72.11.0/24",
        "/allocations/AL-0010",
        "/findings/F-0003",
        "/declarations/云信接〔2026〕2号",
    ):
        assert 404 == ask("GET", path).status_code, path
    assert 200 == ask("GET", "/who", params={"q": "10.72.12.1"}).status_code
    [several] = ask("GET", "/who", params={"q": "10.72."}).json()["items"]
    assert {"fin"} == {one["organization"] for one in several["matches"]}
    for query in ("10.72.11.1", "off"):
        assert 404 == ask("GET", "/who", params={"q": query}).status_code, query


def test_pages_hold_every_record_once(desk: Desk, as_: Callable[..., Ask]) -> None:
    """By cursor, whatever their size; JSON Lines say the same; a cursor of other filters is refused."""
    ask = as_(Role.OPERATOR, EXTRANET, INTRANET)
    for path in ("/pools", "/allocations", "/declarations", "/findings"):
        whole = ask("GET", path, params={"limit": 1000}).json()["items"]
        found: list[Any] = []
        cursor = ""
        while True:
            answer = ask("GET", path, params={"limit": 3, "cursor": cursor}).json()
            found += answer["items"]
            if not (cursor := answer["next"] or ""):
                break
        assert whole == found, path
        lines = ask("GET", path, headers={"Accept": "application/jsonl"})
        assert "application/jsonl" == lines.headers["content-type"].partition(";")[0]
        assert whole == [json.loads(line) for line in lines.text.splitlines()], path
    cursor = ask("GET", "/allocations", params={"limit": 1}).json()["next"]
    for params in (
        {"cursor": cursor, "plane": "extranet"},
        {"cursor": "x"},
        {"cursor": "é"},
        {"cursor": "W10"},
    ):
        assert 422 == ask("GET", "/allocations", params=params).status_code, params


def test_a_key_takes_nothing_twice(desk: Desk, as_: Callable[..., Ask]) -> None:
    """The same again gives the same again; for something else it is refused; the journal has the account's name."""
    ask = as_(Role.OPERATOR)
    plan = ask("POST", "/allocations?dry_run=true", json=FIN)
    first, second = (
        ask("POST", "/allocations", json=FIN, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    )

    assert (200, ["10.72.12.64"]) == (plan.status_code, plan.json()["spans"])
    assert (201, "10.72.12.64") == (first.status_code, first.json()["items"][0]["first"])
    assert first.json()["items"] == second.json()["items"]
    assert journal.log(desk.store, 1)[0].actor.startswith("operator")
    other = ask("POST", "/allocations", json={**FIN, "count": 2}, headers={"Idempotency-Key": "k-1"})
    assert (409, "urn:netops:refused") == (other.status_code, other.json()["type"])


def test_requests_that_come_together_each_get_their_own(desk: Desk, as_: Callable[..., Ask]) -> None:
    """Different addresses, or the error of their own; the same key among them takes one."""
    ask = as_(Role.OPERATOR)
    more = {**FIN, "over_quota": "窗口"}
    asked = [more] * 8 + [{**FIN, "address": "10.72.12.1"}, {**FIN, "declaration": "x"}]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: ask("POST", "/allocations", json=body), asked))
        keyed = list(
            threads.map(
                lambda _: ask("POST", "/allocations", json=more, headers={"Idempotency-Key": "k"}), range(6)
            )
        )

    assert [201] * 8 + [409, 404] == [one.status_code for one in answers]
    given = [one.json()["items"][0]["first"] for one in answers[:8]]
    assert [f"10.72.12.{64 + place}" for place in range(8)] == sorted(given)
    assert 1 == len({one.json()["items"][0]["id"] for one in keyed})
    assert [] == ledger.verify(desk.store)


def test_an_answer_goes_out_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is accepted sends its parts without waiting for the receipt of the first: else each answer takes 40 ms."""
    kept: list[int] = []

    def run(_server: object, sockets: list[socket.socket]) -> None:
        [listener] = sockets
        listener.listen()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            kept.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(serving._Server, "run", run)
    serving.run(desk, "127.0.0.1:0")
    assert [1] == kept


def test_everybody_at_a_desk_has_its_register(desk: Desk) -> None:
    """A server reads the register once, not for each request; another version is seen by all of them."""
    desk.register_patience_seconds = 60.0
    others = [desk.acting("李工"), desk.acting("赵工")]
    known = others[0].register
    assert [True, True] == [one.register is known for one in (desk, others[1])]
    with journal.act(desk.store, "王工", desk.clock) as act:
        applied.apply(act, known.content() | {"prefixes": []}, applied.standing(desk.store).version, {})
    desk.forget_register()
    assert [(), ()] == [one.register.prefixes for one in others]


def test_many_are_given_or_none(desk: Desk, as_: Callable[..., Ask]) -> None:
    """One that cannot be given undoes the others."""
    ask = as_(Role.OPERATOR)
    before = ask("GET", "/allocations", params={"limit": 1000}).json()["items"]
    taken = {**FIN, "address": "10.72.12.1"}
    assert 409 == ask("POST", "/allocations/bulk", json={"requests": [FIN, FIN, taken]}).status_code
    assert before == ask("GET", "/allocations", params={"limit": 1000}).json()["items"]
    done = ask(
        "POST", "/allocations/bulk", json={"requests": [FIN, {**FIN, "key": "b"}, {**FIN, "key": "b"}]}
    )
    assert ["10.72.12.64", "10.72.12.65", "10.72.12.65"] == [one["first"] for one in done.json()["items"]]


def test_a_change_is_made_from_what_stands(as_: Callable[..., Ask]) -> None:
    """Of two who looked at the same, the second is told; nothing is lost; what did not change is not sent again."""
    ask = as_(Role.OPERATOR)
    number = ask("POST", "/allocations", json=FIN).json()["items"][0]["id"]
    path = f"/allocations/{number}"
    seen = ask("GET", path).headers["etag"]

    assert 304 == ask("GET", path, headers={"If-None-Match": seen}).status_code
    assert 428 == ask("PATCH", path, json={"note": "甲"}).status_code
    assert 200 == ask("PATCH", path, json={"note": "甲"}, headers={"If-Match": seen}).status_code
    late = ask("PATCH", path, json={"note": "乙"}, headers={"If-Match": seen})
    assert (412, "urn:netops:changed") == (late.status_code, late.json()["type"])
    assert "甲" == ask("GET", path).json()["note"]
    assert 412 == ask("POST", f"{path}/release", json={"why": "x"}, headers={"If-Match": seen}).status_code
    gone = ask("POST", f"{path}/release", json={"why": "撤并", "days": 7})
    assert ("quarantine", "撤并") == (gone.json()["state"], gone.json()["cause"])
    assert 409 == ask("POST", f"{path}/release", json={"why": "x"}).status_code


def test_a_finding_is_acknowledged_by_name(desk: Desk, as_: Callable[..., Ask]) -> None:
    """Its record comes back as it stands."""
    ask = as_(Role.OPERATOR)
    assert (
        "acknowledged" == ask("POST", "/findings/F-0001/acknowledge", json={"why": "已派人"}).json()["state"]
    )
    entry = journal.log(desk.store, 1)[0]
    assert ("finding acknowledged", "F-0001", "已派人") == (entry.verb, entry.subject, entry.why)
    assert 422 == ask("POST", "/findings/F-0001/acknowledge", json={"why": ""}).status_code


JSON = {"Content-Type": "application/json"}
WRONG: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nowhere", {}, 404), ("DELETE", "/pools", {}, 405), ("GET", "/pools?limit=0", {}, 422),
    ("GET", "/pools?limit=1001", {}, 422), ("GET", "/pools?other=1", {}, 422), ("GET", "/pools?within=x", {}, 422),
    ("GET", "/pools/moon/10.0.0.0/8", {}, 404), ("GET", "/pools/extranet/x", {}, 422), ("GET", "/allocations/x", {}, 404),
    ("GET", "/who", {}, 422), ("POST", "/allocations", {"content": b"{}"}, 415), ("POST", "/allocations", {"json": {}}, 422),
    ("POST", "/allocations", {"json": {"declaration": "x"}}, 422),
    ("POST", "/allocations", {"json": {**FIN, "declaration": "x"}}, 404),
    ("POST", "/allocations", {"json": {**FIN, "pool": "10.99.0.0/24"}}, 404),
    ("POST", "/allocations", {"json": {**FIN, "address": "10.72.12.300"}}, 422),
    ("POST", "/allocations", {"json": {**FIN, "count": 0}}, 422), ("POST", "/allocations", {"json": {**FIN, "x": 1}}, 422),
    ("POST", "/allocations", {"json": {**FIN, "prefixlen": 8}}, 409),
    ("POST", "/allocations", {"json": {**FIN, "count": 99}}, 409),
    ("POST", "/allocations", {"json": FIN, "headers": {"Idempotency-Key": "a b"}}, 422),
    ("POST", "/allocations", {"content": b"\xff", "headers": JSON}, 422),
    ("POST", "/allocations", {"content": b"[" * 200_000, "headers": JSON}, 422),
    ("POST", "/allocations", {"content": b" " * ((1 << 20) + 1), "headers": JSON}, 413),
]  # fmt: skip


def test_what_is_asked_wrongly_is_a_problem(as_: Callable[..., Ask]) -> None:
    """RFC 9457, with type, title and status, in the language that is asked for."""
    ask = as_(Role.OPERATOR)
    for method, path, more, status in WRONG:
        told = {}
        for language in ("zh", "en"):
            headers = {"Accept-Language": f"{language}-XX", **more.get("headers", {})}
            answer = ask(method, path, **{**more, "headers": headers})
            told[language] = answer.json()
            assert (status, "application/problem+json") == (
                answer.status_code,
                answer.headers["content-type"],
            ), answer.text
            assert {"type", "title", "status", "detail", "mend", "instance"} == told[language].keys()
            assert told[language]["instance"].startswith("/api/v1")
        assert told["zh"]["type"] == told["en"]["type"]
        assert re.search("[\u4e00-\u9fff]", told["zh"]["title"]), told["zh"]
        assert told["zh"]["title"] != told["en"]["title"]


def test_who_asks_too_often_waits(desk: Desk, tmp_path: Path) -> None:
    """By token, and by address for those that prove nothing."""
    desk.config = Config(store_url=desk.config.store_url, web=Web(per_second=0.01, burst=3))
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)))
    _, token = accounts.issue(desk, "li.lei", [Deed.READ])
    with TestClient(application(desk)) as client:
        good = [client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}) for _ in range(4)]
        bad = [client.get("/api/v1/me", headers={"Authorization": "Bearer x"}).status_code for _ in range(12)]
    assert [200, 200, 200, 429] == [one.status_code for one in good]
    assert int(good[-1].headers["retry-after"]) > 0
    assert [401] * 10 + [429] * 2 == bad


def test_a_token_that_was_taken_back_is_good_for_nothing(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the next second on."""
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)))
    token, text = accounts.issue(desk, "li.lei", [Deed.READ])
    head = {"Authorization": f"Bearer {text}"}
    assert 200 == client.get("/api/v1/pools", headers=head).status_code
    accounts.revoke(desk, token.id)
    monkeypatch.setattr("netops.web.asking.BELIEVED_SECONDS", 0.0)
    assert 401 == client.get("/api/v1/pools", headers=head).status_code


def test_the_document_describes_every_route(client: TestClient) -> None:
    """OpenAPI 3.1; every reference leads somewhere; deeds, keys and ETags are said."""
    answer = client.get("/api/v1/openapi.json")
    document = answer.json()

    assert "3.1.0" == document["openapi"]
    told = {(method.upper(), path) for path, several in document["paths"].items() for method in several}
    assert {(one.method, one.path.replace(":path}", "}")) for one in api.EVERY} == told
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text)):
        assert name in document["components"]["schemas"], name
    give = document["paths"]["/allocations"]["post"]
    assert ("allocate", {"dry_run", "Idempotency-Key"}) == (
        give["x-deed"],
        {one["name"] for one in give["parameters"]},
    )
    assert {"201", "200", "409", "422"} <= give["responses"].keys()


@given(
    path=st.sampled_from([one for one in api.OPERATIONS if one.method == "GET"]),
    place=st.text(min_size=1, max_size=40),
    query=st.dictionaries(st.sampled_from(["limit", "cursor", "plane", "organization", "within", "q", "state", "since", "role"]),
                          st.text(max_size=30), max_size=4),
)  # fmt: skip
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_a_fault(
    as_: Callable[..., Ask], path: Operation, place: str, query: dict[str, str]
) -> None:
    """Whatever stands in the address and the query, the answer is one of ours."""
    if not hasattr(test_no_text_makes_a_fault, "ask"):
        test_no_text_makes_a_fault.ask = as_(Role.AUDITOR)  # type: ignore[attr-defined]
    from urllib.parse import quote

    where = re.sub(r"\{(\w+)(?::path)?\}", lambda _: quote(place, safe=""), path.path)
    answer = test_no_text_makes_a_fault.ask("GET", where, params=query)  # type: ignore[attr-defined]
    assert answer.status_code in (200, 401, 404, 422), answer.text


# ---- signing in
def signed_in(client: TestClient, desk: Desk, role: Role = Role.OPERATOR) -> None:
    planes = (EXTRANET, INTRANET) if role is Role.OPERATOR else ()
    accounts.add(desk, Account("li.lei", "李雷", role, planes), GOOD)
    answer = client.post("/sign-in?to=/who", data={"name": "li.lei", "password": GOOD}, headers={"Origin": HOME},
                         follow_redirects=False)  # fmt: skip
    assert (303, "/who") == (answer.status_code, answer.headers["location"]), answer.text
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))


def test_a_session_asks_like_its_account_and_only_from_our_pages(desk: Desk, client: TestClient) -> None:
    """A change needs to come from a page of ours: another site's form, or none that says, is refused (CSRF)."""
    signed_in(client, desk)
    assert "li.lei" == client.get("/api/v1/me").json()["name"]
    for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site", "Origin": HOME}, {"Origin": "null"}):  # fmt: skip
        assert 403 == client.post("/api/v1/allocations", json=FIN, headers=headers).status_code, headers
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": HOME}
    assert 201 == client.post("/api/v1/allocations", json=FIN, headers=ours).status_code
    assert 303 == client.post("/sign-out", headers={"Origin": HOME}, follow_redirects=False).status_code
    assert 401 == client.get("/api/v1/me").status_code


def test_a_wrong_password_is_told_in_both_languages_and_nobody_is_sent_elsewhere(
    desk: Desk, client: TestClient
) -> None:
    """The form again, with the name; where it leads to stays here."""
    accounts.add(desk, Account("li.lei", "李雷", Role.OPERATOR, (EXTRANET,)), GOOD)
    for language, word, head in (("zh", "未登录", "登录"), ("en", "nobody was signed in", "Sign in")):
        assert f">{head}</h1>" in client.get(f"/sign-in?lang={language}").text
        answer = client.post(
            f"/sign-in?lang={language}", data={"name": "li.lei", "password": "x"}, headers={"Origin": HOME}
        )
        assert 403 == answer.status_code
        assert word in answer.text
        assert 'value="li.lei"' in answer.text
    for to in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y"):
        answer = client.post("/sign-in", params={"to": to}, data={"name": "li.lei", "password": GOOD}, headers={"Origin": HOME},
                             follow_redirects=False)  # fmt: skip
        assert "/" == answer.headers["location"]
    assert 403 == client.post("/sign-in", data={"name": "li.lei", "password": GOOD}).status_code


def test_the_first_account_needs_the_code_of_the_terminal(desk: Desk) -> None:
    """Once; it is a system administrator, and signed in."""
    once = OneTime(desk)
    with TestClient(application(desk, once=once)) as client:
        form = {"person": "王工", "name": "admin", "password": GOOD, "code": "AAAA-BBBB-CCCC-DDDD"}
        head = {"Origin": HOME}
        assert 200 == client.get("/first").status_code
        assert 403 == client.post("/first", data=form, headers=head).status_code
        weak = client.post("/first", data={**form, "code": once.code, "password": "short"}, headers=head)
        assert 403 == weak.status_code
        done = client.post(
            "/first", data={**form, "code": once.code.lower()}, headers=head, follow_redirects=False
        )
        assert (303, "/") == (done.status_code, done.headers["location"]), done.text
        assert "system" == client.get("/api/v1/me").json()["role"]
        assert "/sign-in" == client.get("/first", follow_redirects=False).headers["location"]
    assert "" == OneTime(desk).code


def test_beyond_this_machine_pages_need_a_sign_in(desk: Desk) -> None:
    """Pages lead to the form and back, programs get 401; who may see a part of the city gets no page of the whole."""
    assert [False] * 4 == [
        is_loopback(one) for one in ("0.0.0.0:8470", "[::]:8470", "10.1.1.1:8470", "netops:8470")
    ]
    assert [True] * 3 == [is_loopback(one) for one in ("127.0.0.1:8470", "[::1]:8470", "localhost:8470")]
    with TestClient(application(desk, "0.0.0.0:8470")) as client:
        for path in ("/", "/who?q=fin", "/findings/F-0001", "/map.svg"):
            answer = client.get(path, follow_redirects=False)
            assert 303 == answer.status_code
            assert answer.headers["location"].startswith("/sign-in?to=%2F")
        assert [401, 401] == [client.get(path).status_code for path in ("/metrics", "/sd/prometheus")]
        assert [200, 200, 200] == [
            client.get(path).status_code for path in ("/healthz", "/sign-in", "/static/netops.css")
        ]
        accounts.add(desk, Account("scraper", "Prometheus", Role.VIEWER, (EXTRANET,)))
        _, token = accounts.issue(desk, "scraper", [Deed.METRICS])
        head = {"Authorization": f"Bearer {token}"}
        assert [200, 403] == [client.get(path, headers=head).status_code for path in ("/metrics", "/")]
        signed_in(client, desk)
        assert 200 == client.get("/").status_code


def test_on_this_machine_pages_are_open_unless_told_otherwise(desk: Desk) -> None:
    """As they always were; `sign_in = "always"` closes them there, too."""
    assert 200 == TestClient(application(desk)).get("/").status_code
    desk.config = Config(store_url=desk.config.store_url, web=Web(sign_in="always"))
    assert 303 == TestClient(application(desk)).get("/", follow_redirects=False).status_code


def test_what_was_given_over_http_is_in_the_ledger(desk: Desk, as_: Callable[..., Ask]) -> None:
    """The same rounds as the command: the plan of the next one says so."""
    as_(Role.OPERATOR)("POST", "/allocations", json=FIN)
    asked = allocate.Request(EXTRANET, FIN["pool"], "", FIN["declaration"])
    assert ("10.72.12.65",) == allocate.plan(desk, asked).spans
