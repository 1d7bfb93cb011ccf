"""A generated city whose true shape is known: what the tables imply is exactly that, and nothing is guessed."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.large_city import City
from benchmarks.topology_scale import _judged
from netops.topology import map as maps
from netops.topology.sightings import Places


@pytest.mark.parametrize(("seed", "aged", "unheard"), [(1, 0.02, 0.004), (2, 0.2, 0.05), (3, 0.4, 0.3)])
def test_links_segments_and_places_are_those_of_the_city(seed: int, aged: float, unheard: float) -> None:
    """Chains, unmanaged switches, silent bridges, stale rows, VRRP; also when many rows have aged."""
    city = City(160, 3000, seed, aged=aged, unheard=unheard)
    wiring = maps.wiring(city.views)
    shared = {
        one.id: frozenset((end.device, end.if_index) for end in one.members)
        for one in wiring.segments
        if one.kind == "shared" and one.layer == 2
    }
    pairs = {
        frozenset((end.device, end.if_index) for end in link.ends)
        for link in wiring.links
        if link.layer == 2 and link.segment not in shared
    }
    places = Places(city.views)
    judged = Counter(_judged(places.of(mac), place) for mac, place in city.truth.places.items())

    assert city.truth.links | {ends for ends in city.truth.segments if len(ends) == 2} == pairs
    assert {ends for ends in city.truth.segments if len(ends) > 2} == set(shared.values())
    assert 0 == judged["wrong"]
    assert judged["not located"] < 30
