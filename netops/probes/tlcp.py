"""A greeting in TLCP (GB/T 38636-2020), by which servers with SM2 certificates show them; no session is made."""

from __future__ import annotations

import os
import socket
import struct
import time

VERSION = b"\x01\x01"
SUITES = (0xE013, 0xE053, 0xE011, 0xE051)
"""ECC_SM4_CBC_SM3, ECC_SM4_GCM_SM3, ECDHE_SM4_CBC_SM3, ECDHE_SM4_GCM_SM3 (GB/T 38636-2020, 6.4.5.2.1)."""
HANDSHAKE, CLIENT_HELLO, CERTIFICATE = 22, 1, 11
MOST = 1 << 17


def certificate(address: str, port: int, seconds: float) -> bytes:
    """
    The first certificate that the server presents (the one for signatures), as DER.

    Raises:
        OSError: nobody answers.
        ValueError: what comes is no TLCP.
    """
    deadline = time.monotonic() + seconds
    with socket.create_connection((address, port), timeout=seconds) as sock:
        sock.sendall(hello(os.urandom(32)))
        said = b""
        while len(said) < MOST:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            block = sock.recv(1 << 14)
            if not block:
                break
            said += block
            if (found := first(said)) is not None:
                return found
    raise ValueError("no certificate came")


def hello(random: bytes) -> bytes:
    """The ClientHello record with *random*, 32 octets."""
    suites = b"".join(struct.pack(">H", one) for one in SUITES)
    body = VERSION + random + b"\x00" + struct.pack(">H", len(suites)) + suites + b"\x01\x00"
    message = bytes([CLIENT_HELLO]) + struct.pack(">I", len(body))[1:] + body
    return bytes([HANDSHAKE]) + VERSION + struct.pack(">H", len(message)) + message


def first(said: bytes) -> bytes | None:
    """
    The first certificate in what a server has said so far; None while more must come.

    Raises:
        ValueError: it is no handshake of TLCP.
    """
    messages, place = b"", 0
    while place + 5 <= len(said):
        kind, version, size = (
            said[place],
            said[place + 1 : place + 3],
            int.from_bytes(said[place + 3 : place + 5], "big"),
        )
        if kind != HANDSHAKE or version != VERSION:
            raise ValueError("no handshake of TLCP")
        messages += said[place + 5 : place + 5 + size]
        place += 5 + size
    place = 0
    while place + 4 <= len(messages):
        kind, size = messages[place], int.from_bytes(messages[place + 1 : place + 4], "big")
        body = messages[place + 4 : place + 4 + size]
        if kind == CERTIFICATE and len(body) >= 6:
            length = int.from_bytes(body[3:6], "big")
            if len(body) >= 6 + length:
                return body[6 : 6 + length]
        place += 4 + size
    return None
