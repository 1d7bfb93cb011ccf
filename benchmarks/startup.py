"""What it costs to start: `netops --help` beside a bare interpreter that imports click, CPU seconds of the whole process."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys

ROUNDS = 15
GOAL_SECONDS = 0.12
"""DESIGN: `--help` under 120 ms of CPU."""
OURS = [sys.executable, "-m", "netops", "--help"]
PEER = [sys.executable, "-c", "import click"]


def cpu_seconds(command: list[str]) -> float:
    """User and system CPU of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Interleaved runs; 0 when the goal is met."""
    pairs = [(cpu_seconds(OURS), cpu_seconds(PEER)) for _round in range(ROUNDS)]
    ours, peer = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(one / other for one, other in pairs if other)
    met = min(one for one, _other in pairs) <= GOAL_SECONDS
    spread = [ratios[0], statistics.median(ratios), ratios[-1]]
    goal = f"<= {GOAL_SECONDS}"
    figure = {"what": "netops --help, CPU seconds", "ours": ours, "peer": peer, "ratio": spread, "goal": goal, "met": met}
    if "--json" in sys.argv:
        print(json.dumps({"name": "startup", "machine": platform.machine(), "figures": [figure]}))
    else:
        told = "/".join(f"{ratio:.1f}" for ratio in spread)
        verdict = "met" if met else "NOT met"
        print(f"{figure['what']}: ours {ours:.3f}  import click {peer:.3f}  ratio {told}  goal {goal}  {verdict}")
    return int(not met)


if __name__ == "__main__":
    raise SystemExit(main())
