"""Contacts (两网相接): what the devices of the intranet know that another instance saw in the extranet. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.topology.crossing import Step, crossings
from netops.topology.expected import Picture


@rule(
    "TP-112",
    "cross_plane",
    Severity.CRITICAL,
    Basis(8),
    title=N_("{what} at {device} {interface} is in the extranet too"),
    because=N_("{source} here, and {other} there, as the extranet's instance saw it on {seen}"),
)
def contact(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-112: the same box or terminal is in the intranet and in the extranet.

    What: the intranet's tables hold a MAC, a serial number or a routing neighbour that the extranet's own instance
        told of, in the bundle that was carried in last.
    Why: the two planes are separated physically (Article 8); a machine that is used in both carries things across.
    Mend: find the machine by switch and port, unplug it, and keep it as it is for whoever looks into it.
    """
    if picture.plane is not Plane.INTRANET or Plane.EXTRANET in picture.served:
        return
    fresh = {key for plane, key in picture.fresh if plane is Plane.INTRANET}
    views = [view for view in picture.views if view.plane is not Plane.INTRANET or view.key in fresh]
    told = {view.key: view.at for view in views if view.plane is Plane.EXTRANET}
    for step in crossings(views, (), {}, {}):
        entry = picture.expected.device.get((step.a_plane, step.a))
        yield Conclusion(
            "TP-112",
            picture.plane,
            _subject(step),
            entry.organization if entry else "",
            {
                "what": step.source if step.by == "terminal" else step.b, "device": step.a, "interface": step.a_interface,
                "source": step.source,
                "other": f"{step.b} {step.b_interface}".strip(), "seen": f"{told.get(step.b, picture.at):%Y-%m-%d}",
            },
            (Evidence("bundle", step.a, "crossings of the intranet and the carried extranet", _body(step), picture.at),),
            picture.at,
            identity=f"{step.a}/{step.b}/{step.by}/{step.source}",
        )  # fmt: skip


def _subject(step: Step) -> dict[str, object]:
    place = {"switch": step.a, "port": step.a_interface} if step.a_interface else {"device": step.a}
    if step.by == "terminal":
        return {"mac": step.source, **place}
    return {"a": {"device": step.a, "interface": step.a_interface}, "b": {"device": step.b, "interface": step.b_interface}}


def _body(step: Step) -> dict[str, object]:
    return {
        "by": step.by, "source": step.source, "intranet": {"device": step.a, "interface": step.a_interface},
        "extranet": {"device": step.b, "interface": step.b_interface},
    }  # fmt: skip
