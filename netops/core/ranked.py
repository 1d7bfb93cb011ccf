"""Findings page by page (storage), the gravest first, of these the newest: however many there are, few are read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, func, or_, select

from netops.core import tally
from netops.core.docket import findings, narrowed, of_row
from netops.core.finding import STANDING, Finding, Severity, State
from netops.core.plane import Plane
from netops.core.store import Store

FEW = 2000
"""Findings that are sorted rather than looked for among all others of their severity."""


def page(
    store: Store,
    limit: int,
    offset: int = 0,
    *,
    planes: Collection[Plane] = tuple(Plane),
    organization: str = "",
    state: Collection[State] = STANDING,
    severity: str = "",
    code: str = "",
    codes: Collection[str] = (),
    text: str = "",
) -> list[Finding]:
    """
    Up to *limit* findings, the gravest first, of these the newest; each argument narrows.

    Args:
        code: beginning of a rule's code, such as "EG-" for a room; *codes*: whole codes, of which one must fit.
        text: that the subject or the facts have inside.
    """
    where = narrowed(planes, organization, state)
    with store.read() as connection:
        there = _there(connection, planes, organization, state, [severity] if severity else list(Severity), code, codes)
        if text and there and (code or codes or severity):
            where.append(or_(*(and_(findings.c.severity == one.severity, findings.c.code.in_(one.codes)) for one in there)))
        ranked = (
            []
            if not there
            else _inside(connection, where, text, offset + limit)
            if text
            else _ranked(connection, there, where, offset + limit)
        )
        wanted = ranked[offset:]
        rows = {row.id: row for row in connection.execute(select(findings).where(findings.c.id.in_(wanted)))}
    return [of_row(rows[name]) for name in wanted]


class _Kind(NamedTuple):
    """Findings of one severity: rules of which there are any, and how many findings at most."""

    severity: str
    codes: tuple[str, ...]
    number: int


def _there(
    connection: Connection,
    planes: Collection[Plane],
    organization: str,
    state: Collection[State],
    severities: Sequence[str],
    code: str,
    codes: Collection[str],
) -> list[_Kind]:
    """By severity, the gravest first, which rules have findings like these, as the kept counts say."""
    counts = tally.counts.c
    where: list[ColumnElement[bool]] = [counts.number > 0, counts.plane.in_(planes)]
    where += [counts.state.in_(state)] if state else []
    where += [counts.organization == organization] if organization else []
    where += [counts.code.startswith(code, autoescape=True)] if code else []
    where += [counts.code.in_(codes)] if codes else []
    query = select(counts.severity, counts.code, func.sum(counts.number)).where(*where)
    found: dict[str, tuple[list[str], int]] = {}
    for severity, rule, number in connection.execute(query.group_by(counts.severity, counts.code)):
        rules, sum_ = found.get(severity, ([], 0))
        found[severity] = ([*rules, rule], sum_ + int(number))
    return [_Kind(str(one), tuple(found[one][0]), found[one][1]) for one in severities if one in found]


def _ranked(connection: Connection, there: Sequence[_Kind], where: list[ColumnElement[bool]], most: int) -> list[str]:
    """
    One severity after the other, each in the order of the index: nothing is sorted, however many there are.

    A few that share a rule are found by it and sorted: the index would be read to its end for them.
    """
    found: list[str] = []
    for one in there:
        severity = findings.c.severity if one.number > FEW else func.coalesce(findings.c.severity, "")
        query = select(findings.c.id).where(severity == one.severity, findings.c.code.in_(one.codes), *where)
        query = query.order_by(findings.c.last_seen.desc(), findings.c.id.desc()).limit(most - len(found))
        found += [row.id for row in connection.execute(query)]
        if len(found) >= most:
            break
    return found


def _inside(connection: Connection, where: list[ColumnElement[bool]], text: str, most: int) -> list[str]:
    """Those that have a text inside, in the same order: every row is read, once, as it lies in the table."""
    inside = [cast(column, Text).contains(text, autoescape=True) for column in (findings.c.subject, findings.c.facts)]
    rank = case({one.value: place for place, one in enumerate(Severity)}, value=findings.c.severity)
    has = or_(findings.c.id == text.upper(), *inside)
    query = select(findings.c.id).where(has, *where)
    query = query.order_by(rank, findings.c.last_seen.desc(), findings.c.id.desc()).limit(most)
    return [row.id for row in connection.execute(query)]
