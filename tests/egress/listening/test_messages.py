"""What packets carry: DNS, DHCP, TLS, QUIC, HTTP; hostile ones included."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import wires

from netops.egress.listening import dhcp, dns, http, quic, tls

INITIAL = bytes.fromhex(
    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099"
    "f3991c260ec4c60d17b31f8429157bb35a1282a643a8d2262cad67500cadb8e7378c8eb7539ec4d4905fed1bee1fc8aafba17c750e2c7ace01e6005f80fc"
    "b7df621230c83711b39343fa028cea7f7fb5ff89eac2308249a02252155e2347b63d58c5457afd84d05dfffdb20392844ae812154682e9cf012f9021a6f0"
    "be17ddd0c2084dce25ff9b06cde535d0f920a2db1bf362c23e596d11a4f5a6cf3948838a3aec4e15daf8500a6ef69ec4e3feb6b1d98e610ac8b7ec3faf6a"
    "d760b7bad1db4ba3485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e30c5c4287e53805db059ae0648db2f64264ed5e39be2e20d82df566da8dd5"
    "998ccabdae053060ae6c7b4378e846d29f37ed7b4ea9ec5d82e7961b7f25a9323851f681d582363aa5f89937f5a67258bf63ad6f1a0b1d96dbd4faddfcef"
    "c5266ba6611722395c906556be52afe3f565636ad1b17d508b73d8743eeb524be22b3dcbc2c7468d54119c7468449a13d8e3b95811a198f3491de3e7fe94"
    "2b330407abf82a4ed7c1b311663ac69890f4157015853d91e923037c227a33cdd5ec281ca3f79c44546b9d90ca00f064c99e3dd97911d39fe9c5d0b23a22"
    "9a234cb36186c4819e8b9c5927726632291d6a418211cc2962e20fe47feb3edf330f2c603a9d48c0fcb5699dbfe5896425c5bac4aee82e57a85aaf4e2513"
    "e4f05796b07ba2ee47d80506f8d2c25e50fd14de71e6c418559302f939b0e1abd576f279c4b2e0feb85c1f28ff18f58891ffef132eef2fa09346aee33c28"
    "eb130ff28f5b766953334113211996d20011a198e3fc433f9f2541010ae17c1bf202580f6047472fb36857fe843b19f5984009ddc324044e847a4f4a0ab3"
    "4f719595de37252d6235365e9b84392b061085349d73203a4a13e96f5432ec0fd4a1ee65accdd5e3904df54c1da510b0ff20dcc0c77fcb2c0e0eb605cb05"
    "04db87632cf3d8b4dae6e705769d1de354270123cb11450efc60ac47683d7b8d0f811365565fd98c4c8eb936bcab8d069fc33bd801b03adea2e1fbc5aa46"
    "3d08ca19896d2bf59a071b851e6c239052172f296bfb5e72404790a2181014f3b94a4e97d117b438130368cc39dbb2d198065ae3986547926cd2162f40a2"
    "9f0c3c8745c0f50fba3852e566d44575c29d39a03f0cda721984b6f440591f355e12d439ff150aab7613499dbd49adabc8676eef023b15b65bfc5ca06948"
    "109f23f350db82123535eb8a7433bdabcb909271a6ecbcb58b936a88cd4e8f2e6ff5800175f113253d8fa9ca8885c2f552e657dc603f252e1a8e308f76f0"
    "be79e2fb8f5d5fbbe2e30ecadd220723c8c0aea8078cdfcb3868263ff8f0940054da48781893a7e49ad5aff4af300cd804a6b6279ab3ff3afb64491c8519"
    "4aab760d58a606654f9f4400e8b38591356fbf6425aca26dc85244259ff2b19c41b9f96f3ca9ec1dde434da7d2d392b905ddf3d1f9af93d1af5950bd493f"
    "5aa731b4056df31bd267b6b90a079831aaf579be0a39013137aac6d404f518cfd46840647e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4"
    "a9a7f9474241e221af44860018ab0856972e194cd934"
)
"""The client's Initial packet of RFC 9001, Appendix A.2; it asks for example.com."""


def test_a_dns_name_may_point_backwards_only() -> None:
    """Compression as servers use it; a pointer to itself, or forward, ends the message."""
    question = wires.query("www.example.com")
    answer = question[:2] + b"\x81\x80\0\x01\0\x01\0\0\0\0" + question[12:]
    good = answer + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xcb\0\x71\x50"
    looped = question[:12] + b"\xc0\x0c\0\x01\0\x01"
    forward = question[:12] + b"\xc0\x20\0\x01\0\x01" + bytes(20)

    assert ("www.example.com", 1) == dns.read(good).questions[0]
    assert dns.Answer("www.example.com", 1, "203.0.113.80", 4) == dns.read(good).answers[0]
    for octets in (looped, forward):
        with pytest.raises(dns.Malformed):
            dns.read(octets)


def test_names_of_others_are_one_line_of_text() -> None:
    """A name with a line end or an escape sequence is written out; Chinese stays."""
    assert "a\\x0a\\x1b[31m.小佛" == dns.read(wires.query("a\n\x1b[31m.小佛")).questions[0][0]


def test_a_dhcp_offer_tells_its_server() -> None:
    """Option 54, the address given, the gateway it sets, and the fingerprint of a client."""
    offer = dhcp.read(wires.dhcp(2, server="192.168.1.1", given="192.168.1.100", router="192.168.1.1"))
    ask = dhcp.read(wires.dhcp(1, options=b"\x37\x04\x01\x03\x06\x0f" + b"\x0c\x05pc-01" + b"\x3c\x08MSFT 5.0"))

    assert offer is not None
    assert ask is not None
    assert (True, dhcp.OFFER, "192.168.1.1", "192.168.1.100", ("192.168.1.1",)) == (
        offer.is_reply, offer.type, offer.server, offer.address, offer.routers)  # fmt: skip
    assert (False, wires.HOST, "pc-01", "MSFT 5.0", "1,3,6,15") == (ask.is_reply, ask.mac, ask.host, ask.vendor, ask.wanted)


def test_a_router_advertisement_tells_its_prefixes() -> None:
    """Lifetime, prefix, resolver and source link-layer address (RFC 4861, RFC 8106)."""
    prefix = b"\x03\x04\x40\xc0" + bytes(12) + bytes.fromhex("20010db8000100000000000000000000")
    resolver = b"\x19\x03\0\0\0\0\0\x3c" + bytes.fromhex("20010db8000000000000000000000053")
    source = b"\x01\x01" + wires.mac(wires.HOST)
    octets = b"\x86\0\0\0\x40\0\x07\x08" + bytes(8) + source + prefix + resolver

    assert dhcp.Advertisement(1800, ("2001:db8:1::/64",), ("2001:db8::53",), wires.HOST) == dhcp.advertisement(octets)


def test_a_client_hello_tells_whom_it_asks_for() -> None:
    """Name, ALPN and version; a hello in pieces is not whole yet."""
    octets = wires.hello("WWW.Example.com", ["h2", "http/1.1"])
    found = tls.hello(tls.handshake(octets))

    assert found is not None
    assert ("www.example.com", ("h2", "http/1.1"), 0x0303) == (found.name, found.protocols, found.version)
    assert tls.is_whole(octets)
    assert not tls.is_whole(octets[:-4])


def test_a_quic_initial_is_opened() -> None:
    """The example packet of RFC 9001 asks for example.com; one octet changed, and nothing is read."""
    found = quic.assembled(quic.pieces(INITIAL))
    damaged = bytearray(INITIAL)
    damaged[200] ^= 1

    assert found is not None
    assert "example.com" == found.name
    assert [] == quic.pieces(bytes(damaged))


def test_a_request_tells_host_and_agent() -> None:
    """Of a proxy's requests the host is in the target; an IPv6 literal has colons of its own."""
    plain = http.read(b"GET /a HTTP/1.1\r\nHost: Example.com:8080\r\nUser-Agent: curl/8\r\n\r\nbody")
    connect = http.read(b"CONNECT example.org:443 HTTP/1.1\r\n\r\n")
    six = http.read(b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n")

    assert plain is not None
    assert connect is not None
    assert six is not None
    assert ["example.com", "example.org", "2001:db8::1"] == [plain.host, connect.host, six.host]
    assert "curl/8" == plain.fields["user-agent"]


BEGINNINGS = (
    b"", b"\x16\x03\x01\x01\x00\x01\0\0\xf0", b"GET / HTTP/1.1\r\n", b"\xc0\0\0\0\x01", b"CHLO", b"\x86\0",
    b"\x01\x01\x06" + bytes(233) + b"\x63\x82\x53\x63",
)  # fmt: skip


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_hostile_messages_end(octets: bytes) -> None:
    """No reader raises anything but its own word for it, whatever it is given."""
    for prefix in BEGINNINGS:
        given_octets = prefix + octets
        with suppress(dns.Malformed):
            dns.read(given_octets)
        dhcp.read(given_octets)
        dhcp.read6(given_octets)
        dhcp.advertisement(given_octets)
        tls.hello(tls.handshake(given_octets))
        tls.certificate(tls.handshake(given_octets))
        tls.certificate(b"\x0b" + given_octets)
        http.read(given_octets)
        quic.assembled(quic.pieces(given_octets))
        quic.google(given_octets)
        dns.netbios(given_octets)


@settings(max_examples=40)
@given(st.integers(0, len(INITIAL) - 1), st.binary(min_size=1, max_size=8))
def test_hostile_first_packets_end(at: int, octets: bytes) -> None:
    """The example of RFC 9001, damaged anywhere."""
    damaged = INITIAL[:at] + octets + INITIAL[at + len(octets) :]

    assert quic.assembled(quic.pieces(damaged)) is None or at + len(octets) >= len(INITIAL) or damaged == INITIAL


def test_pieces_of_a_hello_may_come_in_any_order() -> None:
    """Clients shuffle them; with a hole there is no hello yet."""
    message = tls.handshake(wires.hello("www.example.com"))
    parts = [(20, message[20:]), (0, message[:20])]

    assert "www.example.com" == (quic.assembled(parts) or tls.Hello("", (), 0, "")).name
    assert quic.assembled(parts[:1]) is None
