"""How many machines stand behind one address: the estimate against known numbers."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import traffic
import wires

from netops.egress.listening.crowd import Connection, estimate
from netops.egress.listening.frames import gathered
from netops.egress.listening.listener import Listener
from netops.egress.listening.observation import Observation
from netops.egress.listening.services import Services


def heard(frames: list[tuple[int, bytes]]) -> list[Observation]:
    listener = Listener(Services())
    listener.feed(gathered(sorted(frames)))
    return [one for one in listener.observations() if one.kind == "hidden_nat"]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 10])
def test_known_numbers(count: int) -> None:
    """Phones, desktops and silent machines behind a box: one too many or too few at most, and it is always seen."""
    found = []
    for seed in range(3):
        chance = random.Random(100 * count + seed)
        [one] = heard(traffic.behind(traffic.household(count, chance), 12, chance))
        assert one.is_alarm
        assert traffic.BOX == one.mac
        assert one.facts["at_least"] <= count
        found.append(one.facts["hosts"])

    assert all(abs(one - count) <= 1 + count // 5 for one in found), found


def test_twenty_alike_are_told_apart_by_their_ports() -> None:
    """Machines of one kind, one agent for all: source ports to one far end count up on a line for each."""
    chance = random.Random(7)
    hosts = [traffic.Host(traffic.LINUX, "curl/8.5.0", chance) for _ in range(6)]
    [one] = heard(traffic.behind(hosts, 15, chance))

    assert 5 <= one.facts["hosts"] <= 7
    assert "ports" in one.by


def test_ports_by_chance_count_nobody() -> None:
    """A system that chooses its ports by chance is one machine, however many connections it begins."""
    chance = random.Random(8)
    several = [Connection(at, "64:mss", chance.randrange(20000, 65000), "203.0.113.80", 443) for at in range(300)]

    assert 1 == estimate(several).hosts


def test_an_ordinary_host_is_no_crowd() -> None:
    """A machine on the LAN, with three browsers and an emulated phone, and its own TTL."""
    chance = random.Random(9)
    ports: dict[str, int] = {}
    agents = (traffic.DESKTOP.format(version=120), traffic.PHONES[0], "Mozilla/5.0 (Windows NT 10.0) Firefox/121.0")
    hosts = [traffic.Host(traffic.WINDOWS, agent, chance, ports=ports) for agent in agents]

    assert [] == [one for one in heard(traffic.behind(hosts, 10, chance, hops=0)) if one.is_alarm]


def test_what_came_through_a_router_is_not_suspected() -> None:
    """TTL one below an initial one is what every remote network shows; its packets come from the router's card."""
    chance = random.Random(10)
    frames = []
    for number in range(5):
        hosts = [traffic.Host(traffic.LINUX, "curl/8", chance)]
        far = traffic.behind(hosts, 5, chance, ip=f"10.20.{number + 30}.9", mac=wires.GATEWAY)
        frames += [(at, frame) for at, frame in far if frame[12:14] != b"\x08\x06"]
    frames.append((wires.NOON_NS, wires.ether(traffic.arp("10.20.11.1", wires.GATEWAY), 0x0806, wires.GATEWAY)))

    assert [] == heard(frames)


def test_a_box_that_repairs_the_ttl_is_a_lead_by_what_stands_behind() -> None:
    """TTL rewritten to 64: two systems that differ in stack and device still betray it."""
    chance = random.Random(11)
    hosts = [traffic.Host((64, *traffic.WINDOWS[1:]), traffic.DESKTOP.format(version=119), chance),
             traffic.Host(traffic.LINUX, traffic.PHONES[1], chance)]  # fmt: skip
    [one] = heard(traffic.behind(hosts, 10, chance, hops=0))

    assert {"devices", "stacks"} <= set(one.by)
    assert 2 == one.facts["hosts"]
