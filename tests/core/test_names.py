"""Names of organizations as people write them: who is meant, who may be, and who is surely not."""

from __future__ import annotations

import pytest

from netops.core.names import Names
from netops.core.organization import Organization

NAMES = Names(
    [
        Organization("fin", "云溪市财政局", "Finance Bureau"),
        Organization("wb", "云溪市水务局"),
        Organization("lxfin", "临溪县财政局"),
        Organization("two", "云溪市档案馆"),
        Organization("own", "档案馆"),
    ],
    "云溪市",
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("云溪市财政局", {"fin"}), ("市财政局", {"fin"}), ("财政局", {"fin"}), ("ｆｉｎ", {"fin"}), ("finance bureau", {"fin"}),
        ("临溪县财政局", {"lxfin"}), ("县财政局", set()), ("档案馆", {"own"}), ("市档案馆", {"two"}), ("", set()),
    ],
)  # fmt: skip
def test_who_is_called_so(text: str, codes: set[str]) -> None:
    """By code, in either language, without the city's name; a name that is somebody's own is only that one's."""
    assert codes == NAMES.codes(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("财局", "fin"), ("云溪市财政局办公室", "fin"), ("云溪市财正局", "fin"), ("水利局", "wb"), ("云溪市民政局", ""),
        ("云溪市卫健委", ""), ("局", ""), ("", ""),
    ],
)  # fmt: skip
def test_who_may_be_meant(text: str, code: str) -> None:
    """A name with something left out, added or mistaken; never another bureau for its likeness."""
    near = NAMES.near(text)
    assert code == (near.code if near else "")
