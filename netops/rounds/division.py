"""Dividing the planned space: the register's prefixes are rewritten in their file and put in force in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops import register as registers
from netops.addresses import division, ledger
from netops.addresses.allocation import Allocation
from netops.addresses.division import Division, Effect
from netops.addresses.prefix import RegisteredPrefix
from netops.addresses.span import parsed
from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.plane import Plane
from netops.core.toml import Source, settled
from netops.desk import Desk
from netops.rounds import inventory


class Plan(msgspec.Struct, frozen=True):
    """What a division would change in the file that hashes to *sha256*, and what lies in each prefix."""

    plane: Plane
    division: Division
    effects: tuple[Effect, ...]
    sha256: str


def add(desk: Desk, new: RegisteredPrefix) -> Plan:
    """One more prefix; see `division.add` for what is refused."""
    prefixes, held = _standing(desk, new.plane)
    return _plan(desk, new.plane, division.add(prefixes, new), held)


def split(desk: Desk, plane: Plane, prefix: str, prefixlen: int) -> Plan:
    """One prefix in equal parts; see `division.split`."""
    prefixes, held = _standing(desk, plane)
    return _plan(desk, plane, division.split(prefixes, prefix, prefixlen, held), held)


def merge(desk: Desk, plane: Plane, several: Sequence[str]) -> Plan:
    """Neighbours as one prefix; see `division.merge`."""
    prefixes, held = _standing(desk, plane)
    return _plan(desk, plane, division.merge(prefixes, several), held)


def delegate(desk: Desk, plane: Plane, prefix: str, organization: str, granted_by: str) -> Plan:
    """One prefix in another organization's hand; see `division.delegate`."""
    prefixes, held = _standing(desk, plane)
    return _plan(desk, plane, division.delegate(prefixes, prefix, organization, granted_by, held), held)


def _standing(desk: Desk, plane: Plane) -> tuple[tuple[RegisteredPrefix, ...], list[Allocation]]:
    """
    Prefixes and allocations in force.

    Raises:
        Refused: this process does not serve the plane, or the files hold changes that are not in force.
    """
    if plane not in desk.planes:
        why = "this netops does not serve the {plane}"
        raise Refused("the prefixes were not changed", why, "netops config show", plane=plane)
    if inventory.plan(desk).changes:
        raise Refused(
            "the prefixes were not changed", "the files hold other changes that are not in force",
            "netops inventory plan shows them; netops inventory apply puts them in force",
        )  # fmt: skip
    return desk.register.of(plane).prefixes, ledger.allocations(desk.store, plane)


def _plan(desk: Desk, plane: Plane, made: Division, held: list[Allocation]) -> Plan:
    kept = tuple(one for one in desk.register.prefixes if one not in made.removed)
    changed = msgspec.structs.replace(desk.register, prefixes=(*kept, *made.added))
    faults = list(registers.check(changed, {}))
    settled("the prefixes were not changed", faults, "change the request so that none of these is there")
    return Plan(
        plane, made, tuple(division.effects(made, held)), digest(_path(desk, plane).read_text("utf-8"))
    )


def _path(desk: Desk, plane: Plane) -> Path:
    path = Path(desk.config.inventory) / plane / "prefixes.toml"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return path


def run(desk: Desk, made: Plan) -> int:
    """
    Write the file and put it in force: exactly what the plan shows, or nothing.

    Returns:
        The version of the register now in force.

    Raises:
        Refused: the file, the register or the ledger changed since the plan was made.
    """
    path = _path(desk, made.plane)
    before = path.read_text("utf-8")
    held = ledger.allocations(desk.store, made.plane)
    if digest(before) != made.sha256 or tuple(division.effects(made.division, held)) != made.effects:
        why = "the plan is stale: something changed since it was made"
        raise Refused("the prefixes were not changed", why, "ask for the plan again")
    _write(path, edited(path, made.division))
    try:
        plan = inventory.plan(desk)
        ours = {f"{made.plane}/{one.prefix}" for one in (*made.division.removed, *made.division.added)}
        if {change.identity for change in plan.changes if change.kind == "prefixes"} - ours or any(
            change.kind != "prefixes" for change in plan.changes
        ):
            why = "the files hold other changes by now"
            raise Refused("the prefixes were not changed", why, "netops inventory plan shows them")
        return inventory.apply(desk, plan)
    except BaseException:
        _write(path, before)
        raise


def _write(path: Path, text: str) -> None:
    """The whole file, or the old one."""
    beside = path.with_suffix(".toml.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def edited(path: Path, made: Division) -> str:
    """The file with the entries that go taken out and those that come in the first one's place, else at the end."""
    source = Source(path, path.name, [])
    lines = source.lines
    gone = {parsed(one.prefix) for one in made.removed}
    cut: list[tuple[int, int]] = []
    for index, raw in enumerate(source.content.get("prefixes", [])):
        if parsed(raw["prefix"]) in gone:
            start = source.line("prefixes", index) - 1
            end = next(
                (n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines)
            )
            while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
                end -= 1
            cut.append((start, end))
    new = [line for one in made.added for line in (*_entry(one), "")]
    place = cut[0][0] if cut else len(lines)
    if not cut and lines and lines[-1].strip():
        new.insert(0, "")
    kept = [
        line for n, line in enumerate(lines) if n >= place and not any(start <= n < end for start, end in cut)
    ]
    while cut and kept and not kept[0].strip():
        kept.pop(0)
    return "\n".join([*lines[:place], *new, *kept]).rstrip("\n") + "\n"


def _entry(one: RegisteredPrefix) -> list[str]:
    """One `[[prefixes]]` table; what stands at its default is left out, and the folder says the plane."""
    values = {name: value for name, value in msgspec.to_builtins(one).items() if name != "plane"}
    return [
        "[[prefixes]]",
        *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()),
    ]
