"""Every form that ships, drawn with little, much and very much to say, and measured: margins, pitch, fonts, no empty box."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from netops.core.paper import Paper
from netops.documents import page, pdf
from netops.documents.settings import Documents
from netops.incidents import wording
from tests.documents import drawn
from tests.incidents.cases import PLAYBOOKS
from tests.incidents.test_notice import composed, fact

NAMES = wording.names(PLAYBOOKS)
SIZES = {  # findings, and words that are said of each
    "short": (1, ""), "very long": (24, "经查，该线路由王镕、李赟、陈𬭎开通，" * 4),
}  # fmt: skip
BOX = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]+)')


def form(name: str, size: str) -> Paper:
    """The form with as much to say."""
    count, words = SIZES[size]
    facts = []
    for order in range(1, count + 1):
        one = fact(f"F-{order:04d}")
        facts.append(msgspec.structs.replace(one, says={**one.says, "title": f"第{order}个问题", "because": f"{words}有流进入"}))
    values = {"organization": "云溪市镕赟𬭎局", "to": "云溪市镕赟𬭎局", "measures": words or "已断开。", "reason": words}
    given = wording.load(PLAYBOOKS, name).given
    said = {key: text for key, text in values.items() if text and (key in given or key == "organization")}
    paper = composed(name, *facts, **said)
    return msgspec.structs.replace(paper, number="" if size == "short" else "示信办〔2026〕1024号", journal="ab12" * 16)


def words(content: bytes, folder: Path) -> list[tuple[int, float, float, float, str]]:
    """Words with page, left, right and top in mm, as poppler sees them."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    (folder / "form.pdf").write_bytes(content)
    ran = subprocess.run(["pdftotext", "-bbox", folder / "form.pdf", "-"], check=True, capture_output=True)
    said = ran.stdout.decode("utf-8", "replace")
    found = []
    for number, part in enumerate(said.split("<page ")[1:], 1):
        for left, top, right, _bottom, text in BOX.findall(part):
            x, y, z = (float(one) * page.MM_PER_PT for one in (left, right, top))
            # The blank half of a bracket or a full stop is not drawn.
            blank = page.BODY_PT * page.MM_PER_PT / 2
            found.append((number, x + blank * (text[0] in page.OPENING), y - blank * (text[-1] in page.CLOSING), z, text))
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_a_form_keeps_its_page(settings: Documents, tmp_path: Path, name: str, size: str) -> None:
    """Nothing stands outside the type area but page number and journal; every font is embedded, and no box is empty."""
    content = pdf.render(form(name, size), settings)
    body = [one for one in words(content, tmp_path) if page.TOP_MM - 2 < one[3] < page.HEIGHT_MM - page.BOTTOM_MM]
    foot = [one for one in words(content, tmp_path) if one[3] >= page.HEIGHT_MM - page.BOTTOM_MM]

    assert page.LEFT_MM - 1 < min(left for _, left, _, _, _ in body)
    assert max(right for _, _, right, _, _ in body) < page.WIDTH_MM - page.RIGHT_MM + 1
    assert all(page.HEIGHT_MM - page.BOTTOM_MM + 5 < top for *_, top, _ in foot)
    assert all(drawn.embedded(content).values())
    assert 0 == drawn.undrawn(content)


@pytest.mark.parametrize("name", ["notice", "report_first", "access_reply"])
def test_the_lines_of_a_form_stand_on_the_grid(settings: Documents, name: str) -> None:
    """Lines of text are 10.42 mm apart (or drawn together by less than a twentieth), never more than 23 on a page."""
    for one in drawn.pages(pdf.render(form(name, "very long"), settings)):
        full = [line for line in drawn.lines(one) if line.points == page.BODY_PT and 26 <= len(line.text) <= 29]
        steps = [round(b.baseline - a.baseline, 1) for a, b in itertools.pairwise(full)]
        assert all(page.TIGHT * page.PITCH_MM - 0.1 <= step % 500 for step in steps)
        assert len(full) <= 23


def test_a_long_table_repeats_its_head_and_cuts_no_row(settings: Documents) -> None:
    """Findings over pages: the head on each, every row whole."""
    content = pdf.render(form("rectification_request", "very long"), settings)
    pages = ["".join(one.extract_text().split()) for one in drawn.pages(content)]
    told = [text for text in pages if "个问题" in text]

    assert 2 < len(told)
    assert all("整改要求" in text for text in told)
    assert all(text.count("EV-F-") == text.count("个问题") for text in told)
