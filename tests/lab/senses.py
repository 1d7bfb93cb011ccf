"""
What each sense of netops finds in the lab city, by which witness, and how fast: a table, and JSON with -o.

    python tests/lab/senses.py [--city FILE] [--quiet SECONDS] [--alone] [--together] [--without] [-o FILE.json]
    python tests/lab/senses.py --quiet SECONDS --without snmp [--only-quiet]                    # quiet by flows alone

Root, and the lab (`../shared/lab` beside the checkout). Without a choice everything runs: quiet, each scenario alone, all at
once, and all at once with each sense switched off in turn. It takes two hours; what was measured is written after each step.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.lab.live import LiveCity, missing  # noqa: E402 - the checkout is on the path only now

SETTLE, MOST, AFTER, GONE = 45, 150, 20, 150
"""Seconds: until a fresh netops has walked, at most until everything is found, one more round, at most until all is released."""
Json = dict[str, Any]


# ---- senses switched off
def _edit(city: LiveCity, pattern: str, by: str) -> None:
    text = city.config.read_text("utf-8")
    changed = re.sub(pattern, by, text, flags=re.M)
    assert changed != text, pattern
    city.config.write_text(changed, "utf-8")


def without_snmp(city: LiveCity) -> None:
    """No device is walked: no links, no ARP, no forwarding tables."""
    for path in city.config.parent.glob("inventory/*/devices.toml"):
        path.write_text(re.sub(r'^snmp = "[^"]*"\n', "", path.read_text("utf-8"), flags=re.M), "utf-8")


def without_flows(city: LiveCity) -> None:
    """The collector listens where nobody sends."""
    _edit(city, r'^listen = \["0\.0\.0\.0:\d+"\]', 'listen = ["127.0.0.1:2999"]')


def without_probe(city: LiveCity) -> None:
    """The one switch."""
    _edit(city, r"^\[probe\]$", "[probe]\nenabled = false")


SENSES = {"snmp": without_snmp, "flows": without_flows, "probe": without_probe}


# ---- one city
class Bench:
    """A city that is up, and what was measured of it."""

    def __init__(self, city: LiveCity, out: Path | None) -> None:
        self.city, self.out = city, out
        self.made: Json = {"city": "", "runs": []}

    def fresh(self, sense: str = "") -> None:
        """A netops that has seen nothing yet, with one sense off."""
        self.city.end_serving()
        subprocess.run(["rm", "-rf", self.city.config.parent], check=True)
        self.city.convert()
        if sense:
            SENSES[sense](self.city)
        self.city.serve()
        time.sleep(SETTLE)

    def quiet(self, seconds: float, what: str = "quiet") -> None:
        """Nothing may be said, whatever everyday traffic does."""
        said: dict[str, Json] = {}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            said |= {one["id"]: one for one in self.city.standing()}
            time.sleep(10)
        self.note({"what": what, "seconds": seconds, "false": [(one["kind"], one["subject"]) for one in said.values()]})

    def broken(self, what: str, names: list[str], most: float = MOST) -> None:
        """Start scenarios, wait until all is found, look once more, and undo them."""
        began = time.time()
        self.city.city("scenario", "start", *names)
        perfect, lines, until = False, "", time.monotonic() + most
        while not perfect and time.monotonic() < until:
            time.sleep(2)
            perfect, lines = self.city.score()
        time.sleep(AFTER)
        again, lines = self.city.score()
        self.note({"what": what, "perfect": again, "at_first": perfect, "lines": lines.splitlines(), "found": self.found(began)})
        self.city.city("scenario", "stop", *names)
        until = time.monotonic() + GONE
        while self.city.standing() and time.monotonic() < until:
            time.sleep(4)
        left = [(one["kind"], one["subject"]) for one in self.city.standing()]
        if left:
            self.note({"what": f"{what}, undone", "left": left})

    def found(self, began: float) -> list[Json]:
        """Each expectation: by which rules and witnesses, and how many seconds after its scenario started."""
        sys.path.insert(0, str(self.city.lab))
        truths = [json.loads(path.read_text()) for path in self.city.truths() if path.stem != "quiet"]
        items = self.city.found()
        rows: list[Json] = []
        for truth in truths:
            if truth["stopped"] is not None or truth["started"] < began - 1:
                continue
            for one in truth["expect"]:
                mine = [item for item in items if self.city.answers(one, item)]
                at = [time_of(item["first_seen"]) for item in mine]
                rows.append({"scenario": truth["scenario"], "kind": one["kind"], "codes": sorted({item["code"] for item in mine}),
                             "witnesses": sorted({name for item in mine for name in self.witnesses(item)}),
                             "seconds": round(max(min(at) - truth["started"], 0.0), 1) if at else None})
        return rows

    def witnesses(self, item: Json) -> set[str]:
        """Kinds of evidence of a finding."""
        done = self.city.netops("finding", "show", item["id"], "--json")
        shown = json.loads(done.stdout)["items"][0] if done.returncode in (0, 1, 3) and done.stdout else {}
        return {piece["kind"] for piece in shown.get("pieces", shown.get("evidence", [])) if isinstance(piece, dict)}

    def note(self, row: Json) -> None:
        """Keep and show what a step said."""
        self.made["runs"].append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)
        if self.out:
            self.out.write_text(json.dumps(self.made, ensure_ascii=False, indent=1) + "\n", "utf-8")


def time_of(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def table(made: Json) -> str:
    """What was measured, as Markdown."""
    runs = {run["what"]: run for run in made["runs"] if "found" in run}
    alone = [row for what, run in runs.items() if what.startswith("alone ") for row in run["found"]]
    lines = ["| scenario | alone: seconds | by | " + " | ".join(name for name in runs if not name.startswith("alone ")) + " |"]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for row in alone or [row for run in runs.values() for row in run["found"]]:
        cells = [row["scenario"], _seconds(row), ", ".join(row["codes"]) or "-"]
        for what, run in runs.items():
            if not what.startswith("alone "):
                same = [one for one in run["found"] if (one["scenario"], one["kind"]) == (row["scenario"], row["kind"])]
                cells.append("; ".join(dict.fromkeys(map(_told, same))))
        lines.append("| " + " | ".join(cells) + " |")
    times = [row["seconds"] for row in alone if row["seconds"] is not None]
    if times:
        middle, worst = statistics.median(times), max(times)
        lines.append(f"\nTime from start to finding, each alone: median {middle:.0f} s, worst {worst:.0f} s.")
    return "\n".join(lines)


def _told(row: Json) -> str:
    return f"{_seconds(row)} {', '.join(row['witnesses'])}" if row["codes"] else "not found"


def _seconds(row: Json) -> str:
    return "-" if row["seconds"] is None else f"{row['seconds']:.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=ROOT.parent / "shared" / "lab")
    parser.add_argument("--city", type=Path)
    parser.add_argument("--quiet", type=float, metavar="SECONDS")
    parser.add_argument("--alone", nargs="*", metavar="SCENARIO")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--without", nargs="*", choices=[*SENSES, []])
    parser.add_argument("--only-quiet", action="store_true", help="with --quiet and --without: break nothing afterwards")
    parser.add_argument("--scenarios", nargs="+", metavar="SCENARIO", help="with --without: only these, not all")
    parser.add_argument("-o", "--out", type=Path)
    args = parser.parse_args()
    if why := missing(args.lab):
        print(why, file=sys.stderr)
        return 2
    everything = args.quiet is None and args.alone is None and not args.together and args.without is None
    with tempfile.TemporaryDirectory(prefix="senses-") as folder:
        city = LiveCity(args.lab, Path(folder), args.city)
        bench = Bench(city, args.out)
        try:
            city.city("up")
            city.city("traffic", "start", "--rate", "4")
            bench.made["city"] = city.name
            time.sleep(15)
            names = [name for name in city.scenarios() if name != "quiet"]
            of_all = args.without is None
            if (args.quiet and of_all) or args.alone is not None or args.together or everything:
                bench.fresh()
            if (args.quiet and of_all) or everything:
                bench.quiet(args.quiet or 3600)
            for name in (args.alone or names) if args.alone is not None or everything else ():
                bench.broken(f"alone {name}", [name])
            if args.together or everything:
                bench.broken("all", names)
            for sense in (args.without or SENSES) if args.without is not None or everything else ():
                bench.fresh(sense)
                if args.quiet and not of_all:
                    bench.quiet(args.quiet, f"quiet without {sense}")
                if not args.only_quiet:
                    bench.broken(f"without {sense}", args.scenarios or names)
        finally:
            city.down()
    print(table(bench.made))
    counted = [run for run in bench.made["runs"] if not run["what"].startswith("without")]
    return 0 if all(run.get("perfect", True) and not run.get("false") for run in counted) else 1


if __name__ == "__main__":
    raise SystemExit(main())
