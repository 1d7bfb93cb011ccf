"""Where netops stands: the address of its own by which another is reached. Sends nothing."""

from __future__ import annotations

import socket


def own_address(toward: str) -> str:
    """Our source address for datagrams to *toward*, or "" when there is no way, or it is this machine itself."""
    family = socket.AF_INET6 if ":" in toward else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.connect((toward, 9))
            address = str(one.getsockname()[0]).partition("%")[0]
    except (OSError, UnicodeError):
        return ""
    return "" if address == toward or address.startswith(("127.", "::1")) else address
