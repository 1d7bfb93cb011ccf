"""Allocations as papers show them: addresses with mask, gateway and VLAN, official names, days in the city."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

import msgspec

from netops.addresses import tiles
from netops.addresses.allocation import Allocation, AllocationState
from netops.addresses.pool import Pool
from netops.addresses.prefix import PrefixRole
from netops.addresses.span import TOP, Span, is_ipv4
from netops.addresses.tile import innermost
from netops.core import journal
from netops.core.clock import CITY_ZONE
from netops.core.language import _
from netops.core.paper import chinese_date
from netops.core.plane import Plane
from netops.desk import Desk

PLANES = {Plane.INTRANET: "政务内网", Plane.EXTRANET: "政务外网"}
STATES = {
    AllocationState.ACTIVE: "已分配", AllocationState.RESERVED: "预留", AllocationState.QUARANTINE: "冷却",
    AllocationState.RELEASED: "已收回",
}  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One allocation as papers show it."""

    id: str
    addresses: str
    count: int
    pool: str
    mask: str
    gateway: str
    vlan: int
    organization: str
    name: str
    purpose: str
    device: str
    mac: str
    state: str
    declaration: str
    since: str
    until: str


def today(desk: Desk) -> date:
    """The day in the city that the desk looks from."""
    return (desk.at or desk.clock()).astimezone(CITY_ZONE).date()


def authority(desk: Desk, plane: Plane, language: str = "zh") -> str:
    """Name on paper of who is in charge of the plane's addresses."""
    settings = desk.config.planes.get(plane)
    code = (settings.authority if settings else "") or desk.config.city.authority
    return name_on_paper(desk, code, language) if code else desk.config.city.title(language)


def common_fields(desk: Desk, plane: Plane, organization: str = "", language: str = "zh") -> dict[str, str]:
    """What every wording may say: city, plane, authority, organization, today."""
    day_of_today = today(desk).isoformat()
    return {
        "city": desk.config.city.title(language), "plane": plane_name(plane, language),
        "authority": authority(desk, plane, language), "organization": name_on_paper(desk, organization, language),
        "today": chinese_date(day_of_today) if language == "zh" else day_of_today,
    }  # fmt: skip


def official_name(desk: Desk, code: str) -> str:
    """The official name, which documents use whatever language is spoken."""
    entry = desk.register.organization.get(code)
    return entry.name_zh if entry else code


def name_on_paper(desk: Desk, code: str, language: str) -> str:
    """The official name; in English the one that the register has for it, if any."""
    entry = desk.register.organization.get(code)
    return entry.name_en if language == "en" and entry and entry.name_en else official_name(desk, code)


def plane_name(plane: Plane, language: str) -> str:
    """What a network is called on paper."""
    return PLANES[plane] if language == "zh" else _(plane.label)


def foot(desk: Desk) -> str:
    """The head of the journal, as every paper about addresses shows it."""
    return _("head of the journal {head}").format(head=journal.head(desk.store)[:16])


def lines_of(desk: Desk, plane: Plane, listed: Iterable[Allocation], language: str = "zh") -> list[Line]:
    """Allocations as papers show them, in the order given."""
    pools = tiles.pools(desk.store, plane)
    around = _innermost(pools)
    entries = desk.register.prefix_of(plane)
    made = []
    for one in listed:
        pool = around(one.span.first)
        entry = entries.get(pool.prefix) if pool else None
        made.append(Line(
            one.id, str(one.span), one.span.size, pool.prefix if pool else "", _mask(one.span, pool),
            entry.gateway_address if entry else "", entry.vlan if entry else 0, one.organization,
            name_on_paper(desk, one.organization, language), one.purpose, one.device, one.mac,
            STATES[one.state] if language == "zh" else str(one.state), one.declaration,
            day(one.since), day(one.free_after),
        ))  # fmt: skip
    return made


def _innermost(pools: Sequence[Pool]) -> Callable[[int], Pool | None]:
    """Gives the smallest registered prefix around an address."""
    by_name = {pool.prefix: pool for pool in pools}
    pieces = innermost([(pool.span, pool.prefix) for pool in pools], Span(0, TOP))
    firsts = [span.first for span, _ in pieces]

    def around(address: int) -> Pool | None:
        return by_name.get(pieces[bisect_right(firsts, address) - 1][1])

    return around


def _mask(span: Span, pool: Pool | None) -> str:
    """The mask of the LAN in which the addresses lie; a block outside a LAN has its own."""
    if pool is not None and pool.role is PrefixRole.POOL:
        length = int(pool.prefix.partition("/")[2] or (32 if is_ipv4(span.first) else 128))
    elif "/" in str(span):
        length = int(str(span).partition("/")[2])
    else:
        return ""
    if not is_ipv4(span.first):
        return f"/{length}"
    return ".".join(
        str((0xFFFFFFFF << (32 - length) & 0xFFFFFFFF) >> shift & 255) for shift in (24, 16, 8, 0)
    )


def day(at: datetime | None) -> str:
    """The day in the city, ISO, or ""."""
    return at.astimezone(CITY_ZONE).date().isoformat() if at else ""
