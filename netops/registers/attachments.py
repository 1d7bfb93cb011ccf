"""Attachments (附件) of records: kept by their hash in a folder, never changed, never run; the store lists them."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Column, Integer, String, Table, select

from netops.core.errors import Missing, NetopsError
from netops.core.journal import Act
from netops.core.language import N_
from netops.core.store import Instant, Store, metadata
from netops.registers.content import recognized

attachments = Table(
    "register_attachments",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("media", String(100), nullable=False),
    Column("ending", String(8), nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("removed_at", Instant),
)


class Attachment(msgspec.Struct, frozen=True):
    """
    One file of a record.

    Args:
        number: of the record.
        path: where it lies in the folder of attachments.
        media: its type, told by its content.
        size: bytes.
        removed_at: when it was taken off the record; the file stays, as the journal names it.
    """

    number: str
    sha256: str
    name: str
    media: str
    path: str
    size: int
    at: datetime
    actor: str
    removed_at: datetime | None = None


class Damage(msgspec.Struct, frozen=True):
    """A kept file that is not as it was attached; *what* is a message id."""

    path: str
    what: str


def listed(store: Store, number: str = "", *, removed: bool = False) -> list[Attachment]:
    """Attachments of a record, or of all: what a backup must carry beside the store."""
    query = select(attachments).order_by(attachments.c.number, attachments.c.at)
    if number:
        query = query.where(attachments.c.number == number)
    if not removed:
        query = query.where(attachments.c.removed_at.is_(None))
    with store.read() as connection:
        return [
            Attachment(row.number, row.sha256, row.name, row.media, _path(row.sha256, row.ending), row.size, row.at, row.actor,
                       row.removed_at)
            for row in connection.execute(query)
        ]  # fmt: skip


def attach(act: Act, folder: Path, number: str, name: str, content: bytes, of: str = "register") -> str:
    """
    Keep a file for a record; its SHA-256. The same file again changes nothing but its name.

    Args:
        of: what the number is of, for the journal: "register" or "declare".

    Raises:
        NotAttached: it is no paper, or too large.
        NetopsError: the folder cannot be written.
    """
    ending, media = recognized(content, name)
    sha256 = hashlib.sha256(content).hexdigest()
    _write(folder / _path(sha256, ending), content)
    called = re.sub(r"[\x00-\x1f\x7f/\\]", "_", Path(name).name)[:200] or f"{sha256[:12]}.{ending}"
    act.connection.execute(
        attachments.delete().where(attachments.c.number == number, attachments.c.sha256 == sha256)
    )
    act.connection.execute(
        attachments.insert().values(
            number=number, sha256=sha256, name=called, media=media, ending=ending, size=len(content), at=act.at,
            actor=act.actor, removed_at=None,
        )
    )  # fmt: skip
    act.record(
        f"{of} attach",
        number,
        after={"name": called, "sha256": sha256, "size": len(content), "media": media},
    )
    return sha256


def detach(act: Act, number: str, sha256: str, why: str, of: str = "register") -> None:
    """
    Take a file off a record; the bytes stay where they are.

    Raises:
        Missing: the record has no such file.
    """
    mine = (
        attachments.c.number == number,
        attachments.c.sha256.startswith(sha256),
        attachments.c.removed_at.is_(None),
    )
    rows = act.connection.execute(select(attachments.c.sha256, attachments.c.name).where(*mine)).all()
    if len(rows) != 1 or len(sha256) < 6:
        raise Missing(
            "{number} has no attachment {sha256}",
            "",
            "netops register files lists every one",
            number=number,
            sha256=sha256,
        )
    act.connection.execute(attachments.update().where(*mine).values(removed_at=act.at))
    act.record(f"{of} detach", number, why=why, before={"name": rows[0].name, "sha256": rows[0].sha256})


def let_go(folder: Path, files: Collection[str]) -> None:
    """Remove the bytes with these hashes, of whatever type they are."""
    for sha256 in files:
        place = folder / _path(sha256, "x")
        for path in place.parent.glob(f"{place.stem}.*"):
            path.unlink(missing_ok=True)


def _path(sha256: str, ending: str) -> str:
    return f"{sha256[:2]}/{sha256}.{ending}"


def _write(path: Path, content: bytes) -> None:
    """Write it beside its place first: a file of this name is whole, and nobody may execute it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        if path.exists():
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o440)
        Path(file.name).replace(path)
    except OSError as error:
        raise NetopsError(
            "the attachment was not kept", "{reason}", "give [registers] attachments a folder that can be written",
            reason=error,
        ) from error  # fmt: skip


def damaged(folder: Path, kept: Iterable[Attachment]) -> Iterator[Damage]:
    """Kept files that are missing, or whose content is not what was attached."""
    for one in kept:
        try:
            with (folder / one.path).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != one.sha256:
                    yield Damage(one.path, N_("its content was changed"))
        except FileNotFoundError:
            yield Damage(one.path, N_("it is missing"))
        except OSError:
            yield Damage(one.path, N_("it cannot be read"))
