"""Help text: translated when it is shown, and wrapped by cells, so that Chinese lines fit the terminal."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.cells import cell_len

from netops.core.language import _

CLOSING = "，。；：、！？）》”’】"
"""Marks that never begin a line."""


def wrap(text: str, width: int, indent: str = "", following: str = "") -> str:
    """*text* in lines of at most *width* cells; Chinese breaks anywhere, Latin words stay whole."""
    lines, line = [], indent
    for word in _words(text):
        if cell_len(line + word.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line, word = following, word.lstrip()
        line += word
    return "\n".join([*lines, line.rstrip()])


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in " ".join(text.split()):
        if char in CLOSING:
            yield word + char
            word = ""
        elif cell_len(char) > 1:
            if word:
                yield word
            word = char
        else:
            word += char
            if char == " ":
                yield word
                word = ""
    if word:
        yield word


class Formatter(click.HelpFormatter):
    """click's formatter, measuring cells where click counts characters."""

    def write_text(self, text: str) -> None:
        """Paragraphs, each wrapped."""
        indent = " " * self.current_indent
        for paragraph in text.split("\n\n"):
            if paragraph.startswith("\b"):
                self.write("\n".join(indent + line for line in paragraph.splitlines()[1:]) + "\n")
            else:
                self.write(wrap(paragraph, self.width, indent, indent) + "\n")
            self.write("\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 34, col_spacing: int = 2) -> None:
        """Terms on the left, their meaning on the right."""
        rows = list(rows)
        indent = " " * self.current_indent
        column = min(max((cell_len(term) for term, _text in rows), default=0), col_max) + col_spacing
        gap = " " * (self.current_indent + column)
        for term, text in rows:
            head = indent + term
            if cell_len(term) > column - col_spacing:
                self.write(head + "\n")
                head = gap
            else:
                head += " " * (len(gap) - cell_len(head))
            self.write((wrap(text, self.width, head, gap) if text else head.rstrip()) + "\n")


class Context(click.Context):
    """A context that formats with `Formatter`."""

    formatter_class = Formatter


@contextmanager
def translated(command: click.Command) -> Iterator[None]:
    """The command with its help and its options' help in the language in use."""
    options: list[Any] = [param for param in command.params if getattr(param, "help", None)]
    kept = command.help, command.short_help, [option.help for option in options]
    command.help, command.short_help = _paragraphs(command.help), _(command.short_help or "") or None
    for option in options:
        option.help = _(option.help)
    try:
        yield
    finally:
        command.help, command.short_help = kept[:2]
        for option, text in zip(options, kept[2], strict=True):
            option.help = text


def _paragraphs(text: str | None) -> str | None:
    """Each paragraph is a message of its own, so that catalogues stay readable."""
    if not text:
        return text
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(part if part.startswith("\b") else _(" ".join(part.split())) for part in parts)
