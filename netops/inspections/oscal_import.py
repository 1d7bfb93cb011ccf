"""An OSCAL catalog read as a catalogue of ours: controls become items; what cannot be taken is named with its reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from netops.core.errors import Faults, NetopsError
from netops.core.finding import Severity
from netops.core.language import N_, Said, Text
from netops.core.plane import Plane
from netops.inspections.catalogue import Catalogue, Head
from netops.inspections.facts import Kind
from netops.inspections.item import Item, Method, faulty
from netops.inspections.oscal import SPACE, Json, plain
from netops.inspections.oscal_catalog import SEVERAL, SINGLE

MAX_BYTES, MAX_CONTROLS, MAX_DEPTH = 32 << 20, 10_000, 12
LONGEST_ID, LONGEST_TEXT = 64, 8_000
INSERTED = re.compile(r"\{\{\s*(?:insert:\s*param,\s*|param:\s*)?([^\s{}]+)\s*\}\}")
"""A parameter in prose (OSCAL control layer, "insert: param, ID")."""
WITHDRAWN, TOO_LONG, TWICE = (
    N_("it was withdrawn"), N_("its number is longer than {most} characters"), N_("its number is there already"),
)  # fmt: skip


class Left(msgspec.Struct, frozen=True):
    """A control that is not taken; *why* is an English message id."""

    control: str
    why: str


class Imported(msgspec.Struct, frozen=True):
    """
    What a catalog becomes.

    Args:
        version: of OSCAL that it says. *left*: controls that are not taken.
    """

    catalogue: Catalogue
    oscal_version: str
    left: tuple[Left, ...]

    @property
    def manual(self) -> int:
        """Items that only a person answers."""
        return sum(item.method is Method.MANUAL for item in self.catalogue.items)


def read(content: bytes, name: str, day: str) -> Imported:
    """
    Read a catalog (JSON).

    Args:
        name: what the catalogue is to be called; "" takes the one that our own export says. *day*: in force from, where it does
            not say, ISO.

    Raises:
        NetopsError: it is no OSCAL catalog in JSON, or larger than may be.
        Faults: items that our catalogue cannot hold: every one with its reason.
    """
    body = _catalog(content)
    head = _head(body, name, day)
    items: list[Item] = []
    left: list[Left] = []
    faults: list[Text] = []
    taken: set[str] = set()
    for place, (control, group, values) in enumerate(_controls(body), 1):
        if place > MAX_CONTROLS:
            raise _unread(N_("it has more than {count} controls"), count=MAX_CONTROLS)
        said = _label(control)
        why = _why_not(control, said, taken)
        if why:
            left.append(Left(said[:LONGEST_ID], why))
            continue
        taken.add(said)
        try:
            item = msgspec.convert(_raw(control, said, group, values), Item, strict=False)
        except msgspec.ValidationError as error:
            faults.append(Said("{error}", error=error).at(said))
            continue
        faults += [f"{said}: {key}: {message}" for key, message in faulty(item)]
        items.append(item)
    if faults:
        raise Faults("the catalog was not read", faults, "mend these controls in the file")
    if not items:
        raise _unread(N_("it has no control that can be taken"))
    return Imported(Catalogue(head, tuple(items)), str(body["metadata"].get("oscal-version", ""))[:20], tuple(left))


def _unread(why: str, **facts: object) -> NetopsError:
    return NetopsError("the catalog was not read", why, "give an OSCAL catalog in JSON", **facts)


def _catalog(content: bytes) -> Json:
    if len(content) > MAX_BYTES:
        raise _unread(N_("it is larger than {size} MiB"), size=MAX_BYTES >> 20)
    try:
        whole = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unread(N_("it is no JSON: {reason}"), reason=str(error)[:200]) from error
    body = whole.get("catalog") if isinstance(whole, dict) else None
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise _unread(N_("it has no catalog with metadata at its top"))
    return body


# ---- the head
def _head(body: Json, name: str, day: str) -> Head:
    meta = body["metadata"]
    ours = _ours(meta)
    title = _text(meta.get("title")) or name
    terms = {one["class"]: int(one["value"]) for one in _props(meta)
             if one.get("ns") == SPACE and one.get("name") == "term-days" and str(one.get("value", "")).isdigit()
             and one.get("class") in list(Severity)}  # fmt: skip
    called = name or ours.get("name", [""])[0]
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,63}", called):
        raise NetopsError(
            "the catalog was not read", "{name} is no name of a catalogue", "add --name, small letters, digits and _",
            name=called or "—",
        )  # fmt: skip
    return Head(
        name=called, version=(_text(meta.get("version")) or "1")[:40], title_zh=title, title_en=ours.get("title-en", [title])[0],
        instrument=ours.get("instrument", [called])[0], in_force_from=ours.get("in-force-from", [day])[0],
        in_force_to=ours.get("in-force-to", [""])[0], verified=ours.get("verified") == ["true"],
        note_zh=_text(meta.get("remarks")), terms={Severity(key): value for key, value in terms.items()},
        cite=ours.get("cite", ["" if ours else title[:60]])[0],
    )  # fmt: skip


# ---- controls
def _controls(body: Json) -> Iterator[tuple[Json, int, dict[str, str]]]:
    """Every control with the number of its outermost group and the parameters that its prose may name, in order of sorting."""
    found: list[tuple[Json, int, dict[str, str]]] = []

    def walk(node: Json, group: int, values: dict[str, str], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _unread(N_("its groups are nested deeper than {count}"), count=MAX_DEPTH)
        mine = values | _parameters(node)
        for control in _list(node, "controls"):
            found.append((control, group, mine | _parameters(control)))
            walk({"controls": _list(control, "controls")}, group, found[-1][2], depth + 1)
        for number, inner in enumerate(_list(node, "groups"), 1):
            walk(inner, group or number, mine, depth + 1)

    walk(body, 0, {}, 0)
    if all(_ours(control) for control, _group, _values in found):  # our own: in the order of the catalogue
        found.sort(key=lambda one: _standard(one[0], "sort-id"))
    yield from found


def _why_not(control: Json, said: str, taken: set[str]) -> str:
    if _standard(control, "status").lower() == "withdrawn":
        return WITHDRAWN
    if len(said) > LONGEST_ID:
        return TOO_LONG
    return TWICE if said in taken else ""


def _label(control: Json) -> str:
    """What people call it: its label, else its id."""
    return (_standard(control, "label") or _text(control.get("id")) or "—").replace(" ", "")


def _raw(control: Json, said: str, group: int, values: dict[str, str]) -> Json:
    ours = _ours(control)
    title = _text(control.get("title")) or said
    quote = _prose(control, "statement", values) or title
    raw: Json = {
        "id": said, "article": max(1, group), "clause": said, "quote_zh": quote[:LONGEST_TEXT],
        "question_zh": _prose(control, "assessment-objective", values)[:LONGEST_TEXT] if ours else f"是否落实：{title}",
        "question_en": title, "method": Method.MANUAL, "applies_to": list(Kind), "planes": list(Plane),
        "severity": Severity.MEDIUM, "weight": 1, "remedy_zh": _prose(control, "guidance", values)[:LONGEST_TEXT] if ours else "",
        "remedy_en": "", "verified": False,
    }  # fmt: skip
    if not ours:
        return raw
    del raw["clause"]
    for key in (*SINGLE, "verified"):
        if (held := ours.get(key.replace("_", "-"))) and key not in ("home", "instrument", "cite"):
            raw[key] = held[0]
    for key in SEVERAL:
        if held := ours.get(key.replace("_", "-")):
            raw[key] = held
    asked = [{"check": one["value"], "parameters": _json(one.get("remarks"))} for one in _props(control)
             if one.get("ns") == SPACE and one.get("name") == "check"]  # fmt: skip
    if asked:
        raw |= asked[0] | {"also": asked[1:]}
    return raw


def _json(remarks: object) -> Json:
    try:
        held = msgspec.json.decode(plain(str(remarks))) if remarks else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}


# ---- parts, properties, parameters
def _prose(control: Json, name: str, values: dict[str, str]) -> str:
    """The words of the parts called *name*, each with its label, parameters put in."""
    lines: list[str] = []

    def walk(part: Json, depth: int) -> None:
        label, text = _standard(part, "label"), _text(part.get("prose"))
        if text:
            lines.append(f"{label} {text}".strip())
        for inner in _list(part, "parts") if depth < MAX_DEPTH else []:
            walk(inner, depth + 1)

    for part in _list(control, "parts"):
        if part.get("name") == name:
            walk(part, 0)
    return INSERTED.sub(lambda found: values.get(found[1], found[1]), "\n".join(lines))


def _parameters(node: Json) -> dict[str, str]:
    """What stands for each parameter: its values, its choices, or its label in brackets."""
    said = {}
    for one in _list(node, "params"):
        select = one.get("select")
        held = one.get("values") or (select.get("choice") if isinstance(select, dict) else None)
        label = f"［{_text(one.get('label')) or one.get('id')}］"
        text = "、".join(str(value) for value in held) if isinstance(held, list) else label
        said[str(one.get("id", ""))] = text[:500]
    return said


def _props(node: Json) -> list[Json]:
    return _list(node, "props")


def _ours(node: Json) -> dict[str, list[str]]:
    """Values of our own properties, by name."""
    said: dict[str, list[str]] = {}
    for one in _props(node):
        if one.get("ns") == SPACE:
            said.setdefault(str(one.get("name", "")), []).append(str(one.get("value", "")))
    return said


def _standard(node: Json, name: str) -> str:
    """Value of a property that OSCAL itself knows; "" when it is not there."""
    return next((str(one.get("value", "")) for one in _props(node) if one.get("name") == name and one.get("ns") != SPACE), "")


def _list(node: Json, key: str) -> list[Json]:
    held: Any = node.get(key)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _text(value: object) -> str:
    return plain(value).strip() if isinstance(value, str) else ""
