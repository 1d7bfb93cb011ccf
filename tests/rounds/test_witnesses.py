"""Witnesses, allow-list, blind spots and the case of a finding, on a store: one host is one finding, whoever saw it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from netops.core import docket, journal
from netops.core.errors import NetopsError, Refused
from netops.core.evidence import Evidence
from netops.core.finding import STANDING, Conclusion, State
from netops.core.lead import Lead
from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.egress import leads
from netops.egress.rules import RULES
from netops.rounds import allow, blind, case, joining, witnesses
from netops.topology import snapshots
from tests.rounds.flow_city import Hands, desk_of, put_in_force

PC = {"ip": "10.20.11.5", "mac": "00:14:22:00:00:05", "switch": "sw-fin", "port": "ge2"}


@pytest.fixture
def city(store: Store, tmp_path: Path) -> tuple[Desk, Hands]:
    return desk_of(store, tmp_path)


def lead(desk: Desk, witness: str, subject: dict[str, str] = PC) -> Lead:
    piece = Evidence("arp", "r-fin", witness, {"ip": subject["ip"]}, desk.clock())
    return Lead(witness, "rogue_exit_host", Plane.EXTRANET, subject, "fin", "{ip}", subject, piece, desk.clock())


def told(desk: Desk, code: str, subject: dict[str, str] = PC, kind: str = "flow") -> list[Conclusion]:
    facts = dict.fromkeys(("ip", "sensor", "source", "service", "who", "peer", "flows"), "x")
    piece = Evidence(kind, "here", code, {"at": desk.clock().isoformat()}, desk.clock())
    return [Conclusion(code, Plane.EXTRANET, subject, "fin", facts, (piece,), desk.clock(), 1, f"ip {subject['ip']}")]


def settle(desk: Desk, several: list[Conclusion]) -> None:
    docket.settle(desk.store, RULES, several, plane=Plane.EXTRANET, at=desk.clock())


def test_leads_are_kept_and_become_one_finding_when_they_agree(city: tuple[Desk, Hands]) -> None:
    """One is a lead; two that suffice together are a finding; when they are not given any more, it is released."""
    desk, clock = city
    leads.tell(desk.store, [lead(desk, "cellular_mac")])
    assert () == witnesses.run(desk).opened
    leads.tell(desk.store, [lead(desk, "foreign_address"), lead(desk, "cellular_mac")])
    report = witnesses.run(desk)
    [one] = docket.listed(desk.store, state=STANDING)

    assert ("EG-405", "rogue_exit_host", PC, 2) == (one.code, one.kind, one.subject, len(one.evidence))
    assert (report.opened, report.facts) == ((one.id,), {"leads": 2})
    assert [2, 1] == [each.count for each in sorted(leads.listed(desk.store), key=lambda each: each.lead.witness)]
    clock.now += timedelta(hours=2)
    assert (one.id,) == witnesses.run(desk).resolved


def test_what_was_proved_is_joined_not_told_twice(city: tuple[Desk, Hands]) -> None:
    """Leads join the probe's finding; and another sense's proof of the same kind and host does."""
    desk, _clock = city
    settle(desk, told(desk, "EG-403", kind="probe"))
    leads.tell(desk.store, [lead(desk, "foreign_address"), lead(desk, "cellular_mac")])
    witnesses.run(desk)
    [one] = docket.listed(desk.store)
    assert ("EG-403", 3) == (one.code, len(one.evidence))

    assert [] == joining.left(desk, told(desk, "EG-405"), Plane.EXTRANET)
    assert 1 == len(joining.left(desk, told(desk, "EG-405", {"ip": "10.20.11.6", "mac": "00:14:22:00:00:06"}), Plane.EXTRANET))
    assert 1 == len(joining.left(desk, told(desk, "EG-402"), Plane.EXTRANET)), "another kind is another finding"


def test_the_case_says_how_sure_and_by_whom(city: tuple[Desk, Hands]) -> None:
    """Each witness with its worth, where, who, since when, what else the card did, and the next step."""
    desk, clock = city
    first = clock.now - timedelta(days=3)
    for at, port in ((first, "ge7"), (clock.now, "ge2")):
        seen = Sighting(Plane.EXTRANET, PC["ip"], PC["mac"], "r-fin", at, "sw-fin", port)
        snapshots.keep(desk.store, Plane.EXTRANET, [seen], at)
    leads.tell(desk.store, [lead(desk, "foreign_address")])
    settle(desk, [*told(desk, "EG-403", kind="probe"), *told(desk, "EG-402")])
    [one, other] = sorted(docket.listed(desk.store), key=lambda each: each.code != "EG-403")
    known = case.of(desk, one)

    assert [("probe", 0.95), ("foreign_address", 0.5)] == [(each.witness, each.weight) for each in known.witnesses]
    assert (0.97, "sw-fin ge2", first) == (known.confidence, known.place, known.since)
    assert ("sw-fin ge7 10.20.11.5", "sw-fin ge2 10.20.11.5") == known.moves
    assert (f"{other.id} ", "rogue-exit") == (known.others[0][:7], known.playbook)
    assert "netops finding show" in known.step


def test_the_list_says_as_the_case_how_sure_it_is(city: tuple[Desk, Hands]) -> None:
    """Own evidence, leads, another sense's finding of the same kind; what joined as evidence is no witness a second time."""
    desk, _clock = city
    other = {"ip": "10.20.11.6", "mac": "00:14:22:00:00:06"}
    settle(desk, [*told(desk, "EG-403", kind="probe"), *told(desk, "EG-402", other, "capture"), *told(desk, "EG-404", other)])
    leads.tell(desk.store, [lead(desk, "foreign_address"), lead(desk, "cellular_mac")])
    witnesses.run(desk)
    several = {one.code: one for one in docket.listed(desk.store)}
    sure = case.sureness(desk, list(several.values()))

    assert 3 == len(several["EG-403"].evidence)
    assert {
        "EG-402": (0.85, ("capture",)),
        "EG-403": (0.99, ("probe", "cellular_mac", "foreign_address")),
        "EG-404": (0.75, ("flow",)),
    } == {code: (sure[one.id].confidence, sure[one.id].witnesses) for code, one in several.items()}
    assert {code: sure[one.id].confidence for code, one in several.items()} == {
        code: case.of(desk, one).confidence for code, one in several.items()
    }


def test_a_witness_that_says_how_sure_it_is_counts_no_more(city: tuple[Desk, Hands]) -> None:
    """A capture that recognised something with 62 % is worth that, and not what captures are worth in general."""
    desk, _clock = city
    [heard] = told(desk, "EG-402", kind="capture")
    settle(desk, [msgspec.structs.replace(heard, facts=heard.facts | {"percent": "62"})])
    [one] = docket.listed(desk.store)

    assert 0.62 == case.sureness(desk, [one])[one.id].confidence == case.of(desk, one).witnesses[0].weight


def test_what_a_person_signs_is_accepted_until_it_ends(city: tuple[Desk, Hands]) -> None:
    """Owner, end and reason; other hosts and kinds are not covered; expired, it is open again by itself."""
    desk, clock = city
    settle(desk, [*told(desk, "EG-402"), *told(desk, "EG-403")])
    entry = allow.entry(desk, allow.Entry("tunnel", Plane.EXTRANET, "fin", "2026-11-25", "市财政直连省厅，已报", ip=PC["ip"]))
    [signed] = allow.sign(desk, [entry])
    tunnel, host = (next(one for one in docket.listed(desk.store, code=code)) for code in ("EG-402", "EG-403"))

    assert (State.ACCEPTED, "2026-11-25", State.OPEN) == (tunnel.state, tunnel.accepted_until, host.state)
    assert ("A-0001", "王工", "egress allow") == (signed.id, signed.signed_by, journal.log(desk.store, subject="A-0001")[0].verb)
    clock.now += timedelta(days=6)
    assert [tunnel.id] == [one.id for one in allow.apply(desk)]
    assert State.REOPENED == docket.one(desk.store, tunnel.id).state


def test_an_entry_that_is_ended_opens_what_it_covered(city: tuple[Desk, Hands]) -> None:
    """And cannot be ended twice; an entry for a card follows the card only."""
    desk, _clock = city
    settle(desk, told(desk, "EG-402"))
    strange = allow.Entry("tunnel", Plane.EXTRANET, "fin", "2027-01-01", "x", ip=PC["ip"], mac="00:14:22:00:00:99")
    allow.sign(desk, [allow.entry(desk, strange)])
    [one] = docket.listed(desk.store)
    assert State.OPEN == one.state
    allow.sign(desk, [allow.entry(desk, msgspec.structs.replace(strange, mac=PC["mac"]))])
    assert State.ACCEPTED == docket.one(desk.store, one.id).state
    allow.end(desk, "A-0002", "合同到期")
    assert State.REOPENED == docket.one(desk.store, one.id).state
    with pytest.raises(Refused, match="ended already"):
        allow.end(desk, "A-0002", "再来一次")


@pytest.mark.parametrize(
    "change",
    [{"owner": "nobody"}, {"until": "2026-11-01"}, {"until": "soon"}, {"why": " "}, {"kind": "weather"}, {"ip": ""}],
)
def test_an_entry_without_its_words_is_not_signed(city: tuple[Desk, Hands], change: dict[str, str]) -> None:
    """Owner, a day to come, a reason, a kind of egress and a subject: each is asked for."""
    good = allow.Entry("tunnel", Plane.EXTRANET, "fin", "2026-12-31", "x", ip=PC["ip"])
    with pytest.raises(NetopsError, match="nothing was signed"):
        allow.entry(city[0], msgspec.structs.replace(good, **change))


def test_a_window_is_proposed_and_signed_as_a_file(city: tuple[Desk, Hands], tmp_path: Path) -> None:
    """What was found stands in it without owner's words; as it is it is refused, filled in it is signed whole."""
    desk, clock = city
    settle(desk, [*told(desk, "EG-402"), *told(desk, "EG-403")])
    text = allow.proposal(desk, clock.now - timedelta(days=1), ("tunnel",))
    path = tmp_path / "allow.toml"
    path.write_text(text, "utf-8")
    assert (1, 1) == (text.count("[[allow]]"), text.count('kind = "tunnel"'))
    with pytest.raises(NetopsError, match="until"):
        allow.read(desk, path)
    path.write_text(text.replace('until = ""', 'until = "2026-12-31"').replace('why = ""', 'why = "专线"'), "utf-8")
    allow.sign(desk, allow.read(desk, path))

    assert ["tunnel"] == [one.kind for one in docket.listed(desk.store, state=(State.ACCEPTED,))]
    path.write_text("[[allow]]\nkind = 3\n", "utf-8")
    with pytest.raises(NetopsError, match="nothing was signed"):
        allow.read(desk, path)


def test_blind_spots_are_named_by_segment(city: tuple[Desk, Hands]) -> None:
    """Who is not asked, sends no flows, or was never probed sees nothing; why, and which breaches nobody would see."""
    desk, _clock = city
    fin = next(one for one in blind.segments(desk) if one.organization == "fin")

    assert ("10.20.11.0/24", (), "r-fin") == (fin.prefix, fin.senses, fin.gateway)
    assert {
        "arp": "nobody asks it by SNMP",
        "fdb": "none is registered for this segment",
        "flow": "it sent no flows of late",
        "flow_inside": "none is registered for this segment",
        "probe": "no sensor is configured in [probe]",
        "beacon": "no beacon_url is configured in [probe]",
        "mirror": "no mirror port was listened to there for a week",
        "mirror_exit": "no mirror port of an exit was listened to for a week",
        "log": "no log of a resolver is followed: [[logs]] in config.toml",
    } == fin.missing
    assert {"rogue_exit_host", "rogue_dhcp", "hidden_nat", "tunnel", "remote_control", "rogue_router"} <= set(fin.blind_to)
    assert "intranet_exit" not in fin.blind_to
    register = desk.register
    devices = tuple(msgspec.structs.replace(one, snmp="v3") for one in register.devices)
    put_in_force(desk, msgspec.structs.replace(register, devices=devices))
    fin = next(one for one in blind.segments(desk) if one.organization == "fin")
    assert ("arp",) == fin.senses
    assert "over_declared" not in fin.blind_to
    assert ["edu", "fin"] == [one.organization for one in blind.segments(desk)]
    assert ["edu"] == [one.organization for one in blind.segments(desk, "edu")]


def listened(desk: Desk, where: str) -> set[str]:
    """What nobody would see in fin's segment after a mirror port was listened to there."""
    with journal.act(desk.store, "op", desk.clock) as act:
        act.record("egress listen", "extranet", after={"where": where})
    return set(next(one for one in blind.segments(desk) if one.organization == "fin").blind_to)


def test_a_mirror_port_sees_what_passes_there(city: tuple[Desk, Hands]) -> None:
    """One elsewhere nothing; at an exit what goes to the internet; at the segment's gateway what is said on the LAN as well."""
    desk, _clock = city
    outward, local = {"tunnel", "remote_control", "file_sharing", "encrypted_dns"}, {"rogue_dhcp", "rogue_router", "hidden_nat"}
    elsewhere, at_exit, here = (listened(desk, where) for where in ("r-nowhere:ge1", "fw:wan", "r-fin"))

    assert outward | local <= elsewhere
    assert (local, set()) == (at_exit & (outward | local), here & (outward | local))
    assert {"over_declared", "rogue_exit_host"} <= here, "no mirror counts terminals, or hears what leaves by a line of its own"


def test_flows_alone_tell_no_home_router(city: tuple[Desk, Hands], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its maker is known by a card that a walk has seen; and a probe asks those whom a walk has seen."""
    desk, clock = city
    row = SimpleNamespace(device="r-fin", last_seen=clock.now)
    monkeypatch.setattr("netops.rounds.blind.hits.exporters", lambda store: [row])
    monkeypatch.setattr(blind, "_probed", lambda desk, at: {plane: {} for plane in desk.planes})
    fin = next(one for one in blind.segments(desk) if one.organization == "fin")
    assert ({"flow", "probe"}, {"hidden_nat", "over_declared"}) == (
        {"flow", "probe"} & set(fin.senses), {"hidden_nat", "over_declared", "tunnel", "unallocated_address"} & set(fin.blind_to),
    )  # fmt: skip
    # Scans and floods are looked for in flows that are kept: who only counts them sees neither.
    told = {}
    for kept in (None, Path("flows")):
        monkeypatch.setattr(blind, "folder_of", lambda desk, kept=kept: kept)
        fin = next(one for one in blind.segments(desk) if one.organization == "fin")
        told[kept is not None] = {"network_scan", "traffic_flood"} & set(fin.blind_to)
    assert {False: {"network_scan", "traffic_flood"}, True: set()} == told


def test_a_quiet_city_has_no_leads(city: tuple[Desk, Hands]) -> None:
    """What a plain walk shows speaks for nothing."""
    desk, _clock = city
    put_in_force(desk, desk.register)

    assert {"leads": 0} == witnesses.run(desk).facts
