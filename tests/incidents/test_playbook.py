"""Playbooks, clocks, grading and taxonomy are read strictly: every fault with its file and line, all at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netops.core.errors import Faults, Missing
from netops.core.language import speak
from netops.incidents import clocks, grading, legal_basis, playbook, taxonomy
from tests.incidents.cases import PLAYBOOKS

HEAD = '+++\ntitle_zh = "出口"\ntitle_en = "Exit"\ncauses = ["c"]\nkinds = ["k"]\narticles = [12]\n+++\n\n'


def test_the_playbooks_that_ship_can_be_read() -> None:
    """By name, by kind of finding, by cause; steps in their order; every kind has a cause of the taxonomy."""
    found = playbook.load(PLAYBOOKS)
    causes = taxonomy.load(PLAYBOOKS)

    speak("en")
    assert "Unauthorized internet exit" == playbook.named(found, "rogue-exit").title
    assert "intranet-exit" == playbook.named(found, "cross_plane").name
    assert found["bypass-link"] == playbook.answering(found, "private_backbone")
    assert playbook.answering(found, "no_such_cause") is None
    assert all(len(one.steps) >= 5 for one in found.values())
    assert all(causes.cause(kind).key in one.head.causes for one in found.values() for kind in one.head.kinds)
    with pytest.raises(Missing, match="bypass-link, intranet-exit"):
        playbook.named(found, "ballad")


def test_faults_of_several_playbooks_are_told_at_once(tmp_path: Path) -> None:
    """An unknown key with its line in the file, a head that is none, steps with a gap."""
    folder = tmp_path / "incidents"
    folder.mkdir()
    for name, text in (("a", HEAD.replace('kinds = ["k"]', 'kinds = ["k"]\nphone = 110') + "1. 一\n"),
                       ("b", "1. 一\n"), ("c", HEAD + "1. 一\n3. 三\n"), ("d", HEAD.replace("[12]", '"12"') + "1. 一\n"),
                       ("e", HEAD.replace("[12]", "[12") + "1. 一\n"), ("f", HEAD + "没有步骤\n")):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "g.md").write_bytes(b"\xff\xfe")

    with pytest.raises(Faults) as caught:
        playbook.load(tmp_path)

    told = caught.value.faults
    assert told[0].startswith("incidents/a.md:6: phone: unknown key 'phone'")
    assert "incidents/b.md:1: must begin with a head between two lines of +++" == told[1]
    assert "incidents/c.md:8: steps must be numbered 1., 2., 3. without gaps" == told[2]
    assert told[3].startswith("incidents/d.md:6: articles: Expected `array`, got `str`")
    assert told[4].startswith("incidents/e.md: ")
    assert "incidents/f.md:8: steps must be numbered 1., 2., 3. without gaps" == told[5]
    assert told[6].startswith("incidents/g.md: 'utf-8'")


def test_a_step_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    """Indented lines belong to the step before."""
    (tmp_path / "incidents").mkdir()
    (tmp_path / "incidents" / "a.md").write_text(HEAD + "1. 核对，\n   再核对\n2. 联系\n", encoding="utf-8")

    assert ("核对，再核对", "联系") == playbook.load(tmp_path)["a"].steps


@pytest.mark.parametrize(("file", "old", "new", "told", "load"), [
    ("clocks", 'id = "C-1H-CII"', 'id = "C-4H"', "clocks.id: C-4H stands twice", clocks.read),
    ("clocks", "seconds = 14400", 'seconds = "four hours"', "clocks.seconds: Expected `int`, got `str`", clocks.read),
    ("clocks", 'grades = ["I", "II", "III"]', 'grades = ["V"]', "clocks.grades: Invalid enum value 'V'", clocks.read),
    ("clocks", "seconds = 14400", "seconds = 14400\ndays = 1", "clocks.id: give only one of", clocks.read),
    ("grading", 'mark = "verified"', 'mark = "memory"', "thresholds.mark: verified is True but mark is 'memory'", grading.load),
    ("grading", "kinds = []", 'kinds = ["x"]', "proposals: one proposal must have kinds = []", grading.load),
    ("grading", 'unit = "seconds"', 'unit = "hours"', "thresholds.unit: Invalid enum value 'hours'", grading.load),
    ("taxonomy", 'category = "6.7"', 'category = "6.77"', "causes.category: there is no category '6.77'", taxonomy.load),
    ("taxonomy", 'kinds = ["intranet_exit"]', 'kinds = ["tunnel"]', "causes.kinds: tunnel is under", taxonomy.load),
    ("articles", "article = 4", 'article = "four"', "articles.article: Expected `int`, got `str`", legal_basis.articles),
])
def test_a_wrong_table_is_named_with_its_line(
    tmp_path: Path, file: str, old: str, new: str, told: str, load: Callable[[Path], object]
) -> None:
    """The law as it ships with one fault in it."""
    shutil.copytree(PLAYBOOKS / "law", tmp_path / "law")
    path = tmp_path / "law" / f"{file}.toml"
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(Faults) as caught:
        load(tmp_path)

    line, _sep, fault = caught.value.faults[0].removeprefix(f"law/{file}.toml:").partition(": ")
    assert fault.startswith(told)
    assert line.isdecimal()


def test_every_playbook_is_read_in_english_too(tmp_path: Path) -> None:
    """
    每个预案都有英文，步骤一样多；步骤数对不上的，指明是哪个文件。
    """
    for one in playbook.load(PLAYBOOKS).values():
        speak("en")
        assert (len(one.steps), True) == (len(one.said), one.said[0].isascii())
        assert one.told.isascii()
        speak("zh")
        assert (one.steps, False) == (one.said, one.told.startswith("#"))
    shutil.copytree(PLAYBOOKS / "incidents", tmp_path / "incidents")
    with (tmp_path / "incidents" / "en" / "rogue-exit.md").open("a", encoding="utf-8") as file:
        file.write("11. One more.\n")
    with pytest.raises(Faults) as raised:
        playbook.load(tmp_path)
    assert ("incidents/en/rogue-exit.md:1: has 11 steps where the Chinese one has 10",) == raised.value.faults
