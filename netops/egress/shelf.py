"""The shelf: where the files of the flow archive stand, and how one gets there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from netops.core.clock import CITY_ZONE
from netops.egress.parts import Part
from netops.egress.segment import settled

WRITING = ".part"


def new_path(folder: Path, plane: str, day: str, suffix: str) -> Path:
    """A name that no file has, below the folder of a plane and a day or month."""
    path = folder / (plane or "unknown") / day / f"{uuid.uuid4().hex}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def shelved(folder: Path, path: Path, part: Part) -> Part:
    """*part* with name, size and hash of its file, once that is on the disk under its final name; it was written with WRITING."""
    written = path.with_suffix(WRITING)
    with written.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.seek(0, os.SEEK_END)
        os.fsync(file.fileno())
    settled(written, path)
    return msgspec.structs.replace(part, path=str(path.relative_to(folder)), size=size, sha256=digest)


def city_day(milliseconds: int) -> str:
    """The day in the city, "2026-11-20"."""
    return datetime.fromtimestamp(milliseconds / 1000, CITY_ZONE).date().isoformat()


def left_over(folder: Path, known: Collection[str]) -> Iterator[Path]:
    """Files of compactions that did not come to their end: unfinished ones, and finished ones that no list has."""
    for path in folder.rglob("*/*/*"):
        if path.suffix == WRITING or (
            path.suffix == ".parquet" and str(path.relative_to(folder)) not in known
        ):
            yield path


def swept(folder: Path, path: Path) -> None:
    """Remove a file, and the folders that it leaves empty."""
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder or not parent.is_relative_to(folder) or any(parent.iterdir()):
            return
        parent.rmdir()
