"""Hidden networks: a consumer router on an allocated address, behind which more machines than declared may stand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.classify import Space
from netops.egress.flows import address_value, mac_text
from netops.egress.fold import groups, text
from netops.egress.judge import PLANES, Judged, Scene, Terminal
from netops.egress.telling import conclusion, owner_of, placed, spaces
from netops.egress.tunnels import Talks
from netops.egress.watchlists import maker

LEAST_FLOWS = 20
"""So many flows of one address at one exporter within ten minutes: it is in use, not merely plugged in."""
MOST_OF_ONE = 2
"""Addresses that one card sends for; more is a router on the way."""


@rule(
    "EG-404",
    "hidden_nat",
    Severity.LOW,
    Basis(10),
    title=N_("{ip} seems to be a home router"),
    because=N_(
        "{flows} flows came from {ip}, whose MAC address {mac} is of {maker}; such a box lets several machines use one address."
    ),
)
def hidden_nat(judged: Judged, scene: Scene, talks: Talks) -> Iterator[Conclusion]:
    """
    EG-404: an address in use belongs to a box of a maker of home routers; suspected, not proven.

    What: a host whose MAC address has a prefix of a maker on playbooks/watchlists/home-routers.toml sent at least
        twenty flows within ten minutes. One witness only: a network card of the same maker looks alike, and how
        many machines stand behind is not known from flows.
    Why: the number of terminals is part of the declaration (Article 10); a router that translates addresses hides
        terminals from the ledger and from every check.
    Mend: look at the port named; take the box off or set it to bridge; accept the finding when it is a plain host.
    Refuted: a look at the port shows a plain host with a card of that maker, or a box that bridges and each machine
        behind it with an address of its own.
    """
    batch = judged.batch
    suspects = {(plane, ip): one for (plane, ip), one in scene.by_ip.items() if one.maker} | _unwalked(judged, scene)
    for plane in {plane for plane, _ip in suspects}:
        values = [address_value(ip) for of, ip in suspects if of is plane]
        mine = judged.plane == PLANES.index(plane)
        rows = mine & np.isin(batch["src_lo"], np.array([lo for _, lo in values], np.uint64))
        for group in groups(judged, rows, batch["src_hi"], batch["src_lo"]):
            ip = text(judged, "src", group.row)
            seen = suspects.get((plane, ip))
            if seen is None or not _is_used(judged, group.rows, talks):
                continue
            subject: Subject = {"ip": ip} | placed(seen)
            yield conclusion(
                "EG-404",
                judged,
                scene,
                group,
                Plane(plane),
                subject,
                owner_of(judged, scene, group, seen),
                f"mac {seen.mac}",
                {"ip": ip, "mac": seen.mac, "maker": seen.maker},
            )


def _unwalked(judged: Judged, scene: Scene) -> dict[tuple[Plane, str], Terminal]:
    """Home routers behind exporters that no walk told of: by the card that their flows bear, where it sends for few addresses."""
    batch = judged.batch
    places = [scene.observers.get(address) for address in batch.exporters]
    blind = np.array([place is not None and not place.ports for place in places] or [False])
    if not scene.makers or not blind.any():
        return {}
    rows = blind[batch.exporter] & (batch["src_mac"] != 0) & (judged.plane >= 0)
    if not rows.any():
        return {}
    rows &= np.isin(spaces(judged, scene, judged.source), (Space.INSIDE, Space.ALLOCATED))
    cards: dict[tuple[Plane, int], set[str]] = {}
    for group in groups(judged, rows, judged.plane, batch["src_mac"], batch["src_hi"], batch["src_lo"]):
        place = PLANES[judged.plane[group.row]], int(batch["src_mac"][group.row])
        if place[1] not in scene.device_macs and maker(mac_text(place[1]), scene.makers):
            cards.setdefault(place, set()).add(text(judged, "src", group.row))
    return {
        (plane, ip): Terminal(plane, ip, mac_text(mac), maker=maker(mac_text(mac), scene.makers))
        for (plane, mac), several in cards.items()
        for ip in several
        if len(several) <= MOST_OF_ONE and (plane, ip) not in scene.by_ip
    }


def _is_used(judged: Judged, rows: np.ndarray[tuple[int], np.dtype[np.int64]], talks: Talks) -> bool:
    """Whether the address of these rows sent LEAST_FLOWS at one exporter within the memory of *talks*."""
    batch, kept = judged.batch, False
    key = (int(batch["src_hi"][rows[0]]), int(batch["src_lo"][rows[0]]), 0, 0, -1)
    numbers, counts = np.unique(batch.exporter[rows], return_counts=True)
    latest = int(batch["received"][rows].max())
    for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
        talk = talks.add(key, batch.exporters[number], count, latest, is_outward=True)
        kept = talk.is_kept(LEAST_FLOWS, 0)
    return kept
