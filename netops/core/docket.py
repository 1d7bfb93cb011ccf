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
    func,
    select,
)

from netops.core import custody, ids, tally
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.custody import evidence
from netops.core.errors import Missing, Refused
from netops.core.evidence import Evidence, digest
from netops.core.finding import STANDING, Conclusion, Finding, Rule, Severity, State
from netops.core.journal import Act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata
from netops.core.tally import Tally

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
    changed = Tally()
    with store.write() as connection:
        concluded = {one.key: one for one in conclusions}
        standing = _standing(connection, plane, list(concluded), scope)
        new = [key for key in concluded if key not in standing]
        first = ids.take(connection, "finding", len(new)) if new else 0
        for number, key in enumerate(new, first):
            custody.keep(connection, concluded[key].evidence)
            opened.append(_open(connection, rules[concluded[key].code], concluded[key], key, f"F-{number:04d}", changed))
        known = {key: standing[key] for key in concluded if key in standing}
        said = _said(connection, [name for row in known.values() for name in row.evidence])
        for key, row in known.items():
            (reopened if row.state == State.RESOLVED else again).append(row.id)
            told = _untold({said.get(name, "") for name in row.evidence}, concluded[key].evidence)
            custody.keep(connection, told)
            _see_again(connection, row, msgspec.structs.replace(concluded[key], evidence=told), changed)
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
            changed.move(row._asdict(), {"state": State.RESOLVED})
        changed.write(connection)
    return Settlement(tuple(opened), tuple(reopened), tuple(again), tuple(resolved))


def _standing(connection: Connection, plane: Plane, keys: list[str], scope: Collection[str]) -> dict[str, Row[Any]]:
    """By key: what was found before of what is concluded now, and what stands of the rules in *scope*."""
    asked: list[ColumnElement[bool]] = [findings.c.key.in_(keys[start : start + 500]) for start in range(0, len(keys), 500)]
    if scope:
        asked.append((findings.c.plane == plane) & findings.c.code.in_(list(scope)) & findings.c.state.in_(STANDING))
    return {row.key: row for which in asked for row in connection.execute(select(findings).where(which))}


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


def _open(connection: Connection, rule: Rule, one: Conclusion, key: str, number: str, changed: Tally) -> str:
    values = {
        "id": number,
        "key": key,
        "code": rule.code,
        "kind": rule.kind,
        "plane": one.plane,
        "severity": rule.severity,
        "organization": one.organization,
        "subject": one.subject,
        "basis": msgspec.to_builtins(one.basis or rule.basis),
        "facts": one.facts,
        "first_seen": one.at,
        "last_seen": one.at,
        "count": one.count,
        "state": State.OPEN,
        "evidence": [piece.id for piece in one.evidence][-KEPT:],
        "reason": "",
        "accepted_until": "",
    }
    OPEN(connection, **values)
    tally.rename(connection, number, {}, one.subject)
    changed.add(values)
    return number


def _see_again(connection: Connection, row: Row[Any], one: Conclusion, changed: Tally) -> None:
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
    tally.rename(connection, row.id, row.subject, one.subject)
    changed.move(row._asdict(), {"state": state, "organization": one.organization or row.organization})


def of_row(row: Row[Any]) -> Finding:
    """A finding as its row in the store says it."""
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
        return [of_row(row) for row in connection.execute(query)]


def by_key(store: Store, codes: Collection[str]) -> dict[str, Finding]:
    """Findings of these rules that are not resolved, by the key of the conclusion that makes them."""
    query = select(findings).where(findings.c.code.in_(list(codes)), findings.c.state != State.RESOLVED.value)
    with store.read() as connection:
        return {row.key: of_row(row) for row in connection.execute(query)}


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
        # Not through the index of states, in which nearly every finding stands.
        query = query.where(func.coalesce(findings.c.state, "").in_(STANDING))
    else:
        query = query.where(findings.c.first_seen <= at, findings.c.last_seen >= at)
    if organization:
        query = query.where(findings.c.organization == organization)
    else:
        wanted = [text[: tally.LONGEST] for text in texts]
        query = query.where(findings.c.id.in_(select(tally.names.c.finding).where(tally.names.c.name.in_(wanted))))
    with store.read() as connection:
        return sorted(map(of_row, connection.execute(query)), key=lambda one: one.id)


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
    return of_row(row)


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
        return [of_row(row) for row in rows]


def pieces(store: Store, numbers: Iterable[str]) -> list[Evidence]:
    """Evidence by id, in the order of time."""
    wanted = sorted(set(numbers))
    rows: list[Row[Any]] = []
    with store.read() as connection:
        for start in range(0, len(wanted), 500):
            rows += connection.execute(select(evidence).where(evidence.c.id.in_(wanted[start : start + 500]))).all()
    return [Evidence(row.kind, row.source, row.query, row.body, row.at) for row in sorted(rows, key=lambda row: (row.at, row.id))]


def witnesses(store: Store, numbers: Iterable[str]) -> dict[str, str]:
    """What kind each piece of evidence is of, by id."""
    wanted, found = sorted(set(numbers)), dict[str, str]()
    with store.read() as connection:
        for start in range(0, len(wanted), 500):
            query = select(evidence.c.id, evidence.c.kind).where(evidence.c.id.in_(wanted[start : start + 500]))
            found |= {row.id: row.kind for row in connection.execute(query)}
    return found


def require_ahead(number: str, until: str, now: datetime) -> None:
    """
    Make sure that an exception ends on a day to come, in the city; "" is none.

    Raises:
        Refused: the day is past, and it would open again at once.
    """
    if until and until < city_time(now, "%Y-%m-%d"):
        raise Refused(N_("{number} was not accepted"), N_("{until} is past: it would open again at once"),
                      N_("name the day on which it ends"), number=number, until=until)  # fmt: skip


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
    changed = Tally()
    changed.move(row._asdict(), {"state": to})
    changed.write(act.connection)
    act.record(
        f"finding {to}",
        number,
        why=why,
        before={"state": row.state},
        after={"state": to, "accepted_until": accepted_until},
    )


def narrowed(planes: Collection[Plane], organization: str, state: Collection[State]) -> list[ColumnElement[bool]]:
    """Conditions on `findings`: in one of these planes and states, and of an organization; no states and "" are any."""
    where: list[ColumnElement[bool]] = [findings.c.plane.in_(planes)]
    if state:
        # Not through the index of states, in which nearly every finding stands the same.
        where.append(func.coalesce(findings.c.state, "").in_(state))
    if organization:
        where.append(findings.c.organization == organization)
    return where
