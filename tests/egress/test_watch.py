"""The watch: verdicts become findings that fold, wait for the topology, and are not told twice."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import FOREIGN_PC, GATEWAY, NOW, OBSERVERS, PC, SHARER, batch, scene

from netops.egress import watch as watching
from netops.egress.judge import Facing, Port
from netops.egress.rules import RULES
from netops.egress.watch import Watch, tally

AT = datetime.fromtimestamp(NOW / 1000, UTC)
R_FIN, IN_SW, IN_CORE, FW = "10.20.255.11", "10.10.11.2", "10.10.255.1", "10.20.255.2"

CASES: dict[str, tuple[list[dict[str, Any]], list[tuple[str, dict[str, str], str]]]] = {
    "an unfiled exit of a router": (
        [{"exporter": R_FIN, "in_if": 9, "src": "203.0.113.80", "dst": "198.51.100.18", "sport": 80}] * 3,
        [("EG-101", {"device": "r-fin", "interface": "ge9", "ip": "198.51.100.18"}, "fin")],
    ),
    "a separate exit whose filing lapsed": (
        [{"exporter": FW, "in_if": 3, "src": "203.0.113.80", "dst": "198.51.100.6"}],
        [("EG-102", {"device": "r-old"}, "old")],
    ),
    "an intranet terminal that carries others": (
        [{"exporter": IN_SW, "in_if": 2, "src": "10.10.11.11", "dst": "203.0.113.80", "src_mac": PC, "dst_mac": SHARER},
         {"exporter": IN_SW, "in_if": 3, "src": "203.0.113.80", "dst": "10.10.11.11", "src_mac": SHARER, "dst_mac": PC}],
        [("EG-201", {"ip": "10.10.11.12", "mac": SHARER, "switch": "in-sw", "port": "ge3"}, "off")],
    ),
    "a carrier that no table knows yet is named by its port": (
        [{"exporter": IN_SW, "in_if": 3, "src": "203.0.113.80", "dst": "10.10.11.11", "src_mac": "00:00:5e:00:53:07"}],
        [("EG-201", {"mac": "00:00:5e:00:53:07", "switch": "in-sw", "port": "ge3"}, "off")],
    ),
    "an unknown interface of an intranet router": (
        [{"exporter": IN_CORE, "in_if": 9, "src": "203.0.113.80", "dst": "10.10.11.11", "src_mac": "00:00:5e:00:53:08"}],
        [("EG-201", {"device": "in-core", "interface": "ge9"}, "off")],
    ),
    "answers passing by a gateway accuse nobody": (
        [{"exporter": IN_CORE, "in_if": 1, "src": "203.0.113.80", "dst": "10.10.11.11", "src_mac": GATEWAY}], [],
    ),
    "an intranet host that asks in vain": (
        [{"exporter": IN_SW, "in_if": 2, "src": "10.10.11.11", "dst": "8.8.8.8", "dport": 53, "src_mac": PC, "dst_mac": GATEWAY},
         {"exporter": IN_CORE, "in_if": 1, "src": "10.10.11.11", "dst": "8.8.8.8", "dport": 53}],
        [("EG-202", {"ip": "10.10.11.11", "mac": PC, "switch": "in-sw", "port": "ge2"}, "off")],
    ),
    "a router's own packets are no host's": (
        [{"exporter": IN_CORE, "in_if": 1, "src": "10.10.11.1", "dst": "8.8.8.8", "proto": 1}], [],
    ),
    "another department's traffic past the platform": (
        [{"exporter": R_FIN, "in_if": 9, "src": "10.20.12.11", "dst": "10.20.11.11", "sport": 80}] * 2,
        [("EG-104", {"device": "r-fin", "interface": "ge9", "ip": "198.51.100.18"}, "fin")],
    ),
    "a terminal that sends with an address of the internet": (
        [{"exporter": R_FIN, "in_if": 2, "src": "203.0.113.80", "dst": "10.20.0.80", "src_mac": FOREIGN_PC}],
        [("EG-302", {"ip": "10.20.11.13", "mac": FOREIGN_PC, "switch": "sw-fin", "port": "ge4"}, "fin")],
    ),
    "the same by a gateway's card accuses nobody": (
        [{"exporter": R_FIN, "in_if": 2, "src": "203.0.113.80", "dst": "10.20.0.80", "src_mac": GATEWAY}], [],
    ),
    "a terminal of the extranet with an intranet address": (
        [{"exporter": R_FIN, "in_if": 2, "src": "10.10.12.60", "dst": "10.10.0.80", "src_mac": FOREIGN_PC}],
        [("EG-203", {"ip": "10.10.12.60", "mac": FOREIGN_PC, "switch": "sw-fin", "port": "ge4"}, "fin")],
    ),
    "an address nobody was given": (
        [{"exporter": R_FIN, "in_if": 2, "src": "10.20.11.200", "dst": "10.20.0.80"}],
        [("EG-301", {"ip": "10.20.11.200"}, "fin")],
    ),
    "a quiet day": (
        [{"exporter": FW, "in_if": 2, "src": "203.0.113.80", "dst": "203.0.113.2"},
         {"exporter": R_FIN, "in_if": 2, "src": "0.0.0.0", "dst": "255.255.255.255"},
         {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.11", "dst": "203.0.113.80"},
         {"exporter": R_FIN, "in_if": 1, "src": "8.8.8.8", "dst": "10.20.11.11"}],
        [],
    ),
    "a virtual gateway (VRRP) is no terminal": (
        [{"exporter": IN_SW, "in_if": 2, "src": "10.10.11.11", "dst": "8.8.8.8", "dst_mac": "00:00:5e:00:01:0a"}],
        [("EG-202", {"ip": "10.10.11.11", "mac": PC, "switch": "in-sw", "port": "ge2"}, "off")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_concluded(name: str) -> None:
    """Code, subject and organization of every conclusion, and no other."""
    flows, expected = CASES[name]
    watch = Watch()
    watch.see(batch(*flows), scene())

    assert expected == [(one.code, one.subject, one.organization) for one in watch.due(AT)]


def test_a_thousand_flows_are_one_conclusion_with_samples() -> None:
    """Count and window of all, three of them as samples; facts fill every place of the texts."""
    watch = Watch()
    flow = {"exporter": R_FIN, "in_if": 9, "src": "203.0.113.80", "dst": "198.51.100.18", "sport": 443}
    for _ in range(10):
        watch.see(batch(*[flow] * 100), scene())
    [one] = watch.due(AT)

    assert 1000 == one.count
    body = one.evidence[-1].body
    assert (100, 10_000, 3) == (body["flows"], body["bytes"], len(body["samples"]))  # type: ignore[arg-type]
    assert "203.0.113.80:443" in RULES["EG-101"].because.format(**one.facts)
    assert "r-fin ge9" in RULES["EG-101"].title.format(**one.facts)


def test_what_was_told_is_told_again_only_with_news() -> None:
    """New subjects at once; what goes on every few seconds; nothing without new flows."""
    watch, flow = (
        Watch(),
        batch({"exporter": R_FIN, "in_if": 9, "src": "203.0.113.80", "dst": "198.51.100.18"}),
    )
    watch.see(flow, scene())
    watch.told(watch.due(AT), AT)
    assert [] == watch.due(AT + timedelta(hours=1))

    watch.see(flow, scene())
    assert [] == watch.due(AT + timedelta(seconds=1))
    assert [1] == [one.count for one in watch.due(AT + timedelta(seconds=6))]


def test_who_was_answered_did_not_merely_ask() -> None:
    """An answer seen before keeps the question from being an attempt in vain."""
    watch = Watch()
    watch.see(
        batch({"exporter": IN_SW, "in_if": 3, "src": "8.8.8.8", "dst": "10.10.11.11", "src_mac": SHARER}),
        scene(),
    )
    watch.see(batch({"exporter": IN_CORE, "in_if": 1, "src": "10.10.11.11", "dst": "8.8.8.8"}), scene())

    assert ["EG-201"] == [one.code for one in watch.due(AT)]


def test_flows_by_an_unwalked_interface_wait_for_the_walk() -> None:
    """No conclusion from what is unseen; with the walk they are judged, and counted once."""
    watch, before = Watch(), scene()
    watch.see(batch({"exporter": R_FIN, "in_if": 33, "src": "203.0.113.80", "dst": "198.51.100.18"}), before)
    assert ([], 1, {}) == (watch.due(AT), watch.waiting, watch.hits)

    after = scene()
    seen = OBSERVERS[1]
    after.observers[R_FIN] = msgspec.structs.replace(
        seen, ports=(*seen.ports, Port(33, "ge33", Facing.UNKNOWN))
    )
    watch.review(after, NOW + 1000)

    assert [{"device": "r-fin", "interface": "ge33"}] == [one.subject for one in watch.due(AT)]
    assert (0, {"unfiled_exit": 1}) == (watch.waiting, dict(tally(watch.hits)))


def test_what_waits_is_bounded_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many, or too old: given up and counted, never kept for ever."""
    monkeypatch.setattr(watching, "MAX_PENDING", 10)
    watch, flow = Watch(), {"exporter": R_FIN, "in_if": 33, "src": "203.0.113.80", "dst": "198.51.100.18"}
    for _ in range(5):
        watch.see(batch(*[flow] * 4), scene())
    assert (8, 12) == (watch.waiting, watch.given_up)

    watch.review(scene(), NOW + 3_600_000)
    assert (0, {"undetermined": 8}) == (watch.waiting, dict(tally(watch.hits)))


def test_hits_are_kept_by_minute_organization_and_exit() -> None:
    """
    The organization is that of the inside end, whichever way the flow goes; two exits of one kind at one device stay two, and
    an unfiled one is called by its interface.
    """
    watch = Watch()
    watch.see(
        batch(
            {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.11", "dst": "8.8.8.8"},
            {"exporter": R_FIN, "in_if": 1, "src": "8.8.8.8", "dst": "10.20.11.11"},
            {"exporter": FW, "in_if": 2, "src": "8.8.8.8", "dst": "203.0.113.2"},
            {"exporter": FW, "in_if": 3, "src": "8.8.8.8", "dst": "10.20.11.11"},
            {"exporter": FW, "in_if": 5, "src": "8.8.8.8", "dst": "10.20.11.11"},
            *[{"exporter": R_FIN, "in_if": 9, "src": "203.0.113.80", "dst": "10.20.11.11"}] * 3,
        ),
        scene(),
    )

    found = {
        (hit.plane, hit.organization, hit.exit_kind, hit.exit, hit.verdict): counts
        for hit, counts in watch.hits.items()
    }
    assert {
        ("extranet", "fin", "none", "", "transit"): [2, 2, 200, 0],
        ("extranet", "ic", "shared", "shared", "shared"): [1, 1, 100, 0],
        ("extranet", "fin", "separate", "lapsed", "lapsed_exit"): [1, 1, 100, 0],
        ("extranet", "fin", "separate", "filed", "separate"): [1, 1, 100, 0],
        ("extranet", "fin", "none", "r-fin:ge9", "unfiled_exit"): [3, 3, 300, 0],
    } == found


def test_every_rule_explains_itself() -> None:
    """What, why and mend stand in every docstring, and the code at its head."""
    for code, rule in RULES.items():
        assert rule.explanation.startswith(f"{code}:")
        assert all(word in rule.explanation for word in ("What:", "Why:", "Mend:", "Article"))


def test_sampled_flows_are_scaled_and_marked() -> None:
    """One packet of a hundred stands for a hundred; flows stay flows, and estimates are counted apart."""
    watch = Watch()
    flow = {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.11", "dst": "8.8.8.8", "packets": 2, "bytes": 300}
    watch.see(batch(flow, flow | {"sampling_interval": 100}, flow | {"sampling_interval": 1}), scene())

    assert [[3, 204, 30_600, 1]] == list(watch.hits.values())
