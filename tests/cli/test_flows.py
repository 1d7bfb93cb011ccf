"""`netops egress query`, `report`, `explain` and `archive` as people and programs call them, in both languages."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "rounds"))
from flow_city import ROGUE, SHARED, desk_of, record

from netops.cli import main
from netops.core.clock import CITY_ZONE, now, rfc3339
from netops.core.store import Store

MOMENT = now() - timedelta(seconds=2)
"""When the flows came; not so near to the beginning of an hour that the window of a test begins in the one before."""
if MOMENT.minute == 0 and MOMENT.second < 10:
    MOMENT -= timedelta(seconds=15)
CONFIG = """
[planes.extranet]
nets = ["10.20.0.0/16"]
[planes.intranet]
nets = ["10.10.0.0/16"]
[store]
url = "sqlite:///netops.db"
[flows]
archive = "flows"
reserve_gib = 0.0
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration with flows of the last minute in its archive."""
    (tmp_path / "config.toml").write_text(CONFIG)
    store = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    store.prepare()
    desk, clock = desk_of(store, tmp_path)
    clock.now = MOMENT
    record(desk, SHARED, ROGUE, ROGUE | {"src": "2001:db8:99::1"}, listen=timedelta(hours=1))
    store.close()
    return str(tmp_path / "config.toml")


def test_a_question_as_json(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with items and what was not seen; 3 when part of the window was not covered."""
    assert 3 == main(["-c", config, "egress", "query", "verdict unfiled_exit", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert ("flow", 2) == (answer["kind"], len(answer["items"]))
    assert {"flows": 2, "bytes": 1000} == {name: answer["totals"][name] for name in ("flows", "bytes")}
    assert answer["unseen"]
    assert 1 == answer["judged"]["register"]
    window = ["--from", rfc3339(MOMENT - timedelta(seconds=9)), "--to", rfc3339(MOMENT)]
    assert 0 == main(["-c", config, "egress", "query", "any", *window, "--json"])
    assert [] == json.loads(capsys.readouterr().out)["unseen"]


def test_a_question_as_table_and_csv(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Groups, in Chinese and English; CSV has every field under its own name."""
    assert 3 == main(["-c", config, "egress", "query", "--by", "verdict,organization", "--lang", "en"])
    assert "unfiled exit" in capsys.readouterr().out.replace("_", " ")
    assert 3 == main(["-c", config, "egress", "query", "--by", "src", "--csv", "--lang", "en"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {("203.0.113.80", "2"), ("2001:db8:99::1", "1")} == {(one["src"], one["flows"]) for one in rows}


def test_a_fault_is_pointed_at(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line, a caret below its place, why and mend; exit code 2."""
    assert 2 == main(["-c", config, "egress", "query", "proto tcp and prot 80", "--lang", "en"])
    lines = capsys.readouterr().err.splitlines()

    [caret] = [line for line in lines if line.strip() == "^"]
    [shown] = [line for line in lines if line.strip() == "proto tcp and prot 80"]
    assert "prot 80" == shown[caret.index("^") :]
    assert any("'proto'" in line for line in lines)


def test_a_flow_is_explained(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the name that a question gave, with the rule that it falls under."""
    main(["-c", config, "egress", "query", "verdict unfiled_exit", "--json"])
    name = json.loads(capsys.readouterr().out)["items"][0]["id"]

    assert 0 == main(["-c", config, "egress", "explain", name, "--lang", "en"])
    text = capsys.readouterr().out
    assert "EG-101" in text
    assert "ge9" in text
    assert 2 == main(["-c", config, "egress", "explain", "FL-1-00000000"])


def test_a_month_is_reported(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON and in both languages; 3, for the month was not seen from its beginning."""
    month = MOMENT.astimezone(CITY_ZONE).strftime("%Y-%m")
    assert 3 == main(["-c", config, "egress", "report", "--organization", "fin", "--month", month, "--json"])
    [body] = json.loads(capsys.readouterr().out)["items"]
    assert [("unfiled_exit", 2)] == [(one["verdict"], one["flows"]) for one in body["exits"]]
    for language in ("zh", "en"):
        assert 3 == main(
            ["-c", config, "egress", "report", "--organization", "fin", "--month", month, "--lang", language]
        )
        assert "203.0.0.0/16" in capsys.readouterr().out


def test_the_archive_is_shown_compacted_and_checked(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Compaction shows its plan first, and --dry-run stops there."""
    assert 0 == main(["-c", config, "egress", "archive"])
    assert 0 == main(["-c", config, "egress", "archive", "compact", "--dry-run", "--lang", "en"])
    assert "1 file is to be put together" in capsys.readouterr().err
    assert 4 == main(["-c", config, "egress", "archive", "compact", "--no-input"])
    assert 0 == main(["-c", config, "egress", "archive", "compact", "--yes", "--json"])
    capsys.readouterr()
    assert 0 == main(["-c", config, "egress", "archive", "check"])
    capsys.readouterr()
    assert 0 == main(["-c", config, "egress", "archive", "show", "--json"])
    [state] = json.loads(capsys.readouterr().out)["items"]
    assert {"kept", "rollup"} == {one["kind"] for one in state["kinds"]}
