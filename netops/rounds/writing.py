"""Writing (写操作): one object of one device, where a step of a playbook asks for it and a person confirms it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from netops.core import journal
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.plane import Plane
from netops.core.walk import Value, said
from netops.desk import Desk
from netops.incidents import playbook as playbooks
from netops.rounds import standing, walk
from netops.rounds.asking import credential
from netops.topology import dependence, writing
from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.writing import OBJECTS, Object

if TYPE_CHECKING:
    from netops.probes.writing import Writer

T = TypeVar("T")


class Plan(msgspec.Struct, frozen=True):
    """
    What would be set, and what is there now.

    Args:
        oid: of the instance.
        before, after: values as people read them.
        asked_by: playbook and step that ask for it, and the step's words.
        behind: devices that can be reached only over the port, when it would be switched off.
    """

    plane: Plane
    device: str
    address: str
    object: str
    interface: str
    oid: str
    before: str
    after: str
    why: str
    playbook: str
    step: int
    asked_by: str
    behind: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What a person types to confirm it: the device, and its port."""
        return f"{self.device} {self.interface}".strip()

    @property
    def changes_state(self) -> bool:
        """Whether it changes what the network does."""
        return OBJECTS[self.object].changes_state


class Done(msgspec.Struct, frozen=True):
    """What came of it: what the device says afterwards, or why it could not be asked."""

    plan: Plan
    now: str
    is_verified: bool
    reason: str = ""


def plan(
    desk: Desk, name: str, object_name: str, interface: str, text: str, playbook: str, step: int, why: str
) -> Plan:
    """
    Check everything that can be checked, and read what is there now. Changes nothing.

    Raises:
        NetopsError, Missing: asked wrongly: device, object, port, value, playbook or step.
        Refused: the configuration or the step does not allow it, or the device says no.
    """
    entry = _entry(desk, name)
    one = _allowed(desk, entry, object_name)
    wanted = writing.shown(one, writing.value(one, text))
    asked_by = playbooks.asks(playbooks.load(desk.playbooks), playbook, step, one.name)
    view = next(
        (view for view in walk.current(desk) if (view.plane, view.key) == (entry.plane, entry.name)), None
    )
    if_index = _if_index(one, name, interface, view)
    if wanted == "down" and view is not None and _carries(view, if_index, entry.address):
        raise Refused(
            "{object} was not set",
            "{interface} of {device} has its management address: it could not be switched on again from here",
            "do it at the device itself",
            object=one.name,
            interface=interface,
            device=name,
        )

    async def read(writer: Writer) -> tuple[str, Value | None]:
        oid = await _instance(writer, one, name, interface, if_index)
        return oid, await writer.get(oid)

    oid, held = _spoken(desk, entry, one, read)
    if held is None:
        raise Missing(
            "{object} was not set", "{device} has no {oid}", "", object=one.name, device=name, oid=oid
        )
    behind = _behind(desk, entry, if_index) if wanted == "down" else ()
    return Plan(
        entry.plane, name, entry.address, one.name, interface, oid, writing.shown(one, held), wanted, why,
        playbook, step, asked_by, behind,
    )  # fmt: skip


def apply(desk: Desk, made: Plan) -> Done:
    """
    Set exactly what was planned, and read it back. The journal has it before it is sent, and what came of it after.

    Raises:
        Refused: the device has another value than when the plan was made, or refuses.
    """
    entry, one = _entry(desk, made.device), OBJECTS[made.object]
    _allowed(desk, entry, made.object)
    wanted = writing.value(one, made.after)

    async def unchanged(writer: Writer) -> str:
        return writing.shown(one, await writer.get(made.oid))

    present = _spoken(desk, entry, one, unchanged)
    if present != made.before:
        raise Refused(
            "{object} was not set",
            "{device} has {present} now, and had {before} when the plan was made",
            "look again, and make a new plan",
            object=one.name,
            device=made.device,
            present=present or "—",
            before=made.before or "—",
        )
    _record(desk, "device set", made, {"value": made.before}, {"value": made.after})

    async def set_and_read(writer: Writer) -> str:
        await writer.set(made.oid, wanted, is_unsigned=one.name == "dot1qPvid")
        return writing.shown(one, await writer.get(made.oid))

    try:
        now = _spoken(desk, entry, one, set_and_read)
    except NetopsError as error:
        reason = str(error.facts.get("reason", error.english()))
        _record(desk, "device set failed", made, {"value": made.before}, {"reason": reason})
        if isinstance(error, _Silent):  # it may have been set, and cut us off
            return Done(made, "", is_verified=False, reason=reason)
        raise
    verb = "device set verified" if now == made.after else "device set failed"
    _record(desk, verb, made, {"value": made.before}, {"value": now})
    return Done(made, now, now == made.after)


def _record(desk: Desk, verb: str, made: Plan, before: dict[str, str], after: dict[str, str]) -> None:
    about = {"object": made.object, "oid": made.oid, "playbook": made.playbook, "step": made.step}
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record(verb, made.place, why=made.why, before=before, after={**about, **after})


# ---- what may be
def _entry(desk: Desk, name: str) -> RegisteredDevice:
    for entry in desk.register.devices:
        if entry.name == name and entry.snmp and entry.plane in desk.planes:
            return entry
    raise Missing(
        "{name} was not changed",
        "no device of this name with an snmp credential is registered in the planes served",
        "netops topology devices",
        name=name,
    )


def _allowed(desk: Desk, entry: RegisteredDevice, name: str) -> Object:
    settings = desk.config.snmp.writing
    if name not in OBJECTS:
        raise Missing(
            "{object} was not set",
            "it is none of the objects that may ever be set",
            "they are: {known}",
            object=name,
            known=", ".join(OBJECTS),
        )
    if name not in settings.objects:
        raise Refused(
            "{object} was not set",
            "the configuration does not allow it",
            "write it into [snmp.writing] objects",
            object=name,
        )
    if _written_by(desk, entry) is None:
        raise Refused(
            "{object} was not set",
            "there is no credential for writing to {device}, which is read by {reading}",
            "write one into [snmp.credentials], and which one it is into [snmp.writing] credentials",
            object=name,
            device=entry.name,
            reading=entry.snmp,
        )
    return OBJECTS[name]


def _written_by(desk: Desk, entry: RegisteredDevice) -> str | None:
    known = desk.config.snmp.writing.credentials
    return next((known[name] for name in entry.snmp.split() if name in known), None)


def _if_index(one: Object, device: str, interface: str, view: DeviceView | None) -> int:
    if one.of == "device":
        if interface:
            raise NetopsError(
                "{object} was not set", "it belongs to the device, not to a port", "leave --interface out",
                object=one.name,
            )  # fmt: skip
        return 0
    found = (
        {port.if_index for port in view.interfaces if interface in (port.name, port.descr)} if view else set()
    )
    if not interface or len(found) != 1:
        raise Missing(
            "{object} was not set",
            "{device} has no port {interface}, or several, as it was last walked",
            "netops topology show {device}",
            object=one.name,
            device=device,
            interface=interface or "—",
        )
    return found.pop()


def _carries(view: DeviceView, if_index: int, address: str) -> bool:
    return any(held.if_index == if_index and held.address == address for held in view.addresses)


async def _instance(writer: Writer, one: Object, device: str, interface: str, if_index: int) -> str:
    """The instance's OID; the port still has to bear its name: ifIndexes change when a device starts anew."""
    if one.of == "device":
        return f"{one.oid}.0"
    names = await writer.values([f"{writing.IF_NAME}.{if_index}", f"{writing.IF_DESCR}.{if_index}"])
    if interface not in {said(name) for name in names if name is not None}:
        raise Refused(
            "{object} was not set",
            "the port with number {number} of {device} is not {interface} any more",
            "netops topology walk {device}",
            object=one.name,
            number=if_index,
            device=device,
            interface=interface,
        )
    if one.of == "interface":
        return f"{one.oid}.{if_index}"
    ports = await writer.column(writing.BASE_PORT_IF_INDEX)
    found = [port for port, index in ports.items() if index == if_index]
    if len(found) != 1:
        raise Missing(
            "{object} was not set", "{interface} of {device} is no bridge port", "", object=one.name,
            interface=interface, device=device,
        )  # fmt: skip
    return f"{one.oid}.{found[0]}"


def _behind(desk: Desk, entry: RegisteredDevice, if_index: int) -> tuple[str, ...]:
    """Devices that only this port leads to, by the links that were last seen and those that are registered."""
    views = walk.current(desk)
    found = [link for link in walk.links(desk) if {end.plane for end in link.ends} == {entry.plane}]
    here = (entry.name, if_index)
    rest = [link for link in found if here not in {(end.device, end.if_index) for end in link.ends}]
    position = standing.position(desk, entry.plane, views) or dependence.highest(
        desk.register.devices, entry.plane
    )
    before, after = (
        dependence.reached(dependence.pairs(links, entry.plane), position) for links in (found, rest)
    )
    return tuple(sorted(before - after))


# ---- asking
class _Silent(Refused):
    """The device did not answer."""


def _spoken(desk: Desk, entry: RegisteredDevice, one: Object, work: Callable[[Writer], Awaitable[T]]) -> T:
    """
    What *work* says in a session with the credential of writing, tried again when no answer comes.

    Raises:
        Refused: no answer, or a refusal, in the words of RFC 3414 and 3416.
    """
    from netops.probes.engines import AuthenticationFault, EngineFault
    from netops.probes.writing import session

    config = desk.config
    by = credential(config, _written_by(desk, entry) or "")

    async def talk() -> T:
        for left in range(config.snmp.retries, -1, -1):
            try:
                place = (config.reached(entry.address), config.snmp.port)
                async with session(*place, by, config.snmp.timeout_seconds) as writer:
                    return await work(writer)
            except TimeoutError:
                if not left:
                    raise
        raise TimeoutError

    facts: dict[str, Any] = {"object": one.name, "device": entry.name, "credential": by.shown}
    try:
        return asyncio.run(talk())
    except TimeoutError:
        raise _Silent(
            "{object} was not verified", "{device} does not answer ({reason})", "netops topology walk {device}",
            reason="timeout", **facts,
        ) from None  # fmt: skip
    except (AuthenticationFault, EngineFault) as error:
        raise Refused(
            "{object} was not set",
            "{device} refuses the credential {credential} or the value: {reason}",
            "see what the device lets this credential write",
            reason=str(error),
            **facts,
        ) from error
