"""Catalogues beside the rest of the playbooks: nothing dangles, the gate's word on each item, and the map of docs/."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from netops.cli import main
from netops.config import Config
from netops.core.clock import Clock
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import legal_basis
from netops.inspections.catalogue import load
from netops.rounds import inspect_catalogue
from netops.settings import City, PlaneSettings

ROOT = Path(__file__).parents[2]
PLAYBOOKS = ROOT / "playbooks"


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    """A desk with playbooks of its own."""
    shutil.copytree(PLAYBOOKS, tmp_path / "playbooks")
    return Desk(
        Config(
            store_url=f"sqlite:///{tmp_path / 'n.db'}", playbooks=str(tmp_path / "playbooks"),
            planes={Plane.EXTRANET: PlaneSettings()}, city=City(title_zh="示例市"),
        ),
        clock,
    )  # fmt: skip


def test_the_shipped_catalogues_hold_together_and_what_an_office_adds_is_checked(desk: Desk) -> None:
    """Systems, duties, registers, fields, choices, kinds of findings and rounds: each that is not there is named."""
    assert [] == inspect_catalogue.check(desk)

    own = (Path(__file__).parents[1] / "data" / "inspections" / "good" / "inspections" / "own.toml").read_text("utf-8")
    item = own[own.index("[[item]]") :].split("[[item]]")[1]

    def written(number: int, check: str) -> str:
        lines = item.replace("A29-1", f"X-{number}").replace('check = "security_officer"', check)
        return "[[item]]" + lines.replace("parameters = { confirmed_months = 6 }\n", "")

    checks = (
        'check = "recorded"\nparameters = { register = "tea" }',
        'check = "recorded"\nparameters = { register = "projects", fields = "colour" }',
        'check = "recorded"\nparameters = { register = "projects", when = "funding=gold" }',
        'check = "recorded"\nparameters = { register = "projects", duty = "A12-1" }',
        'check = "nothing_found"\nparameters = { kinds = "ghosts" }',
        'check = "rounds_on_time"\nparameters = { rounds = "tea" }',
        'system = "tea"\nduties = ["A99-9"]\ncheck = "one_plane"',
    )
    text = own[: own.index("[[item]]")].replace('"own"', '"office_own"') + "".join(
        written(number, check) for number, check in enumerate(checks)
    )
    (desk.playbooks / "inspections" / "office_own.toml").write_text(text, "utf-8")

    told = "\n".join(inspect_catalogue.check(desk))
    for part in ("tea", "colour", "gold", "A12-1", "ghosts", "A99-9"):
        assert part in told
    assert 8 == len(told.splitlines())


def test_the_gate_says_what_may_follow_a_breach() -> None:
    """Article 12 allows a notice and guidance to a department and no order; no order anywhere."""
    bases, measures = legal_basis.load(PLAYBOOKS), load(PLAYBOOKS, "measures")
    items = {item.id: item for item in measures.items}

    def allowed(name: str) -> set[tuple[str, str]]:
        found = inspect_catalogue.consequences(bases, measures, items[name], date(2026, 11, 20))
        return {(str(one.addressee), str(one.instrument)) for one in found}

    assert {("department", "notice"), ("department", "guidance"), ("department", "rectification_request")} == allowed("A12-1")
    assert {("department", "notice"), ("county", "notice")} <= allowed("A29-2")
    assert not any(instrument == "rectification_order" for name in items for _who, instrument in allowed(name))


def test_every_system_of_the_regulation_is_covered_and_the_page_in_docs_is_current() -> None:
    """docs/inspection-map.md is what the command writes now: netops inspect catalogue map -o docs/inspection-map.md."""
    covered = inspect_catalogue.coverage(PLAYBOOKS)

    assert (28, []) == (len(covered), [one.system.key for one in covered if not one.items])
    assert inspect_catalogue.coverage_page(PLAYBOOKS) == (ROOT / "docs" / "inspection-map.md").read_text("utf-8")
    assert {item.id for item in load(PLAYBOOKS, "measures").items} <= {item.id for one in covered for _where, item in one.items}


def test_the_commands_answer_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """list, show, checks, check, map; JSON carries what the gate allows."""
    (tmp_path / "config.toml").write_text(f'[playbooks]\npath = "{PLAYBOOKS}"\n[planes.extranet]\n', "utf-8")

    def say(*arguments: str) -> str:
        assert 0 == main(["-c", str(tmp_path / "config.toml"), "inspect", "catalogue", *arguments])
        return capsys.readouterr().out

    assert "党政机关网络安全检查表" in say("list")
    assert "the network of its level" in say("show", "measures", "--lang", "en")
    item = json.loads(say("show", "protection_3", "L3-BOU-3", "--json"))["items"][0]
    assert ("GB/T 22239-2019 8.1.3.1 c", False, ["A27-3"]) == (item["basis"], item["verified"], item["duties"])
    assert {"notice", "guidance", "rectification_request"} == {one["instrument"] for one in item["consequences"]}
    assert "recorded" in say("checks")
    assert "电子公文交换系统" in say("map")
