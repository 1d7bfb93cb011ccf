"""Walk devices by SNMP: the columns that topology needs, within bounds of time, rows and bytes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import datetime

import msgspec

from netops.core import clock as clocks
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk, Note, Value
from netops.probes import mib
from netops.probes.engines import ENGINES, AuthenticationFault, Credential, Engine, EngineFault

MAX_VLANS = 128
"""VLANs of one Cisco device whose forwarding tables are read one by one."""
MAX_SILENT_VLANS = 2
VALUE_BYTES = 1024
"""Bytes kept of one OCTET STRING."""


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
    """Bounds of a walk. A device that never answers costs *timeout_seconds* x (*retries* + 1)."""

    timeout_seconds: float = 2.0
    retries: int = 1
    device_seconds: float = 60.0
    concurrency: int = 32
    repetitions: int = 25
    max_rows: int = 200_000
    max_bytes: int = 32 << 20


async def walk_many(
    targets: Iterable[tuple[Target, Credential]],
    settings: Settings | None = None,
    clock: Callable[[], datetime] = clocks.now,
) -> AsyncIterator[DeviceWalk | Unreachable]:
    """Every target's walk, as each ends; *concurrency* of them at once, none disturbing another."""
    settings = settings or Settings()
    places = asyncio.Semaphore(settings.concurrency)

    async def one(target: Target, credential: Credential) -> DeviceWalk | Unreachable:
        async with places:
            return await walk_device(target, credential, settings, clock)

    tasks = [asyncio.create_task(one(target, credential)) for target, credential in targets]
    try:
        for ended in asyncio.as_completed(tasks):
            yield await ended
    finally:
        for task in tasks:
            task.cancel()


async def walk_device(
    target: Target,
    credential: Credential,
    settings: Settings | None = None,
    clock: Callable[[], datetime] = clocks.now,
) -> DeviceWalk | Unreachable:
    """
    One device's walk; a silent device, or one that refuses the credential, is `Unreachable`.

    What was read before the deadline, a bound or a death is kept, with a note that says so.
    """
    walk = _Walk(target, credential, settings or Settings(), clock)
    try:
        async with asyncio.timeout(walk.settings.device_seconds):
            await walk.run()
    except TimeoutError:
        if walk.answered:
            walk.note(N_("the walk was ended after {seconds} s"), seconds=f"{walk.settings.device_seconds:g}")
        else:
            walk.fail(N_("no answer within {seconds} s"), seconds=f"{walk.settings.device_seconds:g}")
    finally:
        walk.close()
    return walk.result()


class _Stop(Exception):
    """Nothing more is to be read from this device."""


class _Walk:
    """The state of one device's walk."""

    def __init__(
        self, target: Target, credential: Credential, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self.target, self.credential, self.settings = target, credential, settings
        self.at, self.began = clock(), time.monotonic()
        self.columns: dict[str, Column] = {}
        self.notes: list[Note] = []
        self.failure: Note | None = None
        self.answered = False
        self.repetitions = settings.repetitions
        self.rows = self.bytes = 0
        self.engine: Engine | None = None
        self.address = ""
        self.mark = ""
        """Behind the names of columns that belong to one VLAN: "@100"."""

    # ---- what is said at the end
    def note(self, text: str, **facts: str) -> None:
        """Something that kept the walk from being whole."""
        if len(self.notes) < 20:
            self.notes.append(Note(text, facts))

    def fail(self, text: str, **facts: str) -> None:
        """The device was not walked at all."""
        self.failure = Note(text, facts)

    def result(self) -> DeviceWalk | Unreachable:
        """The walk, or why there is none."""
        target = self.target
        if self.failure is not None or not self.answered:
            why = self.failure or Note(N_("it was not asked"))
            return Unreachable(target.plane, target.shown, target.address, self.at, why.text, why.facts)
        return DeviceWalk(
            target.plane,
            target.device,
            target.address,
            self.at,
            time.monotonic() - self.began,
            self.columns,
            tuple(self.notes),
            self.engine.name if self.engine else "",
        )

    def close(self) -> None:
        """Give the socket back."""
        if self.engine is not None:
            self.engine.close()

    # ---- the walk
    async def run(self) -> None:
        """Probe once, then read every group."""
        try:
            self.address = await self._resolved()
            await self._begin()
            for group in mib.GROUPS:
                if group.concerns(self.columns):
                    await self._group(group)
            await self._vlan_contexts()
        except _Stop:
            pass

    async def _vlan_contexts(self) -> None:
        """
        Cisco keeps a forwarding table per VLAN: behind community@VLAN (v2c) or the context vlan-N (v3).

        Where VLANs do not answer, this community has no such right, and the others are not asked.
        """
        if not mib.is_vendor(self.columns, mib.CISCO) or self.columns.get("dot1qTpFdbPort"):
            return
        vlans = [
            index[1]
            for index, kind in self.columns.get("vtpVlanType", {}).items()
            if len(index) == 2 and kind == 1 and self.columns.get("vtpVlanState", {}).get(index, 1) == 1
        ]
        plain, credential, silent = self.engine, self.credential, 0
        try:
            for vlan in vlans[:MAX_VLANS]:
                self.credential, self.engine, self.mark = credential.for_vlan(vlan), None, f"@{vlan}"
                try:
                    await self._vlan_context("gufo" if credential.version != "v3" else "pysnmp")
                except TimeoutError:
                    silent += 1
                    if silent == MAX_SILENT_VLANS:
                        return
                finally:
                    self.close()
        finally:
            self.engine, self.credential, self.mark = plain, credential, ""

    async def _vlan_context(self, engine: str) -> None:
        objects = {name: oid for group in mib.GROUPS for name, oid in group.objects.items()}
        try:
            self._use(engine)
            assert self.engine is not None  # noqa: S101 - just made
            await self.engine.open()
            for name in mib.VLAN_OBJECTS:
                column = await self._column(objects[name])
                if not column:
                    return
                self.columns[name + self.mark] = column
        except (EngineFault, AuthenticationFault):
            return

    async def _resolved(self) -> str:
        reach = self.target.reach or self.target.address
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                reach, self.target.port, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError):
            self.fail(N_("there is no address for {host}"), host=reach)
            raise _Stop from None
        return str(found[0][4][0])

    async def _begin(self) -> None:
        """The first answer, by the first engine that understands it."""
        fault = ""
        for name in ENGINES:
            try:
                self._use(name)
                if await self._first_answer():
                    self.answered = True
                    return
                break
            except AuthenticationFault as error:
                self.fail(N_("it refuses the credential: {why}"), why=str(error))
                raise _Stop from None
            except EngineFault as error:
                fault = str(error)
        if fault:
            self.fail(N_("its answers cannot be read: {why}"), why=fault)
        else:
            waited = self.settings.timeout_seconds * (self.settings.retries + 1)
            self.fail(N_("no answer within {seconds} s"), seconds=f"{waited:g}")
        raise _Stop

    def _use(self, name: str) -> None:
        self.close()
        self.engine = None
        self.engine = ENGINES[name](
            self.address, self.target.port, self.credential, self.settings.timeout_seconds
        )

    async def _first_answer(self) -> bool:
        """
        Whether the agent answers at all.

        Raises:
            EngineFault: it answers, but not in a way that this engine reads, each time.
        """
        fault: EngineFault | None = None
        for _ in range(self.settings.retries + 1):
            try:
                assert self.engine is not None  # noqa: S101 - _use came before
                await self.engine.open()
                await self.engine.get(mib.SYS_UPTIME)
                return True
            except TimeoutError:
                continue
            except EngineFault as error:
                fault = error
        if fault is not None:
            raise fault
        return False

    async def _group(self, group: mib.Group) -> None:
        longest = 0
        for place, (name, oid) in enumerate(group.objects.items()):
            try:
                column = await self._column(oid)
                while await self._is_cut(oid, column, longest, first=place == 0):
                    before, self.repetitions = self.repetitions, max(self.repetitions // 2, 1)
                    again = await self._column(oid)
                    if column and len(again) <= len(column):
                        self.repetitions = before
                        break
                    column = again
            except TimeoutError:
                if not await self._still_there():
                    self.note(N_("it stopped answering while {table} was read"), table=group.name)
                    raise _Stop from None
                self.note(N_("{table} was not read: no answer"), table=group.name)
                return
            except (EngineFault, AuthenticationFault) as error:
                self.note(N_("{table} was not read: {why}"), table=group.name, why=str(error))
                return
            longest = max(longest, len(column))
            if column:
                self.columns[name] = column
            elif place == 0 and group.gated:
                return

    async def _is_cut(self, oid: str, column: Column, longest: int, *, first: bool) -> bool:
        """
        Whether a column ended because the question was too large.

        gufo 0.13 takes an answer with an error status (tooBig, genErr) for the end of the table. So an empty column
        is asked for once more with a single row, and one that stops at a full answer, short of its neighbours, again
        with fewer.
        """
        if self.engine is None or self.engine.name != "gufo" or self.repetitions == 1:
            return False
        if column:
            return len(column) < longest and len(column) % self.repetitions == 0
        if not first and not longest:
            return False
        with suppress(TimeoutError, EngineFault):
            async for _ in self.engine.walk(oid, 1):
                return True
        return False

    async def _still_there(self) -> bool:
        assert self.engine is not None  # noqa: S101 - it answered before
        try:
            await self.engine.get(mib.SYS_UPTIME)
        except TimeoutError:
            return False
        except (EngineFault, AuthenticationFault):
            return True
        return True

    async def _column(self, oid: str) -> Column:
        """
        One column. Repetitions are halved when an answer does not come or cannot be read, and stay so for this device.

        Raises:
            TimeoutError, EngineFault, AuthenticationFault: even the smallest question failed.
        """
        tries = 0
        rows: Column = {}
        while True:
            assert self.engine is not None  # noqa: S101 - it answered before
            try:
                return await self._rows(oid, rows)
            except (TimeoutError, EngineFault) as error:
                if isinstance(error, EngineFault) and self.repetitions == 1 and self.engine.name == "gufo":
                    self._use("pysnmp")
                    await self.engine.open()
                    self.repetitions = max(self.settings.repetitions // 2, 1)
                    continue
                tries += 1
                if isinstance(error, TimeoutError) and tries > self.settings.retries:
                    raise
                if self.repetitions == 1 and isinstance(error, EngineFault):
                    raise
                self.repetitions = max(self.repetitions // 2, 1)

    async def _rows(self, oid: str, rows: Column) -> Column:
        """Read into *rows*; what stands there already is not counted twice."""
        assert self.engine is not None  # noqa: S101 - it answered before
        last: tuple[int, ...] = ()
        async for name, value in self.engine.walk(oid, self.repetitions):
            index = mib.suffix(name, oid)
            if index is None:
                break
            if index <= last:
                self.note(N_("{oid} was left: its rows do not increase"), oid=oid)
                break
            last = index
            if index in rows:
                continue
            rows[index] = kept = value[:VALUE_BYTES] if isinstance(value, bytes | str) else value
            self._count(oid, rows, kept)
        return rows

    def _count(self, oid: str, rows: Column, value: Value) -> None:
        self.rows += 1
        self.bytes += len(value) if isinstance(value, bytes | str) else 8
        if self.rows > self.settings.max_rows or self.bytes > self.settings.max_bytes:
            self.note(N_("the walk was ended at {rows} rows, in {oid}"), rows=str(self.rows), oid=oid)
            names = {place: name for group in mib.GROUPS for name, place in group.objects.items()}
            self.columns[names[oid] + self.mark] = rows
            raise _Stop
