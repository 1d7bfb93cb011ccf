"""Papers about addresses: the application form, the notice that is frozen when it is issued, the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netops.cli import main
from netops.core.language import speaking
from netops.documents import form, form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Grid, Remarks
from netops.documents.settings import Documents
from tests.documents import drawn
from tests.documents.conftest import opened, settings  # noqa: F401 - fixtures
from tests.rounds.test_roster import city  # noqa: F401 - a fixture

NUMBER = "云信接（2026）1号"
LONG = "预算管理一体化系统终端，含" + "窗口、" * 60 + "𠮷镕赟 Latin_word_that_never_ends_" * 4


@pytest.fixture
def allotted(city: Path) -> Path:  # noqa: F811
    """Two runs under one declaration, one of them with much to say."""
    (city / "in.csv").write_text(
        f"单位,地址,用途,主机名\nfin,10.20.11.10-12,{LONG},\nfin,10.20.11.20,<w:br/>#import,fin-srv1\n",
        "utf-8",
    )
    assert 0 == main(["ip", "import", "in.csv", "--yes", "-q"])
    return city


def texts(content: bytes) -> list[str]:
    """The text of each page without blanks."""
    return ["".join(page.extract_text().split()) for page in drawn.pages(content)]


def test_a_notice_tells_what_was_allocated(allotted: Path) -> None:
    """Addresses with mask, gateway and VLAN of their LAN, the regulation, a draft until it has a number."""
    assert 0 == main(["ip", "paper", "notice", "--declaration", NUMBER, "-o", "n.json"])
    made = json.loads((allotted / "n.json").read_text("utf-8"))
    [table] = [block for block in made["paper"]["blocks"] if block["type"] == "table"]

    assert "云溪市财政局" == made["paper"]["to"]
    assert ["序号", "地址", "数量", "掩码", "网关", "VLAN", "用途", "生效日期"] == table["columns"]
    assert ["1", "10.20.11.10-10.20.11.12", "3", "255.255.255.0", "10.20.11.1", "11"] == table["rows"][0][:6]
    assert "number" not in made["paper"]
    assert made["paper"]["warnings"]


def test_an_issued_notice_is_frozen(allotted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """
    通知单就是公文登记里的一份：取下一个文号，只写选定的几段，固定后逐字节相同；所列地址已收回的，草稿不再签发。
    """
    asked = ["ip", "paper", "notice", "AL-0001"]
    assert 4 == main([*asked, "--issue", "-o", "a.docx", "--no-input"])
    assert 0 == main([*asked, "--issue", "-o", "a.docx", "--yes"])
    capsys.readouterr()
    assert 0 == main(["document", "list", "--kind", "address_notice", "--json"])
    [kept] = json.loads(capsys.readouterr().out)["items"]
    assert ("issued", "云信办〔2026〕1号", NUMBER) == (kept["state"], kept["number"], kept["subject"])
    assert 0 == main(["document", "print", kept["id"], "-o", "b.docx"])
    assert (allotted / "a.docx").read_bytes() == (allotted / "b.docx").read_bytes()
    assert 2 == main(["ip", "paper", "notice", "AL-0001", "AL-0099", "-o", "c.docx", "--lang", "en"])
    assert 0 == main(["ip", "paper", "notice", "AL-0002", "-o", "c.xlsx"])
    assert 0 == main(["ip", "release", "AL-0002", "--why", "撤并", "--yes"])
    capsys.readouterr()
    assert 4 == main(["document", "issue", "D-0002", "--yes", "--lang", "en"])
    assert "AL-0002 was given back" in capsys.readouterr().err
    assert 0 == main(["journal", "verify"])


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("notice", "--declaration", "D-2", "-o", "x.docx"), 4),
        (("notice", "--declaration", NUMBER, "-o", "x.odt"), 2),
        (("notice", "--declaration", NUMBER), 2),
        (("notice", "-o", "x.docx"), 2),
        (("notice", "AL-0001", "--issue", "--yes", "-o", "x.odt"), 2),
        (("application", "--declaration", "D-9", "-o", "x.docx"), 2),
        (("application", "--declaration", NUMBER, "-o", "x.xlsx"), 2),
        (("ledger", "--pool", "10.9.0.0/24", "-o", "x.docx"), 2),
        (("ledger", "--plane", "intranet", "-o", "x.docx"), 4),
    ],
)
def test_what_cannot_be_written_is_refused(allotted: Path, argv: tuple[str, ...], code: int) -> None:
    """Nothing allocated, another suffix, no file, no such declaration or pool, a plane that is not served."""
    assert code == main(["ip", "paper", *argv])
    assert not [path for path in allotted.iterdir() if path.name.startswith("x.")]


def test_a_ledger_workbook_comes_back(allotted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By organization and by pool, in Chinese and English; taken in again it changes nothing."""
    for by, language in (("organization", "zh"), ("pool", "zh"), ("organization", "en"), ("pool", "en")):
        assert 0 == main(["ip", "paper", "ledger", "--by", by, "-o", "l.xlsx", "--lang", language])
        capsys.readouterr()
        assert 0 == main(["ip", "import", "l.xlsx", "--yes", "--json"])
        [made] = json.loads(capsys.readouterr().out)["items"]
        assert ([], 2, []) == (made["added"], made["same"], made["faults"])


def test_papers_are_drawn_whole(
    allotted: Path,
    settings: Documents,  # noqa: F811
    opened: Callable[..., dict[str, bytes]],  # noqa: F811
) -> None:
    """PDF and what LibreOffice prints of DOCX say the same; long cells, rare characters and markup are text."""
    verbs = {"notice": ["notice", "--declaration", NUMBER], "application": ["application", "--declaration", NUMBER],
             "ledger": ["ledger", "--by", "pool"]}  # fmt: skip
    for name, argv in verbs.items():
        for suffix in ("pdf", "docx"):
            assert 0 == main(["ip", "paper", *argv, "-o", f"{name}.{suffix}"])
    printed = opened({name: (allotted / f"{name}.docx").read_bytes() for name in verbs})
    for name in verbs:
        pdf = (allotted / f"{name}.pdf").read_bytes()
        assert 0 == drawn.undrawn(pdf)
        for said in ("".join(texts(pdf)), "".join(texts(printed[name]))):
            assert "云溪市财政局" in said
            assert "操作日志链首" in said
            if name != "application":
                assert "𠮷镕赟" in said
                assert "<w:br/>#import" in said
    assert 1 == len(texts((allotted / "application.pdf").read_bytes())) == len(texts(printed["application"]))


# ---- forms
WIDE = Form(
    "台账", "2026-11-20",
    (
        Grid(("序号", "地址", "用途"), (1, 3, 6), tuple((str(n), f"10.1.1.{n}", "窗口") for n in range(120)), "一、财政局", (0,),
             ("", "合计", "120")),
        Boxes((1, 2), ((Box("意见", label=True), Box("", foot="（公章）　年　月　日", height_mm=30)),)),
        Remarks(("注：无",)),
    ),
    "编制：信息中心", "2026年11月20日", landscape=True, foot="操作日志链首 ab12",
)  # fmt: skip


def test_heads_repeat_and_pages_are_counted(
    settings: Documents,  # noqa: F811
    opened: Callable[..., dict[str, bytes]],  # noqa: F811
) -> None:
    """On every page with rows, in PDF and in DOCX; the same form gives the same bytes."""
    content = {"pdf": form_pdf.render(WIDE, settings), "docx": form_docx.render(WIDE)}
    assert content == {"pdf": form_pdf.render(WIDE, settings), "docx": form_docx.render(WIDE)}

    for pages in (texts(content["pdf"]), texts(opened({"wide": content["docx"]})["wide"])):
        assert len(pages) > 2
        assert all("序号地址用途" in page for page in pages[:-1])
        assert all(f"第{place}页共{len(pages)}页" in page for place, page in enumerate(pages, 1))
        assert "合计" in pages[-1] + pages[-2]


def test_pages_are_counted_in_the_readers_language(
    settings: Documents,  # noqa: F811
    opened: Callable[..., dict[str, bytes]],  # noqa: F811
) -> None:
    """Page 1 of 3 in English, on both; no Chinese word in the foot."""
    with speaking("en"):
        wide = Form("Ledger", "2026-11-20", WIDE.parts, landscape=True)
    for pages in (texts(form_pdf.render(wide, settings)), texts(opened({"wide": form_docx.render(wide)})["wide"])):
        assert all(f"Page{place}of{len(pages)}" in page.replace(" ", "") for place, page in enumerate(pages, 1))
        assert not any("页共" in page for page in pages)


def test_every_text_of_a_form_is_looked_at_before_it_is_drawn() -> None:
    """Its characters by the font that draws them; what has no picture goes, line ends stay."""
    shown = form.cleaned(Form("题\x00", "2026-11-20", (Boxes((1,), ((Box("a\r\nb\u202e"),),)),), foot="脚"))
    assert ("题", "a\nb") == (shown.title, shown.parts[0].rows[0][0].text)  # type: ignore[union-attr,index]
    drawn_by = form.characters(WIDE)
    assert "财" in drawn_by["heiti"]
    assert "窗" in drawn_by["fangsong"]
    assert "链" in drawn_by["songti"]


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("zh", "云溪市政务外网IP地址分配申请表", ("申报终端数", "负责人签字", "一、所申请的地址")),
        ("en", "Application for extranet IP addresses, Example City", ("Applicant", "Signed:", "1. The addresses are used")),
    ],
)
def test_forms_speak_the_readers_language(
    allotted: Path, capsys: pytest.CaptureFixture[str], language: str, title: str, words: tuple[str, ...]
) -> None:
    """The application form and the ledger: titles, boxes, promises; the ledger of a pool is by pool."""
    asked = ["--json", "--lang", language]
    capsys.readouterr()
    assert 0 == main(["ip", "paper", "application", "--declaration", NUMBER, *asked])
    [made] = json.loads(capsys.readouterr().out)["items"]
    assert title == made["content"]["title"]
    assert [] == [word for word in words if word not in str(made["content"])]
    assert 0 == main(["ip", "paper", "ledger", "--pool", "10.20.11.0/24", *asked])
    [made] = json.loads(capsys.readouterr().out)["items"]
    assert ("pool", ["10.20.11.0/24"]) == (made["content"]["by"], [one["key"] for one in made["content"]["groups"]])
