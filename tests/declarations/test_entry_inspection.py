"""Nobody is connected without a passed entry inspection, once the office keeps the register of them (Article 10)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from sheets import BOXES, DEVICES, book
from test_import import city, run
from test_papers import store_url

from netops.cli import main

__all__ = ["city", "store_url"]
NUMBER = "DECL-2026-0001"


def inspected(capsys: pytest.CaptureFixture[str], number: str, *values: str) -> None:
    capsys.readouterr()
    told = (f"接入说明编号={number}", "单位=fin", *values)
    assert 0 == main(["register", "add", "接入前安全检查", *told, "--yes", "-q"])


def found(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    capsys.readouterr()
    main(["register", "check", "entry_inspections", "--json"])
    return [one["code"] for one in json.loads(capsys.readouterr().out)["items"]]


def test_a_connection_waits_for_its_entry_inspection(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """
    An office that keeps no such register is not asked. Once it does: none, a failed one and overdue conditions are each
    refused and said; a passed one, or conditions whose day is not over, let it pass; what was connected before is found.
    """
    config = city / "config.toml"
    config.write_text(config.read_text("utf-8").replace('to_connect = ["addresses"]', ""), "utf-8")
    (city / "a.xlsx").write_bytes(book(("说明", BOXES, ()), ("设备", DEVICES, ())))
    for step in (("import", "a.xlsx"), ("approve", NUMBER), ("connect", NUMBER), ("suspend", NUMBER, "--why", "整改")):
        assert 0 == run(capsys, *step)[0]

    inspected(capsys, "DECL-2025-0009", "检查日期=2026-01-05", "检查结论=通过", "检查人=某")
    for values, said in (
        ((), "没有"),
        (("检查日期=2026-11-01", "检查结论=不通过"), "2026-11-01"),
        (("检查日期=2026-11-02", "检查结论=有条件通过", "整改期限=2026-11-10", "整改要求=补日志"), "2026-11-10"),
    ):
        if values:
            inspected(capsys, NUMBER, *values, "检查人=某")
        capsys.readouterr()
        assert 4 == main(["declare", "connect", NUMBER, "--yes"])
        assert said in capsys.readouterr().err
    inspected(capsys, NUMBER, "检查日期=2026-11-11", "检查结论=有条件通过", "整改期限=2099-01", "整改要求=补日志", "检查人=某")
    assert 0 == run(capsys, "connect", NUMBER)[0]
    assert "RG-116" not in found(capsys)
    inspected(capsys, NUMBER, "检查日期=2026-11-12", "检查结论=不通过", "检查人=某")
    assert "RG-116" in found(capsys)
    config.write_text(config.read_text("utf-8") + 'entry_inspection = "never"\n', "utf-8")
    assert "RG-116" not in found(capsys)
