"""One host, one finding: what another sense proved already gets one more witness instead of a second number."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from netops.core import docket
from netops.core.finding import STANDING, Conclusion, Finding, State
from netops.core.lead import names
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress.rules import RULES

STILL = (*STANDING, State.ACCEPTED)
"""Also what somebody accepted is one finding: another witness of it is no new alarm."""


def left(desk: Desk, told: Iterable[Conclusion], plane: Plane, but: Collection[str] = ()) -> list[Conclusion]:
    """
    The conclusions that no standing finding of egress of the same kind covers yet; the others' evidence joins it.

    Args:
        but: codes of findings that nothing joins: those of the rules that are told here.
    """
    several = list(told)
    if not several:
        return []
    kinds = {RULES[one.code].kind for one in several}
    standing = [
        one
        for one in docket.listed(desk.store, state=STILL, plane=plane)
        if one.code in RULES and one.code not in but and one.kind in kinds
    ]
    kept = []
    for one in several:
        proved = next((each for each in standing if each.kind == RULES[one.code].kind and same(one, each)), None)
        if proved is None or proved.code == one.code:
            kept.append(one)
        else:
            docket.join(desk.store, proved.id, one.evidence, one.at)
    return kept


def same(one: Conclusion, other: Finding) -> bool:
    """Whether both speak of one card, address, port or interface."""
    return bool(names(one.subject) & names(other.subject))
