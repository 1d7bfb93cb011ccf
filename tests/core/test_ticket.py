"""Tickets of probes: forged, replayed, stale and foreign ones are not believed; the sensor cannot read them."""

from __future__ import annotations

import pytest

from netops.core import ticket

KEY, OTHER = ticket.new_key(), ticket.new_key()
AT = 1_790_000_000
RUN = "0a0b0c0d"


def test_a_ticket_says_whom_when_and_in_which_run() -> None:
    """Only the probing side reads it."""
    written = ticket.write(KEY, "10.20.11.11", AT, RUN)

    assert ticket.Ticket("10.20.11.11", AT, RUN) == ticket.read(KEY, written)
    assert ticket.Ticket("2001:db8::1", AT, RUN) == ticket.read(KEY, ticket.write(KEY, "2001:db8::1", AT, RUN))
    assert ticket.LENGTH == len(written)


def test_the_sensor_knows_it_and_cannot_read_it() -> None:
    """Its key tells ours from others'; it opens nothing and writes nothing."""
    outside, written = ticket.sensor_key(KEY), ticket.write(KEY, "10.20.11.11", AT, RUN)

    assert ticket.is_ours(outside, written, AT + 1)
    assert ticket.is_ours(KEY, written, AT + 1)
    for act in (lambda: ticket.read(outside, written), lambda: ticket.write(outside, "10.20.11.11", AT, RUN)):
        with pytest.raises(ValueError, match="key of a sensor"):
            act()


def test_no_two_tickets_are_alike_and_none_shows_the_address() -> None:
    """The same target in the same second: other octets, and the address in none of them."""
    written = {ticket.write(KEY, "10.20.11.11", AT, RUN) for _ in range(100)}

    assert 100 == len(written)
    assert not any(bytes([10, 20, 11, 11]) in one for one in written)


def test_every_changed_octet_is_noticed() -> None:
    """By the sensor, whatever octet it was."""
    written = ticket.write(KEY, "10.20.11.11", AT, RUN)
    for place in range(len(written)):
        changed = bytearray(written)
        changed[place] ^= 1
        assert not ticket.is_ours(KEY, bytes(changed), AT + 1)


@pytest.mark.parametrize("payload", [b"", ticket.MAGIC, b"\0" * ticket.LENGTH, ticket.MAGIC + b"\xff" * (ticket.LENGTH - 4)])
def test_rubbish_is_nobodys(payload: bytes) -> None:
    """Neither a crash nor a belief."""
    assert not ticket.is_ours(KEY, payload, AT)
    assert ticket.read(KEY, payload) is None


def test_foreign_stale_and_early_tickets_are_refused() -> None:
    """Another key's, one of yesterday, one out of the future."""
    written = ticket.write(KEY, "10.20.11.11", AT, RUN)

    assert not ticket.is_ours(OTHER, written, AT)
    assert ticket.read(OTHER, written) is None
    assert not ticket.is_ours(KEY, written, AT + ticket.FRESH_SECONDS + 1)
    assert not ticket.is_ours(KEY, written, AT - 6)


@pytest.mark.parametrize("text", ["", "netops-probe", "netops-probe 00", "ssh-rsa " + "0" * 64, "netops-probe " + "zz" * 32])
def test_what_is_no_key_is_refused(text: str) -> None:
    """Whatever else lies in the file."""
    with pytest.raises(ValueError):
        ticket.sensor_key(text)


SIZES = (8, 4)


def stub(size: int, at: float = AT, key: str = KEY, target: str = "10.20.11.11") -> bytes:
    return ticket.stub(key, ticket.inner(KEY, RUN, target, "ntp 0", size), at, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_stub_is_known_by_the_sensor_for_a_minute(size: int) -> None:
    """Written by ours; stale, early and foreign ones are nobody's; it also is a positive number."""
    outside, made = ticket.sensor_key(KEY), stub(size)

    assert (size, True) == (len(made), made[0] < 0x80)
    assert all(ticket.is_ours(outside, made, AT + late) for late in (0, 30, 60))
    strangers = [(stub(size, target=f"10.20.12.{n}"), AT + late) for n in range(1, 101) for late in (200, -100)]
    passed = sum(ticket.is_ours(outside, one, at) for one, at in strangers)
    passed += sum(ticket.is_ours(ticket.sensor_key(ticket.new_key()), made, AT) for _ in range(100))
    # Four octets leave eight bits for the sensor's check, in four slots of time: one in sixty-four passes it by chance.
    assert passed <= (20 if size == 4 else 0)


def test_a_changed_stub_is_noticed() -> None:
    """Whatever octet of the eight it was; of four, all but one in a few score, which is why one alone proves nothing."""
    long, short = stub(8), stub(4)
    for place in range(8):
        assert not ticket.is_ours(KEY, long[:place] + bytes([long[place] ^ 1]) + long[place + 1 :], AT)
    passed = sum(ticket.is_ours(KEY, bytes([short[0] ^ n, *short[1:]]), AT) for n in range(1, 128))
    assert passed <= 12
    assert ticket.bits(short) < ticket.NEEDED_BITS <= 2 * ticket.bits(short)
    assert ticket.bits(long) >= ticket.NEEDED_BITS


@pytest.mark.parametrize("size", SIZES)
def test_stubs_differ_by_run_target_and_probe(size: int) -> None:
    """What one target was asked says nothing about what another was."""
    made = {
        ticket.inner(KEY, run, f"10.20.11.{host}", f"{service} {number}", size)
        for run in (RUN, "00000001")
        for host in range(1, 40)
        for service in ("ntp", "ike")
        for number in range(2)
    }
    assert len(made) >= 310
    with pytest.raises(ValueError, match="key of a sensor"):
        ticket.inner(ticket.sensor_key(KEY), RUN, "10.20.11.11", "ntp 0", size)


def test_a_ticket_is_written_as_part_of_an_address_of_the_web() -> None:
    """And read again; whatever else stands there is none."""
    written = ticket.write(KEY, "10.20.11.11", AT, RUN)

    assert written == ticket.from_text(ticket.to_text(written))
    for strange in ("", "x" * 74, "x" * 76, "../" * 25, "é" * 75):
        assert b"" == ticket.from_text(strange)
