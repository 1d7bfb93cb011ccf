"""Rules of all rooms: no two share a code, and those of the egress watch say what proves and what would refute them."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from netops.config import share
from netops.core import language
from netops.core.finding import ROOMS, Rule
from netops.egress.rules import RULES
from netops.egress.witness import rulebook
from netops.rounds import look

EGRESS = sorted(RULES.values(), key=lambda one: one.code)


def test_no_two_rules_share_a_code() -> None:
    """A finding is told in the words of the rule with its code: a second one with that code would speak for the first."""
    found: dict[str, set[str]] = {}
    for room in set(ROOMS.values()):
        package = importlib.import_module(f"netops.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"netops.{room}."):
            for one in vars(importlib.import_module(module.name)).values():
                if isinstance(one, Rule):
                    found.setdefault(one.code, set()).add(one.apply.__name__)

    assert {} == {code: names for code, names in found.items() if len(names) > 1}
    assert set(found) >= set(look.rules())


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_every_rule_of_the_watch_says_what_would_refute_it(spoken: str) -> None:
    """In both languages, and in the language that is spoken."""
    before = language.spoken()
    language.speak(spoken)
    try:
        told = {one.code: look.refuted(one) for one in EGRESS}
    finally:
        language.speak(before)

    assert [] == [code for code, text in told.items() if not text.startswith({"en": "Refuted: ", "zh": "反证："}[spoken])]


def test_every_kind_of_the_watch_says_who_can_prove_it() -> None:
    """Somebody suffices alone for each kind, or several together do; and all of them are weighed."""
    book = rulebook(share("playbooks"))
    proofs = {one.code: book.proofs(one.kind, one.code) for one in EGRESS}

    assert [] == [code for code, (alone, together) in proofs.items() if not alone and len(together) < 2]
    assert ["flow", "capture"] == [name for name, _ in proofs["EG-404"][0]]
    assert {"home_router_mac", "consumer_neighbour", "translating_bridge", "bridge_mac", "several_macs"} == {
        name for name, _ in proofs["EG-406"][1]
    }
