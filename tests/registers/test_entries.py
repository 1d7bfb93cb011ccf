"""Records in the store: versions, search, two people at one record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netops.core import journal
from netops.core.clock import Clock, still
from netops.core.errors import Faults, Missing, Refused
from netops.core.language import speak
from netops.core.plane import Plane
from netops.core.store import Store
from netops.registers import entries
from netops.registers.conflict import Changed, Taken
from netops.registers.entry import EntryState
from netops.rounds import registers as rounds
from tests.conftest import NOON
from tests.registers.city import desk_of

ROW = {"单位": "财政局", "系统名称": "预算管理一体化", "跨部门或跨地区": "是"}


@pytest.fixture(autouse=True)
def _chinese() -> None:
    speak("zh")


def test_a_record_is_entered_changed_retired_and_every_version_is_kept(store: Store) -> None:
    """The present, the past and the journal tell the same story."""
    desk = desk_of(store, still(NOON))
    one = rounds.apply(desk, rounds.edited(desk, "systems", "", {**ROW, "单位": "云溪市财政局"}))
    assert ("SYS-0001", 1, "fin", Plane.EXTRANET) == (one.number, one.version, one.organization, one.plane)

    later = desk_of_again(store, NOON + timedelta(days=1))
    two = rounds.apply(
        later, rounds.edited(later, "systems", "SYS-0001", {"on_platform": "是"}), why="已迁移"
    )
    assert (2, True) == (two.version, two.values["on_platform"])
    last = desk_of_again(store, NOON + timedelta(days=2))
    rounds.apply(last, rounds.moved(last, "systems", "SYS-0001", EntryState.RETIRED), "下线", "retire")

    assert [] == rounds.of(last, "systems")
    assert ["retired"] == [entry.state for entry in rounds.of(last, "systems", retired=True)]
    then = entries.listed(store, "systems", at=NOON + timedelta(hours=1))
    assert [(1, "standing", None)] == [
        (entry.version, entry.state, entry.values.get("on_platform")) for entry in then
    ]
    assert [("register retire", "下线"), ("register edit", "已迁移"), ("register add", "")] == [
        (entry.verb, entry.why) for entry in journal.log(store, subject="SYS-0001")
    ]
    assert 0 == journal.verify(store).broken
    with pytest.raises(Missing):
        entries.one(store, "SYS-0001", datetime(2020, 1, 1, tzinfo=UTC))


def desk_of_again(store: Store, at: datetime) -> rounds.Desk:
    from netops.config import Config
    from netops.desk import Desk

    desk = Desk(Config(store_url=store.url), still(at), "tester")
    desk._store = store
    return desk


def test_the_second_of_two_sees_what_the_first_changed(store: Store, clock: Clock) -> None:
    """Nothing is overwritten: the error says what was, what is, and what the second one wants."""
    desk = desk_of(store, clock)
    rounds.apply(
        desk, rounds.edited(desk, "protection", "", {"organization": "fin", "object": "一体化", "level": "2"})
    )
    mine = rounds.edited(desk, "protection", "DJB-0001", {"level": "3", "score": "80"})
    rounds.apply(desk, rounds.edited(desk, "protection", "DJB-0001", {"level": "4"}))

    with pytest.raises(Changed) as raised:
        rounds.apply(desk, mine)
    changes = str(raised.value.facts["changes"])
    assert "安全保护等级" in changes
    assert {"2", "3", "4"} <= set(changes)
    assert "4" == entries.one(store, "DJB-0001").values["level"]


def test_the_same_record_is_not_entered_twice(store: Store, clock: Clock) -> None:
    """What the register's key says is one record; a retired one does not stand in the way."""
    desk = desk_of(store, clock)
    row = {**ROW, "单位": "fin"}
    rounds.apply(desk, rounds.edited(desk, "systems", "", row))
    with pytest.raises(Taken):
        rounds.apply(desk, rounds.edited(desk, "systems", "", row | {"系统名称": "预算管理 一体化"}))
    rounds.apply(desk, rounds.moved(desk, "systems", "SYS-0001", EntryState.RETIRED), "重复", "retire")
    assert "SYS-0002" == rounds.apply(desk, rounds.edited(desk, "systems", "", row)).number
    with pytest.raises(Refused):
        rounds.apply(desk, rounds.moved(desk, "systems", "SYS-0001", EntryState.STANDING), "恢复", "restore")


def test_a_search_finds_parts_of_words_in_both_languages(store: Store, clock: Clock) -> None:
    """Two Chinese characters inside a word, half a number, an organization's name, a choice in English; all words must occur."""
    desk = desk_of(store, clock)
    rounds.apply(
        desk, rounds.edited(desk, "systems", "", {**ROW, "单位": "fin", "purpose": "全市预算执行与国库支付"})
    )
    rounds.apply(
        desk,
        rounds.edited(
            desk,
            "products",
            "",
            {"单位": "ic", "产品名称": "USG6650 防火墙", "class": "firewall", "证书编号": "XKC-33421"},
        ),
    )

    def found(text: str) -> list[str]:
        return [one.number for one in rounds.search(desk, text)]

    assert ["SYS-0001"] == found("国库") == found("财政局 支付") == found("Finance 预算") == found("sys-0001")
    assert ["SEC-0001"] == found("usg66") == found("3342") == found("firewall ＸＫＣ") == found("信息中心")
    assert [] == found("国库 防火墙") == found("100%") == found("_") == found("")
    assert ["SEC-0001"] == [
        one.number for one in rounds.search(desk, "3342", kinds_=["products"], organization="ic")
    ]
    assert [] == rounds.search(desk, "3342", kinds_=["systems"])


def test_lists_are_narrowed_by_what_fields_say(store: Store, clock: Clock) -> None:
    """By organization, plane and exact values; a longer number is another number."""
    desk = desk_of(store, clock)
    for object_, high in (("甲", "1"), ("乙", "12")):
        rounds.apply(
            desk,
            rounds.edited(
                desk,
                "protection",
                "",
                {"organization": "fin", "object": object_, "level": "3", "open_high": high},
            ),
        )
    assert ["甲"] == [one.title for one in rounds.of(desk, "protection", where={"未整改高风险项": "1"})]
    assert 2 == len(rounds.of(desk, "protection", where={"等级": "第三级"}, organization="云溪市财政局"))
    assert [] == rounds.of(desk, "protection", planes=(Plane.INTRANET,))
    with pytest.raises(Faults):
        rounds.of(desk, "protection", where={"level": "九级"})


def test_all_faults_of_an_entry_are_told_at_once(store: Store, clock: Clock) -> None:
    """Each with the value and what would be right."""
    desk = desk_of(store, clock)
    with pytest.raises(Faults) as raised:
        rounds.edited(
            desk, "systems", "", {"organization": "云溪市财正局", "name": "甲", "cross_department": "也许"}
        )
    assert 2 == len(raised.value.faults)
    assert "云溪市财政局" in raised.value.mend
