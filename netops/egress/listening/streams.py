"""What TCP conversations begin with (握手): proxies, tunnels, remote control, names that are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from netops.egress.listening import http, introductions, tls
from netops.egress.listening.dns import shown
from netops.egress.listening.named import Named
from netops.egress.listening.observation import Seen
from netops.egress.listening.shapes import is_noise
from netops.egress.listening.talks import MOST_STREAM, Talk

Found = Iterator[Seen]
MOST_NESTED = 3
RANDOM_NAME = re.compile(r"www\.[a-z2-7]{6,25}\.(com|net)")
"""Names that Tor makes up for its certificates: base32 letters (tor, src/lib/crypt_ops/crypto_rand.c)."""


class Streams:
    """Recognises conversations by the first octets of either side."""

    def __init__(self, named: Named) -> None:
        self.named = named

    def read(self, talk: Talk) -> Found:
        """What this conversation shows that it did not show before."""
        client, server = (bytes(talk.streams[side]) for side in (talk.client, talk.server))
        if not talk.begun and not client.startswith(http.METHODS) and server.startswith(http.METHODS):
            talk.client = talk.server  # the capture began in the middle: who asks is the client
            client, server = server, client
        if "SOCKS" not in talk.marks:
            for seen in _socks(self, talk, client, server):
                talk.marks |= {"SOCKS"} if seen.named else set()
                yield seen
        for known, read in HANDSHAKES:
            if known not in talk.marks:
                for seen in read(self, talk, client, server):
                    talk.marks.add(known)
                    yield seen
        yield from self._inside(talk, client, server)

    def _inside(self, talk: Talk, client: bytes, server: bytes, nested: int = 0) -> Found:
        """Requests and hellos, also those behind the request to a proxy."""
        if tls.is_hello(client):
            yield from self._tls(talk, client, server)
        elif http.is_request(client):
            yield from self._http(talk, client, server)
        if nested < MOST_NESTED and (behind := _behind(client)):
            yield from self._inside(talk, client[behind:], b"", nested + 1)

    def _tls(self, talk: Talk, client: bytes, server: bytes) -> Found:
        talk.label = talk.label or "TLS"
        if "hello" not in talk.marks and (tls.is_whole(client) or len(client) >= MOST_STREAM - 8 or talk.inspected >= 6):
            hello = tls.hello(tls.handshake(client))
            if hello is not None:
                talk.marks.add("hello")
                yield from self.named.hello(talk, hello)
        if "certificate" not in talk.marks and (found := tls.certificate(tls.handshake(server))) is not None:
            talk.marks.add("certificate")
            yield from self._certificate(talk, client, found)

    def _certificate(self, talk: Talk, client: bytes, found: tls.Named) -> Found:
        for text in (found.subject, found.issuer):
            if text.startswith(("AnyDesk", "AnyNet")):
                yield _of(talk, "remote_control", "anydesk", "AnyDesk", "certificate", named=text)
                return
        hello = tls.hello(tls.handshake(client))
        names = [found.subject, found.issuer, hello.name if hello else ""]
        if all(RANDOM_NAME.fullmatch(name) for name in names) and len(set(names)) == 3:
            yield _of(talk, "tunnel", "tor", "Tor", "certificate", named=names[2])
        elif found.subject:
            yield from self.named.certificate(talk, found.subject)

    def _http(self, talk: Talk, client: bytes, server: bytes) -> Found:
        talk.label = talk.label or "HTTP"
        count = sum(mark.startswith("request ") for mark in talk.marks)
        heads = [head for head in map(http.read, re.split(rb"(?<=\r\n\r\n)(?=[A-Z-]{3,9} )", client)) if head is not None]
        answer = http.read(server)
        for number, head in enumerate(heads[: MOST_STREAM // 64]):
            if number >= count:
                talk.marks.add(f"request {number}")
                yield from _proxied(talk, head, answer)
                yield from self.named.request(talk, head)
        if heads and answer is not None and "answer" not in talk.marks:
            talk.marks.add("answer")
            yield from _upgraded(talk, heads[0], answer)
        if "described" not in talk.marks and b"<modelName>" in server and (one := introductions.description(server)) is not None:
            talk.marks.add("described")
            facts = {"protocol": one.protocol, "device": f"{one.name} {one.model}".strip()[:160], "roles": sorted(one.roles)}
            yield Seen("consumer_device", "gateway", (one.name or one.model)[:60], talk.peer, "protocol", facts=facts)


def _of(talk: Talk, kind: str, what: str, name: str, by: str, **more: object) -> Seen:
    return Seen(kind, what, name, talk.ip, by, talk.peer, talk.port, talk.proto, depth=talk.depth, **more)  # type: ignore[arg-type]


# ---- proxies
def _proxied(talk: Talk, head: http.Head, answer: http.Head | None) -> Found:
    if head.method == "CONNECT":
        talk.label = "HTTP CONNECT"
        sure = 0.95 if answer is not None and answer.method.startswith("2") else 0.8
        yield _of(talk, "proxy", "http-connect", "HTTP CONNECT", "handshake", named=head.target[:255], sure=sure)
    elif re.match(r"(?i)(http|ftp)s?://", head.target):
        talk.label = "HTTP proxy"
        yield _of(talk, "proxy", "http-proxy", "HTTP proxy", "request", named=head.host)
    for field in ("x-forwarded-for", "forwarded", "via"):
        if head.fields.get(field):
            facts = {"header": field, "forwarded": head.fields[field][:200]}
            yield _of(talk, "forwarded", "http-forwarded", "X-Forwarded-For", "header", named=head.host, facts=facts)
            break


def _upgraded(talk: Talk, head: http.Head, answer: http.Head) -> Found:
    if answer.method != "101" or "websocket" not in head.fields.get("upgrade", "").lower():
        return
    talk.label = "WebSocket"
    protocol = head.fields.get("sec-websocket-protocol", "")
    if head.target.endswith("/events") and ("authorization.bearer" in protocol or "bearer" in protocol.lower()):
        yield _of(talk, "tunnel", "wstunnel", "wstunnel", "handshake", named=head.host)


def _socks(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    """SOCKS 5 (RFC 1928) and 4: a greeting and an answer that fits it, then whom it is to reach."""
    target, version = "", 0
    if _greeted(client, server):
        version, target = 5, _target(client, server)
    is_four = len(client) >= 9 and client[0] == 4 and client[1] in (1, 2) and b"\0" in client[8:]
    if is_four and len(server) >= 8 and server[0] == 0 and 0x5A <= server[1] <= 0x5D:
        version, target = 4, ".".join(map(str, client[4:8]))
    if version and (target or talk.label != "SOCKS"):
        talk.label = "SOCKS"
        yield _of(talk, "proxy", f"socks{version}", f"SOCKS {version}", "handshake", named=target)


def _reverse_socks(_self: Streams, talk: Talk, _client: bytes, _server: bytes) -> Found:
    """A proxy that called out to its user: the greeting comes from the side that was called, in segments of its own."""
    if talk.label:
        return
    asked = [one for side, one in talk.datagrams if side == talk.server and len(one) >= 3 and len(one) == 2 + one[1]]
    answers = [one for side, one in talk.datagrams if side == talk.client and len(one) == 2]
    if any(_greeted(greeting, answer) for greeting in asked[:2] for answer in answers[:2]):
        talk.label = "SOCKS"
        yield _of(talk, "proxy", "socks5-reverse", "SOCKS 5 (reverse)", "handshake")


def _greeted(client: bytes, server: bytes) -> bool:
    if len(client) < 3 or client[0] != 5 or not 0 < client[1] <= 16 or len(client) < 2 + client[1]:
        return False
    return len(server) >= 2 and server[0] == 5 and (server[1] in client[2 : 2 + client[1]] or server[1] == 0xFF)


def _target(client: bytes, server: bytes) -> str:
    at = 2 + client[1]
    if server[1] == 2 and len(client) > at + 2:  # name and password (RFC 1929)
        size = client[at + 1]
        at += 3 + size + (client[at + 2 + size] if len(client) > at + 2 + size else 0)
    request = client[at:]
    if len(request) < 7 or request[0] != 5:
        return ""
    if request[3] == 1 and len(request) >= 10:
        return ".".join(map(str, request[4:8]))
    return shown(request[5 : 5 + request[4]]) if request[3] == 3 else ""


def _behind(client: bytes) -> int:
    """Where what a proxy is to carry begins in the client's stream; 0 where there is no proxy, or nothing yet."""
    if client.startswith(b"CONNECT "):
        return end + 4 if 0 < (end := client.find(b"\r\n\r\n")) < len(client) - 4 else 0
    if client[:1] == b"\x05" or client[:1] == b"\x04":
        found = [at for mark in (b"\x16\x03", *http.METHODS) if 0 < (at := client.find(mark, 4, 600))]
        return min(found) if found else 0
    return 0


# ---- tunnels and remote control
def _openvpn(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    """OpenVPN over TCP: a length, then a reset of either side (openvpn, src/openvpn/ssl_pkt.h)."""
    if len(client) < 16 or not 14 <= int.from_bytes(client[:2], "big") <= 400 or client[2] not in (0x38, 0x50):
        return
    if len(server) >= 16 and server[2] == 0x40 and 14 <= int.from_bytes(server[:2], "big") <= 400:
        talk.label = "OpenVPN"
        yield _of(talk, "tunnel", "openvpn", "OpenVPN", "handshake")


def _pptp(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    if client[2:8] == b"\0\x01\x1a\x2b\x3c\x4d" or server[2:8] == b"\0\x01\x1a\x2b\x3c\x4d":
        talk.label = "PPTP"
        yield _of(talk, "tunnel", "pptp", "PPTP", "handshake")


def _desktop(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    """RDP's first packets (MS-RDPBCGR §2.2.1), and VNC's (RFC 6143 §7.1.1)."""
    if client[:2] == b"\x03\0" and client[5:6] == b"\xe0" and server[:2] == b"\x03\0" and server[5:6] == b"\xd0":
        talk.label = "RDP"
        yield _of(talk, "remote_control", "rdp", "RDP", "handshake")
    elif server[:6] == b"RFB 00" and client[:6] == b"RFB 00":
        talk.label = "VNC"
        yield _of(talk, "remote_control", "vnc", "VNC", "handshake")
    elif client[:2] == b"\x17\x24" and (server[:2] in (b"\x17\x24", b"\x11\x30") or talk.port == 5938):
        talk.label = "TeamViewer"
        yield _of(talk, "remote_control", "teamviewer", "TeamViewer", "handshake")


def _sharing(_self: Streams, talk: Talk, client: bytes, _server: bytes) -> Found:
    if client.startswith(b"\x13BitTorrent protocol"):
        talk.label = "BitTorrent"
        yield _of(talk, "file_sharing", "bittorrent", "BitTorrent", "handshake")
    elif client.startswith(b"GET ") and b"info_hash=" in client[:1024] and b"peer_id=" in client[:1024]:
        yield _of(talk, "file_sharing", "bittorrent", "BitTorrent", "request")


def _application(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    for octets in (client, server):
        if octets[:4] == b"\xc2\xfe\0\x05" and b"xiaomi.com" in octets[:64]:
            talk.label = "Xiaomi"
            yield _of(talk, "application", "xiaomi", "小米 / Xiaomi", "handshake")
            return


def _shell(_self: Streams, talk: Talk, client: bytes, server: bytes) -> Found:
    """SSH (RFC 4253 §4.2); its shape is watched from here on."""
    if client.startswith(b"SSH-") or server.startswith(b"SSH-"):
        talk.label, talk.wants_shape = "SSH", True
    return iter(())


def noise(talk: Talk) -> Found:
    """Octets of either side that look like nothing, when all was seen; a lead only."""
    client, server = (bytes(talk.streams[side][:1400]) for side in (talk.client, talk.server))
    if not talk.label and talk.begun and len(server) >= 16 and is_noise(client):
        talk.label = "encrypted"
        yield _of(talk, "tunnel", "encrypted", "Shadowsocks / VMess / obfs4", "shape", sure=0.3)


HANDSHAKES: tuple[tuple[str, Callable[[Streams, Talk, bytes, bytes], Found]], ...] = (
    ("reverse", _reverse_socks),
    ("openvpn", _openvpn),
    ("pptp", _pptp),
    ("desktop", _desktop),
    ("sharing", _sharing),
    ("application", _application),
    ("shell", _shell),
)
