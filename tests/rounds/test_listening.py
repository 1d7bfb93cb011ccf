"""What captures prove: findings in both planes, one for a subject, with the evidence of each witness."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "egress" / "listening"))
import test_introductions as introductions
import traffic
import wires
from flow_city import desk_of

from netops.core import docket, journal, language
from netops.core.finding import Finding
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from netops.desk import Desk
from netops.egress import leads
from netops.egress.witness import rulebook, suspected_box
from netops.probes.mirror import Piece
from netops.rounds import listening, look, mirror

PC, FAR = "10.20.11.5", "203.0.113.80"
OTHER = "00:14:22:00:00:02"
Frames = list[tuple[int, bytes]]


@contextmanager
def using(wanted: str) -> Iterator[None]:
    before = language.spoken()
    language.speak(wanted)
    try:
        yield
    finally:
        language.speak(before)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    import netops.tables  # noqa: F401 - every table into the metadata

    store = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    metadata.create_all(store.engine)
    yield desk_of(store, tmp_path)[0]
    store.close()


def kept(desk: Desk, folder: Path, frames: Frames, plane: Plane = Plane.EXTRANET, where: str = "") -> list[Finding]:
    """The findings that stand after a capture of these frames was kept."""
    path = folder / "one.pcap"
    path.write_bytes(wires.pcap(sorted(frames)))
    scene = listening.scene_of(desk, plane)
    one = listening.listener(desk.playbooks, "capture", path.name, scene, plane)
    read = listening.read(path, one)
    listening.keep(desk, listening.heard(plane, scene, read.observations, where or path.name, one))
    return docket.listed(desk.store)


def frames(*packets: bytes, kind: int = 0x0800) -> list[tuple[int, bytes]]:
    return [(wires.NOON_NS + number * 1_000_000, wires.ether(one, kind)) for number, one in enumerate(packets)]


def udp(payload: bytes, source: str, destination: str, sport: int = 40000, dport: int = 53) -> bytes:
    return wires.ip(wires.udp(payload, sport, dport), 17, source, destination)


WIREGUARD = frames(
    udp(b"\x01\0\0\0" + bytes(range(144)), PC, FAR, dport=7000), udp(b"\x02\0\0\0" + bytes(range(88)), FAR, PC, 7000, 40000)
)
SERVER = frames(udp(wires.dhcp(2, server="192.168.1.1", given="192.168.1.100"), "192.168.1.1", "255.255.255.255", 67, 68))


def test_a_tunnel_is_one_finding_with_its_evidence(store: Store, tmp_path: Path) -> None:
    """Subject, owner, how it was recognised; a second capture adds to it and opens nothing. On both engines."""
    desk = desk_of(store, tmp_path)[0]
    kept(desk, tmp_path, WIREGUARD)
    [one] = kept(desk, tmp_path, WIREGUARD, where="sw-fin:ge7")
    pieces = docket.pieces(desk.store, one.evidence)

    assert ("EG-402", "tunnel", PC, "fin", 4) == (one.code, one.kind, one.subject["ip"], one.organization, one.count)
    assert [("capture", "one.pcap"), ("capture", "sw-fin ge7")] == [(piece.kind, piece.source) for piece in pieces]
    assert ["handshake"] == pieces[0].body["by"]
    with using("en"):
        assert f"{PC} keeps a WireGuard tunnel to {FAR}" == look.title(one)
        assert f"2 packets between {PC} and {FAR} are WireGuard: recognised by handshake; 95% sure." == look.because(one)
    with using("zh"):
        assert f"{PC} 与 {FAR} 之间 2 个报文是 WireGuard：依据 握手；把握 95%。" == look.because(one)


def test_a_tunnel_inside_is_none(desk: Desk, tmp_path: Path) -> None:
    """Between two terminals, or of a managed device, nothing leaves past the exit."""
    inside = [(at, frame.replace(ip_address(FAR).packed, ip_address("10.20.12.7").packed)) for at, frame in WIREGUARD]
    device = [(at, frame.replace(ip_address(PC).packed, ip_address("10.20.11.1").packed)) for at, frame in WIREGUARD]

    assert [] == kept(desk, tmp_path, inside)
    assert [] == kept(desk, tmp_path, device)


def test_a_strange_dhcp_server_is_named_with_its_place(desk: Desk, tmp_path: Path) -> None:
    """The card that offers, the port that was listened to; answers that a managed device passes on are in order."""
    relayed = frames(udp(wires.dhcp(2, server="10.20.0.67", given="10.20.11.9"), "10.20.11.1", "255.255.255.255", 67, 68))
    [one] = kept(desk, tmp_path, [*SERVER, *relayed], where="sw-fin:ge10")

    assert "rogue_dhcp" == one.kind
    assert {"ip": "192.168.1.1", "mac": wires.HOST, "switch": "sw-fin", "port": "ge10"} == one.subject


def test_several_machines_behind_one_address(desk: Desk, tmp_path: Path) -> None:
    """With the number of machines in the words, and one finding a card."""
    chance = random.Random(3)
    [one] = kept(desk, tmp_path, traffic.behind(traffic.household(4, chance), 10, chance))
    with using("en"):
        words = look.because(one)

    assert ("hidden_nat", "10.20.11.30", traffic.BOX) == (one.kind, one.subject["ip"], one.subject["mac"])
    assert re.search(r"About 4 machines stand behind it, \d\d% sure within one; [234] at least\.", words)
    assert "TTL 63" in words or "TTL 127" in words


def test_two_cards_with_one_address(desk: Desk, tmp_path: Path) -> None:
    """The addresses' own rule says so, and its text is whole."""
    claims = frames(*(traffic.arp(PC, card) for card in (wires.HOST, OTHER, wires.HOST, OTHER)), kind=0x0806)
    [one] = kept(desk, tmp_path, claims, where="sw-fin")

    assert ("AD-102", PC, [wires.HOST, OTHER]) == (one.code, one.subject["ip"], [each["mac"] for each in one.subject["claims"]])
    assert "—" not in look.because(one)


def test_the_intranet_must_not_ask_for_the_internet(desk: Desk, tmp_path: Path) -> None:
    """Checks, public resolvers and plain attempts of one host are one finding; a host that asks inside is none."""
    packets = [
        udp(wires.query("www.msftconnecttest.com"), "10.10.11.5", "10.10.0.53"),
        udp(wires.query("www.example.com"), "10.10.11.5", "8.8.8.8"),
        wires.ip(wires.tcp(flags=2, dport=80), 6, "10.10.11.5", FAR),
        udp(wires.query("portal.gov"), "10.10.11.6", "10.10.0.53"),
    ]
    [one] = kept(desk, tmp_path, frames(*packets), Plane.INTRANET)

    assert ("EG-202", "10.10.11.5") == (one.code, one.subject["ip"])
    assert 3 <= len(one.evidence)
    assert [] == [other for other in kept(desk, tmp_path, frames(*packets[1:])) if other.id != one.id]


def test_remote_control_and_encrypted_dns_have_rules_of_their_own(desk: Desk, tmp_path: Path) -> None:
    """By the name in TLS; each explained, each with Chinese words."""
    packets = []
    for port, name in ((40001, "relay-1.net.anydesk.com"), (40002, "dns.alidns.com")):
        syn = wires.tcp(sport=port, flags=2, sequence=0)
        hello = wires.tcp(wires.hello(name), port, sequence=1)
        packets += [wires.ip(segment, 6, PC, FAR) for segment in (syn, hello)]
    found = kept(desk, tmp_path, frames(*packets))

    assert ["encrypted_dns", "remote_control"] == sorted(one.kind for one in found)
    for one in found:
        assert look.rule(one.code).explanation.startswith(one.code)
        with using("zh"):
            assert PC in look.title(one)
            assert "—" not in look.because(one)


def test_a_mirror_port_tells_once_and_counts_what_was_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings show as they come; what goes on is not told at every turn; frames that the kernel lost are said."""
    records = wires.pcap(WIREGUARD, nanoseconds=True)[24:]
    pieces = [None, *(Piece(records, 2, lost) for lost in (0, 0, 7))]
    monkeypatch.setattr(mirror, "listen", lambda interfaces, seconds: iter(pieces))
    monkeypatch.setattr(mirror, "TELL_SECONDS", 0.0)
    turns: list[mirror.Turn] = []
    found = mirror.run(desk, Plane.EXTRANET, ["eth1"], "sw-fin:ge24", 1, turns.append)
    [one] = docket.listed(desk.store)

    assert (6, 7, (one.id,)) == (found.packets, found.dropped, found.opened)
    assert ("EG-402", 1) == (one.code, len(one.evidence))
    assert [(one.id,), (), (), ()] == [turn.opened for turn in turns]
    assert ["sw-fin:ge24"] == [each.after["where"] for each in journal.log(desk.store, 5, verb="egress listen")]


def test_a_dry_run_writes_nothing_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen is said; neither findings nor journal change."""
    records = wires.pcap(WIREGUARD, nanoseconds=True)[24:]
    monkeypatch.setattr(mirror, "listen", lambda interfaces, seconds: iter([None, Piece(records, 2, 0)]))
    found = mirror.run(desk, Plane.EXTRANET, ["eth1"], "sw-fin", 1, keep=False)

    assert ["tunnel"] == [one.kind for one in found.observations]
    assert [] == docket.listed(desk.store)
    assert [] == journal.log(desk.store, 5, verb="egress listen")


def test_questions_in_a_log_become_findings(desk: Desk, tmp_path: Path) -> None:
    """The intranet's resolver says who asked for the internet; the witness is its log."""
    path = tmp_path / "dns.log"
    path.write_text("Nov 20 11:00:01 dnsmasq[1]: query[A] www.msftconnecttest.com from 10.10.11.5\n")
    scene = listening.scene_of(desk, Plane.INTRANET)
    read = listening.read(path, listening.listener(desk.playbooks, "capture", path.name))
    listening.keep(desk, listening.heard(Plane.INTRANET, scene, read.observations, "in-dns"))
    [one] = docket.listed(desk.store)

    assert ("EG-202", "10.10.11.5") == (one.code, one.subject["ip"])
    assert [("dns", "in-dns")] == [(piece.kind, piece.source) for piece in docket.pieces(desk.store, one.evidence)]


def test_a_wireless_bridge_is_told_by_two_witnesses(desk: Desk, tmp_path: Path) -> None:
    """It introduces itself, and asks for addresses on behalf of others: two leads of one card, which are a finding together."""
    bridge = "24:a4:3c:00:00:01"
    cards = introductions.request("00:14:22:00:01:01", bridge, "pc-1"), introductions.request("00:14:22:00:01:02", bridge, "pc-2")
    hello = introductions.datagram(introductions.ubiquiti("yard", "NanoStation M5", 2), 10001, "10.20.11.20", bridge)
    kept(desk, tmp_path, [(wires.NOON_NS + at, frame) for at, frame in enumerate((*cards, hello))])
    several = [one.lead for one in leads.listed(desk.store)]
    [found] = suspected_box(several, rulebook(desk.playbooks))

    assert {"consumer_neighbour", "translating_bridge"} == {one.witness for one in several}
    assert ("EG-406", bridge, "10.20.11.20") == (found.code, found.subject["mac"], found.subject["ip"])
    assert {
        "10.20.11.20 introduces itself by Ubiquiti discovery as yard NanoStation M5 XM.ar7240.v5.6.6 SSID office",
        f"the card {bridge} asks for addresses on behalf of 2 others, such as 00:14:22:00:01:01",
    } == {one.said.format(**one.facts) for one in several}
