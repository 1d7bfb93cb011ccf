"""What the registers hold, carried to the inspections room: records, and what their rules say of them at this moment."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core import docket
from netops.core.finding import Conclusion, Finding, State
from netops.desk import Desk
from netops.inspections.records import RecordFact, Records, Shortfall
from netops.registers import visits
from netops.registers.rules import WRITTEN
from netops.registers.scene import Scene
from netops.rounds import register_check, registers

NOTED = ("RG-113",)
"""Rules that look at the network, too: what their last round wrote down is taken."""


def records(desk: Desk) -> Records:
    """Every register of the served planes; each table is read once for all organizations."""
    noted = docket.by_key(desk.store, WRITTEN)
    scenes = [register_check.scene(desk, plane, use=False)[0] for plane in desk.planes]
    return Records(
        rows=tuple(row for scene in scenes for row in _rows(scene)),
        shortfalls=tuple(
            [short for scene in scenes for short in _shortfalls(scene, noted)]
            + [_noted(one) for one in noted.values() if one.code in NOTED and one.plane in desk.planes]
        ),
        titles={name: (kind.head.title_zh, kind.head.title_en) for name, kind in registers.kinds(desk).items()},
        answered=visits.newest(desk.store),
        looked={number: at for number, (at, _found) in visits.last(desk.store).items()},
    )


def _rows(scene: Scene) -> Iterator[RecordFact]:
    for kind, entry in scene.every():
        yield RecordFact(
            kind.kind, entry.number, entry.plane, entry.organization, entry.title, entry.values, entry.version
        )


def _shortfalls(scene: Scene, noted: dict[str, Finding]) -> Iterator[Shortfall]:
    """What the rules conclude now, with the finding that a round made of it, if one did."""
    for code, rule in WRITTEN.items():
        if code in NOTED:
            continue
        for one in rule(scene):
            finding = noted.get(one.key)
            duties = tuple(basis.duty for basis in one.basis or rule.basis)
            yield Shortfall(
                rule.kind, duties, _register(one), one.organization, str(one.subject.get("record", "")),
                finding.id if finding else "", finding.evidence if finding else (), _excused(finding),
            )  # fmt: skip


def _register(one: Conclusion) -> str:
    """Kind of the register that a conclusion is about, as its evidence has it."""
    piece = one.evidence[0]
    return str(piece.body.get("register") or piece.source)


def _noted(one: Finding) -> Shortfall:
    return Shortfall(
        one.kind, tuple(basis.duty for basis in one.basis), "projects", one.organization,
        str(one.subject.get("record", "")), one.id, one.evidence, _excused(one),
    )  # fmt: skip


def _excused(one: Finding | None) -> str:
    return one.accepted_until if one is not None and one.state is State.ACCEPTED else ""
