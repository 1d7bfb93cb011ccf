"""A roster (清册): allocations in a table as offices keep it, read with every fault named. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from netops.addresses.allocation import AllocationState, mac_of
from netops.addresses.columns import (
    ACTIVE,
    HEADINGS,
    PASSED_OVER,
    PLANES,
    RESERVED,
    SHARED,
    is_netbox,
    is_of_prefixes,
)  # fmt: skip
from netops.addresses.span import Span
from netops.addresses.spelling import host, length_of, masked, spans
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.sheet import (
    Formula,
    Place,
    Record,
    Sheet,
    Table,
    Value,
    day_of,
    find,
    plain,
    text_of,
)

LONGEST = 32_000
"""Characters of a text cell that are taken; a longer one is a fault."""
INSTEAD = {"declaration": ("organization", "owner"), "addresses": ("first",)}
"""Headings whose cell is named where a table lacks the one that is meant."""
TEXTS = ("purpose", "device", "note")
ZEROS = re.compile(r"(?<![\d:a-fA-F])0+(?=\d)(?=[\d.]*\.|\d{1,2}\b)")
"""Zeros before an octet of IPv4."""


class Row(msgspec.Struct, frozen=True):
    """
    One run of addresses that a row of the table asks for.

    Args:
        declaration, organization, owner: as written, or "" when the row does not say.
        until: end of a reservation, at midnight in the city.
        purpose, mac, device, note, tags: None when the table has no such column.
        is_prefix: the table lists prefixes: one that is registered here is no allocation.
        marks: of its table.
    """

    place: Place
    span: Span
    declaration: str = ""
    organization: str = ""
    owner: str = ""
    state: AllocationState = AllocationState.ACTIVE
    until: datetime | None = None
    purpose: str | None = None
    mac: str | None = None
    device: str | None = None
    note: str | None = None
    tags: tuple[str, ...] | None = None
    over_quota: str = ""
    is_prefix: bool = False
    marks: Mapping[str, str] = {}

    def at(self, *names: str) -> Place:
        """The place of its cell under the first of these headings that the table has; else of its addresses."""
        mark = next((self.marks[name] for name in names if name in self.marks), None)
        return self.place if mark is None else self.place.under(mark)

    @property
    def ground(self) -> tuple[str, str, str]:
        """What it says of its ground."""
        return self.declaration, self.organization, self.owner


class RowFault(msgspec.Struct, frozen=True):
    """
    Why a row cannot be taken.

    Args:
        what, mend: English message ids; *facts* fill their places.
    """

    place: Place
    column: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}


class Reading(msgspec.Struct, frozen=True):
    """
    Tables as they were read; nothing has been looked up yet.

    Args:
        present: rows that say something; each is in *rows*, in *faults*, or one of *passed*.
        passed: rows that are history, plans or free space, and ask for nothing.
        ignored: sheets without a table of addresses; *places*: the heading row of each table that was found, in order.
        hidden: hidden sheets, which are not read: people forget what they hold.
        unused: headings of columns that are not understood, by sheet.
    """

    rows: tuple[Row, ...] = ()
    faults: tuple[RowFault, ...] = ()
    present: int = 0
    passed: int = 0
    ignored: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    hidden: tuple[str, ...] = ()
    unused: tuple[tuple[str, str], ...] = ()


class Defaults(msgspec.Struct, frozen=True):
    """
    What is meant where a row does not say.

    Args:
        until: last day of reservations.
        over_quota: why more is taken in than the declared terminals need, or "".
    """

    plane: Plane = Plane.EXTRANET
    declaration: str = ""
    until: date | None = None
    over_quota: str = ""


# ---- reading
def read(sheets: Iterable[Sheet], defaults: Defaults = Defaults()) -> Reading:  # noqa: B008 - frozen
    """
    The rows of every sheet that has a table of addresses.

    Raises:
        NetopsError: none has one.
    """
    wanted: list[tuple[str, ...]] = [("addresses", "first")]
    if not defaults.declaration:
        wanted.append(("declaration", "organization", "owner"))
    rows: list[Row] = []
    faults: list[RowFault] = []
    ignored: list[Sheet] = []
    places: list[Place] = []
    present = passed = 0
    every = list(sheets)
    shown = [one for one in every if not one.hidden] or every
    unused: list[tuple[str, str]] = []
    for sheet in shown:
        table = find(sheet, HEADINGS, wanted)
        if table is None:
            ignored.append(sheet)
            continue
        places.append(table.place(table.start - 1))
        unused += [(_name(sheet), head) for head in table.others]
        reader = _Reader(table, defaults)
        for record in table.records(SHARED):
            present += 1
            made = reader.row(record)
            rows += made
            faults += reader.faults
            passed += not made and not reader.faults
    if not present and not rows:
        _explain(ignored, wanted)
    kept_back = [one for one in every if one.hidden and len(shown) < len(every)]
    named, hidden = (
        tuple(_name(one) for one in several if any(map(any, one.rows))) for several in (ignored, kept_back)
    )
    return Reading(tuple(rows), tuple(faults), present, passed, named, tuple(places), hidden, tuple(unused))


def _name(sheet: Sheet) -> str:
    return f"{sheet.file} {sheet.name}".strip()


def _explain(sheets: Sequence[Sheet], wanted: Sequence[Sequence[str]]) -> None:
    """
    Say why no table was found.

    Raises:
        NetopsError: unless a table was found that is empty.
    """
    filled = [one for one in sheets if any(map(any, one.rows))]
    if not sheets:
        return
    if not filled:
        raise NetopsError("the table was not read", "{file} is empty", "the first row names the columns: addresses, declaration",
                          file=sheets[0].file)  # fmt: skip
    for sheet in filled:
        if len(wanted) > 1 and (table := find(sheet, HEADINGS, wanted[:1])) is not None:
            heads = ", ".join(text_of(cell) for cell in sheet.rows[table.start - 1])[:200]
            raise NetopsError(
                "the table was not read", "{place} has a column of addresses, but none of declarations or organizations: {heads}",
                "add a column declaration or organization, or say --declaration NUMBER", place=sheet.place(table.start - 1),
                heads=heads,
            )  # fmt: skip
    first = next(cells for cells in filled[0].rows if any(cells))
    raise NetopsError(
        "the table was not read", "no row near the top of {file} names a column of addresses; it begins: {heads}",
        "the first row names the columns: addresses, declaration", file=filled[0].file,
        heads=", ".join(filter(None, map(text_of, first)))[:200],
    )  # fmt: skip


class _Reader:
    """Rows of one table; *faults* are those of the row that was read last."""

    def __init__(self, table: Table, defaults: Defaults) -> None:
        self.table, self.defaults = table, defaults
        self.is_netbox, self.is_of_prefixes = is_netbox(table), is_of_prefixes(table)
        self.faults: list[RowFault] = []

    def row(self, record: Record) -> list[Row]:
        """The runs that a row asks for: none when it is at fault, or asks for nothing."""
        self.faults = []
        said = record.said
        for name, value in said.items():
            if isinstance(value, Formula) and name not in ("number", "since"):
                self._fault(record, name, N_("it is a formula"), N_("copy the column and paste it as values"))
        state = self._state(record)
        if state is None:
            return []
        self._plane(record)
        found = self._spans(record)
        if not found and not self.faults:  # phpIPAM's folders
            return []
        until = self._until(record) if state is AllocationState.RESERVED else None
        declaration = text_of(said.get("declaration")) or self.defaults.declaration
        organization, owner = text_of(said.get("organization")), text_of(said.get("owner"))
        if not declaration and not organization and not owner:
            mend = N_("netops declare list shows them")
            self._fault(record, "declaration", N_("no declaration and no organization is named"), mend)
        texts = {name: self._text(record, name) for name in TEXTS}
        mac, tags = self._mac(record, found), self._tags(record)
        if self.faults:
            return []
        row = Row(
            self.table.place(record.row, "addresses" if said.get("addresses") else "first", "addresses"), found[0], declaration,
            organization, owner, state, until, texts["purpose"], mac, texts["device"], texts["note"], tags,
            text_of(said.get("over_quota")) or self.defaults.over_quota, self.is_of_prefixes,
            self.table.marks,
        )  # fmt: skip
        return [row, *(msgspec.structs.replace(row, span=span) for span in found[1:])]

    def _fault(self, record: Record, name: str, what: str, mend: str, **facts: str) -> None:
        value = text_of(record.said.get(name))[:80]
        place = self.table.place(record.row, name, *INSTEAD.get(name, ()))
        self.faults.append(RowFault(place, name, value, what, mend, facts))

    def _state(self, record: Record) -> AllocationState | None:
        """The state that is asked for; None when the row asks for nothing, or says no state."""
        said = record.said.get("state")
        if said is None or said == "" or isinstance(said, Formula):
            return AllocationState.ACTIVE
        state = plain(said).casefold()
        if state in ACTIVE:
            return AllocationState.ACTIVE
        if state in RESERVED:
            return AllocationState.RESERVED
        if state not in PASSED_OVER:
            self._fault(record, "state", N_("it is no state"), N_("write active or reserved"))
            return AllocationState.ACTIVE
        self.faults = []
        return None

    def _plane(self, record: Record) -> None:
        said = plain(record.said.get("plane")).casefold()
        if said and PLANES.get(said, said) != self.defaults.plane:
            if said in PLANES:
                what, mend = N_("it is an address of the other plane"), N_("import it with --plane {plane}")
                self._fault(record, "plane", what, mend, plane=PLANES[said])
            else:
                self._fault(record, "plane", N_("it is no plane"), N_("write extranet or intranet"))

    def _spans(self, record: Record) -> list[Span]:
        said = record.said
        name = "addresses" if plain(said.get("addresses")) else "first"
        text = plain(said.get(name))
        if self.is_of_prefixes and re.search(r"[(\[]folder[)\]]", text):
            return []
        if name == "first" and isinstance(said.get(name), Formula):
            return []
        try:
            if name == "first":
                found = self._between(record, text)
            elif self.is_netbox and not self.is_of_prefixes and "-" not in text:
                found = [host(text)]
            else:
                found = spans(text)
        except ValueError:
            if not isinstance(said.get(name), Formula):
                self._misspelled(record, name, text)
            return []
        mask = plain(said.get("mask"))
        if mask and len(found) == 1:
            try:
                return [masked(found[0], length_of(mask))]
            except ValueError:
                self._fault(record, "mask", N_("it is no mask"), N_("write it as 255.255.255.0 or 24"))
        return found

    def _between(self, record: Record, text: str) -> list[Span]:
        """First and last address in columns of their own; a mask behind them is the network's."""
        if not text:
            name = "addresses" if "addresses" in self.table.columns else "first"
            self._fault(record, name, N_("no address is given"), N_("write an address, a CIDR or first-last"))
            return []
        first, last = text.partition("/")[0], plain(record.said.get("last")).partition("/")[0]
        if not last:
            return spans(text)
        if "." in first and "." not in last and last.isdigit():
            last = f"{first.rpartition('.')[0]}.{last}"
        return spans(f"{first}-{last}")

    def _misspelled(self, record: Record, name: str, text: str) -> None:
        """Why an address cannot be read, as exactly as it can be said."""
        for part in re.split(r"[\s,;、|]+", text):
            if ZEROS.search(part) and (bare := _readable(ZEROS.sub("", part))):
                what, mend = N_("it has leading zeros, which some programs read as octal"), N_("write it as {address}")
                self._fault(record, name, what, mend, address=str(bare))
                return
            address, slash, length = part.partition("/")
            try:
                one = host(address)
                whole = spans(f"{address}/32") if slash and length.isdigit() and "." in address else None
            except ValueError:
                continue
            if whole and int(length) <= 32:
                size = 1 << (32 - int(length))
                network = Span(one.first & -size, (one.first & -size) + size - 1)
                if network.first != one.first:
                    mend = N_("write {address} for the one address, or {network} for the block")
                    what = N_("it is neither one address nor a block: its host bits are not zero")
                    self._fault(record, name, what, mend, address=str(one), network=str(network))
                    return
        if (name == "first" and plain(record.said.get("last"))) or re.fullmatch(
            r"[0-9a-fA-F.:]+\s*[-‐-―~〜至到]+\s*[0-9a-fA-F.:]+", text
        ):
            what = N_("it is no range: it ends before it begins, or has no address at an end")
            self._fault(record, name, what, N_("write it as 10.1.1.1-10.1.1.20"))
            return
        self._fault(
            record,
            name,
            N_("it is neither an address nor a CIDR nor a range"),
            N_("write an address, a CIDR or first-last"),
        )

    def _until(self, record: Record) -> datetime | None:
        value: Value = record.said.get("reserved_until")
        try:
            text = plain(value)
            if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", text):
                day = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(CITY_ZONE).date()
            elif text or self.defaults.until is None:
                day = day_of(value)
            else:
                day = self.defaults.until
            return datetime.combine(day, datetime.min.time(), CITY_ZONE).astimezone(UTC)
        except (ValueError, OverflowError):
            mend = N_("write it as 2026-12-31, or say --reserve-until DATE")
            self._fault(record, "reserved_until", N_("a reservation needs its last day"), mend)
            return None

    def _text(self, record: Record, name: str) -> str | None:
        if name not in self.table.columns:
            return None
        text = text_of(record.said.get(name))
        if len(text) > LONGEST:
            self._fault(
                record, name, N_("it is longer than {count} characters"), N_("shorten it"), count=str(LONGEST)
            )
        return text

    def _mac(self, record: Record, found: Sequence[Span]) -> str | None:
        if "mac" not in self.table.columns:
            return None
        text = plain(record.said.get("mac"))
        try:
            mac = mac_of(text)
        except NetopsError as error:
            self._fault(record, "mac", error.why, error.mend, mac=text[:40])
            return None
        if mac and (len(found) > 1 or (found and found[0].size > 1)):
            self._fault(
                record,
                "mac",
                N_("only a single address has a network card"),
                N_("give each address a row of its own"),
            )
        return mac

    def _tags(self, record: Record) -> tuple[str, ...] | None:
        if "tags" not in self.table.columns:
            return None
        return tuple(parted(text_of(record.said.get("tags"))))


def _readable(text: str) -> Span | None:
    """The run that a part of a cell names, or None."""
    try:
        return spans(text)[0]
    except ValueError:
        return None


def parted(text: str) -> list[str]:
    """The tags in a cell."""
    return [part for part in re.split(r"[,，;；、\s]+", text) if part]


def shown_day(at: datetime | None) -> str:
    """The day in the city, ISO, or ""."""
    return at.astimezone(CITY_ZONE).date().isoformat() if at else ""
