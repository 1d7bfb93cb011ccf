"""The register's files, written: the register in force as files, and entries put into files that people keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from netops import register as registers
from netops.addresses.span import number, parsed
from netops.core import applied, files
from netops.core.errors import Faults, Missing, NetopsError, Refused
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.register import KINDS, Register, identity, restore
from netops.rounds import walk
from netops.rounds.inventory import Change, changes
from netops.topology.device import DeviceView, RegisteredDevice, Role
from netops.topology.link import LinkEnd, RegisteredLink

MAX_BYTES = 64 << 20
TOLD_TWICE = 0.9
"""Confidence from which a link that was seen is offered: told by a protocol."""
UNOWNED = N_("no registered prefix holds its address, so nobody is known to answer for it")


# ---- out
def export(desk: Desk, folder: Path) -> list[Path]:
    """
    Write the register in force (at `--at`, the one of that time) as files into the new or empty *folder*.

    Raises:
        Refused: there are files in it. Missing: nothing is in force.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused("the register was not written", "{path} is not empty", "name a new folder", path=folder)
    held = content(desk)
    written = []
    for kind in KINDS:
        for plane in (None,) if kind == "organizations" else Plane:
            entries = [one for one in getattr(held, kind) if plane is None or one.plane is plane]
            if not entries and kind != "organizations":
                continue
            document = tomlkit.document()
            document[kind] = tomlkit.aot()
            for one in entries:
                document[kind].append(_table(one, plane))
            path = _place(folder, kind, plane)
            _put(path, document)
            written.append(path)
    return written


def content(desk: Desk) -> Register:
    """
    The register in force, or the one at `--at`.

    Raises:
        Missing: nothing was in force.
    """
    standing = applied.standing(desk.store, desk.at)
    if not standing.version:
        raise Missing("there is no register in force", "nothing was ever applied", "netops inventory apply")
    return restore(standing.content)


def _place(folder: Path, kind: str, plane: Plane | None) -> Path:
    return folder / f"{kind}.toml" if plane is None else folder / plane / f"{kind}.toml"


def _table(entry: msgspec.Struct, plane: Plane | None) -> Table:
    table = tomlkit.table()
    for name, value in msgspec.to_builtins(entry).items():
        if name == "plane" and plane is not None:
            continue
        table[name] = _inline(value)
    return table


def _inline(value: Any) -> Any:
    """Tables inside an entry on one line, as people write them."""
    if isinstance(value, dict):
        inner = tomlkit.inline_table()
        for name, one in value.items():
            inner[name] = _inline(one)
        return inner
    if isinstance(value, list):
        several = tomlkit.array()
        several.extend(_inline(one) for one in value)
        return several.multiline(len(value) > 3)
    return value


def _put(path: Path, document: tomlkit.TOMLDocument) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.put(tomlkit.dumps(document).encode(), path)


# ---- in
class Draft(msgspec.Struct, frozen=True):
    """
    What would be written into the files.

    Args:
        changes: entries added and changed; nothing is ever taken out.
        left: entries that were seen and are not offered: what they are, and why not (English message id).
    """

    changes: tuple[Change, ...]
    left: tuple[tuple[str, str], ...] = ()


def of_source(desk: Desk, source: Path) -> Draft:
    """
    What the register in *source* would bring: a folder of TOML as `inventory/`, or a JSON file as `inventory export` writes.

    Raises:
        Faults: it cannot be read; every fault with its place.
    """
    given = registers.read(source) if source.is_dir() else _json(source)
    ours = registers.read(Path(desk.config.inventory))
    return Draft(tuple(one for one in changes(ours, given) if one.after is not None))


def _json(source: Path) -> Register:
    try:
        if source.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        read = msgspec.json.decode(source.read_bytes())
        items = read["items"] if isinstance(read, dict) and read.get("kind") == "register" else [read]
        given = msgspec.convert(items[0], Register)
    except FileNotFoundError:
        raise Missing("there is no file {path}", "", "name a folder or a JSON file", path=source) from None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise NetopsError(
            "the register in {path} was not read", "{reason}", "name a folder of TOML, or JSON of netops inventory export",
            path=source, reason=error,
        ) from error  # fmt: skip
    faults = list(registers.check(given, {}))
    if faults:
        raise Faults("the register in {path} was not read", faults, "mend the lines above", path=source)
    return given


def of_walk(desk: Desk) -> Draft:
    """What the last walks saw and no file has: devices in a registered prefix, and links between registered devices."""
    ours = registers.read(Path(desk.config.inventory))
    offered, left = _devices(desk, ours)
    known = {(one.plane, one.name) for one in (*ours.devices, *offered)}
    links = [] if not known else _links(desk, ours, known)
    return Draft(tuple(changes(Register(), Register(devices=tuple(offered), links=tuple(links)))), tuple(left))


def _devices(desk: Desk, ours: Register) -> tuple[list[RegisteredDevice], list[tuple[str, str]]]:
    known = {(one.plane, one.name) for one in ours.devices} | {(one.plane, one.address) for one in ours.devices}
    spans = sorted(((parsed(one.prefix), one) for one in ours.prefixes), key=lambda pair: -pair[0].first)
    offered, left = [], []
    for view in walk.current(desk):
        name = view.name or view.address
        address = view.address.rsplit(":", 1)[0] if view.address.count(":") == 1 else view.address
        if (view.plane, name) in known or (view.plane, address) in known:
            continue
        owner = next((one for span, one in spans if one.plane is view.plane and span.first <= number(address) <= span.last), None)
        if owner is None:
            left.append((f"{name} ({address})", UNOWNED))
            continue
        offered.append(RegisteredDevice(name, address, _role(view), owner.organization, plane=view.plane))
    return offered, left


def _role(view: DeviceView) -> Role:
    """A box that routes is an edge, one that only bridges a switch; a person knows better."""
    return Role.EDGE if len({one.if_index for one in view.addresses}) > 1 else Role.SWITCH


def _links(desk: Desk, ours: Register, known: set[tuple[Plane, str]]) -> list[RegisteredLink]:
    written = {frozenset(((one.plane, one.a, one.a_interface), (one.plane, one.b, one.b_interface))) for one in ours.links}
    pairs = {frozenset((one.a, one.b)) for one in ours.links if not (one.a_interface and one.b_interface)}
    pairs |= {frozenset((one.gateway, one.switch)) for one in ours.prefixes if one.gateway and one.switch}
    offered: dict[frozenset[tuple[Plane, str, str]], RegisteredLink] = {}
    for link in walk.links(desk):
        a, b = link.ends
        ends = frozenset((_end(a), _end(b)))
        if (
            link.layer != 2 or link.crosses_planes or link.confidence < TOLD_TWICE or ends in written or ends in offered
            or frozenset((a.device, b.device)) in pairs or not {(a.plane, a.device), (b.plane, b.device)} <= known
        ):  # fmt: skip
            continue
        offered[ends] = RegisteredLink(a.device, b.device, a.interface, b.interface, plane=a.plane)
    return list(offered.values())


def _end(end: LinkEnd) -> tuple[Plane, str, str]:
    return (end.plane, end.device, end.interface)


def write(desk: Desk, draft: Draft) -> list[Path]:
    """
    Put the draft into the files of the register; comments and order of what stands there stay.

    The whole is read again before any file is replaced, so that a draft which does not fit leaves them as they were.

    Raises:
        Faults: the files would not be a register any more; nothing was written.
    """
    drafted = rehearse(desk, draft)
    for path, document in drafted.items():
        _put(path, document)
    return list(drafted)


def rehearse(desk: Desk, draft: Draft) -> dict[Path, tomlkit.TOMLDocument]:
    """
    The files as they would be, read as a register from a copy; nothing is written.

    Raises:
        Faults: they would not be a register any more.
    """
    folder = Path(desk.config.inventory)
    drafted: dict[Path, tomlkit.TOMLDocument] = {}
    for change in draft.changes:
        entry = _entry(change)
        plane = None if change.kind == "organizations" else Plane(entry.plane)
        path = _place(folder, change.kind, plane)
        if path not in drafted:
            drafted[path] = _opened(path)
        _into(drafted[path], change, entry, plane)
    _read_copy(folder, drafted)
    return drafted


def _entry(change: Change) -> Any:
    return msgspec.convert(change.after, KINDS[change.kind])


def _opened(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    except (OSError, ValueError, TOMLKitError) as error:
        raise NetopsError("{path} was not read", "{reason}", "netops inventory check", path=path, reason=error) from error


def _into(document: tomlkit.TOMLDocument, change: Change, entry: Any, plane: Plane | None) -> None:
    tables = document.setdefault(change.kind, tomlkit.aot())
    if not isinstance(tables, AoT):
        raise NetopsError("{kind} was not written", "it is no list of tables", "netops inventory check", kind=change.kind)
    fresh = _table(entry, plane)
    if change.before is None:
        tables.append(fresh)
        return
    for table in tables:
        held = msgspec.convert(table.unwrap() | ({"plane": plane} if plane else {}), KINDS[change.kind])
        if identity(change.kind, held) == change.identity:
            for name in [name for name in table if name not in fresh and name != "plane"]:
                del table[name]
            for name, value in fresh.items():
                if name not in table or table[name].unwrap() != value.unwrap():
                    table[name] = value
            return


def _read_copy(folder: Path, drafted: dict[Path, tomlkit.TOMLDocument]) -> None:
    """Read the register as it would be."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="netops-register-") as name:
        copy = Path(name) / "inventory"
        shutil.copytree(folder, copy) if folder.is_dir() else copy.mkdir()
        for path, document in drafted.items():
            _put(copy / path.relative_to(folder), document)
        registers.read(copy)

