"""
kill -9 of the collector, again and again, while exporters send: what is lost, doubled, halved, and what nobody can read after it.

`python -m benchmarks.flow_restart [--json] [--kills N] [--folder FOLDER]`

Every life of the collector brings new templates, v9 and IPFIX, each sent once and never again, records of them and of earlier
ones, and what pmacctd and softflowd sent for a small capture (where they are installed). It is killed at a random moment, every
third time within 20 ms of a template. Exporters are silent while nobody listens, so everything that was sent was received. The
last life is given records of every template ever sent: none may stay undecoded. Every made flow has a number of its own, so
that a lost and a doubled one are seen. The peer's column is the bound that was set.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.flow_collect.__main__ import free_port
from netops.egress.segment import RUNNING, all_batches

FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4))
RECORDS = 5
EARLIER = 8
"""Records of so many earlier templates are sent in every life."""
LOST_SECONDS = 2.0
"""What was sent so long before a kill may be lost: it is gathered for a second before it is written."""
SECONDS = (0.05, 4.0)
"""A life lasts so long once it listens, at least and at most."""


def message(version: int, domain: int, number: int, body: bytes) -> bytes:
    """A datagram of one set."""
    content = struct.pack(">HH", number, 4 + len(body)) + body
    if version == 9:
        return struct.pack(">HHIIII", 9, 1, 100_000, int(time.time()), 0, domain) + content
    return struct.pack(">HHIII", 10, 16 + len(content), int(time.time()), 0, domain) + content


def template(version: int, domain: int) -> bytes:
    """The template of a domain."""
    body = struct.pack(">HH", 256, len(FIELDS)) + b"".join(struct.pack(">HH", *one) for one in FIELDS)
    return message(version, domain, 0 if version == 9 else 2, body)


def capture(path: Path) -> None:
    """A small capture of UDP conversations, for real exporters to make flows of."""
    content = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number in range(400):
        at = 1_790_000_000_000_000 + number * 20_000
        segment = struct.pack(">HHHH", 20_000 + number % 40, 53, 28, 0) + bytes(20)
        ends = bytes([10, 20, number % 40, 1, 203, 0, 113, 80])
        packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), number, 0, 64, 17, 0) + ends + segment
        frame = bytes(12) + b"\x08\x00" + packet
        content += struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame
    path.write_bytes(content)


def recorded(folder: Path) -> dict[str, list[bytes]]:
    """What real exporters send for the capture, by their name; those that are not installed are missing."""
    capture(folder / "made.pcap")
    found: dict[str, list[bytes]] = {}
    for version in (9, 10):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            one.settimeout(1.0)
            at = f"127.0.0.1:{one.getsockname()[1]}"
            settings = folder / "pmacctd.conf"
            settings.write_text(
                f"daemonize: false\npcap_savefile: {folder}/made.pcap\nplugins: nfprobe\naggregate: src_host, dst_host, src_port,"
                f" dst_port, proto\nnfprobe_receiver: {at}\nnfprobe_version: {version}\nnfprobe_timeouts: maxlife=1\n"
            )
            for name, command in (
                ("softflowd", ["softflowd", "-r", f"{folder}/made.pcap", "-n", at, "-v", str(version)]),
                ("pmacctd", ["pmacctd", "-f", str(settings)]),
            ):
                if program := shutil.which(command[0]) or shutil.which(f"/usr/sbin/{command[0]}"):
                    found[f"{name} v{version}"] = heard(one, [program, *command[1:]])
    return found


def heard(one: socket.socket, command: list[str]) -> list[bytes]:
    """The datagrams that a program sends until it has been silent for a second."""
    datagrams = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until = time.monotonic() + 8
        while time.monotonic() < until:
            try:
                datagrams.append(one.recv(65536))
            except TimeoutError:
                if datagrams or child.poll() is not None:
                    break
        child.terminate()
    return datagrams


def moved(datagram: bytes, domain: int) -> bytes:
    """The same datagram of another observation domain."""
    at = 16 if datagram[:2] == b"\x00\x09" else 12
    return datagram[:at] + struct.pack(">I", domain) + datagram[at + 4 :]


class Exporters:
    """What is sent, and when each numbered flow was."""

    def __init__(self, port: int, real: dict[str, list[bytes]]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.sent: dict[int, float] = {}
        self.domains: list[tuple[int, int]] = []
        """Version and domain of every template ever sent."""
        self.real = real

    def templates(self, life: int) -> None:
        """Two new ones, sent once."""
        for version in (9, 10):
            self.socket.send(template(version, life))
            self.domains.append((version, life))

    def records(self, version: int, domain: int) -> list[int]:
        """One datagram of numbered flows; their numbers."""
        numbers = list(range(1_000_000 + len(self.sent), 1_000_000 + len(self.sent) + RECORDS))
        ends = [bytes([10, 20, one % 60, 1 + one % 200, 203, 0, 113, 80]) for one in numbers]
        body = b"".join(end + struct.pack(">HHBII", 5000, 443, 6, 1, one) for end, one in zip(ends, numbers, strict=True))
        self.socket.send(message(version, domain, 256, body))
        self.sent |= dict.fromkeys(numbers, time.monotonic())
        return numbers

    def live(self, life: int, seconds: float, chance: random.Random) -> None:
        """Send for so long."""
        until = time.monotonic() + seconds
        stream: list[bytes] = []
        if self.real:
            name = list(self.real)[life % len(self.real)]
            stream = [moved(one, 10_000 + life) for one in self.real[name]]
        self.templates(life)
        while time.monotonic() < until:
            self.records(*self.domains[-1 - chance.randrange(min(len(self.domains), EARLIER))])
            if stream:
                self.socket.send(stream.pop(0))
            time.sleep(0.004)


def started(port: int, folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A collector that listens, and how many datagrams it found left over."""
    command = [sys.executable, "-m", "benchmarks.flow_collect.collector", str(port), str(folder), "-1"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    line = child.stdout.readline()
    found = re.match(r"ready (\d+)", line)
    if found is None:
        raise RuntimeError(f"the collector did not begin: {line!r}")
    return child, int(found[1])


def stored(folder: Path) -> tuple[Counter[int], int]:
    """How often each octet count stands in the archive, and how many files are half or broken."""
    import pyarrow.parquet as pq

    counts: Counter[int] = Counter()
    for path in folder.rglob("*.arrow"):
        for one in all_batches(path)[1]:
            column = one.column("bytes")
            counts.update(() if column is None else column.tolist())
    for path in folder.rglob("*.parquet"):
        if "bytes" in pq.read_schema(path).names:
            counts.update(pq.read_table(path, columns=["bytes"])["bytes"].to_pylist())
    half = [*folder.rglob(f"*{RUNNING}"), *folder.rglob("*.broken"), *folder.rglob("*.mend"), *folder.rglob(".*.ring*")]
    return counts, len(half)


def measured(kills: int, folder: Path) -> list[dict[str, Any]]:
    """Every figure."""
    chance = random.Random(20261201)
    port = free_port()
    real = recorded(folder)
    exporters = Exporters(port, real)
    deaths: list[float] = []
    left_over = 0
    for life in range(kills):
        child, found = started(port, folder)
        left_over += found
        exporters.live(life, chance.uniform(*SECONDS) if life % 3 else chance.uniform(0, 0.02), chance)
        child.kill()
        deaths.append(time.monotonic())
        child.wait()
    child, found = started(port, folder)
    left_over += found
    last = [number for version, domain in exporters.domains for number in exporters.records(version, domain)]
    time.sleep(1.0)
    child.send_signal(signal.SIGTERM)
    assert child.stdout
    told = json.loads(child.stdout.read())
    counts, half = stored(folder / "flows")
    numbered = {number: count for number, count in counts.items() if number >= 1_000_000}
    lost = [number for number in exporters.sent if number not in numbered]
    ages = [min((death - at for death in deaths if death >= at), default=np.inf) for at in map(exporters.sent.__getitem__, lost)]
    undecoded = sum(number not in numbered for number in last) + int(told["unread"]) * RECORDS
    doubled = sum(count - 1 for count in numbered.values())
    whole = f"{kills} kills, {len(exporters.domains)} templates, {len(exporters.sent):,} flows"
    beside = ", ".join(f"{name} {len(some)} datagrams" for name, some in real.items()) or "no real exporter"
    print(f"{whole}; in every life one of: {beside}; {left_over} datagrams were left over and read", file=sys.stderr)

    def row(what: str, value: float, most: float) -> dict[str, Any]:
        return {"what": what, "ours": value, "peer": most, "ratio": [], "goal": f"<= {most}", "met": value <= most}

    return [
        row(f"{whole}: records not decoded though their template had been received", undecoded, 0),
        row("flows that stand twice", doubled, 0),
        row("files that are half, broken or left", half, 0),
        row(f"flows lost ({len(lost):,}): longest before a kill, s", max(ages, default=0.0), LOST_SECONDS),
    ]


def main() -> int:
    """0 when every goal is met, 1 when one is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netops-restart-", dir=options.folder) as folder:
        figures = measured(options.kills, Path(folder))
    if options.json:
        print(json.dumps({"name": "flow_restart", "machine": platform.machine(), "figures": figures}))
    else:
        for one in figures:
            print(f"{one['what']:<100} {one['ours']:>10.3g}  {one['goal']:<8} {'met' if one['met'] else 'NOT met'}")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    sys.exit(main())
