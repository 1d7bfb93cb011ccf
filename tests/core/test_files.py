"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from netops.core import files
from netops.core.errors import NetopsError, Refused
from netops.core.language import speaking


def test_a_file_that_fails_halfway_leaves_what_was_there(tmp_path: Path) -> None:
    """What went wrong in the middle costs neither the older file nor the folder's order."""
    place = tmp_path / "answer.json"
    files.put(b"old", place)
    place.chmod(0o640)

    with pytest.raises(ZeroDivisionError), files.whole(place) as file:
        file.write(b"half of the new")
        raise ZeroDivisionError

    assert (b"old", [place]) == (place.read_bytes(), list(tmp_path.iterdir()))
    files.put(b"new", place)
    assert (b"new", 0o640, [place]) == (place.read_bytes(), place.stat().st_mode & 0o777, list(tmp_path.iterdir()))


@pytest.mark.parametrize("nameless", [True, False], ids=["nameless", "named"])
def test_a_form_never_goes_over_one_that_is_there(
    tmp_path: Path, nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Somebody may have filled it in; a new one is of its mode, and alone in its folder.

    Not every file system knows files without names, or second names: a stick that is carried does not.
    """
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE")
        monkeypatch.setattr(os, "link", _no_links)
    place = tmp_path / "form.xlsx"
    files.fresh(b"form", place, mode=0o600)

    with pytest.raises(Refused) as refused:
        files.fresh(b"other", place)

    with speaking("en"):
        assert (f"{place} was not written", f"{place} is there already", "name another file") == refused.value.told()
    assert (b"form", 0o600, [place]) == (place.read_bytes(), place.stat().st_mode & 0o777, list(tmp_path.iterdir()))


def _no_links(*_args: object, **_more: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_what_stood_in_the_way_is_told_in_both_languages(tmp_path: Path) -> None:
    """A missing folder, a folder of that name, a name too long: what, why and mend, no number of the system's."""
    (tmp_path / "folder").mkdir()
    missing, folder, long = tmp_path / "none" / "a.json", tmp_path / "folder", tmp_path / ("x" * 300)

    for place, english, chinese in (
        (missing, f"there is no folder {missing.parent}", f"没有文件夹 {missing.parent}"),
        (missing.parent / "b" / "c.json", f"there is no folder {missing.parent / 'b'}", f"没有文件夹 {missing.parent / 'b'}"),
        (long, "the name is too long", "名称太长"),
    ):
        with pytest.raises(NetopsError) as met:
            files.put(b"x", place)
        with speaking("en"):
            assert (f"{place} was not written", english) == met.value.told()[:2]
        with speaking("zh"):
            assert (f"{place} 未能写入", chinese) == met.value.told()[:2]
    with pytest.raises(NetopsError) as met:
        files.ready(missing)
    with speaking("en"):
        assert f"mkdir -p {missing.parent}, or give another place" == met.value.told()[2]
    files.ready(folder / "fine.json")


def test_a_full_disk_and_a_foreign_fault_are_told_apart(tmp_path: Path) -> None:
    """What the disk lacks is said so; what another file lacked while this one was filled is not said of this one."""
    place = tmp_path / "a.zip"

    with pytest.raises(NetopsError) as full, files.whole(place):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(NetopsError) as foreign, files.whole(place):
        (tmp_path / "elsewhere" / "key").read_bytes()

    assert "磁盘空间不足" == full.value.told()[1]
    assert f"[Errno 2] No such file or directory: '{tmp_path}/elsewhere/key'" == foreign.value.told()[1]
    assert [] == list(tmp_path.iterdir())
