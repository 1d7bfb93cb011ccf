"""Standing senses in the configuration: mirror ports that are always listened to, logs that are always read on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.plane import Plane


class Mirror(msgspec.Struct, frozen=True):
    """
    `[[mirrors]]`: interfaces that see a mirror port's frames.

    Args:
        where: what is mirrored, DEVICE or DEVICE:INTERFACE; "" is the first interface's own name.
    """

    plane: Plane
    interfaces: tuple[str, ...]
    where: str = ""

    @property
    def place(self) -> str:
        """How findings and the table of blind spots call it."""
        return self.where or self.interfaces[0]


class FollowedLog(msgspec.Struct, frozen=True):
    """`[[logs]]`: a log of a DNS server, Zeek, Suricata or RADIUS, relative to the configuration; *where* is whose it is."""

    plane: Plane
    path: str
    where: str = ""


def check(mirrors: Sequence[Mirror], logs: Sequence[FollowedLog]) -> Iterator[tuple[str, int, str, Text]]:
    """Faults as table, index, key and what is wrong."""
    taken: dict[str, int] = {}
    for index, one in enumerate(mirrors):
        if not one.interfaces:
            yield "mirrors", index, "interfaces", N_("must name an interface")
        for name in one.interfaces:
            if taken.setdefault(name, index) != index:
                yield "mirrors", index, "interfaces", Said("{name!r} is listened to by another entry already", name=name)
    seen: set[str] = set()
    for index, log in enumerate(logs):
        if not log.path:
            yield "logs", index, "path", N_("must name a file")
        elif log.path in seen:
            yield "logs", index, "path", Said("{path!r} is followed by another entry already", path=log.path)
        seen.add(log.path)
