"""Organizations (部门、单位): who connects, who is in charge, who answers."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """Level of government that an organization belongs to."""

    STATE = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class Officer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named duty (Articles 27, 29): who, how to reach them, confirmed when (ISO date)."""

    name: str
    phone: str = ""
    confirmed: str = ""


class Organization(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One body in `inventory/organizations.toml`.

    Args:
        code: short stable key, lower case, such as "fin".
        name_zh: official name, used in documents.
        county: True for a county, city or district (县市区), which Article 12 excepts.
        platform: True for the body that runs the platform (core, shared exit).
        protection_level: level of classified protection 1-5, or 0 when not determined (Article 27).
        security_officer: the information security manager (Article 29), or None.
        management_system: title of the security management system on file, or "" (Article 29).
        contingency_plan: title of the emergency plan on file, or "" (Article 29).
        drilled: ISO date of the last drill, or "".
    """

    code: str
    name_zh: str
    name_en: str = ""
    level: Level = Level.CITY
    parent: str = ""
    county: bool = False
    platform: bool = False
    protection_level: int = 0
    responsible: Officer | None = None
    security_officer: Officer | None = None
    management_system: str = ""
    contingency_plan: str = ""
    drilled: str = ""
