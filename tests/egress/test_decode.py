"""`netops egress decode`: the contract that programs outside rely on, case by case from folders."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from netops import cli

CASES = sorted((Path(__file__).parents[1] / "data" / "egress").iterdir())


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_each_record_is_one_json_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records on stdout in the order of the datagrams, counters on stderr, exit code 0 even with malformed ones."""
    expected = json.loads((folder / "expected.json").read_bytes())
    code = cli.main(
        ["egress", "decode", *map(str, sorted(folder.glob("*.dgram"))), "--json-lines", "--lang", "en"]
    )
    out, err = capsys.readouterr()

    assert expected["records"] == [json.loads(line) for line in out.splitlines()]
    counters = expected["counters"]
    assert f"malformed {counters['malformed']}" in err
    assert f"records {counters['records']}" in err
    assert 0 == code


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_capture_is_read_as_its_exporters_sent_it(
    packed: Callable[[bytes], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same records out of a pcap, whatever it is called."""
    folder = next(one for one in CASES if one.name == "v9-late-template")
    packets = b""
    for path in sorted(folder.glob("*.dgram")):
        payload = path.read_bytes()
        ip = struct.pack(
            ">BBHHHBBH4s4s",
            0x45,
            0,
            28 + len(payload),
            1,
            0,
            64,
            17,
            0,
            bytes([10, 20, 255, 1]),
            bytes([10, 20, 0, 10]),
        )
        whole = bytes(12) + b"\x08\x00" + ip + struct.pack(">HHHH", 999, 2055, 8 + len(payload), 0) + payload
        packets += struct.pack("<IIII", 1_790_000_000, 0, len(whole), len(whole)) + whole
    capture = tmp_path / "capture"
    capture.write_bytes(packed(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + packets))

    assert 0 == cli.main(["egress", "decode", str(capture), "--json-lines"])
    expected = json.loads((folder / "expected.json").read_bytes())["records"]
    told = [{"exporter": "10.20.255.1"} | one for one in expected]
    assert told == [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_file_that_cannot_be_read_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What and why on stderr, nothing on stdout."""
    assert 2 == cli.main(["egress", "decode", str(tmp_path / "none.dgram"), "--json-lines", "--lang", "en"])
    out, err = capsys.readouterr()

    assert "" == out
    assert "none.dgram was not read" in err
