"""A register (台账) as its file declares it: fields, what must be true of them, and the duty behind each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from netops.core.basis import Basis
from netops.core.dates import after, first_day
from netops.core.errors import Faults, Missing
from netops.core.language import N_, Said, Text
from netops.core.sheet import Heading, folded, spelled
from netops.core.toml import Source, settled

NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
TYPES = (
    "text", "note", "integer", "number", "yesno", "choice", "date", "period", "organization", "reference", "phone",
    "url", "host", "addresses", "identity", "credit_code",
)  # fmt: skip
OWN = ("number", "version", "plane", "state")
"""What every record has beside its fields; no field may be called so."""
PRIVATE = "organization"


class Choice(msgspec.Struct, frozen=True):
    """One of the values that a field of type *choice* may have; *synonyms*: other words that people write for it."""

    key: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()


class Field(msgspec.Struct, frozen=True, dict=True):
    """
    One field of a register.

    Args:
        name: short, lower case; the key in JSON and on the command line.
        zh, en: what stands at the head of its column.
        type: one of TYPES.
        required: a record cannot be kept without it; *expected*: it can, and `register check` says so.
        reference: kind of the register that it points into, for type *reference*.
        unit_zh, unit_en: of a number.
        note_zh, note_en: what whoever fills it in must know; it stands beside the cell of the form.
        synonyms: other words for it that people write at the head of a column.
        personal: says something about a person: kept only as long as needed, and never in a finding.
    """

    name: str
    zh: str
    en: str
    type: str = "text"
    required: bool = False
    expected: bool = False
    reference: str = ""
    choices: tuple[Choice, ...] = ()
    unit_zh: str = ""
    unit_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    synonyms: tuple[str, ...] = ()
    personal: bool = False
    duty: str = ""

    def label(self, language: str) -> str:
        """What people call it, in "zh" or "en"."""
        return self.en if language == "en" else self.zh

    def unit(self, language: str) -> str:
        """The unit of its number, or ""."""
        return self.unit_en if language == "en" else self.unit_zh

    def note(self, language: str) -> str:
        """What whoever fills it in must know, or ""."""
        return self.note_en if language == "en" else self.note_zh

    @cached_property
    def chosen(self) -> Mapping[str, str]:
        """Key of each choice by every word for it, folded."""
        return {folded(word): one.key for one in self.choices for word in (*one.synonyms, one.en, one.zh, one.key)}


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One thing that must be true of the records of a register.

    Args:
        rule: *expiry*: the date in *field* has not passed; *remind* before it does, it is pointed out.
            *renewal*: the date in *field* is not older than *within*.
            *due*: *field* is filled within *within* after the date in *after*.
            *order*: the dates in *fields*, as far as there are any, follow one another.
            *needs*: *field* is filled; with *values* it is one of them; with *least* or *most* its number is.
            *once*: no two standing records have the same *field*.
            *everyone*: every organization that is *who* has a record.
            *platform*: the addresses in *field* lie inside the plane.
        when: only records whose fields have these values (a list: one of them).
        duty: id of the duty behind it, such as "A07-1".
    """

    rule: Literal["expiry", "renewal", "due", "order", "needs", "once", "everyone", "platform"]
    duty: str
    field: str = ""
    fields: tuple[str, ...] = ()
    after: str = ""
    within: str = ""
    remind: str = ""
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    who: Literal["", "department", "county", "all"] = ""
    when: dict[str, str | list[str]] = {}

    def concerns(self, values: Mapping[str, Any]) -> bool:
        """Whether a record with these values is meant."""
        for name, wanted in self.when.items():
            held = values.get(name)
            said = {True: "yes", False: "no"}.get(held, held) if isinstance(held, bool) else held
            if str(said if said is not None else "") not in ([wanted] if isinstance(wanted, str) else wanted):
                return False
        return True


class Head(msgspec.Struct, frozen=True):
    """
    `[register]`: what the register is.

    Args:
        prefix: of its records' numbers: "SYS" gives SYS-0001.
        name: the field by which people call a record.
        key: fields that together say which record is meant when a table has no number.
        retention: how long a retired record is kept, such as "3y".
        duties: ids of the duties that it is the written record of.
        kept_by: who writes it down: each *organization* its own, or the *authority* for all of them.
    """

    title_zh: str
    title_en: str
    prefix: str
    name: str
    key: tuple[str, ...]
    duties: tuple[str, ...]
    retention: str = "3y"
    kept_by: Literal["organization", "authority"] = "organization"
    note_zh: str = ""
    note_en: str = ""


class Kind(msgspec.Struct, frozen=True, dict=True):
    """One register: its head, its fields in the order of columns, its checks."""

    kind: str
    head: Head
    fields: tuple[Field, ...]
    checks: tuple[Check, ...] = ()

    @cached_property
    def field(self) -> Mapping[str, Field]:
        """Fields by name."""
        return {one.name: one for one in self.fields}

    @cached_property
    def _called(self) -> Mapping[str, str]:
        words: dict[str, str] = {}
        for one in self.fields:
            for word in (one.name, one.zh, one.en, *one.synonyms):
                words.setdefault(spelled(word), one.name)
        return words

    def title(self, language: str) -> str:
        """What people call the register, in "zh" or "en"."""
        return self.head.title_en if language == "en" else self.head.title_zh

    def called(self, word: str) -> Field:
        """
        The field of this name, or with this heading in either language.

        Raises:
            Missing: there is none.
        """
        name = self._called.get(spelled(word))
        if name is None:
            raise Missing(
                "there is no field {name} in the register {kind}", "its fields are: {known}", "netops register show {kind}",
                name=word, kind=self.kind, known=", ".join(self.field),
            )  # fmt: skip
        return self.field[name]

    @cached_property
    def headings(self) -> Sequence[Heading]:
        """Headings of its sheet: what every record has, then the fields."""
        own = (
            Heading("number", "编号", "Number", ("记录编号", "record number")),
            Heading("version", "版本", "Version"),
            Heading("plane", "网络", "Network", ("所在网络", "网络平面", "plane")),
        )
        taken = {spelled(word) for one in self.fields for word in (one.name, one.zh, one.en, *one.synonyms)}
        free = [
            Heading(
                one.name, one.zh, one.en, tuple(word for word in one.synonyms if spelled(word) not in taken)
            )
            for one in own
        ]
        return (*free, *(Heading(one.name, one.zh, one.en, one.synonyms) for one in self.fields))

    def basis(self, duty: str = "") -> tuple[Basis, ...]:
        """The duty as a basis; without one, all that the register is kept for."""
        return tuple(Basis(int(one[1:3]), duty=one) for one in ((duty,) if duty else self.head.duties))


class _File(msgspec.Struct, frozen=True):
    register: Head
    fields: tuple[Field, ...]
    checks: tuple[Check, ...] = ()


def load(playbooks: Path) -> dict[str, Kind]:
    """
    Every register that *playbooks* declares (`registers/KIND.toml`), by kind, in the order of their first articles.

    Raises:
        Faults: every fault of every file, at once.
    """
    paths = sorted((playbooks / "registers").glob("*.toml"))
    return dict(_loaded(tuple((path, path.stat().st_mtime_ns) for path in paths)))


@lru_cache(maxsize=4)
def _loaded(stamps: tuple[tuple[Path, int], ...]) -> Mapping[str, Kind]:
    """Read again when a file changed."""
    faults: list[Text] = []
    found: dict[str, Kind] = {}
    for path, _changed in stamps:
        if one := _read(path, faults):
            found[one.kind] = one
    for one in found.values():
        faults += _across(one, found)
    settled(
        "the registers were not read", faults, "mend the lines above; netops register list reads them again"
    )
    return dict(sorted(found.items(), key=lambda pair: (pair[1].head.duties[0], pair[0])))


def one_of(kinds: Mapping[str, Kind], word: str) -> Kind:
    """
    The register of this kind, or with this title in either language.

    Raises:
        Missing: there is none.
    """
    for one in kinds.values():
        if folded(word) in (one.kind, folded(one.head.title_zh), folded(one.head.title_en)):
            return one
    raise Missing(
        "there is no register {name}",
        "known are: {known}",
        "netops register list",
        name=word,
        known=", ".join(kinds),
    )


def _read(path: Path, faults: list[Text]) -> Kind | None:
    source = Source(path, f"registers/{path.name}", faults)
    before = len(faults)
    source.unknown({"register", "fields", "checks"})
    head = source.struct(source.content.get("register", {}), Head, "register")
    fields = [_one(source, raw, Field, "name") for raw in _rows(source, "fields")]
    checks = [_one(source, raw, Check, "rule") for raw in _rows(source, "checks")]
    if head is None or len(faults) > before:
        return None
    kind = Kind(path.stem, head, tuple(filter(None, fields)), tuple(filter(None, checks)))
    faults += [f"registers/{path.name}: {text}" for text in _inside(kind)]
    return kind if len(faults) == before else None


def _rows(source: Source, name: str) -> list[dict[str, Any]]:
    raw = source.content.get(name, [])
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        source.fault(N_("must be a list of tables"), key=name)
        return []
    return raw


def _one(source: Source, raw: dict[str, Any], kind: type[Any], key: str) -> Any:
    """A row written in one line, its faults at that line."""
    if raw.keys() <= set(kind.__struct_fields__):
        with suppress(msgspec.ValidationError):
            return msgspec.convert(raw, kind, strict=True)
    said = f'{key} = "{raw.get(key, "")}"'
    line = next((number for number, text in enumerate(source.lines, 1) if said in text), 1)
    return Source(source.path, source.shown, source.faults, "", line).struct(raw, kind)


def _inside(kind: Kind) -> Iterator[Text]:
    names = [one.name for one in kind.fields]
    if not kind.head.duties or not all(re.fullmatch(r"A\d\d-\d+", one) for one in kind.head.duties):
        yield N_("register: duties must name at least one duty such as A27-1")
    if not re.fullmatch(r"[A-Z]{2,5}", kind.head.prefix):
        yield Said("register: prefix: {prefix!r} must be 2 to 5 capital letters", prefix=kind.head.prefix)
    yield from (Said("fields: {name!r} is there twice", name=name) for name in dict.fromkeys(names) if names.count(name) > 1)
    for name in ("organization", kind.head.name, *kind.head.key):
        if name not in names:
            yield Said("register: there is no field {name!r}", name=name)
    for one in kind.fields:
        if not NAME.fullmatch(one.name) or one.name in OWN:
            yield Said("fields: {name!r} cannot be the name of a field", name=one.name)
        if one.type not in TYPES:
            yield Said("fields: {name}: type {type!r} is none of {types}", name=one.name, type=one.type, types=", ".join(TYPES))
        if (one.type == "choice") != bool(one.choices):
            yield Said("fields: {name}: choices belong to type choice, and only there", name=one.name)
        if (one.type == "reference") != bool(one.reference):
            yield Said("fields: {name}: reference belongs to type reference, and only there", name=one.name)
    if not any(one.name == PRIVATE and one.type == "organization" and one.required for one in kind.fields):
        yield N_("fields: organization must be of type organization, and required")
    for check in kind.checks:
        for name in filter(None, (check.field, check.after, *check.fields, *check.when)):
            if name not in names:
                yield Said("checks: {rule}: there is no field {name!r}", rule=check.rule, name=name)
        yield from _periods(check)


def _periods(check: Check) -> Iterator[Text]:
    for name in ("within", "remind"):
        period = getattr(check, name)
        try:
            after(first_day("2026"), period or "1d")
        except ValueError as error:
            yield Said("checks: {rule}: {name}: {error}", rule=check.rule, name=name, error=error)
    if check.rule in ("renewal", "due") and not check.within:
        yield Said("checks: {rule}: within is missing", rule=check.rule)
    if check.rule == "everyone" and not check.who:
        yield N_("checks: everyone: who is missing")


def _across(kind: Kind, kinds: Mapping[str, Kind]) -> Iterator[Text]:
    for one in kind.fields:
        if one.reference and one.reference not in kinds:
            yield Said(
                "registers/{kind}.toml: fields: {name}: there is no register {reference!r}",
                kind=kind.kind, name=one.name, reference=one.reference,
            )
    for other in kinds.values():
        if other.head.prefix == kind.head.prefix and other.kind < kind.kind:
            yield Said(
                "registers/{kind}.toml: register: prefix: {prefix} is the one of {kind_2}",
                kind=kind.kind, prefix=kind.head.prefix, kind_2=other.kind,
            )


__all__ = ["Check", "Choice", "Faults", "Field", "Head", "Kind", "load", "one_of"]
