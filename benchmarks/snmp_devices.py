"""
Simulated access switches for benchmarks: any number at 127.x.y.z, one port, one process, each answer so much later.

    python -m benchmarks.snmp_devices [--delay 0.005] [--ports 48]   prints the port, serves until stdin ends

Every switch has the same tables; its number stands where MAC addresses and names differ. An answer is made once and kept,
so that the process costs little beside what it is asked by. Only the loopback interface is listened on.
"""

from __future__ import annotations

import argparse
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator

from netops.probes.agent import Table
from netops.probes.ber import (
    GETBULK,
    OBJECT,
    OCTETS,
    RESPONSE,
    SEQUENCE,
    Oid,
    Reader,
    integer,
    oid,
    parse_oid,
    tlv,
)

MARK, NAMED = b"\xde\xad\xbe", b"@@@@@"
"""In MAC addresses and in names: where the number of the switch goes."""
MIB2: Oid = (1, 3, 6, 1, 2, 1)
LLDP: Oid = (1, 0, 8802, 1, 1, 2, 1)
SO_BINDTODEVICE = 25


def number(address: str) -> int:
    """Which switch lives at a loopback address: 127.1.0.1 is the first."""
    return struct.unpack("!I", socket.inet_aton(address))[0] - (127 << 24) - (1 << 16)


def address(place: int) -> str:
    """Where the switch of that number lives."""
    return socket.inet_ntoa(struct.pack("!I", (127 << 24) + (1 << 16) + place))


def variables(ports: int, hosts: int = 90) -> Iterator[tuple[Oid, bytes]]:
    """An access switch: interfaces, addresses, LLDP, bridge, spanning tree, VLANs, forwarding table, ARP, a route."""

    def text(value: str) -> bytes:
        return tlv(OCTETS, value.encode())

    def mac(place: int) -> bytes:
        return tlv(OCTETS, b"\x02" + MARK + place.to_bytes(2, "big"))

    yield (*MIB2, 1, 1, 0), text("Example switch, release 8.4(3), an access switch of the simulated city")
    yield (*MIB2, 1, 2, 0), oid((1, 3, 6, 1, 4, 1, 32473, 1, 48))
    yield (*MIB2, 1, 3, 0), integer(123_456_700, 0x43)
    yield (*MIB2, 1, 5, 0), text("sw-@@@@@")
    yield (*MIB2, 1, 6, 0), text("弱电间")
    for port in range(1, ports + 3):
        name = f"GigabitEthernet0/0/{port}" if port <= ports else f"Vlanif{port}"
        row: dict[Oid, bytes] = {
            (2, 2, 1, 2): text(name),
            (2, 2, 1, 3): integer(6 if port <= ports else 53),
            (2, 2, 1, 4): integer(1500),
            (2, 2, 1, 5): integer(1_000_000_000, 0x42),
            (2, 2, 1, 6): mac(port),
            (2, 2, 1, 7): integer(1),
            (2, 2, 1, 8): integer(1 + port % 2),
            (31, 1, 1, 1, 1): text(name),
            (31, 1, 1, 1, 15): integer(1000, 0x42),
            (31, 1, 1, 1, 18): text(f"to room {port}"),
        }
        yield from (((*MIB2, *column, port), value) for column, value in row.items())
        if port <= ports:
            yield (*MIB2, 17, 1, 4, 1, 2, port), integer(port)
            yield (*MIB2, 17, 2, 15, 1, 3, port), integer(5)
            yield (*MIB2, 17, 2, 15, 1, 8, port), tlv(OCTETS, b"\x80\0\x02" + MARK + b"\0\0")
            yield (*MIB2, 17, 2, 15, 1, 9, port), tlv(OCTETS, b"\x80" + bytes((port,)))
            yield (*MIB2, 17, 7, 1, 4, 5, 1, 1, port), integer(100 + port % 4, 0x42)
            yield (*LLDP, 3, 7, 1, 2, port), integer(5)
            yield (*LLDP, 3, 7, 1, 3, port), text(name)
            yield (*LLDP, 3, 7, 1, 4, port), text(name)
    yield (*MIB2, 17, 1, 1, 0), mac(0)
    yield (*MIB2, 4, 20, 1, 2, 192, 0, 2, 1), integer(ports + 1)
    yield (*MIB2, 4, 20, 1, 3, 192, 0, 2, 1), tlv(0x40, bytes((255, 255, 255, 0)))
    yield (*LLDP, 3, 1, 0), integer(4)
    yield (*LLDP, 3, 2, 0), mac(0)
    for up in (1, 2):
        row = {
            (4,): integer(4),
            (5,): mac(0xFFF0 + up),
            (6,): integer(5),
            (7,): text(f"GigabitEthernet0/0/{up}"),
            (8,): text("downlink"),
            (9,): text(f"dist-@@@@@-{up}"),
            (10,): text("Example switch, release 8.4(3)"),
            (12,): tlv(OCTETS, b"\x28\0"),
        }
        yield from (((*LLDP, 4, 1, 1, *column, 0, ports - up, up), value) for column, value in row.items())
    for vlan in range(100, 104):
        members = tlv(OCTETS, b"\xff" * (ports // 8))
        yield (*MIB2, 17, 7, 1, 4, 3, 1, 1, vlan), text(f"office {vlan}")
        yield (*MIB2, 17, 7, 1, 4, 2, 1, 3, 0, vlan), integer(vlan, 0x42)
        yield (*MIB2, 17, 7, 1, 4, 2, 1, 4, 0, vlan), members
        yield (*MIB2, 17, 7, 1, 4, 2, 1, 5, 0, vlan), members
    for host in range(hosts):
        index = (100 + host % 4, 2, *MARK, host >> 8, host & 255)
        yield (*MIB2, 17, 7, 1, 2, 2, 1, 2, *index), integer(1 + host % ports)
        yield (*MIB2, 17, 7, 1, 2, 2, 1, 3, *index), integer(3)
    for host in range(10):
        index = (ports + 1, 192, 0, 2, 10 + host)
        yield (*MIB2, 4, 22, 1, 2, *index), mac(0x100 + host)
        yield (*MIB2, 4, 22, 1, 4, *index), integer(3)
    index = (1, 4, 0, 0, 0, 0, 0, 2, 0, 0, 1, 4, 192, 0, 2, 254)
    yield (*MIB2, 4, 24, 7, 1, 7, *index), integer(ports + 1)
    yield (*MIB2, 4, 24, 7, 1, 8, *index), integer(4)
    yield (*MIB2, 4, 24, 7, 1, 9, *index), integer(3)


class City:
    """All switches: one table, one answer for each question, made once."""

    def __init__(self, ports: int) -> None:
        self.table = Table(variables(ports))
        self._made: dict[bytes, bytes] = {}
        self._mark = oid((1, 3, *MARK))[3:]

    def answer(self, datagram: bytes, who: int) -> bytes:
        """What switch *who* says."""
        message = Reader(datagram).into(SEQUENCE)
        message.number()
        community = message.body()
        kind, start, end = message.take()
        pdu = Reader(datagram, start, end)
        request = pdu.number()
        digits, place = b"%05d" % who, who.to_bytes(3, "big")
        # In a row's index the number is three parts of an identifier, in its values three octets.
        name = oid((1, 3, *place))[3:]
        question = (
            bytes((kind,)) + datagram[pdu.at : end].replace(name, self._mark) if len(name) == 3 else b""
        )
        said = self._made.get(question)
        if said is None:
            said = self._said(kind, pdu)
            if question:
                self._made[question] = said
        said = said.replace(NAMED, digits).replace(MARK, place)
        body = tlv(RESPONSE, integer(request) + b"\x02\x01\0\x02\x01\0" + tlv(SEQUENCE, said))
        return tlv(SEQUENCE, b"\x02\x01\x01" + tlv(OCTETS, community) + body)

    def _said(self, kind: int, pdu: Reader) -> bytes:
        first, second = pdu.number(), pdu.number()
        names, asked = [], pdu.into(SEQUENCE)
        while asked.at < asked.end:
            names.append(parse_oid(asked.into(SEQUENCE).body(OBJECT)))
        return self.table.answer(kind, first if kind == GETBULK else 0, second, names)


def serve(delay: float, ports: int) -> None:
    """Answer until stdin ends."""
    city = City(ports)
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    here.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"lo\0")
    here.setsockopt(socket.IPPROTO_IP, socket.IP_PKTINFO if hasattr(socket, "IP_PKTINFO") else 8, 1)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
    here.bind(("0.0.0.0", 0))  # on the loopback interface only, at all of its addresses
    print(here.getsockname()[1], flush=True)
    due: deque[tuple[float, bytes, bytes, object]] = deque()
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
        ready, _, _ = select.select([here, sys.stdin], [], [], wait)
        if sys.stdin in ready and not sys.stdin.readline():
            return
        if here in ready:
            for _ in range(64):
                try:
                    datagram, extra, _, asker = here.recvmsg(65535, 64)
                except BlockingIOError:
                    break
                _, local, _ = struct.unpack("=I4s4s", extra[0][2])
                who = number(socket.inet_ntoa(local))
                due.append((time.monotonic() + delay, city.answer(datagram, who), local, asker))
        while due and due[0][0] <= time.monotonic():
            _, said, local, asker = due.popleft()
            here.sendmsg(
                [said], [(socket.IPPROTO_IP, 8, struct.pack("=I4s4s", 0, local, bytes(4)))], 0, asker
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--ports", type=int, default=48)
    given = parser.parse_args()
    serve(given.delay, given.ports)
