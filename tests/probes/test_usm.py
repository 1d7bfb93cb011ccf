"""SNMPv3: keys as the RFCs print them, and messages that are believed only when they are authentic, in time and ours."""

from __future__ import annotations

from typing import Any

import pytest

from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import GET, GETBULK, OCTETS, SEQUENCE, Reader, integer, named, tlv
from netops.probes.credentials import Credential
from netops.probes.question import question, variables
from netops.probes.usm import AUTH, PRIV, Unauthentic, Usm, localized, password_key, privacy_key

SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
ACCESS = Access("", "walker", "auth-secret-1", "priv-secret-1")
CREDENTIAL = Credential("v3", "", "walker", "SHA", "auth-secret-1", "AES", "priv-secret-1")
RFC_ENGINE = bytes(11) + b"\2"


def agent() -> Agent:
    return Agent("sw-1", Table([(SYS_NAME, tlv(OCTETS, b"sw-1"))]), ACCESS)


def met(one: Agent, credential: Credential = CREDENTIAL) -> Usm:
    usm = Usm(credential)
    usm.hear(one.answer(usm.discovery(1)) or b"")
    return usm


def answer_of(one: Agent, usm: Usm, number: int = 7) -> bytes:
    return one.answer(usm.message(number, question(GET, number, [named("1.3.6.1.2.1.1.5.0")]))) or b""


@pytest.mark.parametrize(
    ("name", "key", "local"),
    [
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        ("sha1", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)
def test_keys_are_those_of_rfc_3414(name: str, key: str, local: str) -> None:
    """RFC 3414 A.3.1 and A.3.2: password "maplesyrup", engine 000000000000000000000002."""
    assert key == password_key(name, "maplesyrup").hex()
    assert local == localized(name, password_key(name, "maplesyrup"), RFC_ENGINE).hex()


@pytest.mark.parametrize("protocol", ["AES192", "AES256", "AES192C", "AES256C"])
@pytest.mark.parametrize("auth", ["MD5", "SHA", "SHA224"])
def test_longer_keys_are_those_of_pysnmp(protocol: str, auth: str) -> None:
    """Both ways to lengthen a key agree with another program's."""
    import pysnmp.hlapi.v3arch.asyncio  # noqa: F401 - its modules import one another
    from pyasn1.type.univ import OctetString
    from pysnmp.proto.secmod.eso.priv import aes192, aes256
    from pysnmp.proto.secmod.rfc3414.auth import hmacmd5, hmacsha
    from pysnmp.proto.secmod.rfc7860.auth import hmacsha2

    kinds: dict[str, Any] = {
        "AES192": aes192.AesBlumenthal192,
        "AES256": aes256.AesBlumenthal256,
        "AES192C": aes192.Aes192,
        "AES256C": aes256.Aes256,
    }
    auths: dict[str, Any] = {
        "MD5": hmacmd5.HmacMd5.SERVICE_ID,
        "SHA": hmacsha.HmacSha.SERVICE_ID,
        "SHA224": hmacsha2.HmacSha2.SHA224_SERVICE_ID,
    }
    theirs = kinds[protocol]()
    key = theirs.localize_key(
        auths[auth], theirs.hash_passphrase(auths[auth], b"priv-secret-1"), OctetString(RFC_ENGINE)
    )

    assert bytes(key) == privacy_key(AUTH[auth][0], protocol, "priv-secret-1", RFC_ENGINE)
    assert PRIV[protocol] == len(key)


def test_an_answer_is_read() -> None:
    """Discovery, then a question and its answer, signed and encrypted."""
    one = agent()
    usm = met(one)
    heard = usm.hear(answer_of(one, usm))

    assert (7, "") == (heard.number, heard.report)
    assert [b"sw-1"] == [value for _, value in variables(heard.answer)]


def test_a_changed_answer_is_not_believed() -> None:
    """Any flipped bit, in what is signed and what is hidden, makes it nobody's."""
    one = agent()
    usm = met(one)
    octets = answer_of(one, usm)
    for at in range(len(octets) - 20, len(octets)):
        with pytest.raises((Unauthentic, ValueError)):
            usm.hear(octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :])


def test_an_answer_without_a_signature_is_not_believed() -> None:
    """A response in the clear to an encrypted question (a downgrade) is no answer."""
    one = agent()
    usm = met(one)
    pdu = one._pdu(Reader(question(GET, 7, [named("1.3.6.1.2.1.1.5.0")])))
    with pytest.raises(Unauthentic):
        usm.hear(one._message(7, 0, one._scoped(b"", pdu)))


def test_an_answer_of_another_engine_is_not_believed() -> None:
    """The same user and password elsewhere has other keys."""
    one, other = agent(), Agent("sw-2", Table([(SYS_NAME, tlv(OCTETS, b"sw-2"))]), ACCESS)
    usm = met(one)
    with pytest.raises(Unauthentic):
        usm.hear(answer_of(other, met(other)))


def test_a_message_of_an_earlier_start_is_not_believed() -> None:
    """What the agent said before it restarted may not be played again."""
    one = agent()
    usm = met(one)
    old = answer_of(one, usm)
    one.boots = 2
    usm.hear(
        one.answer(usm.message(8, question(GET, 8, [named("1.3.6.1.2.1.1.5.0")]))) or b""
    )  # the report with its clock
    usm.hear(answer_of(one, usm, 9))
    with pytest.raises(Unauthentic):
        usm.hear(old)


def test_a_clock_that_nobody_signed_is_not_taken() -> None:
    """A report about the time window must be authentic, or anybody could set our clock."""
    one = agent()
    usm = met(one)
    usm.hear(answer_of(one, usm))
    one.boots = 99
    with pytest.raises(Unauthentic):
        usm.hear(one._report(8, 2, signed=False))

    assert 1 == usm.boots


def test_a_restart_is_learned_from_a_signed_report() -> None:
    """engineBoots grew: the report says so, and the next message is in time."""
    one = agent()
    usm = met(one)
    usm.hear(answer_of(one, usm))
    one.boots = 5
    report = usm.hear(answer_of(one, usm, 8))

    assert "usmStatsNotInTimeWindows" == report.report
    assert 5 == usm.boots
    assert "" == usm.hear(answer_of(one, usm, 9)).report


@pytest.mark.parametrize(
    ("credential", "report"),
    [
        (
            Credential("v3", "", "nobody", "SHA", "auth-secret-1", "AES", "priv-secret-1"),
            "usmStatsUnknownUserNames",
        ),
        (
            Credential("v3", "", "walker", "SHA", "another-secret", "AES", "priv-secret-1"),
            "usmStatsWrongDigests",
        ),
        (Credential("v3", "", "walker", "SHA", "auth-secret-1"), "usmStatsUnsupportedSecLevels"),
    ],
)
def test_refusals_have_the_names_of_the_rfc(credential: Credential, report: str) -> None:
    """RFC 3414 §5: what people find in the device's own counters."""
    one = agent()

    assert report == met(one, credential).hear(answer_of(one, met(one, credential))).report


def test_salts_are_never_used_twice() -> None:
    """RFC 3826 §3.1.2.1: a salt again would show what two messages have in common."""
    one = agent()
    usm = met(one)
    pdu = question(GETBULK, 1, [named("1.3.6.1.2.1.1")], 5)
    salts = set()
    for number in range(50):
        message = Reader(usm.message(number, pdu)).into(SEQUENCE)
        message.number()
        message.take(SEQUENCE)
        parameters = Reader(message.body()).into(SEQUENCE)
        for _ in range(5):
            parameters.take()
        salts.add(parameters.body())

    assert 50 == len(salts)


def test_what_is_no_message_is_refused() -> None:
    """Version 2c to a v3 user, flags of two octets, a clock below zero."""
    usm = met(agent())
    for octets in (
        tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"public")),
        tlv(
            SEQUENCE, integer(3) + tlv(SEQUENCE, integer(1) + integer(1) + tlv(OCTETS, b"\0\0") + integer(3))
        ),
        b"",
    ):
        with pytest.raises(ValueError):
            usm.hear(octets)
