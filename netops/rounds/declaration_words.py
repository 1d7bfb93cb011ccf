"""Words about declarations: of papers, with official names and Chinese dates in Chinese; of fields and what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netops.core.language import _, called, spoken
from netops.core.paper import chinese_date
from netops.core.plane import Plane
from netops.declarations.difference import Change
from netops.declarations.fields import FIELD, PARTS
from netops.declarations.review import Note
from netops.desk import Desk
from netops.rounds.address_lines import PLANES, name_on_paper


def name_of(desk: Desk, code: str) -> str:
    """What an organization is called on paper."""
    return name_on_paper(desk, code, spoken())


def plane_words(plane: Plane) -> str:
    """What a network is called on paper."""
    return PLANES[plane] if spoken() == "zh" else _(plane.label)


def day_words(iso: str) -> str:
    """An ISO day as papers say it; "" stays so."""
    return chinese_date(iso) if iso and spoken() == "zh" else iso


def head_words(head: str) -> str:
    """The head of the journal, as every paper shows it."""
    return _("head of the journal {head}").format(head=head[:16])


def field_words(name: str) -> str:
    """What people call a field of the form, or of a piece of equipment or an application."""
    if name in PARTS:
        return _("network equipment") if name == "equipment" else _("applications")
    piece = {field.name: field for fields in PARTS.values() for field in reversed(fields)}
    found = FIELD.get(name) or piece.get(name)
    return found.label(spoken()) if found else name


def value_words(field: str, text: str) -> str:
    """A value as people read it."""
    if field in ("organization", "authority"):
        return called(text) if text else ""
    return FIELD[field].words(text, spoken()) if field in FIELD else text


def change_words(one: Change) -> str:
    """A difference in one line, in the language in use."""
    before, after = (value_words(one.field, text) or "—" for text in (one.before, one.after))
    return f"{field_words(one.field)}: {before} → {after}"


def note_words(note: Note) -> str:
    """A remark of the review, in the language in use."""
    return _(note.text).format(**fact_words(note.facts))


def fact_words(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts of a remark as people read them."""
    words: dict[str, Callable[[str], str]] = {"organization": called, "authority": called, "said": called, "plane": _}
    return {name: words.get(name, str)(value) for name, value in facts.items()}
