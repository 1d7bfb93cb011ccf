"""
How long a finding takes: from the moment a datagram leaves its exporter until the finding can be read in the store.

`python -m benchmarks.flow_latency [--json] [--findings N] [--rate FLOWS_PER_SECOND]`

Hosts of the benchmark's city begin tunnels one after another, at moments drawn at random; each is a finding of its own (EG-402).
Once the collector has nothing else to do, and once under a stream of other flows. Exporters hold flows back themselves before
they send them, by their active timeout: 60 s where they are well set, 1,800 s as Cisco ships them. That time comes on top and
stands in the column of the peer; no collector can shorten it.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from benchmarks.flow_collect.__main__ import free_port
from benchmarks.flow_collect.collector import opened
from netops.core import docket
from netops.desk import Desk
from netops.rounds.egress import Watcher

GOAL_SECONDS = 2.0
ACTIVE_TIMEOUT = 60.0
"""What an exporter well set keeps a flow back itself, seconds."""
LOOK_SECONDS = 0.02
GIVE_UP_SECONDS = 30.0
WIREGUARD = 51820


def datagram(host: str, peer: str) -> bytes:
    """NetFlow v5: one flow of a tunnel outward and one back."""
    uptime = 100_000
    header = struct.pack(">HHIIIIBBH", 5, 2, uptime, int(time.time()), 0, 0, 1, 1, 0)
    records = b""
    for source, destination, sport, dport, entered, left in (
        (host, peer, 40_000, WIREGUARD, 2, 1),
        (peer, host, WIREGUARD, 40_000, 1, 2),
    ):
        records += IPv4Address(source).packed + IPv4Address(destination).packed + bytes(4)
        records += struct.pack(">HHIIIIHHxBBBHHBBxx", entered, left, 20, 2000, uptime - 900, uptime - 100, sport, dport, 0, 17, 0,
                               0, 0, 24, 24)  # fmt: skip
    return header + records


def seconds_to(desk: Desk, port: int, host: str) -> float:
    """Send the flows of one host and wait for its finding."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        sent = time.monotonic()
        one.sendto(datagram(host, "198.51.100.7"), ("127.0.0.1", port))
    while time.monotonic() - sent < GIVE_UP_SECONDS:
        if any(found.subject.get("ip") == host for found in docket.listed(desk.store, code="EG-402")):
            return time.monotonic() - sent
        time.sleep(LOOK_SECONDS)
    return GIVE_UP_SECONDS


def measured(count: int, rate: float) -> list[float]:
    """The times of so many findings, with a stream of other flows beside them where *rate* is not 0."""
    chance = random.Random(20261130)
    with tempfile.TemporaryDirectory(prefix="netops-latency-") as folder:
        port = free_port()
        desk = opened(Path(folder), f"127.0.0.1:{port}")
        with Watcher(desk):
            other = None
            if rate:
                command = ["-m", "benchmarks.flow_collect.generator", "v9", str(port), str(rate), str(4 * count), "1"]
                other = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
                time.sleep(2)
            try:
                times = []
                for number in range(count):
                    time.sleep(chance.random())
                    times.append(seconds_to(desk, port, f"10.20.{number % 64}.{100 + number // 64}"))
            finally:
                if other:
                    other.terminate()
                    other.wait()
        desk.close()
    return sorted(times)


def figure(what: str, times: list[float]) -> dict[str, Any]:
    """One row: the 95th percentile, and the least, median and greatest beside the exporter's own timeout."""
    late = times[max(0, round(0.95 * len(times)) - 1)]
    ratio = [times[0] / ACTIVE_TIMEOUT, statistics.median(times) / ACTIVE_TIMEOUT, times[-1] / ACTIVE_TIMEOUT]
    return {"what": what, "ours": late, "peer": ACTIVE_TIMEOUT, "ratio": ratio, "goal": f"<= {GOAL_SECONDS:g} s",
            "met": late <= GOAL_SECONDS, "median": statistics.median(times), "most": times[-1]}  # fmt: skip


def main() -> int:
    """0 when the goal is met, 1 when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--findings", type=int, default=40)
    parser.add_argument("--rate", type=float, default=100_000.0)
    options = parser.parse_args()
    figures = [
        figure("datagram to finding, p95 s, nothing else to do", measured(options.findings, 0)),
        figure(f"datagram to finding, p95 s, beside {options.rate:g} flows/s", measured(options.findings, options.rate)),
    ]
    if options.json:
        print(json.dumps({"name": "flow_latency", "machine": platform.machine(), "figures": figures}))
    else:
        for one in figures:
            verdict = "met" if one["met"] else "NOT met"
            spread = f"median {one['median']:.2f}, most {one['most']:.2f}"
            print(f"{one['what']:<55} {one['ours']:.2f}  {one['goal']}: {verdict}; {spread}")
            print(f"{'':<55} the exporter's own active timeout: {one['peer']:g} s")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
