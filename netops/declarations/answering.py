"""How a finding is answered by a change of the declaration: what was seen is declared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from netops.core.evidence import Evidence
from netops.core.finding import Finding
from netops.declarations.declaration import Application, Equipment, Kinds, Statements

Seen = Mapping[str, Any]


def answered(
    stated: Statements, finding: Finding, pieces: Sequence[Evidence], today: str
) -> Statements | None:
    """
    *stated* as it must read so that *finding* no longer stands, or None when no change of it can do that.

    Args:
        pieces: the finding's evidence, newest last.
        today: ISO date: the day of the new statement.
    """
    answer = ANSWERS.get(finding.kind)
    seen: dict[str, Any] = {}
    for piece in pieces:
        seen |= piece.body
    seen |= {name: finding.facts[name] for name in ("seen", "declared") if name in finding.facts}
    return None if answer is None else answer(msgspec.structs.replace(stated, date=today), seen)


def _terminals(stated: Statements, seen: Seen) -> Statements | None:
    """As many as were counted; those that are more count as wired until somebody says otherwise."""
    more = int(seen["seen"]) - int(seen["declared"])
    kinds = stated.kinds
    if kinds.total:
        kinds = msgspec.structs.replace(kinds, wired=kinds.wired + more)
    return msgspec.structs.replace(stated, terminals=stated.terminals + more, kinds=kinds)


def _added(stated: Statements, seen: Seen) -> Statements | None:
    return msgspec.structs.replace(
        stated, equipment=(*stated.equipment, msgspec.convert(seen["device"], Equipment))
    )


def _without(stated: Statements, seen: Seen) -> Statements | None:
    gone = msgspec.convert(seen["equipment"], Equipment)
    return msgspec.structs.replace(stated, equipment=tuple(one for one in stated.equipment if one != gone))


def _as_seen(*names: str) -> Callable[[Statements, Seen], Statements | None]:
    """The piece of equipment with these fields as they were seen."""

    def answer(stated: Statements, seen: Seen) -> Statements | None:
        before = msgspec.convert(seen["equipment"], Equipment)
        values = {name: str(seen["device"].get(name, "")) for name in names}
        after = msgspec.structs.replace(before, **values)
        return msgspec.structs.replace(
            stated, equipment=tuple(after if one == before else one for one in stated.equipment)
        )

    return answer


def _servers(stated: Statements, seen: Seen) -> Statements | None:
    """The servers that were seen are declared, out of the terminals that were."""
    addresses = list(dict.fromkeys(one["address"] for one in seen["services"]))
    before = stated.kinds if stated.kinds.total else Kinds(wired=stated.terminals)
    moved = min(len(addresses), before.wired)
    kinds = msgspec.structs.replace(
        before, wired=before.wired - moved, servers=before.servers + len(addresses)
    )
    stated = msgspec.structs.replace(stated, kinds=kinds, terminals=max(stated.terminals, kinds.total))
    return _services(stated, seen)


def _services(stated: Statements, seen: Seen) -> Statements | None:
    """What was seen to be served is part of the scope of use."""
    ports: dict[str, list[str]] = {}
    for one in seen["services"]:
        ports.setdefault(one["address"], []).append(str(one["port"]))
    applications = list(stated.applications)
    for address, several in ports.items():
        place = next((place for place, one in enumerate(applications) if one.address == address), None)
        if place is None:
            applications.append(Application(f"{address}:{several[0]}", address, ",".join(several)))
        else:
            known = applications[place]
            together = ",".join(dict.fromkeys(filter(None, (*known.ports.split(","), *several))))
            applications[place] = msgspec.structs.replace(known, ports=together)
    return msgspec.structs.replace(stated, applications=tuple(applications))


def _internet(stated: Statements, seen: Seen) -> Statements | None:
    """The class that has the internet as it was seen: private areas stay as they were declared."""
    private = stated.user_class in ("D", "E")
    own = seen.get("exit_kind") == "separate"
    name = {(False, False): "B", (False, True): "C", (True, False): "D", (True, True): "E"}[private, own]
    return msgspec.structs.replace(stated, user_class=name)


def _renewed(stated: Statements, _seen: Seen) -> Statements | None:
    return msgspec.structs.replace(stated, until="")


ANSWERS: Mapping[str, Callable[[Statements, Seen], Statements | None]] = {
    "over_declared": _terminals,
    "undeclared_equipment": _added,
    "missing_equipment": _without,
    "equipment_elsewhere": _without,
    "moved_equipment": _as_seen("address"),
    "other_model": _as_seen("model"),
    "foreign_equipment_address": _as_seen("address"),
    "undeclared_server": _servers,
    "undeclared_service": _services,
    "undeclared_internet": _internet,
    "undeclared_own_exit": _internet,
    "renewal_due": _renewed,
}
"""By kind of finding."""
