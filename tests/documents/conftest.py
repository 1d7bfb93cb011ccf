"""Papers to draw, fonts to draw them with, and LibreOffice to open them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from netops.core.errors import NetopsError
from netops.core.paper import Block, Heading, Paper, Paragraph, Table
from netops.documents import fonts
from netops.documents.settings import Documents

FILLER = Paragraph("政务外网各单位应当统一共用平台的互联网接入，不得擅自另行开设。")


def paper(*blocks: Block, **told: object) -> Paper:
    """A plain paper with these blocks: no red head, no 版记."""
    plain = {
        "instrument": "notice",
        "mark": "",
        "title": "云溪市情况通报",
        "organ": "云溪市信息中心",
        "date": "2026-11-20",
    }
    return Paper(**{**plain, "blocks": blocks, **told})


def notice(*more: Block, **told: object) -> Paper:
    """A whole notice: red head, headings, a table, signature, 版记."""
    whole = {
        "mark": "云溪市信息中心文件",
        "title": "关于云溪市财政局擅自开设互联网出口的情况通报",
        "title_breaks": (8, 17),
        "number": "云信办〔2026〕15号",
        "to": "云溪市财政局",
        "copies": "云溪市人民政府办公室，云溪市委网信办",
        "printed_by": "云溪市信息中心",
        "journal": "ab12" * 16,
    }
    blocks = (
        Paragraph(
            "云溪市信息中心在对政务外网的日常巡检中，发现你单位擅自开设互联网出口。现将有关情况通报如下。"
        ),
        Heading("一、基本情况"),
        Paragraph("该情况最早见于2026年11月20日9时05分，编号INC-2026-0001，归入“6.7 资源未授权使用事件”。"),
        Table(
            ("序号", "问题", "位置", "证据编号"),
            (0.1, 0.4, 0.25, 0.25),
            (("1", "路由器开设了未报送的互联网出口", "设备 fin-r1，接口 ge0/1", "EV-0123456789ab"),),
        ),
        Heading("（一）要求", 2),
        *more,
        Paragraph("请于2026年11月30日前书面反馈。"),
    )
    return paper(*blocks, **{**whole, **told})


@pytest.fixture(scope="session")
def settings() -> Documents:
    """The fonts of this machine; tests that draw skip where it has no Chinese one."""
    plain = Documents()
    try:
        fonts.survey(plain)
    except NetopsError as error:
        pytest.skip(f"no Chinese font: {error.mend}")
    return plain


@pytest.fixture(scope="session")
def opened(
    settings: Documents, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, bytes]]:
    """Let LibreOffice open DOCX files (or those of another suffix), all in one start, and print them to PDF."""
    program = shutil.which("soffice")
    if not program:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer-nogui")

    def convert(documents: dict[str, bytes], suffix: str = "docx") -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("office")
        for name, content in documents.items():
            (folder / f"{name}.{suffix}").write_bytes(content)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        files = [folder / f"{name}.{suffix}" for name in documents]
        subprocess.run(
            [program, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, *files],
            check=True,
            capture_output=True,
            timeout=120,
        )
        if not all((folder / f"{name}.pdf").exists() for name in documents):
            pytest.skip("LibreOffice opens no such file: apt-get install libreoffice-calc-nogui")
        return {name: (folder / f"{name}.pdf").read_bytes() for name in documents}

    return convert


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of given texts."""
    return Path(__file__).parents[1] / "data" / "documents"
