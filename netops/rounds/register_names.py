"""What values of registers refer to: organizations by any of their names, records of other registers by number or name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property

from netops.core.language import N_
from netops.core.names import Names
from netops.core.sheet import folded
from netops.desk import Desk
from netops.registers import entries
from netops.registers.entry import EntryState
from netops.registers.intake import NUMBER
from netops.registers.values import Unfit


class DeskNames:
    """
    The names that are in force at this desk; each register is read once, when something refers to it.

    Args:
        hints: say which record was meant, perhaps; not to somebody who may not see them all.
    """

    def __init__(self, desk: Desk, *, hints: bool = True) -> None:
        self._desk, self._register, self._hints = desk, desk.register, hints
        self._known: dict[str, dict[str, tuple[str, str, EntryState]]] = {}
        self._called: dict[str, dict[str, list[str]]] = {}
        self._codes: dict[str, str] = {}

    @cached_property
    def _organizations(self) -> Names:
        return Names(self._register.organizations, self._desk.config.city.title_zh)

    def organization(self, text: str) -> str:
        """
        The code of the organization that is called so.

        Raises:
            Unfit: nobody is, or several are.
        """
        if (known := self._codes.get(text)) is not None:
            return known
        found = self._organizations.codes(text)
        if len(found) > 1:
            raise Unfit(
                N_("several organizations are called so: {codes}"),
                N_("write the code of one"),
                codes=", ".join(sorted(found)),
            )
        if not found:
            if (near := self._organizations.near(text)) is not None:
                raise Unfit(
                    N_("no organization is called so"), N_("{near} ({code})? write it so"),
                    near=near.name_zh, code=near.code,
                )  # fmt: skip
            raise Unfit(N_("no organization is called so"), N_("netops organization list shows them"))
        code = self._codes[text] = next(iter(found))
        return code

    def organization_shown(self, code: str) -> str:
        """What people call it in the language in use; its code where another one is called so, too."""
        name = self._register.name(code)
        return name if self._organizations.codes(name) == {code} else code

    def record(self, kind: str, text: str) -> str:
        """
        The number of the standing record of a register that is called so.

        Raises:
            Unfit: none is, or several are.
        """
        known = self._of(kind)
        first = text.split()[0].upper() if text.split() else ""
        if NUMBER.fullmatch(first) and first in known:
            return first
        found = [
            number
            for number in self._called[kind].get(folded(text), ())
            if known[number][2] is EntryState.STANDING
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise Unfit(
                N_("several records are called so: {numbers}"),
                N_("write the number of one"),
                numbers=", ".join(found[:5]),
            )
        titles = [title for _, title, state in known.values() if state is EntryState.STANDING]
        near = get_close_matches(text, titles, 1, 0.6) if self._hints else []
        if near:
            raise Unfit(
                N_("no record of the register {kind} is called so"),
                N_("{near}? write it so"),
                kind=kind,
                near=near[0],
            )
        raise Unfit(
            N_("no record of the register {kind} is called so"),
            N_("enter it there first: netops register list {kind}"),
            kind=kind,
        )

    def record_shown(self, kind: str, number: str) -> str:
        """Its number, and what people call it."""
        held = self._of(kind).get(number)
        return f"{number} {held[1]}".strip() if held else number

    def _of(self, kind: str) -> dict[str, tuple[str, str, EntryState]]:
        if kind not in self._known:
            self._known[kind] = entries.known(self._desk.store, kind)
            called: dict[str, list[str]] = {}
            for number, (_, title, _state) in self._known[kind].items():
                called.setdefault(folded(title), []).append(number)
            self._called[kind] = called
        return self._known[kind]
