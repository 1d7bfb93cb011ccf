"""The columns of a roster: what they are called by offices, NetBox and phpIPAM, and the words for states. Pure."""

from __future__ import annotations

from netops.core.sheet import Heading, Table, spelled

HEADINGS = (
    Heading("number", "分配编号", "number", ("id",)),
    Heading("addresses", "地址", "addresses", (
        "ip地址", "ip address", "ip addresses", "ip", "address", "ipv4地址", "ipv6地址", "ip_addr", "ip addr", "ipaddr",
        "分配地址", "分配的地址", "分配ip", "分配ip地址", "使用ip", "终端ip", "终端ip地址", "主机ip", "ip地址段", "ip段",
        "ip地址范围",
        "地址范围", "ip范围", "地址", "addresses", "地址段", "分配网段", "地址网段", "ip网段", "网段", "prefix", "prefix_flat",
        "subnet", "子网", "network", "cidr",
    )),
    Heading("first", "起始地址", "first", (
        "起始ip", "起始ip地址", "开始地址", "开始ip", "首地址", "起始", "起始地址ip", "start_address", "start address",
        "start ip", "start", "ip地址起始", "ip地址起始地址", "地址段起始", "地址段起始地址",
    )),
    Heading("last", "结束地址", "last", (
        "结束ip", "结束ip地址", "终止地址", "终止ip", "截止地址", "末地址", "结束", "终止", "end_address", "end address",
        "end ip", "end", "ip地址结束", "ip地址结束地址", "地址段结束", "地址段结束地址",
    )),
    Heading("mask", "子网掩码", "mask", ("掩码", "netmask", "subnet mask", "掩码长度")),
    Heading("organization", "单位", "organization", (
        "单位名称", "单位代码", "使用单位", "责任单位", "申请单位", "部门", "部门名称", "使用部门", "所属单位",
        "所属部门", "科室单位", "接入单位", "organisation", "department", "tenant", "customer",
    )),
    Heading("owner", "持有者", "owner", ("所有者",)),
    Heading("declaration", "接入说明", "declaration", (
        "接入说明编号", "接入说明号", "接入说明文号", "接入说明书", "接入说明书编号", "接入说明书文号", "说明编号", "说明文号",
        "接入备案号", "接入备案编号", "备案编号", "备案号", "备案文号", "申报编号", "申报文号", "文号", "declaration number",
    )),
    Heading("purpose", "用途", "purpose", (
        "用途", "purpose",
        "使用用途", "地址用途", "业务用途", "业务", "业务系统", "应用", "应用范围", "说明", "描述", "description", "usage",
        "备注", "comments",
    )),
    Heading("state", "状态", "state", ("使用状态", "分配状态", "status", "ip state", "tag", "标签状态")),
    Heading("reserved_until", "预留至", "reserved_until", (
        "预留到", "预留期限", "预留到期", "预留到期日",
        "预留截止日期", "预留有效期", "有效期至", "有效期", "到期日期", "到期日", "截止日期", "free_after", "期限",
        "reserved until", "expires", "expiry",
    )),
    Heading("plane", "网络", "plane", ("平面", "网络平面", "所属网络", "网络类型")),
    Heading("mac", "MAC地址", "mac", ("mac address", "mac_address", "物理地址", "网卡地址", "hw address")),
    Heading("device", "设备", "device", (
        "主机名", "主机名称", "计算机名", "终端名称", "设备名称", "设备名", "hostname", "host name", "dns_name", "dns name",
    )),
    Heading("note", "附注", "note", ("notes", "注")),
    Heading("tags", "标签", "tags", ()),
    Heading("over_quota", "超额原因", "over_quota", ("超配额原因",)),
    Heading("since", "分配日期", "since", ("启用日期", "生效日期", "开通日期", "分配时间")),
)  # fmt: skip
"""What is understood; every other column is passed over."""
WRITTEN = (
    "number", "addresses", "organization", "declaration", "purpose", "state", "reserved_until", "mac", "device", "note",
    "tags", "over_quota", "since",
)  # fmt: skip
"""Columns of a roster that is written, in this order."""
SHARED = ("organization", "owner", "declaration", "purpose", "state", "plane", "mask", "reserved_until")
"""Headings under which a cell merged over several rows speaks for each of them; an address is nobody else's."""

ACTIVE = frozenset({
    "", "active", "used", "in use", "allocated", "assigned", "dhcp", "slaac", "online", "offline", "已分配", "分配", "在用",
    "使用", "使用中", "已使用", "已用", "正常", "启用", "在线", "离线",
})  # fmt: skip
RESERVED = frozenset({"reserved", "预留", "保留", "已预留"})
PASSED_OVER = frozenset({
    "quarantine", "冷却", "released", "已收回", "收回", "已回收", "回收", "deprecated", "container", "free", "available",
    "unused", "空闲", "未用", "未使用", "未分配", "闲置", "停用", "已停用",
})  # fmt: skip
"""States that a roster shows and nobody can ask for: such rows are history, plans, or free."""
PLANES = {
    "extranet": "extranet", "政务外网": "extranet", "外网": "extranet", "电子政务外网": "extranet",
    "intranet": "intranet", "政务内网": "intranet", "内网": "intranet", "电子政务内网": "intranet",
}  # fmt: skip


def called(name: str, language: str) -> str:
    """What stands at the head of a column, "zh" or "en"; the name itself when it is none of ours."""
    found = next((one for one in HEADINGS if one.name == name), None)
    return name if found is None else found.zh if language == "zh" else found.en


def is_netbox(table: Table) -> bool:
    """Whether NetBox wrote it: there "10.1.1.5/24" is the one address 10.1.1.5 and its network's mask."""
    words = _words(table)
    return "tenant" in words and bool(words & {"vrf", "dnsname", "assigned", "role", "vrfid"})


def is_of_prefixes(table: Table) -> bool:
    """Whether NetBox or phpIPAM wrote it as a list of prefixes: those that are registered here are no allocations."""
    words = _words(table)
    head = spelled(table.heads.get("addresses", ""))
    return head in ("prefix", "prefixflat", "subnet", "子网") and bool(
        words & {"tenant", "vrf", "mastersubnet", "section", "vlandomain"}
    )


def _words(table: Table) -> set[str]:
    return {spelled(cell) for cell in table.sheet.rows[table.start - 1]}
