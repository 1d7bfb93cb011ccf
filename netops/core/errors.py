"""Errors for a person: what did not happen, why, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from netops.core.language import Text, _, called, english, speaking


class NetopsError(Exception):
    """
    Something a person asked for did not happen.

    The three texts are English message ids with `{name}` places; *facts* fill them, so that the
    face can say the same in Chinese. Exit codes: 2 asked wrongly, 3 unseen, 4 refused.
    """

    exit_code = 2

    def __init__(self, what: str = "", why: str = "", mend: str = "", /, **facts: object) -> None:
        """Texts by place or by name; a fact may be called `why` when the text was given by place."""
        self.what = what or str(facts.pop("what"))
        self.why = why or str(facts.pop("why", ""))
        self.mend = mend or str(facts.pop("mend", ""))
        self.facts: Mapping[str, object] = facts
        super().__init__(self.english())

    def english(self) -> str:
        """The error in one line of English, for logs."""
        with speaking("en"):
            return "; ".join(text.format(**self.facts) for text in (self.what, self.why, self.mend) if text)

    def told(self) -> tuple[str, str, str]:
        """What, why and mend in the language in use: states and kinds are words of ours, organizations have names."""
        facts = {name: _fact(name, value) for name, value in self.facts.items()}
        what, why, mend = (_(text).format(**facts) if text else "" for text in (self.what, self.why, self.mend))
        return what, why, mend


def _fact(name: str, value: object) -> object:
    """A fact of an error as it is told; names and addresses are shown as they are."""
    if isinstance(value, StrEnum):
        return _(value.value)
    if name == "kind":
        return _(str(value))
    return called(str(value)) if name in ("organization", "holder") else value


class Misspelled(ValueError):
    """A text cannot be read as what it should be; shown in the language in use, so that it can be a fact of an error."""

    def __init__(self, what: str, /, **facts: object) -> None:
        """*what* is an English message id (`N_`); *facts* fill its places."""
        super().__init__(what)
        self.what, self.facts = what, facts

    def __str__(self) -> str:
        """The message in the language in use."""
        return _(self.what).format(**self.facts)


class Refused(NetopsError):
    """The act is not allowed now: exhausted, stale, wrong state, no basis."""

    exit_code = 4


class Missing(NetopsError):
    """What was asked for does not exist."""


class _Lines(tuple[Text, ...]):
    """Texts below each other, in the language in use."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class Faults(NetopsError):
    """
    Several faults of one reading, all listed at once.

    Args:
        faults: one line each, in the order of the file: place, value, mend.
    """

    def __init__(self, what: str, faults: Sequence[Text], mend: str = "", **facts: object) -> None:
        self.faults = tuple(map(english, faults))
        self._faults = _Lines(faults)
        super().__init__(what, "{faults}", mend, faults=self._faults, **facts)

    def lines(self) -> list[str]:
        """Each of them in the language in use."""
        return [str(fault) for fault in self._faults]
