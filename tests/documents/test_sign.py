"""PDFs signed with the office's certificate: what any reader verifies, and what stops a signature."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from netops.core.errors import NetopsError, Refused
from netops.documents import sign

NOW = datetime.now(UTC)
PASSWORD = "不告诉别人"


def authority(days: int = 1) -> tuple[x509.Certificate, bytes]:
    """A certificate authority of our own, and the office's certificate by it as PKCS#12, valid for so many days."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("示例根证书", "云溪市信息中心")]
    made = []
    for place, name in enumerate(names):
        built = (
            x509.CertificateBuilder().subject_name(name).issuer_name(names[0]).public_key(keys[place].public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=place == 0, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=place == 1, content_commitment=place == 1, key_encipherment=False,
                    data_encipherment=False, key_agreement=False, key_cert_sign=place == 0, crl_sign=place == 0,
                    encipher_only=False, decipher_only=False,
                ), critical=True,
            )
        )  # fmt: skip
        made.append(built.sign(keys[0], hashes.SHA256()))
    root, office = made
    secret = BestAvailableEncryption(PASSWORD.encode())
    return root, pkcs12.serialize_key_and_certificates(b"office", keys[1], office, [root], secret)


def test_a_signed_pdf_verifies_and_a_changed_one_does_not() -> None:
    """
    用自建的根证书签的名，别的软件验得过；正文改了一个字节就验不过；签名接在原来的字节后面。
    """
    validation = pytest.importorskip("pyhanko.sign.validation", reason="pip install 'netops[sign]'")
    reader = pytest.importorskip("pyhanko.pdf_utils.reader")
    context = pytest.importorskip("pyhanko_certvalidator").ValidationContext
    convert = pytest.importorskip("asn1crypto.x509").Certificate
    from cryptography.hazmat.primitives.serialization import Encoding

    root, packed = authority()
    pdf = plain()
    made = sign.signed(pdf, sign.certificate(packed, PASSWORD, NOW), "云信办〔2026〕1号")
    trusted = context(trust_roots=[convert.load(root.public_bytes(Encoding.DER))])

    def status(content: bytes) -> object:
        [one] = reader.PdfFileReader(io.BytesIO(content)).embedded_signatures
        return validation.validate_pdf_signature(one, trusted)

    whole, changed = status(made), status(made.replace(b"/MediaBox", b"/MediaBux", 1))
    assert pdf == made[: len(pdf)]
    assert (True, True, "云信办〔2026〕1号") == (whole.bottom_line, whole.intact, reason_of(made))  # type: ignore[attr-defined]
    assert (False, False) == (changed.bottom_line, changed.intact)  # type: ignore[attr-defined]


def plain() -> bytes:
    """A page."""
    from pypdf import PdfWriter

    made = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.write(made)
    return made.getvalue()


def reason_of(pdf: bytes) -> str:
    """What the reader is told."""
    from pypdf import PdfReader

    [field] = (PdfReader(io.BytesIO(pdf)).get_fields() or {}).values()
    return str(field["/V"]["/Reason"])


@pytest.mark.parametrize(("password", "days", "why"), [("错", 1, "cannot be read"), (PASSWORD, -1, "is valid from")])
def test_a_certificate_that_cannot_be_used_is_said(password: str, days: int, why: str) -> None:
    """
    密码不对，或者证书过了期，都说明白，不签。
    """
    with pytest.raises((NetopsError, Refused)) as raised:
        sign.certificate(authority(days)[1], password, NOW)
    assert why in raised.value.why


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    没有装签名的附加组件时，指出装什么。
    """
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(NetopsError) as raised:
        sign.certificate(authority()[1], PASSWORD, NOW)
    assert "netops[sign]" in raised.value.mend


def office(folder: Path) -> str:
    """The office's certificate and its password beside a configuration; gives the lines that name them."""
    (folder / "office.p12").write_bytes(authority()[1])
    (folder / "office.password").write_text(PASSWORD + "\n", "utf-8")
    return '\n[documents]\ncertificate = "office.p12"\ncertificate_password_file = "office.password"\n'
