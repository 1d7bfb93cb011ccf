"""The reflection probe's child: what it refuses, what it may do, and real packets in a namespace of their own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netops.core import ticket
from netops.core.errors import NetopsError
from netops.probes import reflect

ROOT = Path(__file__).parents[2]
BEACON, PC = "203.0.113.99", "10.20.11.11"
KEY = ticket.new_key()
PAYLOAD = base64.b64encode(bytes(56)).decode()
ASK: dict[str, Any] = {"do": "reflect", "beacon": BEACON, "probes": [[PC, "echo", PAYLOAD]], "per_second": 50}


def ask(request: dict[str, Any], *allow: str) -> dict[str, Any]:
    """The last line of the child's answer."""
    arguments = [part for net in allow for part in ("--allow", net)]
    done = subprocess.run(
        [sys.executable, "-m", "netops.probes.wire", *arguments],
        input=json.dumps(request).encode() + b"\n", capture_output=True, cwd=ROOT, timeout=30,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize(
    ("change", "allow"),
    [
        ({}, []),
        ({}, ["10.20.12.0/24"]),
        ({"probes": [["8.8.8.8", "echo", PAYLOAD]]}, ["0.0.0.0/0"]),
        ({"probes": [["8.8.8.8", "echo", PAYLOAD]]}, ["8.0.0.0/9", "59.192.0.0/10"]),
        ({"probes": [["10.20.11.11", "dns", PAYLOAD], ["192.168.1.1", "dns", PAYLOAD]]}, ["10.0.0.0/8"]),
        ({"probes": [["2001:db8::1", "echo", PAYLOAD]]}, ["10.0.0.0/8"]),
        ({"probes": [[PC, "echo", PAYLOAD]] * 401}, ["10.0.0.0/8"]),
        ({"probes": [[PC, "echo", base64.b64encode(bytes(200)).decode()]]}, ["10.0.0.0/8"]),
        ({"probes": [[PC, "ntp", PAYLOAD]]}, ["10.0.0.0/8"]),
        ({"probes": [[PC, "telnet", PAYLOAD]]}, ["10.0.0.0/8"]),
        ({"per_second": 1000}, ["10.0.0.0/8"]),
        ({"per_second": 0}, ["10.0.0.0/8"]),
        ({"beacon": "nobody"}, ["10.0.0.0/8"]),
        ({"do": "shell"}, ["10.0.0.0/8"]),
        ({"probes": 3}, ["10.0.0.0/8"]),
    ],
)
def test_what_is_not_allowed_is_refused(change: dict[str, Any], allow: list[str]) -> None:
    """Other prefixes, public addresses under prefixes that nobody owns, too many, too fast, too large: nothing is sent."""
    assert "error" in ask(ASK | change, *allow)


def test_a_city_numbered_out_of_public_space_is_probed() -> None:
    """The national extranet's 59.192.0.0/10, and what cities took of others' space, are their own prefixes when they say so."""
    script = f"""
from netops.probes import reflect
from netops.probes.reflect import Probe
probes = [Probe(ip, "echo", bytes(56)) for ip in ("59.201.4.11", "11.2.0.11")]
print(sum(reflect.send("{BEACON}", ["59.192.0.0/10", "11.0.0.0/14"], [probes], 50)))
"""
    done = in_namespace(f"import subprocess; subprocess.run(['ip', 'route', 'add', 'default', 'dev', 'lo']);{script}")

    assert (b"2\n", b"") == (done.stdout, done.stderr)


def in_namespace(script: str, *, capabilities: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run Python in a network namespace that has only a loopback, with the addresses of the sensor and of a PC."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("needs root and network namespaces")
    drop = f"setpriv --bounding-set {capabilities} --inh-caps {capabilities} " if capabilities else ""
    addresses = f"ip addr add {BEACON}/32 dev lo; ip addr add {PC}/32 dev lo"
    shell = f'ip link set lo up; {addresses}; exec {drop}{sys.executable} -c "$1"'
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", shell, "sh", script], capture_output=True, cwd=ROOT, timeout=60
    )


TALK = f"""
import sys, threading, time
from netops.core import ticket
from netops.probes import reflect
from netops.probes.reflect import Probe
key, heard, ready = "{KEY}", [], threading.Event()
def ear():
    for one in reflect.listen("{BEACON}", key, 4):
        heard.append(one)
        ready.set()
thread = threading.Thread(target=ear); thread.start()
assert ready.wait(10)
now = int(time.time())
ours = [Probe("{PC}", name, ticket.write(key, "{PC}", now, "00000001")) for name in ("closed", "echo")]
ours += [Probe("{PC}", "syn", ticket.stub(key, ticket.inner(key, "00000001", "{PC}", "syn 0", 4), now, 4))]
others = [Probe("{PC}", "echo", ticket.write(ticket.new_key(), "{PC}", now, "00000001")), Probe("{PC}", "closed", bytes(56))]
sent = sum(reflect.send("{BEACON}", ["10.20.0.0/16"], [ours, others], 50))
thread.join()
came = heard[1:-1]
print(sent, sorted((one.source, one.service) for one in came), {{one.ticket for one in ours}} == {{one.ticket for one in came}})
print(heard[0], heard[-1].refused >= 2, heard[-1].dropped)
"""


def test_real_answers_reach_the_ear() -> None:
    """A closed port's quote, an echo, a reset: by a real kernel, each with its ticket; others' are only counted."""
    done = in_namespace(TALK)

    assert b"" == done.stderr
    assert [
        f"5 [('{PC}', 'closed'), ('{PC}', 'echo'), ('{PC}', 'syn')] True",
        "None True 0",
    ] == done.stdout.decode().splitlines()


def test_without_the_privilege_it_says_so() -> None:
    """An error for a person, with what mends it."""
    script = f"""
from netops.core.errors import NetopsError
from netops.probes import reflect
probes = [reflect.Probe("{PC}", "echo", bytes(56))]
for act in (lambda: reflect.send("{BEACON}", ["10.0.0.0/8"], [probes], 50), lambda: reflect.listen("{BEACON}", "{KEY}", 1)):
    try:
        list(act())
    except NetopsError as error:
        print(error.english())
"""
    done = in_namespace(script, capabilities="-net_raw")

    assert [b"the probe did not run; CAP_NET_RAW is missing; raw sockets need root or CAP_NET_RAW"] * 2 == [
        line[:83] for line in done.stdout.splitlines()
    ]


CONFINED = """
import sys
from netops.probes import wire
wire.confine({holds})
for line in open("/proc/self/status"):
    if line.startswith(("CapEff", "CapPrm", "CapBnd", "NoNewPrivs")):
        print(line.split()[1])
"""


@pytest.mark.parametrize(("holds", "left"), [("", 1 << 13), ("holds=()", 0)])
def test_it_keeps_no_privilege_but_one(holds: str, left: int) -> None:
    """Only CAP_NET_RAW (bit 13) is left, for the web's ear none; nothing can be gained again."""
    done = in_namespace(CONFINED.format(holds=holds))

    assert [f"{left:016x}"] * 3 + ["1"] == done.stdout.decode().split()


QUIET = f"""
import socket, time
from netops.probes import reflect
def refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("{PC}", 0))
        one.connect(("{BEACON}", 5533))
        try:
            for _ in range(3):
                one.send(b"anybody?")
                time.sleep(0.1)
        except ConnectionRefusedError:
            return True
    return False
before = refused()
for heard in reflect.listen("{BEACON}", "{KEY}", 1.5):
    if heard is None:
        print(before, refused())
"""


def test_the_sensor_answers_nobody() -> None:
    """While it listens, not even its kernel says that nobody is there."""
    assert b"True False\n" == in_namespace(QUIET).stdout


def test_it_ends_with_its_parent() -> None:
    """Killed parents leave no listener behind."""
    script = f"""
import os
from netops.probes import reflect
for one in reflect.listen("{BEACON}", "{KEY}", 600):
    me = str(os.getpid())
    print(open(f"/proc/{{me}}/task/{{me}}/children").read(), flush=True)
    os.kill(os.getpid(), 9)
"""
    done = in_namespace(script)
    [child] = done.stdout.decode().split()
    until = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.05)

    assert not Path(f"/proc/{child}").exists()


def test_a_child_that_ends_early_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not an answer of nobody."""
    monkeypatch.setattr(reflect.sys, "executable", "/bin/true")  # type: ignore[attr-defined]
    with pytest.raises(NetopsError, match=r"ended early"):
        list(reflect.listen(BEACON, KEY, 1))
