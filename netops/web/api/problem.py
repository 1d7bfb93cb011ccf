"""Errors as RFC 9457 has them, with what, why and mend as everywhere."""

from __future__ import annotations

import msgspec

from netops.core.errors import Faults, Missing, NetopsError, Refused
from netops.core.permission import Forbidden, Unproven
from netops.core.store import StoreFault
from netops.web.api.operation import Changed, Unconditional

MEDIA = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    """
    One error.

    Args:
        type: `urn:netops:` and its class; stays the same in every language.
        title: what did not happen. detail: why. mend: what to do about it.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    mend: str = ""
    instance: str = ""


STATUS: tuple[tuple[type[NetopsError], int, str], ...] = (
    (Unproven, 401, "unproven"),
    (Forbidden, 403, "forbidden"),
    (Missing, 404, "missing"),
    (Changed, 412, "changed"),
    (Unconditional, 428, "unconditional"),
    (StoreFault, 503, "store"),
    (Refused, 409, "refused"),
    (Faults, 422, "asked-wrongly"),
    (NetopsError, 422, "asked-wrongly"),
)
"""The first class that fits."""


def of(error: NetopsError, instance: str = "") -> Problem:
    """What an error is told as, in the language in use."""
    status, name = next((status, name) for kind, status, name in STATUS if isinstance(error, kind))
    title, detail, mend = error.told()
    return Problem(f"urn:netops:{name}", title, status, detail, mend, instance)


def plain(
    status: int, name: str, title: str, detail: str = "", mend: str = "", instance: str = ""
) -> Problem:
    """One that no error of a room stands behind."""
    return Problem(f"urn:netops:{name}", title, status, detail, mend, instance)
