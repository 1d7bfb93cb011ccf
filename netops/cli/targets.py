"""Targets and credentials as `netops topology walk --target` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netops.core.errors import NetopsError
from netops.core.plane import Plane

if TYPE_CHECKING:
    from netops.probes.engines import Credential
    from netops.probes.snmp import Target

AUTH = ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
PRIV = ("DES", "AES", "AES192", "AES256")


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


def credential(community: str | None, user: str | None, auth: str | None, priv: str | None) -> Credential:
    """
    SNMPv3 when there is a user, else v2c; keys are read from their files.

    Raises:
        NetopsError: a protocol is not known, or a key file cannot be read.
    """
    from netops.probes.engines import Credential

    if user is None:
        return Credential("v2c", community or "public")
    auth_protocol, auth_key = _key(auth, "--v3-auth", AUTH)
    priv_protocol, priv_key = _key(priv, "--v3-priv", PRIV)
    return Credential("v3", "", user, auth_protocol, auth_key, priv_protocol, priv_key)


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
