"""A small city for the tests of pages: the example register, findings of two departments in both planes, incidents, papers."""

from __future__ import annotations

import re
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from netops.config import Config, share
from netops.core import docket
from netops.core.account import Account, Role
from netops.core.clock import Clock, still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import accounts, drafting, inspect, inventory, look, registers, triage
from netops.settings import PlaneSettings, Web
from tests.conftest import NOON

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m{{7*7}}"
MARKUP = '<script>alert(1)</script>"&{{7*7}}'
"""The same as far as registers take it."""
GOOD = "correct horse battery"
PLANES = {
    EXTRANET: PlaneSettings(nets=("10.72.0.0/16",), authority="ic", document_mark="云信办"),
    INTRANET: PlaneSettings(nets=("10.73.0.0/16",), authority="off"),
}
FOUND = ((EXTRANET, "fin", "192.0.2.11"), (INTRANET, "fin", "192.0.2.22"), (EXTRANET, "edu", "192.0.2.33"))
"""Plane, organization and address of each finding, in the order of their numbers."""


def config(path: Path) -> Config:
    """Settings of the small city; signing in is asked for."""
    return Config(store_url=f"sqlite:///{path}", inventory=str(share("inventory")), planes=PLANES, web=Web(sign_in="always"))


def write(path: Path) -> None:
    """The city's store as one file."""
    opened = Desk(config(path), still(NOON), "王工")
    inventory.apply(opened, inventory.plan(opened))
    rule = look.rules()["AD-101"]
    for plane, organization, address in FOUND:
        facts = dict.fromkeys(re.findall(r"\{(\w+)\}", rule.title + rule.because), HOSTILE) | {"ip": address}
        evidence = Evidence("arp", f"{HOSTILE} {organization}", HOSTILE, {"sysName": HOSTILE}, NOON)
        subject = {"ip": address, "device": f"{HOSTILE}{organization}"}
        found = Conclusion("AD-101", plane, subject, organization, facts, (evidence,), NOON)
        docket.settle(opened.store, look.rules(), [found], plane=plane, at=NOON)
    for place, (_plane, organization, _address) in enumerate(FOUND, 1):
        one = docket.one(opened.store, f"F-{place:04d}")
        triage.open_incident(opened, (one,), organization, HOSTILE, HOSTILE, HOSTILE)
    drafting.draft(opened, "INC-2026-0001")
    for organization in ("fin", "edu"):
        inspect.run(opened, organization=organization)
        said = {"organization": organization, "name": f"{MARKUP}{organization}", "cross_department": "no"}
        registers.apply(opened, registers.edited(opened, "systems", "", said, EXTRANET), MARKUP)
    opened.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@cache
def content() -> bytes:
    """The city's store, written once in a process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        write(path)
        return path.read_bytes()


def opened(written: Path, folder: Path, clock: Clock) -> Desk:
    """A desk at a copy of it."""
    shutil.copy(written, folder / "a.db")
    return Desk(config(folder / "a.db"), clock, "王工")


def account(desk: Desk, name: str, role: Role, *planes: Plane, organization: str = "") -> str:
    """The secret of a session of a new account."""
    accounts.add(desk, Account(name, f"{name} 的人", role, planes, organization), GOOD)
    return accounts.sign_in(desk, name, GOOD)
