"""Traffic for tests: hosts whose stacks, ports and agents behave as real ones do, straight or behind a box."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import wires

LINUX = (64, 64240, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07")
WINDOWS = (128, 64240, b"\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02")
APPLE = (64, 65535, b"\x02\x04\x05\xb4\x01\x03\x03\x06\x01\x01\x08\x0a" + bytes(8) + b"\x04\x02\x00\x00")
PHONES = ("Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
          "Dalvik/2.1.0 (Linux; U; Android 13; M2102J2SC Build/TKQ1)", "Mozilla/5.0 (Linux; Android 12; ELS-AN00) Chrome/99.0",
          "Mozilla/5.0 (Linux; Android 11; Redmi Note 9 Pro) Chrome/110.0")  # fmt: skip
APPLES = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 Version/16.3")  # fmt: skip
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{version}.0 Safari/537.36"
BOX = "50:c7:bf:00:00:30"


@dataclass
class Host:
    """A machine: its stack, its agent, and how it chooses source ports (per far end counting up, or by chance)."""

    stack: tuple[int, int, bytes]
    agent: str
    chance: random.Random
    counts_up: bool = True
    ports: dict[str, int] = field(default_factory=dict)

    def port(self, far: str) -> int:
        """The next source port to a far end."""
        if not self.counts_up:
            return self.chance.randrange(49152, 65536)
        before = self.ports.get(far) or self.chance.randrange(32768, 60000)
        self.ports[far] = before + 2 * self.chance.randrange(1, 8)
        return self.ports[far]


def household(count: int, chance: random.Random) -> list[Host]:
    """So many machines as a home router in an office hides: phones, desktops, and servers that say nothing of themselves."""
    found = []
    for _ in range(count):
        kind = chance.choice(("phone", "apple", "windows", "linux"))
        if kind == "phone":
            found.append(Host(LINUX, chance.choice(PHONES), chance))
        elif kind == "apple":
            found.append(Host(APPLE, chance.choice(APPLES), chance, counts_up=False))
        elif kind == "windows":
            found.append(Host(WINDOWS, DESKTOP.format(version=chance.randrange(100, 121)), chance))
        else:
            found.append(Host(LINUX, "curl/8.5.0", chance))
    return found


def behind(hosts: list[Host], rounds: int, chance: random.Random, ip: str = "10.20.11.30", mac: str = BOX, hops: int = 1,
           start: int = wires.NOON_NS) -> list[tuple[int, bytes]]:  # fmt: skip
    """Frames of hosts behind a box with one address, as a mirror port has them; *hops* 0: they stand on the LAN themselves."""
    frames = [(start, wires.ether(arp(ip, mac), 0x0806, mac, "ff:ff:ff:ff:ff:ff"))]
    at = start
    for _ in range(rounds):
        for host in chance.sample(hosts, len(hosts)):
            ttl, window, options = host.stack
            for far in ("10.20.0.80", "203.0.113.80"):
                sport, at = host.port(far), at + chance.randrange(10_000_000, 400_000_000)
                syn = wires.tcp(b"", sport, 80, 2, window, options, 1000)
                head = f"GET /generate HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: {host.agent}\r\n\r\n".encode()
                ask = wires.tcp(head, sport, 80, 0x18, sequence=1001)
                for number, segment in enumerate((syn, ask)):
                    packet = wires.ip(segment, 6, ip, far, ttl - hops)
                    frames.append((at + number * 1_000_000, wires.ether(packet, source=mac)))
    return frames


def arp(ip: str, mac: str, reply: bool = True) -> bytes:
    """An ARP packet in which a card claims an address."""
    from ipaddress import ip_address

    address = ip_address(ip).packed
    return b"\0\x01\x08\0\x06\x04\0" + bytes([2 if reply else 1]) + wires.mac(mac) + address + bytes(6) + address
