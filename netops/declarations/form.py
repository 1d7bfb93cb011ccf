"""The declaration as a TOML form: written empty or filled in, read with every fault and its line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import msgspec

from netops.core.plane import Plane
from netops.core.toml import Source, settled
from netops.declarations.declaration import Equipment, Statements

LONGEST = 2000
MOST_EQUIPMENT = 1000


class Form(msgspec.Struct, frozen=True):
    """A form that was read; *number* is "" for a first declaration."""

    number: str
    stated: Statements
    lines: dict[str, int]
    """Line, from 1, of each key."""


class _Table(msgspec.Struct, frozen=True):
    organization: str
    plane: Plane
    nature: str
    scope: str
    terminals: int
    number: str = ""
    contact: str = ""
    date: str = ""


def write(stated: Statements, number: str = "") -> str:
    """The form as text, with what is known filled in; `read` takes it back."""
    equipment = stated.equipment or (Equipment(""),)
    return "\n".join(
        [
            "# 接入说明（《办法》第十条）。填好后：netops declare check 本文件；netops declare submit 本文件",
            "",
            "[declaration]",
            f"number = {_text(number)}            # 首次申报留空；补正、变更时写原编号",
            f"organization = {_text(stated.organization)}      # 单位代码，见 netops organization list",
            f'plane = "{stated.plane}"         # extranet 政务外网；intranet 政务内网（分别申报）',
            f"nature = {_text(stated.nature)}            # 一、网络性质",
            f"scope = {_text(stated.scope)}             # 二、应用范围",
            f"terminals = {stated.terminals}          # 四、入网终端数量（台）",
            f"contact = {_text(stated.contact)}           # 联系人及电话",
            f"date = {_text(stated.date)}              # 签署日期，如 2026-11-20",
            "",
            "# 三、网络设备：每台一段 [[equipment]]",
            *(line for item in equipment for line in _equipment(item)),
        ]
    )


def _equipment(item: Equipment) -> list[str]:
    return [
        "[[equipment]]",
        f"name = {_text(item.name)}",
        f"model = {_text(item.model)}",
        f"address = {_text(item.address)}           # 管理地址，没有则留空",
        "",
    ]


def _text(value: str) -> str:
    # A JSON string is a TOML basic string, once DEL, which JSON leaves bare, is escaped (TOML v1.0.0, String).
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(path: Path) -> Form:
    """
    The form in *path*.

    Raises:
        Faults: unknown keys, missing keys, wrong types, texts too long, no date: all at once, each with its line.
    """
    faults: list[str] = []
    source = Source(path, path.name, faults)
    form = None if faults else _form(source)
    settled("the declaration was not read", faults, "mend the lines above and check it again")
    assert form is not None  # noqa: S101 - settled raises otherwise
    return form


def _form(source: Source) -> Form | None:
    source.unknown({"declaration", "equipment"})
    raw = source.content.get("declaration")
    if not isinstance(raw, dict):
        source.fault("the table [declaration] is missing")
        return None
    table = source.struct(raw, _Table, "declaration")
    for key, value in raw.items():
        if isinstance(value, str) and len(value) > LONGEST:
            source.fault(f"longer than {LONGEST} characters", "declaration", key=key)
    if table and table.terminals < 0:
        source.fault(f"{table.terminals} is less than 0", "declaration", key="terminals")
    if table and table.date and not _is_date(table.date):
        source.fault(f"{table.date!r} is not a date; write it as 2026-11-20", "declaration", key="date")
    items = [item for _, item in source.entries("equipment", Equipment) if item != Equipment("")]
    if len(items) > MOST_EQUIPMENT:
        source.fault(f"more than {MOST_EQUIPMENT} pieces", "equipment")
    if table is None:
        return None
    stated = Statements(
        table.organization,
        table.plane,
        table.nature,
        table.scope,
        table.terminals,
        tuple(items),
        table.contact,
        table.date,
    )
    lines = {key: source.line("declaration", key=key) for key in msgspec.structs.asdict(table)}
    return Form(table.number, stated, lines | {"equipment": source.line("equipment", 0)})


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
