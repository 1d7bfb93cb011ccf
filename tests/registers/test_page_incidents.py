"""What is seen on pages becomes incidents of the right category and grade, one for each site."""

from __future__ import annotations

from netops.core import docket
from netops.core.clock import still
from netops.core.plane import Plane
from netops.core.store import Store
from netops.incidents import casebook
from netops.registers.site import HiddenLink, Look, PageSpot
from netops.registers.site_rules import SEEN
from netops.rounds import triage
from tests.conftest import NOON
from tests.registers.city import desk_of


def look(number: str, **seen: object) -> Look:
    return Look(
        plane=Plane.EXTRANET, number=number, kind="sites", organization="fin", name=number, url=f"https://{number}.gov.cn/",
        at=NOON, today=NOON.date(), is_open=True, is_close=True, **seen,  # type: ignore[arg-type]
    )  # fmt: skip


def test_pages_become_incidents_of_their_category(store: Store) -> None:
    """Tampering is 2.9, hidden links 2.10, marks and identity numbers 3.3; a late publication is none; two sites are two."""
    desk = desk_of(store, still(NOON))
    url = "https://web-1.gov.cn/"
    looks = (
        look("WEB-1", similarity=0.05, hidden=(HiddenLink(url, 3, "a.example", "x"), HiddenLink(url, 9, "b.example", "x")),
             marks=(PageSpot(url, 7, "秘密", "aa"),)),
        look("WEB-2", similarity=0.01, identities=(PageSpot(url, 7, "", "bb"),)),
    )  # fmt: skip
    found = [one for each in looks for rule in SEEN.values() for one in rule(each)]
    docket.settle(store, SEEN, found, plane=Plane.EXTRANET, at=NOON, scope=SEEN)
    triage.run(desk)
    assert [
        ("hidden_links", "2.10", "IV", "WEB-1", 2), ("personal_data_exposed", "3.3", "IV", "WEB-2", 1),
        ("secret_exposed", "3.3", "III", "WEB-1", 1), ("web_tampering", "2.9", "IV", "WEB-1", 1),
        ("web_tampering", "2.9", "IV", "WEB-2", 1),
    ] == sorted(
        (one.cause, one.category, str(one.grading.grade), one.place, len(one.findings)) for one in casebook.listed(store)
    )  # fmt: skip
