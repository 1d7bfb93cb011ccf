"""Dividing the planned space: the register's prefixes are rewritten in their file and put in force in one step."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from netops import register as registers
from netops.addresses import division, ledger, reshape
from netops.addresses.allocation import Allocation, AllocationState, Request
from netops.addresses.delegation import chains
from netops.addresses.division import Division, Effect, Grant
from netops.addresses.holdings import holding
from netops.addresses.prefix import RegisteredPrefix
from netops.addresses.ranges import with_ranges
from netops.addresses.span import parsed
from netops.core import files
from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.toml import Source, settled
from netops.desk import Desk
from netops.rounds import inventory
from netops.rounds.permit import authorities

WHAT = "the prefixes were not changed"
Make = Callable[[Sequence[RegisteredPrefix], list[Allocation]], Division]


class Plan(msgspec.Struct, frozen=True):
    """What a division would change in the file that hashes to *sha256*, and what lies in each prefix."""

    plane: Plane
    division: Division
    effects: tuple[Effect, ...]
    sha256: str


def add(desk: Desk, new: RegisteredPrefix) -> Plan:
    """One more prefix; see `division.add` for what is refused."""
    return _plan(desk, new.plane, lambda prefixes, _: division.add(prefixes, new))


def split(desk: Desk, plane: Plane, prefix: str, prefixlen: int) -> Plan:
    """One prefix in equal parts; see `division.split`."""
    return _plan(desk, plane, lambda prefixes, held: division.split(prefixes, prefix, prefixlen, held))


def merge(desk: Desk, plane: Plane, several: Sequence[str]) -> Plan:
    """Neighbours as one prefix; see `division.merge`."""
    return _plan(desk, plane, lambda prefixes, _: division.merge(prefixes, several))


def delegate(desk: Desk, plane: Plane, prefix: str, grant: Grant) -> Plan:
    """One prefix in another organization's hand, or its grant renewed; see `division.delegate`."""
    return _plan(desk, plane, lambda prefixes, held: division.delegate(prefixes, plane, prefix, grant, held))


def resize(desk: Desk, plane: Plane, prefix: str, to: str, granted_by: str = "") -> Plan:
    """One prefix larger or smaller; see `reshape.resize`."""
    return _plan(desk, plane, lambda prefixes, held: reshape.resize(prefixes, prefix, to, held, granted_by))


def move(desk: Desk, plane: Plane, prefix: str, changes: dict[str, Any], to: str = "") -> Plan:
    """One prefix bound to somebody or something else, or renumbered; see `reshape.move`."""
    return _plan(desk, plane, lambda prefixes, held: reshape.move(prefixes, prefix, changes, held, to))


def remove(desk: Desk, plane: Plane, prefix: str, *, keep_inside: bool = False) -> Plan:
    """One prefix taken out; see `reshape.remove`."""
    return _plan(
        desk, plane, lambda prefixes, held: reshape.remove(prefixes, prefix, held, keep_inside=keep_inside)
    )


def _plan(desk: Desk, plane: Plane, make: Make) -> Plan:
    """
    What *make* does to the prefixes in force.

    Raises:
        Refused: this process does not serve the plane, the files hold changes that are not in force, or the tree
            or the chain of grants would not be right afterwards.
    """
    if plane not in desk.planes:
        raise Refused(WHAT, "this netops does not serve the {plane}", "netops config show", plane=plane)
    if inventory.plan(desk).changes:
        raise Refused(
            WHAT, "the files hold other changes that are not in force",
            "netops inventory plan shows them; netops inventory apply puts them in force",
        )  # fmt: skip
    register = desk.register
    prefixes, held = register.of(plane).prefixes, ledger.allocations(desk.store, plane)
    made = make(prefixes, held)
    division.apart(prefixes, made)
    changed = msgspec.structs.replace(register, prefixes=division.after(register.prefixes, made))
    faults = list(registers.check(changed, {}))
    settled(WHAT, faults, "change the request so that none of these is there")
    then = chains(division.after(prefixes, made), register.organization)
    against = division.objections(
        made, register.chains[plane], then, register.organization, authorities(desk, register, plane)
    )
    for why, facts in against:
        raise Refused(WHAT, why, "netops pool show {prefix} shows who granted what", **facts)
    return Plan(
        plane,
        made,
        tuple(division.effects(made, prefixes, held)),
        digest(_path(desk, plane).read_text("utf-8")),
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
    with desk.store.lock("division"):  # two at once would take each other's file back
        return _done(desk, made)


def _done(desk: Desk, made: Plan) -> int:
    path = _path(desk, made.plane)
    before = path.read_text("utf-8")
    prefixes = desk.register.of(made.plane).prefixes
    if digest(before) != made.sha256:
        raise _stale()

    def also(act: Act) -> None:
        held = sorted(
            holding(act.connection, made.plane).values(), key=lambda one: (one.span.first, one.since)
        )
        if tuple(division.effects(made.division, prefixes, held)) != made.effects:
            raise _stale()
        _renumber(act, made, held)

    files.put(edited(path, made.division).encode(), path)
    try:
        plan = inventory.plan(desk)
        ours = {f"{made.plane}/{one.prefix}" for one in (*made.division.removed, *made.division.added)}
        if {change.identity for change in plan.changes if change.kind == "prefixes"} - ours or any(
            change.kind != "prefixes" for change in plan.changes
        ):
            why = N_("the files hold other changes by now")
            raise Refused(WHAT, why, "netops inventory plan shows them")
        return inventory.apply(desk, plan, also)
    except BaseException:
        files.put(before.encode(), path)
        raise


def _stale() -> Refused:
    return Refused(WHAT, "the plan is stale: something changed since it was made", "ask for the plan again")


def _renumber(act: Act, made: Plan, held: Sequence[Allocation]) -> None:
    """Each allocation that moves is given back with its cause, and given again at its place in the new prefix."""
    by_id = {one.id: one for one in held}
    nodes = [parsed(one.prefix) for one in with_ranges(made.division.added)]
    for moved in made.division.renumbered:
        one, there = by_id[moved.allocation], parsed(moved.after)
        ledger.release(act, one.id, f"renumbered to {moved.after}")
        pool = min((node for node in nodes if node.holds(there)), key=lambda node: node.size)
        ledger.allocate(act, Request(
            made.plane, str(pool), one.organization, one.declaration, address=moved.after, purpose=one.purpose,
            reserve_until=one.free_after if one.state is AllocationState.RESERVED else None,
            mac=one.mac, device=one.device, note=one.note, tags=one.tags,
        ), over_quota=one.over_quota)  # fmt: skip


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
                (n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[[")), len(lines)
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
