"""Evidence (证据): what was seen, kept with the question that was asked and a hash that proves it unchanged."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec


def canonical(value: object) -> bytes:
    """*value* as JSON bytes with sorted keys: equal values give equal bytes."""
    return msgspec.json.encode(value, order="deterministic")


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def named(sha256: str) -> str:
    """The short name of the evidence with this hash."""
    return f"EV-{sha256[:12]}"


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One piece of evidence.

    Args:
        kind: snmp, lldp, arp, fdb, flow, declaration, register, ledger, document, inspection, bundle.
        source: device, exporter or record that says so.
        query: what was asked, so that it can be asked again (OID, filter, table).
        body: the answer, JSON values only.
        at: when it was collected.
    """

    kind: str
    source: str
    query: str
    body: dict[str, object]
    at: datetime

    @property
    def sha256(self) -> str:
        """Hash of everything above, hex."""
        return digest(self)

    @property
    def id(self) -> str:
        """Short stable name: the same evidence is never kept twice."""
        return named(self.sha256)
