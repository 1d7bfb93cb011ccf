"""The reference engine: pysnmp, slow and complete; reads what our own codec refuses, and checks it in tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netops.core.walk import Value
from netops.probes.credentials import Credential
from netops.probes.question import VALUE_OCTETS, Cursor
from netops.probes.session import AuthenticationFault, EngineFault, TooBig

REFUSALS = {
    "WrongDigest": "usmStatsWrongDigests",
    "UnknownUserName": "usmStatsUnknownUserNames",
    "UnsupportedSecurityLevel": "usmStatsUnsupportedSecLevels",
    "DecryptionError": "usmStatsDecryptionErrors",
    "NotInTimeWindow": "usmStatsNotInTimeWindows",
    "UnknownEngineID": "usmStatsUnknownEngineIDs",
    "AuthenticationFailure": "authenticationFailure",
}
"""What pysnmp calls a refusal, and its name in RFC 3414."""
END_OF_MIB_VIEW = "EndOfMibView"


class Pysnmp:
    """A session by pysnmp."""

    name = "pysnmp"

    def __init__(self, address: str, port: int, credential: Credential, timeout_seconds: float) -> None:
        from pysnmp.hlapi.v3arch import asyncio as hlapi

        self.octets = 0
        self._api = hlapi
        self._engine = hlapi.SnmpEngine()
        self._auth = authentication(credential)
        self._context = credential.context.encode()
        self._place = (address, port)
        self._timeout = timeout_seconds
        self._target: Any = None
        self._fault = ""
        self._contain()

    def _contain(self) -> None:
        """What pysnmp or pyasn1 raise on hostile octets is kept for the question, instead of rising into the loop."""
        dispatcher = self._engine.message_dispatcher
        receive = dispatcher.receive_message

        def contained(*given: Any) -> Any:
            try:
                return receive(*given)
            except Exception as error:  # noqa: BLE001 - TypeError, OverflowError, IndexError: pyasn1 0.6 raises many
                self._fault = f"{type(error).__name__}: {error}"[:200]
                return b""

        dispatcher.receive_message = contained

    async def open(self) -> None:
        """Make the transport; pysnmp discovers v3 engines by itself."""
        kind = self._api.Udp6TransportTarget if ":" in self._place[0] else self._api.UdpTransportTarget
        try:
            self._target = await kind.create(self._place, timeout=self._timeout, retries=0)
        except Exception as error:
            raise EngineFault(type(error).__name__) from error

    async def get(self, oid: str) -> Value | None:
        """One value, or None."""
        try:
            binds = await self._ask(self._api.get_cmd, [oid])
        except TooBig as error:
            if str(error) == "noSuchName":
                return None
            raise
        return plain(binds[0][1]) if binds else None

    async def bulk(self, cursors: Sequence[Cursor], repetitions: int) -> int:
        """One GETBULK for the next rows of several columns."""
        asked = [".".join([cursor.column, *map(str, cursor.last)]) for cursor in cursors]
        binds = await self._ask(self._api.bulk_cmd, asked, 0, repetitions)
        for place, (name, value) in enumerate(binds):
            cursor, oid = cursors[place % len(cursors)], str(name)
            if cursor.ended:
                continue
            if type(value).__name__ == END_OF_MIB_VIEW or not oid.startswith(f"{cursor.column}."):
                cursor.ended = True
                continue
            try:
                index = tuple(map(int, oid[len(cursor.column) + 1 :].split(".")))
                cursor.put(index, plain(value))
            except ValueError as error:
                raise EngineFault(str(error)) from error
            self.octets += 24 + (len(value) if hasattr(value, "__len__") else 4)
        return len(binds)

    async def _ask(self, command: Any, oids: Sequence[str], *numbers: int) -> Any:
        if self._target is None:
            raise EngineFault("the session is closed")
        self._fault = ""
        try:
            indication, status, _, binds = await command(
                self._engine,
                self._auth,
                self._target,
                self._api.ContextData(contextName=self._context),
                *numbers,
                *(self._api.ObjectType(self._api.ObjectIdentity(oid)) for oid in oids),
                lookupMib=False,
            )
        except TimeoutError:
            raise
        except Exception as error:  # whatever pysnmp and pyasn1 make of hostile octets
            raise EngineFault(f"{type(error).__name__}: {error}"[:200]) from error
        if indication is not None:
            kind = type(indication).__name__
            if kind == "RequestTimedOut":
                raise EngineFault(self._fault) if self._fault else TimeoutError
            if kind in REFUSALS:
                raise AuthenticationFault(REFUSALS[kind])
            raise EngineFault(str(indication)[:200])
        if status:
            raise TooBig(str(status.prettyPrint()))
        return binds

    def close(self) -> None:
        """Close the transport."""
        self._engine.close_dispatcher()


def authentication(credential: Credential) -> Any:
    """The credential as pysnmp's `CommunityData` or `UsmUserData`."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    if credential.version != "v3":
        return hlapi.CommunityData(credential.community, mpModel=1)  # noqa: S508 - what the device speaks
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
        "AES192": hlapi.usmAesBlumenthalCfb192Protocol,
        "AES256": hlapi.usmAesBlumenthalCfb256Protocol,
        "AES192C": hlapi.usmAesCfb192Protocol,
        "AES256C": hlapi.usmAesCfb256Protocol,
    }
    return hlapi.UsmUserData(
        credential.user,
        authKey=credential.auth_key or None,
        privKey=credential.priv_key or None,
        authProtocol=auth[credential.auth_protocol],
        privProtocol=priv[credential.priv_protocol],
    )


def plain(value: Any) -> Value | None:
    """One of pysnmp's values as a walk keeps it."""
    kind = type(value).__name__
    if kind in ("NoSuchObject", "NoSuchInstance", END_OF_MIB_VIEW, "Null"):
        return None
    if kind in ("ObjectIdentifier", "ObjectIdentity"):
        return str(value)
    if kind == "IpAddress":
        return str(value.prettyPrint())
    from pyasn1.type.univ import Integer  # type: ignore[import-untyped]

    # Not by trying: an OCTET STRING of digits would become a number.
    return int(value) if isinstance(value, Integer) else bytes(value)[:VALUE_OCTETS]
