"""An inspection on paper: the record that is signed (检查记录), and the form that is filled in by hand (现场检查表)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops.core import files, journal
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import Text, speaking
from netops.core.toml import Source, settled
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.checklist import Form as Record
from netops.documents.form import Box, Boxes, Form, Part, Remarks
from netops.inspections import archive
from netops.inspections.answer import RESULTS_ZH, Result
from netops.inspections.inspection import Answer, Inspection, Party, said
from netops.inspections.item import Item
from netops.rounds.address_lines import official_name

FILE = "records.toml"
INSPECTOR = "{inspector}"
WRITE_MM, SIGN_MM, ROW_MM = 34.0, 22.0, 14.0
"""Room for a remark by hand, for a name and a seal, and for a line."""
SHARES = (22.0, 61.0, 22.0, 61.0)
EMPTY, FILLED = "□", "■"
TOP = "　"
"""With something at its foot, what a box says stands at its top, and the room to write below it."""


class Words(msgspec.Struct, frozen=True):
    """One table of `records.toml`: what stands on a paper besides what was found."""

    title: str
    notes: tuple[str, ...]
    signatures: tuple[str, ...]


def words(playbooks: Path, name: str) -> Words:
    """The office's wording of "record" or "paper"; raises as `both`."""
    return both(playbooks)[name]


def both(playbooks: Path) -> dict[str, Words]:
    """
    The office's wording of every paper, by its name.

    Raises:
        Faults: the file is not there, or cannot be read so.
    """
    faults: list[Text] = []
    source = Source(playbooks / FILE, FILE, faults)
    source.unknown({"record", "paper"})
    names = ("record", "paper")
    read = {key: made for key in names if (made := source.struct(source.content.get(key, {}), Words, key)) is not None}
    settled("the wording of records was not read", faults, "mend the lines above")
    return read


# ---- the record that is signed
def record(desk: Desk, inspection: Inspection) -> Record:
    """Every item that binds, three answers side by side, the evidence behind them, and where each person signs."""
    told, progress = words(desk.playbooks, "record"), inspection.progress()
    counts = "，".join(f"{RESULTS_ZH[Result(name)]} {count} 项" for name, count in progress.results.items())
    head = inspection.catalogue.head
    return Record(
        title=told.title.format(**_names(desk, inspection)),
        number=inspection.number,
        date=city_time(inspection.opened_at, "%Y-%m-%d"),
        fields=(
            *_fields(desk, inspection),
            ("自动检查时间", city_time(inspection.checked_at) if inspection.checked_at else "未运行"),
            ("检查结果", f"{counts}；待人工确认 {progress.to_confirm} 项"),
            *((("抽样", _sampled(inspection)),) if inspection.sample else ()),
        ),
        columns=("编号", "检查项", "依据", "自动检查", "检查人意见", "单位意见", "说明与证据"),
        widths_mm=(15, 66, 20, 20, 26, 26, 74),
        rows=tuple(_row(inspection, item) for item in binding(inspection)),
        notes=(*told.notes, *((head.note_zh,) if head.note_zh else ()), f"操作日志链首：{journal.head(desk.store)}"),
        signatures=_signatures(told, inspection.inspectors),
    )


def binding(inspection: Inspection) -> list[Item]:
    """The items that bind the organization."""
    return [item for item in inspection.catalogue.items if inspection.result(item) is not Result.NOT_APPLICABLE]


def _names(desk: Desk, inspection: Inspection) -> dict[str, str]:
    authority = desk.config.city.authority
    return {
        "city": desk.config.city.title_zh, "organization": official_name(desk, inspection.organization),
        "authority": official_name(desk, authority) if authority else desk.config.city.title_zh,
    }  # fmt: skip


def _fields(desk: Desk, inspection: Inspection) -> tuple[tuple[str, str], ...]:
    head = inspection.catalogue.head
    return (
        ("被查单位", official_name(desk, inspection.organization)),
        ("检查目录", f"{head.title_zh}（{head.version} 版）"),
        ("检查日期", inspection.planned_for or city_time(inspection.opened_at, "%Y-%m-%d")),
        ("检查人", "、".join(inspection.inspectors) or "（待填，两人以上）"),
        ("地点", "（待填）"),
        ("陪同人", "（待填）"),
    )


def _sampled(inspection: Inspection) -> str:
    sample = inspection.sample
    if sample is None:
        return ""
    drawn = "、".join((*sample.devices, *sample.addresses)) or "无"
    return (
        f"种子 {sample.seed}；设备 {len(sample.devices)}/{sample.device_population} 台，"
        f"地址 {len(sample.addresses)}/{sample.address_population} 个：{drawn}；总体散列 {sample.sha256[:16]}"
    )


def _signatures(told: Words, inspectors: Sequence[str]) -> tuple[str, ...]:
    """The places to sign: one for each inspector by name, two empty ones where nobody is named."""
    names = tuple(inspectors) or ("", "")
    return tuple(
        text for one in told.signatures
        for text in ([one.replace(INSPECTOR, name) for name in names] if INSPECTOR in one else [one])
    )  # fmt: skip


def _row(inspection: Inspection, item: Item) -> tuple[str, ...]:
    given = [inspection.by(item, party) for party in Party]
    machine, inspector, department = (RESULTS_ZH[one.judgement.result] if one else "" for one in given)
    proof = list(dict.fromkeys(
        name for one in given if one for name in (*one.judgement.findings, *one.judgement.evidence)))  # fmt: skip
    told = [f"{label}：{text}" for label, one in zip(("自动", "检查人", "单位"), given, strict=True)
            if one and (text := said(one))]  # fmt: skip
    return (
        item.id,
        item.question_zh,
        inspection.catalogue.cited(item),
        machine if item.check else "（人工）",
        inspector,
        department,
        "\n".join([*told, *([f"［{'、'.join(proof)}］"] if proof else [])]),
    )


# ---- the form that is filled in by hand
def paper(desk: Desk, inspection: Inspection) -> Form:
    """The field pack on paper: A4, five boxes to tick for each party, room to write, the sample, and where people sign."""
    told = words(desk.playbooks, "paper")
    fields = [(Box(label, label=True), Box("" if value.startswith("（待填") else value))
              for label, value in _fields(desk, inspection)]  # fmt: skip
    head = Boxes(SHARES, tuple(sum(fields[place : place + 2], ()) for place in range(0, len(fields), 2)))
    parts: list[Part] = [head, Remarks(told.notes)]
    parts += [_asked(inspection, item) for item in binding(inspection)]
    if inspection.sample is not None:
        drawn = (*inspection.sample.devices, *inspection.sample.addresses)
        heads = tuple(Box(text, label=True) for text in ("抽查的设备、地址", "核对", "看到的情况"))
        rows = tuple((Box(name, height_mm=ROW_MM), Box(f"{EMPTY}相符 {EMPTY}不符"), Box("")) for name in drawn)
        parts.append(Boxes((5, 4, 7), (heads, *rows)))
    signed = [Box(text, columns=2, height_mm=SIGN_MM) for text in _signatures(told, inspection.inspectors)]
    rest = Boxes(SHARES, tuple(tuple(signed[place : place + 2]) for place in range(0, len(signed), 2)), whole=True)
    return Form(
        told.title.format(**_names(desk, inspection)), city_time(inspection.opened_at, "%Y-%m-%d"), (*parts, rest),
        left=f"编号：{inspection.number}", right=f"答复数：{len(inspection.answers)}",
        foot=f"{inspection.number}　操作日志链首 {journal.head(desk.store)[:16]}",
    )  # fmt: skip


def _asked(inspection: Inspection, item: Item) -> Boxes:
    machine = inspection.by(item, Party.MACHINE) if item.check else None
    heard = f"{RESULTS_ZH[machine.judgement.result]}　{said(machine)}" if machine else "须由人工检查"
    answers = [_ticks(inspection.by(item, party)) for party in (Party.INSPECTOR, Party.DEPARTMENT)]
    return Boxes(SHARES, (
        (Box(item.id, label=True), Box(f"{item.question_zh}（{inspection.catalogue.cited(item)}）", 3)),
        (Box("自动\n检查", label=True), Box(heard, 3)),
        (Box("检查人\n意见", label=True), Box(answers[0], foot=TOP, height_mm=WRITE_MM), Box("单位\n意见", label=True),
         Box(answers[1], foot=TOP, height_mm=WRITE_MM)),
    ), whole=True)  # fmt: skip


def _ticks(answer: Answer | None) -> str:
    """The five results to tick, three to a line; what was said before is ticked."""
    ticked = answer.judgement.result if answer else None
    boxes = [f"{FILLED if result is ticked else EMPTY}{word}" for result, word in RESULTS_ZH.items()]
    return f"{' '.join(boxes[:3])}\n{' '.join(boxes[3:])}\n情况：{answer.note if answer else ''}"


# ---- files
def write_record(desk: Desk, number: str, path: Path) -> None:
    """
    Write the record that is signed as DOCX or PDF, in Chinese.

    Raises:
        Missing: there is no such inspection.
        NetopsError: another suffix, no Chinese font (PDF only), or the place cannot be written.
    """
    with speaking("zh"):
        made = record(desk, archive.one(desk.store, number))
        _put(desk, made.drawn, path)


def write_paper(desk: Desk, number: str, path: Path) -> None:
    """
    Write the form that is filled in by hand as PDF or DOCX, in Chinese.

    Raises:
        Missing: there is no such inspection.
        NetopsError: another suffix, no Chinese font (PDF only), or the place cannot be written.
    """
    with speaking("zh"):
        _put(desk, paper(desk, archive.one(desk.store, number)), path)


def _put(desk: Desk, drawn: Form, path: Path) -> None:
    match path.suffix.lower():
        case ".docx":
            files.put(form_docx.render(drawn), path)
        case ".pdf":
            files.put(form_pdf.render(drawn, desk.config.documents), path)
        case _:
            raise NetopsError(
                "{path} was not written", "its ending is none of .json, .docx, .pdf", "give a file that ends in one of them",
                path=path.name,
            )  # fmt: skip
