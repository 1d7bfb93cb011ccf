"""Backups (备份): the store of one moment with its files in one archive; checked, restored, and taken by timetable."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from netops import __version__
from netops.core import dump, files, journal
from netops.core.clock import rfc3339
from netops.core.columns import json_value, moment
from netops.core.dump import Unreadable
from netops.core.errors import Missing, Refused
from netops.core.language import N_
from netops.core.store import REVISION, Store
from netops.desk import Desk
from netops.rounds import Progress, Report, attachments, silent
from netops.settings import seconds

MANIFEST = "MANIFEST.json"
TABLES, FILES = "tables/", "files/"
LINE_BYTES = 64 << 20
"""The longest row that is read."""
BLOCK = 1 << 20
STAMP = "netops-%Y%m%dT%H%M%SZ.zip"
OURS = "netops-????????T??????Z.zip"
BROKEN = (
    OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError,
)  # fmt: skip
"""What reading an archive that is none, was cut or was changed can raise."""


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One file in a backup.

    Args:
        size: octets, unpacked.
        rows: of a table; 0 of any other file.
    """

    name: str
    size: int
    sha256: str
    rows: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a backup holds.

    Args:
        netops: the program's version; *schema*: the migration that its tables stand at.
        head: hash of the newest journal entry in it; *entries*: how many there are.
        members: every file, the tables first, each after those that it refers to.
    """

    netops: str
    schema: str
    engine: str
    made: datetime
    by: str
    city: str
    planes: tuple[str, ...]
    entries: int
    head: str
    members: tuple[Member, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(
            PurePosixPath(one.name).stem for one in self.members if one.name.startswith(TABLES)
        )

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(one.rows for one in self.members)


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup file: *sha256* covers all of it; *faults* says what is wrong with it, place and reason."""

    file: str
    size: int
    sha256: str
    manifest: Manifest
    faults: tuple[str, ...] = ()


# ---- create
def create(
    desk: Desk, place: Path, *, flows: bool = False, secrets: bool = False, keep: int = 0, say: Progress = silent
) -> tuple[Backup, list[Path]]:
    """
    Write a backup: every table as it stands now, the configuration, the register's files, attachments and our own
    playbooks.

    Args:
        place: a new file, or a folder, where it is called by its time.
        flows: the flow archive too; *secrets*: the files of [snmp], [probe] and the rest too.
        keep: in a folder, how many stay, the newest; 0 keeps all.

    Returns:
        The backup, and the older ones that went.

    Raises:
        Refused: the file exists.
        NetopsError: it cannot be written; nothing half is left there.
    """
    at = desk.clock()
    file = place / at.strftime(STAMP) if place.is_dir() else place
    with files.whole(file, new=True, what=N_("the backup was not written"), mode=0o600) as written:
        archive = zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        manifest = _write(desk, archive, at, _files(desk, flows=flows, secrets=secrets), say)
    made = Backup(file=str(file), size=file.stat().st_size, sha256=_sha256(file), manifest=manifest)
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record("backup.create", file.name, after={"sha256": made.sha256, "head": manifest.head})
    return made, _thin(file, keep) if place.is_dir() else []


def _write(desk: Desk, archive: zipfile.ZipFile, at: datetime, listed: dict[str, Path], say: Progress) -> Manifest:
    members: list[Member] = []
    with archive, dump.dumped(desk.store) as held:
        whole = len(held.tables) + len(listed)
        for name in held.tables:
            say(len(members), whole, name)
            members.append(_member(archive, f"{TABLES}{name}.jsonl", held.lines(name), rows=True))
        head, entries = _newest(held)
        for name, path in listed.items():
            say(len(members), whole, name)
            try:
                members.append(_member(archive, FILES + name, _blocks(path), rows=False))
            except FileNotFoundError:
                continue  # flows that were put together with others meanwhile: the store lists what took their place
        manifest = Manifest(
            netops=__version__, schema=REVISION, engine="sqlite" if desk.store.is_sqlite else "postgresql", made=at,
            by=desk.actor, city=desk.config.city.name, planes=tuple(str(plane) for plane in desk.planes),
            entries=entries, head=head, members=tuple(members),
        )  # fmt: skip
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        say(whole, whole, "")
    return manifest


def _member(archive: zipfile.ZipFile, name: str, content: Iterator[bytes], *, rows: bool) -> Member:
    size, count, digest = 0, 0, hashlib.sha256()
    first = next(content, b"")
    with archive.open(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True) as out:
        block = first
        while block:
            out.write(block)
            digest.update(block)
            size += len(block)
            block = next(content, b"")
            count += bool(block)
    return Member(name, size, digest.hexdigest(), count if rows else 0)


def _newest(held: dump.Dump) -> tuple[str, int]:
    """Hash of the newest journal entry in the view, and how many there are."""
    entries, last = 0, {"sha256": journal.FIRST}
    for row in dump.rows("journal", held.lines("journal")):
        entries, last = entries + 1, row
    return str(last["sha256"]), entries


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _files(desk: Desk, *, flows: bool, secrets: bool) -> dict[str, Path]:
    """What goes into files/, by its name there: only regular files, never what a link points at."""
    from netops.rounds.archive import folder_of

    config = desk.config
    folders = {"inventory": Path(config.inventory)}
    if config.playbooks:
        folders["playbooks"] = Path(config.playbooks)
    if secrets:
        folders["secrets"] = config.folder / "secrets"
    if attachments.listed(desk):
        folders["attachments"] = attachments.folder_of(desk)
    if flows and (kept := folder_of(desk)):
        folders["flows"] = kept
    found = {"config.toml": Path(config.path)} if config.path else {}
    for name, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside.parts):
                found[f"{name}/{inside.as_posix()}"] = path
    return found


def _thin(file: Path, keep: int) -> list[Path]:
    """Let the oldest of our own backups beside *file* go, so that *keep* stay."""
    if not keep:
        return []
    ours = sorted(file.parent.glob(OURS))
    gone = [one for one in ours[: max(0, len(ours) - keep)] if one != file]
    for one in gone:
        one.unlink()
    return gone


def _sha256(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    The round: a backup into the folder of [backup] when the newest there is older than half the timetable's period.

    Raises:
        NetopsError: it cannot be written.
    """
    settings = desk.config.backup
    if not settings.folder:
        return Report(round="backup", facts={N_("backups"): 0})
    folder = desk.config.folder / settings.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    newest = max(folder.glob(OURS), default=None)
    age = desk.clock() - _taken(newest) if newest else None
    if age is None or age >= timedelta(seconds=seconds(desk.config.timetable.backup) / 2):
        create(desk, folder, flows=settings.flows, secrets=settings.secrets, keep=settings.keep, say=progress)
    return Report(round="backup", facts={N_("backups"): len(list(folder.glob(OURS)))})


def _taken(file: Path) -> datetime:
    """When one of our own was taken, by its name."""
    return datetime.strptime(file.name, STAMP).replace(tzinfo=UTC)


# ---- verify
class _Opened:
    """A backup open for reading: only what its manifest names is read, and no more than it says."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self.archive = zipfile.ZipFile(file)
            held = self.archive.getinfo(MANIFEST)
            if held.file_size > LINE_BYTES:
                raise ValueError("the manifest is too large")
            self.manifest = msgspec.json.decode(self.archive.read(held), type=Manifest)
            names = [one.name for one in self.manifest.members]
            if len(names) != len(set(names)) or any(_strays(name) for name in names):
                raise ValueError("the manifest names files that no backup holds")
        except FileNotFoundError:
            raise Missing("there is no backup {path}", "no such file", "name a file of netops backup create", path=file) from None
        except BROKEN as error:
            raise Unreadable(file.name, error) from error

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def lines(self, member: Member) -> Iterator[bytes]:
        """Its lines, checked against size and hash when the last was read."""
        size, digest = 0, hashlib.sha256()
        try:
            with self.archive.open(member.name) as content:
                while line := content.readline(LINE_BYTES):
                    size += len(line)
                    if size > member.size:
                        raise ValueError("larger than the manifest says")
                    digest.update(line)
                    yield line
        except BROKEN as error:
            raise Unreadable(member.name, error) from error
        if size != member.size or digest.hexdigest() != member.sha256:
            raise Unreadable(member.name, "its content is not what the manifest says")

    def table(self, name: str) -> Iterator[bytes]:
        """The lines of the table *name*."""
        wanted = f"{TABLES}{name}.jsonl"
        return self.lines(next(one for one in self.manifest.members if one.name == wanted))


def _strays(name: str) -> bool:
    """A name that is none of ours, or leads out of the folder that it is unpacked in."""
    path = PurePosixPath(name)
    return (
        not name.startswith((TABLES, FILES)) or "\\" in name or path.is_absolute() or ".." in path.parts or "\0" in name
        or (name.startswith(TABLES) and (path.suffix != ".jsonl" or len(path.parts) != 2))
    )  # fmt: skip


def verify(file: Path, say: Progress = silent) -> Backup:
    """
    Read all of a backup: every file against its hash, every row, and the journal's chain up to the head that it states.

    Raises:
        Unreadable: it is no backup of ours.
    """
    faults: list[str] = []
    with _Opened(file) as opened:
        manifest = opened.manifest
        for place, member in enumerate(manifest.members):
            say(place, len(manifest.members), member.name)
            try:
                if member.name.startswith(TABLES):
                    name = PurePosixPath(member.name).stem
                    count = sum(1 for _ in dump.rows(name, opened.lines(member)))
                    if count != member.rows:
                        faults.append(f"{member.name}: {count} rows, not {member.rows}")
                else:
                    for _ in opened.lines(member):
                        pass
            except Unreadable as error:
                faults.append(f"{error.facts['place']}: {error.facts['reason']}")
        if not faults:
            chain = journal.chained(_entries(opened))
            if chain.broken:
                faults.append(f"journal {chain.broken}: {chain.why}")
            elif (chain.entries, chain.head) != (manifest.entries, manifest.head):
                faults.append("journal: its head is not the one that the manifest states")
        say(len(manifest.members), len(manifest.members), "")
    return Backup(file=str(file), size=file.stat().st_size, sha256=_sha256(file), manifest=manifest, faults=tuple(faults))


def _entries(opened: _Opened) -> Iterator[dict[str, Any]]:
    for row in dump.rows("journal", opened.table("journal")):
        kept = {"at": moment(row["at"]), "before": json_value(row["before"]), "after": json_value(row["after"])}
        yield row | kept


# ---- restore
def restore(desk: Desk, file: Path, folder: Path | None = None, say: Progress = silent) -> Backup:
    """
    Put a whole, verified backup into the desk's empty store, and its files under *folder*; all rows or none.

    Raises:
        Refused: the backup is broken, or newer than this program; the store holds records; *folder* is not empty.
    """
    backup = verify(file, say)
    if backup.faults:
        raise Refused(
            "the backup was not restored", "it is broken: {faults}", "take an older one; netops backup verify FILE checks it",
            faults="; ".join(backup.faults[:5]),
        )  # fmt: skip
    if folder and folder.exists() and any(folder.iterdir()):
        raise Refused("the backup was not restored", "{path} is not empty", "name a new folder", path=folder)
    store = Store(desk.config.store_url)
    try:
        dump.require_empty(store)
        dump.lay(store, backup.manifest.schema)
        with _Opened(file) as opened:
            tables = backup.manifest.tables
            with store.write() as connection:
                for place, (name, _) in enumerate(dump.fill(connection, tables, opened.table), 1):
                    say(place, len(tables), name)
            if folder:
                _unpack(opened, folder)
    finally:
        store.close()
    chain = journal.verify(desk.store)
    if chain.broken or chain.head != backup.manifest.head:
        raise AssertionError("a restored journal that does not verify")
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record("backup.restore", file.name, after={"sha256": backup.sha256, "made": rfc3339(backup.manifest.made)})
    return backup


def _unpack(opened: _Opened, folder: Path) -> None:
    for member in opened.manifest.members:
        if member.name.startswith(FILES):
            path = folder / member.name.removeprefix(FILES)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                out.writelines(opened.lines(member))
