"""The two planes (网络平面): networks of one city that never share a wire (Article 8)."""

from __future__ import annotations

from enum import StrEnum


class Plane(StrEnum):
    """政务内网 or 政务外网. Every record of netops carries one."""

    INTRANET = "intranet"
    EXTRANET = "extranet"

    @property
    def other(self) -> Plane:
        """The plane that must not be reachable from this one."""
        return Plane.EXTRANET if self is Plane.INTRANET else Plane.INTRANET

    @property
    def label(self) -> str:
        """English message id; the catalogue holds 政务内网 and 政务外网."""
        return "intranet" if self is Plane.INTRANET else "extranet"
