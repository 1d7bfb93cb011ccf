"""`netops incident` and `netops playbook` by what they print: plans, answers, refusals, in both languages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from docx import Document

from netops.cli import main
from netops.core import docket, journal
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, State
from netops.core.plane import Plane
from netops.desk import Desk, open_desk
from netops.incidents import casebook, papers
from netops.incidents.papers import PaperState
from netops.rounds import inventory, known, look, triage
from tests.documents.conftest import settings  # noqa: F401 - a fixture
from tests.documents.test_sign import office
from tests.incidents.city import configuration

Run = Callable[..., tuple[int, str, str]]
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small city, an exit of the health commission and an intranet exit of the finance bureau found an hour ago."""
    with open_desk(configuration(tmp_path, f"sqlite:///{tmp_path / 'netops.db'}"), actor="王工") as desk:
        inventory.apply(desk, inventory.plan(desk))
        conclude(desk, "rogue_exit_router", "health", "r-health")
        conclude(desk, "intranet_exit", "fin", "i-fin", Plane.INTRANET)
        triage.run(desk)
    return tmp_path


def conclude(desk: Desk, kind: str, organization: str, device: str, plane: Plane = Plane.EXTRANET) -> str:
    rule, at = look.rule(kind), datetime.now(UTC) - HOUR
    proof = Evidence("flow", device, "in_if = 1", {"flows": 12}, at)
    one = Conclusion(rule.code, plane, {"device": device, "interface": "ge0"}, organization, {"device": device}, (proof,), at)
    return docket.settle(desk.store, {rule.code: rule}, [one], plane=plane, at=at).opened[0]


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command line on the city; gives exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NETOPS_ACTOR", "王工")

    def one(*argv: str, lang: str = "en") -> tuple[int, str, str]:
        code = main(["-c", str(folder / "config.toml"), "--lang", lang, *argv])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return one


@pytest.fixture
def desk(folder: Path) -> Desk:
    """The store as another person sees it."""
    from netops import config

    return Desk(config.read(folder / "config.toml"), actor="李主任")


def mended(desk: Desk, *numbers: str) -> None:
    with journal.act(desk.store, "李主任") as act:
        for number in numbers:
            docket.move(act, number, State.RESOLVED, "已断开")


# ---- asking
def test_list_shows_what_is_open(run: Run) -> None:
    """Exit code 1 while any is open; the clock that ends next stands beside the grave one."""
    code, out, _err = run("incident", "list")

    assert 1 == code
    assert "示例市卫生健康委员会" not in out
    assert "Health Commission" in out
    assert "C-4H 3 h 59 min left" in out
    assert (0, "No incident is open.\n") == run("incident", "list", "--grade", "I")[:2]


def test_list_as_json_keeps_the_contract(run: Run) -> None:
    """kind, at, plane, items, unseen; each item with its grade, deadlines and findings."""
    code, out, _err = run("incident", "list", "--json")
    answer = json.loads(out)

    assert 1 == code
    assert ["kind", "at", "plane", "items", "unseen"] == list(answer)
    assert {"health": "IV", "fin": "III"} == {one["organization"]: one["grade"] for one in answer["items"]}
    assert [["C-4H", "L-NOTICE"]] == [
        [clock["kind"] for clock in one["deadlines"]] for one in answer["items"] if one["grade"] == "III"]


def number_of(run: Run, organization: str) -> str:
    items = json.loads(run("incident", "list", "--json", "--all")[1])["items"]
    return str(next(one["number"] for one in items if one["organization"] == organization))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_show_tells_the_grade_with_its_rule(run: Run, lang: str) -> None:
    """Rule, reason, source and that nobody verified it; clocks, findings, history."""
    code, out, _err = run("incident", "show", number_of(run, "fin").lower(), lang=lang)

    assert 0 == code
    assert "local-intranet" in out
    assert {"en": "secrets may leak", "zh": "可能造成泄密"}[lang] in out
    told = run("incident", "show", number_of(run, "fin"), "-v", lang=lang)[1]
    assert "国家网络安全事件报告管理办法第四条" in "".join(told.split())
    assert {"en": "● detected", "zh": "● 发现"}[lang] in out
    assert f"netops incident task {number_of(run, 'fin')}" in out


def test_show_as_json_has_everything(run: Run, folder: Path) -> None:
    """History and documents too."""
    number = number_of(run, "health")
    run("incident", "notice", number, "-o", str(folder / "n.json"))
    one = json.loads(run("incident", "show", number, "--json")[1])["items"][0]

    assert ("rogue-exit", ["open"], 10) == (one["playbook"], [move["what"] for move in one["history"]], len(one["tasks"]))
    assert [("D-0001", "notice", "draft", True)] == [
        (paper["id"], paper["instrument"], paper["state"], paper["intact"]) for paper in one["documents"]]


@pytest.mark.parametrize("argv", [("show", "INC-1"), ("notice", "INC-1", "-o", "x.docx"), ("recheck", "INC-1"),
                                  ("close", "INC-1", "--why", "x"), ("unmerge", "INC-1", "--why", "x"),
                                  ("report", "INC-1", "--kind", "first", "-o", "x.docx"),
                                  ("merge", "INC-1", "INC-2", "--why", "x"), ("grade", "INC-1", "II", "--why", "x")])
def test_an_unknown_number_is_an_error_for_a_person(run: Run, argv: tuple[str, ...]) -> None:
    """Exit code 2, what and mend, no traceback; with --json one object on stderr."""
    code, out, err = run("incident", *argv)
    assert (2, "") == (code, out)
    assert "there is no incident INC-1" in err
    assert "netops incident list" in json.loads(run("incident", *argv, "--json")[2])["error"]["mend"]


# ---- documents
def test_a_notice_goes_into_its_file(run: Run, folder: Path) -> None:
    """DOCX without a question; stdout says where and on what basis; stdout never goes into the file."""
    path = folder / "n.docx"
    code, out, err = run("incident", "notice", number_of(run, "health"), "-o", str(path))

    assert 0 == code
    assert b"PK" == path.read_bytes()[:2]
    assert str(path) in out
    assert "Article 30 of the Measures of Xiangtan City" in out
    assert "unverified: measures-30" in out
    assert "plan: draft a notice of the situation" in err


@pytest.mark.parametrize(
    ("lang", "title", "above"),
    [
        ("zh", "擅自开设互联网出口的情况通报", "未经核实，签发前请核对"),
        ("en", "internet exit at Health Commission", "Only the Chinese original is official"),
    ],
)
def test_a_paper_is_read_in_both_languages(run: Run, folder: Path, lang: str, title: str, above: str) -> None:
    """
    同一份记录：中文是正本，英文是给读者看的译本，首页上方和每页页脚都写明；写进文件夹（没有就建）就是三种格式。
    """
    (folder / "taken").write_text("")
    assert 2 == run("incident", "notice", number_of(run, "health"), "-o", str(folder / "taken" / "out"), lang=lang)[0]
    assert 0 == run("incident", "notice", number_of(run, "health"), "-o", str(folder / "out"), lang=lang)[0]
    document = Document(str(folder / "out" / "D-0001.docx"))
    kept = json.loads((folder / "out" / "D-0001.json").read_text("utf-8"))

    assert title in "".join(one.text for one in document.paragraphs)
    assert above in "".join(one.text for one in document.sections[0].first_page_header.paragraphs)
    assert b"%PDF" == (folder / "out" / "D-0001.pdf").read_bytes()[:4]
    assert ("关于", "Notice") == (kept["paper"]["title"][:2], kept["paper"]["english"]["title"][:6])
    assert (lang == "en") == ("a translation for the reader" in run("document", "show", "D-0001", lang=lang)[1])


@pytest.mark.usefixtures("settings")
def test_an_issued_pdf_is_signed_where_the_office_has_a_certificate(run: Run, folder: Path, desk: Desk) -> None:
    """
    没有证书的，在取文号之前就说明白；有证书的，PDF 后面接着签名，操作日志记下是哪个文件、哪张证书；译本不签。
    """
    run("incident", "notice", number_of(run, "health"), "-o", str(folder / "a.json"))
    issue = ("document", "issue", "D-0001", "--sign", "--yes", "-o", str(folder / "a.pdf"))
    code, _out, err = run(*issue, lang="zh")
    assert (2, True) == (code, "没有写明证书" in err)
    assert PaperState.DRAFT is papers.one(desk.store, "D-0001").state
    with (folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(office(folder))

    assert 4 == run(*issue, lang="en")[0]
    assert 2 == run(*issue[:-1], str(folder / "a.docx"), lang="zh")[0]
    assert 0 == run(*issue, lang="zh")[0]
    [entry] = journal.log(desk.store, verb="document sign")
    signed = (folder / "a.pdf").read_bytes()
    assert hashlib.sha256(signed).hexdigest() == entry.after["sha256"]
    assert "云溪市信息中心" in entry.after["certificate"]
    assert b"/ETSI.CAdES.detached" in signed


def test_a_notice_answers_as_json_beside_its_file(run: Run, folder: Path) -> None:
    """The file is the paper's record; stdout is the contract's object with its path."""
    path = folder / "n.json"
    answer = json.loads(run("incident", "notice", number_of(run, "health"), "-o", str(path), "--json")[1])
    kept = json.loads(path.read_text("utf-8"))

    assert ("document", str(path)) == (answer["kind"], answer["items"][0]["path"])
    assert (kept["sha256"], "measures-30") == (answer["items"][0]["sha256"], kept["decision"]["rows"][0])


def test_a_notice_needs_a_file_that_it_can_write(run: Run) -> None:
    """Asked wrongly before anything is kept: no file, another suffix."""
    number = number_of(run, "health")

    assert [2, 2] == [run("incident", "notice", number, *argv)[0] for argv in ((), ("-o", "n.odt"))]
    assert [] == json.loads(run("incident", "show", number, "--json")[1])["items"][0]["documents"]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("argv", [("rectify",), ("notice", "--instrument", "rectification_order"), ("rectify", "--dry-run")])
def test_an_order_on_article_12_is_refused(run: Run, folder: Path, desk: Desk, argv: tuple[str, ...], lang: str) -> None:
    """Exit code 4, the reason by article, what is allowed instead; no file and no draft."""
    path = folder / "order.docx"
    verb, *options = argv
    code, _out, err = run("incident", verb, number_of(run, "health"), *options, "-o", str(path), lang=lang)

    assert (4, False, []) == (code, path.exists(), papers.listed(desk.store))
    assert "第十二条" in err
    assert "(notice)" in err
    assert "(rectification_request)" in err


def test_a_request_is_issued_and_findings_are_being_rectified(run: Run, folder: Path, desk: Desk) -> None:
    """With --yes it takes a number and is frozen; replies are recorded; the incident is being handled."""
    number = number_of(run, "health")
    argv = ("incident", "rectify", number, "--instrument", "rectification_request", "--issue", "-o", str(folder / "r.docx"))
    assert 4 == run(*argv)[0]
    code, out, err = run(*argv, "--yes")

    assert 0 == code
    assert "示信办〔" in out
    assert "〕1号" in out
    assert "it is frozen then" in err
    assert ("handling", "rectifying") == (casebook.one(desk.store, number).state, docket.one(desk.store, "F-0001").state)
    code, _out, _err = run("incident", "reply", number, "--who", "赵某", "--note", "已断开", "--yes")
    assert (0, ["已断开"]) == (code, [one.note for one in papers.answers(desk.store, "D-0001")])
    assert "赵某" in run("incident", "show", number)[1]
    assert 0 == run("incident", "notice", number, "--document", "D-0001", "-o", str(folder / "again.docx"))[0]
    assert (folder / "r.docx").read_bytes() == (folder / "again.docx").read_bytes()


def test_nothing_is_answered_that_was_not_issued(run: Run, folder: Path) -> None:
    """Neither without a document nor on a draft nor on another incident's."""
    number = number_of(run, "health")
    assert 4 == run("incident", "reply", number, "--who", "赵某", "--yes")[0]
    run("incident", "notice", number, "-o", str(folder / "n.json"))
    for one in (number, number_of(run, "fin")):
        assert 4 == run("incident", "reply", one, "--document", "D-0001", "--who", "赵某", "--yes")[0]


def test_a_report_stops_its_clock_only_when_it_was_sent(run: Run, folder: Path, desk: Desk) -> None:
    """Drafting stops nothing; the act needs a document number and a channel."""
    number = number_of(run, "fin")
    argv = ("incident", "report", number, "--kind", "first")

    assert 0 == run(*argv, "-o", str(folder / "r.docx"), "--set", "impact=暂无影响。")[0]
    assert 2 == run(*argv, "-o", str(folder / "r.docx"), "--set", "mood=好")[0]
    assert 2 == run(*argv, "--sent", "--yes")[0]
    ahead = (datetime.now(UTC) + HOUR).isoformat()
    assert 2 == run(*argv, "--sent", "--document-no", "1号", "--channel", "12387", "--sent-at", ahead, "--yes")[0]
    assert casebook.one(desk.store, number).deadlines[0].stopped is None
    code, out, _err = run(*argv, "--sent", "--document-no", "示信办〔2026〕9号", "--channel", "12387", "--yes")

    kept = casebook.one(desk.store, number)
    assert (0, "reported", "示信办〔2026〕9号；12387") == (code, kept.state, kept.deadlines[0].stopped_by)
    assert "stopped: C-4H" in out


# ---- changing
def test_an_incident_is_opened_by_hand_and_only_once(run: Run, desk: Desk) -> None:
    """From findings of one organization, cause and plane that belong to no open incident."""
    mild = conclude(desk, "unallocated_address", "health", "r-health")
    other = conclude(desk, "unallocated_address", "fin", "r-fin")
    argv = ("incident", "open", mild, "--why", "多次出现")

    assert 4 == run(*argv)[0]
    assert 0 == run(*argv, "--dry-run")[0]
    assert 2 == len(casebook.listed(desk.store))
    code, out, err = run(*argv, "--yes", "--json")
    item = json.loads(out)["items"][0]
    assert (0, [mild], "address_misuse") == (code, item["findings"], item["cause"])
    assert "plan: open an incident of" in err
    assert 4 == run(*argv, "--yes")[0]
    assert 4 == run("incident", "open", mild, other, "--why", "x", "--yes")[0]
    assert 2 == run("incident", "open", "F-9999", "--why", "x", "--yes")[0]


def test_a_grade_is_decided_with_a_reason(run: Run, desk: Desk) -> None:
    """By a person, by a measured value; the clocks follow; both grades stay."""
    number = number_of(run, "health")
    code, out, err = run("incident", "grade", number, "III", "--why", "影响扩大", "--yes")
    assert (0, f"{number} is of grade III.") == (code, out.splitlines()[0])
    assert "grade IV → III (rule decided, decided by 王工)" in err
    assert ["C-4H", "L-NOTICE"] == [one.kind for one in casebook.one(desk.store, number).deadlines]

    run("incident", "grade", number, "--why", "门户中断", "--metric", "portal_outage=90000", "--cii", "--yes")
    kept = casebook.one(desk.store, number)
    assert ("I", "portal_outage", 90000, True, "王工", ["C-1H-CII", "L-NOTICE"]) == (
        kept.grade, kept.grading.rule, kept.grading.measured, kept.cii, kept.grading.by, [one.kind for one in kept.deadlines])
    assert "IV → III" in (shown := run("incident", "show", number)[1])
    assert "III → I" in shown
    for wrong in ("portal_outage=much", "beauty=1", "portal_outage=nan", "portal_outage=-1"):
        assert 2 == run("incident", "grade", number, "--why", "x", "--metric", wrong, "--yes")[0]
    known = (datetime.now(UTC) - 2 * HOUR).isoformat()
    run("incident", "grade", number, "III", "--no-cii", "--why", "更早得知", "--known", known, "--yes")
    assert datetime.fromisoformat(known) + 4 * HOUR == casebook.one(desk.store, number).deadlines[0].due


def test_merge_and_unmerge(run: Run, desk: Desk) -> None:
    """A mild one goes under the grave one and comes back exact; the grave one's clock forbids the other way."""
    mild, grave = number_of(run, "health"), number_of(run, "fin")
    before = casebook.listed(desk.store)

    code, _out, err = run("incident", "merge", grave, mild, "--why", "同一条线路", "--yes")
    assert 4 == code
    assert "a merge stops no clock" in err
    assert 0 == run("incident", "merge", mild, grave, "--why", "同一条线路", "--yes")[0]
    assert "merged from" in (shown := run("incident", "show", grave)[1])
    assert mild in shown
    assert 0 == run("incident", "unmerge", mild, "--why", "查明是两条", "--yes")[0]
    assert before == casebook.listed(desk.store)


def test_recheck_and_close(run: Run, desk: Desk) -> None:
    """Refused while a finding stands; archived when it is mended; confirmed by --yes or by typing the number."""
    number = number_of(run, "health")
    argv = ("incident", "close", number, "--why", "复查无问题")

    code, out, _err = run("incident", "recheck", number)
    assert (1, True) == (code, "1 of 1 finding still stands" in out)
    code, _out, err = run(*argv, "--yes")
    assert (4, True) == (code, "these findings still stand: F-0001" in err)
    mended(desk, "F-0001")
    assert 0 == run("incident", "recheck", number)[0]
    assert 4 == run(*argv)[0]
    code, out, _err = run(*argv, "--yes")
    assert (0, f"{number} is now: archived") == (code, out.splitlines()[0])
    assert 4 == run(*argv, "--yes")[0]


@pytest.mark.parametrize(("typed", "code", "state"), [("", 4, "detected"), ("INC-0", 4, "detected"), (None, 0, "archived")])
def test_closing_is_confirmed_by_the_number(
    run: Run, desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str | None, code: int, state: str
) -> None:
    """On a terminal a person types it; anything else changes nothing."""
    number = number_of(run, "health")
    mended(desk, "F-0001")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_args, **_kwargs: number if typed is None else typed)

    assert code == run("incident", "close", number, "--why", "完")[0]
    assert state == casebook.one(desk.store, number).state


def test_a_grave_incident_owes_its_summary(run: Run, desk: Desk) -> None:
    """First report, mended, handled, summary within 30 days, archived; the journal verifies."""
    number = number_of(run, "fin")
    close = ("incident", "close", number, "--why", "处置完毕", "--yes")
    sent = ("--sent", "--document-no", "1号", "--channel", "12387", "--yes")
    mended(desk, "F-0002")

    assert "its clock C-4H runs" in run(*close)[2]
    run("incident", "report", number, "--kind", "first", *sent)
    assert "is now: handled" in run(*close)[1]
    assert "its clock C-30D runs" in run(*close)[2]
    run("incident", "report", number, "--kind", "final", *sent)
    assert "is now: archived" in run(*close)[1]
    assert 0 == journal.verify(desk.store).broken


def test_a_false_alarm_ends_at_once(run: Run, desk: Desk) -> None:
    """With its reason; the next triage does not open it again for what was seen before."""
    number = number_of(run, "fin")

    assert 0 == run("incident", "close", number, "--as", "false_alarm", "--why", "演练", "--yes")[0]
    assert 0 == triage.run(desk).facts["incidents opened"]


def test_the_checklist_is_run_by_people(run: Run) -> None:
    """Laid out when the incident opens; who did what and when; a step is left out for a reason only."""
    number = number_of(run, "health")

    assert 0 == run("incident", "task", number, "1", "--note", "已核对", "--yes")[0]
    assert 2 == run("incident", "task", number, "2", "skipped", "--yes")[0]
    assert 0 == run("incident", "task", number, "2", "skipped", "--note", "不适用", "--yes")[0]
    assert 2 == run("incident", "task", number, "11", "--yes")[0]
    rows = json.loads(run("incident", "task", number, "--json")[1])["items"]
    told = [(row["state"], row["by"], row["note"]) for row in rows]
    assert [("done", "王工", "已核对"), ("skipped", "王工", "不适用"), *[("open", "", "")] * 8] == told
    assert "Verify:" in run("incident", "task", number)[1]
    assert "核对：" in run("incident", "task", number, lang="zh")[1]
    run("incident", "task", number, "1", "open", "--yes")
    assert "1 of 10 steps" in run("incident", "show", number)[1]


def test_the_timeline_has_everything(run: Run, folder: Path, desk: Desk) -> None:
    """Findings, moves, reports, facts, papers and their answers, people and costs, each line with who."""
    number = number_of(run, "fin")
    sent = ("--sent", "--document-no", "1号", "--channel", "12387", "--receipt", "值班员", "--to", "省网信办", "--yes")
    for argv in (("report", number, "--kind", "first", *sent), ("reply", number, "--report", "3", "--kind", "receipt",
                 "--who", "省值班室", "--yes"), ("fact", number, "new_facts", "又一台", "--yes"),
                 ("note", number, "已电话通知", "--yes"),
                 ("person", number, "张三", "--role", "现场", "--yes"), ("cost", number, "线缆", "--amount", "1200", "--yes"),
                 ("move", number, "handled", "--why", "断开", "--yes"), ("ack", number, "--why", "在办", "--yes"),
                 ("notice", number, "--issue", "-o", str(folder / "n.json"), "--yes"),
                 ("reply", number, "--who", "赵某", "--note", "已断开", "--yes")):
        assert (0, argv[0]) == (run("incident", *argv)[0], argv[0])

    lines = json.loads(run("incident", "timeline", number, "--json", lang="zh")[1])["items"]
    assert sorted(lines, key=lambda line: line["at"]) == lines
    kinds = {line["kind"] for line in lines}
    assert {"whereabouts", "seen", "open", "checklist", "first",
            "report_receipt", "new_facts", "note", "participant", "cost", "state", "times",
            "ack", "draft", "issued", "reply"} == kinds
    first = next(line["text"] for line in lines if line["kind"] == "first")
    assert "#3  1号  省网信办  12387  值班员  停表：C-4H" == first
    stopped = {one.key: one.stopped is not None for one in casebook.one(desk.store, number).deadlines}
    assert {"C-4H": True, "L-NOTICE": True, "L-REPLY/9": True, "L-SUPP/5": False, "C-SUPP/5": False, "C-30D": False} == stopped
    (fact,) = [one for one in known._incidents(desk) if one.notice_issued]
    due = next(one.due for one in casebook.one(desk.store, number).deadlines if one.kind == "L-REPLY")
    assert (due, True) == (fact.answer_due, fact.answered_at is not None)


def test_an_incident_is_in_hand_until_its_cause_clears(run: Run, desk: Desk) -> None:
    """The round ends it by itself; the clocks run on all the while."""
    number = number_of(run, "health")
    assert 0 == run("incident", "ack", number, "--why", "在查", "--yes")[0]
    assert 4 == run("incident", "ack", number, "--why", "在查", "--yes")[0]
    triage.run(desk)
    assert "王工" == casebook.one(desk.store, number).acknowledged_by
    mended(desk, "F-0001")
    triage.run(desk)
    kept = casebook.one(desk.store, number)
    assert ("", ["L-NOTICE"]) == (kept.acknowledged_by, [one.kind for one in kept.deadlines])


def test_times_are_mended_with_a_reason(run: Run, desk: Desk) -> None:
    """Clocks are reckoned again; a time that lies ahead is refused, and none at all."""
    number = number_of(run, "fin")
    known = (datetime.now(UTC) - 2 * HOUR).replace(microsecond=0)

    assert 0 == run("incident", "times", number, "--known", known.isoformat(), "--why", "更正", "--yes")[0]
    assert known + 4 * HOUR == casebook.one(desk.store, number).deadlines[0].due
    ahead = (datetime.now(UTC) + HOUR).isoformat()
    assert 2 == run("incident", "times", number, "--contained", ahead, "--why", "更正", "--yes")[0]
    assert 2 == run("incident", "times", number, "--why", "更正", "--yes")[0]


def test_an_overdue_clock_is_loud(run: Run, desk: Desk) -> None:
    """In status and list, in red words, until the act is recorded."""
    number = number_of(run, "fin")
    early = (datetime.now(UTC) - 9 * HOUR).isoformat()
    run("incident", "times", number, "--known", early, "--why", "更早得知", "--yes")

    assert f"OVERDUE: {number} C-4H" in run("status")[1]
    assert "C-4H overdue by 5 h 0 min" in run("incident", "list")[1]
    assert f"已超期：{number} C-4H" in run("status", lang="zh")[1]
    run("incident", "report", number, "--kind", "first", "--sent", "--document-no", "1号", "--channel", "12387", "--yes")
    assert "OVERDUE" not in run("status")[1]


def test_closing_after_a_request_needs_a_clean_recheck(run: Run, folder: Path, desk: Desk) -> None:
    """Unclean ones are counted; the same questions are written down with each; a dry run writes nothing."""
    number = number_of(run, "health")
    close = ("incident", "close", number, "--why", "整改完毕", "--yes")
    request = ("incident", "rectify", number, "--instrument", "rectification_request", "--issue")
    assert 0 == run(*request, "-o", str(folder / "r.json"), "--yes")[0]
    assert 1 == run("incident", "recheck", number)[0]
    mended(desk, "F-0001")
    assert "no recheck since then was clean" in run(*close)[2]
    assert 0 == run("incident", "recheck", number, "--dry-run")[0]
    assert 4 == run(*close)[0]
    assert 0 == run("incident", "recheck", number)[0]

    one = json.loads(run("incident", "show", number, "--json")[1])["items"][0]
    last = [event for event in one["events"] if event["kind"] == "recheck"][-1]
    assert ({"clean": 1, "unclean": 1}, ["in_if = 1"]) == (one["rechecks"], [asked["query"] for asked in last["detail"]["asked"]])
    assert "is now: archived" in run(*close)[1]


def test_a_repeat_is_counted(run: Run, desk: Desk) -> None:
    """The same organization and cause again; a false alarm does not count."""
    first = number_of(run, "health")
    mended(desk, "F-0001")
    run("incident", "close", first, "--why", "完", "--yes")
    again = conclude(desk, "rogue_exit_router", "health", "r-other")
    run("incident", "open", again, "--why", "又来", "--yes")
    number = next(one.number for one in casebook.listed(desk.store, open_only=True) if one.organization == "health")

    assert [first] == json.loads(run("incident", "show", number, "--json")[1])["items"][0]["repeats"]
    assert "1 earlier incident of this organization and cause" in run("incident", "show", number)[1]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_evidence_is_attached_listed_exported_and_verified(run: Run, folder: Path, desk: Desk, lang: str) -> None:
    """With who collected it and how; the bundle goes into its file; a changed byte is named."""
    number, path = number_of(run, "health"), folder / "配置.txt"
    path.write_text("interface ge0", encoding="utf-8")
    attach = ("incident", "attach", number, str(path), "--source", "r-health", "--query", "display current-configuration")

    assert 4 == run(*attach)[0]
    assert 0 == run(*attach, "--yes", lang=lang)[0]
    assert 2 == run("incident", "attach", number, str(folder / "none"), "--yes")[0]
    listed = json.loads(run("incident", "evidence", "list", number, "--json")[1])["items"]
    assert {"attachment", "flow", "ledger"} == {one["kind"] for one in listed}
    assert "display current-configuration" in {one["query"] for one in listed}
    assert "SM3" in run("incident", "evidence", "list", number, lang=lang)[1]
    code, out, _err = run("incident", "evidence", "export", number, "-o", str(folder / "b.zip"), lang=lang)
    assert (0, True, b"PK") == (code, "python3 verify.py b.zip" in out, (folder / "b.zip").read_bytes()[:2])
    assert 2 == run("incident", "evidence", "export", number)[0]
    assert 0 == run("incident", "evidence", "verify", lang=lang)[0]
    with desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE evidence SET source = 'r-nobody' WHERE kind = 'flow'")
    code, out, _err = run("incident", "evidence", "verify", lang=lang)
    changed = {"en": "its evidence was changed", "zh": "它的证据被改动"}[lang]
    assert (1, True) == (code, changed in out)
    code, out, _err = run("journal", "verify", lang=lang)
    assert (1, True) == (code, changed in out)


# ---- playbooks
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_playbooks_are_listed_and_shown(run: Run, lang: str) -> None:
    """By name or by the kind of finding; steps numbered."""
    assert "rogue-exit" in run("playbook", "list", lang=lang)[1]
    code, out, _err = run("playbook", "show", "rogue_exit_router", lang=lang)

    assert 0 == code
    assert {"en": "Unauthorized internet exit", "zh": "擅自开设互联网出口"}[lang] in out
    assert {"en": "10 Summary", "zh": "10 总结"}[lang] in out
    assert 10 == len(json.loads(run("playbook", "show", "rogue-exit", "--json")[1])["items"][0]["steps"])
    assert 2 == run("playbook", "show", "ballad", lang=lang)[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_check_reads_every_file(run: Run, folder: Path, lang: str) -> None:
    """Exit code 0 as shipped; a wording with an unknown field is named with its line, the others still read."""
    import shutil

    from tests.incidents.cases import PLAYBOOKS

    assert 0 == run("playbook", "check", lang=lang)[0]
    shutil.copytree(PLAYBOOKS, folder / "own")
    config = folder / "config.toml"
    config.write_text(config.read_text("utf-8") + '[playbooks]\npath = "own"\n', encoding="utf-8")
    wording = folder / "own" / "notices" / "notice.toml"
    text = wording.read_text("utf-8").replace("本通报依据{cited}作出", "本通报依据{law}作出")
    wording.write_text(text, encoding="utf-8")
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "{law}" in one)

    code, out, _err = run("playbook", "check", "--json", lang=lang)
    faults = {one["file"]: one["faults"] for one in json.loads(out)["items"] if one["faults"]}
    assert (1, ["notices/notice.toml"]) == (code, list(faults))
    said = {"en": "unknown field {law}", "zh": "不认识字段 {law}"}[lang]
    assert f"notices/notice.toml:{line}: blocks.text: {said}" in faults["notices/notice.toml"][0]
