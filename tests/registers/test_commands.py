"""`netops register`, as people type it and as programs read it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from netops.cli import main

ORGANIZATIONS = """
[[organizations]]
code = "fin"
name_zh = "云溪市财政局"
name_en = "Yunxi Finance Bureau"
"""


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A configuration with one organization in force."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "organizations.toml").write_text(ORGANIZATIONS, "utf-8")
    (tmp_path / "config.toml").write_text(
        '[city]\ntitle_zh = "云溪市"\n[planes.extranet]\nnets = ["10.72.0.0/16"]\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    for name in ("NETOPS_CONFIG", "NETOPS_STORE", "NETOPS_LANG"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == main(["inventory", "apply", "--yes", "-q"])
    capsys.readouterr()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["register", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_record_goes_its_way_by_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Plan first, --dry-run stops there, then it is entered, changed, found, shown and retired."""
    values = ("单位=云溪市财政局", "系统名称=预算管理一体化", "跨部门或跨地区=是")
    code, out, err = run(capsys, "add", "应用系统", *values, "--dry-run")
    assert (0, "") == (code, out)
    assert "系统名称：— → 预算管理一体化" in err
    assert 0 == run(capsys, "add", "systems", *values, "--yes", "-q")[0]
    code, _out, err = run(capsys, "add", "systems", *values, "--yes", "-q")
    assert (4, True) == (code, "SYS-0001 就是同一条" in err)
    assert 0 == run(capsys, "edit", "systems", "预算管理一体化", "addresses=10.72.1.5", "--yes")[0]
    code, out, err = run(capsys, "edit", "systems", "SYS-0001", "purpose=甲", "--base", "1", "--yes")
    assert 4 == code
    assert "服务器地址：原为 —，现为 10.72.1.5" in err

    code, out, _err = run(capsys, "show", "systems", "SYS-0001", "--json")
    (item,) = json.loads(out)["items"]
    assert (2, ["10.72.1.5"], 2) == (
        item["record"]["version"],
        item["record"]["values"]["addresses"],
        len(item["versions"]),
    )
    assert "SYS-0001" in run(capsys, "search", "一体化", "财政")[1]
    assert 0 == main(["who", "一体化"])
    assert "预算管理一体化" in capsys.readouterr().out
    assert 0 == run(capsys, "retire", "systems", "SYS-0001", "--why", "下线", "--yes")[0]
    assert [] == json.loads(run(capsys, "list", "systems", "--json")[1])["items"]
    assert 0 == run(capsys, "restore", "systems", "SYS-0001", "--why", "误停", "--yes")[0]


def test_people_and_programs_are_told_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """In both languages, with every field at once; unknown registers and fields name those there are."""
    code, _out, err = run(
        capsys, "add", "systems", "单位=财正局", "系统名称=甲", "跨部门或跨地区=也许", "--yes"
    )
    assert 2 == code
    assert "没有叫这个名称的单位" in err
    assert "既不是“是”也不是“否”" in err
    code, _out, err = run(capsys, "add", "systems", "单位=x", "--yes", "--lang", "en", "--json")
    assert "no organization is called so" in json.loads(err)["error"]["why"]
    assert 2 == run(capsys, "list", "cars")[0]
    assert "systems" in run(capsys, "list", "cars", "--lang", "en")[2]
    assert "Cross-department" in run(capsys, "show", "systems", "--lang", "en")[1]
    assert "应用系统" in run(capsys, "list")[1]


def test_a_form_goes_out_is_filled_in_and_comes_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """
    The form offers what a cell may hold, its heads are locked, its open cells are not; filled in with another program it is
    planned, imported, exported again: no difference. A file that somebody may have filled in is not written over.
    """
    from openpyxl import load_workbook

    assert 0 == run(capsys, "form", "protection", "-o", "form.xlsx", "--rows", "3")[0]
    assert 4 == run(capsys, "form", "protection", "-o", "form.xlsx")[0]
    book = load_workbook("form.xlsx")
    page = book.active
    head = next(row for row in range(1, 9) if page.cell(row, 2).value == "定级对象 *")
    heads = [str(cell.value).removesuffix(" *") for cell in page[head]]
    assert (f"C{head + 1}", True, True, False) == (
        page.freeze_panes, page.protection.sheet, page.cell(head, 1).protection.locked, page.cell(head + 1, 1).protection.locked,
    )  # fmt: skip
    offered = {str(one.sqref): one.formula1 for one in page.data_validations.dataValidation if one.type == "list"}
    level = heads.index("安全保护等级")
    where = offered[f"{chr(65 + level)}{head + 1}:{chr(65 + level)}{head + 3}"]
    column = where.split("$")[1]
    assert ["第一级", "第二级", "第三级"] == [cell.value for cell in book["_choices"][column][:3]]
    assert "填表说明" in book.sheetnames
    rows = [
        {
            "单位": "云溪市财政局",
            "定级对象": "一体化",
            "安全保护等级": "第三级",
            "备案日期": "二〇二六年十一月",
        },
        {"定级对象": "门户"},
    ]
    for number, row in enumerate(rows, head + 1):
        for name, value in row.items():
            page.cell(number, heads.index(name) + 1, value)
    book.save("filled.xlsx")

    code, out, err = run(capsys, "import", "protection", "filled.xlsx", "--yes")
    assert 1 == code
    assert f"filled.xlsx 网络安全等级保护!D{head + 2}" in out
    assert "一行也没有导入" in err
    assert [] == json.loads(run(capsys, "list", "protection", "--json")[1])["items"]
    assert 1 == run(capsys, "import", "protection", "filled.xlsx", "--yes", "--partial")[0]
    assert 0 == run(capsys, "export", "protection", "-o", "out.xlsx", "--lang", "en")[0]
    code, out, _err = run(capsys, "import", "protection", "out.xlsx", "--yes", "--json")
    (answer,) = json.loads(out)["items"]
    assert (0, 0, [], 1, []) == (code, answer["added"], answer["changed"], answer["same"], answer["faults"])


def test_a_workbook_of_several_registers_goes_out_and_comes_back_in_one_act(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each sheet is of the register it is called after, whatever its headings; a fault in one keeps all of them out."""
    from openpyxl import load_workbook

    assert 0 == run(capsys, "add", "systems", "单位=fin", "系统名称=甲", "跨部门或跨地区=是", "--yes", "-q")[0]
    assert 0 == run(capsys, "add", "plans", "单位=fin", "规划名称=乙", "类别=overall", "--yes", "-q")[0]
    assert 0 == run(capsys, "form", "all", "--filled", "--rows", "1", "-o", "all.xlsx")[0]
    code, out, _err = run(capsys, "import", "all", "all.xlsx", "--yes", "--json")
    told = {item["register"]: item for item in json.loads(out)["items"]}
    assert (0, 23, {"systems": 1, "plans": 1}, 0) == (
        code, len(told), {name: item["same"] for name, item in told.items() if item["same"]},
        sum(item["added"] + len(item["changed"]) + len(item["faults"]) for item in told.values()),
    )  # fmt: skip

    def put(page: object, heading: str, value: str) -> None:
        row = next(row for row in range(1, 9) if page.cell(row, 1).value == "编号")  # type: ignore[attr-defined]
        heads = [str(cell.value).removesuffix(" *") for cell in page[row]]  # type: ignore[index]
        page.cell(row + 1, heads.index(heading) + 1, value)  # type: ignore[attr-defined]

    book = load_workbook("all.xlsx")
    put(book["应用系统"], "系统名称", "甲二期")
    put(book["电子政务规划"], "类别", "不知道")
    book.save("changed.xlsx")
    assert 1 == run(capsys, "import", "all", "changed.xlsx", "--yes")[0]
    assert "甲二期" not in run(capsys, "list", "systems", "--json")[1]
    put(book["电子政务规划"], "类别", "县级规划")
    book.save("changed.xlsx")
    assert 0 == run(capsys, "import", "all", "changed.xlsx", "--yes", "-q")[0]
    assert "甲二期" in run(capsys, "list", "systems", "--json")[1]
    assert "county" in run(capsys, "list", "plans", "--json")[1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.xlsx", b"PK\x03\x04 nothing", "broken.xlsx"),
        ("empty.csv", b"", "定级对象"),
        ("binary.csv", b"\x00\xff\xfe\x80\x81" * 50, "UTF-8"),
        ("page.xls", b"<html><table></table></html>", "网页"),
        ("latin.csv", "单位,定级对象,安全保护等级\r\n云溪市财政局,甲,第三级\r\n".encode("gb18030"), None),
    ],
)
def test_what_is_no_table_is_told(
    capsys: pytest.CaptureFixture[str], name: str, content: bytes, said: str | None
) -> None:
    """By file and why; another encoding is none of them."""
    Path(name).write_bytes(content)
    code, _out, err = run(capsys, "import", "protection", name, "--dry-run")
    if said is None:
        assert (0, True) == (code, "新登记 1 条" in err)
    else:
        assert 2 == code
        assert said in err


def test_attachments_are_kept_by_their_hash_and_papers_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A PDF is kept, read-only; programs, scripts, macros and archives are refused; a change is noticed."""
    assert (
        0
        == run(
            capsys, "add", "policies", "单位=fin", "class=contingency_plan", "title=应急预案", "--yes", "-q"
        )[0]
    )
    Path("plan.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n%%EOF\n")
    assert 0 == run(capsys, "attach", "policies", "POL-0001", "plan.pdf", "--yes", "-q")[0]
    (item,) = json.loads(run(capsys, "files", "--check", "--json")[1])["items"]
    kept = Path(item["path"])
    assert (b"%PDF-1.7", 0o440, "application/pdf") == (
        kept.read_bytes()[:8],
        kept.stat().st_mode & 0o777,
        item["media"],
    )

    with zipfile.ZipFile("macro.docx", "w") as archive:
        for part in ("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"):
            archive.writestr(part, "x")
    with zipfile.ZipFile("papers.zip", "w") as archive:
        archive.writestr("a.pdf", "x")
    Path("run.pdf").write_bytes(b"\x7fELF" + bytes(range(256)))
    Path("script.pdf").write_bytes(b"%PDF-1.7 /JavaScript (app.alert(1))")
    Path("page.txt").write_text("<script>alert(1)</script>")
    Path("nothing.pdf").write_bytes(b"")
    for name in ("macro.docx", "papers.zip", "run.pdf", "script.pdf", "page.txt", "nothing.pdf"):
        assert 4 == run(capsys, "attach", "policies", "POL-0001", name, "--yes")[0], name

    kept.chmod(0o640)
    kept.write_bytes(b"%PDF-1.7 changed")
    assert 1 == run(capsys, "files", "--check")[0]
    assert (
        0 == run(capsys, "detach", "policies", "POL-0001", item["sha256"][:12], "--why", "作废", "--yes")[0]
    )
    assert [] == json.loads(run(capsys, "files", "--json")[1])["items"]
    assert kept.exists()
