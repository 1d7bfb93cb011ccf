"""The first answer of an agent: at which address, by which credential, to which engine; or why there is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import msgspec

from netops.core.language import N_
from netops.core.walk import Note
from netops.probes import mib
from netops.probes.bounds import Settings, Target
from netops.probes.credentials import Credential
from netops.probes.engines import ENGINES
from netops.probes.habits import Habit
from netops.probes.session import AuthenticationFault, Engine, EngineFault, Refused


class Unmet(Exception):
    """No answer; *note* says why."""

    def __init__(self, text: str, **facts: str) -> None:
        super().__init__(text)
        self.note = Note(text, facts)


class Session(msgspec.Struct):
    """An agent that answered: where, by which credential, to which engine."""

    address: str
    port: int
    credential: Credential
    engine: Engine
    timeout_seconds: float

    def beside(self, credential: Credential, engine: str = "") -> Engine:
        """Another session with the same agent, not yet opened."""
        kind = ENGINES[engine or self.engine.name]
        return kind(self.address, self.port, credential, self.timeout_seconds)

    def other(self) -> Engine | None:
        """A session by the other engine, not yet opened."""
        others = [name for name in ENGINES if name != self.engine.name]
        return self.beside(self.credential, others[0]) if others else None


async def resolved(target: Target) -> str:
    """
    The address to ask.

    Raises:
        Unmet: a name has none.
    """
    reach = target.reach or target.address
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in reach else socket.AF_INET, reach)
    except OSError:
        pass
    else:
        return reach
    try:
        found = await asyncio.get_running_loop().getaddrinfo(reach, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise Unmet(N_("there is no address for {host}"), host=reach) from None
    return str(found[0][4][0])


async def greet(
    target: Target, credentials: Sequence[Credential], settings: Settings, known: Habit
) -> Session:
    """
    The first answer: by the credential that worked before or comes first, else by the others all at once.

    A wrong community is answered by silence, so asking one after the other would cost a timeout each.

    Raises:
        Unmet: there is no answer, or none that is of use.
    """
    address = await resolved(target)
    ordered = sorted(credentials, key=lambda one: one.name != known.credential)
    faults: list[Exception] = []
    for some in (ordered[:1], ordered[1:]):
        answers = await asyncio.gather(*(_first(address, target.port, one, settings, known) for one in some))
        met = [
            Session(address, target.port, credential, answer, settings.timeout_seconds)
            for credential, answer in zip(some, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        for needless in met[1:]:
            needless.engine.close()
        if met:
            return met[0]
        faults += [answer for answer in answers if isinstance(answer, Exception)]
    raise _why(address, target.port, ordered, faults, settings)


def _why(
    address: str, port: int, credentials: Sequence[Credential], faults: list[Exception], settings: Settings
) -> Unmet:
    if len(faults) > 1 and not all(isinstance(fault, TimeoutError) for fault in faults):
        said = (
            f"{one.shown} ({str(fault) or 'timeout'})" for one, fault in zip(credentials, faults, strict=True)
        )
        return Unmet(N_("it accepts no credential: {tried}"), tried=", ".join(said))
    match faults[0] if faults else None:
        case AuthenticationFault() as fault:
            return Unmet(N_("it refuses the credential: {why}"), why=str(fault))
        case EngineFault() as fault:
            return Unmet(N_("its answers cannot be read: {why}"), why=str(fault))
        case Refused():
            return Unmet(N_("nothing listens at {address}, port {port}"), address=address, port=str(port))
    waited = settings.timeout_seconds * (settings.retries + 1)
    return Unmet(N_("no answer within {seconds} s"), seconds=f"{waited:g}")


async def _first(
    address: str, port: int, credential: Credential, settings: Settings, known: Habit
) -> Engine | Exception:
    """The engine that gets an answer by *credential*: the one that did before, else each; or why none does."""
    fault: Exception = TimeoutError()
    for name in sorted(ENGINES, key=lambda name: name != known.engine):
        engine: Engine = ENGINES[name](address, port, credential, settings.timeout_seconds)
        is_met = False
        try:
            for _ in range(settings.retries + 1):
                try:
                    await engine.open()
                    await engine.get(mib.SYS_UPTIME)
                    is_met = True
                    return engine
                except TimeoutError as error:
                    # pysnmp says nothing of what it cannot read; what our codec said of it stands.
                    fault = fault if isinstance(fault, EngineFault) else error
                except EngineFault as error:
                    fault = error
                except AuthenticationFault as error:
                    return error
        finally:
            if not is_met:
                engine.close()
        if not isinstance(fault, EngineFault):
            break
    return fault
