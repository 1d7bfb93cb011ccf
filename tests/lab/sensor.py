"""
Starts netops' sensor on the internet of the lab city in whose management namespace it is called; standard library only.

    python tests/lab/sensor.py --key FILE --beacon ADDRESS --seconds N     # as `[probe] sensor` of the configuration does

The options are those of `netops egress sensor`. The city's namespaces share a prefix, which this one's name tells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def internet() -> str:
    """The namespace of the internet of the city that this process is in; of a city without a prefix outside of any."""
    here = subprocess.run(["ip", "netns", "identify"], capture_output=True, text=True).stdout.split()
    prefix = here[0].removesuffix("mgmt") if here and here[0].endswith("mgmt") else ""
    return f"{prefix}internet"


def netops() -> list[str]:
    """How netops is started: as it was started by whoever called this, else from the path."""
    argv = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().split(b"\0")
    python = os.fsdecode(argv[0])
    beside = Path(python).parent / "netops"
    return [str(beside)] if "python" in Path(python).name and beside.exists() else ["netops"]


def main() -> int:
    arguments = sys.argv[1:]
    there = internet()
    if not Path("/run/netns", there).exists():
        print(f"the lab's internet, namespace {there}, is not up here", file=sys.stderr)
        return 2
    beacon = arguments[arguments.index("--beacon") + 1] if "--beacon" in arguments else ""
    listed = json.loads(subprocess.run(["ip", "-n", there, "-j", "addr"], capture_output=True, text=True, check=True).stdout)
    if beacon and beacon not in {held["local"] for link in listed for held in link["addr_info"]}:
        # A city whose file leaves another address to a beacon: its internet gets ours too, for as long as it is up.
        subprocess.run(["ip", "-n", there, "addr", "add", f"{beacon}/32", "dev", "lo"], check=True)
    argv = ["ip", "netns", "exec", there, *netops(), "egress", "sensor", *arguments]
    os.execvp(argv[0], argv)  # the sensor takes this process's place: who ends it ends the sensor
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
