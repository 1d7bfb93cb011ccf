"""Declarations from files into the filings: read, held against what is there, shown, then done whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec

from netops.addresses import holdings
from netops.addresses.allocation import HELD
from netops.core.clock import CITY_ZONE
from netops.core.errors import Refused
from netops.core.journal import Act, act
from netops.core.language import N_
from netops.core.names import Names
from netops.core.plane import Plane
from netops.declarations import filings, form, reading
from netops.declarations.authority import authority_of
from netops.declarations.declaration import Declaration, DeclarationState, Statements
from netops.declarations.difference import Change, changes, joined
from netops.declarations.fields import tidied
from netops.declarations.form import Form
from netops.declarations.review import Expected, Note, review
from netops.declarations.values import Fault
from netops.desk import Desk
from netops.documents import spreadsheet
from netops.rounds import entry_inspection
from netops.rounds.declaration_words import change_words

OURS = "DECL-"
"""How numbers begin that netops gives."""


class Planned(msgspec.Struct, frozen=True):
    """
    What becomes of one form.

    Args:
        verb: "new", "change", or "same" when it says what is there already.
        form: as it will be filed, its authority filled in.
        before: what is there now, or None.
        changes: what it changes.
        theirs: what somebody changed since the version that the form was made from.
        notes: what the review will remark.
    """

    verb: str
    form: Form
    number: str
    before: Declaration | None
    changes: tuple[Change, ...]
    theirs: tuple[Change, ...]
    notes: tuple[Note, ...]


class Plan(msgspec.Struct, frozen=True):
    """What taking in files would do: nothing while there is a fault."""

    items: tuple[Planned, ...]
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...]

    def count(self, verb: str) -> int:
        """How many forms have this verb."""
        return sum(one.verb == verb for one in self.items)


class Wishes(msgspec.Struct, frozen=True):
    """
    How files are taken in.

    Args:
        plane: of forms that do not say for which network they are.
        additional: an organization that has a declaration for the network hands in another one.
        onto: the version that the person has seen, in the place of what the form was made from.
        merge: fields that the person did not touch stay as somebody else changed them meanwhile.
        draft: kept, to be handed in later.
    """

    plane: str = ""
    additional: bool = False
    onto: int = 0
    merge: bool = False
    draft: bool = False
    why: str = ""


# ---- reading
def read(desk: Desk, paths: Iterable[Path], plane: str = "") -> reading.Reading:
    """
    Every declaration in files: TOML forms, workbooks, tables.

    Raises:
        NetopsError: a file cannot be read at all, or a TOML form has faults.
    """
    forms: list[Form] = []
    sheets = []
    for path in paths:
        if path.suffix.lower() == ".toml":
            forms.append(form.read(path))
        else:
            sheets += spreadsheet.read(path.read_bytes(), path.name)
    read_ones = reading.read(sheets, names(desk), plane) if sheets else reading.Reading((), ())
    return msgspec.structs.replace(
        read_ones, forms=(*forms, *read_ones.forms), count=len(forms) + read_ones.count
    )


def handed_in(desk: Desk, name: str, content: bytes, plane: str = "") -> reading.Reading:
    """
    Every declaration in a workbook or table that somebody sent.

    Raises:
        NetopsError: it cannot be read at all.
    """
    return reading.read(spreadsheet.read(content, name), names(desk), plane)


def names(desk: Desk) -> Names:
    """What organizations are called, short names too."""
    return Names(desk.register.organizations, desk.config.city.title_zh)


# ---- what a review holds it against
def authority(desk: Desk, organization: str, plane: Plane) -> str:
    """Code of who an organization declares a plane to; "" when it cannot be said."""
    settings = desk.config.planes.get(plane)
    city = (settings.authority if settings else "") or desk.config.city.authority
    return authority_of(
        organization, plane, desk.register.organization, city, desk.config.declarations.authorities
    )


def reviewed(desk: Desk, stated: Statements, verb: str = "approve", number: str = "") -> list[Note]:
    """
    What a review remarks on *stated* before *verb* ("approve" or "connect"), under the configuration's demands.

    Args:
        number: of the declaration, whose addresses and entry inspection count before it is connected.
    """
    asked = desk.config.declarations.to_connect if verb == "connect" else desk.config.declarations.to_approve
    allocated = inspected = None
    if verb == "connect" and number:
        allocated = sum(one.state in HELD for one in holdings.allocations(desk.store, declaration=number))
        inspected = entry_inspection.of(desk, stated.plane, number)
    today = (desk.at or desk.clock()).astimezone(CITY_ZONE).date()
    to = authority(desk, stated.organization, stated.plane)
    has = any(one.authority for one in desk.config.planes.values()) or bool(desk.config.city.authority)
    expected = Expected(
        desk.register.organization,
        today,
        asked,
        lambda plane, ip: _is_ours(desk, plane, ip),
        to if has else None,
        allocated,
        number,
        inspected,
    )
    return review(stated, expected)


def _is_ours(desk: Desk, plane: Plane, address: str) -> bool:
    nets = desk.config.planes[plane].nets if plane in desk.config.planes else ()
    there = ip_address(address)
    return not nets or any(there in ip_network(net) for net in nets)


# ---- planning
def plan(desk: Desk, files: reading.Reading, wishes: Wishes) -> Plan:
    """What taking these in would do now; nothing is written."""
    with desk.store.read() as connection:
        known = filings.every(connection)
    return _planned(desk, files, wishes, known)


def _planned(desk: Desk, files: reading.Reading, wishes: Wishes, known: Sequence[Declaration]) -> Plan:
    faults = list(files.faults)
    standing = _Standing(known)
    met: dict[tuple[str, ...], Form] = {}
    items = []
    for one in files.forms:
        said = _completed(desk, one)
        stated = said.stated
        fault = standing.fault(said, wishes) or _served(desk, said)
        key = (said.number,) if said.number else (stated.organization, str(stated.plane))
        if fault is None and key in met and not (wishes.additional and not said.number):
            fault = _fault(
                said, "organization", N_("the same organization and network stand at {place} already"),
                N_("leave one of them out"), place=str(met[key].place("organization")),
            )  # fmt: skip
        if fault is not None:
            faults.append(fault)
            continue
        met.setdefault(key, said)
        items.append(_one(desk, said, standing.before(said, wishes), wishes))
    return Plan(tuple(items), tuple(faults), files.ignored)


def _completed(desk: Desk, one: Form) -> Form:
    """The form with its authority, as tidy as the filings keep it; a number in the spelling of ours."""
    stated = tidied(one.stated)
    if not stated.authority:
        stated = msgspec.structs.replace(stated, authority=authority(desk, stated.organization, stated.plane))
    number = one.number.strip()
    number = number.upper() if number.upper().startswith(OURS) else number
    return msgspec.structs.replace(one, stated=stated, number=number)


def _served(desk: Desk, one: Form) -> Fault | None:
    if one.stated.plane in desk.planes:
        return None
    return _fault(
        one, "plane", N_("this instance does not serve the {plane}"), N_("hand it in where that network is served"),
        plane=str(one.stated.plane),
    )  # fmt: skip


class _Standing:
    """Declarations that are there: by number, and by organization and plane."""

    def __init__(self, known: Sequence[Declaration]) -> None:
        self.by_number: dict[str, Declaration] = {}
        self.last: dict[str, Declaration] = {}
        self.by_organization: dict[tuple[str, Plane], list[Declaration]] = {}
        for one in known:
            self.last[one.number] = one
            if one.state is not DeclarationState.WITHDRAWN:
                self.by_number[one.number] = one
        for one in self.by_number.values():
            self.by_organization.setdefault((one.organization, one.plane), []).append(one)

    def before(self, said: Form, wishes: Wishes) -> Declaration | None:
        """What the form changes, or says again."""
        if said.number:
            return self.by_number.get(said.number)
        several = [] if wishes.additional else self._several(said)
        return next((one for one in several if _same(one, said.stated)), None)

    def _several(self, said: Form) -> list[Declaration]:
        return self.by_organization.get((said.stated.organization, said.stated.plane), [])

    def fault(self, said: Form, wishes: Wishes) -> Fault | None:
        """Why the form cannot be taken in, or None."""
        if not said.number:
            several = self._several(said)
            if not several or wishes.additional or any(_same(one, said.stated) for one in several):
                return None
            return _fault(
                said, "number", N_("it has {number} for this network already"),
                N_("write that number to change it; --additional hands in another one"), number=several[0].number,
            )  # fmt: skip

        def wrong(what: str, mend: str) -> Fault:
            return _fault(said, "number", what, mend, number=said.number)

        found = self.last.get(said.number)
        if found is None:
            if not said.number.startswith(OURS):
                return None
            return wrong(N_("there is no declaration {number}"), N_("leave the number empty for a first one"))
        if (found.organization, found.plane) != (said.stated.organization, said.stated.plane):
            what, mend = (
                N_("{number} is another organization's or plane's"),
                N_("mend the number or the organization"),
            )
            return wrong(what, mend)
        if said.number not in self.by_number:
            return wrong(N_("{number} was withdrawn"), N_("leave the number empty for a first one"))
        waits = self.by_number[said.number]
        if waits.state is DeclarationState.SUBMITTED and not _same(waits, said.stated):
            return wrong(N_("{number} waits for its review"), N_("return it first (netops declare return)"))
        return None


def _fault(one: Form, field: str, what: str, mend: str, **facts: str) -> Fault:
    value = {"number": one.number, "plane": str(one.stated.plane)}.get(field, one.stated.organization)
    return Fault(one.place(field), field, value, what, mend, facts)


def _comparable(one: Statements, authority: str) -> Statements:
    """As forms say it: tidy, and with the authority that goes without saying."""
    stated = tidied(one)
    return stated if stated.authority else msgspec.structs.replace(stated, authority=authority)


def _same(one: Declaration, stated: Statements) -> bool:
    return _comparable(one.statements, stated.authority) == stated


def _one(desk: Desk, said: Form, before: Declaration | None, wishes: Wishes) -> Planned:
    theirs: tuple[Change, ...] = ()
    seen = wishes.onto or said.version
    if before is not None and seen and seen != before.version:
        base = next((one for one in filings.versions(desk.store, before.number) if one.version == seen), None)
        if base is not None:
            was, now = (_comparable(one.statements, said.stated.authority) for one in (base, before))
            theirs = tuple(changes(was, now))
            if wishes.merge:
                together, both = joined(was, now, said.stated)
                if not both:
                    said, theirs = msgspec.structs.replace(said, stated=together), ()
    stated = said.stated
    was_there = None if before is None else _comparable(before.statements, stated.authority)
    differing = tuple(changes(was_there, stated))
    verb = "new" if before is None else "change" if differing else "same"
    return Planned(
        verb,
        said,
        said.number or (before.number if before else ""),
        before,
        differing,
        theirs,
        tuple(reviewed(desk, stated)),
    )


# ---- doing
def run(desk: Desk, made: Plan, files: reading.Reading, wishes: Wishes) -> list[Declaration]:
    """
    File exactly what the plan shows, in one transaction; forms that say what is there already are left.

    Raises:
        Refused: there is a fault, somebody changed one of the declarations since the form was made, or since the plan.
    """
    if made.faults:
        raise Refused(
            "nothing was filed", "{count} faults stand in the files", "mend them: netops declare check names each",
            count=len(made.faults),
        )  # fmt: skip
    for one in made.items:
        if one.theirs and one.before is not None:
            raise Refused(
                "nothing was filed",
                "{number} was changed since: this was made from version {seen}, and version {version} is there now: {changes}",
                "--merge keeps what somebody else changed and you did not; --onto {version} puts yours in its place",
                number=one.number, seen=wishes.onto or one.form.version, version=one.before.version,
                changes="; ".join(map(change_words, one.theirs)),
            )  # fmt: skip
    with act(desk.store, desk.actor, desk.clock) as one_act:
        again = _planned(desk, files, wishes, filings.every(one_act.connection))
        if [mark(one) for one in again.items] != [mark(one) for one in made.items] or again.faults:
            raise Refused(
                "nothing was filed", "a declaration changed since the plan was made", "look at it again"
            )
        filed = [_filed(one_act, one, wishes) for one in made.items if one.verb != "same"]
        if not filed:
            one_act.record("declare import", "declarations", why=wishes.why, after={"same": len(made.items)})
        return filed


def _filed(one_act: Act, one: Planned, wishes: Wishes) -> Declaration:
    seen = None if one.before is None else one.before.version
    return filings.submit(
        one_act, one.form.stated, one.number, seen=seen, draft=wishes.draft, keep_number=one.before is None, why=wishes.why
    )  # fmt: skip


def mark(one: Planned) -> tuple[object, ...]:
    """What a plan of one form stands on: equal as long as nothing changed."""
    before = one.before
    return (
        one.verb,
        one.number,
        (before.version, before.state, before.since) if before else None,
        one.form.stated,
    )
