"""Findings: what is not in order, one with its evidence and flows, the rule behind it; and what people decide about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from netops.core import docket, journal, ranked, tally
from netops.core.errors import Missing, NetopsError
from netops.core.evidence import Evidence
from netops.core.finding import ROOMS, STANDING, Finding, Severity, State
from netops.core.language import N_, _, recalled
from netops.core.permission import Deed
from netops.rounds import look
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
STATES = {"standing": STANDING, "every": (), **{state.value: (state,) for state in State}}


def listed(visit: Visit) -> Shown:
    """What stands, the gravest first; narrowed by the question."""
    asked = {
        name: visit.chosen(name, known) for name, known in (("severity", Severity), ("room", ROOMS.values()), ("state", STATES))
    }
    code = visit.asked("code") or next((f"{head}-" for head, room in ROOMS.items() if room == asked["room"]), "")
    state, text, offset = STATES[asked["state"] or "standing"], visit.asked("text"), visit.counted("from", 0, 1_000_000)
    whose = visit.own or visit.asked("organization")
    found = (
        []
        if visit.own and visit.asked("organization") not in ("", visit.own)
        else ranked.page(
            visit.desk.store,
            LIMIT + 1,
            offset,
            planes=visit.planes,
            organization=whose,
            state=state,
            severity=asked["severity"],
            code=code,
            text=text,
        )
    )
    counts: list[tally.Count] = visit.remember(
        ("finding counts", visit.planes, whose),
        3.0,
        lambda: tally.counted(visit.desk.store, by=("code", "severity"), planes=visit.planes, organization=whose),
    )
    standing = sum(one.number for one in counts)
    grave = sum(one.number for one in counts if one.severity in (Severity.CRITICAL, Severity.HIGH))
    answer = (
        _("Findings that stand: {count}, grave: {grave}.").format(count=standing, grave=grave)
        if standing
        else _("Nothing stands: no finding is open.")
    )
    table = Table(
        "findings",
        _("Findings"),
        words.finding_heads(),
        [words.finding_row(one) for one in found[:LIMIT]],
        _("No finding is like this."),
        words.FINDING_RIGHT,
        more=visit.here(**{"from": offset + LIMIT}) if len(found) > LIMIT else "",
        before=visit.here(**{"from": max(offset - LIMIT, 0) or None}) if offset else "",
        csv=visit.here(format="csv", table="findings"),
    )
    rules = _by_rule(visit, counts)
    choices = {
        "severity": [(one.value, _(one.value)) for one in Severity],
        "room": [(room, _(room)) for room in dict.fromkeys(ROOMS.values())],
        "state": [(name, _("all") if name == "every" else _(name)) for name in STATES],
        "plane": [(plane.value, words.plane(plane)) for plane in visit.every_plane],
    }
    return Shown(
        "findings.html",
        answer,
        {"visit": visit, "choices": choices},
        [table, rules],
        mark="bad" if grave else "note" if standing else "good",
    )


def _by_rule(visit: Visit, counts: list[tally.Count]) -> Table:
    sums: dict[str, int] = {}
    for one in counts:
        sums[one.code] = sums.get(one.code, 0) + one.number
    rules = look.rules()
    rows = [
        [
            Cell(code, path("rules", code), short=True),
            words.rule(rules[code]) if code in rules else "",
            words.severity(rules[code].severity) if code in rules else "",
            Cell(str(number), visit.here(code=code, **{"from": None})),
        ]
        for code, number in sorted(sums.items(), key=lambda entry: -entry[1])
    ]
    return Table(
        "rules",
        _("By rule"),
        [_("rule"), _("kind"), _("severity"), _("standing")],
        rows,
        _("Nothing stands: no finding is open."),
        frozenset({3}),
        csv=visit.here(format="csv", table="rules"),
    )


def _one(visit: Visit) -> Finding:
    one = docket.one(visit.desk.store, visit.path["number"].upper()[:16])
    if not visit.sees(one.plane, one.organization):
        raise Missing("there is no finding {number}", "", "netops finding list", number=one.id)
    return one


def show(visit: Visit) -> Shown:
    """One finding: what was seen by whom and how sure that is, its evidence, its flows, and what was decided."""
    from netops.rounds import case

    one = _one(visit)
    told = case.of(visit.desk, one)
    pieces = docket.pieces(visit.desk.store, one.evidence)
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("rule"), Cell(f"{one.code} {words.rule(look.rule_of(one))}", path("rules", one.code))),
        (_("severity"), words.severity(one.severity)),
        (_("plane"), words.plane(one.plane)),
        (_("organization"), words.organization(one.organization)),
        (_("basis"), words.articles(one.basis)),
        (_("subject"), _subject(one)),
        (_("seen"), f"{words.time(one.first_seen)} – {words.time(one.last_seen)} ×{one.count}"),
        (_("state"), Cell(_(one.state), mark=words.FINDING_MARKS.get(one.state, "bad"))),
    ]
    facts += [
        (label, value)
        for label, value in (
            (_("reason"), _(one.reason) if one.reason else ""),
            (_("accepted until"), one.accepted_until),
            (_("place"), told.place),
            (_("person"), told.person if visit.may(Deed.READ_PERSONAL, one.plane, one.organization) else ""),
            (_("declarations"), [Cell(number, path("declarations", number)) for number in told.declarations]),
            (_("related"), [Cell(number, path("findings", number)) for number in told.others if not visit.own]),
        )
        if value
    ]
    seen = Table(
        "witnesses",
        _("Who saw it"),
        [_("witness"), _("weight"), _("saw"), _("source"), _("first seen"), _("last seen")],
        [
            [
                _(each.witness),
                words.share(each.weight),
                _(each.saw),
                each.source,
                Cell(words.time(each.first), short=True),
                Cell(words.time(each.last), short=True),
            ]
            for each in told.witnesses
        ],
        _("No witness is known."),
        frozenset({1}),
        csv=visit.here(format="csv", table="witnesses"),
    )
    evidence = Table(
        "evidence",
        _("Evidence"),
        [_("id"), _("kind"), _("source"), _("question"), _("time"), _("content")],
        [
            [
                Cell(piece.id, short=True),
                _(piece.kind),
                piece.source,
                piece.query,
                Cell(words.time(piece.at), short=True),
                Cell(_body(piece.body)),
            ]
            for piece in pieces
        ],
        _("No evidence is kept."),
        csv=visit.here(format="csv", table="evidence"),
    )
    flows = _samples(visit, pieces)
    history = Table(
        "history",
        _("What was decided"),
        [_("time"), _("who"), _("what"), _("why")],
        [
            [words.time(entry.at), entry.actor, entry.verb, recalled(entry.why)]
            for entry in journal.log(visit.desk.store, 50, subject=one.id)
        ],
        _("Nobody has decided anything about it."),
        csv=visit.here(format="csv", table="history"),
    )
    acts = (
        []
        if one.state is State.RESOLVED or not visit.may(Deed.JUDGE, one.plane, one.organization)
        else [(path("findings", one.id, verb), _(title)) for verb, (title, _to) in VERBS.items()]
    )
    return Shown(
        "finding.html",
        f"{one.id} {look.title(one)}",
        {
            "one": one,
            "facts": facts,
            "acts": acts,
            "because": look.because(one),
            "text": [words.rule(look.rule_of(one)), *look.explained(look.rule_of(one))[1:]],
            "confidence": words.share(told.confidence),
            "step": told.step,
        },
        [seen, *flows, evidence, history],
        trail=[("/findings", _("Findings"))],
        mark="good" if one.state is State.RESOLVED else "bad",
    )


def _sample(one: Mapping[str, object], href: str, source: str) -> list[str | Cell]:
    def text(name: str) -> str:
        return str(one.get(name, ""))

    ends = [f"{text('src')}:{text('sport')}", f"{text('dst')}:{text('dport')}"]
    began = Cell(words.told_time(text("first")), href, short=True)
    told = (words.protocol(text("proto")), *(text(name) for name in ("packets", "bytes", "interface", "src_mac")))
    return [began, *(Cell(end, short=True) for end in ends), *told, source]


MOST_TEXT = 800
"""Characters of one piece of evidence that a page shows."""
ASKED = re.compile(r"egress query '([^']*)' --from (\S+) --to (\S+)")


def _samples(visit: Visit, pieces: list[Evidence]) -> list[Table]:
    """Flows that a finding of the watch rests on: samples of them, and the way to all."""
    rows: list[list[str | Cell]] = []
    for piece in pieces:
        asked = ASKED.search(piece.query)
        href = path("egress", "flows", filter=asked[1], since=asked[2], until=asked[3]) if asked and not visit.own else ""
        samples = piece.body.get("samples")
        rows += [_sample(one, href, piece.source) for one in (samples if isinstance(samples, list) else [])]
    heads = [_("began"), _("source address"), _("destination address"), _("protocol"), _("packets"), _("octets"), _("port")]
    heads += [_("MAC"), _("source")]
    return (
        [Table("flows", _("Flows: samples"), heads, rows, right=frozenset({4, 5}), csv=visit.here(format="csv", table="flows"))]
        if rows
        else []
    )


SUBJECTS = {"ip": N_("address"), "mac": "MAC"}
"""Parts of a subject as people call them; the others are called as they are."""


def _subject(one: Finding) -> list[Cell]:
    cells = []
    for key, value in one.subject.items():
        if isinstance(value, dict):
            cells.append(Cell(" ".join(str(part) for part in value.values() if part)))
        elif value:
            cells.append(Cell(str(value), path("who", q=str(value)), under=_(SUBJECTS.get(key, key))))
    return cells


def _body(body: Mapping[str, object]) -> str:
    """What was seen, a fact a line; flows among it have a table of their own."""
    lines = [f"{name}: {_plain(value)}" for name, value in body.items() if name != "samples" and value not in (None, "", [], {})]
    text = "\n".join(lines)
    return text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "…"


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return str(value)


# ---- rules
def rule(visit: Visit) -> Shown:
    """What a rule says: what, why, mend; and how many of its findings stand."""
    one = look.rule(visit.path["code"][:32])
    found = ranked.page(visit.desk.store, LIMIT, planes=visit.every_plane, organization=visit.own, code=one.code)
    table = Table(
        "findings",
        _("Standing findings"),
        words.finding_heads(),
        [words.finding_row(each) for each in found],
        _("Nothing stands: no finding is open."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv"),
    )
    facts = [
        (_("rule"), one.code),
        (_("kind"), one.kind),
        (_("severity"), words.severity(one.severity)),
        (_("basis"), words.articles(one.basis)),
    ]
    return Shown(
        "rule.html",
        f"{one.code} {words.rule(one)}",
        {"facts": facts, "text": look.explained(one)[1:]},
        [table],
        trail=[("/findings", _("Findings"))],
    )


# ---- what people decide
VERBS: Mapping[str, tuple[str, State]] = {
    "acknowledge": (N_("Acknowledge"), State.ACKNOWLEDGED),
    "accept": (N_("Accept until a day"), State.ACCEPTED),
    "resolve": (N_("Resolve"), State.RESOLVED),
}


def _moving(verb: str) -> Act:
    title, to = VERBS[verb]

    def intend(visit: Visit) -> Intent:
        one = _one(visit)
        visit.who.require(Deed.JUDGE, one.plane, one.organization)
        fields = [Field("why", _("Why"), "area", required=verb != "acknowledge")]
        if verb == "accept":
            fields.append(Field("until", _("Accepted until"), "date", required=True))

        def plan(said: Mapping[str, str]) -> list[Step]:
            if one.state is State.RESOLVED:
                raise NetopsError(
                    "{number} was not moved",
                    "it is resolved; it opens again by itself when it is seen again",
                    "",
                    number=one.id,
                )
            until = _day(said.get("until", ""))
            docket.require_ahead(one.id, until, visit.desk.clock())
            steps = [Step(_("{number}: {before} → {after}").format(number=one.id, before=_(one.state), after=_(to)))]
            steps += [Step(_("until {day}").format(day=until))] if until else []
            return steps + ([Step(_("because: {why}").format(why=said["why"]))] if said["why"] else [])

        def do(said: Mapping[str, str], _key: str) -> None:
            until = _day(said.get("until", ""))
            docket.require_ahead(one.id, until, visit.desk.clock())
            with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
                docket.move(act, one.id, to, said["why"], until)

        def again() -> str:
            now = docket.one(visit.desk.store, one.id)
            return seen_of(now.state, now.reason, now.accepted_until)

        return Intent(
            words.about(_(title), f"{one.id} {look.title(one)}"),
            fields,
            plan,
            do,
            path("findings", one.id),
            again(),
            again,
            facts=[
                (_("state"), _(one.state)),
                (_("reason"), _(one.reason) if one.reason else ""),
                (_("organization"), visit.desk.register.name(one.organization)),
            ],
        )

    return Act(f"/findings/{{number}}/{verb}", Deed.JUDGE, intend, bound=False)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise NetopsError("it was not done", "{text} is no day", "write 2026-12-31", text=text) from error


PAGES = (
    Page("/findings", Deed.READ, listed),
    Page("/findings/{number}", Deed.READ, show),
    Page("/rules/{code}", Deed.READ, rule),
)
ACTS = tuple(_moving(verb) for verb in VERBS)
