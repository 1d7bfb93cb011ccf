"""Witnesses (佐证合议): what each is worth, and how sure several together are; what suffices becomes one finding. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import prod
from pathlib import Path

import msgspec

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_, Text
from netops.core.lead import Lead, identity
from netops.core.plane import Plane
from netops.core.toml import Source, settled

MOST_SURE = 0.99
"""Nothing that was seen from afar is certain."""


class Weight(msgspec.Struct, frozen=True):
    """What a witness is worth alone, a ratio, and why."""

    name: str
    weight: float
    why: str


class Threshold(msgspec.Struct, frozen=True):
    """How sure one must be of a kind before it is a finding, a ratio; 1 is a lead for ever."""

    kind: str
    tells_at: float


class Rulebook(msgspec.Struct, frozen=True):
    """`playbooks/witnesses.toml`."""

    weights: dict[str, Weight]
    thresholds: dict[str, float]

    def weight(self, witness: str) -> float:
        """A witness that nobody weighed is worth little."""
        return self.weights[witness].weight if witness in self.weights else 0.3

    def confidence(self, witnesses: Iterable[str]) -> float:
        """How sure independent witnesses are together, a ratio; each counts once."""
        doubt = prod(1 - self.weight(name) for name in set(witnesses))
        return min(round(1 - doubt, 2), MOST_SURE)

    def suffices(self, kind: str, witnesses: Iterable[str]) -> bool:
        """Whether they are enough for a finding of this kind."""
        return self.confidence(witnesses) >= self.thresholds.get(kind, 0.75)


def rulebook(playbooks: Path) -> Rulebook:
    """
    What witnesses are worth; nothing suffices where the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "witnesses.toml"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Rulebook({}, {})


@lru_cache(4)
def _read(path: Path, _changed: int) -> Rulebook:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"kinds", "witnesses"})
    weights, thresholds = {}, {}
    for index, one in source.entries("witnesses", Weight):
        if not 0 < one.weight < 1:
            source.fault(N_("must be a ratio between 0 and 1"), "witnesses", index, "weight")
        weights[one.name] = one
    for index, kind in source.entries("kinds", Threshold):
        if not 0 < kind.tells_at <= 1:
            source.fault(N_("must be a ratio above 0 and at most 1"), "kinds", index, "tells_at")
        thresholds[kind.kind] = kind.tells_at
    settled("the witnesses' weights were not read", faults, "mend the lines above")
    return Rulebook(weights, thresholds)


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
    """
    return told("hidden_nat", heard, book)


WITNESS_RULES = {one.code: one for one in (suspected_host, suspected_intranet, suspected_router, suspected_box)}
"""What several witnesses prove together; each alone stays a lead."""
