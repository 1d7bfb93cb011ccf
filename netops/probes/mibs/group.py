"""Columns that are read together, and where the trees of the standards and the vendors begin. Pure; no I/O."""

from __future__ import annotations

from typing import NamedTuple

from netops.core.walk import Column


class Group(NamedTuple):
    """
    Columns that are read together, the first deciding.

    Args:
        name: what people are told when it could not be read.
        objects: object name to OID, in the order of reading.
        gated: an empty first column means that the rest is empty.
        unless: objects that make this group needless when they gave rows (an older table of the same facts).
        vendor: what sysObjectID starts with on devices that have it (IANA enterprise numbers); "" for all.
    """

    name: str
    objects: dict[str, str]
    gated: bool = False
    unless: tuple[str, ...] = ()
    vendor: str = ""

    def concerns(self, columns: dict[str, Column]) -> bool:
        """Whether a device that said *columns* so far can have this group, and needs it."""
        if any(columns.get(other) for other in self.unless):
            return False
        return not self.vendor or is_vendor(columns, self.vendor, unsaid=True)


def is_vendor(columns: dict[str, Column], enterprise: str, *, unsaid: bool = False) -> bool:
    """Whether sysObjectID lies below *enterprise*; *unsaid* for a device that does not say what it is."""
    known = str(columns.get("sysObjectID", {}).get((0,), ""))
    return f"{known}.".startswith(f"{enterprise}.") if known else unsaid


MIB2 = "1.3.6.1.2.1"
LLDP = "1.0.8802.1.1.2.1"
LLDP_V2 = "1.3.111.2.802.1.1.13.1"
CISCO, HUAWEI, JUNIPER, TP_LINK = (f"1.3.6.1.4.1.{number}" for number in (9, 2011, 2636, 11863))
FORTINET, FOUNDRY, MIKROTIK = (f"1.3.6.1.4.1.{number}" for number in (12356, 1991, 14988))
Q_BRIDGE_IEEE = "1.3.111.2.802.1.1.4.1"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
LAG = "1.2.840.10006.300.43.1"
CISCO_ISIS = f"{CISCO}.10.118.1"
FDP = f"{FOUNDRY}.1.1.3.20.1.2.1.1"
MNDP = f"{MIKROTIK}.1.1.11.1.1"
CDP = f"{CISCO}.9.23.1.2.1.1"
ISIS, OSPF, OSPF_V3, BGP = (f"{MIB2}.{number}" for number in (138, 14, 191, 15))
