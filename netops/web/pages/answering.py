"""Answering on the page: one item, or a whole checklist with ticks; each party beside the others, over nobody's answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netops.core import journal
from netops.core.errors import Faults, NetopsError
from netops.core.language import N_, Said, Text, _, called
from netops.core.permission import Deed
from netops.inspections import archive, field
from netops.inspections.answer import Result
from netops.inspections.archive import MAX_NOTE
from netops.inspections.field import Given
from netops.inspections.inspection import Inspection, Party, said
from netops.inspections.item import Item
from netops.web.pages.acting import Changed, seen_of
from netops.web.pages.inspections import RESULTS, one_of, party_of, record_of, result_words
from netops.web.pages.page import Act, Field, Intent, Step
from netops.web.pages.visit import Visit, path


def answering(visit: Visit) -> Intent:
    """A person answers an item; what the machine and the others said stays beside it."""
    one, record = record_of(visit)
    party = _answering_as(visit, one)

    def stands() -> str:
        now = archive.one(visit.desk.store, one.number)
        known = now.item(record["id"])
        return seen_of(*_stand(now, known)) if known else ""

    def result_of(said: Mapping[str, str]) -> Result:
        return Result(said["answer"]) if said["answer"] in list(Result) else Result.UNCHECKED

    def plan(said: Mapping[str, str]) -> list[Step]:
        archive.fitting(one, record["id"], result_of(said), said["note"])
        lines = [
            Step(
                _("{number} {item}: the {party} answers: {answer}").format(
                    number=one.number, item=record["id"], party=_(party), answer=result_words(result_of(said))
                ),
                "good",
            )
        ]
        for other, given in record["answers"].items():
            lines.append(
                Step(_("the {party} says: {answer}; that stays beside it").format(party=_(other), answer=_(given["answer"])))
            )
        return lines

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            archive.fill(act, archive.one(visit.desk.store, one.number), record["id"], party, result_of(said), said["note"])

    fields = [
        Field(
            "answer",
            _("Answer"),
            "choice",
            record["answer"],
            required=True,
            choices=[(result.value, result_words(result)) for result in RESULTS],
        ),
        Field("note", _("What was seen; required where it contradicts the machine"), "area", most=MAX_NOTE),
    ]
    return Intent(
        f"{record['id']} {record['question']}",
        fields,
        plan,
        do,
        path("inspections", one.number, record["id"]),
        stands(),
        stands,
        facts=[
            (_("organization"), called(one.organization)),
            (_("basis"), record["basis"]),
            *(
                (_(other), f"{result_words(Result(given['answer']))} {given['reason']}")
                for other, given in record["answers"].items()
            ),
        ],
    )


def _answering_as(visit: Visit, one: Inspection) -> Party:
    """
    As whom who asks answers.

    Raises:
        Forbidden: it answers nothing here.
    """
    visit.who.require(Deed.ANSWER, None, one.organization)
    party = party_of(visit) or Party.INSPECTOR
    if party is Party.INSPECTOR:
        visit.who.require(Deed.INSPECT)
    return party


def _stand(one: Inspection, item: Item) -> list[object]:
    """What every party says of an item, so that two such lists differ where anybody has spoken since."""
    return [(given.actor, given.at, given.judgement.result) if (given := one.by(item, party)) else "" for party in Party]


# ---- a whole checklist
def ticking(visit: Visit) -> Intent:
    """
    Every item that binds, with a tick and a remark for each: what differs from what the form began with is answered, all in
    one act. What somebody else of the same party said meanwhile is told, item by item, and never overwritten unseen.
    """
    one = one_of(visit)
    party = _answering_as(visit, one)
    items = {
        place: item for place, item in enumerate(one.catalogue.items)
        if one.result(item) is not Result.NOT_APPLICABLE or f"a{place}" in visit.said
    }  # fmt: skip
    choices = [("", _("not answered")), *((result.value, result_words(result)) for result in RESULTS)]
    fields = [Field("since", "", "hidden", str(len(one.answers)))]
    for place, item in items.items():
        mine = one.by(item, party)
        fields += [
            Field(f"a{place}", f"{item.id} {item.question}", "ticks", mine.judgement.result if mine else "", choices=choices,
                  hint=_others(one, item, party)),
            Field(f"n{place}", _("Remark on {item}").format(item=item.id), "remark", mine.note if mine else "", most=MAX_NOTE),
        ]  # fmt: skip

    def plan(said: Mapping[str, str]) -> list[Step]:
        given, after = _given(one, party, items, said)
        lines = []
        for each in given:
            other = after.get(each.item)
            lines.append(Step(_("{item}: {answer} {note}").format(
                item=each.item, answer=result_words(each.answer), note=each.note).strip(), "good"))  # fmt: skip
            if other:
                lines.append(Step(other, "note"))
        return lines

    def proof(said: Mapping[str, str]) -> str:
        return _proof(one, party, items, said)

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            now = archive.one(visit.desk.store, one.number)
            if said["seen"] != _proof(now, party, items, said):
                raise Changed(N_("it was not done"), N_("somebody changed it since you looked"),
                              N_("look at what stands now, then decide anew"))  # fmt: skip
            for each in _given(now, party, items, said)[0]:
                archive.fill(act, now, each.item, party, each.answer, each.note)

    progress = one.progress()
    return Intent(
        _("Answer as {party}").format(party=_(party)) + f" · {one.number}",
        fields,
        plan,
        do,
        path("inspections", one.number),
        facts=[
            (_("organization"), called(one.organization)),
            (_("catalogue"), f"{one.catalogue.title} {one.catalogue.head.version}"),
            (_("state"), _("{answered} of {total} items are answered, {waiting} wait for an inspector").format(
                answered=progress.answered, total=progress.total, waiting=progress.to_confirm)),
        ],
        proof=proof,
        asks_first=True,
    )  # fmt: skip


def _others(one: Inspection, item: Item, party: Party) -> str:
    """What the others say of an item, in one line, after what the duty is."""
    told = [
        f"{_(other)}: {result_words(given.judgement.result)} {said(given)}".strip()
        for other in Party if other is not party and (given := one.by(item, other))
    ]  # fmt: skip
    return " · ".join([one.catalogue.cited(item), *told])


def _proof(one: Inspection, party: Party, items: Mapping[int, Item], filled: Mapping[str, str]) -> str:
    """What a filled form comes to, and what stands of the items that it answers."""
    known = {item.id: item for item in items.values()}
    given, _after = _given(one, party, items, filled)
    return seen_of(*((each.item, each.answer, each.note, *_stand(one, known[each.item])) for each in given))


def _given(
    one: Inspection, party: Party, items: Mapping[int, Item], filled: Mapping[str, str]
) -> tuple[list[Given], dict[str, str]]:
    """
    The answers of a form that differ from what the party said when it was opened; and what it said meanwhile, by item.

    Raises:
        Faults: some cannot be put in, each with its reason.
        NetopsError: nothing was answered.
    """
    since = int(filled["since"]) if re.fullmatch(r"[0-9]{1,9}", filled["since"]) else len(one.answers)
    before = {answer.item: answer for answer in one.answers[:since] if answer.party is party}
    given, faults = list[Given](), list[Text]()
    for place, item in items.items():
        word, note = filled[f"a{place}"], filled[f"n{place}"]
        old = before.get(item.id)
        if (word, note) == ((old.judgement.result, old.note.strip()) if old else ("", "")):
            continue
        if word not in list(Result):
            faults.append(Said(N_("{item}: an answer that was given is changed, not taken back") if old else
                               N_("{item}: a remark belongs to an answer; tick one"), item=item.id))  # fmt: skip
            continue
        try:
            archive.fitting(one, item.id, Result(word), note)
        except NetopsError as error:
            faults.append(Said("{item}: {reason}", item=item.id, reason=Said(error.why, **error.facts)))
            continue
        given.append(Given(item.id, party, Result(word), note))
    if faults:
        raise Faults(N_("it was not done"), faults, N_("mend these answers"))
    same = field.repeated(one, given)
    given = [each for each in given if (each.item, each.party) not in same]
    if not given:
        raise NetopsError(N_("it was not done"), N_("nothing was answered anew"), N_("tick what is true of an item"))
    after = {
        each.item: _("meanwhile {who} answered {item}: {answer}; yours would stand after it").format(
            who=each.actor, item=each.item, answer=result_words(each.meanwhile))
        for each in field.conflicts(one, given, since)
    }  # fmt: skip
    return given, after


ACTS = (
    Act("/inspections/{number}/answer", Deed.ANSWER, ticking),
    Act("/inspections/{number}/{item}/answer", Deed.ANSWER, answering),
)
