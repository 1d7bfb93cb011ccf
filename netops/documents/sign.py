"""A PDF signed with the office's certificate (PAdES, ETSI EN 319 142): an extra, never required."""

from __future__ import annotations

import io
import logging
from datetime import datetime

import msgspec

from netops.core.errors import NetopsError, Refused

FIELD = "Organ"
"""Name of the signature's field in the PDF; what it shows is nothing, the paper is sealed on its face."""


class Certificate(msgspec.Struct, frozen=True):
    """
    What is signed with.

    Args:
        packed: the PKCS#12 file: key, certificate, and the chain above it; *password* opens it.
        subject: whom it names. *serial*: its number, hex.
    """

    packed: bytes
    password: str
    subject: str
    serial: str


def certificate(packed: bytes, password: str, now: datetime) -> Certificate:
    """
    The certificate in a PKCS#12 file, ready to sign with.

    Raises:
        NetopsError: pyHanko is not installed, or the certificate cannot be read.
        Refused: it is not valid at *now*.
    """
    from importlib.util import find_spec

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    if find_spec("pyhanko") is None:
        raise NetopsError("the PDF was not signed", "pyHanko is not installed", "pip install 'netops[sign]'")
    try:
        key, one, _chain = load_key_and_certificates(packed, password.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NetopsError(
            "the PDF was not signed", "the certificate cannot be read: {reason}",
            "[documents] certificate is a PKCS#12 file (.p12, .pfx), certificate_password_file its password", reason=error,
        ) from error  # fmt: skip
    if key is None or one is None:
        raise NetopsError(
            "the PDF was not signed", "the file holds no key with its certificate", "export both into one PKCS#12 file"
        )
    subject, first, last = one.subject.rfc4514_string(), one.not_valid_before_utc, one.not_valid_after_utc
    if not first <= now <= last:
        raise Refused(
            "the PDF was not signed", "the certificate of {subject} is valid from {first} to {last}", "name a valid one",
            subject=subject, first=first.date(), last=last.date(),
        )  # fmt: skip
    return Certificate(packed, password, subject, f"{one.serial_number:x}")


def signed(pdf: bytes, by: Certificate, reason: str) -> bytes:
    """
    The PDF with a signature behind it; what is signed are the bytes as they were.

    Args:
        reason: what the reader is told it was signed for, such as the number of the paper.

    Raises:
        NetopsError: pyHanko cannot use the key.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
    from pyhanko.sign.fields import SigSeedSubFilter

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what goes wrong is said below
    made = io.BytesIO()
    try:
        signer = SimpleSigner.load_pkcs12_data(by.packed, other_certs=[], passphrase=by.password.encode() or None)
        metadata = PdfSignatureMetadata(field_name=FIELD, reason=reason, subfilter=SigSeedSubFilter.PADES)
        PdfSigner(metadata, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=made)
    except Exception as error:  # of a key that pyHanko cannot use, such as SM2
        raise NetopsError(
            "the PDF was not signed", "{reason}", "use a certificate with an RSA or ECDSA key",
            reason=f"{type(error).__name__}: {error}"[:300],
        ) from error  # fmt: skip
    return made.getvalue()
