"""What certificate a service presents: chain, name, algorithm (SM2, RSA, ECC) and time; seen here, judged elsewhere."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from netops.core.language import N_
from netops.probes import tlcp

SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
"""OID 1.2.156.10197.1.301 in DER: the curve of GB/T 32918."""
SM2_SIGNATURE = "1.2.156.10197.1.501"
EXPIRED, NOT_YET = 10, 9
"""X509_V_ERR_CERT_HAS_EXPIRED, _NOT_YET_VALID of OpenSSL: what the chain would be otherwise is not known then."""
WHY = {
    18: N_("it is signed by itself"),
    19: N_("its chain ends in a root that is not trusted"),
    20: N_(
        "its issuer is not known: the root is not trusted, or the server leaves out a certificate in between"
    ),
    21: N_(
        "its issuer is not known: the root is not trusted, or the server leaves out a certificate in between"
    ),
    23: N_("it was revoked"),
}


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """
    A certificate as a service presented it.

    Args:
        names: host names and addresses that it is for.
        algorithm: sm2, rsa, ecc, or another name; *bits*: size of the key.
        signed_with: hash of its signature, such as sha256, sm3, sha1.
        is_trusted: whether its chain leads to a trusted root; None when that is not known (expired, or TLCP).
        why: message id that says why it is not trusted, or "".
        protocol: TLSv1.3, TLCP …
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    algorithm: str
    bits: int
    signed_with: str
    sha256: str
    is_trusted: bool | None
    why: str
    protocol: str

    def is_for(self, host: str) -> bool:
        """Whether it is for *host*: a name, a wildcard for one label (RFC 9525 §6.3), or an address."""
        wanted = host.lower().rstrip(".")
        return any(
            wanted == name
            or (name.startswith("*.") and "." in wanted and wanted.split(".", 1)[1] == name[2:])
            for name in (one.lower().rstrip(".") for one in self.names)
        )


class Silent(msgspec.Struct, frozen=True):
    """No certificate could be seen; *why* is a message id."""

    why: str


def look(
    host: str, address: str, port: int, ca_file: Path | None = None, seconds: float = 15.0
) -> Certificate | Silent:
    """
    The certificate that *host* presents at *address*; a server of TLCP (GB/T 38636) is greeted in its own way.

    Args:
        ca_file: roots that are trusted beside the system's.
    """
    trusted: bool | None = True
    why = ""
    try:
        der, protocol = _greet(_context(ca_file), host, address, port, seconds)
    except ssl.SSLCertVerificationError as error:
        trusted = None if error.verify_code in (EXPIRED, NOT_YET) else False
        why = "" if trusted is None else WHY.get(error.verify_code, N_("its chain is not valid"))
        try:
            der, protocol = _greet(_context(None, verify=False), host, address, port, seconds)
        except OSError:
            return Silent(N_("the connection failed"))
        return _in_time(read(der, trusted, why, protocol))
    except ssl.SSLError:
        return _tlcp(address, port, seconds)
    except OSError:
        return Silent(N_("the connection failed"))
    return read(der, trusted, why, protocol)


def _in_time(one: Certificate | Silent) -> Certificate | Silent:
    """The certificate, told apart from its chain where it is the time of one of them that is wrong."""
    if isinstance(one, Silent) or one.is_trusted is not None:
        return one
    now = datetime.now(UTC)
    if one.not_before > now:
        return msgspec.structs.replace(one, is_trusted=False, why=N_("it is not valid yet"))
    if one.not_after > now:
        why = N_("another certificate of its chain is over, or not valid yet")
        return msgspec.structs.replace(one, is_trusted=False, why=why)
    return one


def _tlcp(address: str, port: int, seconds: float) -> Certificate | Silent:
    try:
        der = tlcp.certificate(address, port, seconds)
    except (OSError, ValueError):
        return Silent(N_("no TLS session could be agreed on"))
    return read(der, None, "", "TLCP")


def _context(ca_file: Path | None, *, verify: bool = True) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # old versions are spoken to be seen, not used
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if not verify:
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _greet(context: ssl.SSLContext, host: str, address: str, port: int, seconds: float) -> tuple[bytes, str]:
    name = None if _is_address(host) else host
    with (
        socket.create_connection((address, port), timeout=seconds) as sock,
        context.wrap_socket(sock, server_hostname=name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b"", str(tls.version())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def read(der: bytes, trusted: bool | None, why: str, protocol: str) -> Certificate | Silent:
    """A certificate out of its DER bytes."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        one = x509.load_der_x509_certificate(der)
        names = _names(one)
        algorithm, bits = _key(one, der)
        return Certificate(
            subject=one.subject.rfc4514_string()[:300], issuer=one.issuer.rfc4514_string()[:300], names=names,
            not_before=one.not_valid_before_utc, not_after=one.not_valid_after_utc, algorithm=algorithm, bits=bits,
            signed_with=_signed_with(one), sha256=one.fingerprint(hashes.SHA256()).hex(), is_trusted=trusted, why=why,
            protocol=protocol,
        )  # fmt: skip
    except (ValueError, TypeError):
        return Silent(N_("what came is no certificate"))


def _names(one: Any) -> tuple[str, ...]:
    from cryptography import x509

    try:
        held = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return (
        *(str(name)[:253] for name in held.get_values_for_type(x509.DNSName)),
        *(str(name) for name in held.get_values_for_type(x509.IPAddress)),
    )


def _key(one: Any, der: bytes) -> tuple[str, int]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        key = one.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return ("sm2", 256) if SM2_CURVE in der else ("unknown", 0)
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecc", key.curve.key_size
    return type(key).__name__.lstrip("_").removesuffix("PublicKey").lower(), 0


def _signed_with(one: Any) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm

    if one.signature_algorithm_oid.dotted_string == SM2_SIGNATURE:
        return "sm3"
    try:
        return str(one.signature_hash_algorithm.name) if one.signature_hash_algorithm else ""
    except UnsupportedAlgorithm:
        return str(one.signature_algorithm_oid.dotted_string)
