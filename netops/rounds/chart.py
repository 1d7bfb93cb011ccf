"""The map of the whole city out of what was last seen, what is registered, and what stands."""

from __future__ import annotations

from netops.desk import Desk


def svg(desk: Desk) -> str:
    """The map as SVG text; see `netops.topology.layout`."""
    raise NotImplementedError
