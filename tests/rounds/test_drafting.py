"""Drafting: papers through the gate, written in every form, each fact with its evidence."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError, Refused
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.language import speak, spoken
from netops.core.paper import Paragraph
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.incidents import papers
from netops.rounds import drafting, inventory, look, triage
from tests.conftest import NOON
from tests.incidents.city import configuration

EXTRANET = Plane.EXTRANET
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A desk with the small city of `tests/incidents/city.py` in force, standing at NOON."""
    desk = Desk(configuration(tmp_path, store.url), still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def conclude(desk: Desk, code: str, organization: str, device: str, plane: Plane = EXTRANET, hours: float = 0) -> str:
    """A finding of a real rule about a device, seen so many hours after NOON."""
    at = NOON + hours * HOUR
    rule = look.rule(code)
    subject = {"device": device, "interface": "ge0/1"}
    proof = Evidence("flow", device, "in_if = 1", {"flows": 12}, at)
    settled = docket.settle(
        desk.store, {rule.code: rule}, [Conclusion(rule.code, plane, subject, organization, {"device": device}, (proof,), at)],
        plane=plane, at=at)
    return (settled.opened + settled.reopened + settled.seen_again)[0]


@pytest.mark.parametrize(("kind", "article"), [
    ("bypass_link", 9), ("over_declared", 10), ("unallocated_address", 11), ("rogue_exit_router", 12)])
def test_an_order_on_articles_9_to_12_is_refused_and_written_down(desk: Desk, kind: str, article: int) -> None:
    """Exit code 4, with what is allowed; nothing is kept but the refusal, in the journal."""
    speak("en")
    finding = docket.one(desk.store, conclude(desk, kind, "health", "r-health"))
    assert [article] == [basis.article for basis in finding.basis]
    number = triage.open_incident(desk, (finding,), "health", "手工立案", "王工")

    with pytest.raises(Refused) as caught:
        drafting.draft(desk, number, "rectification_order")

    assert (4, []) == (caught.value.exit_code, papers.listed(desk.store))
    assert "notice of the situation (notice)" in str(caught.value.facts["offers"])
    assert ("document refused", number) == ((entry := journal.log(desk.store, 1)[0]).verb, entry.subject)
    for wording in ("notice", "guidance", "rectification_request"):
        assert drafting.draft(desk, number, wording).decision.allowed


def test_a_county_is_not_written_to_on_article_12(desk: Desk) -> None:
    """Counties are excepted: not even a notice."""
    conclude(desk, "EG-101", "east", "r-east")
    triage.run(desk)

    with pytest.raises(Refused):
        drafting.write_notice(desk, "INC-2026-0001", Path("never.docx"))


def test_a_notice_is_one_record_in_every_form(desk: Desk, tmp_path: Path) -> None:
    """JSON and DOCX from one draft; facts carry evidence; Chinese whatever is spoken; the same words are drafted once."""
    speak("en")
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    first = drafting.write_notice(desk, "INC-2026-0001", tmp_path / "n.json")
    second = drafting.write_notice(desk, "INC-2026-0001", tmp_path / "n.docx")

    kept = json.loads((tmp_path / "n.json").read_text("utf-8"))
    with zipfile.ZipFile(tmp_path / "n.docx") as package:
        text = package.read("word/document.xml").decode()
    assert (first, "en") == (second, spoken())
    assert "关于示例市卫生健康委员会擅自开设互联网出口的情况通报" == kept["paper"]["title"]
    assert "责令" not in text
    assert "审核同意" not in text
    stating = [block for block in first.paper.blocks if isinstance(block, Paragraph) and "r-health" in block.text]
    assert stating
    assert all(block.evidence for block in stating)
    known = {piece.id for piece in docket.pieces(desk.store, first.paper.evidence)}
    assert set(first.paper.evidence) == known


@pytest.mark.parametrize("name", ["n.odt", "n", "missing/n.docx"])
def test_a_document_that_cannot_be_written_is_said(desk: Desk, tmp_path: Path, name: str) -> None:
    """Another suffix or no such folder: an error for a person; the draft stands and is found again."""
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    with pytest.raises(NetopsError, match="was not written"):
        drafting.write_notice(desk, "INC-2026-0001", tmp_path / name)
    drafting.write_notice(desk, "INC-2026-0001", tmp_path / "n.docx")
    assert 1 == len(papers.listed(desk.store))


def test_a_report_says_what_people_gave(desk: Desk) -> None:
    """To the superior, on the national measure; items not given are pending."""
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)

    kept = drafting.draft(desk, "INC-2026-0001", "report_first", {"analysis": "自行开通宽带。"})

    texts = [block.text for block in kept.paper.blocks if isinstance(block, Paragraph)]
    assert ("superior", True) == (kept.decision.addressee.value, "report-2025" in kept.decision.rows)
    assert "自行开通宽带。" in texts
    assert "正在核查，待续报补充。" in texts
