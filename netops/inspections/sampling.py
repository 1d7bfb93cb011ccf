"""Which addresses and devices are looked at on the spot (抽样), drawn from a seed that is kept. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from netops.core.evidence import digest


class Sample(msgspec.Struct, frozen=True):
    """
    What was drawn.

    Args:
        seed: what the draw began from, with the organization's code.
        devices, addresses: drawn, in order.
        device_population, address_population: how many there were to draw from.
        sha256: of the whole population: the same seed draws the same again only from the same.
    """

    seed: str
    devices: tuple[str, ...]
    addresses: tuple[str, ...]
    device_population: int
    address_population: int
    sha256: str


def draw(seed: str, organization: str, devices: Sequence[str], addresses: Sequence[str], count: int) -> Sample:
    """
    Draw so many devices and so many addresses; all of them where there are fewer.

    The same seed, organization and population always give the same sample.
    """
    gear, hosts = sorted(set(devices)), sorted(set(addresses))
    chance = random.Random(f"{seed}/{organization}")  # noqa: S311 - it must be drawn again, not be secret
    return Sample(
        seed,
        tuple(sorted(chance.sample(gear, min(count, len(gear))))),
        tuple(sorted(chance.sample(hosts, min(count, len(hosts))), key=hosts.index)),
        len(gear),
        len(hosts),
        digest([gear, hosts]),
    )
