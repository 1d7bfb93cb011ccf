"""
50,000 records of registers: import by XLSX, lists, searches, the check and the export, beside openpyxl with SQLite's FTS5.

    python -m benchmarks.registers [--rows N] [--store URL] [--json]

The peer reads the same workbook with openpyxl, writes its cells into one table with an FTS5 trigram index, validates
nothing and keeps no version; it cannot answer two Chinese characters, which is what people ask. Import is in CPU seconds
(children too), answers are in milliseconds of the wall, the median of eleven.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.engines import engines

Figure = dict[str, Any]
ROWS = 50_000
TURNS = 11
IMPORT_SECONDS, ANSWER_MS = 60.0, 200.0
WORDS = ("预算", "国库", "社保", "学籍", "不动产", "审批", "档案", "执法", "水务", "应急")


def cpu_seconds() -> float:
    """Of this process and those that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def desk(folder: Path, url: str) -> Any:
    """An open desk with 64 organizations."""
    import netops.tables  # noqa: F401 - every table
    from netops import config
    from netops.cli import main
    from netops.desk import Desk

    (folder / "inventory").mkdir()
    (folder / "inventory" / "organizations.toml").write_text(
        "".join(f'[[organizations]]\ncode = "o{n}"\nname_zh = "云溪市第{n}局"\n' for n in range(64)), "utf-8"
    )
    store = f'[store]\nurl = "{url}"\n' if url else ""
    (folder / "config.toml").write_text(f"{store}[planes.extranet]\n", "utf-8")
    with redirect_stdout(io.StringIO()):
        refused = main(["-c", str(folder / "config.toml"), "inventory", "apply", "--yes", "-q"])
    if refused:
        raise SystemExit(2)
    return Desk(config.read(folder / "config.toml"), lambda: datetime.now(UTC))


def workbook(rows: int) -> bytes:
    """The register of systems as an office would send it, every column filled."""
    from netops.documents import xlsx

    heads = ("系统名称", "单位", "运行单位", "业务用途", "跨部门或跨地区", "运行在统一平台上", "部署位置", "服务器地址",
             "访问网址", "使用单位数", "使用统一交换标准", "投入使用日期", "备注")  # fmt: skip
    body = (
        (f"{WORDS[n % 10]}业务系统{n}号", f"云溪市第{n % 64}局", f"云溪市第{(n + 7) % 64}局",
         f"全市{WORDS[(n + 3) % 10]}与{WORDS[(n + 5) % 10]}协同办理 {n * 7919 % 1_000_003:06d}",
         "是" if n % 3 == 0 else "否", "是", "政务云", f"10.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}",
         f"https://app{n}.example.gov.cn/", n % 60 + 1, "是",
         f"20{n % 27:02d}年{n % 12 + 1}月{n % 28 + 1}日", "由统一平台承载，等级保护第二级")
        for n in range(rows)
    )  # fmt: skip
    return xlsx.render(
        [xlsx.Sheet("systems", [xlsx.Column(head) for head in heads], body, ruled=False)],
        "t",
        datetime(2026, 11, 20, tzinfo=UTC),
    )


def peer_import(content: bytes, file: Path) -> sqlite3.Connection:
    """openpyxl into SQLite with FTS5."""
    from openpyxl import load_workbook

    connection = sqlite3.connect(file)
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize = 'trigram')")
    page = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    connection.executemany(
        "INSERT INTO t VALUES (?)",
        ((" ".join(map(str, row)),) for row in page.iter_rows(min_row=2, values_only=True)),
    )
    connection.commit()
    return connection


def timed(ask: Callable[[], Any]) -> list[float]:
    """Milliseconds of each turn, the first left out."""
    ask()
    found = []
    for _turn in range(TURNS):
        begin = time.perf_counter()
        ask()
        found.append((time.perf_counter() - begin) * 1000)
    return found


def figures(rows: int = ROWS, url: str = "", say: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """One row a figure."""
    from netops.rounds import register_check, registers

    content = workbook(rows)
    made: list[Figure] = []

    def row(what: str, ours: list[float], peer: list[float] | None, goal: float, unit: str) -> None:
        middle = statistics.median(ours)
        pairs = sorted(one / other for one, other in zip(ours, peer, strict=False)) if peer else []
        ratio = [pairs[0], pairs[len(pairs) // 2], pairs[-1]] if pairs else []
        made.append({"what": what, "ours": round(middle, 2),
                     "peer": round(statistics.median(peer), 2) if peer else None, "ratio": [round(one, 2) for one in ratio],
                     "goal": f"<= {goal:g} {unit}", "met": middle <= goal})  # fmt: skip
        told = f"{statistics.median(peer):.2f}" if peer else "cannot"
        say(f"{what}: {middle:.2f} {unit} ({min(ours):.2f}–{max(ours):.2f}), peer {told}, goal {goal:g}")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = desk(folder, url)
        before = cpu_seconds()
        wall = time.perf_counter()
        sheets, source = registers.sheets_of([("t.xlsx", content)])
        plan = registers.planned(opened, "systems", sheets, source)
        assert not plan.plan.faults, plan.plan.faults[:3]
        numbers = registers.take_in(opened, plan)
        spent, passed = cpu_seconds() - before, time.perf_counter() - wall
        assert len(numbers) == rows
        before = cpu_seconds()
        peer = peer_import(content, folder / "peer.db")
        theirs = cpu_seconds() - before
        row(f"import {rows} rows by XLSX, CPU seconds", [spent], [theirs], IMPORT_SECONDS, "s")
        row(f"import {rows} rows by XLSX, wall seconds", [passed], None, IMPORT_SECONDS, "s")

        def search(text: str) -> Callable[[], Any]:
            return lambda: registers.search(opened, text)

        def match(text: str) -> Callable[[], Any]:
            return lambda: peer.execute(
                "SELECT body FROM t WHERE t MATCH ? LIMIT 50", (f'"{text}"',)
            ).fetchall()

        first = numbers[rows // 2]
        for what, ours, other in (
            ("list a page of 200", lambda: registers.of(opened, "systems", limit=200), None),
            (
                "list the last page",
                lambda: registers.of(opened, "systems", limit=200, offset=rows - 200),
                None,
            ),
            (
                "list one organization's",
                lambda: registers.of(opened, "systems", organization="云溪市第7局", limit=200),
                None,
            ),
            (
                "list by a field",
                lambda: registers.of(opened, "systems", where={"使用单位数": "7"}, limit=200),
                None,
            ),
            ("count all registers", lambda: registers.summaries(opened), None),
            ("show one", lambda: registers.one(opened, "systems", first), None),
            ("search two characters", search("国库"), None),
            ("search three characters", search("不动产"), match("不动产")),
            ("search a number inside", search("7919"), match("7919")),
            ("search what is nowhere", search("不存在的词语"), match("不存在的词语")),
            ("search two words and a body", search("国库 第7局"), None),
        ):
            row(f"{what}, ms", timed(ours), timed(other) if other else None, ANSWER_MS, "ms")
        before = cpu_seconds()
        register_check.run(opened)
        row("check every record, CPU seconds", [cpu_seconds() - before], None, IMPORT_SECONDS, "s")
        before = cpu_seconds()
        listed = registers.of(opened, "systems")
        written = registers.as_xlsx(opened, [(registers.kind(opened, "systems"), listed)])
        row("export by XLSX, CPU seconds", [cpu_seconds() - before], None, IMPORT_SECONDS, "s")
        sheets, source = registers.sheets_of([("u.xlsx", written)])
        again = registers.planned(opened, "systems", sheets, source).plan
        same = (again.same, again.added, again.changed, again.faults) == (rows, (), (), ())
        made.append(
            {
                "what": "export → import shows no difference",
                "ours": int(same),
                "peer": None,
                "ratio": [],
                "goal": "1",
                "met": same,
            }
        )
        say(f"export → import shows no difference: {same}")
        peer.close()
        opened.close()
    return made


def main() -> int:
    """0 when every goal is met."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--store", default="", help="only on this store, which is empty")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    say = (lambda _text: None) if given.json else print
    found = []
    with engines("registers", given.store, say) as several:
        for engine, url in several:
            say(f"-- {engine}")
            found += [
                one | {"what": f"{engine}: {one['what']}"} for one in figures(given.rows, url, say)
            ]
    if given.json:
        print(
            json.dumps(
                {"name": "registers", "machine": platform.machine(), "figures": found}, ensure_ascii=False
            )
        )
    return int(not all(one["met"] for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
