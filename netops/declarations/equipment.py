"""Rules of equipment: what is declared beside the devices that were walked (Article 10, third statement). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.declarations.census import Census, Matched, SeenDevice, paper
from netops.declarations.declaration import Declaration, DeclarationState

DUTY = Basis(10, duty="A10-4")
CODE = re.compile(r"[A-Za-z]+[A-Za-z0-9/-]*\d[A-Za-z0-9/-]*|\d+[A-Za-z][A-Za-z0-9/-]*")
"""A model as manufacturers write it, in a text: letters and digits."""
NUMBER = re.compile(r"[a-z]*\d{3,}[a-z0-9]*")
"""The number of a series within it."""
SHORTEST = 3


@rule(
    "DC-103",
    "undeclared_equipment",
    Severity.LOW,
    DUTY,
    title=N_("{device} of {organization} is not in its declaration"),
    because=N_(
        "{device} ({address}, {model}) was walked; {numbers} list {count} devices, and it is none of them"
    ),
)
def undeclared_equipment(census: Census) -> Iterator[Conclusion]:
    """
    A network device is there that its department did not declare.

    What: a device that answers for the department was walked, and none of its standing declarations lists it, by name or
        by any of its addresses. A department whose declarations list no device at all is told by the review instead.
    Why: who connects states its network equipment (Article 10, third statement).
    Mend: netops declare change NUMBER --from-finding F adds it; or take the device off.
    """
    for code, several in census.by_organization.items():
        pieces = census.matched.get(code, [])
        if not pieces:
            continue
        known = {one.device.name for one in pieces if one.device is not None}
        for device in census.devices:
            if device.organization == code and device.name not in known:
                facts = {"device": device.name, "organization": code, "address": _first(device), "model": device.model or "-",
                         "numbers": "、".join(one.number for one in several), "count": str(len(pieces))}  # fmt: skip
                listed = [msgspec.to_builtins(one.equipment) for one in pieces]
                yield Conclusion(
                    "DC-103", census.plane, {"device": device.name, "organization": code}, code, facts,
                    (paper(several, {"listed": listed}), walked(device, census)), census.at,
                )  # fmt: skip


@rule(
    "DC-104",
    "missing_equipment",
    Severity.LOW,
    DUTY,
    title=N_("{device}, declared by {organization}, is not there"),
    because=N_(
        "{number} lists {device} with the management address {address}; no device answers there, and nobody uses it"
    ),
)
def missing_equipment(census: Census) -> Iterator[Conclusion]:
    """
    A declared network device is not found.

    What: a connected declaration lists it with a management address; no walked device has that name or address, and the
        sources that would tell of the address say that nobody has it. A device that only does not answer is not missing:
        it is unseen. One that is declared without an address cannot be looked for.
    Why: the statement of equipment is what authority and inspectors rely on (Article 10, third statement).
    Mend: netops declare change NUMBER --from-finding F takes it out; or put the device into operation.
    """
    for one in census.pieces():
        piece = one.equipment
        if one.device is not None or one.declaration.state is not DeclarationState.CONNECTED:
            continue
        if piece.address in census.vacant and not {piece.address, piece.name} & census.unanswering:
            yield _about("DC-104", census, one, {"address": piece.address}, {"ip": piece.address})


@rule(
    "DC-105",
    "moved_equipment",
    Severity.LOW,
    DUTY,
    title=N_("{device} of {organization} has another management address than declared"),
    because=N_(
        "{number} lists {device} at {declared}; it was walked at {address}, and {declared} is none of its addresses"
    ),
)
def moved_equipment(census: Census) -> Iterator[Conclusion]:
    """
    A declared network device stands at another address.

    What: a device of the declared name was walked, and the declared management address is none of its own.
    Why: a change of the equipment is declared (Article 10, third statement).
    Mend: netops declare change NUMBER --from-finding F writes the address that was seen.
    """
    for one in census.pieces():
        if (
            one.device is not None
            and one.by_name
            and one.equipment.address
            and one.equipment.address not in one.device.addresses
        ):
            facts = {"declared": one.equipment.address, "address": _first(one.device)}
            yield _about("DC-105", census, one, facts, {})


@rule(
    "DC-106",
    "other_model",
    Severity.LOW,
    DUTY,
    title=N_("{device} of {organization} is another model than declared"),
    because=N_("{number} lists {device} as {declared}; it calls itself {model}"),
)
def other_model(census: Census) -> Iterator[Conclusion]:
    """
    A declared network device is another model.

    What: what the device's chassis calls itself (entPhysicalModelName) and the declared model have no model number in
        common. A device that does not name its model, or a declaration that gives none, is not compared.
    Why: a change of the equipment is declared (Article 10, third statement).
    Mend: netops declare change NUMBER --from-finding F writes the model that was seen.
    """
    for one in census.pieces():
        if one.device is not None and is_other(one.equipment.model, one.device.model):
            yield _about(
                "DC-106", census, one, {"declared": one.equipment.model, "model": one.device.model}, {}
            )


@rule(
    "DC-110",
    "foreign_equipment_address",
    Severity.MEDIUM,
    Basis(10, duty="A10-4"),
    Basis(11),
    title=N_("{organization} declares {address} for {device}, which is {holder}'s"),
    because=N_("{number} lists {device} at {address}; that address belongs to {holder} ({ground})"),
)
def foreign_equipment_address(census: Census) -> Iterator[Conclusion]:
    """
    The declared management address of a device is somebody else's.

    What: it lies in a segment of another department, or an allocation in force gives it to another one.
    Why: addresses are allocated in one hand (Article 11), and the statement of equipment must be right (Article 10).
    Mend: netops declare change NUMBER --from-finding F writes the address that was seen, or none; or have it allocated.
    """
    for one in census.pieces():
        owner = census.owners.get(one.equipment.address)
        if owner is not None and owner.organization != one.declaration.organization:
            facts = {
                "address": one.equipment.address,
                "holder": owner.organization,
                "ground": owner.allocation or owner.prefix,
            }
            yield _about("DC-110", census, one, facts, {"ip": one.equipment.address})


@rule(
    "DC-114",
    "equipment_elsewhere",
    Severity.LOW,
    DUTY,
    title=N_("{device}, declared by {organization}, answers for {holder}"),
    because=N_("{number} lists {device}; the register says that {holder} answers for it"),
)
def equipment_elsewhere(census: Census) -> Iterator[Conclusion]:
    """
    A declared network device belongs to another department.

    What: the register, or the segment it stands in, says that another department answers for the device of this name;
        what the platform runs for a department is its device all the same.
    Why: each department states its own equipment (Article 10, third statement).
    Mend: netops declare change NUMBER --from-finding F takes it out; or mend the register.
    """
    for one in census.pieces():
        device = one.device
        others = census.platform | {"", one.declaration.organization}
        if device is not None and one.by_name and device.organization not in others:
            yield _about("DC-114", census, one, {"holder": device.organization}, {})


def is_other(declared: str, seen: str) -> bool:
    """Whether two texts name different models; False where one of them names none."""
    own, other = _codes(declared), _codes(seen)
    if not own or not other:
        return False
    return not any(one in two or two in one for one in own for two in other)


def _codes(text: str) -> set[str]:
    whole = {re.sub(r"[^a-z0-9]", "", found.casefold()) for found in CODE.findall(text)}
    return {one for one in whole if len(one) >= SHORTEST} | set(NUMBER.findall(text.casefold()))


def walked(device: SeenDevice, census: Census) -> Evidence:
    """What a walk says of a device."""
    body: dict[str, object] = {
        "device": msgspec.to_builtins(device.declared),
        "addresses": list(device.addresses),
    }
    return Evidence(
        "snmp", device.name, "system, ipAddressTable, entPhysicalTable", body, device.at or census.at
    )


def _first(device: SeenDevice) -> str:
    return device.addresses[0] if device.addresses else "-"


def _about(
    code: str, census: Census, one: Matched, facts: dict[str, str], subject: dict[str, Any]
) -> Conclusion:
    """A conclusion about one declared piece of equipment."""
    declaration: Declaration = one.declaration
    stated = paper([declaration], {"equipment": msgspec.to_builtins(one.equipment)})
    seen = walked(one.device, census) if one.device is not None else Evidence(
        "arp", f"sources of the {census.plane}", one.equipment.address, {"device": {}}, census.at
    )  # fmt: skip
    name = one.equipment.name or one.equipment.address
    whose = declaration.organization
    told = {"device": name, "organization": whose, "number": declaration.number, **facts}
    about = {"device": one.device.name if one.device else name, "organization": whose, **subject}
    return Conclusion(
        code, census.plane, about, whose, told, (stated, seen), census.at, identity=f"{whose}/{name}/{one.equipment.address}"
    )  # fmt: skip


RULES: dict[str, Rule] = {
    one.code: one
    for one in (
        undeclared_equipment,
        missing_equipment,
        moved_equipment,
        other_model,
        foreign_equipment_address,
        equipment_elsewhere,
    )
}
