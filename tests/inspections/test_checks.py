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
from netops.inspections.duties import PARTICULARS
from netops.inspections.facts import (
    AccountFact,
    AllocationFact,
    CaseFact,
    DeclarationFact,
    DeviceFact,
    ExitFact,
    Facts,
    IncidentFact,
    JournalFact,
    Kind,
    Look,
    PaperFact,
    PrefixFact,
    RunFact,
)
from netops.inspections.inspection import sentence
from netops.inspections.records import RecordFact, Records, Shortfall

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
LOOKS = {f"{name}/{plane}": Look(NOON - HOUR) for name in ("walk", "reconcile", "egress", "attacks") for plane in Plane}

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
    kept=frozenset(PARTICULARS),
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



def kept(*rows: RecordFact, short: tuple[Shortfall, ...] = (), **more: Any) -> Facts:
    """SOUND with these records in the registers."""
    titles = {"projects": ("电子政务项目", "Projects"), "catalogue": ("信息资源共享目录", "Catalogue")}
    return but(records=Records(rows, short, titles, **more))


def record(register: str, number: str, organization: str = "fin", **values: Any) -> RecordFact:
    """A record of an organization."""
    return RecordFact(register, number, E, organization, number, {"organization": organization, **values})


PROJECT = record("projects", "PRJ-0001", funding="public", review_on="2026-01-05")
LATE = Shortfall("overdue_record", ("A07-1",), "projects", "fin", "PRJ-0001", "F-0042", ("EV-1",))
ASSESSED = record("assessments", "ASM-0001", concluded_on="2026")
LISTED = record("catalogue", "CAT-0001", listed=True)
SERVING = record("interfaces", "API-0001", resource="CAT-0001", last_delivery="2026-11-19")
SITE = record("sites", "SIT-0001")
VISITED = {"answered": {"SIT-0001": NOON - HOUR}, "looked": {"SIT-0001": NOON - HOUR}}
ORDER = PaperFact("示电政令〔2026〕1号", "rectification_order", "fin", ("measures:A16-2",), "2026-05-01")
OFFICE = (AccountFact("sys", "甲", "system"), AccountFact("sec", "乙", "security"), AccountFact("aud", "丙", "auditor"))
CASE = CaseFact("INC-1", "fin", "8.2", NOON - 9000 * HOUR, is_open=False)
DAILY = RunFact("backup", 86400, NOON - 2 * HOUR)

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
    "organization_registered": (SOUND, kept(record("bodies", "BOD-1", change="merged", changed_on="2026-03-01")), EMPTY),
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
    "recorded": (kept(PROJECT), kept(PROJECT, short=(LATE,)), kept(record("projects", "PRJ-0009", "edu"))),
    "everyone_recorded": (kept(ASSESSED), kept(record("assessments", "ASM-0001", concluded_on="2024-12")), kept()),
    "interfaces_provided": (
        kept(LISTED, SERVING), kept(LISTED), kept(LISTED, record("interfaces", "API-0001", resource="CAT-0001"))
    ),
    "pages_in_order": (
        kept(SITE, **VISITED), msgspec.structs.replace(kept(SITE, **VISITED), findings=(finding("site_down"),)), kept(SITE)
    ),
    "nothing_found": (SOUND, but(findings=(finding("site_down"),)), SILENT),
    "runs_safely": (but(cases=(CASE,)), but(cases=(msgspec.structs.replace(CASE, overdue=True),)), but(cases=None)),
    "no_such_incident": (
        but(cases=(CASE,)), but(cases=(msgspec.structs.replace(CASE, is_open=True),)), but(cases=(), looks={})
    ),
    "orders_lawful": (
        but(papers=(ORDER,)), but(papers=(msgspec.structs.replace(ORDER, lapsed=("hunan-39",)),)), but(papers=None)
    ),
    "rounds_on_time": (
        but(runs=(DAILY,)), but(runs=(msgspec.structs.replace(DAILY, done_at=NOON - 99 * HOUR),)),
        but(runs=(msgspec.structs.replace(DAILY, done_at=None),)),
    ),
    "backup_made": (
        but(runs=(DAILY,)), but(runs=(msgspec.structs.replace(DAILY, done_at=NOON - 99 * HOUR),)), but(runs=())
    ),
    "roles_apart": (
        but(accounts=OFFICE), but(accounts=(*OFFICE, AccountFact("sec2", "甲", "security"))), but(accounts=())
    ),
    "journal_whole": (
        but(journal=JournalFact(9, "ab" * 32)), but(journal=JournalFact(9, "ab" * 32, "entry 4")), but(journal=None)
    ),
    "flows_kept": (but(flow_days=200), but(flow_days=90), but(flow_days=200, devices=(CORE,))),
}
GIVEN: dict[str, dict[str, Any]] = {
    "recorded": {"register": "projects", "when": "funding=public", "duty": "A07-1"},
    "everyone_recorded": {"register": "assessments", "date_field": "concluded_on"},
    "pages_in_order": {"kinds": "site_down"},
    "nothing_found": {"kinds": "site_down"},
    "no_such_incident": {"categories": "8"},
    "orders_lawful": {"duties": "A16-"},
    "rounds_on_time": {"rounds": "backup"},
}
"""What a check is given in its cases."""


def test_every_check_is_tested() -> None:
    """The table has a line for each named check."""
    assert set(CHECKS) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_check_conforms_when_all_was_seen_and_is_in_order(name: str) -> None:
    """Conform, with every place in the reason filled."""
    judgement = CHECKS[name](CASES[name][0], **GIVEN.get(name, {}))

    assert (Result.CONFORM, True) == (judgement.result, "{" not in sentence(judgement))


@pytest.mark.parametrize("name", CASES)
def test_a_check_sees_the_breach(name: str) -> None:
    """Nonconform, naming the findings it stands on."""
    facts = CASES[name][1]
    judgement = CHECKS[name](facts, **GIVEN.get(name, {}))

    assert Result.NONCONFORM == judgement.result
    assert (*(one.id for one in facts.findings), *(("F-0042",) if name == "recorded" else ())) == judgement.findings
    assert "{" not in sentence(judgement)


@pytest.mark.parametrize("name", CASES)
def test_what_could_not_be_seen_is_unchecked(name: str) -> None:
    """Unchecked, with the reason."""
    judgement = CHECKS[name](CASES[name][2], **GIVEN.get(name, {}))

    assert (Result.UNCHECKED, True) == (judgement.result, "{" not in sentence(judgement))


@pytest.mark.parametrize("name", CASES)
def test_nothing_known_is_never_conform(name: str) -> None:
    """Without any fact, no check conforms."""
    nothing = Facts(organization=Organization("x", "某单位"), kinds=frozenset({Kind.DEPARTMENT}), at=NOON)

    assert CHECKS[name](nothing, **GIVEN.get(name, {})).result in (Result.UNCHECKED, Result.NOT_APPLICABLE)


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
    # a particular that nobody is registered with is not kept here: that says nothing of this one
    ("responsible_person", msgspec.structs.replace(officer(responsible=None), kept=frozenset()), Result.UNCHECKED),
    ("protection_level", msgspec.structs.replace(officer(protection_level=0), kept=frozenset()), Result.UNCHECKED),
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
    # where nobody registers places, nothing is said of this one
    (
        "topology_complete",
        but(devices=tuple(msgspec.structs.replace(one, site="") for one in SOUND.devices)),
        Result.UNCHECKED,
    ),
    ("separate_exit_filed", but(exits=(msgspec.structs.replace(SEPARATE, filed_on=""),)), Result.UNCHECKED),
    ("runs_safely", but(cases=(msgspec.structs.replace(CASE, is_open=True),)), Result.PARTIAL),
    ("roles_apart", but(accounts=OFFICE[:2]), Result.PARTIAL),
    ("roles_apart", but(accounts=(AccountFact("v", "丁", "viewer"),)), Result.NONCONFORM),
]


@pytest.mark.parametrize(
    ("name", "facts", "result"), OTHERS, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(OTHERS)]
)
def test_the_finer_cases(name: str, facts: Facts, result: Result) -> None:
    """Exceptions, half-kept duties, and whose breach it is."""
    judgement = CHECKS[name](facts)

    assert result == judgement.result
    assert "{" not in sentence(judgement)


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


def test_every_finding_behind_an_answer_is_named() -> None:
    """Both kinds of a crossing, and what an open incident is about."""
    both = but(findings=(finding("cross_plane"), finding("intranet_public_query", id="F-0043")))
    handled = but(
        findings=(finding("tunnel"),), cases=(msgspec.structs.replace(CASE, is_open=True, findings=("F-0042", "F-0099")),)
    )

    assert ("F-0042", "F-0043") == CHECKS["one_plane"](both).findings
    assert ("F-0042",) == CHECKS["runs_safely"](handled).findings
