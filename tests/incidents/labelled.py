"""Labelled findings for folding: events of a generated city, each seen through several findings; how pairs are kept together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.core import applied, docket, journal
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, State
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook
from netops.incidents.incident import Stage
from netops.register import Register
from netops.rounds import look, triage
from netops.topology.device import RegisteredDevice

EVENTS = {
    "exit": (("EG-101", "device"), ("EG-403", "ip"), ("EG-404", "port"), ("EG-402", "ip"), ("EG-403", "card")),
    "address": (("AD-102", "ip"), ("AD-101", "ip"), ("AD-104", "ip"), ("EG-401", "port"), ("AD-101", "card")),
    "backbone": (("TP-101", "ends"), ("TP-101", "ends")),
}
"""Kind of event to the rules that see it, and what each names; one of them opens an incident by itself."""


class Site(msgspec.Struct, frozen=True):
    """One organization at one place: a router, a switch and a segment of its own."""

    organization: str
    place: str
    router: str
    switch: str
    net: int


def city(organizations: int, seed: int) -> tuple[Register, list[Site]]:
    """So many organizations at one to three sites; every fifth shares the government centre with others."""
    chance = random.Random(seed)
    bodies, devices, prefixes, sites = [], [], [], []
    for number in range(organizations):
        code = f"org{number}"
        bodies.append(Organization(code=code, name_zh=f"示例单位{number}", name_en=f"Office {number}"))
        for turn in range(chance.choice((1, 1, 2, 3))):
            place = "市政务中心 A 座" if turn == 0 and chance.random() < 0.3 else f"{number} 号楼 {turn} 区"
            net = len(sites)
            one = Site(code, place, f"r-{code}-{turn}", f"sw-{code}-{turn}", net)
            sites.append(one)
            for name, role in ((one.router, "edge"), (one.switch, "switch")):
                devices.append(RegisteredDevice(name=name, plane=Plane.EXTRANET, address=f"10.255.{net // 200}.{net % 200 + 1}",
                                                role=role, organization=code, site=place))  # fmt: skip
            prefixes.append(RegisteredPrefix(f"10.{net // 256}.{net % 256}.0/24", PrefixRole.POOL, code, plane=Plane.EXTRANET,
                                             gateway=one.router, switch=one.switch))  # fmt: skip
    return Register(organizations=tuple(bodies), devices=tuple(devices), prefixes=tuple(prefixes)), sites


def conclusions(sites: list[Site], chance: random.Random, wave: int) -> Iterator[tuple[str, Conclusion]]:
    """
    The events of one wave, finding by finding, with the label of the event.

    Hard cases: the same cause at two sites of one organization at once; several organizations in one building; two causes at
    one site; findings that nobody's organization is told for, or whose place nothing tells.
    """
    at = START + wave * timedelta(days=30)
    for site in sites:
        for kind, seen in EVENTS.items():
            if chance.random() > 0.5:
                continue
            label = f"{wave}/{site.organization}/{site.net}/{kind}"
            for turn in range(chance.randrange(2, 9)):
                code, names = seen[turn % len(seen)]
                organization = site.organization if chance.random() > 0.02 else ""
                subject = _subject(site, names, turn, chance, placed=chance.random() > 0.01)
                proof = Evidence("flow", site.router, code, {"label": label, "turn": turn}, at)
                one = Conclusion(code, Plane.EXTRANET, subject, organization, {}, (proof,), at, identity=f"{label}/{turn}")
                yield label, one


START = datetime.fromisoformat("2026-03-02T08:00:00+08:00")


def _subject(site: Site, names: str, turn: int, chance: random.Random, *, placed: bool) -> dict[str, object]:
    """What a finding names; one whose place nothing tells names an address outside every segment, or no known device."""
    host = chance.randrange(2, 250)
    ip = f"10.{site.net // 256}.{site.net % 256}.{host}" if placed else f"172.16.{turn}.{host}"
    mac = f"02:00:{site.net >> 8:02x}:{site.net & 255:02x}:{turn:02x}:{host:02x}"
    known = (lambda name: name) if placed else (lambda name: f"{name}-unknown")
    match names:
        case "device":
            return {"device": known(site.router), "interface": f"ge{turn}"}
        case "ip":
            return {"ip": ip, "mac": mac}
        case "port":
            return {"switch": known(site.switch), "port": f"p{host}", "mac": mac}
        case "card":
            return {"mac": mac, "ip": ip}
        case _:
            return {"a": {"device": known(site.router), "interface": f"ge{turn}"}, "b": {"device": "x-far", "interface": "ge0"}}


def run(desk: Desk, organizations: int, waves: int, seed: int, triages: int = 3) -> tuple[int, dict[str, str], dict[str, str]]:
    """
    Put a labelled city through settle and triage: in each wave findings arrive in several rounds, and all is closed at its end.

    Returns:
        How many findings, the label of each, and the incident of each; one that is in none stands alone.
    """
    chance = random.Random(seed)
    register, sites = city(organizations, seed)
    apply(desk, register)
    rules = look.rules()
    labels: dict[str, str] = {}
    for wave in range(waves):
        given = list(conclusions(sites, chance, wave))
        chance.shuffle(given)
        share = len(given) // triages + 1
        for start in range(0, len(given), share):
            part = given[start : start + share]
            at = part[0][1].at + timedelta(hours=start // share)
            desk.clock = lambda at=at: at  # type: ignore[misc]
            settled = docket.settle(desk.store, rules, [one for _label, one in part], plane=Plane.EXTRANET, at=at)
            labels |= dict(zip(settled.opened, [label for label, _one in part], strict=True))
            triage.run(desk)
        _close(desk)
    found = {name: one.number for one in casebook.listed(desk.store) for name in one.findings}
    return len(labels), labels, {name: found.get(name, name) for name in labels}


def apply(desk: Desk, register: Register) -> None:
    """Put a register in force."""
    with journal.act(desk.store, "labelled", desk.clock) as act:
        applied.apply(act, register.content(), 0, {})
        act.record("inventory apply", "labelled")


def _close(desk: Desk) -> None:
    with journal.act(desk.store, "labelled", desk.clock) as act:
        act.record("wave closed", "labelled")
        for one in casebook.listed(desk.store, open_only=True):
            casebook.move(act, one.number, Stage.ARCHIVED, "wave closed")
        for finding in docket.listed(desk.store):
            if finding.state is not State.RESOLVED:
                docket.move(act, finding.id, State.RESOLVED, "wave closed")


def pairs(labels: dict[str, str], found: dict[str, str]) -> tuple[float, float]:
    """Precision and recall of pairs of findings: two that are in one incident, and two that are of one event."""
    def count(groups: Counter[object]) -> int:
        return sum(size * (size - 1) // 2 for size in groups.values())

    both = count(Counter((labels[name], found[name]) for name in labels))
    return both / (count(Counter(found.values())) or 1), both / (count(Counter(labels.values())) or 1)

