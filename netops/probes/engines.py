"""Two SNMP engines behind one small interface: our own codec for walks, pysnmp as fallback and reference."""

from __future__ import annotations

from netops.probes.credentials import Credential
from netops.probes.native import Native
from netops.probes.reference import Pysnmp
from netops.probes.session import AuthenticationFault, Engine, EngineFault, Refused, TooBig

__all__ = [
    "ENGINES",
    "AuthenticationFault",
    "Credential",
    "Engine",
    "EngineFault",
    "Native",
    "Pysnmp",
    "Refused",
    "TooBig",
]

ENGINES: dict[str, type[Native] | type[Pysnmp]] = {"native": Native, "pysnmp": Pysnmp}
"""In the order in which a device that nobody knows is asked by them."""
