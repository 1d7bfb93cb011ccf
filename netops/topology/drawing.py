"""The map as SVG text: a plan with boxes, lines, titles and links. The same plan is the same text, byte for byte. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from unicodedata import east_asian_width
from urllib.parse import quote

from netops.core.finding import Finding
from netops.core.language import N_, catalogue
from netops.topology.crowds import gathered
from netops.topology.device import Role
from netops.topology.layout import (
    BOX_HEIGHT,
    BOX_WIDTH,
    IMPROPER,
    MARGIN,
    SEGMENT,
    Area,
    Box,
    Drawn,
    Forest,
    Key,
    Line,
    Plan,
    corners_of,
    lines,
    plan,
    tree_lines,
)
from netops.topology.link import Link
from netops.topology.segments import Segment

Say = Callable[[str], str]
MARKS = {"bypass": "✗", "cross": "✗", "private": "✗", "undeclared": "!"}
WORDS = {
    "link": N_("link"),
    "one-sided": N_("link that one end tells of"),
    "inferred": N_("concluded from tables"),
    "blocked": N_("blocked by the spanning tree"),
    "registered": N_("registered; one end is not asked"),
    "missing": N_("registered and not seen"),
    "undeclared": N_("not registered"),
    "private": N_("between departments, past the platform"),
    "bypass": N_("past the platform"),
    "cross": N_("between the planes"),
}
"""What a line says, in the order of the legend."""
STATES = {"up": N_("answers"), "silent": N_("does not answer"), "unwalked": N_("not asked")}
ROLES: dict[str, tuple[str, str]] = {
    Role.UPSTREAM: (N_("up"), "#6e7781"),
    Role.FIREWALL: (N_("fw"), "#bc4c00"),
    Role.CORE: (N_("core"), "#0a3069"),
    Role.AGGREGATION: (N_("aggr"), "#0969da"),
    Role.EDGE: (N_("edge"), "#1a7f37"),
    Role.COUNTY: (N_("cnty"), "#8250df"),
    Role.SWITCH: (N_("sw"), "#57606a"),
    "": (N_("new"), "#9a6700"),
}
"""Role to its sign on the box, and its colour."""
CHARACTER, WIDE = 6.7, 12.2
"""Pixels of a half-width and of a full-width character at 12 pixels."""
SIGN = 26
STYLE = """
.nt-map{font-family:"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","Microsoft YaHei",sans-serif;font-size:12px}
.nt-map .plane{fill:#fbfcfd;stroke:#d0d7de}.nt-map .intranet .plane{fill:#fffcf7;stroke:#eac9a0}
.nt-map .title{font-size:17px;font-weight:600;fill:#1f2328}.nt-map .sum{font-size:12px;fill:#59636e}
.nt-map .box{fill:#fff;stroke:#afb8c1;stroke-width:1.2}.nt-map .pile{fill:#fff;stroke:#d0d7de}
.nt-map .silent .box{fill:none;stroke:#cf222e;stroke-width:1.4;stroke-dasharray:5 3}
.nt-map .unwalked .box{fill:none;stroke:#8c959f;stroke-dasharray:2 3}
.nt-map .trouble .box{stroke:#cf222e;stroke-width:2.4}
.nt-map .wire{fill:#f3f0ff;stroke:#8250df;stroke-dasharray:4 3}
.nt-map text{fill:#1f2328}.nt-map .small{font-size:10px;fill:#59636e}.nt-map .bad{font-size:10px;fill:#cf222e;font-weight:600}
.nt-map .sign{font-size:10px;font-weight:700;fill:#fff;text-anchor:middle}.nt-map .silent .sign{fill:#cf222e}
.nt-map .unwalked .sign{fill:#59636e}.nt-map a{text-decoration:none}
.nt-map path{fill:none;stroke:#6e7781;stroke-width:1.5}.nt-map .one-sided path{stroke-width:1;stroke:#8c959f}
.nt-map .inferred path{stroke:#1a7f37;stroke-dasharray:1 3;stroke-width:1.8;stroke-linecap:round}
.nt-map .blocked path{stroke:#8c959f;stroke-width:1;stroke-dasharray:8 3 1 3}
.nt-map .registered path{stroke:#8c959f;stroke-dasharray:2 4}
.nt-map .missing path{stroke:#9a6700;stroke-width:1.8;stroke-dasharray:7 5}
.nt-map .undeclared path{stroke:#bc4c00;stroke-width:2.4}
.nt-map .private path,.nt-map .bypass path,.nt-map .cross path{stroke:#cf222e;stroke-width:3}
.nt-map .mark{font-size:17px;font-weight:700;fill:#cf222e;text-anchor:middle}
.nt-map .halo{fill:#fff;stroke:#cf222e;stroke-width:1.5}
""".strip().replace("\n", "")


def svg(
    devices: Sequence[Drawn],
    links: Sequence[Link],
    findings: Sequence[Finding],
    language: str,
    segments: Sequence[Segment] = (),
    *,
    alone: bool = True,
) -> str:
    """
    The map as SVG text; every text in it is escaped.

    Args:
        alone: it carries its own style; else the page in which it stands has one, and boxes lead to pages of devices.
    """
    say = catalogue(language).gettext
    wires = [_wire(one) for one in segments if one.kind == "shared" and one.layer == 2]
    marked = troubled(findings)
    shown, drawn = gathered([*devices, *wires], lines([*devices, *wires], links, findings, segments), marked)
    laid = plan(shown, drawn)
    forest = Forest(shown, drawn)
    legend = _legend(drawn, shown, say)
    scale = round(min(max(laid.width / 1600, 1.0), 2.2), 2)
    height = round(laid.height + (26 * scale if legend else 0), 1)
    title = escape(say(N_("Map of the networks")))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nt-map" viewBox="0 0 {laid.width:g} {height:g}"',
        f'width="{laid.width:g}" height="{height:g}" role="{"img" if alone else "group"}" aria-label="{title}">',
        f"<title>{title}</title>",
    ]
    if alone:
        parts += [f"<style>{STYLE}</style>", f'<rect width="{laid.width:g}" height="{height:g}" fill="#fff"/>']
    parts += [_area(area, devices, say) for area in laid.areas]
    along, across = tree_lines(forest, drawn)
    plain = [(line, key) for line, key in along if line.kind not in IMPROPER]
    parts += [_trail(line, laid.trails[key], say) for line, key in plain]
    parts += [_curve(line, laid, say) for line in across if line.kind not in IMPROPER]
    parts += [_box(box, box.device.key in marked, say, alone=alone) for box in _in_order(laid)]
    special = [line for line, _ in along if line.kind in IMPROPER] + [
        line for line in across if line.kind in IMPROPER
    ]
    parts += [
        _curve(line, laid, say) for line in sorted(special, key=lambda line: (line.kind, line.a, line.b))
    ]
    return "\n".join((*parts, *_legend_at(legend, laid, scale), "</svg>"))


def _wire(one: Segment) -> Drawn:
    ports = tuple(f"{end.device} {end.interface}".strip() for end in one.members)
    return Drawn(one.plane, one.id, SEGMENT, count=len(one.members), names=ports, terminals=one.terminals)


def troubled(findings: Iterable[Finding]) -> set[Key]:
    """Devices with a finding of their own."""
    return {
        (finding.plane, str(finding.subject["device"]))
        for finding in findings
        if finding.subject.get("device")
    }


def _in_order(laid: Plan) -> list[Box]:
    return [laid.boxes[key] for key in sorted(laid.boxes)]


# ---- parts
def _area(area: Area, devices: Sequence[Drawn], say: Say) -> str:
    mine = [one for one in devices if one.plane is area.plane]
    silent = sum(one.state == "silent" for one in mine)
    told = say(N_("devices: {count}")).format(count=len(mine))
    if silent:
        told += say(N_("; without an answer: {silent}")).format(silent=silent)
    name = say(area.plane.label)
    start = area.x + MARGIN + _width(name) * 17 / 12 + 14
    return (
        f'<g class="{area.plane}"><rect class="plane" x="{area.x:g}" y="{area.y:g}" width="{area.width:g}" '
        f'height="{area.height:g}" rx="10"/><text class="title" x="{area.x + MARGIN:g}" y="{area.y + 29:g}">'
        f'{escape(name)}</text><text class="sum" x="{start:g}" y="{area.y + 28:g}">{escape(told)}</text></g>'
    )


def _trail(line: Line, trail: Sequence[tuple[float, float]], say: Say) -> str:
    corners = corners_of(trail)
    path = f"M{corners[0][0]:g} {corners[0][1]:g}"
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        # Each turn is rounded as far as its shorter leg allows.
        bend = min(6.0, _length(before, here) / 2, _length(here, after) / 2)
        first, second = _towards(here, before, bend), _towards(here, after, bend)
        path += f"L{first[0]:g} {first[1]:g}Q{here[0]:g} {here[1]:g} {second[0]:g} {second[1]:g}"
    path += f"L{corners[-1][0]:g} {corners[-1][1]:g}"
    end = corners[-1]
    times = (
        f'<text class="small" x="{end[0] + 4:g}" y="{end[1] - 4:g}">×{line.count}</text>'
        if line.count > 1
        else ""
    )
    return f'<g class="{line.kind}"><title>{_line_title(line, say)}</title><path d="{path}"/>{times}</g>'


def _length(a: tuple[float, float], b: tuple[float, float]) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(here: tuple[float, float], there: tuple[float, float], by: float) -> tuple[float, float]:
    length = _length(here, there) or 1.0
    return (here[0] + (there[0] - here[0]) / length * by, here[1] + (there[1] - here[1]) / length * by)


def _line_title(line: Line, say: Say) -> str:
    return escape("\n".join((say(WORDS[line.kind]), *line.told)))


def _curve(line: Line, laid: Plan, say: Say) -> str:
    a, b = laid.boxes[line.a].middle, laid.boxes[line.b].middle
    if abs(a[0] - b[0]) < BOX_WIDTH and line.a[0] is line.b[0]:  # one above the other: around, on the right
        a, b = (a[0] + BOX_WIDTH / 2, a[1]), (b[0] + BOX_WIDTH / 2, b[1])
        middle = (max(a[0], b[0]) + 34 + abs(a[1] - b[1]) / 6, (a[1] + b[1]) / 2)
    else:
        a, b = _edge(a, b), _edge(b, a)
        bend = 46 if abs(a[1] - b[1]) < BOX_HEIGHT else 22
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + bend)
    peak = ((a[0] + 2 * middle[0] + b[0]) / 4, (a[1] + 2 * middle[1] + b[1]) / 4)
    mark = (
        f'<circle class="halo" cx="{peak[0]:g}" cy="{peak[1]:g}" r="10"/>'
        f'<text class="mark" x="{peak[0]:g}" y="{peak[1] + 6:g}">{MARKS[line.kind]}</text>'
        if line.kind in MARKS
        else ""
    )
    return (
        f'<g class="{line.kind}"><title>{_line_title(line, say)}</title>'
        f'<path d="M{a[0]:g} {a[1]:g}Q{middle[0]:g} {middle[1]:g} {b[0]:g} {b[1]:g}"/>{mark}</g>'
    )


def _edge(here: tuple[float, float], there: tuple[float, float]) -> tuple[float, float]:
    """Where a line from the middle of a box to somewhere leaves the box."""
    across, down = there[0] - here[0], there[1] - here[1]
    if not across and not down:
        return here
    scale = min(
        BOX_WIDTH / 2 / abs(across) if across else float("inf"),
        BOX_HEIGHT / 2 / abs(down) if down else float("inf"),
        1.0,
    )
    return (round(here[0] + across * scale, 1), round(here[1] + down * scale, 1))


def _box(box: Box, has_finding: bool, say: Say, *, alone: bool) -> str:
    device = box.device
    if device.role == SEGMENT:
        return _wire_box(box, say)
    sign, colour = ROLES.get(device.role, ROLES[""])
    has_finding = has_finding or bool(device.troubled)
    # A crowd on a shared segment bears the segment's own name; what people know is a device of it.
    called = device.names[0] if device.count > 1 and device.names else device.name
    others = [one for one in device.names if one != called]
    told = [called, device.organization, device.address, say(STATES[device.state]), *others]
    pile = (
        f'<rect class="pile" x="{box.x + 5:g}" y="{box.y + 5:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        if device.count > 1
        else ""
    )
    left = box.x + SIGN + 7
    fill = (f'style="stroke:none;fill:{colour if device.state == "up" else "none"}"' if alone
            else f'class="tab role-{device.role or "new"}"')  # fmt: skip
    whose = f"who?q={quote(called)}"
    if not alone and device.count == 1:
        whose = f"/devices/{device.plane}/{quote(device.name, safe='')}"
    name = (
        called if device.count == 1 else f"{_short(called, BOX_WIDTH - SIGN - 44)} ×{device.count}"
    )
    return (
        f'<g class="{device.state}{" trouble" if has_finding else ""}"><title>{escape(chr(10).join(filter(None, told)))}'
        f'</title><a href="{whose}">{pile}'
        f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<path {fill} d="M{box.x + 6:g} {box.y:g}h{SIGN - 6}v{BOX_HEIGHT}h-{SIGN - 6}'
        f'a6 6 0 0 1 -6 -6v-{BOX_HEIGHT - 12}a6 6 0 0 1 6 -6z"/>'
        f'<text class="sign" x="{box.x + SIGN / 2:g}" y="{box.y + BOX_HEIGHT / 2 + 4:g}">{escape(say(sign))}</text>'
        f'<text x="{left:g}" y="{box.y + 18:g}">{escape(_short(name, BOX_WIDTH - SIGN - 12))}</text>'
        f"{_below(device, left, box.y + 33, say)}"
        f"{_mark(box) if has_finding else ''}</a></g>"
    )


def _below(device: Drawn, x: float, y: float, say: Say) -> str:
    """The second line of a box: what is wrong in a crowd, else whose it is, else where."""
    bad = []
    if device.count > 1 and device.silent:
        bad.append(say(N_("{silent} silent")).format(silent=device.silent))
    if device.count > 1 and device.troubled:
        bad.append(say(N_("{troubled} with findings")).format(troubled=device.troubled))
    text = " ".join(bad) or device.organization or device.address
    kind = "bad" if bad else "small"
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(_short(text, (BOX_WIDTH - SIGN - 12) * 1.2))}</text>'


def _mark(box: Box) -> str:
    x, y = box.x + BOX_WIDTH, box.y
    return f'<circle class="halo" cx="{x:g}" cy="{y:g}" r="9"/><text class="mark" x="{x:g}" y="{y + 6:g}">✗</text>'


def _wire_box(box: Box, say: Say) -> str:
    device = box.device
    told = say(N_("shared segment: {count} ports, {terminals} terminals")).format(
        count=device.count, terminals=device.terminals
    )
    height = BOX_HEIGHT - 12
    middle = box.x + BOX_WIDTH / 2
    return (
        f"<g><title>{escape(chr(10).join((told, *device.names)))}</title>"
        f'<rect class="wire" x="{box.x:g}" y="{box.y + 6:g}" width="{BOX_WIDTH}" height="{height}" rx="{height / 2:g}"/>'
        f'<text class="small" text-anchor="middle" x="{middle:g}" y="{box.y + 19:g}">{escape(say(N_("shared segment")))}</text>'
        f'<text class="small" text-anchor="middle" x="{middle:g}" y="{box.y + 31:g}">'
        f"{escape(say(N_('{count} ports, {terminals} terminals')).format(count=device.count, terminals=device.terminals))}"
        "</text></g>"
    )


# ---- legend
def _legend(drawn: Sequence[Line], devices: Sequence[Drawn], say: Say) -> list[tuple[str, str, str]]:
    """What is on this picture, and only that: sort of sign, its class, and the words."""
    kinds = {line.kind for line in drawn}
    states = {one.state for one in devices if one.role != SEGMENT}
    found = [("line", kind, say(words)) for kind, words in WORDS.items() if kind in kinds]
    return found + [
        ("box", state, say(words)) for state, words in STATES.items() if state in states and state != "up"
    ]


def _legend_at(legend: Sequence[tuple[str, str, str]], laid: Plan, scale: float) -> list[str]:
    """One row below the ground; larger on a large picture."""
    x, parts = 0.0, [f'<g transform="translate({MARGIN} {laid.height + 4:g}) scale({scale:g})">']
    for sort, kind, words in legend:
        if sort == "line":
            parts.append(f'<g class="{kind}"><path d="M{x:g} 0h34"/></g>')
        else:
            parts.append(
                f'<g class="{kind}"><rect class="box" x="{x:g}" y="-8" width="34" height="16" rx="3"/></g>'
            )
        parts.append(f'<text class="small" x="{x + 40:g}" y="4">{escape(words)}</text>')
        x += 40 + _width(words) * 10 / 12 + 26
    return [*parts, "</g>"]


# ---- text
def _width(text: str) -> float:
    """Pixels of a text at 12 pixels."""
    return sum(WIDE if east_asian_width(char) in "WF" else CHARACTER for char in text)


def _short(text: str, room: float) -> str:
    """*text* as far as it goes into so many pixels."""
    if _width(text) <= room:
        return text
    kept, used = "", CHARACTER * 1.5
    for char in text:
        used += WIDE if east_asian_width(char) in "WF" else CHARACTER
        if used > room:
            break
        kept += char
    return kept + "…"
