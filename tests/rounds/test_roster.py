"""The roster between rooms: declarations, organizations, quota and grants decide; nothing is half done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from netops.cli import main

REGISTER = {
    "organizations.toml": """
[[organizations]]
code = "fin"
name_zh = "云溪市财政局"
name_en = "Finance Bureau"
[[organizations]]
code = "edu"
name_zh = "云溪市教育局"
[[organizations]]
code = "new"
name_zh = "新单位"
""",
    "extranet/prefixes.toml": """
[[prefixes]]
prefix = "10.20.11.0/24"
role = "pool"
organization = "fin"
gateway_address = "10.20.11.1"
dhcp_ranges = ["10.20.11.200-10.20.11.209"]
vlan = 11
[[prefixes]]
prefix = "10.20.12.0/24"
role = "pool"
organization = "edu"
""",
    "extranet/devices.toml": """
[[devices]]
name = "fin-sw1"
role = "switch"
address = "10.20.11.2"
organization = "fin"
""",
    "extranet/declarations.toml": """
[[declarations]]
number = "云信接（2026）1号"
organization = "fin"
nature = "办公网"
scope = "预算"
terminals = 12
[[declarations]]
number = "D-2"
organization = "edu"
nature = "办公网"
scope = "学籍"
terminals = 200
[[declarations]]
number = "D-3"
organization = "edu"
nature = "办公网"
scope = "监控"
terminals = 200
""",
}


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration and a register in force."""
    for name, text in REGISTER.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "config.toml").write_text(
        '[city]\ntitle_zh = "云溪市"\nauthority = "fin"\ndocument_mark = "云信办"\n[planes.extranet]\nnets = ["10.20.0.0/16"]\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, object]:
    capsys.readouterr()
    assert code == main([*argv, "--json", "--lang", "en"])
    [item] = json.loads(capsys.readouterr().out)["items"]
    found: dict[str, object] = item
    return found


ROWS = """单位,地址,接入说明,用途
云溪市财政局,10.20.11.10-12,,窗口
FINANCE BUREAU,10.20.11.13,,
fin,10.20.11.14,云信接(2026)1号,
财局,10.20.11.15,,
云溪市教育局,10.20.12.10,,
云溪市教育局,10.20.12.11,D-2,
云溪市财政局,10.20.12.12,D-2,
新单位,10.20.12.13,,
云溪市教育局,10.20.12.14,D-9,
云溪市财政局,10.20.11.1,,
云溪市财政局,10.20.11.203,,
云溪市财政局,10.20.12.99,,
云溪市财政局,10.20.11.30-10.20.11.60,,
"""


def test_what_a_row_rests_on_decides(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names in every form, the one declaration that stands, and why there is none; gateway, DHCP, grants and quota."""
    (city / "in.csv").write_text(ROWS, "gb18030")

    made = answer(capsys, "ip", "import", "in.csv", "--dry-run", code=1)

    assert [("10.20.11.10-10.20.11.12", "云信接（2026）1号"), ("10.20.11.13", "云信接（2026）1号"),
            ("10.20.11.14", "云信接（2026）1号"), ("10.20.12.11", "D-2")] == [
        (one["addresses"], one["declaration"]) for one in made["added"]  # type: ignore[attr-defined]
    ]  # fmt: skip
    faults = {one["line"]: (one["column"], one["what"]) for one in made["faults"]}  # type: ignore[attr-defined]
    assert {
        5: ("organization", "no organization is called so"),
        6: ("declaration", "云溪市教育局 has 2 declarations that stand: D-2, D-3"),
        8: ("organization", "D-2 is a declaration of 云溪市教育局"),
        9: ("declaration", "新单位 has no declaration that stands"),
        10: ("declaration", "there is no declaration D-9"),
        11: ("addresses", "10.20.11.1 of 10.20.11.0/24 is set aside: gateway"),
        12: ("addresses", "10.20.11.200-10.20.11.209 of 10.20.11.0/24 is set aside: dhcp"),
        13: (
            "addresses",
            "it is 云溪市教育局's, and Finance Bureau is neither that, nor under it, nor of its level in its care",
        ),
        14: (
            "addresses",
            "云信接（2026）1号 declares 12 terminals; 5 have addresses, and 31 more are too many",
        ),
    } == faults
    assert [] == made["imported"]
    [near] = [one["mend"] for one in made["faults"] if one["line"] == 5]  # type: ignore[attr-defined]
    assert "云溪市财政局 (fin)? write it so" == near


def test_nothing_is_half_done(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a fault nothing goes in; --partial takes the good rows; again nothing is new; the ledger is whole."""
    (city / "in.csv").write_text(ROWS, "utf-8")
    assert [] == answer(capsys, "ip", "import", "in.csv", "--yes", code=1)["imported"]
    assert 4 == len(answer(capsys, "ip", "import", "in.csv", "--yes", "--partial", code=1)["imported"])  # type: ignore[arg-type]
    again = answer(capsys, "ip", "import", "in.csv", "--yes", "--partial", code=1)

    assert ([], 4, []) == (again["added"], again["same"], again["imported"])
    assert (0, 0) == (main(["pool", "verify"]), main(["journal", "verify"]))


FORM = """附件2,,,,,,
云溪市财政局政务外网IP地址使用情况统计表（２０２６年第一季度）,,,,,,
填报单位（盖章）：市财政局,,,,,填报日期：2026.3.31,
序号,ＩＰ地址,使用部门,设备名称,MAC地址,接入说明文号,楼 层
1,１０．２０．１１．５,市财政局,电脑1,00-14-22-AA-00-01,云信接〔2026〕1号,三楼
2,10。20。11。6 ,财政局,电脑2,0014.22aa.0002,云信接[2026]1号,
3,10.20.11.7,云溪市财政局,打印机,001422AA0003,云信接（2026）1号,
4,10.20.11.8,财政局,电脑4,00 14 22 aa 00 04,云信接【2026】1号,
5,10.20.11.9,财政局,电脑5,001422-aa0005,,

6,10.20.11.16~17,财政局,会议室,,,
7,10.20.11.018,财政局,前导零,,,
8,10.20.11.19,云溪市民政局,别人,,,
9,10.20.11.20,财政局,错号,,云信接〔2026〕99号,
10,10.20.11.5,市财政局,重复,,,
合计,,10台,,,,
填表人：张三,,审核人：李四,,,联系电话：0731-12345678,
注：本表一式两份。,,,,,,
"""


def test_a_form_with_everything_around_it_is_taken_in(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Titles, a signature and a remark are no rows; brackets, dots, cards, short names are read; unused columns are told."""
    (city / "in.csv").write_text(FORM, "gb18030")

    made: dict[str, Any] = answer(capsys, "ip", "import", "in.csv", "--yes", "--partial", code=1)

    assert [
        ("10.20.11.5", "00:14:22:aa:00:01"), ("10.20.11.6", "00:14:22:aa:00:02"), ("10.20.11.7", "00:14:22:aa:00:03"),
        ("10.20.11.8", "00:14:22:aa:00:04"), ("10.20.11.9", "00:14:22:aa:00:05"), ("10.20.11.16", ""),
    ] == [(one["first"], one["mac"]) for one in made["imported"]]
    assert {
        12: "it has leading zeros, which some programs read as octal",
        13: "no organization is called so",
        14: "there is no declaration 云信接〔2026〕99号",
        15: "in.csv:5 has part of it too",
    } == {one["line"]: one["what"] for one in made["faults"]}
    assert "netops organization list shows them" == made["faults"][1]["mend"]
    assert [{"sheet": "in.csv", "heading": "楼 层"}] == made["unused"]


def test_a_hidden_sheet_is_left_alone_and_told(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People forget what it holds; a workbook of hidden sheets alone is read."""
    book = openpyxl.Workbook()
    for name, address in (("现用", "10.20.11.5"), ("旧表", "10.20.11.6")):
        page = book.create_sheet(name)
        page.append(["IP", "单位"])
        page.append([address, "财政局"])
    del book["Sheet"]
    book["旧表"].sheet_state = "hidden"
    book.save(city / "in.xlsx")

    made: dict[str, Any] = answer(capsys, "ip", "import", "in.xlsx", "--dry-run")
    assert (["10.20.11.5"], ["in.xlsx 旧表"]) == ([one["addresses"] for one in made["added"]], made["hidden"])
    assert 0 == main(["ip", "import", "in.xlsx", "--dry-run", "--lang", "zh"])
    assert "略过：in.xlsx 旧表 是隐藏的工作表" in capsys.readouterr().err


def test_several_files_are_one_act(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault in the second keeps the first out; the same address in both is named with both places."""
    (city / "a.csv").write_text("单位,地址\nfin,10.20.11.10\nfin,10.20.11.11\n", "utf-8")
    (city / "b.csv").write_text("addresses;declaration\n10.20.11.11;云信接（2026）1号\n", "utf-8")

    made = answer(capsys, "ip", "import", "a.csv", "b.csv", "--yes", code=1)

    assert [("b.csv:2", "a.csv:3 has part of it too")] == [
        (one["place"], one["what"]) for one in made["faults"]  # type: ignore[attr-defined]
    ]
    assert [] == made["imported"]


def test_defaults_speak_for_rows_that_do_not(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A declaration, the last day of reservations, and why more than the quota is needed."""
    (city / "in.csv").write_text("ip,状态\n10.20.11.10,保留\n10.20.11.16-40,\n", "utf-8")
    said = (
        "--declaration",
        "云信接（2026）1号",
        "--reserve-until",
        "2099年12月31日",
        "--over-quota",
        "临时扩容",
    )

    made = answer(capsys, "ip", "import", "in.csv", *said, "--yes")

    assert [("reserved", "2099-12-30T16:00:00Z", ""), ("active", None, "临时扩容")] == [
        (one["state"], one["free_after"], one["over_quota"])
        for one in made["imported"]  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx", "out.json"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_roster_comes_back(
    city: Path, capsys: pytest.CaptureFixture[str], name: str, language: str
) -> None:
    """Export, import: everything stands already."""
    (city / "in.csv").write_text(
        "单位,地址,用途,MAC,主机名\nfin,10.20.11.10,=1+1,001b-213c-4d5e,fin-srv1\nfin,10.20.11.12-13,,,\n",
        "utf-8",
    )
    assert 0 == main(["ip", "import", "in.csv", "--yes", "-q"])
    assert 0 == main(["ip", "export", "-o", name, "--lang", language])

    made = answer(capsys, "ip", "import", name, "--yes")

    assert ([], 2, []) == (made["added"], made["same"], made["faults"])


def test_programs_get_what_they_read(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of allocations and of registered devices; zones into a folder; what is left out is told."""
    (city / "in.csv").write_text(
        "单位,地址,MAC,主机名\nfin,10.20.11.10,001b-213c-4d5e,fin-srv1\nfin,10.20.11.11,,\n", "utf-8"
    )
    assert 0 == main(["ip", "import", "in.csv", "--yes", "-q"])
    asked = (
        "--domain",
        "example.gov.cn",
        "--name-server",
        "ns1.example.gov.cn",
        "--contact",
        "a@example.gov.cn",
    )
    assert 0 == main(["ip", "export", "--format", "reverse-zone", *asked, "-o", "zones", "--lang", "en"])
    assert "left out: 10.20.11.11" in capsys.readouterr().err
    zone = (city / "zones" / "11.20.10.in-addr.arpa.zone").read_text()

    assert "10 IN PTR fin-srv1.example.gov.cn.\n" in zone
    assert "2 IN PTR fin-sw1.example.gov.cn.\n" in zone
    written = {
        shape: answer(capsys, "ip", "export", "--format", shape)["text"]
        for shape in ("list", "kea", "dnsmasq", "h3c")
    }
    assert "10.20.11.10/31\n" == written["list"]
    assert '"hw-address": "00:1b:21:3c:4d:5e"' in str(written["kea"])
    assert [
        "dhcp-range=set:net1,10.20.11.200,10.20.11.209,255.255.255.0", "dhcp-option=tag:net1,option:router,10.20.11.1",
        "dhcp-host=00:1b:21:3c:4d:5e,10.20.11.10,fin-srv1",
    ] == str(written["dnsmasq"]).splitlines()  # fmt: skip
    assert '"pool": "10.20.11.200 - 10.20.11.209"' in str(written["kea"])
    assert 2 == main(["ip", "export", "--format", "reverse-zone"])
    assert 2 == main(["ip", "export", "--format", "hosts", "--domain", "a b"])


def test_two_planes_never_stand_in_one_file(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Article 8: an instance that serves both asks which one."""
    (city / "config.toml").write_text("[planes.extranet]\n[planes.intranet]\n", "utf-8")
    assert 4 == main(["ip", "export", "--format", "hosts", "--lang", "en"])
    assert "two planes" in capsys.readouterr().err
    assert 0 == main(["ip", "export", "--format", "hosts", "--plane", "extranet"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_faults_are_shown_in_both_languages(
    city: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    """A table on the terminal, CSV into a file."""
    (city / "in.csv").write_text(ROWS, "utf-8")
    assert 1 == main(["ip", "import", "in.csv", "--dry-run", "--lang", language])
    shown = capsys.readouterr()
    assert "in.csv:14" in shown.out
    assert 1 == main(["ip", "import", "in.csv", "--dry-run", "-o", "faults.csv", "--lang", language])
    assert 10 == len((city / "faults.csv").read_text("utf-8-sig").splitlines())
