"""The page of GB/T 9704: how titles break, where the signature stands, what is left out of hostile text."""

from __future__ import annotations

import json
from pathlib import Path

from netops.documents import page
from tests.documents.conftest import notice, paper


def test_titles_break_where_a_word_ends(cases: Path) -> None:
    """
    Lines are balanced, no name and no Latin word is cut, no punctuation stands first.
    """
    given = json.loads((cases / "titles" / "given.json").read_text())
    expected = json.loads((cases / "titles" / "expected.json").read_text())

    assert expected == [list(page.title_lines(one["title"], one["breaks"])) for one in given]


def test_the_date_stands_four_characters_in_and_the_organ_over_its_middle() -> None:
    """
    A short organ is centred over the date; a long one moves both to the left, never over the margin.
    """
    assert (5.0, 4.0) == page.signature_indents(organ=5.0, dated=7.0)
    assert (0.0, 6.5) == page.signature_indents(organ=20.0, dated=7.0)


def test_a_single_attachment_has_no_number() -> None:
    """
    附件：问题清单 alone; two are numbered and aligned.
    """
    assert ("附件：问题清单",) == page.attachment_lines(paper(attachments=("问题清单",)))
    assert ("附件：1. 甲", "　　　2. 乙") == page.attachment_lines(paper(attachments=("甲", "乙")))


def test_text_cannot_bend_the_page() -> None:
    """
    Line ends become spaces; controls, invisible marks and marks that turn the direction of writing are dropped.
    """
    assert "r1 ge0/1" == page.plain("r1\r\n\u202ege0/1\u200b\x00\x1b\u2066\ufffe")


def test_every_character_is_counted_for_the_font_that_draws_it() -> None:
    """
    Level 1 headings are 黑体, level 2 楷体, title and mark 小标宋, the rest 仿宋.
    """
    drawn = page.characters(notice())

    assert {"一", "证"} <= drawn["heiti"]
    assert set("（一）要求") == drawn["kaiti"]
    assert {"擅", "件"} <= drawn["xiaobiaosong"]
    assert {"〔", "抄"} <= drawn["fangsong"]
    assert {"链", "—"} <= drawn["songti"]
