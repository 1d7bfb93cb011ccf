"""What a paper says (公文内容): wording from `playbooks/notices/`, filled with facts that each carry their evidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Literal

import msgspec

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.errors import Missing, Refused
from netops.core.finding import Subject
from netops.core.paper import Block, Heading, Paper, Paragraph, Table
from netops.core.toml import Source, settled
from netops.incidents.legal_basis import Decision, Instrument

COMMON = frozenset({
    "city", "regulation", "authority", "organization", "number", "plane", "cause", "category", "grade", "today",
    "count", "duties", "cited", "reply_by",
})  # fmt: skip
FACTUAL = frozenset({"occurred", "detected", "known", "findings"})
"""Fields that state facts: a block that uses one rests on the evidence of every finding."""
FINDING = frozenset({"place", "title", "because", "first_seen", "last_seen", "times", "id", "proof", "order"})
ARTICLE = frozenset({"article", "text"})
REPORTED = frozenset({"impact", "measures", "trend", "analysis", "clues", "next_steps", "scene", "other"})
"""Items of Article 7 of the national measure that only people know."""
PENDING = "正在核查，待续报补充。"
SHOWN = 3
"""Evidence ids printed after a fact; the record has them all."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One `[[blocks]]` of a template.

    Args:
        kind: heading, paragraph; findings (once for each finding), articles (once for each cited article),
            table (one row for each finding, *rows* as texts with fields).
    """

    kind: Literal["heading", "paragraph", "findings", "articles", "table"]
    text: str = ""
    level: int = 1
    columns: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    rows: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    `[paper]` of a template.

    Args:
        reply_days: working days that the addressee has to answer; a rule of the office, 0 for none.
    """

    instrument: Instrument
    title: str
    to: str = ""
    note: str = ""
    copies: str = ""
    reply_days: int = 0
    printed: bool = True


class Template(msgspec.Struct, frozen=True):
    """The wording of one kind of paper."""

    head: Head
    blocks: tuple[Part, ...]


class Fact(msgspec.Struct, frozen=True):
    """
    One finding as a paper tells it, in the paper's language.

    Args:
        evidence: ids; a fact without one stops the paper.
        basis: the duties that it breaches.
    """

    id: str
    title: str
    because: str
    place: str
    first_seen: datetime
    last_seen: datetime
    count: int
    evidence: tuple[str, ...]
    basis: tuple[Basis, ...]


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything a paper may say.

    Args:
        values: texts for the common fields, such as organization and cause.
        texts: text of each cited article by number.
        mark: the red head's organ; *organ*: who signs.
    """

    mark: str
    organ: str
    date: str
    values: Mapping[str, str]
    facts: tuple[Fact, ...]
    texts: Mapping[int, str]


def place(subject: Subject) -> str:
    """Where it is, in Chinese: 设备 r1 接口 ge0/1；IP 192.0.2.9."""
    if isinstance(subject.get("a"), dict) and isinstance(subject.get("b"), dict):
        ends = (f"{end.get('device', '')} {end.get('interface', '')}".strip() for end in (subject["a"], subject["b"]))
        return "链路 " + " 至 ".join(ends)
    words = {"device": "设备", "interface": "接口", "switch": "交换机", "port": "端口", "ip": "地址", "mac": "MAC"}
    said = [f"{word} {subject[key]}" for key, word in words.items() if subject.get(key)]
    return "，".join(said) or "见证据"


def compose(template: Template, about: Circumstances, decision: Decision, warnings: tuple[str, ...] = ()) -> Paper:
    """
    The paper's content.

    Raises:
        Refused: a fact has no evidence, or the gate did not allow the paper.
    """
    if not decision.allowed:
        raise decision.refusal()
    for fact in about.facts:
        if not fact.evidence:
            raise Refused(
                "the document was not drafted",
                "{finding} has no evidence, and a fact without evidence is not stated",
                "netops finding show {finding}",
                finding=fact.id,
            )
    values = dict.fromkeys(REPORTED, PENDING) | dict(about.values)
    every = tuple(dict.fromkeys(name for fact in about.facts for name in fact.evidence))
    blocks = [block for part in template.blocks for block in _blocks(part, about, values, every)]
    head = template.head
    return Paper(
        instrument=head.instrument,
        mark=about.mark,
        title=head.title.format_map(values),
        title_breaks=_breaks(head.title, values),
        organ=about.organ,
        date=about.date,
        blocks=tuple(blocks),
        to=head.to.format_map(values),
        note=head.note.format_map(values),
        copies=head.copies.format_map(values),
        printed_by=about.organ if head.printed else "",
        warnings=warnings,
    )


def _blocks(part: Part, about: Circumstances, values: Mapping[str, str], every: tuple[str, ...]) -> list[Block]:
    match part.kind:
        case "heading":
            return [Heading(part.text.format_map(values), part.level)]
        case "paragraph":
            proof = every if _fields(part.text) & FACTUAL else ()
            return [Paragraph(text, proof) for text in part.text.format_map(values).strip().split("\n")]
        case "articles":
            numbers = dict.fromkeys(basis.article for fact in about.facts for basis in fact.basis)
            quoted = [(Basis(number).label, about.texts.get(number, "")) for number in numbers]
            return [
                Paragraph(part.text.format_map({**values, "article": label, "text": text.replace("\n", "")}))
                for label, text in quoted
                if text
            ]
        case "findings":
            return [
                Paragraph(part.text.format_map({**values, **_told(fact, order)}), fact.evidence)
                for order, fact in enumerate(about.facts, 1)
            ]
        case "table":
            rows = tuple(
                tuple(text.format_map({**values, **_told(fact, order)}) for text in part.rows)
                for order, fact in enumerate(about.facts, 1)
            )
            return [Table(part.columns, part.widths, rows, every)]


def _breaks(title: str, values: Mapping[str, str]) -> tuple[int, ...]:
    """Where the filled fields of a title end, in characters."""
    ends, length = [], 0
    for literal, name, _, _ in Formatter().parse(title):
        length += len(literal)
        if name:
            length += len(values[name])
            ends.append(length)
    return tuple(ends)


def _told(fact: Fact, order: int) -> dict[str, str]:
    return {
        "order": str(order),
        "id": fact.id,
        "title": fact.title,
        "because": fact.because,
        "place": fact.place,
        "first_seen": chinese_time(fact.first_seen),
        "last_seen": chinese_time(fact.last_seen),
        "times": str(fact.count),
        "proof": "、".join(fact.evidence[-SHOWN:]),
    }


def chinese_time(moment: datetime) -> str:
    """2026年11月20日12时05分, city time."""
    year, month, day, hour, minute = city_time(moment, "%Y %m %d %H %M").split()
    return f"{year}年{int(month)}月{int(day)}日{int(hour)}时{minute}分"


def _fields(text: str) -> set[str]:
    """
    Names of the fields in a text.

    Raises:
        ValueError: a brace is not closed, or a field is more than its name.
    """
    names = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if shape or conversion:
            raise ValueError(f"field {{{name}}} takes no format")
        names |= set() if name is None else {name}
    return names


# ---- reading
def load(playbooks: Path, name: str) -> Template:
    """
    Read the wording `notices/NAME.toml`.

    Raises:
        Missing: there is no such file.
        Faults: unknown keys and unknown fields, each with its line.
    """
    path = playbooks / "notices" / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in (playbooks / "notices").glob("*.toml")))
        raise Missing(
            "there is no wording {name}",
            "known are: {known}",
            "write playbooks/notices/{name}.toml",
            name=name,
            known=known,
        )
    faults: list[str] = []
    source = Source(path, f"notices/{path.name}", faults)
    source.unknown({"paper", "blocks"})
    raw = source.content.get("paper")
    head = source.struct(raw, Head, "paper") if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        source.fault("must be written as [paper]", "paper")
    parts = source.entries("blocks", Part)
    for key in ("title", "to", "note", "copies"):
        _check(source, getattr(head, key, ""), COMMON | FACTUAL, "paper", None, key)
    for index, part in parts:
        allowed = COMMON | FACTUAL | REPORTED
        allowed |= {"findings": FINDING, "table": FINDING, "articles": ARTICLE}.get(part.kind, frozenset())
        for key, texts in (("text", (part.text,)), ("rows", part.rows)):
            for text in texts:
                _check(source, text, allowed, "blocks", index, key)
        if part.kind == "table" and not len(part.columns) == len(part.widths) == len(part.rows):
            source.fault("columns, widths and rows must be equally many", "blocks", index, "columns")
    settled("the wording was not read", faults, "mend the lines above; netops playbook check reads them again")
    assert head is not None  # noqa: S101 - settled raises otherwise
    return Template(head, tuple(part for _, part in parts))


def _check(source: Source, text: str, allowed: frozenset[str], table: str, index: int | None, key: str) -> None:
    try:
        unknown = _fields(text) - allowed
    except ValueError as error:
        source.fault(str(error), table, index, key)
        return
    for name in sorted(unknown):
        source.fault(f"unknown field {{{name}}}; known here: {', '.join(sorted(allowed))}", table, index, key)
