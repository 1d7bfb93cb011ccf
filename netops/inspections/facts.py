"""What is known of one organization when it is inspected: plain values, gathered elsewhere. Pure; no I/O."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property

import msgspec

from netops.core.finding import Finding, State
from netops.core.language import N_, _
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.inspections.records import Records


class Kind(StrEnum):
    """What an organization is to the regulation; one may be several."""

    DEPARTMENT = "department"
    COUNTY = "county"
    PLATFORM = "platform"
    AUTHORITY = "authority"
    """信息化主管部门: answers for the duties of Articles 8, 11 and 30."""


def kind_words(kind: str) -> str:
    """What people call such a kind: a department is none of the counties, while any organization may act as one in netops."""
    return _(N_("municipal department") if kind == Kind.DEPARTMENT else kind)


class Look(msgspec.Struct, frozen=True):
    """
    Whether one source was looked at.

    Args:
        at: when it was last looked at, or None when never.
        why: English message id that says why not, when *at* is None.
    """

    at: datetime | None = None
    why: str = ""


class DeviceFact(msgspec.Struct, frozen=True):
    """
    A registered device.

    Args:
        asked: whether it is walked at all.
        seen_at: when it last answered, or None while it is silent.
        partial: whether some tables could not be read: silence about them proves nothing.
        exporter: whether flows are to come from it; *heard_at* is when one last came, or None.
    """

    plane: Plane
    name: str
    address: str
    organization: str
    asked: bool
    seen_at: datetime | None
    site: str = ""
    partial: bool = False
    exporter: bool = False
    heard_at: datetime | None = None


class PrefixFact(msgspec.Struct, frozen=True):
    """A pool of the register; *devices* are its gateway and its switch."""

    plane: Plane
    prefix: str
    organization: str
    granted_by: str
    devices: tuple[str, ...] = ()


class DeclarationFact(msgspec.Struct, frozen=True):
    """A declaration of Article 10; *in_force* when it was approved and neither suspended nor withdrawn."""

    plane: Plane
    number: str
    organization: str
    state: str
    in_force: bool
    nature: str
    scope: str
    equipment: tuple[tuple[str, str], ...]
    """(name, management address) of each declared device."""
    terminals: int
    date: str = ""


class AllocationFact(msgspec.Struct, frozen=True):
    """A span of addresses given to an organization; *pool* is the registered prefix that holds it, or ""."""

    plane: Plane
    span: str
    organization: str
    declaration: str
    pool: str
    granted_by: str = ""


class ExitFact(msgspec.Struct, frozen=True):
    """A registered internet exit; *first_seen* None while no traffic by it was seen."""

    id: str
    kind: str
    organization: str
    filing: str
    filed_on: str
    valid_until: str
    first_seen: datetime | None = None


class IncidentFact(msgspec.Struct, frozen=True):
    """One clock of an incident, or one paper about it; a time is None when it was not asked for or did not come."""

    number: str
    organization: str
    report_due: datetime | None = None
    reported_at: datetime | None = None
    notice_issued: datetime | None = None
    answer_due: datetime | None = None
    answered_at: datetime | None = None


class CaseFact(msgspec.Struct, frozen=True):
    """
    One incident.

    Args:
        category: of GB/T 20986-2023, such as "6.7".
        overdue: whether one of its clocks ran out while it is open.
        findings: ids of those that it is about.
    """

    number: str
    organization: str
    category: str
    known: datetime
    is_open: bool
    overdue: bool = False
    findings: tuple[str, ...] = ()


class PaperFact(msgspec.Struct, frozen=True):
    """
    One issued paper.

    Args:
        instrument: kind of paper, such as "rectification_order".
        duties: what it answers, as the gate was asked: "measures:A16-2".
        day: ISO date; *lapsed*: rows of the law that it used and that were not in force on that day.
    """

    number: str
    instrument: str
    organization: str
    duties: tuple[str, ...]
    day: str
    lapsed: tuple[str, ...] = ()


class AccountFact(msgspec.Struct, frozen=True):
    """One enabled account: what is typed, whose it is, its role, and whether a second factor guards it."""

    name: str
    person: str
    role: str
    second_factor: bool = False


class RunFact(msgspec.Struct, frozen=True):
    """One round of the timetable: how often it is to run (seconds, 0 never), and when it last did its work."""

    name: str
    period_seconds: float
    done_at: datetime | None


class JournalFact(msgspec.Struct, frozen=True):
    """The journal as it was verified: how many entries, the hash of the newest, and what is wrong, or ""."""

    entries: int
    head: str
    fault: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """
    Everything that the automatic checks may look at.

    Rows are the whole city's; *organization* says whose checklist is answered. None instead of rows
    means that the source is not there, and the look of that name says why.

    Args:
        version: version of the register in force; 0 when nothing was applied.
        looks: by "walk/extranet", "reconcile/extranet", "egress/extranet", "incidents", "ledger", "declarations".
        terminals: distinct terminals seen lately by (plane, organization).
        inspected: when an inspector last answered, by organization.
        records: the registers; None when they could not be read.
        cases: incidents that were not merged away or false; *papers*: issued ones.
    """

    organization: Organization
    kinds: frozenset[Kind]
    at: datetime
    version: int = 0
    planes: tuple[Plane, ...] = tuple(Plane)
    looks: dict[str, Look] = {}
    devices: tuple[DeviceFact, ...] = ()
    prefixes: tuple[PrefixFact, ...] = ()
    declarations: tuple[DeclarationFact, ...] | None = None
    allocations: tuple[AllocationFact, ...] | None = None
    exits: tuple[ExitFact, ...] = ()
    findings: tuple[Finding, ...] = ()
    terminals: dict[tuple[Plane, str], int] = {}
    incidents: tuple[IncidentFact, ...] | None = None
    inspected: dict[str, datetime] = {}
    supervised: tuple[str, ...] = ()
    """Codes of the other organizations, which the authority inspects."""
    kept: frozenset[str] = frozenset()
    """Which particulars the register of organizations keeps: those that it has of at least one of them."""
    records: Records | None = None
    cases: tuple[CaseFact, ...] | None = None
    papers: tuple[PaperFact, ...] | None = None
    accounts: tuple[AccountFact, ...] = ()
    runs: tuple[RunFact, ...] = ()
    journal: JournalFact | None = None
    listened: dict[tuple[Plane, str], datetime] = {}
    """When mirror ports were last listened to, by plane and device; "" stands for one of the platform, which sees everybody."""
    flow_days: int | None = None
    """How long flow records are kept, in days; 0 when they are not kept, None when nobody knows."""

    @property
    def code(self) -> str:
        """Code of the organization."""
        return self.organization.code

    def present(self) -> tuple[Plane, ...]:
        """The planes in which the organization has anything on paper."""
        rows: tuple[DeviceFact | PrefixFact | DeclarationFact | AllocationFact, ...] = (
            *self.devices,
            *self.prefixes,
            *(self.declarations or ()),
            *(self.allocations or ()),
        )
        planes = {row.plane for row in rows if row.organization == self.code}
        planes |= {Plane.EXTRANET for one in self.exits if one.organization == self.code}
        return tuple(plane for plane in Plane if plane in planes)

    def watched(self, plane: Plane) -> tuple[DeviceFact, ...]:
        """The devices that show the organization in *plane*: its own, and the gateways and switches of its prefixes."""
        serving = {
            name
            for row in self.prefixes
            if row.plane is plane and row.organization == self.code
            for name in row.devices
        }
        return tuple(
            one
            for one in self.devices
            if one.plane is plane and (one.organization == self.code or one.name in serving)
        )

    def heard(self, plane: Plane) -> Look:
        """When a mirror port that shows the organization in *plane* was last listened to."""
        names = ("", *(one.name for one in self.watched(plane)))
        times = [self.listened[plane, name] for name in names if (plane, name) in self.listened]
        return Look(max(times)) if times else Look(why=N_("no mirror port that shows it was listened to"))

    def standing(self, *kinds: str, city: bool = False) -> tuple[Finding, ...]:
        """Findings of these kinds that stand against the organization, or against anybody with *city*."""
        rows = self.findings if city else self._mine
        return tuple(one for one in rows if one.kind in kinds and self.stands(one))

    def accepted(self, *kinds: str, city: bool = False) -> tuple[Finding, ...]:
        """Findings of these kinds that stand as exceptions with an end still to come."""
        rows = self.findings if city else self._mine
        return tuple(
            one
            for one in rows
            if one.kind in kinds and one.state is State.ACCEPTED and not self.stands(one)
        )

    def stands(self, finding: Finding) -> bool:
        """True unless resolved, or accepted until a day that has not passed."""
        if finding.state is State.RESOLVED:
            return False
        return finding.state is not State.ACCEPTED or bool(
            finding.accepted_until and finding.accepted_until < self.at.date().isoformat()
        )

    @cached_property
    def _mine(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if self._is_mine(one))

    @cached_property
    def _owned(self) -> frozenset[tuple[Plane, str]]:
        return frozenset((one.plane, one.name) for one in self.devices if one.organization == self.code)

    def _is_mine(self, finding: Finding) -> bool:
        """Its own, or a link with one end on a device of its own: a cable between two is the breach of both."""
        if finding.organization == self.code:
            return True
        ends = [end for end in (finding.subject.get("a"), finding.subject.get("b")) if isinstance(end, dict)]
        if not ends and not finding.organization:
            ends = [finding.subject]
        return any(
            (finding.plane, str(end.get(key))) in self._owned
            for end in ends
            for key in ("device", "switch")
            if end.get(key)
        )
