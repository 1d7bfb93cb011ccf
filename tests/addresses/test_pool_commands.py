"""`netops pool` and `netops ip` where addresses are granted: chain, terms, quota, tables, history; in both languages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netops.cli import main

REGISTER = {
    "organizations.toml": """
[[organizations]]
code = "ic"
name_zh = "市信息中心"
name_en = "Information Centre"
platform = true
[[organizations]]
code = "fin"
name_zh = "市财政局"
name_en = "Finance Bureau"
[[organizations]]
code = "lx"
name_zh = "临溪县"
name_en = "Linxi County"
level = "county"
""",
    "extranet/prefixes.toml": """
[[prefixes]]
prefix = "10.20.0.0/16"
role = "container"
organization = "ic"
grantor = "省中心"
granted_by = "省〔2024〕1 号"
granted_on = "2024-03-01"
granted_from = "2024-03-01"
granted_until = "2099-12-31"
[[prefixes]]
prefix = "10.20.11.0/24"
role = "pool"
organization = "fin"
gateway_address = "10.20.11.1"
dhcp_ranges = ["10.20.11.100-10.20.11.199"]
reserved_ranges = ["10.20.11.240/28"]
[[prefixes]]
prefix = "2001:db8:20::/48"
role = "pool"
organization = "ic"
granted_by = "省〔2024〕2 号"
""",
    "extranet/declarations.toml": """
[[declarations]]
number = "D-1"
organization = "fin"
nature = "办公网"
scope = "公文"
terminals = 6
[[declarations]]
number = "D-2"
organization = "lx"
nature = "办公网"
scope = "公文"
terminals = 6
""",
}
POOL = ("--pool", "10.20.11.0/24", "--declaration", "D-1", "--yes")


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration and a register in force."""
    for name, text in REGISTER.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (tmp_path / "config.toml").write_text(
        '[planes.extranet]\nnets = ["10.20.0.0/16"]\nauthority = "ic"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


@pytest.fixture
def ask(city: Path, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """The items of a command's JSON."""

    def asked(*argv: str, code: int = 0) -> list[dict[str, object]]:
        capsys.readouterr()
        assert code == main([*argv, "--json"]), capsys.readouterr().err
        items: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
        return items

    return asked


def told(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 4) -> str:
    """What a command says on stderr, in English."""
    capsys.readouterr()
    assert code == main([*argv, "--lang", "en"])
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("省中心 → Information Centre (city)  10.20.0.0/16  省〔2024〕1 号", "in force", "g gateway", "d dhcp")),
        ("zh", ("省中心 → 市信息中心", "10.20.0.0/16  省〔2024〕1 号", "市财政局")),
    ],
)  # fmt: skip
def test_a_pool_shows_who_granted_it_and_what_it_sets_aside(
    city: Path, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    """Chain, term, map, runs, and no address that is set aside counts as free."""
    assert 0 == main(["pool", "show", "10.20.11.0/24", "--lang", language])
    shown = capsys.readouterr().out

    assert [] == [word for word in words if word not in shown]
    assert "·g······" in shown
    assert "dddd········································ssssssssssssssss" in shown


def test_what_is_set_aside_is_never_given_out_one_by_one(ask, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    """Not by count, not by name; a DHCP range goes as a range, the gateway and what is kept back never."""
    assert ["10.20.11.200"] == [one["first"] for one in ask("ip", "allocate", *POOL)]
    for address, word in (("10.20.11.1", "gateway"), ("10.20.11.120", "dhcp"), ("10.20.11.241", "reserved")):
        assert word in told(capsys, "ip", "assign", address, "--declaration", "D-1", "--yes")
    [given] = ask("ip", "assign", "10.20.11.100-104", "--declaration", "D-1", "--yes")
    assert ("10.20.11.100", "10.20.11.104") == (given["first"], given["last"])
    [pool] = [one for one in ask("pool", "list") if one["prefix"] == "10.20.11.0/24"]
    assert (256, 6, 112, 138) == (pool["size"], pool["allocated"], pool["reserved"], pool["free"])
    assert 0 == main(["pool", "verify"])


def test_nobody_gets_what_was_granted_to_others(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A county gets nothing of a department's pool, nor of the city's own, until it is delegated by a document."""
    county = ("--declaration", "D-2", "--yes")
    assert "Finance Bureau" in told(capsys, "ip", "allocate", "--pool", "10.20.11.0/24", *county)
    assert 4 == main(["ip", "allocate", "--pool", "10.20.0.0/16", *county])
    grant = ("pool", "delegate", "10.20.32.0/20", "--organization", "lx", "--granted-by", "市〔2026〕9 号")
    assert 4 == main([*grant, "--until", "2100-01-01", "--yes"])
    assert 0 == main([*grant, "--granted-on", "2026-05-06", "--until", "2099-01-01", "--yes"])
    assert 0 == main(["ip", "allocate", "--pool", "10.20.32.0/20", "--prefixlen", "29", *county])
    assert 4 == main(["ip", "allocate", "--pool", "10.20.32.0/20", "--declaration", "D-1", "--yes"])


def test_a_term_that_is_over_refuses_and_is_renewed(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the last day nothing new is given; what stands stands; the next document opens it again."""
    assert 0 == main(["ip", "allocate", *POOL])
    renew = ("pool", "delegate", "10.20.0.0/16", "--organization", "ic", "--grantor", "省中心", "--yes")
    assert 0 == main([*renew, "--granted-by", "省〔2025〕7 号", "--until", "2025-12-31"])
    assert "省〔2025〕7 号" in told(capsys, "ip", "allocate", *POOL)
    assert 0 == main([*renew, "--granted-by", "省〔2026〕8 号", "--from", "2026-01-01"])
    assert 0 == main(["ip", "allocate", *POOL])


def test_the_quota_follows_the_declaration(ask, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    """Refused over the declared terminals; with a reason it is given and the reason kept; release makes room again."""
    [first] = ask("ip", "allocate", *POOL, "--count", "5", "--key", "form-1")
    assert "declares 6 terminals; 5 have addresses already, and 2 more" in told(
        capsys, "ip", "allocate", *POOL, "--count", "2"
    )
    assert [first] == ask("ip", "allocate", *POOL, "--count", "5", "--key", "form-1")
    [over] = ask("ip", "allocate", *POOL, "--count", "2", "--over-quota", "新增窗口")
    assert ("新增窗口", "") == (over["over_quota"], first["over_quota"])
    assert [] == ask("ip", "release", str(first["id"]), "--why", "x", "--yes")[0]["tags"]
    assert "" == ask("ip", "allocate", *POOL, "--count", "4", "--over-quota", "不需要")[0]["over_quota"]
    assert 4 == main(["ip", "allocate", *POOL])
    assert 0 == main(["pool", "verify"])


def test_an_allocation_is_described(ask, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    """MAC, device, note and tags are given, shown, changed with a plan, and refused for more than one address."""
    said = ("--mac", "00-1B-21-3C-4D-5E", "--device", "pc-1", "--tag", "窗口", "--tag", "一楼")
    [one] = ask("ip", "allocate", *POOL, *said)
    assert ("00:1b:21:3c:4d:5e", "pc-1", ["窗口", "一楼"]) == (one["mac"], one["device"], one["tags"])
    [two] = ask("ip", "edit", str(one["id"]), "--mac", "", "--note", "换机", "--tag", "二楼", "--yes")
    assert ("", "换机", ["二楼"], "pc-1") == (two["mac"], two["note"], two["tags"], two["device"])
    assert "says so already" in told(capsys, "ip", "edit", str(one["id"]), "--note", "换机", "--yes")
    assert 2 == main(["ip", "allocate", *POOL, "--count", "2", "--mac", "00:1b:21:3c:4d:5f"])
    assert 2 == main(["ip", "allocate", *POOL, "--mac", "01:00:5e:00:00:01"])
    assert "换机" in json.dumps(ask("journal", "log"), ensure_ascii=False)


def test_free_addresses_rest_after_an_incident(ask) -> None:  # type: ignore[no-untyped-def]
    """They are nobody's, are not given out, and what somebody has is not quarantined so."""
    [one] = ask("ip", "quarantine", "10.20.11.200-209", "--why", "INC-2026-0003", "--yes")
    assert ("quarantine", "INC-2026-0003", "") == (one["state"], one["cause"], one["organization"])
    assert "10.20.11.210" == ask("ip", "allocate", *POOL)[0]["first"]
    assert 4 == main(["ip", "quarantine", "10.20.11.210", "--why", "x", "--yes"])
    assert 0 == main(["pool", "verify"])


TABLE = """接入说明,地址池,地址,数量,MAC地址,申请编号
D-1,10.20.11.0/24,,2,,f-1
D-1,,10.20.11.30,,00:1b:21:00:00:01,f-2
D-9,10.20.11.0/24,,1,,f-3
D-1,,10.20.11.1,,,f-4
D-1,10.20.11.0/24,,9,,f-5
D-1,10.20.11.0/24,,x,,f-6
"""


def test_a_table_is_done_whole_or_the_good_rows_alone(
    city: Path, ask, capsys: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    """Dry run first; every bad row with line, value and mend; nothing half done; sent again it takes nothing new."""
    (city / "in.csv").write_text(TABLE, "gb18030")
    asked = ("ip", "bulk", "allocate", "in.csv")
    [plan] = ask(*asked, "--dry-run")
    assert [] == ask("ip", "list")
    faults = plan["faults"]
    assert ["in.csv:4", "in.csv:5", "in.csv:6", "in.csv:7"] == [one["place"] for one in faults]  # type: ignore[attr-defined]
    assert all(one["what"] and one["mend"] for one in faults)  # type: ignore[attr-defined]
    assert "x" == faults[-1]["value"]  # type: ignore[index]
    assert 4 == main([*asked, "--yes"])
    assert [] == ask("ip", "list")
    given = ask(*asked, "--partial", "--yes", code=1)
    assert ["10.20.11.200", "10.20.11.30"] == [one["first"] for one in given]
    assert given == ask(*asked, "--partial", "--yes", code=1)
    (city / "out.csv").write_text("地址,原因\n10.20.11.30,撤并\n10.20.11.200-10.20.11.201,\n", "utf-8")
    [plan] = ask("ip", "bulk", "release", "out.csv", "--dry-run")
    assert ["out.csv:3"] == [one["place"] for one in plan["faults"]]  # type: ignore[attr-defined]
    released = ask("ip", "bulk", "release", "out.csv", "--why", "搬迁", "--yes")
    assert ["撤并", "搬迁"] == [one["cause"] for one in released]
    assert 0 == main(["pool", "verify"])


def test_a_list_is_narrowed(ask) -> None:  # type: ignore[no-untyped-def]
    """By a pool, a prefix or a range, and by state; with the cause and the end of the rest where there are any."""
    for address in ("10.20.11.7", "10.20.11.8"):
        ask("ip", "allocate", *POOL, "--address", address)
    ask("ip", "release", "AL-0001", "--why", "搬迁", "--yes")

    def listed(*argv: str) -> list[object]:
        return [one["first"] for one in ask("ip", "list", *argv)]

    assert ["10.20.11.7", "10.20.11.8"] == listed("--within", "10.20.11.0/24")
    assert ["10.20.11.8"] == listed("--within", "10.20.11.8-10.20.11.9")
    assert ["10.20.11.7"] == listed("--state", "quarantine")
    assert [] == listed("--within", "10.20.12.0/24")


def test_nothing_cascades(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A prefix with something in it is not removed; what is inside is named."""
    assert 0 == main(["ip", "allocate", *POOL])
    assert "10.20.11.0/24" in told(capsys, "pool", "remove", "10.20.0.0/16", "--yes")
    assert "AL-0001 fin D-1" in told(capsys, "pool", "remove", "10.20.11.0/24", "--yes")
    assert "would lie in nothing" in told(capsys, "pool", "remove", "10.20.0.0/16", "--keep-inside", "--yes")


def test_who_had_it_is_answered_years_later(
    city: Path, ask, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    """After release, quarantine, and after the pool itself is gone: nothing is purged."""
    from netops.addresses import ledger
    from netops.core import clock, journal
    from netops.core.clock import still
    from netops.core.plane import Plane
    from netops.core.store import Store

    [one] = ask("ip", "allocate", *POOL, "--mac", "00:1b:21:00:00:01")
    given = datetime.fromisoformat(str(one["since"]))
    assert 0 == main(["ip", "release", str(one["id"]), "--why", "撤并", "--yes"])
    store = Store(f"sqlite:///{city / 'netops.db'}")
    with journal.act(store, "test", still(datetime(2031, 1, 1, tzinfo=UTC))) as act:
        ledger.reclaim(act, Plane.EXTRANET, ())
    store.close()
    assert 0 == main(["pool", "remove", "10.20.11.0/24", "--yes"])
    assert clock.now().year < 2031

    then = given.isoformat()
    [answer] = [row for row in ask("who", "10.20.11.200", "--at", then) if row["plane"] == "extranet"]
    assert ("fin", "D-1", one["id"]) == (
        answer["organization"], answer["allocation"]["declaration"], answer["allocation"]["id"]  # type: ignore[index]
    )  # fmt: skip
    assert [(one["id"], "released", "撤并")] == [
        (row["id"], row["state"], row["cause"]) for row in ask("ip", "show", "10.20.11.200")
    ]


def test_a_prefix_is_renumbered_with_all_that_it_holds(
    city: Path, ask, capsys: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    """Every allocation gets its place there, the old addresses rest, ranges move along; the plan shows each."""
    ask("ip", "allocate", *POOL, "--mac", "00:1b:21:00:00:01")
    moved = ("pool", "move", "10.20.11.0/24", "--to", "10.20.77.0/24")
    assert "10.20.11.200 → 10.20.77.200" in told(capsys, *moved, "--dry-run", code=0)
    assert 0 == main([*moved, "--yes"])
    held = [(row["first"], row["state"], row["cause"], row["mac"]) for row in ask("ip", "list")]
    mac = "00:1b:21:00:00:01"
    assert [
        ("10.20.11.200", "quarantine", "renumbered to 10.20.77.200", mac),
        ("10.20.77.200", "active", "", mac),
    ] == held
    text = (city / "inventory/extranet/prefixes.toml").read_text("utf-8")
    assert 'dhcp_ranges = ["10.20.77.100-10.20.77.199"]' in text
    assert 'gateway_address = "10.20.77.1"' in text
    assert (0, 0) == (main(["pool", "verify"]), main(["inventory", "plan"]))


def test_dhcp_servers_are_registered_by_command(city: Path) -> None:
    """Any other that answers there is a finding of the egress watch."""
    asked = ("--organization", "fin", "--dhcp-server", "10.20.77.2", "--dhcp-server", "10.20.1.9")
    assert 0 == main(["pool", "add", "10.20.77.0/24", *asked, "--yes"])
    assert 'dhcp_servers = ["10.20.77.2", "10.20.1.9"]' in (city / "inventory/extranet/prefixes.toml").read_text("utf-8")
    assert 0 == main(["inventory", "check"])


def test_a_plan_that_is_stale_is_refused(city: Path) -> None:
    """An allocation between plan and apply changes what the plan showed: the file stays as it was."""
    from netops import config
    from netops.core.errors import Refused
    from netops.core.plane import Plane
    from netops.desk import Desk
    from netops.rounds import division

    before = (city / "inventory/extranet/prefixes.toml").read_text("utf-8")
    desk = Desk(config.read(city / "config.toml"))
    made = division.remove(desk, Plane.EXTRANET, "10.20.11.0/24")
    assert 0 == main(["ip", "allocate", *POOL])

    with pytest.raises(Refused, match="stale"):
        division.run(desk, made)
    assert before == (city / "inventory/extranet/prefixes.toml").read_text("utf-8")
    desk.close()


def test_ipv6_is_treated_alike(ask) -> None:  # type: ignore[no-untyped-def]
    """A /64 for a department from a /48, which counts as one LAN; the next one follows."""
    asked = (
        "ip",
        "allocate",
        "--pool",
        "2001:db8:20::/48",
        "--declaration",
        "D-1",
        "--prefixlen",
        "64",
        "--yes",
    )
    assert ["2001:db8:20::", "2001:db8:20:1::"] == [ask(*asked)[0]["first"] for _ in range(2)]
    assert 0 == main(["pool", "split", "2001:db8:20::/48", "--prefixlen", "52", "--yes"])
    assert 0 == main(["pool", "verify"])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('granted_until = "31.12.2026"', "is not a date"),
        ('granted_from = "2027-01-01"\ngranted_until = "2026-01-01"', "is before granted_from"),
        ('dhcp_ranges = ["10.20.12.1-10.20.12.5"]', "is not a part of"),
        ('gateway_address = "10.20.11.0/25"', "is more than one address"),
        ('dhcp_servers = ["10.20.11.300"]', "is not an address"),
        (
            'reserved_ranges = ["10.20.11.90-10.20.11.110"]\ndhcp_ranges = ["10.20.11.100-10.20.11.199"]',
            "set aside already",
        ),
    ],
)
def test_what_the_register_says_is_checked(
    city: Path, capsys: pytest.CaptureFixture[str], line: str, fault: str
) -> None:
    """Every fault with file, line and value."""
    path = city / "inventory/extranet/prefixes.toml"
    start = path.read_text("utf-8").split('gateway_address = "10.20.11.1"')[0]
    path.write_text(start + line + "\n", "utf-8")

    said = told(capsys, "inventory", "check", code=2)
    assert fault in said
    assert "extranet/prefixes.toml:11" in said


def test_programs_get_each_address_by_itself(ask) -> None:  # type: ignore[no-untyped-def]
    """Three addresses in a row are one allocation and three entries."""
    [given] = ask("ip", "allocate", *POOL, "--count", "3")
    assert ["10.20.11.200", "10.20.11.201", "10.20.11.202"] == given["addresses"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("ip", "assign", "10.20.11.300", "--declaration", "D-1"), "'10.20.11.300' 不是地址"),
        (("ip", "assign", "10.20.11.9-3", "--declaration", "D-1"), "的末地址小于首地址"),
        (("ip", "assign", "10.20.11.1", "--declaration", "D-1"), "已留出：网关"),
        (("ip", "reserve", "--until", "下周", "--pool", "10.20.11.0/24", "--declaration", "D-1"), "未预留地址"),
        (("ip", "allocate", "--pool", "10.20.11.0/24", "--declaration", "D-2"), "netops pool show 10.20.11.0/24 查看下放链"),
        (("ip", "list", "--pool", "10.20.11.0/24"), "是否要用 '--plane'？"),
        (("ip", "show", "1", "2"), "多余的参数：2"),
        (("pool", "move", "10.20.11.0/24", "--role", "nothing"), "'nothing' 不在可选的值之内"),
        (("pool", "add", "10.20.11.128/25", "--organization", "fin"), "与 市财政局 的 10.20.11.0/24 重叠"),
    ],
)
def test_refusals_are_wholly_in_the_language_that_is_spoken(
    city: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], words: str
) -> None:
    """Down to what could not be read, and what to do next."""
    assert 0 != main([*argv, "--yes", "--lang", "zh"])
    assert words in capsys.readouterr().err
