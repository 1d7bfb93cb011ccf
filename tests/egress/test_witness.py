"""Witnesses: what each is worth, and when several of them become one finding."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from netops.config import share
from netops.core.errors import NetopsError
from netops.core.evidence import Evidence
from netops.core.lead import Lead
from netops.core.plane import Plane
from netops.egress.cards import cards
from netops.egress.judge import Terminal
from netops.egress.rules import RULES
from netops.egress.watchlists import consumer
from netops.egress.witness import WITNESS_RULES, rulebook, suspected_box, suspected_host
from tests.conftest import NOON

BOOK = rulebook(share("playbooks"))
QUECTEL = "c4:a6:4e"
PC = {"ip": "10.20.11.11", "mac": "00:14:22:00:00:11"}


def heard(witness: str, subject: dict[str, str] = PC, minutes: int = 0, kind: str = "rogue_exit_host") -> Lead:
    at = NOON + timedelta(minutes=minutes)
    return Lead(witness, kind, Plane.EXTRANET, subject, "fin", "{ip}", subject, Evidence("arp", "r", witness, {}, at), at)


def test_independent_witnesses_add_up_and_the_same_one_does_not() -> None:
    """1 − Π(1 − weight), each once, never certain."""
    assert 0.5 == BOOK.confidence(["cellular_mac"]) == BOOK.confidence(["cellular_mac"] * 9)
    assert 0.75 == BOOK.confidence(["cellular_mac", "foreign_address"])
    assert 0.99 == BOOK.confidence(["probe", "beacon", "cellular_mac", "foreign_address"])
    assert 0.3 == BOOK.confidence(["nobody knows it"])


@pytest.mark.parametrize(
    ("witnesses", "suffices"),
    [(["probe"], True), (["beacon"], True), (["cellular_mac"], False), (["moved_mac", "foreign_address"], False),
     (["cellular_mac", "foreign_address"], True), (["cellular_mac", "cellular_mac"], False)],
)  # fmt: skip
def test_what_suffices_is_written_in_a_file(witnesses: list[str], suffices: bool) -> None:
    """A probe alone, two good leads together, one of them however often not."""
    assert suffices == BOOK.suffices("rogue_exit_host", witnesses)


def test_leads_of_a_port_never_become_a_finding() -> None:
    """A small switch is none by itself, whoever says so."""
    assert not BOOK.suffices("shared_port", ["several_macs", "moved_mac", "lldp"])


def test_several_become_one_finding_with_each_ones_evidence() -> None:
    """Of one card; another card's witness does not help, and a second look of the same neither."""
    other = {"ip": "10.20.11.12", "mac": "00:14:22:00:00:12"}
    mine = [heard("cellular_mac"), heard("foreign_address", minutes=1)]
    [one] = suspected_host([*mine, heard("cellular_mac", other), heard("cellular_mac", other)], BOOK)

    assert (PC, "fin", 2, NOON + timedelta(minutes=1)) == (one.subject, one.organization, len(one.evidence), one.at)
    text = RULES[one.code].because.format(**one.facts)
    assert "2 independent witnesses (cellular_mac, foreign_address) are 75% sure together" in text


def test_every_rule_of_witnesses_has_a_threshold() -> None:
    """And its kind is one that the file knows."""
    assert {rule.kind for rule in WITNESS_RULES.values()} <= BOOK.thresholds.keys()


def test_faults_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line; a file that is not there weighs nothing."""
    (tmp_path / "witnesses.toml").write_text(
        '[[witnesses]]\nname = "x"\nweight = 1.5\nwhy = "y"\n[[kinds]]\nkind = "k"\ntells_at = 0.0\n', "utf-8"
    )
    with pytest.raises(NetopsError) as caught:
        rulebook(tmp_path)
    assert 2 == str(caught.value.english()).count("must be a ratio")
    assert {} == rulebook(tmp_path / "nowhere").weights


def test_cards_speak_by_their_maker() -> None:
    """A cellular module's maker for a line of one's own, a home router's for a hidden network."""
    modem = Terminal(Plane.INTRANET, "10.10.1.1", f"{QUECTEL}:00:00:01")
    stick = Terminal(Plane.EXTRANET, "10.20.11.9", f"{QUECTEL}:00:00:02", "sw", "ge4", "fin")
    home = Terminal(Plane.EXTRANET, "10.20.11.8", "50:c7:bf:00:00:01", maker="TP-LINK")
    plain = Terminal(Plane.EXTRANET, "10.20.11.7", "00:14:22:00:00:01")

    assert [
        ("cellular_mac", "intranet_exit", "10.10.1.1"),
        ("cellular_mac", "rogue_exit_host", "10.20.11.9"),
        ("home_router_mac", "hidden_nat", "10.20.11.8"),
    ] == [
        (one.witness, one.accuses, one.subject["ip"])
        for one in cards([modem, stick, home, plain], consumer(share("playbooks")), NOON)
    ]


def test_a_bridge_and_the_cards_beside_it() -> None:
    """A card of a maker of wireless bridges proves little; with two more cards at its port it is a box that hides machines."""
    bridge = Terminal(Plane.EXTRANET, "10.20.11.20", "24:a4:3c:00:00:01", "sw", "ge5", "fin")
    beside = [Terminal(Plane.EXTRANET, f"10.20.11.{last}", f"00:14:22:00:00:{last}", "sw", "ge5", "fin") for last in (21, 22)]
    elsewhere = [Terminal(Plane.EXTRANET, f"10.20.11.{last}", f"00:14:22:00:00:{last}", "sw", "ge6", "fin") for last in (31, 32)]
    known, book = consumer(share("playbooks")), rulebook(share("playbooks"))
    alone, with_one, with_two = (
        list(cards([bridge, *elsewhere, *beside[:count]], known, NOON)) for count in (0, 1, 2)
    )

    assert [["bridge_mac"], ["bridge_mac"], ["bridge_mac", "several_macs"]] == [
        [one.witness for one in told] for told in (alone, with_one, with_two)
    ]
    assert [] == list(suspected_box(with_one, book))
    [found] = suspected_box(with_two, book)
    assert ("EG-406", bridge.mac, "ge5") == (found.code, found.subject["mac"], found.subject["port"])
    assert "75" == found.facts["percent"]
