"""Catalogues: read strictly, every fault at once; the shipped one is complete and true to the regulation."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from netops.core.errors import Faults, Missing, Refused
from netops.inspections.catalogue import load, read
from netops.inspections.checks import CHECKS
from netops.inspections.item import Method

DATA = Path(__file__).parents[1] / "data" / "inspections"
PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def test_a_selection_takes_items_of_another_catalogue_as_they_are() -> None:
    """The item is the same, its text written once."""
    known = read(DATA / "good")

    assert known["short"].items == (known["own"].items[1],)


def test_every_fault_is_listed_at_once_with_its_place() -> None:
    """Unknown keys and checks, duplicate ids, dangling selections, wrong values: one list, with lines."""
    with pytest.raises(Faults) as caught:
        read(DATA / "faulty")

    told = "\n".join(caught.value.faults)
    for part in (
        "bad.toml:8: catalogue.colour: unknown key",
        "bad.toml:17: item.check: there is no check 'tea_leaves'",
        "'X1' is there already",
        "planes",
        "security_officer has no parameter 'colour'",
        "confirmed_months = 0 is less than 1",
        "applies_to: must not be empty",
        "weight: 0 is less than 1",
    ):
        assert part in told


def test_a_dangling_selection_is_a_fault(tmp_path: Path) -> None:
    """A catalogue or an item that is not there, and one that is there twice."""
    folder = tmp_path / "inspections"
    folder.mkdir()
    own = (DATA / "good" / "inspections" / "own.toml").read_text("utf-8")
    (folder / "own.toml").write_text(own, "utf-8")
    head = own.split("[catalogue.terms]")[0].replace('"own"', '"list"')
    (folder / "list.toml").write_text(
        head
        + '[[select]]\nfrom = "nowhere"\nitems = ["A1"]\n[[select]]\nfrom = "own"\nitems = ["A27-2", "X9", "A27-2"]\n',
        "utf-8",
    )

    with pytest.raises(Faults) as caught:
        read(tmp_path)

    assert [
        "there is no catalogue 'nowhere'",
        "own has no item 'X9'",
        "'A27-2' is there already",
    ] == [fault.rsplit(": ", 1)[1] for fault in caught.value.faults]


def test_a_name_taken_twice_is_a_fault(tmp_path: Path) -> None:
    """Two files cannot both be the catalogue of one name."""
    folder = tmp_path / "inspections"
    folder.mkdir()
    own = (DATA / "good" / "inspections" / "own.toml").read_text("utf-8")
    for name in ("a.toml", "b.toml"):
        (folder / name).write_text(own, "utf-8")

    with pytest.raises(Faults, match=r"b\.toml:2: catalogue\.name: there is another catalogue named 'own'"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[catalogue", b"item = 3", b"[catalogue]\nname = 3\n", b"[[catalogue]]"]
)
def test_garbage_is_a_fault_and_never_a_crash(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the folder, the answer is a list of faults, or nothing."""
    folder = tmp_path / "inspections"
    folder.mkdir()
    (folder / "x.toml").write_bytes(content)

    if not content:
        assert read(tmp_path) == {}
        return
    with pytest.raises(Faults, match=r"x\.toml"):
        read(tmp_path)


def test_a_catalogue_out_of_force_is_refused() -> None:
    """A version is used only on its days."""
    assert load(DATA / "good", "short", date(2026, 6, 30)).head.name == "short"
    with pytest.raises(Refused):
        load(DATA / "good", "short", date(2026, 7, 1))
    with pytest.raises(Missing):
        load(DATA / "good", "nothing")


def test_the_shipped_catalogues_can_be_read() -> None:
    """86 items of the Measures, none of them said to be automatic without a check; every check is used."""
    known = read(PLAYBOOKS)
    items = known["measures"].items
    every = [item for one in known.values() for item in one.items]

    assert {"measures": 86, "daily": 17, "quarterly": 34, "office": 5, "party_government": 14, "portal": 12,
            "protection_2": 15, "protection_3": 28} == {name: len(one.items) for name, one in known.items()}  # fmt: skip
    assert set(CHECKS) == {asked.check for item in every for asked in item.asked}
    assert all(bool(item.check) == (item.method is not Method.MANUAL) for item in every)
    assert not any(item.verified for name in ("protection_2", "protection_3", "party_government") for item in known[name].items)
    assert {8, 9, 10, 11, 12, 27, 28, 29, 30} <= {item.article for item in items}


def test_the_measures_are_quoted_word_for_word(shared: Path) -> None:
    """Every obligation of the regulation is one item, with its article and its words."""
    full_width = str.maketrans(",;:()", "，；：（）")
    articles = json.loads((shared / "regulation" / "articles.json").read_text("utf-8"))["articles"]
    expected = {
        duty["id"]: (article["article"], duty["quote_zh"].translate(full_width))
        for article in articles
        for duty in article["obligations"]
    }

    assert expected == {item.id: (item.article, item.quote_zh) for item in load(PLAYBOOKS, "measures").items}


def test_a_new_version_stands_beside_the_old_one_when_their_days_do_not_meet(tmp_path: Path) -> None:
    """The day of the inspection chooses; two files for one day are a fault."""
    folder = tmp_path / "inspections"
    folder.mkdir()
    own = (DATA / "good" / "inspections" / "own.toml").read_text("utf-8")
    old = own.replace('in_force_from = "2026-01-01"', 'in_force_from = "2025-01-01"\nin_force_to = "2025-12-31"')
    (folder / "own.toml").write_text(own, "utf-8")
    (folder / "old.toml").write_text(old.replace('version = "1"', 'version = "0"'), "utf-8")

    assert ["0", "1", "1"] == [
        load(tmp_path, "own", day).head.version for day in (date(2025, 6, 1), date(2026, 6, 1), None)
    ]
    with pytest.raises(Refused):
        load(tmp_path, "own", date(2024, 6, 1))
    (folder / "old.toml").write_text(own.replace('version = "1"', 'version = "2"'), "utf-8")
    with pytest.raises(Faults):
        read(tmp_path)
