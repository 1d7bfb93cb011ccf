"""Tunnels: conversations with the internet by protocols and ports of the watchlist, and what only looks like one."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import FOREIGN_PC, NOW, batch, scene

from netops.config import share
from netops.core.errors import Faults
from netops.core.plane import Plane
from netops.egress import tunnels as tunnelling
from netops.egress import watchlists
from netops.egress.judge import Scene, Terminal
from netops.egress.tunnels import Talks
from netops.egress.watch import Watch

AT = datetime.fromtimestamp(NOW / 1000, UTC)
FW, R_FIN, IN_SW = "10.20.255.2", "10.20.255.11", "10.10.11.2"
FAR = "192.0.2.200"
OUT = {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.11", "dst": FAR, "packets": 30}
BACK = {"exporter": R_FIN, "in_if": 1, "src": FAR, "dst": "10.20.11.11", "packets": 30}


def both(**fields: Any) -> list[dict[str, Any]]:
    """A conversation: *sport* is ours and *dport* the far end's."""
    turned = fields | {"sport": fields.get("dport", 0), "dport": fields.get("sport", 0)}
    return [OUT | fields, BACK | turned]


CASES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "GRE": (both(proto=47), ["GRE"]),
    "IP-in-IP": (both(proto=4), ["IP-in-IP"]),
    "6in4": (both(proto=41), ["6in4"]),
    "ESP": (both(proto=50), ["IPsec ESP"]),
    "WireGuard": (both(proto=17, sport=40000, dport=51820), ["WireGuard"]),
    "WireGuard from its own port": (both(proto=17, sport=51820, dport=51820), ["WireGuard"]),
    "L2TP, the same low port on both sides": (both(proto=17, sport=1701, dport=1701), ["L2TP"]),
    "OpenVPN over TCP": (both(proto=6, sport=40000, dport=1194), ["OpenVPN"]),
    "SOCKS": (both(proto=6, sport=40000, dport=1080), ["SOCKS"]),
    "PPTP is its control connection and its GRE": (both(proto=6, sport=40000, dport=1723) + both(proto=47), ["PPTP", "GRE"]),
    "an attempt without an answer": (both(proto=47)[:1], []),
    "an answer without a question": (both(proto=47)[1:], []),
    "too few packets": ([one | {"packets": 2} for one in both(proto=17, sport=40000, dport=51820)], []),
    "the web": (both(proto=6, sport=51820, dport=443), []),
    "QUIC from a client port that is WireGuard's": (both(proto=17, sport=51820, dport=443), []),
    "our web server answers a visitor whose port is 1080": (both(proto=6, sport=443, dport=1080), []),
    "a published port answers a visitor": (both(src="10.20.0.80", proto=6, sport=8443, dport=1080), []),
    "GRE between two of ours": ([OUT | {"proto": 47, "dst": "10.20.0.80"}, BACK | {"proto": 47, "src": "10.20.0.80"}], []),
    "a device's own tunnel": ([OUT | {"proto": 47, "src": "10.20.254.1"}, BACK | {"proto": 47, "dst": "10.20.254.1"}], []),
    "ICMP, whose type is in the port column": (both(proto=1, dport=1080), []),
    "the intranet is the other rules' business": ([OUT | {"exporter": IN_SW, "proto": 47, "src": "10.10.11.11"}], []),
}  # fmt: skip


def here() -> Scene:
    one = scene()
    exits = tuple(
        replace_exit if (replace_exit := _published(one)) and one.id == "shared" else one for one in one.exits
    )
    terminals = (*one.terminals, Terminal(Plane.EXTRANET, "10.20.11.11", FOREIGN_PC, "sw-fin", "ge4", "fin"))
    return replace(one, exits=exits, terminals=terminals, tunnels=watchlists.tunnels(share("playbooks")))


def _published(one: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(one, published={"8443": "10.20.0.80:8443"})


@pytest.mark.parametrize("name", CASES)
def test_what_is_a_tunnel(name: str) -> None:
    """Kinds of tunnels that were concluded, in a batch of their own or flow by flow."""
    flows, expected = CASES[name]
    at_once, one_by_one = Watch(), Watch()
    at_once.see(batch(*flows), here())
    for one in flows:
        one_by_one.see(batch(one), here())
    found = [
        [one.facts["tunnel"] for one in watch.due(AT) if one.code == "EG-402"]
        for watch in (at_once, one_by_one)
    ]

    assert [sorted(expected)] * 2 == [sorted(names) for names in found]


def test_the_terminal_is_named_with_its_place() -> None:
    """Address, MAC address, switch and port; the answer's row tells the same as the question's."""
    watch = Watch()
    watch.see(batch(*both(proto=17, sport=40000, dport=51820)), here())
    [one] = watch.due(AT)

    assert {"ip": "10.20.11.11", "mac": FOREIGN_PC, "switch": "sw-fin", "port": "ge4"} == one.subject
    assert ("fin", FAR, "UDP 51820") == (one.organization, one.facts["peer"], one.facts["service"])


def test_a_tunnel_is_told_though_nobody_walked_its_exporter() -> None:
    """Its two ends suffice; when the interfaces are known at last, the same flows are not counted twice."""
    watch, flows = Watch(), [one | {"in_if": 77} for one in both(proto=17, sport=40000, dport=51820)]
    watch.see(batch(*flows), here())
    [one] = watch.due(AT)
    watch.told([one], AT)
    watch.review(here(), NOW)

    assert ("EG-402", "10.20.11.11") == (one.code, one.subject["ip"])
    assert [] == watch.due(AT, everything=True)


def test_several_exporters_do_not_add_up() -> None:
    """One packet seen by three devices is one packet."""
    flows = both(proto=17, sport=40000, dport=51820)
    few = [one | {"packets": 12, "exporter": exporter} for one in flows for exporter in (R_FIN, FW)]
    watch = Watch()
    watch.see(batch(*few), here())

    assert [] == watch.due(AT)


def test_what_was_long_ago_is_forgotten() -> None:
    """Packets more than ten minutes apart are no conversation."""
    talks, key = Talks(), (0, 1, 0, 2, 0)
    talks.add(key, R_FIN, 30, NOW, is_outward=True)
    late = talks.add(key, R_FIN, 30, NOW + 601_000, is_outward=False)

    assert not late.is_kept(20, 10)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan over a thousand addresses pushes out the oldest."""
    monkeypatch.setattr(tunnelling, "MAX_TALKS", 10)
    talks = Talks()
    for number in range(1000):
        talks.add((0, number, 0, 2, 0), R_FIN, 1, NOW, is_outward=True)

    assert list(range(990, 1000)) == [key[1] for key in talks.talks]


def test_every_signature_of_the_watchlist_matches_itself() -> None:
    """Each protocol and port of the shipped file is found by the tables that are made of it."""
    signatures = watchlists.tunnels(share("playbooks"))
    shapes = watchlists.Shapes(signatures)
    for number, one in enumerate(signatures):
        for port in one.ports or (0,):
            row = [np.array([value], np.uint16) for value in (one.protocol, port, 40000)]
            assert [number] == shapes.match(*row).tolist()
        assert one.source
        assert one.checked


@pytest.mark.parametrize(
    ("entry", "told"),
    [("protocol = 17", "with ports for TCP and UDP only"), ("protocol = 47\nports = [1]", "with ports"),
     ("protocol = 6\nports = [70000]", "1 to 65535"), ("protocol = 6\nports = [1]\nport = 3", "port")],
)  # fmt: skip
def test_a_faulty_watchlist_is_told(tmp_path: Path, entry: str, told: str) -> None:
    """The line and what is wrong with it."""
    folder = tmp_path / "watchlists"
    folder.mkdir()
    head = '[[tunnels]]\nkey = "x"\nname = "X"\nsource = "s"\nchecked = "2026-11-22"\n'
    (folder / "tunnels.toml").write_text(head + entry + "\n", "utf-8")
    with pytest.raises(Faults, match=told):
        watchlists.tunnels(tmp_path)


def test_without_a_watchlist_nothing_is_looked_for(tmp_path: Path) -> None:
    """A city that keeps none is judged by the other rules."""
    assert () == watchlists.tunnels(tmp_path)
