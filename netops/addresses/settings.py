"""`[sweep]`, `[[sources]]`, `[[shared]]`: what else is asked about addresses, and which may have several cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from netops.core.language import N_, Said
from netops.core.plane import Plane
from netops.core.toml import Source


class Sweep(msgspec.Struct, frozen=True):
    """`[sweep]`: pings into our own registered prefixes; without prefixes nothing is ever swept by itself."""

    prefixes: tuple[str, ...] = ()
    """Inside prefixes of the register; a large IPv6 one is asked only at its known addresses."""
    per_second: float = 100.0
    attempts: int = 2
    wait_seconds: float = 1.0
    seconds: float = 120.0
    """The most that one sweep may take; what was not asked by then is unknown, and is asked first the next time."""


class AddressSource(msgspec.Struct, frozen=True):
    """
    `[[sources]]`: a file that tells who has an address: DHCP leases, or somebody's ARP table.

    Args:
        format: as `netops ip formats` lists them; "auto" looks at how the file begins.
        max_age: what is older than this is stale: nothing follows from its silence.
        covers: prefixes of which it would tell every address in use; empty when nobody says so.
    """

    name: str
    path: str
    plane: Plane = Plane.EXTRANET
    format: str = "auto"
    max_age: str = "1h"
    covers: tuple[str, ...] = ()


class SharedAddress(msgspec.Struct, frozen=True):
    """
    `[[shared]]`: an address for which several cards may answer: a pair for high availability, teamed cards of a machine.

    Args:
        macs: the cards; empty for any.
        why: what it is, for whoever reads it later.
    """

    address: str
    why: str
    plane: Plane = Plane.EXTRANET
    macs: tuple[str, ...] = ()


def check(
    source: Source,
    sweep: Sweep,
    sources: Sequence[AddressSource],
    shared: Sequence[SharedAddress],
    period: Callable[[str], object],
) -> None:
    """Note every fault of the three in *source*; *period* reads "30s" and raises ValueError."""
    from netops.addresses.formats import FORMATS
    from netops.addresses.reading import spelled
    from netops.addresses.span import number, parsed

    def readable(table: str, index: int | None, key: str, text: str, read: Callable[[str], object]) -> None:
        try:
            read(text)
        except ValueError as error:
            told = str(error) if read is not period else f"{text!r} must be like 30s, 5m, 6h or 1d"
            source.fault(told, table, index, key)

    for text in sweep.prefixes:
        readable("sweep", None, "prefixes", text, parsed)
    if not 0 < sweep.per_second <= 1000 or not 0 < sweep.attempts <= 5:
        source.fault(N_("per_second must be 1 to 1000, attempts 1 to 5"), "sweep", key="per_second")
    names: set[tuple[str, str]] = set()
    for index, one in enumerate(sources):
        if one.format not in ("auto", *FORMATS):
            source.fault(Said(
                "{value!r} is none of {known}", value=one.format, known=", ".join(("auto", *FORMATS))
            ), "sources", index, "format")
        if not one.name or (one.plane, one.name) in names:
            source.fault(Said("{name!r} is empty or there already", name=one.name), "sources", index, "name")
        names.add((one.plane, one.name))
        readable("sources", index, "max_age", one.max_age, period)
        for text in one.covers:
            readable("sources", index, "covers", text, parsed)
    for index, pair in enumerate(shared):
        readable("shared", index, "address", pair.address, number)
        for mac in pair.macs:
            if not spelled(mac):
                source.fault(Said("{mac!r} is not a MAC", mac=mac), "shared", index, "macs")
