"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from netops.core.errors import NetopsError, Refused
from netops.core.language import N_

UNWRITTEN = N_("{path} was not written")


def put(content: bytes, path: Path, *, what: str = UNWRITTEN) -> None:
    """
    Write a file: it is there whole, and on the disk, or not at all; an older one stays until then.

    Raises:
        NetopsError: the place cannot be written.
    """
    with whole(path, what=what) as file:
        file.write(content)


def fresh(content: bytes, path: Path, *, what: str = UNWRITTEN, mode: int = 0o666) -> None:
    """
    Write a file as `put` does, but never over one that is there: somebody may have filled it in.

    Raises:
        Refused: the file is there. NetopsError: the place cannot be written.
    """
    with whole(path, new=True, what=what, mode=mode) as file:
        file.write(content)


@contextmanager
def whole(path: Path, *, new: bool = False, what: str = UNWRITTEN, mode: int = 0o666) -> Iterator[BinaryIO]:
    """
    A file to write into, which has its name once this ends well; when it does not, all is as it was.

    A device or a pipe is written as it is.

    Args:
        new: never over a file that is there. *what*: what did not happen, as a message id. *mode*: of a new file.

    Raises:
        Refused: the file is there, and must not be. NetopsError: the place cannot be written.
    """
    try:
        if new and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        target = path.resolve() if path.is_symlink() else path
        beside = target.with_name(f".{target.name[:60]}.{secrets.token_hex(6)}")
        try:
            with _nameless(beside, mode) as file:
                yield file
            if new:
                _named(beside, target)
            else:
                if target.exists():
                    beside.chmod(target.stat().st_mode & 0o777)
                beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        _settle(target.parent)
    except OSError as error:
        raise unwritten(path, error, what) from error


def folder(path: Path) -> None:
    """
    Have a folder, and those above it.

    Raises:
        NetopsError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(path, error) from error


def ready(path: Path) -> None:
    """
    Whether a file could be written at this place, asked before the work that fills it.

    Raises:
        NetopsError: its folder is not there, or may not be written.
    """
    folder = path.parent
    if path.exists() and not path.is_file():
        return
    if not folder.exists():
        raise unwritten(path, OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
    if not folder.is_dir():
        raise unwritten(path, OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritten(path, OSError(errno.EACCES, os.strerror(errno.EACCES)))


def unwritten(path: Path, error: OSError, what: str = UNWRITTEN) -> NetopsError:
    """What to tell a person when the system did not let a file be written: why, and what mends it."""
    if isinstance(error, FileExistsError):
        return Refused(what, N_("{path} is there already"), N_("name another file"), path=path)
    folder = path.parent
    stood = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes, os.PathLike)) else path
    is_here = stood == folder or stood.parent in (folder, folder.resolve())
    why, mend = (is_here and REASONS.get(error.errno or 0)) or ("{reason}", N_("give another place"))
    reason = (is_here and error.strerror) or error
    return NetopsError(what, why, mend, path=path, folder=folder, reason=reason)


REASONS = {
    errno.ENOENT: (N_("there is no folder {folder}"), N_("mkdir -p {folder}, or give another place")),
    errno.ENOTDIR: (N_("{folder} is not a folder"), N_("give another place")),
    errno.EISDIR: (N_("{path} is a folder"), N_("name a file in it")),
    errno.ENAMETOOLONG: (N_("the name is too long"), N_("give a shorter one")),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        (N_("this account may not write in {folder}"), N_("give a place that it may write, or ask who runs this machine")),
    ),
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        (N_("the disk has no room for it"), N_("free some room, or give a place on another disk")),
    ),
}


@contextmanager
def _nameless(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file, which has no name before it is whole where the system can do that."""
    try:
        handle, has_name = os.open(path.parent, os.O_TMPFILE | os.O_RDWR, mode), False
    except (OSError, AttributeError):
        handle, has_name = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode), True
    with os.fdopen(handle, "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        if not has_name:
            # Only with a folder beside it does Python call linkat, which follows the link to the open file.
            os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno(), follow_symlinks=True)


def _named(beside: Path, path: Path) -> None:
    """Give it the name that nobody has yet; a stick that is carried may know no second names, and gets it moved."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        beside.rename(path)


def _settle(folder: Path) -> None:
    """Have the folder's entry on the disk too: the name of a new file then survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
