"""Passwords: kept as Argon2id (RFC 9106), and good enough before they are taken; codes by time (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import struct
from datetime import datetime

from netops.core.errors import NetopsError
from netops.core.language import N_

MEMORY_KIB, PASSES, LANES = 64 << 10, 3, 1
"""RFC 9106 §4, second recommended option, on one lane: about 0.2 s, so that nobody tries many."""
LEAST, MOST = 12, 256
STEP_SECONDS, DIGITS, DRIFT = 30, 6, 1
"""Of codes by time: their length in time and figures, and how many steps a clock may be off."""


def kept(password: str) -> str:
    """What is stored of a password: its Argon2id in the PHC string format, with a salt of its own."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    made = Argon2id(salt=os.urandom(16), length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)
    return made.derive_phc_encoded(password.encode())


def is_right(password: str, stored: str) -> bool:
    """Whether it is the password; an account without one takes as long to say no."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(password[:MOST].encode(), stored or _nobodys())
    except InvalidKey:
        return False
    return bool(stored)


_NOBODYS: list[str] = []


def _nobodys() -> str:
    """The hash of a password that nobody has."""
    if not _NOBODYS:
        _NOBODYS.append(kept(secrets.token_urlsafe(32)))
    return _NOBODYS[0]


def check(password: str, name: str) -> None:
    """
    Make sure that a password is hard to guess.

    Raises:
        NetopsError: it is short, of one kind of characters, or made of the account's name.
    """
    what = N_("the password was not set")
    if not LEAST <= len(password) <= MOST:
        raise NetopsError(
            what, N_("it has {count} characters; {least} to {most} are asked for"), N_("take a longer one: several words"),
            count=len(password), least=LEAST, most=MOST,
        )  # fmt: skip
    kinds = [any(map(kind, password)) for kind in (str.islower, str.isupper, str.isdigit)]
    kinds.append(any(not one.isalnum() for one in password))
    if sum(kinds) < 3 and len(password) < 20:
        why = N_("it has fewer than three of: lower case, upper case, figures, other characters")
        raise NetopsError(what, why, N_("mix them, or take 20 characters and more"))
    if len(set(password)) < 6 or (len(name) > 2 and name in password.casefold()):
        raise NetopsError(
            what, N_("it is easily guessed: few characters, or the account's name"), N_("take another one")
        )


# ---- codes by time
def new_secret() -> str:
    """A secret for codes by time, as programs on telephones take it: 160 bits in base 32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_of(secret: str, code: str, at: datetime, after: int = 0) -> int | None:
    """
    The step in which *code* is right, or None.

    Args:
        after: the step of the last code that was taken: none is taken twice (RFC 6238 §5.2).
    """
    digits = "".join(code.split())
    now = int(at.timestamp()) // STEP_SECONDS
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), digits.encode()):
            return step
    return None


def code_at(secret: str, step: int) -> str:
    """The code of a step (RFC 4226 §5.3, HMAC-SHA-1)."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    place = mac[-1] & 15
    return str((struct.unpack_from(">I", mac, place)[0] & 0x7FFFFFFF) % 10**DIGITS).zfill(DIGITS)


def uri(secret: str, name: str, issuer: str) -> str:
    """What a telephone reads, as a link or a QR code."""
    from urllib.parse import quote

    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={secret}&issuer={quote(issuer)}"
