"""Questions that cross rooms: what a rule says, whose something is, and how everything stands."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

import msgspec
from netaddr import AddrFormatError, IPAddress

from netops.core import docket
from netops.core.errors import Missing
from netops.core.finding import ROOMS, STANDING, Finding, Rule
from netops.core.language import _, called
from netops.core.plane import Plane
from netops.desk import Desk
from netops.register import parsed_net


# ---- rules and findings
@cache
def _rules_of(room: str) -> dict[str, Rule]:
    """One room's rules; empty for a room that has none yet."""
    try:
        module = import_module(f"netops.{room}.rules")
    except ModuleNotFoundError as error:
        if error.name not in (f"netops.{room}", f"netops.{room}.rules"):
            raise
        return {}
    found: dict[str, Rule] = module.RULES
    return found


def rules() -> dict[str, Rule]:
    """Every rule of every room, by code."""
    found = [_rules_of(room) for room in sorted(set(ROOMS.values()))]
    return dict(sorted((code, one) for room in found for code, one in room.items()))


def rule_of(finding: Finding) -> Rule:
    """The rule that concluded it; only its own room is imported."""
    return _rules_of(ROOMS[finding.code[:2]])[finding.code]


def rule(code: str) -> Rule:
    """
    The rule with this code, or with this kind.

    Raises:
        Missing: there is none.
    """
    wanted = code.strip()
    for one in rules().values():
        if wanted.upper() == one.code or wanted == one.kind:
            return one
    raise Missing("there is no rule {code}", "", "netops explain lists them", code=code)


def title(finding: Finding) -> str:
    """What the finding says, in the language in use."""
    return _filled(rule_of(finding).title, finding.facts)


def because(finding: Finding) -> str:
    """Why it says so, in the language in use."""
    return _filled(rule_of(finding).because, finding.facts)


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


WORDS = ("plane", "severity", "state", "kind", "role", "verdict", "grade")
"""Facts that are words of ours; everything else is a name, a number or an address, and is shown as it is."""


ORGANIZATIONS = ("organization", "holder")
"""Facts that are codes of organizations, shown by their names."""


def _filled(message: str, facts: dict[str, str]) -> str:
    return _(message).format_map(_Facts({name: _told(name, value) or "—" for name, value in facts.items()}))


def _told(name: str, value: str) -> str:
    if name in ORGANIZATIONS:
        return called(value)
    return _(value) if name in WORDS else value


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding as the contract of DESIGN §4 has it."""
    kept = {name: getattr(finding, name) for name in Finding.__struct_fields__ if name != "facts"}
    return {**kept, "title": title(finding), "because": because(finding)}


# ---- who
class Answer(msgspec.Struct, omit_defaults=True):
    """
    Everything known about one address, MAC, device or organization.

    Args:
        what: address, mac, device or organization.
        organization: code of whose it is, or "" when nobody's.
    """

    query: str
    what: str
    plane: str = ""
    organization: str = ""
    organization_name: str = ""
    segment: dict[str, Any] | None = None
    allocation: Any = None
    device: dict[str, Any] | None = None
    sightings: list[Any] = []
    declarations: list[Any] = []
    findings: list[dict[str, Any]] = []


def who(desk: Desk, query: str) -> list[Answer]:
    """
    Whose is it, where is it, and by what right: one answer for each plane or record that knows it.

    Raises:
        Missing: nothing knows it.
    """
    text = query.strip()
    if re.fullmatch(r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}", text):
        answers = _who_mac(desk, text)
    else:
        try:
            answers = _who_address(desk, IPAddress(text))
        except (AddrFormatError, ValueError):
            answers = _who_name(desk, text)
    if not answers:
        raise Missing(
            "nobody knows {query}",
            "it is in no register, allocation or walk",
            "ask for an address, a MAC, a device name, or the code or name of an organization",
            query=query,
        )
    return answers


def _who_address(desk: Desk, address: IPAddress) -> list[Answer]:
    from netops.addresses import ledger
    from netops.topology import snapshots

    answers = []
    for plane in desk.planes:
        answer = Answer(str(address), "address", plane)
        nets = [net for text in desk.config.planes[plane].nets if (net := parsed_net(text))]
        for prefix in sorted(
            desk.register.of(plane).prefixes, key=lambda entry: int(entry.prefix.split("/")[1])
        ):
            net = parsed_net(prefix.prefix)
            if net is not None and address in net:
                answer.segment = msgspec.to_builtins(prefix)
                answer.organization = prefix.organization
        for allocation in ledger.allocations(desk.store, plane, desk.at):
            if _within(address, allocation.first, allocation.last) and allocation.state != "released":
                answer.allocation, answer.organization = allocation, allocation.organization
        answer.sightings = [
            one for one in snapshots.sightings(desk.store, plane, None) if one.ip == str(address)
        ]
        for view in snapshots.latest(desk.store, plane, desk.at):
            for held in view.addresses:
                if held.address == str(address):
                    answer.device = {
                        "name": view.name,
                        "interface": held.interface,
                        "at": view.at,
                        "stale": view.stale,
                    }
                    entry = desk.register.device.get(view.name)
                    answer.organization = entry.organization if entry else answer.organization
        if (
            answer.segment
            or answer.allocation
            or answer.sightings
            or answer.device
            or any(address in net for net in nets)
        ):
            answers.append(_completed(desk, answer, {str(address)}))
    return answers


def _within(address: IPAddress, first: str, last: str) -> bool:
    return bool(IPAddress(first) <= address <= IPAddress(last))


def _who_mac(desk: Desk, text: str) -> list[Answer]:
    from netops.topology import snapshots

    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    mac = ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    answers = []
    for plane in desk.planes:
        answer = Answer(mac, "mac", plane)
        answer.sightings = [one for one in snapshots.sightings(desk.store, plane, None) if one.mac == mac]
        for view in snapshots.latest(desk.store, plane, desk.at):
            for interface in view.interfaces:
                if interface.mac == mac:
                    answer.device = {
                        "name": view.name,
                        "interface": interface.name,
                        "at": view.at,
                        "stale": view.stale,
                    }
        if answer.sightings or answer.device:
            for one in answer.sightings[-1:]:
                if one.ip:
                    found = [known for known in _who_address(desk, IPAddress(one.ip)) if known.plane == plane]
                    answer.organization = found[0].organization if found else ""
            answers.append(_completed(desk, answer, {mac, *(one.ip for one in answer.sightings if one.ip)}))
    return answers


def _who_name(desk: Desk, text: str) -> list[Answer]:
    from netops.topology import snapshots

    answers = []
    for device in desk.register.devices:
        if device.name == text:
            view = next(
                (view for view in snapshots.latest(desk.store, device.plane, desk.at) if view.name == text),
                None,
            )
            seen = {"interfaces": len(view.interfaces), "at": view.at, "stale": view.stale} if view else {}
            answer = Answer(
                text,
                "device",
                device.plane,
                device.organization,
                device={**msgspec.to_builtins(device), **seen},
            )
            answers.append(_completed(desk, answer, {text}))
    named = (one.code for one in desk.register.organizations if text in (one.code, one.name_zh, one.name_en))
    return answers + [_completed(desk, Answer(text, "organization", "", code), {code}) for code in named]


def _completed(desk: Desk, answer: Answer, names: set[str]) -> Answer:
    """With the organization's name and declarations, and the findings that name it."""
    from netops.declarations import filings

    answer.organization_name = desk.register.name(answer.organization)
    if answer.organization:
        answer.declarations = [
            one
            for one in filings.listed(desk.store, organization=answer.organization)
            if not answer.plane or one.plane == answer.plane
        ]
    for finding in docket.listed(desk.store, state=STANDING):
        if answer.plane and finding.plane != answer.plane:
            continue
        about = (
            finding.organization == answer.organization
            if answer.what == "organization"
            else names & _mentioned(finding.subject)
        )
        if about:
            answer.findings.append(finding_record(finding))
    return answer


def _mentioned(value: Any) -> set[str]:
    """Every text in a subject, however deep."""
    if isinstance(value, dict):
        return {text for inner in value.values() for text in _mentioned(inner)}
    if isinstance(value, list | tuple):
        return {text for inner in value for text in _mentioned(inner)}
    return {str(value)}


# ---- status
class PlaneStatus(msgspec.Struct):
    """
    How one plane stands; every number is a count, utilization a ratio.

    Args:
        unwalked: registered devices that nobody has asked yet.
        unreachable: registered devices that did not answer last time.
    """

    plane: Plane
    devices: int
    unwalked: int
    unreachable: list[str]
    pools: int
    utilization: float
    declarations: dict[str, int]
    exits: dict[str, int]
    incidents: dict[str, int]
    findings: dict[str, int]
    by_room: dict[str, int]
    next_deadline: datetime | None
    next_deadline_of: str
    rounds: dict[str, Any]

    @property
    def is_seen(self) -> bool:
        """Whether every registered device answered: what was not seen is never called in order."""
        return bool(self.devices) and not self.unwalked and not self.unreachable


def status(desk: Desk) -> list[PlaneStatus]:
    """How each served plane stands."""
    from netops.addresses import ledger
    from netops.declarations import filings
    from netops.incidents import casebook
    from netops.rounds import diary
    from netops.topology import snapshots

    findings = docket.listed(desk.store, state=STANDING)
    reachable = snapshots.reachable(desk.store)
    runs = diary.last(desk.store)
    standing = []
    for plane in desk.planes:
        register = desk.register.of(plane)
        pools = ledger.pools(desk.store, plane)
        size = sum(pool.size for pool in pools)
        mine = [finding for finding in findings if finding.plane is plane]
        incidents = casebook.listed(desk.store, plane=plane, open_only=True)
        clocks = sorted(
            (deadline.due, incident.number)
            for incident in incidents
            for deadline in incident.deadlines
            if deadline.stopped is None
        )
        standing.append(
            PlaneStatus(
                plane,
                len(register.devices),
                sum(
                    bool(device.snmp) and (plane, device.name) not in reachable for device in register.devices
                ),
                [device.name for device in register.devices if reachable.get((plane, device.name)) is False],
                len(pools),
                sum(pool.allocated for pool in pools) / size if size else 0.0,
                _counted(one.state for one in filings.listed(desk.store) if one.plane == plane),
                _counted(one.kind for one in register.exits),
                _counted(one.grade for one in incidents),
                _counted(one.severity for one in mine),
                _counted(ROOMS[one.code[:2]] for one in mine),
                clocks[0][0] if clocks else None,
                clocks[0][1] if clocks else "",
                {name: {"outcome": run.outcome, "ended": run.ended} for name, run in runs.items()},
            )
        )
    return standing


def _counted(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[str(name)] = counts.get(str(name), 0) + 1
    return counts
