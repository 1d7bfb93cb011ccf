"""OSCAL out and in: valid by the schemas as released, read by trestle, the same identifiers each time, whole on the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.cli import main
from netops.config import Config
from netops.core import journal, language
from netops.core.clock import still
from netops.core.errors import Faults, NetopsError, Refused
from netops.core.plane import Plane
from netops.desk import Desk
from netops.inspections import archive, oscal_catalog, oscal_import
from netops.inspections.answer import Result
from netops.inspections.catalogue import Catalogue, read
from netops.inspections.inspection import Party
from netops.inspections.item import Item
from netops.inspections.oscal import CATALOG, PLAN, POAM, RESULTS
from netops.rounds import inspect, inventory, oscal
from netops.rounds import oscal_import as taking
from netops.settings import City, PlaneSettings
from tests.conftest import NOON
from tests.inspections import oscal_schemas

DATA = Path(__file__).parents[1] / "data" / "inspections"


def opened(folder: Path, store_url: str) -> Desk:
    """A desk over a small city, at which one inspection stands: the machine, an inspector and the department answered."""
    clock = still(NOON)
    (folder / "config.toml").touch()
    desk = Desk(
        Config(store_url=store_url, inventory=str(DATA / "city"), planes={Plane.EXTRANET: PlaneSettings()},
               city=City(title_zh="示例市", authority="centre"), path=str(folder / "config.toml")),
        clock, "王工",
    )  # fmt: skip
    language.speak("zh")
    inventory.apply(desk, inventory.plan(desk))
    inspect.plan(desk, "measures", ["fin"], "2026-11-20", ["赵甲", "钱乙"])
    inspect.run(desk, organization="fin")
    one = archive.one(desk.store, "IS-2026-0001")
    for actor, party, result, note in (
        ("赵甲", Party.INSPECTOR, Result.NONCONFORM, "机房有 <b>线</b> [x](y) _z_ {{ insert: param, p }}"),
        ("孙丙", Party.DEPARTMENT, Result.CONFORM, "已拆除"),
    ):
        with journal.act(desk.store, actor, clock) as act:
            archive.fill(act, one, "A12-2", party, result, note)
    return desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all that only read."""
    folder = tmp_path_factory.mktemp("desk")
    desk = opened(folder, f"sqlite:///{folder / 'netops.db'}")
    yield desk
    desk.close()


def written(desk: Desk, folder: Path) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_bytes()) for path in oscal.export(desk, "IS-2026-0001", folder)}


def test_an_inspection_is_four_valid_documents_that_name_each_other(store_url: str, tmp_path: Path) -> None:
    """0 schema errors, no identifier twice in a document, every link leads somewhere, trestle reads each of them."""
    desk = opened(tmp_path, store_url)
    documents = written(desk, tmp_path / "out")
    desk.close()

    assert [CATALOG, PLAN, RESULTS, POAM] == [*documents]
    assert {name: [] for name in documents} == {name: oscal_schemas.faults(one) for name, one in documents.items()}
    for one in documents.values():
        names = oscal_schemas.identifiers(one)
        assert sorted(set(names)) == sorted(names)
    assert [] == oscal_schemas.dangling(documents)

    pytest.importorskip("trestle", reason="compliance-trestle is not installed")
    from trestle.oscal.assessment_plan import AssessmentPlan
    from trestle.oscal.assessment_results import AssessmentResults
    from trestle.oscal.catalog import Catalog
    from trestle.oscal.poam import PlanOfActionAndMilestones

    for name, kind in zip(documents, (Catalog, AssessmentPlan, AssessmentResults, PlanOfActionAndMilestones), strict=True):
        held = kind.oscal_read(tmp_path / "out" / name)
        assert held is not None
        assert next(iter(documents[name].values()))["uuid"] == str(getattr(held.uuid, "root", held.uuid))


def test_the_schema_check_can_fail(desk: Desk, tmp_path: Path) -> None:
    """A document with an empty value, an unknown key or a broken UUID is told, and so is a link that leads nowhere."""
    documents = written(desk, tmp_path / "out")
    broken = documents["assessment-results.json"]
    broken["assessment-results"]["metadata"] |= {"title": "", "colour": "red"}
    broken["assessment-results"]["import-ap"] = {"href": "#00000000-0000-4000-8000-000000000000"}

    assert 1 < len(oscal_schemas.faults(broken))
    assert 1 == len(oscal_schemas.dangling(documents))


def test_three_answers_stand_side_by_side_with_their_evidence(desk: Desk, tmp_path: Path) -> None:
    """Each party is an observation of its own; the inspector's counts; the unchecked and what does not apply is no finding."""
    one = archive.one(desk.store, "IS-2026-0001")
    documents = written(desk, tmp_path / "out")
    body = documents["assessment-results.json"]["assessment-results"]
    (result,) = body["results"]
    seen = {each["title"]: each for each in result["observations"]}
    findings = {each["title"].split()[0]: each for each in result["findings"]}

    assert [["TEST"], ["EXAMINE"], ["INTERVIEW"]] == [
        seen[f"A12-2 {who}"]["methods"] for who in ("自动检查", "检查人", "被查单位")
    ]
    assert 3 == len(findings["A12-2"]["related-observations"])
    assert {"state": "not-satisfied", "reason": "fail"} == findings["A12-2"]["target"]["status"]
    nothing = (Result.UNCHECKED, Result.NOT_APPLICABLE)
    assert {item.id for item in one.catalogue.items if one.result(item) not in nothing} == {*findings}
    unseen = next(item.id for item in one.catalogue.items if one.result(item) is Result.UNCHECKED)
    assert "未检查" in seen[f"{unseen} 自动检查"]["description"]
    assert r"机房有 \<b\>线\</b\> \[x\](y) \_z\_ \{\{ insert: param, p \}\}" in seen["A12-2 检查人"]["description"]
    proof = seen["A02-1 自动检查"]["relevant-evidence"][0]
    piece = next(each for each in body["back-matter"]["resources"] if f"#{each['uuid']}" == proof["href"])
    assert (proof["description"], f"{proof['description']}.json") == (piece["title"], piece["base64"]["filename"])
    assert ["A12-2"] == [each["title"].split()[0] for each in _poam(documents) if each["title"].startswith("A12-2")]


def _poam(documents: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = documents["plan-of-action-and-milestones.json"]["plan-of-action-and-milestones"]["poam-items"]
    return items


def test_the_same_inspection_has_the_same_identifiers(desk: Desk, tmp_path: Path) -> None:
    """Twice exported, the same bytes; with one more answer the document has another identifier, and all else keeps its own."""
    before = written(desk, tmp_path / "one")
    assert before == written(desk, tmp_path / "two")
    with journal.act(desk.store, "赵甲", desk.clock) as act:
        archive.fill(act, archive.one(desk.store, "IS-2026-0001"), "A29-2", Party.INSPECTOR, Result.CONFORM, "已复核")
    after = written(desk, tmp_path / "one")

    old, new = (set(oscal_schemas.identifiers(each["assessment-results.json"])) for each in (before, after))
    assert before["assessment-results.json"]["assessment-results"]["uuid"] not in new
    assert 2 == len(old - new)  # the document, and its reference to a plan of other bytes
    assert before["catalog.json"] == after["catalog.json"]


def test_every_catalogue_of_ours_comes_back_whole(desk: Desk) -> None:
    """Each is valid; read again it has the same head and the same items, checks and parameters."""
    for known in read(desk.playbooks).values():
        content = oscal.encoded(oscal_catalog.catalog(known, NOON))
        again = oscal_import.read(content, "", "2026-01-01")

        assert [] == oscal_schemas.faults(json.loads(content))
        assert (known.head, bare(known), ()) == (again.catalogue.head, bare(again.catalogue), again.left)


def bare(catalogue: Catalogue) -> list[Item]:
    return [msgspec.structs.replace(item, home="", instrument="", cite="") for item in catalogue.items]


def foreign(**more: Any) -> dict[str, Any]:
    """A catalog as others make them: groups in groups, enhancements, parameters, one withdrawn."""
    control = {
        "id": "ac-1", "title": "Policy and Procedures",
        "params": [{"id": "ac-1_p1", "label": "personnel"}, {"id": "ac-1_p2", "values": ["yearly"]}],
        "props": [{"name": "label", "value": "AC-1"}],
        "parts": [{"id": "ac-1_smt", "name": "statement", "prose": "Do:", "parts": [
            {"name": "item", "props": [{"name": "label", "value": "a."}],
             "prose": "tell {{ insert: param, ac-1_p1 }} {{ insert: param, ac-1_p2 }};"}]}],
        "controls": [{"id": "ac-1.1", "title": "More"}],
    }  # fmt: skip
    gone = {"id": "ac-2", "title": "Gone", "props": [{"name": "status", "value": "withdrawn"}]}
    twice = {"id": "AC-1", "title": "Again"}
    head = {"title": "A Standard", "last-modified": "2026-01-01T00:00:00Z", "version": "5", "oscal-version": "1.1.2"}
    return {"catalog": {"uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "metadata": head,
                        "groups": [{"title": "Access", "controls": [control, gone, twice]}]} | more}  # fmt: skip


def test_a_foreign_catalog_becomes_questions_for_people(desk: Desk) -> None:
    """Statements with their parameters, enhancements too; what is withdrawn or there already is named as left out."""
    made = oscal_import.read(json.dumps(foreign()).encode(), "standard", "2026-01-01")
    first, second = made.catalogue.items

    assert ("standard", "5", "A Standard", False) == (
        made.catalogue.head.name, made.catalogue.head.version, made.catalogue.head.title_zh, made.catalogue.head.verified,
    )  # fmt: skip
    assert ("AC-1", "Do:\na. tell ［personnel］ yearly;", "是否落实：Policy and Procedures", "manual") == (
        first.id, first.quote_zh, first.question_zh, first.method,
    )  # fmt: skip
    assert ("ac-1.1", "More") == (second.id, second.quote_zh)
    assert ["ac-2", "AC-1"] == [one.control for one in made.left]
    assert "A Standard AC-1" == f"{made.catalogue.head.cite} {first.clause}"


@pytest.mark.parametrize(
    "content",
    [b"", b"<catalog/>", b"[]", b'{"catalog": {}}', b'{"catalog": {"metadata": {}, "controls": [7, null]}}', b"\xff\xfe",
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_catalog_is_refused(content: bytes) -> None:
    """With what is wrong, and never by falling over."""
    with pytest.raises(NetopsError):
        oscal_import.read(content, "standard", "2026-01-01")


def test_a_check_that_does_not_exist_is_told_and_nothing_is_written(desk: Desk) -> None:
    """A catalog that says it is ours cannot bring in what the item rules forbid."""
    known = json.loads(oscal.catalogue(desk, "daily"))
    control = known["catalog"]["groups"][0]["controls"][0]
    control["props"] = [one for one in control["props"] if one["name"] != "check"]
    control["props"].append({"name": "check", "ns": "urn:netops:oscal", "value": "rm_rf"})

    with pytest.raises(Faults) as caught:
        oscal_import.read(json.dumps(known).encode(), "mine", "2026-01-01")
    assert "rm_rf" in str(caught.value)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Export a catalogue, take it in under another name after a preview in either language; a second time it is refused."""
    books = tmp_path / "playbooks"
    (books / "inspections").mkdir(parents=True)
    ours = Path(__file__).parents[2] / "playbooks" / "inspections" / "portal.toml"
    (books / "inspections" / "portal.toml").write_bytes(ours.read_bytes())
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///netops.db"\n[inventory]\npath = "{DATA / "city"}"\n[playbooks]\npath = "{books}"\n'
        "[planes.extranet]\nnets = []\n", "utf-8",
    )  # fmt: skip
    asked = ["-c", str(tmp_path / "config.toml"), "--yes"]
    assert 0 == main([*asked, "inspect", "catalogue", "export", "portal", "-o", str(tmp_path / "portal.json")])
    taken = [*asked, "inspect", "catalogue", "import", str(tmp_path / "portal.json"), "--name", "mine"]
    for spoken, words in (("zh", "项由人回答"), ("en", "a person answers")):
        capsys.readouterr()
        assert 0 == main([*taken, "--lang", spoken, "--dry-run"])
        assert words in capsys.readouterr().out
    assert not (books / "inspections" / "mine.toml").exists()
    assert 0 == main(taken)
    assert bare(read(books)["portal"]) == bare(read(books)["mine"])
    assert 4 == main(taken)


def test_a_file_that_appeared_meanwhile_is_not_overwritten(desk: Desk, tmp_path: Path) -> None:
    """Between plan and act somebody wrote a file of that name: refused, and theirs stays."""
    path = tmp_path / "mine.toml"
    made = taking.plan(desk, oscal.catalogue(desk, "daily"), "mine")
    path.write_text("theirs", "utf-8")

    with pytest.raises(Refused):
        taking.apply(desk, msgspec.structs.replace(made, path=path))
    assert "theirs" == path.read_text("utf-8")
