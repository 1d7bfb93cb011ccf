"""Set single objects on a device by SNMP: with a credential of its own, and read before and after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from netops.core.walk import Value
from netops.probes.credentials import Credential
from netops.probes.question import Cursor
from netops.probes.reference import Pysnmp

MAX_ROWS = 4096
REPETITIONS = 20


class Writer(Pysnmp):
    """A session that may write."""

    name = "writer"

    async def set(self, oid: str, value: int | bytes, *, is_unsigned: bool = False) -> None:
        """
        Set one instance. To set the same again changes nothing, so it may be tried again.

        Raises:
            TimeoutError, AuthenticationFault, EngineFault: as every engine; the text of a refusal is RFC 3416's name.
        """
        api = self._api
        number = api.Gauge32 if is_unsigned else api.Integer32
        typed = api.OctetString(value) if isinstance(value, bytes) else number(value)

        async def command(
            engine: Any, auth: Any, target: Any, context: Any, *_asked: Any, **more: Any
        ) -> Any:
            variable = api.ObjectType(api.ObjectIdentity(oid), typed)
            return await api.set_cmd(engine, auth, target, context, variable, **more)

        await self._ask(command, [oid])

    async def column(self, oid: str) -> dict[int, Value]:
        """A column whose rows have one number, at most 4096 rows."""
        cursor = Cursor(oid)
        while not cursor.ended and len(cursor.rows) < MAX_ROWS:
            await self.bulk([cursor], REPETITIONS)
        return {index[0]: held for index, held in cursor.rows.items() if len(index) == 1}

    async def values(self, oids: Sequence[str]) -> list[Value | None]:
        """The values of some instances; None where the device has none."""
        return [await self.get(oid) for oid in oids]


@asynccontextmanager
async def session(
    address: str, port: int, credential: Credential, timeout_seconds: float
) -> AsyncIterator[Writer]:
    """An open session, closed at the end."""
    writer = Writer(address, port, credential, timeout_seconds)
    try:
        await writer.open()
        yield writer
    finally:
        writer.close()
