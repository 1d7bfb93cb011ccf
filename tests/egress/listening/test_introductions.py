"""What boxes tell a LAN of themselves: LLDP, CDP, MNDP, Ubiquiti, UPnP, names; and cards that ask for others."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import wires

from netops.config import share
from netops.egress import watchlists
from netops.egress.listening import introductions
from netops.egress.listening.frames import gathered
from netops.egress.listening.listener import Listener
from netops.egress.listening.observation import Observation
from netops.egress.listening.services import Services

BOX, PC = "74:4d:28:91:0d:2f", "00:14:22:00:00:07"
LLDP = bytes.fromhex(
    "0180c200000e744d28910d2f88cc020704744d28910d2f040703744d28910d2f060200780a094d69576946692d52330c17544c2d57523838364e204f70656e"
    "5772742032312e30320e04009c008010181102fe80000000000000764d28fffe910d2f02000000020008027661fe0900120f030100000000fe0900120f0100"
    "800000360000"
)
CDP = bytes.fromhex(
    "01000ccccccc744d28910d2f004baaaa0300000c200002784aa20001000d4d69576946692d523300030006766100040008000000100005001b544c2d57523838"
    "364e204f70656e5772742032312e3032000600094c696e7578"
)
"""Sent by lldpd 1.0.16 on Debian 12 with the description of a home router, and captured."""


def told(kind: int, value: bytes) -> bytes:
    return struct.pack(">H", kind << 9 | len(value)) + value


def lldp(name: str, description: str, enabled: int, mac: str = BOX) -> bytes:
    fields = told(1, b"\x04" + wires.mac(mac)) + told(2, b"\x07\x31") + told(3, b"\0\x78") + told(5, name.encode())
    fields += told(6, description.encode()) + told(7, struct.pack(">HH", enabled, enabled)) + told(0, b"")
    return wires.ether(fields, 0x88CC, mac, "01:80:c2:00:00:0e")


def datagram(body: bytes, port: int, source: str = "192.168.88.1", mac: str = BOX) -> bytes:
    return wires.ether(wires.ip(wires.udp(body, port, port), 17, source, "255.255.255.255"), 0x0800, mac, "ff:ff:ff:ff:ff:ff")


def mndp(identity: str, board: str) -> bytes:
    fields = ((1, wires.mac(BOX)), (5, identity.encode()), (7, b"7.15.3 (stable)"), (8, b"MikroTik"), (12, board.encode()))
    return bytes(4) + b"".join(struct.pack(">HH", kind, len(value)) + value for kind, value in fields)


def ubiquiti(name: str, model: str, mode: int) -> bytes:
    fields = ((1, wires.mac(BOX)), (2, wires.mac(BOX) + bytes([10, 20, 11, 20])), (3, b"XM.ar7240.v5.6.6"), (0x0B, name.encode()),
              (0x0C, model.encode()), (0x0D, b"office"), (0x0E, bytes([mode])))  # fmt: skip
    body = b"".join(bytes([kind]) + struct.pack(">H", len(value)) + value for kind, value in fields)
    return b"\x01\0" + struct.pack(">H", len(body)) + body


def heard(*frames: bytes) -> list[Observation]:
    listener = Listener(Services(), words=watchlists.consumer(share("playbooks")).words)
    listener.feed(gathered([(wires.NOON_NS + at, frame) for at, frame in enumerate(frames)]))
    return [one for one in listener.observations() if one.kind == "consumer_device"]


def shown(one: Observation) -> tuple[str, str, str, str]:
    return one.facts["protocol"], one.ip, one.mac, one.facts["device"]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (LLDP, ("LLDP", "", BOX, "MiWiFi-R3 TL-WR886N OpenWrt 21.02")),
        (CDP, ("CDP", "", BOX, "MiWiFi-R3 Linux TL-WR886N OpenWrt 21.02")),
        (lldp("ap-3", "unknown maker", 0x0008), ("LLDP", "", BOX, "ap-3 unknown maker")),
        (datagram(mndp("roof", "RBSXTsq5nD"), 5678), ("MNDP", "192.168.88.1", BOX, "roof MikroTik RBSXTsq5nD 7.15.3 (stable)")),
        (datagram(ubiquiti("yard", "NanoStation M5", 2), 10001, "10.20.11.20"),
         ("Ubiquiti discovery", "10.20.11.20", BOX, "yard NanoStation M5 XM.ar7240.v5.6.6 SSID office")),
    ],
    ids=["LLDP of lldpd", "CDP of lldpd", "an access point", "MikroTik", "Ubiquiti"],
)  # fmt: skip
def test_a_box_introduces_itself(frame: bytes, expected: tuple[str, str, str, str]) -> None:
    """Protocol, address, card and what it is; a lead, never an alarm; told again it is the same."""
    [one] = heard(frame, frame)

    assert expected == shown(one)
    assert (False, 2) == (one.is_alarm, one.count)


def test_a_wireless_station_says_so() -> None:
    """Ubiquiti's radio mode: a station is the client end of a wireless bridge, an access point the other."""
    [one] = heard(datagram(ubiquiti("yard", "LBE-M5", 2), 10001))
    [other] = heard(datagram(ubiquiti("roof", "LBE-M5", 3), 10001))

    assert (["wireless station"], ["access point"]) == (one.facts["roles"], other.facts["roles"])


@pytest.mark.parametrize(
    "frame",
    [
        lldp("SEP001122334455", "Cisco IP Phone 7962G", 0x0024 | 1 << 4),
        lldp("pc-7", "Ubuntu 22.04 LTS", 0x0080),
        lldp("sw-fin", "S5735-L24T4S-A", 0x0004),
        lldp("", "", 0),
        LLDP[:30],
        CDP[:24],
        wires.ether(b"", 0x88CC, BOX),
        datagram(b"\0\0\0\0", 5678),
        datagram(mndp("roof", "RB")[:14], 5678),
        datagram(b"\x01\0\0\0", 10001),
        datagram(ubiquiti("yard", "M5", 2)[:-3], 10001),
        datagram(b"\x01\0\0\x04\x0b\xff\xffx", 10001),
        datagram(b"NTP?" * 20, 10001),
    ],
    ids=["a telephone", "a PC", "a plain switch", "nobody", "cut", "cut", "nothing", "a question", "cut", "a question", "cut",
         "too long a field", "something else"],
)  # fmt: skip
def test_what_is_no_box(frame: bytes) -> None:
    """Telephones, PCs, switches, questions, what is cut off: nothing is told, and nothing breaks."""
    assert [] == heard(frame)


def request(card: str, source: str, name: str, *, vendor: str = "", relay: str = "0.0.0.0") -> bytes:
    options = bytes([12, len(name)]) + name.encode() + (bytes([60, len(vendor)]) + vendor.encode() if vendor else b"")
    body = wires.dhcp(3, card, options=options + bytes([50, 4, 10, 20, 11, 40]), relay=relay)
    return wires.ether(wires.ip(wires.udp(body, 68, 67), 17, "0.0.0.0", "255.255.255.255"), 0x0800, source, "ff:ff:ff:ff:ff:ff")


def test_the_name_that_a_box_gives_at_its_uplink() -> None:
    """A home router asks for an address by the name of its model; a PC whose name only holds such letters is none."""
    [one] = heard(request(BOX, BOX, "TL-WR886N"), request(PC, PC, "DECODER-7"), request(PC, PC, "pc-archery"))

    assert ("DHCP", "10.20.11.40", BOX, "TL-WR886N") == shown(one)


def test_a_card_that_asks_for_others_is_a_bridge() -> None:
    """Behind a wireless bridge every machine has the bridge's card on the wire, and its own only inside DHCP."""
    others = [f"00:14:22:00:01:{number:02x}" for number in range(3)]
    [one] = heard(*(request(card, BOX, f"pc-{card[-1]}") for card in others), request(PC, PC, "pc-9"))

    assert ("bridge", "", BOX, others) == (one.what, one.ip, one.mac, one.facts["cards"])


def test_a_relay_is_no_bridge() -> None:
    """What a relay passes on bears the relay's card and names it."""
    assert [] == heard(request(PC, BOX, "pc-1", relay="10.20.11.1"))


def test_a_name_by_mdns() -> None:
    """The instance of a service bears the product's name."""
    instance = wires.name("Redmi Router AX6000._http._tcp.local")
    head = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + wires.name("_http._tcp.local")
    answer = head + struct.pack(">HHIH", 12, 1, 120, len(instance)) + instance
    [one] = heard(datagram(answer, 5353, "192.168.31.1"))

    assert ("mDNS", "192.168.31.1", BOX, "redmi router ax6000") == shown(one)


def test_a_gateway_describes_itself_to_whoever_asks() -> None:
    """The description that UPnP names, read by a PC: the box is who answers; a television's is left out."""
    body = ("<root><device><deviceType>urn:schemas-upnp-org:device:{kind}:1</deviceType><friendlyName>Living room</friendlyName>"
            "<manufacturer>MERCURY</manufacturer><modelName>MW325R</modelName></device></root>")  # fmt: skip

    def exchange(kind: str, port: int) -> list[bytes]:
        ask = wires.tcp(b"GET /rootDesc.xml HTTP/1.1\r\nHost: 10.20.11.20\r\n\r\n", port, 5000)
        back = wires.tcp(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + body.format(kind=kind).encode(), 5000, port)
        return [wires.ether(wires.ip(ask, 6, "10.20.11.5", "10.20.11.20")),
                wires.ether(wires.ip(back, 6, "10.20.11.20", "10.20.11.5"), source=BOX)]  # fmt: skip

    [one] = heard(*exchange("InternetGatewayDevice", 40001), *exchange("MediaRenderer", 40002))

    assert ("UPnP", "10.20.11.20", BOX, "Living room MERCURY MW325R") == shown(one)


def test_hostile_fields_stay_bounded() -> None:
    """A message of nothing but fields, or with letters that no terminal prints: text of one line, of bounded length."""
    many = introductions.lldp(told(1, b"\x04" + wires.mac(BOX)) + told(5, b"TP-LINK\x1b[31m\n" + b"x" * 400) * 300)
    assert many is not None
    assert (True, True) == (many.name.isprintable(), len(many.name) <= 120)
    assert introductions.description(b"<modelName>" * 1000) is None
