"""Acting on a page: the form, the plan of it, then exactly that, once, by the person's name; or why not."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from netops.core import journal
from netops.core.errors import NetopsError, Refused
from netops.core.evidence import digest
from netops.core.language import N_, _, series
from netops.web.pages.page import Act, Intent, Shown, Step
from netops.web.pages.visit import Visit

KEY_LENGTH = 64


class Changed(Refused):
    """Somebody else changed meanwhile what the act stands on."""


def seen_of(*what: object) -> str:
    """What somebody saw, as a short text: equal for equal content."""
    return digest([str(one) for one in what])[:24]


def get(visit: Visit, act: Act) -> Shown:
    """The form; with the plan already where nothing has to be said."""
    intent = act.intend(visit)
    said = {one.name: visit.asked(one.name) or one.value for one in intent.fields}
    if intent.asks_first or any(one.required and not said[one.name] for one in intent.fields):
        return _form(intent, said)
    return replace(_planned(intent, said, intent.seen), status=200)


def post(visit: Visit, act: Act) -> Shown | Response:
    """What was sent: shown as a plan, or done when the plan was seen."""
    intent = act.intend(visit)
    said = {one.name: visit.said.get(one.name, "").strip() for one in intent.fields}
    if missing := [one.label for one in intent.fields if one.required and not said[one.name]]:
        return _form(
            intent, said, (_("It was not done."), _("{fields} must be said").format(fields=series(missing)), ""), 422
        )
    if long := [one for one in intent.fields if len(said[one.name]) > one.most and said[one.name] != one.value]:
        names = series(one.label for one in long)
        why = _("{fields}: longer than {most} characters").format(fields=names, most=min(one.most for one in long))
        return _form(intent, said, (_("It was not done."), why, _("say less")), 422)
    if visit.said.get("step") != "do":
        return _planned(intent, said, visit.said.get("seen") or intent.seen)
    return _done(visit, intent, said)


def _done(visit: Visit, intent: Intent, said: Mapping[str, str]) -> Shown | Response:
    key, seen = visit.said.get("key", "")[:KEY_LENGTH], visit.said.get("seen", "")
    if not key:
        return _planned(intent, said, intent.seen)

    def check() -> None:
        if intent.proof is None and seen != intent.again():
            raise Changed(
                N_("it was not done"),
                N_("somebody changed it since you looked"),
                N_("look at what stands now, then decide anew"),
            )

    mine = f"{visit.who.name} {key}"
    try:
        if mine in (used := journal.keys(visit.desk.store, mine)):  # what it asked for may be refused by now, because it was done
            raise journal.Repeated(used[mine])
        with journal.keyed(mine, check) as asked:
            found = intent.do({**said, "seen": seen}, key)
        entry, told = asked.entry, found if isinstance(found, str) else ""
    except journal.Repeated as before:
        entry, told = journal.entry(visit.desk.store, before.seq), ""
    except NetopsError as error:
        # What was written stays in the form; what stands now is read anew.
        return _form(intent, said, error.told(), 409 if isinstance(error, Refused) else 422)
    where = told or (intent.where(entry) if intent.where and entry else intent.back)
    mark = "&" if "?" in where else "?"
    return RedirectResponse(f"{where}{mark}done={entry.seq}" if entry else where, 303)


def _planned(intent: Intent, said: Mapping[str, str], seen: str) -> Shown:
    try:
        steps = intent.plan(said)
    except NetopsError as error:
        return _form(intent, said, error.told(), 409 if isinstance(error, Refused) else 422)
    if intent.proof is not None:
        seen = intent.proof(said)
    return Shown(
        "act.html",
        intent.title,
        {
            "intent": intent,
            "said": said,
            "steps": steps,
            "seen": seen,
            "key": secrets.token_urlsafe(18),
            "wrong": None,
        },
        trail=[(intent.back, _("back"))],
    )


def _form(intent: Intent, said: Mapping[str, str], wrong: tuple[str, str, str] | None = None, status: int = 200) -> Shown:
    none: list[Step] = []
    return Shown(
        "act.html",
        intent.title,
        {
            "intent": intent,
            "said": said,
            "steps": none,
            "seen": intent.seen,
            "key": "",
            "wrong": wrong,
        },
        trail=[(intent.back, _("back"))],
        status=status,
    )
