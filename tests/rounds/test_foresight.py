"""What the reconcile round says about terms, pools, quotas and grounds; silent where all is in order."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netops.addresses import trend
from netops.addresses.allocation import Request
from netops.addresses.foresight import RULES
from netops.config import Config
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.core.store import Store
from netops.declarations import filings
from netops.desk import Desk
from netops.metrics.collectors import exposition
from netops.rounds import allocate, inventory, look, reconcile
from netops.settings import PlaneSettings
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
DAY = timedelta(days=1)
FILES = {
    "organizations.toml": """
[[organizations]]
code = "ic"
name_zh = "市信息中心"
platform = true
[[organizations]]
code = "fin"
name_zh = "市财政局"
[[organizations]]
code = "edu"
name_zh = "市教育局"
""",
    "extranet/prefixes.toml": """
[[prefixes]]
prefix = "10.20.0.0/16"
role = "container"
organization = "ic"
granted_by = "省〔2024〕1 号"
granted_until = "2027-06-30"
[[prefixes]]
prefix = "10.20.11.0/26"
role = "pool"
organization = "fin"
""",
    "extranet/declarations.toml": """
[[declarations]]
number = "D-1"
organization = "fin"
nature = "办公网"
scope = "公文"
terminals = 60
""",
}


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A desk whose register is in force: a pool of 64 addresses, 60 terminals declared."""
    for name, text in FILES.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    planes = {EXTRANET: PlaneSettings(nets=("10.20.0.0/16",), authority="ic")}
    desk = Desk(
        Config(planes=planes, store_url=store.url, inventory=str(tmp_path / "inventory")), still(NOON), "王工"
    )
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def give(desk: Desk, count: int, at: datetime = NOON, over_quota: str = "") -> None:
    desk.clock = still(at)
    asked = Request(EXTRANET, "10.20.11.0/26", "", "D-1", count=count)
    allocate.run(desk, allocate.plan(desk, asked, over_quota=over_quota))


def told(desk: Desk, at: datetime) -> dict[str, str]:
    """Rule to the sentence of its one standing finding, after a round at a time."""
    desk.clock = still(at)
    reconcile.run(desk)
    found = [one for one in docket.listed(desk.store, state=STANDING) if one.code in RULES]
    assert len(found) == len({one.code for one in found})
    assert all("{" not in look.title(one) + look.because(one) for one in found)
    return {one.code: look.title(one) for one in found}


def edit(desk: Desk, name: str, old: str, new: str) -> None:
    path = Path(desk.config.inventory) / name
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    inventory.apply(desk, inventory.plan(desk))


def test_what_is_in_order_is_not_spoken_of(desk: Desk) -> None:
    """A term that lasts, a pool that is half full, a quota that is kept."""
    give(desk, 30)
    assert {} == told(desk, NOON)


def test_a_term_is_announced_and_then_over(desk: Desk) -> None:
    """90 days before its last day, and after it; a renewal resolves both."""
    give(desk, 1)
    assert {} == told(desk, datetime.fromisoformat("2027-03-31T12:00+08:00"))
    assert {"AD-106"} == told(desk, datetime.fromisoformat("2027-04-01T12:00+08:00")).keys()
    assert {"AD-106"} == told(desk, datetime.fromisoformat("2027-06-30T23:59+08:00")).keys()
    assert {"AD-107"} == told(desk, datetime.fromisoformat("2027-07-01T00:00+08:00")).keys()
    with pytest.raises(NetopsError, match="省〔2024〕1 号"):
        give(desk, 1, datetime.fromisoformat("2027-07-01T00:00+08:00"))
    edit(desk, "extranet/prefixes.toml", "2027-06-30", "2029-06-30")
    assert {} == told(desk, datetime.fromisoformat("2027-07-02T00:00+08:00"))


def test_a_pool_fills_up_and_is_full(desk: Desk) -> None:
    """80 % and 95 % of a pool that netops gives from; never both."""
    give(desk, 52)
    assert {"AD-109"} == told(desk, NOON).keys()
    give(desk, 8)
    edit(desk, "extranet/declarations.toml", "terminals = 60", "terminals = 99")
    give(desk, 2)
    assert {"AD-110"} == told(desk, NOON + DAY).keys()


def test_a_pool_that_the_register_gave_whole_does_not_fill_up(desk: Desk) -> None:
    """A segment handed over at once is no pool that runs out."""
    edit(
        desk, "extranet/declarations.toml", "terminals = 60", 'terminals = 60\nallocated = ["10.20.11.0/26"]'
    )
    assert {} == told(desk, NOON)


def test_a_steady_pool_is_forecast(desk: Desk) -> None:
    """One a day for 20 days: full in 44 days, in the finding and in the metrics, each once an hour."""
    for day in range(20):
        give(desk, 1, NOON + day * DAY)
    assert {"AD-109"} == told(desk, NOON + 19 * DAY).keys()
    [(at, made)] = trend.kept(desk.store).values()
    assert (NOON + 19 * DAY, 44.0, 1.0) == (at, made.days_to_full, made.per_day)
    text, _ = exposition(desk)()
    assert 'netops_pool_days_to_full{plane="extranet",pool="10.20.11.0/26"} 44.0' in text.decode()
    assert (
        'netops_pool_addresses{plane="extranet",pool="10.20.11.0/26",state="allocated"} 20.0' in text.decode()
    )


def test_an_exception_from_the_quota_stays_visible(desk: Desk) -> None:
    """Given with a reason it is a finding with that reason, until the declaration follows."""
    edit(desk, "extranet/declarations.toml", "terminals = 60", "terminals = 3")
    give(desk, 5, NOON, "窗口搬迁")
    assert {"AD-111"} == told(desk, NOON).keys()
    [finding] = [one for one in docket.listed(desk.store, state=STANDING) if one.code == "AD-111"]
    assert ("窗口搬迁", "5", "3") == tuple(finding.facts[key] for key in ("reason", "used", "terminals"))
    edit(desk, "extranet/declarations.toml", "terminals = 3", "terminals = 5")
    assert {} == told(desk, NOON + DAY)


def test_what_rests_on_nothing_any_more_is_named(desk: Desk) -> None:
    """The declaration is suspended, or the segment was delegated to somebody else."""
    give(desk, 2)
    with journal.act(desk.store, "王工", desk.clock) as act:
        filings.move(act, "D-1", "suspend", "整改")
    assert {"AD-112"} == told(desk, NOON).keys()
    with journal.act(desk.store, "王工", desk.clock) as act:
        filings.move(act, "D-1", "connect", "")
    assert {} == told(desk, NOON)
    edit(desk, "extranet/prefixes.toml", 'organization = "fin"', 'organization = "edu"')
    assert {"AD-112"} == told(desk, NOON + DAY).keys()


def test_a_grant_beyond_its_grantor_is_named(desk: Desk) -> None:
    """A department's document that ends after the city's own."""
    edit(desk, "extranet/prefixes.toml", 'organization = "fin"',
         'organization = "fin"\ngranted_by = "市〔2026〕2 号"\ngranted_until = "2028-01-01"')  # fmt: skip
    assert {"AD-108"} == told(desk, NOON).keys()


def test_every_rule_explains_itself() -> None:
    """What, why, mend."""
    assert all(f"{word}:" in one.explanation for one in RULES.values() for word in ("What", "Why", "Mend"))
