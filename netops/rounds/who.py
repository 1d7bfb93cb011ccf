"""Who (查询): whose is an address, a card, a device, a name or a paper, where, by what right; now or years ago."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from netops.addresses import holdings, sources
from netops.addresses.allocation import HOLDING, Allocation, AllocationState
from netops.addresses.mention import Mention
from netops.addresses.reading import plain, spelled
from netops.addresses.span import Span, number, parsed, shown
from netops.core import docket
from netops.core.errors import Missing
from netops.core.permission import Deed, Principal
from netops.core.plane import Plane
from netops.desk import Desk
from netops.register import Register
from netops.registers import entries
from netops.registers.entry import Entry
from netops.registers.intake import NUMBER
from netops.rounds import look
from netops.rounds.matching import MATCHES, Match, matches
from netops.topology import whereabouts
from netops.topology.sightings import SightingSpan

MOST = 50
"""Records of a kind that one answer shows, the newest; *more* says that there are others."""
LONGEST = 200
"""Characters of a question."""
EARLIER = 20
"""Older versions of the register that are looked through for what is no longer there."""


class Move(msgspec.Struct, frozen=True):
    """A card at one place with one address, from when to when, and who says so."""

    mac: str
    ip: str
    place: str
    source: str
    since: datetime
    until: datetime


class Answer(msgspec.Struct, omit_defaults=True):
    """
    Everything known about one thing in one plane.

    Args:
        what: address, prefix, mac, name, device, organization, declaration, document, record, or matches.
        organization: code of whose it is, or "" when nobody's.
        allocation: the one that holds (or held, at a past time) the address.
        history: other allocations of it, oldest first: those that were given back too.
        sightings: where the walk saw it, each with its span; *mentions*: what other sources told, each with its span.
        near: at a past time when nobody saw it: the last sighting before, the first one after.
        names: host names that it gave.
        moves: where its card was, one after another.
        segments: prefixes and exits that rest on a document.
        record: the record of a register that is called so.
        deleted: it stands in an earlier register only; the time is when that one came into force.
        more: there is more than is shown.
    """

    query: str
    what: str
    plane: str = ""
    organization: str = ""
    organization_name: str = ""
    at: datetime | None = None
    segment: dict[str, Any] | None = None
    allocation: Allocation | None = None
    device: dict[str, Any] | None = None
    names: list[str] = []
    history: list[Allocation] = []
    sightings: list[SightingSpan] = []
    mentions: list[Mention] = []
    near: list[SightingSpan] = []
    moves: list[Move] = []
    segments: list[dict[str, Any]] = []
    declarations: list[Any] = []
    findings: list[dict[str, Any]] = []
    record: Entry | None = None
    matches: list[Match] = []
    deleted: datetime | None = None
    more: bool = False


def who(desk: Desk, query: str) -> list[Answer]:
    """
    Whose is it, where is it, and by what right: one answer for each plane or record that knows it.

    Raises:
        Missing: nothing knows it.
    """
    text = plain(query.strip(), LONGEST)
    answers: list[Answer] = []
    for ask in (_exact, _named, _deleted, _incomplete) if text else ():
        answers = answers or ask(desk, text)
    if not answers:
        raise Missing(
            "nobody knows {query}",
            "it is in no register, ledger, walk or lease",
            "ask for an address, a MAC, a device, a host name, the number of a declaration or document, or an organization;"
            " the beginning of one will do",
            query=query,
        )
    return answers


def told_to(asked: Principal, answers: Iterable[Answer]) -> list[Answer]:
    """
    What of the answers somebody may be told.

    Nobody hears of a plane that is not theirs; a department hears of what is its own, and of nothing else: not who had
    its addresses before, nor what was found at others.
    """
    return [_bound(asked, one) for one in answers if _may_know(asked, one)]


def _may_know(asked: Principal, one: Answer) -> bool:
    if one.what == "matches":
        return any(_is_told(asked, each.plane, each.organization) for each in one.matches)
    if one.plane and Plane(one.plane) not in asked.planes:
        return False
    return not asked.organization or (bool(one.organization) and one.organization == asked.organization)


def _is_told(asked: Principal, plane: str, organization: str) -> bool:
    return asked.may(Deed.READ, Plane(plane) if plane else None, organization)


def _bound(asked: Principal, one: Answer) -> Answer:
    def mine(records: Iterable[Any]) -> list[Any]:
        return [each for each in records if _is_told(asked, each.plane, each.organization)]

    told = msgspec.structs.replace(
        one, matches=mine(one.matches), history=mine(one.history), declarations=mine(one.declarations),
        findings=[each for each in one.findings if _is_told(asked, each["plane"], each["organization"])],
    )  # fmt: skip
    if asked.organization:
        told.segments = [each for each in told.segments if each.get("organization") == asked.organization]
        told.moves = []
        if told.allocation and told.allocation.organization != asked.organization:
            told.allocation = None
    return told


def _exact(desk: Desk, text: str) -> list[Answer]:
    """What is written as an address, a prefix or a MAC."""
    if mac := spelled(text):
        return [answer for plane in desk.planes if (answer := _mac(desk, plane, mac))]
    try:
        span = parsed(text)
    except ValueError:
        return []
    if span.size == 1:
        return [answer for plane in desk.planes if (answer := _address(desk, plane, span.first))]
    return [answer for plane in desk.planes if (answer := _prefix(desk, plane, span))]


# ---- an address
def _address(desk: Desk, plane: Plane, address: int) -> Answer | None:
    ip, at, register = shown(address), desk.at, desk.register.of(plane)
    answer = Answer(ip, "address", plane, at=at)
    answer.segment = _segment(register, address)
    answer.organization = answer.segment["organization"] if answer.segment else ""
    _allocated(answer, holdings.around(desk.store, plane, address), at)
    answer.sightings = whereabouts.seen(desk.store, plane, ip=ip, at=at, limit=MOST)
    answer.mentions = sources.about(desk.store, plane, ip=ip, at=at, limit=MOST)
    if at is not None and not answer.sightings:
        answer.near = whereabouts.nearest(desk.store, plane, at, ip=ip)
    for one in whereabouts.holders(desk.store, plane, address=ip, at=at):
        answer.device = {"name": one.device, "interface": one.interface, "at": one.at, "stale": one.stale}
        entry = register.device.get(one.device)
        answer.organization = entry.organization if entry else answer.organization
    if not _is_known(answer) and not _is_inside(desk, plane, address):
        return None
    return _completed(desk, answer, {ip})


def _is_known(answer: Answer) -> bool:
    return bool(
        answer.segment
        or answer.allocation
        or answer.history
        or answer.sightings
        or answer.mentions
        or answer.device
    )


def _is_inside(desk: Desk, plane: Plane, address: int) -> bool:
    return any(span.first <= address <= span.last for span in map(parsed, desk.config.planes[plane].nets))


def _segment(register: Register, address: int) -> dict[str, Any] | None:
    """The innermost registered prefix of an address."""
    around = ((parsed(entry.prefix), entry) for entry in register.prefixes)
    found = [(span.size, entry) for span, entry in around if span.first <= address <= span.last]
    return msgspec.to_builtins(min(found, key=lambda one: one[0])[1]) if found else None


def _allocated(answer: Answer, found: list[Allocation], at: datetime | None) -> None:
    """Who holds it, or held it then; everybody else who ever did."""
    for one in found:
        then = at is not None and one.since <= at and (one.until is None or one.until > at)
        if then or (at is None and one.state in HOLDING):
            answer.allocation, answer.organization = one, one.organization or answer.organization
    before = [one for one in found if one is not answer.allocation and (at is None or one.since <= at)]
    answer.history = before[-MOST:]
    if at is not None and answer.allocation and answer.allocation.until:  # as it stood then
        answer.allocation = msgspec.structs.replace(
            answer.allocation, state=AllocationState.ACTIVE, until=None, cause="", free_after=None
        )


def _prefix(desk: Desk, plane: Plane, span: Span) -> Answer | None:
    """A prefix or a range: the segment around it, and what is allocated inside."""
    from netops.addresses import ledger

    answer = Answer(str(span), "prefix", plane, at=desk.at)
    answer.segment = _segment(desk.register.of(plane), span.first)
    answer.organization = answer.segment["organization"] if answer.segment else ""
    found = ledger.allocations(desk.store, plane, desk.at, within=span)
    answer.history, answer.more = found[:MOST], len(found) > MOST
    return _completed(desk, answer, {str(span)}) if answer.segment or found else None


# ---- a card, a host name
def _mac(desk: Desk, plane: Plane, mac: str) -> Answer | None:
    at = desk.at
    answer = Answer(mac, "mac", plane, at=at)
    answer.sightings = whereabouts.seen(desk.store, plane, mac=mac, at=at, limit=MOST)
    answer.mentions = sources.about(desk.store, plane, mac=mac, at=at, limit=MOST)
    if at is not None and not answer.sightings:
        answer.near = whereabouts.nearest(desk.store, plane, at, mac=mac)
    if not answer.sightings:
        for one in whereabouts.holders(desk.store, plane, mac=mac, at=at):
            answer.device = {"name": one.device, "interface": one.interface, "at": one.at, "stale": one.stale}
            entry = desk.register.of(plane).device.get(one.device)
            answer.organization = entry.organization if entry else answer.organization
    if not (answer.sightings or answer.mentions or answer.near or answer.device):
        return None
    answer.moves = moves(answer.sightings)
    ips = [one.ip for one in answer.mentions if one.ip] + [one.ip for one in answer.sightings if one.ip]
    if ips and not answer.organization and (known := _address(desk, plane, number(ips[-1]))):
        answer.organization, answer.allocation, answer.segment = (
            known.organization,
            known.allocation,
            known.segment,
        )
    return _completed(desk, answer, {mac, *ips})


def moves(seen: Iterable[SightingSpan]) -> list[Move]:
    """Where a card was, in the order of time; the same place and address again is one stay."""
    found: list[Move] = []
    for one in sorted(seen, key=lambda one: (one.first_seen, one.last_seen)):
        place = f"{one.switch} {one.port}".strip()
        last = found[-1] if found else None
        if last is not None and (last.ip, last.place) == (one.ip, place):
            found[-1] = msgspec.structs.replace(last, until=max(last.until, one.last_seen))
        else:
            found.append(
                Move(one.mac, one.ip, place, one.device or one.switch, one.first_seen, one.last_seen)
            )
    return found


def _host(desk: Desk, text: str) -> list[Answer]:
    """A host name that some lease or table has."""
    answers = []
    for plane in desk.planes:
        told = sources.about(desk.store, plane, name=text, at=desk.at, limit=MOST)
        if told:
            answer = Answer(text, "name", plane, at=desk.at, mentions=told)
            if known := _address(desk, plane, number(told[-1].ip)):
                answer.organization, answer.allocation, answer.segment = (
                    known.organization, known.allocation, known.segment,
                )  # fmt: skip
                answer.sightings = [one for one in known.sightings if one.mac == told[-1].mac]
            answers.append(
                _completed(desk, answer, {text, *(one.ip for one in told), *(one.mac for one in told)} - {""})
            )
    return answers


# ---- names and numbers
def _named(desk: Desk, text: str) -> list[Answer]:
    """What is called so: a device, an organization, a paper, an allocation, a host."""
    return [
        *_devices(desk, desk.register, text),
        *_organizations(desk, desk.register, text),
        *_papers(desk, text),
        *_records(desk, text),
        *_host(desk, text),
    ]


def _devices(desk: Desk, register: Register, text: str) -> Iterator[Answer]:
    for device in register.devices:
        if device.name == text and device.plane in desk.planes:
            known = whereabouts.state(desk.store, device.plane, text, desk.at)
            answer = Answer(text, "device", device.plane, device.organization, at=desk.at)
            answer.device = {**msgspec.to_builtins(device), **known}
            yield _completed(desk, answer, {text})


def _organizations(desk: Desk, register: Register, text: str) -> Iterator[Answer]:
    for one in register.organizations:
        if text in (one.code, one.name_zh, one.name_en):
            answer = Answer(text, "organization", "", one.code, at=desk.at)
            held = holdings.under(desk.store, organization=one.code, limit=MOST)
            answer.history = [
                given for given in held if given.plane in desk.planes and _held_at(given, desk.at)
            ]
            yield _completed(desk, answer, {one.code})


def _held_at(one: Allocation, at: datetime | None) -> bool:
    if at is None:
        return one.state in HOLDING
    return one.since <= at and (one.until is None or one.until > at)


def _papers(desk: Desk, text: str) -> Iterator[Answer]:
    """A declaration, an allocation by its number, or a document that grants prefixes or files an exit."""
    from netops.declarations import filings

    number_ = text.upper() if text.isascii() else text
    for wanted in dict.fromkeys((text, number_)):
        try:
            one = filings.one(desk.store, wanted, desk.at)
        except Missing:
            continue
        if one.plane in desk.planes:
            answer = Answer(
                wanted, "declaration", one.plane, one.organization, at=desk.at, declarations=[one]
            )
            answer.history = holdings.under(desk.store, declaration=wanted, limit=MOST)
            yield _completed(desk, answer, {wanted})
        return
    if re.fullmatch(r"AL-\d+", number_):
        try:
            held = holdings.one(desk.store, number_)
        except Missing:
            return
        if held.plane in desk.planes:
            answer = Answer(number_, "allocation", held.plane, held.organization, at=desk.at, allocation=held)
            yield _completed(desk, answer, {number_})
        return
    yield from _documents(desk, text)


def _documents(desk: Desk, text: str) -> Iterator[Answer]:
    for plane in desk.planes:
        register = desk.register.of(plane)
        found = [
            msgspec.to_builtins(one) for one in register.prefixes if one.granted_by and one.granted_by == text
        ]
        found += [msgspec.to_builtins(one) for one in register.exits if one.filing and one.filing == text]
        if found:
            answer = Answer(
                text, "document", plane, found[0]["organization"], at=desk.at, segments=found[:MOST]
            )
            answer.more = len(found) > MOST
            yield _completed(desk, answer, {text})


def _records(desk: Desk, text: str) -> Iterator[Answer]:
    """A record of a register, by its number."""
    if not NUMBER.fullmatch(text):
        return
    with suppress(Missing):
        one = entries.one(desk.store, text, desk.at)
        if one.plane in desk.planes:
            answer = Answer(one.number, "record", one.plane, one.organization, at=desk.at, record=one)
            yield _completed(desk, answer, {one.number})


def _deleted(desk: Desk, text: str) -> list[Answer]:
    """A device or an organization that an earlier register had."""
    if desk.at is not None:
        return []
    for since, register in _earlier(desk):
        found = [*_devices(desk, register, text), *_organizations(desk, register, text)]
        for answer in found:
            answer.deleted = since
            answer.organization_name = register.name(answer.organization)
        if found:
            return found
    return []


def _earlier(desk: Desk) -> Iterator[tuple[datetime, Register]]:
    """Registers that were in force before the present one, newest first."""
    from netops.core import applied
    from netops.register import restore

    for one in applied.earlier(desk.store, EARLIER):
        if one.at is not None:
            yield one.at, restore(one.content)


# ---- what is not complete
def _incomplete(desk: Desk, text: str) -> list[Answer]:
    """Everything that begins so, or whose name has it inside; the answer itself when it can only be one."""
    if len(text) < 2:
        return []
    found = list(dict.fromkeys(matches(desk, text)))
    if not found:
        return []
    if len({(one.what, one.text) for one in found}) == 1:
        return _exact(desk, found[0].text) or _named(desk, found[0].text)
    return [Answer(text, "matches", at=desk.at, matches=found[:MATCHES], more=len(found) > MATCHES)]


# ---- what belongs to every answer
def _completed(desk: Desk, answer: Answer, names: set[str]) -> Answer:
    """With the organization's name and declarations, host names, and the findings that name it."""
    from netops.declarations import filings

    code = answer.organization
    answer.organization_name = _called(desk, code)
    answer.names = list(dict.fromkeys(one.name for one in answer.mentions if one.name))
    answer.more = answer.more or len(answer.sightings) >= MOST or len(answer.mentions) >= MOST
    if code and not answer.declarations:
        declared = filings.listed(desk.store, organization=code, at=desk.at)
        answer.declarations = [one for one in declared if not answer.plane or one.plane == answer.plane][
            :MOST
        ]
    owner = code if answer.what == "organization" else ""
    for finding in docket.naming(desk.store, names, organization=owner, at=desk.at, limit=MOST):
        if finding.plane in desk.planes and answer.plane in ("", finding.plane):
            answer.findings.append(look.finding_record(finding))
    return answer


def _called(desk: Desk, code: str) -> str:
    """What people call an organization; one that is no longer registered by its last name."""
    if not code or code in desk.register.organization:
        return desk.register.name(code) if code else ""
    for _, register in _earlier(desk):
        if code in register.organization:
            return register.name(code)
    return code
