"""`netops declare form`, `check`, `import`, `change`, `export`: what is sent out comes back; two people lose nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

sys.path.insert(0, str(Path(__file__).parent))
from sheets import BOXES, DEVICES, book

from netops.cli import main

CONFIG = """[city]
authority = "ic"
[planes.extranet]
nets = ["10.20.0.0/16"]
authority = "ic"
[planes.intranet]
nets = ["10.10.0.0/16"]
authority = "off"
[store]
url = "{url}"
[declarations]
to_connect = ["addresses"]
"""
ORGANIZATIONS = (
    ("ic", "信息中心", ""), ("off", "市委办", ""), ("fin", "市财政局", ""), ("xtx", "湘潭县", "county = true\n"),
    ("xtx-fin", "湘潭县财政局", 'parent = "xtx"\nlevel = "county"\n'),
)  # fmt: skip


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_url: str) -> Path:
    """A small city in force, on each engine."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "organizations.toml").write_text(
        "".join(
            f'[[organizations]]\ncode = "{code}"\nname_zh = "{name}"\n{more}'
            for code, name, more in ORGANIZATIONS
        ),
        "utf-8",
    )
    (tmp_path / "config.toml").write_text(CONFIG.format(url=store_url), "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["declare", *argv, "--json", "--yes"])
    told = capsys.readouterr()
    return code, json.loads(told.out or told.err.splitlines()[-1])


def test_what_is_sent_out_comes_back(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A department's workbook is filed; its form and the table of all, in both languages, change nothing; a change is shown."""
    (city / "a.xlsx").write_bytes(book(("说明", BOXES, ()), ("设备", DEVICES, ())))
    code, told = run(capsys, "check", "a.xlsx")
    assert (0, ["DC-007"]) == (code, [one["code"] for one in told["items"]])
    assert 0 == run(capsys, "import", "a.xlsx", "--draft")[0]
    assert 0 == run(capsys, "submit", "DECL-2026-0001")[0]
    _, told = run(capsys, "show", "DECL-2026-0001")
    [one] = told["items"]
    assert ("submitted", 25, {"wired": 20, "wireless": 3, "servers": 2, "other": 0}, "ic") == (
        one["state"], one["terminals"], one["kinds"], one["authority"])  # fmt: skip
    assert [("draft", 1), ("submitted", 1)] == [(step["state"], step["version"]) for step in one["steps"]]
    assert 0 == run(capsys, "approve", "DECL-2026-0001")[0]
    assert 4 == run(capsys, "connect", "DECL-2026-0001")[0], "no address is allocated yet"
    for lang in ("zh", "en"):
        for kind in ("xlsx", "toml"):
            assert 0 == main(["declare", "form", "DECL-2026-0001", "-o", f"{lang}.{kind}", "--lang", lang])
        assert 0 == main(
            ["declare", "export", "--plane", "extranet", "-o", f"all-{lang}.xlsx", "--lang", lang]
        )
        for name in (f"{lang}.xlsx", f"{lang}.toml", f"all-{lang}.xlsx"):
            code, told = run(capsys, "import", name)
            assert (0, ["same"], []) == (
                code,
                [one["verb"] for one in told["items"][0]["items"]],
                told["items"][0]["faults"],
            ), name

    workbook = load_workbook(city / "zh.xlsx")
    page = workbook["接入说明"]
    [cell] = [cell for row in page.iter_rows() for cell in row if cell.value == 25]
    cell.value = 30
    assert not cell.protection.locked
    assert page.protection.sheet
    assert {"list", "whole", "date"} <= {one.type for one in page.data_validations.dataValidation}
    workbook.save(city / "changed.xlsx")
    code, told = run(capsys, "check", "changed.xlsx")
    assert (1, ["DC-010"]) == (code, [one["code"] for one in told["items"] if one["required"]])
    code, told = run(capsys, "import", "changed.xlsx", "--dry-run")
    assert [{"field": "terminals", "before": "25", "after": "30"}] == told["items"][0]["items"][0]["changes"]
    assert ("approved", 1) == (lambda one: (one["state"], one["version"]))(
        run(capsys, "show", "DECL-2026-0001")[1]["items"][0]
    )


def test_the_second_of_two_people_sees_the_difference(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both fill in the form of one version: the second is refused and shown what the first changed; merged, nothing is lost."""
    (city / "a.xlsx").write_bytes(book(("说明", BOXES, ()), ("设备", DEVICES, ())))
    assert 0 == run(capsys, "submit", "a.xlsx")[0]
    assert 0 == run(capsys, "return", "DECL-2026-0001", "--why", "补证书")[0]
    for name in ("first", "second", "third"):
        assert 0 == main(["declare", "form", "DECL-2026-0001", "--toml", "-o", f"{name}.toml"])
        text = (city / f"{name}.toml").read_text("utf-8")
        before, after = {
            "first": ('scope = "预算管理一体化系统"', 'scope = "预算管理、非税"'),
            "second": ('place = ""', 'place = "人民路1号"'),
            "third": ('scope = "预算管理一体化系统"', 'scope = "决算"'),
        }[name]  # fmt: skip
        assert before in text
        (city / f"{name}.toml").write_text(text.replace(before, after), "utf-8")

    assert 0 == run(capsys, "import", "first.toml", "--draft")[0]
    code, told = run(capsys, "import", "second.toml", "--draft")
    assert (4, True) == (code, "第 1 版" in told["error"]["why"] and "第 2 版" in told["error"]["why"])
    main(["declare", "import", "second.toml", "--draft", "--dry-run"])
    assert "期间他人已改：应用范围: 预算管理一体化系统 → 预算管理、非税" in capsys.readouterr().err.replace(
        "：预算", ": 预算"
    )
    assert 0 == run(capsys, "import", "second.toml", "--draft", "--merge")[0]
    assert 4 == run(capsys, "import", "third.toml", "--draft", "--merge")[0], "both changed the scope"
    [one] = run(capsys, "show", "DECL-2026-0001")[1]["items"]
    assert ("预算管理、非税", "人民路1号", 3) == (one["scope"], one["place"], one["version"])
    assert 0 == run(capsys, "submit", "third.toml", "--onto", "3")[0]
    [one] = run(capsys, "show", "DECL-2026-0001")[1]["items"]
    assert ("决算", "submitted", 4) == (one["scope"], one["state"], one["version"])
    assert [["scope"], ["place"], ["place", "scope"]] == [
        [change["field"] for change in one["changes"][str(number)]] for number in (2, 3, 4)
    ]
    assert 0 == main(["journal", "verify"])


def test_nothing_is_half_imported(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One bad row, two rows for one organization and network, one that declared already: all named, none filed."""
    head = ["单位", "网络", "网络性质", "应用范围", "终端数量", "编号"]
    rows = [head, ["fin", "外网", "a", "b", 1, None], ["fin", "外网", "a", "c", 1, None],
            ["xtx-fin", "外网", "a", "b", "x", None], ["off", "内网", "a", "b", 3, "DECL-2026-0009"]]  # fmt: skip
    (city / "t.xlsx").write_bytes(book(("t", rows, ())))
    code, told = run(capsys, "import", "t.xlsx")
    assert (1, ["E4", "A3", "F5"]) == (code, [one["cell"] for one in told["items"][0]["faults"]])
    assert [] == run(capsys, "list")[1]["items"]

    (city / "t.xlsx").write_bytes(
        book(("t", [head, rows[1], ["xtx-fin", "外网", "a", "b", 3, "县接〔2025〕3号"]], ()))
    )
    assert 0 == run(capsys, "import", "t.xlsx")[0]
    listed = run(capsys, "list")[1]["items"]
    assert [("DECL-2026-0001", "ic"), ("县接〔2025〕3号", "xtx")] == [
        (one["number"], one["authority"]) for one in listed
    ]
    (city / "t.xlsx").write_bytes(book(("t", rows[:1] + rows[2:3], ())))
    code, told = run(capsys, "import", "t.xlsx")
    assert (1, ["F2"]) == (code, [one["cell"] for one in told["items"][0]["faults"]])
    assert 0 == run(capsys, "import", "t.xlsx", "--additional")[0]


def test_a_field_is_changed_in_one_step(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stood stays in force until the change is approved; a field that is none is told."""
    (city / "a.xlsx").write_bytes(book(("说明", BOXES, ()), ("设备", DEVICES, ())))
    run(capsys, "submit", "a.xlsx")
    run(capsys, "approve", "DECL-2026-0001")
    assert 2 == run(capsys, "change", "DECL-2026-0001", "--set", "colour=red")[0]
    assert 2 == run(capsys, "change", "DECL-2026-0001", "--set", "terminals=many")[0]
    assert (
        0
        == run(
            capsys,
            "change",
            "DECL-2026-0001",
            "--set",
            "terminals=26",
            "--set",
            "wired=21",
            "--why",
            "新增一台",
        )[0]
    )
    listed = run(capsys, "list", "--search", "ar-3200 财政")[1]["items"]
    assert [(1, "approved", 25), (2, "submitted", 26)] == [
        (one["version"], one["state"], one["terminals"]) for one in listed
    ]
    assert [] == run(capsys, "list", "--search", "ar-9999")[1]["items"]
