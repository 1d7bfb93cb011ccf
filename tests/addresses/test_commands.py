"""`netops pool` and `netops ip`: the plan first, then exactly that; what they print, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import inspect

import netops.tables  # noqa: F401 - every table into the metadata
from netops.cli import main
from netops.core.store import Store, metadata

REGISTER = {
    "organizations.toml": '[[organizations]]\ncode = "fin"\nname_zh = "市财政局"\nname_en = "Finance Bureau"\n',
    "extranet/prefixes.toml": '[[prefixes]]\nprefix = "10.20.11.0/24"\nrole = "pool"\norganization = "fin"\n',
    "extranet/declarations.toml": '[[declarations]]\nnumber = "D-1"\norganization = "fin"\nnature = "办公网"\nscope = "公文"\n'
    'terminals = 500\nallocated = ["10.20.11.1-10.20.11.63"]\n',
}


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration, a register in force and an open store."""
    for name, text in REGISTER.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "config.toml").write_text('[planes.extranet]\nnets = ["10.20.0.0/16"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    store = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    store.prepare()
    if "pools" not in inspect(store.engine).get_table_names():
        metadata.create_all(store.engine)
    store.close()
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> list[dict[str, object]]:
    capsys.readouterr()
    assert code == main([*argv, "--json"])
    items: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
    return items


ASKED = ("ip", "allocate", "--pool", "10.20.11.0/24", "--declaration", "D-1")


def test_the_plan_comes_first_and_dry_run_stops_there(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is taken by --dry-run, nor without an answer."""
    assert 0 == main([*ASKED, "--count", "2", "--dry-run", "--lang", "en"])
    assert "10.20.11.64/31" in capsys.readouterr().err
    assert 4 == main([*ASKED, "--no-input"])
    assert 1 == len(answer(capsys, "ip", "list"))


def test_allocate_gives_json_and_a_key_gives_it_again(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The contract's object, the organization of the declaration, and nothing new for the same key."""
    first = answer(capsys, *ASKED, "--count", "2", "--key", "form-7", "--yes")
    again = answer(capsys, *ASKED, "--count", "2", "--key", "form-7", "--yes")

    assert first == again
    assert [("10.20.11.64", "10.20.11.65", "fin", "D-1", "active")] == [
        tuple(one[key] for key in ("first", "last", "organization", "declaration", "state")) for one in first
    ]


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        (("--prefixlen", "25"), 0, ""),
        (("--prefixlen", "24"), 4, "no free run holds /24"),
        (("--address", "10.20.11.7"), 4, "AL-0001"),
        (("--address", "nonsense"), 2, "not an address"),
        (("--count", "0"), 2, ""),
        (("--reserve-until", "soon"), 2, "not a date"),
    ],
)
def test_what_cannot_be_given_is_refused(
    city: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], code: int, why: str
) -> None:
    """Exit code 4 when the pool cannot, 2 when the question is wrong; the reason is in the message."""
    assert code == main([*ASKED, *more, "--yes", "--lang", "en"])
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pool", "declaration", "code"), [("10.99.0.0/24", "D-1", 2), ("10.20.11.0/24", "D-9", 2)]
)
def test_pool_and_declaration_must_be_there(city: Path, pool: str, declaration: str, code: int) -> None:
    """Neither is made up."""
    assert code == main(["ip", "allocate", "--pool", pool, "--declaration", declaration, "--yes"])


def test_a_declaration_that_does_not_stand_gives_nothing(city: Path) -> None:
    """Suspended: exit code 4."""
    assert 0 == main(["declare", "suspend", "D-1", "--why", "x", "--yes"])
    assert 4 == main([*ASKED, "--yes"])


def test_release_rests_and_history_tells(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quarantine with cause; everybody who ever had the address."""
    name = str(answer(capsys, *ASKED, "--yes")[0]["id"])
    assert "quarantine" == answer(capsys, "ip", "release", name, "--why", "撤并", "--yes")[0]["state"]
    assert [(name, "撤并")] == [
        (one["id"], one["cause"]) for one in answer(capsys, "ip", "show", "10.20.11.64")
    ]
    assert 4 == main(["ip", "release", name, "--why", "again", "--yes"])
    assert 0 == main(["pool", "verify"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pools_are_drawn(city: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    """A row of counts, a block map, and the runs in the order of addresses."""
    assert 0 == main(["pool", "list", "--lang", language])
    assert 0 == main(["pool", "show", "10.20.11.0/24", "--lang", language])
    shown = capsys.readouterr().out
    assert "25%" in shown
    assert "·" + "█" * 63 in shown
    assert shown.index("10.20.11.1-10.20.11.63") < shown.index("10.20.11.64-10.20.11.255")


def test_pools_in_json_can_be_summed(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Own counts, totals, and runs with --json."""
    [pool] = answer(capsys, "pool", "list")
    assert (256, 63, 193) == (pool["size"], pool["allocated"], pool["free"])
    [shown] = answer(capsys, "pool", "show", "10.20.11.0/24")
    assert ["free", "active", "free"] == [run["state"] for run in shown["runs"]]  # type: ignore[attr-defined]


def test_the_past_is_listed(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--at looks from then."""
    assert [] == answer(capsys, "ip", "list", "--at", "2020-01-01")
    assert 1 == len(answer(capsys, "ip", "list", "--at", "2099-01-01"))


def prefixes(city: Path) -> str:
    return (city / "inventory/extranet/prefixes.toml").read_text("utf-8")


def test_a_reservation_is_made_and_assigned(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reserved until a day, then an allocation by its number; exactly one address by `assign ADDRESS`."""
    asked = ("--pool", "10.20.11.0/24", "--declaration", "D-1", "--until", "2099-12-31", "--yes")
    [kept] = answer(capsys, "ip", "reserve", *asked)
    [given] = answer(capsys, "ip", "assign", str(kept["id"]), "--yes")
    [other] = answer(capsys, "ip", "assign", "10.20.11.99", "--declaration", "D-1", "--yes")

    assert ("reserved", "active") == (kept["state"], given["state"])
    assert ("10.20.11.99", "active") == (other["first"], other["state"])
    assert 2 == main(["ip", "assign", "10.20.12.99", "--declaration", "D-1", "--yes"])
    assert 4 == main(["ip", "assign", str(kept["id"]), "--yes"])


def test_a_table_goes_in_and_out(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dry run first; the faults are told with exit code 1; export then import says that nothing is new."""
    (city / "in.csv").write_text(
        "地址,接入说明,用途\n10.20.11.70-72,D-1,窗口\n10.20.11.999,D-1,\n10.20.11.80,D-8,\n", "gb18030"
    )
    assert 1 == main(["ip", "import", "in.csv", "--dry-run", "--lang", "en"])
    assert "1 row is new, 0 stand in the ledger already, 2 are at fault" in capsys.readouterr().err
    assert 1 == main(["ip", "import", "in.csv", "--yes", "--lang", "zh"])
    assert 1 == len(answer(capsys, "ip", "list"))
    assert 1 == main(["ip", "import", "in.csv", "--yes", "--partial", "--lang", "zh"])
    assert 0 == main(["ip", "export", "-o", "out.csv"])
    [again] = answer(capsys, "ip", "import", "out.csv", "--yes")

    assert ([], 2, []) == (again["added"], again["same"], again["faults"])
    assert 0 == main(["pool", "verify"])


def test_a_pool_is_split_and_merged_back(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and the register change together; the plan shows who lies where; a cut through an allocation is refused."""
    before = prefixes(city)
    assert 4 == main(["pool", "split", "10.20.11.0/24", "--prefixlen", "27", "--yes"])
    assert 0 == main(["pool", "split", "10.20.11.0/24", "--prefixlen", "26", "--dry-run"])
    assert before == prefixes(city)
    assert 0 == main(["pool", "split", "10.20.11.0/24", "--prefixlen", "26", "--yes"])
    assert [63, 0, 0, 0] == [one["allocated"] for one in answer(capsys, "pool", "list")]
    assert 4 == main(["pool", "merge", "10.20.11.0/26", "10.20.11.128/26", "--yes"])
    assert 0 == main(["pool", "merge", *(f"10.20.11.{n}/26" for n in (0, 64, 128, 192)), "--yes"])

    assert (before, 0) == (prefixes(city), main(["inventory", "plan"]))
    assert 0 == main(["pool", "verify"])


def test_prefixes_are_added_and_delegated_by_a_document(
    city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside what was granted it needs a document; what others hold is not delegated; the rest of the file stays."""
    added = ("pool", "add", "10.20.0.0/16", "--organization", "fin", "--role", "container", "--yes")
    assert 4 == main([*added])
    assert 0 == main([*added, "--granted-by", "湘电政〔2026〕1 号"])
    assert 0 == main(["pool", "add", "10.20.12.0/24", "--organization", "fin", "--yes"])
    assert 4 == main(["pool", "add", "10.20.12.128/25", "--organization", "fin", "--yes"])
    assert 2 == main(["pool", "add", "10.20.13.0/24", "--organization", "nobody", "--yes"])
    assert 0 == main(
        [
            "pool",
            "delegate",
            "10.20.12.0/24",
            "--organization",
            "fin",
            "--granted-by",
            "〔2026〕2 号",
            "--yes",
        ]
    )
    assert 0 == main(["inventory", "plan"])

    assert ["10.20.0.0/16", "10.20.11.0/24", "10.20.12.0/24"] == [
        one["prefix"] for one in answer(capsys, "pool", "list")
    ]
    assert 'granted_by = "〔2026〕2 号"' in prefixes(city)


def test_changes_that_are_not_in_force_come_first(city: Path) -> None:
    """A division never carries somebody else's edit along."""
    path = city / "inventory/organizations.toml"
    path.write_text(
        path.read_text("utf-8") + '[[organizations]]\ncode = "new"\nname_zh = "新单位"\n', "utf-8"
    )

    assert 4 == main(["pool", "split", "10.20.11.0/24", "--prefixlen", "25", "--yes"])
