"""The beacon (信标): a page element with a ticket for whoever shows the page; only another way out brings it to the sensor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import msgspec

from netops.core import ticket
from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.egress.reflection import BEACON_RUN
from netops.probes import pagehits

SCRIPT, IMAGE = "/beacon.js", "/beacon.gif"


class Element(msgspec.Struct, frozen=True):
    """
    What writes the element.

    Args:
        url: where the sensor takes beacons.
        key: of the probing side.
        nets: whose browsers are given one: the planes' own prefixes.
    """

    url: str
    key: str
    nets: tuple[str, ...]

    @classmethod
    def of(cls, desk: Desk) -> Element:
        """
        As configured.

        Raises:
            NetopsError: the sensor's URL or the key is not known.
        """
        settings = desk.config.probe
        key = desk.config.secret("", settings.key_file)
        if not settings.beacon_url or not key:
            raise NetopsError(
                "no element was written",
                "the sensor's URL or the key is not known",
                "netops egress key FILE writes a key; name it and beacon_url in [probe] of config.toml",
            )
        nets = tuple(net for plane in desk.planes for net in desk.config.planes[plane].nets)
        return cls(settings.beacon_url.rstrip("/"), key, nets)

    def html(self, inside: str) -> str:
        """What a portal puts into its pages."""
        at = inside.rstrip("/")
        image = f'<img src="{at}{IMAGE}" width="1" height="1" alt="" referrerpolicy="no-referrer">'
        return f'<script async src="{at}{SCRIPT}"></script><noscript>{image}</noscript>'

    def answer(self, path: str, peer: str) -> bytes | None:
        """The element for this host, with a ticket of its own; None for everybody outside and everything else."""
        where = path.partition("?")[0]
        try:
            there = ip_address(peer)
        except ValueError:
            return None
        if where not in (SCRIPT, IMAGE) or not any(there in ip_network(net, strict=False) for net in self.nets):
            return None
        made = f"{self.url}/{ticket.to_text(ticket.write(self.key, str(there), int(time.time()), BEACON_RUN))}"
        if where == IMAGE:
            return _answer("302 Found", "text/plain", "", f"Location: {made}\r\n")
        script = f'(function(){{var i=new Image();i.referrerPolicy="no-referrer";i.src="{made}"}})();'
        return _answer("200 OK", "text/javascript; charset=utf-8", script)


def _answer(status: str, kind: str, body: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: no-store\r\n"
    return (head + "X-Content-Type-Options: nosniff\r\n" + more + "Connection: close\r\n\r\n" + body).encode()


def serve(
    element: Element, listen: str, seconds: float, certificate: str = "", private_key: str = ""
) -> Iterator[tuple[int, int]]:
    """
    Give the element to pages for *seconds*: numbers of elements given and of requests refused, a second or so each.

    Raises:
        NetopsError: it cannot be listened there.
    """
    served = 0

    def answer(path: str, peer: str) -> bytes | None:
        nonlocal served
        made = element.answer(path, peer)
        served += made is not None
        return made

    try:
        with pagehits.listener(listen) as server:
            for refused in pagehits.serve(server, answer, seconds, pagehits.secured(certificate, private_key)):
                yield served, refused
                served = 0
    except (OSError, ValueError) as error:
        raise NetopsError("the element is not given", "{why}", "give --listen ADDRESS:PORT of this machine", why=error) from error
