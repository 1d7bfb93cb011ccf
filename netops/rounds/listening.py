"""Listening (旁听): capture files are read, what they show is held against register and topology, and written down."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec

from netops.addresses.rules import RULES as ADDRESS_RULES
from netops.core import docket, journal
from netops.core.clock import CITY_ZONE, city_time, now
from netops.core.errors import NetopsError
from netops.core.finding import STANDING, Conclusion
from netops.core.language import N_
from netops.core.lead import Lead
from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import leads, watchlists
from netops.egress.classify import Space
from netops.egress.flows import mac_text
from netops.egress.heard import OWN_RULES as LISTENING_RULES
from netops.egress.heard import Contact, Heard, concluded, evidence
from netops.egress.judge import Scene
from netops.egress.listening import packets as frames_of
from netops.egress.listening import querylogs, readers, services
from netops.egress.listening.frames import Capture, Frames, NotACapture
from netops.egress.listening.listener import HostSeen, Listener, Summary
from netops.egress.listening.observation import Observation, moment
from netops.egress.rules import RULES
from netops.egress.telling import placed
from netops.probes.dissection import MOST_FRAMES, Dissection, dissected
from netops.rounds import Progress, allow, joining, silent

MAX_FILE = 64 << 30


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one file showed.

    Args:
        broken: why reading ended before the file did, or "".
        left_out: observations beyond the bound, counted only.
        bad: of a log, the first lines that could not be read: number and text; all are counted as *unreadable*.
    """

    file: str
    format: str
    broken: str
    summary: Summary
    observations: tuple[Observation, ...]
    hosts: tuple[HostSeen, ...]
    left_out: int = 0
    bad: tuple[tuple[int, str], ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """What became of it: numbers of findings."""

    opened: tuple[str, ...]
    seen_again: tuple[str, ...]


def listener(playbooks: Path, source: str, where: str, scene: Scene | None = None, plane: Plane | None = None) -> Listener:
    """A listener with the watchlists of these playbooks, that knows whom the walk saw on the LAN."""
    is_here = None if scene is None or plane is None else _here(scene, plane)
    words = watchlists.consumer(playbooks).words
    found = Listener(services.read(playbooks), watchlists.tunnels(playbooks), source, where, is_here, words)
    found.formats = querylogs.formats(playbooks)
    return found


def _here(scene: Scene, plane: Plane) -> Any:
    """Whether a terminal with this address and card is on a LAN, as the walk saw it; a device's card never is."""

    def is_here(ip: str, mac: int) -> bool:
        seen = scene.by_ip.get((plane, ip))
        return mac not in scene.device_macs and seen is not None and seen.mac == mac_text(mac)

    return is_here


def read(path: Path, one: Listener, progress: Progress = silent) -> Read:
    """
    Read one capture file, or a log of a DNS server, Zeek, Suricata or RADIUS.

    Raises:
        NetopsError: it cannot be read, or is neither.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise NetopsError("{path} was not read", "it is larger than {size} GiB", "", path=path, size=MAX_FILE >> 30)
        with path.open("rb") as file:
            capture = Capture(file)
            for frames in capture:
                one.feed(frames)
                progress(min(size, file.tell()), size, path.name)
    except NotACapture:
        return _read_log(path, one, size, progress)
    except OSError as error:
        raise NetopsError("{path} was not read", "{why}", "", path=path, why=error.strerror or error) from error
    return Read(
        file=str(path), format=capture.format, broken=capture.broken, summary=one.summary(),
        observations=tuple(one.observations()), hosts=tuple(one.seen_hosts()), left_out=one.sightings.left_out,
    )  # fmt: skip


def packets_of(path: Path, host: str, most: int = MOST_FRAMES) -> list[Dissection]:
    """
    The first packets of a capture from or to *host*, or the one of that number, taken apart by scapy in the child.

    Args:
        host: an address, or the number of a packet in the file, from 1.

    Raises:
        NetopsError: it is no capture, *host* is neither, or the child did not answer.
    """
    wanted = _wanted(host)
    found: list[tuple[int, int, int, bytes]] = []
    try:
        with path.open("rb") as file:
            before = 0
            for frames in Capture(file):
                rows = _rows(frames, wanted, before)
                found += [(before + row + 1, int(frames.at[row]), int(frames.link[row]), frames.one(row)) for row in rows]
                before += len(frames)
                if len(found) >= (1 if isinstance(wanted, int) else most):
                    break
    except (OSError, NotACapture) as error:
        raise NetopsError("{path} was not read", "{why}", "name a pcap or pcapng file", path=path, why=error) from error
    return dissected(found[:most])


def _wanted(text: str) -> int | str:
    try:
        return int(text) if text.isdigit() else str(ip_address(text))
    except ValueError:
        raise NetopsError(
            "no packet was shown", "{text} is neither an address nor the number of a packet", "give one of them", text=text
        ) from None


def _rows(frames: Frames, wanted: int | str, before: int) -> list[int]:
    if isinstance(wanted, int):
        return [wanted - before - 1] if before < wanted <= before + len(frames) else []
    packets = frames_of.dissected(frames)
    rows = {int(packets.frame[row]) for row in range(len(packets)) if wanted in (packets.source(row), packets.destination(row))}
    return sorted(rows)


def _read_log(path: Path, one: Listener, size: int, progress: Progress) -> Read:
    known = one.formats
    with path.open(encoding="utf-8", errors="replace") as file:
        kind = querylogs.kind_of(file.read(65536), known)
        if not kind:
            raise NetopsError(
                "{path} was not read", "it begins like no capture and no log that is known",
                "playbooks/flow_logs/queries.toml lists the logs of DNS servers", path=path,
            )  # fmt: skip
        file.seek(0)
        reader = readers.Reader(one.services, path.name, CITY_ZONE, now())
        reader.read(file, kind, known)
    progress(size, size, path.name)
    is_timed = bool(reader.last)
    summary = Summary(
        packets=reader.used, octets=size, first=moment(reader.first) if is_timed else None,
        last=moment(reader.last) if is_timed else None, duration_seconds=round((reader.last - reader.first) / 1e9, 6),
        ipv4_hosts=0, ipv6_hosts=0, protocols=dict(reader.kinds.most_common()), fragments=0, unreadable=reader.bad,
    )  # fmt: skip
    return Read(
        file=str(path), format=kind, broken="", summary=summary, observations=tuple(reader.observations()), hosts=(),
        left_out=reader.sightings.left_out, bad=tuple((one.line, one.text) for one in reader.named_bad),
    )  # fmt: skip


# ---- what it proves
def heard(plane: Plane, scene: Scene, observations: Iterable[Observation], where: str, one: Listener | None = None) -> Heard:
    """Observations of one plane with what they are held against; *where* is DEVICE, DEVICE:INTERFACE or any name."""
    device, _, interface = where.partition(":")
    found = Heard(plane, scene, tuple(observations), device, interface)
    if one is not None and plane is Plane.INTRANET:
        for talk in one.talks:
            if not talk.depth and not talk.is_answered and found.is_ours(talk.ip) and found.is_internet(talk.peer):
                contact = found.contacts.setdefault(talk.ip, Contact())
                contact.add(talk.peer, sum(talk.packets), moment(talk.first), moment(talk.last))
    return found


def keep(desk: Desk, told: Heard) -> Kept:
    """Write down what was heard: findings of egress, and conflicts of addresses."""
    opened, again = list[str](), list[str]()
    leads.tell(desk.store, hints(told))
    left = joining.left(desk, concluded(told), told.plane, but=tuple(LISTENING_RULES))
    for rules, conclusions in ((RULES, left), (ADDRESS_RULES, conflicts(told))):
        settled = docket.settle(desk.store, rules, conclusions, plane=told.plane, at=desk.clock())
        opened += [*settled.opened, *settled.reopened]
        again += settled.seen_again
    sighted(desk, told)
    if opened:
        allow.apply(desk)
    return Kept(tuple(opened), tuple(again))


def hints(told: Heard) -> Iterator[Lead]:
    """What proves little alone: boxes that call themselves home gateways, access points or bridges; cards that ask for others."""
    for one in told.observations:
        is_managed = told.is_device(one.mac) or bool(one.ip and told.space(one.ip) is Space.DEVICES)
        if one.kind != "consumer_device" or is_managed:
            continue
        seen = told.terminal(one.ip, one.mac)
        ip = one.ip or (seen.ip if seen else "")
        subject = placed(seen) | {key: value for key, value in (("ip", ip), ("mac", one.mac)) if value}
        cards = [str(card) for card in one.facts.get("cards", [])]
        if cards:
            witness, device = "translating_bridge", cards[0]
            said = N_("the card {who} asks for addresses on behalf of {count} others, such as {device}")
        else:
            witness, said = "consumer_neighbour", N_("{who} introduces itself by {protocol} as {device}")
            device = str(one.facts.get("server") or one.facts.get("device", ""))[:120]
        facts = {
            "who": (one.mac if cards else ip) or one.mac, "protocol": str(one.facts.get("protocol", "UPnP")), "device": device,
            "count": str(len(cards)),
        }  # fmt: skip
        organization = (told.organization(ip) if ip else "") or (seen.organization if seen else "")
        yield Lead(witness, "hidden_nat", told.plane, subject, organization, said, facts, evidence(told, one), one.last)


def conflicts(told: Heard) -> list[Conclusion]:
    """Addresses that two cards claim by turns, in the words of the addresses' own rule (AD-102)."""
    found = []
    for one in told.observations:
        claims = [claim for claim in one.facts.get("claims", []) if not told.is_device(claim["mac"])]
        if one.kind != "address_conflict" or len(claims) < 2 or not told.is_ours(one.ip):
            continue
        older, newer = claims[0], claims[-1]
        place = f"{told.place} {told.interface}".strip() or one.where
        cards = [told.scene.by_mac.get(int(claim["mac"].replace(":", ""), 16)) for claim in claims]
        places = [f"{card.switch} {card.port}" if card and card.switch else place for card in cards]
        facts = {
            "ip": one.ip, "mac": newer["mac"], "place": places[-1], "first": city_time(newer["first"]),
            "seen": city_time(one.last), "other_mac": older["mac"], "other_place": places[0],
            "other_first": city_time(older["first"]), "sources": place,
        }  # fmt: skip
        subject = {
            "ip": one.ip, "mac": newer["mac"], "sources": [place],
            "claims": [
                {"ip": one.ip, "mac": claim["mac"]} | ({"switch": card.switch, "port": card.port} if card and card.switch else {})
                for claim, card in zip(claims, cards, strict=True)
            ],
        }  # fmt: skip
        if cards[-1] and cards[-1].switch:
            subject |= {"switch": cards[-1].switch, "port": cards[-1].port}
        owner, pieces = told.organization(one.ip), (evidence(told, one),)
        found.append(Conclusion("AD-102", told.plane, subject, owner, facts, pieces, one.last, one.count, one.ip))
    return found


def sighted(desk: Desk, told: Heard) -> None:
    """Cards that claim one address by turns are sightings, where the walk knows their ports: the next reconcile sees both."""
    from netops.topology import snapshots

    for one in told.observations if told.plane in desk.planes else ():
        for claim in one.facts.get("claims", []) if one.kind == "address_conflict" else ():
            card = told.scene.by_mac.get(int(claim["mac"].replace(":", ""), 16))
            if card is None or not card.switch or not told.is_ours(one.ip):
                continue
            for at in (claim["first"], claim["last"]):
                place = Sighting(told.plane, one.ip, claim["mac"], told.place, at, card.switch, card.port)
                snapshots.keep(desk.store, told.plane, [place], at)


KEEPS = "egress capture"
LOOKED_BACK = 2000
"""Acts of this kind that are looked through for a file that was kept before."""


def digest(path: Path) -> str:
    """
    SHA-256 of a file, in hexadecimal.

    Raises:
        NetopsError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NetopsError("{path} was not read", "{why}", "", path=path, why=error.strerror or error) from error


def kept_before(desk: Desk, plane: Plane) -> dict[str, datetime]:
    """When each file was kept for a plane, by its digest: what it shows is not counted twice."""
    acts = journal.log(desk.store, LOOKED_BACK, subject=str(plane), verb=KEEPS)
    return {str(one.after["sha256"]): one.at for one in acts if isinstance(one.after, dict) and one.after.get("sha256")}


def noted(desk: Desk, path: Path, plane: Plane, kept: Kept, sha256: str) -> None:
    """A person took a file in: the journal says so."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        after = {"file": str(path), "sha256": sha256, "opened": list(kept.opened), "seen_again": list(kept.seen_again)}
        act.record(KEEPS, str(plane), after=after)


def fade(desk: Desk, plane: Plane, places: Collection[str], since: datetime) -> tuple[str, ...]:
    """
    Resolve what only listening tells of, when its places were listened to all the time and have not shown it *since*.

    Args:
        places: what is heard there without a break, as evidence names it.
    """
    standing = [one for code in LISTENING_RULES for one in docket.listed(desk.store, state=STANDING, code=code, plane=plane)]
    elsewhere = [
        one.id for one in standing if not {piece.source for piece in docket.pieces(desk.store, one.evidence)} <= set(places)
    ]
    settled = docket.settle(
        desk.store, RULES, (), plane=plane, at=desk.clock(), scope=tuple(LISTENING_RULES), seen_before=since, spared=elsewhere
    )
    return settled.resolved


def scene_of(desk: Desk, plane: Plane) -> Scene:
    """
    What observations of a plane are held against.

    Raises:
        NetopsError: the plane is not served here.
    """
    from netops.rounds import scene as scenes

    if plane not in desk.planes:
        raise NetopsError(
            "nothing was taken in", "the plane {plane} is not served here", "netops config show", plane=plane
        )
    return scenes.build(desk)[0]


