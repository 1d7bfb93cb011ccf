"""Every table of the store in one metadata: what a migration is compared with."""

from __future__ import annotations

from importlib import import_module

STORAGE = (
    "netops.core.ids",
    "netops.core.journal",
    "netops.core.docket",
    "netops.core.applied",
    "netops.topology.snapshots",
    "netops.addresses.ledger",
    "netops.declarations.filings",
    "netops.egress.hits",
    "netops.incidents.casebook",
    "netops.inspections.archive",
    "netops.rounds.diary",
)

for module in STORAGE:
    try:
        import_module(module)
    except ModuleNotFoundError as error:  # a room that is still being built
        if error.name != module:
            raise
