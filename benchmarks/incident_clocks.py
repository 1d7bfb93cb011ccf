"""
Clocks: simulated incidents with regrades, CII flags, merges, corrected times, reports and papers, held against a slow reckoner.

    python -m benchmarks.incident_clocks [--json] [--count N]

The peer is the reckoner of the tests, which counts day by day and knows the law in its own words.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.addresses.measure import figure, noise, shown
from netops.core import journal
from netops.core.store import Store
from tests.incidents.cases import PLAYBOOKS
from tests.incidents.reckoner import simulate


def main() -> int:
    """Run it, print a row a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        told = noise(Path(name))
        store = Store(f"sqlite:///{Path(name) / 'netops.db'}")
        store.prepare()
        begun = time.process_time()
        compared, acts, wrong = simulate(store, PLAYBOOKS, asked.count, asked.seed)
        spent = time.process_time() - begun
        broken = journal.verify(store).broken
        store.close()
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    figures = [
        figure("simulated incidents", asked.count, None, None, "10,000", asked.count >= 10_000),
        figure("clocks compared with the reckoner", compared, None, None, "-", met=True),
        figure("wrong deadlines, stops or merges", len(wrong), None, None, "0", not wrong),
        figure("first broken entry of the journal", broken, None, None, "0", broken == 0),
        figure("CPU milliseconds an act, both sides", spent / (acts + asked.count) * 1e3, None, None, "-", met=True),
    ]
    if asked.json:
        print(json.dumps({"name": "incident_clocks", "machine": f"{platform.machine()} {told}", "figures": figures}))
    else:
        print(told, *map(shown, figures), sep="\n")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    sys.exit(main())
