"""Observe (旁证): the files that tell who has an address are read, understood as far as they can be, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from netops.addresses import sources
from netops.addresses.formats import FORMATS, detected, kind_of
from netops.addresses.mention import Source, SourceKind, Told
from netops.addresses.reading import MAX_BYTES, Fault, Reading, decoded
from netops.addresses.settings import AddressSource
from netops.addresses.span import number, parsed
from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.settings import seconds

NOTED = 20
"""Faults of a file that are kept with its source."""


class Unread(NetopsError):
    """A file that tells of addresses was not read."""

    def __init__(self, path: Path | str, reason: str, /, **facts: object) -> None:
        super().__init__(
            "{path} was not read",
            reason,
            "netops ip formats lists what can be read; name one by --format",
            path=path,
            **facts,
        )


class Plan(msgspec.Struct, frozen=True):
    """
    What one file tells, before it is kept.

    Args:
        format: as it was given, or found.
        at: the moment that it speaks of.
        foreign: addresses outside the plane, which are left out.
    """

    source: Source
    format: str
    at: datetime
    reading: Reading
    told: tuple[Told, ...]
    foreign: int


def plan(
    desk: Desk,
    path: Path,
    plane: Plane,
    *,
    form: str = "auto",
    name: str = "",
    taken: datetime | None = None,
) -> Plan:
    """
    Read one file; nothing is kept.

    Args:
        form: one of FORMATS, or "auto".
        name: what the source is called; by default the file.
        taken: the moment that the file speaks of; by default when it was last written.

    Raises:
        Unread: it cannot be read, or nobody knows in which format it is.
    """
    content, written = _read(path, desk.clock())
    at = min(taken or written, desk.clock())
    try:
        text = decoded(content)
    except ValueError as error:
        raise Unread(path, str(error)) from error
    used = detected(text) if form == "auto" else form
    if used not in FORMATS:
        raise Unread(path, N_("its beginning is in no format that is known"))
    reading = FORMATS[used](text, at)
    ours = _ours(desk, plane)
    told = tuple(one for one in reading.told if ours(one.ip))
    source = Source(
        plane, name or path.name, kind_of(used), str(path), desk.clock(), at, is_good=True, is_whole=reading.is_whole,
        told=len(told), bad=reading.bad, faults=tuple(map(written_out, reading.faults[:NOTED])),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    return Plan(source, used, at, reading, told, len(reading.told) - len(told))


def keep(desk: Desk, planned: Plan) -> Source:
    """Write down what a plan tells."""
    [source] = sources.note(desk.store, [planned.source])
    sources.keep(desk.store, planned.source, planned.told, planned.at)
    return source


def refresh(desk: Desk, plane: Plane) -> list[Source]:
    """Read every configured file of a plane that has changed; one that cannot be read is noted as such."""
    known = {one.name: one for one in sources.listed(desk.store, plane)}
    return [_refreshed(desk, one, known.get(one.name)) for one in desk.config.sources if one.plane is plane]


def _refreshed(desk: Desk, one: AddressSource, before: Source | None) -> Source:
    path = desk.config.folder / one.path
    try:
        planned = plan(desk, path, one.plane, form=one.format, name=one.name)
    except Unread as error:
        kind = SourceKind.NEIGHBORS if before is None else before.kind
        facts = {name: str(value) for name, value in error.facts.items()}
        failed = Source(one.plane, one.name, kind, str(path), desk.clock(), why=error.why, facts=facts)
        [source] = sources.note(desk.store, [failed])
        return source
    if (
        before is not None
        and before.is_good
        and (before.sha256, before.told_at) == (planned.source.sha256, planned.at)
    ):
        [source] = sources.note(desk.store, [planned.source])
        return source
    return keep(desk, planned)


def expected(desk: Desk, source: Source) -> Source:
    """A source with what the configuration says of it: what it covers, and when it is stale."""
    for one in desk.config.sources:
        if (one.plane, one.name) == (source.plane, source.name):
            spans = tuple(parsed(text) for text in one.covers)
            return msgspec.structs.replace(
                source, spans=spans, max_age=timedelta(seconds=seconds(one.max_age))
            )
    return source


def _read(path: Path, now: datetime) -> tuple[bytes, datetime]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError) as error:
        raise Unread(path, "{reason}", reason=getattr(error, "strerror", None) or error) from error
    return content, min(written, now)


def _ours(desk: Desk, plane: Plane) -> Callable[[str], bool]:
    """Whether an address lies in the plane: everything does while nobody has said what the plane is."""
    nets = desk.config.planes[plane].nets if plane in desk.config.planes else ()
    spans = [parsed(net) for net in nets] + [parsed(one.prefix) for one in desk.register.of(plane).prefixes]
    if not nets:
        return lambda ip: True
    return lambda ip: any(span.first <= number(ip) <= span.last for span in spans)


def written_out(fault: Fault) -> str:
    """A fault in one line of English, as it is kept."""
    return f"{fault.line}: {fault.value}: {fault.what.format(**fault.facts)}"


def faults(several: Iterable[Plan]) -> list[tuple[str, Fault]]:
    """Every listed fault with the file that it stands in."""
    return [(one.source.place, fault) for one in several for fault in one.reading.faults]
