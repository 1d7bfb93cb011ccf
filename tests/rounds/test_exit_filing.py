"""Filing an exit: the record with its files, and the filing in exits.toml; what Article 12 excepts is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from netops.cli import main
from netops.config import share
from netops.core import journal
from netops.core.store import Store

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A place with the example register in force, and the two schemes as files."""
    shutil.copytree(share("inventory"), tmp_path / "inventory")
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///netops.db"\n', "utf-8")
    for name in ("技术方案.pdf", "安全方案.pdf"):
        (tmp_path / name).write_bytes(PDF + name.encode())
    monkeypatch.chdir(tmp_path)
    assert 0 == netops("inventory", "apply")
    capsys.readouterr()
    return tmp_path


def netops(*words: str) -> int:
    """One command, its plan agreed to."""
    return main(["--lang", "en", "--json", "--yes", *words])


FILE = (
    "exit", "file", "edu-separate", "--number", "云信备〔2026〕9号", "--line", "CN2-77", "--on", "2026-11-02",
    "--until", "2027-11-01",
)  # fmt: skip


def test_a_filing_is_a_record_with_its_files_and_a_change_of_the_register(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the register of schemes, attached by hash; exits.toml has number and term, and nothing else of it changed."""
    path = here / "inventory" / "extranet" / "exits.toml"
    before = path.read_text("utf-8")

    assert 0 == netops(*FILE, "--technical", "技术方案.pdf", "--security", "安全方案.pdf", "--reason", "教育专网业务")
    made = json.loads(capsys.readouterr().out)["items"][0]
    after = path.read_text("utf-8")

    assert ("edu", "CN2-77", "2026-11-02", "技术方案.pdf") == tuple(
        made["record"]["values"][name] for name in ("organization", "line_no", "submitted_on", "technical")
    )
    expected = before.replace("云信备〔2026〕2号", "云信备〔2026〕9号").replace("2026-03-18", "2026-11-02")
    assert expected.replace('"2027-03-17"', '"2027-11-01"') == after
    assert 2 == len([one for one in (here / "attachments").rglob("*") if one.is_file()])
    assert 0 == netops("inventory", "apply")
    capsys.readouterr()
    assert 0 == netops("exit", "show", "edu-separate")
    assert "云信备〔2026〕9号" == json.loads(capsys.readouterr().out)["items"][0]["exit"]["filing"]
    store = Store(f"sqlite:///{here / 'netops.db'}")
    assert 0 == journal.verify(store).broken
    store.close()


def test_filing_again_changes_the_same_record(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A renewal is a new version, not a second record."""
    assert 0 == netops(*FILE)
    first = json.loads(capsys.readouterr().out)["items"][0]["record"]
    assert 0 == netops(*FILE[:-1], "2028-11-01", "--place", "教育局机房")
    second = json.loads(capsys.readouterr().out)["items"][0]["record"]

    assert (first["number"], first["version"] + 1) == (second["number"], second["version"])


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("exit", "file", "shared", *FILE[3:]), 4, "Article 12 asks a scheme of separate access only"),
        (("exit", "file", "none", *FILE[3:]), 2, "there is no exit none"),
        ((*FILE[:-1], "2026-1-1"), 2, "2026-1-1 is not a date"),
        ((*FILE[:-1], "2026-01-01"), 2, "2026-01-01 is before 2026-11-02"),
        ((*FILE, "--technical", "none.pdf"), 2, "none.pdf was not attached"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, why: str
) -> None:
    """The reason is told, exits.toml stays, and no record is entered."""
    before = (here / "inventory" / "extranet" / "exits.toml").read_bytes()

    assert code == netops(*words)
    assert why in capsys.readouterr().err
    assert before == (here / "inventory" / "extranet" / "exits.toml").read_bytes()
    netops("register", "list", "schemes")
    assert [] == json.loads(capsys.readouterr().out)["items"]
