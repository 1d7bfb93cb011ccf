"""Attachments at the desk: where they are kept, and to which record they belong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from netops.core.errors import NetopsError
from netops.core.journal import act
from netops.declarations import filings
from netops.desk import Desk
from netops.registers import attachments as kept
from netops.registers.attachments import Attachment, Damage
from netops.registers.content import MOST_BYTES, recognized
from netops.rounds import registers

__all__ = [
    "attach", "attach_to_declaration", "content", "damaged", "detach",
    "detach_from_declaration", "folder_of", "let_go", "listed", "recognized",
]  # fmt: skip


def folder_of(desk: Desk) -> Path:
    """
    The folder of attachments: as configured, or beside the SQLite file.

    Raises:
        NetopsError: the store is no file, and there is no configuration that names a folder.
    """
    name = desk.config.registers.attachments
    if desk.config.path:
        return desk.config.folder / name
    database = (desk.store.engine.url.database or "") if desk.store.is_sqlite else ""
    if not database or database == ":memory:":
        raise NetopsError(
            "there is no folder of attachments", "the store is no file, and there is no configuration",
            "name one in [registers] attachments",
        )  # fmt: skip
    return Path(database).parent / name


def content(path: Path) -> bytes:
    """
    The bytes of a file that is to be attached.

    Raises:
        NetopsError: it is too large, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NetopsError("{name} was not attached", "{reason}", "", name=path.name, reason=error) from error


def attach(desk: Desk, kind: str, number: str, name: str, held: bytes) -> str:
    """Keep a file for a record; its SHA-256."""
    _kind, entry = registers.one(desk, kind, number)
    with act(desk.store, desk.actor, desk.clock) as acting:
        return kept.attach(acting, folder_of(desk), entry.number, name, held)


def detach(desk: Desk, kind: str, number: str, sha256: str, why: str) -> None:
    """Take a file off a record."""
    _kind, entry = registers.one(desk, kind, number)
    with act(desk.store, desk.actor, desk.clock) as acting:
        kept.detach(acting, entry.number, sha256.lower(), why)


def attach_to_declaration(desk: Desk, number: str, name: str, held: bytes) -> str:
    """Keep a signed paper of a declaration; its SHA-256."""
    one = filings.one(desk.store, number)
    with act(desk.store, desk.actor, desk.clock) as acting:
        return kept.attach(acting, folder_of(desk), one.number, name, held, "declare")


def detach_from_declaration(desk: Desk, number: str, sha256: str, why: str) -> None:
    """Take a paper off a declaration."""
    one = filings.one(desk.store, number)
    with act(desk.store, desk.actor, desk.clock) as acting:
        kept.detach(acting, one.number, sha256.lower(), why, "declare")


def listed(desk: Desk) -> list[Attachment]:
    """Every attachment of records."""
    return kept.listed(desk.store)


def damaged(desk: Desk) -> Iterator[Damage]:
    """Kept files that are not as they were attached, those taken off a record too."""
    yield from kept.damaged(folder_of(desk), kept.listed(desk.store, removed=True))


def let_go(desk: Desk, files: Collection[str]) -> None:
    """Remove the bytes of attachments that no record has any more, by their SHA-256."""
    if files:
        kept.let_go(folder_of(desk), files)
