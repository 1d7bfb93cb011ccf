"""The fields of a declaration as forms and tables name them, zh and en, and what stands in them as text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.sheet import Heading, spelled
from netops.declarations.declaration import Application, Equipment, Kinds, Statements

PERSON = re.compile(r"(.*?)[\s,，、:：(（]*(?:联系电话|电话|手机)?[\s:：]*([+\d][\d\-\s()（）+转]{4,})")
"""A name and its telephone number in one text."""


class Entry(Enum):
    """What may be written into a field."""

    TEXT = "text"
    LONG = "long"
    COUNT = "count"
    DATE = "date"
    CHOICE = "choice"
    CODE = "code"
    """Filled in by netops; locked in a form."""


class Field(msgspec.Struct, frozen=True):
    """
    One field.

    Args:
        zh, en: its label.
        synonyms: other labels that are understood.
        required: whether Article 10 asks for it.
        choices: by the value that is kept, the words in Chinese and in English.
        hint: message id: what to write there.
    """

    name: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()
    entry: Entry = Entry.TEXT
    required: bool = False
    choices: Mapping[str, tuple[str, str]] = {}
    hint: str = ""

    @property
    def heading(self) -> Heading:
        """As the head of a column."""
        return Heading(self.name, self.zh, self.en, self.synonyms)

    def label(self, language: str) -> str:
        """In "zh" or "en"."""
        return self.zh if language == "zh" else self.en

    def words(self, value: str, language: str) -> str:
        """A value of a choice as people read it; any other as it is."""
        found = self.choices.get(value)
        return value if found is None else found[0 if language == "zh" else 1]

    def value(self, words: str) -> str | None:
        """The value that these words mean, or None when they are no choice."""
        plain = spelled(words)
        for value, several in self.choices.items():
            if plain in {spelled(value), *map(spelled, several)}:
                return value
        return plain[0].upper() if self.name == "user_class" and plain[:1].upper() in self.choices else None


PLANES = {
    str(Plane.EXTRANET): ("政务外网", "extranet"),
    str(Plane.INTRANET): ("政务内网", "intranet"),
}
CLASSES = {
    "A": ("A 仅公用网络区，不上互联网", "A public area only, no internet"),
    "B": ("B 公用网络区，统一互联网出口", "B public area, shared internet exit"),
    "C": ("C 公用网络区，自有互联网出口", "C public area, internet exit of its own"),
    "D": ("D 公用和专用网络区，统一互联网出口", "D public and private areas, shared internet exit"),
    "E": ("E 公用和专用网络区，自有互联网出口", "E public and private areas, internet exit of its own"),
    "F": ("F 政府园区网内", "F inside a government campus network"),
}
YES = {"yes": ("是", "yes"), "no": ("否", "no")}
KINDS_OF_EQUIPMENT = {
    zh: (zh, en)
    for zh, en in (
        ("路由器", "router"),
        ("交换机", "switch"),
        ("防火墙", "firewall"),
        ("无线接入点", "wireless access point"),
        ("网闸", "gatekeeper"),
        ("上网行为管理", "proxy"),
        ("其他", "other"),
    )
}

FIELDS = (
    Field(
        "number",
        "接入说明编号",
        "declaration number",
        ("编号", "原编号", "说明编号", "备案号", "备案编号", "申报编号"),
        Entry.CODE,
        hint=N_("leave it empty for a first declaration; write the number that is to be changed"),
    ),
    Field("version", "依据版本", "version changed", ("版本",), Entry.CODE),
    Field(
        "organization",
        "单位名称",
        "organization",
        (
            "单位",
            "接入单位",
            "申请单位",
            "申报单位",
            "填报单位",
            "部门",
            "部门名称",
            "单位代码",
            "organisation",
            "department",
        ),
        required=True,
        hint=N_("official name or code, as netops organization list shows it"),
    ),
    Field(
        "plane",
        "接入网络",
        "network",
        ("网络", "网络平面", "网络名称", "接入网", "所接网络", "plane"),
        Entry.CHOICE,
        required=True,
        choices=PLANES,
        hint=N_("one form for each network: the two are declared separately"),
    ),
    Field(
        "authority",
        "主管部门",
        "authority",
        ("主送", "报送单位", "报送机关", "受理单位"),
        Entry.CODE,
        hint=N_("the authority of the network at the level of the organization"),
    ),
    Field("place", "单位地址", "address of the organization", ("地址", "办公地址", "接入地点", "接入地址")),
    Field(
        "nature",
        "网络性质",
        "nature of the network",
        ("网络的性质", "一、网络性质", "nature"),
        Entry.LONG,
        required=True,
        hint=N_("what kind of network it is, such as an office network, not for state secrets"),
    ),
    Field(
        "scope",
        "应用范围",
        "scope of use",
        ("二、应用范围", "应用范围及业务", "业务范围", "scope"),
        Entry.LONG,
        required=True,
        hint=N_("which applications run on it, and who uses them"),
    ),
    Field("lan", "局域网情况", "local network", ("局域网", "内部网络情况"), Entry.LONG),
    Field(
        "user_class",
        "用户类别",
        "user class",
        ("用户分类", "接入类别"),
        Entry.CHOICE,
        choices=CLASSES,
        hint=N_("DB34/T 3607: A to F"),
    ),
    Field(
        "terminals",
        "入网终端数量",
        "terminals",
        (
            "终端数量",
            "终端数",
            "入网终端数",
            "入网终端总数",
            "终端总数",
            "终端合计",
            "四、入网终端数量",
            "number of terminals",
        ),
        Entry.COUNT,
        required=True,
        hint=N_("every terminal that is connected; gateways and switches are none"),
    ),
    Field("wired", "有线终端", "wired terminals", ("有线终端数", "有线", "有线终端数量"), Entry.COUNT),
    Field("wireless", "无线终端", "wireless terminals", ("无线终端数", "无线", "无线终端数量"), Entry.COUNT),
    Field("servers", "服务器", "servers", ("服务器数", "服务器数量", "服务器台数"), Entry.COUNT),
    Field(
        "other",
        "其他终端",
        "other terminals",
        ("其他", "其它", "其它终端", "其他终端数", "其他终端数量"),
        Entry.COUNT,
    ),
    Field(
        "measures",
        "安全措施",
        "security measures",
        ("安全防护措施", "网络安全措施", "安全保护措施"),
        Entry.LONG,
        hint=N_("boundary, antivirus, identity, logs, level of protection"),
    ),
    Field("need", "接入需求", "what is asked for", ("接入要求", "接入申请"), Entry.LONG),
    Field(
        "responsible",
        "责任人",
        "person responsible",
        ("负责人", "单位负责人", "主要负责人", "网络责任人", "责任人姓名"),
    ),
    Field(
        "responsible_phone",
        "责任人电话",
        "telephone of the person responsible",
        ("负责人电话", "负责人手机", "责任人手机", "责任人联系电话"),
    ),
    Field(
        "security_officer",
        "安全员",
        "security officer",
        ("网络安全员", "信息安全员", "安全管理员", "安全负责人", "安全专员"),
    ),
    Field(
        "security_officer_phone",
        "安全员电话",
        "telephone of the security officer",
        ("安全员手机", "安全员联系电话", "安全管理员电话"),
    ),
    Field("contact", "联系人", "contact", ("经办人", "填表人", "联系人姓名")),
    Field("contact_phone", "联系人电话", "telephone of the contact", ("联系人手机", "经办人电话")),
    Field(
        "date",
        "签署日期",
        "date signed",
        ("日期", "填表日期", "填报日期", "申报日期", "申请日期", "date"),
        Entry.DATE,
    ),
    Field("until", "有效期至", "stated until", ("有效期", "有效期限", "到期日期", "until"), Entry.DATE),
    Field(
        "sealed",
        "已签字盖章",
        "signed and sealed",
        ("盖章", "签章", "是否盖章", "已盖章", "sealed"),
        Entry.CHOICE,
        choices=YES,
    ),
)
"""Every field of a form, in its order."""
FIELD: Mapping[str, Field] = {one.name: one for one in FIELDS}
PHONES = ("手机", "联系电话", "电话", "电话号码", "手机号", "手机号码", "phone", "telephone", "mobile")
"""Labels that mean the telephone of the person named before them."""

EQUIPMENT = (
    Field(
        "name",
        "设备名称",
        "device",
        ("名称", "网络设备名称", "设备名", "网络设备", "device name"),
        required=True,
    ),
    Field(
        "kind",
        "设备类型",
        "kind of device",
        ("类型", "设备类别", "设备种类"),
        Entry.CHOICE,
        choices=KINDS_OF_EQUIPMENT,
    ),
    Field("model", "型号", "model", ("设备型号", "规格型号", "品牌型号", "型号规格", "品牌及型号")),
    Field(
        "address",
        "管理地址",
        "management address",
        ("管理ip", "管理ip地址", "设备地址", "设备ip", "ip地址", "ip", "management ip"),
    ),
    Field(
        "certificate",
        "专用产品证书号",
        "certificate number",
        (
            "证书号",
            "证书编号",
            "安全产品证书",
            "销售许可证号",
            "销售许可证",
            "产品证书号",
            "安全专用产品证书",
            "安全检测证书",
        ),
    ),
)
APPLICATIONS = (
    Field(
        "name", "应用系统", "application", ("系统名称", "应用名称", "应用系统名称", "业务系统"), required=True
    ),
    Field("address", "服务地址", "served at", ("服务器地址", "服务器ip", "服务ip", "部署地址")),
    Field("ports", "服务端口", "ports", ("端口", "端口号", "开放端口")),
    Field("users", "使用范围", "users", ("使用对象", "用户范围", "使用单位")),
)
PARTS: Mapping[str, tuple[Field, ...]] = {"equipment": EQUIPMENT, "applications": APPLICATIONS}
"""The tables of a declaration."""


# ---- what stands in them
def parted_person(text: str) -> tuple[str, str]:
    """Name and telephone of a person in one text."""
    found = PERSON.fullmatch(text.strip())
    return (found[1].strip(), found[2].strip()) if found else (text.strip(), "")


def cells(stated: Statements) -> dict[str, str]:
    """By field, what *stated* says, values as they are kept; "" where it says nothing."""
    said = {name: getattr(stated, name) for name in Statements.__struct_fields__ if name in FIELD}
    for name in ("responsible", "security_officer", "contact"):
        said[name], said[f"{name}_phone"] = parted_person(said[name])
    if stated.kinds.total:
        said |= msgspec.to_builtins(stated.kinds)
    said["sealed"] = "yes" if stated.sealed else ""
    said["plane"] = str(stated.plane)
    return {name: "" if value is None else str(value) for name, value in said.items()}


def stated_of(said: Mapping[str, str], parts: Mapping[str, list[dict[str, str]]]) -> Statements:
    """Statements out of what fields and tables say; every value must be one that is kept."""
    people = {
        name: " ".join(filter(None, (said.get(name, ""), said.get(f"{name}_phone", ""))))
        for name in ("responsible", "security_officer", "contact")
    }
    kinds = Kinds(**{name: int(said.get(name) or 0) for name in Kinds.__struct_fields__})
    plain = {
        name: said.get(name, "")
        for name in (
            "nature",
            "scope",
            "organization",
            "user_class",
            "measures",
            "lan",
            "place",
            "need",
            "until",
            "authority",
            "date",
        )
    }
    return Statements(
        **plain, **people, kinds=kinds, plane=Plane(said.get("plane") or Plane.EXTRANET),
        terminals=int(said["terminals"]) if said.get("terminals") else kinds.total, sealed=said.get("sealed") == "yes",
        equipment=tuple(Equipment(**one) for one in parts.get("equipment", ())),
        applications=tuple(Application(**one) for one in parts.get("applications", ())),
    )  # fmt: skip


def tidied(stated: Statements) -> Statements:
    """The same with every text as reading a form gives it: no blanks around, one kind of line end, people as name and number."""
    content = {name: _tidy(value) for name, value in msgspec.to_builtins(stated).items()}
    for name in ("responsible", "security_officer", "contact"):
        if content.get(name):
            content[name] = " ".join(filter(None, parted_person(content[name])))
    return msgspec.convert(content, Statements)


def _tidy(value: Any) -> Any:
    match value:
        case str():
            return "\n".join(line.rstrip() for line in value.splitlines()).strip()
        case dict():
            return {key: _tidy(one) for key, one in value.items()}
        case list():
            return [_tidy(one) for one in value]
    return value
