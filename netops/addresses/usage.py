"""Storage of quotas: for how many terminals each declaration was given addresses; kept with every act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, select

from netops.addresses.allocation import HELD, Origin
from netops.addresses.holdings import held
from netops.addresses.quota import Use, use
from netops.addresses.span import Span
from netops.core.language import _
from netops.core.notes import notes_of
from netops.core.plane import Plane
from netops.core.store import Prepared, Store, metadata

uses = Table(
    "declaration_uses",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("declaration", String(64), primary_key=True),
    Column("ipv4", BigInteger, nullable=False),
    Column("ipv6", BigInteger, nullable=False),
)
_KEY = (uses.c.plane == bindparam("which"), uses.c.declaration == bindparam("number"))
USED = Prepared(select(uses.c.ipv4, uses.c.ipv6).where(*_KEY))
CHANGE = Prepared(uses.update().where(*_KEY).values(ipv4=bindparam("new4"), ipv6=bindparam("new6")))
BEGIN = Prepared(uses.insert())


def used(connection: Connection, plane: Plane, declaration: str) -> Use:
    """What acts of netops gave under a declaration and it still holds; what the register filed stands beside it."""
    return standing(connection, plane, declaration)() or Use()


def of_all(store: Store) -> dict[tuple[str, str], Use]:
    """The use of every declaration, by plane and number."""
    with store.read() as connection:
        return {(row.plane, row.declaration): Use(row.ipv4, row.ipv6) for row in connection.execute(select(uses))}


def standing(connection: Connection, plane: Plane, declaration: str) -> Callable[[], Use | None]:
    """Asks for the use of a declaration; None before the first."""

    def ask() -> Callable[[], Use | None]:
        rows = USED.asked(connection, which=plane, number=declaration)
        return lambda: next((Use(*row) for row in rows()), None)

    return notes_of(connection).asked(("use", plane, declaration), ask)


def note(connection: Connection, plane: Plane, declaration: str, before: Use | None, now: Use) -> None:
    """Note the use of a declaration, which was *before* in this transaction."""
    key, notes = ("use", plane, declaration), notes_of(connection)
    if before is None:
        BEGIN(connection, plane=plane, declaration=declaration, ipv4=now.ipv4, ipv6=now.ipv6)
        notes.put(key, now, lambda: None)
    else:
        write = partial(CHANGE, connection, which=plane, number=declaration, new4=now.ipv4, new6=now.ipv6)
        notes.put(key, now, write)


def count(
    connection: Connection, plane: Plane, declaration: str, spans: Iterable[Span], *, back: bool = False
) -> None:
    """Note that *spans* were given under a declaration, or came back; the caller's transaction gives them."""
    before, change = standing(connection, plane, declaration)(), use(spans)
    note(
        connection,
        plane,
        declaration,
        before,
        (before or Use()) - change if back else (before or Use()) + change,
    )


def faults(connection: Connection, plane: Plane) -> list[str]:
    """Declarations whose noted use is not what their allocations add up to, one line each."""
    rows = connection.execute(select(uses).where(uses.c.plane == plane))
    noted = {row.declaration: Use(row.ipv4, row.ipv6) for row in rows}
    counted = _counted(connection, plane)
    return [
        _("{plane}: {number} has {noted} terminals with addresses noted, counted {counted}").format(
            plane=_(plane.label), number=number, noted=_shown(noted.get(number)), counted=_shown(counted.get(number))
        )
        for number in sorted(noted.keys() | counted.keys())
        if noted.get(number, Use()) != counted.get(number, Use())
    ]


def _shown(one: Use | None) -> str:
    return "0" if one is None else f"{one.ipv4} + {one.ipv6} IPv6"


def _counted(connection: Connection, plane: Plane) -> dict[str, Use]:
    query = select(held.c.declaration, held.c.first, held.c.last).where(
        held.c.plane == plane, held.c.origin == Origin.ACT, held.c.state.in_(HELD)
    )
    found: dict[str, Use] = {}
    for declaration, first, last in connection.execute(query):
        found[declaration] = found.get(declaration, Use()) + use([Span(first, last)])
    return found
