"""Listening on a mirror port (镜像口旁听): frames as they pass, findings as they show."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from netops.core import journal
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress.heard import Heard
from netops.egress.listening.frames import Capture
from netops.egress.listening.observation import Observation
from netops.probes.mirror import HEAD, listen
from netops.rounds import listening
from netops.rounds.telling import ROTATE_SECONDS, TELL_SECONDS, Teller


class Turn(NamedTuple):
    """What is known after a turn: packets heard and dropped since the start, findings opened in it."""

    packets: int
    dropped: int
    opened: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True):
    """
    What came of it all.

    Args:
        dropped: frames that the kernel had no room for: what was in them was not heard.
    """

    interfaces: tuple[str, ...]
    packets: int
    dropped: int
    observations: tuple[Observation, ...]
    opened: tuple[str, ...]


def run(
    desk: Desk,
    plane: Plane,
    interfaces: Sequence[str],
    where: str,
    seconds: float,
    hear: Callable[[Turn], None] | None = None,
    *,
    keep: bool = True,
    is_over: Callable[[], bool] = lambda: False,
) -> Outcome:
    """
    Listen for so long, or until it *is_over*; findings are written down as they show, unless *keep* is False.

    Raises:
        NetopsError: an interface cannot be listened to, or the plane is not served here.
    """
    scene = listening.scene_of(desk, plane)
    teller, one = Teller(), listening.listener(desk.playbooks, "capture", where, scene, plane)
    packets = dropped = 0
    opened: list[str] = []
    told = rotated = time.monotonic()

    def tell() -> tuple[str, ...]:
        found = listening.heard(plane, scene, one.observations(), where, one)
        if not keep:
            return ()
        due = teller.due(found.observations, desk.clock())
        contacts = found.contacts if teller.due(_contacted(found), desk.clock()) else {}
        if not due and not contacts:
            return ()
        kept = listening.keep(desk, Heard(plane, scene, tuple(due), found.place, found.interface, contacts))
        opened.extend(kept.opened)
        return kept.opened

    for piece in listen(interfaces, seconds):
        if piece is None:  # it listens now
            if keep:
                _noted(desk, plane, interfaces, where, seconds)
            continue
        packets, dropped = packets + piece.frames, piece.dropped
        for frames in Capture(io.BytesIO(HEAD + piece.records)) if piece.frames else ():
            one.feed(frames)
        if is_over():
            break
        now = time.monotonic()
        if now - told >= TELL_SECONDS:
            told = now
            new = tell()
            if hear:
                hear(Turn(packets, dropped, new))
            if now - rotated >= ROTATE_SECONDS:
                rotated, scene = now, listening.scene_of(desk, plane)
                one = listening.listener(desk.playbooks, "capture", where, scene, plane)
    new = tell()
    if hear:
        hear(Turn(packets, dropped, new))
    return Outcome(tuple(interfaces), packets, dropped, tuple(one.observations()), tuple(dict.fromkeys(opened)))


def _noted(desk: Desk, plane: Plane, interfaces: Sequence[str], where: str, seconds: float) -> None:
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record("egress listen", str(plane), after={"interfaces": list(interfaces), "where": where, "seconds": seconds})


def _contacted(found: Heard) -> list[Observation]:
    """Contacts as observations, only to know whether there is something new in them."""
    return [
        Observation(
            kind="internet_contact", what="internet", name="", ip=ip, mac="", peer="", port=0, protocol=0, by=(), confidence=1.0,
            first=contact.first, last=contact.last, count=contact.packets, names=(), is_alarm=True, source="capture", where="",
            facts={},
        )
        for ip, contact in found.contacts.items()
        if contact.first and contact.last
    ]  # fmt: skip


