"""Records as rows of a table, as `netops.registers.intake` reads them again without a difference. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netops.core.plane import Plane
from netops.core.sheet import guarded
from netops.registers.entry import Entry
from netops.registers.kind import Kind
from netops.registers.values import Names, shown

PLANES = {
    "zh": {Plane.EXTRANET: "政务外网", Plane.INTRANET: "政务内网"},
    "en": {Plane.EXTRANET: "extranet", Plane.INTRANET: "intranet"},
}


def heads(kind: Kind, language: str) -> list[str]:
    """The head of each column: number, version and plane, then the fields."""
    return [one.en if language == "en" else one.zh for one in kind.headings]


def cells(
    kind: Kind, entries: Iterable[Entry], language: str, names: Names
) -> Iterator[list[str | int | float]]:
    """A row for each record, in the order of `heads`; numbers as numbers, everything else as text."""
    for one in entries:
        row: list[str | int | float] = [one.number, one.version, PLANES[language][one.plane]]
        for field in kind.fields:
            held = one.values.get(field.name)
            if (
                field.type in ("integer", "number")
                and isinstance(held, int | float)
                and not isinstance(held, bool)
            ):
                row.append(held)
                continue
            text = shown(field, held, language, names)
            row.append(guarded(text) if text[:1] == "'" else text)
        yield row
