"""A session with one agent: what every engine can do, and how it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from netops.core.walk import Value
from netops.probes.question import Cursor


class EngineFault(Exception):
    """An answer came that makes no sense; a smaller question, or another engine, may fare better."""


class TooBig(EngineFault):
    """The agent refuses the question with an error status (tooBig, genErr, ...): a smaller one may be answered."""


class AuthenticationFault(Exception):
    """The agent answered that it does not accept the credential: the text is a name of USM or RFC 3416."""


class Refused(TimeoutError):
    """The host says that nobody listens at that port (ICMP): waiting longer is of no use."""


class Engine(Protocol):
    """
    A session with one agent.

    Every method raises TimeoutError when an answer does not come in time, EngineFault when it
    cannot be read, AuthenticationFault when the agent refuses; none of them tries again.
    """

    name: str
    octets: int
    """Octets of all answers that were read."""

    async def open(self) -> None:
        """Do what must precede the first question (a socket; v3 engine discovery)."""

    async def get(self, oid: str) -> Value | None:
        """One value, or None when the agent has no such instance."""

    async def bulk(self, cursors: Sequence[Cursor], repetitions: int) -> int:
        """Ask once for the next rows of several columns, and move them on; how many variables came."""

    def close(self) -> None:
        """Give the socket back."""
