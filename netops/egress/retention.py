"""Retention (留存期): which files of the archive are over their time, or must go because there is no room. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from netops.core.language import N_
from netops.egress.parts import Part

SIX_MONTHS = timedelta(days=184)
"""The longest six months: network logs are kept that long at least by the Cybersecurity Law (网络安全法)."""
ROLLUP_DAYS = 3660


class Going(NamedTuple):
    """
    A file that leaves the archive.

    Args:
        why: message id.
        early: its flows are younger than six months.
    """

    part: Part
    why: str
    early: bool


def plan(parts: Iterable[Part], at: datetime, keep_days: int, keep_bytes: int) -> list[Going]:
    """
    What leaves the archive now, oldest first.

    Args:
        keep_bytes: the most that flows may take; 0 is no limit. Roll-ups do not count, and stay for ten years.
    """
    going: list[Going] = []
    flows = sorted((one for one in parts if one.kind != "rollup"), key=lambda one: one.last)
    size = sum(one.size for one in flows)
    for one in flows:
        age = at - datetime.fromtimestamp(one.last / 1000, at.tzinfo)
        if age > timedelta(days=keep_days):
            going.append(Going(one, N_("older than [flows] keep_days"), age < SIX_MONTHS))
        elif keep_bytes and size > keep_bytes:
            going.append(Going(one, N_("more than [flows] keep_gib"), age < SIX_MONTHS))
        else:
            break
        size -= one.size
    end = at - timedelta(days=ROLLUP_DAYS)
    going += [
        Going(one, N_("older than ten years"), early=False)
        for one in parts
        if one.kind == "rollup" and one.last < end.timestamp() * 1000
    ]
    return going
