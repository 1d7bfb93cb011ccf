"""Wordings: read strictly with lines, filled with facts that carry their evidence, never with markup of strangers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from netops.core.basis import Basis
from netops.core.errors import Faults, Missing, Refused
from netops.core.paper import Boxes, Paper, Paragraph, Table
from netops.incidents import legal_basis, notice, saying, wording
from netops.incidents.legal_basis import ACCOMPANYING, Addressee, Decision, Instrument, decide
from tests.conftest import NOON
from tests.incidents.cases import HOUR, PLAYBOOKS

NAMES = wording.names(PLAYBOOKS)
BASES = legal_basis.load(PLAYBOOKS)
TODAY, EGRESS = date(2026, 11, 20), Basis(12)
LAWFUL = {
    Instrument.ORDER: (date(2012, 6, 1), Basis(16)), Instrument.ADDRESSES: (TODAY, Basis(11)),
    Instrument.ACCESS: (TODAY, Basis(10)),
}  # fmt: skip
"""When and for what an instrument is allowed, where that is not today and Article 12."""
UPWARD = (Instrument.REPORT, Instrument.EXIT)


def decision(instrument: Instrument, day: date = TODAY, duty: Basis = EGRESS) -> Decision:
    if instrument in ACCOMPANYING:
        return legal_basis.accompanying(decision(Instrument.REQUEST), instrument, BASES, day)
    to = Addressee.SUPERIOR if instrument in UPWARD else Addressee.DEPARTMENT
    return decide(BASES, instrument, [duty], to, day)


def fact(number: str = "F-0001", **fields: object) -> notice.Fact:
    said = notice.finding_says(
        "未登记的出口", "有 12 条流进入", {"device": "r1", "interface": "ge0/1"}, NOON, NOON + HOUR, 12,
        risk="高", clause="第十二条", requirement="停用。",
    ) | {"addresses": f"设备 r1 的地址 {number}", "count": "1"}  # fmt: skip
    given = notice.Fact(number, said, (f"EV-{number}",), (Basis(12),))
    return msgspec.structs.replace(given, **fields)


def about(*facts: notice.Fact, name: str = "notice", **values: str) -> notice.Circumstances:
    template = wording.load(PLAYBOOKS, name)
    filled = {one: f"某{one}" for one in wording.VOCABULARIES[template.head.about].says - template.given} | values
    return notice.Circumstances(mark="示例市信息中心文件", organ="示例市信息中心", date="2026-11-20", values=filled,
                                facts=facts or (fact(),), texts={12: "第一行。\n第二行。"}, evidence=("EV-999999999999",))


def composed(name: str, *facts: notice.Fact, **values: str) -> Paper:
    template = wording.load(PLAYBOOKS, name)
    instrument = template.head.instrument
    allowed = LAWFUL.get(instrument, (TODAY, EGRESS))
    return notice.compose(template, about(*facts, name=name, **values), decision(instrument, *allowed))


def texts(paper: Paper) -> list[str]:
    """Every text of the body."""
    found: list[str] = []
    for block in paper.blocks:
        match block:
            case Table():
                found += [cell for row in block.rows for cell in row]
            case Boxes():
                found += [box.text + box.foot for row in block.rows for box in row]
            case _:
                found.append(block.text)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_paper_has_an_english_wording(name: str) -> None:
    """
    每种公文都有英文措辞，由人填写的项目一项不少，取用的字段都认得。
    """
    english = wording.load_english(PLAYBOOKS, name)

    assert english is not None
    assert wording.load(PLAYBOOKS, name).given == english.given
    assert english.head.title.isascii()


@pytest.mark.parametrize("name", NAMES)
def test_every_wording_that_ships_composes(name: str) -> None:
    """No field is left, every finding is told where findings are, and the instrument is the template's."""
    template = wording.load(PLAYBOOKS, name)
    paper = composed(name, fact("F-0001"), fact("F-0002"))

    assert template.head.instrument == paper.instrument
    assert "{" not in paper.title + paper.to + "".join(texts(paper))
    said = msgspec.json.encode(paper).decode()
    if any(part.kind in ("findings", "table") for part in template.blocks):
        assert "EV-F-0001" in said
        assert "EV-F-0002" in said


@pytest.mark.parametrize("name", NAMES)
def test_what_states_facts_rests_on_evidence(name: str) -> None:
    """Whatever names a finding, a place, a number of terminals or a time of occurrence carries evidence ids."""
    paper = composed(name, **dict.fromkeys(wording.VOCABULARIES[wording.load(PLAYBOOKS, name).head.about].factual, "某事"))

    stating = [
        block for block in paper.blocks
        if isinstance(block, Table | Boxes)
        or (isinstance(block, Paragraph) and ("设备 r1" in block.text or "某事" in block.text))]
    assert stating
    assert all(block.evidence for block in stating)


FIELDS = {
    "notice": ["联系人", "影响", "举一反三", "发现方式", "某reply_by", "某cited"],
    "rectification_request": ["联系人", "第十二条", "停用。", "高", "EV-F-0001", "签收人", "某reply_by", "某cited"],
    "rectification_order": ["当事人", "陈述", "复议", "逾期", "送达回证", "停用。", "某cited"],
    "report_first": ["报告序次", "前次报告", "审核人", "报送渠道", "接收回执", "七、现场保护情况", "八、其他应当报告的情况"],
    "report_supplement": ["报告序次", "八、其他应当报告的情况"],
    "report_final": ["一、事件发生原因", "四、责任追究", "五、完善整改情况", "六、教训"],
    "rectification_reply": ["通知书编号", "整改措施", "完成时间", "整改证据（文件及散列）", "未完成原因及计划", "负责人签字",
                            "复查结论"],
    "address_notice": ["联系人"],
    "access_reply": ["网络性质", "应用范围", "网络设备", "入网终端数量", "联系人"],
    "exit_filing": ["理由", "运 营 商", "线 路 号", "带　　宽", "公网地址", "接入位置", "边界设备", "型　　号", "证书",
                    "证书到期", "技术方案", "安全方案", "报送日期", "收件人", "指导意见", "落实情况"],
    "delivery_receipt": ["送达文书", "受送达单位", "送达地点", "送达方式", "收 件 人", "代收", "拒收", "送 达 人"],
}  # fmt: skip
"""What each form must have (the fields of the forms that are known)."""


@pytest.mark.parametrize("name", FIELDS)
def test_each_form_has_its_fields(name: str) -> None:
    """None of what a form is known to ask for is left out."""
    given = dict.fromkeys(wording.load(PLAYBOOKS, name).given - {*wording.FRONT, "attachments"}, "某人给出。")
    said = "\n".join(texts(composed(name, **given)))

    assert [] == [field for field in FIELDS[name] if field not in said.replace("\n的", "")]


def test_what_nobody_gave_is_left_out_of_a_letter() -> None:
    """A line that only says what people give is not printed empty; in a report it stands as being checked."""
    said = "".join(texts(composed("notice")))

    assert "联系人" not in said
    assert "影响" not in said.replace("影响范围", "")
    assert "影响：甚微。" in texts(composed("notice", impact="甚微。"))


def test_columns_that_say_nothing_are_left_out() -> None:
    """No VLAN anywhere: no column for it."""
    [table] = [block for block in composed("address_notice").blocks if isinstance(block, Table)]

    assert ("序号", "地址", "数量") == table.columns


def test_a_fact_without_evidence_stops_the_paper() -> None:
    """Nothing is stated that nothing proves."""
    with pytest.raises(Refused, match="F-0003 has no evidence"):
        composed("notice", fact(), fact("F-0003", evidence=()))


def test_what_the_gate_refused_is_not_composed() -> None:
    """The composer does not trust its caller."""
    with pytest.raises(Refused, match="refused"):
        notice.compose(wording.load(PLAYBOOKS, "rectification_order"), about(), decision(Instrument.ORDER))


def test_text_from_the_network_is_text() -> None:
    """Braces in a device's name are not fields, and lines of an article become one."""
    hostile = fact()
    hostile = msgspec.structs.replace(hostile, says={**hostile.says, "place": "接口 {city}{0}"})
    paper = composed("notice", hostile)

    assert [block for block in paper.blocks if isinstance(block, Paragraph) and "接口 {city}{0}" in block.text]
    assert [block for block in paper.blocks if isinstance(block, Paragraph) and "“第一行。第二行。”" in block.text]


def test_items_that_nobody_gave_are_pending() -> None:
    """A first report goes out with what is known; the rest says that it is being checked."""
    said = texts(composed("report_first", trend="不再扩大。"))

    assert "不再扩大。" in said
    assert 5 == said.count(wording.PENDING)


@pytest.mark.parametrize(("line", "wrong", "told"), [
    ('text = "{authority}好"', 'text = "{authority}好{fax}"', "blocks.text: unknown field {fax}"),
    ('text = "{authority}好"', 'text = "{authority}好{place}"', "blocks.text: unknown field {place}"),
    ('text = "{authority}好"', 'text = "{authority"', "blocks.text: expected '}' before end of string"),
    ('text = "{authority}好"', 'text = "{authority.__class__}"', "blocks.text: unknown field {authority.__class__}"),
    ('text = "{authority}好"', 'text = "{authority:>9}"', "blocks.text: field {authority} takes no format"),
    ('text = "{authority}好"', 'text = "{}"', "blocks.text: unknown field {}"),
    ('kind = "paragraph"', 'kind = "poem"', "blocks.kind: Invalid enum value 'poem'"),
    ('kind = "heading"', 'boxes = [{ cells = ["a"] }]\nkind = "boxes"', "blocks.boxes: a row has 1 to 0 cells"),
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
        wording.load(tmp_path, "own")

    assert f"notices/own.toml:{place + 1}: {told}" in "\n".join(caught.value.faults)


@pytest.mark.parametrize("text", ["", "paper = 3", "[[paper]]\n", "[paper", "\x00"])
def test_garbage_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file."""
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "own.toml").write_text(text, encoding="utf-8")

    with pytest.raises(Faults):
        wording.load(tmp_path, "own")


def test_an_unknown_wording_names_those_that_are_there() -> None:
    """Missing, with the list."""
    with pytest.raises(Missing, match=", ".join(NAMES)):
        wording.load(PLAYBOOKS, "ballad")


def test_places_read_as_people_say_them() -> None:
    """A link by both ends, a place by device and interface, and what has none by its evidence."""
    ends = {"a": {"device": "r1", "interface": "ge0"}, "b": {"device": "r2", "interface": "ge1"}}

    assert ["链路 r1 ge0 至 r2 ge1", "设备 r1，接口 ge0", "见证据"] == [
        saying.place(ends), saying.place({"device": "r1", "interface": "ge0"}), saying.place({})]
