"""Real lines: a dual-homed host behind a NAT of its own and a clean one, real kernels, the sensor outside; and a flood at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netops.core import ticket

ROOT = Path(__file__).parents[2]
KEY = ticket.new_key()
SENSOR, DUAL, CLEAN = "203.0.113.99", "10.20.11.11", "10.20.11.12"

BUILD = """
set -e
mount -t tmpfs tmpfs /run/netns 2>/dev/null || { mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; }
for name in gw exit dongle net dual clean; do ip netns add $name; ip -n $name link set lo up
  ip netns exec $name sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.icmp_ratelimit=0; done
wire() { ip -n $1 link add $2 type veth peer name $4 netns $3; ip -n $1 link set $2 up; ip -n $3 link set $4 up; }
wire exit wan net exit; wire gw up0 exit lan; wire gw lan1 dual eth0; wire gw lan2 clean eth0
wire dongle wan net dongle; wire dongle lan dual usb0
ip -n net addr add 203.0.113.1/30 dev exit; ip -n net addr add 100.64.9.1/30 dev dongle; ip -n net addr add 203.0.113.99/32 dev lo
ip -n exit addr add 203.0.113.2/30 dev wan; ip -n exit addr add 10.20.254.2/30 dev lan
ip -n exit route add default via 203.0.113.1; ip -n exit route add 10.20.0.0/16 via 10.20.254.1
ip -n gw addr add 10.20.254.1/30 dev up0; ip -n gw addr add 10.20.11.1/32 dev lan1; ip -n gw addr add 10.20.11.1/32 dev lan2
ip -n gw route add 10.20.11.11 dev lan1; ip -n gw route add 10.20.11.12 dev lan2
ip -n gw route add default via 10.20.254.2; ip netns exec gw sysctl -qw net.ipv4.ip_forward=1
ip -n dongle addr add 100.64.9.2/30 dev wan; ip -n dongle addr add 192.168.8.1/24 dev lan
ip -n dongle route add default via 100.64.9.1
for name in dual clean; do n=$([ $name = dual ] && echo 11 || echo 12)
  ip -n $name addr add 10.20.11.$n/32 dev eth0; ip -n $name route add 10.20.11.1 dev eth0
  ip -n $name route add 10.0.0.0/8 via 10.20.11.1; done
ip -n clean route add default via 10.20.11.1
ip -n dual addr add 192.168.8.100/24 dev usb0; ip -n dual route add default via 192.168.8.1
for name in exit dongle; do ip netns exec $name sysctl -qw net.ipv4.ip_forward=1
  ip netns exec $name nft "table ip n { chain post { type nat hook postrouting priority 100; oifname wan masquerade; }
  chain forward { type filter hook forward priority 0; ct state invalid drop; }; }"; done
for name in dual clean; do ip netns exec $name "$PYTHON" "$FOLDER/dns.py" & done
sleep 0.4
exec ip netns exec gw "$PYTHON" "$FOLDER/talk.py"
"""
DNS = r"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind(("", 53))
    while True:
        asked, peer = one.recvfrom(2000)
        one.sendto(asked[:2] + b"\x81\x85" + asked[4:], peer)
"""
FLOOD = r"""
import os, socket, time
one = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
end = time.monotonic() + 3
while time.monotonic() < end:
    for _ in range(200):
        one.sendto(bytes(8) + b"NOP1" + os.urandom(52), ("203.0.113.99", 0))
    time.sleep(0.02)
"""
VISIT = r"""
import socket, sys
one = socket.create_connection(("203.0.113.99", 8080), 3)
one.sendall(f"GET /b/{sys.argv[1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
print(one.recv(99)[9:12].decode())
"""
TALK = r"""
import json, os, subprocess, sys, time
from netops.core import ticket
from netops.probes import reflect
from netops.probes.reflect import Probe
folder, key, dual, clean = os.environ["FOLDER"], os.environ["KEY"], "10.20.11.11", "10.20.11.12"
there = ["ip", "netns", "exec"]
argv = [sys.executable, "-m", "netops", "egress", "sensor", "--key", f"{folder}/key", "--beacon", "203.0.113.99"]
outside = subprocess.Popen([*there, "net", *argv, "--page", "203.0.113.99:8080", "--seconds", "5"], stdout=subprocess.PIPE)
outside.stdout.readline()
flood = subprocess.Popen([*there, "net", sys.executable, f"{folder}/flood.py"])
def probes():
    for service in ("dns", "closed", "echo"):
        yield [Probe(to, service, ticket.write(key, to, int(time.time()), "00000001")) for to in (dual, clean)]
sent = sum(reflect.send("203.0.113.99", ["10.20.0.0/16"], probes(), 20))
def visit(host, carried):
    done = subprocess.run([*there, host, sys.executable, f"{folder}/visit.py", carried], capture_output=True, text=True)
    return done.stdout.strip()
page = [ticket.to_text(ticket.write(key, to, int(time.time()), "beac0000")) for to in (dual, clean)]
said = [visit("dual", page[0]), visit("clean", page[1]), visit("dual", "x" * 75), visit("dual", "")]
lines = [json.loads(line) for line in outside.stdout.read().splitlines()]
hits = [one for one in lines if one["kind"] == "hit"]
told = sorted((ticket.read(key, bytes.fromhex(one["ticket"])).target, one["service"], one["source"]) for one in hits)
print(json.dumps({"sent": sent, "said": said, "hits": told, "end": lines[-1]}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run told: a dual-homed host, a clean one, beacons and a flood, all at once."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("needs root and network namespaces")
    folder = tmp_path_factory.mktemp("lines")
    (folder / "key").write_text(ticket.sensor_key(KEY) + "\n")
    for name, content in (("build.sh", BUILD), ("dns.py", DNS), ("flood.py", FLOOD), ("visit.py", VISIT), ("talk.py", TALK)):
        (folder / name).write_text(content)
    alone = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    there = {"PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "FOLDER": str(folder), "KEY": KEY}
    argv = [*alone, "bash", folder / "build.sh"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=60, env=os.environ | there)
    assert done.returncode == 0, done.stderr[-2000:]
    content: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return content


def test_a_services_answer_passes_a_nat(told: dict[str, Any]) -> None:
    """The dual-homed host's comes from its own line's public address; the clean one's by the registered exit."""
    assert 6 == told["sent"]
    assert [[DUAL, "dns", "100.64.9.2"], [CLEAN, "dns", "203.0.113.2"]] == [hit for hit in told["hits"] if hit[1] == "dns"]


def test_a_clean_host_never_comes_by_another_way(told: dict[str, Any]) -> None:
    """Whatever it was asked by: its answers bear the registered exit's address, or do not come."""
    assert {"203.0.113.2"} == {source for target, _, source in told["hits"] if target == CLEAN}


def test_a_beacon_passes_whatever_is_in_the_way(told: dict[str, Any]) -> None:
    """Through the NAT of the host's own line; a forged or empty one is answered by nothing, and not kept."""
    assert [[DUAL, "100.64.9.2"], [CLEAN, "203.0.113.2"]] == [[hit[0], hit[2]] for hit in told["hits"] if hit[1] == "beacon"]
    assert ["204", "204", "", ""] == told["said"]


def test_a_flood_buries_nothing(told: dict[str, Any]) -> None:
    """Tens of thousands of forged tickets beside it: counted, none kept, and every real answer was heard."""
    assert told["end"]["refused"] + told["end"].get("dropped", 0) > 5_000
    assert {DUAL, CLEAN} == {hit[0] for hit in told["hits"]}
