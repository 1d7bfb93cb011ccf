"""Papers: the statement, the reply to every decision, the ledger; what was issued stays as it was; both languages."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

sys.path.insert(0, str(Path(__file__).parent))
from sheets import BOXES, DEVICES, book
from test_import import city

from netops.cli import main
from netops.config import share

__all__ = ["city"]
NUMBER = "DECL-2026-0001"


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """On SQLite: what papers read is tested on both engines elsewhere."""
    return f"sqlite:///{tmp_path / 'netops.db'}"


def declare(*argv: str) -> int:
    return main(["declare", *argv, "--yes", "-q"])


def text_of(path: Path) -> str:
    if path.suffix == ".xlsx":
        return "\n".join(
            str(cell)
            for page in load_workbook(path)
            for line in page.iter_rows(values_only=True)
            for cell in line
        )
    with zipfile.ZipFile(path) as archive:
        return archive.read("word/document.xml").decode()


def content(path: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(path.read_text("utf-8"))
    return told


@pytest.fixture
def filed(city: Path) -> Path:
    """One declaration, handed in to an office that numbers its documents."""
    config = city / "config.toml"
    config.write_text(config.read_text("utf-8").replace("[city]", '[city]\ndocument_mark = "云信"'), "utf-8")
    (city / "a.xlsx").write_bytes(book(("说明", BOXES, ()), ("设备", DEVICES, ())))
    assert 0 == declare("submit", "a.xlsx")
    return city


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        ([("return", "材料不全")], "关于退回市财政局接入说明的通知"),
        ([("approve", "")], "关于市财政局接入政务外网的批复"),
        ([("approve", ""), ("suspend", "超出申报")], "关于暂停市财政局接入政务外网的通知"),
        ([("withdraw", "机构撤并")], "关于注销市财政局接入说明的通知"),
    ],
)
def test_every_decision_has_its_reply(
    filed: Path, capsys: pytest.CaptureFixture[str], steps: list[tuple[str, str]], title: str
) -> None:
    """
    With its reason, by the wording of its state; a declaration that nobody decided has none. It is a document like others:
    it takes the next number, stays as it was, and a draft that no longer fits is not issued.
    """
    assert 4 == declare("print", NUMBER, "--paper", "reply", "-o", "none.docx")
    for verb, why in steps:
        assert 0 == declare(verb, NUMBER, *(("--why", why) if why else ()))
    assert 0 == declare("print", NUMBER, "--paper", "reply", "-o", "a.json")
    kept = content(filed / "a.json")
    paper = kept["paper"]
    assert isinstance(paper, dict)
    assert (title, "", "市财政局", "信息中心") == (paper["title"], paper.get("number", ""), paper["to"], paper["organ"])
    assert steps[-1][1] in json.dumps(paper, ensure_ascii=False)
    draft = str(kept["id"])
    assert 0 == main(["document", "issue", draft, "--yes", "-q", "-o", "b.json"])
    issued = content(filed / "b.json")["paper"]
    assert isinstance(issued, dict)
    assert "云信〔2026〕1号" == issued["number"]
    assert 0 == main(["document", "verify"])
    if steps == [("approve", "")]:
        assert 0 == declare("suspend", NUMBER, "--why", "整改")
        assert 0 == main(["document", "print", draft, "-o", "c.json"])
        assert content(filed / "b.json") == content(filed / "c.json")
        assert 0 == declare("print", NUMBER, "--paper", "reply", "-o", "d.json")
        declare("withdraw", NUMBER, "--why", "撤并")
        capsys.readouterr()
        assert 4 == main(["document", "issue", str(content(filed / "d.json")["id"]), "--yes"])
        assert "已注销" in capsys.readouterr().err


def test_the_office_words_its_replies_itself(filed: Path) -> None:
    """Another text in a file of the playbooks, and the next reply says it; no code is touched."""
    shutil.copytree(share("playbooks"), filed / "playbooks")
    wording = filed / "playbooks" / "notices" / "access_return.toml"
    wording.write_text(wording.read_text("utf-8").replace("请补正后用原编号", "请于五日内补正，用原编号"), "utf-8")
    config = filed / "config.toml"
    config.write_text(config.read_text("utf-8") + '[playbooks]\npath = "playbooks"\n', "utf-8")
    declare("return", NUMBER, "--why", "材料不全")
    assert 0 == declare("print", NUMBER, "--paper", "reply", "-o", "a.docx")
    assert "请于五日内补正" in text_of(filed / "a.docx")


def test_the_signed_paper_is_kept_with_its_declaration(filed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its hash, read-only, listed with the others for the backup; a program is refused; what is taken off is written down."""
    (filed / "signed.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n%%EOF\n")
    (filed / "run.pdf").write_bytes(b"\x7fELF" + bytes(range(256)))
    assert 4 == declare("attach", NUMBER, "run.pdf")
    assert 0 == declare("attach", NUMBER, "signed.pdf")
    capsys.readouterr()
    main(["declare", "show", NUMBER, "--json"])
    [one] = json.loads(capsys.readouterr().out)["items"][0]["attachments"]
    assert ("signed.pdf", NUMBER) == (one["name"], one["number"])
    main(["register", "files", "--check", "--json"])
    [kept] = json.loads(capsys.readouterr().out)["items"]
    assert (NUMBER, "", 0o440) == (kept["number"], kept["damage"], Path(kept["path"]).stat().st_mode & 0o777)
    assert 0 == declare("detach", NUMBER, one["sha256"][:10], "--why", "重签")
    capsys.readouterr()
    main(["journal", "log", "--json"])
    told = capsys.readouterr().out
    assert "declare attach" in told
    assert "declare detach" in told


def test_papers_are_written_in_every_form_and_both_languages(filed: Path) -> None:
    """The statement, the reply and the ledger say what was declared, as DOCX, XLSX and JSON; a form that is none is refused."""
    declare("approve", NUMBER)
    for lang, said in (
        ("zh", ("政务外网接入书面说明", "关于市财政局接入政务外网的批复", "接入单位台账")),
        ("en", ("Declaration of access", "Reply on the access of", "Ledger of")),
    ):
        for paper, words in zip(("statement", "reply", "ledger"), said, strict=True):
            for suffix in ("docx", "xlsx", "json"):
                path = filed / f"{paper}-{lang}.{suffix}"
                assert 0 == declare(
                    "print",
                    *(() if paper == "ledger" else (NUMBER,)),
                    "--paper",
                    paper,
                    "-o",
                    str(path),
                    "--lang",
                    lang,
                )
                if suffix == "docx":
                    assert words in text_of(path)
                if suffix != "json":
                    assert "预算管理一体化系统" in text_of(path)
    lines = content(filed / "ledger-zh.json")["groups"]
    assert {"信息中心": (25, 20, 3, 2)} == {
        name: (one["terminals"], one["wired"], one["wireless"], one["servers"])
        for name, [one] in dict(lines).items()  # type: ignore[call-overload]
    }
    assert 2 == declare("print", NUMBER, "-o", "a.odt")
    assert 2 == declare("print", "--paper", "reply", "-o", "a.docx")
