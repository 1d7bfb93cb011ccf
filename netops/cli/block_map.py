"""The block map of a pool in the terminal: a cell is one or more addresses, a row begins with its first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netops.cli.printing import Output, labelled
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.pools import Run, Shown

CELLS = {
    "active": "█", "reserved": "▒", "quarantine": "░", "gateway": "g", "dhcp": "d", "set aside": "s", "inside": "-",
    "free": "·", "outside": " ",
}  # fmt: skip
STYLES = {
    "active": "green", "reserved": "yellow", "quarantine": "magenta", "gateway": "cyan", "dhcp": "cyan",
    "set aside": "cyan", "inside": "dim", "free": "dim", "outside": "",
}  # fmt: skip
ORDER = ("free", "inside", "set aside", "dhcp", "gateway", "quarantine", "reserved", "active")
"""What a cell shows when it holds several: the last of these."""
WORDS = {
    "inside": N_("free in a prefix inside"),
    "gateway": N_("gateway"),
    "dhcp": N_("dhcp"),
    "set aside": N_("set aside"),
}
WIDTH, ROWS = 64, 16


def draw(out: Output, shown: Shown) -> None:
    """The map with its legend; at most ROWS rows."""
    from rich.text import Text

    from netops.addresses.span import shown as written

    span = shown.pool.span
    cells = min(span.size, WIDTH * ROWS)
    each = span.size // cells
    states = _states(shown.runs, shown.pool.prefix, span.first, each, cells)
    heads = [written(span.first + start * each) for start in range(0, cells, WIDTH)]
    width = max(map(len, heads))
    for head, start in zip(heads, range(0, cells, WIDTH), strict=True):
        text = Text(f"  {head:>{width}}  ")
        for state in states[start : start + WIDTH]:
            text.append(CELLS[state], style=STYLES[state])
        out.rich(text)
    there = [state for state in reversed(ORDER) if state in set(states)]
    legend = "  ".join(f"{CELLS[state]} {_(WORDS.get(state, state))}" for state in there)
    more = _("a cell is {count} addresses").format(count=_power(each)) if each > 1 else ""
    out.line(f"  {' ' * width}  {legend}" + (f"    {more}" if more else ""))


def _states(runs: Sequence[Run], prefix: str, start: int, each: int, cells: int) -> list[str]:
    from netops.addresses.span import parsed

    ranks = [0] * cells
    for run in runs:
        state = "inside" if run.state == "free" and run.pool != prefix else run.state
        rank = ORDER.index(state) if state in ORDER else 0
        first, last = ((place - start) // each for place in parsed(run.addresses))
        for cell in range(first, last + 1):
            ranks[cell] = max(ranks[cell], rank)
    return [ORDER[rank] for rank in ranks]


def _power(count: int) -> str:
    """A count as it is, or as a power of two when it is long."""
    return str(count) if count < 1 << 20 else f"2^{count.bit_length() - 1}"


def facts(out: Output, shown: Shown, name: str, day: str) -> None:
    """What stands above the map: whose it is, who granted it, what it sets aside, how full it is and will be."""
    from netops.core.language import called

    pool, entry = shown.pool, shown.registered
    out.line(
        f"{pool.prefix}  {_(pool.plane.label)}  {_(pool.role)}  {name}  {pool.name}".rstrip(), style="bold"
    )
    for place, step in enumerate(shown.chain):
        holder = called(step.organization)
        if step.level:
            holder = _("{organization} ({level})").format(organization=holder, level=_(step.level))
        grantor = f"{called(step.grantor)} → " if step.grantor else ""
        paper = step.document or _("without a document of its own")
        out.line("  " + "  " * place + f"{grantor}{holder}  {step.prefix}  {paper}" + _term(step, day))
    if not any(step.document for step in shown.chain):
        out.line("  " + _("no granting document is registered for it"), style="yellow")
    plain = [(_("lies in"), pool.around), (_("routed by"), " ".join(filter(None, (entry.gateway, entry.gateway_address)))),
             (_("VLAN"), str(entry.vlan or "")), (_("switch"), entry.switch),
             (_("dhcp"), ", ".join(entry.dhcp_ranges)), (_("set aside"), ", ".join(entry.reserved_ranges)),
             (_("prefixes inside"), str(len(shown.inside) or ""))]  # fmt: skip
    told = "  ".join(f"{labelled(label)}{value}" for label, value in plain if value)
    if told:
        out.line("  " + told)


def _term(step: object, day: str) -> str:
    first, last, on = (getattr(step, key) for key in ("valid_from", "valid_until", "granted_on"))
    dated = "  " + _("of {day}").format(day=on) if on else ""
    if not first and not last:
        return dated
    state = (
        _("expired")
        if last and last < day
        else _("not yet in force")
        if first and first > day
        else _("in force")
    )
    return (
        dated
        + "  "
        + _("{first} to {last}: {state}").format(first=first or "…", last=last or "…", state=state)
    )


def forecast_told(shown: Shown) -> str:
    """When it will be full, in a sentence."""
    made = shown.forecast
    if made.days_to_full is not None:
        return _("at {pace} addresses a day since {since} it is full in {days} days").format(
            pace=f"{made.per_day:.2g}", since=made.since, days=f"{made.days_to_full:.0f}")  # fmt: skip
    return _("no forecast: {reason}").format(reason=_(made.why))
