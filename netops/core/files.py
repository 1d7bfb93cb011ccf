"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from netops.core.errors import NetopsError


def put(content: bytes, path: Path) -> None:
    """
    Write a file: it is there whole, and on the disk, or not at all; an older one stays until then.

    A device or a pipe is written as it is.

    Raises:
        NetopsError: the place cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        target = path.resolve() if path.is_symlink() else path
        beside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}")
        try:
            _write(content, beside)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o777)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _settle(target.parent)
    except OSError as error:
        raise NetopsError(
            "{path} was not written", "{reason}", "give another place by -o", path=path, reason=error
        ) from error


def _write(content: bytes, path: Path) -> None:
    """A new file with this content, which has no name before it is whole where the system can do that."""
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except (OSError, AttributeError):
        handle, nameless = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666), False
    else:
        nameless = True
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        if nameless:
            # Only with a folder beside it does Python call linkat, which follows the link to the open file.
            os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno(), follow_symlinks=True)


def _settle(folder: Path) -> None:
    """Have the folder's entry on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
