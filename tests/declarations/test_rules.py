"""Rules of declarations: more terminals than declared, and organizations that declared nothing."""

from __future__ import annotations

from netops.core.plane import Plane
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.rules import CENSUS_RULES, RULES, Census, Terminal
from tests.conftest import NOON


def declared(
    number: str,
    terminals: int,
    state: DeclarationState = DeclarationState.CONNECTED,
    organization: str = "health",
    plane: Plane = Plane.EXTRANET,
) -> Declaration:
    return Declaration(
        number=number,
        version=1,
        plane=plane,
        organization=organization,
        state=state,
        nature="",
        scope="",
        equipment=(),
        terminals=terminals,
        contact="",
        date="",
        registered=True,
        since=NOON,
    )


def terminals(count: int, organization: str = "health") -> tuple[Terminal, ...]:
    return tuple(
        Terminal(organization, f"00:14:22:00:00:{n:02x}", (f"10.20.14.{n}",), "sw p1")
        for n in range(1, count + 1)
    )


def concluded(seen: tuple[Terminal, ...], *papers: Declaration) -> list[tuple[str, str]]:
    census = Census(Plane.EXTRANET, NOON, papers, seen)
    return [(one.code, one.subject["organization"]) for rule in CENSUS_RULES.values() for one in rule(census)]


def test_as_many_as_declared_is_in_order() -> None:
    """The declared number itself is allowed; a terminal seen twice is one."""
    assert [] == concluded(terminals(4) + terminals(2), declared("A", 4))


def test_one_more_is_too_many() -> None:
    """All standing declarations of the plane count together; others do not."""
    assert [("DC-101", "health")] == concluded(terminals(5), declared("A", 4))
    assert [] == concluded(terminals(5), declared("A", 4), declared("B", 1, DeclarationState.APPROVED))
    assert [("DC-101", "health")] == concluded(
        terminals(5),
        declared("A", 4),
        declared("B", 1, DeclarationState.SUSPENDED),
        declared("C", 9, plane=Plane.INTRANET),
        declared("D", 9, organization="fin"),
    )


def test_without_a_standing_declaration_it_is_undeclared() -> None:
    """Submitted, returned and suspended ones do not stand."""
    assert [("DC-102", "health")] == concluded(terminals(1), declared("A", 4, DeclarationState.SUBMITTED))


def test_every_fact_fills_its_sentence() -> None:
    """Titles and reasons have all their places; the evidence holds the terminals."""
    for papers in ((declared("A", 1),), ()):
        [one] = [
            one
            for rule in CENSUS_RULES.values()
            for one in rule(Census(Plane.EXTRANET, NOON, papers, terminals(3)))
        ]
        assert RULES[one.code].title.format(**one.facts)
        assert RULES[one.code].because.format(**one.facts)
        assert 3 == one.evidence[-1].body["seen"]
        assert all(word in RULES[one.code].explanation for word in ("What:", "Why:", "Mend:"))
