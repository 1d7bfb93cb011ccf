"""The delegation chain: computed from prefixes, held to its terms and levels; nobody gets what was granted to others."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from netops.addresses.delegation import OutsideGrant, TermOver, chains, misgrants, require
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.core.organization import Level, Organization

TODAY = date(2026, 11, 20)
ORGANIZATIONS = {
    one.code: one
    for one in (
        Organization("ic", "市信息中心", platform=True),
        Organization("fin", "市财政局"),
        Organization("tax", "非税中心", parent="fin"),
        Organization("lx", "临溪县", level=Level.COUNTY),
        Organization("lx-edu", "临溪县教育局", level=Level.COUNTY, parent="lx"),
        Organization("prov", "省中心", level=Level.PROVINCE),
    )
}
CITY = RegisteredPrefix(
    "10.20.0.0/16",
    PrefixRole.CONTAINER,
    "ic",
    granted_by="省〔2024〕1 号",
    grantor="省中心",
    granted_until="2027-12-31",
)
COUNTY = RegisteredPrefix(
    "10.20.32.0/20", PrefixRole.CONTAINER, "lx", granted_by="市〔2026〕9 号", granted_from="2026-12-01"
)
FINANCE = RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin")
SCHOOL = RegisteredPrefix("10.20.33.0/24", PrefixRole.POOL, "lx-edu")
CENTRE = RegisteredPrefix("10.20.0.0/24", PrefixRole.POOL, "ic")


def ask(prefix: RegisteredPrefix, organization: str, day: date = TODAY, *others: RegisteredPrefix) -> None:
    tree = chains((CITY, COUNTY, FINANCE, SCHOOL, CENTRE, *others), ORGANIZATIONS)
    require(tree[prefix.prefix], prefix.prefix, prefix.organization, organization, day, ORGANIZATIONS, {"ic"})


def test_the_chain_follows_from_where_prefixes_lie() -> None:
    """Outermost first; a segment without a document of its own is its holder's by the one around it."""
    tree = chains((SCHOOL, COUNTY, CITY, FINANCE, CENTRE), ORGANIZATIONS)

    told = [(one.grantor, one.organization, one.level, one.document) for one in tree["10.20.33.0/24"]]
    assert [("省中心", "ic", "city", "省〔2024〕1 号"), ("ic", "lx", "county", "市〔2026〕9 号"),
            ("lx", "lx-edu", "county", "")] == told  # fmt: skip
    assert tree["10.20.0.0/24"] == tree["10.20.0.0/16"]


@pytest.mark.parametrize(
    ("prefix", "organization", "day"),
    [
        (FINANCE, "fin", TODAY),
        (FINANCE, "tax", TODAY),
        (CENTRE, "fin", TODAY),
        (SCHOOL, "lx-edu", date(2026, 12, 1)),
        (COUNTY, "lx-edu", date(2027, 12, 31)),
    ],
)
def test_who_may_have_addresses(prefix: RegisteredPrefix, organization: str, day: date) -> None:
    """The holder, those under it, and for an authority everybody of its level; both ends of a term belong to it."""
    ask(prefix, organization, day)


@pytest.mark.parametrize(
    ("prefix", "organization", "day", "refusal"),
    [
        (FINANCE, "ic", TODAY, OutsideGrant),
        (FINANCE, "lx", TODAY, OutsideGrant),
        (CENTRE, "lx", TODAY, OutsideGrant),
        (CENTRE, "nobody", TODAY, OutsideGrant),
        (COUNTY, "fin", date(2026, 12, 1), OutsideGrant),
        (COUNTY, "lx", date(2026, 11, 30), TermOver),
        (FINANCE, "fin", date(2028, 1, 1), TermOver),
    ],
)
def test_who_may_not(
    prefix: RegisteredPrefix, organization: str, day: date, refusal: type[Exception]
) -> None:
    """Another department, another level, before the term and after it."""
    with pytest.raises(refusal):
        ask(prefix, organization, day)


def test_what_lies_in_no_document_was_granted_to_nobody() -> None:
    """As soon as the register names documents, a prefix without one is refused; before that it is not asked."""
    stray = RegisteredPrefix("10.99.0.0/24", PrefixRole.POOL, "fin")
    with pytest.raises(OutsideGrant):
        ask(stray, "fin", TODAY, stray)
    require((), stray.prefix, "fin", "fin", TODAY, ORGANIZATIONS, strict=False)


def test_a_grant_goes_down_and_lasts_no_longer() -> None:
    """Neither to a higher level, nor beyond the earliest end of any around it."""
    up = msgspec.structs.replace(FINANCE, organization="prov", granted_by="x")
    middle = msgspec.structs.replace(CENTRE, prefix="10.20.8.0/21", role=PrefixRole.CONTAINER, granted_by="y")
    long = msgspec.structs.replace(FINANCE, granted_by="z", granted_until="2028-01-01")

    assert [] == list(misgrants(chains((CITY, COUNTY), ORGANIZATIONS)["10.20.32.0/20"]))
    for inner in (up, long):
        tree = chains((CITY, middle, inner), ORGANIZATIONS)
        assert [inner.prefix] == [step.prefix for step, _ in misgrants(tree[inner.prefix])]
