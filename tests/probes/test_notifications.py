"""Notifications opened: proof, time window, answers that are themselves authentic, and octets of any kind."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.probes.ber import INFORM, OCTETS, SEQUENCE, TICKS, TRAP, integer, oid, tlv
from netops.probes.credentials import Credential
from netops.probes.notifications import MAX_VARIABLES, Opener
from netops.probes.question import variables
from netops.probes.reference import authentication
from netops.probes.usm import Usm
from tests.probes.sending import ENGINE, LINK_DOWN, V2C, V3, receiving, taken

UPTIME, TRAP_OID = (1, 3, 6, 1, 2, 1, 1, 3, 0), (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)


def told(kind: int, *more: bytes, number: int = 9, name: str = LINK_DOWN) -> bytes:
    """A notification's PDU."""
    uptime = tlv(SEQUENCE, oid(UPTIME) + integer(4200, TICKS))
    which = tlv(SEQUENCE, oid(TRAP_OID) + oid(tuple(map(int, name.split(".")))))
    return tlv(kind, integer(number) + integer(0) * 2 + tlv(SEQUENCE, uptime + which + b"".join(more)))


def v2c(pdu: bytes, community: bytes = b"trap-ro") -> bytes:
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, community) + pdu)


def sender(opener: Opener, credential: Credential = V3, boots: int | None = None, late: int = 0) -> Usm:
    """Somebody who has discovered the opener's engine, and whose clock is *late* by so many seconds."""
    usm = Usm(credential)
    usm.hear(opener.open(usm.discovery(1), (credential,)).reply)
    usm.boots, usm.ticks = usm.boots if boots is None else boots, usm.ticks - late
    return usm


def test_an_inform_is_opened_and_its_answer_is_believed() -> None:
    """The answer has the same number and variables, and proves itself to who asked."""
    opener = Opener(ENGINE, 7)
    usm = sender(opener)
    opened = opener.open(usm.message(5, told(INFORM)), (V2C, V3))
    heard = usm.hear(opened.reply)

    assert opened.notification is not None
    assert ("v3", True, LINK_DOWN, 42.0) == (
        opened.notification.version,
        opened.notification.is_inform,
        opened.notification.oid,
        opened.notification.uptime_seconds,
    )
    assert (5, 9, "") == (heard.number, heard.answer.request, heard.report)
    assert 2 == len(list(variables(heard.answer)))


@pytest.mark.parametrize(("boots", "late"), [(6, 0), (7, 1000), (8, 0)])
def test_a_wrong_clock_is_told_in_a_signed_report(boots: int, late: int) -> None:
    """An inform of another boot or another time may be an old one: refused, and the sender may set its clock by us."""
    opener = Opener(ENGINE, 7)
    opener.since -= 5000
    usm = sender(opener, boots=boots, late=late)
    opened = opener.open(usm.message(5, told(INFORM)), (V3,))
    believed = sender(opener).hear(opened.reply)

    assert (None, "usmStatsNotInTimeWindows") == (opened.notification, opened.refused)
    assert "usmStatsNotInTimeWindows" == believed.report


def test_a_trap_in_the_name_of_our_own_engine_is_refused() -> None:
    """Of a trap its sender is the authority; ours cannot have sent it."""
    opener = Opener(ENGINE, 7)
    opened = opener.open(sender(opener).message(5, told(TRAP)), (V3,))

    assert (None, b"", "usmStatsUnknownEngineIDs") == opened


def test_another_user_of_one_name_is_told_by_the_key() -> None:
    """Two devices with one user name and keys of their own: the key that signed decides."""
    opener, other = (
        Opener(ENGINE, 7),
        Credential("v3", "", "trapper", "SHA", "other-auth", "AES", "other-priv"),
    )
    opened = opener.open(sender(opener, other).message(5, told(INFORM)), (V3, other))

    assert opened.notification is not None


def test_a_notification_keeps_so_many_variables_and_no_more() -> None:
    """Whatever a device packs into it."""
    one = tlv(SEQUENCE, oid((1, 3, 6, 1, 4, 1, 32473, 1)) + tlv(OCTETS, bytes(5000)))
    opened = Opener(ENGINE, 7).open(v2c(told(TRAP, *[one] * 200)), (V2C,))

    assert opened.notification is not None
    assert len(opened.notification.variables) <= MAX_VARIABLES
    assert {1024} == {len(value) for _, value in opened.notification.variables if isinstance(value, bytes)}


@pytest.mark.parametrize("pdu", [told(0xA0), told(0xA8), told(TRAP)[:-9], b"", tlv(TRAP, integer(1))])
def test_what_is_no_notification_is_a_value_error(pdu: bytes) -> None:
    """A GET, a report, a cut one."""
    with pytest.raises(ValueError):
        Opener(ENGINE, 7).open(v2c(pdu), (V2C,))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_octets_never_do_more_than_fail(data: st.DataObject) -> None:
    """Flipped, cut and repeated octets of every kind of message: refused, opened or a value error, nothing else."""
    opener = Opener(ENGINE, 7)
    kinds = (
        v2c(told(TRAP)),
        v2c(told(INFORM)),
        sender(opener).message(5, told(INFORM)),
        Usm(V3).discovery(1),
    )
    octets = bytearray(data.draw(st.sampled_from(kinds)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place] = data.draw(st.integers(0, 255))
    octets = octets[: data.draw(st.integers(1, len(octets)))]
    try:
        opened = opener.open(bytes(octets), (V2C, V3))
    except (ValueError, IndexError, OverflowError):
        return
    assert len(opened.reply) < 4 * len(octets) + 400


def test_the_reference_is_understood() -> None:
    """What pysnmp sends, v2c and v3 authPriv, trap and inform, is opened; its informs end without a fault."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    async def told_by_pysnmp(port: int, credential: Credential, kind: str) -> object:
        engine = hlapi.SnmpEngine()
        place = await hlapi.UdpTransportTarget.create(("127.0.0.1", port), timeout=2, retries=1)
        which = hlapi.NotificationType(hlapi.ObjectIdentity(LINK_DOWN))
        answer = await hlapi.send_notification(
            engine, authentication(credential), place, hlapi.ContextData(), kind, which, lookupMib=False
        )
        engine.close_dispatcher()
        return answer[0]

    for credential in (V2C, V3):
        for kind in ("trap", "inform"):
            with receiving(credential) as (receiver, place):
                from concurrent.futures import ThreadPoolExecutor

                with ThreadPoolExecutor(1) as pool:
                    port = int(place.split(":")[1])
                    job = pool.submit(asyncio.run, told_by_pysnmp(port, credential, kind))
                    (heard,) = taken(receiver)

                    assert job.result() is None
            assert (LINK_DOWN, kind == "inform") == (heard.notification.oid, heard.notification.is_inform)
