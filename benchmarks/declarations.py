"""
A thousand declarations: taken in from one workbook, listed, searched, exported and read back without a difference.

    python -m benchmarks.declarations [--count N] [--store URL] [--json]

The peer only reads the same workbook with openpyxl, cell by cell, as an office's script does: it checks and files nothing.
Times are CPU seconds of all processes for the import, and milliseconds of the median of several calls for questions.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.engines import engines

COUNT, RUNS, PIECES = 1000, 3, 2
MOST_SECONDS, WALL_SECONDS, MOST_MS = 30.0, 60.0, 200.0
Figure = dict[str, Any]


def cpu_seconds() -> float:
    """User and system CPU of this process and of those that it started and that ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def workbook(count: int) -> bytes:
    """Declarations one a row, and two devices of each."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page, pieces = book.create_sheet("汇总"), book.create_sheet("设备")
    page.append(["单位名称", "接入网络", "网络性质", "应用范围", "入网终端数量", "有线终端", "无线终端", "服务器", "用户类别",
                 "安全措施", "责任人", "责任人电话", "安全员", "安全员电话", "联系人", "联系人电话", "签署日期"])  # fmt: skip
    pieces.append(["单位名称", "接入网络", "设备名称", "设备类型", "型号", "管理地址"])
    for n in range(count):
        name = f"第{n}单位"
        page.append([name, "政务外网", f"办公局域网{n}，非涉密", f"公文交换、业务系统{n}", 12, 10, 1, 1, "B", "防火墙，防病毒",
                     "张三", f"0700-{n:07}", "李四", f"0701-{n:07}", "王五", f"0702-{n:07}", "2026年11月3日"])  # fmt: skip
        for kind, word in (("r", "路由器"), ("s", "交换机")):
            pieces.append(
                [
                    name,
                    "政务外网",
                    f"{kind}-{n}",
                    word,
                    "S5735",
                    f"10.{n >> 8}.{n & 255}.{1 if kind == 'r' else 2}",
                ]
            )
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def desk(folder: Path, count: int, url: str) -> Any:
    """An open desk on a new store with so many organizations."""
    import netops.tables  # noqa: F401 - every table
    from netops import config
    from netops.cli import main
    from netops.desk import Desk

    (folder / "inventory").mkdir(parents=True, exist_ok=True)
    text = "".join(f'[[organizations]]\ncode = "u{n}"\nname_zh = "第{n}单位"\n' for n in range(count))
    (folder / "inventory" / "organizations.toml").write_text(text, "utf-8")
    (folder / "config.toml").write_text(
        f'[planes.extranet]\nnets = ["10.0.0.0/8"]\n[store]\nurl = "{url}"\n', "utf-8"
    )
    with redirect_stdout(io.StringIO()):
        refused = main(["-c", str(folder / "config.toml"), "inventory", "apply", "--yes", "-q"])
    if refused:
        raise SystemExit(2)
    return Desk(config.read(folder / "config.toml"), lambda: datetime.now(UTC))


def peer_seconds(content: bytes) -> float:
    """CPU seconds of openpyxl for every cell."""
    from openpyxl import load_workbook

    before = cpu_seconds()
    for page in load_workbook(io.BytesIO(content), read_only=True).worksheets:
        for _ in page.iter_rows(values_only=True):
            pass
    return cpu_seconds() - before


def taken_in(opened: Any, path: Path) -> tuple[float, float, list[Any]]:
    """CPU seconds and seconds on the wall from the file to the filings, and what was filed."""
    from netops.rounds import declaring
    from netops.rounds.declaring import Wishes

    before, wall = cpu_seconds(), time.perf_counter()
    read = declaring.read(opened, [path])
    made = declaring.plan(opened, read, Wishes())
    filed = declaring.run(opened, made, read, Wishes())
    return cpu_seconds() - before, time.perf_counter() - wall, filed


def questions(opened: Any) -> dict[str, Callable[[], Any]]:
    """What people ask, each as the command does it."""
    from netops.core.plane import Plane
    from netops.declarations import filings
    from netops.declarations.declaration import DeclarationState
    from netops.rounds import declaration_ledger, declared, declaring

    store = opened.store
    every = filings.listed(store)
    one = every[len(every) // 2]
    return {
        "list all": lambda: filings.listed(store),
        "list one organization": lambda: filings.listed(store, organization=one.organization),
        "list one state": lambda: filings.listed(store, state=[DeclarationState.SUBMITTED]),
        "list as of a past time": lambda: filings.listed(store, at=datetime(2027, 1, 1, tzinfo=UTC)),
        "search two words": lambda: declared.saying(opened, filings.listed(store), "业务系统77 s5735"),
        "what falls due": lambda: declared.due(opened, filings.listed(store)),
        "show one": lambda: (filings.one(store, one.number), filings.history(store, one.number),
                             filings.versions(store, one.number), declaring.reviewed(opened, one.statements)),
        "the ledger": lambda: declaration_ledger.of(opened, Plane.EXTRANET),
    }  # fmt: skip


def milliseconds(ask: Callable[[], Any], runs: int = 5) -> float:
    """The median of several calls, wall clock."""
    took = []
    for _ in range(runs):
        before = time.perf_counter()
        ask()
        took.append(time.perf_counter() - before)
    return statistics.median(took) * 1000


def figures(
    count: int = COUNT, url: str = "", say: Callable[[str], None] = lambda _text: None
) -> list[Figure]:
    """One row a figure."""
    from netops.rounds import declaration_forms, declaring
    from netops.rounds.declaring import Wishes

    content = workbook(count)
    ours, peers, walls = [], [], []
    with tempfile.TemporaryDirectory() as name:
        for run in range(RUNS if not url else 1):
            folder = Path(name) / str(run)
            folder.mkdir()
            (folder / "t.xlsx").write_bytes(content)
            opened = desk(folder, count, url or f"sqlite:///{folder / 'netops.db'}")
            seconds, wall, filed = taken_in(opened, folder / "t.xlsx")
            ours.append(seconds)
            walls.append(wall)
            peers.append(peer_seconds(content))
            whole = len(filed) == count and sum(len(one.equipment) for one in filed) == PIECES * count
            say(
                f"import: {seconds:.2f} s CPU, openpyxl alone {peers[-1]:.2f} s, {len(filed)} filed, whole: {whole}"
            )
        ratios = sorted(own / other for own, other in zip(ours, peers, strict=True))
        found: list[Figure] = [{
            "what": f"import {count} declarations with {PIECES * count} devices, XLSX, CPU seconds",
            "ours": statistics.median(ours), "peer": statistics.median(peers),
            "ratio": [ratios[0], statistics.median(ratios), ratios[-1]], "goal": f"<= {MOST_SECONDS}",
            "met": whole and statistics.median(ours) <= MOST_SECONDS,
        }, {
            "what": f"import {count} declarations, seconds on the wall", "ours": statistics.median(walls), "peer": None,
            "ratio": None, "goal": f"<= {WALL_SECONDS}", "met": whole and statistics.median(walls) <= WALL_SECONDS,
        }]  # fmt: skip
        for what, ask in questions(opened).items():
            took = milliseconds(ask)
            say(f"{what}: {took:.0f} ms")
            found.append({"what": f"{what}, of {count}, ms", "ours": took, "peer": None, "ratio": None, "goal": f"<= {MOST_MS}",
                          "met": took <= MOST_MS})  # fmt: skip
        back = folder / "back.xlsx"
        back.write_bytes(declaration_forms.table(opened, filed))
        read = declaring.read(opened, [back])
        made = declaring.plan(opened, read, Wishes())
        differing = count - made.count("same") + len(made.faults)
        say(f"export and import again: {differing} differ")
        found.append({"what": "declarations that differ after export and import", "ours": differing, "peer": None, "ratio": None,
                      "goal": "0", "met": differing == 0})  # fmt: skip
        opened.close()
    return found


def main() -> int:
    """0 when every goal is met."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=COUNT)
    asked.add_argument(
        "--store", default="", help="only on this store, which is empty, such as postgresql://…"
    )
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    say = (lambda _text: None) if given.json else print
    found = []
    with engines("declarations", given.store, say) as several:
        for engine, url in several:
            say(f"-- {engine}")
            found += [
                one | {"what": f"{engine}: {one['what']}"} for one in figures(given.count, url, say)
            ]
    if given.json:
        print(json.dumps({"name": "declarations", "machine": platform.machine(), "figures": found}))
    else:
        for one in found:
            print(
                f"{'met' if one['met'] else 'NOT MET':8}{one['what']}: {one['ours']:.4g} (goal {one['goal']})"
            )
    return int(not all(one["met"] for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
