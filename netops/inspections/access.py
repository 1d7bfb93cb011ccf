"""Checks of Articles 10 and 11: is what was declared there, and is every address allocated. Pure."""

from __future__ import annotations

from collections.abc import Callable

from netops.core.language import N_
from netops.inspections.answer import (
    Check,
    Judgement,
    conform,
    listing,
    nonconform,
    not_applicable,
    partial,
    unchecked,
    unlooked,
    unseen,
)
from netops.inspections.facts import DeclarationFact, DeviceFact, Facts
from netops.inspections.network import NOT_PRESENT, numbers

MISUSE = ("unallocated_address", "address_conflict", "misplaced", "quarantined_seen", "rogue_dhcp")
TOO_MANY = ("over_declared", "hidden_nat")


@Check
def connected(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A10-1: it has a declaration in force, and something of it was seen on the network."""
    if facts.version == 0:
        return unchecked(N_("no register is in force"))
    if (blank := _no_declarations(facts)) is not None:
        return blank
    mine = _in_force(facts)
    if not mine:
        return nonconform(N_("it is not connected: no declaration of it is in force"))
    if (stale := unlooked(facts, [f"walk/{one.plane}" for one in mine], fresh_hours)) is not None:
        return stale
    planes = sorted({one.plane for one in mine})
    silent = [
        plane
        for plane in planes
        if not facts.terminals.get((plane, facts.code))
        and not any(
            one.seen_at for one in facts.devices if one.plane is plane and one.organization == facts.code
        )
    ]
    if silent:
        return unchecked(
            N_("its declaration is in force, but nothing of it was seen in: {planes}"), planes=listing(silent)
        )
    return conform(
        N_("connected and seen, under {declarations}"), declarations=listing(one.number for one in mine)
    )


@Check
def nature_declared(facts: Facts) -> Judgement:
    """A10-2: the nature of the network stands in a declaration in force, for each plane."""
    return _stated(
        facts,
        lambda one: bool(one.nature.strip()),
        N_("the nature of the network is declared in {declarations}"),
        N_("the nature of the network is not stated in {declarations}"),
    )


@Check
def scope_declared(facts: Facts) -> Judgement:
    """A10-3: the scope of use stands in a declaration in force, for each plane."""
    return _stated(
        facts,
        lambda one: bool(one.scope.strip()),
        N_("the scope of use is declared in {declarations}"),
        N_("the scope of use is not stated in {declarations}"),
    )


@Check
def equipment_as_declared(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A10-4: the declared devices are the ones that the walk shows, no more and no fewer."""
    if (first := _undeclared(facts)) is not None:
        return first
    mine = _in_force(facts)
    if (
        blank := _blank(mine, lambda one: bool(one.equipment), N_("no equipment is stated in {declarations}"))
    ) is not None:
        return blank
    seen = [one for one in facts.devices if one.organization == facts.code and one.asked and one.seen_at]
    extra = [one.name for one in seen if not any(_names(declaration, one) for declaration in mine)]
    if extra:
        judge = nonconform if len(extra) == len(seen) else partial
        return judge(N_("{devices} were seen but are not declared"), devices=listing(extra))
    if (dark := unseen(facts, {one.plane for one in mine}, fresh_hours)) is not None:
        return dark
    known = {(one.plane, key) for one in seen for key in (one.name, one.address)}
    missing = [
        name
        for one in mine
        for name, address in one.equipment
        if not {(one.plane, name), (one.plane, address)} & known
    ]
    if missing:
        return unchecked(N_("{devices} are declared, but no walk shows them"), devices=listing(missing))
    return conform(N_("the {count} declared devices are those that were seen"), count=len(seen))


@Check
def terminals_as_declared(facts: Facts, fresh_hours: int = 48, window_days: int = 7) -> Judgement:
    """A10-5: no more terminals were seen than were declared, in each plane."""
    if (first := _undeclared(facts)) is not None:
        return first
    if breaches := facts.standing(*TOO_MANY):
        return nonconform(
            N_("more terminals than declared: {findings}"), *breaches, findings=numbers(breaches)
        )
    mine = _in_force(facts)
    unstated = N_("the number of terminals is not stated in {declarations}")
    if (blank := _blank(mine, lambda one: one.terminals > 0, unstated)) is not None:
        return blank
    planes = sorted({one.plane for one in mine})
    if (dark := unseen(facts, planes, fresh_hours)) is not None:
        return dark
    if (stale := unlooked(facts, [f"reconcile/{plane}" for plane in planes], fresh_hours)) is not None:
        return stale
    declared = {plane: sum(one.terminals for one in mine if one.plane is plane) for plane in planes}
    seen = {plane: facts.terminals.get((plane, facts.code), 0) for plane in planes}
    if any(declared[plane] and not seen[plane] for plane in planes):
        return unchecked(N_("no terminal of it was seen within {days} days"), days=window_days)
    text = {
        "seen": "+".join(map(str, seen.values())),
        "declared": "+".join(map(str, declared.values())),
        "days": window_days,
    }
    if any(seen[plane] > declared[plane] for plane in planes):
        return partial(N_("{seen} terminals were seen within {days} days, {declared} are declared"), **text)
    return conform(N_("{seen} of {declared} declared terminals were seen within {days} days"), **text)


@Check
def pool_complete(facts: Facts) -> Judgement:
    """A11-1: every allocation lies inside a registered pool that somebody delegated, under a declaration."""
    if facts.allocations is None:
        return unchecked(_why(facts, "ledger"))
    if not facts.prefixes or not facts.allocations:
        return unchecked(N_("the ledger is empty"))
    outside = [one.span for one in facts.allocations if not one.pool]
    if outside:
        return nonconform(N_("allocated outside every registered prefix: {spans}"), spans=listing(outside))
    bare = [one.span for one in facts.allocations if not one.declaration or not one.organization]
    bare += [one.prefix for one in facts.prefixes if not one.granted_by]
    if bare:
        return partial(N_("without the paper that gives it: {spans}"), spans=listing(bare))
    return conform(
        N_("{allocations} allocations lie in {pools} delegated pools, each under a declaration"),
        allocations=len(facts.allocations),
        pools=len(facts.prefixes),
    )


@Check
def only_allocated(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A11-2: no address in use that was not allocated to it, none in conflict, none misplaced."""
    if breaches := facts.standing(*MISUSE):
        return nonconform(
            N_("addresses are used otherwise than allocated ({count}): {findings}"),
            *breaches,
            count=len(breaches),
            findings=numbers(breaches),
        )
    if facts.allocations is None:
        return unchecked(_why(facts, "ledger"))
    planes = facts.present()
    if not planes:
        return not_applicable(NOT_PRESENT)
    if (dark := unseen(facts, planes, fresh_hours)) is not None:
        return dark
    if (stale := unlooked(facts, [f"reconcile/{plane}" for plane in planes], fresh_hours)) is not None:
        return stale
    if excused := facts.accepted(*MISUSE):
        return partial(
            N_("accepted as an exception until {until}: {findings}"),
            *excused,
            until=min(one.accepted_until for one in excused),
            findings=numbers(excused),
        )
    count = sum(facts.terminals.get((plane, facts.code), 0) for plane in planes)
    if not count:
        return unchecked(N_("no address of it was seen in use"))
    return conform(N_("all {count} terminals that were seen use allocated addresses"), count=count)


def _stated(facts: Facts, is_stated: Callable[[DeclarationFact], bool], yes: str, no: str) -> Judgement:
    if (first := _undeclared(facts)) is not None:
        return first
    mine = _in_force(facts)
    return _blank(mine, is_stated, no) or conform(yes, declarations=listing(one.number for one in mine))


def _blank(
    mine: list[DeclarationFact], is_stated: Callable[[DeclarationFact], bool], reason: str
) -> Judgement | None:
    """Nonconform when no declaration states it, partial when only some do, None when all do."""
    blank = [one.number for one in mine if not is_stated(one)]
    if not blank:
        return None
    return (nonconform if len(blank) == len(mine) else partial)(reason, declarations=listing(blank))


def _undeclared(facts: Facts) -> Judgement | None:
    """What stands before any of the four statements: no register, no presence, or a plane without a declaration in force."""
    if facts.version == 0:
        return unchecked(N_("no register is in force"))
    if (blank := _no_declarations(facts)) is not None:
        return blank
    present = facts.present()
    if not present:
        return not_applicable(NOT_PRESENT)
    covered = {one.plane for one in _in_force(facts)}
    bare = [plane for plane in present if plane not in covered]
    if not bare:
        return None
    waiting = [
        f"{one.number} ({one.state})"
        for one in facts.declarations or ()
        if one.organization == facts.code and one.plane in bare
    ]
    if waiting:
        return nonconform(
            N_("its declaration is not in force: {declarations}"), declarations=listing(waiting)
        )
    return nonconform(N_("it is connected without a declaration in: {planes}"), planes=listing(bare))


def _no_declarations(facts: Facts) -> Judgement | None:
    return unchecked(_why(facts, "declarations")) if facts.declarations is None else None


def _why(facts: Facts, source: str) -> str:
    look = facts.looks.get(source)
    return look.why if look and look.why else N_("the records that this needs could not be read")


def _in_force(facts: Facts) -> list[DeclarationFact]:
    return [one for one in facts.declarations or () if one.organization == facts.code and one.in_force]


def _names(declaration: DeclarationFact, device: DeviceFact) -> bool:
    return declaration.plane is device.plane and any(
        device.name == name or (address and device.address == address)
        for name, address in declaration.equipment
    )
