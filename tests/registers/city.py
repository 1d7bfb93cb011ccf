"""A desk with three organizations and every register that ships, on the store of a test."""

from __future__ import annotations

import msgspec

from netops.config import Config
from netops.core import applied
from netops.core.clock import Clock
from netops.core.journal import act
from netops.core.organization import Level, Organization
from netops.core.store import Store
from netops.desk import Desk
from netops.register import Register
from netops.registers.kind import Field, Kind

ORGANIZATIONS = (
    Organization("ic", "云溪市信息中心", "Yunxi Information Centre", platform=True),
    Organization("fin", "云溪市财政局", "Yunxi Finance Bureau"),
    Organization("lx", "兰溪县", "Lanxi County", level=Level.COUNTY, county=True),
)
IDENTITY = "11010519491231002X"
"""The example of GB 11643-1999, Annex A."""


def desk_of(store: Store, clock: Clock, organizations: tuple[Organization, ...] = ORGANIZATIONS) -> Desk:
    """A desk at this store, its register in force."""
    desk = Desk(Config(store_url=store.url), clock, "tester")
    desk._store = store
    with act(store, "tester", clock) as one:
        applied.apply(one, msgspec.to_builtins(Register(organizations)), 0, {})
    return desk


def sample(field: Field, number: int, references: dict[str, str]) -> str:
    """Something that a field may hold, as people write it; another one for each number."""
    match field.type:
        case "choice":
            return field.choices[number % len(field.choices)].zh
        case "yesno":
            return "是" if number % 2 else "否"
        case "date":
            return ("2026年11月30日", "二〇二六年十一月", "2027", "长期")[number % 4]
        case "period":
            return ("每日", "每月", "实时")[number % 3]
        case "organization":
            return ("云溪市财政局", "lx", "Yunxi Information Centre")[number % 3]
        case "reference":
            return references.get(field.reference, "")
        case "integer" | "number":
            return str(number + 1) if field.type == "integer" else f"{number + 1}.5"
        case "phone":
            return f"0731-5555{number:04d}"
        case "url":
            return f"https://www.example.gov.cn:8443/{field.name}/{number}/?a=1"
        case "host":
            return f"h{number}.example.gov.cn"
        case "addresses":
            return f"10.72.1.{number}, 10.72.2.0/24; 2001:db8::{number}"
        case "identity":
            return IDENTITY
    return (f"甲{number}", f"=SUM(A{number})", f"'=引号 {number}", f"-{number} 负号", f"说“话”, \"x\"; {number}")[number % 5]


def samples(kind: Kind, count: int, references: dict[str, str]) -> list[dict[str, str]]:
    """Rows of a register, each another record."""
    rows = []
    for number in range(count):
        row = {one.name: sample(one, number, references) for one in kind.fields}
        for name in kind.head.key:
            if kind.field[name].type in ("text", "note"):
                row[name] = f"{row[name]} #{number}"
        if all(kind.field[name].type not in ("text", "note", "organization") for name in kind.head.key):
            raise AssertionError(kind.kind)
        rows.append({name: value for name, value in row.items() if value})
    return rows
