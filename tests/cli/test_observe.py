"""`netops ip observe|sources|formats|sweep|reconcile` and `who`: what they print, in both languages, and their exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netops.cli import main

REGISTER = {
    "organizations.toml": '[[organizations]]\ncode = "fin"\nname_zh = "市财政局"\nname_en = "Finance Bureau"\n',
    "extranet/prefixes.toml": '[[prefixes]]\nprefix = "10.20.11.0/24"\nrole = "pool"\norganization = "fin"\n',
    "extranet/declarations.toml": '[[declarations]]\nnumber = "D-1"\norganization = "fin"\nnature = "办公网"\nscope = "公文"\n'
    'terminals = 5\nallocated = ["10.20.11.1-10.20.11.63"]\n',
}
CONFIG = """
[planes.extranet]
nets = ["10.20.0.0/16"]
[[sources]]
name = "arp-fin"
path = "arp.txt"
covers = ["10.20.11.0/24"]
"""
GOOD = "10.20.11.7 dev eth0 lladdr 00:14:22:00:00:01 REACHABLE\n"
STRAY = "10.20.11.200 dev eth0 lladdr 00:14:22:00:00:02 REACHABLE\n"
LEASE = "0 00:14:22:00:00:01 10.20.11.7 pc-7 *\n"


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with one source, a register in force."""
    for name, text in REGISTER.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "arp.txt").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    """What a command prints, on both streams."""
    capsys.readouterr()
    assert code == main([*argv, "--lang", "en"])
    captured = capsys.readouterr()
    return captured.out + captured.err


def items(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> list[dict[str, object]]:
    capsys.readouterr()
    assert code == main([*argv, "--json"])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
    return found


def test_the_plan_comes_first_and_dry_run_stops_there(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every bad line with its place; nothing is kept by --dry-run, nor without an answer."""
    (city / "leases").write_text(LEASE + "garbage\n", encoding="utf-8")
    shown = run(capsys, "ip", "observe", "leases", "--dry-run")
    assert "1 address, 1 line not understood" in shown
    assert "1 column instead of 5" in shown
    run(capsys, "ip", "observe", "leases", "--no-input", code=4)
    assert "leases" not in run(capsys, "ip", "sources", code=3).replace("kind", "")

    run(capsys, "ip", "observe", "leases", "--yes", code=1)
    [told] = [one for one in items(capsys, "ip", "sources", code=3) if one["name"] == "leases"]
    assert (1, 1, False, ["2: garbage: 1 columns instead of 5"]) == (
        told["told"], told["bad"], told["expected"], told["faults"],
    )  # fmt: skip


def test_json_has_every_entry_and_every_fault(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, format, moment, entries; faults with file and line."""
    (city / "leases").write_text(LEASE + "garbage\n", encoding="utf-8")
    [one] = items(capsys, "ip", "observe", "leases", "--yes", code=1)

    assert ("dnsmasq", "leases", 1, False) == (one["format"], one["kind"], one["bad"], one["whole"])
    assert [{"file": "leases", "line": 2}] == [
        {key: fault[key] for key in ("file", "line")}
        for fault in one["faults"]  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize(
    ("argv", "code", "why"),
    [
        (("nothing-here",), 2, "does not exist"),
        (("arp.txt", "--format", "kea", "--dry-run"), 0, "must name the columns"),
        (("arp.txt", "--format", "wrong"), 2, "in no format"),
        (("arp.txt", "--taken", "soon"), 2, "is no time"),
        (("arp.txt", "--name", "arp-fin", "--yes"), 4, "configured source"),
    ],
)
def test_what_cannot_be_observed_is_said(
    city: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, why: str
) -> None:
    """With the reason, and nothing kept."""
    assert why in run(capsys, "ip", "observe", *argv, code=code)


def test_reconcile_answers_in_a_sentence_first(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 in order, 1 for a difference, 3 when a source was not seen; the same by `pool` and by `ip`."""
    assert run(capsys, "ip", "reconcile").startswith(
        "What is allocated and declared agrees with what is seen."
    )

    (city / "arp.txt").write_text(GOOD + STRAY, encoding="utf-8")
    shown = run(capsys, "pool", "reconcile", code=1)
    assert shown.startswith("1 difference stands.")
    assert "10.20.11.200 is used without an allocation" in shown
    assert "arp-fin" in shown
    [finding] = items(capsys, "ip", "reconcile", "10.20.11.0/24", code=1)
    assert ["arp-fin"] == finding["subject"]["sources"]  # type: ignore[index]

    (city / "arp.txt").unlink()
    blind = run(capsys, "ip", "reconcile", code=3)
    assert "1 difference stands; 1 source or prefixes were not seen" in blind
    assert "not seen: arp-fin" in blind
    assert 3 == main(["ip", "sources", "--lang", "zh"])


def test_sources_show_success_failure_and_staleness(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Never asked, good, failed with what was told before, forgotten."""
    assert [("arp-fin", False)] == [
        (one["name"], one["sound"]) for one in items(capsys, "ip", "sources", code=3)
    ]
    run(capsys, "ip", "reconcile")
    [good] = items(capsys, "ip", "sources")
    assert (True, True, 1) == (good["sound"], good["is_good"], good["told"])

    (city / "arp.txt").unlink()
    run(capsys, "ip", "reconcile", code=3)
    [failed] = items(capsys, "ip", "sources", code=3)
    assert (False, good["told_at"], 1) == (failed["is_good"], failed["told_at"], failed["told"])
    assert "No such file" in str(failed["why"])

    (city / "arp.txt").write_text(GOOD, encoding="utf-8")
    os.utime(city / "arp.txt", (1, 1))
    assert "too old" in run(capsys, "ip", "reconcile", code=3)
    run(capsys, "ip", "sources", "--forget", "nobody", "--yes", code=2)
    run(capsys, "ip", "sources", "--forget", "arp-fin", "--yes", code=3)


def test_sweep_asks_for_a_prefix_of_ours(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None named, a foreign one; the plan says how many and how fast, and --dry-run sends nothing."""
    assert "no prefix was named" in run(capsys, "ip", "sweep", code=2)
    assert "no registered prefix" in run(capsys, "ip", "sweep", "8.8.8.0/24", code=4)
    plan = run(capsys, "ip", "sweep", "10.20.11.64/26", "--dry-run")
    assert "64 addresses in 10.20.11.64/26 (extranet), at most 100 a second" in plan


def test_formats_are_listed(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each by its name, with what it is, in both languages."""
    assert "isc-dhcpd" in run(capsys, "ip", "formats")
    assert 8 == len(items(capsys, "ip", "formats"))
    assert 0 == main(["ip", "formats", "--lang", "zh"])


def test_who_tells_sources_and_spans(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address with its lease's name; at a past time; an incomplete one; one that nobody knows."""
    (city / "leases").write_text(LEASE, encoding="utf-8")
    run(capsys, "ip", "observe", "leases", "--name", "dhcp-fin", "--yes")
    shown = run(capsys, "who", "10.20.11.7")
    assert "host name: pc-7" in shown
    assert "by dhcp-fin (leases)" in shown
    assert "Finance Bureau" in shown
    assert "as of 2020-01-01" in run(capsys, "who", "10.20.11.7", "--at", "2020-01-01")
    run(capsys, "ip", "reconcile")
    assert "10.20.11.0/24" in run(capsys, "who", "10.20.11.")
    run(capsys, "who", "nobody", code=2)
    [answer] = items(capsys, "who", "pc-7")
    assert ("name", "fin") == (answer["what"], answer["organization"])
    assert 0 == main(["who", "00:14:22:00:00:01", "--lang", "zh"])


def test_a_faulty_configuration_names_every_fault(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, key and value of each."""
    bad = (
        CONFIG
        + """
[[sources]]
name = "arp-fin"
path = "x"
format = "excel"
max_age = "soon"
covers = ["10.20.11.0/99"]
odd = 1
[sweep]
prefixes = ["all"]
per_second = 1e9
[[shared]]
address = "10.20.11"
macs = ["x"]
why = "?"
"""
    )
    (city / "config.toml").write_text(bad.replace("odd = 1\n", ""), encoding="utf-8")
    shown = run(capsys, "config", "check", code=2)
    parts = [
        "'excel' is none of auto",
        "there already",
        "must be like 30s",
        "10.20.11.0/99",
        "'all'",
        "1 to 1000",
    ]
    for part in (*parts, "'x' is not a MAC"):
        assert part in shown
    (city / "config.toml").write_text(bad, encoding="utf-8")
    assert "config.toml:15: sources.odd: unknown key 'odd'" in run(capsys, "config", "check", code=2)
