"""Catalogues held against the rest of the playbooks: what dangles, what the gate allows, and which system each item covers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from netops.core.language import Text, _, series, spoken
from netops.core.toml import Source, settled
from netops.desk import Desk
from netops.incidents import legal_basis
from netops.incidents.legal_basis import ANSWERING, Addressee, Instrument, LegalBasis
from netops.inspections import catalogue as catalogues
from netops.inspections.catalogue import Catalogue
from netops.inspections.checks import CHECKS
from netops.inspections.facts import Kind
from netops.inspections.item import Asked, Item, Method
from netops.inspections.records import wanted
from netops.registers.kind import Kind as RegisterKind
from netops.rounds import diary, look, registers

MARKS = {Method.AUTOMATIC: "A", Method.MIXED: "M", Method.MANUAL: "H"}
METHODS_ZH = {Method.AUTOMATIC: "自动", Method.MIXED: "混合", Method.MANUAL: "人工"}
ADDRESSEES = {Kind.DEPARTMENT: Addressee.DEPARTMENT, Kind.COUNTY: Addressee.COUNTY, Kind.PLATFORM: Addressee.PLATFORM}


class System(msgspec.Struct, frozen=True):
    """One system that the regulation names (`law/systems.toml`)."""

    key: str
    zh: str
    en: str

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.en if spoken() == "en" else self.zh


class Covered(msgspec.Struct, frozen=True):
    """A system and the items that cover it, by catalogue."""

    system: System
    items: tuple[tuple[Catalogue, Item], ...]


def systems(playbooks: Path) -> tuple[System, ...]:
    """
    Every system that the regulation names.

    Raises:
        Faults: the file cannot be read so.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "systems.toml", "law/systems.toml", faults)
    source.unknown({"systems"})
    rows = source.content.get("systems", [])
    read = [one for row in rows if isinstance(row, dict) and (one := source.struct(row, System, "systems"))]
    settled("the systems were not read", faults, "mend the lines above")
    return tuple(read)


# ---- what dangles
def check(desk: Desk) -> list[str]:
    """
    What the catalogues name that is not there: systems, duties, registers, fields, kinds of findings, rounds, instruments.

    Raises:
        Faults: a file cannot be read at all, duplicate ids, dangling selections, unknown checks: all at once.
    """
    known = catalogues.read(desk.playbooks)
    kinds, named = registers.kinds(desk), {one.key for one in systems(desk.playbooks)}
    duties = {item.id for item in known["measures"].items} if "measures" in known else set()
    found: list[str] = []
    for one in known.values():
        for item in one.items:
            place = f"{one.head.name} {item.id}"
            if item.system and item.system not in named:
                found.append(_("{place}: there is no system {name}").format(place=place, name=item.system))
            found += [
                _("{place}: there is no duty {name}").format(place=place, name=duty)
                for duty in item.duties
                if duties and duty not in duties
            ]
            for asked in item.asked:
                found += [f"{place}: {asked.check}: {fault}" for fault in _dangling(asked, kinds)]
    return list(dict.fromkeys(found))


def _dangling(asked: Asked, kinds: dict[str, RegisterKind]) -> Iterator[str]:
    given = {**CHECKS[asked.check].parameters, **asked.parameters}
    register = str(given.get("register", ""))
    if "register" in given and register not in kinds:
        yield _("there is no register {name}").format(name=register or '""')
        return
    fields = {one.strip() for one in str(given.get("fields", "")).split(",") if one.strip()} | {
        str(given.get("date_field", ""))
    }
    fields |= {name for key in ("when", "must") for name in wanted(str(given.get(key, "")))}
    for name in sorted(fields - {""}):
        if name not in kinds[register].field:
            yield _("the register {register} has no field {name}").format(register=register, name=name)
        elif key := next((key for key in ("when", "must") if name in wanted(str(given.get(key, "")))), ""):
            yield from _choices(kinds[register], name, wanted(str(given[key]))[name])
    duty, kind = str(given.get("duty", "")), kinds.get(register)
    if duty and kind and duty not in {*kind.head.duties, *(one.duty for one in kind.checks), *(one.duty for one in kind.fields)}:
        yield _("nothing in the register {register} stands for the duty {name}").format(register=register, name=duty)
    for name in _words(given.get("kinds", "")):
        if name not in finding_kinds():
            yield _("no rule finds {name}").format(name=name)
    for name in _words(given.get("rounds", "")):
        if name not in diary.ROUNDS:
            yield _("there is no round {name}").format(name=name)


def _choices(kind: RegisterKind, name: str, values: tuple[str, ...]) -> Iterator[str]:
    allowed = {one.key for one in kind.field[name].choices}
    for value in values:
        if allowed and value != "*" and value not in allowed:
            yield _("{name} = {value} is none of {known}").format(name=name, value=value, known=", ".join(sorted(allowed)))


def _words(text: object) -> list[str]:
    return [one.strip() for one in str(text).split(",") if one.strip()]


def finding_kinds() -> frozenset[str]:
    """Every kind of finding that some rule makes."""
    return frozenset(rule.kind for rule in look.rules().values())


# ---- what may follow
class Consequence(msgspec.Struct, frozen=True):
    """What the gate allows against a breach: the instrument, to whom, and the rows of the law it rests on."""

    instrument: Instrument
    addressee: Addressee
    cited: tuple[str, ...]
    unverified: bool


def consequences(bases: tuple[LegalBasis, ...], catalogue: Catalogue, item: Item, day: date) -> list[Consequence]:
    """What may be sent on *day* for a breach of an item, by whom it binds; nothing where no basis allows anything."""
    found = []
    for kind in item.applies_to:
        if (addressee := ADDRESSEES.get(kind)) is None:
            continue
        for instrument in ANSWERING[:-1]:
            decision = legal_basis.decide(bases, instrument, catalogue.bases(item), addressee, day)
            if decision.allowed:
                found.append(Consequence(instrument, addressee, decision.cited, bool(decision.unverified)))
    return found


# ---- what covers what
def coverage(playbooks: Path) -> list[Covered]:
    """Every system of the regulation with the items that cover it; of each catalogue its own items only."""
    known = catalogues.read(playbooks).values()
    rows = [(one, item) for one in known for item in one.items if item.home == one.head.name]
    return [
        Covered(system, tuple((one, item) for one, item in rows if item.system == system.key))
        for system in systems(playbooks)
    ]


def coverage_page(playbooks: Path) -> str:
    """The map of systems to items as a page of `docs/`: in both languages, with who answers each item."""
    covered = coverage(playbooks)
    count = len({(item.home, item.id) for one in covered for _catalogue, item in one.items})
    lines = [
        "# 办法各系统与检查项对照 / Systems of the regulation and the items that cover them",
        "",
        "由 `netops inspect catalogue map -o docs/inspection-map.md` 生成，不要手工修改。",
        "A 自动：机器判定；M 混合：机器预填或反驳，人确认；H 人工：人回答。",
        "A = automatic, M = mixed (a machine prefills or contradicts, a person decides), H = a person.",
        "",
        f"{len(covered)} 个系统，{count} 个检查项 / {len(covered)} systems, {count} items.",
        "",
        "| 系统 | System | 检查项 Items |",
        "|---|---|---|",
    ]
    for one in covered:
        told = " ".join(f"{item.id}·{MARKS[item.method]}" for _catalogue, item in one.items)
        lines.append(f"| {one.system.zh} | {one.system.en} | {told} |")
    lines += ["", "## 检查项 / Items", "", "| 编号 | 依据 | 检查问题 | 方式 | 自动检查 |", "|---|---|---|---|---|"]
    for one in covered:
        for catalogue, item in one.items:
            named = series(asked.check for asked in item.asked) or "—"
            question = item.question_zh.replace("|", "／")
            place = f"{item.cite} {item.clause}".strip() if item.clause else catalogue.basis(item).label
            lines.append(f"| {item.id} | {place} | {question} | {METHODS_ZH[item.method]} | {named} |")
    return "\n".join(lines) + "\n"
