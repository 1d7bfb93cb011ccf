"""Who may do what: every role against every deed, plane and organization, written down here once more, by hand."""

from __future__ import annotations

import pytest

from netops.core.account import Account, Role, check, may_meet
from netops.core.errors import NetopsError, Refused
from netops.core.permission import MAY, Deed, Forbidden, Principal, planes_of
from netops.core.plane import Plane

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
BOTH = frozenset(Plane)
MATRIX = """
                 system security auditor operator inspector department viewer
read                  -        -       x        x         x          x      x
read_personal         -        -       x        x         x          x      -
metrics               x        x       x        x         -          -      x
allocate              -        -       -        x         -          -      -
declare               -        -       -        x         -          x      -
review                -        -       -        x         -          -      -
judge                 -        -       -        x         -          -      -
handle                -        -       -        x         -          -      -
inspect               -        -       -        x         x          -      -
answer                -        -       -        x         x          x      -
operate               -        -       -        x         -          -      -
read_journal          -        -       x        -         -          -      -
read_accounts         x        x       x        -         -          -      -
manage_accounts       x        -       -        -         -          -      -
grant                 -        x       -        -         -          -      -
"""


def matrix() -> dict[tuple[Role, Deed], bool]:
    head, *rows = MATRIX.strip().splitlines()
    roles = [Role(word) for word in head.split()]
    return {(role, Deed(deed)): mark == "x" for deed, *marks in map(str.split, rows)
            for role, mark in zip(roles, marks, strict=True)}  # fmt: skip


def principal(role: Role, planes: frozenset[Plane] = frozenset({EXTRANET}), **more: object) -> Principal:
    organization = "fin" if role is Role.DEPARTMENT else ""
    return Principal("li.lei", role, planes, organization, **more)  # type: ignore[arg-type]


def test_the_matrix_is_complete_and_exact() -> None:
    """Every role and every deed stands in it, and it says what the program does."""
    wanted = matrix()
    assert {(role, deed) for role in Role for deed in Deed} == wanted.keys()
    assert wanted == {(role, deed): principal(role).may(deed) for role, deed in wanted}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("deed", list(Deed))
def test_a_deed_ends_at_the_plane_and_the_organization(role: Role, deed: Deed) -> None:
    """In the other plane nobody may; at another's organization a department may not."""
    may = matrix()[role, deed]
    who = principal(role)
    for plane in Plane:
        for organization in ("fin", "edu", ""):
            own = role is not Role.DEPARTMENT or organization == "fin"
            assert (may and plane is EXTRANET and own) == who.may(deed, plane, organization)


@pytest.mark.parametrize("role", list(Role))
def test_a_token_gives_no_more_than_its_role(role: Role) -> None:
    """Its scopes narrow what the role has, and add nothing."""
    every = principal(role, scopes=frozenset(Deed))
    none = principal(role, scopes=frozenset())
    assert MAY[role] == {deed for deed in Deed if every.may(deed)}
    assert set() == {deed for deed in Deed if none.may(deed)}


@pytest.mark.parametrize(
    ("who", "deed", "plane", "why"),
    [
        (principal(Role.AUDITOR), Deed.ALLOCATE, EXTRANET, "may not"),
        (principal(Role.OPERATOR, scopes=frozenset({Deed.READ})), Deed.ALLOCATE, EXTRANET, "token"),
        (principal(Role.OPERATOR), Deed.ALLOCATE, INTRANET, "may not touch"),
        (principal(Role.DEPARTMENT), Deed.READ, EXTRANET, "its own organization"),
    ],
)
def test_what_is_forbidden_says_why(who: Principal, deed: Deed, plane: Plane, why: str) -> None:
    """By what stood in the way."""
    with pytest.raises(Forbidden, match=why):
        who.require(deed, plane, "edu")


def test_planes_are_those_bound_and_served() -> None:
    """An instance that serves one plane shows no other; administrators are bound to none."""
    assert {EXTRANET} == planes_of(Role.OPERATOR, BOTH, [EXTRANET])
    assert set() == planes_of(Role.OPERATOR, [INTRANET], [EXTRANET])
    assert {EXTRANET} == planes_of(Role.AUDITOR, [], [EXTRANET])


@pytest.mark.parametrize("one", list(Role))
@pytest.mark.parametrize("other", list(Role))
def test_three_roles_never_meet_in_one_person(one: Role, other: Role) -> None:
    """System, security, audit; and who audits does nothing else. However the name is written."""
    three = {Role.SYSTEM, Role.SECURITY, Role.AUDITOR}
    apart = one is not other and ({one, other} <= three or Role.AUDITOR in (one, other))
    assert apart == (not may_meet(one, other)) == (not may_meet(other, one))

    def account(name: str, person: str, role: Role) -> Account:
        bound = () if role in three else (EXTRANET,)
        return Account(name, person, role, bound, "fin" if role is Role.DEPARTMENT else "")

    first, second = account("a.a", "李 雷", one), account("b.b", "李雷", other)
    if apart:
        with pytest.raises(Refused, match="never meet"):
            check(second, [first], ["fin"])
    else:
        check(second, [first], ["fin"])
    check(account("b.b", "韩梅梅", other), [first], ["fin"])


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (Account("Li Lei", "李雷", Role.VIEWER, (EXTRANET,)), "lower-case"),
        (Account("li.lei", " ", Role.VIEWER, (EXTRANET,)), "nobody"),
        (Account("li.lei", "李雷", Role.VIEWER), "bound to the planes"),
        (Account("li.lei", "李雷", Role.AUDITOR, (EXTRANET,)), "bound to no plane"),
        (Account("li.lei", "李雷", Role.DEPARTMENT, (EXTRANET,)), "bound to an organization"),
        (Account("li.lei", "李雷", Role.OPERATOR, (EXTRANET,), "fin"), "bound to an organization"),
        (Account("li.lei", "李雷", Role.DEPARTMENT, (EXTRANET,), "nobody"), "no organization nobody"),
    ],
)
def test_an_account_fits_its_role(account: Account, why: str) -> None:
    """Name, person, planes and organization."""
    with pytest.raises(NetopsError, match=why):
        check(account, [], ["fin"])
