"""The automatic checks: each says conform, nonconform and unchecked, and never takes what was not seen for conform."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from netops.core.basis import Basis
from netops.core.finding import Finding, Severity, State
from netops.core.organization import Officer, Organization
from netops.core.plane import Plane
from netops.inspections.answer import Result
from netops.inspections.checks import CHECKS
from netops.inspections.facts import (
    AllocationFact,
    DeclarationFact,
    DeviceFact,
    ExitFact,
    Facts,
    IncidentFact,
    Kind,
    Look,
    PrefixFact,
)

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
E, I = Plane.EXTRANET, Plane.INTRANET  # noqa: E741

FIN = Organization(
    "fin",
    "示例市财政局",
    protection_level=3,
    responsible=Officer("张三", "0000", "2026-03-01"),
    security_officer=Officer("李四", "0001", "2026-06-30"),
    management_system="网络安全管理制度",
    contingency_plan="网络安全应急预案",
    drilled="2026-05-20",
)
ROUTER = DeviceFact(
    E,
    "r-fin",
    "10.20.255.11",
    "fin",
    asked=True,
    seen_at=NOON - HOUR,
    site="二楼机房",
    exporter=True,
    heard_at=NOON - HOUR,
)
SWITCH = DeviceFact(E, "sw-fin", "10.20.11.2", "fin", asked=True, seen_at=NOON - HOUR, site="二楼机房")
CORE = DeviceFact(E, "core", "10.20.255.1", "centre", asked=True, seen_at=NOON - HOUR, site="中心机房")
DECLARED = DeclarationFact(
    E,
    "DECL-1",
    "fin",
    "approved",
    in_force=True,
    nature="部门局域网",
    scope="公文、财政业务",
    equipment=(("r-fin", "10.20.255.11"), ("sw-fin", "10.20.11.2")),
    terminals=30,
    date="2026-01-10",
)
SEPARATE = ExitFact("edu-own", "separate", "fin", "XT-2025-7", "2025-09-01", "2027-09-01", NOON - 30 * HOUR)
LOOKS = {f"{name}/{plane}": Look(NOON - HOUR) for name in ("walk", "reconcile", "egress") for plane in Plane}

SOUND = Facts(
    organization=FIN,
    kinds=frozenset({Kind.DEPARTMENT}),
    at=NOON,
    version=3,
    looks=LOOKS,
    devices=(ROUTER, SWITCH, CORE),
    prefixes=(PrefixFact(E, "10.20.11.0/24", "fin", "省电政办〔2025〕9号", ("r-fin", "sw-fin")),),
    declarations=(DECLARED,),
    allocations=(
        AllocationFact(E, "10.20.11.10-10.20.11.60", "fin", "DECL-1", "10.20.11.0/24", "省电政办〔2025〕9号"),
    ),
    terminals={(E, "fin"): 28},
    incidents=(),
    supervised=("fin",),
)


def but(**changes: Any) -> Facts:
    """SOUND with some facts changed."""
    return msgspec.structs.replace(SOUND, **changes)


def finding(
    kind: str, subject: dict[str, Any] | None = None, organization: str = "fin", **more: Any
) -> Finding:
    """A standing finding of a kind."""
    values: dict[str, Any] = {
        "id": "F-0042",
        "code": "XX-001",
        "kind": kind,
        "plane": E,
        "severity": Severity.HIGH,
        "organization": organization,
        "subject": subject or {"organization": "fin"},
        "basis": (Basis(12),),
        "facts": {},
        "first_seen": NOON,
        "last_seen": NOON,
        "count": 1,
        "state": State.OPEN,
        "evidence": ("EV-1",),
    }
    return Finding(**(values | more))


def officer(**changes: Any) -> Facts:
    """SOUND with the organization's own entry changed."""
    return but(organization=msgspec.structs.replace(FIN, **changes))


NEVER = but(looks={})
EMPTY = but(version=0)
SILENT = but(devices=(msgspec.structs.replace(ROUTER, seen_at=None), SWITCH, CORE))
AUTHORITY = frozenset({Kind.DEPARTMENT, Kind.AUTHORITY})
ON_TIME = IncidentFact(
    "INC-1", "fin", NOON - HOUR, NOON - 2 * HOUR, NOON - 3 * HOUR, NOON + HOUR, NOON - HOUR
)

CASES: dict[str, tuple[Facts, Facts, Facts]] = {
    # check: conform, nonconform, unchecked
    "topology_complete": (SOUND, but(findings=(finding("missing_device"),)), SILENT),
    "one_plane": (SOUND, but(findings=(finding("cross_plane"),)), SILENT),
    "no_private_backbone": (SOUND, but(findings=(finding("bypass_link"),)), NEVER),
    "interconnection_on_platform": (SOUND, but(findings=(finding("undeclared_link"),)), SILENT),
    "shared_exit": (
        SOUND,
        but(findings=(finding("rogue_exit_host", {"ip": "10.20.11.30"}),)),
        but(looks={"walk/extranet": Look(NOON - HOUR)}),
    ),
    "separate_exit_filed": (
        but(exits=(SEPARATE,)),
        but(exits=(msgspec.structs.replace(SEPARATE, filing=""),)),
        but(exits=(msgspec.structs.replace(SEPARATE, first_seen=None),)),
    ),
    "connected": (SOUND, but(declarations=()), NEVER),
    "nature_declared": (
        SOUND,
        but(declarations=(msgspec.structs.replace(DECLARED, nature=" "),)),
        but(declarations=None),
    ),
    "scope_declared": (SOUND, but(declarations=(msgspec.structs.replace(DECLARED, scope=""),)), EMPTY),
    "equipment_as_declared": (
        SOUND,
        but(declarations=(msgspec.structs.replace(DECLARED, equipment=()),)),
        SILENT,
    ),
    "terminals_as_declared": (SOUND, but(findings=(finding("over_declared"),)), but(terminals={})),
    "pool_complete": (
        SOUND,
        but(allocations=(AllocationFact(E, "10.99.0.1", "fin", "DECL-1", ""),)),
        but(allocations=None),
    ),
    "only_allocated": (
        SOUND,
        but(findings=(finding("unallocated_address"),)),
        but(looks={"walk/extranet": Look(NOON - HOUR)}),
    ),
    "organization_registered": (SOUND, SOUND, EMPTY),
    "responsible_person": (SOUND, officer(responsible=None), EMPTY),
    "security_officer": (SOUND, officer(security_officer=Officer(" ")), EMPTY),
    "protection_level": (SOUND, officer(protection_level=0), EMPTY),
    "management_system": (SOUND, officer(management_system=""), EMPTY),
    "contingency_plan": (SOUND, officer(contingency_plan=""), EMPTY),
    "reports_on_time": (
        but(incidents=(ON_TIME,)),
        but(incidents=(IncidentFact("INC-2", "fin", NOON - HOUR),)),
        SOUND,
    ),
    "notices_answered": (
        but(incidents=(ON_TIME,)),
        but(incidents=(msgspec.structs.replace(ON_TIME, answer_due=NOON - HOUR, answered_at=None),)),
        but(incidents=None),
    ),
    "inspected_regularly": (
        but(inspected={"fin": NOON - HOUR}),
        but(inspected={"fin": NOON - 9000 * HOUR}),
        SOUND,
    ),
}
NEVER_NONCONFORM = {"organization_registered"}
"""Whoever has a checklist is in the register."""


def test_every_check_is_tested() -> None:
    """The table has a line for each named check."""
    assert set(CHECKS) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_check_conforms_when_all_was_seen_and_is_in_order(name: str) -> None:
    """Conform, with every place in the reason filled."""
    judgement = CHECKS[name](CASES[name][0])

    assert (Result.CONFORM, True) == (judgement.result, bool(judgement.reason.format(**judgement.facts)))


@pytest.mark.parametrize("name", [name for name in CASES if name not in NEVER_NONCONFORM])
def test_a_check_sees_the_breach(name: str) -> None:
    """Nonconform, naming the findings it stands on."""
    facts = CASES[name][1]
    judgement = CHECKS[name](facts)

    assert Result.NONCONFORM == judgement.result
    assert tuple(one.id for one in facts.findings) == judgement.findings
    assert judgement.reason.format(**judgement.facts)


@pytest.mark.parametrize("name", CASES)
def test_what_could_not_be_seen_is_unchecked(name: str) -> None:
    """Unchecked, with the reason."""
    judgement = CHECKS[name](CASES[name][2])

    assert (Result.UNCHECKED, True) == (judgement.result, bool(judgement.reason.format(**judgement.facts)))


@pytest.mark.parametrize("name", CASES)
def test_nothing_known_is_never_conform(name: str) -> None:
    """Without any fact, no check conforms."""
    nothing = Facts(organization=Organization("x", "某单位"), kinds=frozenset({Kind.DEPARTMENT}), at=NOON)

    assert CHECKS[name](nothing).result in (Result.UNCHECKED, Result.NOT_APPLICABLE)


SEEING = (
    "topology_complete",
    "one_plane",
    "no_private_backbone",
    "interconnection_on_platform",
    "shared_exit",
    "equipment_as_declared",
    "terminals_as_declared",
    "only_allocated",
)


@pytest.mark.parametrize("name", SEEING)
@pytest.mark.parametrize(
    "facts",
    [
        but(looks={name: Look(NOON - 100 * HOUR) for name in LOOKS}),
        NEVER,
        SILENT,
        but(planes=(I,), looks={}),
        but(devices=tuple(msgspec.structs.replace(one, asked=False, seen_at=None) for one in SOUND.devices)),
        but(devices=(msgspec.structs.replace(ROUTER, partial=True), SWITCH, CORE)),
    ],
    ids=["stale", "never", "silent", "plane not served", "not walked", "walked in part"],
)
def test_a_half_seen_network_never_conforms(name: str, facts: Facts) -> None:
    """Old walks, silent devices, planes of another instance, devices nobody walks: unchecked, or the breach that shows anyway."""
    assert CHECKS[name](facts).result in (Result.UNCHECKED, Result.NONCONFORM)


OTHERS: list[tuple[str, Facts, Result]] = [
    # a link between two departments is the breach of both
    (
        "no_private_backbone",
        but(
            findings=(
                finding(
                    "bypass_link",
                    {
                        "a": {"device": "r-hrss", "interface": "ge3"},
                        "b": {"device": "r-fin", "interface": "ge4"},
                    },
                    "hrss",
                ),
            )
        ),
        Result.NONCONFORM,
    ),
    (
        "no_private_backbone",
        but(
            findings=(
                finding(
                    "bypass_link",
                    {
                        "a": {"device": "r-hrss", "interface": "ge3"},
                        "b": {"device": "r-edu", "interface": "ge4"},
                    },
                    "hrss",
                ),
            )
        ),
        Result.CONFORM,
    ),
    # the same name in the other plane is another device
    (
        "no_private_backbone",
        but(
            findings=(
                finding(
                    "bypass_link",
                    {"a": {"device": "r-fin", "interface": "x"}, "b": {"device": "y", "interface": "z"}},
                    "",
                    plane=I,
                ),
            )
        ),
        Result.CONFORM,
    ),
    # another organization's breach is not this one's
    (
        "shared_exit",
        but(findings=(finding("rogue_exit_host", {"ip": "10.20.12.9"}, "hrss"),)),
        Result.CONFORM,
    ),
    # exceptions: shown while they last, open when they end
    (
        "one_plane",
        but(findings=(finding("cross_plane", state=State.ACCEPTED, accepted_until="2026-12-31"),)),
        Result.PARTIAL,
    ),
    (
        "one_plane",
        but(findings=(finding("cross_plane", state=State.ACCEPTED, accepted_until="2026-11-01"),)),
        Result.NONCONFORM,
    ),
    ("one_plane", but(findings=(finding("cross_plane", state=State.RESOLVED),)), Result.CONFORM),
    ("one_plane", but(findings=(finding("intranet_public_query", {"ip": "10.10.11.9"}),)), Result.PARTIAL),
    # Article 12: exits
    (
        "shared_exit",
        but(devices=(msgspec.structs.replace(ROUTER, heard_at=NOON - 100 * HOUR), SWITCH)),
        Result.UNCHECKED,
    ),
    ("separate_exit_filed", but(findings=(finding("unfiled_separate_exit"),)), Result.NONCONFORM),
    ("separate_exit_filed", SOUND, Result.NOT_APPLICABLE),
    ("separate_exit_filed", NEVER, Result.UNCHECKED),
    ("separate_exit_filed", but(findings=(finding("rogue_exit_router"),)), Result.NONCONFORM),
    (
        "separate_exit_filed",
        but(exits=(msgspec.structs.replace(SEPARATE, valid_until="2026-11-19"),)),
        Result.NONCONFORM,
    ),
    (
        "separate_exit_filed",
        but(exits=(msgspec.structs.replace(SEPARATE, filed_on="2026-11-20"),)),
        Result.NONCONFORM,
    ),
    ("shared_exit", but(exits=(msgspec.structs.replace(SEPARATE, filing=""),)), Result.NONCONFORM),
    # Article 10: each plane has its own declaration, in force
    (
        "nature_declared",
        but(
            devices=(*SOUND.devices, DeviceFact(I, "in-r-fin", "10.10.0.9", "fin", asked=True, seen_at=NOON))
        ),
        Result.NONCONFORM,
    ),
    (
        "nature_declared",
        but(declarations=(msgspec.structs.replace(DECLARED, state="returned", in_force=False),)),
        Result.NONCONFORM,
    ),
    (
        "nature_declared",
        but(declarations=(DECLARED, msgspec.structs.replace(DECLARED, number="DECL-2", nature=""))),
        Result.PARTIAL,
    ),
    (
        "equipment_as_declared",
        but(declarations=(msgspec.structs.replace(DECLARED, equipment=(("r-fin", ""),)),)),
        Result.PARTIAL,
    ),
    (
        "equipment_as_declared",
        but(
            declarations=(
                msgspec.structs.replace(DECLARED, equipment=(*DECLARED.equipment, ("fw-fin", "10.20.11.3"))),
            )
        ),
        Result.UNCHECKED,
    ),
    ("terminals_as_declared", but(terminals={(E, "fin"): 31}), Result.PARTIAL),
    ("connected", but(terminals={}, devices=(CORE,)), Result.UNCHECKED),
    # Article 11
    ("pool_complete", but(prefixes=(PrefixFact(E, "10.20.11.0/24", "fin", ""),)), Result.PARTIAL),
    ("only_allocated", but(terminals={}), Result.UNCHECKED),
    # Articles 27 to 30
    ("responsible_person", officer(responsible=Officer("张三")), Result.PARTIAL),
    ("responsible_person", officer(responsible=Officer("张三", "", "2024-01-01")), Result.PARTIAL),
    ("responsible_person", officer(responsible=Officer("张三", "", "去年")), Result.PARTIAL),
    ("contingency_plan", officer(drilled=""), Result.PARTIAL),
    ("contingency_plan", officer(drilled="2025-10-01"), Result.PARTIAL),
    ("contingency_plan", officer(drilled="2027-01-01"), Result.PARTIAL),
    ("reports_on_time", but(incidents=(IncidentFact("INC-3", "edu", NOON - HOUR), ON_TIME)), Result.CONFORM),
    (
        "reports_on_time",
        but(kinds=AUTHORITY, incidents=(IncidentFact("INC-3", "edu", NOON - HOUR), ON_TIME)),
        Result.NONCONFORM,
    ),
    (
        "notices_answered",
        but(incidents=(msgspec.structs.replace(ON_TIME, answered_at=None),)),
        Result.PARTIAL,
    ),
    ("inspected_regularly", but(inspected={"fin": NOON}, supervised=("fin", "edu")), Result.PARTIAL),
    ("topology_complete", but(devices=(msgspec.structs.replace(ROUTER, site=""), SWITCH)), Result.PARTIAL),
]


@pytest.mark.parametrize(
    ("name", "facts", "result"), OTHERS, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(OTHERS)]
)
def test_the_finer_cases(name: str, facts: Facts, result: Result) -> None:
    """Exceptions, half-kept duties, and whose breach it is."""
    judgement = CHECKS[name](facts)

    assert result == judgement.result
    assert judgement.reason.format(**judgement.facts)


def test_the_evidence_of_a_check_says_what_was_asked_and_when() -> None:
    """Parameters, the register's version and the time of each look are kept with the result."""
    check = CHECKS["one_plane"]

    piece = check.evidence(SOUND, check(SOUND), {"fresh_hours": 6})

    assert ("inspection", "check one_plane", "fresh_hours=6", NOON) == (
        piece.kind,
        piece.source,
        piece.query,
        piece.at,
    )
    assert ("conform", 3, "fin") == tuple(piece.body[key] for key in ("result", "register", "organization"))
