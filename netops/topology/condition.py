"""The condition of registered links (链路状态): whether their ports are up, and as fast as they ought to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.topology.device import DeviceView, Interface
from netops.topology.expected import Picture, network, within
from netops.topology.link import Link, RegisteredLink

CABLED = (6, 62, 69, 117, 161)
"""IANAifType of ports that a cable goes into, and of aggregates of them: others report a state of their own kind."""


class Port(NamedTuple):
    """One end of a registered link, on a device that answered."""

    view: DeviceView
    interface: Interface

    @property
    def is_down(self) -> bool:
        """False also where the device tells no states at all: one that answers has a port that is up."""
        return (
            self.interface.type in CABLED
            and not self.interface.oper_up
            and any(one.oper_up for one in self.view.interfaces)
        )


def ports(picture: Picture, cable: RegisteredLink, links: list[Link]) -> Iterator[Port]:
    """
    The ports of a registered link, of ends that answered.

    By the name that the register has, by an address of the link's prefix, or by the link as it is seen. A port that
    several would be is none.
    """
    net = network(cable.net)
    for device, name in ((cable.a, cable.a_interface), (cable.b, cable.b_interface)):
        view = picture.by_key.get((cable.plane, device))
        if view is None or (view.plane, view.key) not in picture.fresh:
            continue
        if name:
            found = {one.if_index for one in view.interfaces if name in (one.name, one.descr)}
        else:
            found = {
                held.if_index for held in view.addresses if net is not None and within(held.address, (net,))
            }
            found = found or {
                end.if_index for link in links if (end := link.end_at(device)) is not None and end.if_index
            }
        interface = view.interface(found.pop()) if len(found) == 1 else None
        if interface is not None:
            yield Port(view, interface)


@rule(
    "TP-107",
    "link_down",
    Severity.MEDIUM,
    Basis(10),
    title=N_("the link {a} – {b} is down"),
    because=N_("{device} {interface} is down ({state})"),
)
def link_down(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-107: a port of a registered link is down.

    What: a device that answered says that its port of a link in links.toml is down; "shut" when somebody shut it.
    Why: what was declared (Article 10) is not there; what it carried goes another way, or nowhere.
    Mend: see to cable, module and power at the other end; of a port that was shut, ask who did it
        (`netops topology history DEVICE`, `netops journal log`); a link that was given up leaves links.toml.
    """
    for cable, port in down(picture):
        state = N_("down") if port.interface.admin_up else N_("shut")
        yield _about("TP-107", picture, cable, port, {"state": state})


def down(picture: Picture) -> Iterator[tuple[RegisteredLink, Port]]:
    """Registered links of this plane with a port that is down, once each."""
    for cable, is_written, links in picture.explained:
        if is_written and cable.plane is picture.plane:
            lost = next((port for port in ports(picture, cable, links) if port.is_down), None)
            if lost is not None:
                yield cable, lost


@rule(
    "TP-106",
    "link_speed",
    Severity.LOW,
    Basis(10),
    title=N_("the link {a} – {b} runs at {seen} Mbit/s instead of {declared}"),
    because=N_("{device} {interface} says so; the register has {declared} Mbit/s"),
)
def link_speed(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-106: a registered link is slower or faster than registered.

    What: links.toml has the link with `speed_mbps`, its port is up, and ifHighSpeed (or ifSpeed) says another speed.
    Why: a line that negotiated down carries less than was declared (Article 10); one that is faster was changed.
    Mend: see to cable, module and negotiation at both ends; or mend `speed_mbps` in links.toml.
    """
    for cable, is_written, links in picture.explained:
        if not is_written or not cable.speed_mbps or cable.plane is not picture.plane:
            continue
        for port in ports(picture, cable, links):
            seen = port.interface.speed_bps // 1_000_000
            if port.interface.oper_up and seen and seen != cable.speed_mbps:
                facts = {"seen": str(seen), "declared": str(cable.speed_mbps)}
                yield _about("TP-106", picture, cable, port, facts)
                break


def _about(
    code: str, picture: Picture, cable: RegisteredLink, port: Port, facts: dict[str, str]
) -> Conclusion:
    entry = picture.expected.device.get((cable.plane, port.view.key))
    a, b = sorted((cable.a, cable.b))
    interface = port.interface
    body = {"interface": msgspec.to_builtins(interface), "registered": msgspec.to_builtins(cable)}
    return Conclusion(
        code,
        picture.plane,
        {
            "a": {"device": cable.a, "interface": cable.a_interface},
            "b": {"device": cable.b, "interface": cable.b_interface},
        },
        entry.organization if entry else "",
        {"a": cable.a, "b": cable.b, "device": port.view.key, "interface": interface.name} | facts,
        (Evidence("snmp", port.view.key, "IF-MIB ifOperStatus, ifHighSpeed", body, port.view.at),),
        picture.at,
        identity=f"{a}--{b}/{cable.net}/{cable.a_interface}/{cable.b_interface}",
    )
