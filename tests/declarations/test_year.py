"""
A year of a city's life under Articles 10 and 11: 64 organizations declare, are returned, change, connect, exceed, are suspended.

Which paragraph each month exercises stands beside it: A10-1 to A10-6 and A11-1, A11-2 of the regulation as data.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook

sys.path.insert(0, str(Path(__file__).parent))
from sheets import book

from netops.addresses.allocation import Request
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.config import Config
from netops.core import applied, docket, journal
from netops.core.errors import Refused
from netops.core.finding import STANDING
from netops.core.observation import Sighting
from netops.core.organization import Level, Organization
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.settings import Requirements
from netops.desk import Desk
from netops.register import Register
from netops.rounds import (
    allocate,
    changing,
    declaration_forms,
    declaration_ledger,
    declaration_papers,
    declared,
    declaring,
    reclaim,
    reconcile,
)
from netops.rounds.declaring import Wishes
from netops.settings import City, PlaneSettings
from netops.topology import snapshots
from netops.topology.device import RegisteredDevice, Role

CITY, COUNTY, INTRANET = 56, 7, 8
EXTRANET = Plane.EXTRANET
HEAD = ["单位", "网络", "网络性质", "应用范围", "终端数量", "有线终端", "服务器", "用户类别", "安全措施", "单位地址", "责任人",
        "责任人电话", "安全员", "安全员电话", "联系人", "联系人电话", "签署日期", "盖章"]  # fmt: skip


class Clock:
    """The year goes by."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def to(self, month: int, day: int = 5) -> None:
        self.now = datetime(2026, month, day, 1, tzinfo=UTC)


def organizations() -> list[Organization]:
    """The two authorities, 56 departments, a county and 7 units of it."""
    return [
        Organization("ic", "市信息中心", platform=True), Organization("off", "市委办公室", platform=True),
        *(Organization(f"d{n:02}", f"市第{n}局") for n in range(1, CITY + 1)),
        Organization("lx", "临溪县", level=Level.COUNTY, county=True),
        *(Organization(f"lx{n}", f"临溪县第{n}局", level=Level.COUNTY, parent="lx") for n in range(1, COUNTY + 1)),
    ]  # fmt: skip


DECLARING = [f"d{n:02}" for n in range(1, CITY + 1)] + ["lx"] + [f"lx{n}" for n in range(1, COUNTY + 1)]


class Year:
    """The office at its desk."""

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        config = Config(
            city=City("yunxi", "云溪市", "Yunxi", "ic"),
            planes={EXTRANET: PlaneSettings(("10.72.0.0/16",), "ic"), Plane.INTRANET: PlaneSettings(("10.73.0.0/16",), "off")},
            declarations=Requirements(("fields", "officers"), ("addresses",), authorities={"lx": {Plane.INTRANET: "lx"}}),
        )  # fmt: skip
        self.desk = Desk(config, self.clock, "王工")
        self.desk._store = store
        prefixes = [RegisteredPrefix("10.72.0.0/16", PrefixRole.CONTAINER, "ic")]
        prefixes += [RegisteredPrefix(f"10.72.{n}.0/24", PrefixRole.POOL, code, gateway="core", switch="core")
                     for n, code in enumerate(DECLARING, 1)]  # fmt: skip
        register = Register(
            organizations=tuple(organizations()), devices=(RegisteredDevice("core", "10.72.255.1", Role.CORE, "ic", snmp="x"),),
            prefixes=tuple(prefixes),
        )  # fmt: skip
        from netops.addresses import ledger

        with journal.act(store, "王工", self.clock) as act:
            applied.apply(act, register.content(), 0, {})
            ledger.sync_prefixes(act, register.prefixes)
        self.numbers: dict[str, str] = {}

    # ---- acts
    def take_in(
        self, *files: tuple[str, bytes], folder: Path, **wishes: Any
    ) -> tuple[declaring.Plan, list[Declaration]]:
        paths = []
        for name, content in files:
            (folder / name).write_bytes(content)
            paths.append(folder / name)
        wanted = Wishes(**wishes)
        read = declaring.read(self.desk, paths)
        plan = declaring.plan(self.desk, read, wanted)
        return plan, [] if plan.faults else declaring.run(self.desk, plan, read, wanted)

    def move(self, number: str, verb: str, why: str = "") -> Declaration:
        """A step as the command takes it: refused while what the configuration asks for is missing."""
        self.desk.actor = "李主任"
        one = filings.movable(self.desk.store, number, verb)
        wanting = [
            note.code for note in declaring.reviewed(self.desk, one.statements, verb, number) if note.required
        ]
        if verb in ("approve", "connect") and wanting:
            raise Refused("{number} was not moved", "{codes}", "", number=number, codes=", ".join(wanting))
        with journal.act(self.desk.store, self.desk.actor, self.clock) as act:
            moved = filings.move(act, number, verb, why, seen=one)
        self.desk.actor = "王工"
        return moved

    def allocate(self, code: str, count: int) -> None:
        request = Request(
            EXTRANET, f"10.72.{DECLARING.index(code) + 1}.0/24", code, self.numbers[code], count=count
        )
        allocate.run(self.desk, allocate.plan(self.desk, request))

    def see(self, hosts: dict[str, int], extra: tuple[tuple[str, str], ...] = ()) -> None:
        """What a walk finds: so many terminals of each organization on their own addresses, and others as (address, MAC)."""
        at = self.clock()
        snapshots.record(self.desk.store, DeviceWalk(EXTRANET, "core", "10.72.255.1", at, 0.1, {}), at)
        seen = [(f"10.72.{DECLARING.index(code) + 1}.{n}", f"00:14:22:{DECLARING.index(code):02x}:00:{n:02x}")
                for code, count in hosts.items() for n in range(1, count + 1)]  # fmt: skip
        found = [
            Sighting(EXTRANET, ip, mac, "core", at, "core", f"p-{mac[-8:]}", 0, "lan")
            for ip, mac in (*seen, *extra)
        ]
        snapshots.keep(self.desk.store, EXTRANET, found, at)
        reconcile.run(self.desk)

    def standing(self, *codes: str) -> list[tuple[str, str, str]]:
        return sorted(
            (one.code, one.organization, one.id)
            for one in docket.listed(self.desk.store, state=STANDING)
            if one.code in codes
        )


def row(code: str, terminals: Any = 10, plane: str = "政务外网", **other: Any) -> list[Any]:
    name = next(one.name_zh for one in organizations() if one.code == code)
    said = {
        "网络性质": "办公局域网，非涉密", "应用范围": "公文交换", "有线终端": terminals, "服务器": 0, "用户类别": "B",
        "安全措施": "边界防火墙，防病毒，日志留存六个月", "单位地址": "人民路1号", "责任人": "张三", "责任人电话": "0700-1000001",
        "安全员": "李四",
        "安全员电话": "0700-1000002", "联系人": "王五", "联系人电话": "0700-1000003", "签署日期": "二〇二六年二月三日",
        "盖章": "是",
    } | other  # fmt: skip
    return [name, plane, *(said.get(head, terminals if head == "终端数量" else None) for head in HEAD[2:])]


def equipment(*codes: str) -> list[list[Any]]:
    return [["单位", "接入网络", "设备名称", "型号", "管理地址"],
            *([next(one.name_zh for one in organizations() if one.code == code), plane, f"sw-{code}", "S5735",
               f"10.{72 if plane == '政务外网' else 73}.200.{DECLARING.index(code) + 1}"]
              for code in codes for plane in ("政务外网", "政务内网")[: 2 if code in DECLARING[:INTRANET] else 1])]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """On SQLite: every act of it is tested on both engines elsewhere."""
    opened = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    opened.prepare()
    yield opened
    opened.close()


def test_a_year(store: Store, tmp_path: Path) -> None:
    """Declared, reviewed, connected, held against what is seen, changed, suspended, ended, printed; the journal tells it."""
    year = Year(store)
    desk = year.desk

    # February: everybody declares, the two networks apart, each to its own authority (A10-1 to A10-5).
    year.clock.to(2)
    incomplete = DECLARING[10:14]
    rows = [row(code, 10, **({"网络性质": None} if code in incomplete else {})) for code in DECLARING]
    rows += [row(code, 4, "政务内网", 用户类别="F") for code in DECLARING[:INTRANET]]
    bad = [list(one) for one in rows]
    bad[0][0], bad[1][4], bad[2][16], bad[3][1] = "市第零局", "若干", "二〇二六年二月三十日", "专网"
    plan, filed = year.take_in(
        ("a.xlsx", book(("汇总", [HEAD, *bad], ()), ("设备", equipment(*DECLARING), ()))), folder=tmp_path
    )
    assert ({"A2", "B5", "E3", "Q4"}, []) == (
        {one.place.cell for one in plan.faults if one.place.sheet == "汇总"},
        filed,
    )
    assert [] == filings.listed(store), "nothing is half imported"
    plan, filed = year.take_in(
        ("b.xlsx", book(("汇总", [HEAD, *rows], ()), ("设备", equipment(*DECLARING), ()))), folder=tmp_path
    )
    assert (64 + INTRANET, 0) == (len(filed), len(plan.faults))
    year.numbers = {one.organization: one.number for one in filed if one.plane is EXTRANET}
    inner = {one.organization: one.number for one in filed if one.plane is Plane.INTRANET}
    assert {"ic": 57, "lx": 7, "off": 8} == Counter(one.authority for one in filed)

    # March: reviewed; incomplete ones are returned and mended; nothing is connected without addresses (A10-6, A11-1).
    year.clock.to(3)
    for number in [*year.numbers.values(), *inner.values()]:
        one = filings.one(store, number)
        if one.organization in incomplete and one.plane is EXTRANET:
            with pytest.raises(Refused):
                year.move(number, "approve")
            year.move(number, "return", "未说明网络性质（第十条）")
        else:
            year.move(number, "approve")
    with pytest.raises(Refused):
        year.allocate(incomplete[0], 1)
    for code in incomplete:
        returned = filings.one(store, year.numbers[code])
        form = declaration_forms.workbook(desk, returned.statements, returned.number, returned.version)
        page = load_workbook(io.BytesIO(form))
        cell = next(
            cell for line in page.worksheets[0].iter_rows() for cell in line if cell.value == "网络性质 *"
        )
        page.worksheets[0].cell(cell.row, cell.column + 1).value = "业务专网，非涉密"
        page.save(tmp_path / f"{code}.xlsx")
        plan, [mended] = year.take_in(
            (f"{code}.xlsx", (tmp_path / f"{code}.xlsx").read_bytes()), folder=tmp_path
        )
        assert [("nature", "", "业务专网，非涉密")] == [
            (one.field, one.before, one.after) for one in plan.items[0].changes
        ]
        assert (2, DeclarationState.SUBMITTED) == (mended.version, mended.state)
        year.move(year.numbers[code], "approve")
    with pytest.raises(Refused):
        year.move(year.numbers["d01"], "connect")
    for code in DECLARING:
        year.allocate(code, 10)
        year.move(year.numbers[code], "connect")
    with pytest.raises(Refused):
        year.allocate("d01", 1)
    connected = {
        one.organization for one in filings.listed(store, plane=EXTRANET, state=[DeclarationState.CONNECTED])
    }
    assert set(DECLARING) == connected, "A10-1: coverage is whole"

    # May: as declared; then three exceed, one uses an address that nobody gave it, one another's (A10-5, A11-2).
    year.clock.to(5)
    everybody = dict.fromkeys(DECLARING, 10)
    year.see(everybody)
    assert [] == year.standing("DC-101", "DC-102", "AD-101")
    year.see(everybody | {"d05": 12, "d06": 13, "d07": 14}, (("10.72.99.9", "00:14:22:ff:00:01"),))
    over = year.standing("DC-101")
    assert [("d05", "12", "10"), ("d06", "13", "10"), ("d07", "14", "10")] == [
        (code, docket.one(store, number).facts["seen"], docket.one(store, number).facts["declared"])
        for _, code, number in over
    ]
    assert 10 == len(year.standing("AD-101")), (
        "nine terminals beyond the allocations, and one where nothing was given"
    )
    for _, code, number in over[:2]:
        read = changing.asked(desk, year.numbers[code], None, (), number)
        wishes = changing.because(desk, number, Wishes())
        [changed] = declaring.run(desk, declaring.plan(desk, read, wishes), read, wishes)
        changing.answered(desk, number, changed)
        year.move(changed.number, "approve")
        year.allocate(code, changed.terminals - 10)
        year.move(changed.number, "connect")
    year.see(everybody | {"d05": 12, "d06": 13, "d07": 14})
    assert ["d07"] == [code for _, code, _ in year.standing("DC-101")]

    # July: two people change one declaration; the second sees the difference, and nothing is lost.
    year.clock.to(7)
    number = year.numbers["d20"]
    with journal.act(store, "甲", year.clock) as act:
        mine = filings.submit(
            act,
            msgspec.structs.replace(filings.one(store, number).statements, scope="公文交换、档案"),
            number,
            seen=1,
        )
    with pytest.raises(Refused), journal.act(store, "乙", year.clock) as act:
        filings.submit(act, msgspec.structs.replace(mine.statements, place="解放路2号"), number, seen=1)
    year.move(number, "approve")
    year.move(number, "connect")

    # August: who exceeds and does not answer is suspended; its addresses go back by a plan; connected again in September.
    year.clock.to(8)
    year.move(year.numbers["d07"], "suspend", "超出申报数量，逾期未改正")
    year.see(everybody | {"d05": 12, "d06": 13})
    assert ["d07"] == [code for _, code, _ in year.standing("DC-102")]
    taken = reclaim.run(desk, reclaim.plan(desk, reclaim.Wanted(declaration=year.numbers["d07"])))
    assert 10 == sum(one.span.size for one in taken)
    year.clock.to(9)
    with pytest.raises(Refused):
        year.move(year.numbers["d07"], "connect")
    assert declaration_papers.reply(desk, year.numbers["d07"]).paper.title.startswith("关于暂停")

    # October: a department is dissolved; a county's unit moves its switch.
    year.clock.to(10)
    year.move(year.numbers["d56"], "withdraw", "机构撤并")
    read = changing.asked(desk, year.numbers["lx1"], None, ("need=增加带宽",), "")
    [changed] = declaring.run(desk, declaring.plan(desk, read, Wishes(why="扩容")), read, Wishes(why="扩容"))
    assert [2] == [
        one.version for one in filings.listed(store, organization="lx1", state=[DeclarationState.SUBMITTED])
    ]

    # December: renewals fall due by the end of January; the ledger prints, now and as it stood in June.
    year.clock.to(12, 31)
    everything = filings.listed(store)
    due = declared.due(
        desk,
        [msgspec.structs.replace(one, date="2026-01-20") for one in everything if one.organization == "d01"],
    )
    assert [20, 20] == [one.days for one in due]
    made = declaration_ledger.of(desk, EXTRANET)
    assert {"市信息中心": 56, "临溪县": 7} == {name: len(lines) for name, lines in made.groups.items()}
    june = declaration_ledger.of(desk, EXTRANET, at=datetime(2026, 6, 30, tzinfo=UTC))
    assert (64, {"已接入"}) == (
        sum(map(len, june.groups.values())),
        {line.state for lines in june.groups.values() for line in lines},
    )
    for suffix in (".docx", ".xlsx", ".json"):
        declaration_papers.write(made, tmp_path / f"ledger{suffix}", desk)
        assert (tmp_path / f"ledger{suffix}").stat().st_size > 5000

    # The journal tells the whole story, and nobody changed it.
    told = [entry.verb for entry in reversed(journal.log(store, 500, year.numbers["d07"]))]
    assert ["declare submit", "declare approve", "ip allocate", "declare connect", "declare suspend"] == told[
        :5
    ]
    story = Counter(entry.verb for entry in journal.log(store, 10_000))
    acts = {
        "submit": 72 + 4 + 2 + 1 + 1,
        "return": 4,
        "approve": 72 + 2 + 1,
        "connect": 64 + 2 + 1,
        "suspend": 1,
        "withdraw": 1,
    }
    assert acts == {verb: story[f"declare {verb}"] for verb in acts}
    [entry] = [one for one in journal.log(store, 500, year.numbers["d05"]) if one.verb == "declare submit"][
        :1
    ]
    assert (10, 12, True) == (
        entry.before["stated"]["terminals"],
        entry.after["stated"]["terminals"],
        entry.why.startswith("F-"),
    )
    assert (0, "") == (journal.verify(store).broken, journal.verify(store).why)
