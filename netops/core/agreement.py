"""English that agrees with its numbers: message ids are written for many, and one finding stands where two stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

NOUNS = (
    "accounts|addresses|advertisements|allocations|answers|applications|archives|bases|boxes|breaches|bytes|cards|"
    "catalogues|cells|changes|characters|clients|clocks|columns|conflicts|connections|controls|copies|datagrams|"
    "days|deadlines|declarations|delegations|devices|differences|documents|drafts|endpoints|entries|errors|"
    "estimates|exits|exporters|faults|files|findings|flows|gateways|hits|hosts|hours|incidents|inspections|"
    "inspectors|interfaces|items|keys|lines|links|machines|messages|minutes|months|names|neighbours|networks|"
    "notices|observations|octets|officers|orders|organizations|others|packets|pages|parts|people|photos|pieces|"
    "planes|points|pools|ports|prefixes|probes|products|projects|questions|records|registers|remarks|reports|"
    "requests|rounds|routes|rows|runs|samples|seconds|segments|servers|sessions|sheets|sightings|sites|sources|"
    "steps|switches|systems|tables|templates|terminals|times|tokens|values|versions|visits|visitors|ways|weeks|"
    "years|zones"
)
"""What messages count."""
APART = {"bases": "basis", "people": "person", "others": "other"}
BESIDE = (
    "bad|declared|delegated|different|earlier|identity|independent|inspection|intranet|journal|known|late|legal|network|new|"
    "numbered|open|other|registered|router|standing|walked|wrong"
)
"""Words that may stand between a number and its noun."""
VERBS = {
    "are": "is", "were": "was", "have": "has", "do": "does", "go": "goes", "verify": "verifies",
    **{verb: f"{verb}s" for verb in (
        "agree", "answer", "ask", "belong", "call", "come", "differ", "fit", "hold", "join", "lie", "look", "move", "name",
        "need", "rest", "run", "send", "serve", "stand", "tell", "use", "wait",
    )},
}  # fmt: skip
COUNTED = re.compile(
    rf"\{{(?P<field>\w+)(?::[^{{}}]*)?\}}(?: (?P<between>(?:(?:{BESIDE}) )*)(?P<noun>{NOUNS})\b)?"
    rf"(?P<link>,? that|,? still)?(?: (?P<verb>{'|'.join(VERBS)})\b(?: \w+ and (?P<second>{'|'.join(VERBS)})\b)?)?"
)


class Counted(str):
    """A message with places for numbers; what is counted agrees with them as they are filled. `str()` of it is plain text."""

    __slots__ = ("places",)
    places: tuple[tuple[str, str, str], ...]
    """Field, how it is written for many, and for one."""

    def format(self, *args: object, **facts: object) -> str:
        """As `str.format`."""
        return self._agreeing(facts).format(*args, **facts)

    def format_map(self, facts: Mapping[str, Any]) -> str:  # type: ignore[override] # as it is always called
        """As `str.format_map`."""
        return self._agreeing(facts).format_map(facts)

    def _agreeing(self, facts: Mapping[str, object]) -> str:
        text = str(self)
        for field, many, one in self.places:
            if str(facts.get(field)) == "1":
                text = text.replace(many, one)
        return text


@lru_cache(maxsize=8192)
def counted(message: str) -> str:
    """*message*, so that its `format` writes one where it is one; as it is when it counts nothing."""
    places = tuple(
        (found["field"], found[0], single)
        for found in COUNTED.finditer(message)
        if (single := _single(found)) != found[0]
    )
    if not places:
        return message
    made = Counted(message)
    made.places = places
    return made


def _single(found: re.Match[str]) -> str:
    text, noun, verb = found[0], found["noun"], found["verb"]
    if second := found["second"]:
        text = f"{text.removesuffix(second)}{VERBS[second]}"
    if verb:
        text = re.sub(rf" {verb}\b", f" {VERBS[verb]}", text, count=1)
    return text.replace(f" {noun}", f" {_one(noun)}", 1) if noun else text


def _one(noun: str) -> str:
    """The singular of one of our nouns."""
    if noun in APART:
        return APART[noun]
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[:-2] if noun.endswith(("sses", "xes", "ches")) else noun[:-1]
