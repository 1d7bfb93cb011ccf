"""
Proof of separation (隔离证明): is there any path, at any layer, between the planes, or from the intranet to the internet?

The answer is the path with its evidence, or that none was found, with what could not be seen. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.topology.crossing import INTERNET, Device, Step, crossings, open_ways
from netops.topology.device import DeviceView
from netops.topology.expected import sources
from netops.topology.link import Link, LinkEnd


class Cover(msgspec.Struct, frozen=True):
    """
    What the answer rests on.

    Args:
        devices, answered: how many were asked and how many answered whole.
        silent: those that did not answer, with why (English message id and facts); partial: those read in part.
        mute: devices that speak no neighbour protocol; blind: bridges-to-be without a forwarding table, and routers
            without an ARP table, which cannot tell who hangs on them.
    """

    devices: int
    answered: int
    silent: tuple[Unreachable, ...] = ()
    partial: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every device answered, and in full."""
        return not (self.silent or self.partial) and 0 < self.devices == self.answered


class Answer(msgspec.Struct, frozen=True):
    """
    The answer to one question.

    Args:
        question: "intranet-extranet" or "intranet-internet".
        path: the shortest one; empty when none was found.
        crossings: how many crossings there are in all.
    """

    question: str
    path: tuple[Step, ...]
    crossings: int
    cover: Cover

    @property
    def verdict(self) -> str:
        """English message id."""
        if self.path:
            return N_("there is a path")
        return (
            N_("no path was found") if self.cover.is_whole else N_("no path was found in what could be seen")
        )


def answers(
    views: Sequence[DeviceView],
    links: Sequence[Link],
    nets: dict[Plane, tuple[str, ...]],
    exits: Collection[Device] = (),
    unseen: Sequence[Unreachable] = (),
    vlans: Mapping[Plane, Collection[int]] | None = None,
) -> list[Answer]:
    """
    Both questions.

    Args:
        links: every link between known devices, of every layer.
        nets: the planes' own prefixes.
        exits: devices of the extranet with a registered exit; those whose default route leaves it count as well.
        vlans: 802.1Q ids of the planes' registered LANs.
    """
    cover = covered(views, unseen)
    found = list(crossings(views, links, nets, vlans or {}))
    within_planes = [link for link in links if not link.crosses_planes]
    across = _shortest(within_planes, found, None)
    out = _shortest(within_planes, found, {*exits, *open_ways(views, nets)})
    ways = [step for step in found if step.b == INTERNET]
    straight = (ways[0],) if ways else ()
    return [
        Answer("intranet-extranet", across, len(found) - len(ways), cover),
        Answer("intranet-internet", straight or out, len(ways) or (len(found) if out else 0), cover),
    ]


def covered(views: Sequence[DeviceView], unseen: Sequence[Unreachable]) -> Cover:
    """What could be seen, and what not."""
    names = {(one.plane, one.device) for one in unseen}
    fresh = [view for view in views if (view.plane, view.key) not in names]
    return Cover(
        len(fresh) + len(names),
        len([view for view in fresh if not view.partial]),
        tuple(unseen),
        tuple(view.key for view in fresh if view.partial),
        tuple(view.key for view in fresh if not view.ports and not view.neighbors),
        tuple(view.key for view in fresh if not view.fdb and not view.arp),
    )


# ---- paths
def _shortest(links: Sequence[Link], found: Sequence[Step], goals: set[Device] | None) -> tuple[Step, ...]:
    """The fewest steps out of the intranet over a crossing, to any of *goals* (anything beyond for None)."""
    around: dict[Device, list[tuple[Device, Step]]] = defaultdict(list)
    for link in links if goals is not None else ():
        for here, there in (link.ends, link.ends[::-1]):
            around[here.plane, here.device].append(((there.plane, there.device), _along(link, here, there)))
    reached: dict[Device, tuple[Step, ...]] = {}
    for step in found:
        if step.b != INTERNET:
            # What a device of the extranet tells leads there as well as what one of the intranet tells.
            beyond = (step.b_plane, step.b) if step.a_plane is Plane.INTRANET else (step.a_plane, step.a)
            reached.setdefault(beyond, (step,))
    waiting = list(reached)
    for device in waiting:
        if goals is None or device in goals:
            return reached[device]
        for following, step in around[device]:
            if following not in reached:
                reached[following] = (*reached[device], step)
                waiting.append(following)
    return ()


def _along(link: Link, here: LinkEnd, there: LinkEnd) -> Step:
    told = tuple(sorted({claim.device for claim in link.claims}))
    return Step(
        here.plane,
        here.device,
        there.plane,
        there.device,
        "link",
        sources(link),
        told,
        here.interface,
        there.interface,
    )
