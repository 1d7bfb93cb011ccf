"""Every register goes out and comes in again without a difference, in both languages, as XLSX and CSV."""

from __future__ import annotations

import pytest

from netops.core.clock import Clock
from netops.core.language import speak
from netops.core.store import Store
from netops.rounds import registers as rounds
from tests.registers.city import desk_of, samples


@pytest.fixture(autouse=True)
def _speak_chinese_again() -> object:
    yield
    speak("zh")


def test_every_register_comes_back_as_it_went_out(store: Store, clock: Clock) -> None:
    """
    Export → import shows no difference: every type of field, text that looks like a formula, long-term dates, months
    without a day, references by number and name, organizations by name in either language.
    """
    desk = desk_of(store, clock)
    speak("zh")
    references: dict[str, str] = {}
    kinds = sorted(rounds.kinds(desk).values(), key=lambda one: len([f for f in one.fields if f.reference]))
    for kind in kinds:
        count = 3 if kind.head.key == ("organization",) else 5
        for row in samples(kind, count, references):
            entry = rounds.apply(desk, rounds.edited(desk, kind.kind, "", row))
        references[kind.kind] = entry.number
    tables = [(kind, rounds.of(desk, kind.kind)) for kind in kinds]
    for language in ("zh", "en"):
        speak(language)
        sheets, _source = rounds.sheets_of([("all.xlsx", rounds.as_xlsx(desk, tables))])
        for (kind, listed), sheet in zip(tables, sheets, strict=True):
            text, _source = rounds.sheets_of([("a.csv", rounds.as_csv(desk, kind, listed, mark=True))])
            for one in (sheet, *text):
                plan = rounds.planned(desk, kind.kind, [one]).plan
                assert ((), (), len(listed), ()) == (plan.added, plan.changed, plan.same, plan.faults), (kind.kind, language)
