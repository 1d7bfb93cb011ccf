"""Allocations: what is given out, to whom and why; giving addresses out and taking them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from netops.addresses import holdings, ledger
from netops.addresses.allocation import HOLDING, Allocation, AllocationState, Request
from netops.addresses.pool import Pool
from netops.addresses.span import parsed
from netops.core import journal
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, _, called, recalled, series
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.declarations import filings
from netops.rounds import allocate
from netops.web.pages import words
from netops.web.pages.acting import Changed, seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50


def allocations(visit: Visit) -> Shown:
    """Who has which addresses: of everybody, an organization, or under a declaration; by address, page after page."""
    whose, declaration = visit.own or visit.asked("organization"), visit.asked("declaration")
    state = visit.chosen("state", AllocationState)
    states: Sequence[AllocationState] = (AllocationState(state),) if state else tuple(HOLDING)
    after = visit.asked("after").split(" ")
    found = holdings.page(
        visit.desk.store,
        visit.planes,
        LIMIT + 1,
        (after[0], after[1], after[2]) if _is_place(after) else None,
        states=states,
        organization=whose,
        declaration=declaration,
    )
    rows = [_row(one) for one in found[:LIMIT]]
    last = found[LIMIT - 1] if len(found) > LIMIT else None
    table = Table(
        "allocations",
        _("Allocations"),
        [
            _("number"),
            _("addresses"),
            _("plane"),
            _("organization"),
            _("declaration"),
            _("purpose"),
            _("device"),
            _("MAC"),
            _("state"),
            _("since"),
        ],
        rows,
        _("Nobody has any."),
        more=visit.here(after=f"{last.plane} {last.first} {last.id}") if last else "",
        before=visit.here(after=None) if visit.asked("after") else "",
        csv=visit.here(format="csv"),
    )
    name = called(whose) if whose else declaration
    pools: list[Pool] = visit.remember("pools", 3.0, lambda: ledger.pools(visit.desk.store))
    held = sum(pool.allocated for pool in pools if pool.plane in visit.planes)
    answer = (
        _("Addresses of {name}").format(name=name) if name else _("Allocated addresses: {count}.").format(count=words.count(held))
    )
    tabs = [
        (visit.here(state=None, after=None), _("held"), not state),
        *((visit.here(state=one.value, after=None), _(one), state == one) for one in AllocationState),
    ]
    acts = [(path("allocate", declaration=declaration), _("Allocate addresses"))] if visit.may(Deed.ALLOCATE) else []
    return Shown("list.html", answer, {"tabs": tabs, "acts": acts}, [table], trail=[("/pools", _("Addresses"))])


def _is_place(after: Sequence[str]) -> bool:
    if len(after) != 3 or after[0] not in list(Plane):
        return False
    try:
        return parsed(after[1]).size == 1
    except ValueError:
        return False


def _row(one: Allocation) -> list[str | Cell]:
    mark = {"active": "good", "reserved": "note"}.get(one.state, "open")
    return [
        Cell(one.id, path("allocations", one.id), short=True),
        Cell(str(one.span), short=True),
        Cell(words.plane(one.plane), short=True),
        words.organization(one.organization),
        Cell(one.declaration, path("declarations", one.declaration)),
        one.purpose,
        one.device,
        one.mac,
        Cell(_(one.state), mark=mark, short=True),
        Cell(words.time(one.since, "%Y-%m-%d"), short=True),
    ]


def _one(visit: Visit) -> Allocation:
    one = holdings.one(visit.desk.store, visit.path["number"].upper()[:16])
    if not visit.sees(one.plane, one.organization):
        raise Missing("there is no allocation {id}", "", "netops ip list", id=one.id)
    return one


def allocation(visit: Visit) -> Shown:
    """One allocation: whose, why, by what right, and everything that was decided about it."""
    one = _one(visit)
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("addresses"), Cell(str(one.span), path("who", q=one.first) if one.span.size == 1 else "")),
        (_("count"), words.count(one.span.size)),
        (_("plane"), words.plane(one.plane)),
        (_("organization"), words.organization(one.organization)),
        (_("declaration"), Cell(one.declaration, path("declarations", one.declaration))),
        (_("purpose"), one.purpose),
        (_("state"), Cell(_(one.state), mark="good" if one.state is AllocationState.ACTIVE else "note")),
        (_("from"), words.time(one.since)),
        (_("until"), words.time(one.until) if one.until else ""),
        (_("device"), one.device),
        (_("MAC"), Cell(one.mac, path("who", q=one.mac)) if one.mac else ""),
        (_("note"), one.note),
        (_("tags"), series(one.tags)),
        (_("decided by"), _(one.origin)),
        (_("exception"), one.over_quota),
        (_("cause"), _(one.cause) if one.cause else ""),
        (_("free after"), words.time(one.free_after) if one.free_after else ""),
    ]
    history = Table(
        "history",
        _("What was decided"),
        [_("time"), _("who"), _("what"), _("why")],
        [
            [words.time(entry.at), entry.actor, entry.verb, recalled(entry.why)]
            for entry in journal.log(visit.desk.store, 50, subject=one.id)
        ],
        _("Nobody has decided anything about it."),
        csv=visit.here(format="csv"),
    )
    acts = (
        [(path("allocations", one.id, "release"), _("Take it back"))]
        if one.state in HOLDING and visit.may(Deed.ALLOCATE, one.plane, one.organization)
        else []
    )
    return Shown(
        "record.html",
        _("{id}: {span} belongs to {organization}").format(
            id=one.id, span=str(one.span), organization=called(one.organization)
        ),
        {"facts": [fact for fact in facts if fact[1]], "acts": acts},
        [history],
        trail=[("/pools", _("Addresses")), ("/allocations", _("Allocations"))],
    )


# ---- acts
def allocating(visit: Visit) -> Intent:
    """Addresses for a declaration: the plan shows which, and just these are given or none."""
    planes = [(plane.value, words.plane(plane)) for plane in visit.every_plane if visit.may(Deed.ALLOCATE, plane)]

    def request(said: Mapping[str, str]) -> Request:
        plane = Plane(said["plane"]) if said["plane"] in [value for value, _label in planes] else None
        if not said["pool"] and not said["address"]:
            raise NetopsError("nothing was allocated", "neither a pool nor an address is named", "name one of them")
        name = allocate.pool_named if said["pool"] else allocate.pool_around
        where, prefix = name(visit.desk, said["pool"] or said["address"], plane)
        with visit.desk.store.read() as connection:
            organization = filings.current(connection, said["declaration"]).organization
        visit.who.require(Deed.ALLOCATE, where, organization)
        return Request(
            where,
            prefix,
            "",
            said["declaration"],
            _whole(said["count"], 1),
            _whole(said["prefixlen"], 0),
            said["address"],
            said["purpose"],
            None,
            said["mac"],
            said["device"],
            said["note"],
        )

    def made(said: Mapping[str, str], key: str = "") -> allocate.Plan:
        return allocate.plan(visit.desk, request(said), key, said["over_quota"])

    def plan(said: Mapping[str, str]) -> list[Step]:
        found = made(said)
        steps = [
            Step(
                _("{count} addresses of {pool} for {organization} under {declaration}").format(
                    count=sum(parsed(text).size for text in found.spans),
                    pool=found.request.pool,
                    organization=called(found.request.organization),
                    declaration=found.request.declaration,
                )
            )
        ]
        steps += [Step(text, "good") for text in found.spans[:64]]
        steps += [Step(_("and {count} more").format(count=len(found.spans) - 64))] if len(found.spans) > 64 else []
        steps.append(
            Step(
                _("the pool was {before} used and will be {after}").format(
                    before=words.share(found.pool_before), after=words.share(found.pool_after)
                )
            )
        )
        if found.over_quota:
            steps.append(
                Step(
                    _("it exceeds the declared terminals; recorded as an exception: {reason}").format(reason=found.over_quota),
                    "note",
                )
            )
        return steps

    def proof(said: Mapping[str, str]) -> str:
        return seen_of(*made(said).spans)

    def do(said: Mapping[str, str], key: str) -> str:
        name = f"{visit.who.name} {key}"
        found = made(said, name)
        if not found.allocations and seen_of(*found.spans) != said["seen"]:
            raise Changed(
                N_("nothing was allocated"),
                N_("somebody took addresses of the plan since you looked"),
                N_("look at the new plan, then decide anew"),
            )
        given = allocate.run(visit.desk, found, name)
        number = given[0].declaration
        entries = journal.log(visit.desk.store, 20, subject=number, verb="ip allocate")
        done = next((one.seq for one in entries if one.after and one.after.get("key") == name), None)
        if len(given) == 1:
            return path("allocations", given[0].id, done=done)
        return path("allocations", declaration=number, done=done)

    fields = [
        Field("declaration", _("Declaration that it rests on"), required=True, most=64),
        Field("plane", _("plane"), "choice", choices=[("", "—"), *planes]),
        Field("pool", _("Pool"), most=100, hint=_("A registered prefix; may be left out when an address says where.")),
        Field("count", _("How many single addresses"), "number", "1"),
        Field("prefixlen", _("Or one block, by the length of its prefix"), "number", "", hint=_("26 means 64 IPv4 addresses")),
        Field("address", _("Or exactly this address or range"), most=100),
        Field("purpose", _("Purpose"), most=500),
        Field("device", _("Device"), most=128),
        Field("mac", _("MAC"), most=32),
        Field("note", _("Note"), "area"),
        Field("over_quota", _("Why more than declared, if so"), most=500),
    ]
    return Intent(_("Allocate addresses"), fields, plan, do, path("pools"), proof=proof, verb=_("Allocate just these"))


def _whole(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise NetopsError("nothing was allocated", "{text} is no number", "write a whole number", text=text)
    return int(text)


def releasing(visit: Visit) -> Intent:
    """An allocation goes back, and rests."""
    one = _one(visit)
    visit.who.require(Deed.ALLOCATE, one.plane, one.organization)

    def stands() -> str:
        now = holdings.one(visit.desk.store, one.id)
        return seen_of(now.state, now.until, now.organization, now.purpose, now.device, now.mac, now.note)

    def plan(said: Mapping[str, str]) -> list[Step]:
        if one.state not in HOLDING:
            raise NetopsError("{id} was not taken back", "it is {state}", "", id=one.id, state=one.state)
        return [
            Step(
                _("{id}: {span} of {organization} goes back").format(
                    id=one.id, span=str(one.span), organization=called(one.organization)
                ),
                "bad",
            ),
            Step(_("its addresses rest for {days} days before they are given out again").format(days=_days(said["days"]))),
            Step(_("because: {why}").format(why=said["why"])),
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            ledger.release(act, one.id, said["why"], timedelta(days=_days(said["days"])))

    fields = [
        Field("why", _("Why"), "area", required=True),
        Field("days", _("Days of rest"), "number", str(ledger.QUARANTINE.days)),
    ]
    return Intent(
        _("Take {id} back").format(id=one.id),
        fields,
        plan,
        do,
        path("allocations", one.id),
        stands(),
        stands,
        facts=[(_("addresses"), str(one.span)), (_("organization"), called(one.organization)), (_("purpose"), one.purpose)],
    )


def _days(text: str) -> int:
    return min(_whole(text, ledger.QUARANTINE.days), 3650)


PAGES = (
    Page("/allocations", Deed.READ, allocations),
    Page("/allocations/{number}", Deed.READ, allocation),
)
ACTS = (
    Act("/allocate", Deed.ALLOCATE, allocating, bound=False),
    Act("/allocations/{number}/release", Deed.ALLOCATE, releasing, bound=False),
)
