"""A change of a declaration in one step: by a form, by fields, or by what a finding saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING, State
from netops.core.journal import act
from netops.declarations import filings
from netops.declarations.answering import ANSWERS
from netops.declarations.answering import answered as answer
from netops.declarations.declaration import Declaration, Statements
from netops.declarations.fields import FIELD, PARTS, cells, stated_of
from netops.declarations.form import Form
from netops.declarations.reading import Reading
from netops.declarations.values import Unclear, kept
from netops.desk import Desk
from netops.rounds import declaring


def asked(desk: Desk, number: str, file: Path | None, settings: Sequence[str], finding: str) -> Reading:
    """
    The changed declaration, as if it had been read from a form.

    Raises:
        Missing: there is no such declaration or finding.
        NetopsError: a field is not known or its value means nothing; the form is of several, or of another one.
        Refused: the finding is another organization's, or no change of a declaration answers it.
    """
    before = filings.one(desk.store, number)
    if file is not None:
        read = declaring.read(desk, [file], str(before.plane))
        if len(read.forms) > 1 or any(one.number not in ("", before.number) for one in read.forms):
            raise NetopsError(
                "nothing was changed",
                "{file} is not about {number}",
                "netops declare import",
                file=file,
                number=number,
            )
        forms = tuple(msgspec.structs.replace(one, number=before.number) for one in read.forms)
        return msgspec.structs.replace(read, forms=forms)
    stated = _of_finding(desk, before, finding) if finding else _set(desk, before.statements, settings)
    return Reading((Form(before.number, stated, before.version),), (), (), 1)


def _set(desk: Desk, stated: Statements, settings: Sequence[str]) -> Statements:
    said = cells(stated)
    parts = {name: msgspec.to_builtins(getattr(stated, name)) for name in PARTS}
    for one in settings:
        name, equals, value = one.partition("=")
        if not equals or name not in FIELD or name in ("number", "version", "organization", "plane"):
            raise NetopsError(
                "nothing was changed", "{name} is no field that can be set", "one of: {known}", name=name,
                known=", ".join(name for name in FIELD if name not in ("number", "version", "organization", "plane")),
            )  # fmt: skip
        try:
            said[name] = kept(FIELD[name], value, declaring.names(desk))
        except Unclear as error:
            raise NetopsError("nothing was changed", error.what, error.mend, **error.facts) from error
    return stated_of(said, parts)


def _of_finding(desk: Desk, before: Declaration, number: str) -> Statements:
    finding = docket.one(desk.store, number)
    if (finding.organization, finding.plane) != (before.organization, before.plane):
        raise Refused(
            "nothing was changed",
            "{finding} is about another organization or network",
            "netops finding show {finding}",
            finding=number,
        )
    if finding.state not in STANDING:
        raise Refused(
            "nothing was changed",
            "{finding} is {state}",
            "netops finding show {finding}",
            finding=number,
            state=finding.state,
        )
    today = desk.clock().astimezone(CITY_ZONE).date().isoformat()
    made = answer(before.statements, finding, docket.pieces(desk.store, finding.evidence), today)
    if made is None:
        raise Refused(
            "nothing was changed", "a change of the declaration does not answer {finding} ({code})", "netops explain {code}",
            finding=number, code=finding.code,
        )  # fmt: skip
    return made


def because(desk: Desk, number: str, wishes: declaring.Wishes) -> declaring.Wishes:
    """The wishes with the finding as their reason, beside the one that the person gave."""
    finding = docket.one(desk.store, number)
    return msgspec.structs.replace(
        wishes, why="；".join(filter(None, (f"{finding.id} {finding.code}", wishes.why)))
    )


def answered(desk: Desk, number: str, filed: Declaration) -> None:
    """The finding is being rectified by this version; it resolves when it is no longer seen."""
    if docket.one(desk.store, number).state is State.RECTIFYING:
        return
    with act(desk.store, desk.actor, desk.clock) as one:
        docket.move(one, number, State.RECTIFYING, f"{filed.number} v{filed.version}")


def is_answerable(kind: str) -> bool:
    """Whether a change of the declaration answers findings of this kind."""
    return kind in ANSWERS
