"""The register of papers against itself: hashes, journal entries, and numbers without a gap. Storage."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from netops.core import ids
from netops.core.journal import journal
from netops.core.language import N_
from netops.core.store import Store
from netops.incidents import papers as register
from netops.incidents.papers import papers


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a document or a sequence of numbers: *why* is a message id."""

    number: str
    why: str


def faults(store: Store) -> list[Fault]:
    """
    Issued papers held against their hash and their journal entry, and each sequence of numbers against gaps.

    Returns:
        What is wrong, by number; nothing when the register is in order.
    """
    with store.read() as connection:
        return [*_changed(connection), *_gaps(connection)]


def _changed(connection: Connection) -> list[Fault]:
    entries = select(journal.c.subject, journal.c.after).where(journal.c.verb == "document issue")
    frozen = {row.subject: row.after["sha256"] for row in connection.execute(entries.order_by(journal.c.seq))}
    found = []
    for row in connection.execute(select(papers).where(papers.c.serial.is_not(None)).order_by(papers.c.id)):
        one = register.kept_of(row)
        if not one.is_intact:
            found.append(Fault(row.number, N_("changed since it was frozen")))
        elif frozen.get(row.number) != one.sha256:
            found.append(Fault(row.number, N_("its journal entry says otherwise")))
    return found


def _gaps(connection: Connection) -> list[Fault]:
    serials: dict[tuple[str, int], set[int]] = {}
    for row in connection.execute(select(papers).where(papers.c.serial.is_not(None))):
        serials.setdefault((row.organ_mark, row.year), set()).add(row.serial)
    last = {row.name: row.value for row in connection.execute(select(ids.sequences))}
    found = []
    for (mark, year), taken in sorted(serials.items()):
        whole = set(range(min(taken), last.get(f"paper/{mark}/{year}", 0) + 1))
        for numbers, why in ((whole - taken, N_("missing from the sequence")), (taken - whole, N_("beyond the sequence"))):
            found += [Fault(f"{mark}〔{year}〕{number}号", why) for number in sorted(numbers)]
    return found
