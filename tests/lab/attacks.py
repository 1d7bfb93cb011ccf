"""
Whether scans and floods of real packets are told by the flows of real exporters, and everyday traffic is not.

    python tests/lab/attacks.py [--city FILE] [--quiet SECONDS]

Root, and the lab (`../shared/lab` beside the checkout). About four minutes. Prints what was found, by address.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.lab.live import LiveCity, missing  # noqa: E402 - the checkout is on the path only now

KINDS = ("network_scan", "traffic_flood")
WAIT = 150
"""Seconds: flows come up to 45 s after their packets, and are looked at once a minute."""
SENDER = """
import socket, sys, time
what, target, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + seconds
def tcp(address):
    one = socket.socket(); one.setblocking(False)
    one.connect_ex(address); return one
if what == "scan":
    net = target.rpartition(".")[0]
    for port in (22, 445, 3389):
        kept = [tcp((f"{net}.{number}", port)) for number in range(1, 120)]
        time.sleep(2)
elif what == "syn":
    while time.monotonic() < end:
        kept = [tcp((target, 81)) for _ in range(100)]
        time.sleep(0.5)
"""
"""A simple sender: connections that nobody takes."""


def told(city: LiveCity) -> dict[str, list[str]]:
    """Addresses of each kind that stand now."""
    city.standing()
    return {kind: sorted(str(one["subject"].get("ip")) for one in city.found() if one["kind"] == kind) for kind in KINDS}


def send(city: LiveCity, host: str, what: str, target: str, seconds: float) -> None:
    """Send from a host of the city."""
    command = ["ip", "netns", "exec", f"{city.prefix}{host}", sys.executable, "-c", SENDER, what, target, str(seconds)]
    subprocess.run(command, check=True)


def main() -> int:
    """0 when the scanner and the flooder are told, and nobody else, neither now nor in quiet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=ROOT.parent / "shared" / "lab")
    parser.add_argument("--city", type=Path)
    parser.add_argument("--quiet", type=float, default=90, metavar="SECONDS")
    args = parser.parse_args()
    if why := missing(args.lab):
        print(why, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        city = LiveCity(args.lab, Path(folder), args.city)
        try:
            city.city("up")
            city.city("traffic", "start", "--rate", "4")
            lans = tomllib.loads((city.folder / "city.toml").read_text("utf-8"))["lans"]
            served = [lan for lan in lans.values() if lan["plane"] == "extranet" and not {"mgmt"} & lan["hosts"].keys()]
            (scanner, source), (flooder, sender) = list(served[0]["hosts"].items())[:2]
            target = next(iter(served[1]["hosts"].values()))
            city.convert()
            city.serve()
            time.sleep(args.quiet)
            quiet = told(city)
            send(city, scanner, "scan", target, 0)
            send(city, flooder, "syn", target, 70)
            wanted, until = {"network_scan": [source], "traffic_flood": [sender]}, time.monotonic() + WAIT
            while (found := told(city)) != wanted and time.monotonic() < until:
                time.sleep(5)
        finally:
            city.down()
    print(json.dumps({"quiet": quiet, "wanted": wanted, "found": found}, ensure_ascii=False))
    return int(found != wanted or any(quiet.values()))


if __name__ == "__main__":
    raise SystemExit(main())
