"""What commands print: answers on stdout as table, JSON or CSV; talk, plans, questions and progress on stderr."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

from netops.core import files
from netops.core.clock import city_time, now, rfc3339
from netops.core.errors import NetopsError, Refused
from netops.core.language import _
from netops.core.observation import Unreachable
from netops.core.sheet import guarded

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {
    "good": ("✓", "green"),
    "bad": ("✗", "red"),
    "note": ("!", "yellow"),
    "open": ("·", "dim"),
    "unseen": ("?", "yellow"),
}


@dataclass(frozen=True)
class Column:
    """
    One column of a table and of its CSV.

    Args:
        title: English message id.
        value: text (or number, time, None) of one record.
        style: a rich style, or a function of the record that gives one.
        whole: a number or an address, which is never broken over lines.
    """

    title: str
    value: Callable[[Any], Any]
    right: bool = False
    style: str | Callable[[Any], str] = ""
    whole: bool = False


@dataclass
class Output:
    """How this command was asked to answer; made from the global options."""

    json: bool = False
    csv: bool = False
    file: Path | None = None
    quiet: bool = False
    verbose: bool = False
    interactive: bool = True
    yes: bool = False
    dry_run: bool = False
    _consoles: dict[bool, Console] = field(default_factory=dict, init=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False)
    _text: IO[str] | None = field(default=None, init=False)

    # ---- the file of -o
    @contextmanager
    def answering(self) -> Iterator[None]:
        """
        Around a whole command: the file of -o holds the whole answer at its end, or stays as it was when it failed.

        Raises:
            NetopsError: the file cannot be written, which is said before the work where it shows then.
        """
        if self.file and self.file.suffix:
            files.ready(self.file)
        try:
            yield
        except (SystemExit, KeyboardInterrupt, click.exceptions.Exit):
            self._open.close()
            raise
        except BaseException:
            self._open.__exit__(*sys.exc_info())
            raise
        self._open.close()

    def follow(self) -> None:
        """
        Write the answer line by line as it comes, for a command that runs until it is interrupted.

        Raises:
            NetopsError: the file cannot be written.
        """
        if self.file:
            try:
                self._text = self._open.enter_context(self.file.open("w", encoding="utf-8", buffering=1))
            except OSError as error:
                raise files.unwritten(self.file, error) from error

    def _into(self, file: Path) -> IO[str]:
        if self._text is None:
            written = self._open.enter_context(files.whole(file))
            self._text = io.TextIOWrapper(written, "utf-8-sig" if file.suffix == ".csv" else "utf-8", write_through=True)
        return self._text

    # ---- answers
    def records(
        self,
        kind: str,
        items: Iterable[Any],
        columns: Sequence[Column],
        *,
        plane: str | None = None,
        unseen: Sequence[Unreachable] = (),
        empty: str = "",
        title: str = "",
        note: str = "",
        next_step: str = "",
    ) -> None:
        """
        Print records: as a table for people, or as the contract's one object with --json.

        Args:
            kind: noun of the records, such as "finding".
            empty: sentence for people when there are none.
            note: sentence under the table; *next_step*: the command to run next.
        """
        listed = list(items)
        if self.json:
            self.answer(document(kind, listed, plane, unseen))
        elif self.csv or (self.file and self.file.suffix == ".csv"):
            self._write(_csv(listed, columns))
        else:
            self._table(listed, columns, empty, title)
            for one in unseen:
                self.line(
                    f"{sign('unseen')} "
                    + _("not seen: {device} ({address}): {why}").format(
                        device=one.device, address=one.address, why=_(one.why).format(**one.facts)
                    )
                )
            if note:
                self.line(note)
            self.next(next_step)

    def record(self, kind: str, item: Any, show: Callable[[], None], *, plane: str | None = None) -> None:
        """Print one record: JSON as the contract says, otherwise by *show*."""
        if self.json:
            self.answer(document(kind, [item], plane))
        else:
            show()

    def answer(self, value: Any) -> None:
        """Print one JSON value, whatever the other options say."""
        self._write(msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n")

    def line(self, text: str = "", style: str = "") -> None:
        """One line of the answer for people."""
        self._console(stderr=False).print(
            text, style=style or None, markup=False, highlight=False, soft_wrap=True
        )

    def lines(self, lines: Iterable[str]) -> None:
        """The answer as plain lines, such as JSON Lines, exactly as given."""
        self._write("".join(line + "\n" for line in lines))

    def content(self, content: bytes) -> None:
        """
        The answer as the bytes of a file: into the file of -o, or on stdout.

        Raises:
            NetopsError: the file cannot be written; it is as it was then.
        """
        if self.file is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            return
        files.put(content, self.file)
        self.say(_("{path} is written").format(path=self.file))

    def rich(self, renderable: Any) -> None:
        """A rich table, tree or panel as part of the answer."""
        self._console(stderr=False).print(renderable, highlight=False)

    def next(self, command: str) -> None:
        """The command to run next, as the last line for people."""
        if command and not self.quiet:
            self.line(_("next: {command}").format(command=command), style="cyan")

    # ---- talk
    def say(self, text: str, style: str = "") -> None:
        """One line of talk on stderr; nothing with --quiet."""
        if not self.quiet:
            self._console(stderr=True).print(
                text, style=style or None, markup=False, highlight=False, soft_wrap=True
            )

    def confirm(self, question: str) -> None:
        """
        Ask before a change whose plan was shown.

        Raises:
            Refused: there was nobody to ask, or the answer was no.
            SystemExit: code 0, after --dry-run.
        """
        if self.dry_run:
            self.say(_("nothing was changed (--dry-run)"))
            raise SystemExit(0)
        if self.yes or _agreed_afar(question):
            return
        if not self.interactive or not sys.stdin.isatty():
            raise Refused(
                "nothing was changed",
                "the change was not confirmed",
                "add --yes to apply it without a question",
            )
        if not click.confirm(question, err=True):
            raise Refused("nothing was changed", "the answer was no", "")

    def confirm_word(self, question: str, word: str) -> None:
        """
        Ask a person to type *word*, for a change that --yes is not enough for.

        Raises:
            Refused: there was nobody to ask, or something else was typed.
            SystemExit: code 0, after --dry-run.
        """
        if self.dry_run:
            self.say(_("nothing was changed (--dry-run)"))
            raise SystemExit(0)
        if not self.interactive or not sys.stdin.isatty():
            raise Refused(
                "nothing was changed",
                "this change is confirmed by a person at a terminal; --yes is not enough",
                "run it at a terminal, and type what is asked",
            )
        if click.prompt(question, default="", show_default=False, err=True).strip() != word:
            raise Refused("nothing was changed", "something else was typed", "")

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int, str], None]]:
        """A bar on a terminal, a line for each step with --verbose, otherwise nothing."""
        console = self._console(stderr=True)
        if self.quiet or not console.is_terminal:
            yield self._verbose_step if self.verbose else lambda _done, _total, _what: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None, last="")
            yield lambda done, total, last: bar.update(task, completed=done, total=total, last=last[:40])

    def error(self, error: NetopsError) -> None:
        """What did not happen, why, and what mends it, on stderr."""
        what, why, mend = error.told()
        if self.json:
            sys.stderr.write(
                msgspec.json.encode({"error": {"what": what, "why": why, "mend": mend}}).decode() + "\n"
            )
            return
        console = self._console(stderr=True)
        for label, text, style in (
            (_("error"), what, "bold red"),
            (_("why"), why, ""),
            (_("mend"), mend, "cyan"),
        ):
            if text:
                head = _("{label}: ").format(label=label)
                console.print(head, style=style or None, end="", markup=False, highlight=False)
                separator = "\n  " if "\n" in text else ""
                console.print(
                    separator + text.replace("\n", "\n  "), markup=False, highlight=False, soft_wrap=True
                )

    # ---- inside
    def _verbose_step(self, done: int, total: int, what: str) -> None:
        self.say(f"{done}/{total} {what}")

    def _console(self, *, stderr: bool) -> Console:
        if stderr not in self._consoles:
            from rich.console import Console

            into: IO[str] | None = None if stderr or not self.file else self._into(self.file)
            self._consoles[stderr] = Console(
                stderr=stderr, file=into, width=None if (sys.stdout.isatty() or stderr) else 140
            )
        return self._consoles[stderr]

    def _write(self, text: str) -> None:
        (self._into(self.file) if self.file else sys.stdout).write(text)

    def _table(self, items: list[Any], columns: Sequence[Column], empty: str, title: str) -> None:
        if not items:
            self.line(empty or _("none"))
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=None, pad_edge=False, title=title or None, title_justify="left", header_style="bold"
        )
        for column in columns:
            table.add_column(_(column.title), justify="right" if column.right else "left", overflow="fold",
                             no_wrap=column.whole)  # fmt: skip
        for item in items:
            table.add_row(
                *(
                    Text(
                        shown(column.value(item)),
                        style=column.style(item) if callable(column.style) else column.style,
                    )
                    for column in columns
                )
            )
        self.rich(table)


def _agreed_afar(question: str) -> bool:
    """Whether somebody at another machine agreed to this plan; see `netops.cli.remote`."""
    if not (os.environ.get("NETOPS_QUESTION") or os.environ.get("NETOPS_SEEN")):
        return False
    from netops.cli import remote

    return remote.agreed(question)


def document(
    kind: str, items: Sequence[Any], plane: str | None = None, unseen: Sequence[Unreachable] = ()
) -> dict[str, Any]:
    """The contract's object around records."""
    return {
        "kind": kind,
        "at": rfc3339(now()),
        "plane": plane,
        "items": items,
        "unseen": [
            {
                "plane": one.plane,
                "device": one.device,
                "address": one.address,
                "at": rfc3339(one.at),
                "why": _(one.why).format(**one.facts),
            }
            for one in unseen
        ],
    }


def shown(value: Any) -> str:
    """A value as people read it in a cell."""
    if value is None or value == "":
        return "—"
    if isinstance(value, datetime):
        return city_time(value)
    return printable(str(value))


def printable(text: str) -> str:
    """*text* without what could drive a terminal: control characters become visible."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)


def labelled(label: str) -> str:
    """A label before its value, with the colon of the language in use."""
    return _("{label}: ").format(label=label)


def sign(state: str) -> str:
    """The sign of a state: ✓ good, ✗ bad, ! note, · open, ? unseen."""
    return SIGNS[state][0]


def _csv(items: Sequence[Any], columns: Sequence[Column]) -> str:
    """Columns as CSV; a cell that a spreadsheet would take for a formula is quoted by an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_(column.title) for column in columns])
    for item in items:
        cells = ["" if column.value(item) is None else str(column.value(item)) for column in columns]
        writer.writerow([cell if _is_number(cell) else guarded(cell) for cell in cells])
    return buffer.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
