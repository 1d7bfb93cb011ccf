"""One step of a declaration (送审、退回、批准、接通、暂停、注销): what it takes and what rests on it, then the step itself."""

from __future__ import annotations

import msgspec

from netops.addresses import ledger
from netops.addresses.allocation import HELD
from netops.core import journal
from netops.core.errors import Refused
from netops.core.language import N_
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.review import Note
from netops.desk import Desk
from netops.rounds import declaring

WAYS = {
    "approve": N_("{number} was not approved"),
    "connect": N_("{number} was not connected"),
    "submit": N_("{number} was not submitted"),
}
"""Steps that are reviewed first, and what did not happen when they are refused."""


class Step(msgspec.Struct, frozen=True):
    """
    A step as it would be taken.

    Args:
        before: the version that it moves; *after*: the state that this will be in.
        notes: what the review remarks.
        rests: allocations that lose their ground.
    """

    verb: str
    before: Declaration
    after: DeclarationState
    notes: tuple[Note, ...] = ()
    rests: int = 0

    @property
    def wanting(self) -> tuple[Note, ...]:
        """Remarks that stand in the way."""
        return tuple(one for one in self.notes if one.required)

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be taken so."""
        return bool(self.wanting) and self.verb in ("approve", "connect")


def planned(desk: Desk, number: str, verb: str) -> Step:
    """
    What a step would do; nothing is written.

    Raises:
        Missing: there is no such declaration.
        Refused: the step does not begin from its state.
    """
    one = filings.movable(desk.store, number, verb)
    after = one.after(verb)
    notes = declaring.reviewed(desk, one.statements, verb, one.number) if verb in WAYS else []
    rests = 0
    if verb in ("suspend", "withdraw") and one.stands:
        rests = sum(held.state in HELD for held in ledger.allocations(desk.store, declaration=one.number))
    return Step(verb, one, after, tuple(notes), rests)


def take(desk: Desk, step: Step, why: str = "") -> Declaration:
    """
    Take exactly this step.

    Raises:
        Refused: something stands in the way, or somebody took another step since.
    """
    require(step)
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        return filings.move(act, step.before.number, step.verb, why, seen=step.before)


def require(step: Step) -> None:
    """
    Make sure that nothing stands in the way of a step.

    Raises:
        Refused: the remarks of the review that do, by their codes.
    """
    if step.is_refused:
        raise Refused(WAYS[step.verb], "it is incomplete: {codes}", "netops declare return {number} --why …",
                      number=step.before.number, codes=", ".join(one.code for one in step.wanting))  # fmt: skip
