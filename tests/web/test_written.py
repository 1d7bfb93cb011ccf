"""What people write down over the API: a department sees and keeps its own, and two people at one record lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netops.core.account import Role
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import registers
from tests.web.test_api import Ask, as_, client, desk, written

__all__ = ["as_", "client", "desk", "written"]
STATED = {"organization": "fin", "plane": "extranet", "nature": "办公网", "scope": "公文", "terminals": 5,
          "equipment": [{"name": "r-fin"}], "kinds": {"wired": 5}}  # fmt: skip
SYSTEMS = "/registers/systems/records"


def system(organization: str, name: str) -> dict[str, Any]:
    return {"values": {"organization": organization, "name": name, "cross_department": False, "addresses": ["10.72.1.5"]}}


def test_a_department_keeps_its_own_registers_and_sees_no_others(as_: Callable[..., Ask]) -> None:
    """
    Another's record is not there, whatever is asked; nothing can be entered for, or handed to, another; what the authority
    keeps is refused; the authority sees all.
    """
    fin, edu, centre = as_(Role.DEPARTMENT), as_(Role.DEPARTMENT, organization="edu"), as_(Role.OPERATOR)
    made = fin("POST", SYSTEMS, json=system("fin", "预算一体化"))
    assert (201, "SYS-0001", "fin") == (made.status_code, made.json()["number"], made.json()["organization"])
    assert 201 == edu("POST", SYSTEMS, json=system("edu", "学籍")).status_code
    assert 403 == fin("POST", SYSTEMS, json=system("edu", "冒名")).status_code
    for path in (f"{SYSTEMS}/SYS-0002", f"{SYSTEMS}/学籍", f"{SYSTEMS}/SYS-0009"):
        assert 404 == fin("GET", path).status_code, path
    for method, path, body in (
        ("PATCH", "", {"values": {"purpose": "x"}, "base": 1}), ("POST", "/retire", {"why": "x"}),
        ("POST", "/restore", {"why": "x"}),
    ):  # fmt: skip
        assert 404 == fin(method, f"{SYSTEMS}/SYS-0002{path}", json=body).status_code
    assert 403 == fin("PATCH", f"{SYSTEMS}/SYS-0001", json={"values": {"organization": "edu"}, "base": 1}).status_code
    names = [[one["title"] for one in ask("GET", SYSTEMS).json()["items"]] for ask in (fin, edu, centre)]
    assert [["预算一体化"], ["学籍"], ["预算一体化", "学籍"]] == names
    assert [] == fin("GET", SYSTEMS, params={"organization": "edu"}).json()["items"]
    assert [] == fin("GET", SYSTEMS, params={"q": "学籍"}).json()["items"]
    assert ["学籍"] == [one["title"] for one in edu("GET", SYSTEMS, params={"q": "学籍"}).json()["items"]]
    graded = {"values": {"organization": "fin", "year": "2026", "score": 100, "concluded_on": "2026-12"}}
    assert 403 == fin("POST", "/registers/assessments/records", json=graded).status_code
    assert 201 == centre("POST", "/registers/assessments/records", json=graded).status_code
    first = centre("GET", SYSTEMS, params={"limit": 1}).json()
    rest = centre("GET", SYSTEMS, params={"limit": 1, "cursor": first["next"]}).json()
    assert (["SYS-0001"], ["SYS-0002"], None) == (
        [one["number"] for one in first["items"]], [one["number"] for one in rest["items"]], rest["next"],
    )  # fmt: skip


def test_the_second_of_two_people_at_one_record_sees_what_the_first_changed(as_: Callable[..., Ask]) -> None:
    """By version it is told field by field (409), by ETag 412, without either 428; what was written first stands."""
    fin, centre = as_(Role.DEPARTMENT), as_(Role.OPERATOR)
    fin("POST", SYSTEMS, json=system("fin", "预算一体化"))
    path = f"{SYSTEMS}/SYS-0001"
    tag = centre("GET", path).headers["etag"]
    assert 200 == fin("PATCH", path, json={"values": {"purpose": "国库"}, "base": 1}).status_code
    told = centre("PATCH", path, json={"values": {"purpose": "预算"}, "base": 1})
    assert (409, True, True) == (told.status_code, "国库" in told.json()["detail"], "预算" in told.json()["detail"])
    assert 412 == centre("PATCH", path, json={"values": {"purpose": "预算"}}, headers={"If-Match": tag}).status_code
    assert 428 == centre("PATCH", path, json={"values": {"purpose": "预算"}}).status_code
    assert ("国库", 2) == (lambda one: (one["values"]["purpose"], one["version"]))(centre("GET", path).json())
    wrong = fin("PATCH", path, json={"values": {"url": "not a page", "cross_department": "也许"}, "base": 2})
    assert (422, True, True) == (wrong.status_code, "也许" in wrong.json()["detail"], "not a page" in wrong.json()["detail"])


def test_a_department_declares_and_the_authority_decides(as_: Callable[..., Ask]) -> None:
    """Its own only, in its plane only; a change from an old version is told what differs; decisions are the authority's."""
    fin, edu, centre = as_(Role.DEPARTMENT), as_(Role.DEPARTMENT, organization="edu"), as_(Role.OPERATOR)
    filed = fin("POST", "/declarations", json={"statements": STATED, "additional": True})
    assert (201, "submitted") == (filed.status_code, filed.json()["state"])
    number = filed.json()["number"]
    path = f"/declarations/{number}"
    assert 403 == edu("POST", "/declarations", json={"statements": STATED}).status_code
    assert 403 == fin("POST", "/declarations", json={"statements": STATED | {"plane": "intranet"}}).status_code
    assert 404 == edu("GET", path).status_code
    for verb in ("approve", "return", "connect", "suspend", "withdraw"):
        assert 403 == fin("POST", f"{path}/{verb}", json={"why": "x"}).status_code
    assert 422 == centre("POST", f"{path}/return", json={}).status_code
    tag = centre("GET", path).headers["etag"]
    assert "returned" == centre("POST", f"{path}/return", json={"why": "设备不全"}, headers={"If-Match": tag}).json()["state"]
    assert 412 == centre("POST", f"{path}/approve", json={}, headers={"If-Match": tag}).status_code
    hijack = {"statements": STATED | {"organization": "edu"}, "number": number}
    assert 404 == edu("POST", "/declarations", json=hijack).status_code
    mended = {"statements": STATED | {"terminals": 6, "kinds": {"wired": 6}}, "number": number, "version": 1}
    assert 2 == fin("POST", "/declarations", json=mended).json()["version"]
    assert "approved" == centre("POST", f"{path}/approve", json={}).json()["state"]
    late = fin("POST", "/declarations", json=mended | {"statements": STATED | {"terminals": 9, "kinds": {"wired": 9}}})
    assert (409, True) == (late.status_code, "5 → 6" in late.json()["detail"])
    wrong = fin("POST", "/declarations", json={"statements": STATED | {"terminals": -1, "date": "昨天", "scope": "x" * 3000}})
    assert (422, 3) == (wrong.status_code, wrong.json()["detail"].count("\n") + 1)


def test_dashboards_see_no_persons(as_: Callable[..., Ask], desk: Desk) -> None:
    """A viewer reads what is kept without names and telephones; who works with it reads them."""
    values = {"organization": "fin", "post": "leader", "person": "张三丰", "phone": "0731-55556666"}
    registers.apply(desk, registers.edited(desk, "officers", "", values, Plane.EXTRANET))
    for role, sees in ((Role.VIEWER, False), (Role.INSPECTOR, True), (Role.DEPARTMENT, True)):
        ask = as_(role)
        [one] = ask("GET", "/registers/officers/records").json()["items"]
        alone = ask("GET", f"/registers/officers/records/{one['number']}").text
        assert (sees, sees) == ("张三丰" in str(one), "张三丰" in alone)


@pytest.mark.parametrize("path", ["/registers/cars", "/registers/cars/records", "/registers/systems/records/SYS-0001/retire"])
def test_what_is_not_there_is_not_there(as_: Callable[..., Ask], path: str) -> None:
    """Unknown registers and records are told so, in the language that is asked for."""
    ask = as_(Role.OPERATOR)
    answer = ask("POST", path, json={"why": "x"}) if path.endswith("retire") else ask("GET", path)
    assert 404 == answer.status_code
