"""Run it: `python -m benchmarks.web --help`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.addresses.measure import shown
from benchmarks.web.contents import built
from benchmarks.web.report import figures


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config.toml").exists():
            started = time.monotonic()
            built(folder)
            print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)
        told = [*figures(folder)]
    if options.json:
        print(json.dumps({"name": "web", "machine": platform.machine(), "figures": told}, ensure_ascii=False))
    else:
        print("\n".join(map(shown, told)))
    return int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
