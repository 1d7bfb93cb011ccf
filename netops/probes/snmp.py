"""Walk devices by SNMP: the columns that topology needs, within bounds of time, rows and bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from netops.core import clock as clocks
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.walk import Column, DeviceWalk, Note
from netops.probes import mib
from netops.probes.bounds import Given, Settings, Target
from netops.probes.credentials import Credential
from netops.probes.greeting import Unmet, greet
from netops.probes.habits import Habit, Habits
from netops.probes.pages import Ended, Pages, Part
from netops.probes.session import AuthenticationFault, EngineFault

__all__ = ["Given", "Settings", "Target", "walk_device", "walk_many"]

MAX_VLANS = 128
"""VLANs of one Cisco device whose forwarding tables are read one by one."""
MAX_SILENT_VLANS = 2
VLAN_CONTEXTS = "VLAN contexts"
"""Among what a device is known not to answer: one VLAN is then asked, to see whether that changed."""


async def walk_many(
    targets: Iterable[tuple[Target, Given]],
    settings: Settings | None = None,
    clock: Callable[[], datetime] = clocks.now,
    habits: Habits | None = None,
) -> AsyncIterator[DeviceWalk | Unreachable]:
    """Every target's walk, as each ends; *concurrency* of them at once, none disturbing another."""
    settings = settings or Settings()
    left = iter(targets)
    running: set[asyncio.Task[DeviceWalk | Unreachable]] = set()

    def start() -> None:
        for target, given in left:
            running.add(asyncio.create_task(walk_device(target, given, settings, clock, habits)))
            if len(running) >= settings.concurrency:
                return

    try:
        start()
        while running:
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            running -= ended
            start()
            for task in ended:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def walk_device(
    target: Target,
    given: Given,
    settings: Settings | None = None,
    clock: Callable[[], datetime] = clocks.now,
    habits: Habits | None = None,
) -> DeviceWalk | Unreachable:
    """
    One device's walk; a silent device, or one that refuses every credential, is `Unreachable`.

    What was read before the deadline, a bound or a death is kept, with a note that says so. What the device was
    found to bear is read from *habits* and written there.
    """
    settings = settings or Settings()
    known = (habits or {}).get((target.plane, target.address), Habit())
    walk = _Walk(target, settings, known, clock)
    try:
        async with asyncio.timeout(settings.device_seconds):
            await walk.run([given] if isinstance(given, Credential) else given)
    except TimeoutError:
        walk.late()
    finally:
        walk.close()
    if habits is not None and walk.pages is not None:
        habits[target.plane, target.address] = walk.pages.habit()
    return walk.result()


class _Walk:
    """The state of one device's walk: whom it met, and what was read so far."""

    def __init__(
        self, target: Target, settings: Settings, known: Habit, clock: Callable[[], datetime]
    ) -> None:
        self.target, self.settings, self.known = target, settings, known
        self.at, self.began = clock(), time.monotonic()
        self.columns: dict[str, Column] = {}
        self.pages: Pages | None = None
        self.failure = Note(N_("it was not asked"))

    # ---- the end
    def late(self) -> None:
        """The deadline came."""
        seconds = f"{self.settings.device_seconds:g}"
        if self.pages is not None:
            self.pages.note(N_("the walk was ended after {seconds} s"), seconds=seconds)
        else:
            self.failure = Note(N_("no answer within {seconds} s"), {"seconds": seconds})

    def result(self) -> DeviceWalk | Unreachable:
        """The walk, or why there is none."""
        target = self.target
        if self.pages is None:
            return Unreachable(
                target.plane, target.shown, target.address, self.at, self.failure.text, self.failure.facts
            )
        return DeviceWalk(
            target.plane,
            target.device,
            target.address,
            self.at,
            time.monotonic() - self.began,
            self.columns,
            tuple(self.pages.notes),
            self.pages.session.engine.name,
        )

    def close(self) -> None:
        """Give the socket back."""
        if self.pages is not None:
            self.pages.session.engine.close()

    # ---- the walk
    async def run(self, credentials: Sequence[Credential]) -> None:
        """Probe once, then read every table."""
        try:
            session = await greet(self.target, credentials, self.settings, self.known)
        except Unmet as error:
            self.failure = error.note
            return
        self.pages = Pages(session, self.settings, self.known)
        try:
            await self.pages.read([Part(mib.GROUPS[0], name) for name in mib.GROUPS[0].objects], self.columns)
            await self._tables(self.pages)
            await self._vlan_contexts(self.pages)
        except Ended:
            pass

    async def _tables(self, pages: Pages) -> None:
        """
        Ask which tables there are, one row each, then read those, columns side by side.

        A group that is needless when another one gave rows is read after that one. What this device could not answer
        the last time comes last, and alone.
        """
        shy = [group for group in mib.GROUPS[1:] if group.name in self.known.avoid]
        groups = [group for group in mib.GROUPS[1:] if group not in shy and group.concerns(self.columns)]
        gates = {group.name: Part(group, next(iter(group.objects))) for group in groups if group.gated}
        await pages.read(gates.values(), self.columns, rows=1)
        told = {part.name for part in gates.values()}
        for later in (False, True):
            parts: list[Part] = []
            for group in groups:
                if later == (set(group.unless) <= told):
                    continue
                gate = gates.get(group.name)
                if not group.concerns(self.columns):
                    for name in group.objects:
                        self.columns.pop(name, None)
                elif gate is None or gate.cursor.rows:
                    parts += [gate] if gate else []
                    parts += [Part(group, name) for name in group.objects if not gate or name != gate.name]
            await pages.read(parts, self.columns)
        for group in shy:
            if group.concerns(self.columns):
                await self._shyly(pages, group)

    async def _shyly(self, pages: Pages, group: mib.Group) -> None:
        """One column at a time, each asked once; of a table that is silent, one only."""
        pages.retries, width, pages.width = 0, pages.width, 1
        try:
            for place, name in enumerate(group.objects):
                part = Part(group, name)
                await pages.read([part], self.columns)
                if place == 0 and group.gated and not part.cursor.rows:
                    return
        finally:
            pages.retries, pages.width = self.settings.retries, width

    async def _vlan_contexts(self, pages: Pages) -> None:
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
        plain, silent = pages.session, 0
        patience = 1 if VLAN_CONTEXTS in self.known.avoid else MAX_SILENT_VLANS
        try:
            for vlan in vlans[:MAX_VLANS]:
                credential = plain.credential.for_vlan(vlan)
                pages.session = msgspec.structs.replace(
                    plain, credential=credential, engine=plain.beside(credential)
                )
                try:
                    await self._vlan_context(pages, vlan)
                except TimeoutError:
                    silent += 1
                    if silent == patience:
                        pages.failed.append(VLAN_CONTEXTS)
                        return
                except (EngineFault, AuthenticationFault):
                    continue
                finally:
                    pages.session.engine.close()
        finally:
            pages.session = plain

    async def _vlan_context(self, pages: Pages, vlan: int) -> None:
        await pages.session.engine.open()
        await pages.session.engine.get(mib.SYS_UPTIME)
        parts = [
            Part(group, name) for name in mib.VLAN_OBJECTS for group in mib.GROUPS if name in group.objects
        ]
        await pages.read(parts[:1], self.columns, rows=1, mark=f"@{vlan}")
        if parts[0].cursor.rows:
            await pages.read(parts, self.columns, mark=f"@{vlan}")
