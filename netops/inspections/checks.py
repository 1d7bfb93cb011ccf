"""The named automatic checks: what an item of a catalogue may write as `check`."""

from __future__ import annotations

from collections.abc import Mapping

from netops.inspections import access, duties, network, office, online, written
from netops.inspections.answer import Check

CHECKS: Mapping[str, Check] = {
    "topology_complete": network.topology_complete,
    "one_plane": network.one_plane,
    "no_private_backbone": network.no_private_backbone,
    "interconnection_on_platform": network.interconnection_on_platform,
    "shared_exit": network.shared_exit,
    "separate_exit_filed": network.separate_exit_filed,
    "connected": access.connected,
    "nature_declared": access.nature_declared,
    "scope_declared": access.scope_declared,
    "equipment_as_declared": access.equipment_as_declared,
    "terminals_as_declared": access.terminals_as_declared,
    "pool_complete": access.pool_complete,
    "only_allocated": access.only_allocated,
    "organization_registered": duties.organization_registered,
    "responsible_person": duties.responsible_person,
    "security_officer": duties.security_officer,
    "protection_level": duties.protection_level,
    "management_system": duties.management_system,
    "contingency_plan": duties.contingency_plan,
    "reports_on_time": duties.reports_on_time,
    "notices_answered": duties.notices_answered,
    "inspected_regularly": duties.inspected_regularly,
    "recorded": written.recorded,
    "everyone_recorded": written.everyone_recorded,
    "interfaces_provided": written.interfaces_provided,
    "pages_in_order": online.pages_in_order,
    "nothing_found": online.nothing_found,
    "runs_safely": office.runs_safely,
    "no_such_incident": office.no_such_incident,
    "orders_lawful": office.orders_lawful,
    "rounds_on_time": office.rounds_on_time,
    "backup_made": office.backup_made,
    "roles_apart": office.roles_apart,
    "journal_whole": office.journal_whole,
    "flows_kept": office.flows_kept,
}
