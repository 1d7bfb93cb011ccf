"""Words and signs of the filter language, and the error that points at one of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from netops.core.errors import NetopsError
from netops.core.language import N_

TOKEN = re.compile(
    r"\s*(?:#[^\n]*|(?P<sign>&&|\|\||==|>=|<=|[()\[\],!=<>])|(?P<quoted>\"[^\"\n]*\")|(?P<word>[^\s()\[\],!=<>#&|\"]+))"
)


class Token(NamedTuple):
    """One word or sign, and where it begins."""

    text: str
    at: int

    @property
    def word(self) -> str:
        """In lower case, as key words are."""
        return self.text.lower()


class FilterError(NetopsError):
    """A filter cannot be understood; *column* is the place, from 1."""

    def __init__(self, text: str, at: int, why: str, **facts: object) -> None:
        line_start = text.rfind("\n", 0, at) + 1
        line = text[line_start:].split("\n", 1)[0]
        self.column = at - line_start + 1
        shown, place = _window(line, at - line_start)
        super().__init__(
            N_("the filter was not understood at column {column}:\n{shown}\n{caret}"),
            why,
            N_("netops egress query --help lists the words; docs/guide/flows.md explains them"),
            column=self.column,
            shown=shown,
            caret=" " * place + "^",
            **facts,
        )


def _window(line: str, place: int, width: int = 100) -> tuple[str, int]:
    start = max(0, place - width // 2)
    return line[start : start + width], place - start


def tokens(text: str) -> list[Token]:
    """
    A filter taken apart; remarks (#) are left out.

    Raises:
        FilterError: a sign has no meaning.
    """
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or match.end() == at:
            if not text[at:].strip():
                break
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FilterError(text, at, N_("{found} has no meaning here."), found=repr(text[at]))
        kind = match.lastgroup
        if kind:
            found.append(
                Token(match[kind].strip('"') if kind == "quoted" else match[kind], match.start(kind))
            )
        at = match.end()
    return found
