"""Polite requests to web pages: allow-listed hosts at known addresses, bounded in time and size, every redirect looked at."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec

from netops.core.language import N_

Resolver = Callable[[str], Sequence[str]]
USER_AGENT = "netops-site-check/1 (registered-site probe of the city's network authority)"
MOST_REDIRECTS = 5
MOST_HEADER_VALUE = 1000
BLOCK = 1 << 16
INSIDE = N_("its name leads to an address inside")
"""Why a page inside the networks is not asked for."""


class Settings(msgspec.Struct, frozen=True):
    """Bounds of one request: *seconds* for all of it, redirects too; *max_bytes* of a page, unpacked."""

    seconds: float = 15.0
    max_bytes: int = 2 << 20


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of one request.

    Args:
        url: as it was asked; *final* as it was answered, after redirects.
        status: of HTTP, 0 when nothing answered.
        body: at most so many bytes; *is_cut* when there was more.
        seconds: until the last byte.
        why: English message id that says why there is no page, or ""; *refused* when we did not ask or follow.
        hops: where redirects led.
    """

    url: str
    final: str
    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""
    is_cut: bool = False
    seconds: float = 0.0
    address: str = ""
    why: str = ""
    refused: bool = False
    hops: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a page came in time."""
        return 200 <= self.status < 400 and not self.why


class Policy:
    """
    Who may be asked.

    Args:
        hosts: allowed (host, port), each with the addresses that the register has for it; none means that its name is looked up.
        inside: prefixes of the networks: a name that leads there is not followed, unless the register says so.
    """

    def __init__(
        self,
        hosts: Mapping[tuple[str, int], Sequence[str]],
        inside: Sequence[str] = (),
        resolve: Resolver | None = None,
    ) -> None:
        self.hosts = {(host.lower(), port): tuple(known) for (host, port), known in hosts.items()}
        self._inside = [ipaddress.ip_network(one) for one in inside]
        self._resolve = resolve or looked_up
        self._names: dict[str, Sequence[str]] = {}

    def knows(self, url: str) -> bool:
        """Whether the page's host and port are on the allow-list."""
        return _place(url) in self.hosts

    def address(self, url: str) -> str:
        """
        The address to connect to; every address of a name is looked at, and the one that is used is the one that was looked at.

        Raises:
            NotAllowed: the host is not on the list, has no address, or leads inside.
        """
        place = _place(url)
        if is_address(place[0]) and self.is_inside(place[0]) and place[0] not in self.hosts.get(place, ()):
            raise NotAllowed(INSIDE)
        if place not in self.hosts:
            raise NotAllowed(N_("its host is not registered"))
        if known := self.hosts[place]:
            return known[0]
        host = place[0]
        if host not in self._names:
            self._names[host] = self._resolve(host)
        found = self._names[host]
        if not found:
            raise NotAllowed(N_("its name has no address"), is_refusal=False)
        for text in found:
            if self.is_inside(text):
                raise NotAllowed(INSIDE)
        return found[0]

    def is_inside(self, text: str) -> bool:
        """Whether an address is one of ours, or one that is not on the internet at all."""
        one = ipaddress.ip_address(text)
        mapped = getattr(one, "ipv4_mapped", None) or one
        return not mapped.is_global or mapped.is_multicast or any(mapped in net for net in self._inside)


class NotAllowed(Exception):
    """A page is not asked for; *why* is a message id."""

    def __init__(self, why: str, *, is_refusal: bool = True) -> None:
        self.why, self.is_refusal = why, is_refusal
        super().__init__(why)


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or parts.username is not None:
            return "", 0
        return (parts.hostname or "").lower(), port
    except ValueError:
        return "", 0


def looked_up(host: str) -> Sequence[str]:
    """The addresses of a host name, or itself when it is an address."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(one[4][0]).split("%")[0] for one in found))


def fetch(url: str, policy: Policy, settings: Settings, method: str = "GET") -> Answer:
    """The page at *url*, after at most five redirects, each of which must be allowed as well."""
    begin = time.monotonic()
    now = url
    hops: list[str] = []
    while True:
        left = settings.seconds - (time.monotonic() - begin)
        try:
            if left <= 0:
                raise TimeoutError
            one = _once(now, policy, settings, left, method)
        except NotAllowed as no:
            return Answer(
                url=url,
                final=now,
                why=no.why,
                refused=no.is_refusal,
                hops=tuple(hops),
                seconds=time.monotonic() - begin,
            )
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            return Answer(
                url=url, final=now, why=_told(error), hops=tuple(hops), seconds=time.monotonic() - begin
            )
        target = one.headers.get("location", "")
        if one.status in (301, 302, 303, 307, 308) and target:
            if len(hops) == MOST_REDIRECTS:
                return msgspec.structs.replace(
                    one, url=url, final=now, why=N_("it redirects without end"), hops=tuple(hops)
                )
            now = _without_fragment(urljoin(now, target))
            hops.append(now)
            continue
        return msgspec.structs.replace(
            one, url=url, final=now, hops=tuple(hops), seconds=time.monotonic() - begin
        )


def _without_fragment(url: str) -> str:
    try:
        return urlunsplit(urlsplit(url)._replace(fragment=""))
    except ValueError:
        return ""


def _once(url: str, policy: Policy, settings: Settings, seconds: float, method: str) -> Answer:
    parts = urlsplit(url)
    address = policy.address(url)
    host, port = _place(url)
    deadline = time.monotonic() + seconds
    sock = socket.create_connection((address, port), timeout=seconds)
    # A server that sends a byte now and then keeps every read alive: at the end of its time the line is cut.
    watch = threading.Timer(max(0.01, deadline - time.monotonic()), _cut, (sock,))
    watch.daemon = True
    watch.start()
    try:
        stream: socket.socket = sock
        if parts.scheme == "https":
            stream = _unverified().wrap_socket(sock, server_hostname=None if is_address(host) else host)
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        connection.sock = stream
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.putheader("User-Agent", USER_AGENT)
        connection.putheader("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5")
        connection.putheader("Accept-Encoding", "gzip")
        connection.putheader("Connection", "close")
        connection.endheaders()
        answer = connection.getresponse()
        headers = {name.lower(): value[:MOST_HEADER_VALUE] for name, value in answer.getheaders()}
        raw, is_cut = _read(answer, settings.max_bytes) if method != "HEAD" else (b"", False)
        body, more = (
            _unpacked(raw, settings.max_bytes) if headers.get("content-encoding") == "gzip" else (raw, False)
        )
        if time.monotonic() > deadline:
            raise TimeoutError
        return Answer(
            url=url,
            final=url,
            status=answer.status,
            headers=headers,
            body=body,
            is_cut=is_cut or more,
            address=address,
        )
    finally:
        watch.cancel()
        sock.close()


def _read(answer: http.client.HTTPResponse, most: int) -> tuple[bytes, bool]:
    blocks, size = [], 0
    while size <= most and (block := answer.read(min(BLOCK, most + 1 - size))):
        blocks.append(block)
        size += len(block)
    return b"".join(blocks)[:most], size > most


def _unpacked(raw: bytes, most: int) -> tuple[bytes, bool]:
    one = zlib.decompressobj(16 + zlib.MAX_WBITS)
    return one.decompress(raw, most), bool(one.unconsumed_tail)


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def is_address(host: str) -> bool:
    """Whether a host is written as an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unverified() -> ssl.SSLContext:
    """Pages are read whatever the certificate says; it is judged by itself (`netops.probes.tls`), and nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return N_("no page within the time")
    if isinstance(error, ConnectionRefusedError):
        return N_("the connection was refused")
    if isinstance(error, ssl.SSLError):
        return N_("no TLS session could be agreed on")
    if isinstance(error, OSError):
        return N_("the connection failed")
    return N_("what came is no HTTP")
