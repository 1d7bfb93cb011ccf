"""Workbooks as people really send them, for the tests of reading."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from netops.core.names import Names
from netops.core.organization import Organization

NAMES = Names((Organization("fin", "市财政局"), Organization("edu", "市教育局")))


def book(*sheets: tuple[str, Sequence[Sequence[Any]], Sequence[str]]) -> bytes:
    """A workbook of sheets: name, rows, merged ranges."""
    made = Workbook()
    made.remove(made.active)
    for name, rows, merged in sheets:
        page = made.create_sheet(name)
        for row in rows:
            page.append(list(row))
        for one in merged:
            page.merge_cells(one)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


BOXES: list[list[Any]] = [
    ["政务外网接入书面说明"],
    [],
    ["单位名称：", "市财政局", None, "接入网络", "外网"],
    ["一、网络性质", "办公局域网，非涉密"],
    ["二、应用范围", "预算管理一体化系统"],
    ["四、入网终端数量", "２５台", None, "服务器", 2],
    ["有线终端", "20", None, "无线", "3 台"],
    ["负责人", "王 强", None, "手机", "０７００-1234567"],
    ["安全管理员", "李梅", None, "联系电话", "0700-7654321"],
    ["填表日期", "二〇二六年十一月三日", None, "有效期", "长期"],
    ["用户分类", "B", None, "盖章", "√"],
]
"""A form with headings moved, full-width digits and a date in Chinese numerals; its title is merged."""
DEVICES: list[list[Any]] = [
    ["附表"],
    ["序号", "设备名称", "设备类型", "品牌型号", "管理IP", "销售许可证号", "备注"],
    [1, "r-fin", "路由器", "AR-3200", "10.20.255.11", "无", "x"],
    [2, "fw-fin", "防火墙", None, "10.20.255.12/24", "XKC-１", None],
    [],
    ["注：含备机"],
]
