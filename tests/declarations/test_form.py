"""The form: written and read back unchanged; every fault named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import Faults
from netops.core.plane import Plane
from netops.declarations import form
from netops.declarations.declaration import Equipment, Statements

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(
    WORDS, WORDS, WORDS, st.integers(0, 9999), st.lists(st.builds(Equipment, WORDS, WORDS, WORDS), max_size=3)
)
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    nature: str,
    scope: str,
    contact: str,
    terminals: int,
    equipment: list[Equipment],
) -> None:
    """Quotes, line breaks, control characters and markup in what people write survive."""
    stated = Statements(
        "fin",
        Plane.INTRANET,
        nature,
        scope,
        terminals,
        tuple(item for item in equipment if item != Equipment("")),
        contact,
        "2026-11-20",
    )
    path = tmp_path_factory.mktemp("form") / "form.toml"
    path.write_text(form.write(stated, "DECL-2026-0001"), encoding="utf-8", newline="")

    read = form.read(path)

    assert ("DECL-2026-0001", stated) == (read.number, read.stated)


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    """Unknown keys, wrong types, missing statements and impossible dates come all at once."""
    path = tmp_path / "f.toml"
    path.write_text(
        '[declaration]\norganization = "fin"\nplane = "外网"\nnature = ""\nterminals = "many"\ncolour = 1\n'
        '\n[[equipment]]\nmodel = "S5735"\n',
        encoding="utf-8",
    )

    with pytest.raises(Faults) as caught:
        form.read(path)

    told = "\n".join(caught.value.faults)
    for place in (
        "f.toml:3: declaration.plane",
        "f.toml:5: declaration.terminals",
        "f.toml:6: declaration.colour",
        "scope is missing",
        "f.toml:8: equipment: name is missing",
    ):
        assert place in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = ",
        "[declaration]",
        "declaration = 3",
        "[[declaration]]\n",
        "\x00",
        "equipment = 5\n[declaration]\n",
    ],
)
def test_garbage_is_told_not_thrown(tmp_path: Path, text: str) -> None:
    """Any file gives Faults, never another error."""
    path = tmp_path / "f.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults):
        form.read(path)
