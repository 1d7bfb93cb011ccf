"""Backups: what comes back is what was there, on either engine; what was changed is found; nothing is restored over anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.cli import main
from netops.config import Config
from netops.core import dump, journal
from netops.core.clock import Clock, still
from netops.core.errors import NetopsError, Refused
from netops.core.store import Store
from netops.desk import Desk
from netops.rounds import backup, inventory
from netops.rounds.backup import MANIFEST
from netops.settings import Backups, Timetable
from tests.conftest import NOON
from tests.rounds.test_inventory import write


@pytest.fixture
def desk(tmp_path: Path, store_url: str, clock: Clock) -> Iterator[Desk]:
    """A desk whose store holds a register, allocations and a journal."""
    write(tmp_path, 3)
    desk = Desk(Config(store_url=store_url, inventory=str(tmp_path / "inventory")), clock, "王工")
    inventory.apply(desk, inventory.plan(desk))
    yield desk
    desk.close()


def content(store: Store) -> dict[str, list[bytes]]:
    """Every row of every table."""
    with dump.dumped(store) as held:
        return {name: list(held.lines(name)) for name in held.tables}


def test_what_comes_back_is_what_was_there(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """Taken on either engine, restored into SQLite: every row the same, then one more journal entry; the files too."""
    before = content(desk.store)
    made, gone = backup.create(desk, tmp_path / "b.zip")
    there = Desk(Config(store_url=f"sqlite:///{tmp_path / 'other.db'}"), clock, "李工")

    assert (made.manifest, ()) == (backup.verify(Path(made.file)).manifest, backup.verify(Path(made.file)).faults)
    backup.restore(there, Path(made.file), tmp_path / "files")
    after = content(there.store)

    assert [] == gone
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["journal"]
    assert before["journal"] == after["journal"][:-1]
    assert ("backup.restore", 0) == (journal.log(there.store, 1)[0].verb, journal.verify(there.store).broken)
    assert (tmp_path / "inventory" / "organizations.toml").read_bytes() == (
        tmp_path / "files" / "inventory" / "organizations.toml"
    ).read_bytes()
    assert 0o600 == (tmp_path / "b.zip").stat().st_mode & 0o777
    there.close()


def test_a_store_of_sqlite_is_restored_on_the_engine_in_use(tmp_path: Path, clock: Clock, store_url: str) -> None:
    """SQLite to PostgreSQL as well: rows are written as neither engine's own, and numbers go on after them."""
    write(tmp_path, 2)
    files = str(tmp_path / "inventory")
    here = Desk(Config(store_url=f"sqlite:///{tmp_path / 'here.db'}", inventory=files), clock, "王工")
    inventory.apply(here, inventory.plan(here))
    there = Desk(Config(store_url=store_url, inventory=files), clock, "李工")

    backup.restore(there, Path(backup.create(here, tmp_path / "b.zip")[0].file))

    before, after = content(here.store), content(there.store)
    assert [] == [name for name in before if name != "journal" and before[name] != after[name]]
    write(tmp_path, 3)
    assert 2 == inventory.apply(there, inventory.plan(there))
    here.close()
    there.close()


def test_a_backup_of_an_older_schema_is_brought_to_this_one(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """Its tables are laid as they were, filled, and then migrated."""
    made, _ = backup.create(desk, tmp_path / "b.zip")
    told = rewritten(Path(made.file), tmp_path / "old.zip", schema="0002", only=set(OF_0002))
    there = Desk(Config(store_url=f"sqlite:///{tmp_path / 'other.db'}"), clock, "李工")

    backup.restore(there, told)

    assert dump.REVISION == there.store.revision()
    assert journal.log(desk.store, 2)[1] == journal.log(there.store, 2)[1]
    there.close()


OF_0002 = ("journal", "sequences", "registers")


def rewritten(source: Path, to: Path, *, only: set[str] | None = None, damage: str = "", **manifest: object) -> Path:
    """The backup again, with other words in its manifest, only some tables, or a byte of one member changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        held = json.loads(old.read(MANIFEST)) | manifest
        if only is not None:
            held["members"] = [one for one in held["members"] if Path(one["name"]).stem in only]
        for one in held["members"]:
            content = old.read(one["name"]) if one["name"] in old.namelist() else b""
            new.writestr(one["name"], content.replace("王工".encode(), "张工".encode()) if one["name"] == damage else content)
        new.writestr(MANIFEST, json.dumps(held))
    return to


def test_what_was_changed_is_found_and_not_restored(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """A changed row by its hash; a row changed with its hash by the journal's chain; the store stays as it was."""
    backup.create(desk, tmp_path / "b.zip")
    plain = rewritten(tmp_path / "b.zip", tmp_path / "plain.zip", damage="tables/journal.jsonl")
    with zipfile.ZipFile(plain) as held:
        content, told = held.read("tables/journal.jsonl"), json.loads(held.read(MANIFEST))
    for one in told["members"]:  # who changes it can write the hash of it, too
        if one["name"] == "tables/journal.jsonl":
            one["sha256"] = hashlib.sha256(content).hexdigest()
    clever = rewritten(plain, tmp_path / "clever.zip", members=told["members"])
    there = Desk(Config(store_url=f"sqlite:///{tmp_path / 'other.db'}"), clock, "李工")

    assert ("tables/journal.jsonl: its content is not what the manifest says",) == backup.verify(plain).faults
    assert ("journal 1: its content was changed",) == backup.verify(clever).faults
    for file in (plain, clever):
        with pytest.raises(Refused, match="it is broken"):
            backup.restore(there, file)
    assert not (tmp_path / "other.db").exists()


def test_nothing_is_restored_over_anything(desk: Desk, tmp_path: Path) -> None:
    """A store with records is refused, and so is a folder with files."""
    made, _ = backup.create(desk, tmp_path / "b.zip")
    before = content(desk.store)

    with pytest.raises(Refused, match="holds records already"):
        backup.restore(desk, Path(made.file))
    with pytest.raises(Refused, match="is not empty"):
        backup.restore(desk, Path(made.file), tmp_path)
    with pytest.raises(Refused, match="is there already"):
        backup.create(desk, tmp_path / "b.zip")

    assert before == content(desk.store)


def test_a_hostile_archive_is_refused(tmp_path: Path, clock: Clock) -> None:
    """Names that lead out of the folder, and files that are no archive at all."""
    desk = Desk(Config(store_url=f"sqlite:///{tmp_path / 'netops.db'}"), clock, "王工")
    backup.create(desk, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as held:
        members = json.loads(held.read(MANIFEST))["members"]
    (tmp_path / "text.zip").write_text("not an archive", "utf-8")
    strays = [
        rewritten(tmp_path / "b.zip", tmp_path / f"{number}.zip", members=[*members, members[0] | {"name": name}])
        for number, name in enumerate(("files/../../x", "/etc/x", "tables/x/y.jsonl", "other", "files/a\\b"))
    ]

    for file in (*strays, tmp_path / "text.zip", tmp_path / "no.zip"):
        with pytest.raises(NetopsError):
            backup.verify(file)
    desk.close()


def test_the_command_keeps_the_newest_and_says_what_it_did(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two in a folder, one stays; `verify` answers with 0, and with 1 when the file was cut or changed."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "netops-20200101T000000Z.zip").write_bytes(b"old")
    asked = ["--store", desk.config.store_url, "--lang", "en", "--json", "backup"]

    assert 0 == main([*asked, "create", str(folder), "--keep", "1"])
    made = json.loads(capsys.readouterr().out)
    (file,) = folder.iterdir()
    assert ("backup", str(file)) == (made["kind"], made["items"][0]["file"])
    assert 0 == main([*asked, "verify", str(file)])
    assert made["items"][0]["sha256"] == json.loads(capsys.readouterr().out)["items"][0]["sha256"]
    shutil.copy(rewritten(file, tmp_path / "bad.zip", damage="tables/journal.jsonl"), file)
    assert 1 == main([*asked, "verify", str(file)])
    assert 4 == main(["--store", f"sqlite:///{tmp_path / 'n.db'}", "--no-input", "backup", "restore", str(file)])


def test_the_round_takes_one_when_it_is_due(tmp_path: Path, clock: Clock) -> None:
    """One a period however often it is asked, and the newest stay; none without a folder."""
    settings = Config(
        store_url=f"sqlite:///{tmp_path / 'netops.db'}", path=str(tmp_path / "config.toml"), inventory=str(tmp_path / "no"),
        backup=Backups(folder="backups", keep=2), timetable=Timetable(backup="1d"),
    )  # fmt: skip
    (tmp_path / "config.toml").touch()
    desk = Desk(settings, clock, "王工")
    for hours in (0, 1, 24, 48, 72):
        desk.clock = still(NOON + timedelta(hours=hours))
        backup.run(desk)

    assert ["netops-20261122T040000Z.zip", "netops-20261123T040000Z.zip"] == sorted(
        path.name for path in (tmp_path / "backups").iterdir()
    )
    desk.config = msgspec.structs.replace(settings, backup=Backups())
    assert {"backups": 0} == backup.run(desk).facts
    desk.close()
