"""What a capture shows: handshakes, names, offers, claims; and that ordinary traffic shows nothing."""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import traffic
import wires

from netops.config import share
from netops.egress import watchlists
from netops.egress.listening import services
from netops.egress.listening.frames import gathered
from netops.egress.listening.listener import Listener
from netops.egress.listening.observation import Observation

PC, FAR = "10.20.11.5", "203.0.113.80"
OTHER = "00:14:22:00:00:02"


def heard(*packets: bytes, kind: int = 0x0800, gap: int = 1_000_000) -> list[Observation]:
    listener = Listener(services.read(share("playbooks")), watchlists.tunnels(share("playbooks")))
    listener.feed(gathered([(wires.NOON_NS + number * gap, wires.ether(one, kind)) for number, one in enumerate(packets)]))
    return listener.observations()


def brief(found: list[Observation]) -> list[str]:
    return [f"{one.kind} {one.what}" for one in found]


def asked(payload: bytes, sport: int = 40000, dport: int = 443, far: str = FAR) -> bytes:
    return wires.ip(wires.udp(payload, sport, dport), 17, PC, far)


def answered(payload: bytes, sport: int = 40000, dport: int = 443, far: str = FAR) -> bytes:
    return wires.ip(wires.udp(payload, dport, sport), 17, far, PC)


def stream(*segments: tuple[str, bytes], dport: int = 443, far: str = FAR, sport: int = 40000) -> list[bytes]:
    """A TCP conversation: ("c", octets) of the client, ("s", octets) of the server; its SYN first."""
    sequence = {"c": 1001, "s": 2001}
    found = [wires.ip(wires.tcp(b"", sport, dport, 2, sequence=1000), 6, PC, far),
             wires.ip(wires.tcp(b"", dport, sport, 18, sequence=2000), 6, far, PC)]  # fmt: skip
    for side, octets in segments:
        ends = (PC, far, sport, dport) if side == "c" else (far, PC, dport, sport)
        found.append(wires.ip(wires.tcp(octets, ends[2], ends[3], sequence=sequence[side]), 6, ends[0], ends[1]))
        sequence[side] += len(octets)
    return found


GOOD = b"HTTP/1.1 200 OK\r\n\r\n"
SESSION = bytes(range(1, 9))
IKE = bytes(range(8)) + bytes(8) + b"\x21\x20\x22\x08" + bytes(4) + struct.pack(">I", 60) + bytes(32)
WG_DATA = [b"\x04\0\0\0\7\7\7\7" + number.to_bytes(8, "little") + bytes(32) for number in range(5)]
WG_BEGIN, WG_ANSWER = b"\x01\0\0\0" + bytes(range(144)), b"\x02\0\0\0" + bytes(range(88))
CERTIFICATE = b"\x06\x03\x55\x04\x03\x0c\x0eAnyDesk Client" * 2
SERVER_HELLO = (
    b"\x16\x03\x03" + struct.pack(">H", 10 + len(CERTIFICATE)) + b"\x0b" + (6 + len(CERTIFICATE)).to_bytes(3, "big")
    + (3 + len(CERTIFICATE)).to_bytes(3, "big") + len(CERTIFICATE).to_bytes(3, "big") + CERTIFICATE
)  # fmt: skip


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([asked(WG_BEGIN, dport=7000), answered(WG_ANSWER, dport=7000)], "tunnel wireguard"),
        ([asked(b"\x38" + SESSION + bytes(5), dport=53), answered(b"\x40" + SESSION + bytes(17), dport=53)], "tunnel openvpn"),
        ([asked(one, dport=7000) for one in WG_DATA for _twice in range(2)], "tunnel wireguard"),
        ([asked(IKE, dport=500)], "tunnel ipsec"),
        ([asked(bytes(4) + IKE, dport=4500)], "tunnel ipsec"),
        ([asked(b"TS\xf0\x9f\x92\xac" + bytes(60), dport=7001)], "tunnel tailscale"),
        ([asked(struct.pack(">HHHHHH", 0xC802, 20, 0, 0, 0, 0) + bytes(8), dport=1701)], "tunnel l2tp"),
        ([asked(b"A", dport=5004), answered(b"IP=192.0.2.7,PORT=51381", dport=5004)], "tunnel softether"),
        ([wires.ip(bytes(20), 50, PC, FAR)], "tunnel esp"),
        ([wires.ip(wires.ip(b"", 6), 4, PC, FAR)], "tunnel ipip"),
        (stream(("c", b"\0\x0e\x38" + SESSION + bytes(5)), ("s", b"\0\x1a\x40" + SESSION + bytes(17))), "tunnel openvpn"),
        (stream(("c", b"\0\x9c\0\x01\x1a\x2b\x3c\x4d" + bytes(150)), dport=1723), "tunnel pptp"),
        (stream(("c", b"\5\1\0"), ("s", b"\5\0"), ("c", b"\5\1\0\3\x0bexample.com\0\x50")), "proxy socks5"),
        (stream(("c", b"\4\1\0\x50\xc0\0\2\7user\0"), ("s", b"\0\x5a" + bytes(6))), "proxy socks4"),
        (stream(("s", b"\5\1\0"), ("c", b"\5\0"), dport=8855), "proxy socks5-reverse"),
        (stream(("c", b"CONNECT example.com:443 HTTP/1.1\r\n\r\n"), ("s", GOOD), dport=8080), "proxy http-connect"),
        (stream(("c", b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n"), dport=8080), "proxy http-proxy"),
        (stream(("s", b"RFB 003.008\n"), ("c", b"RFB 003.008\n"), dport=5901), "remote_control vnc"),
        (stream(("c", b"\x03\0\0\x13\x0e\xe0" + bytes(13)), ("s", b"\x03\0\0\x13\x0e\xd0" + bytes(13))), "remote_control rdp"),
        (stream(("c", wires.hello()), ("s", SERVER_HELLO), dport=80), "remote_control anydesk"),
        (stream(("c", wires.hello("relay-1.net.anydesk.com"))), "remote_control anydesk"),
        (stream(("c", wires.hello("slapi.oray.net"))), "remote_control sunlogin"),
        (stream(("c", wires.hello("dns.alidns.com", ["h2"]))), "encrypted_dns doh"),
        (stream(("c", wires.hello("resolver.example")), dport=853), "encrypted_dns dot"),
        (stream(("c", b"\x13BitTorrent protocol" + bytes(48)), dport=6881), "file_sharing bittorrent"),
        (stream(("c", b"GET /generate_204 HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n")), "connectivity_check check-android-paths"),
        ([asked(wires.query("www.msftconnecttest.com"), dport=53, far="10.20.0.53")], "connectivity_check check-microsoft"),
        ([asked(wires.query("www.example.com"), dport=53, far="8.8.8.8")], "public_resolver dns-google"),
        ([wires.ip(wires.udp(wires.dhcp(2, server="192.168.1.1"), 67, 68), 17, "192.168.1.1", "255.255.255.255")],
         "dhcp_server 192.168.1.1"),
    ],
)  # fmt: skip
def test_what_is_recognised(packets: list[bytes], expected: str) -> None:
    """Each by its handshake, name, offer or number, whatever the port."""
    found = heard(*packets)

    assert expected in brief(found)
    assert expected.split()[0] in ("connectivity_check", "public_resolver", "dhcp_server") or all(one.is_alarm for one in found)


def test_a_hello_in_two_segments_is_put_together() -> None:
    """Large ClientHellos do not fit one segment; the second may come first."""
    hello = wires.hello("relay-1.net.anydesk.com", ciphers=range(0x1301, 0x1301 + 700))
    packets = stream(("c", hello[:900]), ("c", hello[900:]))

    assert ["remote_control anydesk"] == brief(heard(*packets))


def test_names_behind_a_proxy_are_read() -> None:
    """What a client asks of SOCKS and CONNECT to carry is looked into as well."""
    inner = wires.hello("relay-1.net.anydesk.com")
    connect = stream(("c", b"CONNECT relay-1.net.anydesk.com:443 HTTP/1.1\r\n\r\n"), ("s", GOOD), ("c", inner))
    greeting = (("c", b"\5\1\0"), ("s", b"\5\0"), ("c", b"\5\1\0\1\xcb\0\x71\x50\1\xbb"), ("s", b"\5\0\0\1" + bytes(6)))
    socks = stream(*greeting, ("c", inner))

    assert ["proxy http-connect", "remote_control anydesk"] == brief(heard(*connect))
    assert ["proxy socks5", "remote_control anydesk"] == brief(heard(*socks))


def test_a_makers_own_page_is_no_alarm() -> None:
    """People read about products that they do not use."""
    assert not any(one.is_alarm for one in heard(*stream(("c", wires.hello("www.todesk.com")))))


def test_two_cards_that_claim_one_address_by_turns() -> None:
    """A, B, A is a conflict; A, B is an address that was handed on; a gateway that answers for many is none."""
    turns = [traffic.arp(PC, wires.HOST), traffic.arp(PC, OTHER), traffic.arp(PC, wires.HOST), traffic.arp(PC, OTHER)]
    many = [traffic.arp(f"10.20.11.{number}", OTHER) for number in range(1, 20)]
    [one] = heard(*turns, kind=0x0806)

    assert ("address_conflict", PC, True) == (one.kind, one.ip, one.is_alarm)
    assert [wires.HOST, OTHER] == [claim["mac"] for claim in one.facts["claims"]]
    assert [] == heard(*turns[:2], kind=0x0806)
    assert [] == heard(*many, *turns, kind=0x0806)
    assert [] == heard(turns[0], traffic.arp(PC, "00:00:5e:00:01:0a"), turns[0], kind=0x0806)


def test_data_in_names_and_in_pings() -> None:
    """Long names that never come twice; echo answers that are not what was asked for. A ping is none."""
    chance = random.Random(5)
    names = [f"{chance.randbytes(20).hex()}.t.example.com" for _ in range(60)]
    ping = [wires.ip(struct.pack(">BBHHH", kind, 0, 0, 7, number) + b"abcdefgh" * 7, 1, *ends)
            for number in range(20) for kind, ends in ((8, (PC, FAR)), (0, (FAR, PC)))]  # fmt: skip
    odd = [wires.ip(struct.pack(">BBHHH", kind, 0, 0, 7, number) + chance.randbytes(56), 1, *ends)
           for number in range(5) for kind, ends in ((8, (PC, FAR)), (0, (FAR, PC)))]  # fmt: skip

    assert ["dns_tunnel example.com"] == brief(heard(*(asked(wires.query(name), dport=53, far="10.20.0.53") for name in names)))
    assert ["icmp_tunnel icmp"] == brief(heard(*odd))
    assert [] == heard(*ping)


def test_a_proxy_inside_ssh_shows_by_its_exchanges() -> None:
    """Requests of the size of a ClientHello, far more back, again and again; key presses and a download are nothing."""
    banner = [("c", b"SSH-2.0-OpenSSH_9\r\n"), ("s", b"SSH-2.0-OpenSSH_9\r\n")]
    forward = [piece for _ in range(12) for piece in (("c", bytes(600)), ("s", bytes(1400)), ("s", bytes(1400)))]
    typing = [piece for _ in range(60) for piece in (("c", bytes(36)), ("s", bytes(36)))]
    download = [("c", bytes(600)), *[("s", bytes(1400))] * 60]

    assert ["tunnel ssh-forward"] == brief(heard(*stream(*banner, *forward, dport=22), gap=300_000_000))
    assert [] == heard(*stream(*banner, *typing, dport=22), gap=300_000_000)
    assert [] == heard(*stream(*banner, *download, dport=22), gap=300_000_000)


def test_ordinary_traffic_shows_nothing() -> None:
    """Browsing, resolving, printing names, time: not one observation."""
    packets = [
        asked(wires.query("www.gov.cn"), dport=53, far="10.20.0.53"),
        asked(b"\x23" + bytes(47), 123, 123),
        *stream(("c", wires.hello("www.gov.cn", ["h2", "http/1.1"])), ("s", b"\x16\x03\x03\0\x04\x02\0\0\0")),
        *stream(("c", b"GET / HTTP/1.1\r\nHost: www.gov.cn\r\nUser-Agent: Mozilla/5.0\r\n\r\n"), ("s", GOOD), sport=40001),
        *stream(("s", b"220 mail ESMTP\r\n"), ("c", b"EHLO pc\r\n"), dport=25, sport=40002),
    ]  # fmt: skip

    assert [] == heard(*packets)


def test_numbers_of_a_capture() -> None:
    """Packets, seconds, hosts, protocols; a packet inside another is counted as what it is, once."""
    listener = Listener(services.Services())
    inner = wires.ip(wires.udp(wires.query("www.example.com")), 17, "192.168.7.1", "192.168.7.2")
    packets = [wires.ip(b"\0\0\x08\0" + inner, 47, PC, FAR), asked(b"x", dport=9999), wires.ip(bytes(20), 50, PC, FAR)]
    listener.feed(gathered([(wires.NOON_NS + number * 500_000_000, wires.ether(one)) for number, one in enumerate(packets)]))
    told = listener.summary()

    assert (3, 1.0, 4) == (told.packets, told.duration_seconds, told.ipv4_hosts)
    assert {"DNS": 1, "UDP": 1, "ESP": 1} == told.protocols


def test_a_flood_of_hosts_and_talks_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan over many ports and addresses costs no memory without end; its packets are counted."""
    from netops.egress.listening import talks

    monkeypatch.setattr(talks, "MOST_TALKS", 100)
    listener = Listener(services.Services())
    packets = [wires.ip(wires.tcp(sport=1 + number, flags=2), 6, PC, f"203.0.113.{number % 250}") for number in range(500)]
    listener.feed(gathered([(number, wires.ether(one)) for number, one in enumerate(packets)]))

    assert 100 == len(listener.talks.talks)
    assert 500 == sum(listener.summary().protocols.values())


def test_every_watchlist_says_whence_and_when() -> None:
    """Each service has its source and the day on which somebody looked; every kind is there."""
    known = services.read(share("playbooks"))

    assert set(services.Kind) == {one.kind for one in known.all}
    assert all(one.source and len(one.checked) == 10 for one in known.all)
    assert {"sunlogin", "todesk", "teamviewer", "anydesk"} <= {one.key for one in known.all}
