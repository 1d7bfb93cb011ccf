"""Dividing pools over the API: a plan with its ETag, then exactly that plan, once; stale, unnamed or another's is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.addresses import ledger
from netops.config import share
from netops.core import journal
from netops.core.account import Role
from netops.desk import Desk
from tests.web.test_api import EXTRANET, FIN, INTRANET, Ask, as_, client, desk, written

__all__ = ["as_", "client", "desk", "written"]


@pytest.fixture
def ask(desk: Desk, as_: Callable[..., Ask], tmp_path: Path) -> Ask:
    """An operator of the extranet; the register's files are the test's own."""
    folder = shutil.copytree(share("inventory"), tmp_path / "inventory")
    desk.config = msgspec.structs.replace(desk.config, inventory=str(folder))
    return as_(Role.OPERATOR, EXTRANET)


def planned(ask: Ask, verb: str, **body: Any) -> Any:
    answer = ask("POST", f"/pools/extranet/{verb}", params={"dry_run": "true"}, json=body)
    assert 200 == answer.status_code, answer.text
    return answer


def done(ask: Ask, verb: str, plan: Any, **body: Any) -> Any:
    return ask("POST", f"/pools/extranet/{verb}", json=body, headers={"If-Match": plan.headers["etag"]})


def prefixes(ask: Ask) -> list[str]:
    return [one["prefix"] for one in ask("GET", "/pools", params={"within": "10.72.40.0/22", "limit": 100}).json()["items"]]


def test_what_was_planned_is_done_and_nothing_else(ask: Ask, desk: Desk, tmp_path: Path) -> None:
    """Split, and merged again; delegated; resized. The plan changes nothing; file and register say the same after each."""
    file = tmp_path / "inventory/extranet/prefixes.toml"
    before, text = prefixes(ask), file.read_text()
    pool = {"prefix": "10.72.12.0/24", "prefixlen": 25}
    plan = planned(ask, "split", **pool)
    assert ["-", "+", "+"] == [one["sign"] for one in plan.json()["effects"]]
    assert text == file.read_text()
    assert plan.headers["etag"] == planned(ask, "split", **pool).headers["etag"]
    made = done(ask, "split", plan, **pool)
    assert (201, 2, plan.json()["effects"]) == (made.status_code, made.json()["version"], made.json()["effects"]), made.text
    assert 200 == ask("GET", "/pools/extranet/10.72.12.128/25").status_code
    assert "10.72.12.128/25" in file.read_text()
    both = {"prefixes": ["10.72.12.0/25", "10.72.12.128/25"]}
    assert 201 == done(ask, "merge", planned(ask, "merge", **both), **both).status_code
    assert before == prefixes(ask)
    hands = {"prefix": "10.72.12.0/24", "organization": "edu", "granted_by": "云信〔2026〕9号", "granted_until": "2027-12-31"}
    dry = {"dry_run": "true"}
    assert 409 == ask("POST", "/pools/extranet/delegate", params=dry, json={**hands, "organization": "x"}).status_code
    refused = ask("POST", "/pools/extranet/delegate", params=dry, json=hands)
    assert (409, True) == (refused.status_code, "AL-0011" in refused.json()["detail"])
    assert 201 == done(ask, "split", planned(ask, "split", **pool), **pool).status_code
    hands["prefix"] = "10.72.12.128/25"
    given = done(ask, "delegate", planned(ask, "delegate", **hands), **hands)
    assert (201, "云信〔2026〕9号") == (given.status_code, given.json()["effects"][-1]["granted_by"]), given.text
    small = {"prefix": "10.72.12.0/25", "to": "/26"}
    assert 201 == done(ask, "resize", planned(ask, "resize", **small), **small).status_code
    entry = journal.log(desk.store, 1)[0]
    assert ("operator.0", "inventory apply") == (entry.actor, entry.verb)
    assert (0, []) == (journal.verify(desk.store).broken, ledger.verify(desk.store))


def test_a_plan_that_is_stale_or_unnamed_is_refused(ask: Ask, desk: Desk) -> None:
    """Without its ETag 428, "any" is none; 412 once an address was given there or somebody divided it; nothing is written."""
    pool = {"prefix": "10.72.12.0/24", "prefixlen": 25}
    path = "/pools/extranet/split"
    head = journal.head(desk.store)
    for headers in ({}, {"If-Match": "*"}, {"If-Match": ""}):
        assert 428 == ask("POST", path, json=pool, headers=headers).status_code
    assert 412 == ask("POST", path, json=pool, headers={"If-Match": '"x"'}).status_code
    assert head == journal.head(desk.store)
    plan = planned(ask, "split", **pool)
    assert 412 == done(ask, "split", plan, **{**pool, "prefixlen": 26}).status_code
    assert 201 == ask("POST", "/allocations", json=FIN).status_code
    assert 412 == done(ask, "split", plan, **pool).status_code
    fresh = planned(ask, "split", **pool)
    assert 201 == done(ask, "split", fresh, **pool).status_code
    assert done(ask, "split", fresh, **pool).status_code in (404, 409, 412, 422)
    for body in ({}, {"prefix": "x", "prefixlen": 25}, {"prefix": "10.72.12.0/24", "prefixlen": 999}, {**pool, "more": 1}):
        assert 422 == ask("POST", path, params={"dry_run": "true"}, json=body).status_code, body


def test_several_at_once_take_nothing_back(ask: Ask, tmp_path: Path) -> None:
    """Of many who apply one plan at the same time one does, the same key is answered alike, and the file is whole."""
    pool = {"prefix": "10.72.12.0/24", "prefixlen": 25}
    tag = planned(ask, "split", **pool).headers["etag"]

    def apply(place: int) -> int:
        headers = {"If-Match": tag, "Idempotency-Key": f"k{place % 6}"}
        return int(ask("POST", "/pools/extranet/split", json=pool, headers=headers).status_code)

    with ThreadPoolExecutor(6) as threads:
        codes = sorted(threads.map(apply, range(6)))
    assert (1, True) == (codes.count(201), set(codes) <= {201, 404, 409, 412, 422}), codes
    assert 1 == (tmp_path / "inventory/extranet/prefixes.toml").read_text().count('"10.72.12.128/25"')
    first = next(place for place in range(6) if apply(place) == 201)
    assert 201 == apply(first)
    assert 200 == planned(ask, "split", prefix="10.72.12.0/25", prefixlen=26).status_code


def test_who_may_divide(as_: Callable[..., Ask]) -> None:
    """Operators of that plane; not departments, nor anybody for the other plane."""
    body = {"prefix": "10.73.12.0/24", "prefixlen": 25}
    for role, plane, status in ((Role.OPERATOR, EXTRANET, 403), (Role.DEPARTMENT, INTRANET, 403), (Role.OPERATOR, INTRANET, 200)):
        answer = as_(role, plane)("POST", "/pools/intranet/split", params={"dry_run": "true"}, json=body)
        assert status == answer.status_code, (role, plane, answer.text)
