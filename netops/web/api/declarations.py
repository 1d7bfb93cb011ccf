"""Declarations over the API: the same rounds as `netops declare`; a department sees and hands in what is its own."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from netops.core.errors import Faults, Missing
from netops.core.language import N_, _
from netops.core.permission import Deed
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState, Statements
from netops.declarations.form import Form, wrong
from netops.declarations.reading import Reading
from netops.rounds import declaration_steps as steps
from netops.rounds import declaring
from netops.rounds.declaration_words import field_words
from netops.rounds.declaring import Wishes
from netops.web.api.operation import Call, Nothing, OfPlane, Operation, Page


class Declarations(OfPlane, frozen=True):
    """Which declarations."""

    organization: str = ""
    state: DeclarationState | None = None


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A declaration as it is handed in.

    Args:
        number: of the one that it changes; "" for a first one.
        version: that it was made from: what somebody else changed since is told field by field (409).
        merge: what somebody else changed meanwhile and this does not stays.
        additional: another one of an organization that has one for the network.
        draft: only kept.
    """

    statements: Statements
    number: Annotated[str, Meta(max_length=64)] = ""
    version: Annotated[int, Meta(ge=0)] = 0
    merge: bool = False
    additional: bool = False
    draft: bool = False
    why: Annotated[str, Meta(max_length=2000)] = ""


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the journal; a return, a suspension and an end need it."""

    why: Annotated[str, Meta(max_length=2000)] = ""


NEED_WHY = ("return", "suspend", "withdraw")


def listed(call: Call) -> Page[Declaration]:
    """Declarations that who asks may see, by number and version."""
    asked = call.query
    found = filings.listed(
        call.desk.store, plane=asked.plane, organization=call.who.organization or asked.organization,
        state=() if asked.state is None else (asked.state,),
    )  # fmt: skip
    mine = [
        one
        for one in found
        if call.sees(one.plane, one.organization) and asked.organization in ("", one.organization)
    ]
    return call.page(mine, lambda one: (one.number, one.version))


def one(call: Call) -> Declaration:
    """One declaration: its newest version."""
    return _seen(call, call.path["number"][:64])


def _seen(call: Call, number: str) -> Declaration:
    absent = Missing("there is no declaration {number}", "", "netops declare list", number=number)
    try:
        found = filings.one(call.desk.store, number)
    except Missing:
        raise absent from None
    if not call.sees(found.plane, found.organization):
        raise absent
    return found


def hand_in(call: Call) -> Declaration:
    """A first declaration, or a change of one; what stands goes on standing until this one is approved."""
    asked: Stated = call.body
    stated = asked.statements
    call.who.require(Deed.DECLARE, stated.plane, stated.organization)
    if faults := [f"{field_words(key)}: {what}" for key, what in wrong(stated, asked.version)]:
        raise Faults(N_("nothing was filed"), faults, "")
    if asked.number and (before := _known(call, asked.number)) is not None:
        call.match(before)
    wishes = Wishes("", asked.additional, 0, asked.merge, asked.draft, asked.why)
    forms = Reading((Form(asked.number, stated, asked.version),), ())
    made = declaring.plan(call.desk, forms, wishes)
    if made.faults:
        told = [f"{field_words(fault.field)} {fault.value}: {_(fault.what).format(**fault.facts)}" for fault in made.faults]
        raise Faults(N_("nothing was filed"), told, _(made.faults[0].mend).format(**made.faults[0].facts))
    filed = declaring.run(call.desk, made, forms, wishes)
    [planned] = made.items
    return filed[0] if filed else _seen(call, planned.number)


def _known(call: Call, number: str) -> Declaration | None:
    """The declaration that is to be changed, if who asks may see it; None for a number on older paper."""
    if not number.upper().startswith(declaring.OURS):
        listed_ones = filings.listed(call.desk.store, every_version=True)
        if not any(each.number == number for each in listed_ones):
            return None
    return _seen(call, number)


def step(verb: str, call: Call) -> Declaration:
    """The authority's step, only from what was seen."""
    before, why = _seen(call, call.path["number"][:64]), call.body.why
    call.who.require(Deed.REVIEW, before.plane, before.organization)
    call.match(before)
    if verb in NEED_WHY and not why.strip():
        raise Faults(N_("it was not done"), [_("the reason is missing")], "")
    return steps.take(call.desk, steps.planned(call.desk, before.number, verb), why)


SUMMARIES = {
    "approve": N_("Take a declaration on file"), "return": N_("Give a declaration back to be mended"),
    "connect": N_("The department is connected"), "suspend": N_("Suspend a declaration"),
    "withdraw": N_("End a declaration"),
}  # fmt: skip
OPERATIONS = (
    Operation("GET", "/declarations", "listDeclarations", Deed.READ, N_("Declarations as they stand"), listed,
              Declaration, "declaration", Declarations),
    Operation("POST", "/declarations", "handIn", Deed.DECLARE, N_("Hand in a declaration, or a change of one"), hand_in,
              Declaration, "", Nothing, Stated, 201),
    Operation("GET", "/declarations/{number}", "getDeclaration", Deed.READ, N_("One declaration"), one, Declaration),
    *(Operation("POST", f"/declarations/{{number}}/{verb}", f"{verb}Declaration", Deed.REVIEW, summary, partial(step, verb),
                Declaration, "", Nothing, Because) for verb, summary in SUMMARIES.items()),
)  # fmt: skip
