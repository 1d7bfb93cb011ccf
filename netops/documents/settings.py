"""`[documents]`: what the configuration says about papers."""

from __future__ import annotations

import msgspec


class Documents(msgspec.Struct, frozen=True):
    """Fonts by role, when the system's own are not to be used."""

    fonts: dict[str, str] = {}
    font_folders: tuple[str, ...] = ()
