"""Who a client certificate names (身份证书): its subject, mapped to an account; shown by TLS itself or by a named proxy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from netops.core.errors import NetopsError

LONGEST = 1000
"""Characters of a subject."""


@lru_cache(256)
def parts(subject: str) -> frozenset[tuple[str, str]]:
    """
    A distinguished name (RFC 4514, as nginx's $ssl_client_s_dn writes it) as pairs of attribute and value, whatever their order.

    Raises:
        NetopsError: it is none, or is empty.
    """
    from cryptography import x509

    try:
        found = frozenset((one.oid.dotted_string, str(one.value)) for one in x509.Name.from_rfc4514_string(subject[:LONGEST]))
    except ValueError as error:
        raise NetopsError("the subject was not understood", "{subject} is no distinguished name", "write CN=张伟,O=市财政局,C=CN",
                          subject=subject) from error  # fmt: skip
    if not found:
        raise NetopsError("the subject was not understood", "it is empty", "write CN=张伟,O=市财政局,C=CN")
    return found


def account_of(subject: str, known: Mapping[str, str]) -> str:
    """The account that *known* (subject to name) gives to a subject: exactly that one, or ""."""
    try:
        wanted = parts(subject)
    except NetopsError:
        return ""
    return next((name for written, name in known.items() if parts(written) == wanted), "")
