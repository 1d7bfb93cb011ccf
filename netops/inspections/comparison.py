"""Last time beside now (前后两次对比): per item what changed, and what came back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from netops.inspections.answer import Result
from netops.inspections.inspection import Inspection, said
from netops.inspections.item import Item

ORDER = (Result.NONCONFORM, Result.PARTIAL, Result.CONFORM)
"""From bad to good; what was not checked or does not apply stands outside."""


class Move(StrEnum):
    """What became of an item."""

    WORSE = "worse"
    BETTER = "better"
    NEW = "new"
    GONE = "gone"
    SEEN = "seen"
    """It was not checked last time, and is now."""
    LOST = "lost"
    """It was checked last time, and is not now."""
    OTHER = "other"
    """It applies now or no more."""
    REASON = "otherwise"
    """It is not kept wholly, as last time, but for another reason."""
    SAME = "same"


class Change(msgspec.Struct, frozen=True):
    """
    One item in both.

    Args:
        before, after: results that counted; None where the catalogue of that time has no such item.
        evidence: of the answer that counts now, else of the one before.
        repeated: whether it did not conform last time either.
    """

    item: str
    question: str
    move: Move
    before: Result | None
    after: Result | None
    reason_before: str
    reason_after: str
    evidence: tuple[str, ...]
    findings: tuple[str, ...]
    repeated: bool


class Comparison(msgspec.Struct, frozen=True):
    """Two inspections of one organization by one catalogue (its versions may differ), the earlier first."""

    organization: str
    before: str
    after: str
    version_before: str
    version_after: str
    changes: tuple[Change, ...]

    @property
    def moved(self) -> tuple[Change, ...]:
        """What is not as it was."""
        return tuple(one for one in self.changes if one.move is not Move.SAME)

    @property
    def repeated(self) -> tuple[Change, ...]:
        """What did not conform in both."""
        return tuple(one for one in self.changes if one.repeated)

    @property
    def is_bad(self) -> bool:
        """Whether something is not kept that was kept or not checked before, or was not kept before either."""
        return any(one.after in ORDER[:2] and one.move is not Move.BETTER for one in self.changes) or bool(self.repeated)

    def count(self) -> Mapping[Move, int]:
        """How many items moved how."""
        return {move: sum(one.move is move for one in self.changes) for move in Move}


def compare(before: Inspection, after: Inspection) -> Comparison:
    """Every item of both, in the order of the newer catalogue, what is only in the older one last."""
    names = dict.fromkeys([*(item.id for item in after.catalogue.items), *(item.id for item in before.catalogue.items)])
    changes = tuple(_change(before, after, name) for name in names)
    return Comparison(
        after.organization, before.number, after.number, before.catalogue.head.version, after.catalogue.head.version, changes
    )


def _change(before: Inspection, after: Inspection, name: str) -> Change:
    old, new = before.item(name), after.item(name)
    was, is_now = (one.result(item) if item else None for one, item in ((before, old), (after, new)))
    item = new or old
    assert item is not None  # noqa: S101 - it is in one of them
    answer = after.standing(new) if new else before.standing(item)
    reasons, move = (_reason(before, old), _reason(after, new)), _move(was, is_now)
    if move is Move.SAME and is_now in ORDER[:2] and reasons[0] != reasons[1]:
        move = Move.REASON
    return Change(
        name, item.question, move, was, is_now, *reasons,
        answer.judgement.evidence if answer else (), answer.judgement.findings if answer else (),
        was in ORDER[:2] and is_now in ORDER[:2],
    )  # fmt: skip


def _reason(inspection: Inspection, item: Item | None) -> str:
    return said(inspection.standing(item)) if item else ""


def _move(was: Result | None, is_now: Result | None) -> Move:
    if was is is_now:
        return Move.SAME
    if was is None:
        return Move.NEW
    if is_now is None:
        return Move.GONE
    if was in ORDER and is_now in ORDER:
        return Move.BETTER if ORDER.index(is_now) > ORDER.index(was) else Move.WORSE
    if was is Result.UNCHECKED and is_now in ORDER:
        return Move.SEEN
    if is_now is Result.UNCHECKED and was in ORDER:
        return Move.LOST
    return Move.OTHER


def previous(inspections: Iterable[Inspection], one: Inspection) -> Inspection | None:
    """The inspection of the same organization by the same catalogue, whatever its version, that stands last before this one."""
    earlier = [
        other for other in inspections
        if (other.organization, other.catalogue.head.name) == (one.organization, one.catalogue.head.name)
        and (other.opened_at, other.number) < (one.opened_at, one.number)
    ]  # fmt: skip
    return max(earlier, key=lambda other: (other.opened_at, other.number), default=None)


class Matrix(msgspec.Struct, frozen=True):
    """
    Items by organizations.

    Args:
        items: (id, question) of each row. *organizations*: code of each column, with the number of its inspection.
        cells: by row and column, the result; None where the item is not in that inspection.
    """

    catalogue: str
    items: tuple[tuple[str, str], ...]
    organizations: tuple[tuple[str, str], ...]
    cells: tuple[tuple[Result | None, ...], ...]

    def worst(self) -> Matrix:
        """Only the items that somebody does not keep wholly."""
        kept = [place for place, row in enumerate(self.cells) if any(cell in ORDER[:2] for cell in row)]
        return Matrix(
            self.catalogue, tuple(self.items[place] for place in kept), self.organizations,
            tuple(self.cells[place] for place in kept),
        )  # fmt: skip

    def failing(self, row: int) -> int:
        """How many organizations do not keep the item of this row wholly."""
        return sum(cell in ORDER[:2] for cell in self.cells[row])


def matrix(inspections: Sequence[Inspection]) -> Matrix:
    """What counts of every item in every one of these inspections."""
    rows: dict[str, str] = {}
    for one in inspections:
        for item in one.catalogue.items:
            rows.setdefault(item.id, item.question)
    found = [{item.id: one.result(item) for item in one.catalogue.items} for one in inspections]
    cells = tuple(tuple(each.get(name) for each in found) for name in rows)
    name = inspections[0].catalogue.head.name if inspections else ""
    return Matrix(name, tuple(rows.items()), tuple((one.organization, one.number) for one in inspections), cells)
