"""The command line: light to start, bilingual, clear when it refuses, machine-readable everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netops.cli import NOUNS, main
from netops.cli.printing import Output

HEAVY = ("sqlalchemy", "alembic", "pysnmp", "gufo", "scapy", "numpy", "networkx", "netaddr", "starlette", "uvicorn",
         "prometheus_client", "typst", "docx", "apscheduler", "rich.table")


def run(*argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """netops in a process of its own, as a person starts it, without this machine's settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NETOPS_")}
    return subprocess.run([sys.executable, "-m", "netops", *argv], capture_output=True, text=True, cwd=cwd,
                          env=environment | {"COLUMNS": "100"}, timeout=120)


def test_help_is_light() -> None:
    """`netops --help` imports nothing heavy; how long it takes is measured by benchmarks.startup."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys; from netops.cli import main; main(['--help']); print(sorted(sys.modules))"],
        capture_output=True, text=True, check=True).stdout
    assert [] == [name for name in HEAVY if f"'{name}'" in loaded]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_noun_explains_itself(noun: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help in both languages, no line wider than the terminal in cells."""
    from rich.cells import cell_len

    assert 0 == main([noun, "--help", "--lang", language])

    text = capsys.readouterr().out
    assert ("用法" if language == "zh" else "Usage") in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def test_an_unknown_noun_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and a suggestion."""
    assert 2 == main(["--lang", "en", "topolgy"])
    assert "topology" in capsys.readouterr().err


def test_global_options_stand_before_and_after_the_verb(tmp_path: Path) -> None:
    """The same answer either way."""
    store = f"sqlite:///{tmp_path / 'a.db'}"

    before = run("--store", store, "--json", "finding", "list", cwd=tmp_path)
    after = run("finding", "list", "--json", "--store", store, cwd=tmp_path)

    assert (0, 0) == (before.returncode, after.returncode), before.stderr + after.stderr
    assert {"kind", "at", "plane", "items", "unseen"} == set(json.loads(before.stdout)) == set(json.loads(after.stdout))


def test_errors_say_what_why_and_mend_as_json_too(tmp_path: Path) -> None:
    """On stderr; nothing on stdout."""
    answer = run("-c", str(tmp_path / "none.toml"), "status", "--json", cwd=tmp_path)

    assert (2, "") == (answer.returncode, answer.stdout)
    assert {"what", "why", "mend"} == set(json.loads(answer.stderr)["error"])


@pytest.mark.parametrize(("language", "label"), [("zh", "错误"), ("en", "error")])
def test_errors_speak_the_language_asked_for(tmp_path: Path, language: str, label: str) -> None:
    """Both catalogues."""
    answer = run("-c", "none.toml", "status", "--lang", language, cwd=tmp_path)

    assert answer.stderr.startswith(label)


def test_a_store_that_cannot_be_reached_is_said_clearly(tmp_path: Path) -> None:
    """No traceback, exit code 2, and the address without its password."""
    answer = run("--store", "postgresql://u:secret@127.0.0.1:9/x", "--lang", "en", "finding", "list", cwd=tmp_path)

    assert 2 == answer.returncode
    assert "did not answer" in answer.stderr
    assert "secret" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_store_of_a_newer_netops_is_refused(tmp_path: Path) -> None:
    """Exit code 4; the store is not touched."""
    import sqlite3

    store = tmp_path / "a.db"
    assert 0 == run("--store", f"sqlite:///{store}", "finding", "list", cwd=tmp_path).returncode
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    answer = run("--store", f"sqlite:///{store}", "--lang", "en", "finding", "list", cwd=tmp_path)

    assert 4 == answer.returncode
    assert "newer" in answer.stderr


def test_a_file_that_is_no_store_is_said_clearly(tmp_path: Path) -> None:
    """A wrong path is a sentence, not a traceback."""
    (tmp_path / "a.db").write_bytes(os.urandom(4096))

    answer = run("--store", f"sqlite:///{tmp_path / 'a.db'}", "--lang", "en", "finding", "list", cwd=tmp_path)

    assert 2 == answer.returncode
    assert "not a database" in answer.stderr
    assert (tmp_path / "a.db").stat().st_size == 4096


def test_completion_knows_the_nouns(tmp_path: Path) -> None:
    """The script that bash calls lists them."""
    environment = os.environ | {"_NETOPS_COMPLETE": "bash_complete", "COMP_WORDS": "netops top", "COMP_CWORD": "1"}
    answer = subprocess.run([sys.executable, "-m", "netops"], capture_output=True, text=True, env=environment, cwd=tmp_path)

    assert "plain,topology" in answer.stdout


def test_csv_never_holds_a_formula() -> None:
    """A cell from outside that a spreadsheet would run is quoted; an empty one stays empty."""
    from netops.cli.printing import Column, _csv

    row = {"a": "=cmd()", "b": "-3.5", "c": "+x", "d": ""}
    text = _csv([row], [Column(key, lambda row, key=key: row[key]) for key in "abcd"])

    assert "a,b,c,d\r\n'=cmd(),-3.5,'+x,\r\n" == text


def test_a_terminal_is_never_driven_by_what_was_read() -> None:
    """Escapes in a device's name are shown, not obeyed."""
    from netops.cli.printing import shown

    assert r"\x1b[31mred\x07" == shown("\x1b[31mred\x07")


def test_a_question_asked_anywhere_leaves_no_store_there(tmp_path: Path) -> None:
    """Without configuration and store there is nothing to ask; exit code 2, and the folder stays empty."""
    answer = run("--lang", "en", "status", cwd=tmp_path)

    assert 2 == answer.returncode
    assert "netops init" in answer.stderr
    assert [] == list(tmp_path.iterdir())


def test_what_was_never_walked_is_not_called_in_order(tmp_path: Path) -> None:
    """A fresh register: exit code 3, and no sign of good."""
    assert 0 == run("init", "city", cwd=tmp_path).returncode
    assert 0 == run("-c", "city/config.toml", "inventory", "apply", "--yes", cwd=tmp_path).returncode

    answer = run("-c", "city/config.toml", "--lang", "en", "status", cwd=tmp_path)

    assert 3 == answer.returncode
    assert "not walked yet" in answer.stdout
    assert "✓" not in answer.stdout
    for question in (("topology", "check"), ("topology", "check", "--isolation")):
        answer = run("-c", "city/config.toml", "--lang", "en", *question, cwd=tmp_path)
        assert 3 == answer.returncode, question
        assert "✓" not in answer.stdout


def test_an_answer_goes_whole_into_its_file_or_the_older_one_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there is said before the work, in both languages; a command that fails leaves what was there."""
    store, kept = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "kept.json"
    ask = ("--store", store, "--no-input", "-o")

    for language, why in (("en", "there is no folder"), ("zh", "没有文件夹")):
        assert 2 == main(["finding", "list", *ask, str(tmp_path / "none" / "a.json"), "--lang", language])
        assert f"{why} {tmp_path / 'none'}" in capsys.readouterr().err
    assert not (tmp_path / "a.db").exists()
    assert 0 == main(["finding", "list", "--json", *ask, str(kept)])
    assert "finding" == json.loads(kept.read_bytes())["kind"]
    before = kept.read_bytes()
    assert 2 == main(["finding", "show", "F-9", *ask, str(kept)])
    assert (before, []) == (kept.read_bytes(), list(tmp_path.glob(".*")))


def test_an_answer_in_several_pieces_is_all_in_its_file(tmp_path: Path) -> None:
    """Lines after lines, as decoding a large capture writes them."""
    out = Output(file=tmp_path / "a.jsonl")

    with out.answering():
        out.lines(["1", "2"])
        assert not (tmp_path / "a.jsonl").exists()
        out.lines(["3"])

    assert "1\n2\n3\n" == (tmp_path / "a.jsonl").read_text()
