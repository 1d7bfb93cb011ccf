"""Dividing pools over the API: the plan first, with its ETag; then exactly that plan, or 412."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from netops.addresses.division import Effect, Grant, Renumbering
from netops.core.journal import Entry
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.rounds import division
from netops.web.api.addresses import Dry
from netops.web.api.operation import Call, Changed, Operation, Unconditional, etag

Prefix = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200)]
Date = Annotated[str, Meta(max_length=10)]


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prefix in equal parts of *prefixlen* bits."""

    prefix: Prefix
    prefixlen: Annotated[int, Meta(ge=1, le=128)]


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Neighbours of one role and organization as one prefix."""

    prefixes: Annotated[tuple[Prefix, ...], Meta(min_length=2, max_length=256)]


class Resize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prefix larger or smaller: *to* is the new prefix, or its length as /23; *granted_by*: the document of a larger one."""

    prefix: Prefix
    to: Prefix
    granted_by: Text = ""


class Delegate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prefix into the hands of another organization, by a document and for a term; dates are ISO or ""."""

    prefix: Prefix
    organization: Annotated[str, Meta(min_length=1, max_length=64)]
    granted_by: Annotated[str, Meta(min_length=1, max_length=200)]
    grantor: Text = ""
    granted_on: Date = ""
    granted_from: Date = ""
    granted_until: Date = ""


class Divided(msgspec.Struct, frozen=True):
    """
    What was put in force.

    Args:
        version: of the register.
        effects, renumbered: as the plan had them; empty where it had been done before under the same key.
    """

    plane: Plane
    version: int
    effects: tuple[Effect, ...] = ()
    renumbered: tuple[Renumbering, ...] = ()


def _planned(call: Call) -> division.Plan:
    asked, plane = call.body, Plane(call.path["plane"])
    if isinstance(asked, Split):
        return division.split(call.desk, plane, asked.prefix, asked.prefixlen)
    if isinstance(asked, Merge):
        return division.merge(call.desk, plane, asked.prefixes)
    if isinstance(asked, Resize):
        return division.resize(call.desk, plane, asked.prefix, asked.to, asked.granted_by)
    given = msgspec.structs.asdict(asked)
    return division.delegate(call.desk, plane, given.pop("prefix"), Grant(**given))


def divide(call: Call) -> Any:
    """
    Only the plan, or exactly the plan whose ETag is sent as If-Match.

    Raises:
        Unconditional: no plan is named; "any" is none.
        Changed: the plan would be another one by now.
    """
    call.who.require(Deed.OPERATE, Plane(call.path["plane"]))
    if call.query.dry_run:
        return _planned(call)
    what = N_("the prefixes were not changed")
    if call.if_match in ("", "*"):
        raise Unconditional(what, N_("the request does not say which plan it means"),
                            N_("ask with ?dry_run=true, and send the ETag of the plan as If-Match"))  # fmt: skip
    plan = _planned(call)
    if call.if_match != etag(plan):
        raise Changed(what, N_("the plan is stale: something changed since it was made"), N_("ask for the plan again"))
    return Divided(plan.plane, division.run(call.desk, plan), plan.effects, plan.division.renumbered)


def _again(call: Call, entry: Entry) -> Divided:
    return Divided(Plane(call.path["plane"]), int(entry.after["version"]))


def _operation(verb: str, name: str, summary: str, body: type[msgspec.Struct]) -> Operation:
    return Operation("POST", f"/pools/{{plane}}/{verb}", name, Deed.OPERATE, summary, divide, Divided, "", Dry, body, 201,
                     wants_match=True, takes_key=True, plan=division.Plan, again=_again)  # fmt: skip


OPERATIONS = (
    _operation("split", "splitPool", N_("Divide a prefix into equal parts"), Split),
    _operation("merge", "mergePools", N_("Make one prefix of neighbours"), Merge),
    _operation("resize", "resizePool", N_("Make a prefix larger or smaller"), Resize),
    _operation("delegate", "delegatePool", N_("Put a prefix into another organization's hands"), Delegate),
)
