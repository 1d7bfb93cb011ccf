"""Who had it then: terminal, port, organization and declaration of the time of the event, in the incident and as evidence."""

from __future__ import annotations

from pathlib import Path

from netops.core import custody, docket
from netops.core.clock import still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.desk import Desk
from netops.incidents import casebook, proceedings
from netops.rounds import inventory, look, places, then, triage
from tests.conftest import NOON
from tests.rounds.test_reconcile import FILES
from tests.rounds.test_who import CARD, DAY, EXTRANET, IP, desk, lease, see

__all__ = ["desk"]


def found(desk: Desk, day: float, **subject: str) -> docket.Finding:
    """A terminal with a line of its own, first seen that day."""
    rule, at = look.rule("EG-403"), NOON + day * DAY
    one = Conclusion(rule.code, EXTRANET, subject, "health", {}, (Evidence("flow", "r1", "q", subject, at),), at)  # type: ignore[arg-type]
    settled = docket.settle(desk.store, {rule.code: rule}, [one], plane=EXTRANET, at=at)
    return docket.one(desk.store, settled.opened[0])


def test_it_is_of_the_time_of_the_event(desk: Desk, tmp_path: Path) -> None:
    """The card moved, the department left the register: the incident still says where it was and whose it was that day."""
    see(desk, 1, port="p11")
    lease(desk, 1)
    finding = found(desk, 1, ip=IP)
    see(desk, 90, port="p40")
    desk.clock = still(NOON + 100 * DAY)
    (tmp_path / "inventory/extranet/declarations.toml").unlink()
    for name in ("prefixes.toml", "devices.toml"):
        (tmp_path / "inventory/extranet" / name).unlink()
    (tmp_path / "inventory/organizations.toml").write_text(
        FILES["organizations.toml"].split("[[organizations]]")[0]
        + '[[organizations]]\ncode = "ic"\nname_zh = "市信息中心"\nplatform = true\n', encoding="utf-8")
    inventory.apply(desk, inventory.plan(desk))

    told = then.had(desk, finding)
    assert (IP, CARD, "pc-11", "sw-health", "p11", "health", "市卫生健康委员会", "D-1") == tuple(
        told[name] for name in ("ip", "mac", "name", "switch", "port", "organization", "organization_name", "declaration"))
    assert desk.at is None


def test_the_incident_keeps_it_as_evidence(desk: Desk) -> None:
    """Written down when the finding is linked, with the question that was asked, in the chain."""
    see(desk, 1)
    finding = found(desk, 1, ip=IP, mac=CARD)
    desk.clock = still(NOON + 2 * DAY)
    triage.run(desk)

    (number,) = [one.number for one in casebook.listed(desk.store)]
    (event,) = proceedings.listed(desk.store, number, ("whereabouts",))
    assert (finding.id, "p11", "D-1", NOON + DAY) == (
        event.detail["finding"], event.detail["port"], event.detail["declaration"], event.at)
    (link,) = custody.links(desk.store, [event.detail["evidence"]])
    assert ("ledger", f"netops who {IP} --at 2026-11-21T04:00:00Z") == (link.entry.kind, link.entry.query)


def test_what_names_no_address_is_told_by_its_port(desk: Desk) -> None:
    """The port of a registered switch and whose it is; a finding that names nothing has nothing."""
    told = then.had(desk, found(desk, 1, switch="sw-health", port="p3"))
    assert ("sw-health", "p3", "health") == (told["switch"], told["port"], told["organization"])
    assert {} == then.had(desk, found(desk, 1, organization="health"))


def test_a_finding_is_where_its_device_stands(desk: Desk, tmp_path: Path) -> None:
    """The site of the device, of the segment's switch, of the port a card hangs on; nothing where no site is written."""
    devices = tmp_path / "inventory/extranet/devices.toml"
    text = devices.read_text("utf-8")
    devices.write_text(text.replace('name = "sw-health"', 'name = "sw-health"\nsite = "卫健委 3 楼"'), encoding="utf-8")
    desk.clock = still(NOON + DAY)
    inventory.apply(desk, inventory.plan(desk))
    see(desk, 1)
    given = [found(desk, 2, **subject) for subject in (
        {"switch": "sw-health", "port": "p1"}, {"mac": CARD}, {"ip": "192.0.2.1"}, {"device": "nobody"})]

    where = places.of(desk, given)
    assert ["卫健委 3 楼", "卫健委 3 楼", "", ""] == [where[one.id] for one in given]
