"""Wordings: read strictly with lines, filled with facts that carry their evidence, never with markup of strangers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from netops.core.basis import Basis
from netops.core.errors import Faults, Missing, Refused
from netops.core.paper import Paragraph, Table
from netops.incidents import legal_basis, notice
from netops.incidents.legal_basis import Addressee, Decision, Instrument, decide
from tests.conftest import NOON
from tests.incidents.cases import HOUR, PLAYBOOKS

NAMES = sorted(path.stem for path in (PLAYBOOKS / "notices").glob("*.toml"))
BASES = legal_basis.load(PLAYBOOKS)
TODAY, EGRESS = date(2026, 11, 20), Basis(12)
LAWFUL = {Instrument.ORDER: (date(2012, 6, 1), Basis(16))}
"""When and for what an instrument is allowed, where that is not today and Article 12."""


def decision(instrument: Instrument, day: date = TODAY, duty: Basis = EGRESS) -> Decision:
    to = Addressee.SUPERIOR if instrument is Instrument.REPORT else Addressee.DEPARTMENT
    return decide(BASES, instrument, [duty], to, day)


def fact(number: str = "F-0001", **fields: object) -> notice.Fact:
    given = notice.Fact(number, "未登记的出口", "有 12 条流进入", "设备 r1，接口 ge0/1", NOON, NOON + HOUR, 12,
                        (f"EV-{number}",), (Basis(12),))
    return msgspec.structs.replace(given, **fields)


def about(*facts: notice.Fact, **values: str) -> notice.Circumstances:
    filled = {name: f"某{name}" for name in notice.COMMON | notice.FACTUAL} | values
    return notice.Circumstances(mark="示例市信息中心文件", organ="示例市信息中心", date="2026-11-20", values=filled,
                                facts=facts or (fact(),), texts={12: "第一行。\n第二行。"})


@pytest.mark.parametrize("name", NAMES)
def test_every_wording_that_ships_composes(name: str) -> None:
    """No field is left, every finding is told, and the instrument is the template's."""
    template = notice.load(PLAYBOOKS, name)
    allowed = LAWFUL.get(template.head.instrument, (TODAY, EGRESS))

    paper = notice.compose(template, about(fact("F-0001"), fact("F-0002")), decision(template.head.instrument, *allowed))

    text = msgspec.json.encode(paper).decode()
    assert template.head.instrument == paper.instrument
    assert "{" not in "".join(block.text for block in paper.blocks if not isinstance(block, Table))
    assert "EV-F-0001" in text
    assert "EV-F-0002" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_paragraph_that_states_facts_rests_on_evidence(name: str) -> None:
    """Whatever names a finding, a place or a time of occurrence carries evidence ids."""
    template = notice.load(PLAYBOOKS, name)
    allowed = LAWFUL.get(template.head.instrument, (TODAY, EGRESS))
    paper = notice.compose(template, about(occurred="某时"), decision(template.head.instrument, *allowed))

    stating = [
        block for block in paper.blocks
        if isinstance(block, Table) or (isinstance(block, Paragraph) and ("设备 r1" in block.text or "某时" in block.text))]
    assert stating
    assert all(block.evidence for block in stating)


def test_a_fact_without_evidence_stops_the_paper() -> None:
    """Nothing is stated that nothing proves."""
    with pytest.raises(Refused, match="F-0003 has no evidence"):
        notice.compose(notice.load(PLAYBOOKS, "notice"), about(fact(), fact("F-0003", evidence=())), decision(Instrument.NOTICE))


def test_what_the_gate_refused_is_not_composed() -> None:
    """The composer does not trust its caller."""
    with pytest.raises(Refused, match="refused"):
        notice.compose(notice.load(PLAYBOOKS, "rectification_order"), about(), decision(Instrument.ORDER))


def test_text_from_the_network_is_text() -> None:
    """Braces in a device's name are not fields, and lines of an article become one."""
    paper = notice.compose(notice.load(PLAYBOOKS, "notice"), about(fact(place="接口 {city}{0}")), decision(Instrument.NOTICE))

    assert [block for block in paper.blocks if isinstance(block, Paragraph) and "接口 {city}{0}" in block.text]
    assert [block for block in paper.blocks if isinstance(block, Paragraph) and "“第一行。第二行。”" in block.text]


def test_items_that_nobody_gave_are_pending() -> None:
    """A first report goes out with what is known; the rest says that it is being checked."""
    paper = notice.compose(notice.load(PLAYBOOKS, "report_first"), about(trend="不再扩大。"), decision(Instrument.REPORT))

    texts = [block.text for block in paper.blocks if isinstance(block, Paragraph)]
    assert "不再扩大。" in texts
    assert 5 == texts.count(notice.PENDING)


@pytest.mark.parametrize(("line", "wrong", "told"), [
    ('text = "{authority}好"', 'text = "{authority}好{phone}"', "blocks.text: unknown field {phone}"),
    ('text = "{authority}好"', 'text = "{authority}好{place}"', "blocks.text: unknown field {place}"),
    ('text = "{authority}好"', 'text = "{authority"', "blocks.text: expected '}' before end of string"),
    ('text = "{authority}好"', 'text = "{authority.__class__}"', "blocks.text: unknown field {authority.__class__}"),
    ('text = "{authority}好"', 'text = "{authority:>9}"', "blocks.text: field {authority} takes no format"),
    ('text = "{authority}好"', 'text = "{}"', "blocks.text: unknown field {}"),
    ('kind = "paragraph"', 'kind = "poem"', "blocks.kind: Invalid enum value 'poem'"),
    ('title = "通报"', 'titel = "通报"', "paper.titel: unknown key 'titel'"),
])
def test_a_wrong_wording_is_named_with_its_line(tmp_path: Path, line: str, wrong: str, told: str) -> None:
    """Unknown fields, fields that are more than names, and unknown keys: at reading, not at signing."""
    lines = ["[paper]", 'instrument = "notice"', 'title = "通报"', "", "[[blocks]]", 'kind = "heading"', 'text = "一、"', "",
             "[[blocks]]", 'kind = "paragraph"', 'text = "{authority}好"']
    place = lines.index(line)
    lines[place] = wrong
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "own.toml").write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(Faults) as caught:
        notice.load(tmp_path, "own")

    assert f"notices/own.toml:{place + 1}: {told}" in "\n".join(caught.value.faults)


@pytest.mark.parametrize("text", ["", "paper = 3", "[[paper]]\n", "[paper", "\x00"])
def test_garbage_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file."""
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "own.toml").write_text(text, encoding="utf-8")

    with pytest.raises(Faults):
        notice.load(tmp_path, "own")


def test_an_unknown_wording_names_those_that_are_there() -> None:
    """Missing, with the list."""
    with pytest.raises(Missing, match=", ".join(NAMES)):
        notice.load(PLAYBOOKS, "ballad")


def test_places_read_as_people_say_them() -> None:
    """A link by both ends, a place by device and interface, and what has none by its evidence."""
    ends = {"a": {"device": "r1", "interface": "ge0"}, "b": {"device": "r2", "interface": "ge1"}}

    assert ["链路 r1 ge0 至 r2 ge1", "设备 r1，接口 ge0", "见证据"] == [
        notice.place(ends), notice.place({"device": "r1", "interface": "ge0"}), notice.place({})]
