"""Names of organizations (单位名称) as people write them into tables: official, by code, short; and which one was meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netops.core.organization import Organization
from netops.core.sheet import folded

SEAL = re.compile(r"\s*[（(【\[]\s*(?:盖?公?签?章|加?盖公?章|公章|印章|全称|seal)\s*[）)】\]]\s*$")
"""What forms print behind the place of a name."""


class Names:
    """
    What people call organizations: by code, by official name in either language, and short, without the city's name.

    Args:
        city: its title, such as 云溪市: 云溪市财政局 is called 市财政局 and 财政局, too, unless that is another one's name.
    """

    def __init__(self, organizations: Iterable[Organization], city: str = "") -> None:
        self._every, self._city = list(organizations), folded(city)
        self._codes: dict[str, set[str]] = {}
        short: dict[str, set[str]] = {}
        for one in self._every:
            for name in filter(None, (one.code, one.name_zh, one.name_en)):
                self._codes.setdefault(folded(name), set()).add(one.code)
            if city and one.name_zh.startswith(city) and one.name_zh != city:
                for name in (one.name_zh.removeprefix(city), city[-1] + one.name_zh.removeprefix(city)):
                    short.setdefault(folded(name), set()).add(one.code)
        self._codes = short | self._codes

    def codes(self, text: str) -> set[str]:
        """Codes of those who are called so; that a seal stands there, too, does not matter."""
        return self._codes.get(folded(text)) or self._codes.get(folded(SEAL.sub("", text)), set())

    def near(self, text: str) -> Organization | None:
        """
        The one that may have been meant: whose name holds all the characters of *text* in order, or the other way round;
        else one that begins alike and differs by a character.

        Mere likeness is no reason: 民政局 and 财政局 differ by one character, and are two bureaus.
        """
        said = folded(text)
        found = [one for one in self._every for name in filter(None, (folded(one.name_zh), folded(one.name_en), one.code))
                 if len(said) > 1 and (_lies_in(said, name) or _lies_in(name, said))]  # fmt: skip
        if not found:
            found = [one for one in self._every if _is_slip(self._bare(said), self._bare(folded(one.name_zh)))]
        return min(found, key=lambda one: abs(len(one.name_zh) - len(text)), default=None)

    def _bare(self, name: str) -> str:
        return name.removeprefix(self._city)


def _is_slip(said: str, name: str) -> bool:
    """Whether one is the other with one character mistaken, and not the first."""
    return len(said) == len(name) > 1 and said[0] == name[0] and sum(map(str.__ne__, said, name)) == 1


def _lies_in(inner: str, outer: str) -> bool:
    """Whether *outer* has the characters of *inner* in order."""
    rest = iter(outer)
    return all(character in rest for character in inner)
