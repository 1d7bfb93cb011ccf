"""Curves over time as SVG: drawn in Python, the same data always the same picture; colours and dashes from the style sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import floor, log10

from netops.core.clock import city_time

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 26
TICKS = 4
APART = 13.0
"""Between two letters, so that each can be read."""


@dataclass(frozen=True)
class Series:
    """
    One curve: what it is called, and its value in each step of time.

    Args:
        letter: stands at its highest point and in the legend.
        bad: it should not be there: its area is hatched, and it is drawn above the others.
    """

    name: str
    values: Sequence[float]
    letter: str = ""
    bad: bool = False


def svg(title: str, times: Sequence[datetime], several: Sequence[Series], said: Callable[[float], str]) -> str:
    """
    The curves as SVG text; every text in it is escaped.

    Args:
        times: where each step of time begins.
        said: a value as people read it.
    """
    most = max((value for one in several for value in one.values), default=0.0)
    top = _round(most)
    across = (WIDTH - LEFT - RIGHT) / max(len(times) - 1, 1)

    head = escape(title)

    def x(place: int) -> float:
        return LEFT + place * across

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / top)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{head}"><title>{head}</title>']
    for tick in range(TICKS + 1):
        value = top * tick / TICKS
        kind = "axis" if tick else "base"
        parts.append(f'<path class="{kind}" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{escape(said(value))}</text>')
    days = bool(times) and (times[-1] - times[0]).total_seconds() > 172_800
    step = max(len(times) // 8, 1)
    for number, place in enumerate(range(0, len(times), step)):
        text = city_time(times[place], "%m-%d" if days else "%H:%M")
        kind = "x odd" if number % 2 else "x"
        parts.append(f'<text class="{kind}" x="{x(place):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{text}</text>')
    if any(one.bad for one in several):
        parts.append(HATCH)
    lettered: list[tuple[float, float]] = []
    drawn = [(number, one) for number, one in enumerate(several) if any(one.values)]
    for number, one in sorted(drawn, key=lambda pair: (pair[1].bad, -pair[0])):
        line = "M" + "L".join(f"{x(place):.1f} {y(value):.1f}" for place, value in enumerate(one.values))
        highest = max(range(len(one.values)), key=lambda place: one.values[place])
        at_x = min(max(x(highest), LEFT + 8), WIDTH - RIGHT - 8)
        at_y = max(y(one.values[highest]) - 5, TOP + 2)
        while any(abs(at_x - left) < APART and abs(at_y - up) < APART for left, up in lettered) and at_x > LEFT + APART:
            at_x -= APART  # peaks at one time: their letters stand side by side
        lettered.append((at_x, at_y))
        filled = ' fill="url(#hatch)"' if one.bad else ""
        parts.append(
            f'<g class="{kind_of(number, one)}"><title>{escape(one.name)}</title>'
            f'<path class="area"{filled} d="{line}'
            f'L{x(len(one.values) - 1):.1f} {y(0):.1f}L{LEFT} {y(0):.1f}Z"/><path class="line" d="{line}"/>'
            f'<text class="letter" x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="middle">{escape(one.letter)}</text></g>'
        )
    return "".join([*parts, "</svg>"])


HATCH = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch" d="M3.5 0V7"/></pattern></defs>'
)


def kind_of(number: int, one: Series) -> str:
    """The classes by which a curve and its line in the legend are painted."""
    return "series-bad" if one.bad else f"series-{number % 6} dash-{number % 6}"


def _round(value: float) -> float:
    """The next round number above, so that the marks on the axis are round."""
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return next(step * size for step in (1, 2, 4, 5, 8, 10) if step * size >= value)
