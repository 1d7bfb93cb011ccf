"""The docket (问题台账): every finding with its number, first and last seen, state and evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    func,
    or_,
    select,
)

from netops.core import custody, ids
from netops.core.basis import Basis
from netops.core.custody import evidence
from netops.core.errors import Missing, Refused
from netops.core.evidence import Evidence, digest
from netops.core.finding import STANDING, Conclusion, Finding, Rule, Severity, State
from netops.core.journal import Act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata

findings = Table(
    "findings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("code", String(8), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("plane", String(8), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("organization", String(64), nullable=False, index=True),
    Column("subject", Json, nullable=False),
    Column("basis", Json, nullable=False),
    Column("facts", Json, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("evidence", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_until", String(10), nullable=False),
    UniqueConstraint("key"),
    Index("ix_findings_ranked", "severity", "last_seen", "id", "state", "plane", "code", "organization"),
)
OPEN = Prepared(findings.insert())
CHANGING = ("last_seen", "count", "state", "evidence", "facts", "subject", "organization", "reason")
SEE_AGAIN = Prepared(
    findings.update()
    .where(findings.c.id == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in CHANGING})
)
KEPT = 20
"""Evidence ids a finding shows; older pieces stay in the store."""


class Settlement(msgspec.Struct, frozen=True):
    """What settling changed: ids of findings."""

    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    seen_again: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()


def settle(
    store: Store,
    rules: dict[str, Rule],
    conclusions: Iterable[Conclusion],
    *,
    plane: Plane,
    at: datetime,
    scope: Collection[str] = (),
    seen_before: datetime | None = None,
    blind: Collection[str] = (),
    spared: Collection[str] = (),
) -> Settlement:
    """
    Write down what rules concluded; the same rule and subject never opens twice.

    Args:
        rules: the room's RULES, by code.
        scope: codes whose rules were asked completely for *plane*: their findings that were not
            concluded now are resolved, unless they were last seen after *seen_before* or name a
            device in *blind*.
        seen_before: findings seen later than this stay open; None resolves at once.
        blind: names of devices that could not be seen: silence about them proves nothing.
        spared: ids of findings about which nothing can be said now: they are not resolved.
    """
    opened: list[str] = []
    reopened: list[str] = []
    again: list[str] = []
    resolved: list[str] = []
    with store.write() as connection:
        standing = {
            row.key: row for row in connection.execute(select(findings).where(findings.c.plane == plane))
        }
        concluded = {one.key: one for one in conclusions}
        new = [key for key in concluded if key not in standing]
        first = ids.take(connection, "finding", len(new)) if new else 0
        for number, key in enumerate(new, first):
            custody.keep(connection, concluded[key].evidence)
            opened.append(_open(connection, rules[concluded[key].code], concluded[key], key, f"F-{number:04d}"))
        known = {key: standing[key] for key in concluded if key in standing}
        said = _said(connection, [name for row in known.values() for name in row.evidence])
        for key, row in known.items():
            (reopened if row.state == State.RESOLVED else again).append(row.id)
            told = _untold({said.get(name, "") for name in row.evidence}, concluded[key].evidence)
            custody.keep(connection, told)
            _see_again(connection, row, msgspec.structs.replace(concluded[key], evidence=told))
        for key, row in standing.items():
            if key in concluded or row.code not in scope or row.state not in STANDING or row.id in spared:
                continue
            if (seen_before is not None and row.last_seen > seen_before) or _names(row.subject) & set(blind):
                continue
            resolved.append(row.id)
            connection.execute(
                findings.update()
                .where(findings.c.id == row.id)
                .values(state=State.RESOLVED, reason=N_("not seen any more"))
            )
    return Settlement(tuple(opened), tuple(reopened), tuple(again), tuple(resolved))


def join(store: Store, number: str, told: tuple[Evidence, ...], at: datetime) -> None:
    """Another witness saw the same at *at*: its pieces stand beside those that a finding has, where they say something new."""
    with store.write() as connection:
        row = connection.execute(select(findings).where(findings.c.id == number).with_for_update()).first()
        if row is None:
            return
        fresh = _untold(set(_said(connection, list(row.evidence)).values()), told)
        custody.keep(connection, fresh)
        kept = list(dict.fromkeys([*row.evidence, *(piece.id for piece in fresh)]))[-KEPT:]
        seen = {"evidence": kept, "last_seen": max(row.last_seen, at)}
        connection.execute(findings.update().where(findings.c.id == number).values(seen))


def _names(subject: dict[str, Any]) -> set[str]:
    ends = [subject, *(end for end in (subject.get("a"), subject.get("b")) if isinstance(end, dict))]
    return {str(end[key]) for end in ends for key in ("device", "switch") if end.get(key)}


def _said(connection: Connection, known: list[str]) -> dict[str, str]:
    """What pieces of evidence say, as a digest, by their id; however many, read by the hundred."""
    found: dict[str, str] = {}
    for start in range(0, len(known), 500):
        rows = connection.execute(select(evidence).where(evidence.c.id.in_(known[start : start + 500])))
        found |= {row.id: digest([row.kind, row.source, row.query, row.body]) for row in rows}
    return found


def _untold(said: Collection[str], pieces: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The pieces that say something new: an answer that stays the same is kept once, not at every round."""
    return tuple(
        piece for piece in pieces if digest([piece.kind, piece.source, piece.query, piece.body]) not in said
    )


def _open(connection: Connection, rule: Rule, one: Conclusion, key: str, number: str) -> str:
    OPEN(
        connection,
        id=number,
        key=key,
        code=rule.code,
        kind=rule.kind,
        plane=one.plane,
        severity=rule.severity,
        organization=one.organization,
        subject=one.subject,
        basis=msgspec.to_builtins(one.basis or rule.basis),
        facts=one.facts,
        first_seen=one.at,
        last_seen=one.at,
        count=one.count,
        state=State.OPEN,
        evidence=[piece.id for piece in one.evidence][-KEPT:],
        reason="",
        accepted_until="",
    )
    return number


def _see_again(connection: Connection, row: Row[Any], one: Conclusion) -> None:
    kept = list(dict.fromkeys([*row.evidence, *(piece.id for piece in one.evidence)]))[-KEPT:]
    expired = (
        row.state == State.ACCEPTED and row.accepted_until and row.accepted_until < one.at.date().isoformat()
    )
    state = State.REOPENED if row.state == State.RESOLVED or expired else row.state
    SEE_AGAIN(
        connection,
        which=row.id,
        new_last_seen=max(row.last_seen, one.at),
        new_count=row._mapping["count"] + one.count,
        new_state=state,
        new_evidence=kept,
        new_facts=one.facts,
        new_subject=one.subject,
        new_organization=one.organization or row.organization,
        new_reason="" if state == State.REOPENED else row.reason,
    )


def _finding(row: Row[Any]) -> Finding:
    values = {name: getattr(row, name) for name in Finding.__struct_fields__}
    return Finding(
        **values
        | {
            "plane": Plane(row.plane),
            "severity": Severity(row.severity),
            "state": State(row.state),
            "basis": msgspec.convert(row.basis, tuple[Basis, ...]),
            "evidence": tuple(row.evidence),
        }
    )


def listed(
    store: Store,
    *,
    state: Collection[State] = (),
    organization: str = "",
    code: str = "",
    plane: Plane | None = None,
    since: datetime | None = None,
) -> list[Finding]:
    """Findings by number; every argument narrows."""
    query = select(findings).order_by(findings.c.id)
    if state:
        query = query.where(findings.c.state.in_(state))
    if organization:
        query = query.where(findings.c.organization == organization)
    if code:
        query = query.where(findings.c.code == code)
    if plane:
        query = query.where(findings.c.plane == plane)
    if since:
        query = query.where(findings.c.last_seen >= since)
    with store.read() as connection:
        return [_finding(row) for row in connection.execute(query)]


def by_key(store: Store, codes: Collection[str]) -> dict[str, Finding]:
    """Findings of these rules that are not resolved, by the key of the conclusion that makes them."""
    query = select(findings).where(findings.c.code.in_(list(codes)), findings.c.state != State.RESOLVED.value)
    with store.read() as connection:
        return {row.key: _finding(row) for row in connection.execute(query)}


def naming(
    store: Store,
    texts: Collection[str],
    *,
    organization: str = "",
    at: datetime | None = None,
    limit: int = 100,
) -> list[Finding]:
    """
    The newest findings whose subject names one of *texts*, or that are *organization*'s, by number.

    Args:
        at: those that had been seen by then and were seen then or later; by default those that stand.
    """
    query = select(findings).order_by(findings.c.last_seen.desc()).limit(limit)
    if at is None:
        query = query.where(findings.c.state.in_(STANDING))
    else:
        query = query.where(findings.c.first_seen <= at, findings.c.last_seen >= at)
    if organization:
        query = query.where(findings.c.organization == organization)
    else:
        query = query.where(
            or_(*(cast(findings.c.subject, Text).contains(f'"{text}"', autoescape=True) for text in texts))
        )
    with store.read() as connection:
        return sorted(map(_finding, connection.execute(query)), key=lambda one: one.id)


def one(store: Store, number: str) -> Finding:
    """
    The finding with this number.

    Raises:
        Missing: there is none.
    """
    with store.read() as connection:
        row = connection.execute(select(findings).where(findings.c.id == number)).first()
    if row is None:
        raise Missing("there is no finding {number}", "", "netops finding list", number=number)
    return _finding(row)


def newest(store: Store) -> str:
    """The number of the newest finding, or ""."""
    query = select(findings.c.id).order_by(func.length(findings.c.id).desc(), findings.c.id.desc()).limit(1)
    with store.read() as connection:
        return str(connection.execute(query).scalar() or "")


def later(store: Store, number: str, limit: int) -> list[Finding]:
    """Findings that were opened after the one with this number, oldest first; every one after ""."""
    length = func.length(findings.c.id)
    after = (length > len(number)) | ((length == len(number)) & (findings.c.id > number))
    with store.read() as connection:
        rows = connection.execute(select(findings).where(after).order_by(length, findings.c.id).limit(limit))
        return [_finding(row) for row in rows]


def pieces(store: Store, numbers: Iterable[str]) -> list[Evidence]:
    """Evidence by id, in the order of time."""
    wanted = sorted(set(numbers))
    rows: list[Row[Any]] = []
    with store.read() as connection:
        for start in range(0, len(wanted), 500):
            rows += connection.execute(select(evidence).where(evidence.c.id.in_(wanted[start : start + 500]))).all()
    return [Evidence(row.kind, row.source, row.query, row.body, row.at) for row in sorted(rows, key=lambda row: (row.at, row.id))]


def move(act: Act, number: str, to: State, why: str, accepted_until: str = "") -> None:
    """
    A person moves a finding: acknowledged, accepted until a date, rectifying, resolved.

    Raises:
        Missing: there is none.
        Refused: it is resolved already.
    """
    row = act.connection.execute(select(findings).where(findings.c.id == number).with_for_update()).first()
    if row is None:
        raise Missing("there is no finding {number}", "", "netops finding list", number=number)
    if row.state == State.RESOLVED:
        raise Refused(
            "{number} was not moved",
            "it is resolved; it opens again by itself when it is seen again",
            "",
            number=number,
        )
    act.connection.execute(
        findings.update()
        .where(findings.c.id == number)
        .values(state=to, reason=why, accepted_until=accepted_until)
    )
    act.record(
        f"finding {to}",
        number,
        why=why,
        before={"state": row.state},
        after={"state": to, "accepted_until": accepted_until},
    )


def open_counts(store: Store) -> dict[tuple[str, str], int]:
    """Standing findings by (plane, code)."""
    query = (
        select(findings.c.plane, findings.c.code, func.count())
        .where(findings.c.state.in_(STANDING))
        .group_by(findings.c.plane, findings.c.code)
    )
    with store.read() as connection:
        return {(plane, code): number for plane, code, number in connection.execute(query)}


class Count(msgspec.Struct, frozen=True):
    """How many findings share these."""

    plane: Plane
    code: str
    organization: str
    severity: Severity
    state: State
    number: int


def counted(
    store: Store, *, planes: Collection[Plane] = tuple(Plane), organization: str = "", state: Collection[State] = STANDING
) -> list[Count]:
    """How many findings there are, by plane, rule, organization, severity and state; however many they are."""
    columns = (findings.c.plane, findings.c.code, findings.c.organization, findings.c.severity, findings.c.state)
    # Through the one index that has every column: any other would lead to the row of each finding.
    where = [findings.c.severity > "", *_narrowed(planes, organization, ())]
    if state:
        where.append(func.coalesce(findings.c.state, "").in_(state))
    query = select(*columns, func.count()).where(*where).group_by(*columns)
    with store.read() as connection:
        return [
            Count(Plane(plane), code, whose, Severity(severity), State(stands), number)
            for plane, code, whose, severity, stands, number in connection.execute(query)
        ]


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
    where = _narrowed(planes, organization, state)
    if code:
        where.append(findings.c.code.startswith(code, autoescape=True))
    if codes:
        where.append(findings.c.code.in_(codes))
    if text:
        inside = [cast(column, Text).contains(text, autoescape=True) for column in (findings.c.subject, findings.c.facts)]
        where.append(or_(findings.c.id == text.upper(), *inside))
    found: list[str] = []
    with store.read() as connection:
        # One severity after the other, each in the order of the index: nothing is sorted, however many there are.
        for each in [severity] if severity else list(Severity):
            if len(found) >= offset + limit:
                break
            query = select(findings.c.id).where(findings.c.severity == each, *where)
            query = query.order_by(findings.c.last_seen.desc(), findings.c.id.desc()).limit(offset + limit - len(found))
            found += [row.id for row in connection.execute(query)]
        wanted = found[offset:]
        rows = {row.id: row for row in connection.execute(select(findings).where(findings.c.id.in_(wanted)))}
    return [_finding(rows[name]) for name in wanted]


def _narrowed(planes: Collection[Plane], organization: str, state: Collection[State]) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [findings.c.plane.in_(planes)]
    if state:
        where.append(findings.c.state.in_(state))
    if organization:
        where.append(findings.c.organization == organization)
    return where
