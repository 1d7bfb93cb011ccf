"""Many requests in one table: rows that ask for addresses, and rows that give them back, as they are read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from netops.addresses.allocation import mac_of
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.sheet import (
    Heading,
    Place,
    Record,
    Sheet,
    Table,
    Value,
    day_of,
    find,
    is_empty,
    plain,
    text_of,
)

MOST = 5_000
"""Rows of one table: it is one act, and others wait for it."""
ASKING = (
    Heading("pool", "地址池", "pool", ("网段", "地址段", "prefix", "subnet")),
    Heading("address", "地址", "address", ("ip", "ip地址", "addresses", "指定地址")),
    Heading("count", "数量", "count", ("个数", "地址数量", "台数")),
    Heading("prefixlen", "前缀长度", "prefixlen", ("掩码长度", "prefix length")),
    Heading("declaration", "接入说明", "declaration", ("接入说明编号", "备案编号", "备案号")),
    Heading("purpose", "用途", "purpose", ("说明", "description")),
    Heading("mac", "MAC地址", "mac", ("mac address", "物理地址")),
    Heading("device", "设备", "device", ("设备名称", "主机名", "hostname")),
    Heading("note", "附注", "note", ("备注", "notes")),
    Heading("tags", "标签", "tags", ()),
    Heading("reserve_until", "预留至", "reserve_until", ("reserved_until", "预留期限")),
    Heading("key", "申请编号", "key", ("request", "申请号", "流水号")),
    Heading("over_quota", "超额原因", "over_quota", ("超配额原因",)),
)  # fmt: skip
RETURNING = (
    Heading("number", "分配编号", "number", ("id", "allocation", "编号")),
    Heading("address", "地址", "address", ("ip", "ip地址", "addresses")),
    Heading("why", "原因", "why", ("收回原因", "reason", "事由")),
)
MORE_MEND = N_("mend the row")


class Fault(msgspec.Struct, frozen=True):
    """
    Why a row cannot be done.

    Args:
        column: the heading as it stands there, or "" for the whole row.
        what, mend: English message ids; *facts* fill their places.
    """

    place: Place
    column: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}


class Asked(msgspec.Struct, frozen=True):
    """One row that asks for addresses; the pool may be left to the address."""

    place: Place
    pool: str
    address: str
    count: int
    prefixlen: int
    declaration: str
    purpose: str = ""
    mac: str = ""
    device: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    reserve_until: datetime | None = None
    key: str = ""
    over_quota: str = ""


class Returned(msgspec.Struct, frozen=True):
    """One row that gives back an allocation, by its number or by exactly its addresses."""

    place: Place
    number: str
    address: str
    why: str


class Reading(msgspec.Struct, frozen=True):
    """Tables as they were read, in the order of their rows."""

    asked: tuple[Asked, ...] = ()
    returned: tuple[Returned, ...] = ()
    faults: tuple[Fault, ...] = ()


class _Row:
    """One record, and the faults found in its cells."""

    def __init__(self, table: Table, record: Record) -> None:
        self.table, self.record = table, record
        self.faults: list[Fault] = []

    def value(self, name: str) -> Value:
        return self.record.said.get(name)

    def text(self, name: str) -> str:
        return text_of(self.value(name))

    def fault(self, name: str, what: str, mend: str, **facts: str) -> None:
        column = self.table.heads.get(name, "")
        place = self.table.place(self.record.row, name)
        self.faults.append(Fault(place, column, text_of(self.value(name))[:80], what, mend, facts))

    def number(self, name: str, most: int) -> int:
        """A whole number from 1, or 0 for an empty cell."""
        text = plain(self.value(name)).removeprefix("/")
        if not text:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most):
            self.fault(
                name, N_("it is no number between 1 and {most}"), N_("write a whole number"), most=str(most)
            )
            return 0
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """The beginning of a day in the city."""
        if is_empty(self.value(name)):
            return None
        try:
            day = day_of(self.value(name))
        except ValueError:
            self.fault(name, N_("it is no date"), N_("write it as 2026-12-31"))
            return None
        return datetime(day.year, day.month, day.day, tzinfo=CITY_ZONE)

    def mac(self, name: str) -> str:
        """A MAC as netops writes it."""
        try:
            return mac_of(plain(self.value(name)))
        except NetopsError as error:
            self.fault(name, error.why, error.mend, **{key: str(value) for key, value in error.facts.items()})
            return ""


def asking(sheets: Iterable[Sheet]) -> Reading:
    """
    Rows that ask for addresses.

    Raises:
        NetopsError: no sheet has a table of them, or there are too many rows.
    """
    asked: list[Asked] = []
    faults: list[Fault] = []
    for table, record in _records(
        sheets, ASKING, (("declaration",), ("pool", "address")), "nothing was allocated"
    ):
        row = _Row(table, record)
        count, length = row.number("count", 65536), row.number("prefixlen", 128)
        address, pool, declaration = (plain(row.value(name)) for name in ("address", "pool", "declaration"))
        if not declaration:
            row.fault("declaration", N_("no declaration is named"), N_("write the number of the declaration"))
        if not address and not pool:
            row.fault("pool", N_("neither a pool nor an address is named"), N_("write one of them"))
        if sum(map(bool, (address, count, length))) > 1:
            row.fault(
                "address", N_("an address, a count and a length exclude each other"), N_("keep one of them")
            )
        made = Asked(
            table.place(record.row), pool, address, count or 1, length, declaration, row.text("purpose"), row.mac("mac"),
            row.text("device"), row.text("note"), _tags(row.text("tags")), row.moment("reserve_until"),
            row.text("key"), row.text("over_quota"),
        )  # fmt: skip
        faults += row.faults
        if not row.faults:
            asked.append(made)
    return Reading(asked=tuple(asked), faults=tuple(faults))


def returning(sheets: Iterable[Sheet]) -> Reading:
    """
    Rows that give addresses back.

    Raises:
        NetopsError: no sheet has a table of them, or there are too many rows.
    """
    returned: list[Returned] = []
    faults: list[Fault] = []
    for table, record in _records(sheets, RETURNING, (("number", "address"),), "nothing was released"):
        row = _Row(table, record)
        number, address = plain(row.value("number")).upper(), plain(row.value("address"))
        if not number and not address:
            row.fault("number", N_("neither a number nor an address is named"), N_("write one of them"))
        faults += row.faults
        if not row.faults:
            returned.append(Returned(table.place(record.row), number, address, row.text("why")))
    return Reading(returned=tuple(returned), faults=tuple(faults))


def _records(
    sheets: Iterable[Sheet], headings: tuple[Heading, ...], wanted: tuple[tuple[str, ...], ...], what: str
) -> Iterator[tuple[Table, Record]]:
    tables = [table for sheet in sheets if (table := find(sheet, headings, wanted)) is not None]
    if not tables:
        raise NetopsError(
            what, "no sheet has a row of headings with {columns}", "write the headings in the first row",
            columns=", ".join(" / ".join(group) for group in wanted),
        )  # fmt: skip
    count = 0
    for table in tables:
        for record in table.records():
            count += 1
            if count > MOST:
                raise NetopsError(what, "there are more than {most} rows", "split the table", most=MOST)
            yield table, record


def _tags(text: str) -> tuple[str, ...]:
    for mark in ("，", "、", ";", "；"):
        text = text.replace(mark, ",")
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def faulty(place: Place, error: NetopsError) -> Fault:
    """What refused a row, as its fault."""
    facts = {name: str(value) for name, value in error.facts.items()}
    return Fault(place, "", "", error.why or error.what, error.mend or MORE_MEND, facts)
