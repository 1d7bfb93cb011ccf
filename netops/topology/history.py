"""
What changed (变更): between two states of a device, of a link, of a terminal, in words that people look for. Pure.

Rows are matched by what names them, never by ifIndex: a restart that renumbers the interfaces is one change of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.topology.deltas import NAMED_BY, name_of
from netops.topology.device import VERSION, DeviceView
from netops.topology.identity import Replacement
from netops.topology.link import Link
from netops.topology.sightings import SightingSpan

Row = dict[str, Any]
KINDS: dict[str, str] = {
    "device-new": N_("device seen for the first time"),
    "device-gone": N_("device not known any more"),
    "replaced": N_("another device under this name"),
    "silent": N_("does not answer any more"),
    "answers": N_("answers again"),
    "renamed": N_("calls itself otherwise"),
    "system": N_("says otherwise of itself"),
    "software": N_("other software"),
    "hardware-new": N_("part added"),
    "hardware-gone": N_("part gone"),
    "port-up": N_("port up"),
    "port-down": N_("port down"),
    "port-enabled": N_("port enabled"),
    "port-disabled": N_("port disabled"),
    "port-new": N_("port added"),
    "port-gone": N_("port gone"),
    "port": N_("port changed"),
    "renumbered": N_("interfaces numbered anew"),
    "address-new": N_("address added"),
    "address-gone": N_("address gone"),
    "vlan-new": N_("VLAN added"),
    "vlan-gone": N_("VLAN gone"),
    "vlan": N_("VLAN changed"),
    "neighbor-new": N_("neighbour appeared"),
    "neighbor-gone": N_("neighbour gone"),
    "neighbor": N_("neighbour changed"),
    "adjacency-new": N_("routing neighbour appeared"),
    "adjacency-gone": N_("routing neighbour gone"),
    "adjacency": N_("routing neighbour changed"),
    "default-route": N_("default route changed"),
    "routes": N_("routes changed"),
    "tree": N_("spanning tree changed"),
    "link-new": N_("link appeared"),
    "link-gone": N_("link gone"),
    "terminal-new": N_("terminal appeared"),
    "terminal-gone": N_("terminal not seen any more"),
    "terminal-moved": N_("terminal moved"),
}
"""Kind to what people read."""
QUIET = frozenset({"if_index", "local_if_index"})
"""Fields that change when a device numbers its interfaces anew, and nothing else does."""
DEFAULT = ("0.0.0.0", "::")  # noqa: S104 - the destination of default routes, not a listener


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One change.

    Args:
        at: when it was first seen.
        kind: a key of `KINDS`.
        subject: what changed: a port, an address, a neighbour, a terminal.
        before, after: what it was and is, in short; "" where there is none.
    """

    at: datetime
    plane: Plane
    device: str
    kind: str
    subject: str = ""
    before: str = ""
    after: str = ""


class Difference(msgspec.Struct, frozen=True):
    """A change without its place: kind, subject, before and after."""

    kind: str
    subject: str = ""
    before: str = ""
    after: str = ""

    def at(self, when: datetime, plane: Plane, device: str) -> Change:
        """The change that it was."""
        return Change(when, plane, device, self.kind, self.subject, self.before, self.after)


def between(part: str, old: Any, new: Any) -> Iterator[Difference]:
    """What changed between two states of a part, as they are kept."""
    if part == "system":
        yield from _system(old, new)
    elif part == "reach":
        if bool(old.get("answers")) != bool(new.get("answers")):
            yield Difference("answers" if new.get("answers") else "silent", "", "", str(new.get("why", "")))
    elif part == "routes":
        yield from _routes(old, new)
    elif part in READERS:
        yield from _rows(part, old, new)


def _system(old: Row, new: Row) -> Iterator[Difference]:
    if old.get("known_as", "") != new.get("known_as", ""):
        yield Difference("renamed", "", str(old.get("known_as", "")), str(new.get("known_as", "")))
    texts = [str(body.get("descr", "")) for body in (old, new)]
    if texts[0] != texts[1]:
        versions = [match[1] if (match := VERSION.search(text)) else "" for text in texts]
        told = versions if all(versions) and versions[0] != versions[1] else texts
        yield Difference("software", "", *told)
    for field in ("location", "object_id", "chassis", "bridge", "engine", "router_id", "stp_root", "isis"):
        if old.get(field, "") != new.get(field, ""):
            yield Difference(
                "tree" if field == "stp_root" else "system", field, old.get(field, ""), new.get(field, "")
            )


# ---- rows
def _rows(part: str, old: Sequence[Row], new: Sequence[Row]) -> Iterator[Difference]:
    before, after = _by_name(part, old), _by_name(part, new)
    added, gone, shown = READERS[part]
    for name in before:
        if gone and name not in after:
            yield Difference(gone, shown(before[name]), TOLD[part](before[name]), "")
    for name in after:
        if added and name not in before:
            yield Difference(added, shown(after[name]), "", TOLD[part](after[name]))
    for name in before:
        if name in after and before[name] != after[name]:
            yield from _row(part, shown(after[name]), before[name], after[name])
    if part == "interfaces" and _renumbered(before, after):
        yield Difference("renumbered", "", str(len(before)), str(len(after)))


def _by_name(part: str, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows by what names them; of several with one name, the later ones by their place too."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        name, place = name_of(part, row), 0
        while (*name, place) in found:
            place += 1
        found[*name, place] = row
    return found


def _renumbered(before: Mapping[tuple[Any, ...], Row], after: Mapping[tuple[Any, ...], Row]) -> bool:
    return any(
        before[name].get("if_index") != after[name].get("if_index") for name in before.keys() & after.keys()
    )


def _row(part: str, subject: str, old: Row, new: Row) -> Iterator[Difference]:
    """What changed in one row."""
    changed = {field for field in old.keys() | new.keys() if old.get(field) != new.get(field)} - QUIET
    if part == "interfaces":
        for field, up, down in (
            ("oper_up", "port-up", "port-down"),
            ("admin_up", "port-enabled", "port-disabled"),
        ):
            if field in changed:
                yield Difference(up if new.get(field) else down, subject)
                changed.discard(field)
        # The number of the aggregate is an ifIndex too; which port it means is told by name elsewhere.
        changed.discard("lag")
    if part == "vlans" and changed:
        yield Difference("vlan", subject, TOLD[part](old), TOLD[part](new))
    elif part == "stp":
        if changed & {"state", "bridge", "port"}:
            yield Difference("tree", subject, TOLD[part](old), TOLD[part](new))
    elif part == "adjacencies":
        if "state" in changed:
            yield Difference("adjacency", subject, str(old.get("state", "")), str(new.get("state", "")))
    elif part in KIND_OF_ROW:
        for field in sorted(changed):
            yield Difference(
                KIND_OF_ROW[part], f"{subject} {field}", _text(old.get(field)), _text(new.get(field))
            )


KIND_OF_ROW = {"interfaces": "port", "neighbors": "neighbor", "hardware": "software"}


def _text(value: Any) -> str:
    return "" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _said(*fields: str) -> Any:
    return lambda row: " ".join(
        _text(row[field]) for field in fields if row.get(field) not in (None, "", 0, [])
    )


READERS: dict[str, tuple[str, str, Any]] = {
    "interfaces": ("port-new", "port-gone", _said("name")),
    "addresses": ("address-new", "address-gone", lambda row: f"{row['address']}/{row.get('prefixlen', -1)}"),
    "vlans": ("vlan-new", "vlan-gone", _said("id", "name")),
    "neighbors": ("neighbor-new", "neighbor-gone", _said("local_interface")),
    "adjacencies": ("adjacency-new", "adjacency-gone", _said("protocol", "interface", "remote_address")),
    "stp": ("", "", lambda row: row.get("interface") or str(row["number"])),
    "hardware": ("hardware-new", "hardware-gone", _said("kind", "name")),
}
"""Part to the kinds of an added and a lost row, and what a row is called."""
TOLD: dict[str, Any] = {
    "interfaces": _said("descr", "alias"),
    "addresses": _said("interface"),
    "vlans": lambda row: f"{len(row.get('ports', ()))}",
    "neighbors": lambda row: (
        f"{row.get('remote_name') or row.get('remote_chassis') or row.get('remote_address', '')} "
        f"{row.get('remote_port_descr') or row.get('remote_port', '')} ({row['protocol']})"
    ),
    "adjacencies": _said("remote_id", "state"),
    "stp": _said("state", "bridge"),
    "hardware": _said("model", "serial", "software"),
}


def _routes(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Difference]:
    """Default routes one by one; of the others how many, since an OSPF area changes thousands at once."""
    before, after = ({name_of("routes", row) for row in rows} for rows in (old, new))
    gone, added = before - after, after - before
    defaults = [{name for name in names if name[0] in DEFAULT and name[1] == 0} for names in (gone, added)]
    if any(defaults):
        told = [
            " ".join(sorted(f"{name[2] or ''} {name[3] or ''}".strip() for name in names))
            for names in defaults
        ]
        yield Difference("default-route", "", *told)
    rest = [len(names) - len(own) for names, own in zip((gone, added), defaults, strict=True)]
    if any(rest):
        yield Difference("routes", "", f"-{rest[0]}", f"+{rest[1]}")


# ---- devices, links, terminals
def of_views(old: DeviceView, new: DeviceView, at: datetime) -> Iterator[Change]:
    """What changed between two views of a device."""
    if old.stale != new.stale:
        yield Change(at, new.plane, new.key, "silent" if new.stale else "answers")
    for part in ("system", *NAMED_BY):
        before, after = (msgspec.to_builtins(getattr(view, part)) for view in (old, new))
        if part == "system":
            for view, body in ((old, before), (new, after)):
                body.update(known_as=view.name, chassis=view.chassis)
        if before != after:
            for one in between(part, before, after):
                yield one.at(at, new.plane, new.key)


def replacement(at: datetime, one: Replacement) -> Change:
    """A box that was replaced."""
    return Change(at, one.plane, one.device, "replaced", one.kind, " ".join(one.before), " ".join(one.after))


def of_link(link: Link, at: datetime, kind: str) -> Change:
    """A link that appeared ("link-new") or is gone ("link-gone")."""
    a, b = (f"{end.device} {end.interface}".strip() for end in link.ends)
    told = ", ".join(link.protocols)
    return Change(
        at,
        link.a.plane,
        link.a.device,
        kind,
        f"{a} – {b}",
        told if kind == "link-gone" else "",
        told if kind == "link-new" else "",
    )


def of_terminals(spans: Sequence[SightingSpan], since: datetime, until: datetime) -> Iterator[Change]:
    """Terminals that came, moved and went away between two times; *spans* oldest first."""
    before: dict[tuple[str, str, str], SightingSpan] = {}
    for one in spans:
        key = (one.plane, one.ip, one.mac)
        former = before.get(key)
        before[key] = one
        if not since < one.first_seen <= until:
            continue
        name = " ".join(part for part in (one.ip, one.mac) if part)
        place, was = _place(one), _place(former) if former else ""
        kind = "terminal-moved" if former and was != place else "terminal-new"
        yield Change(one.first_seen, one.plane, one.switch or one.device, kind, name, was, place)


def _place(span: SightingSpan) -> str:
    return f"{span.switch} {span.port}".strip()
