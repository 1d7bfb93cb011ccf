"""How many machines stand behind one address: the estimate against known numbers."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import traffic
import wires

from netops.config import share
from netops.egress.listening import services
from netops.egress.listening.crowd import Standing, estimate
from netops.egress.listening.frames import gathered
from netops.egress.listening.lines import Connection
from netops.egress.listening.listener import Listener
from netops.egress.listening.observation import Observation
from netops.egress.listening.trails import Trail


def heard(frames: list[tuple[int, bytes]]) -> list[Observation]:
    listener = Listener(services.read(share("playbooks")))
    listener.feed(gathered(sorted(frames)))
    return [one for one in listener.observations() if one.kind == "hidden_nat"]


@pytest.mark.parametrize("count", [1, 2, 4, 7, 10])
def test_known_numbers(count: int) -> None:
    """Phones, desktops and silent machines behind a box: always seen, one too many or too few at most."""
    for seed in range(2):
        chance = random.Random(100 * count + seed)
        [one] = heard(traffic.behind(traffic.household(count, chance), 10, chance))

        assert (True, traffic.BOX) == (one.is_alarm, one.mac)
        assert one.facts["at_least"] <= count
        assert abs(one.facts["hosts"] - count) <= 1


def alike(count: int, chance: random.Random, **numbers: object) -> list[Observation]:
    """So many machines of one model and system, none of which shows an agent, behind a box that chooses ports by chance."""
    kind = {"stack": traffic.LINUX, "agent": "", "speaks": 0.0} | numbers
    hosts = [traffic.Host(chance=chance, **kind) for _ in range(count)]  # type: ignore[arg-type]
    return heard(traffic.behind(hosts, 10, chance, shuffles=True))


def test_clocks_tell_machines_apart() -> None:
    """Linux from 4.12 has one clock for each far end, before it had one for all; since 2026 one a connection: nothing then."""
    chance = random.Random(21)
    [ends], [one], [every] = (alike(5, chance, clock=clock) for clock in ("end", "one", "chance"))

    assert [(5, 5), (5, 5), (1, 1)] == [(each.facts["hosts"], each.facts["at_least"]) for each in (ends, one, every)]
    assert ["stamps" in each.by for each in (ends, one, every)] == [True, True, False]
    assert every.facts["hosts_confidence"] < 0.7 < ends.facts["hosts_confidence"]


def test_counters_of_packets_tell_machines_apart() -> None:
    """Windows counts for each far end, a camera for all of them; what numbers by connection or not at all tells nothing."""
    chance = random.Random(22)
    told = [
        alike(4, chance, stack=stack, idents=idents)
        for stack, idents in (
            (traffic.WINDOWS, "end"), (traffic.CAMERA, "one"), (traffic.WINDOWS, "chance"), (traffic.WINDOWS, "none"))
    ]  # fmt: skip

    assert [4, 4, 1, 1] == [one.facts["hosts"] for [one] in told]


def test_connections_that_every_machine_keeps() -> None:
    """Machines of Apple that choose all their numbers by chance: as many as connections to its push service at one time."""
    chance = random.Random(23)
    hosts = [traffic.Host(traffic.APPLE, "", chance, "chance", speaks=0.0, courier=True) for _ in range(6)]
    [one] = heard(traffic.behind(hosts, 20, chance))

    assert (6, True) == (one.facts["hosts"], "standing" in one.by)


def test_one_connection_after_the_other_is_one_machine() -> None:
    """What ends before the next begins, and what overlaps for a moment, may be one machine's."""
    second = 1_000_000_000
    spans = [(0, 600), (590, 1200), (1200, 1800)]
    kept = [Standing("Apple", 5223, first * second, last * second) for first, last in spans]

    assert 1 == estimate((), kept).hosts
    assert 2 == estimate((), [*kept, Standing("Apple", 5223, 100 * second, 500 * second)]).hosts


def test_brands_whose_names_are_asked_for() -> None:
    """Phones of three makers ask for their makers' names; Apple's and Microsoft's run systems of their own."""
    several = [Connection(at, "64:mss,sok,ts,nop,ws", 40000, "203.0.113.80", 443) for at in range(3)]

    assert 3 == estimate(several, (), ["Huawei", "Xiaomi", "vivo"]).hosts
    assert 3 == estimate(several, (), ["Huawei", "Apple", "Microsoft"]).hosts


def test_a_box_behind_a_box() -> None:
    """Machines of one system, some of them one router further away: two groups, and the second box's own machines are counted."""
    chance = random.Random(24)
    near, far = ([traffic.Host(traffic.LINUX, "curl/8", chance) for _ in range(2)] for _ in range(2))
    [one] = heard(traffic.behind(near, 10, chance) + traffic.behind(far, 10, chance, hops=2))

    assert 4 == one.facts["hosts"]


def test_the_box_itself_is_not_counted() -> None:
    """What the box begins on its own passed no router."""
    chance = random.Random(25)
    hosts = [traffic.Host(traffic.WINDOWS, traffic.DESKTOP.format(version=120), chance, "all") for _ in range(2)]
    box = [traffic.Host(traffic.LINUX, "wget", chance)]
    [one] = heard(traffic.behind(hosts, 10, chance) + traffic.behind(box, 4, chance, hops=0))

    assert 2 == one.facts["hosts"]


def test_a_flood_of_numbers_is_bounded() -> None:
    """However many connections begin with numbers by chance, what is remembered stays small, and no line comes of it."""
    chance, trail = random.Random(26), Trail()
    lines = [trail.follow(0, sport, chance.randrange(1, 65536), begins=True) for sport in range(5000)]

    assert (128, 512) == (len(trail.ends), len(trail.of_connection))
    assert len(set(lines)) > 4500


def test_six_alike_are_told_apart_by_their_ports() -> None:
    """Machines of one kind, one agent for all: source ports to one far end count up on a line for each."""
    chance = random.Random(7)
    hosts = [traffic.Host(traffic.LINUX, "curl/8.5.0", chance) for _ in range(6)]
    [one] = heard(traffic.behind(hosts, 15, chance))

    assert 6 == one.facts["hosts"]
    assert "ports" in one.by


def test_ports_by_chance_count_nobody() -> None:
    """A system that chooses its ports by chance is one machine, however many connections it begins, however few its ports."""
    chance = random.Random(8)
    for count, ports in ((300, (20000, 65000)), (300, (49152, 65536)), (40, (49152, 65536)), (6, (49152, 65536))):
        several = [Connection(at, "64:mss", chance.randrange(*ports), "203.0.113.80", 443) for at in range(count)]

        assert 1 == estimate(several).hosts


def test_an_ordinary_host_is_no_crowd() -> None:
    """A machine on the LAN, with three browsers and an emulated phone, and its own TTL."""
    chance = random.Random(9)
    numbers: dict[str, int] = {}
    agents = (traffic.DESKTOP.format(version=120), traffic.PHONES[0], "Mozilla/5.0 (Windows NT 10.0) Firefox/121.0")
    hosts = [traffic.Host(traffic.WINDOWS, agent, chance, "all", kept=numbers) for agent in agents]

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
