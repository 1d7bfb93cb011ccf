"""`netops declare`: from the empty form to the connection, and what stops on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import inspect

import netops.tables  # noqa: F401 - every table into the metadata
from netops.cli import main
from netops.core.store import Store, metadata


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One organization in force."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "organizations.toml").write_text(
        '[[organizations]]\ncode = "fin"\nname_zh = "市财政局"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    store = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    store.prepare()
    if "declarations" not in inspect(store.engine).get_table_names():
        metadata.create_all(store.engine)
    store.close()
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


def fill(path: Path, **values: str) -> None:
    lines = path.read_text("utf-8").splitlines()
    for key, value in values.items():
        place = next(n for n, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[place] = f"{key} = {value}"
    path.write_text("\n".join(lines), "utf-8")


def test_from_the_form_to_the_connection(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Empty: 1 with every remark; filled: submitted, reviewed, approved, connected."""
    form = city / "f.toml"
    assert 0 == main(["declare", "new", str(form), "--organization", "fin"])
    assert 4 == main(["declare", "new", str(form)])
    assert 1 == main(["declare", "check", str(form), "--lang", "en"])
    shown = capsys.readouterr().out
    assert all(code in shown for code in ("DC-001", "DC-002", "DC-003", "DC-004"))

    fill(
        form,
        nature='"办公网"',
        scope='"公文交换"',
        terminals="5",
        name='"sw-fin"',
        contact='"张工"',
        date='"2026-01-05"',
    )
    assert 0 == main(["declare", "check", str(form)])
    assert 0 == main(["declare", "submit", str(form), "--yes"])
    capsys.readouterr()
    assert 0 == main(["declare", "list", "--json"])
    [one] = json.loads(capsys.readouterr().out)["items"]
    for verb in ("review", "approve", "connect"):
        assert 0 == main(["declare", verb, one["number"], "--yes"])
    assert 4 == main(["declare", "return", one["number"], "--why", "x", "--yes"])
    capsys.readouterr()
    assert 0 == main(["declare", "show", one["number"], "--json"])
    [shown_one] = json.loads(capsys.readouterr().out)["items"]
    assert ("connected", ["submitted", "approved", "connected"]) == (
        shown_one["state"],
        [step["state"] for step in shown_one["steps"]],
    )

    change = city / "g.toml"
    assert 0 == main(["declare", "new", str(change), "--change", one["number"]])
    fill(change, terminals="9")
    assert 0 == main(["declare", "submit", str(change), "--yes"])
    capsys.readouterr()
    assert 0 == main(["declare", "list", "--json"])
    assert [(1, "connected", 5), (2, "submitted", 9)] == [
        (item["version"], item["state"], item["terminals"])
        for item in json.loads(capsys.readouterr().out)["items"]
    ]


def test_an_incomplete_declaration_is_not_approved(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be handed in, as paper can; approval is refused with the codes."""
    form = city / "f.toml"
    main(["declare", "new", str(form), "--organization", "fin"])
    assert 0 == main(["declare", "submit", str(form), "--yes"])
    capsys.readouterr()
    main(["declare", "list", "--json"])
    number = json.loads(capsys.readouterr().out)["items"][0]["number"]

    assert 1 == main(["declare", "review", number])
    assert 4 == main(["declare", "approve", number, "--yes", "--lang", "en"])
    assert "DC-001" in capsys.readouterr().err
    assert 0 == main(["declare", "return", number, "--why", "不完整", "--yes"])


def test_what_is_not_there_is_said(city: Path) -> None:
    """An unknown number, an unknown state, a form that is no form: exit code 2."""
    (city / "bad.toml").write_text("[declaration", "utf-8")
    for argv in (
        ["show", "D-9"],
        ["approve", "D-9", "--yes"],
        ["list", "--state", "married"],
        ["check", "bad.toml"],
        ["submit", "missing.toml"],
        ["new", "f.toml", "--change", "D-9"],
    ):
        assert 2 == main(["declare", *argv]), argv
