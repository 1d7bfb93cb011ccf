"""Seals (签名): Ed25519 (RFC 8032) over what a person carries from one instance to another."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

from netops.core import files
from netops.core.errors import NetopsError


def new_key(file: Path) -> str:
    """
    Write a new secret key into the new *file*, mode 0600.

    Returns:
        The public key, base64: what the other side writes under `[bundle] trusted`.

    Raises:
        Refused: the file exists or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = Ed25519PrivateKey.generate()
    files.fresh(b64encode(secret.private_bytes_raw()) + b"\n", file, mode=0o600)
    return b64encode(secret.public_key().public_bytes_raw()).decode()


def sign(secret: str, content: bytes) -> tuple[str, str]:
    """
    Public key and signature of *content*, base64.

    Raises:
        NetopsError: *secret* is no key of `new_key`.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = Ed25519PrivateKey.from_private_bytes(b64decode(secret, validate=True))
    except ValueError as error:
        raise NetopsError("nothing was signed", "{why}", "netops bundle key FILE makes a key", why=error) from error
    return b64encode(key.public_key().public_bytes_raw()).decode(), b64encode(key.sign(content)).decode()


def holds(public: str, signature: str, content: bytes) -> bool:
    """Whether *signature* is the one of *content* by the owner of *public*, both base64."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(signature, validate=True), content)
    except (ValueError, InvalidSignature):
        return False
    return True
