"""Messages in Chinese and English: English message ids, a Chinese catalogue, gettext between."""

from __future__ import annotations

import gettext
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from netops.core.agreement import counted

LANGUAGES = ("zh", "en")
_current: ContextVar[str] = ContextVar("language", default="zh")
_names: ContextVar[Callable[[str], str]] = ContextVar("names", default=str)


def choose(wanted: str | None, configured: str | None = None) -> str:
    """The language to speak: what was asked, else NETOPS_LANG, else the configuration, else Chinese."""
    for candidate in (wanted, os.environ.get("NETOPS_LANG"), configured):
        if candidate and candidate[:2] in LANGUAGES:
            return candidate[:2]
    return "zh"


def speak(language: str) -> None:
    """Use *language* ("zh" or "en") from here on, in this context."""
    _current.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use *language* within: documents are Chinese, whatever the command speaks."""
    before = _current.set(language)
    try:
        yield
    finally:
        _current.reset(before)


def call(names: Callable[[str], str]) -> None:
    """Use *names* from here on for what an organization's code is called; the open desk sets its register's."""
    _names.set(names)


def called(code: str) -> str:
    """What people call the organization with this code; the code itself when no register is open."""
    return _names.get()(code)


def spoken() -> str:
    """The language in use."""
    return _current.get()


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The message catalogue of a language; English needs none."""
    folder = Path(__file__).parent.parent / "locale"
    names = {"zh": ["zh_CN"]}.get(language, [])
    return gettext.translation("netops", folder, names, fallback=True)


def _(message: str) -> str:
    """*message* (an English id) in the language in use."""
    language = _current.get()
    if language == "en":
        return counted(message)
    return catalogue(language).gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark *message* for translation where it is defined; `_` translates it where it is shown."""
    return message


class Said:
    """
    A message whose language is chosen where it is shown, not where it is made, such as a fault of a file.

    Args:
        what: an English message id.
        facts: what fills its places; a fact may be one of these itself.
    """

    def __init__(self, what: str, /, **facts: object) -> None:
        self.what, self.facts = what, facts

    def __str__(self) -> str:
        """In the language in use."""
        return _(self.what).format(**self.facts) if self.facts else _(self.what)

    def at(self, place: object) -> Said:
        """The same, with where it stands before it."""
        return Said("{place}: {said}", place=place, said=self)

    def kept(self) -> str:
        """
        As a record keeps it, such as the reason of an act that no person gave: told in the language of whoever reads it.

        The English id, and behind it what fills its places as JSON; see `recalled`.
        """
        facts = {name: str(value) for name, value in self.facts.items()}
        return f"{self.what} {json.dumps(facts, ensure_ascii=False, sort_keys=True)}" if facts else self.what


WORDS = ("severity", "state")
"""Facts of kept reasons that are words of ours."""


def recalled(text: str) -> str:
    """A kept reason in the language in use; what a person wrote as it was written."""
    what, brace, facts = text.partition(' {"')
    if not brace:
        return _(text)
    try:
        filling = json.loads(brace[1:] + facts)
        if not all(f"{{{name}}}" in what for name in filling):
            return text
        return str(Said(what, **{name: _(value) if name in WORDS else value for name, value in filling.items()}))
    except (ValueError, TypeError, LookupError, AttributeError):
        return text


Text = str | Said
"""What is said to a person: in one language already, or in theirs."""


def english(text: object) -> str:
    """*text* as logs have it."""
    with speaking("en"):
        return str(text)


def series(texts: Iterable[object]) -> str:
    """Texts as a list in a sentence, each once."""
    return ("、" if spoken() == "zh" else ", ").join(dict.fromkeys(map(str, texts)))


def bracketed(text: str, beside: object) -> str:
    """*text* with what stands beside it, in the brackets of the language in use."""
    return f"{text}（{beside}）" if spoken() == "zh" else f"{text} ({beside})"


def sided(text: str) -> str:
    """The half of a "中文 / English" text that is in the language in use; data that people edit has both in one."""
    chinese, _sep, english = text.partition(" / ")
    return english if english and spoken() == "en" else chinese
