"""The map as a drawing: tiers by role, planes apart. The same network always draws the same picture. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from html import escape

import msgspec

from netops.core.finding import Finding
from netops.core.language import N_, catalogue
from netops.core.plane import Plane
from netops.topology.device import Role
from netops.topology.link import Link

TIERS = {
    Role.UPSTREAM: 0,
    Role.FIREWALL: 0,
    Role.CORE: 1,
    Role.AGGREGATION: 2,
    Role.EDGE: 3,
    Role.COUNTY: 3,
    Role.SWITCH: 4,
}
LAST_TIER = 5
BOX, PITCH, ROW, MARGIN, TITLE = (116, 36), 134, 92, 28, 34
PER_ROW = 12
"""Boxes side by side; a tier with more takes several rows."""


class Drawn(msgspec.Struct, frozen=True):
    """
    A device to draw.

    Args:
        role: "" for a device that nobody registered.
        state: "up", "silent" (drawn hollow) or "unwalked" (nobody asks it; drawn dotted).
    """

    plane: Plane
    name: str
    role: Role | str = ""
    organization: str = ""
    address: str = ""
    state: str = "up"

    @property
    def key(self) -> tuple[Plane, str]:
        """Names are unique within a plane."""
        return (self.plane, self.name)


class Place(msgspec.Struct, frozen=True):
    """A device and the middle of its box, in pixels."""

    device: Drawn
    x: float
    y: float


class Line(msgspec.Struct, frozen=True):
    """
    A line between two places.

    Args:
        kind: "link", "one-sided", "registered", "missing", "undeclared", "bypass" or "cross".
        ends: what is written at the ends (interfaces).
    """

    a: tuple[Plane, str]
    b: tuple[Plane, str]
    kind: str
    ends: tuple[str, str] = ("", "")


KINDS = {"TP-002": "missing", "TP-003": "undeclared", "TP-101": "bypass", "TP-102": "cross"}
MARKS = {"bypass": "✗", "cross": "✗", "undeclared": "!"}
WORDS = {
    "link": N_("link"),
    "one-sided": N_("link that one end tells of"),
    "missing": N_("registered and not seen"),
    "registered": N_("registered; one end is not asked"),
    "undeclared": N_("not registered"),
    "bypass": N_("past the platform"),
    "cross": N_("between the planes"),
}
STATES = {"up": N_("answers"), "silent": N_("does not answer"), "unwalked": N_("not asked")}
STYLE = """
.nt-map{font-family:"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC",sans-serif;font-size:12px}
.nt-map .plane{fill:#f6f8fa;stroke:#d0d7de}.nt-map .title{font-size:15px;font-weight:600;fill:#1f2328}
.nt-map .box{fill:#ddf4ff;stroke:#0969da;stroke-width:1.5}.nt-map .silent .box{fill:#fff;stroke:#cf222e;stroke-dasharray:none}
.nt-map .unwalked .box{fill:#fff;stroke:#8c959f;stroke-dasharray:3 3}.nt-map .exit .box{stroke-width:3;stroke:#cf222e}
.nt-map text{fill:#1f2328;text-anchor:middle}.nt-map .small{font-size:10px;fill:#59636e}
.nt-map path{fill:none;stroke:#57606a;stroke-width:1.6}.nt-map .one-sided path{stroke-width:1}
.nt-map .registered path{stroke:#8c959f;stroke-dasharray:2 4}
.nt-map .missing path{stroke:#9a6700;stroke-dasharray:7 5}.nt-map .undeclared path{stroke:#bc4c00;stroke-width:2.4}
.nt-map .bypass path,.nt-map .cross path{stroke:#cf222e;stroke-width:3.2}
.nt-map .mark{font-size:17px;font-weight:700;fill:#cf222e}
""".strip().replace("\n", "")


def lines(devices: Sequence[Drawn], links: Sequence[Link], findings: Sequence[Finding]) -> list[Line]:
    """Links, marked by the findings about them, and registered links that are missing."""
    known = {device.key for device in devices}
    marked: dict[frozenset[str], str] = {}
    missing: list[Line] = []
    for finding in findings:
        kind = KINDS.get(finding.code)
        a, b = (finding.subject.get(end) for end in ("a", "b"))
        if kind is None or not isinstance(a, dict) or not isinstance(b, dict):
            continue
        if kind == "missing":
            ends = (finding.plane, str(a.get("device", ""))), (finding.plane, str(b.get("device", "")))
            if set(ends) <= known:
                missing.append(Line(min(ends), max(ends), "missing"))
        else:
            marked[_named(a) | _named(b)] = kind
    drawn = []
    for link in links:
        a_key, b_key = (link.a.plane, link.a.device), (link.b.plane, link.b.device)
        if {a_key, b_key} <= known:
            ordinary = (
                "cross"
                if link.crosses_planes
                else "registered"
                if link.protocols == ("register",)
                else "link"
                if link.two_sided
                else "one-sided"
            )
            kind = marked.get(frozenset(f"{end.device}/{end.interface}" for end in link.ends), ordinary)
            drawn.append(Line(a_key, b_key, kind, (link.a.interface, link.b.interface)))
    return drawn + sorted(missing, key=lambda line: (line.a, line.b))


def _named(end: dict[str, str]) -> frozenset[str]:
    return frozenset({f"{end.get('device', '')}/{end.get('interface', '')}"})


def place(devices: Sequence[Drawn], drawn: Sequence[Line]) -> list[Place]:
    """Where each device stands: planes side by side, tiers downwards, each tier in the order of what hangs above."""
    beside: dict[tuple[Plane, str], set[tuple[Plane, str]]] = defaultdict(set)
    for line in drawn:
        beside[line.a].add(line.b)
        beside[line.b].add(line.a)
    placed: list[Place] = []
    left = float(MARGIN)
    for plane in Plane:
        mine = sorted((device for device in devices if device.plane is plane), key=lambda device: device.name)
        if not mine:
            continue
        rows = _rows(mine, beside)
        width = max(len(row) for row in rows) * PITCH
        for number, row in enumerate(rows):
            start = left + (width - len(row) * PITCH) / 2 + PITCH / 2
            placed += [
                Place(device, start + column * PITCH, MARGIN + TITLE + ROW / 2 + number * ROW)
                for column, device in enumerate(row)
            ]
        left += width + 2 * MARGIN + PITCH / 2
    return placed


def _rows(
    devices: Sequence[Drawn], beside: dict[tuple[Plane, str], set[tuple[Plane, str]]]
) -> list[list[Drawn]]:
    tiers: dict[int, list[Drawn]] = defaultdict(list)
    for device in devices:
        tiers[TIERS.get(Role(device.role), LAST_TIER) if device.role else LAST_TIER].append(device)
    order: dict[tuple[Plane, str], float] = {}
    rows: list[list[Drawn]] = []
    for tier in sorted(tiers):

        def above(device: Drawn) -> tuple[float, str]:
            seen = [order[key] for key in beside[device.key] if key in order]
            return (sum(seen) / len(seen) if seen else 1.0, device.name)

        members = sorted(tiers[tier], key=above)
        for number, device in enumerate(members):
            order[device.key] = (number + 0.5) / len(members)
        rows += [members[at : at + PER_ROW] for at in range(0, len(members), PER_ROW)]
    return rows


def svg(devices: Sequence[Drawn], links: Sequence[Link], findings: Sequence[Finding], language: str) -> str:
    """The map as SVG text, to be embedded or to stand alone; every text in it is escaped."""
    say = catalogue(language).gettext
    drawn = lines(devices, links, findings)
    placed = {spot.device.key: spot for spot in place(devices, drawn)}
    troubled = {
        (finding.plane, str(finding.subject.get("device", "")))
        for finding in findings
        if finding.code in ("TP-103", "TP-104")
    }
    width = max((spot.x for spot in placed.values()), default=PITCH) + PITCH / 2 + MARGIN
    height = max((spot.y for spot in placed.values()), default=ROW) + ROW / 2 + MARGIN
    title = escape(say(N_("Map of the networks")))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nt-map" viewBox="0 0 {width:g} {height:g}"',
        f'width="{width:g}" height="{height:g}" role="img"><title>{title}</title><style>{STYLE}</style>',
    ]
    parts += _planes(placed.values(), height, say)
    parts += [_line(line, placed[line.a], placed[line.b], say) for line in drawn]
    parts += [_box(spot, spot.device.key in troubled, say) for spot in placed.values()]
    return "\n".join((*parts, "</svg>"))


def _planes(placed: Iterable[Place], height: float, say: Callable[[str], str]) -> list[str]:
    spots = list(placed)
    parts = []
    for plane in Plane:
        across = [spot.x for spot in spots if spot.device.plane is plane]
        if across:
            left, right = min(across) - PITCH / 2 - 8, max(across) + PITCH / 2 + 8
            parts.append(
                f'<rect class="plane" x="{left:g}" y="{MARGIN / 2:g}" width="{right - left:g}" '
                f'height="{height - MARGIN:g}" rx="8"/>'
                f'<text class="title" x="{(left + right) / 2:g}" y="{MARGIN / 2 + 24:g}">{escape(say(plane.label))}</text>'
            )
    return parts


def _line(line: Line, a: Place, b: Place, say: Callable[[str], str]) -> str:
    bend = 34 if a.y == b.y else 0
    middle_x, middle_y = (a.x + b.x) / 2, (a.y + b.y) / 2 + bend
    told = f"{a.device.name} {line.ends[0]} – {b.device.name} {line.ends[1]}: {say(WORDS[line.kind])}"
    mark = (
        f'<text class="mark" x="{middle_x:g}" y="{middle_y + 6 - bend / 2:g}">{MARKS[line.kind]}</text>'
        if line.kind in MARKS
        else ""
    )
    return (
        f'<g class="{line.kind}"><title>{escape(told)}</title>'
        f'<path d="M{a.x:g} {a.y:g}Q{middle_x:g} {middle_y + bend:g} {b.x:g} {b.y:g}"/>{mark}</g>'
    )


def _box(spot: Place, troubled: bool, say: Callable[[str], str]) -> str:
    device = spot.device
    told = " · ".join(
        part for part in (device.name, device.organization, device.address, say(STATES[device.state])) if part
    )
    mark = (
        f'<text class="mark" x="{spot.x + BOX[0] / 2 - 9:g}" y="{spot.y - 6:g}">✗</text>' if troubled else ""
    )
    below = escape(_short(device.organization or device.address, 12))
    return (
        f'<g class="{device.state}{" exit" if troubled else ""}"><title>{escape(told)}</title>'
        f'<rect class="box" x="{spot.x - BOX[0] / 2:g}" y="{spot.y - BOX[1] / 2:g}" width="{BOX[0]}" height="{BOX[1]}" rx="6"/>'
        f'<text x="{spot.x:g}" y="{spot.y - 2:g}">{escape(_short(device.name, 16))}</text>'
        f'<text class="small" x="{spot.x:g}" y="{spot.y + 12:g}">{below}</text>{mark}</g>'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def dot(devices: Sequence[Drawn], links: Sequence[Link], findings: Sequence[Finding]) -> str:
    """The map for Graphviz."""

    def quoted(key: tuple[Plane, str]) -> str:
        return '"' + f"{key[0]}/{key[1]}".replace("\\", "\\\\").replace('"', '\\"') + '"'

    styles = {"missing": "dashed", "one-sided": "dotted"}
    colors = {"bypass": "red", "cross": "red", "undeclared": "orange"}
    parts = ["graph netops {", "  node [shape=box];"]
    parts += [
        f"  {quoted(device.key)} [style={'solid' if device.state == 'up' else 'dashed'}];"
        for device in sorted(devices, key=lambda device: device.key)
    ]
    parts += [
        f"  {quoted(line.a)} -- {quoted(line.b)} "
        f"[style={styles.get(line.kind, 'solid')}, color={colors.get(line.kind, 'black')}];"
        for line in lines(devices, links, findings)
    ]
    return "\n".join((*parts, "}")) + "\n"
