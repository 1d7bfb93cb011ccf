"""Registers as their files declare them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from netops.config import share
from netops.core.errors import Faults, Missing
from netops.registers.kind import load, one_of

GOOD = """
fields = [
  { name = "organization", zh = "单位", en = "Organization", type = "organization", required = true },
  { name = "plate", zh = "车牌", en = "Plate", required = true },
]
checks = [
  { rule = "everyone", who = "all", duty = "A27-1" },
]
[register]
title_zh = "公务用车"
title_en = "Cars"
prefix = "CAR"
name = "plate"
key = ["plate"]
duties = ["A27-1"]
"""


def write(folder: Path, name: str, text: str) -> Path:
    (folder / "registers").mkdir(exist_ok=True)
    (folder / "registers" / name).write_text(text, "utf-8")
    return folder


def test_a_file_is_a_register(tmp_path: Path) -> None:
    """What an office writes into playbooks/registers is a register; its headings are understood in both languages."""
    kinds = load(write(tmp_path, "cars.toml", GOOD))

    assert ["cars"] == list(kinds)
    assert kinds["cars"] is one_of(kinds, "公务用车") is one_of(kinds, "CARS")
    assert "plate" == kinds["cars"].called("车 牌（必填）").name == kinds["cars"].called("Plate").name
    with pytest.raises(Missing):
        kinds["cars"].called("颜色")


def test_every_fault_of_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    """Unknown keys, types and fields, all at once."""
    text = GOOD.replace('name = "plate", zh', 'name = "plate", kind = "x", zh').replace('who = "all"', 'who = "some"')
    with pytest.raises(Faults) as raised:
        load(write(tmp_path, "cars.toml", text))
    assert "registers/cars.toml:4" in raised.value.faults[0]
    assert "registers/cars.toml:7" in raised.value.faults[1]

    text = GOOD.replace('en = "Plate"', 'en = "Plate", type = "plate"').replace('key = ["plate"]', 'key = ["number"]')
    with pytest.raises(Faults) as raised:
        load(write(tmp_path, "cars.toml", text))
    assert 2 == len(raised.value.faults)


def test_every_written_duty_has_a_home() -> None:
    """Each duty whose evidence is a register, a paper or a report of an office has a register that keeps it."""
    kinds = load(share("playbooks"))
    duties = {
        duty
        for kind in kinds.values()
        for duty in (*kind.head.duties, *(one.duty for one in kind.fields), *(one.duty for one in kind.checks))
    }
    written = {"document", "plan-register", "project-register", "product-register", "djbh-register", "personnel-register",
               "training-register", "backup-report", "drill-record", "catalogue-register", "site-register", "disclosure-register",
               "register-import", "assessment-record", "department-register"}  # fmt: skip
    items = tomllib.loads((share("playbooks") / "inspections" / "measures.toml").read_text("utf-8"))["item"]
    homeless = {one["id"] for one in items if written & set(one["evidence"])} - duties

    assert {"A26-1"} == homeless, "A26-1 encourages; it is no duty"


def test_headings_of_one_register_are_told_apart() -> None:
    """No two fields of a register answer to the same heading."""
    from netops.core.sheet import spelled

    for kind in load(share("playbooks")).values():
        words = [spelled(word) for one in kind.headings for word in dict.fromkeys((one.zh, one.en))]
        assert len(words) == len(set(words)), kind.kind
