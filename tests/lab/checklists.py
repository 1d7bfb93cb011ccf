"""
Whether each department's checklist names exactly the breaches of the lab city's truth, and none in quiet: JSON, also with -o.

Then one department's items are asked to be mended, and asked again while the breaches stand and once they are undone.

    python tests/lab/checklists.py [--city FILE] [--quiet SECONDS] [--scenario NAME ...] [-o FILE.json]

Root, and the lab (`../shared/lab` beside the checkout). About eight minutes: quiet first, then every scenario at once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.lab.live import LiveCity, missing  # noqa: E402 - the checkout is on the path only now

SETTLE, MOST, AFTER, GONE = 45, 240, 30, 200
"""Seconds: until a fresh netops has walked, at most until every finding is there, one more round, at most until all is gone."""
Json = dict[str, Any]


def checklists(city: LiveCity) -> list[Json]:
    """Every item of every department's checklist, asked anew at one moment."""
    asked = city.netops("inspect", "run", "--catalogue", "measures", "--json")
    assert asked.returncode in (0, 1, 3), asked.stderr
    return list(json.loads(asked.stdout)["items"])


def held(city: LiveCity, rows: list[Json]) -> Json:
    """The checklists against the truth: what was named, what was missed, what was named for nothing."""
    city.standing()
    findings = {one["id"]: one for one in city.found()}
    truths = [json.loads(path.read_text()) for path in city.truths() if path.stem != "quiet"]
    expected = [one for truth in truths if truth["stopped"] is None for one in truth["expect"]]
    tolerated = {one["kind"] for truth in truths for one in truth.get("tolerated", ())}
    bad = [row for row in rows if row["answer"] in ("nonconform", "partial")]
    named, missed, false = [], [], []
    answers = {
        (number, place): city.answers(one, findings[number])
        for number in {name for row in bad for name in row["findings"] if name in findings}
        for place, one in enumerate(expected)
    }
    for place, one in enumerate(expected):
        mine = [
            row
            for row in bad
            if one["dept"] in ("", row["organization"]) and any(answers.get((name, place)) for name in row["findings"])
        ]
        told = {"dept": one["dept"], "kind": one["kind"], "items": sorted({row["id"] for row in mine})}
        (named if mine else missed).append(told)
    for row in bad:
        true = any(
            findings.get(name, {}).get("kind") in tolerated
            or any(answers.get((name, place)) and _is_whose(city, row, one) for place, one in enumerate(expected))
            for name in row["findings"]
        )
        if not true:
            kinds = [findings.get(name, {}).get("kind", "gone") for name in row["findings"]]
            false.append({"dept": row["organization"], "item": row["id"], "why": row["reason"], "kinds": kinds})
    return {"named": named, "missed": missed, "false": false}


def _is_whose(city: LiveCity, row: Json, expected: Json) -> bool:
    """Whether a breach may stand in the checklist of a row: its department's, either end's of a link, or the authority's."""
    nodes = tomllib.loads((city.folder / "city.toml").read_text("utf-8"))["nodes"]
    ends = [expected["subject"].get(name, {}) for name in ("a", "b")]
    whose = {expected["dept"], *(nodes[end["device"]]["dept"] for end in ends if end.get("device") in nodes)}
    settings = tomllib.loads(city.config.read_text("utf-8"))
    authorities = {settings.get("city", {}).get("authority"), *(one.get("authority") for one in settings["planes"].values())}
    return row["organization"] in whose | authorities


def rechecked(city: LiveCity, names: list[str]) -> Json:
    """One department's breaches asked to be mended: asked again while they stand, and once they are undone."""
    rows = [row for row in checklists(city) if row["answer"] == "nonconform" and row["findings"]]
    number = rows[0]["inspection"]
    wanted = sorted({row["id"] for row in rows if row["inspection"] == number})
    items = [word for name in wanted for word in ("--item", name)]
    assert city.netops("inspect", "rectify", number, *items, "--yes").returncode == 0
    standing = city.netops("inspect", "recheck", number, "--yes", "--json")
    city.city("scenario", "stop", *names)
    until = time.monotonic() + GONE
    while city.standing() and time.monotonic() < until:
        time.sleep(5)
    undone = city.netops("inspect", "recheck", number, "--yes", "--json")
    return {
        "items": wanted,
        "while it stands": {one["item"]: one["closed"] for one in json.loads(standing.stdout)["items"]},
        "once it is undone": {one["item"]: one["closed"] for one in json.loads(undone.stdout)["items"]},
    }


def main() -> int:
    """0 when every breach is named in its department's checklist and nothing else is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=ROOT.parent / "shared" / "lab")
    parser.add_argument("--city", type=Path)
    parser.add_argument("--quiet", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--scenario", nargs="*")
    parser.add_argument("-o", "--out", type=Path)
    args = parser.parse_args()
    if why := missing(args.lab):
        print(why, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="checklists-") as folder:
        city = LiveCity(args.lab, Path(folder), args.city)
        try:
            city.city("up")
            city.city("traffic", "start", "--rate", "4")
            time.sleep(15)
            city.convert()
            city.serve()
            time.sleep(SETTLE + args.quiet)
            rows = checklists(city)
            counts: dict[str, int] = {}
            for row in rows:
                counts[row["answer"]] = counts.get(row["answer"], 0) + 1
            made: Json = {"city": city.name, "answers in quiet": counts, "quiet": held(city, rows)}
            print(json.dumps(made, ensure_ascii=False, indent=1), flush=True)
            names = args.scenario or [name for name in city.scenarios() if name != "quiet"]
            city.city("scenario", "start", *names)
            perfect, until = False, time.monotonic() + MOST
            while not perfect and time.monotonic() < until:
                time.sleep(5)
                perfect, _lines = city.score()
            time.sleep(AFTER)
            made |= {"findings perfect": perfect, "all": held(city, checklists(city))}
            print(json.dumps(made["all"], ensure_ascii=False, indent=1), flush=True)
            made["recheck"] = rechecked(city, names)
            print(json.dumps(made["recheck"], ensure_ascii=False, indent=1), flush=True)
        finally:
            city.down()
    if args.out:
        args.out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
    good = not made["quiet"]["false"] and not made["all"]["missed"] and not made["all"]["false"]
    good = good and not any(made["recheck"]["while it stands"].values()) and all(made["recheck"]["once it is undone"].values())
    print("exactly the breaches" if good else "NOT exactly the breaches", f"findings perfect: {perfect}", sep="; ")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
