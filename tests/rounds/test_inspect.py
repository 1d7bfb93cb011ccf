"""The inspection round: gathers what every room knows, and what was not seen stays unchecked."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.core import docket, journal
from netops.core.basis import Basis
from netops.core.clock import Clock, still
from netops.core.errors import Missing, NetopsError
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.egress import hits
from netops.egress.watch import Hit
from netops.incidents import casebook, clocks
from netops.incidents.incident import Deadline, Grade, Grading, Incident, Stage
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.inspection import Party
from netops.rounds import diary, inspect, known
from netops.topology import snapshots
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
E = Plane.EXTRANET


@pytest.fixture
def desk(store_url: str, clock: Clock) -> Iterator[Desk]:
    """A desk over a city of three organizations whose register is in force; nothing was seen yet."""
    with small_city(store_url, clock) as desk:
        yield desk


def later(desk: Desk, wait: timedelta) -> Desk:
    """The same desk after some time."""
    after = copy(desk)
    after.clock = still(desk.clock() + wait)
    return after


def see(desk: Desk, silent: tuple[str, ...] = ()) -> None:
    """Walk, flows, sightings and reconcile, an hour ago; devices in *silent* did not answer."""
    at = desk.clock() - timedelta(hours=1)
    for device in desk.register.devices:
        if device.name in silent:
            snapshots.fail(desk.store, Unreachable(E, device.name, device.address, at, "no answer"))
        else:
            snapshots.record(
                desk.store,
                DeviceWalk(
                    E, device.name, device.address, at, 0.1, {"sysName": {(0,): device.name.encode()}}
                ),
                at,
            )
    snapshots.keep(
        desk.store,
        E,
        [
            Sighting(E, f"10.20.{net}.{host}", f"02:00:00:00:{net}:{host}", "core", at)
            for net, host in ((11, 20), (11, 21), (31, 20))
        ],
        at,
    )
    heard = [
        hits.ExporterRow(
            address=one.address,
            plane=E,
            device=one.name,
            version=9,
            last_seen=at,
            datagrams=3,
            records=9,
            options=0,
            waiting=0,
            malformed=0,
            dropped=0,
        )
        for one in desk.register.devices
        if one.exporter
    ]
    used = Hit(at.replace(second=0, microsecond=0), E, "fin", "10.20.255.11", "separate", "ok")
    hits.add(desk.store, {used: [1, 1, 64, 0]}, heard, {})
    diary.end(desk.store, diary.begin(desk.store, "reconcile"), "done", {}, "")


def answers(desk: Desk, organization: str, catalogue: str = "measures") -> dict[str, str]:
    """Item to result, of the organization's newest inspection."""
    found = archive.listed(desk.store, organization=organization, catalogue=catalogue)[-1]
    return {record["id"]: str(record["answer"]) for record in found.records()}


def test_before_anything_was_seen_the_network_items_are_unchecked(desk: Desk) -> None:
    """The paper conforms or not; what needs a walk, flows or a reconcile is unchecked."""
    inspect.run(desk, organization="fin")

    said = answers(desk, "fin")
    assert {"unchecked"} == {
        said[item]
        for item in ("A08-3", "A09-1", "A09-2", "A10-1", "A10-4", "A10-5", "A11-2", "A12-1", "A12-2")
    }
    assert ("conform", "conform", "nonconform") == (said["A10-2"], said["A27-2"], said["A29-1"])


def test_a_seen_city_in_order_conforms(desk: Desk) -> None:
    """Everything that was seen is in order; the department lacks only its security manager."""
    see(desk)

    report = inspect.run(desk, organization="fin")

    said = answers(desk, "fin")
    assert {"conform"} == {
        said[item]
        for item in (
            "A08-3",
            "A09-1",
            "A09-2",
            "A10-1",
            "A10-2",
            "A10-3",
            "A10-4",
            "A10-5",
            "A11-2",
            "A12-1",
            "A12-2",
            "A27-2",
        )
    }
    assert "unchecked" == said["A27-1"]  # no letter of responsibility was seen: nobody keeps the register of officers
    assert ["A29-1"] == [item for item, result in said.items() if result == "nonconform"]
    assert (1, 1, "IS-2026-0001", ()) == (
        report.facts["organizations"],
        report.facts["nonconform"],
        report.facts["inspection"],
        report.unseen,
    )


def test_a_silent_device_leaves_its_organization_unchecked_and_only_it(desk: Desk) -> None:
    """What hangs behind it was not seen; the round says so with exit code 3."""
    see(desk, silent=("r-fin",))

    report = inspect.run(desk)

    assert ("unchecked", "conform") == (answers(desk, "fin")["A09-1"], answers(desk, "xt")["A09-1"])
    assert (["r-fin"], 3) == ([one.device for one in report.unseen], report.exit_code)


def test_every_organization_gets_the_items_that_bind_it(desk: Desk) -> None:
    """Article 12 excepts counties; the authority's duties bind the authority."""
    see(desk)

    report = inspect.run(desk)

    assert 3 == report.facts["organizations"]
    assert ("not_applicable", "nonconform", "unchecked") == tuple(
        answers(desk, "xt")[item] for item in ("A12-1", "A10-2", "A06-1")
    )
    centre, fin = answers(desk, "centre"), answers(desk, "fin")
    assert ("conform", "conform", "not_applicable") == (centre["A08-1"], centre["A11-1"], fin["A08-1"])


@rule("TP-101", "bypass_link", Severity.HIGH, Basis(9), title="t", because="b")
def bypass() -> list[Conclusion]:
    """A link past the platform."""
    return []


def test_a_finding_is_the_breach_of_both_ends_and_mending_it_mends_the_answer(desk: Desk) -> None:
    """The link's finding and its evidence stand in both checklists; when it resolves, the machine says so beside it."""
    see(desk)
    proof = Evidence("lldp", "r-fin", "lldpRemTable", {"neighbour": "r-xt"}, desk.clock())
    link = Conclusion(
        "TP-101",
        E,
        {"a": {"device": "r-fin", "interface": "ge7"}, "b": {"device": "r-xt", "interface": "ge7"}},
        "xt",
        {},
        (proof,),
        desk.clock(),
    )
    docket.settle(desk.store, {"TP-101": bypass}, [link], plane=E, at=desk.clock())
    inspect.run(desk)

    assert ("nonconform", "nonconform", "conform") == tuple(
        answers(desk, code)["A09-1"] for code in ("fin", "xt", "centre")
    )
    (inspection,) = archive.listed(desk.store, organization="fin")
    (record,) = [one for one in inspection.records() if one["id"] == "A09-1"]
    assert (("F-0001",), True) == (record["findings"], proof.id in record["evidence"])
    assert {proof.id} < {piece.id for piece in docket.pieces(desk.store, record["evidence"])}

    docket.settle(desk.store, {"TP-101": bypass}, [], plane=E, at=desk.clock(), scope=("TP-101",))
    inspect.run(desk)

    (after,) = archive.listed(desk.store, organization="fin")
    said = [one.judgement.result for one in after.answers if one.item == "A09-1"]
    assert [Result.NONCONFORM, Result.CONFORM] == said


def test_the_authority_answers_for_reports_that_came_late(desk: Desk) -> None:
    """An incident whose clock ran out is nonconform for the authority; one that was reported in time conforms."""
    clock = Deadline(
        "C-4H",
        "初报",
        "first report",
        desk.clock() - timedelta(hours=9),
        desk.clock() - timedelta(hours=5),
        "",
        "",
        "",
        verified=True,
    )
    grading = Grading(Grade.III, "rule", "理由", "because", verified=True, source="")
    for stopped, expected in ((desk.clock() - timedelta(hours=6), "conform"), (None, "nonconform")):
        incident = Incident(
            number="",
            plane=E,
            organization="fin",
            cause="own_exit",
            cause_zh="事件",
            cause_en="incident",
            category="6.7",
            category_zh="类",
            grading=grading,
            state=Stage.GRADED,
            occurred=clock.start,
            detected=clock.start,
            known=clock.start,
            deadlines=(msgspec.structs.replace(clock, stopped=stopped),),
        )
        with journal.act(desk.store, "张工", desk.clock) as act:
            casebook.open_(act, incident, clocks.load(desk.playbooks), "test")

        inspect.run(desk, organization="centre")

        assert expected == answers(desk, "centre")["A30-1"]
    assert "not_applicable" == answers_of_new(desk, "fin")["A30-1"]


def answers_of_new(desk: Desk, organization: str) -> dict[str, str]:
    """Run, then `answers`."""
    inspect.run(desk, organization=organization)
    return answers(desk, organization)


def test_running_again_changes_nothing_and_journals_nothing(desk: Desk) -> None:
    """The same answers are not written twice; only the time of looking moves."""
    see(desk)
    inspect.run(desk)
    head = journal.head(desk.store)
    after = later(desk, timedelta(hours=2))

    inspect.run(after)

    assert head == journal.head(desk.store)
    listed = archive.listed(desk.store)
    assert (3, {after.clock()}) == (len(listed), {one.checked_at for one in listed})
    inspect.run(desk, organization="fin", renew=True)
    assert 4 == len(archive.listed(desk.store))
    assert 0 == journal.verify(desk.store).broken


def test_what_nobody_mends_becomes_a_finding(desk: Desk) -> None:
    """Sixteen days after the security manager was missing, IS-001 stands."""
    inspect.run(desk, organization="fin")

    report = inspect.run(later(desk, timedelta(days=16)), organization="fin")

    standing = docket.listed(desk.store, code="IS-001")
    assert ["A29-1"] == [one.facts["item"] for one in standing]
    assert (report.opened, 1) == (tuple(one.id for one in standing), report.exit_code)


def test_a_plan_needs_two_inspectors_and_the_run_goes_on_with_it(desk: Desk) -> None:
    """Planned inspections are opened in one act and filled by the next run."""
    for organizations, day, inspectors in (
        (["fin"], "2026-12-01", ["张工"]),
        (["fin"], "soon", ["张工", "李工"]),
    ):
        with pytest.raises(NetopsError):
            inspect.plan(desk, "measures", organizations, day, inspectors)
    with pytest.raises(Missing):
        inspect.plan(desk, "measures", ["fin", "nobody"], "2026-12-01", ["张工", "李工"])
    assert [] == archive.listed(desk.store)

    (planned,) = inspect.plan(desk, "measures", ["fin"], "2026-12-01", ["张工", "李工"])
    report = inspect.run(desk, organization="fin")

    assert planned.number == report.facts["inspection"]
    assert (("张工", "李工"), "2026-12-01") == (planned.inspectors, planned.planned_for)


def test_the_filled_checklist_is_written(desk: Desk, tmp_path: Path) -> None:
    """JSON with every item; DOCX with every item that binds, in fonts named for Chinese text too."""
    see(desk)
    number = str(inspect.run(desk, organization="fin").facts["inspection"])
    with journal.act(desk.store, "张工", desk.clock) as act:
        archive.fill(
            act,
            archive.one(desk.store, number),
            "A29-1",
            Party.DEPARTMENT,
            Result.CONFORM,
            "已任命，文件补报中\x07",
        )
    for name in ("list.json", "list.docx"):
        inspect.write_checklist(desk, number, tmp_path / name)

    content = json.loads((tmp_path / "list.json").read_text("utf-8"))
    assert (86, number, journal.head(desk.store)) == (
        len(content["items"]),
        content["number"],
        content["journal"],
    )
    with zipfile.ZipFile(tmp_path / "list.docx") as package:
        text = package.read("word/document.xml").decode()
    for part in (
        "示例市财政局",
        "A12-1",
        "不符合",
        "未检查",
        "已任命，文件补报中",
        'w:eastAsia="仿宋"',
        "w:tblHeader",
        journal.head(desk.store),
    ):
        assert part in text
    assert "A08-1" not in text
    assert {"list.json", "list.docx"} == {path.name for path in tmp_path.glob("*list*")}
    with pytest.raises(NetopsError):
        inspect.write_checklist(desk, number, tmp_path / "list.odt")


def test_an_organization_that_is_not_registered_is_named(desk: Desk) -> None:
    """Nothing is opened for it."""
    for work in (known.gather, lambda desk, code: inspect.run(desk, organization=code)):
        with pytest.raises(Missing):
            work(desk, "nobody")
    assert [] == archive.listed(desk.store)


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration of the same city, for commands; its register is in force."""
    path = tmp_path / "config.toml"
    path.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/netops.db"\n[inventory]\npath = "{DATA / "city"}"\n'
        '[city]\nauthority = "centre"\n[planes.extranet]\n',
        "utf-8",
    )
    assert 0 == netops(str(path), "inventory", "apply", "--yes", "-q")[0]
    return str(path)


def netops(config: str, *words: str) -> tuple[int, str, str]:
    """A command in a process of its own: exit code, answer, talk."""
    done = subprocess.run(
        [sys.executable, "-m", "netops", "-c", config, "--lang", "en", *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_answer_for_programs_and_for_people(config: str) -> None:
    """Every item in JSON, those that bind in the table with their signs; exit code 1 while something does not conform."""
    code, text, talk = netops(config, "inspect", "run", "--organization", "fin", "--json")
    items = json.loads(text)["items"]
    assert (1, 86) == (code, len(items)), talk
    assert {"id", "article", "answer", "reason", "evidence", "findings", "method"} <= items[0].keys()

    code, text, talk = netops(config, "inspect", "run", "--organization", "fin")

    assert code == 1, talk
    assert all(part in text for part in ("✗", "?", "·", "A29-1", "nonconform"))
    assert "A08-1" not in text


def test_filling_shows_every_party_and_reports(config: str, tmp_path: Path) -> None:
    """What a person answers stands beside the machine's answer, and both are in the document."""
    netops(config, "inspect", "run", "--organization", "fin", "-q")
    answer = ("inspect", "fill", "IS-2026-0001", "A29-1", "--answer", "符合")
    year = json.loads(netops(config, "inspect", "list", "--json")[1])["items"][0]["number"]
    answer = tuple(word.replace("IS-2026-0001", year) for word in answer)

    assert 2 == netops(config, *answer, "--yes")[0], "it contradicts the machine without a note"
    assert 0 == netops(config, *answer, "--note", "任命文件", "--yes")[0]
    code, text, talk = netops(config, "inspect", "show", year, "A29-1")
    assert (0, True, True) == (code, "任命文件" in text, "nonconform" in text), talk
    assert 0 == netops(config, "inspect", "report", year, "-o", str(tmp_path / "x.docx"))[0]
    assert (tmp_path / "x.docx").stat().st_size > 10_000


def test_commands_refuse_clearly(config: str) -> None:
    """Asked wrongly: exit code 2 and a sentence; one inspector is too few."""
    plan = ("plan", "--organization", "fin", "--date", "2026-12-01", "--inspector", "a", "--yes")
    for words, expected in (
        (("catalogue", "list"), 0),
        (("run", "--catalogue", "none"), 2),
        (plan, 2),
        ((*plan, "--inspector", "b"), 0),
    ):
        code, _text, talk = netops(config, "inspect", *words)
        assert (expected, True) == (code, bool(talk) or code == 0), talk
