"""Whether what was given still has its ground: a declaration that stands, and a pool that serves its holder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from netops.addresses import tiles
from netops.addresses.allocation import HELD, Allocation, Origin
from netops.addresses.delegation import serves
from netops.addresses.foresight import Ground
from netops.addresses.pool import Pool
from netops.addresses.prefix import PrefixRole
from netops.addresses.reconcile import Runs
from netops.addresses.span import Span
from netops.addresses.tile import innermost
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.desk import Desk
from netops.rounds.permit import authorities

WITHDRAWN = str(DeclarationState.WITHDRAWN)
CHANGED_HANDS = "another organization's"
"""In place of the state of a declaration."""


class Objection(msgspec.Struct, frozen=True):
    """
    Why an allocation would not be given to its holder now.

    Args:
        state: of its declaration; `CHANGED_HANDS` when that is another organization's now.
        pool: the innermost pool around it, or "-".
        holder: whose that is, or "".
        stands: whether its declaration stands: then the pool was delegated to others.
    """

    allocation: Allocation
    state: str
    pool: str
    holder: str
    stands: bool = False


def grounds(declarations: Iterable[Declaration]) -> dict[str, Ground]:
    """By number, the version that gives ground: the one that stands, though a change of it waits; else the newest."""
    found: dict[str, Ground] = {}
    for one in declarations:
        known = found.get(one.number)
        if known is None or one.stands or not known.stands:
            found[one.number] = Ground(
                one.number, one.organization, str(one.state), one.stands, one.terminals
            )
    return found


def pieces(pools: Sequence[Pool]) -> Runs[str]:
    """The innermost pool of every address."""
    spans = [(one.span, one.prefix) for one in pools if one.role is not PrefixRole.CONTAINER]
    if not spans:
        return Runs(())
    whole = Span(min(span.first for span, _ in spans), max(span.last for span, _ in spans))
    return Runs((span, name) for span, name in innermost(spans, whole) if name)


def objections(desk: Desk, connection: Any, plane: Plane, given: Sequence[Allocation]) -> Iterator[Objection]:
    """
    Those of *given* that would not be given to their holder now, inside an open transaction.

    What the register gave is its own reason for the pool; only its declaration is asked about, once that was moved by an act.
    """
    register = desk.register_in(connection)
    index, named = register.prefix_of(plane), authorities(desk, register, plane)
    declared = grounds(one for one in filings.every(connection) if one.plane is plane)
    where = pieces(tiles.pools_in(connection, plane))
    for one in given:
        if one.state not in HELD or (one.origin is Origin.REGISTER and one.declaration not in declared):
            continue
        prefix = where.of(one.span.first) or ""
        holder = index[prefix].organization if prefix in index else ""
        ground = declared.get(one.declaration)
        state, stands = (ground.state, ground.stands) if ground else (WITHDRAWN, False)
        if ground is not None and stands and ground.organization != one.organization:
            yield Objection(one, CHANGED_HANDS, prefix or "-", holder)
        elif not stands:
            yield Objection(one, state, prefix or "-", holder)
        elif (
            one.origin is Origin.ACT
            and holder
            and not serves(holder, one.organization, register.organization, named)
        ):
            yield Objection(one, state, prefix or "-", holder, stands=True)
