"""`netops egress capture`: what people and programs read of a capture."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "egress" / "listening"))
import wires

from netops.cli import main

SYN = wires.tcp(flags=2, sequence=0)
HELLO = wires.tcp(wires.hello("relay-1.net.anydesk.com"), sequence=1)


def run(*argv: str) -> int:
    return main(list(argv))


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A capture in a folder without configuration or store."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "one.pcap"
    path.write_bytes(wires.pcap([(wires.NOON_NS, wires.ether(wires.ip(one, 6, "10.20.11.5"))) for one in (SYN, HELLO)]))
    return path


def test_people_read_a_table(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In both languages, with an exit code that says that something asks for an explanation; no store is left behind."""
    assert 1 == run("egress", "capture", str(capture), "--lang", "en")
    english = capsys.readouterr().out
    assert 1 == run("egress", "capture", str(capture), "--lang", "zh", "--hosts")
    chinese = capsys.readouterr().out

    assert "2 packets, 2 hosts" in english
    assert "remote control" in english
    assert "AnyDesk" in english
    assert "2 个报文，2 台主机" in chinese
    assert "远程控制" in chinese
    assert ["one.pcap"] == [path.name for path in capture.parent.iterdir()]


def test_programs_read_one_object(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The contract's object: numbers, protocols, observations, hosts of each file."""
    assert 1 == run("egress", "capture", str(capture), "--json")
    [one] = json.loads(capsys.readouterr().out)["items"]

    assert (2, 2, {"AnyDesk": 2}) == (one["packets"], one["ipv4_hosts"], one["protocols"])
    assert [("remote_control", "anydesk", "10.20.11.5", ["sni"], True)] == [
        (each["kind"], each["what"], each["ip"], each["by"], each["is_alarm"]) for each in one["observations"]
    ]
    assert "10.20.11.5" == one["hosts"][0]["ip"]


def test_what_is_no_capture_is_said(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A text file, and one that is not there: an error with a mend, exit code 2."""
    (capture.parent / "log.txt").write_text("hello\n")

    assert 2 == run("egress", "capture", str(capture.parent / "log.txt"), "--lang", "en")
    assert "it begins like no capture" in capsys.readouterr().err
    assert 2 == run("egress", "capture", str(capture.parent / "none.pcap"))
    assert 2 == run("egress", "capture", str(capture), "--keep")
