"""
The collector beside nfcapd (Debian's nfdump): the same datagrams over loopback, each pinned to one core.

`python -m benchmarks.flow_collect [--json] [--seconds S] [--rounds N] [--rate FLOWS_PER_SECOND] [--loss] [--memory SECONDS]
[--nfcapd PATH] [--compression lz4|zstd]`

nfcapd stores what came (LZ4); ours also says of every flow whose it is and which exit it used, and stores that. Figures are
CPU seconds of the collecting processes for a million flows that were stored, from when they listen, pair by pair; --loss
adds what is lost at higher offered rates, and --memory runs ours alone at a million flows a second for so long and tells
how its memory grew after the first fifth. Debian's nfcapd (1.7.1) has no zstd: --nfcapd takes another one, with its nfdump
beside it, such as 1.7.8 built with libzstd.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.flow_collect.generator import RECORDS

LZ4, ZSTD = "lz4", "zstd"
GOALS = {
    LZ4: {"v5": 1.25, "v9": 1.0, "ipfix": 1.0, "mixed": 2.0},
    ZSTD: {"v5": 0.65, "v9": 0.65, "ipfix": 0.65, "mixed": 2.0},
}
"""Most CPU of ours for one of nfcapd's, by its compression; of the mixed run: for one of our own with a single template."""
BUFFER = 64 << 20
COLLECTING, SENDING = 0, 1
"""Cores."""


class Run(NamedTuple):
    """One collector under one stream."""

    sent: int
    stored: int
    cpu: float
    more: dict[str, Any]

    @property
    def cost(self) -> float:
        """CPU seconds for a million stored flows."""
        return self.cpu / max(self.stored, 1) * 1e6

    @property
    def lost(self) -> float:
        """Share of the flows that were sent and are not stored."""
        return 1 - self.stored / max(self.sent, 1)


class Peer(NamedTuple):
    """An nfcapd that can be used: the programs, and its option for the compression."""

    nfcapd: str
    nfdump: str
    compression: str
    option: str


def found(path: str, compression: str) -> Peer | str:
    """The peer, or why there is none and what mends it."""
    nfcapd = shutil.which(path)
    if not nfcapd:
        return f"{path} is missing: apt-get install nfdump"
    beside = Path(nfcapd).resolve().with_name("nfdump")
    nfdump = str(beside) if beside.exists() else shutil.which("nfdump")
    if not nfdump:
        return f"there is no nfdump beside {nfcapd}, and none on the path: its files cannot be counted"
    version = _said(nfcapd, "-V")
    # Until 1.7.2 every compression has a letter of its own; since then -z names it, and the version what is compiled in.
    named = "-z=" in _said(nfcapd, "-h")
    if not named and compression == LZ4:
        return Peer(nfcapd, nfdump, compression, "-y")
    if not named or compression.upper() not in version.upper():
        return f"{nfcapd} has no {compression} ({version.strip()}): name one that was built with it by --nfcapd"
    return Peer(nfcapd, nfdump, compression, f"-z={compression}")


def _said(program: str, option: str) -> str:
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def generated(kind: str, port: int, rate: float, seconds: float) -> tuple[int, int]:
    """Send a stream; how many flows left, and how many datagrams."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.flow_collect.generator",
        kind,
        str(port),
        str(rate),
        str(seconds),
    ]
    done = subprocess.run([*command, str(SENDING)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return int(told["flows"]), int(told["datagrams"] + told["templates"])


def memory_mib(process: int) -> float:
    """What a process and its children have to themselves: shared memory counts once."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    lines = [Path(f"/proc/{one}/smaps_rollup").read_text().splitlines() for one in (str(process), *children)]
    return sum(int(line.split()[1]) for each in lines for line in each if line.startswith("Pss:")) / 1024


def watched(process: int, ending: threading.Event, samples: list[float]) -> None:
    """Look at the memory every second."""
    while not ending.wait(1.0):
        samples.append(memory_mib(process))


def endurance(seconds: float) -> list[dict[str, Any]]:
    """Memory over a long run of ours, and whether all that was sent is counted."""
    samples: list[float] = []
    run = ours("v9", 1e6, seconds, samples)
    warm = samples[len(samples) // 5 :]
    third = max(1, len(warm) // 3)
    early, late = statistics.median(warm[:third]), statistics.median(warm[-third:])
    return [
        {"what": f"v9 at 1 M flows/s for {seconds:g} s: memory, MiB, last third of the time beside the first", "ours": late,
         "peer": early, "ratio": [late / early] * 3, "goal": "<= 1.05", "met": late / early <= 1.05},
        _loss("v9", 1e6, [(run, run)]),
    ]  # fmt: skip


def ours(kind: str, rate: float, seconds: float, samples: list[float] | None = None) -> Run:
    """netops: received, decoded, judged, stored; *samples* is given its memory, MiB, every second."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="netops-collect-") as folder:
        command = [
            sys.executable,
            "-m",
            "benchmarks.flow_collect.collector",
            str(port),
            folder,
            str(COLLECTING),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout
            child.stdout.readline()
            time.sleep(1.0)
            ending = threading.Event()
            watching = threading.Thread(target=watched, args=(child.pid, ending, samples))
            if samples is not None:
                watching.start()
            sent, datagrams = generated(kind, port, rate, seconds)
            time.sleep(1.0)
            ending.set()
            if samples is not None:
                watching.join()
            child.send_signal(signal.SIGTERM)
            told = json.loads(child.stdout.read())
    return Run(sent, told["stored"], told["cpu"], told | {"datagrams": datagrams})


def nfcapd(peer: Peer, kind: str, rate: float, seconds: float) -> Run:
    """The peer: received, decoded, stored compressed."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="netops-nfcapd-") as folder:
        command = [
            peer.nfcapd,
            peer.option,
            "-w",
            folder,
            "-b",
            "127.0.0.1",
            "-p",
            str(port),
            "-B",
            str(BUFFER),
            "-t",
            "3600",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {COLLECTING}),
        ) as child:  # fmt: skip
            time.sleep(1.0)
            sender = resource.getrusage(resource.RUSAGE_CHILDREN)
            sent, _ = generated(kind, port, rate, seconds)
            sender_after = resource.getrusage(resource.RUSAGE_CHILDREN)
            time.sleep(2.0)
            child.send_signal(signal.SIGTERM)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = subprocess.run(
            [peer.nfdump, "-R", folder, "-I"], capture_output=True, text=True, check=True
        ).stdout
    flows = int(next(line.split(":")[1] for line in told.splitlines() if line.startswith("Flows:")))
    return Run(sent, flows, _cpu(after) - _cpu(before) - (_cpu(sender_after) - _cpu(sender)), {})


def _cpu(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def figure(what: str, mine: Sequence[float], other: Sequence[float], most: float) -> dict[str, Any]:
    """One row: medians, and the ratio pair by pair."""
    ratios = sorted(one / two for one, two in zip(mine, other, strict=True))
    ratio = [ratios[0], statistics.median(ratios), ratios[-1]]
    return {
        "what": what, "ours": statistics.median(mine), "peer": statistics.median(other), "ratio": ratio,
        "goal": f"<= {most}", "met": ratio[1] <= most,
    }  # fmt: skip


def measured(options: argparse.Namespace, peer: Peer) -> list[dict[str, Any]]:
    """Every figure, the two collectors in turn."""
    figures: list[dict[str, Any]] = []
    single: list[float] = []
    for kind in options.kinds:
        most = GOALS[peer.compression][kind]
        pairs = [
            (ours(kind, options.rate, options.seconds), nfcapd(peer, kind, options.rate, options.seconds))
            for _ in range(options.rounds)
        ]
        mine, other = [one.cost for one, _ in pairs], [two.cost for _, two in pairs]
        if kind == "mixed":
            figures.append(figure("20 templates beside one (ours), CPU s/M flows", mine, single, most))
        else:
            figures.append(figure(f"{kind}, CPU s/M flows stored, nfcapd by {peer.compression}", mine, other, most))
        single = mine if kind == "v9" else single
        figures.append(_loss(kind, options.rate, pairs))
        if options.loss:
            figures += [
                _loss(kind, rate, [(ours(kind, rate, 3), nfcapd(peer, kind, rate, 3))]) for rate in (1e6, 2e6, 3e6)
            ]
    return figures


def _loss(kind: str, rate: float, pairs: Sequence[tuple[Run, Run]]) -> dict[str, Any]:
    """What was lost; and whether every datagram sent is received or counted lost, and every record stored or counted not kept."""
    mine, other = max(one.lost for one, _ in pairs), max(two.lost for _, two in pairs)
    counted = all(_is_counted(one) for one, _ in pairs)
    return {
        "what": f"{kind}, share lost at {rate / 1e6:g} M flows/s" + ("" if counted else " (NOT all counted)"),
        "ours": mine, "peer": other, "ratio": [], "goal": "no more than nfcapd, and all counted",
        "met": mine <= other + 0.001 and counted,
    }  # fmt: skip


def _is_counted(run: Run) -> bool:
    more, outcomes = run.more, run.more["outcomes"]
    lost, received = int(outcomes.get("kernel_dropped", 0)), int(outcomes["received"])
    # Of the datagrams lost some may have been of templates.
    least, templates = run.sent - RECORDS * lost, int(more["datagrams"]) - run.sent // RECORDS
    records = int(more["records"])
    is_right = least <= records <= least + RECORDS * min(lost, templates)
    return is_right and received + lost == int(more["datagrams"]) and run.stored + int(more["unstored"]) == records


def main() -> int:
    """0 when every goal is met, 1 when one is not, 2 without nfcapd, or without the compression in it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=500_000.0)
    parser.add_argument("--loss", action="store_true")
    parser.add_argument("--memory", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--kinds", nargs="*", choices=list(GOALS[LZ4]), default=list(GOALS[LZ4]))
    parser.add_argument("--nfcapd", default="nfcapd", metavar="PATH")
    parser.add_argument("--compression", choices=list(GOALS), default=LZ4)
    options = parser.parse_args()
    peer = found(options.nfcapd, options.compression)
    if isinstance(peer, str):
        print(peer, file=sys.stderr)
        return 2
    figures = measured(options, peer) + (endurance(options.memory) if options.memory else [])
    if options.json:
        print(json.dumps({"name": "flow_collect", "machine": platform.machine(), "figures": figures}))
    else:
        print(
            f"{RECORDS} flows a datagram, {options.rate:g} flows/s, {options.seconds:g} s, {options.rounds} rounds"
        )
        for one in figures:
            ratio = "/".join(f"{value:.2f}" for value in one["ratio"]) or "-"
            verdict = "met" if one["met"] else "NOT met"
            print(
                f"{one['what']:<55} ours {one['ours']:.3f}  peer {one['peer']:.3f}  ratio {ratio:<15} {one['goal']}: {verdict}"
            )
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
