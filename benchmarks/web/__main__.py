"""Run it: `python -m benchmarks.web --help`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import benchmarks.web as package
from benchmarks.addresses.measure import Figure, shown
from benchmarks.web import beside, report
from benchmarks.web.contents import built


def options_of(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.web",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the city is, or is built and kept")
    parser.add_argument("--beside", metavar="URL", help="a NetBox filled by benchmarks/web/netbox_city.py")
    parser.add_argument("--cookie", default="", help="its session, as netbox_city told it")
    parser.add_argument("--token", default="", help="its token, as netbox_city told it")
    parser.add_argument("--only", choices=("alone", "beside"), help="only ours, or only the two beside each other")
    options = parser.parse_args(argv)
    if options.only == "beside" and not options.beside:
        parser.error("--only beside needs --beside URL")
    return options


def measured(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """What was asked for."""
    if options.only != "beside":
        yield from report.figures(folder)
    if options.beside and options.only != "alone":
        yield from beside.figures(folder, options.beside, options.cookie, options.token)


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is not, 2 when the peer that was named does not answer."""
    options = options_of(argv)
    told: list[Figure] = []
    missing = "" if options.beside else beside.PACKAGE
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config.toml").exists():
            started = time.monotonic()
            built(folder)
            print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)
        try:
            for one in measured(folder, options):
                told.append(one)
                if not options.json:
                    print(shown(one), flush=True)
        except beside.NoPeer as error:
            missing = f"{beside.PACKAGE} ({error})"
    if missing:
        print(f"not beside a peer, which is missing: {missing}", file=sys.stderr)
    if options.json:
        named = {"missing": missing} if missing else {}
        print(json.dumps({"name": "web", "machine": platform.machine(), "figures": told} | named, ensure_ascii=False))
    return 2 if options.beside and missing else int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
