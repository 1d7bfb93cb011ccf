"""One device under two names, two devices under one: both are told."""

from __future__ import annotations

import msgspec

from netops.topology import identity, twins
from netops.topology.device import Hardware
from tests.topology.city import city, picture


def test_a_device_that_is_registered_twice_is_told_once() -> None:
    """With the name that stays, the other one, and what gives it away."""
    views = city()
    part = (Hardware("chassis", "1", "AR", "2102350ABC"),)
    first, second = (
        msgspec.structs.replace(
            views[name], hardware=part, registered=True, system=views["r-a"].system, chassis=""
        )
        for name in ("r-a", "r-b")
    )
    folded = identity.fold(
        [*(view for name, view in views.items() if name not in ("r-a", "r-b")), first, second]
    )
    told = list(twins.registered_twice(picture({view.key: view for view in folded})))

    assert [{"device": "r-a", "other": "r-b"}] == [one.subject for one in told]
    assert "2102350ABC" == told[0].facts["value"]
    assert [] == list(twins.registered_twice(picture(city())))


def test_two_devices_that_call_themselves_the_same() -> None:
    """Only where both can be told apart."""
    views = city()
    views["r-b"] = msgspec.structs.replace(views["r-b"], system=views["r-a"].system)
    told = list(twins.duplicate_name(picture(views)))

    assert [("2", "10.50.255.11, 10.50.255.12")] == [
        (one.facts["count"], one.facts["addresses"]) for one in told
    ]
    assert [] == list(twins.duplicate_name(picture(city())))
