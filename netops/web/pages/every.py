"""Every page and every act: the one list that the routes, and the tests of who may see what, are made of."""

from __future__ import annotations

from netops.web.pages import (
    accounts,
    addresses,
    allocations,
    answering,
    comparisons,
    declaration_files,
    declaration_form,
    declaration_steps,
    declarations,
    devices,
    documents,
    egress,
    findings,
    flows,
    front,
    incident_acts,
    incidents,
    inspections,
    log,
    registers,
    search,
    topology,
)
from netops.web.pages.page import Act, Page

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *search.PAGES,
    *findings.PAGES,
    *addresses.PAGES,
    *allocations.PAGES,
    *incidents.PAGES,
    *documents.PAGES,
    *topology.PAGES,
    *devices.PAGES,
    *declarations.PAGES,
    *registers.PAGES,
    *egress.PAGES,
    *flows.PAGES,
    *comparisons.PAGES,
    *inspections.PAGES,
    *log.PAGES,
    *accounts.PAGES,
)
ACTS: tuple[Act, ...] = (
    *findings.ACTS,
    *allocations.ACTS,
    *incident_acts.ACTS,
    *documents.ACTS,
    *declaration_files.ACTS,
    *declaration_steps.ACTS,
    *declaration_form.ACTS,
    *registers.ACTS,
    *answering.ACTS,
    *accounts.ACTS,
)
