"""To whom a declaration is addressed (主管部门): the plane's authority at the organization's own level (Articles 8, 10). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from netops.core.organization import Level, Organization
from netops.core.plane import Plane


def county_of(code: str, organizations: Mapping[str, Organization]) -> str:
    """The county, city or district that a unit belongs to; "" for one of the city, and for the county itself."""
    one, passed = organizations.get(code), {code}
    while one is not None and one.parent and one.parent not in passed:
        passed.add(one.parent)
        one = organizations.get(one.parent)
        if one is not None and one.county:
            return one.code
    return ""


def authority_of(
    code: str,
    plane: Plane,
    organizations: Mapping[str, Organization],
    city: str,
    counties: Mapping[str, Mapping[Plane, str]],
) -> str:
    """
    Code of the authority that an organization declares a plane to.

    Args:
        city: the authority of this plane at the level of the city.
        counties: by county and plane, where the county's own body is not the county itself.

    Returns:
        "" for a unit of a county that nobody wrote down: it cannot be said.
    """
    county = county_of(code, organizations)
    if county:
        return counties.get(county, {}).get(plane, county)
    one = organizations.get(code)
    return "" if one is not None and one.level is Level.COUNTY and not one.county else city
