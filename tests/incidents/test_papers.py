"""Papers on both engines: the gate before the draft, numbers without gaps, frozen when issued."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import msgspec
import pytest

from netops.core import journal
from netops.core.basis import Basis
from netops.core.clock import still
from netops.core.errors import Missing, Refused
from netops.core.paper import Paper, Paragraph
from netops.core.store import Store
from netops.incidents import integrity, legal_basis, papers
from netops.incidents.legal_basis import Addressee, Decision, Instrument, decide
from tests.conftest import NOON
from tests.incidents.cases import PLAYBOOKS

MARK = "示信办"
TOPIC = papers.Topic(about="incident", subject="INC-2026-0001", wording="notice", organization="health", plane="extranet")


def paper(text: str = "情况如下。", day: str = "2026-11-20") -> Paper:
    return Paper(instrument="notice", mark="示例市信息中心文件", title="关于出口的情况通报", organ="示例市信息中心", date=day,
                 blocks=(Paragraph(text, ("EV-0123456789ab",)),), to="市卫生健康委员会", warnings=("（未经核实。）",))


def decision(instrument: Instrument = Instrument.NOTICE) -> Decision:
    return decide(legal_basis.load(PLAYBOOKS), instrument, [Basis(12)], Addressee.DEPARTMENT, date(2026, 11, 20))


def drafted(store: Store, one: Paper | None = None) -> str:
    with journal.act(store, "王工", still(NOON)) as act:
        return papers.draft(act, TOPIC, one or paper(), decision())


def issued(store: Store, number: str) -> str:
    with journal.act(store, "李主任", still(NOON)) as act:
        return papers.issue(act, number, MARK)


def test_a_refused_paper_is_not_kept(store: Store) -> None:
    """No draft, no number, no journal entry of a draft."""
    with pytest.raises(Refused, match="was refused"), journal.act(store, "王工") as act:
        papers.draft(act, TOPIC, paper(), decision(Instrument.ORDER))

    assert ([], 0) == (papers.listed(store), journal.verify(store).entries)


def test_a_draft_carries_the_gate_and_the_head_of_the_journal(store: Store) -> None:
    """The rows that allow it, and the chain's head as the draft found it."""
    drafted(store)
    number = drafted(store, paper("续。"))

    kept, entries = papers.one(store, number), journal.log(store)
    assert ("draft", ("measures-30",), entries[1].sha256) == (kept.state, kept.decision.rows, kept.paper.journal)
    assert kept.is_intact
    assert kept.sha256 == entries[0].after["sha256"]


def test_an_issued_paper_is_numbered_and_frozen(store: Store) -> None:
    """机关代字〔年〕号, no leading zeros, warnings gone; it cannot be issued again."""
    number = drafted(store)

    assert "示信办〔2026〕1号" == issued(store, number)
    kept = papers.one(store, "示信办〔2026〕1号")
    assert (number, "issued", ()) == (kept.id, kept.state, kept.paper.warnings)
    assert kept.is_intact
    assert not msgspec.structs.replace(kept, paper=paper("改了一个字。")).is_intact
    with pytest.raises(Refused, match="issued already"):
        issued(store, number)


def test_numbers_have_no_gap_under_concurrency(store: Store) -> None:
    """Twelve issued at once: 1 to 12; each year counts from 1 again."""
    numbers = [drafted(store, paper(f"第{turn}件。")) for turn in range(12)]
    with ThreadPoolExecutor(6) as pool:
        said = set(pool.map(lambda number: issued(store, number), numbers))

    assert {f"示信办〔2026〕{n}号" for n in range(1, 13)} == said
    assert "示信办〔2027〕1号" == issued(store, drafted(store, paper(day="2027-01-04")))


def test_the_same_words_are_one_draft(store: Store) -> None:
    """What stands as a draft is found again; other words, or the same once issued, are not."""
    number = drafted(store)

    found = papers.standing_draft(store, "INC-2026-0001", paper())
    assert number == (found.id if found else "")
    assert papers.standing_draft(store, "INC-2026-0001", paper("别的。")) is None
    issued(store, number)
    assert papers.standing_draft(store, "INC-2026-0001", paper()) is None


def test_a_void_number_stays_taken(store: Store) -> None:
    """Only an issued paper is voided, with a reason; the next one gets the next number."""
    number = drafted(store)
    with pytest.raises(Refused), journal.act(store, "李主任") as act:
        papers.void(act, number, "印错")
    issued(store, number)
    with journal.act(store, "李主任") as act:
        papers.void(act, number, "印错")

    assert ("void", "印错") == ((kept := papers.one(store, number)).state, kept.reason)
    assert "示信办〔2026〕2号" == issued(store, drafted(store))


def test_a_sequence_may_begin_where_the_office_stands(store: Store) -> None:
    """Numbers given before netops was there are not given again; afterwards each follows the one before."""
    with journal.act(store, "李主任", still(NOON)) as act:
        assert "示信办〔2026〕16号" == papers.issue(act, drafted_in(act), MARK, first=16)
    assert "示信办〔2026〕17号" == issued(store, drafted(store, paper("续。")))
    with pytest.raises(Refused, match="stands at 17"), journal.act(store, "李主任", still(NOON)) as act:
        papers.issue(act, drafted_in(act), MARK, first=30)

    assert [] == integrity.faults(store)


def drafted_in(act: journal.Act) -> str:
    return papers.draft(act, TOPIC, paper("同一事务。"), decision())


def test_what_goes_with_a_paper_takes_no_number(store: Store) -> None:
    """A feedback form bears the number of its notice; it is printed, not issued."""
    with journal.act(store, "王工", still(NOON)) as act:
        topic = msgspec.structs.replace(TOPIC, goes_with="D-0001")
        number = papers.draft(act, topic, paper(), decision())

    with pytest.raises(Refused, match="goes with D-0001"):
        issued(store, number)


def test_a_changed_paper_and_a_missing_number_are_found(store: Store) -> None:
    """The register is held against its hashes, the journal and its own sequence."""
    for turn in range(3):
        issued(store, drafted(store, paper(f"第{turn}件。")))
    assert [] == integrity.faults(store)
    with store.write() as connection:
        changed = msgspec.to_builtins(paper("改了。"))
        connection.execute(papers.papers.update().where(papers.papers.c.serial == 1).values(paper=changed))
        connection.execute(papers.papers.update().where(papers.papers.c.serial == 2).values(sha256="0" * 64))
        connection.execute(papers.papers.delete().where(papers.papers.c.serial == 3))

    found = [(one.number, one.why) for one in integrity.faults(store)]
    assert [
        ("示信办〔2026〕1号", "changed since it was frozen"),
        ("示信办〔2026〕2号", "changed since it was frozen"),
        ("示信办〔2026〕3号", "missing from the sequence"),
    ] == found


def test_receipts_and_replies_are_kept_in_order(store: Store) -> None:
    """Sent, received, answered: who, when, by which channel."""
    number = drafted(store)
    for kind in ("sent", "receipt", "reply"):
        with journal.act(store, "王工") as act:
            papers.receive(act, papers.Receipt(number, kind, NOON, "赵某", "专人送达", "已知悉"))

    assert {"sent", "receipt", "reply"} == {one.kind for one in papers.answers(store, number)}
    assert "document reply" == journal.log(store, 1)[0].verb
    with pytest.raises(Missing):
        papers.one(store, "D-9999")
