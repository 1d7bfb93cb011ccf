"""Address pools: how full each is, by block and by address; who and why on every square."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from netops.addresses import holdings, ledger, tiles, trend
from netops.addresses.allocation import Allocation
from netops.addresses.pool import Pool
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.ranges import ranges
from netops.addresses.span import TOP, Span, is_ipv4, parsed
from netops.addresses.span import shown as written
from netops.addresses.tile import Tile, TileState
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, _, called, series
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.rounds import allocate
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
FINE = 256
"""Addresses that are shown one by one."""
BLOCKS = 4096
"""Squares of one picture at most."""
LETTERS = {
    "active": "",
    "reserved": "R",
    "quarantine": "Q",
    "gateway": "G",
    "dhcp": "D",
    "set aside": "S",
    "inside": "–",
    "free": "",
    "outside": "",
}
CLASSES = {"gateway": "aside", "dhcp": "aside", "set aside": "aside"}
WORDS = {
    "active": N_("active"),
    "reserved": N_("reserved"),
    "quarantine": N_("quarantine"),
    "gateway": N_("gateway"),
    "dhcp": N_("dhcp"),
    "set aside": N_("set aside"),
    "inside": N_("free in a prefix inside"),
    "free": N_("free"),
}


@dataclass(frozen=True)
class Square:
    """One square of a picture: a block or an address; *used*, *held* and *rest* are heights in percent."""

    href: str
    tip: str
    state: str = ""
    letter: str = ""
    used: float = 0.0
    held: float = 0.0
    rest: float = 0.0
    seen: bool = False
    number: str = ""


def listed(visit: Visit) -> Shown:
    """Every pool: the fullest leads; the map of all of them."""
    pools: list[Pool] = visit.remember("pools", 3.0, lambda: ledger.pools(visit.desk.store))
    mine = [one for one in pools if one.plane in visit.planes and visit.sees(one.plane, one.organization)]
    whose = visit.asked("organization")
    mine = [one for one in mine if whose in ("", one.organization)]
    forecasts = visit.remember("forecasts", 30.0, lambda: trend.kept(visit.desk.store))
    full = [one for one in mine if _is_full(one)]
    size, taken = sum(one.size for one in mine), sum(one.allocated for one in mine)
    answer = (
        _("Pools: {count}; {share} of their addresses are allocated; nearly full: {full}.").format(
            count=len(mine), share=words.share(taken / size if size else 0.0), full=len(full)
        )
        if mine
        else _("There is no pool here.")
    )
    offset = visit.counted("from", 0, 1_000_000)
    order = visit.chosen("order", ("address", "share"))
    if order == "share":
        mine.sort(key=lambda one: -one.total.utilization)
    rows: list[list[str | Cell]] = []
    for one in mine[offset : offset + LIMIT]:
        known = forecasts.get((one.plane, one.prefix))
        days = known[1].days_to_full if known else None
        total = one.total
        rows.append(
            [
                Cell(one.prefix, path("pools", one.plane, one.prefix), short=True),
                Cell(words.plane(one.plane), short=True),
                Cell(_(one.role), short=True),
                words.organization(one.organization),
                one.name,
                Cell(words.share(total.utilization), share=total.utilization, short=True),
                Cell(words.count(total.allocated)),
                words.count(total.reserved),
                words.count(total.quarantined),
                words.count(total.free),
                _("full in {days} days").format(days=f"{days:.0f}") if days is not None else "—",
            ]
        )
    table = Table(
        "pools",
        _("Pools"),
        [
            _("prefix"),
            _("plane"),
            _("role"),
            _("organization"),
            _("name"),
            _("used"),
            _("allocated"),
            _("reserved"),
            _("quarantine"),
            _("free"),
            _("forecast"),
        ],
        rows,
        _("There is no pool here."),
        frozenset({6, 7, 8, 9}),
        more=visit.here(**{"from": offset + LIMIT}) if len(mine) > offset + LIMIT else "",
        before=visit.here(**{"from": max(offset - LIMIT, 0) or None}) if offset else "",
        csv=visit.here(format="csv", table="pools"),
    )
    squares = [
        Square(
            path("pools", one.plane, one.prefix),
            _pool_tip(one),
            used=_percent(one.total.allocated, one.total.size),
            held=_percent(one.total.reserved, one.total.size),
            rest=_percent(one.total.quarantined, one.total.size),
            letter="!" if _is_full(one) else "",
        )
        for one in mine[:BLOCKS]
    ]
    acts = [(path("allocate"), _("Allocate addresses"))] if visit.may(Deed.ALLOCATE) else []
    tabs = [
        (visit.here(order=None, **{"from": None}), _("by address"), order != "share"),
        (visit.here(order="share", **{"from": None}), _("the fullest first"), order == "share"),
        (path("allocations"), _("allocations"), False),
    ]
    return Shown(
        "pools.html",
        answer,
        {
            "squares": squares,
            "small": False,
            "legend": [],
            "picture": _("Pools by address, filled as far as they are used"),
            "tabs": tabs,
            "acts": acts,
        },
        [table],
        mark="note" if full else "",
    )


def _is_full(one: Pool) -> bool:
    """Whether a pool that addresses are given out of is nearly full; links and loopbacks are meant to be."""
    return one.role is PrefixRole.POOL and one.total.utilization >= 0.9


def _percent(part: int, whole: int) -> float:
    if not part or not whole:
        return 0.0
    return max(round(part / whole * 100, 1), 4.0)


def _pool_tip(one: Pool) -> str:
    return "\n".join(
        filter(
            None,
            (
                one.prefix,
                one.name,
                called(one.organization),
                _("{share} used").format(share=words.share(one.total.utilization)),
            ),
        )
    )


# ---- one pool
def show(visit: Visit) -> Shown:
    """A pool by blocks, or by addresses; what is free and what is given out in one list."""
    plane, pool, entry = _pool(visit)
    inside = visit.asked("in")
    span = _inside(pool.span, inside) if inside else pool.span
    fine = span.size <= FINE
    squares, legend = _addresses(visit, plane, pool, entry, span) if fine else _blocks(visit, plane, pool, span)
    table = _list(visit, plane, pool, entry, span)
    register = visit.desk.register
    chain = register.chains[plane].get(pool.prefix, ())
    known = visit.remember("forecasts", 30.0, lambda: trend.kept(visit.desk.store)).get((plane, pool.prefix))
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("organization"), words.organization(pool.organization)),
        (_("plane"), words.plane(plane)),
        (_("role"), _(pool.role)),
        (_("name"), pool.name),
        (_("used"), Cell(words.share(pool.total.utilization), share=pool.total.utilization)),
        (_("allocated"), words.count(pool.total.allocated)),
        (_("reserved"), words.count(pool.total.reserved)),
        (_("quarantine"), words.count(pool.total.quarantined)),
        (_("free"), words.count(pool.total.free)),
        (_("lies in"), Cell(pool.around, path("pools", plane, pool.around)) if pool.around and not visit.own else ""),
        (_("gateway"), " ".join(filter(None, (entry.gateway, entry.gateway_address)))),
        (_("VLAN"), str(entry.vlan or "")),
        (_("switch"), entry.switch),
        (_("dhcp"), series(entry.dhcp_ranges)),
        (_("set aside"), series(entry.reserved_ranges)),
    ]
    grants = Table(
        "grants",
        _("Chain of grants"),
        [_("prefix"), _("granted by"), _("holder"), _("document"), _("from"), _("until")],
        [
            [
                Cell(step.prefix, path("pools", plane, step.prefix)),
                called(step.grantor) if step.grantor else "—",
                called(step.organization),
                step.document or _("without a document of its own"),
                step.valid_from or step.granted_on,
                step.valid_until,
            ]
            for step in chain
        ],
        _("no granting document is registered for it"),
        csv=visit.here(format="csv", table="grants"),
    )
    told = [] if visit.own else [grants]
    share = words.share(pool.total.utilization)
    answer = _("{prefix}: {share} used, {free} addresses are free.").format(
        prefix=pool.prefix, share=share, free=words.count(pool.total.free)
    )
    if known and known[1].days_to_full is not None:
        answer += " " + _("It is full in {days} days.").format(days=f"{known[1].days_to_full:.0f}")
    acts = (
        [(path("allocate", pool=pool.prefix, plane=plane), _("Allocate addresses"))] if visit.may(Deed.ALLOCATE, plane) else []
    )
    trail = [("/pools", _("Addresses"))] + ([(path("pools", plane, pool.prefix), pool.prefix)] if inside else [])
    picture = (
        _("Addresses of {span}, one by one").format(span=_said(span))
        if fine
        else _("Blocks of {span}, filled as far as they are used").format(span=_said(span))
    )
    return Shown(
        "pools.html",
        answer,
        {
            "squares": squares,
            "small": fine,
            "legend": legend,
            "picture": picture,
            "tabs": [],
            "acts": acts,
            "facts": [fact for fact in facts if fact[1]],
        },
        [table, *told],
        trail=trail,
        mark="note" if pool.total.utilization >= 0.9 else "",
        under=called(pool.organization),
    )


def _pool(visit: Visit) -> tuple[Plane, Pool, RegisteredPrefix]:
    text = visit.path["prefix"]
    missing = Missing("there is no pool {pool}", "no registered prefix is written so", "/pools", pool=text[:80])
    if visit.path["plane"] not in list(visit.every_plane):
        raise missing
    plane = Plane(visit.path["plane"])
    try:
        span = parsed(text[:100])
    except ValueError as error:
        raise missing from error
    for pool in ledger.pools(visit.desk.store, plane, span):
        entry = visit.desk.register.prefix_of(plane).get(pool.prefix)
        if pool.span == span and entry is not None and visit.sees(plane, pool.organization):
            return plane, pool, entry
    raise missing


def _inside(around: Span, text: str) -> Span:
    try:
        span = parsed(text)
    except ValueError as error:
        raise NetopsError("the page was not shown", "{why}", "write a prefix such as 10.20.0.0/16", why=error) from error
    if not around.holds(span):
        raise Missing("{span} was not shown", "it does not lie in {pool}", "", span=text, pool=str(around))
    return span


def _said(span: Span) -> str:
    return str(span)


def _blocks(visit: Visit, plane: Plane, pool: Pool, span: Span) -> tuple[list[Square], list[tuple[str, str, str]]]:
    """By blocks of 256 addresses, or as many as make a picture."""
    block = 8
    while span.size >> block > BLOCKS:
        block += 4
    filled: list[dict[TileState, int]] = visit.remember(
        ("filled", plane, span, block),
        60.0,
        lambda: tiles.filled(visit.desk.store, plane, span, block),
        late=span.size > 1 << 16,
    )
    squares, size = [], 1 << block
    here, left = path("pools", plane, pool.prefix), _("{count} free")
    states = [
        (TileState.ACTIVE, _("{count} allocated")),
        (TileState.RESERVED, _("{count} reserved")),
        (TileState.QUARANTINE, _("{count} at rest")),
    ]
    for place, counts in enumerate(filled):
        part = str(Span(first := span.first + place * size, first + size - 1))
        used, held, rest = (counts.get(state, 0) for state, _said in states)
        told = [said.format(count=counts[state]) for state, said in states if state in counts]
        tip = "\n".join((part, *told, left.format(count=size - used - held - rest)))
        squares.append(
            Square(
                f"{here}?in={part.replace('/', '%2F')}",
                tip,
                used=_percent(used, size),
                held=_percent(held, size),
                rest=_percent(rest, size),
                number=str(first >> 8 & 255) if block == 8 and is_ipv4(first) else "",
            )
        )
    return squares, [
        ("active", "", _("active")),
        ("reserved", "R", _("reserved")),
        ("quarantine", "Q", _("quarantine")),
        ("free", "", _("free")),
    ]


def _aside(visit: Visit, plane: Plane, span: Span) -> dict[str, str]:
    """What registered prefixes set aside in *span*: run to what for."""
    found: dict[str, str] = {}
    for entry in visit.desk.register.of(plane).prefixes:
        if entry.set_aside and span.meets(parsed(entry.prefix)):
            found |= {str(one): kind for one, kind in ranges(entry)}
    return found


def _holders(visit: Visit, laid: list[Tile]) -> dict[str, Allocation]:
    """The allocations that hold these tiles, by number."""
    return holdings.named(visit.desk.store, [tile.allocation for tile in laid if tile.allocation])


def _state(tile: Tile, pool: Pool, aside: Mapping[str, str]) -> str:
    if tile.state is not TileState.FREE:
        return str(tile.state)
    kind = aside.get(tile.pool)
    if kind:
        return "set aside" if kind == "reserved" else kind
    return "free" if tile.pool == pool.prefix else "inside"


def _addresses(
    visit: Visit, plane: Plane, pool: Pool, entry: RegisteredPrefix, span: Span
) -> tuple[list[Square], list[tuple[str, str, str]]]:
    """One by one: who has it and why, and whether somebody uses it."""
    laid, aside = tiles.layout(visit.desk.store, plane, span), _aside(visit, plane, span)
    holders = _holders(visit, laid)
    used = set() if visit.own else _in_use(visit, plane, span)
    squares: list[Square] = []
    there = set()
    for tile in laid:
        state, holder = _state(tile, pool, aside), holders.get(tile.allocation)
        there.add(state)
        mine = holder is not None and visit.sees(plane, holder.organization)
        told = _tip(holder) if mine and holder else [_(WORDS.get(state, state))]
        href = path("allocations", holder.id) if mine and holder else ""
        for number in range(tile.span.first, tile.span.last + 1):
            seen = number in used and state not in ("active", "gateway")
            address = written(number)
            tip = "\n".join((address, *told, *([_("in use, and nobody's")] if seen else [])))
            squares.append(
                Square(
                    href or path("who", q=address),
                    tip,
                    CLASSES.get(state, state),
                    LETTERS.get(state, ""),
                    seen=seen,
                    number=re.split(r"[.:]", address)[-1],
                )
            )
    order = [state for state in WORDS if state in there]
    return squares, [(CLASSES.get(state, state), LETTERS[state], _(WORDS[state])) for state in order]


def _in_use(visit: Visit, plane: Plane, span: Span) -> set[int]:
    """Addresses that somebody uses, as far as that is known already: gathering it for a large plane takes a while."""
    desk, whole = visit.desk, Span(0, TOP - 1)
    known = visit.shelf.soon(("in use", plane), 300.0, lambda: sorted(allocate.used_in(desk, plane, whole))) or []
    return set(known[bisect_left(known, span.first) : bisect_right(known, span.last)])


def _tip(one: Allocation) -> list[str]:
    return [
        text
        for text in (
            called(one.organization),
            one.declaration,
            one.purpose,
            one.device,
            one.mac,
            f"{one.id} · {_(one.state)} · {words.time(one.since, '%Y-%m-%d')}",
        )
        if text
    ]


def _list(visit: Visit, plane: Plane, pool: Pool, entry: RegisteredPrefix, span: Span) -> Table:
    """Free space and allocations in one list, by address."""
    start = span
    if after := visit.asked("after"):
        start = Span(min(max(_inside(span, after).first, span.first), span.last), span.last)
    found = tiles.some(visit.desk.store, plane, start, LIMIT + 1)
    aside = _aside(visit, plane, span)
    shown_ = found[:LIMIT]
    holders = _holders(visit, shown_)
    rows = [_run(visit, plane, pool, tile, holders.get(tile.allocation), aside) for tile in shown_]
    more = visit.here(after=written(found[LIMIT].span.first)) if len(found) > LIMIT else ""
    return Table(
        "space",
        _("Free space and allocations"),
        [
            _("addresses"),
            _("count"),
            _("state"),
            _("organization"),
            _("declaration"),
            _("purpose"),
            _("device"),
            _("MAC"),
            _("allocation"),
            _("since"),
        ],
        rows,
        _("Nothing lies here."),
        frozenset({1}),
        more=more,
        before=visit.here(after=None) if after else "",
        csv=visit.here(format="csv", table="space"),
    )


def _run(
    visit: Visit, plane: Plane, pool: Pool, tile: Tile, holder: Allocation | None, aside: Mapping[str, str]
) -> list[str | Cell]:
    state = _state(tile, pool, aside)
    mark = {"active": "good", "reserved": "note", "quarantine": "note"}.get(state, "open")
    text = str(tile.span) if tile.span.size > 1 else written(tile.span.first)
    head: list[str | Cell] = [
        Cell(text, path("who", q=text) if tile.span.size == 1 else "", short=True),
        words.count(tile.span.size),
        Cell(_(WORDS.get(state, state)), mark=mark, short=True),
    ]
    if holder is None or not visit.sees(plane, holder.organization):
        return [*head, Cell("—"), "", "", "", "", "", ""]
    return [
        *head,
        words.organization(holder.organization),
        Cell(holder.declaration, path("declarations", holder.declaration)),
        holder.purpose,
        holder.device,
        holder.mac,
        Cell(holder.id, path("allocations", holder.id), short=True),
        Cell(words.time(holder.since, "%Y-%m-%d"), short=True),
    ]


PAGES = (
    Page("/pools", Deed.READ, listed),
    Page("/pools/{plane}/{prefix:path}", Deed.READ, show),
)
