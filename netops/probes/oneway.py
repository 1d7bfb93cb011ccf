"""The one-way push (单向推送): lines go from the sensor to the inside over TCP, and not an octet comes back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.probes.pagehits import listener

MAX_OCTETS = 64 << 20
PATIENCE_SECONDS = 30.0


def push(lines: Iterable[str], to: str) -> None:
    """
    Send each line as it comes; nothing is read.

    Raises:
        NetopsError: nobody takes them there.
    """
    host, _, port = to.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE_SECONDS) as out:
            out.shutdown(socket.SHUT_RD)
            for line in lines:
                out.sendall(line.encode() + b"\n")
    except (OSError, ValueError) as error:
        mend = N_("netops egress probe --receive must listen there")
        raise NetopsError("what the sensor heard was not pushed to {to}", "{why}", mend, to=to, why=error) from error


def receive(listen: str, seconds: float, enough: bytes = b"") -> list[bytes]:
    """
    The lines that one sensor pushes within *seconds*; whoever else connects is not read.

    Args:
        enough: what the first line of a sensor begins with; who begins otherwise is left.

    Raises:
        NetopsError: it cannot be listened there, or nothing came.
    """
    until = time.monotonic() + seconds
    try:
        with listener(listen) as server:
            while (left := until - time.monotonic()) > 0:
                server.settimeout(left)
                try:
                    one, _peer = server.accept()
                except TimeoutError:
                    break
                with one:
                    if lines := _read(one, until, enough):
                        return lines
    except (OSError, ValueError) as error:
        raise NetopsError("nothing was received", "{why}", "give --receive ADDRESS:PORT of this machine", why=error) from error
    raise NetopsError("nothing was received", "no sensor pushed anything in time", "start it with --push ADDRESS:PORT")


def _read(one: socket.socket, until: float, enough: bytes) -> list[bytes]:
    content = bytearray()
    while len(content) < MAX_OCTETS and (left := until - time.monotonic()) > 0:
        one.settimeout(min(left, PATIENCE_SECONDS * 20))
        try:
            more = one.recv(1 << 16)
        except OSError:
            break
        if not more:
            break
        content += more
        if not content.startswith(enough[: len(content)]):
            return []
    return bytes(content).splitlines()
