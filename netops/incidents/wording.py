"""The wording of papers (措辞): `playbooks/notices/*.toml`, edited without code, read strictly, each field checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Literal, NamedTuple

import msgspec

from netops.core.errors import Missing, Misspelled
from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, unfit, until_changed
from netops.incidents.legal_basis import Instrument

PENDING = "正在核查，待续报补充。"
"""What stands for an item of an incident that nobody has given yet."""
PENDING_EN = "Being verified; a supplement will say."
REPORTED = frozenset({"impact", "measures", "trend", "analysis", "clues", "next_steps", "scene", "other"})
"""Items of Article 7 of the national measure that only people know."""
FRONT = ("copy_number", "secrecy", "urgency", "copies")
"""份号, 密级和保密期限, 紧急程度, 抄送: as the template says, or as a person gives them."""

COMMON = frozenset({
    "city", "regulation", "authority", "organization", "number", "plane", "today", "cited", "reply_by", "contact", "phone",
})  # fmt: skip
INCIDENT = frozenset({
    "cause", "category", "grade", "count", "duties", "discovery", "kind", "sequence", "earlier", "reporter", "reviewer",
    "superior",
})  # fmt: skip
DECLARATION = frozenset({
    "nature", "scope", "equipment", "terminals", "user_class", "declared_on", "applicant", "declaration", "conditions",
    "count", "runs", "allocated", "version", "why", "decided_on",
})  # fmt: skip
EXIT = frozenset({
    "exit", "kind", "carrier", "bandwidth", "public_address", "place", "device", "model", "filing", "filed_on", "valid_until",
    "reason", "line", "certificate", "certificate_until", "technical_plan", "security_plan", "received_by", "advice", "done",
    "attachments",
})  # fmt: skip
DOCUMENT = frozenset({
    "document", "document_title", "document_kind", "issued", "recipient", "server", "way", "location", "leader", "conclusion",
})  # fmt: skip
INSPECTIONS = frozenset({
    "catalogue", "visited", "count", "conform", "partial", "nonconform", "unchecked", "objections", "common",
})  # fmt: skip
INSPECTED = frozenset({
    "order", "id", "proof", "name", "inspection", "conform", "partial", "nonconform", "unchecked", "points", "items",
    "objections",
})  # fmt: skip
ASSESSMENT = frozenset({"year", "count", "dimensions", "left", "graded"})
ASSESSED = frozenset({"order", "id", "proof", "name", "inspection", "rank", "points", "grade", "parts", "checked"})
INSPECTION = frozenset({"inspection", "catalogue", "inspectors", "visited", "count", "items"})
DEMAND = frozenset({
    "order", "id", "item", "title", "because", "place", "risk", "clause", "requirement", "due", "asked", "repeat", "proof",
})  # fmt: skip
FINDING = frozenset({
    "order", "id", "title", "because", "place", "ip", "first_seen", "last_seen", "times", "proof", "risk", "clause",
    "requirement",
})  # fmt: skip
ALLOCATION = frozenset({
    "order", "id", "proof", "addresses", "count", "mask", "gateway", "vlan", "purpose", "device", "since", "until",
})  # fmt: skip
ARTICLE = frozenset({"article", "text"})


class Vocabulary(NamedTuple):
    """
    The fields that a wording may use, by what its paper is about.

    Args:
        says: everywhere; *each*: in what is told once for each finding, allocation or line.
        factual: fields that state facts: a block that uses one rests on evidence.
        given: fields that people fill in; *pending*: those that stand as being checked until they do.
    """

    says: frozenset[str]
    each: frozenset[str]
    factual: frozenset[str]
    given: frozenset[str]
    pending: frozenset[str] = frozenset()


FOUND = frozenset({"occurred", "detected", "known", "findings"})
PEOPLE = frozenset({"contact", "phone"})
VOCABULARIES: Mapping[str, Vocabulary] = {
    "incident": Vocabulary(
        COMMON | INCIDENT | FOUND | REPORTED, FINDING, FOUND,
        REPORTED | PEOPLE | {"reporter", "reviewer", "discovery", "superior"}, REPORTED,
    ),
    "declaration": Vocabulary(
        COMMON | DECLARATION, ALLOCATION, frozenset({
            "nature", "scope", "equipment", "terminals", "count", "runs", "allocated", "why",
        }),
        PEOPLE | {"conditions", "user_class"},
    ),
    "exit": Vocabulary(
        COMMON | EXIT, frozenset(), frozenset({"carrier", "bandwidth", "public_address", "place", "device", "filing"}),
        PEOPLE | {"reason", "line", "certificate", "certificate_until", "technical_plan", "security_plan", "received_by",
                  "advice", "done"},
    ),
    "inspection": Vocabulary(COMMON | INSPECTION, DEMAND, frozenset({"items", "visited"}), PEOPLE),
    "inspections": Vocabulary(COMMON | INSPECTIONS, INSPECTED, frozenset({"conform", "common", "objections"}), PEOPLE),
    "assessment": Vocabulary(COMMON | ASSESSMENT, ASSESSED, frozenset({"graded", "left"}), PEOPLE),
    "document": Vocabulary(
        COMMON | DOCUMENT | INCIDENT | FOUND, FINDING, frozenset({"document", "document_title", "issued"}) | FOUND,
        PEOPLE | {"recipient", "server", "way", "location", "leader", "conclusion"},
    ),
}  # fmt: skip


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of boxes on a form; the last cell takes the columns that are left.

    Args:
        cells: texts with fields; "# 单位" is a label.
        foot: what stands at the bottom right of the last one, such as where to sign.
        height_mm: at least so high.
        each: True for a row that is repeated for each finding or allocation.
    """

    cells: tuple[str, ...]
    foot: str = ""
    height_mm: float = 0
    each: bool = False


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One `[[blocks]]` of a template.

    Args:
        kind: heading, paragraph; findings (once for each finding or allocation), articles (once for each cited article),
            table (one row for each, *rows* as texts with fields; without *widths* as wide as what they say),
            boxes (a form: *widths* of its columns, *boxes* in rows).
    """

    kind: Literal["heading", "paragraph", "findings", "articles", "table", "boxes"]
    text: str = ""
    level: int = 1
    columns: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    rows: tuple[str, ...] = ()
    boxes: tuple[Row, ...] = ()


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    `[paper]` of a template.

    Args:
        about: what its paper is about, and so which fields it may use.
        reply_days: working days that the addressee has to answer; a rule of the office, 0 for none.
        red: whether it has the red head (版头); *printed*: whether it has the 版记.
        upward: True for a paper to a superior (上行文): its number stands left, 签发人 right.
        signed: False for a form that is signed in its boxes.
        states: of a declaration that its paper answers; () for any.
        mark: 发文机关代字 when it is not the one of [city] document_mark.
        by: who signs: the authority, or the organization that the paper is about.
    """

    instrument: Instrument
    title: str
    about: Literal["incident", "declaration", "exit", "inspection", "inspections", "assessment", "document"] = "incident"
    to: str = ""
    note: str = ""
    copies: str = ""
    copy_number: str = ""
    secrecy: str = ""
    urgency: str = ""
    reply_days: int = 0
    red: bool = True
    printed: bool = True
    upward: bool = False
    signed: bool = True
    states: tuple[str, ...] = ()
    mark: str = ""
    by: Literal["authority", "organization"] = "authority"


class Template(msgspec.Struct, frozen=True):
    """The wording of one kind of paper; *name* is its file's."""

    name: str
    head: Head
    blocks: tuple[Part, ...]

    @property
    def states_facts(self) -> bool:
        """Whether anything in it rests on evidence."""
        factual = VOCABULARIES[self.head.about].factual
        return any(
            part.kind in ("findings", "table", "boxes") or fields_of(part.text) & factual
            for part in self.blocks
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of it that may have fields."""
        found = [self.head.title, self.head.to, self.head.note]
        for part in self.blocks:
            found += [part.text, *part.rows, *(text for row in part.boxes for text in (*row.cells, row.foot))]
        return tuple(found)

    @property
    def given(self) -> frozenset[str]:
        """What people fill in; of a notice of addresses also which allocations it is about, else all of the declaration."""
        used = {name for text in self.texts for name in fields_of(text)}
        chosen = {"allocations"} if self.head.instrument is Instrument.ADDRESSES else set()
        return (VOCABULARIES[self.head.about].given & used) | {*FRONT, "attachments"} | chosen


def fields_of(text: str) -> set[str]:
    """
    Names of the fields in a text.

    Raises:
        ValueError: a brace is not closed, or a field is more than its name.
    """
    names = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if shape or conversion:
            raise Misspelled(N_("field {{{name}}} takes no format"), name=name)
        names |= set() if name is None else {name}
    return names


# ---- reading
def names(playbooks: Path) -> list[str]:
    """Every wording that is there."""
    return sorted(one.stem for one in (playbooks / "notices").glob("*.toml"))


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """`[paper]` of an English wording: the words alone; everything else is as in the Chinese one."""

    title: str
    to: str = ""
    note: str = ""


@until_changed(lambda playbooks, name: [playbooks / "notices" / f"{name}.toml"])
def load(playbooks: Path, name: str) -> Template:
    """
    Read the wording `notices/NAME.toml`.

    Raises:
        Missing: there is no such file.
        Faults: unknown keys and unknown fields, each with its line.
    """
    known = names(playbooks)
    if name not in known:
        raise Missing(
            "there is no wording {name}",
            "known are: {known}",
            "write playbooks/notices/{name}.toml",
            name=name,
            known=", ".join(known),
        )
    source = Source(playbooks / "notices" / f"{name}.toml", f"notices/{name}.toml", [])
    raw = source.content.get("paper")
    head = source.struct(raw, Head, "paper") if isinstance(raw, dict) else None
    return _template(source, name, head)


@until_changed(lambda playbooks, name: [playbooks / "notices" / folder / f"{name}.toml" for folder in ("", "en")])
def load_english(playbooks: Path, name: str) -> Template | None:
    """
    Read the English wording `notices/en/NAME.toml` of a paper; None when the office has written none.

    Raises:
        Missing: there is no such paper.
        Faults: unknown keys and unknown fields, each with its line.
    """
    chinese = load(playbooks, name)
    path = playbooks / "notices" / "en" / f"{name}.toml"
    if not path.is_file():
        return None
    source = Source(path, f"notices/en/{path.name}", [])
    raw = source.content.get("paper")
    told = source.struct(raw, Told, "paper") if isinstance(raw, dict) else None
    head = msgspec.structs.replace(chinese.head, **msgspec.structs.asdict(told)) if told else None
    return _template(source, name, head)


def _template(source: Source, name: str, head: Head | None) -> Template:
    """What a file says, every field of it known."""
    source.unknown({"paper", "blocks"})
    if not isinstance(source.content.get("paper"), dict):
        source.fault(N_("must be written as [paper]"), "paper")
    parts = source.entries("blocks", Part)
    vocabulary = VOCABULARIES[head.about if head else "incident"]
    for key in ("title", "to", "note", *FRONT):
        _check(source, getattr(head, key, ""), vocabulary.says, "paper", None, key)
    for index, part in parts:
        _check_part(source, part, index, vocabulary)
    settled(
        "the wording was not read", source.faults, "mend the lines above; netops playbook check reads them again"
    )
    assert head is not None  # noqa: S101 - settled raises otherwise
    return Template(name, head, tuple(part for _, part in parts))


def _check_part(source: Source, part: Part, index: int, vocabulary: Vocabulary) -> None:
    says = vocabulary.says
    each = says | vocabulary.each
    own = {"findings": each, "table": each, "articles": says | ARTICLE}.get(part.kind, says)
    for key, texts in (("text", (part.text,)), ("rows", part.rows)):
        for text in texts:
            _check(source, text, own, "blocks", index, key)
    for row in part.boxes:
        for text in (*row.cells, row.foot):
            _check(source, text, each if row.each else says, "blocks", index, "boxes")
        if not 0 < len(row.cells) <= len(part.widths):
            source.fault(
                Said("a row has 1 to {widths} cells, as many as widths", widths=len(part.widths)), "blocks", index, "boxes"
            )
    if part.kind == "table" and not (
        len(part.columns) == len(part.rows) > 0 and len(part.widths) in (0, len(part.rows))
    ):
        source.fault(N_("columns, widths and rows must be equally many"), "blocks", index, "columns")
    if any(width <= 0 for width in part.widths):
        source.fault(N_("a width is above 0"), "blocks", index, "widths")


def _check(
    source: Source, text: str, allowed: frozenset[str], table: str, index: int | None, key: str
) -> None:
    try:
        unknown = fields_of(text) - allowed
    except ValueError as error:
        source.fault(unfit(error), table, index, key)
        return
    for name in sorted(unknown):
        start = source.line(table, index, key)
        line = next(
            (n for n, said in enumerate(source.lines[start - 1 :], start) if f"{{{name}}}" in said), start
        )
        said = Said("unknown field {{{field}}}; known here: {known}", field=name, known=", ".join(sorted(allowed)))
        fault = said.at(f"{table}.{key}").at(f"{source.shown}:{line}")
        if str(fault) not in map(str, source.faults):
            source.faults.append(fault)


class Requirement(msgspec.Struct, frozen=True):
    """
    What is asked of an organization for a kind of finding; *kind* "" is for those that have none of their own.

    Args:
        text_en: for the translation; without it the Chinese stands there.
    """

    kind: str
    text: str
    text_en: str = ""


@until_changed(lambda playbooks: [playbooks / "law" / "requirements.toml"])
def requirements(playbooks: Path) -> dict[str, Requirement]:
    """
    Read `law/requirements.toml`: what is asked, by kind of finding; "" is there always.

    Raises:
        Faults: every fault at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "requirements.toml", "law/requirements.toml", faults)
    source.unknown({"requirements"})
    found = {one.kind: one for _, one in source.entries("requirements", Requirement)}
    if "" not in found and not faults:
        source.fault(N_('there is no entry with kind = ""'))
    settled("the requirements were not read", faults, "mend the lines above; netops playbook check reads them again")
    return found
