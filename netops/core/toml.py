"""Strict TOML: every fault of a file at once, each with file, line, key and value; nothing is half read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec

from netops.core.errors import Faults, Misspelled
from netops.core.language import N_, Said, Text

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")
P = ParamSpec("P")
MAX_BYTES = 16 << 20


class Source:
    """
    One TOML file being read, and the faults found in it so far.

    Args:
        inside: the TOML itself where it is only a part of the file, with an empty line for each line before it.
        on: the line, from 1, on which all of it stands; 0 where it has lines of its own.
    """

    def __init__(self, path: Path, shown: str, faults: list[Text], inside: str | None = None, on: int = 0) -> None:
        self.path, self.shown, self.faults, self.on = path, shown, faults, on
        self.text = ""
        self.content: dict[str, Any] = {}
        try:
            if path.stat().st_size > MAX_BYTES:
                raise Misspelled(N_("larger than {most} MiB"), most=MAX_BYTES >> 20)
            self.text = path.read_text("utf-8") if inside is None else inside
            self.content = tomllib.loads(self.text)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            faults.append(Said("{place}: {said}", place=shown, said=error))
        self.lines = self.text.splitlines()

    def fault(self, message: Text, table: str = "", index: int | None = None, key: str = "") -> None:
        """Note a fault at a key of the *index*-th `[[table]]` (or of `[table]`)."""
        place = f"{self.shown}:{self.line(table, index, key)}"
        name = ".".join(part for part in (table, key) if part)
        said = message if isinstance(message, Said) else Said(message)
        self.faults.append((said.at(name) if name else said).at(place))

    def line(self, table: str = "", index: int | None = None, key: str = "") -> int:
        """Line, from 1, where the key (or else its table) stands."""
        if self.on:
            return self.on
        start, end = 0, len(self.lines)
        if table:
            brackets = ("[[", "]]") if index is not None else ("[", "]")
            wanted = brackets[0] + table + brackets[1]
            heads = [
                n
                for n, line in enumerate(self.lines)
                if line.split("#")[0].strip().replace('"', "") == wanted
            ]
            number = index or 0
            if number < len(heads):
                start = heads[number]
                inner = (n for n in range(start + 1, end) if self.lines[n].lstrip().startswith("["))
                end = next(inner, end) if key and "." not in key else end
        first = key.split(".")[0]
        found = (
            (n for n in range(start, end) if re.match(rf'\s*"?{re.escape(first)}"?\s*[=.]', self.lines[n]))
            if first
            else iter(())
        )
        return next(found, start) + 1

    def unknown(self, known: set[str]) -> None:
        """Fault every top-level key that is not *known*."""
        for key in self.content.keys() - known:
            nested = self.content[key]
            line_key = "" if isinstance(nested, dict | list) else key
            self.fault(
                unknown_key(key, known),
                table=key if not line_key else "",
                index=0 if isinstance(nested, list) else None,
                key=line_key,
            )

    def entries(self, table: str, kind: type[T]) -> list[tuple[int, T]]:
        """The entries of `[[table]]` that are well formed, each with its index; the others become faults."""
        raw = self.content.get(table, [])
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self.fault(Said("must be written as [[{table}]] entries", table=table), table=table)
            return []
        good = [(index, self.struct(item, kind, table, index)) for index, item in enumerate(raw)]
        return [(index, entry) for index, entry in good if entry is not None]

    def struct(
        self, raw: dict[str, Any], kind: type[T], table: str = "", index: int | None = None
    ) -> T | None:
        """*raw* as *kind*, or None after noting every fault in it."""
        fields = _fields(kind)
        if raw.keys() <= fields.keys():
            try:
                return msgspec.convert(raw, kind, strict=True)
            except (msgspec.ValidationError, ValueError):
                pass  # every fault is named below
        before = len(self.faults)
        for key in raw.keys() - fields.keys():
            self.fault(unknown_key(key, fields), table, index, key)
        for name, field in fields.items():
            if name not in raw:
                if field.required:
                    self.fault(Said("{name} is missing", name=name), table, index)
                continue
            try:
                msgspec.convert(raw[name], field.type, strict=True)
            except msgspec.ValidationError as error:
                self.fault(Said("{error} (found {value!r})", error=unfit(error), value=raw[name]), table, index, name)
        if len(self.faults) > before:
            return None
        try:
            return msgspec.convert(raw, kind, strict=True)
        except (msgspec.ValidationError, ValueError) as error:
            self.fault(unfit(error), table, index)
            return None


@lru_cache(maxsize=256)
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def until_changed(files: Callable[P, Iterable[Path]]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Let a reader remember what it gave as long as its files stay as they are; what failed is read again.

    Args:
        files: which files it reads, from its own arguments, which must be hashable. What it gives is not to be changed.
    """

    def around(read: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(maxsize=32)
        def kept(_stamps: tuple[tuple[object, ...], ...], *args: P.args, **kwargs: P.kwargs) -> R:
            return read(*args, **kwargs)

        @wraps(read)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            return kept(tuple(map(_stamp, files(*args, **kwargs))), *args, **kwargs)  # type: ignore[arg-type] # hashable

        return asked

    return around


def _stamp(path: Path) -> tuple[object, ...]:
    """What tells one content of a file from the next: its place on the disk, size, and time of change."""
    try:
        found = path.stat()
    except OSError:
        return (str(path),)
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


def unknown_key(key: str, known: Iterable[str]) -> Said:
    """Nobody knows this key; what is known there."""
    return Said("unknown key {key!r}; known here: {known}", key=key, known=", ".join(sorted(known)))


def unfit(error: Exception) -> Said:
    """What msgspec says of a value that does not fit, or a struct of ours, so that it can be said in Chinese."""
    found = MISFIT.fullmatch(str(error))
    if not found:
        return Said("{error}", error=error)
    wanted, got, value, where = found.group("wanted", "got", "value", "where")
    said = Said("Invalid enum value {value}", value=value)
    if wanted:
        said = Said("Expected `{wanted}`, got `{found}`", wanted=wanted, found=got)
    return Said("{said} - at `{place}`", said=said, place=where) if where else said


MISFIT = re.compile(
    r"(?:Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`|Invalid enum value (?P<value>.*?))(?: - at `(?P<where>.+)`)?"
)


def settled(what: str, faults: Sequence[Text], mend: str) -> None:
    """
    Raise when anything was wrong.

    Raises:
        Faults: with every fault, in order.
    """
    if faults:
        raise Faults(what, faults, mend)
