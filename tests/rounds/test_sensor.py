"""The sensor: what it writes of what it hears; forged, replayed, stale and foreign tickets, and its end by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netops.core import ticket
from netops.core.clock import now
from netops.egress.reflection import Hit, believed
from netops.probes.reflect import Answer, Ended
from netops.rounds import sensor

KEY, BEACON = ticket.new_key(), "203.0.113.99"


def heard(monkeypatch: pytest.MonkeyPatch, *came: Answer | Ended | type[KeyboardInterrupt] | None) -> list[Hit]:
    """What the sensor wrote when this came."""

    def listen(*_: object) -> Iterator[Answer | Ended | None]:
        for one in came:
            if isinstance(one, type):
                raise one
            yield one

    monkeypatch.setattr(sensor.reflect, "listen", listen)
    return list(believed(KEY, [line.encode() for line in sensor.lines(BEACON, ticket.sensor_key(KEY), 1)]))


def echo(payload: bytes, late: int = 1) -> Answer:
    return Answer(int(now().timestamp() + late) * 1000, "100.64.9.2", 63, "wan", "echo", payload)


def written(key: str = KEY) -> bytes:
    return ticket.write(key, "10.20.11.11", int(now().timestamp()), "00000001")


def test_only_valid_tickets_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once; a replayed, forged, foreign or stale one is counted, with what the ear refused already."""
    good = written()
    forged = good[:-1] + bytes([good[-1] ^ 1])
    foreign, stale = echo(written(ticket.new_key())), echo(written(), 90)
    found = heard(monkeypatch, None, echo(good), echo(good), echo(forged), foreign, stale, Ended(7, 0))

    assert ["start", "hit", "end"] == [one.kind for one in found]
    assert (good.hex(), "100.64.9.2", 11) == (found[1].ticket, found[1].source, found[2].refused)


def test_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor's lines bear no address of the inside but what the answer itself showed."""
    lines = "".join(map(repr, heard(monkeypatch, None, echo(written()))))

    assert "10.20.11.11" not in lines


def test_a_flood_of_forged_tickets_buries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand rubbish tickets and one good one: one line, the rest a number."""
    rubbish = [echo(ticket.MAGIC + number.to_bytes(ticket.LENGTH - 4, "big")) for number in range(20_000)]
    found = heard(monkeypatch, None, *rubbish[:10_000], echo(written()), *rubbish[10_000:])

    assert ["start", "hit", "end"] == [one.kind for one in found]
    assert 20_000 == found[-1].refused


def test_ended_by_hand_it_still_writes_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its file is believed."""
    assert ["start", "hit", "end"] == [one.kind for one in heard(monkeypatch, None, echo(written()), KeyboardInterrupt)]
