"""Targets and credentials as `netops topology walk --target` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netops.core.errors import NetopsError
from netops.core.plane import Plane

if TYPE_CHECKING:
    from netops.config import Config
    from netops.probes.credentials import Credential
    from netops.probes.snmp import Target

AUTH = ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
PRIV = ("DES", "AES", "AES192", "AES256", "AES192C", "AES256C")


def target(text: str, plane: Plane) -> Target:
    """
    HOST, HOST:PORT or [V6]:PORT.

    Raises:
        NetopsError: it is none of these.
    """
    from netops.probes.snmp import Target

    host, port = text, ""
    if text.startswith("["):
        host, _bracket, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, port = text.split(":")
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise NetopsError(
            "the target {text} was not walked",
            "it is not HOST or HOST:PORT",
            "write 192.0.2.1:161 or [2001:db8::1]:161",
            text=text,
        )
    # A port in the address tells apart devices that share one host.
    return Target(plane, f"{host}:{port}" if port and port != "161" else host, "", host, int(port or 161))


def credentials(
    config: Config,
    names: tuple[str, ...],
    community: str | None,
    user: str | None,
    auth: str | None,
    priv: str | None,
) -> list[Credential]:
    """
    How targets are asked, in the order of trying: configured ones by name, SNMPv3 when there is a user, v2c.

    Keys are read from their files. Without any of them the community is "public".

    Raises:
        NetopsError: a name or a protocol is not known, a key cannot be read, or encryption stands without a key to sign.
    """
    from netops.probes.credentials import Credential
    from netops.rounds.asking import credential

    found = [credential(config, name) for name in names]
    if user is not None:
        auth_protocol, auth_key = _key(auth, "--v3-auth", AUTH)
        priv_protocol, priv_key = _key(priv, "--v3-priv", PRIV)
        if priv_protocol and not auth_protocol:
            raise NetopsError(
                "nothing was walked",
                "--v3-priv stands without --v3-auth",
                "SNMPv3 encrypts only what it also signs: add --v3-auth PROTOCOL:KEYFILE",
            )
        found.append(Credential("v3", "", user, auth_protocol, auth_key, priv_protocol, priv_key))
    if community is not None or not found:
        found.append(Credential("v2c", community or "public"))
    return found


def _key(text: str | None, option: str, known: tuple[str, ...]) -> tuple[str, str]:
    if not text:
        return "", ""
    protocol, _colon, file = text.partition(":")
    name = {"AES128": "AES", "SHA1": "SHA"}.get(
        protocol.upper().replace("-", ""), protocol.upper().replace("-", "")
    )
    if name not in known or not file:
        raise NetopsError(
            "nothing was walked",
            "{option} {text} is not PROTOCOL:KEYFILE",
            "protocols: {known}",
            option=option,
            text=text,
            known=", ".join(known),
        )
    try:
        return name, Path(file).read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise NetopsError(
            "nothing was walked",
            "the key file {file} was not read: {why}",
            "write the key there, one line, mode 0600",
            file=file,
            why=error,
        ) from error
