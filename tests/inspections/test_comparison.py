"""Last time beside now, items by organizations, points and the yearly assessment: what counts, and what each point rests on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.core.errors import Faults
from netops.inspections import assessment, comparison
from netops.inspections.answer import Judgement, Result
from netops.inspections.assessment import Dimension, Grade, Rules
from netops.inspections.catalogue import Catalogue, load
from netops.inspections.inspection import Answer, Inspection, Party
from netops.inspections.score import Weights, score
from tests.conftest import NOON

DATA = Path(__file__).parents[1] / "data" / "inspections"
BOOKS = Path(__file__).parents[2] / "playbooks"
ITEMS = ("A29-1", "A27-2", "A12-3", "A06-1")
CONFORM, PARTIAL, NONCONFORM, NOT_APPLICABLE, UNCHECKED = Result


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Four items."""
    return load(DATA / "good", "own")


def inspection(
    catalogue: Catalogue, results: dict[str, Result], number: str = "IS-2026-0001", organization: str = "fin", days: int = 0,
    reason: str = "seen", department: dict[str, Result] | None = None,
) -> Inspection:
    """One with the machine's answers, each with a piece of evidence, and the department's."""
    at = NOON + timedelta(days=days)
    answers = [Answer(item, Party.MACHINE, Judgement(result, reason, evidence=(f"EV-{item}",)), "", "王工", at)
               for item, result in results.items()]  # fmt: skip
    answers += [Answer(item, Party.DEPARTMENT, Judgement(result, ""), "有异议", "孙丙", at)
                for item, result in (department or {}).items()]  # fmt: skip
    return Inspection(number, catalogue, organization, at, "王工", answers=tuple(answers))


@pytest.mark.parametrize(
    ("was", "is_now", "move", "repeated"),
    [(CONFORM, NONCONFORM, "worse", False), (NONCONFORM, PARTIAL, "better", True), (PARTIAL, CONFORM, "better", False),
     (UNCHECKED, NONCONFORM, "seen", False), (CONFORM, UNCHECKED, "lost", False), (CONFORM, CONFORM, "same", False),
     (NONCONFORM, NONCONFORM, "same", True), (NOT_APPLICABLE, CONFORM, "other", False), (UNCHECKED, UNCHECKED, "same", False)],
)  # fmt: skip
def test_how_an_item_moved(catalogue: Catalogue, was: Result, is_now: Result, move: str, repeated: bool) -> None:
    """Better and worse only between what was checked; what was not checked is never better."""
    before, after = (inspection(catalogue, {ITEMS[0]: result}) for result in (was, is_now))

    change = comparison.compare(before, after).changes[0]
    assert (move, repeated) == (change.move, change.repeated)


def test_a_second_inspection_shows_exactly_what_changed(catalogue: Catalogue) -> None:
    """Nothing else moved; the same breach for another reason is told; an item that the older version had is gone."""
    less = msgspec.structs.replace(catalogue, items=catalogue.items[:3])
    before = inspection(catalogue, dict(zip(ITEMS, (CONFORM, NONCONFORM, CONFORM, UNCHECKED), strict=True)))
    after = inspection(less, dict(zip(ITEMS, (CONFORM, NONCONFORM, NONCONFORM), strict=False)), reason="otherwise seen")
    made = comparison.compare(before, after)

    assert [("A27-2", "otherwise"), ("A12-3", "worse"), ("A06-1", "gone")] == [(one.item, one.move) for one in made.moved]
    assert ["A27-2"] == [one.item for one in made.repeated]
    assert [("EV-A12-3",)] == [one.evidence for one in made.moved if one.item == "A12-3"]
    assert made.is_bad
    assert not comparison.compare(before, before).moved


def test_the_one_before_is_of_the_same_body_and_catalogue(catalogue: Catalogue) -> None:
    """The last that was opened earlier, whatever the version of the catalogue; none for the first."""
    known = [inspection(catalogue, {}, f"IS-2026-000{place}", code, place) for place, code in enumerate(("fin", "edu", "fin"), 1)]

    assert ("IS-2026-0001", None) == (comparison.previous(known, known[2]).number, comparison.previous(known, known[0]))  # type: ignore[union-attr]


def test_the_matrix_has_every_item_of_everybody(catalogue: Catalogue) -> None:
    """A cell for each; empty where an inspection did not ask the item; `worst` leaves out what everybody keeps."""
    less = msgspec.structs.replace(catalogue, items=catalogue.items[:1])
    made = comparison.matrix([
        inspection(catalogue, dict.fromkeys(ITEMS[:2], CONFORM)), inspection(less, {ITEMS[0]: NONCONFORM}, organization="edu"),
    ])  # fmt: skip

    assert (("fin", "edu"), list(ITEMS)) == (tuple(code for code, _ in made.organizations), [name for name, _ in made.items])
    assert ((CONFORM, NONCONFORM), (CONFORM, None), (UNCHECKED, None), (UNCHECKED, None)) == made.cells
    assert [ITEMS[0]] == [name for name, _ in made.worst().items]
    assert 1 == made.failing(0)


def test_every_point_opens_its_evidence(catalogue: Catalogue) -> None:
    """What was not checked neither earns nor costs; an objection is kept beside the point, and changes nothing."""
    one = inspection(catalogue, dict(zip(ITEMS, (CONFORM, PARTIAL, UNCHECKED, NOT_APPLICABLE), strict=True)),
                     department={ITEMS[1]: CONFORM, ITEMS[0]: CONFORM})  # fmt: skip
    made = score(one, Weights())
    worth = [float(item.weight) for item in catalogue.items]

    earned = [(each.item, each.earned) for each in made.points]
    assert [(ITEMS[0], worth[0]), (ITEMS[1], worth[1] / 2), (ITEMS[2], None)] == earned
    assert (worth[0] + worth[1] / 2, worth[0] + worth[1], 1, 1) == (made.earned, made.worth, made.unchecked, made.objections)
    assert [("EV-A29-1",), ("EV-A27-2",)] == [each.evidence for each in made.points[:2]]
    assert ["", "有异议", ""] == [each.objection for each in made.points]
    assert score(inspection(catalogue, {}), Weights()).ratio is None


def test_the_year_is_weighed_by_the_office_s_file(catalogue: Catalogue) -> None:
    """Dimensions that nothing was checked of do not count; too little checked gives no grade; equal points share a rank."""
    own = msgspec.structs.replace(catalogue, items=tuple(
        msgspec.structs.replace(item, system=system) for item, system in zip(catalogue.items, "aabc", strict=True)))  # fmt: skip
    rules = Rules(Weights(), (Dimension("one", "一", "one", 60, ("a",)), Dimension("two", "二", "two", 40, ("b",))),
                  (Grade("好", "good", 75), Grade("差", "bad", 0)))  # fmt: skip
    full = dict.fromkeys(ITEMS, CONFORM)
    made = assessment.assess([
        inspection(own, full | {ITEMS[2]: NONCONFORM}, "IS-1", "low"), inspection(own, full, "IS-2", "top"),
        inspection(own, full, "IS-3", "tops"), inspection(own, {}, "IS-4", "dark"),
        inspection(own, {ITEMS[2]: CONFORM}, "IS-5", "thin"),
    ], rules)  # fmt: skip

    assert [
        ("thin", 100.0, 1, ""), ("top", 100.0, 1, "好"), ("tops", 100.0, 1, "好"), ("low", 60.0, 4, "差"), ("dark", None, 0, ""),
    ] == [(one.organization, one.points, one.rank, one.grade) for one in made]  # fmt: skip


def test_the_file_of_the_assessment(tmp_path: Path) -> None:
    """Ours names systems of the regulation only, and has Article 33's four dimensions; faults are told all at once."""
    from netops.rounds.inspect_catalogue import systems

    rules = assessment.load(BOOKS)
    assert ["disclosure", "sharing", "projects", "application"] == [one.key for one in rules.dimensions]
    assert {name for one in rules.dimensions for name in one.systems} <= {one.key for one in systems(BOOKS)}
    (tmp_path / "assessment.toml").write_text(
        'colour = 1\nleast = 2\n[scores]\npartial = 3\n[[dimension]]\nkey = "a"\nzh = "a"\nen = "a"\nweight = 0\nsystems = []\n',
        "utf-8",
    )
    with pytest.raises(Faults) as caught:
        assessment.load(tmp_path)
    assert 4 == len(caught.value.faults)
