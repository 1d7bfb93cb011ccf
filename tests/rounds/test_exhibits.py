"""Evidence handed over: a bundle that verifies on any machine with Python, and in which any changed byte is found."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from netops.core import custody, journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.evidence import Evidence
from netops.desk import Desk
from netops.incidents import plain_verifier
from netops.rounds import exhibits, inventory, triage
from tests.conftest import NOON
from tests.incidents.city import configuration
from tests.rounds.test_triage import conclude

NUMBER = "INC-2026-0001"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One incident with two findings and an attached file, among evidence of others."""
    desk = Desk(configuration(tmp_path, f"sqlite:///{tmp_path / 'netops.db'}"), still(NOON), "王工")
    inventory.apply(desk, inventory.plan(desk))
    for device in ("r-1", "r-2"):
        conclude(desk, "EG-101", "health", device)
    with desk.store.write() as connection:
        custody.keep(connection, [Evidence("arp", "other", str(n), {}, NOON) for n in range(20)])
    triage.run(desk)
    (tmp_path / "配置.txt").write_text("interface ge0\n", encoding="utf-8")
    exhibits.attach(
        desk, NUMBER, tmp_path / "配置.txt", query="display current-configuration", source="r-1", note="出口配置", at=NOON)
    return desk


def exported(desk: Desk, path: Path) -> dict[str, object]:
    return exhibits.export(desk, NUMBER, path, {"number": NUMBER})


def verified(path: Path, *argv: str) -> tuple[int, str]:
    """The verifier as it lies in the bundle, run by a bare Python, without netops."""
    done = subprocess.run([sys.executable, "-I", "-S", path / "verify.py", *argv], capture_output=True, text=True, cwd="/")
    return done.returncode, done.stdout + done.stderr


def unpacked(path: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent / "bundle")
    return path.parent / "bundle"


def test_the_bundle_verifies_without_netops(desk: Desk, tmp_path: Path) -> None:
    """As a folder and as a ZIP, by the head that the journal has too; the sums are those that sha256sum reads."""
    done = exported(desk, tmp_path / "b.zip")
    folder = unpacked(tmp_path / "b.zip")

    code, said = verified(folder)
    assert (0, True) == (code, f"OK 通过: {NUMBER}, {done['entries']} entries" in said)
    assert 0 == verified(folder, str(tmp_path / "b.zip"), "--head", str(done["head"]))[0]
    assert 1 == verified(folder, "--head", "0" * 64)[0]
    assert 0 == subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode
    assert done["head"] == journal.log(desk.store, 1)[0].after["head"]


def test_the_manifest_has_everything_of_each_piece(desk: Desk, tmp_path: Path) -> None:
    """Findings, who had it then, the attachment: id, kind, source, collector, time, query, size, both hashes, place."""
    exported(desk, tmp_path / "b.zip")
    lines = (unpacked(tmp_path / "b.zip") / "entries.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]

    assert {"seq", "id", "kind", "source", "collector", "time", "query", "size", "sha256", "sm3", "place"} == set(entries[0])
    assert ["attachment", "flow", "flow", "ledger", "ledger"] == sorted(one["kind"] for one in entries)
    assert ("王工", "display current-configuration") == (entries[-1]["collector"], entries[-1]["query"])
    assert "other" not in {one["source"] for one in entries}


def test_the_same_evidence_gives_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    """Two exports differ only in what the journal learned in between."""
    exported(desk, tmp_path / "a.zip")
    exported(desk, tmp_path / "b.zip")
    one, other = (zipfile.ZipFile(tmp_path / name) for name in ("a.zip", "b.zip"))

    changed = {"manifest.json", "SHA256SUMS"}
    assert one.namelist() == other.namelist()
    assert all(one.read(name) == other.read(name) for name in one.namelist() if name not in changed)


def test_any_changed_byte_of_the_bundle_is_found(desk: Desk, tmp_path: Path) -> None:
    """A byte of any file, an item taken out, one slipped in; even when its own sum was mended."""
    exported(desk, tmp_path / "b.zip")
    folder = unpacked(tmp_path / "b.zip")
    chance = random.Random(7)

    def faults() -> list[str]:
        said: list[str] = []
        try:
            said.extend(plain_verifier.faults(plain_verifier.Bundle(str(folder)), ""))
        except (ValueError, KeyError):
            said.append("cannot be read")
        return said

    assert [] == faults()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in ("SHA256SUMS", "verify.py")):
        content = path.read_bytes()
        place = chance.randrange(len(content))
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert faults(), path
        path.write_bytes(content)
    item = next((folder / "items").iterdir())
    content = item.read_bytes()
    item.write_bytes(content.replace(b"flow", b"flaw").replace(b"ledger", b"ladder"))
    sums = (folder / "SHA256SUMS").read_text("ascii")
    (folder / "SHA256SUMS").write_text(
        sums.replace(plain_verifier.sha256(content), plain_verifier.sha256(item.read_bytes())), encoding="ascii")
    assert f"{item.stem}: its evidence was changed" == faults()[0]
    item.unlink()
    (folder / "items" / "EV-0.json").write_text("{}", encoding="utf-8")
    assert {f"missing: items/{item.name}", "does not belong: items/EV-0.json"} < set(faults())


@pytest.mark.parametrize("name", ["none.txt", "."])
def test_what_cannot_be_attached_is_said(desk: Desk, tmp_path: Path, name: str) -> None:
    """A file that is not there, a folder: an error, and nothing is written."""
    before = custody.head(desk.store)
    with pytest.raises(NetopsError, match="was not attached"):
        exhibits.attach(desk, NUMBER, tmp_path / name, query="", source="", note="", at=NOON)
    assert before == custody.head(desk.store)

