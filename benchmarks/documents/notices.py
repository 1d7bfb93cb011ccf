"""The notices that are measured: ours from a finding, and the peer's from a template of the same text."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from netops.core import docket
from netops.core.clock import still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.paper import Heading, Paper, Paragraph, Table
from netops.core.plane import Plane
from netops.desk import Desk
from netops.documents import docx, pdf
from netops.documents.settings import Documents
from netops.rounds import drafting, inventory, look, triage
from tests.conftest import NOON
from tests.incidents.city import configuration

SETTINGS = Documents()
ARTICLE = (
    "《湘潭市电子政务管理办法》第十二条：“为节约经费和保障安全，除县市区外，接入电子政务网络的部门，原则上应统一共用电子政务外网平台的"
    "互联网接入，如确需另外开设互联网接入的，应将技术及安全方案报本级信息化主管部门，接受本级信息化主管部门的指导。”"
)


def notice(number: int) -> Paper:
    """A notice of two findings, different each time."""
    findings = tuple(
        (str(order), f"r-{number} ge0/{order} 有未备案的互联网出口", f"设备 r-{number}，接口 ge0/{order}",
         f"EV-{number:010d}{order:02d}")
        for order in (1, 2)
    )
    blocks = (
        Paragraph(f"示例市信息中心在对政务外网的日常巡检中，发现你单位擅自开设互联网出口（事件编号INC-2026-{number:04d}）。现将有关情况通报如下。"),
        Heading("一、发现的问题"),
        Table(("序号", "问题", "位置", "证据编号"), (0.08, 0.42, 0.25, 0.25), findings, tuple(row[3] for row in findings)),
        Heading("二、有关规定"),
        Paragraph(ARTICLE),
        Heading("三、有关要求"),
        Paragraph("请你单位尽快核实上述情况，查明原因、开通时间和影响范围，保存有关设备配置和日志，并对照上述规定自行纠正。"),
        Paragraph("请于2026年12月15日前书面反馈核实和处理结果，附有关证明材料。对通报内容有异议的，一并说明理由和依据。"),
    )
    return Paper(
        instrument="notice", mark="示例市信息中心文件", title="关于示例市财政局擅自开设互联网出口的情况通报",
        title_breaks=(8, 17),
        organ="示例市信息中心", date="2026-11-30", blocks=blocks, number=f"示信办〔2026〕{number + 1}号", to="示例市财政局",
        printed_by="示例市信息中心", journal="ab12" * 16,
    )  # fmt: skip


def made(number: int, folder: str, kinds: tuple[str, ...] = ("docx", "pdf")) -> int:
    """One notice as files; gives their bytes together."""
    paper, size = notice(number), 0
    for kind in kinds:
        content = docx.render(paper) if kind == "docx" else pdf.render(paper, SETTINGS)
        (Path(folder) / f"{number}.{kind}").write_bytes(content)
        size += len(content)
    return size


# ---- the peer
def peer_template(folder: Path) -> Path:
    """The same notice as a template of docxtpl: our own DOCX with fields in place of what differs."""
    from docx import Document

    path = folder / "template.docx"
    path.write_bytes(docx.render(notice(0)))
    document = Document(str(path))
    cells = (cell for table in document.tables for row in table.rows for cell in row.cells)
    for paragraph in [*document.paragraphs, *(one for cell in cells for one in cell.paragraphs)]:
        for run in paragraph.runs:
            run.text = (
                run.text.replace("INC-2026-0000", "{{ incident }}").replace("〔2026〕1号", "〔2026〕{{ serial }}号")
                .replace("r-0 ", "{{ device }} ").replace("r-0，", "{{ device }}，").replace("EV-0000000000", "{{ proof }}")
            )  # fmt: skip
    document.save(str(path))
    return path


def peer_filled(template: Path, folder: Path, number: int) -> Path:
    """One notice by docxtpl."""
    from docxtpl import DocxTemplate

    document: Any = DocxTemplate(str(template))
    document.render({
        "incident": f"INC-2026-{number:04d}", "serial": number + 1, "device": f"r-{number}", "proof": f"EV-{number:010d}",
    })  # fmt: skip
    (folder / "peer").mkdir(exist_ok=True)
    path = folder / "peer" / f"{number}.docx"
    document.save(str(path))
    return path


# ---- from a finding
def city(folder: Path, url: str = "") -> Desk:
    """The small city of the tests in a store of its own (a SQLite file without *url*), at a still clock."""
    folder.mkdir(exist_ok=True)
    desk = Desk(configuration(folder, url or f"sqlite:///{folder / 'netops.db'}"), still(NOON), "王工")
    inventory.apply(desk, inventory.plan(desk))
    return desk


def concluded(desk: Desk, kind: str, device: str) -> None:
    """One finding of a real rule, seen an hour ago."""
    rule, at = look.rule(kind), NOON - timedelta(hours=1)
    proof = Evidence("flow", device, "in_if = 1", {"flows": 12}, at)
    subject = {"device": device, "interface": "ge0/1"}
    one = Conclusion(rule.code, Plane.EXTRANET, subject, "health", {"device": device}, (proof,), at)
    docket.settle(desk.store, {rule.code: rule}, [one], plane=Plane.EXTRANET, at=at)


def found(folder: Path, number: int) -> Desk:
    """A city in which one finding stands."""
    desk = city(folder)
    concluded(desk, "rogue_exit_router", f"r-{number}")
    return desk


def issued(desk: Desk, folder: Path) -> None:
    """The finding becomes an incident, its notice is drafted and issued, and stands in three files."""
    triage.run(desk)
    kept = drafting.issue(desk, drafting.draft(desk, "INC-2026-0001").id)
    for suffix in drafting.SUFFIXES:
        drafting.write(desk, kept, folder / f"notice{suffix}")
    desk.close()
