"""A roster (清册) as it is written: taken in again, it changes nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netops.addresses.allocation import Allocation, AllocationState
from netops.addresses.columns import WRITTEN, called
from netops.addresses.roster import shown_day
from netops.core.sheet import guarded

STATES = {
    AllocationState.ACTIVE: "已分配",
    AllocationState.RESERVED: "预留",
    AllocationState.QUARANTINE: "冷却",
}
"""As a Chinese roster says them."""


def rows_of(allocations: Iterable[Allocation], language: str) -> Iterator[dict[str, str]]:
    """The roster of *allocations*, one row each, by the columns that are written: taken in again it changes nothing."""
    words = STATES if language == "zh" else {}
    for one in allocations:
        reserved = one.state is AllocationState.RESERVED
        yield {
            "number": one.id, "addresses": str(one.span), "organization": one.organization,
            "declaration": one.declaration, "purpose": one.purpose, "state": words.get(one.state, str(one.state)),
            "reserved_until": shown_day(one.free_after) if reserved else "", "mac": one.mac, "device": one.device,
            "note": one.note, "tags": ", ".join(one.tags), "over_quota": one.over_quota, "since": shown_day(one.since),
        }  # fmt: skip


def cells_of(allocations: Iterable[Allocation], language: str) -> Iterator[list[str]]:
    """As `rows_of`, cells in the order of the columns, each so that no program takes it for a formula."""
    for row in rows_of(allocations, language):
        yield [guarded(row[name]) for name in WRITTEN]


def heads(language: str) -> list[str]:
    """The heading row, "zh" or "en"."""
    return [called(name, language) for name in WRITTEN]
