"""What is declared beside what is seen: every difference is found with its facts, and a change of the declaration answers it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest

from netops.core.finding import Conclusion, Finding, State
from netops.core.plane import Plane
from netops.declarations.answering import answered
from netops.declarations.census import Census, Owner, SeenDevice, Terminal
from netops.declarations.declaration import (
    Application,
    Declaration,
    DeclarationState,
    Equipment,
    Kinds,
    Statements,
)
from netops.declarations.equipment import is_other
from netops.declarations.renewal import due_on, renewal
from netops.declarations.rules import CENSUS_RULES, RULES, USAGE_RULES
from netops.declarations.usage import Egress, Service, Traffic, names_port
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
STATED = Statements(
    "fin", EXTRANET, "办公网，非涉密", "预算管理", 5,
    (Equipment("r-fin", "AR-3200", "10.20.255.11"), Equipment("接入交换机 sw-fin", "S5735", "10.20.11.2")),
    kinds=Kinds(wired=5), user_class="A",
)  # fmt: skip
ROUTER = SeenDevice("r-fin", "fin", ("10.20.255.11", "10.20.11.1"), "AR3200-S", "路由器")
SWITCH = SeenDevice("sw-fin", "fin", ("10.20.11.2",), "S5735-L24T4", "交换机")


def declared(
    stated: Statements = STATED, state: DeclarationState = DeclarationState.CONNECTED, number: str = "D-1"
) -> Declaration:
    values = {name: getattr(stated, name) for name in Statements.__struct_fields__}
    return Declaration(number=number, version=1, state=state, registered=False, since=NOON, **values)


def census(*devices: SeenDevice, of: Declaration | None = None, **more: object) -> Census:
    return Census(EXTRANET, NOON, (of or declared(),), (), devices=devices, **more)  # type: ignore[arg-type]


def concluded(seen: Census) -> list[Conclusion]:
    return [one for rule in CENSUS_RULES.values() for one in rule(seen)]


def finding(one: Conclusion) -> Finding:
    rule = RULES[one.code]
    return Finding(
        id="F-1", code=one.code, kind=rule.kind, plane=one.plane, severity=rule.severity, organization=one.organization,
        subject=one.subject, basis=rule.basis, facts=one.facts, first_seen=NOON, last_seen=NOON, count=1, state=State.OPEN,
        evidence=(),
    )  # fmt: skip


def as_answered(one: Conclusion, stated: Statements = STATED) -> Statements:
    made = answered(stated, finding(one), one.evidence, "2026-11-21")
    assert made is not None
    return made


def test_equipment_that_is_as_declared_is_in_order() -> None:
    """By name, in whatever words it stands, or by an address; a model in another spelling is the same."""
    assert [] == concluded(census(ROUTER, SWITCH))
    renamed = msgspec.structs.replace(SWITCH, name="access-1")
    assert [] == concluded(census(ROUTER, renamed))


EQUIPMENT_CASES: dict[str, tuple[tuple[SeenDevice, ...], dict[str, object]]] = {
    "DC-103": ((ROUTER, SWITCH, SeenDevice("sw-new", "fin", ("10.20.11.9",), "S1", "交换机")), {}),
    "DC-104": ((ROUTER,), {"vacant": frozenset({"10.20.11.2"})}),
    "DC-105": ((ROUTER, SeenDevice("sw-fin", "fin", ("10.20.11.77",), "S5735")), {}),
    "DC-106": ((ROUTER, SeenDevice("sw-fin", "fin", ("10.20.11.2",), "CE6850-48")), {}),
    "DC-110": ((ROUTER, msgspec.structs.replace(SWITCH, addresses=("10.20.11.3", "10.20.11.2"))),
               {"owners": {"10.20.11.2": Owner("edu", allocation="AL-0007")}}),
    "DC-114": ((ROUTER, msgspec.structs.replace(SWITCH, organization="edu")), {}),
}  # fmt: skip


@pytest.mark.parametrize("code", EQUIPMENT_CASES)
def test_every_difference_of_equipment_is_found_and_answered(code: str) -> None:
    """Undeclared, missing, moved, other model, another's address, another's device; the changed declaration is in order."""
    devices, more = EQUIPMENT_CASES[code]
    [one] = concluded(census(*devices, **more))

    assert code == one.code
    assert all(RULES[code].title.format(**one.facts) and RULES[code].because.format(**one.facts) for _ in "x")
    after = as_answered(one)
    assert after != msgspec.structs.replace(STATED, date="2026-11-21")
    assert code not in {again.code for again in concluded(census(*devices, of=declared(after), **more))}


def test_what_the_platform_runs_for_a_department_is_its_device() -> None:
    """Another department's is not."""
    devices = (ROUTER, msgspec.structs.replace(SWITCH, organization="ic"))
    assert ["DC-114"] == [one.code for one in concluded(census(*devices))]
    assert [] == concluded(census(*devices, platform=frozenset({"ic"})))


def test_what_only_does_not_answer_is_not_missing() -> None:
    """Nor one that was never connected, nor one that nobody could see."""
    vacant = frozenset({"10.20.11.2"})
    assert [] == concluded(census(ROUTER, vacant=vacant, unanswering=frozenset({"10.20.11.2"})))
    assert [] == concluded(census(ROUTER, of=declared(state=DeclarationState.APPROVED), vacant=vacant))
    assert [] == concluded(census(ROUTER))


@pytest.mark.parametrize(
    ("own", "seen", "other"),
    [
        ("华为 S5735-L24T4", "S5735-L24T4S-A", False), ("AR-3200", "AR3200", False), ("接入路由器", "AR3200", False),
        ("S5735", "", False),
        ("S5735", "S5720", True), ("H3C S5130S-28P-EI", "S5735-L24T4", True), ("Catalyst 2960X", "WS-C2960X-24TS-L", False),
    ],
)  # fmt: skip
def test_models_are_compared_as_manufacturers_write_them(own: str, seen: str, other: bool) -> None:
    """By their numbers; a text that names none is not compared."""
    assert other == is_other(own, seen)


def terminals(here: int, lately: int) -> tuple[Terminal, ...]:
    return tuple(
        Terminal("fin", f"00:14:22:00:00:{n:02x}", (f"10.20.11.{n}",), "sw-fin p1", n <= here)
        for n in range(1, here + lately + 1)
    )


def test_terminals_are_counted_over_the_window_with_the_rule_shown() -> None:
    """Those that are there and those that were lately; the evidence says how; the answer declares what was counted."""
    seen = Census(EXTRANET, NOON, (declared(),), terminals(4, 3), excluded=2, window_days=7)
    [one] = [each for each in concluded(seen) if each.code == "DC-101"]

    assert ("7", "5", "4", "7") == tuple(one.facts[name] for name in ("seen", "declared", "here", "days"))
    body = one.evidence[-1].body
    assert (7, 4, 2, True) == (body["seen"], body["here"], body["excluded"], "gateways" in str(body["rule"]))
    after = as_answered(one)
    assert (7, Kinds(wired=7)) == (after.terminals, after.kinds)
    assert not [
        each
        for each in concluded(msgspec.structs.replace(seen, declarations=(declared(after),)))
        if each.code == "DC-101"
    ]


def test_who_was_only_there_lately_is_not_connected_without_a_declaration() -> None:
    """Only terminals that are there now need one now."""
    assert [] == [one.code for one in concluded(Census(EXTRANET, NOON, (), terminals(0, 3)))]
    assert ["DC-102"] == [one.code for one in concluded(Census(EXTRANET, NOON, (), terminals(1, 0)))]


def test_renewals_fall_due_by_what_is_stated_or_by_the_practice() -> None:
    """Its own last day first, else so long after it was signed, else after it was filed; answered, it is in order again."""
    signed = declared(msgspec.structs.replace(STATED, date="2025-12-01"))
    said = declared(msgspec.structs.replace(STATED, date="2025-12-01", until="2026-11-10"))
    today = NOON.date()
    assert ["2026-12-01", "2026-11-10", "2027-11-20"] == [
        str(due_on(one, 365)) for one in (signed, said, declared())
    ]
    assert due_on(signed, 0) is None
    due = renewal(signed, today, 365, 30)
    assert due is not None
    assert 11 == due.days
    assert renewal(signed, today - timedelta(days=30), 365, 30) is None
    [one] = concluded(census(ROUTER, SWITCH, of=signed, renewals=(due,)))
    assert ("DC-112", "2026-12-01") == (one.code, one.facts["day"])
    assert renewal(declared(as_answered(one, signed.statements)), today, 365, 30) is None


# ---- use
def traffic(
    *several: Declaration, services: Iterable[Service] = (), egress: Iterable[Egress] = ()
) -> list[Conclusion]:
    seen = Traffic(
        EXTRANET, NOON - timedelta(days=1), NOON, several, {"fin": tuple(services)}, {"fin": tuple(egress)}
    )
    return [one for rule in USAGE_RULES.values() for one in rule(seen)]


WEB = Service("10.20.11.9", 443, 6, 12, 90_000)
OUT = Egress("shared", "shared", 10, 5000)


@pytest.mark.parametrize(
    ("stated", "services", "egress", "code"),
    [
        (STATED, [WEB], [], "DC-107"),
        (msgspec.structs.replace(STATED, kinds=Kinds()), [WEB], [], "DC-107"),
        (msgspec.structs.replace(STATED, kinds=Kinds(servers=1, wired=4)),
         [WEB, msgspec.structs.replace(WEB, address="10.20.11.8")], [], "DC-107"),
        (STATED, [], [OUT], "DC-108"),
        (msgspec.structs.replace(STATED, user_class="", scope="公文，不上互联网"), [], [OUT], "DC-108"),
        (msgspec.structs.replace(STATED, user_class="B"), [], [Egress("own", "separate", 10, 5000)], "DC-113"),
        (msgspec.structs.replace(STATED, kinds=Kinds(4, servers=1), applications=(Application("门户", "10.20.11.9", "80"),)),
         [WEB], [], "DC-109"),
    ],
)  # fmt: skip
def test_use_that_was_not_declared_is_found_and_answered(
    stated: Statements, services: list[Service], egress: list[Egress], code: str
) -> None:
    """A server in an office network, more servers than declared, internet denied, an own exit, a port nobody named."""
    [one] = traffic(declared(stated), services=services, egress=egress)
    assert code == one.code
    assert RULES[code].title.format(**one.facts)
    assert RULES[code].because.format(**one.facts)
    after = as_answered(one, stated)
    assert [] == traffic(declared(after), services=services, egress=egress)


def test_use_as_declared_is_in_order() -> None:
    """Enough servers, ports that are named, the declared exit; one that says nothing is held against nothing."""
    serving = msgspec.structs.replace(
        STATED,
        kinds=Kinds(servers=1, wired=4),
        applications=(Application("门户", "10.20.11.9", "80,443"),),
        user_class="B",
    )
    silent = msgspec.structs.replace(STATED, kinds=Kinds(), nature="业务网", user_class="")
    for stated in (serving, silent):
        assert [] == traffic(declared(stated), services=[WEB], egress=[OUT])
    assert [] == traffic(declared(), egress=[msgspec.structs.replace(OUT, flows=2)])
    assert [] == traffic(declared(state=DeclarationState.SUSPENDED), services=[WEB], egress=[OUT])


@pytest.mark.parametrize(
    ("ports", "named"),
    [("80，443", True), ("8000-8010", False), ("400-500", True), ("全部", True), ("", False)],
)
def test_ports_are_read_as_people_write_them(ports: str, named: bool) -> None:
    """Lists and ranges; words that are no ports name every one."""
    assert named == names_port(ports, 443)


def test_every_rule_explains_itself() -> None:
    """What, why and mend, for people."""
    assert all(word in rule.explanation for rule in RULES.values() for word in ("What:", "Why:", "Mend:"))
