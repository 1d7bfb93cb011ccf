"""Taking back what lost its ground: named by a finding, planned, done as planned, and not given again by the register."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from netops.addresses import ledger
from netops.addresses.allocation import Request
from netops.cli import main
from netops.core import docket, journal
from netops.core.errors import Missing, Refused
from netops.core.finding import STANDING
from netops.core.observation import Sighting
from netops.declarations import filings
from netops.desk import Desk
from netops.rounds import allocate, inventory, reclaim, reconcile
from netops.rounds.reclaim import Wanted
from netops.topology import snapshots
from tests.conftest import NOON
from tests.rounds.test_foresight import EXTRANET, FILES, desk, edit, give

__all__ = ["desk"]
GIVEN = ("terminals = 60", 'terminals = 60\nallocated = ["10.20.11.0/28"]')


def move(desk: Desk, verb: str) -> None:
    with journal.act(desk.store, "王工", desk.clock) as act:
        filings.move(act, "D-1", verb, "撤并")


def states(desk: Desk) -> dict[str, str]:
    return {str(one.span): str(one.state) for one in ledger.allocations(desk.store)}


def test_what_rested_on_a_withdrawn_declaration_goes_back_with_its_cause(desk: Desk) -> None:
    """By act and by register alike; named first by AD-112, resting after it, with a journal entry each."""
    edit(desk, "extranet/declarations.toml", *GIVEN)
    give(desk, 2)
    snapshots.keep(
        desk.store,
        EXTRANET,
        [Sighting(EXTRANET, "10.20.11.3", "00:14:22:00:00:03", "r", NOON, "sw", "p3")],
        NOON,
    )
    move(desk, "withdraw")
    reconcile.run(desk)
    named = {one.subject["ip"] for one in docket.listed(desk.store, state=STANDING) if one.code == "AD-112"}
    assert {"10.20.11.0", "10.20.11.16"} == named

    made = reclaim.plan(desk, Wanted())
    assert [
        ("10.20.11.0/28", "its declaration was withdrawn", "sw p3", True),
        ("10.20.11.16/31", "its declaration was withdrawn", "", False),
    ] == [(str(one.allocation.span), one.cause, one.seen, one.is_registered) for one in made.returns]
    rested = reclaim.run(desk, made)
    assert {("its declaration was withdrawn", NOON, NOON + timedelta(days=30))} == {
        (one.cause, one.until, one.free_after) for one in rested
    }
    assert {"10.20.11.0/28": "quarantine", "10.20.11.16/31": "quarantine"} == states(desk)
    assert ["ip release", "ip release"] == [one.verb for one in journal.log(desk.store, 2)]
    assert () == reclaim.plan(desk, Wanted()).returns
    assert [] == ledger.verify(desk.store)


def test_a_register_that_says_the_same_again_gives_nothing_again(desk: Desk) -> None:
    """Nor does it stand in the way of other changes; said anew after it was taken out, it waits for the quarantine."""
    edit(desk, "extranet/declarations.toml", *GIVEN)
    move(desk, "withdraw")
    reclaim.run(desk, reclaim.plan(desk, Wanted()))

    edit(desk, "organizations.toml", "市教育局", "市教育和体育局")
    assert {"10.20.11.0/28": "quarantine"} == states(desk)
    edit(desk, "extranet/declarations.toml", GIVEN[1], GIVEN[0])
    with pytest.raises(Refused, match=r"10\.20\.11\.0/28 is quarantine"):
        edit(desk, "extranet/declarations.toml", *GIVEN)


def test_a_suspension_takes_nothing_back_unless_it_is_named(desk: Desk) -> None:
    """It may end; whoever names the declaration means it."""
    give(desk, 2)
    move(desk, "suspend")

    assert () == reclaim.plan(desk, Wanted()).returns
    assert 1 == len(reclaim.plan(desk, Wanted(suspended=True)).returns)
    [one] = reclaim.plan(desk, Wanted("D-1"), "检查未过", 7).returns
    assert "its declaration was suspended" == one.cause
    [rested] = reclaim.run(desk, reclaim.plan(desk, Wanted("D-1"), "检查未过", 7))
    assert ("检查未过", NOON + timedelta(days=7)) == (rested.cause, rested.free_after)


def test_what_has_its_ground_is_refused(desk: Desk) -> None:
    """A declaration that stands, one that nobody knows; a change that waits for review takes no ground away."""
    give(desk, 2)
    with pytest.raises(Refused, match="D-1 is connected"):
        reclaim.plan(desk, Wanted("D-1"))
    with pytest.raises(Missing, match="no declaration D-9"):
        reclaim.plan(desk, Wanted("D-9"))
    with journal.act(desk.store, "王工", desk.clock) as act:
        filings.submit(act, filings.one(desk.store, "D-1").statements, "D-1")
    reconcile.run(desk)
    assert [] == [one for one in docket.listed(desk.store, state=STANDING) if one.code == "AD-112"]
    assert () == reclaim.plan(desk, Wanted()).returns


def test_a_plan_that_no_longer_fits_does_nothing(desk: Desk) -> None:
    """One more allocation, or a declaration that stands again, and somebody has to look again."""
    give(desk, 2)
    move(desk, "suspend")
    made = reclaim.plan(desk, Wanted("D-1"))
    move(desk, "connect")

    with pytest.raises(Refused, match="stale"):
        reclaim.run(desk, made)
    assert {"10.20.11.1-10.20.11.2": "active"} == states(desk)


def test_a_pool_that_went_to_others_is_a_cause_of_its_own(desk: Desk) -> None:
    """The declaration stands, and the segment is another department's now."""
    give(desk, 2)
    edit(desk, "extranet/prefixes.toml", 'organization = "fin"', 'organization = "edu"')

    [one] = reclaim.plan(desk, Wanted(organization="fin")).returns
    assert "its pool was delegated to others" == one.cause
    assert () == reclaim.plan(desk, Wanted(organization="edu")).returns


WORDS = {
    "zh": ("计划：收回 1 项分配，冷却 30 天", "接入说明已注销", "登记册仍写明"),
    "en": ("plan: 1 allocation goes back and rests for 30 days", "its declaration was withdrawn", "still says"),
}


def test_the_command_shows_its_plan_and_does_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawing says what loses its ground and what to do next; the plan says what happens; then it happened."""
    for name, text in FILES.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(*GIVEN), "utf-8")
    (tmp_path / "config.toml").write_text(
        '[planes.extranet]\nnets = ["10.20.0.0/16"]\nauthority = "ic"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    assert 0 == main(["declare", "withdraw", "D-1", "--why", "撤并", "--yes"])
    assert "netops ip reclaim --declaration D-1" in capsys.readouterr().out
    for language, words in WORDS.items():
        assert 0 == main(["ip", "reclaim", "--dry-run", "--lang", language])
        said = capsys.readouterr().err
        assert [] == [word for word in words if word not in said], said
    assert 0 == main(["ip", "reclaim", "--yes", "--json"])
    [one] = json.loads(capsys.readouterr().out)["items"]
    assert ("10.20.11.0", "10.20.11.15", "quarantine") == (one["first"], one["last"], one["state"])


def test_an_allocation_under_a_new_declaration_goes_on(desk: Desk) -> None:
    """What was taken back is not given to the next one before it has rested."""
    give(desk, 2)
    move(desk, "withdraw")
    reclaim.run(desk, reclaim.plan(desk, Wanted()))
    edit(desk, "extranet/declarations.toml", 'number = "D-1"', 'number = "D-2"')
    inventory.plan(desk)

    asked = Request(EXTRANET, "10.20.11.0/26", "", "D-2", address="10.20.11.1")
    with pytest.raises(Refused, match="quarantine"):
        allocate.run(desk, allocate.plan(desk, asked))
