"""Why a flow was judged as it was (研判说明): whose ends, which interface, exit and rule, and the register's entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import numpy as np

from netops.core.errors import Missing
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress.classify import Space
from netops.egress.columns import flow_id, received_of, record
from netops.egress.flows import Batch, address_text
from netops.egress.judge import Facing, Judged, Port, Scene, Verdict, judge
from netops.egress.kept import KEPT, batch_of
from netops.egress.match import View
from netops.egress.rejudge import settled
from netops.egress.rules import FLOW_RULES, STRAY_RULES
from netops.egress.shelf import city_day
from netops.rounds.query import Asked, Question, judgement_of

SPACES = {
    Space.INTERNET: N_("{address} is on the internet: nothing registered holds it."),
    Space.INSIDE: N_("{address} lies inside the plane and is allocated to nobody."),
    Space.ALLOCATED: N_("{address} is allocated to {organization}."),
    Space.DEVICES: N_("{address} is a device's, or lies on a link."),
    Space.OTHER_PLANE: N_("{address} belongs to the other plane."),
    Space.UPSTREAM: N_("{address} is reached by the registered way up: government, not the internet."),
    Space.EXIT: N_("{address} belongs to a registered exit."),
    Space.SPECIAL: N_("{address} is special (RFC 6890) and never leaves a LAN."),
    Space.FOREIGN: N_("{address} is private space that no plane has."),
}
FACINGS = {
    Facing.NONE: N_("The record names no interface."),
    Facing.UNSEEN: N_("Interface {interface} of {device} has not been walked."),
    Facing.INTERNAL: N_("Interface {interface} of {device} leads to a managed neighbour."),
    Facing.LAN: N_("Interface {interface} of {device} is a LAN."),
    Facing.UPSTREAM: N_("Interface {interface} of {device} is the registered way up."),
    Facing.EXIT: N_("Interface {interface} of {device} is the registered exit {exit}."),
    Facing.UNKNOWN: N_("Interface {interface} of {device} is up, and nothing registered explains it."),
}
VERDICTS = {
    Verdict.UNDETERMINED: N_("Nothing that is known decides it."),
    Verdict.SPECIAL: N_("An end is a special address, so it stays on its LAN."),
    Verdict.INTERNAL: N_("Both ends are inside."),
    Verdict.UPSTREAM: N_("It uses the registered way up."),
    Verdict.TRANSIT: N_("It is on its way inside; the device at the exit says which exit it used."),
    Verdict.SHARED: N_("It used the shared exit."),
    Verdict.SEPARATE: N_("It used a separate exit whose filing stood on that day."),
    Verdict.COUNTY: N_("It used a county's exit, which Article 12 excepts."),
    Verdict.PUBLISHED: N_("It asks for a service that is published through a registered exit."),
    Verdict.LAPSED_EXIT: N_(
        "It used a separate exit that was not filed, or whose filing had lapsed on that day."
    ),
    Verdict.UNFILED_EXIT: N_("It came from the internet by an interface that nobody filed as an exit."),
    Verdict.INTRANET_INTERNET: N_("It carries the intranet's traffic to or from the internet."),
    Verdict.INTRANET_QUERY: N_(
        "An intranet host asks for the internet, and this record shows nobody who carries it."
    ),
    Verdict.CROSS_PLANE: N_("One end belongs to the other plane."),
    Verdict.UNALLOCATED_SOURCE: N_("Its source is inside the plane and allocated to nobody."),
    Verdict.BYPASS: N_("It came from another department past the platform, by an interface that nothing registered explains."),
    Verdict.SPOOFED_SOURCE: N_("Its source is an address that cannot be there."),
    Verdict.PENDING: N_("The interface that would decide it has not been walked."),
}


class Reason(msgspec.Struct, frozen=True):
    """
    One step of the explanation.

    Args:
        about: exporter, entered, left, source, destination, exit or verdict.
        text: message id, filled from *facts*.
        entry: the register's or ledger's entry that says so, or "".
    """

    about: str
    text: str
    facts: dict[str, str]
    entry: str = ""


class Explained(msgspec.Struct, frozen=True):
    """
    A flow, and why.

    Args:
        judged_by: version of the register that the stored verdict was made with.
        now: verdict by today's register.
        rules: codes of the rules that today's verdict falls under.
    """

    flow: dict[str, Any]
    judged_by: int
    now: str
    reasons: tuple[Reason, ...]
    rules: tuple[str, ...]


def explained(
    desk: Desk, wanted: str, since: datetime | None = None, until: datetime | None = None, most: int = 1
) -> list[Explained]:
    """
    One flow by its name, or the first of those that a filter means.

    Raises:
        Missing: the archive has no such flow.
        FilterError: it is neither a name nor a filter.
    """
    from netops.rounds import scene

    by_name = wanted.startswith("FL-")
    if by_name:
        moment = _moment(wanted)
        question = Question(since=moment, until=moment + timedelta(milliseconds=1), rejudge=False)
    else:
        question = Question(text=wanted, since=since, until=until, rejudge=False)
    asked = Asked(desk, question)
    picked = asked.over(
        lambda view: _picked(view, wanted if by_name else "", most),
        lambda each: [one for few in each for one in few],
    )
    found = picked[:most]
    if not found:
        raise Missing(
            "no flow {wanted} was found",
            "the archive of this time has none",
            "netops egress query lists flows with their names",
            wanted=wanted,
        )
    today, _walked = scene.build(desk)
    return [_explained(desk, today, view, row) for view, row in found]


def _moment(name: str) -> datetime:
    try:
        return datetime.fromtimestamp(received_of(name) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Missing(
            "{name} is no name of a flow",
            "it looks like FL-19a0c3e5f01-1f3c9a02",
            "netops egress query lists flows with their names",
            name=name,
        ) from None


def _picked(view: View, name: str, most: int) -> list[tuple[View, int]]:
    """The flow of this name, or the first so many."""
    rows = np.arange(len(view) if name else min(len(view), most))
    small = View(View(view, rows).gathered())
    return [(small, row) for row in range(len(small)) if not name or flow_id(small, row) == name]


def _explained(desk: Desk, today: Scene, view: View, row: int) -> Explained:
    flow = record(view, row)
    columns = {name: view.column(name)[row : row + 1] for name in KEPT}
    batch = batch_of(columns, view.names)
    day = city_day(int(batch["received"][0]))
    then = replace(today, today=date.fromisoformat(day))
    judged = settled(judge(batch, then))
    known = judgement_of(desk, int(flow["judgement"]))
    is_bad = judged.verdict[0] >= Verdict.LAPSED_EXIT
    codes = [
        one.code
        for one in FLOW_RULES.values()
        if is_bad and one not in STRAY_RULES and list(one(judged, then))
    ]
    return Explained(
        flow,
        known.register if known else 0,
        Verdict(int(judged.verdict[0])).label,
        tuple(_reasons(desk, then, judged, batch)),
        tuple(codes),
    )


def _reasons(desk: Desk, scene: Scene, judged: Judged, batch: Batch) -> Iterator[Reason]:
    address = batch.exporters[int(batch.exporter[0])]
    observer = scene.observers.get(address)
    if observer is None:
        yield Reason("exporter", N_("{address} is no registered device."), {"address": address})
        return
    facts = {"device": observer.device, "address": address, "plane": observer.plane.value}
    yield Reason(
        "exporter",
        N_("{device} ({address}) of the {plane} saw it."),
        facts,
        f"{observer.plane.value}/devices.toml {observer.device}",
    )
    for about, name in (("entered", "in_if"), ("left", "out_if")):
        number = int(batch[name][0])
        port = scene.port.get((address, number)) or Port(
            number, str(number), Facing.UNSEEN if number else Facing.NONE
        )
        entry = f"extranet/exits.toml {port.exit}" if port.exit else ""
        yield Reason(
            about,
            FACINGS[port.facing],
            {"interface": port.name, "device": observer.device, "exit": port.exit},
            entry,
        )
    table = scene.tables.get(observer.plane)
    for about, end, rows in (("source", "src", judged.source), ("destination", "dst", judged.destination)):
        text = address_text(int(batch[f"{end}_hi"][0]), int(batch[f"{end}_lo"][0]))
        if table is not None:
            owner = table.owners[int(rows[0])]
            shown = {"address": text, "organization": owner.organization or "—"}
            yield Reason(about, SPACES[owner.space], shown, entry_of(desk, observer.plane, text))
    used = int(judged.exit[0])
    if used >= 0:
        one = scene.exits[used]
        shown = {
            "exit": one.id,
            "kind": one.kind.value,
            "filing": one.filing or "—",
            "until": one.valid_until or "—",
            "day": scene.today.isoformat(),
        }
        yield Reason(
            "exit",
            N_("Exit {exit} ({kind}), filing {filing}, valid until {until}; the flow is of {day}."),
            shown,
            f"extranet/exits.toml {one.id}",
        )
    yield Reason("verdict", VERDICTS[Verdict(int(judged.verdict[0]))], {})


def entry_of(desk: Desk, plane: Plane, text: str) -> str:
    """The entry of ledger or register that says whose an address is, the narrowest first; "" when none does."""
    from netops.addresses import ledger
    from netops.addresses.allocation import HELD

    address = ip_address(text)
    register = desk.register
    for device in register.devices:
        if device.address == text:
            return f"{device.plane.value}/devices.toml {device.name}"
    for one in ledger.allocations(desk.store):
        if one.plane is plane and one.state in HELD and _between(address, one.first, one.last):
            return f"{one.id} {one.first}–{one.last} {one.declaration}".strip()
    for entry in register.exits:
        if text == entry.public_address or (entry.net and address in ip_network(entry.net)):
            return f"extranet/exits.toml {entry.id}"
    held = [one for one in register.prefixes if address in ip_network(one.prefix)]
    if held:
        best = max(held, key=lambda one: (one.plane is plane, ip_network(one.prefix).prefixlen))
        return f"{best.plane.value}/prefixes.toml {best.prefix}"
    for other, settings in desk.config.planes.items():
        for net in settings.nets:
            if address in ip_network(net):
                return f"[planes.{other.value}] nets {net}"
    return ""


def _between(address: Any, first: str, last: str) -> bool:
    low, high = ip_address(first), ip_address(last)
    return bool(low.version == address.version and low <= address <= high)
