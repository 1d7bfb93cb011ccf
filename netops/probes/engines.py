"""Two SNMP engines behind one small interface: gufo-snmp for bulk walks, pysnmp for what it cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from netops.core.walk import Value


class Credential(msgspec.Struct, frozen=True):
    """
    How to ask an agent, secrets included; never shown.

    Args:
        version: "v2c" or "v3".
        auth_protocol: "", "MD5", "SHA", "SHA224", "SHA256", "SHA384" or "SHA512".
        priv_protocol: "", "DES", "AES", "AES192" or "AES256".
        context: SNMPv3 context name; only pysnmp speaks it.
    """

    version: str
    community: str = ""
    user: str = ""
    auth_protocol: str = ""
    auth_key: str = ""
    priv_protocol: str = ""
    priv_key: str = ""
    context: str = ""

    def for_vlan(self, vlan: int) -> Credential:
        """The same credential for what Cisco keeps per VLAN ("SNMP Community String Indexing")."""
        if self.version == "v3":
            return msgspec.structs.replace(self, context=f"vlan-{vlan}")
        return msgspec.structs.replace(self, community=f"{self.community}@{vlan}")

    def __repr__(self) -> str:
        return f"Credential({self.version} {self.user} ***)"

    __str__ = __repr__


class EngineFault(Exception):
    """The engine could not make sense of an answer; another engine, or fewer repetitions, may."""


class AuthenticationFault(Exception):
    """The agent answered that it does not accept the credential."""


class Engine(Protocol):
    """
    A session with one agent.

    Every method raises TimeoutError when an answer does not come in time, EngineFault when it
    cannot be read, AuthenticationFault when the agent refuses; none of them tries again.
    """

    name: str

    async def open(self) -> None:
        """Do what must precede the first question (v3 engine discovery)."""

    async def get(self, oid: str) -> Value | None:
        """One value, or None when the agent has no such instance."""

    def walk(self, oid: str, repetitions: int) -> AsyncIterator[tuple[str, Value]]:
        """Variables under *oid* by GETBULK. After a TimeoutError the next step asks the same again."""

    def close(self) -> None:
        """Give the socket back."""


class Gufo:
    """gufo-snmp: BER, USM and ciphers in Rust."""

    name = "gufo"

    def __init__(self, address: str, port: int, credential: Credential, timeout_seconds: float) -> None:
        from gufo.snmp import _fast
        from gufo.snmp.aio import SnmpSession

        self._failures = (_fast.SnmpError, RuntimeError, ValueError, OSError)
        self._refusal = _fast.SnmpAuthError
        self._missing = _fast.NoSuchInstance
        user = _gufo_user(credential) if credential.version == "v3" else None
        try:
            self._session = SnmpSession(
                address, port=port, community=credential.community, user=user, timeout=timeout_seconds
            )
        except self._failures as error:
            raise EngineFault(str(error)) from error

    async def open(self) -> None:
        """v3 engine discovery and time; nothing for v2c."""
        await self._answer(self._session.refresh())

    async def get(self, oid: str) -> Value | None:
        """One value, or None."""
        value: Any = await self._answer(self._session.get(oid))
        return _plain(value)

    async def _answer(self, asked: Any) -> Any:
        try:
            return await asked
        except TimeoutError:
            raise
        except self._missing:
            return None
        except self._refusal as error:
            raise AuthenticationFault(str(error)) from error
        except self._failures as error:
            raise EngineFault(str(error)) from error
        except BaseException as error:
            # gufo 0.13 panics on some malformed lengths; PyO3 raises that past `Exception`.
            if type(error).__name__ == "PanicException":
                raise EngineFault("malformed answer") from error
            raise

    def walk(self, oid: str, repetitions: int) -> AsyncIterator[tuple[str, Value]]:
        """Variables under *oid*."""
        return _GufoWalk(self, self._session.getbulk(oid, repetitions))

    def close(self) -> None:
        """The socket closes with the session object."""
        del self._session


class _GufoWalk:
    """Not a generator: a generator ends at its first error, this asks again."""

    def __init__(self, engine: Gufo, steps: Any) -> None:
        self._engine, self._steps = engine, steps

    def __aiter__(self) -> _GufoWalk:
        return self

    async def __anext__(self) -> tuple[str, Value]:
        # StopAsyncIteration passes through: it is in none of the failures.
        while (pair := await self._engine._answer(self._steps.__anext__())) is not None:
            oid, value = pair
            if (plain := _plain(value)) is not None:
                return oid, plain
        raise StopAsyncIteration


def _plain(value: Any) -> Value | None:
    if isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    return value if isinstance(value, int | str | bytes) else None


def _gufo_user(credential: Credential) -> Any:
    from gufo.snmp import user

    auth = {
        "MD5": user.Md5Key,
        "SHA": user.Sha1Key,
        "SHA224": user.Sha224Key,
        "SHA256": user.Sha256Key,
        "SHA384": user.Sha384Key,
        "SHA512": user.Sha512Key,
    }
    priv = {"DES": user.DesKey, "AES": user.Aes128Key, "AES192": user.Aes192Key, "AES256": user.Aes256Key}
    auth_key = (
        auth[credential.auth_protocol](credential.auth_key.encode()) if credential.auth_protocol else None
    )
    priv_key = (
        priv[credential.priv_protocol](credential.priv_key.encode()) if credential.priv_protocol else None
    )
    return user.User(name=credential.user, auth_key=auth_key, priv_key=priv_key)


class Pysnmp:
    """pysnmp: slow and complete; reads what gufo refuses (answers over 4 KB, odd encodings)."""

    name = "pysnmp"

    def __init__(self, address: str, port: int, credential: Credential, timeout_seconds: float) -> None:
        from pysnmp.hlapi.v3arch import asyncio as hlapi

        self._api = hlapi
        self._engine = hlapi.SnmpEngine()
        self._auth = _pysnmp_auth(hlapi, credential)
        self._context = credential.context.encode()
        self._place = (address, port)
        self._timeout = timeout_seconds
        self._target: Any = None

    async def open(self) -> None:
        """Make the transport; pysnmp discovers v3 engines by itself."""
        kind = self._api.Udp6TransportTarget if ":" in self._place[0] else self._api.UdpTransportTarget
        self._target = await kind.create(self._place, timeout=self._timeout, retries=0)

    async def get(self, oid: str) -> Value | None:
        """One value, or None."""
        binds = await self._ask(self._api.get_cmd, oid)
        return _pysnmp_value(binds[0][1]) if binds else None

    async def _ask(self, command: Any, oid: str, *numbers: int) -> Any:
        from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]
        from pysnmp.error import PySnmpError

        variable = self._api.ObjectType(self._api.ObjectIdentity(oid))
        try:
            indication, status, _, binds = await command(
                self._engine,
                self._auth,
                self._target,
                self._api.ContextData(contextName=self._context),
                *numbers,
                variable,
                lookupMib=False,
            )
        except (PySnmpError, PyAsn1Error, OSError, ValueError) as error:
            raise EngineFault(str(error)) from error
        if indication is not None:
            kind = type(indication).__name__
            if kind == "RequestTimedOut":
                raise TimeoutError
            if kind in (
                "WrongDigest",
                "UnknownUserName",
                "UnsupportedSecurityLevel",
                "DecryptionError",
                "AuthenticationFailure",
            ):
                raise AuthenticationFault(str(indication))
            raise EngineFault(str(indication))
        if status:
            raise EngineFault(str(status.prettyPrint()))
        return binds

    def walk(self, oid: str, repetitions: int) -> AsyncIterator[tuple[str, Value]]:
        """Variables under *oid*."""
        return _PysnmpWalk(self, oid, repetitions)

    def close(self) -> None:
        """Close the transport."""
        self._engine.close_dispatcher()


class _PysnmpWalk:
    def __init__(self, engine: Pysnmp, oid: str, repetitions: int) -> None:
        self._engine, self._base, self._next, self._repetitions = engine, oid + ".", oid, repetitions
        self._page: list[tuple[str, Value]] = []
        self._ended = False

    def __aiter__(self) -> _PysnmpWalk:
        return self

    async def __anext__(self) -> tuple[str, Value]:
        if not self._page:
            if self._ended:
                raise StopAsyncIteration
            await self._turn()
            if not self._page:
                raise StopAsyncIteration
        return self._page.pop(0)

    async def _turn(self) -> None:
        binds = await self._engine._ask(self._engine._api.bulk_cmd, self._next, 0, self._repetitions)
        self._ended = not binds
        for name, value in binds:
            oid, plain = str(name), _pysnmp_value(value)
            if not oid.startswith(self._base) or plain is None:
                self._ended = True
                return
            self._next = oid
            self._page.append((oid, plain))


def _pysnmp_auth(hlapi: Any, credential: Credential) -> Any:
    if credential.version != "v3":
        return hlapi.CommunityData(credential.community, mpModel=1)
    auth = {
        "": hlapi.usmNoAuthProtocol,
        "MD5": hlapi.usmHMACMD5AuthProtocol,
        "SHA": hlapi.usmHMACSHAAuthProtocol,
        "SHA224": hlapi.usmHMAC128SHA224AuthProtocol,
        "SHA256": hlapi.usmHMAC192SHA256AuthProtocol,
        "SHA384": hlapi.usmHMAC256SHA384AuthProtocol,
        "SHA512": hlapi.usmHMAC384SHA512AuthProtocol,
    }
    priv = {
        "": hlapi.usmNoPrivProtocol,
        "DES": hlapi.usmDESPrivProtocol,
        "AES": hlapi.usmAesCfb128Protocol,
        "AES192": hlapi.usmAesCfb192Protocol,
        "AES256": hlapi.usmAesCfb256Protocol,
    }
    return hlapi.UsmUserData(
        credential.user,
        authKey=credential.auth_key or None,
        privKey=credential.priv_key or None,
        authProtocol=auth[credential.auth_protocol],
        privProtocol=priv[credential.priv_protocol],
    )


def _pysnmp_value(value: Any) -> Value | None:
    kind = type(value).__name__
    if kind in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
        return None
    if kind in ("ObjectIdentifier", "ObjectIdentity"):
        return str(value)
    if kind == "IpAddress":
        return str(value.prettyPrint())
    try:
        return int(value)
    except (TypeError, ValueError):
        return bytes(value)


ENGINES: dict[str, type[Gufo] | type[Pysnmp]] = {"gufo": Gufo, "pysnmp": Pysnmp}
