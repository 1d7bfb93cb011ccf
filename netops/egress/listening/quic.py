"""QUIC's first packets (RFC 9000, 9001, 9369): the ClientHello inside, which anybody on the way can read."""

from __future__ import annotations

import hashlib
import hmac

from netops.egress.listening.tls import Hello, hello

SALTS = {
    0x00000001: (bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic key", b"quic iv", b"quic hp"),
    0x6B3343CF: (bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 key", b"quicv2 iv", b"quicv2 hp"),
    0xFF00001D: (bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"), b"quic key", b"quic iv", b"quic hp"),
}
"""Initial salts and labels: version 1 (RFC 9001 §5.2), version 2 (RFC 9369 §3.3), draft 29; drafts 29 to 32 share one."""
DRAFTS = range(0xFF00001D, 0xFF000023)
MOST_FRAMES = 64


def version(datagram: bytes) -> int:
    """The version that a long header names; 0 when it is none."""
    if len(datagram) < 7 or not datagram[0] & 0x80:
        return 0
    number = int.from_bytes(datagram[1:5], "big")
    return number if number in SALTS or number in DRAFTS else 0


def pieces(datagram: bytes) -> list[tuple[int, bytes]]:
    """The pieces of the client's handshake (offset, octets) in an Initial packet; none when it is no such packet."""
    number = version(datagram)
    is_initial = (datagram[0] & 0x30) >> 4 == (1 if number == 0x6B3343CF else 0) if number else False
    if not is_initial or len(datagram) < 100:
        return []
    at = 6 + datagram[5]
    destination = datagram[6:at]
    if at >= len(datagram):
        return []
    at += 1 + datagram[at]
    token, at = _integer(datagram, at)
    length, at = _integer(datagram, at + token)
    if at + length > len(datagram) or length < 20:
        return []
    opened = _open(number, destination, datagram, at, length)
    return _crypto(opened) if opened else []


def assembled(parts: list[tuple[int, bytes]]) -> Hello | None:
    """The ClientHello out of its pieces, however they came (clients shuffle them); None while one is missing."""
    whole = bytearray()
    for offset, octets in sorted(parts):
        if offset > len(whole):
            break
        whole[offset : offset + len(octets)] = octets
    if len(whole) < 4 or len(whole) < 4 + int.from_bytes(whole[1:4], "big"):
        return None
    return hello(bytes(whole))


def _open(number: int, destination: bytes, datagram: bytes, at: int, length: int) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, *labels = SALTS[0xFF00001D if number in DRAFTS else number]
    secret = _expand(hmac.digest(salt, destination, "sha256"), b"client in", 32)
    key, iv, hp = (_expand(secret, label, size) for label, size in zip(labels, (16, 12, 16), strict=True))
    encryptor = Cipher(algorithms.AES(hp), modes.ECB()).encryptor()  # noqa: S305 - one block, as RFC 9001 §5.4.3 has it
    mask = encryptor.update(datagram[at + 4 : at + 20])
    first = datagram[0] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    count = bytes(one ^ other for one, other in zip(datagram[at : at + size], mask[1:], strict=False))
    head = bytes([first]) + datagram[1:at] + count
    nonce = (int.from_bytes(iv, "big") ^ int.from_bytes(count, "big")).to_bytes(12, "big")
    try:
        return AESGCM(key).decrypt(nonce, datagram[at + size : at + length], head)
    except (InvalidTag, ValueError):
        return b""


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 §7.1); one block is enough here."""
    full = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    return hmac.digest(secret, info + b"\x01", hashlib.sha256)[:size]


def _crypto(payload: bytes) -> list[tuple[int, bytes]]:
    found, at = list[tuple[int, bytes]](), 0
    for _ in range(MOST_FRAMES):
        while at < len(payload) and payload[at] in (0, 1):  # padding and ping
            at += 1
        if at >= len(payload) or payload[at] != 6:
            break
        offset, at = _integer(payload, at + 1)
        size, at = _integer(payload, at)
        found.append((offset, payload[at : at + size]))
        at += size
    return found


def _integer(octets: bytes, at: int) -> tuple[int, int]:
    """A number of variable length (RFC 9000 §16), and what follows."""
    if at >= len(octets):
        return 0, at
    size = 1 << (octets[at] >> 6)
    return int.from_bytes(octets[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


def google(datagram: bytes) -> str:
    """The server name in a CHLO of Google's QUIC (Q0NN), which is in the clear; "" for none."""
    at = datagram.find(b"CHLO")
    if at < 0 or len(datagram) < at + 8:
        return ""
    count = int.from_bytes(datagram[at + 4 : at + 6], "little")
    start, before = at + 8 + count * 8, 0
    for number in range(min(count, MOST_FRAMES)):
        entry = datagram[at + 8 + number * 8 : at + 16 + number * 8]
        end = int.from_bytes(entry[4:8], "little")
        if entry[:4] == b"SNI\0" and before <= end <= 255 + before:
            return datagram[start + before : start + end].decode("ascii", "replace").lower()
        before = end
    return ""
