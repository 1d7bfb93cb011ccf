"""The wording of papers about addresses: `playbooks/notices/addresses/*.toml`, read strictly, fields checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import TypeVar

import msgspec

from netops.core.errors import Missing, Misspelled
from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, unfit

FOLDER = Path("notices") / "addresses"
LANGUAGES = {"zh": FOLDER, "en": FOLDER / "en"}
"""Where the wording of each language lies; papers are Chinese unless their reader speaks English."""
COMMON = frozenset({"city", "authority", "organization", "plane", "today"})


class ApplicationWording(msgspec.Struct, frozen=True):
    """申请表: what the department promises, and remarks below the form."""

    title: str
    promise: str
    remarks: tuple[str, ...]


class LedgerWording(msgspec.Struct, frozen=True):
    """台账: its title by organization and by pool, and remarks at its end."""

    title_organization: str
    title_pool: str
    remarks: tuple[str, ...]


Wording = TypeVar("Wording", ApplicationWording, LedgerWording)
FIELDS: Mapping[type[msgspec.Struct], frozenset[str]] = {
    ApplicationWording: COMMON,
    LedgerWording: COMMON,
}
NAMES: Mapping[type[msgspec.Struct], str] = {
    ApplicationWording: "application", LedgerWording: "ledger",
}  # fmt: skip


def load(playbooks: Path, kind: type[Wording], language: str = "zh") -> Wording:
    """
    The wording of one kind of paper, in Chinese or English ("zh", "en").

    Raises:
        Missing: there is no such file.
        Faults: unknown keys and unknown fields, each with its line.
    """
    name = NAMES[kind]
    place = LANGUAGES[language] / f"{name}.toml"
    path = playbooks / place
    if not path.is_file():
        raise Missing(
            "there is no wording {name}", "", "write playbooks/{path}", name=name, path=place
        )
    faults: list[Text] = []
    source = Source(path, str(place), faults)
    source.unknown({name})
    raw = source.content.get(name)
    read = source.struct(raw, kind, name) if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        source.fault(Said("must be written as [{name}]", name=name), name)
    for key, text in _texts(read) if read is not None else ():
        try:
            unknown = _fields(text) - FIELDS[kind]
        except ValueError as error:
            source.fault(unfit(error), name, key=key)
            continue
        for field in sorted(unknown):
            source.fault(
                Said(
                    "unknown field {{{field}}}; known here: {known}", field=field, known=", ".join(sorted(FIELDS[kind]))
                ), name, key=key
            )
    settled(
        "the wording was not read", faults, "mend the lines above; netops playbook check reads them again"
    )
    assert read is not None  # noqa: S101 - settled raises otherwise
    return read


def check(playbooks: Path) -> tuple[int, int]:
    """Read every wording in both languages; how many there are, and how many of them are unverified (none)."""
    for language in LANGUAGES:
        load(playbooks, ApplicationWording, language)
        load(playbooks, LedgerWording, language)
    return len(NAMES) * len(LANGUAGES), 0


def _texts(read: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for key in read.__struct_fields__:
        value = getattr(read, key)
        yield from ((key, text) for text in ((value,) if isinstance(value, str) else value))


def _fields(text: str) -> set[str]:
    """
    Names of the fields in a text.

    Raises:
        ValueError: a brace is not closed, or a field is more than its name.
    """
    names = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if shape or conversion or (name is not None and not name.isidentifier()):
            raise Misspelled(N_("field {{{name}}} takes no format"), name=name)
        names |= set() if name is None else {name}
    return names
