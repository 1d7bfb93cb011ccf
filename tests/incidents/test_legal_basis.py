"""The gate: no paper rests on a basis that is not in force, does not allow it, or does not reach its addressee."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.basis import Basis
from netops.core.errors import Faults
from netops.core.finding import Rule
from netops.core.language import speak
from netops.incidents import legal_basis
from netops.incidents.legal_basis import ANSWERING, Addressee, Instrument, decide
from netops.rounds import look
from tests.incidents.cases import PLAYBOOKS
from tests.incidents.gate_reckoner import (
    AMENDED,
    CITED_TEXT_ENDS,
    CYBERSECURITY_LAW,
    MEASURES,
    NATIONAL_MEASURE,
    may_answer,
)  # fmt: skip

BASES = legal_basis.load(PLAYBOOKS)
TODAY = date(2026, 11, 20)
LOCAL = (Addressee.DEPARTMENT, Addressee.COUNTY, Addressee.PLATFORM)
SANCTIONED = (Basis(16), Basis(25), Basis(17, duty="A17-3"), Basis(17, duty="A17-4"),
              Basis(29, duty="A29-2"), Basis(29, duty="A29-3"))
days = st.dates(date(2000, 1, 1), date(2040, 1, 1))
duties = st.builds(Basis, st.integers(1, 38)) | st.sampled_from(SANCTIONED)


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")


@given(st.integers(9, 12), st.sampled_from(Addressee), days)
def test_articles_9_to_12_never_carry_an_order(article: int, addressee: Addressee, day: date) -> None:
    """They have no sanction clause: on no day and to nobody."""
    assert not decide(BASES, Instrument.ORDER, [Basis(article)], addressee, day).allowed


@pytest.mark.parametrize("article", [9, 10, 11, 12])
def test_what_articles_9_to_12_do_allow_is_offered(article: int) -> None:
    """Notice, guidance and a request; the refusal says so, with exit code 4."""
    decision = decide(BASES, Instrument.ORDER, [Basis(article)], Addressee.DEPARTMENT, TODAY)
    refusal = decision.refusal()

    assert (Instrument.NOTICE, Instrument.GUIDANCE, Instrument.REQUEST) == decision.offers
    assert 4 == refusal.exit_code
    reason = "no basis allows this instrument; the article carries no sanction clause"
    assert f"{Basis(article).label}: {reason}" == refusal.facts["reasons"]
    assert "notice of the situation (notice)" in refusal.english()
    for offer in decision.offers:
        assert decide(BASES, offer, [Basis(article)], Addressee.DEPARTMENT, TODAY).allowed


def test_counties_are_excepted_from_article_12() -> None:
    """Nothing may be sent to a county on Article 12, while Article 10 binds it."""
    offers = [decide(BASES, Instrument.NOTICE, [Basis(article)], Addressee.COUNTY, TODAY).offers for article in (12, 10)]

    assert [(), (Instrument.NOTICE, Instrument.GUIDANCE, Instrument.REQUEST)] == offers


@pytest.mark.parametrize("duty", SANCTIONED)
def test_the_sanctions_ended_with_the_text_that_they_cite(duty: Basis) -> None:
    """Articles 34 and 35 borrow from the 2004 regulation, revised on 2012-09-01: an order until the day before."""
    before, after = (decide(BASES, Instrument.ORDER, [duty], Addressee.DEPARTMENT, day)
                     for day in (date(2012, 8, 31), date(2012, 9, 1)))

    assert (True, False) == (before.allowed, after.allowed)
    assert "rests on 湖南省信息化条例 (2004), in force only until 2012-08-31" in after.gaps[0].told()


@given(st.sampled_from(SANCTIONED), st.sampled_from(LOCAL), st.dates(date(2012, 9, 1), date(2040, 1, 1)))
def test_no_order_rests_on_the_renumbered_regulation(duty: Basis, addressee: Addressee, day: date) -> None:
    """Neither the revision of 2012 nor the regulation of 2022 mends the citation."""
    assert not decide(BASES, Instrument.ORDER, [duty], addressee, day).allowed


@pytest.mark.parametrize(("article", "parts"), [(17, "A17-3, A17-4"), (29, "A29-2, A29-3")])
def test_only_parts_of_articles_17_and_29_are_sanctioned(article: int, parts: str) -> None:
    """The article as a whole is not enough, even while the sanction was alive; the parts are named."""
    decision = decide(BASES, Instrument.ORDER, [Basis(article)], Addressee.DEPARTMENT, date(2012, 6, 1))

    assert f"{Basis(article).label}: only a breach of {parts} carries a sanction" == decision.gaps[0].told()


@given(st.lists(duties, max_size=4), st.sampled_from(Instrument), st.sampled_from(Addressee), days)
def test_what_is_allowed_has_a_basis_for_every_duty(
    wanted: list[Basis], instrument: Instrument, addressee: Addressee, day: date
) -> None:
    """Each row is in force that day with all that it borrows, allows the instrument, and reaches the addressee."""
    rows = {row.id: row for row in BASES}
    decision = decide(BASES, instrument, wanted, addressee, day)
    used = [rows[name] for name in decision.rows]

    assert decision.allowed == (bool(wanted) and not decision.gaps)
    assert decision.offers == () or decision.allowed == (instrument in decision.offers)
    assert {row.id for row in decision.used} == {name for row in used for name in (row.id, *row.requires)}
    assert all(row.in_force(day) and all(rows[needed].in_force(day) for needed in row.requires) for row in used)
    assert all(instrument in row.instruments_allowed and addressee in row.addressee_kind for row in used)
    if decision.allowed:
        assert all(any(row.answers(duty) for row in used) for duty in wanted)


def pairs(count: int) -> Iterator[tuple[Rule, date]]:
    """Findings of real rules and of sanctioned duties, with days from 2004 to 2026, most of them near a change of the law."""
    chance = random.Random(17)
    changes = [date(2004, 10, 1), MEASURES, CITED_TEXT_ENDS, CYBERSECURITY_LAW, date(2022, 1, 1), NATIONAL_MEASURE, AMENDED]
    duties = (*SANCTIONED, Basis(21, "csl"), Basis(25, "csl"))
    rules = [*look.rules().values(), *(SimpleNamespace(basis=(duty,)) for duty in duties)]
    for number in range(count):
        near = changes[number % len(changes)] + timedelta(days=chance.choice((-1, 0, 1, chance.randint(-300, 300))))
        far = date(2004, 1, 1) + timedelta(days=chance.randint(0, 8400))
        yield chance.choice(rules), near if number % 3 else far


def test_a_thousand_findings_through_22_years_of_law() -> None:
    """What the gate allows for a finding on a day is what the law of that day allows, by a reckoning of its own."""
    wrong = []
    for rule, day in pairs(1000):
        for instrument, addressee in product(ANSWERING, Addressee):
            decision = decide(BASES, instrument, rule.basis, addressee, day)
            lawful = all(
                may_answer(instrument, one.instrument, one.article, one.duty, addressee, day) for one in rule.basis
            )
            if decision.allowed != lawful or any(not row.in_force(day) for row in decision.used):
                wrong.append((rule.basis, instrument, addressee, day))

    assert [] == wrong


def test_what_goes_with_a_paper_rests_on_its_rows() -> None:
    """A feedback form and a proof of delivery name the basis of the paper that they belong to."""
    paper = decide(BASES, Instrument.REQUEST, [Basis(12)], Addressee.DEPARTMENT, date(2026, 11, 1))
    reply = legal_basis.accompanying(paper, Instrument.REPLY, BASES, TODAY)

    assert (paper.rows, paper.cited, "2026-11-20", True) == (reply.rows, reply.cited, reply.day, reply.allowed)


def test_one_duty_without_a_basis_stops_the_paper() -> None:
    """A notice on Articles 10 and 12 to a county: the reason names only Article 12."""
    decision = decide(BASES, Instrument.NOTICE, [Basis(10), Basis(12)], Addressee.COUNTY, TODAY)

    assert ["第十二条"] == [gap.duty for gap in decision.gaps]
    assert not decision.allowed


def test_unverified_rows_are_named() -> None:
    """The Measures' own validity is not verified, and every paper says so."""
    decision = decide(BASES, Instrument.NOTICE, [Basis(12)], Addressee.DEPARTMENT, TODAY)

    assert (("measures-30",), ("measures-30",)) == (decision.rows, decision.unverified)
    assert ("《湘潭市电子政务管理办法》第三十条",) == decision.cited


def test_the_table_is_read_strictly(tmp_path: Path) -> None:
    """A wrong date, an unknown key and a row that is not there, each with its line, all at once."""
    folder = tmp_path / "law"
    folder.mkdir()
    text = (PLAYBOOKS / "law" / "bases.toml").read_text("utf-8").replace('"2012-04-14"', '"spring"', 1)
    text = text.replace('"hunan-2004"]', '"hunan-1999"]', 1) + '\npower = "all"\n'
    (folder / "bases.toml").write_text(text, encoding="utf-8")
    last = len(text.splitlines())

    with pytest.raises(Faults) as caught:
        legal_basis.load(folder.parent)

    told = "\n".join(caught.value.faults)
    assert f"law/bases.toml:{last}: bases.power: unknown key 'power'" in told
    assert "bases.effective_from: 'spring' is not a date" in told
    assert "bases.requires: there is no row 'hunan-1999'" in told
