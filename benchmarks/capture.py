"""Reading captures: netops beside scapy on the same file, and the estimate of hosts behind one address against known numbers."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import random
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CAPTURES = Path(os.environ.get("CAPTURES", Path(__file__).parents[2] / "shared" / "data" / "pcap"))
PARTS = ("ndpi--1kxun.pcap", "ndpi--wechat.pcap", "ndpi--android.pcap", "ndpi--tor.pcap")
"""Real captures of LANs in microseconds and little-endian, put together to one file."""
ROUNDS, COPIES = 5, 6
GOAL = 10.0
SEEDS = 40


def file_of(copies: int) -> bytes:
    """The captures one after another, so many times; *scapy* reads the same octets."""
    parts = [(CAPTURES / name).read_bytes() for name in PARTS]
    return parts[0][:24] + b"".join(part[24:] for part in parts) * copies


def ours(octets: bytes) -> int:
    """The whole job: read, dissect, recognise, observe. Packets read."""
    from netops.config import share
    from netops.egress import watchlists
    from netops.egress.listening import services
    from netops.egress.listening.frames import Capture
    from netops.egress.listening.listener import Listener

    listener = Listener(services.read(share("playbooks")), watchlists.tunnels(share("playbooks")))
    for frames in Capture(io.BytesIO(octets)):
        listener.feed(frames)
    listener.observations()
    return listener.packets


def peer(octets: bytes) -> int:
    """scapy's reader, every packet dissected as it does by itself. Packets read."""
    from scapy.utils import PcapReader

    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(octets)
        file.flush()
        with PcapReader(file.name) as packets:
            return sum(1 for _ in packets)


def rate(work: Callable[[bytes], int], octets: bytes) -> float:
    """Packets a CPU second."""
    began = time.process_time()
    count = work(octets)
    return count / (time.process_time() - began)


def speed() -> list[dict[str, Any]]:
    """Interleaved runs on the same octets, the peer's on a part so that it ends."""
    import scapy.all  # noqa: F401 - its start is not counted

    large, small = file_of(COPIES), file_of(1)
    ours(small)
    pairs = [(rate(ours, large), rate(peer, small)) for _ in range(ROUNDS)]
    ratios = sorted(one / other for one, other in pairs)
    own, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = [ratios[0], statistics.median(ratios), ratios[-1]]
    return [{"what": "packets a CPU second: read, dissected, observed", "ours": round(own), "peer": round(other), "ratio": spread,
             "goal": f">= {GOAL:g}", "met": ratios[0] >= GOAL}]  # fmt: skip


def crowds() -> list[dict[str, Any]]:
    """Known numbers of machines behind a box, 1 to 10, so many households each: how far the estimate is off."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "egress" / "listening"))
    import traffic

    from netops.egress.listening.frames import gathered
    from netops.egress.listening.listener import Listener
    from netops.egress.listening.services import Services

    figures = []
    for count in range(1, 11):
        off, seen = [], 0
        for seed in range(SEEDS):
            chance = random.Random(1000 * count + seed)
            listener = Listener(Services())
            listener.feed(gathered(sorted(traffic.behind(traffic.household(count, chance), 12, chance))))
            found = [one for one in listener.observations() if one.kind == "hidden_nat" and one.is_alarm]
            seen += bool(found)
            off.append(found[0].facts["hosts"] - count if found else -count)
        near = sum(abs(one) <= 1 for one in off) / SEEDS
        figures.append({"what": f"{count} machines behind one address: seen, mean estimate, share within one",
                        "ours": [seen / SEEDS, round(count + statistics.mean(off), 2), round(near, 2)], "peer": None,
                        "ratio": None, "goal": "seen 1.0, within one >= 0.7", "met": seen == SEEDS and near >= 0.7})  # fmt: skip
    return figures


def main() -> int:
    """A row a figure; 0 when every goal is met, 2 without captures or scapy."""
    if not all((CAPTURES / name).exists() for name in PARTS):
        print(f"the captures are not in {CAPTURES}", file=sys.stderr)
        return 2
    if struct.unpack("<I", (CAPTURES / PARTS[0]).read_bytes()[:4])[0] != 0xA1B2C3D4:
        print("the captures are of another kind", file=sys.stderr)
        return 2
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            figures = speed()
        except ImportError:
            print("scapy is missing: pip install scapy")
            return 2
    figures += crowds()
    if "--json" in sys.argv:
        print(json.dumps({"name": "capture", "machine": platform.machine(), "figures": figures}))
    else:
        for one in figures:
            ratio = "/".join(f"{value:.1f}" for value in one["ratio"]) if one["ratio"] else "—"
            told = f"ours {one['ours']}  scapy {one['peer'] or '—'}  ratio {ratio}  goal {one['goal']}"
            print(f"{one['what']}: {told}  {'met' if one['met'] else 'NOT met'}")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
