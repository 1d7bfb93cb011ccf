"""Packets taken apart by scapy in the child: what people read, and hostile frames that take nothing down."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("scapy", reason="scapy is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "egress" / "listening"))
import wires

from netops.cli import main
from netops.probes.dissection import MOST_FRAMES, MOST_OCTETS, dissected

ROOT = Path(__file__).parents[2]
SYN = wires.ether(wires.ip(wires.tcp(flags=2, sequence=0), 6, "10.20.11.5"))


def test_a_packet_is_shown_field_by_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By host and by number, without configuration or store; what is not there is said."""
    monkeypatch.chdir(tmp_path)
    other = wires.ether(wires.ip(wires.tcp(flags=2, sequence=0), 6, "10.20.11.6"))
    (tmp_path / "one.pcap").write_bytes(wires.pcap([(wires.NOON_NS, other), (wires.NOON_NS, SYN)]))

    def ask(host: str) -> list[dict[str, object]]:
        assert 0 == main(["--json", "egress", "capture", "one.pcap", "--packets", host])
        found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
        return found

    (one,) = ask("10.20.11.5")

    assert (2, ["Ethernet", "IP", "TCP"]) == (one["number"], [layer["name"] for layer in one["layers"]])  # type: ignore[attr-defined]
    assert "10.20.11.5" == one["layers"][1]["fields"]["src"]  # type: ignore[index]
    assert [one] == ask("2")
    assert ([], []) == (ask("3"), ask("192.0.2.77"))
    assert 0 == main(["--lang", "en", "egress", "capture", "one.pcap", "--packets", "2"])
    assert "src=10.20.11.5" in capsys.readouterr().out
    assert 2 == main(["--lang", "en", "egress", "capture", "one.pcap", "--packets", "x"])
    assert "neither an address nor the number" in capsys.readouterr().err
    assert [] == [path.name for path in tmp_path.iterdir() if path.name != "one.pcap"]


def test_hostile_frames_take_nothing_down() -> None:
    """Random octets of every length on many link types, cut good ones, more than are taken: each answered, in bounds."""
    dice = random.Random(5)
    frames = [(n, 0, dice.choice((0, 1, 101, 105, 113, 127, 228, 276, 9999)), dice.randbytes(n * 9)) for n in range(12)]
    frames += [(n, 0, 1, SYN[: n * 7]) for n in range(12, 19)] + [(19, 0, 1, SYN * 99)] * 5

    found = dissected(frames)

    assert MOST_FRAMES == len(found)
    assert all(len(value) <= 200 for one in found for layer in one.layers for value in layer.fields.values())


def test_the_child_refuses_what_is_too_large() -> None:
    """The bound is the child's own, whoever asks."""
    request = {"do": "dissect", "link": 1, "frame": base64.b64encode(bytes(MOST_OCTETS + 1)).decode()}
    done = subprocess.run(
        [sys.executable, "-m", "netops.probes.wire"], input=json.dumps(request).encode() + b"\n", capture_output=True, cwd=ROOT,
    )  # fmt: skip

    assert {"error": f"a frame of {MOST_OCTETS + 1} octets"} == json.loads(done.stdout)
