"""Strict TOML files: what was read is remembered until the file changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from netops.core.errors import Faults
from netops.core.toml import Source, settled, until_changed


@until_changed(lambda folder: [folder / "a.toml"])
def read(folder: Path) -> tuple[object, ...]:
    """The values of a.toml, in a new tuple each time it is read."""
    faults: list[str] = []
    source = Source(folder / "a.toml", "a.toml", faults)
    settled("a.toml was not read", faults, "")
    return tuple(source.content.values())


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """
    读过的文件不变就不再读；一改，或者换了内容，马上读到新的；读不成的每次都重新读。
    """
    (tmp_path / "a.toml").write_text("n = 1\n")
    first = read(tmp_path)

    assert first is read(tmp_path)
    (tmp_path / "a.toml").write_text("n = 22\n")
    assert (22,) == read(tmp_path)
    (tmp_path / "a.toml").write_text("n = \n")
    for _ in range(2):
        with pytest.raises(Faults, match=r"a\.toml"):
            read(tmp_path)
    (tmp_path / "a.toml").write_text("n = 1\n")
    assert first == read(tmp_path)
