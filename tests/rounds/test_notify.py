"""News to channels: each once, in few messages, without an address; alerts of others taken by token, and ended by them."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from starlette.testclient import TestClient

from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.incidents import alertmanager, announcement, casebook, clocks, handling
from netops.incidents.settings import Alerts, Channel
from netops.rounds import inventory, notify, triage
from netops.web.app import application
from tests.conftest import NOON
from tests.incidents.city import configuration
from tests.rounds.test_triage import conclude

HOUR = timedelta(hours=1)


class Receiver:
    """A real HTTP server that keeps what is posted to it; *status* is what it answers."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append((self.headers.get("Authorization", ""), json.loads(body)))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    desk = Desk(configuration(tmp_path, store.url), still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def channels(desk: Desk, *given: Channel) -> None:
    desk.config = msgspec.structs.replace(desk.config, notify=given)


def test_nothing_is_sent_without_a_channel(desk: Desk) -> None:
    """Off by default; the round does nothing."""
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    assert {"channels": 0, "messages": 0, "failed": 0, "waiting": 0} == notify.run(desk).facts


def test_news_goes_out_once_and_together(desk: Desk, receiver: Receiver, tmp_path: Path) -> None:
    """A webhook of version 4 with its token: the first at once, the mild ones after the pause, what is urgent without one."""
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    channels(desk, Channel("duty", Plane.EXTRANET, webhook=f"http://{receiver.url}", token_file="token", digest="15m"))
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    assert 1 == notify.run(desk).facts["messages"]
    assert {"messages": 0, "waiting": 0} == {key: notify.run(desk).facts[key] for key in ("messages", "waiting")}
    for number, organization in enumerate(("fin", "east")):
        conclude(desk, "EG-101", organization, f"r-{number}")
    triage.run(desk)
    assert (0, 2) == ((report := notify.run(desk)).facts["messages"], report.facts["waiting"])
    desk.clock = still(NOON + HOUR)
    assert 1 == notify.run(desk).facts["messages"]
    desk.clock = still(NOON + HOUR + timedelta(minutes=1))
    with journal.act(desk.store, "王工", desk.clock) as act:
        handling.times(act, "INC-2026-0001", clocks.load(desk.playbooks), "更正", known=NOON)
        grave = msgspec.structs.replace(casebook.locked(act, "INC-2026-0001").grading, grade="II", by="王工")
        handling.regrade(act, "INC-2026-0001", clocks.load(desk.playbooks), grave, "扩大", cii=True, metrics={})
    assert 1 == notify.run(desk).facts["messages"]

    tokens, posts = zip(*receiver.posts, strict=True)
    assert {"Bearer s3cret"} == set(tokens)
    assert [("4", "firing", 1), ("4", "firing", 2), ("4", "firing", 2)] == [
        (post["version"], post["status"], len(post["alerts"])) for post in posts]
    assert {("INC-2026-0001", "graded"), ("INC-2026-0001", "overdue")} == {
        (one["labels"]["incident"], one["labels"]["kind"]) for one in posts[-1]["alerts"]}
    assert "1 项已超期" in posts[-1]["commonAnnotations"]["summary"]


def test_what_failed_is_told_again_later(desk: Desk, receiver: Receiver) -> None:
    """Not at every round, and not lost."""
    channels(desk, Channel("duty", Plane.EXTRANET, webhook=f"http://{receiver.url}"))
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)
    receiver.status = 503

    assert [1, 0] == [notify.run(desk).facts["failed"] for _ in range(2)]
    receiver.status = 200
    desk.clock = still(NOON + HOUR)
    assert 1 == notify.run(desk).facts["messages"]
    assert 2 == len(receiver.posts)


def test_a_channel_hears_of_its_own_plane_and_of_no_address(desk: Desk, receiver: Receiver) -> None:
    """The extranet's never of the intranet; the intranet's only how many; neither of a device, port or address."""
    channels(desk, *(Channel(str(plane), plane, webhook=f"http://{receiver.url}", language="en") for plane in Plane))
    conclude(desk, "EG-101", "health", "r-health-10.20.11.7")
    conclude(desk, "EG-201", "fin", "i-fin-10.30.1.9", Plane.INTRANET)
    triage.run(desk)
    notify.run(desk)

    said = {post["groupLabels"]["plane"]: json.dumps(post, ensure_ascii=False) for _token, post in receiver.posts}
    assert {"intranet", "extranet"} == set(said)
    assert not [one for one in said.values() if re.search(r"r-health|i-fin|10\.\d+|ge0", one.replace("127.0.0.1", ""))]
    assert "INC-2026-0001" in said["extranet"]
    assert not re.search("INC-|secret|intranet connected", said["intranet"])


@pytest.mark.parametrize(("language", "last"), [
    ("zh", "另有 3 起：netops incident list"), ("en", "and 3 more: netops incident list")])
def test_a_message_names_the_worst_and_counts_the_rest(desk: Desk, language: str, last: str) -> None:
    """Overdue first, then by grade; in the language of the channel."""
    from netops.core.language import speak

    speak(language)
    for number in range(5):
        conclude(desk, "EG-101", ("health", "fin", "east", "ic", "")[number], f"r-{number}")
    triage.run(desk)
    items = announcement.news(casebook.listed(desk.store), NOON)
    title, text = announcement.message(items, Plane.EXTRANET, most=2)

    assert {"zh": "政务外网：5 条事件消息", "en": "extranet: 5 news of incidents"}[language] == title
    assert (3, last) == (len(lines := text.splitlines()), lines[-1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_understands_the_channels_of_the_city() -> None:
    """Mail, webhook, DingTalk, WeCom, Feishu: each address becomes a service; nothing is sent."""
    apprise = pytest.importorskip("apprise")
    for address in ("mailtos://user:pass@mail.example.com?to=duty@example.com", "json://127.0.0.1/hook",
                    "dingtalk://" + "a" * 64, "wecombot://" + "a" * 36, "feishu://" + "a" * 36):
        assert apprise.Apprise().add(address), address


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_sends_what_the_round_says(desk: Desk, receiver: Receiver, tmp_path: Path) -> None:
    """Through the library to a real receiver; an address that it does not understand is a failure that says so."""
    pytest.importorskip("apprise")
    (tmp_path / "url").write_text(f"json://{receiver.url}\n", encoding="utf-8")
    channels(desk, Channel("duty", Plane.EXTRANET, url_file="url"))
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    assert 1 == notify.run(desk).facts["messages"]
    (_token, post), = receiver.posts
    assert ("政务外网：1 条事件消息", True) == (post["title"], "INC-2026-0001" in post["message"])
    (tmp_path / "url").write_text("nonsense\n", encoding="utf-8")
    channels(desk, Channel("other", Plane.EXTRANET, url_file="url"))
    assert 1 == notify.run(desk).facts["failed"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "kind", "address"), [
    ("dingtalk", "NotifyDingTalk", "dingtalk://" + "a" * 64), ("wecombot", "NotifyWeComBot", "wecombot://" + "a" * 36),
    ("feishu", "NotifyFeishu", "feishu://" + "a" * 36)])
def test_the_robots_of_the_city_get_the_news_and_no_address(
    desk: Desk, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, address: str
) -> None:
    """
    钉钉、企业微信、飞书：真的发到一台服务器（只换了服务器的地址），各按各的格式说同样的话，不带设备和地址。
    """
    plugin = pytest.importorskip(f"apprise.plugins.{name}")
    monkeypatch.setattr(getattr(plugin, kind), "notify_url", f"http://{receiver.url}")
    (tmp_path / "url").write_text(address + "\n", encoding="utf-8")
    channels(desk, Channel("duty", Plane.EXTRANET, url_file="url"))
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    assert (1, 0) == ((facts := notify.run(desk).facts)["messages"], facts["failed"])
    (_token, post), = receiver.posts
    said = json.dumps(post, ensure_ascii=False)
    assert "政务外网：1 条事件消息" in said
    assert "INC-2026-0001" in said
    assert "r-health" not in said


class Mailbox(socketserver.StreamRequestHandler):
    """A mail server (RFC 5321) that takes everything."""

    taken: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.taken.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
            if verb == b"QUIT":
                return


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mail_goes_through_a_real_server(desk: Desk, tmp_path: Path) -> None:
    """
    邮件经真的 SMTP 送到：收信人对，标题和内容对，不带设备和地址。
    """
    pytest.importorskip("apprise")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        (tmp_path / "url").write_text(f"mailto://127.0.0.1:{port}?from=netops@example.com&to=duty@example.com\n", "utf-8")
        channels(desk, Channel("duty", Plane.EXTRANET, url_file="url"))
        conclude(desk, "EG-101", "health", "r-health")
        triage.run(desk)
        facts = notify.run(desk).facts
        server.shutdown()
    mail = message_from_bytes(Mailbox.taken[-1], policy=default)
    text = str(mail)

    assert (1, 0) == (facts["messages"], facts["failed"])
    assert ("duty@example.com", True) == (parseaddr(str(mail["To"]))[1], "政务外网：1 条事件消息" in str(mail["Subject"]))
    body = "".join(part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain") or text
    assert "INC-2026-0001" in body
    assert "r-health" not in body


# ---- alerts of others
def alert(name: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} 的说明"},
            "startsAt": "2026-11-20T03:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": name[:16]}


@pytest.fixture
def client(desk: Desk, tmp_path: Path) -> TestClient:
    (tmp_path / "hook").write_text("t0ken\n", encoding="utf-8")
    desk.config = msgspec.structs.replace(desk.config, alertmanager=Alerts(token_file="hook"))
    return TestClient(application(desk))


def posted(client: TestClient, *alerts: dict[str, Any], token: str = "t0ken") -> Any:
    body = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "netops", "alerts": list(alerts)}
    return client.post("/hooks/alertmanager", json=body, headers={"Authorization": f"Bearer {token}"})


def test_an_alert_becomes_a_finding_and_ends_when_it_says_so(desk: Desk, client: TestClient) -> None:
    """The same alert is one finding; a grave one opens an incident; one that is resolved leaves the others alone."""
    answer = posted(client, alert("LinkDown", severity="critical", organization="health"), alert("DiskFull", severity="warning"))
    assert (200, ["F-0001", "F-0002"]) == (answer.status_code, answer.json()["opened"])
    assert ["F-0001"] == posted(client, alert("LinkDown", severity="critical", organization="health")).json()["seen"]
    found = docket.listed(desk.store)
    assert [("IN-101", "health"), ("IN-102", "")] == [(one.code, one.organization) for one in found]
    triage.run(desk)
    assert [("F-0001",)] == [one.findings for one in casebook.listed(desk.store)]
    assert ["F-0001"] == posted(client, alert("LinkDown", "resolved")).json()["resolved"]
    assert ["resolved", "open"] == [one.state for one in docket.listed(desk.store)]


@pytest.mark.parametrize(("body", "status"), [
    (b"{", 400), (b"[]", 400), (b'{"version": "3", "alerts": []}', 400), (b'{"version": "4"}', 400), (b"x" * (1 << 20 | 1), 413),
    (b'{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": 1}}]}', 400), (b"[" * 100000, 400)])
def test_a_payload_that_is_none_is_refused(desk: Desk, client: TestClient, body: bytes, status: int) -> None:
    """With a reason, and nothing is written."""
    answer = client.post("/hooks/alertmanager", content=body, headers={"Authorization": "Bearer t0ken"})

    assert (status, True, []) == (answer.status_code, bool(answer.json()["error"]), docket.listed(desk.store))


@pytest.mark.parametrize("token", ["", "t0ke", "t0ken2", "密"])
def test_nobody_tells_without_the_token(desk: Desk, client: TestClient, token: str) -> None:
    """401, and nothing is written; without a configured token there is no such place; pages do not take GET there."""
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = client.post("/hooks/alertmanager", json={"version": "4", "alerts": [alert("X")]}, headers=headers)
    assert (401, []) == (answer.status_code, docket.listed(desk.store))
    assert client.get("/hooks/alertmanager").status_code in (404, 405)
    desk.config = msgspec.structs.replace(desk.config, alertmanager=Alerts())
    assert 404 == posted(client, alert("X")).status_code


def test_netops_never_takes_its_own_alerts_back() -> None:
    """What it sent comes back through Alertmanager without becoming a finding; hostile text is cut."""
    sent = alertmanager.read(json.dumps({"version": "4", "alerts": [alert("NetopsIncident"), alert("A" * 9000)]}).encode())

    assert [500] == [len(one.name) for one in sent]
    with pytest.raises(NetopsError, match="more than 1000 alerts"):
        alertmanager.read(json.dumps({"version": "4", "alerts": [alert("X")] * 1001}).encode())
