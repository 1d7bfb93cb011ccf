"""The register's files: out and in again without a difference, comments kept, and what a walk saw offered, never forced."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from netops import register
from netops.cli import main
from netops.config import Config, share
from netops.core.clock import Clock
from netops.core.errors import Faults, Missing, NetopsError, Refused
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import drafts, inventory
from netops.topology import snapshots
from tests.conftest import NOON
from tests.rounds.test_past import columns


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    """A desk with the example register in force, and its files in a folder of their own."""
    shutil.copytree(share("inventory"), tmp_path / "inventory")
    desk = Desk(Config(store_url=f"sqlite:///{tmp_path / 'netops.db'}", inventory=str(tmp_path / "inventory")), clock, "王工")
    inventory.apply(desk, inventory.plan(desk))
    return desk


def test_out_and_in_again_shows_no_difference(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As folder and as JSON: the same register, whatever its entries hold."""
    drafts.export(desk, tmp_path / "out")
    asked = ["--store", desk.config.store_url, "--json", "inventory", "export"]
    assert 0 == main([*asked, "-o", str(tmp_path / "out.json")])

    assert register.read(tmp_path / "out").content() == desk.register.content()
    assert () == drafts.of_source(desk, tmp_path / "out").changes
    assert () == drafts.of_source(desk, tmp_path / "out.json").changes
    with pytest.raises(Refused, match="is not empty"):
        drafts.export(desk, tmp_path / "out")


def test_what_is_imported_stands_beside_what_people_wrote(desk: Desk, tmp_path: Path) -> None:
    """One entry added, one changed, one missing in the source: comments, order and the missing one stay."""
    drafts.export(desk, tmp_path / "out")
    path = tmp_path / "out" / "extranet" / "exits.toml"
    text = path.read_text("utf-8").replace("bandwidth_mbps = 500", "bandwidth_mbps = 800")
    fresh = '\n[[exits]]\nid = "new"\nkind = "separate"\ndevice = "r-edu"\ninterface = "wan2"\norganization = "edu"\n'
    path.write_text(text + fresh, "utf-8")
    (tmp_path / "out" / "intranet" / "links.toml").unlink()
    before = (tmp_path / "inventory" / "extranet" / "exits.toml").read_text("utf-8")

    draft = drafts.of_source(desk, tmp_path / "out")
    written = drafts.write(desk, draft)
    after = (tmp_path / "inventory" / "extranet" / "exits.toml").read_text("utf-8")

    assert [("~", "edu-separate"), ("+", "new")] == [(one.sign, one.identity) for one in draft.changes]
    assert [tmp_path / "inventory" / "extranet" / "exits.toml"] == written
    assert before.replace("bandwidth_mbps = 500", "bandwidth_mbps = 800") == after[: len(before)]
    assert () == drafts.of_source(desk, tmp_path / "out").changes


def test_a_draft_that_does_not_fit_leaves_the_files_as_they_were(desk: Desk, tmp_path: Path) -> None:
    """An entry that points at nothing here: every fault is told, and no file is touched."""
    shutil.copytree(tmp_path / "inventory", tmp_path / "other")
    for path, text in (
        ("organizations.toml", '\n[[organizations]]\ncode = "zz"\nname_zh = "某局"\n'),
        ("extranet/devices.toml", '\n[[devices]]\nname = "r-zz"\naddress = "10.72.255.99"\nrole = "edge"\norganization = "zz"\n'),
    ):
        with (tmp_path / "other" / path).open("a", encoding="utf-8") as file:
            file.write(text)
    draft = drafts.of_source(desk, tmp_path / "other")
    files = {path: path.read_bytes() for path in (tmp_path / "inventory").rglob("*.toml")}

    with pytest.raises(Faults, match="organization 'zz'"):
        drafts.write(desk, drafts.Draft(tuple(one for one in draft.changes if one.kind == "devices")))

    assert files == {path: path.read_bytes() for path in (tmp_path / "inventory").rglob("*.toml")}


def test_what_a_walk_saw_is_offered(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A box in a registered prefix with the organization of that prefix; one that nobody answers for is named, not offered."""
    for name, other, address in (("sw-x", "sw-y", "10.72.11.5"), ("sw-y", "sw-x", "10.72.12.5"), ("sw-q", "sw-x", "192.0.2.9")):
        snapshots.record(desk.store, DeviceWalk(Plane.EXTRANET, "", address, NOON, 0.1, columns(name, other)), NOON)
    asked = ["--store", desk.config.store_url, "--lang", "en", "inventory", "import", "--walk"]
    desk.config = Config(store_url=desk.config.store_url, inventory=desk.config.inventory)

    draft = drafts.of_walk(desk)
    drafts.write(desk, draft)
    after = register.read(tmp_path / "inventory")

    owners = {one.prefix: one.organization for one in after.prefixes}
    assert [("sw-x", owners["10.72.11.0/24"]), ("sw-y", owners["10.72.12.0/24"])] == [
        (one.name, one.organization) for one in after.devices if one.name.startswith("sw-x") or one.name == "sw-y"
    ]
    assert [("sw-x", "ge1", "sw-y", "ge1")] == [
        (one.a, one.a_interface, one.b, one.b_interface) for one in after.links if one.a == "sw-x"
    ]
    assert ["sw-q (192.0.2.9)"] == [what for what, _ in draft.left]
    assert () == drafts.of_walk(desk).changes
    assert 2 == main([*asked, "somewhere"])
    assert "one source is needed" in capsys.readouterr().err


BAD = (b"", b"[]", b'{"kind": "register", "items": []}', b'{"organizations": 3}', b'{"devices": [{"name": "x"}]}')


@pytest.mark.parametrize("content", BAD)
def test_bad_sources_are_refused(desk: Desk, tmp_path: Path, content: bytes) -> None:
    """What is no register is told with its reason."""
    (tmp_path / "bad.json").write_bytes(content)

    with pytest.raises(NetopsError):
        drafts.of_source(desk, tmp_path / "bad.json")
    with pytest.raises(Missing):
        drafts.of_source(desk, tmp_path / "none.json")


def test_nothing_in_force_is_said(tmp_path: Path, clock: Clock) -> None:
    """An empty store has no register to write."""
    with pytest.raises(Missing, match="no register in force"):
        drafts.content(Desk(Config(store_url=f"sqlite:///{tmp_path / 'netops.db'}"), clock))
