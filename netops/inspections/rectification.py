"""Rectification items (整改项) and exceptions (例外): what follows when an item does not conform. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from netops.inspections.answer import Judgement, Result
from netops.inspections.inspection import Answer, Inspection, Party
from netops.inspections.item import Item

EVIDENCE_ZH = {
    "snmp-topology": "设备和拓扑信息", "device-config": "设备配置", "flow": "流量记录", "dns-log": "解析日志",
    "dns": "域名解析", "dhcp-log": "地址租约", "ipam": "地址台账", "declaration": "接入说明",
    "egress-register": "出口备案", "http-probe": "网站检测记录", "tls-certificate": "证书",
    "service-probe": "服务检测记录", "interface-probe": "接口检测记录", "site-register": "网站登记",
    "department-register": "单位登记", "catalogue-register": "共享目录", "disclosure-register": "公开事项清单",
    "project-register": "项目资料", "plan-register": "规划及批文", "product-register": "产品证书",
    "djbh-register": "定级备案和测评报告", "personnel-register": "任命文件", "training-register": "培训证书",
    "backup-report": "备份和恢复演练记录", "availability": "运行记录", "incident-record": "事件记录",
    "notice-record": "通报及反馈", "drill-record": "演练记录", "inspection-record": "检查记录",
    "assessment-record": "考核记录", "document": "文件原件", "register-import": "导入的清单",
    "site-visit": "现场照片", "audit-log": "操作日志",
}  # fmt: skip
"""What is asked for as proof, as a paper says it."""


class Stage(StrEnum):
    """整改中, 已反馈, 已销号."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Rectification(msgspec.Struct, frozen=True, kw_only=True):
    """
    One item that does not conform and is to be mended.

    Args:
        number: such as "RC-2026-0001".
        instrument: of the item, such as "measures".
        said: what did not conform, when it was opened; *findings*: ids behind it.
        due: ISO date, the office's term; *asked*: evidence that is wanted of the organization.
        repeat: which time it is that this organization does not keep this item, from 1.
        paper: id of the document that asks for it, or "".
        reply: what the organization answered.
        rechecked_at, recheck: when the same question was asked again last, and what came out.
    """

    number: str
    inspection: str
    item: str
    organization: str
    instrument: str
    said: Judgement
    findings: tuple[str, ...]
    opened_at: datetime
    opened_by: str
    due: str
    asked: str
    repeat: int
    state: Stage = Stage.OPEN
    paper: str = ""
    reply: str = ""
    replied_at: datetime | None = None
    replied_by: str = ""
    rechecked_at: datetime | None = None
    recheck: str = ""
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still asks for something."""
        return self.state is not Stage.CLOSED

    def is_overdue(self, day: str) -> bool:
        """Whether its term has passed on an ISO day and it is not closed."""
        return self.is_open and self.due < day


class ItemException(msgspec.Struct, frozen=True, kw_only=True):
    """
    Somebody answers for an item that is not kept, until a day; from the day after it counts as open again.

    Args:
        owner: who answers for it; *until*: ISO date, the last day.
    """

    number: str
    organization: str
    instrument: str
    item: str
    owner: str
    reason: str
    until: str
    given_at: datetime
    given_by: str

    def holds(self, day: str) -> bool:
        """Whether it stands on an ISO day."""
        return self.until >= day


class Verdict(msgspec.Struct, frozen=True):
    """
    What asking again says of one rectification item.

    Args:
        result: what counts now; *closes*: whether that ends it.
        waits: an inspector said it, and an inspector has to say it again.
    """

    number: str
    item: str
    result: Result
    judgement: Judgement
    closes: bool
    waits: bool = False


def to_mend(inspection: Inspection, *, partial: bool = False) -> list[tuple[Item, Answer]]:
    """The items whose standing answer does not conform, worst first; partly kept ones too with *partial*."""
    wanted = (Result.NONCONFORM, Result.PARTIAL) if partial else (Result.NONCONFORM,)
    found = [
        (item, answer)
        for item in inspection.catalogue.items
        if (answer := inspection.standing(item)) is not None and answer.judgement.result in wanted
    ]
    order = ("critical", "high", "medium", "low")
    return sorted(found, key=lambda pair: order.index(pair[0].severity))


def verdict(one: Rectification, inspection: Inspection, machine: Judgement | None) -> Verdict:
    """
    Whether a rectification item is mended, now that the machine was asked again.

    Only a conform answer (or that the duty no longer binds) closes. What an inspector had said, an inspector says again:
    their answer counts when it came after the item was opened.
    """
    item = inspection.item(one.item)
    inspector = inspection.by(item, Party.INSPECTOR) if item else None
    if inspector is not None:
        renewed = inspector.at > one.opened_at
        said = msgspec.structs.replace(inspector.judgement, reason=inspector.note)
        judged = said if renewed else machine or said
        return Verdict(one.number, one.item, judged.result, judged, renewed and _is_mended(judged), not renewed)
    if machine is None:
        return Verdict(one.number, one.item, Result.UNCHECKED, Judgement(Result.UNCHECKED, ""), closes=False, waits=True)
    return Verdict(one.number, one.item, machine.result, machine, _is_mended(machine))


def _is_mended(judgement: Judgement) -> bool:
    return judgement.result in (Result.CONFORM, Result.NOT_APPLICABLE)


def excused(exceptions: Iterable[ItemException], organization: str, instrument: str, item: str, day: str) -> ItemException | None:
    """The exception that covers an item of an organization on an ISO day, or None."""
    mine = [
        one for one in exceptions
        if (one.organization, one.instrument, one.item) == (organization, instrument, item) and one.holds(day)
    ]  # fmt: skip
    return max(mine, key=lambda one: one.until, default=None)
