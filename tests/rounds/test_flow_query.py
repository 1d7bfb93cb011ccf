"""Questions to the flow archive: answered with what was seen, by today's register, before and after files are put together."""

from __future__ import annotations

import hashlib
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flow_city import AT, FW, INNER, REGISTER, ROGUE, SHARED, Hands, desk_of, put_in_force, record, walk

from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import log
from netops.core.store import Store
from netops.desk import Desk
from netops.egress import parts
from netops.egress.exit import ExitKind, RegisteredExit
from netops.rounds import archive, flow_explain, flow_intake, flow_report, query
from netops.rounds.query import Question, answered

HOUR = timedelta(hours=1)


@pytest.fixture
def city(store: Store, tmp_path: Path) -> tuple[Desk, Hands]:
    return desk_of(store, tmp_path)


def asked(desk: Desk, text: str = "", **more: object) -> query.Answer:
    return answered(desk, Question(text=text, since=AT - HOUR, until=AT + HOUR, **more))  # type: ignore[arg-type]


def test_flows_are_listed_counted_and_grouped(city: tuple[Desk, Hands]) -> None:
    """By the filter; the same from the hot part, from the compacted one, and from both."""
    desk, clock = city
    record(desk, SHARED, ROGUE, ROGUE | {"dport": 40009}, listen=HOUR)
    clock.now += timedelta(minutes=1)
    for step in range(3):
        if step == 1:
            archive.upkeep(desk, archive.opened(desk), everything=True)
        if step == 2:
            record(desk, INNER)
        answer = asked(desk, "verdict unfiled_exit or exit shared")
        assert (3, 1700) == (answer.totals.flows, answer.totals.bytes)
        assert [("unfiled_exit", ""), ("unfiled_exit", ""), ("shared", "shared")] == sorted(
            ((one["verdict"], one["exit"]) for one in answer.items), reverse=True
        )
        groups = asked(desk, "not proto udp and src net 203.0.113.0/24", by=("verdict", "src"), limit=5).items
        assert [("unfiled_exit", 2, 1000), ("shared", 1, 700)] == [
            (one.keys["verdict"], one.flows, one.bytes) for one in groups
        ]
    assert ["kept", "hot"] == [
        one.kind for one in sorted(parts.live(desk.store, ("hot", "kept")), key=lambda one: one.id)
    ]
    assert [0, 2] == [len(asked(desk, "proto tcp", limit=limit).items) for limit in (0, 2)]


def test_an_answer_says_what_was_not_seen(city: tuple[Desk, Hands]) -> None:
    """Before the collector ran, and of an exporter that lost records; a covered window has nothing unseen."""
    desk, clock = city
    record(desk, SHARED, lost=10, listen=HOUR)
    clock.now += timedelta(seconds=1)

    answer = answered(desk, Question(since=AT - timedelta(minutes=30), until=AT))
    assert [(FW, "fw")] == [(one.address, one.device) for one in answer.unseen] or answer.coverage.share < 1
    long_ago = answered(desk, Question(since=AT - timedelta(days=2), until=AT - timedelta(days=1)))
    assert 0.0 == long_ago.coverage.listened
    assert "netops" in [one.device for one in long_ago.unseen]
    with pytest.raises(NetopsError):
        answered(desk, Question(since=AT + HOUR, until=AT + 2 * HOUR))


def test_a_changed_register_judges_anew(city: tuple[Desk, Hands]) -> None:
    """An exit filed today explains yesterday's flow when it is asked for; what was said then can still be asked for."""
    desk, clock = city
    record(desk, ROGUE, SHARED, listen=HOUR)
    clock.now += timedelta(minutes=1)
    filed = RegisteredExit(
        "fin", ExitKind.SEPARATE, "r-fin", "fin", interface="ge9", filing="F-9", valid_until="2026-11-20"
    )
    put_in_force(desk, msgspec.structs.replace(REGISTER, exits=(*REGISTER.exits, filed)))

    today = asked(desk, "exit fin")
    then = asked(desk, "verdict unfiled_exit", rejudge=False)

    assert [("separate", "fin")] == [(one["verdict"], one["exit"]) for one in today.items]
    assert (2, {1: 2}, 1) == (today.judged.register, today.judged.stored, then.totals.flows)
    assert today.judged.rejudged
    assert (0, 2) == (then.judged.rejudged, then.judged.outdated)
    assert 0 == asked(desk, "verdict unfiled_exit").totals.flows
    clock.now += timedelta(days=30)  # the filing has lapsed since; on the day of the flow it stood
    assert (
        1 == answered(desk, Question(text="verdict separate", since=AT - HOUR, until=AT + HOUR)).totals.flows
    )


def test_too_many_are_not_judged_anew_by_themselves(store: Store, tmp_path: Path) -> None:
    """Beyond [flows] rejudge_flows the answer stands on the old judgement and says so; --rejudge takes its time."""
    desk, clock = desk_of(store, tmp_path, rejudge_flows=1)
    record(desk, ROGUE, ROGUE, listen=HOUR)
    clock.now += timedelta(minutes=1)
    filed = RegisteredExit("fin", ExitKind.COUNTY, "r-fin", "fin", interface="ge9")
    put_in_force(desk, msgspec.structs.replace(REGISTER, exits=(*REGISTER.exits, filed)))

    assert (2, 2) == ((answer := asked(desk, "verdict unfiled_exit")).totals.flows, answer.judged.outdated)
    assert any("--rejudge" in text for text, _ in answer.notes)
    assert (2, 2) == (
        (answer := asked(desk, "verdict county", rejudge=True)).totals.flows,
        answer.judged.rejudged,
    )


def test_names_that_the_register_does_not_have_are_pointed_out(city: tuple[Desk, Hands]) -> None:
    """A misspelt organization gives no flows, and a word about it."""
    desk, _ = city
    record(desk, ROGUE)

    assert [{"name": "finn"}] == [facts for _, facts in asked(desk, "organization finn").notes]
    with pytest.raises(NetopsError):
        asked(desk, "exporter nobody")
    with pytest.raises(NetopsError):
        asked(desk, by=("colour",))


def test_a_file_for_other_programs(city: tuple[Desk, Hands], tmp_path: Path) -> None:
    """Every flow with names and addresses as text; a file that cannot be written is no half file."""
    import pyarrow.parquet as pq

    desk, clock = city
    record(desk, SHARED, ROGUE, INNER, listen=HOUR)
    clock.now += timedelta(minutes=1)
    target = tmp_path / "out.parquet"
    answer = query.exported(desk, Question(text="src net 203.0.113.0/24", since=AT - HOUR), target)

    rows = pq.read_table(target).to_pylist()
    assert 2 == answer.totals.flows == len(rows)
    assert {("203.0.113.80", "shared", "shared"), ("203.0.113.80", "unfiled_exit", "")} == {
        (one["src"], one["verdict"], one["exit"]) for one in rows
    }
    with pytest.raises(NetopsError):
        query.exported(desk, Question(since=AT - HOUR), tmp_path / "no" / "where.parquet")
    assert ["out.parquet"] == [path.name for path in tmp_path.glob("*.parquet*")]


def test_a_flow_keeps_its_name_and_explains_itself(city: tuple[Desk, Hands]) -> None:
    """Before and after compaction; with interface, owners, entries of the register, rule and both judgements."""
    desk, clock = city
    record(desk, SHARED, ROGUE, listen=HOUR)
    clock.now += timedelta(minutes=1)
    [name] = [one["id"] for one in asked(desk, "verdict unfiled_exit").items]
    archive.upkeep(desk, archive.opened(desk), everything=True)

    [one] = flow_explain.explained(desk, name)
    about = {reason.about: reason for reason in one.reasons}
    assert ("unfiled_exit", 1, ("EG-101",)) == (one.now, one.judged_by, one.rules)
    assert {"interface": "ge9", "device": "r-fin", "exit": ""} == about["entered"].facts
    assert "extranet/prefixes.toml 10.20.11.0/24" == about["destination"].entry
    assert "" == about["source"].entry
    [shared] = flow_explain.explained(desk, "exit shared", AT - HOUR, AT + HOUR)
    assert "extranet/exits.toml shared" in [reason.entry for reason in shared.reasons]
    for wrong in ("FL-1-00000000", "FL-x-y", "FL-1"):
        with pytest.raises(Missing):
            flow_explain.explained(desk, wrong)


def test_the_month_of_an_organization(city: tuple[Desk, Hands]) -> None:
    """Sums by exit and verdict are the same out of hot flows, out of roll-ups, and out of aged ones."""
    desk, clock = city
    record(desk, ROGUE, ROGUE, INNER, SHARED, listen=HOUR)
    clock.now += timedelta(minutes=1)
    reports = []
    for step in (timedelta(0), timedelta(hours=3), timedelta(days=45)):
        clock.now += step
        if step:
            archive.upkeep(desk, archive.opened(desk))
        reports.append(flow_report.run(desk, "fin", "2026-11"))

    for one in reports:
        assert [("in", "unfiled_exit", 2, 1000), ("out", "internal", 1, 90)] == [
            (line.keys["direction"], line.keys["verdict"], line.flows, line.bytes) for line in one.exits
        ]
        assert ["203.0.0.0/16"] == [line.keys["peer"] for line in one.peers]
        assert [("2026-11-20", 3)] == [(line.keys["day"], line.flows) for line in one.days]
        assert 2 == one.bad
        assert 3 == one.exit_code
    with pytest.raises(Missing):
        flow_report.run(desk, "nobody", "2026-11")
    for month in ("2026-13", "November", "2030-01"):
        with pytest.raises(NetopsError):
            flow_report.run(desk, "fin", month)


def test_what_is_let_go_is_written_down(store: Store, tmp_path: Path) -> None:
    """Flows over their time leave, with a journal entry; a question about that time says that they are gone; sums stay."""
    desk, clock = desk_of(store, tmp_path, keep_days=30)
    record(desk, ROGUE, SHARED, listen=HOUR)
    folder = archive.opened(desk)
    clock.now += timedelta(hours=3)
    archive.upkeep(desk, folder)
    clock.now += timedelta(days=31)
    done = archive.upkeep(desk, folder)

    assert (1, 1) == (done.dropped, done.early)
    answer = answered(desk, Question(since=AT - HOUR, until=AT + HOUR))
    assert 0 == answer.totals.flows
    assert any("no longer kept" in one.why for one in answer.unseen)
    [entry] = [one for one in log(desk.store) if one.verb == "flow archive drop"]
    assert 2 == entry.before["younger_than_six_months"]
    assert 1 == archive.state(desk).exit_code
    clock.now += HOUR
    archive.upkeep(desk, folder)
    assert [] == [path for path in folder.rglob("*.parquet") if "rollup" not in path.parts]
    assert 1 == flow_report.run(desk, "fin", "2026-11").exits[0].flows


def test_a_changed_or_missing_file_is_found(city: tuple[Desk, Hands]) -> None:
    """By its hash; a question that needs it says what is wrong instead of leaving flows out."""
    desk, clock = city
    record(desk, ROGUE, SHARED, listen=HOUR)
    clock.now += timedelta(hours=3)
    folder = archive.opened(desk)
    archive.upkeep(desk, folder)
    assert [] == archive.check(desk)
    [part] = parts.live(desk.store, ("kept",))
    content = (folder / part.path).read_bytes()

    (folder / part.path).write_bytes(content[:-10] + b"0123456789")
    assert [part.path] == [one.path for one in archive.check(desk)]
    with pytest.raises(NetopsError, match="archive check"):
        asked(desk)
    (folder / part.path).unlink()
    assert ["it is missing"] == [one.what for one in archive.check(desk)]
    with pytest.raises(NetopsError, match="is not there"):
        asked(desk)


def test_a_segment_is_checked_before_and_after_it_has_a_hash(city: tuple[Desk, Hands]) -> None:
    """Sealed just now it is counted again; after upkeep its hash must be right."""
    desk, _clock = city
    record(desk, ROGUE, SHARED, listen=HOUR)
    folder = archive.opened(desk)
    [part] = parts.live(desk.store, ("hot",))
    path = folder / part.path
    content = path.read_bytes()
    assert ("", []) == (part.sha256, archive.check(desk))

    path.write_bytes(content[:500])
    assert ["its content was changed"] == [one.what for one in archive.check(desk)]
    path.write_bytes(content)
    archive.upkeep(desk, folder)
    [part] = parts.live(desk.store, ("hot",))
    assert hashlib.sha256(content).hexdigest() == part.sha256
    assert [] == archive.check(desk)
    path.write_bytes(content[:-1] + b"?")
    assert ["its content was changed"] == [one.what for one in archive.check(desk)]


def test_an_archive_belongs_to_one_store(city: tuple[Desk, Hands]) -> None:
    """Two stores cannot write into one folder; what a crash left unlisted is taken in, a stray compaction removed."""
    desk, clock = city
    record(desk, ROGUE, listen=HOUR)
    folder = archive.opened(desk)
    [part] = parts.live(desk.store, ("hot",))
    parts.forget(desk.store, [part.id])  # as if the process had died before it was listed
    stray = folder / "extranet" / "2026-11-20" / "stray.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"half")
    record(desk, SHARED)
    clock.now += timedelta(minutes=1)
    archive.upkeep(desk, folder)

    assert 2 == asked(desk).totals.flows
    assert not stray.exists()
    (folder / archive.MARK).write_text("another\n")
    with pytest.raises(Refused):
        archive.opened(desk)


def test_a_fresh_walk_does_not_lose_the_old_flows(city: tuple[Desk, Hands]) -> None:
    """When an interface disappears from the topology its flows can still be asked for."""
    desk, clock = city
    record(desk, ROGUE, listen=HOUR)
    clock.now += timedelta(minutes=1)
    walk(desk, "r-fin", "10.20.255.11", {1: ("up", "10.20.254.2")})

    assert [("undetermined", 1)] == [
        (one.keys["verdict"], one.flows) for one in asked(desk, by=("verdict",)).items
    ]
    assert 1 == asked(desk, "verdict unfiled_exit", rejudge=False).totals.flows


LINE = (
    "<190>2026-11-20 11:59:00 fw %%01SECLOG/6/SESSION_TEARDOWN(l):IPVer=4,Protocol=tcp,SourceIP=10.20.11.5,Desti"
    "nationIP=203.0.113.80,"
    "SourcePort=40000,DestinationPort=443,BeginTime=1795147130,EndTime=1795147140,SendPkts=10,SendBytes=900,RcvP"
    "kts=8,RcvBytes=7000.\n"
)


def test_a_file_of_others_is_taken_in(city: tuple[Desk, Hands], tmp_path: Path) -> None:
    """The plan keeps nothing; then the same verdicts as the collector's, once, with a journal entry; bad lines are named."""
    desk, _clock = city
    file = tmp_path / "fw.log"
    file.write_text(LINE + LINE.replace("SourceIP=10.20.11.5", "SourceIP=10.20.11") + "something else\n")
    asked_for = flow_intake.Asked(path=file, exporter="fw", through="wan")

    plan = flow_intake.planned(desk, asked_for)
    assert ("huawei-usg", 2, 2, {"shared": 2}) == (plan.kind, plan.flows, plan.bad, plan.verdicts)
    assert 0 == asked(desk).totals.flows
    flow_intake.apply(desk, asked_for, plan)

    assert [("shared", "shared"), ("shared", "shared")] == [
        (one["verdict"], one["exit"]) for one in asked(desk).items
    ]
    assert ["egress import"] == [one.verb for one in log(desk.store)][:1]
    again = flow_intake.planned(desk, asked_for)
    with pytest.raises(Refused):
        flow_intake.apply(desk, asked_for, again)
    flow_intake.apply(desk, msgspec.structs.replace(asked_for, again=True), again)
    file.write_text(LINE)
    with pytest.raises(Refused, match="changed"):
        flow_intake.apply(desk, msgspec.structs.replace(asked_for, again=True), again)
    assert 4 == asked(desk).totals.flows
    archive.upkeep(desk, archive.opened(desk), everything=True)
    assert 4 == asked(desk).totals.flows


def test_whose_flows_they_are_must_be_said(city: tuple[Desk, Hands], tmp_path: Path) -> None:
    """A device of the register, or the plane of a sensor; an unknown format or device is refused."""
    desk, _clock = city
    file = tmp_path / "fw.log"
    file.write_text(LINE)
    (tmp_path / "odd.log").write_text("nothing that anybody knows\n")
    for wrong in (
        flow_intake.Asked(path=file),
        flow_intake.Asked(path=file, exporter="nobody"),
        flow_intake.Asked(path=file, exporter="fw", through="eth7"),
        flow_intake.Asked(path=tmp_path / "odd.log", exporter="fw"),
        flow_intake.Asked(path=file, exporter="fw", kind="odd"),
        flow_intake.Asked(path=tmp_path / "none.log", exporter="fw"),
    ):
        with pytest.raises(NetopsError):
            flow_intake.planned(desk, wrong)

    assert {"transit": 1, "undetermined": 1} == flow_intake.planned(
        desk, flow_intake.Asked(path=file, plane="extranet")
    ).verdicts
