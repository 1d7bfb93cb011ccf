"""Whom a walk asks, and within which bounds of time, rows and bytes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netops.core.plane import Plane
from netops.probes.credentials import Credential


class Target(msgspec.Struct, frozen=True):
    """
    One agent.

    Args:
        device: name in the register, or "".
        address: the address that the device is known by.
        reach: where it is really asked (after translation): an address or a host name; "" for *address*.
    """

    plane: Plane
    address: str
    device: str = ""
    reach: str = ""
    port: int = 161

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.device or self.address


class Settings(msgspec.Struct, frozen=True):
    """
    Bounds of a walk. A device that never answers costs *timeout_seconds* x (*retries* + 1), twice when it has
    several credentials.

    Args:
        repetitions: the most rows asked for at once.
        max_rows, max_bytes: of a whole walk; *column_rows* of one column, after which the others go on.
    """

    timeout_seconds: float = 2.0
    retries: int = 1
    device_seconds: float = 60.0
    concurrency: int = 32
    repetitions: int = 64
    max_rows: int = 400_000
    max_bytes: int = 64 << 20
    column_rows: int = 100_000


Given = Credential | Sequence[Credential]
"""One credential, or several that are tried in their order."""
