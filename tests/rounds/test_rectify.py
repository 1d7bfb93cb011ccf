"""What follows an inspection: rectification items, the paper, answers, rechecks of what was and was not repaired, exceptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.cli import main
from netops.core import docket, journal
from netops.core.clock import Clock, still
from netops.core.errors import NetopsError, Refused
from netops.core.finding import State
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import papers
from netops.incidents.papers import Receipt
from netops.inspections import archive, followup
from netops.inspections.answer import Result
from netops.inspections.inspection import Party
from netops.inspections.rectification import Stage
from netops.registers import entries
from netops.registers.entry import Draft
from netops.rounds import drafting, inspect, rectify, register_check, registers
from tests.rounds.small_city import CITY, small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
E = Plane.EXTRANET


MARKED = msgspec.structs.replace(CITY, document_mark="示电政")


@pytest.fixture
def desk(store_url: str, clock: Clock) -> Iterator[Desk]:
    """A city whose papers have numbers, on each engine."""
    with small_city(store_url, clock, city=MARKED) as desk:
        yield desk


@pytest.fixture
def city(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """It on SQLite alone, for what asks the store nothing new."""
    with small_city(f"sqlite:///{tmp_path / 'netops.db'}", clock, city=MARKED) as desk:
        yield desk


def after(desk: Desk, days: float) -> Desk:
    """The same desk some days later."""
    later = copy(desk)
    later.clock = still(desk.clock() + timedelta(days=days))
    return later


def put(desk: Desk, kind: str, number: str = "", base: int = 0, **values: Any) -> str:
    """Enter or change a record of the finance bureau; its number."""
    draft = Draft(kind, E, {"organization": "fin", **values}, number, base)
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        return entries.put(act, registers.kind(desk, kind), [draft], verb="edit" if number else "add").numbers[0]


def fill(desk: Desk, number: str, item: str, result: Result, note: str) -> None:
    """The inspector answers."""
    with journal.act(desk.store, "赵甲", desk.clock) as act:
        archive.fill(act, archive.one(desk.store, number), item, Party.INSPECTOR, result, note)


def inspected(desk: Desk) -> tuple[str, str]:
    """An inspection in which A27-3 (a register) and A17-3 (an inspector) do not conform; its number, and the record's."""
    record = put(desk, "protection", object="财政业务系统", level="3", filing_no="43-1", filed_on="2024-05-01",
                 assessed_on="2024-06-01", open_high=2)  # fmt: skip
    register_check.run(desk)
    number = str(inspect.run(desk, organization="fin").facts["inspection"])
    fill(desk, number, "A17-3", Result.NONCONFORM, "发布了未经核实的信息")
    return number, record


def test_what_does_not_conform_is_asked_answered_and_asked_again(desk: Desk) -> None:
    """Items with their terms; the paper of the documents room; the reply; a recheck closes what was repaired and only that."""
    number, record = inspected(desk)
    wanted = rectify.demands(desk, number, ("A27-3", "A17-3"))
    made = rectify.open_(desk, number, wanted)

    assert [("A17-3", "2026-12-20", 1), ("A27-3", "2026-12-20", 1)] == [(one.item, one.due, one.repeat) for one in made]
    registered, seen = (next(one for one in made if one.item == item) for item in ("A27-3", "A17-3"))
    assert {one.kind for one in docket.listed(desk.store, state=(State.OPEN,)) if one.id in registered.findings} == {
        "contrary_value", "outdated_record",
    }  # fmt: skip
    assert ["A17-3"] == [one.facts["item"] for one in docket.listed(desk.store, code="IS-002")]
    assert [] == rectify.demands(desk, number, ("A27-3", "A17-3")), "nothing is asked twice"

    kept = drafting.draft(desk, number, "inspection_request")
    issued = drafting.issue(desk, kept.id)
    text = str(issued.paper)
    assert (True, True, "inspection") == (registered.number in text, seen.number in text, issued.about)
    assert {State.RECTIFYING} == {docket.one(desk.store, name).state for name in registered.findings}
    asked = followup.one(desk.store, seen.number)
    assert (issued.id, issued.due) == (asked.paper, asked.due)

    later = after(desk, 5)
    drafting.answer(later, papers.one(desk.store, issued.id), Receipt(issued.id, "reply", later.clock(), "孙丙", "", "已整改"))
    assert {(Stage.ANSWERED, "已整改")} == {
        (one.state, one.reply) for one in followup.listed(desk.store, inspection=number)
    }

    untouched = rectify.recheck(later, number)
    assert [("A17-3", False, True), ("A27-3", False, False)] == [
        (one.item, one.closes, one.waits) for one in untouched.verdicts
    ]

    put(later, "protection", record, 1, object="财政业务系统", level="3", filing_no="43-1", filed_on="2024-05-01",
        assessed_on="2026-11-22", open_high=0)  # fmt: skip
    fill(after(later, 0.1), number, "A17-3", Result.CONFORM, "已更正并公告")
    repaired = rectify.recheck(after(later, 0.2), number, again=True)
    assert [True, True] == [one.closes for one in repaired.verdicts]
    assert ("registers",) == repaired.rounds
    assert [] == followup.listed(desk.store, is_open=True)
    assert [] == [one for one in docket.listed(desk.store, code="IS-002") if one.state is not State.RESOLVED]
    assert 0 == journal.verify(desk.store).broken
    with pytest.raises(Refused):
        rectify.recheck(later, number)


def test_an_unrepaired_breach_stays_and_is_overdue_and_a_repeat_is_counted(city: Desk) -> None:
    """The term of the item counts; closed and broken again is the second time."""
    number, _record = inspected(city)
    rectify.open_(city, number, rectify.demands(city, number, ("A17-3",), days=3))

    late = after(city, 4)
    assert Stage.OPEN == followup.listed(city.store, inspection=number)[0].state
    opened = [docket.one(city.store, name) for name in rectify.settle(late)[0]]
    assert ["A17-3"] == [one.facts["item"] for one in opened if one.code == "IS-001"]
    fill(late, number, "A17-3", Result.CONFORM, "已更正")
    assert [True] == [one.closes for one in rectify.recheck(after(late, 0.1), number).verdicts]

    again = after(late, 30)
    second = str(inspect.run(again, organization="fin", renew=True).facts["inspection"])
    fill(again, second, "A17-3", Result.NONCONFORM, "又有一条")
    (made,) = rectify.open_(again, second, rectify.demands(again, second, ("A17-3",)))
    assert 2 == made.repeat


def test_an_exception_has_an_owner_a_reason_and_an_end(city: Desk) -> None:
    """While it stands nothing is asked; from the day after, the item counts as open again. Without an owner there is none."""
    number, _record = inspected(city)
    with pytest.raises(NetopsError):
        rectify.except_(city, number, "A17-3", owner=" ", reason="系统停用中", until="2026-12-31")
    with pytest.raises(NetopsError):
        rectify.except_(city, number, "A17-3", owner="周局", reason="系统停用中", until="2026-11-20")
    made = rectify.except_(city, number, "A17-3", owner="周局", reason="系统停用中", until="2026-12-31")

    assert "EX-2026-0001" == made
    assert "A17-3" not in {one.item.id for one in rectify.demands(city, number)}
    assert "A17-3" in {one.item.id for one in rectify.demands(after(city, 60), number)}
    (kept,) = followup.excepted(city.store)
    assert (True, False) == (kept.holds("2026-12-31"), kept.holds("2027-01-01"))


def test_a_paper_asks_only_for_what_a_basis_in_force_allows(city: Desk) -> None:
    """Article 24 carries nothing here: the item is named as left out; alone, the gate refuses the paper."""
    number, _record = inspected(city)
    fill(city, number, "A24-1", Result.NONCONFORM, "同一数据两处采集")
    rectify.open_(city, number, rectify.demands(city, number, ("A24-1", "A27-3")))

    drafted = drafting.draft(city, number, "inspection_request")
    assert (True, False) == ("A24-1" in str(drafted.paper.warnings), "同一数据两处采集" in str(drafted.paper.blocks))
    drafting.issue(city, drafted.id)
    with pytest.raises(Refused):
        drafting.draft(city, number, "inspection_request")


def test_a_sample_is_drawn_from_what_is_registered_and_can_be_drawn_again(city: Desk) -> None:
    """The seed and the population are kept; the same seed draws the same, another one something else."""
    plan = ("measures", ["fin", "xt"], "2026-12-01", ["赵甲", "钱乙"])
    first, county = inspect.plan(city, *plan, 5, "2026-冬")
    again, _county = inspect.plan(city, *plan, 5, "2026-冬")
    other, _county = inspect.plan(city, *plan, 5, "2026-春")

    assert first.sample
    assert (("extranet/r-fin",), 1, 51, 5) == (
        first.sample.devices, first.sample.device_population, first.sample.address_population, len(first.sample.addresses),
    )  # fmt: skip
    assert first.sample == again.sample
    assert other.sample
    assert county.sample
    assert first.sample.addresses != other.sample.addresses
    assert 81 == county.sample.address_population
    assert first.sample == archive.one(city.store, first.number).sample


def test_the_commands_speak_both_languages(city: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """rectify, rectifications, reply, recheck, except, exceptions: what they print, and what their exit codes say."""
    number, _record = inspected(city)
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{city.config.store_url}"\n[inventory]\npath = "{DATA / "city"}"\n[planes.extranet]\n'
        '[city]\ntitle_zh = "示例市"\nauthority = "centre"\n',
        "utf-8",
    )

    def say(*words: str) -> tuple[int, str]:
        code = main(["-c", str(tmp_path / "config.toml"), "inspect", *words])
        return code, capsys.readouterr().out

    assert (0, True) == (lambda code, text: (code, "RC-2026-0001" in text))(*say("rectify", number, "--item", "A17-3", "--yes"))
    code, text = say("rectifications", "--lang", "en")
    assert (0, True, True) == (code, "to be mended" in text, "发布了未经核实的信息" in text)
    assert 0 == say("reply", "RC-2026-0001", "--note", "已更正", "--yes")[0]
    code, text = say("recheck", number, "--yes")
    assert (1, True) == (code, "须由检查人重新查看" in text)
    until = ("--until", "2099-12-31", "--why", "停用中")
    assert (2, 0) == (say("except", number, "A27-3", "--owner", " ", *until, "--yes")[0],
                      say("except", number, "A27-3", "--owner", "周局", *until, "--yes")[0])  # fmt: skip
    code, text = say("exceptions", "--json")
    assert (0, "周局", True) == (code, json.loads(text)["items"][0]["owner"], json.loads(text)["items"][0]["holds"])
    assert "例外至 2099-12-31" in say("show", number, "A27-3")[1]
