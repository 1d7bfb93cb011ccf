"""IPFIX over TCP (RFC 7011 §10.4): connections of exporters, and the whole messages out of what they bring. Bounded."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netops.probes.ring import ENTRY

IPFIX, HEADER = 10, 16
MAX_CONNECTIONS = 256
"""Beyond them the one that was silent longest is closed."""
CHUNK = 1 << 18
MAPPED = 0xFFFF << 32


class Connection:
    """One exporter's connection."""

    def __init__(self, one: socket.socket, peer: str, port: int) -> None:
        self.socket, self.port = one, port
        address = ip_address(peer.partition("%")[0])
        value = int(address) if address.version == 6 else MAPPED | int(address)
        self.hi, self.lo = value >> 64, value & 0xFFFFFFFFFFFFFFFF
        self._left = b""

    def read(self) -> tuple[list[bytes], bool]:
        """The messages that are whole by now; and whether the connection goes on. What is no IPFIX ends it."""
        try:
            more = self.socket.recv(CHUNK)
        except BlockingIOError:
            return [], True
        except OSError:
            return [], False
        found, is_ipfix = [], True
        self._left += more
        at = 0
        while is_ipfix and len(self._left) - at >= 4:
            version, length = (int.from_bytes(self._left[at + place : at + place + 2], "big") for place in (0, 2))
            is_ipfix = version == IPFIX and length >= HEADER
            if not is_ipfix or len(self._left) - at < length:
                break
            found.append(self._left[at : at + length])
            at += length
        self._left = self._left[at:]
        return found, bool(more) and is_ipfix

    def entries(self, messages: list[bytes], received: int) -> NDArray[Any]:
        """Length, source and time of messages, as the ring keeps them."""
        entries = np.zeros(len(messages), ENTRY)
        entries["length"] = [len(one) for one in messages]
        entries["port"], entries["received"] = self.port, received
        entries["hi"], entries["lo"] = self.hi, self.lo
        return entries


class Connections:
    """The connections that are open, by descriptor, the one heard last at the end."""

    def __init__(self) -> None:
        self.open: dict[int, Connection] = {}

    def accept(self, listening: socket.socket) -> int | None:
        """Take one more, and close the one that was silent longest where there are too many; its descriptor."""
        try:
            one, peer = listening.accept()
        except OSError:
            return None
        one.setblocking(False)  # noqa: FBT003 - socket's own signature
        while len(self.open) >= MAX_CONNECTIONS:
            self.close(next(iter(self.open)))
        self.open[one.fileno()] = Connection(one, peer[0], listening.getsockname()[1])
        return one.fileno()

    def heard(self, descriptor: int) -> Connection:
        """One that spoke just now."""
        connection = self.open.pop(descriptor)
        self.open[descriptor] = connection
        return connection

    def close(self, descriptor: int) -> None:
        """End one."""
        self.open.pop(descriptor).socket.close()
