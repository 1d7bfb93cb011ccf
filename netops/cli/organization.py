"""`netops organization`: list, show."""

from __future__ import annotations

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled
from netops.core.language import N_, _


@click.group(cls=Group)
def organization() -> None:
    """Organizations of the register: who connects, who answers."""


@organization.command("list")
def list_() -> None:
    """Every organization of the register."""
    out = output()
    with desk() as opened:
        out.records(
            "organization",
            opened.register.organizations,
            [
                Column(N_("code"), lambda one: one.code, style="cyan"),
                Column(N_("name"), lambda one: opened.register.name(one.code)),
                Column(N_("level"), lambda one: _(one.level)),
                Column(N_("protection level"), lambda one: one.protection_level or None, right=True),
                Column(
                    N_("security officer"),
                    lambda one: one.security_officer.name if one.security_officer else None,
                ),
                Column(N_("contingency plan"), lambda one: one.contingency_plan),
            ],
            empty=_("The register is empty."),
            next_step="" if opened.register.organizations else "netops inventory apply",
        )


@organization.command()
@click.argument("code")
def show(code: str) -> None:
    """One organization: officers, level, plans, and what stands against it."""
    from netops.core import docket
    from netops.core.errors import Missing
    from netops.core.finding import STANDING
    from netops.rounds import look

    out = output()
    with desk() as opened:
        one = opened.register.organization.get(code)
        if one is None:
            raise Missing("there is no organization {code}", "", "netops organization list", code=code)
        findings = docket.listed(opened.store, state=STANDING, organization=code)

        def text() -> None:
            assert one is not None  # noqa: S101 - checked above
            out.line(f"{opened.register.name(code)} ({code})", style="bold")
            for label, officer in (
                (_("responsible person"), one.responsible),
                (_("security officer"), one.security_officer),
            ):
                out.line(f"  {labelled(label)}" + (f"{officer.name} {officer.phone}".strip() if officer else "—"))
            for label, value in (
                (_("protection level"), one.protection_level or "—"),
                (_("management system"), one.management_system or "—"),
                (_("contingency plan"), one.contingency_plan or "—"),
                (_("last drill"), one.drilled or "—"),
            ):
                out.line(f"  {labelled(label)}{value}")
            for finding in findings:
                out.line(f"  ✗ {finding.id} {finding.code} {look.title(finding)}", style="red")

        out.record(
            "organization",
            {"organization": one, "findings": [look.finding_record(finding) for finding in findings]},
            text,
        )
