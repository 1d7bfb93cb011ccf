"""Listening on an interface by the child: what passes arrives, with its privileges gone; refused requests send nothing."""

from __future__ import annotations

import io
import os
import socket
import threading
from pathlib import Path

import pytest

from netops.core.errors import NetopsError
from netops.egress.listening.frames import Capture
from netops.egress.listening.packets import dissected
from netops.probes.mirror import HEAD, MOST_INTERFACES, listen

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="listening needs root or CAP_NET_RAW")
MARK = b"heard on loopback"


def capabilities() -> list[int]:
    """Effective capabilities of our child process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        text = status.read_text() if status.exists() else ""
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if fields.get("PPid") == str(os.getpid()) and b"netops.probes.wire" in (status.parent / "cmdline").read_bytes():
            found.append(int(fields["CapEff"], 16))
    return found


def test_what_passes_is_heard() -> None:
    """A datagram on loopback, whole, with its time; the child has CAP_NET_RAW and nothing else by then."""
    bodies, held, ended = list[bytes](), list[int](), threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not ended.wait(0.05):
                out.sendto(MARK, ("127.0.0.1", 9))

    pieces = listen(["lo"], 120.0)
    assert next(pieces) is None
    held = capabilities()
    threading.Thread(target=send, daemon=True).start()
    for piece in pieces:
        assert piece is not None
        for frames in Capture(io.BytesIO(HEAD + piece.records)):
            packets = dissected(frames)
            bodies += [packets.body(row) for row in range(len(packets))]
        if MARK in bodies:
            break
    ended.set()
    pieces.close()

    assert MARK in bodies
    assert [1 << 13] == held


@pytest.mark.parametrize(
    "interfaces", [["no-such-interface"], [], ["lo"] * (MOST_INTERFACES + 1)], ids=["not there", "none", "too many"]
)
def test_refused_requests_say_why(interfaces: list[str]) -> None:
    """An interface that is not there, none, too many: an error for a person."""
    with pytest.raises(NetopsError):
        list(listen(interfaces, 0.2))
