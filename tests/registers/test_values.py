"""What a field may hold, as people write it."""

from __future__ import annotations

from datetime import date

import pytest

from netops.core.sheet import Formula, Value
from netops.registers import identity
from netops.registers.kind import Choice, Field
from netops.registers.values import Unfit, read, searched
from tests.registers.city import IDENTITY


class Nobody:
    """Names of nothing."""

    def organization(self, text: str) -> str:
        return text

    def record(self, kind: str, text: str) -> str:
        return text

    organization_shown = organization
    record_shown = record


LEVEL = Field("level", "等级", "Level", "choice", choices=(Choice("3", "第三级", "level 3"),))
DAY, SAID, WHERE = Field("d", "日", "D", "date"), Field("y", "是", "Y", "yesno"), Field("a", "址", "A", "addresses")
PAGE, TEXT = Field("u", "网", "U", "url"), Field("t", "文", "T")
PEOPLE = Field("people", "人数", "People", "integer", unit_zh="人", unit_en="people")


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (LEVEL, "第三级", "3"), (LEVEL, "３", "3"), (LEVEL, 3.0, "3"), (LEVEL, "Level 3", "3"), (LEVEL, "三级甲", None),
        (PEOPLE, "１２ 人", 12), (PEOPLE, "1,200", 1200), (PEOPLE, "十二", 12), (PEOPLE, 12.0, 12), (PEOPLE, "12.5", None),
        (PEOPLE, "-1", None), (PEOPLE, "几个", None), (PEOPLE, "", None),
        (DAY, "二〇二六年十一月", "2026-11"), (DAY, date(2026, 11, 3), "2026-11-03"),
        (DAY, "长期有效", "long"), (DAY, 46356, "2026-11-30"),
        (DAY, 2026, "2026"), (DAY, "2026-02-30", None),
        (SAID, "√", True), (SAID, "否", False), (SAID, "也许", None),
        (WHERE, "10.0.0.1、１０．０．０．２ 10.0.0.1", ["10.0.0.1", "10.0.0.2"]),
        (WHERE, "10.0.0.9-10.0.0.1", None), (WHERE, "10.0.0.1/24", None),
        (PAGE, "www.yunxi.gov.cn", "http://www.yunxi.gov.cn/"),
        (PAGE, "javascript:alert(1)", None), (PAGE, "http://a b/", None),
        (PAGE, "https://u:p@x.gov.cn/", None),
        (Field("p", "话", "P", "phone"), "内线 8101", "内线 8101"), (Field("p", "话", "P", "phone"), "不详", None),
        (TEXT, Formula("=1+1"), None), (TEXT, "#REF!", None), (TEXT, "a\x00b", None),
        (TEXT, "x" * 501, None), (TEXT, " 两  行\n一 ", "两 行 一"),
        (Field("c", "期", "C", "period"), "每周", "7d"), (Field("c", "期", "C", "period"), "偶尔", None),
    ],
)  # fmt: skip
def test_a_value_is_kept_in_one_form_or_refused(field: Field, value: Value, kept: object) -> None:
    """Whatever width, unit, numeral or word people use."""
    if kept is None and value != "":
        with pytest.raises(Unfit):
            read(field, value, Nobody())
    else:
        assert kept == read(field, value, Nobody())


def test_of_an_identity_number_only_its_end_is_kept() -> None:
    """A right number leaves four digits and a short fingerprint; the same text is read again; a wrong digit is refused."""
    field = Field("i", "号", "I", "identity")
    kept = read(field, IDENTITY, Nobody())

    assert isinstance(kept, str)
    assert kept.startswith("**************002X#")
    assert IDENTITY[:14] not in kept
    assert kept == read(field, kept, Nobody()) == read(field, IDENTITY.lower(), Nobody())
    for wrong in ("110105194912310021", "11010519491331002X", "99010519491231002X", "1101051949123100"):
        with pytest.raises(Unfit):
            read(field, wrong, Nobody())


def test_check_characters_of_the_standards() -> None:
    """GB 11643 and GB 32100 examples, and one mistyped digit of each."""
    assert "" == identity.why_no_identity(IDENTITY)
    assert identity.is_credit_code("91350100M000100Y43")
    assert not identity.is_credit_code("91350100M000100Y44")


def test_a_search_compares_without_width_and_case() -> None:
    """Full-width letters and blanks in a row are the same."""
    assert "abc 预算" == searched("ＡＢＣ   预算")
