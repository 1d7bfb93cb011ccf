"""Traffic for tests: hosts whose stacks, numbers and agents behave as real ones do, straight or behind a box."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

import wires

LINUX = (64, 64240, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07")
WINDOWS = (128, 64240, b"\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02")
APPLE = (64, 65535, b"\x02\x04\x05\xb4\x01\x03\x03\x06\x01\x01\x08\x0a" + bytes(8) + b"\x04\x02\x00\x00")
CAMERA = (64, 5840, b"\x02\x04\x05\xb4")
PHONES = ("Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
          "Dalvik/2.1.0 (Linux; U; Android 13; M2102J2SC Build/TKQ1)", "Mozilla/5.0 (Linux; Android 12; ELS-AN00) Chrome/99.0",
          "Mozilla/5.0 (Linux; Android 11; Redmi Note 9 Pro) Chrome/110.0")  # fmt: skip
APPLES = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 Version/16.3")  # fmt: skip
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{version}.0 Safari/537.36"
BOX = "50:c7:bf:00:00:30"
PORTAL, SITES = "10.20.0.80", ("203.0.113.80", "203.0.113.81", "203.0.113.82", "198.51.100.80", "198.51.100.81")
COURIER, COURIER_NAME = "17.57.146.20", "12-courier.push.apple.com"


@dataclass
class Host:
    """
    A machine: its stack, its agent, and how it chooses its numbers.

    Args:
        ports: end: counted up for each far end (Linux); all: for all of them (Windows); chance (Apple).
        clock: timestamps: end: one clock a far end (Linux 4.12 to 6.18); one: for all (before); chance (Apple, Linux since).
        idents: end: one counter a far end (Windows); one: for all packets (small devices); chance: by connection; none: 0.
        speaks: share of its connections that show an agent; the others are TLS.
        idle: share of rounds in which it does nothing.
    """

    stack: tuple[int, int, bytes]
    agent: str
    chance: random.Random
    ports: str = "end"
    clock: str = "chance"
    idents: str = "chance"
    speaks: float = 1.0
    idle: float = 0.0
    sites: tuple[str, ...] = (PORTAL, SITES[0])
    courier: bool = False
    kept: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, least: int, most: int, step: int) -> int:
        """The next value of a counter, which begins by chance between *least* and *most*."""
        before = self.kept.get(what)
        self.kept[what] = self.chance.randrange(least, most) if before is None else before + step
        return self.kept[what]

    def port(self, far: str) -> int:
        """The next source port to a far end."""
        if self.ports == "chance":
            return self.chance.randrange(49152, 65536)
        if self.ports == "all":
            return self.count("port", 49152, 62000, self.chance.choice((1, 1, 1, 2, 3)))
        return self.count(f"port {far}", 32768, 60000, 2 * self.chance.randrange(1, 8))

    def stamp(self, far: str, at: int) -> int:
        """The timestamp of a SYN at this time, ns."""
        ticks = at // 1_000_000
        if self.clock == "chance":
            return self.chance.getrandbits(32) or 1
        what = "clock" if self.clock == "one" else f"clock {far}"
        return (self.count(what, 1, 1 << 32, 0) + ticks) & 0xFFFFFFFF or 1

    def ident(self, far: str, connection: int) -> int:
        """The identification of its next packet."""
        if self.idents == "none":
            return 0
        what = {"end": f"ident {far}", "one": "ident"}.get(self.idents, f"ident {far} {connection}")
        return self.count(what, 1, 1 << 16, 1) & 0xFFFF

    def options(self, far: str, at: int) -> bytes:
        """Those of a SYN, with the timestamp in its place."""
        options = self.stack[2]
        place = options.find(b"\x08\x0a" + bytes(8))
        if place < 0:
            return options
        return options[: place + 2] + struct.pack(">I", self.stamp(far, at)) + options[place + 6 :]


def phone(chance: random.Random, **more: object) -> Host:
    """One of four models; its kernel has a clock for each far end, or for each connection as those since 2026."""
    clock = chance.choice(("end", "end", "end", "one", "chance"))
    return Host(LINUX, chance.choice(PHONES), chance, clock=clock, **more)  # type: ignore[arg-type]


def household(count: int, chance: random.Random, speaks: float = 0.3, *, pushes: bool = True) -> list[Host]:
    """
    So many machines as a home router in an office hides, most of them bought alike; few of their connections show an agent.

    Phones and machines of Apple, Windows and Linux, and cameras that say nothing of themselves; some are hardly used.

    Args:
        speaks: share of connections that show an agent.
        pushes: whether Apple's service can be reached.
    """
    found = []
    kinds = chance.choices(("phone", "apple", "windows", "linux", "camera"), weights=(4, 2, 4, 1, 1), k=2)
    version = chance.randrange(118, 121)
    for _ in range(count):
        kind = chance.choice(kinds) if chance.random() < 0.6 else chance.choice(("phone", "apple", "windows", "linux", "camera"))
        sites = (PORTAL, *chance.sample(SITES, 2))
        use = {"sites": sites, "speaks": speaks, "idle": chance.choice((0.0, 0.2, 0.5))}
        if kind == "phone":
            found.append(phone(chance, **use))
        elif kind == "apple":
            found.append(Host(APPLE, chance.choice(APPLES), chance, "chance", "chance", "none", courier=pushes, **use))  # type: ignore[arg-type]
        elif kind == "windows":
            newer = DESKTOP.format(version=version - (chance.random() < 0.2))
            found.append(Host(WINDOWS, newer, chance, "all", "chance", "end", **use))  # type: ignore[arg-type]
        elif kind == "linux":
            found.append(Host(LINUX, "curl/8.5.0", chance, clock=chance.choice(("end", "chance")), **use))  # type: ignore[arg-type]
        else:
            found.append(Host(CAMERA, "", chance, "all", "chance", "one", **(use | {"speaks": 0.0})))  # type: ignore[arg-type]
    return found


def behind(hosts: list[Host], rounds: int, chance: random.Random, ip: str = "10.20.11.30", mac: str = BOX, hops: int = 1,
           start: int = wires.NOON_NS, lost: float = 0.0, *, shuffles: bool = False) -> list[tuple[int, bytes]]:  # fmt: skip
    """
    Frames of hosts behind a box with one address, as a mirror port has them; *hops* 0: they stand on the LAN themselves.

    Args:
        lost: share of frames that the mirror port drops.
        shuffles: the box chooses the ports of what it translates by chance.
    """
    frames = [(start, wires.ether(arp(ip, mac), 0x0806, mac, "ff:ff:ff:ff:ff:ff"))]
    at, number = start, 0
    standing = {place: host.port(COURIER) for place, host in enumerate(hosts) if host.courier}
    for turn in range(rounds):
        for place, host in chance.sample(list(enumerate(hosts)), len(hosts)):
            if place in standing:
                frames += _kept_open(host, standing[place], at, ip, mac, hops, begins=turn == 0)
            if chance.random() < host.idle:
                continue
            for far in host.sites:
                number, at = number + 1, at + chance.randrange(10_000_000, 400_000_000)
                sport = host.port(far)
                sport = chance.randrange(1024, 65536) if shuffles else sport
                frames += _connection(host, far, sport, number, at, ip, mac, hops)
    return frames[:1] + [frame for frame in frames[1:] if not lost or chance.random() >= lost]


def _connection(host: Host, far: str, sport: int, number: int, at: int, ip: str, mac: str,
                hops: int) -> list[tuple[int, bytes]]:  # fmt: skip
    """A SYN, what is asked, some acknowledgements, a FIN."""
    ttl, window, _ = host.stack
    shows = host.chance.random() < host.speaks
    port = 80 if shows else 443
    head = f"GET /generate HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: {host.agent}\r\n\r\n".encode()
    asked = head if shows else wires.hello("www.example.com")
    segments = [wires.tcp(b"", sport, port, 2, window, host.options(far, at), 1000)]
    segments.append(wires.tcp(asked, sport, port, 0x18, sequence=1001))
    segments += [wires.tcp(b"", sport, port, 0x10, sequence=1001 + len(asked))] * host.chance.randrange(1, 4)
    segments.append(wires.tcp(b"", sport, port, 0x11, sequence=1001 + len(asked)))
    return [
        (at + step * 1_000_000, wires.ether(wires.ip(segment, 6, ip, far, ttl - hops, ip_id=host.ident(far, number)), source=mac))
        for step, segment in enumerate(segments)
    ]  # fmt: skip


def _kept_open(host: Host, sport: int, at: int, ip: str, mac: str, hops: int, *, begins: bool) -> list[tuple[int, bytes]]:
    """A turn of the connection that the machine keeps to its maker."""
    ttl, window, _ = host.stack
    syn = wires.tcp(b"", sport, 5223, 2, window, host.options(COURIER, at), 1000)
    asked = wires.tcp(wires.hello(COURIER_NAME), sport, 5223, 0x18, sequence=1001)
    out = [syn, asked] if begins else [wires.tcp(b"ping", sport, 5223, 0x18, sequence=9000)]
    back = wires.ip(wires.tcp(b"", 5223, sport, 0x12 if begins else 0x10), 6, COURIER, ip, 50)
    sent = [wires.ether(wires.ip(one, 6, ip, COURIER, ttl - hops, ip_id=0), source=mac) for one in out]
    return [*((at + step, frame) for step, frame in enumerate(sent)),
            (at + 9, wires.ether(back, source=wires.GATEWAY, destination=mac))]  # fmt: skip


def arp(ip: str, mac: str, reply: bool = True) -> bytes:
    """An ARP packet in which a card claims an address."""
    from ipaddress import ip_address

    address = ip_address(ip).packed
    return b"\0\x01\x08\0\x06\x04\0" + bytes([2 if reply else 1]) + wires.mac(mac) + address + bytes(6) + address
