"""What people say about an allocation: its network card, device, note, tags and purpose; kept with a journal entry."""

from __future__ import annotations

import msgspec

from netops.addresses.allocation import HELD, Allocation
from netops.addresses.holdings import held, record_of, row_of
from netops.core.errors import Refused
from netops.core.journal import Act


class Particulars(msgspec.Struct, frozen=True):
    """What is to be changed; None leaves it as it is."""

    purpose: str | None = None
    mac: str | None = None
    device: str | None = None
    note: str | None = None
    tags: tuple[str, ...] | None = None

    def of(self, before: Allocation) -> Allocation:
        """
        *before* with what is changed.

        Raises:
            Refused: a network card for more than one address.
        """
        changes = {
            name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None
        }
        after = msgspec.structs.replace(before, **changes)
        if after.mac and after.span.size > 1:
            raise Refused(
                "{id} was not changed", "it has {count} addresses; a network card is bound to one",
                "allocate single addresses to bind each to a card", id=before.id, count=after.span.size,
            )  # fmt: skip
        return after


def edit(act: Act, name: str, changed: Particulars, why: str = "") -> Allocation:
    """
    Change what is said about an allocation; whose it is and which addresses stay.

    Raises:
        Missing: there is no such allocation.
        Refused: it was given back already, nothing changes, or a card is bound to several addresses.
    """
    before = record_of(row_of(act.connection, name, lock=True))
    if before.state not in HELD:
        raise Refused(
            "{id} was not changed", "it is {state}", "netops ip show {id}", id=name, state=before.state
        )
    after = changed.of(before)
    if after == before:
        raise Refused("{id} was not changed", "it says so already", "netops ip show {id}", id=name)
    values = {field: getattr(after, field) for field in Particulars.__struct_fields__}
    act.connection.execute(held.update().where(held.c.id == name).values(values))
    told = {field: value for field, value in values.items() if value != getattr(before, field)}
    act.record("ip edit", name, why=why, before={field: getattr(before, field) for field in told}, after=told)
    return after
