"""
The law once more, slowly and by hand: which paper may answer which breach, to whom, on which day.

Written from the text of the Measures and the dates of their sources, without reading `playbooks/law/`.
"""

from __future__ import annotations

from datetime import date

MEASURES = date(2012, 4, 14)
"""Nothing of the Measures is known to be in force before."""
CITED_TEXT_ENDS = date(2012, 9, 1)
"""Articles 34 and 35 borrow Articles 39 and 40 of the provincial regulation of 2004, revised with effect from this day."""
CYBERSECURITY_LAW, AMENDED = date(2017, 6, 1), date(2026, 1, 1)
"""Article 72 of 2016; since the amendment nobody has verified its number."""
NATIONAL_MEASURE = date(2025, 11, 1)
SANCTIONED_PARTS = {"A17-3", "A17-4", "A29-2", "A29-3"}


def may_answer(instrument: str, law: str, article: int, part: str, addressee: str, day: date) -> bool:
    """Whether *instrument* may be sent to *addressee* on *day* for a breach of the article (or of its *part*)."""
    if instrument == "report":
        return addressee == "superior" and (day >= MEASURES or day >= NATIONAL_MEASURE)
    if addressee == "superior":
        return False
    if law == "csl":
        return instrument == "rectification_order" and article in (21, 25) and CYBERSECURITY_LAW <= day < AMENDED
    if law != "measures" or day < MEASURES:
        return False
    if instrument == "rectification_order":
        # Article 34: breaches of 16 and 25. Article 35: some of 17 and 29. Articles 9 to 12: nothing, ever.
        sanctioned = article in (16, 25) or part in SANCTIONED_PARTS
        return sanctioned and day < CITED_TEXT_ENDS
    if article in (16, 25):
        return True  # Article 33 notifies the results; Article 4 supervises and guides
    if article == 12 and addressee == "county":
        return False  # 除县市区外
    # Article 30: notices of the situation, inspection and guidance, about the network and its security.
    return article in (8, 9, 10, 11, 12, 17, 27, 28, 29, 30)
