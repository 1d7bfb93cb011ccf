"""What registers must show, judged on days that stand still."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netops.config import Config
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import Refused
from netops.core.finding import STANDING
from netops.core.language import speak
from netops.core.store import Store
from netops.registers import entries, visits
from netops.registers.entry import EntryState
from netops.rounds import attachments, diary, look, register_check, register_terms
from netops.rounds import registers as rounds
from tests.conftest import NOON
from tests.registers.city import IDENTITY, desk_of


@pytest.fixture
def desk(store: Store) -> rounds.Desk:
    speak("zh")
    return desk_of(store, still(NOON))


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def add(desk: rounds.Desk, kind: str, **values: str) -> str:
    return rounds.apply(desk, rounds.edited(desk, kind, "", {"organization": "fin", **values})).number


def codes(desk: rounds.Desk) -> set[tuple[str, str, str]]:
    """(rule, record or body, field) of what stands after a round."""
    register_check.run(desk)
    return {
        (one.code, str(one.subject.get("record", one.organization)), str(one.subject.get("field", "")))
        for one in docket.listed(desk.store, state=STANDING)
    }


def test_empty_registers_ask_for_nothing(desk: rounds.Desk) -> None:
    """A register without a record is not kept yet: no body is missing in it."""
    assert set() == codes(desk)


def test_protection_levels_are_judged_by_level_and_day(desk: rounds.Desk) -> None:
    """Level 3 is assessed yearly, level 2 every two years; filing and open risks count; who has none is named."""
    add(desk, "protection", object="甲", level="3", filing_no="A1", filed_on="2020", assessed_on="2025年11月", open_high="0")
    add(desk, "protection", object="乙", level="3", filing_no="A1", filed_on="2020", assessed_on="2025-11-19", open_high="2")
    add(desk, "protection", object="丙", level="2", filed_on="2020", assessed_on="2025-01", rectify_by="2026-11-19")
    add(desk, "protection", object="丁", level="1")

    assert {
        ("RG-102", "DJB-0002", "open_high"), ("RG-107", "DJB-0002", "assessed_on"), ("RG-110", "DJB-0002", "filing_no"),
        ("RG-101", "DJB-0003", "filing_no"), ("RG-103", "DJB-0003", "rectify_by"), ("RG-111", "ic", ""), ("RG-111", "lx", ""),
    } == codes(desk)  # fmt: skip
    (one,) = docket.listed(desk.store, code="RG-107")
    assert [("A27-3", 27)] == [(basis.duty, basis.article) for basis in one.basis]
    assert "DJB-0002 乙：最近测评日期是 2025-11-19" == look.title(one)
    speak("en")
    assert "DJB-0002 乙: Assessed on was 2025-11-19" == look.title(one)


def test_a_project_goes_its_steps_in_order(desk: rounds.Desk) -> None:
    """Review before approval, test before acceptance, acceptance before use; each step in its time."""
    good = {"funding": "public", "major": "是", "legal_person": "某", "security_budget": "5", "review_on": "2025-01-01",
            "approval_on": "2025-02-01", "completed_on": "2026-01-01", "applied_on": "2026-02-01", "tested_on": "2026-03-01",
            "accepted_on": "2026-04-01", "acceptance": "合格", "commissioned_on": "2026-04-02"}  # fmt: skip
    add(desk, "projects", name="好", **good)
    assert set() == codes(desk)
    add(desk, "projects", name="早批", **good | {"approval_on": "2024-12-31"})
    add(desk, "projects", name="早用", **good | {"accepted_on": "", "acceptance": ""})
    add(desk, "projects", name="没测", **good | {"tested_on": ""})
    assert {
        ("RG-109", "PRJ-0002", "approval_on"), ("RG-108", "PRJ-0003", "accepted_on"), ("RG-108", "PRJ-0004", "tested_on"),
    } == codes(desk)  # fmt: skip


def test_a_project_that_answers_without_acceptance_is_found(desk: rounds.Desk) -> None:
    """What a visit saw counts for a week; an approved trial run excuses it."""
    number = add(desk, "projects", name="甲", funding="other", major="否", legal_person="某", url="http://a.gov.cn/")
    add(desk, "projects", name="乙", funding="other", major="否", legal_person="某", trial_until="2027-01")
    day = NOON - timedelta(days=1)
    seen = [visits.Visit(one, "http://a.gov.cn/", day, "open", 200, 0.1) for one in (number, "PRJ-0002")]
    visits.note(desk.store, seen, [], {}, NOON)

    assert {("RG-113", number, "accepted_on")} == codes(desk)


def test_references_and_owners_that_are_gone_are_found_and_resolve(desk: rounds.Desk) -> None:
    """A retired target, an organization that left; when it is put right the finding resolves by itself."""
    system = add(desk, "systems", name="一体化", cross_department="否", on_platform="否", operator="fin", exchange="是")
    add(desk, "backups", name="库", system=system, cross_department="否", in_centre="否", period="每日",
        last_success="2026-11-19", restored_on="2026-10")  # fmt: skip
    assert set() == codes(desk)
    rounds.apply(desk, rounds.moved(desk, "systems", system, EntryState.RETIRED), "下线", "retire")
    assert {("RG-105", "BAK-0001", "system")} == codes(desk)
    rounds.apply(desk, rounds.moved(desk, "systems", system, EntryState.STANDING), "恢复", "restore")
    assert set() == codes(desk)

    from netops.core import applied
    from netops.core.journal import act
    from netops.register import Register
    from tests.registers.city import ORGANIZATIONS

    with act(desk.store, "tester", desk.clock) as one:
        applied.apply(one, Register(tuple(body for body in ORGANIZATIONS if body.code != "fin")).content(), 1, {})
    assert {("SYS-0001", "organization"), ("SYS-0001", "operator"), ("BAK-0001", "organization")} == {
        (number, field) for code, number, field in codes(desk) if code == "RG-106"
    }


def test_what_is_past_its_term_is_named_and_removed_by_an_act_only(store: Store, tmp_path: Path) -> None:
    """
    Retired records after their years, persons in versions long replaced; nothing goes by itself. What goes is gone from every
    version, search and file; the journal keeps numbers and the reason, and never had the names.
    """
    speak("zh")
    clock = Hands()
    desk = desk_of(store, clock)
    desk.config = Config(store_url=store.url, path=str(tmp_path / "config.toml"))
    gone = add(desk, "training", person="张三丰", certificate_no="T1", passed_on="2022-05", identity=IDENTITY)
    stays = add(desk, "training", person="李四", certificate_no="T2", passed_on="2022-05")
    post = add(desk, "officers", post="leader", person="王五", phone="0731-55556666")
    rounds.apply(desk, rounds.edited(desk, "officers", post, {"person": "赵六"}))
    for number, text in ((gone, b"a certificate"), (stays, b"another")):
        attachments.attach(desk, "training", number, "a.txt", text)
    rounds.apply(desk, rounds.moved(desk, "training", gone, EntryState.RETIRED), "离职", "retire")
    clock.now += timedelta(days=3 * 365)
    assert [] == register_terms.listed(desk)
    clock.now += timedelta(days=3)
    assert [(gone, ()), (post, (1,))] == sorted((one.number, one.versions) for one in register_terms.listed(desk))[::-1]
    assert {("RG-117", "fin", "")} == {one for one in codes(desk) if one[0] == "RG-117"}
    with pytest.raises(Refused):
        register_terms.discard(desk, "training", [stays], "清理")
    for kind in ("training", "officers"):
        register_terms.discard(desk, kind, [], "到期清理")
    assert [] == register_terms.listed(desk)
    assert "RG-117" not in {one[0] for one in codes(desk)}
    assert [stays] == [one.number for one in rounds.of(desk, "training", retired=True)]
    assert [] == rounds.search(desk, "张三丰")
    assert {} == {name: one for name, one in entries.history(store, post)[0].values.items() if name in ("person", "phone")}
    assert "赵六" == rounds.of(desk, "officers")[0].values["person"]
    assert [b"another"] == [path.read_bytes() for path in (tmp_path / "attachments").rglob("*.txt")]
    told = str(journal.log(store, 100))
    assert "到期清理" in told
    assert gone in told
    assert not any(word in told for word in ("张三丰", "王五", "55556666"))


def test_the_platform_and_the_week_are_held_against_addresses_and_days(desk: rounds.Desk) -> None:
    """A cross-department system elsewhere, information published late, an expiring certificate, too few trained."""
    from netops.core.plane import Plane
    from netops.settings import PlaneSettings

    nets = {Plane.EXTRANET: PlaneSettings(nets=("10.72.0.0/16",))}
    desk.config = desk.config.__class__(planes=nets, store_url=desk.store.url)
    add(desk, "systems", name="甲", cross_department="是", on_platform="是", operator="fin", exchange="是",
        addresses="10.72.1.1、192.0.2.7")  # fmt: skip
    add(desk, "disclosures", title="早", **{"class": "规范性文件"}, occurred_on="2026-11-01", published_on="2026-11-08")
    add(desk, "disclosures", title="晚", **{"class": "规范性文件"}, occurred_on="2026-11-01", published_on="2026-11-09")
    add(desk, "disclosures", title="未", **{"class": "收费项目"}, occurred_on="2026-11-12")
    add(desk, "disclosures", title="还早", **{"class": "收费项目"}, occurred_on="2026-11-13")
    add(desk, "certificates", subject="门户", **{"class": "site"}, issuer="CA", algorithm="SM2", expires="2026-12-20")
    add(desk, "staff", under_50="2", counted_on="2026-10")
    add(desk, "training", person="李某", certificate_no="1", passed_on="2026-05")
    assert {
        ("RG-112", "SYS-0001", "addresses"), ("RG-108", "PUB-0002", "published_on"), ("RG-108", "PUB-0003", "published_on"),
        ("RG-104", "CER-0001", "expires"), ("RG-115", "STF-0001", "under_50"),
    } == codes(desk)  # fmt: skip


def test_the_round_is_on_the_timetable_and_its_findings_name_no_person(desk: rounds.Desk) -> None:
    """Names and telephones of officers are in no finding and in no evidence."""
    add(desk, "officers", post="leader", person="张三丰", phone="0731-55556666")
    report = diary.run(desk, "registers")
    assert 1 == report.exit_code
    told = str([(look.title(one), one.facts, docket.pieces(desk.store, one.evidence)) for one in docket.listed(desk.store)])
    assert "OFF-0001" in told
    assert "张三丰" not in told
    assert "55556666" not in told
