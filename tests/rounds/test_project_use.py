"""A project in use without acceptance is found by the flows of what it built, and excused by acceptance or a trial run."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from flow_city import R_FIN, Hands, desk_of, record

from netops.core import docket
from netops.core.finding import STANDING
from netops.core.language import speak
from netops.core.store import Store
from netops.desk import Desk
from netops.rounds import look, register_check, registers

WEB = {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.9", "sport": 443, "proto": 6, "packets": 8, "bytes": 4000,
       "dport": 50_000}  # fmt: skip


def put(desk: Desk, kind: str, number: str = "", **values: str) -> str:
    return registers.apply(desk, registers.edited(desk, kind, number, values)).number


def found(desk: Desk) -> list[str]:
    desk.clock.now += timedelta(minutes=1)  # type: ignore[attr-defined]
    register_check.run(desk)
    return [look.because(one) for one in docket.listed(desk.store, state=STANDING, code="RG-113")]


def city(store: Store, folder: Path) -> tuple[Desk, Hands, str]:
    speak("zh")
    desk, clock = desk_of(store, folder)
    project = put(desk, "projects", organization="fin", name="一体化二期", funding="other", major="否", legal_person="某")
    put(desk, "systems", organization="fin", name="一体化", cross_department="否", on_platform="否", operator="fin",
        exchange="是", addresses="10.20.11.8-10.20.11.9", project=project)  # fmt: skip
    return desk, clock, project


def test_flows_of_many_show_that_a_project_is_in_use(store: Store, tmp_path: Path) -> None:
    """Echoes and two clients are a test, three with real answers are use; acceptance ends it, a failed one does not."""
    desk, clock, project = city(store, tmp_path)
    day = timedelta(days=1)
    record(desk, *(WEB | {"dst": f"10.20.12.{host}"} for host in (7, 8)),
           *(WEB | {"dst": f"10.20.12.{host}", "packets": 1, "bytes": 60} for host in range(20, 40)),
           *(WEB | {"src": "10.20.11.20", "dst": f"10.20.12.{host}"} for host in range(9)), listen=8 * day)  # fmt: skip
    assert [] == found(desk)
    record(desk, WEB | {"dst": "10.20.12.9"})
    assert [
        "流存档显示 10.20.11.9:443 为 3 个地址提供服务，最近一次在 2026-11-20；登记簿上没有验收合格，也没有批准的试运行"
    ] == found(desk)
    put(desk, "projects", project, accepted_on="2026-11-19", acceptance="不合格")
    assert 1 == len(found(desk))
    put(desk, "projects", project, acceptance="合格")
    assert [] == found(desk)
    put(desk, "projects", project, accepted_on="", acceptance="", trial_until="2026-11-20")
    assert [] == found(desk)
    clock.now += day
    assert 1 == len(found(desk))


def test_flows_that_were_not_heard_clear_nobody(store: Store, tmp_path: Path) -> None:
    """When the collector was down the finding stays and the round says what it did not see."""
    desk, clock, _project = city(store, tmp_path)
    record(desk, *(WEB | {"dst": f"10.20.12.{host}"} for host in (7, 8, 9)), listen=timedelta(hours=1))
    assert 1 == len(found(desk))
    clock.now += timedelta(days=9)
    assert 1 == len(found(desk))
    assert register_check.run(desk).unseen
