"""What a paper says (公文内容): wording from `playbooks/notices/`, filled with facts that each carry their evidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from string import Formatter

import msgspec

from netops.core.basis import Basis
from netops.core.errors import Refused
from netops.core.finding import Subject
from netops.core.paper import Block, Box, Boxes, Heading, Paper, Paragraph, Table
from netops.incidents import saying
from netops.incidents.legal_basis import Decision, Instrument
from netops.incidents.wording import (
    FRONT,
    PENDING,
    PENDING_EN,
    VOCABULARIES,
    Part,
    Template,
    Vocabulary,
    fields_of,
)

SHOWN = 3
"""Evidence ids printed after a fact; the record has them all."""
ACROSS, SLACK, MOST, LEAST = 84.0, 2.5, 60, 20.0
"""Letters in a line of a table (5号), around each column's text; those that a column asks for and keeps at most."""


class Fact(msgspec.Struct, frozen=True):
    """
    One thing that a paper tells of: a finding, an allocation, a device.

    Args:
        says: its fields, such as title and place; *order* is counted by the paper.
        evidence: ids; a fact without one stops the paper.
        basis: the duties that it breaches.
    """

    id: str
    says: Mapping[str, str]
    evidence: tuple[str, ...]
    basis: tuple[Basis, ...] = ()


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything a paper may say.

    Args:
        values: texts for the common fields, such as organization and cause.
        texts: text of each cited article by number.
        mark: the red head's organ; *organ*: who signs.
        evidence: what proves the values themselves, beside the evidence of the facts.
    """

    mark: str
    organ: str
    date: str
    values: Mapping[str, str]
    facts: tuple[Fact, ...] = ()
    texts: Mapping[int, str] = {}
    evidence: tuple[str, ...] = ()


def finding_says(
    title: str,
    because: str,
    subject: Subject,
    first_seen: datetime,
    last_seen: datetime,
    count: int,
    **more: str,
) -> dict[str, str]:
    """The fields of a finding, in the paper's language."""
    return {
        "title": title, "because": because.rstrip("。. "), "place": saying.place(subject), "ip": str(subject.get("ip") or ""),
        "first_seen": saying.moment(first_seen), "last_seen": saying.moment(last_seen), "times": str(count), **more,
    }  # fmt: skip


def compose(
    template: Template, about: Circumstances, decision: Decision, warnings: tuple[str, ...] = ()
) -> Paper:
    """
    The paper's content, in the language that is spoken.

    Raises:
        Refused: a fact has no evidence, or the gate did not allow the paper.
    """
    if not decision.allowed:
        raise decision.refusal()
    head = template.head
    every = tuple(dict.fromkeys([*about.evidence, *(name for fact in about.facts for name in fact.evidence)]))
    bare = next((fact.id for fact in about.facts if not fact.evidence), "")
    if bare or (not every and template.states_facts):
        raise Refused(
            "the document was not drafted",
            "{finding} has no evidence, and a fact without evidence is not stated",
            "netops finding show {finding}",
            finding=bare or about.values.get("number", ""),
        )
    vocabulary = VOCABULARIES[head.about]
    values = _values(template, about)
    blocks = [block for part in template.blocks for block in _blocks(part, about, values, every, vocabulary)]
    front = {name: str(about.values.get(name) or getattr(head, name).format_map(values)) for name in FRONT}
    paper = Paper(
        instrument=head.instrument,
        mark=about.mark if head.red else "",
        title=head.title.format_map(values),
        title_breaks=breaks(head.title, values),
        organ=about.organ,
        date=about.date,
        blocks=tuple(blocks),
        to=head.to.format_map(values),
        note=head.note.format_map(values),
        attachments=tuple(one for one in values.get("attachments", "").split("\n") if one),
        upward=head.upward,
        signed=head.signed,
        printed_by=about.organ if head.printed else "",
        warnings=warnings,
    )
    return msgspec.structs.replace(paper, **front)


def _values(template: Template, about: Circumstances) -> dict[str, str]:
    """Every field with its text; items of a report that nobody gave stand as being checked."""
    vocabulary = VOCABULARIES[template.head.about]
    values = dict.fromkeys(vocabulary.says, "")
    if template.head.instrument is Instrument.REPORT:
        values |= dict.fromkeys(vocabulary.pending, saying.pick(PENDING, PENDING_EN))
    return values | {name: text for name, text in about.values.items() if text}


def _blocks(
    part: Part,
    about: Circumstances,
    values: Mapping[str, str],
    every: tuple[str, ...],
    vocabulary: Vocabulary,
) -> list[Block]:
    factual, given = vocabulary.factual, vocabulary.given

    def told(fact: Fact, order: int) -> dict[str, str]:
        return {
            **dict.fromkeys(vocabulary.each, ""),
            **values,
            **fact.says,
            "id": fact.id,
            "order": str(order),
            "proof": saying.several(fact.evidence[-SHOWN:]),
        }

    match part.kind:
        case "heading":
            return [Heading(part.text.format_map(values), part.level)]
        case "paragraph":
            lines = [
                line
                for line in part.text.strip().split("\n")
                if all(values[name] for name in fields_of(line) & given)
            ]
            return [
                Paragraph(line.format_map(values).strip(), every if fields_of(line) & factual else ())
                for line in lines
            ]
        case "articles":
            numbers = dict.fromkeys(basis.article for fact in about.facts for basis in fact.basis)
            quoted = [(saying.article(Basis(number)), about.texts.get(number, "")) for number in numbers]
            return [
                Paragraph(part.text.format_map({**values, "article": label, "text": text.replace("\n", "")}))
                for label, text in quoted
                if text
            ]
        case "findings":
            return [
                Paragraph(part.text.format_map(told(fact, order)), fact.evidence)
                for order, fact in enumerate(about.facts, 1)
            ]
        case "table":
            rows = tuple(
                tuple(text.format_map(told(fact, order)) for text in part.rows)
                for order, fact in enumerate(about.facts, 1)
            )
            return [_table(part, rows, every)]
        case "boxes":
            spread = [
                (row, fill)
                for row in part.boxes
                for fill in (
                    [told(fact, order) for order, fact in enumerate(about.facts, 1)] if row.each else [values]
                )
            ]
            drawn = tuple(
                _row(
                    [text.format_map(fill) for text in row.cells],
                    len(part.widths),
                    row.foot.format_map(fill),
                    row.height_mm,
                )
                for row, fill in spread
            )
            return [Boxes(part.widths, drawn, every)]


def _table(part: Part, rows: tuple[tuple[str, ...], ...], evidence: tuple[str, ...]) -> Table:
    """The table without the columns in which no row says anything; without widths as wide as what they say."""
    kept = [place for place in range(len(part.columns)) if not rows or any(row[place] for row in rows)]
    columns = tuple(part.columns[place] for place in kept)
    said = tuple(tuple(row[place] for place in kept) for row in rows)
    widths = tuple(part.widths[place] for place in kept) if part.widths else _natural(columns, said)
    return Table(columns, widths, said, evidence)


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """Widths by the longest text of each column, in letters; the widest give way until all fit the line."""
    wanted = [
        min(MOST, max(map(_letters, texts))) + SLACK for texts in zip(columns, *rows, strict=True)
    ]
    over = sum(wanted) - ACROSS
    while over > 0 and max(wanted) > LEAST:
        place = wanted.index(max(wanted))
        less = min(over, max(1.0, wanted[place] / 10))
        wanted[place], over = wanted[place] - less, over - less
    return tuple(wanted)


def _letters(text: str) -> int:
    """Width of a text in Latin letters: a Chinese character is two."""
    return sum(1 if letter.isascii() else 2 for letter in text)


def _row(cells: Sequence[str], columns: int, foot: str, height_mm: float) -> tuple[Box, ...]:
    """A row of boxes: "# 单位" is a label; the last one takes the columns that are left, and the place to sign."""
    last = len(cells) - 1
    return tuple(
        Box(
            text.removeprefix("#").strip() if text.startswith("#") else text.strip(),
            columns=columns - last if place == last else 1,
            label=text.startswith("#"),
            foot=foot if place == last else "",
            height_mm=height_mm,
        )
        for place, text in enumerate(cells)
    )


def breaks(title: str, values: Mapping[str, str]) -> tuple[int, ...]:
    """Where the filled fields of a title end, in characters."""
    ends, length = [], 0
    for literal, name, _, _ in Formatter().parse(title):
        length += len(literal)
        if name:
            length += len(values[name])
            ends.append(length)
    return tuple(ends)
