"""A real nginx on a loopback port, with certificates of a city's own root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Authority:
    """A root that signs certificates; `root.pem` is in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "云溪市电子政务根证书")])
        self.root = self._signed(
            self.name,
            self.key.public_key(),
            (),
            NOW - timedelta(days=500),
            NOW + timedelta(days=500),
            is_ca=True,
        )
        (folder / "root.pem").write_bytes(self.root.public_bytes(serialization.Encoding.PEM))

    def _signed(
        self,
        subject: x509.Name,
        key: object,
        names: tuple[str, ...],
        first: datetime,
        last: datetime,
        *,
        is_ca: bool = False,
        by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
    ) -> x509.Certificate:
        issuer, signing = by or (self.name, self.key)
        built = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number()).not_valid_before(first).not_valid_after(last)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )  # fmt: skip
        if names:
            built = built.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
            )
        return built.sign(signing, hashes.SHA256())

    def issue(
        self, stem: str, *names: str, days: int = 200, bits: int = 0, begins: int = -400, old_hash: bool = False,
        between: int = 0, is_between_sent: bool = True,
    ) -> None:  # fmt: skip
        """
        `stem.pem` and `stem.key` for these names.

        Args:
            days: it ends so many days from now, *begins* likewise; below 0 is in the past.
            bits: of an RSA key.
            old_hash: signed with SHA-1.
            between: signed by another certificate that ends so many days from now; 0 is none.
            is_between_sent: whether the server sends that one too.
        """
        key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        chain = []
        by = None
        if between:
            own, name = ec.generate_private_key(ec.SECP256R1()), x509.Name(
                [x509.NameAttribute(NameOID.COMMON_NAME, "云溪市电子政务二级证书")])  # fmt: skip
            last = NOW + timedelta(days=between)
            chain = [self._signed(name, own.public_key(), (), NOW - timedelta(days=450), last, is_ca=True)]
            by = (name, own)
        first, last = NOW + timedelta(days=begins), NOW + timedelta(days=days)
        one = self._signed(subject, key.public_key(), names, first, last, by=by)
        sent = [one, *(chain if is_between_sent else [])]
        (self.folder / f"{stem}.pem").write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in sent))
        (self.folder / f"{stem}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        if old_hash:
            self._sign_again(stem, names)

    def _sign_again(self, stem: str, names: tuple[str, ...]) -> None:
        """The same with SHA-1, which libraries refuse to sign with and OpenSSL's program does not."""
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed: apt-get install openssl")
        root = self.folder / "root.key"
        root.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        asked = subprocess.run(
            ["openssl", "req", "-new", "-key", f"{stem}.key", "-subj", f"/CN={names[0]}"],
            cwd=self.folder, check=True, capture_output=True,
        )  # fmt: skip
        (self.folder / "names.cnf").write_text("subjectAltName=" + ",".join(f"DNS:{one}" for one in names))
        made = subprocess.run(
            ["openssl", "x509", "-req", "-sha1", "-days", "200", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7",
             "-extfile", "names.cnf"],
            cwd=self.folder, check=True, capture_output=True, input=asked.stdout,
        )  # fmt: skip
        (self.folder / f"{stem}.pem").write_bytes(made.stdout)


@contextmanager
def serving(folder: Path, servers: str, port: int) -> Iterator[None]:
    """nginx with these server blocks, until the end of the block."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; charset utf-8;\n"
        f" types {{ text/html html; application/xml xml; text/plain txt; }} default_type text/plain;\n{servers}\n}}\n", "utf-8"
    )  # fmt: skip
    # A weak certificate must be presentable, to be found.
    (folder / "openssl.cnf").write_text(
        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCipherString = DEFAULT@SECLEVEL=0\n"
    )
    running = subprocess.Popen(
        [program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE,
        env={**os.environ, "OPENSSL_CONF": str(folder / "openssl.cnf")},
    )  # fmt: skip
    try:
        for _turn in range(100):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if running.poll() is not None:
                raise AssertionError((running.stderr.read() if running.stderr else b"").decode())
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.wait(10)
        if running.stderr:
            running.stderr.close()
