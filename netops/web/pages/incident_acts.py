"""What is done about an incident on a page: taken in hand, a paper drafted, a report sent; each with its plan first."""

from __future__ import annotations

from collections.abc import Mapping

from netops.core import journal
from netops.core.language import N_, _, series
from netops.core.permission import Deed
from netops.incidents import casebook, clocks, handling
from netops.incidents.incident import Incident
from netops.rounds import drafting
from netops.rounds import handling as rounds
from netops.web.pages import incidents
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Step
from netops.web.pages.visit import Visit, path

WORDINGS = (
    "notice",
    "guidance",
    "rectification_request",
    "rectification_order",
    "report_first",
    "report_supplement",
    "report_final",
)
"""Papers about an incident that can be drafted on a page."""


def _standing(visit: Visit, number: str) -> str:
    now = casebook.one(visit.desk.store, number)
    return seen_of(now.state, now.acknowledged, now.acknowledged_by, [(clock.key, clock.stopped) for clock in now.deadlines])


def _required(visit: Visit) -> Incident:
    one = incidents.asked(visit)
    visit.who.require(Deed.HANDLE, one.plane, one.organization)
    return one


def _facts(visit: Visit, one: Incident) -> list[tuple[str, str]]:
    return [
        (_("incident"), f"{one.number} {one.title}"),
        (_("organization"), visit.desk.register.name(one.organization)),
        (_("state"), _(one.state)),
        (_("in hand"), one.acknowledged_by),
    ]


def acknowledging(visit: Visit) -> Intent:
    """Somebody has it in hand."""
    one = _required(visit)

    def plan(said: Mapping[str, str]) -> list[Step]:
        steps = [Step(_("{number} is in the hands of {name}").format(number=one.number, name=visit.who.name), "good")]
        return steps + ([Step(_("because: {why}").format(why=said["why"]))] if said["why"] else [])

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            handling.acknowledge(act, one.number, said["why"])

    return Intent(
        _("Take {number} in hand").format(number=one.number),
        [Field("why", _("Why"), "area")],
        plan,
        do,
        path("incidents", one.number),
        _standing(visit, one.number),
        lambda: _standing(visit, one.number),
        facts=_facts(visit, one),
    )


def drafting_(visit: Visit) -> Intent:
    """A document is drafted through the gate: it is numbered and sent by nobody yet."""
    one = _required(visit)
    known = [(name, _(_label(name))) for name in WORDINGS]

    def plan(said: Mapping[str, str]) -> list[Step]:
        decision, label = drafting.asked(visit.desk, one.number, _wording(said["wording"]))
        if not decision.allowed:
            raise decision.refusal()
        return [
            Step(_("draft a {label} about {number}").format(label=_(label), number=one.number), "good"),
            *(Step(_("basis: {basis}").format(basis=cited)) for cited in decision.cited),
            *(
                Step(_("the basis {name} is not verified: check it before you sign").format(name=name), "note")
                for name in decision.unverified
            ),
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        drafting.draft(visit.desk, one.number, _wording(said["wording"]))

    return Intent(
        _("Draft a document about {number}").format(number=one.number),
        [Field("wording", _("Which document"), "choice", "notice", choices=known)],
        plan,
        do,
        path("incidents", one.number),
        facts=_facts(visit, one),
    )


LABELS = {
    "report_first": N_("first report"),
    "report_supplement": N_("supplement"),
    "report_final": N_("summary report"),
    "rectification_request": N_("rectification request"),
    "rectification_order": N_("rectification order"),
    "notice": N_("notice"),
    "guidance": N_("guidance"),
}


REPORTS = {
    "first": N_("first report"),
    "supplement": N_("supplement"),
    "final": N_("summary report"),
    "police": N_("report to the police"),
    "vulnerability_report": N_("report of a vulnerability"),
    "data_report": N_("report of a data event"),
}
"""What an authority may be told, by the kind of the act."""


def _label(name: str) -> str:
    return LABELS[name]


def _wording(text: str) -> str:
    return text if text in WORDINGS else "notice"


def sending(visit: Visit) -> Intent:
    """A report went to an authority: its clocks stop."""
    one = _required(visit)
    kinds = [(kind, _(REPORTS[kind])) for kind in rounds.ACTS]

    def kind_of(said: Mapping[str, str]) -> str:
        return said["kind"] if said["kind"] in rounds.ACTS else "first"

    def plan(said: Mapping[str, str]) -> list[Step]:
        rounds.not_older(one, visit.desk.clock())
        stops = clocks.load(visit.desk.playbooks).stopped_by(one, kind_of(said), visit.desk.clock())
        return [
            Step(
                _("record that a report on {number} was sent: {kind}, {by}").format(
                    kind=_(REPORTS[kind_of(said)]), number=one.number, by=series((said["document_no"], said["channel"]))
                )
            ),
            Step(_("clocks that stop: {clocks}").format(clocks=series(stops) or "—"), "good" if stops else "note"),
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            rounds.report(
                visit.desk,
                act,
                one.number,
                kind_of(said),
                visit.desk.clock(),
                document_no=said["document_no"],
                channel=said["channel"],
                receipt=said["receipt"],
                to_whom=said["to_whom"],
                paper=said["paper"].upper(),
            )

    fields = [
        Field("kind", _("Which report"), "choice", "first", choices=kinds),
        Field("document_no", _("Its document number"), required=True, most=200),
        Field("channel", _("How it was sent"), required=True, most=200),
        Field("to_whom", _("To which authority"), most=200),
        Field("receipt", _("Who received it, or its receipt"), most=200),
        Field("paper", _("The draft that went out, such as D-0001"), most=32),
    ]
    return Intent(
        _("Record that a report on {number} was sent").format(number=one.number),
        fields,
        plan,
        do,
        path("incidents", one.number),
        _standing(visit, one.number),
        lambda: _standing(visit, one.number),
        facts=_facts(visit, one),
    )


ACTS = (
    Act("/incidents/{number}/acknowledge", Deed.HANDLE, acknowledging, bound=False),
    Act("/incidents/{number}/draft", Deed.HANDLE, drafting_, bound=False),
    Act("/incidents/{number}/sent", Deed.HANDLE, sending, bound=False),
)
