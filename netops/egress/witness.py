"""Witnesses (佐证合议): what each is worth, and how sure several together are; what suffices becomes one finding. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

import msgspec

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_, Said, Text
from netops.core.lead import Lead, identity
from netops.core.plane import Plane
from netops.core.toml import Source, settled, until_changed

TELLS_AT = 0.75
"""For kinds that the file does not name."""
RECOGNISING = ("capture", "zeek", "suricata", "dns")
"""Witnesses that say themselves how sure they are of what they recognised."""
MOST_SURE = 0.99
"""Nothing that was seen from afar is certain."""


class Weight(msgspec.Struct, frozen=True):
    """What a witness is worth alone, a ratio, and why."""

    name: str
    weight: float
    why: str


class Threshold(msgspec.Struct, frozen=True):
    """How sure one must be of a kind before it is a finding, a ratio; 1 is a lead for ever; and who can testify."""

    kind: str
    tells_at: float
    by: tuple[str, ...] = ()


class Otherwise(msgspec.Struct, frozen=True):
    """Where one rule weighs a witness otherwise, and which others that weight has counted already."""

    code: str
    witness: str
    weight: float
    why: str
    includes: tuple[str, ...] = ()


class Rulebook(msgspec.Struct, frozen=True):
    """
    `playbooks/witnesses.toml`.

    Args:
        by: of each kind, who can testify.
        exceptions: by rule code and witness.
    """

    weights: dict[str, Weight]
    thresholds: dict[str, float]
    by: dict[str, tuple[str, ...]] = {}
    exceptions: dict[tuple[str, str], Otherwise] = {}

    def weight(self, witness: str, code: str = "") -> float:
        """What it is worth, in this rule where one is named; a witness that nobody weighed is worth little."""
        if (code, witness) in self.exceptions:
            return self.exceptions[code, witness].weight
        return self.weights[witness].weight if witness in self.weights else 0.3

    def confidence(self, witnesses: Iterable[str], code: str = "", own: float = 1.0) -> float:
        """
        How sure independent witnesses are together, a ratio; each counts once.

        Args:
            code: the rule that they speak in; *own*: how sure what it recognised was, where it says so.
        """
        several = set(witnesses)
        for name in tuple(several):
            several -= set(self.exceptions[code, name].includes) if (code, name) in self.exceptions else set()
        doubt = prod(1 - self.weighed(name, code, own) for name in several)
        return min(round(1 - doubt, 2), MOST_SURE)

    def weighed(self, witness: str, code: str, own: float) -> float:
        """What a witness is worth where it says itself how sure it is: the lesser of both."""
        weight = self.weight(witness, code)
        return min(weight, own) if witness in RECOGNISING else weight

    def testifies(self, kind: str, witness: str) -> bool:
        """Whether this witness can speak for findings of this kind; where the file does not say, each can."""
        return kind not in self.by or witness in self.by[kind]

    def suffices(self, kind: str, witnesses: Iterable[str]) -> bool:
        """Whether they are enough for a finding of this kind."""
        return self.confidence(witnesses) >= self.thresholds.get(kind, TELLS_AT)

    def proofs(self, kind: str, code: str) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Who suffices alone for a finding of this kind by this rule, and who only together with others: each with its weight."""
        told = [(name, self.weight(name, code)) for name in self.by.get(kind, ())]
        least = self.thresholds.get(kind, TELLS_AT)
        return [one for one in told if one[1] >= least], [one for one in told if one[1] < least]


def rulebook(playbooks: Path) -> Rulebook:
    """
    What witnesses are worth; nothing suffices where the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "witnesses.toml"
    return _read(path) if path.exists() else Rulebook({}, {})


@until_changed(lambda path: [path])
def _read(path: Path) -> Rulebook:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"kinds", "witnesses", "rules"})
    weights, thresholds, by, exceptions = {}, {}, {}, {}
    for index, one in source.entries("witnesses", Weight):
        if not 0 < one.weight < 1:
            source.fault(N_("must be a ratio between 0 and 1"), "witnesses", index, "weight")
        weights[one.name] = one
    for index, kind in source.entries("kinds", Threshold):
        if not 0 < kind.tells_at <= 1:
            source.fault(N_("must be a ratio above 0 and at most 1"), "kinds", index, "tells_at")
        thresholds[kind.kind], by[kind.kind] = kind.tells_at, kind.by
        if unknown := [name for name in kind.by if name not in weights]:
            source.fault(Said("nobody weighs {names}", names=", ".join(unknown)), "kinds", index, "by")
    for index, other in source.entries("rules", Otherwise):
        if not 0 < other.weight < 1 or other.witness not in weights:
            source.fault(N_("must be a witness, and a ratio between 0 and 1"), "rules", index, "weight")
        exceptions[other.code, other.witness] = other
    settled("the witnesses' weights were not read", faults, "mend the lines above")
    return Rulebook(weights, thresholds, by, exceptions)


def gathered(heard: Iterable[Lead]) -> dict[tuple[str, Plane, str], list[Lead]]:
    """Leads by what they accuse of, plane and subject; the newest of each witness."""
    by: dict[tuple[str, Plane, str], dict[str, Lead]] = defaultdict(dict)
    for one in sorted(heard, key=lambda one: one.at):
        by[one.accuses, one.plane, identity(one.subject)][one.witness] = one
    return {place: list(found.values()) for place, found in by.items()}


def told(kind: str, heard: Iterable[Lead], book: Rulebook) -> Iterator[Conclusion]:
    """What several witnesses together prove of one kind; nothing where they do not suffice."""
    for (accuses, plane, who), several in gathered(heard).items():
        if accuses != kind or not book.suffices(kind, [one.witness for one in several]):
            continue
        subject = {key: value for one in several for key, value in one.subject.items() if value}
        called = str(subject.get("ip") or subject.get("mac") or f"{subject.get('device', '')} {subject.get('interface', '')}")
        newest = max(several, key=lambda one: one.at)
        yield Conclusion(
            CODES[kind],
            plane,
            subject,
            next((one.organization for one in several if one.organization), ""),
            {
                "who": called,
                "witnesses": ", ".join(sorted(one.witness for one in several)),
                "count": str(len(several)),
                "percent": f"{book.confidence(one.witness for one in several) * 100:.0f}",
            },
            tuple(one.evidence for one in several),
            newest.at,
            1,
            who,
        )


CODES = {"rogue_exit_host": "EG-405", "intranet_exit": "EG-205", "rogue_exit_router": "EG-103", "hidden_nat": "EG-406"}


@rule(
    "EG-405",
    "rogue_exit_host",
    Severity.MEDIUM,
    Basis(12),
    title=N_("{who} very probably has a line of its own to the internet"),
    because=N_("{count} independent witnesses ({witnesses}) are {percent}% sure together; none of them suffices alone."),
)
def suspected_host(heard: Iterable[Lead], book: Rulebook) -> Iterator[Conclusion]:
    """
    EG-405: several witnesses together say that a host has another way out.

    What: things of which each alone proves little were seen of one host: a cellular maker's card, an address of a
        hotspot's subnet. playbooks/witnesses.toml says what each is
        worth; together they reached what the office asks for.
    Why: another exit than the shared one needs a filed scheme (Article 12).
    Mend: look at the port named; probe the host: netops egress probe. When it is right as it is, have somebody sign it:
        netops egress allow add.
    Refuted: no second link is found on the terminal; each witness has another explanation (a registered thing of the
        net, a virtual machine).
    """
    return told("rogue_exit_host", heard, book)


@rule(
    "EG-205",
    "intranet_exit",
    Severity.HIGH,
    Basis(8),
    title=N_("Intranet host {who} very probably has a way out"),
    because=N_("{count} independent witnesses ({witnesses}) are {percent}% sure together; none of them suffices alone."),
)
def suspected_intranet(heard: Iterable[Lead], book: Rulebook) -> Iterator[Conclusion]:
    """
    EG-205: several witnesses together say that an intranet host has a way to the internet.

    What: as EG-405, in the intranet, which has no way out at all.
    Why: the intranet must be separated from the internet (Article 8).
    Mend: look at the port named and examine the terminal; take it off until that is done.
    Refuted: no second link is found on the terminal: no card, no dongle, no hotspot's profile; each witness has
        another explanation.
    """
    return told("intranet_exit", heard, book)


@rule(
    "EG-103",
    "rogue_exit_router",
    Severity.MEDIUM,
    Basis(12),
    title=N_("{who} very probably is an internet line that nobody filed"),
    because=N_("{count} independent witnesses ({witnesses}) are {percent}% sure together; none of them suffices alone."),
)
def suspected_router(heard: Iterable[Lead], book: Rulebook) -> Iterator[Conclusion]:
    """
    EG-103: several witnesses together say that a device has an internet line that nobody filed.

    What: an interface of PPPoE or cellular is up on a device of the network, a second default route leads out of it, or
        more that proves little alone.
    Why: a separate internet access needs its technical and security scheme on file (Article 12).
    Mend: disconnect the line, or file the scheme and register the exit.
    Refuted: the register explains the interface (a filed spare line, a managed link), or the device's routes lead
        nothing out there.
    """
    return told("rogue_exit_router", heard, book)


@rule(
    "EG-406",
    "hidden_nat",
    Severity.LOW,
    Basis(10),
    title=N_("{who} very probably is a box with more machines behind it"),
    because=N_("{count} independent witnesses ({witnesses}) are {percent}% sure together; none of them suffices alone."),
)
def suspected_box(heard: Iterable[Lead], book: Rulebook) -> Iterator[Conclusion]:
    """
    EG-406: several witnesses together say that a home router or the like hides machines.

    What: a card of a maker of home routers or wireless bridges, a neighbour that calls itself such a box, a card that asks for
        addresses on behalf of others, several cards on one access port.
    Why: the number of terminals is part of the declaration (Article 10).
    Mend: look at the port named; take the box off or set it to bridge; have it signed when it is right.
    Refuted: the port shows one plain host, or an access point that is registered, with as many terminals as were
        declared.
    """
    return told("hidden_nat", heard, book)


WITNESS_RULES = {one.code: one for one in (suspected_host, suspected_intranet, suspected_router, suspected_box)}
"""What several witnesses prove together; each alone stays a lead."""
