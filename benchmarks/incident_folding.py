"""
Folding: labelled findings of a generated city through settle and triage; how well pairs of one event stay together.

    python -m benchmarks.incident_folding [--json] [--organizations N] [--waves N] [--seed N]

The peer is the naive way: everything of one organization and one cause is one incident.
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
from netops.core import docket
from netops.core.journal import act
from netops.desk import Desk
from netops.incidents import casebook, merging, taxonomy
from tests.incidents.cases import PLAYBOOKS
from tests.incidents.city import configuration
from tests.incidents.labelled import START, pairs, run


def main() -> int:
    """Run it, print a row a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--organizations", type=int, default=450)
    parser.add_argument("--waves", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = noise(folder)
        desk = Desk(configuration(folder, f"sqlite:///{folder / 'netops.db'}"), lambda: START, "benchmark")
        begun = time.process_time()
        count, labels, found = run(desk, asked.organizations, asked.waves, asked.seed)
        spent = time.process_time() - begun
        precision, recall = pairs(labels, found)
        law = taxonomy.load(PLAYBOOKS)
        listed = docket.listed(desk.store)
        naive = {one.id: f"{labels[one.id][0]}/{one.organization}/{law.cause(one.kind).key}" for one in listed}
        naive_precision, naive_recall = pairs(labels, naive)
        wrong = unmerged(desk)
        desk.close()
    figures = [
        figure("labelled findings", count, None, None, ">= 10,000", count >= 10_000),
        figure("pair precision", precision, naive_precision, None, ">= 0.99", precision >= 0.99, "peer: no place"),
        figure("pair recall", recall, naive_recall, None, ">= 0.95", recall >= 0.95, "peer: no place"),
        figure("incidents that differ after merge and unmerge", wrong, None, None, "0", wrong == 0),
        figure("CPU seconds a finding, settle and triage", spent / count, None, None, "-", met=True),
    ]
    if asked.json:
        print(json.dumps({"name": "incident_folding", "machine": f"{platform.machine()} {told}", "figures": figures}))
    else:
        print(told, *map(shown, figures), sep="\n")
    return int(not all(one["met"] for one in figures))


def unmerged(desk: Desk) -> int:
    """Open pairs of incidents anew, merge each and take it out again; how many stand otherwise than before."""
    numbers = [one.number for one in casebook.listed(desk.store)][:200]
    with act(desk.store, "benchmark", desk.clock) as done:
        for number in numbers:
            incident = casebook.locked(done, number)
            casebook.change(done, incident, "state", {"state": "handling", "closed": None}, None, None, "", verb="reopen")
    before = {one.number: one for one in casebook.listed(desk.store)}
    for one, other in zip(numbers[::2], numbers[1::2], strict=False):
        with act(desk.store, "benchmark", desk.clock) as done:
            merging.merge(done, one, other, "benchmark")
        with act(desk.store, "benchmark", desk.clock) as done:
            merging.unmerge(done, one, "benchmark")
    return sum(before[one.number] != one for one in casebook.listed(desk.store))


if __name__ == "__main__":
    sys.exit(main())
