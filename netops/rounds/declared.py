"""Declarations looked for: by what they say anywhere, and by when they fall due."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netops.core.sheet import folded
from netops.declarations.declaration import Declaration
from netops.declarations.renewal import Renewal, renewal
from netops.desk import Desk
from netops.rounds.address_lines import today


def saying(desk: Desk, listed: Sequence[Declaration], text: str) -> list[Declaration]:
    """Those that say every word of *text* anywhere: numbers, names, models, addresses; whatever the width and case."""
    words = [folded(word) for word in text.split()]
    register = desk.register

    def says(one: Declaration) -> bool:
        entry = register.organization.get(one.organization)
        names = (entry.name_zh, entry.name_en) if entry else ()
        said = folded("\n".join(map(str, (*names, *msgspec.structs.astuple(one)))))
        return all(word in said for word in words)

    return [one for one in listed if says(one)]


def due(desk: Desk, listed: Sequence[Declaration]) -> list[Renewal]:
    """Those that are to be renewed, the most urgent first."""
    settings = desk.config.declarations
    found = (renewal(one, today(desk), settings.renew_days, settings.remind_days) for one in listed)
    return sorted((one for one in found if one is not None), key=lambda one: (one.day, one.number))
