"""The register, from files to force: what would change, and applying exactly that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from netops import register as registers
from netops.core import applied
from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act, act
from netops.desk import Desk
from netops.register import KINDS, Register, identity, restore


class Change(msgspec.Struct, frozen=True):
    """One entry that would change: *before* None when added, *after* None when removed."""

    kind: str
    identity: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def sign(self) -> str:
        """+ added, - removed, ~ changed."""
        return "+" if self.before is None else "-" if self.after is None else "~"

    def fields(self) -> str:
        """The fields that differ, as "name: before → after"."""
        if self.before is None or self.after is None:
            return ""
        names = sorted(self.before.keys() | self.after.keys())
        return "; ".join(
            f"{name}: {self.before.get(name)} → {self.after.get(name)}"
            for name in names
            if self.before.get(name) != self.after.get(name)
        )


class Plan(msgspec.Struct, frozen=True):
    """What applying the files would change: made for version *base*, of files that hash to *sha256*."""

    base: int
    sha256: str
    changes: tuple[Change, ...]


def plan(desk: Desk) -> Plan:
    """
    The difference between the files and the register in force.

    Raises:
        Faults: the files cannot be read.
    """
    return _plan(desk, registers.read(Path(desk.config.inventory)))


def _plan(desk: Desk, files: Register) -> Plan:
    standing = applied.standing(desk.store)
    return Plan(standing.version, digest(files.content()), tuple(changes(restore(standing.content), files)))


def changes(before: Register, after: Register) -> list[Change]:
    """Every entry that differs, in the order of the kinds."""
    found = []
    for kind in KINDS:
        old, new = (
            {identity(kind, entry): msgspec.to_builtins(entry) for entry in getattr(side, kind)}
            for side in (before, after)
        )
        names = [*old, *(name for name in new if name not in old)]
        differing = (name for name in names if old.get(name) != new.get(name))
        found += [Change(kind, name, old.get(name), new.get(name)) for name in differing]
    return found


def apply(desk: Desk, plan: Plan, also: Callable[[Act], None] | None = None) -> int:
    """
    Put the files in force: exactly what *plan* shows, or nothing.

    One transaction holds the register, the prefixes and allocations that follow from it, the
    declarations and the journal entry.

    Args:
        also: what happens in the same transaction, at its end; it may refuse all of it.

    Returns:
        The version now in force.

    Raises:
        Refused: the files or the register changed since the plan was made.
    """
    from netops.addresses import ledger
    from netops.declarations import filings

    files = registers.read(Path(desk.config.inventory))
    if digest(files.content()) != plan.sha256:
        raise Refused(
            "the plan was not applied",
            "the files changed since it was made",
            "netops inventory plan shows what would change now",
        )
    given = {one.number: one.allocated for one in desk.register.declarations}
    counts = {kind: sum(change.kind == kind for change in plan.changes) for kind in KINDS}
    with act(desk.store, desk.actor, desk.clock) as one:
        version = applied.apply(one, files.content(), plan.base, {"sha256": plan.sha256, "changes": counts})
        ledger.sync_prefixes(one, files.prefixes)
        for declaration in files.declarations:
            ledger.adopt(one, declaration.plane, declaration, given.get(declaration.number, ()))
            filings.adopt(one, declaration)
        for gone in (
            change for change in plan.changes if change.kind == "declarations" and change.after is None
        ):
            removed = restore({"declarations": [gone.before]}).declarations[0]
            ledger.adopt(one, removed.plane, msgspec.structs.replace(removed, allocated=()))
            filings.drop(one, removed)
        if also is not None:
            also(one)
    desk.forget_register()
    return version


def ensure(desk: Desk) -> bool:
    """
    Apply the files when nothing was ever applied and they are there: an empty store has nothing to lose.

    Returns:
        True when they were applied now.
    """
    if applied.standing(desk.store).version or not Path(desk.config.inventory).is_dir():
        return False
    apply(desk, plan(desk))
    return True
