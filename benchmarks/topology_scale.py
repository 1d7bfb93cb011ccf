"""
A large city: links and places out of forwarding tables and ARP alone, the proof of separation, and a year of history.

Two thousand bridges and fifty thousand terminals whose true shape is known (`large_city`); what is found is held against
it. The peers' figures are what they have published: OpenNMS speaks of fifty minutes for the topology of a network of this
size (its pull request 1942). The year is extrapolated from two weeks of hourly walks of a part of a city (`year_of_walks`).
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

BRIDGES, TERMINALS = 2000, 50_000
GOAL_SECONDS, GOAL_BYTES, GOAL_CHECK_SECONDS = 60.0, 1 << 30, 5.0
OPENNMS_SECONDS = 3000.0
SWITCHES, WEEK = 24, 7
YEAR_DAYS = 365
GOAL_YEAR_BYTES = 5 << 30
"""Small: what an ordinary disk does not notice, a hundredth of what whole tables would take."""


def inferred() -> dict[str, Any]:
    """In a process of its own: the city's links, places and proof, each with its CPU seconds, and the peak of memory."""
    from benchmarks.large_city import City
    from netops.topology import map as maps
    from netops.topology import separation
    from netops.topology.sightings import Places

    city = City(BRIDGES, TERMINALS)
    truth, views = city.truth, city.views
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.process_time()
    wiring = maps.wiring(views)
    links_seconds = time.process_time() - start
    start = time.process_time()
    places = Places(views)
    places_seconds = time.process_time() - start
    pairs = {
        frozenset((end.device, end.if_index) for end in link.ends)
        for link in wiring.links
        if link.layer == 2 and not (link.segment and len(_members(wiring, link.segment)) > 2)
    }
    shared = {
        frozenset((end.device, end.if_index) for end in one.members)
        for one in wiring.segments
        if one.kind == "shared" and one.layer == 2
    }
    boxes = {frozenset((end.device, end.if_index) for end in one.members)
             for one in wiring.segments if one.kind == "between"}  # fmt: skip
    true_pairs = truth.links | {ends for ends in truth.segments if len(ends) == 2}
    true_shared = {ends for ends in truth.segments if len(ends) > 2}
    located = Counter(_judged(places.of(mac), place) for mac, place in truth.places.items())
    nets = dict.fromkeys(separation.Plane, ()) | {
        separation.Plane.EXTRANET: ("10.0.0.0/8",),
        separation.Plane.INTRANET: ("60.0.0.0/8",),
    }
    start = time.process_time()
    apart = separation.answers(views, wiring.links, nets)
    check_seconds = time.process_time() - start
    return {
        "rows": sum(len(view.fdb) + len(view.arp) for view in views),
        "bridges": len(views),
        "links_seconds": links_seconds,
        "places_seconds": places_seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "tables_bytes": before,
        "pairs": [len(pairs & true_pairs), len(true_pairs), len(pairs - true_pairs)],
        "shared": [len(shared & true_shared), len(true_shared), len(shared - true_shared)],
        "boxes": [
            len(boxes & truth.segments),
            len(truth.segments - true_shared),
            len(boxes - truth.segments),
        ],
        "places": dict(located),
        "check_seconds": check_seconds,
        "apart": not any(one.path for one in apart),
        "joined": _joined(views, wiring.links, nets),
    }


def _members(wiring: Any, segment: str) -> tuple[Any, ...]:
    return next((one.members for one in wiring.segments if one.id == segment and one.kind == "shared"), ())


def _judged(found: tuple[str, str, int], true: tuple[str, int]) -> str:
    if not found[0]:
        return "rightly not located" if not true[0] else "not located"
    return "right" if found[:2] == (true[0], f"GE0/0/{true[1]}") else "wrong"


def _joined(views: list[Any], links: Any, nets: Any) -> bool:
    """Whether one terminal with a foot in each plane is found: its MAC in one table of the other plane."""
    import msgspec

    from netops.core.plane import Plane
    from netops.topology import separation
    from netops.topology.device import FdbEntry

    outside = next(view for view in views if view.plane is Plane.EXTRANET and view.name.startswith("e-acc"))
    inside = next(place for place, view in enumerate(views) if view.name.startswith("i-acc"))
    mac = next(entry.mac for entry in outside.fdb if entry.mac.startswith("0a:") and entry.if_index > 1)
    crossed = list(views)
    extra = FdbEntry(mac, 100, 3, "GE0/0/3")
    crossed[inside] = msgspec.structs.replace(crossed[inside], fdb=(*crossed[inside].fdb, extra))
    return any(one.path for one in separation.answers(crossed, links, nets))


def year() -> dict[str, float]:
    """Bytes of a year, out of the second of two weeks: the first one holds what is there from the beginning."""
    from benchmarks.year_of_walks import Part, walked

    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        sizes = walked(Part(SWITCHES, SWITCHES * 25), Path(folder) / "year.db", 2 * WEEK)
        seconds = time.process_time() - start
    week = sizes[-1] - sizes[WEEK - 1]
    scale = BRIDGES / (SWITCHES + 1)
    return {
        "present": sizes[0] * scale,
        "year": week / WEEK * YEAR_DAYS * scale,
        "devices": SWITCHES + 1,
        "walks": (SWITCHES + 1) * 24 * 2 * WEEK,
        "seconds": seconds,
    }


def figures() -> list[dict[str, Any]]:
    """Every figure beside its goal."""
    found = json.loads(subprocess.run(
        [sys.executable, "-m", "benchmarks.topology_scale", "--inferred"],
        check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": "0"},
    ).stdout)  # fmt: skip
    kept = year()
    size = f"{found['bridges']} bridges, {TERMINALS} terminals, {found['rows']} rows"
    places = found["places"]
    sure = places.get("right", 0) + places.get("rightly not located", 0)
    return [
        figure(f"links and segments inferred, CPU s ({size})", found["links_seconds"], OPENNMS_SECONDS,
               f"< {GOAL_SECONDS:g}", met=found["links_seconds"] < GOAL_SECONDS),
        figure("places of every terminal, CPU s", found["places_seconds"], OPENNMS_SECONDS,
               f"< {GOAL_SECONDS:g}", met=found["places_seconds"] < GOAL_SECONDS),
        figure("peak memory, MiB (the tables themselves are the peer)", found["peak_bytes"] / 2**20,
               found["tables_bytes"] / 2**20, "< 1024", met=found["peak_bytes"] < GOAL_BYTES),
        exact("links of two bridges, of those that are", found["pairs"]),
        exact("segments of three and more bridges, of those that are", found["shared"]),
        figure("boxes without management between two bridges, of those that are (the rest had no traffic across)",
               found["boxes"][0], found["boxes"][1], "0 wrong", met=not found["boxes"][2]),
        figure(f"places right or rightly not located ({places.get('not located', 0)} not located, "
               f"{places.get('wrong', 0)} wrong), of all", sure, TERMINALS, "0 wrong", met=not places.get("wrong", 0)),
        figure("proof of separation, CPU s", found["check_seconds"], GOAL_CHECK_SECONDS,
               f"< {GOAL_CHECK_SECONDS:g}", met=found["check_seconds"] < GOAL_CHECK_SECONDS),
        figure("no path where there is none, and the path by one terminal in both planes", int(found["apart"])
               + int(found["joined"]), 2, "2 of 2", met=found["apart"] and found["joined"]),
        figure("the store at the beginning, MiB (2,000 devices, 50,000 terminals)", kept["present"] / 2**20,
               GOAL_YEAR_BYTES / 2**20, "told", met=True),
        figure(f"a year of hourly walks, MiB (from {kept['walks']:g} walks of {kept['devices']:g} devices)",
               kept["year"] / 2**20, GOAL_YEAR_BYTES / 2**20, f"< {GOAL_YEAR_BYTES >> 20}",
               met=kept["year"] < GOAL_YEAR_BYTES),
    ]  # fmt: skip


def exact(what: str, counts: list[int]) -> dict[str, Any]:
    """Right, true and wrong: all of them, and nothing else."""
    right, true, wrong = counts
    return figure(f"{what} ({wrong} wrong)", right, true, "all, 0 wrong", met=right == true and not wrong)


def figure(what: str, ours: float, peer: float, goal: str, *, met: bool) -> dict[str, Any]:
    """One row."""
    ratio = ours / peer if peer else 0.0
    return {"what": what, "ours": ours, "peer": peer, "ratio": [ratio] * 3, "goal": goal, "met": bool(met)}


def main() -> int:
    """0 when every goal is met."""
    if "--inferred" in sys.argv:
        print(json.dumps(inferred()))
        return 0
    told = figures()
    if "--json" in sys.argv:
        print(json.dumps({"name": "topology_scale", "machine": platform.machine(), "figures": told}))
    else:
        for one in told:
            verdict = "met" if one["met"] else "NOT met"
            print(
                f"{one['what']}\n    ours {one['ours']:.6g}  peer {one['peer']:.6g}  goal {one['goal']}  {verdict}"
            )
    return int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
