"""The roster in and out: ugly tables are understood, every fault is named with its place, and a round trip changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from netops.addresses import intake, ledger, roster, transcript
from netops.addresses.judging import Ground, Grounds, Why
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.roster import Reading
from netops.core import journal
from netops.core.clock import still
from netops.core.errors import NetopsError, Refused
from netops.core.plane import Plane
from netops.core.store import Store
from netops.documents import spreadsheet
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
GROUNDS = Grounds(
    {
        ("D-1", "", ""): Ground("D-1", "fin"),
        ("D-2", "", ""): Ground("D-2", "ic"),
        ("D-1", "fin", ""): Ground("D-1", "fin"),
        ("D-2", "ic", ""): Ground("D-2", "ic"),
        ("D-9", "", ""): Why("declaration", "D-9", "there is no such declaration", "netops declare list"),
    },
    {"fin": "fin", "ic": "ic"},
)
UGLY = """
地址,备案编号,用途,状态,预留至
１０．２０．１１．１,D-1,窗口,,
10.20.11.2-4 , D-1,"打印机,
二楼",在用,
10.20.11.8/29,D-2,=cmd,已分配,
10.20.11.20,D-1,,预留,2026-12-31

10.20.11.99,D-1,,已收回,
"""
WRONG = """addresses,declaration,state,reserved_until
10.20.11.999,D-1,,
10.20.11.1/24,D-1,,
10.20.11.5,,,
10.20.11.6,D-9,,
10.20.11.7,D-1,lost,
10.20.11.8,D-1,reserved,soon
10.20.12.1,D-1,,
10.20.11.30-40,D-1,,
10.20.11.40,D-1,,
"""


@pytest.fixture
def ready(store: Store) -> Store:
    """A store with one pool."""
    with journal.act(store, "test", still(NOON)) as act:
        act.record("inventory apply", "register")
        ledger.sync_prefixes(act, [RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin")])
    return store


def read(content: bytes) -> Reading:
    return roster.read(spreadsheet.read(content, "in.csv"))


def take_in(store: Store, content: bytes) -> int:
    reading = read(content)
    planned = intake.plan(store, EXTRANET, reading, GROUNDS)
    with journal.act(store, "test", still(NOON)) as act:
        return len(intake.apply(act, EXTRANET, reading, GROUNDS, planned))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_as_offices_keep_it_is_taken_in(ready: Store, encoding: str) -> None:
    """Chinese headings, full-width digits, short ranges, line breaks in cells, blank lines, history rows."""
    assert 4 == take_in(ready, UGLY.encode(encoding))

    found = [(str(one.span), one.organization, one.state, one.purpose) for one in ledger.allocations(ready)]
    assert [
        ("10.20.11.1", "fin", "active", "窗口"),
        ("10.20.11.2-10.20.11.4", "fin", "active", "打印机,\n二楼"),
        ("10.20.11.8/29", "ic", "active", "=cmd"),
        ("10.20.11.20", "fin", "reserved", ""),
    ] == found
    assert (12, 1) == (ledger.pools(ready)[0].allocated, ledger.pools(ready)[0].reserved)
    assert [] == ledger.verify(ready)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_out_comes_in_without_a_difference(ready: Store, language: str) -> None:
    """Export, import: every row stands already; and an empty ledger gets them all again."""
    take_in(ready, UGLY.encode())
    rows = [transcript.heads(language), *transcript.cells_of(ledger.allocations(ready), language)]
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)

    planned = intake.plan(ready, EXTRANET, read(text.encode()), GROUNDS)

    assert ((), 4, ()) == (planned.added, planned.same, planned.faults)
    assert "'=cmd" in text


def test_every_bad_row_is_named_and_the_good_ones_go_in(ready: Store) -> None:
    """Line, column, value and a reason; nothing else is held up by them."""
    planned = intake.plan(ready, EXTRANET, read(WRONG.encode()), GROUNDS)

    assert [(2, "addresses"), (3, "addresses"), (4, "declaration"), (5, "declaration"), (6, "state"), (7, "reserved_until"),
            (8, "addresses"), (10, "addresses")] == [(one.place.line, one.column) for one in planned.faults]  # fmt: skip
    assert ["10.20.11.30-10.20.11.40"] == [str(one.row.span) for one in planned.added]
    assert 1 == take_in(ready, WRONG.encode())
    taken = intake.plan(ready, EXTRANET, read(b"address,declaration\n10.20.11.35,D-2\n"), GROUNDS).faults
    assert "AL-0001" == taken[0].facts["holder"]


def test_a_stale_plan_takes_nothing_in(ready: Store) -> None:
    """What was shown is what happens, or nothing does."""
    reading = read(b"address,declaration\n10.20.11.35,D-1\n")
    planned = intake.plan(ready, EXTRANET, reading, GROUNDS)
    take_in(ready, b"address,declaration\n10.20.11.35,D-2\n")

    with pytest.raises(Refused, match="stale"), journal.act(ready, "test", still(NOON)) as act:
        intake.apply(act, EXTRANET, reading, GROUNDS, planned)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xff\xff", b"addresses\n10.0.0.1\n"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    """Empty, without the columns, in no encoding."""
    with pytest.raises(NetopsError):
        read(content)


def test_a_reservation_becomes_an_allocation(ready: Store) -> None:
    """Assigned by its number, it does not end any more; a second time is refused."""
    take_in(ready, UGLY.encode())
    name = next(one.id for one in ledger.allocations(ready) if one.state == "reserved")
    with journal.act(ready, "test", still(NOON)) as act:
        assert ("active", None) == ((made := ledger.activate(act, name, "")).state, made.free_after)
    with pytest.raises(Refused), journal.act(ready, "test", still(NOON)) as act:
        ledger.activate(act, name, "")

    assert not ledger.reclaimable(ready, EXTRANET, NOON + timedelta(days=400), ())
    assert (13, 0) == (ledger.pools(ready)[0].allocated, ledger.pools(ready)[0].reserved)
    assert [] == ledger.verify(ready)
