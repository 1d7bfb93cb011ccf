"""Bundles: what the extranet's instance saw is carried into the intranet's, signed; nothing else is let in, nothing goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.cli import main
from netops.config import Config
from netops.core import journal, seal
from netops.core.clock import Clock, still
from netops.core.errors import Refused
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import bundle, walk
from netops.settings import Bundles, PlaneSettings
from netops.topology import snapshots
from netops.topology.rules import conclude
from tests.conftest import NOON
from tests.rounds.test_past import columns

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
TERMINAL = "02:aa:00:00:00:01"
"""The MAC that the forwarding tables of `columns` hold."""


@pytest.fixture
def outside(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """The extranet's instance, which has walked one switch; its key is in secret."""
    desk = Desk(
        Config(
            store_url=f"sqlite:///{tmp_path / 'out.db'}", planes={EXTRANET: PlaneSettings(("10.20.0.0/16",))},
            bundle=Bundles(key_file=str(tmp_path / "secret")), path=str(tmp_path / "config.toml"),
        ), clock, "王工",
    )  # fmt: skip
    seal.new_key(tmp_path / "secret")
    snapshots.record(desk.store, DeviceWalk(EXTRANET, "", "10.20.0.2", NOON, 0.1, columns("sw-a", "sw-b")), NOON)
    yield desk
    desk.close()


@pytest.fixture
def inside(tmp_path: Path, store_url: str, clock: Clock, outside: Desk) -> Iterator[Desk]:
    """The intranet's instance, which trusts that key and has walked a switch that knows the same terminal."""
    public = seal.sign(outside.config.secret("", str(tmp_path / "secret")), b"")[0]
    desk = Desk(
        Config(store_url=store_url, planes={INTRANET: PlaneSettings(("10.10.0.0/16",))}, bundle=Bundles(trusted=(public,))),
        clock, "李工",
    )  # fmt: skip
    seen = columns("sw-z", "sw-y", port=3)
    snapshots.record(desk.store, DeviceWalk(INTRANET, "", "10.10.0.2", NOON, 0.1, seen), NOON)
    yield desk
    desk.close()


def found(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    """What the walk concludes about the two planes: rule and subject."""
    picture = walk.picture_of(desk, INTRANET, {(INTRANET, "sw-z")})
    return [(one.code, one.subject) for one in conclude(picture) if one.code in ("TP-102", "TP-112")]


def test_a_terminal_of_both_planes_is_found_by_what_was_carried_in(outside: Desk, inside: Desk, tmp_path: Path) -> None:
    """Where it is in the intranet, with the port; before, nobody could know. The isolation answer shows the path as well."""
    bundle.export(outside, tmp_path / "b")
    assert [] == found(inside)
    assert () == walk.separation(inside)[0].path

    receipt = bundle.carry(inside, tmp_path / "b")

    assert [("TP-112", {"mac": TERMINAL, "switch": "sw-z", "port": "ge3"})] == found(inside)
    assert ["terminal"] == [step.by for step in walk.separation(inside)[0].path]
    assert {"devices": 1, "prefixes": 1, "findings": 0} == receipt.facts
    assert ["bundle.export", "bundle.import"] == [journal.log(desk.store, 1)[0].verb for desk in (outside, inside)]


def test_what_was_changed_on_the_way_is_refused(outside: Desk, inside: Desk, tmp_path: Path) -> None:
    """A changed octet in the head, the seal or the content; a file cut short or longer; and what is no bundle."""
    bundle.export(outside, tmp_path / "b")
    good = (tmp_path / "b").read_bytes()
    second, third = good.index(b"\n") + 1, good.index(b"\n", good.index(b"\n") + 1) + 1
    hostile = [good[:-1], good + b"x", b"", b"\n\n", b"x" * 10_000, good[:third], b"{}\n{}\n"]
    places = (20, second - 20, second + 15, third + 40)
    hostile += [good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in places]

    for content in hostile:
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(Refused, match="was not read"):
            bundle.carry(inside, tmp_path / "bad")
    assert [] == found(inside)


def test_only_the_newest_from_a_trusted_hand_goes_in(outside: Desk, inside: Desk, tmp_path: Path) -> None:
    """An older one never replaces a newer one; a stranger's seal is whole, and still refused."""
    bundle.export(outside, tmp_path / "old")
    outside.clock = still(NOON + timedelta(hours=1))
    bundle.export(outside, tmp_path / "new")
    bundle.carry(inside, tmp_path / "new")

    for name in ("old", "new"):
        with pytest.raises(Refused, match="is in already"):
            bundle.carry(inside, tmp_path / name)
    inside.config = msgspec.structs.replace(inside.config, bundle=Bundles())
    assert not bundle.verify(inside, tmp_path / "new").trusted
    with pytest.raises(Refused, match="does not name who signed it"):
        bundle.carry(inside, tmp_path / "new")


def test_nothing_of_the_intranet_leaves(outside: Desk, inside: Desk, tmp_path: Path) -> None:
    """The intranet is exported nowhere, and the extranet's own instance takes nothing in."""
    bundle.export(outside, tmp_path / "b")

    for desk, plane in ((inside, INTRANET), (inside, EXTRANET), (outside, INTRANET)):
        with pytest.raises(Refused, match="nothing leaves the intranet"):
            bundle.export(desk, tmp_path / "leak", plane)
    assert not (tmp_path / "leak").exists()
    outside.config = msgspec.structs.replace(outside.config, bundle=inside.config.bundle)
    with pytest.raises(Refused, match="serves the intranet alone"):
        bundle.carry(outside, tmp_path / "b")


def test_by_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, export, verify, import, list: as two offices would do it; an untrusted one is said by exit code 1."""
    monkeypatch.chdir(tmp_path)

    def netops(side: str, *words: str) -> tuple[int, dict[str, object]]:
        code = main(["-c", f"{side}.toml", "--lang", "en", "--json", "--yes", "bundle", *words])
        said = capsys.readouterr()
        return code, json.loads(said.out or "{}")

    for side, plane, key in (("out", "extranet", '[bundle]\nkey_file = "k"\n'), ("in", "intranet", "")):
        content = f'[planes.{plane}]\nnets = ["10.0.0.0/8"]\n[store]\nurl = "sqlite:///{side}.db"\n{key}'
        (tmp_path / f"{side}.toml").write_text(content, "utf-8")
    public = netops("out", "key", "k")[1]["items"][0]["public"]  # type: ignore[index]

    assert 0 == netops("out", "export", "-o", "b")[0]
    assert 1 == netops("in", "verify", "b")[0]
    assert 4 == netops("in", "import", "b")[0]
    with (tmp_path / "in.toml").open("a", encoding="utf-8") as config:
        config.write(f'[bundle]\ntrusted = ["{public}"]\n')
    assert 0 == netops("in", "verify", "b")[0]
    assert 0 == netops("in", "import", "b")[0]
    assert 4 == netops("in", "import", "b")[0]
    assert ["extranet"] == [one["plane"] for one in netops("in", "list")[1]["items"]]  # type: ignore[index, attr-defined]
    assert 4 == netops("in", "export", "-o", "leak")[0]
