"""What styles do to an element: rules of a page and its sheets, which of them count, how they take it out of sight. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

import msgspec

MOST_RULES, MOST_BYTES = 20_000, 2_000_000
AWAY = r"-(?:(?:[5-9]\d{2}|\d{4,})(?:\.\d+)?(?:px|pt|%)?|\d{3,}(?:\.\d+)?(?:em|rem|vw|vh))(?![\d%])"
"""Farther than a banner is moved to stand in the middle."""
HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|(?<![\w-])opacity:(?:0?\.?0+|0%)(?![.\d%])"
    rf"|(?<![\w-])(?:left|top|right|bottom|text-indent):{AWAY}|(?<![\w-])margin(?:-left|-top)?:-(?:\d{{4,}}|\d{{3,}}r?em)"
    r"|transform:[^;]*(?:scale[xy3d]*\(0(?:\.0+)?[,)]|translate[xy3d]*\(-\d{4,})"
    r"|(?<![\w-])clip:rect\(0|clip-path:inset\((?:50|100)%|(?<![\w-])color:transparent"
    r"|(?<![\w-])(?:max-)?(?:width|height):[01](?:px|pt|em|rem|%)?(?:;|$)(?=.*overflow(?:-[xy])?:hidden)"
    r"|overflow(?:-[xy])?:hidden.*(?<![\w-])(?:max-)?(?:width|height):[01](?:px|pt|em|rem|%)?(?:;|$)"
)
"""Styles that take something out of sight, blanks left out."""
TINY = re.compile(r"(?:0(?:\.0+)?(?:px|pt|r?em|%)?|1p[xt])")
"""Sizes of letters that nobody reads."""
SHOWN = re.compile(
    r"display:(?!none)|visibility:visible|(?<![\w-])opacity:(?:1|0?\.[1-9])|(?<![\w-])(?:max-)?height:(?!0)|(?<![\w-])left:(?:0|auto)"
)
"""Styles that bring into sight what another rule keeps out of it: menus, tabs."""
TOGGLED = ("display", "visibility", "opacity", "height", "max-height", "overflow")
CLEAR = re.compile(r"#[0-9a-f]{6}00|#[0-9a-f]{3}0|rgba\(\d+,\d+,\d+,0(?:\.0+)?\)")
NAMED = {"white": "ffffff", "black": "000000", "red": "ff0000", "blue": "0000ff", "green": "008000", "yellow": "ffff00",
         "gray": "808080", "grey": "808080", "silver": "c0c0c0", "snow": "fffafa"}  # fmt: skip
UNKNOWN = "?"
"""A ground that is a picture, a gradient, or nothing that can be compared."""
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STATES = re.compile(r"::?[a-zA-Z-]+(?:\([^)]*\))?|\[[^\]]*\]")
"""Parts of a selector that say in which state an element is."""
SIMPLE = re.compile(r"([a-zA-Z][\w-]*|\*)?((?:[.#][\w\u0080-\uffff-]+)*)")
NARROW = re.compile(r"@media[^{]*\b(?:max-width|max-device-width|print|orientation)[^{]*$", re.IGNORECASE)


class Element(msgspec.Struct, frozen=True):
    """An element that styles are asked for."""

    tag: str
    name: str
    classes: frozenset[str]


class Rule(msgspec.Struct, frozen=True):
    """
    A rule: what it says of elements that fit.

    Args:
        parts: compounds from the outermost to the element's own: tag ("" for any), id, classes.
        strict: by place, whether the compound must be the parent of the next one.
        weight: specificity (Selectors Level 3, §9), then the place in the sheets.
    """

    parts: tuple[Element, ...]
    strict: tuple[bool, ...]
    said: tuple[tuple[str, str, bool], ...]
    weight: tuple[int, int, int, int]


class Styles:
    """
    The rules of a page.

    Args:
        sheets: texts in the order of the page.
    """

    def __init__(self, sheets: Iterable[str]) -> None:
        self._by: dict[str, list[Rule]] = {}
        self._shows: dict[str, list[Rule]] = {}
        self.has_ground = False
        count = 0
        for sheet in sheets:
            for selectors, body in _rules(sheet[:MOST_BYTES]):
                said = tuple(style_of(body))
                self.has_ground = self.has_ground or any(name.startswith("background") for name, _v, _i in said)
                for selector in selectors.split(",") if said else ():
                    count += 1
                    if count > MOST_RULES:
                        break
                    if rule := _rule(selector, said, count):
                        self._by.setdefault(_key(rule.parts[-1]), []).append(rule)
                    shows = SHOWN.search(";".join(f"{name}:{value}" for name, value, _i in said))
                    if shows and (rule := _rule(STATES.sub("", selector), said, count)):
                        own = rule.parts[-1]
                        for key in (f"#{own.name}", *(f".{one}" for one in own.classes), own.tag):
                            self._shows.setdefault(key, []).append(rule)

    def of(self, element: Element, above: Sequence[Element], inline: str) -> dict[str, str]:
        """By property, what counts for an element: rules by their weight, then its own style."""
        keys = [f"#{element.name}", *(f".{one}" for one in element.classes), element.tag, ""]
        found = [rule for key in keys for rule in self._by.get(key, ()) if _fits(rule, element, above)]
        if not found and not inline:
            return {}
        made: dict[str, tuple[bool, tuple[int, ...], str]] = {}
        layers = [*((rule.weight, rule.said) for rule in found), ((1, 0, 0, 0, 0), tuple(style_of(inline)))]
        for weight, said in layers:
            for name, value, important in said:
                before = made.get(name)
                if before is None or (important, weight if len(weight) == 5 else (0, *weight)) >= before[:2]:
                    made[name] = (important, weight if len(weight) == 5 else (0, *weight), value)
        return {name: value for name, (_important, _weight, value) in made.items()}


    def toggles(self, element: Element, above: Sequence[Element]) -> bool:
        """
        Whether some rule brings an element into sight, in a state that it is not in now: a menu under the mouse, another tab.

        A rule does when it names a class, the id or the tag of the element; or, where it only names a state, its place.
        """
        keys = [f"#{element.name}", *(f".{one}" for one in element.classes), element.tag]
        for rule in (rule for key in keys for rule in self._shows.get(key, ())):
            own = rule.parts[-1]
            if own.tag not in ("", element.tag) or own.name not in ("", element.name):
                continue
            if own.classes & element.classes or own.name or (len(rule.parts) > 1 and _fits(rule, element, above)):
                return True
        places = (rule for rules in self._shows.values() for rule in rules if len(rule.parts) > 1 and not rule.parts[-1].tag)
        return any(
            not rule.parts[-1].name and _fits(msgspec.structs.replace(rule, parts=(*rule.parts[:-1], ANY)), element, above)
            for rule in places
        )


ANY = Element("", "", frozenset())


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and bodies; of @media only what is for screens of any width, as people see the page."""
    text, place, narrow = COMMENT.sub("", sheet), 0, 0
    depth: list[bool] = []
    for found in re.finditer(r"[{}]", text):
        before = text[place : found.start()]
        place = found.end()
        if found[0] == "}":
            if depth:
                narrow -= depth.pop()
            continue
        head = before.rpartition(";")[2].rpartition("}")[2].strip()
        if head.startswith("@"):
            is_narrow = not re.match(r"@(?:media|supports|layer)", head) or bool(NARROW.search(head))
            depth.append(is_narrow)
            narrow += is_narrow
            continue
        depth.append(False)
        end = text.find("}", place)
        if not narrow and head and end > 0:
            yield head, text[place:end]


def style_of(body: str) -> Iterator[tuple[str, str, bool]]:
    """Properties of a style: name, value without blanks, whether it is important."""
    for part in html.unescape(body).lower().split(";"):
        name, mark, value = part.partition(":")
        plain = "".join(value.split())
        if mark and plain:
            yield name.strip(), plain.removesuffix("!important"), plain.endswith("!important")


def _rule(selector: str, said: tuple[tuple[str, str, bool], ...], place: int) -> Rule | None:
    """A selector of tags, classes and ids, of descendants and children; None for one that says more."""
    words = re.sub(r"\s*>\s*", " >", selector.strip()).split()
    parts, strict = [], []
    for word in words:
        found = SIMPLE.fullmatch(word.removeprefix(">"))
        if not found:
            return None
        marks = re.findall(r"[.#][^.#]+", found[2])
        name = next((mark[1:] for mark in marks if mark[0] == "#"), "")
        tag = (found[1] or "").lower().replace("*", "")
        parts.append(Element(tag, name, frozenset(mark[1:] for mark in marks if mark[0] == ".")))
        strict.append(word.startswith(">"))
    if not parts:
        return None
    ids, classes, tags = (sum(counted) for counted in (
        (bool(one.name) for one in parts), (len(one.classes) for one in parts), (bool(one.tag) for one in parts)))  # fmt: skip
    return Rule(tuple(parts), tuple(strict), said, (ids, classes, tags, place))


def _key(own: Element) -> str:
    """Where a rule is looked for: by its element's id, a class, its tag, or everywhere."""
    return f"#{own.name}" if own.name else f".{min(own.classes)}" if own.classes else own.tag


def _is(part: Element, element: Element) -> bool:
    return (
        part.tag in ("", element.tag) and part.name in ("", element.name) and part.classes <= element.classes
    )


def _fits(rule: Rule, element: Element, above: Sequence[Element]) -> bool:
    if not _is(rule.parts[-1], element):
        return False
    place = len(above) - 1
    for number in range(len(rule.parts) - 2, -1, -1):
        if rule.strict[number + 1]:
            if place < 0 or not _is(rule.parts[number], above[place]):
                return False
            place -= 1
            continue
        while place >= 0 and not _is(rule.parts[number], above[place]):
            place -= 1
        if place < 0:
            return False
        place -= 1
    return True


# ---- sheets of a page
def sheets_of(url: str, source: str) -> list[str]:
    """Addresses of the style sheets that a page names on its own host, in order."""
    found = []
    for tag in re.finditer(r"<link\b[^>]*>", source, re.IGNORECASE):
        said = {name.lower(): html.unescape(value) for name, _q, value in
                re.findall(r"([a-zA-Z-]+)\s*=\s*([\"']?)(.*?)\2(?=[\s>/]|$)", tag[0])}  # fmt: skip
        if "stylesheet" in said.get("rel", "").lower() and said.get("href") and "print" != said.get("media", "").lower():
            try:
                made = urljoin(url, said["href"].strip())
                if urlsplit(made).netloc == urlsplit(url).netloc:
                    found.append(urlsplit(made)._replace(fragment="").geturl())
            except ValueError:
                continue
    return list(dict.fromkeys(found))


# ---- out of sight
def hiding(style: str) -> str:
    """How a style alone takes a link out of sight, or ""."""
    said = {name: value for name, value, _important in style_of(style)}
    color, ground = ink(said), ground_of(said)
    return hidden_by(said) or ("font-size" if tiny(said) else "") or ("color" if color and color in (ground, "clear") else "")


def hidden_by(said: Mapping[str, str]) -> str:
    """How these properties take an element out of sight by themselves, with all that is in it, or ""."""
    if not said:
        return ""
    ground = ground_of(said)
    if found := HIDING.search(";".join(f"{name}:{value}" for name, value in said.items()) + ";"):
        how = found[0].rstrip(";")[:40]
        return "" if how.startswith("text-indent") and ground == UNKNOWN else how
    return ""


def tiny(said: Mapping[str, str]) -> bool | None:
    """Whether its letters are too small to be read; None when nothing is said about them."""
    size = said.get("font-size", "")
    return None if size in ("", "inherit") else TINY.fullmatch(size) is not None


def ink(said: Mapping[str, str]) -> str:
    """The colour of words as six hex digits, "clear", or "" when nothing is said."""
    return _color(said.get("color", ""))


def ground_of(said: Mapping[str, str]) -> str:
    """The ground behind them: a colour, UNKNOWN, or "" when nothing is said."""
    if said.get("background-image", "none") != "none":
        return UNKNOWN
    value = said.get("background-color") or said.get("background", "")
    if value in ("", "none", "transparent", "inherit", "initial", "unset"):
        return ""
    made = _color(value)
    return "" if made == "clear" else made or UNKNOWN


def _color(value: str) -> str:
    if CLEAR.fullmatch(value):
        return "clear"
    if value in NAMED:
        return NAMED[value]
    if found := re.fullmatch(r"#([0-9a-f]{3})f?", value):
        return "".join(one * 2 for one in found[1])
    if found := re.fullmatch(r"#([0-9a-f]{6})(?:ff)?", value):
        return found[1]
    if found := re.fullmatch(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,1(?:\.0+)?)?\)", value):
        return "".join(f"{min(255, int(one)):02x}" for one in found.groups())
    return ""
