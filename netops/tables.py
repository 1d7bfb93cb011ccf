"""Every table of the store in one metadata: what a migration is compared with."""

from __future__ import annotations

from importlib import import_module

STORAGE = (
    "netops.core.ids", "netops.core.journal", "netops.core.docket", "netops.core.applied",
    "netops.topology.snapshots", "netops.addresses.tiles", "netops.addresses.holdings", "netops.addresses.ledger",
    "netops.declarations.filings", "netops.egress.hits", "netops.incidents.casebook", "netops.incidents.papers",
    "netops.inspections.archive", "netops.rounds.diary",
)  # fmt: skip

for module in STORAGE:
    import_module(module)
