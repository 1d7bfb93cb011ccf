"""Two people at one record: the second sees what the first changed, and nothing of either is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netops.core.errors import Refused
from netops.core.language import N_, _, spoken
from netops.registers.entry import Draft, Entry, differences
from netops.registers.kind import Kind


class Changed(Refused):
    """Somebody else changed the record since it was read; *faults* has a line for every field."""

    def __init__(self, kind: Kind, held: Entry, draft: Draft, base: Mapping[str, Any]) -> None:
        self.held, self.draft = held, draft
        lines = []
        mine = {one.field: one.after for one in differences(base, draft.values, kind.field)}
        for one in differences(base, held.values, kind.field):
            label = kind.field[one.field].label(spoken()) if one.field in kind.field else one.field
            text = _("{field}: was {before}, is {after} now").format(
                field=label, before=_said(one.before), after=_said(one.after)
            )
            if one.field in mine and mine[one.field] != one.after:
                text += _("; you want {mine}").format(mine=_said(mine[one.field]))
            lines.append(text)
        super().__init__(
            N_("{number} was not changed"),
            N_(
                "{actor} changed it since: it was version {base} when you read it, and is version {version} now\n{changes}"
            ),
            N_("look at it (netops register show {kind} {number}), and make your change again"),
            number=held.number,
            kind=kind.kind,
            actor=held.changed_by,
            base=draft.base,
            version=held.version,
            changes="\n".join(lines),
        )


class Taken(Refused):
    """The record is there already under another number."""

    def __init__(self, kind: Kind, title: str, number: str) -> None:
        super().__init__(
            N_("{title} was not entered"),
            N_("{number} is the same one already"),
            N_("change that one: netops register edit {kind} {number}"),
            title=title,
            number=number,
            kind=kind.kind,
        )


def _said(value: Any) -> str:
    if value is None:
        return "—"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
