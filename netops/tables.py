"""Every table of the store in one metadata: what a migration is compared with."""

from __future__ import annotations

from importlib import import_module

STORAGE = (
    "netops.core.ids", "netops.core.journal", "netops.core.joint", "netops.core.custody",
    "netops.core.docket", "netops.core.tally", "netops.core.applied",
    "netops.core.accounts",
    "netops.topology.eventlog", "netops.topology.baselines", "netops.topology.states", "netops.topology.identities",
    "netops.topology.chronicle", "netops.topology.snapshots",
    "netops.topology.carried", "netops.addresses.tiles", "netops.addresses.holdings",
    "netops.addresses.ledger", "netops.addresses.sources", "netops.addresses.usage", "netops.addresses.trend",
    "netops.declarations.filings", "netops.egress.hits", "netops.egress.leads", "netops.egress.allowed",
    "netops.egress.followed", "netops.egress.parts", "netops.egress.coverage",
    "netops.incidents.casebook", "netops.incidents.papers", "netops.incidents.proceedings", "netops.incidents.announced",
    "netops.inspections.archive", "netops.inspections.followup", "netops.inspections.packs",
    "netops.registers.entries", "netops.registers.attachments", "netops.registers.visits",
    "netops.rounds.diary",
    "netops.probes.memory",
)  # fmt: skip

for module in STORAGE:
    import_module(module)
