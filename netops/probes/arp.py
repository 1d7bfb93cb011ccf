"""Ask a gateway again who has an address: its ARP, a few times within seconds."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from netops.core.walk import Value
from netops.probes.engines import ENGINES, AuthenticationFault, Credential, Engine, EngineFault
from netops.probes.mib import MIB2
from netops.probes.snmp import Settings, Target

Question = tuple[int, str]
"""ifIndex and address."""


async def listen(
    target: Target,
    credential: Credential,
    settings: Settings,
    questions: Iterable[Question],
    heard: Callable[[Question, str], None],
    times: int,
    pause_seconds: float,
) -> bool:
    """
    Ask *target* so many times who has each address; *heard* is told every answer (question, MAC) as it comes.

    Returns:
        False when it did not answer, or not in a way that can be read; nothing is raised.
    """
    asked = list(questions)
    for name in ENGINES:
        engine: Engine | None = None
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                target.reach or target.address, target.port, type=socket.SOCK_DGRAM
            )
            engine = ENGINES[name](str(found[0][4][0]), target.port, credential, settings.timeout_seconds)
            await engine.open()
            for turn in range(times):
                if turn:
                    await asyncio.sleep(pause_seconds)
                for question in asked:
                    with suppress(TimeoutError):
                        if mac := await _who_has(engine, *question):
                            heard(question, mac)
            return True
        except EngineFault:
            continue
        except (OSError, UnicodeError, TimeoutError, AuthenticationFault):
            return False
        finally:
            if engine is not None:
                engine.close()
    return False


async def _who_has(engine: Engine, if_index: int, ip: str) -> str:
    """The MAC of one row of ipNetToMediaTable, else of ipNetToPhysicalTable; or ""."""
    octets = ipaddress.ip_address(ip).packed
    index = ".".join(map(str, octets))
    if len(octets) == 4 and (found := _mac(await engine.get(f"{MIB2}.4.22.1.2.{if_index}.{index}"))):
        return found
    kind = 1 if len(octets) == 4 else 2
    return _mac(await engine.get(f"{MIB2}.4.35.1.4.{if_index}.{kind}.{len(octets)}.{index}"))


def _mac(value: Value | None) -> str:
    return value.hex(":") if isinstance(value, bytes) and len(value) == 6 else ""
