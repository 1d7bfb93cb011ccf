"""`[documents]`: what the configuration says about papers."""

from __future__ import annotations

import msgspec


class Documents(msgspec.Struct, frozen=True):
    """
    Fonts by role, when the system's own are not to be used, and the certificate that PDFs are signed with.

    Args:
        certificate: a PKCS#12 file, relative to the configuration; "" signs nothing. Its password stands in a file or in
            the environment, never in the configuration.
        sign: sign each issued PDF, whether asked or not.
    """

    fonts: dict[str, str] = {}
    font_folders: tuple[str, ...] = ()
    certificate: str = ""
    certificate_password_file: str = ""
    certificate_password_env: str = ""
    sign: bool = False
