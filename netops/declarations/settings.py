"""`[declarations]`: what an approval asks for, to whom counties declare, and how terminals are counted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.plane import Plane

ASKED_FOR = ("fields", "officers", "certificates", "addresses", "seal")
"""What may be asked for beside the four statements."""

WHEN = ("when_kept", "always", "never")
"""When an entry inspection is asked for before a connection."""


class Requirements(msgspec.Struct, frozen=True):
    """
    `[declarations]`.

    Args:
        to_approve, to_connect: of `ASKED_FOR`: an approval, or a connection, is refused without it. "fields" are user class,
            measures, place, kinds of terminals and models; "officers" the person responsible, the security officer and the
            contact, each with a telephone; "certificates" one for every firewall and gatekeeper; "addresses" a management
            address of the plane for every device and, to connect, something allocated; "seal" the signed paper.
        entry_inspection: whether a declaration is connected only after an entry inspection that was passed, or passed with
            conditions whose day is not over: "always", "never", or "when_kept": once the register entry_inspections has a record.
        renew_days: a declaration is to be renewed so long after it was signed, or taken on file; 0 is never. What it says
            itself ("until") comes first.
        remind_days: so long before a finding says so.
        window_days: terminals are counted over so many days.
        settled_hours: one that is gone counts when it was there for so long at least; one that is there always counts.
        server_clients: an address that so many others ask for the same port is a server.
        authorities: by code of a county, by plane: code of the authority that its units declare to.
    """

    to_approve: tuple[str, ...] = ()
    to_connect: tuple[str, ...] = ()
    entry_inspection: str = "when_kept"
    renew_days: int = 365
    remind_days: int = 30
    window_days: int = 7
    settled_hours: float = 24.0
    server_clients: int = 3
    authorities: dict[str, dict[Plane, str]] = {}


def check(settings: Requirements) -> Iterator[tuple[str, Text]]:
    """Every fault: the key, and what is wrong."""
    for key in ("to_approve", "to_connect"):
        for name in getattr(settings, key):
            if name not in ASKED_FOR:
                yield key, Said(
                    "{name!r} is nothing that can be asked for; one of: {asked_for}", name=name, asked_for=", ".join(ASKED_FOR)
                )
    if settings.entry_inspection not in WHEN:
        yield "entry_inspection", Said(
            "{value!r} is none of {known}", value=settings.entry_inspection, known=", ".join(WHEN)
        )
    for key in ("renew_days", "remind_days", "settled_hours"):
        if getattr(settings, key) < 0:
            yield key, Said("{key} must not be less than {least}", key=key, least=0)
    for key in ("window_days", "server_clients"):
        if getattr(settings, key) < 1:
            yield key, Said("{key} must not be less than {least}", key=key, least=1)
    if settings.window_days > 90:
        yield "window_days", N_("window_days must not be more than 90: sightings are read so far back")
