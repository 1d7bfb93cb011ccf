"""SET on real net-snmp agents: planned, confirmed by a person, in the journal before and after, and read back."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

import netops.tables  # noqa: F401 - every table into the metadata
from netops.config import Config
from netops.core import applied, journal
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.plane import Plane
from netops.register import Register
from netops.rounds import walk, writing
from netops.rounds.writing import Plan
from netops.settings import Credential as Configured
from netops.settings import PlaneSettings, Snmp
from netops.topology.device import RegisteredDevice, Role
from netops.topology.settings import Writing
from tests.rounds.test_walk import Walked

STEP = 2
PLAYBOOK = """+++
title_zh = "端口标注"
title_en = "Labels"
causes = []
kinds = []
articles = [10]
+++

# 端口标注

1. 看：`netops topology show 设备`。
2. 改：`sysLocation`、`sysContact`、`ifAlias`、`ifAdminStatus` 按登记填写。
3. 归档。
"""
WRITABLE = ("sysLocation", "sysContact", "ifAlias", "ifAdminStatus")


@contextmanager
def agent(folder: Path, address: str, prefix: tuple[str, ...] = ()) -> Iterator[int]:
    """A real snmpd that one user may read and another may write; sysContact is fixed in its configuration."""
    program = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
    if not program:
        pytest.skip("snmpd is not installed: apt-get install snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "snmpd.conf").write_text(
        "createUser reader SHA read-auth-1 AES read-priv-1\nrouser reader priv\n"
        "createUser writer SHA write-auth-1 AES write-priv-1\nrwuser writer priv\n"
        "sysName sw\nsysContact 固定\n",
        "utf-8",
    )
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "SNMPCONFPATH": str(folder), "MIBS": ""}
    arguments = ["-f", "-C", "-c", str(folder / "snmpd.conf"), "-Lf", str(folder / "log"), "-I", "-smux"]
    running = subprocess.Popen(
        [*prefix, program, *arguments, f"udp:{address}:{port}"], env=environment, cwd=Path("/")
    )
    try:
        yield port
    finally:
        running.terminate()
        running.wait(10)


def at_work(folder: Path, address: str, port: int, objects: tuple[str, ...] = WRITABLE) -> Walked:
    """A desk with the agent registered as sw, and walked."""
    for name in ("read", "write"):
        for kind in ("auth", "priv"):
            (folder / f"{name}-{kind}").write_text(f"{name}-{kind}-1\n", "utf-8")
    (folder / "playbooks" / "incidents").mkdir(parents=True, exist_ok=True)
    (folder / "playbooks" / "incidents" / "labels.md").write_text(PLAYBOOK, "utf-8")

    def user(name: str, who: str) -> Configured:
        return Configured(
            "v3", user=who, auth_protocol="SHA", auth_key_file=f"{name}-auth", priv_protocol="AES",
            priv_key_file=f"{name}-priv",
        )  # fmt: skip

    config = Config(
        planes={Plane.EXTRANET: PlaneSettings()},
        store_url=f"sqlite:///{folder / 'netops.db'}",
        path=str(folder / "config.toml"),
        playbooks=str(folder / "playbooks"),
        snmp=Snmp(
            port=port,
            timeout_seconds=1.0,
            credentials={"v3": user("read", "reader"), "v3-write": user("write", "writer")},
            writing=Writing(objects, {"v3": "v3-write"}),  # type: ignore[arg-type]
        ),
    )
    desk = Walked(config, actor="王工")
    register = Register(devices=(RegisteredDevice("sw", address, Role.SWITCH, "fin", "v3"),))
    with journal.act(desk.store, "王工") as act:
        applied.apply(act, register.content(), 0, {})
    for _ in range(40):
        if not walk.run(desk).unseen:
            return desk
        time.sleep(0.2)
    pytest.skip("snmpd did not start here")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """A desk whose one device is a real agent on loopback."""
    folder = tmp_path_factory.mktemp("writing")
    with agent(folder, "127.0.0.1") as port:
        opened = at_work(folder, "127.0.0.1", port)
        yield opened
        opened.close()


def planned(desk: Walked, name: str, value: str, interface: str = "", **more: object) -> Plan:
    given = {"playbook": "labels", "step": STEP, "why": "按登记填写", "device": "sw"} | more
    return writing.plan(
        desk, str(given["device"]), name, interface, value, str(given["playbook"]), int(str(given["step"])), str(given["why"]),
    )  # fmt: skip


def entries(desk: Walked) -> list[journal.Entry]:
    return [one for one in journal.log(desk.store) if one.verb.startswith("device set")]


@pytest.mark.parametrize(
    ("name", "interface", "value"),
    [("sysLocation", "", "市政务中心 A 座 3 层"), ("ifAlias", "lo", "环回，勿动")],
)
def test_a_label_is_set_and_read_back(desk: Walked, name: str, interface: str, value: str) -> None:
    """The plan has what is there; afterwards the device says the new one; the journal has who, why, before and after."""
    plan = planned(desk, name, value, interface)
    done = writing.apply(desk, plan)
    verified, asked = entries(desk)[:2]

    assert (value, True) == (done.now, done.is_verified)
    assert (value, value) == (planned(desk, name, value, interface).before, plan.after)
    assert ("device set verified", "device set") == (verified.verb, asked.verb)
    assert ("王工", f"sw {interface}".strip(), "按登记填写") == (asked.actor, asked.subject, asked.why)
    assert (plan.before, value, name, "labels") == (
        asked.before["value"], asked.after["value"], asked.after["object"], asked.after["playbook"],
    )  # fmt: skip
    assert not journal.verify(desk.store).broken


def test_a_device_that_refuses_is_told_and_written_down(desk: Walked) -> None:
    """sysContact is fixed in the agent's configuration: notWritable, nothing changed, both in the journal."""
    plan = planned(desk, "sysContact", "别人")
    with pytest.raises(Refused) as refusal:
        writing.apply(desk, plan)

    assert "notWritable" == refusal.value.facts["reason"]
    assert ("device set failed", "notWritable") == (entries(desk)[0].verb, entries(desk)[0].after["reason"])
    assert "固定" == planned(desk, "sysContact", "别人").before


def test_a_stale_plan_is_refused(desk: Walked) -> None:
    """Somebody set another value since: exit code 4, nothing is sent."""
    plan = planned(desk, "sysLocation", "三楼")
    writing.apply(desk, planned(desk, "sysLocation", "四楼"))
    before = len(entries(desk))
    with pytest.raises(Refused):
        writing.apply(desk, plan)

    assert before == len(entries(desk))
    assert "四楼" == planned(desk, "sysLocation", "三楼").before


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ({"name": "sysName", "value": "x"}, Missing),
        ({"name": "dot1qPvid", "value": "5", "interface": "lo"}, Refused),
        ({"name": "sysLocation", "value": "x", "playbook": "nothing"}, Missing),
        ({"name": "sysLocation", "value": "x", "step": 9}, Missing),
        ({"name": "sysLocation", "value": "x", "step": 1}, Refused),
        ({"name": "sysLocation", "value": "x" * 256}, NetopsError),
        ({"name": "sysLocation", "value": "a\x1b[31m"}, NetopsError),
        ({"name": "sysLocation", "value": "x", "interface": "lo"}, NetopsError),
        ({"name": "ifAlias", "value": "x"}, Missing),
        ({"name": "ifAlias", "value": "x", "interface": "ge9"}, Missing),
        ({"name": "ifAdminStatus", "value": "testing", "interface": "lo"}, NetopsError),
        ({"name": "ifAdminStatus", "value": "down", "interface": "lo"}, Refused),
        ({"name": "sysLocation", "value": "x", "device": "other"}, Missing),
    ],
)
def test_what_may_not_be_set_is_refused_before_anything_is_sent(
    desk: Walked, what: dict[str, object], kind: type[NetopsError]
) -> None:
    """No such object, not configured, not asked for by the step, no such value or port, the way by which it is managed."""
    more = {key: value for key, value in what.items() if key not in ("name", "value", "interface")}
    with pytest.raises(kind):
        planned(desk, str(what["name"]), str(what["value"]), str(what.get("interface", "")), **more)


def test_nothing_may_be_set_unless_the_configuration_says_so(desk: Walked) -> None:
    """Without [snmp.writing] no object; without a credential of writing no device."""
    shut = Walked(
        msgspec.structs.replace(
            desk.config, snmp=msgspec.structs.replace(desk.config.snmp, writing=Writing())
        )
    )
    no_credential = Walked(
        msgspec.structs.replace(
            desk.config, snmp=msgspec.structs.replace(desk.config.snmp, writing=Writing(("sysLocation",)))
        )
    )
    for one in (shut, no_credential):
        with pytest.raises(Refused):
            planned(one, "sysLocation", "x")
        one.close()


def test_the_credential_of_reading_cannot_write(desk: Walked) -> None:
    """When somebody configures it for writing all the same, the device says no."""
    weak = Walked(
        msgspec.structs.replace(
            desk.config,
            snmp=msgspec.structs.replace(desk.config.snmp, writing=Writing(WRITABLE, {"v3": "v3"})),  # type: ignore[arg-type]
        ),
        actor="王工",
    )
    with pytest.raises(Refused):
        writing.apply(weak, planned(weak, "sysLocation", "五楼"))
    weak.close()


# ---- a port, in a namespace of its own
@pytest.fixture
def port_desk(tmp_path: Path) -> Iterator[tuple[Walked, str]]:
    """A real agent in a network namespace of its own, with a port that may be switched off."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    name = f"nw{os.getpid()}"
    third = os.getpid() % 250
    here, there = f"198.18.{third}.1", f"198.18.{third}.2"
    inside = ("ip", "netns", "exec", name)
    made = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", "uplink", "netns", name],
        ["ip", "address", "add", f"{here}/30", "dev", f"{name}a"],
        ["ip", "link", "set", f"{name}a", "up"],
        [*inside, "ip", "address", "add", f"{there}/30", "dev", "uplink"],
        [*inside, "ip", "link", "set", "uplink", "up"],
        [*inside, "ip", "link", "add", "ge1", "type", "veth", "peer", "name", "ge1-far"],
        [*inside, "ip", "link", "set", "ge1", "up"],
    ]
    try:
        for command in made:
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("network namespaces cannot be made here")
        with agent(tmp_path, there, inside) as port:
            opened = at_work(tmp_path, there, port)
            yield opened, name
            opened.close()
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def test_a_port_is_switched_off_and_on_again(port_desk: tuple[Walked, str]) -> None:
    """ifAdminStatus of a real interface; the one that carries the management address is refused."""
    desk, name = port_desk
    with pytest.raises(Refused):
        planned(desk, "ifAdminStatus", "down", "uplink")
    off = planned(desk, "ifAdminStatus", "down", "ge1")
    done = writing.apply(desk, off)
    shown = subprocess.run(
        ["ip", "netns", "exec", name, "ip", "link", "show", "ge1"], capture_output=True, text=True, check=True
    )

    assert (("up", "down"), True, True) == ((off.before, done.now), done.is_verified, off.changes_state)
    assert ",UP" not in shown.stdout
    assert writing.apply(desk, planned(desk, "ifAdminStatus", "up", "ge1")).is_verified
