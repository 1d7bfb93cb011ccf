"""
Questions to kept flows: netops beside nfdump, on the same flows out of the same datagrams.

    python -m benchmarks.flow_query [--json] [--flows N] [--rounds N] [--folder DIRECTORY]

NetFlow v5 datagrams go to nfcapd over loopback, as fast as it takes them without loss, and into netops' decoder, judge
and archive. Asked is who left for the internet: source in 300 prefixes of departments, destination not in 5,000 known
ones. nfdump answers out of its LZ4 file and out of a raw one, and the faster of the two counts. Both give sums, which
must be equal. netops is timed inside a running process, as its web pages and rounds ask; its command line is shown too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

RECORD = np.dtype([
    ("src", ">u4"), ("dst", ">u4"), ("hop", ">u4"), ("in", ">u2"), ("out", ">u2"), ("packets", ">u4"), ("bytes",
    ">u4"), ("first", ">u4"),
    ("last", ">u4"), ("sport", ">u2"), ("dport", ">u2"), ("_1", "u1"), ("flags", "u1"), ("proto", "u1"), ("tos",
    "u1"), ("src_as", ">u2"),
    ("dst_as", ">u2"), ("src_mask", "u1"), ("dst_mask", "u1"), ("_2", ">u2"),
])  # fmt: skip
"""One record of NetFlow v5."""
PER_DATAGRAM = 30
BLOCK = 4096 * PER_DATAGRAM
RATE = 20_000
"""Flows a second of the city that is acted, not of the machine."""
UPTIME = 100_000_000
EXPORTER = "127.0.0.1"
LEAVING = 0.036
"""Share of the flows whose other end is none of the known prefixes; half of them leave, half are answers."""
Figure = dict[str, Any]


# ---- the traffic
def prefixes() -> tuple[np.ndarray, np.ndarray]:
    """300 prefixes (/24) of departments, and 5,000 known ones."""
    departments = np.array(
        [(10 << 24) | ((20 + number // 200) << 16) | (number % 200 << 8) for number in range(300)], np.uint64
    )
    rng = np.random.default_rng(1)
    known = rng.permutation(np.unique(rng.integers(11 << 16, 200 << 16, 6000, dtype=np.uint32)))[:5000]
    return departments, known.astype(np.uint64) << np.uint64(8)


def records(count: int, seed: int, start: int) -> np.ndarray:
    """So many flows; *start* is the number of flows before them."""
    rng = np.random.default_rng(seed)
    departments, known = prefixes()

    def often(choices: int) -> np.ndarray:
        """Places of choices, the first ones more often."""
        return (choices * rng.random(count) ** 2).astype(np.int64)

    inner = departments[often(300)] + rng.integers(1, 255, count, dtype=np.uint64)
    outer = known[often(5000)] + rng.integers(1, 255, count, dtype=np.uint64)
    leaving = rng.random(count) < LEAVING
    outer = np.where(leaving, rng.integers(202 << 24, 223 << 24, count, dtype=np.uint64), outer)
    back = rng.random(count) < 0.5
    service = np.array([443, 80, 53, 8080, 22, 3389, 123, 445, 25, 993], np.uint16)[often(10)]
    client = rng.integers(1024, 65535, count, dtype=np.uint16)
    made = np.zeros(count, RECORD)
    made["src"], made["dst"] = np.where(back, outer, inner), np.where(back, inner, outer)
    made["sport"], made["dport"] = np.where(back, service, client), np.where(back, client, service)
    is_udp = np.isin(service, (53, 123))
    made["proto"], made["flags"] = (
        np.where(is_udp, 17, 6),
        np.where(is_udp, 0, np.array([27, 26, 2, 18, 24])[often(5)]),
    )
    packets = np.exp(rng.exponential(1.5, count)).clip(1, 1 << 20).astype(np.uint64)
    made["packets"], made["bytes"] = (
        packets,
        (packets * rng.integers(40, 1500, count, dtype=np.uint64)).clip(0, (1 << 32) - 1),
    )
    made["in"], made["out"] = np.where(back, 9, 2), np.where(back, 2, 9)
    when = UPTIME + (start + np.arange(count)) * 1000 // RATE
    made["last"] = when - rng.integers(0, 15_000, count)
    made["first"] = made["last"] - rng.exponential(4000, count).astype(np.int64).clip(0, 60_000)
    made["src_mask"] = made["dst_mask"] = 24
    return made


def datagrams(flows: int, began: int) -> Iterator[list[tuple[str, int, bytes]]]:
    """Blocks of (exporter, time of receipt in ms, datagram)."""
    for start in range(0, flows, BLOCK):
        made = records(min(BLOCK, flows - start), start, start)
        block = []
        for place in range(0, len(made), PER_DATAGRAM):
            part = made[place : place + PER_DATAGRAM]
            moment = (start + place) * 1000 // RATE
            header = struct.pack(
                ">HHIIIIHH",
                5,
                len(part),
                UPTIME + moment,
                (began + moment) // 1000,
                (began + moment) % 1000 * 1_000_000,
                start + place,
                0,
                0,
            )
            block.append((EXPORTER, began + moment, header + part.tobytes()))
        yield block


def question() -> str:
    """Who left for the internet, in words that both understand."""
    departments, known = (
        " ".join(f"{net >> 24}.{net >> 16 & 255}.{net >> 8 & 255}.0/24" for net in nets.tolist())
        for nets in prefixes()
    )
    return f"src ip in [{departments}] and not dst ip in [{known}]"


# ---- nfdump
class Nfcapd:
    """nfcapd on a free port of loopback, writing one LZ4 file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [
                "nfcapd",
                "-y",
                "-w",
                str(folder),
                "-b",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-t",
                "86400",
                "-B",
                str(16 << 20),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.connect(("127.0.0.1", self.port))
        self.limit = 40_000
        until = time.monotonic() + 10
        while self.queue() is None and time.monotonic() < until:
            time.sleep(0.05)

    def queue(self) -> int | None:
        """Octets that wait in its socket; None when it does not listen."""
        for line in Path("/proc/net/udp").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == self.port:
                return int(fields[4].split(":")[1], 16)
        return None

    def take(self, block: list[tuple[str, int, bytes]]) -> None:
        """Send, and never so much at once that the kernel drops any."""
        for number, (_, _, datagram) in enumerate(block):
            if number % 16 == 0:
                while (self.queue() or 0) > self.limit:
                    time.sleep(0.0005)
            with suppress(ConnectionRefusedError):
                self.sender.send(datagram)

    def done(self) -> Path:
        """Its file."""
        while self.queue():
            time.sleep(0.05)
        time.sleep(1.0)
        self.process.terminate()
        self.process.wait(120)
        self.sender.close()
        return max(self.folder.glob("nfcapd.2*"), key=lambda path: path.stat().st_size)


def nfdump(file: Path, *arguments: str) -> tuple[float, float, str]:
    """Seconds of the clock and of the processor, and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    told = subprocess.run(
        ["nfdump", "-r", str(file), "-N", *arguments], capture_output=True, text=True, check=True
    ).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told


def summary(told: str) -> tuple[int, int]:
    """Flows and bytes of nfdump's last lines."""
    found = re.search(r"total flows: (\d+), total bytes: (\d+)", told)
    return (int(found[1]), int(found[2])) if found else (0, 0)


# ---- netops
def desk_of(folder: Path) -> Any:
    """A desk with a store and an archive of its own."""
    from netops.config import Config
    from netops.core.plane import Plane
    from netops.core.store import Store
    from netops.desk import Desk
    from netops.settings import Flows, PlaneSettings

    planes = {Plane.EXTRANET: PlaneSettings(("10.20.0.0/15",))}
    (folder / "config.toml").write_text(
        '[planes.extranet]\nnets = ["10.20.0.0/15"]\n[store]\nurl = "sqlite:///netops.db"\n'
    )
    config = Config(
        planes=planes,
        flows=Flows(reserve_gib=0),
        path=str(folder / "config.toml"),
        store_url=f"sqlite:///{folder}/netops.db",
    )
    store = Store(config.store_url)
    store.prepare()
    desk = Desk(config)
    desk._store = store
    return desk


def scene() -> Any:
    """Departments by owner, known prefixes as government, and one router with a way out that nobody filed."""
    from netops.core.plane import Plane
    from netops.egress.classify import Space, Table, net_span
    from netops.egress.judge import Facing, Observer, Port, Scene

    departments, known = prefixes()
    spans = [net_span("10.20.0.0/15", Space.INSIDE)]
    for nets, space in ((departments, Space.ALLOCATED), (known, Space.UPSTREAM)):
        for number, net in enumerate(nets.tolist()):
            owner = f"d{number % 60:02}" if space is Space.ALLOCATED else ""
            spans.append(net_span(f"{net >> 24}.{net >> 16 & 255}.{net >> 8 & 255}.0/24", space, owner))
    ports = (Port(2, "lan", Facing.LAN), Port(9, "ge9", Facing.UNKNOWN))
    observer = Observer(EXPORTER, "r-1", Plane.EXTRANET, "d00", ports=ports)
    return Scene({Plane.EXTRANET: Table(spans)}, {EXPORTER: observer}, today=date(2026, 11, 20))


class Intake:
    """Decoder, judge and archive, as the collector has them."""

    def __init__(self, desk: Any) -> None:
        from netops.egress.netflow import Decoder
        from netops.rounds.archive import Recorder

        self.decoder, self.scene, self.recorder = Decoder(), scene(), Recorder(desk)
        self.recorder.start()
        self.seconds = 0.0
        self.memory: list[int] = []

    def take(self, block: list[tuple[str, int, bytes]]) -> None:
        """One block of datagrams; waits where a collector would be overrun."""
        from netops.egress.flows import merged
        from netops.egress.judge import judge

        start = time.process_time()
        judged = judge(merged(self.decoder.feed(block)), self.scene)
        self.recorder.keep(judged, self.scene)
        self.seconds += time.process_time() - start
        while self.recorder.keeper._queued > 1_000_000:
            time.sleep(0.01)
        self.memory.append(int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096)

    def done(self) -> int:
        """Flows that are kept."""
        self.recorder.stop()
        return int(self.recorder.keeper.stored)


def answer(desk: Any, text: str, began: int, **more: Any) -> tuple[float, float, Any]:
    """Seconds of the clock and of the processor, and the answer."""
    from netops.rounds.query import Question, answered

    since = datetime.fromtimestamp(began / 1000, UTC) - timedelta(minutes=1)
    cpu, start = time.process_time(), time.perf_counter()
    found = answered(
        desk, Question(text=text, since=since, limit=more.pop("limit", 0), rejudge=False, **more)
    )
    return time.perf_counter() - start, time.process_time() - cpu, found


# ---- the comparison
def compared(
    rounds: int, ours: Callable[[], tuple[float, float, Any]], peer: Callable[[], tuple[float, float, Any]]
) -> dict[str, Any]:
    """Both, one after the other, so many times; ratios pair by pair."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return {
        "ours": [pair[0][0] for pair in pairs],
        "peer": [pair[1][0] for pair in pairs],
        "ratio": [pair[1][0] / pair[0][0] for pair in pairs],
        "cpu": [pair[1][1] / max(pair[0][1], 1e-6) for pair in pairs],
    }


def spread(values: list[float], unit: str = "") -> str:
    """Least, median and greatest."""
    return f"{min(values):.2f}/{statistics.median(values):.2f}/{max(values):.2f}{unit}"


def figure(what: str, found: dict[str, Any], goal: float | None) -> list[Figure]:
    """The clock, with its goal; the processor beside it."""
    median = statistics.median(found["ratio"])
    clock = {
        "what": f"{what}: how much faster by the clock", "ours": spread(found["ours"], " s"), "peer": spread(found["peer"], " s"),
        "ratio": spread(found["ratio"]), "goal": f">= {goal}" if goal else None, "met": goal is None or median >= goal,
    }  # fmt: skip
    return [
        clock,
        {
            "what": f"{what}: of processor time",
            "ours": "",
            "peer": "",
            "ratio": spread(found["cpu"]),
            "goal": None,
            "met": True,
        },
    ]


def run(flows: int, rounds: int, folder: Path) -> list[Figure]:
    """All figures."""
    from netops.egress import parts
    from netops.rounds import archive

    desk = desk_of(folder)
    began = int((time.time() - flows / RATE - 3700) * 1000)
    collector, intake = Nfcapd(folder / "nfdump"), Intake(desk)
    for block in datagrams(flows, began):
        collector.take(block)
        intake.take(block)
    kept, lz4 = intake.done(), collector.done()
    raw = folder / "raw"
    shutil.copy(lz4, raw)
    subprocess.run(["nfdump", "-J", "0", "-r", str(raw)], capture_output=True, check=True)
    had, _ = summary(nfdump(lz4, "-o", "null", "any")[2])
    if not kept == had == flows:
        raise SystemExit(f"sent {flows} flows; netops kept {kept}, nfcapd {had}: nothing can be compared")

    asked = question()
    words = folder / "filter"
    words.write_text(asked)

    def best(*arguments: str) -> tuple[float, float, Any]:
        return min(nfdump(file, *arguments) for file in (lz4, raw))

    def agreed(theirs: tuple[float, float, Any], mine: tuple[float, float, Any]) -> None:
        found = mine[2].totals
        if summary(theirs[2]) != (found.flows, found.bytes):
            raise SystemExit(f"nfdump found {summary(theirs[2])}, netops {found}: the answers differ")

    def peer() -> tuple[float, float, Any]:
        return best("-o", "null", "-f", str(words))

    def top() -> tuple[float, float, Any]:
        return best("-s", "srcip/bytes", "-n", "10", "-f", str(words))

    agreed(peer(), answer(desk, asked, began))
    agreed(peer(), answer(desk, "verdict transit", began))
    hot = compared(rounds, lambda: answer(desk, asked, began), peer)
    as_it_came = parts.live(desk.store, ("hot",))
    hot_size = sum(one.size for one in as_it_came) / max(1, sum(one.rows for one in as_it_came))
    cpu = time.process_time()
    archive.upkeep(desk, folder / "flows", everything=True)
    compaction = (time.process_time() - cpu) / flows * 1e6
    size = sum(one.size for one in parts.live(desk.store, ("kept",))) / flows
    sums = sum(one.size for one in parts.live(desk.store, ("rollup",))) / flows
    agreed(peer(), answer(desk, asked, began))
    cold = compared(rounds, lambda: answer(desk, asked, began), peer)
    stored = compared(rounds, lambda: answer(desk, "verdict transit", began), peer)
    talkers = compared(rounds, lambda: answer(desk, asked, began, by=("src",), limit=10), top)
    command = compared(1, lambda: command_line(folder, words, began), peer)
    first, last = (
        max(intake.memory[len(intake.memory) // 4 : len(intake.memory) // 2]),
        max(intake.memory[-len(intake.memory) // 4 :]),
    )
    return [
        *figure("ad hoc, as it came (Arrow)", hot, 4.0),
        *figure("ad hoc, compacted (Parquet)", cold, 2.5),
        *figure("by the stored verdict, compacted", stored, 12.0),
        *figure("ten greatest sources of the ad-hoc question, compacted", talkers, None),
        *figure("ad hoc, compacted, by the command line", command, None),
        plain("bytes a flow, compacted", size, lz4.stat().st_size / flows, "<= 22", met=size <= 22),
        plain("bytes a flow, as it came", hot_size, lz4.stat().st_size / flows, None),
        plain("bytes a flow, of sums beside them", sums, 0, None),
        plain("decode, judge and hand over, µs of processor a flow", intake.seconds / flows * 1e6, 0, None),
        plain("compaction and sums, µs of processor a flow", compaction, 0, None),
        {
            "what": "memory of the intake, MiB: last quarter, beside its second",
            "ours": f"{last / 2**20:.0f}, {first / 2**20:.0f}", "peer": "",
            "ratio": round(last / first, 2), "goal": "<= 1.2", "met": last <= 1.2 * first,
        },
    ]  # fmt: skip


def plain(what: str, ours: float, peer: float, goal: str | None, *, met: bool = True) -> Figure:
    return {
        "what": what,
        "ours": round(ours, 2),
        "peer": round(peer, 2) or "",
        "ratio": round(peer / ours, 2) if peer else "",
        "goal": goal,
        "met": met,
    }


def command_line(folder: Path, words: Path, began: int) -> tuple[float, float, Any]:
    """The whole program, from its start."""
    since = (datetime.fromtimestamp(began / 1000, UTC) - timedelta(minutes=1)).isoformat()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "netops",
        "-c",
        str(folder / "config.toml"),
        "egress",
        "query",
        "-f",
        str(words),
        "--from",
        since,
        "--top",
        "0",
        "--json",
    ]
    subprocess.run(command, capture_output=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, None


def calibration() -> float:
    """Seconds of a fixed loop of plain Python."""
    start, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number & 7
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--flows", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the files go; 200 bytes a flow are needed")
    asked = parser.parse_args()
    if not shutil.which("nfcapd"):
        print("nfdump is missing: apt-get install nfdump", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="netops-bench-", dir=asked.folder) as folder:
        before = calibration()
        found = run(asked.flows // PER_DATAGRAM * PER_DATAGRAM, asked.rounds, Path(folder))
        noise = f"loop {before:.3f} s before, {calibration():.3f} s after; load {os.getloadavg()[0]:.1f}"
    if asked.json:
        print(
            json.dumps(
                {
                    "name": "flow_query",
                    "machine": f"{platform.machine()}, {os.cpu_count()} processors; {noise}",
                    "figures": found,
                }
            )
        )
    else:
        print(f"{asked.flows:,} flows; {noise}; each: least/median/greatest")
        for one in found:
            verdict = "" if one["goal"] is None else "met" if one["met"] else "NOT met"
            sides = f"ours {one['ours']!s:22} nfdump {one['peer']!s:22} ratio {one['ratio']!s:20}"
            print(f"{one['what']:70} {sides} {one['goal'] or '':14} {verdict}".rstrip())
    return 0 if all(one["met"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
