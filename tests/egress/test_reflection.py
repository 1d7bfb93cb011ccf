"""Reflections: what each answer to the sensor proves, and which of the sensor's lines are believed."""

from __future__ import annotations

import msgspec
import pytest

from netops.core import ticket
from netops.core.plane import Plane
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.judge import Terminal
from netops.egress.reflection import Answer, Asked, Hit, believed, rogue_exit_host, sealed, weigh
from netops.egress.rules import RULES

KEY, SENSOR = ticket.new_key(), "203.0.113.99"
AT = 1_790_000_000
RUN, EARLIER = "00000001", "00000002"
EXITS = (
    RegisteredExit("shared", ExitKind.SHARED, "fw", "ic", net="203.0.113.0/30", public_address="203.0.113.2"),
    RegisteredExit("county", ExitKind.COUNTY, "r-x", "xc", net="198.51.100.0/30"),
    RegisteredExit("filed", ExitKind.SEPARATE, "r-edu", "edu", net="198.51.100.4/30", filing="F-3"),
)
PC = Asked(
    Terminal(Plane.EXTRANET, "10.20.11.11", "00:14:22:00:00:11", "sw-fin", "ge2", "fin"),
    "r-fin",
    ("10.20.11.1", "10.20.255.11"),
)
EDU = Asked(
    Terminal(Plane.EXTRANET, "10.20.13.11", "00:14:22:00:00:13", "sw-edu", "ge2", "edu"), "r-edu", ("10.20.13.1",)
)
ALONE = Asked(Terminal(Plane.EXTRANET, "10.20.19.11", "00:14:22:00:00:19"))


def hit(target: str, source: str = "", run: str = RUN, late: float = 1.0, key: str = KEY) -> Hit:
    payload = ticket.write(key, target, AT, run)
    return Hit("hit", int((AT + late) * 1000), SENSOR, source or target, 63, "wan", payload.hex())


CASES: dict[str, tuple[list[Hit], list[tuple[str, Answer, str]]]] = {
    "a PC answers out of its own line": ([hit("10.20.11.11")], [("10.20.11.11", Answer.DUAL_HOMED, "")]),
    "behind a NAT of its own": ([hit("10.20.11.11", "100.64.9.2")], [("10.20.11.11", Answer.DUAL_HOMED, "")]),
    "its gateway reached the sensor as well": (
        [hit("10.20.11.1"), hit("10.20.11.11")], [("10.20.11.11", Answer.NOT_TESTABLE, "gateway r-fin")],
    ),
    "its gateway did, in another run": (
        [hit("10.20.11.1", run=EARLIER), hit("10.20.11.11")], [("10.20.11.11", Answer.DUAL_HOMED, "")],
    ),
    "its gateway did, but it answered from an address of its own": (
        [hit("10.20.11.1"), hit("10.20.11.11", "100.64.9.2")], [("10.20.11.11", Answer.DUAL_HOMED, "")],
    ),
    "through the shared exit": ([hit("10.20.11.11", "203.0.113.2")], [("10.20.11.11", Answer.NOT_TESTABLE, "exit shared")]),
    "its organization has a filed exit": ([hit("10.20.13.11")], [("10.20.13.11", Answer.NOT_TESTABLE, "exit filed")]),
    "its organization has a filed exit, and it used another": (
        [hit("10.20.13.11", "100.64.9.2")], [("10.20.13.11", Answer.DUAL_HOMED, "")],
    ),
    "nothing to compare with": ([hit("10.20.19.11")], [("10.20.19.11", Answer.NOT_TESTABLE, "no gateway to compare with")]),
    "its gateway came out at the same unfiled address": (
        [hit("10.20.11.1", "100.64.9.2"), hit("10.20.11.11", "100.64.9.2")],
        [("10.20.11.11", Answer.NOT_TESTABLE, "gateway r-fin")],
    ),
    "by the shared exit, and by a line of its own": (
        [hit("10.20.11.11", "203.0.113.2"), hit("10.20.11.11", "100.64.9.2")],
        [("10.20.11.11", Answer.NOT_TESTABLE, "exit shared"), ("10.20.11.11", Answer.DUAL_HOMED, "")],
    ),
    "twice the same": ([hit("10.20.11.11"), hit("10.20.11.11")], [("10.20.11.11", Answer.DUAL_HOMED, "")]),
    "nobody asked for this one": ([hit("10.20.77.77")], []),
    "written with another key": ([hit("10.20.11.11", key=ticket.new_key())], []),
    "an hour late": ([hit("10.20.11.11", late=3600)], []),
    "before it was asked": ([hit("10.20.11.11", late=-30)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_an_answer_means(name: str) -> None:
    """Target, value and what explains it."""
    hits, expected = CASES[name]

    assert expected == [
        (one.asked.terminal.ip, one.answer, one.explained_by) for one in weigh(KEY, hits, [PC, EDU, ALONE], EXITS)
    ]


def test_most_hosts_of_a_gateway_do_not_all_have_a_dongle() -> None:
    """A gateway that answers no echo, before an exit that lets strange answers pass: its hosts are not accused."""
    hosts = [
        Asked(Terminal(Plane.EXTRANET, f"10.20.11.{n}", f"00:14:22:00:01:{n:02x}"), "r-fin", ("10.20.11.1",))
        for n in range(11, 17)
    ]
    few = weigh(KEY, [hit(f"10.20.11.{n}") for n in (11, 12, 13)], hosts, EXITS)
    most = weigh(KEY, [hit(f"10.20.11.{n}") for n in (11, 12, 13, 14)], hosts, EXITS)

    assert {Answer.DUAL_HOMED} == {one.answer for one in few}
    assert {(Answer.NOT_TESTABLE, "gateway r-fin")} == {(one.answer, one.explained_by) for one in most}


def test_only_a_line_of_ones_own_is_a_finding() -> None:
    """One conclusion with place, organization, source and the ticket as evidence; its texts are filled."""
    hits = [hit("10.20.11.11", "100.64.9.2"), hit("10.20.13.11")]
    [one] = rogue_exit_host(weigh(KEY, hits, [PC, EDU], EXITS))

    assert {"ip": "10.20.11.11", "mac": "00:14:22:00:00:11", "switch": "sw-fin", "port": "ge2"} == one.subject
    assert ("EG-403", "fin", "100.64.9.2") == (one.code, one.organization, one.evidence[0].body["source"])
    assert "from 100.64.9.2; no registered exit" in RULES[one.code].because.format(**one.facts)


def lines(*hits: Hit, key: str = KEY) -> list[bytes]:
    written, seal = [], ""
    for one in (Hit("start", AT * 1000, SENSOR), *hits, Hit("end", AT * 1000 + 9000, SENSOR)):
        whole = sealed(key, one, seal)
        seal = whole.seal
        written.append(msgspec.json.encode(whole))
    return written


def test_a_sensors_file_is_read_whole() -> None:
    """With the key of the sensor it was sealed, with the key of the probing side it is believed."""
    found = list(believed(KEY, lines(hit("10.20.11.11"), key=ticket.sensor_key(KEY))))

    assert ["start", "hit", "end"] == [one.kind for one in found]


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("a line changed", lambda one: [one[0], one[1].replace(b"10.20.11.11", b"10.20.11.12"), one[2]]),
        ("a line taken out", lambda one: [one[0], one[2]]),
        ("a line twice", lambda one: [one[0], one[1], one[1], one[2]]),
        ("the start taken off", lambda one: one[1:]),
        ("another sensor's line", lambda one: [*one[:2], *lines(key=ticket.new_key())[1:]]),
        ("no JSON", lambda _one: [b"\xff\xfe"]),
        ("another shape", lambda _one: [b'{"kind": 3}']),
    ],
)
def test_a_file_that_was_touched_is_refused(name: str, spoil: object) -> None:
    """Whatever was done to it, the line is named."""
    touched = spoil(lines(hit("10.20.11.11")))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"line [0-9]+"):
        list(believed(KEY, touched))
