"""Plan and apply: exactly the plan or nothing, also when the process is killed in the middle."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netops.config import Config
from netops.core import applied, journal
from netops.core.clock import Clock
from netops.core.errors import Refused
from netops.desk import Desk
from netops.rounds import inventory

ORGANIZATIONS = '[[organizations]]\ncode = "fin"\nname_zh = "财政局"\n'
PREFIX = '[[prefixes]]\nprefix = "10.9.{}.0/24"\nrole = "pool"\norganization = "fin"\n'
DECLARATION = (
    '[[declarations]]\nnumber = "D{0}"\norganization = "fin"\nnature = "办公网"\nscope = "公文"\nterminals = 5\n'
    'allocated = ["10.9.{0}.1-10.9.{0}.63"]\n'
)


def write(folder: Path, count: int) -> None:
    """A register of so many pools and declarations."""
    (folder / "inventory" / "extranet").mkdir(parents=True, exist_ok=True)
    (folder / "inventory" / "organizations.toml").write_text(ORGANIZATIONS, "utf-8")
    for name, text in (("prefixes", PREFIX), ("declarations", DECLARATION)):
        content = "".join(text.format(number) for number in range(count))
        (folder / "inventory" / "extranet" / f"{name}.toml").write_text(content, "utf-8")


@pytest.fixture
def desk(tmp_path: Path, store_url: str, clock: Clock) -> Desk:
    """A desk at an empty store with a register of two pools beside it."""
    write(tmp_path, 2)
    return Desk(Config(store_url=store_url, inventory=str(tmp_path / "inventory")), clock, "王工")


def test_applying_puts_everything_in_force_in_one_act(desk: Desk) -> None:
    """Register, prefixes, allocations and declarations; then the plan is empty."""
    from netops.addresses import ledger
    from netops.core.plane import Plane
    from netops.declarations import filings

    plan = inventory.plan(desk)
    assert 5 == len(plan.changes)

    assert 1 == inventory.apply(desk, plan)

    assert () == inventory.plan(desk).changes
    assert 2 == len(ledger.allocations(desk.store, Plane.EXTRANET))
    assert 2 == len(filings.listed(desk.store))
    assert 0 == journal.verify(desk.store).broken
    desk.close()


def test_a_stale_plan_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Whether the files changed or somebody applied another version."""
    plan = inventory.plan(desk)
    write(tmp_path, 3)
    with pytest.raises(Refused, match="the files changed"):
        inventory.apply(desk, plan)

    first, second = inventory.plan(desk), inventory.plan(desk)
    inventory.apply(desk, first)
    with pytest.raises(Refused, match="version 0"):
        inventory.apply(desk, second)
    desk.close()


def test_what_leaves_the_register_leaves_the_ledger(desk: Desk, tmp_path: Path) -> None:
    """A removed declaration gives its addresses back; nothing of it stands."""
    from netops.addresses import ledger
    from netops.core.plane import Plane

    inventory.apply(desk, inventory.plan(desk))
    write(tmp_path, 1)

    inventory.apply(desk, inventory.plan(desk))

    standing = [one for one in ledger.allocations(desk.store, Plane.EXTRANET) if one.state == "active"]
    assert ["10.9.0.1"] == [one.first for one in standing]
    desk.close()


def test_nothing_is_half_applied_when_the_process_is_killed(tmp_path: Path) -> None:
    """kill -9 at random moments: either the whole register is in force or nothing of it; the next run finishes."""
    from netops.addresses import ledger
    from netops.core.store import Store

    write(tmp_path, 150)
    (tmp_path / "config.toml").write_text("", "utf-8")
    command = [sys.executable, "-m", "netops", "-c", str(tmp_path / "config.toml"), "-q", "inventory", "apply", "--yes"]
    environment = os.environ | {"NETOPS_STORE": f"sqlite:///{tmp_path / 'a.db'}"}
    subprocess.run([*command[:-2], "plan"], env=environment, stdout=subprocess.DEVNULL)
    chance = random.Random(20261122)
    for _attempt in range(6):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.6))
        child.send_signal(signal.SIGKILL)
        child.wait()
        store = Store(environment["NETOPS_STORE"])
        version, allocations = applied.standing(store).version, len(ledger.allocations(store))
        assert (version, allocations) in ((0, 0), (1, 150))
        assert 0 == journal.verify(store).broken
        store.close()

    assert 0 == subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode
    store = Store(environment["NETOPS_STORE"])
    assert (1, 150) == (applied.standing(store).version, len(ledger.allocations(store)))
    assert 0 == journal.verify(store).broken
    store.close()
