"""
Taking in a table of 50,000 addresses, its plan first, every bad row named: CSV and XLSX, CPU seconds of all processes.

    python -m benchmarks.roster_figures [--rows N] [--json]

NetBox 4.6 took 17 to 24 minutes for so many and stopped at the first bad one, Nautobot 3.2 about 70 (measured, one run each).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import platform
import resource
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROWS, BAD = 50_000, 50
"""Every fiftieth row is at fault."""
GOALS = {"csv": 5.0, "xlsx": 15.0}
Figure = dict[str, Any]


def table(rows: int) -> Iterator[list[str]]:
    """A heading row, and rows of one address each in a /8."""
    yield ["序号", "单位", "IP地址", "接入说明", "用途", "状态", "备注"]
    for number in range(rows):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255 or 999 if number % BAD == 0 else number & 255}"
        declaration = "D-9" if number % BAD == 25 else "D-1"
        yield [str(number + 1), "市财政局", address, declaration, f"办公终端{number}", "在用", ""]


def content(shape: str, rows: int) -> bytes:
    """The table as a file."""
    if shape == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(table(rows))
        return text.getvalue().encode("gb18030")
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("台账")
    for cells in table(rows):
        page.append(cells)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def cpu_seconds() -> float:
    """User and system CPU of this process and of those that it started and that ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def desk(folder: Path) -> Any:
    """An open desk on a new store with one /8 and one declaration."""
    import netops.tables  # noqa: F401 - every table
    from netops import config
    from netops.cli import main
    from netops.desk import Desk

    for name, text in {
        "organizations.toml": '[[organizations]]\ncode = "fin"\nname_zh = "市财政局"\n',
        "extranet/prefixes.toml": '[[prefixes]]\nprefix = "10.0.0.0/8"\nrole = "pool"\norganization = "fin"\n',
        "extranet/declarations.toml": '[[declarations]]\nnumber = "D-1"\norganization = "fin"\nnature = "办公网"\n'
        'scope = "公文"\nterminals = 1000000\n',
    }.items():
        (folder / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "inventory" / name).write_text(text, "utf-8")
    (folder / "config.toml").write_text("[planes.extranet]\n", "utf-8")
    if main(["-c", str(folder / "config.toml"), "inventory", "apply", "--yes", "-q"]):
        raise SystemExit(2)
    return Desk(config.read(folder / "config.toml"), lambda: datetime.now(UTC))


def figure(shape: str, rows: int = ROWS, say: Callable[[str], None] = lambda _text: None) -> Figure:
    """One row: CPU seconds to plan and to take in the good rows, and whether every row was accounted for."""
    from netops.addresses.roster import Defaults
    from netops.rounds import roster

    given = content(shape, rows)
    with tempfile.TemporaryDirectory() as folder:
        opened = desk(Path(folder))
        before = cpu_seconds()
        plan = roster.plan(opened, [(f"t.{shape}", given)], Defaults())
        planned = cpu_seconds() - before
        given_out = roster.run(opened, plan, partial=True)
        taken = cpu_seconds() - before
        opened.close()
    faults = len({one.place.line for one in plan.roster.faults})
    whole = len(given_out) + faults == rows == plan.reading.present
    say(
        f"{shape}: plan {planned:.2f} s, in all {taken:.2f} s, {len(given_out)} taken in, {faults} at fault, whole: {whole}"
    )
    return {
        "what": f"import {rows} rows, {shape}, CPU seconds", "ours": taken, "peer": 17 * 60.0 * rows / ROWS,
        "ratio": [taken / (17 * 60.0)] * 3, "goal": f"<= {GOALS[shape]}",
        "met": whole and taken <= GOALS[shape] * max(1.0, rows / ROWS),
    }  # fmt: skip


def figures(rows: int = ROWS, say: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """Both shapes."""
    return [figure(shape, rows, say) for shape in GOALS]


def main() -> int:
    """0 when both goals are met."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found = figures(given.rows, (lambda _text: None) if given.json else print)
    if given.json:
        print(json.dumps({"name": "roster", "machine": platform.machine(), "figures": found}))
    return int(not all(one["met"] for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
