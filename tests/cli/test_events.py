"""`netops topology events`, `listen`, `adopt` and `set`: what they print, ask and refuse, in both languages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest

import netops.tables  # noqa: F401 - every table into the metadata
from netops.cli import main
from netops.core.clock import now
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from netops.core.walk import DeviceWalk
from netops.topology import baselines, eventlog, snapshots
from netops.topology.baseline import Baseline
from netops.topology.events import Event
from tests.rounds.test_writing import PLAYBOOK, agent

REGISTER = {
    "organizations.toml": '[[organizations]]\ncode = "fin"\nname_zh = "市财政局"\nname_en = "Finance Bureau"\n',
    "extranet/devices.toml": '[[devices]]\nname = "sw"\naddress = "127.0.0.1"\nrole = "switch"\n'
    'organization = "fin"\nsnmp = "v3"\n',
}
CONFIG = """
[planes.extranet]
[playbooks]
path = "playbooks"
[snmp]
port = {port}
timeout_seconds = 1.0
[snmp.credentials.v3]
version = "v3"
user = "reader"
auth_protocol = "SHA"
auth_key_file = "read-auth"
priv_protocol = "AES"
priv_key_file = "read-priv"
[snmp.credentials.v3-write]
version = "v3"
user = "writer"
auth_protocol = "SHA"
auth_key_file = "write-auth"
priv_protocol = "AES"
priv_key_file = "write-priv"
[snmp.writing]
objects = ["sysLocation", "ifAdminStatus"]
credentials = {{ v3 = "v3-write" }}
[snmp.traps]
listen = {listen}
"""


def settle(folder: Path, port: int = 161, listen: str = "[]") -> Store:
    """A configuration, a register in force, and an open store."""
    for name, text in REGISTER.items():
        (path := folder / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("read", "write"):
        for kind in ("auth", "priv"):
            (folder / f"{name}-{kind}").write_text(f"{name}-{kind}-1\n", "utf-8")
    (folder / "playbooks" / "incidents").mkdir(parents=True, exist_ok=True)
    (folder / "playbooks" / "incidents" / "labels.md").write_text(PLAYBOOK, "utf-8")
    (folder / "config.toml").write_text(CONFIG.format(port=port, listen=listen), encoding="utf-8")
    store = Store(f"sqlite:///{folder / 'netops.db'}")
    store.prepare()
    metadata.create_all(store.engine)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    opened = settle(tmp_path)
    yield opened
    opened.close()


def happened(kind: str, minutes: int = 0, **more: object) -> Event:
    at = datetime(2026, 11, 20, 4, 0, tzinfo=UTC) - timedelta(days=400, minutes=minutes)
    return msgspec.structs.replace(Event(Plane.EXTRANET, "sw", kind, "1.3.6.1.4.1.32473.9", at, at), **more)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("a port went down", "ge7", "1.3.6.1.4.1.32473.9")), ("zh", ("ge7", "1.3.6.1.4.1.32473.9"))],
)
def test_events_are_listed(
    store: Store, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    """Newest first, in both languages; of an unknown one its number."""
    eventlog.write(store, [happened("link-down", 5, interface="ge7"), happened("other")])
    capsys.readouterr()

    assert 0 == main(["--lang", language, "topology", "events", "sw"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in words)
    assert 0 == main(["topology", "events", "--json", "--since", "2025-10-16T11:59"])
    items = json.loads(capsys.readouterr().out)["items"]
    assert [("other", 1)] == [(one["kind"], one["count"]) for one in items]


def test_who_sends_is_shown_with_why_it_is_not_believed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stranger and a device with a wrong key."""
    eventlog.count(store, {"192.0.2.9": {"unknown": 3}, "127.0.0.1": {"refused": 1}},
                   {"127.0.0.1": "usmStatsWrongDigests"}, {"127.0.0.1": ("extranet", "sw")}, now())  # fmt: skip
    capsys.readouterr()

    assert 0 == main(["--lang", "en", "topology", "events", "--sources"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("192.0.2.9", "not registered", "usmStatsWrongDigests"))


def test_nobody_is_heard_where_nothing_is_configured(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """What did not happen, why, and what mends it."""
    assert 2 == main(["--lang", "en", "topology", "listen", "--seconds", "0.1"])
    assert "[snmp.traps]" in capsys.readouterr().err


def test_listening_says_where_and_doctor_says_who(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It hears for as long as it was asked; without it, doctor says that nobody does."""
    text = (tmp_path / "config.toml").read_text("utf-8").replace("listen = []", 'listen = ["127.0.0.1:0"]')
    (tmp_path / "config.toml").write_text(text, "utf-8")

    assert 0 == main(["--lang", "en", "topology", "listen", "--seconds", "0.3"])
    assert "hearing traps on 127.0.0.1:0" in capsys.readouterr().err
    main(["--lang", "en", "doctor", "--json"])
    checks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["items"]}
    assert ("note", "netops serve") == (checks["traps"]["state"], checks["traps"]["mend"])


def test_a_swapped_box_is_accepted_by_a_person(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan says what changed; --dry-run stops there; accepted, there is nothing more to accept."""
    columns = {"sysName": {(0,): b"sw"}, "ifName": {(1,): b"ge1"}, "ifType": {(1,): 6}, "ifIndex": {(1,): 1},
               "ifDescr": {(1,): b"ge1"}, "ifPhysAddress": {(1,): bytes.fromhex("020000000002")}}  # fmt: skip
    snapshots.record(store, DeviceWalk(Plane.EXTRANET, "sw", "127.0.0.1", now(), 0.1, columns), now())
    with store.write() as connection:
        known = Baseline(Plane.EXTRANET, "sw", now(), (), "", ("02:00:00:00:00:01",))
        connection.execute(baselines.device_baselines.insert().values(**msgspec.structs.asdict(known)))
    capsys.readouterr()

    assert 0 == main(["--lang", "en", "topology", "adopt", "sw", "--dry-run"])
    assert "02:00:00:00:00:01 → 02:00:00:00:00:02" in capsys.readouterr().err
    assert 0 == main(["--lang", "en", "topology", "adopt", "sw", "--yes", "--why", "broken"])
    assert 0 == main(["--lang", "en", "topology", "adopt", "sw", "--yes"])
    assert "nothing was changed" in capsys.readouterr().err
    assert 2 == main(["topology", "adopt", "nobody", "--yes"])


# ---- set, on a real agent
class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


SET = ("topology", "set", "sw", "--playbook", "labels", "--step", "2", "--why", "按登记填写", "--lang", "en")


def test_setting_is_planned_confirmed_and_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A label takes --yes; what changes the network takes a person who types the place, and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent").mkdir()
    with agent(tmp_path / "agent", "127.0.0.1") as port:
        store = settle(tmp_path, port)
        try:
            for _ in range(20):
                if main(["topology", "walk", "-q"]) != 3:
                    break
            capsys.readouterr()
            location = (*SET, "sysLocation", "六楼")

            assert 0 == main([*location, "--dry-run"])
            planned = capsys.readouterr().err
            assert all(word in planned for word in ("sysLocation", "→ 六楼", "labels 2."))
            assert 4 == main([*location, "--no-input"])
            assert 0 == main([*location, "--yes"])
            assert "sysLocation is 六楼 now" in capsys.readouterr().out
            assert 0 == main([*location, "--yes"])
            assert "so already" in capsys.readouterr().err

            # "lo" carries the management address here, so that switching it off is refused before anybody is asked.
            assert 4 == main([*SET, "ifAdminStatus", "down", "--interface", "lo", "--yes"])
            assert "management address" in capsys.readouterr().err
            up = (*SET, "ifAdminStatus", "up", "--interface", "lo")
            assert 0 == main([*up, "--yes"])
        finally:
            store.close()


def test_what_changes_the_network_is_typed_by_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--yes is not enough; another word is a no; the place itself is a yes."""
    from netops.cli.printing import Output
    from netops.core.errors import Refused

    with pytest.raises(Refused, match="--yes is not enough"):
        Output(yes=True, interactive=False).confirm_word("type: sw ge1", "sw ge1")
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    with pytest.raises(Refused, match="something else"):
        Output(yes=True).confirm_word("type: sw ge1", "sw ge1")
    monkeypatch.setattr(sys, "stdin", Terminal("sw ge1\n"))
    Output().confirm_word("type: sw ge1", "sw ge1")
    with pytest.raises(SystemExit):
        Output(dry_run=True).confirm_word("type: sw ge1", "sw ge1")
