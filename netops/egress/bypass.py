"""Bypasses (绕行): departments that reach each other past the platform, as flows show it."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.fold import Group, groups, moment, proof, text
from netops.egress.judge import Facing, Judged, Observer, Port, Scene, Verdict
from netops.egress.paths import Paths
from netops.egress.telling import about_interface, owner_of, peer_text, where


@rule(
    "EG-104",
    "bypass_link",
    Severity.HIGH,
    Basis(9),
    title=N_("Traffic of {other} enters {device} {interface} past the platform"),
    because=N_(
        "{flows} flows of {other}, such as one from {peer}, entered {device} by {interface}, which nothing registered explains."
    ),
)
def bypass_link(judged: Judged, scene: Scene, paths: Paths | None = None) -> Iterator[Conclusion]:
    """
    EG-104: a department's router takes in another department's traffic by an interface that nothing registered explains.

    What: flows from addresses of one organization entered a device of another one, neither of them the platform's, by an
        interface that is no registered link, LAN or exit and no neighbour under management. Where no walk told of the
        interface: the platform's devices that the sender is attached to recorded none of these flows, although they record
        the sender's other traffic, lost nothing just then, and had the time for it. Both routers are named where the
        register has the sender's LAN.
    Why: departments use the city's platform and do not build a backbone of their own (Article 9); what goes over such a
        link is seen by no firewall.
    Mend: unplug the link and let the traffic go over the platform; or have it approved and register it in links.toml.
    Refuted: a registered link; a record of the same flows on the platform's devices (the question is in the evidence); a
        tunnel between the two routers that the platform itself carries.
    """
    batch = judged.batch
    for group in groups(judged, judged.verdict == Verdict.BYPASS, batch.exporter, batch["in_if"]):
        place, port = where(judged, scene, group)
        if place and port:
            yield _told(judged, scene, group, place, port, paths)


def _told(judged: Judged, scene: Scene, group: Group, place: Observer, port: Port, paths: Paths | None) -> Conclusion:
    other = owner_of(judged, scene, group, None)
    absence: tuple[Evidence, ...] = paths.absence(place.address, port.if_index) if paths else ()
    lan = scene.wiring.lan(place.plane, text(judged, "src", group.row))
    sender = lan.gateway if lan else ""
    if not sender or sender == place.device or (place.plane, sender) in scene.wiring.platform:
        told = about_interface("EG-104", judged, scene, group, place, port)
        facts, subject, identity, organization = told.facts, told.subject, told.identity, told.organization
    else:
        ends = sorted((_end(place.device, port), _end(sender, _only(scene, place.plane, sender))), key=lambda end: end["device"])
        subject, identity = {"a": ends[0], "b": ends[1]}, f"link {ends[0]['device']} {ends[1]['device']}"
        facts = {"device": place.device, "interface": port.name, "peer": peer_text(judged, group, "src")}
        organization = min((place.device, place.organization), (sender, other))[1]
    return Conclusion(
        "EG-104",
        place.plane,
        subject,
        organization,
        {"flows": str(len(group.rows)), **facts, "other": other},
        (proof(judged, scene, group), *absence),
        moment(judged, group),
        len(group.rows),
        identity,
    )


def _end(device: str, port: Port | None) -> dict[str, str]:
    named = {"device": device} | ({"interface": port.name} if port else {})
    return named | ({"ip": port.address} if port and port.address else {})


def _only(scene: Scene, plane: Plane, device: str) -> Port | None:
    """The interface of a device that nothing registered explains, where there is but one."""
    address = scene.exporter_of.get((plane, device), "")
    found = [port for (exporter, _), port in scene.port.items() if exporter == address and port.facing is Facing.UNKNOWN]
    return found[0] if len(found) == 1 else None
