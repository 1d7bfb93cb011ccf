"""The verbs of `netops pool` that change prefixes: add, split, merge, resize, move, remove, delegate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds.division import Plan

F = TypeVar("F", bound=Callable[..., Any])
PLANES = click.Choice(["intranet", "extranet"])
ROLES = click.Choice(["container", "pool", "link", "loopback", "reserved"])
PLANE = click.option(
    "--plane", type=PLANES, default="extranet", show_default=True, help=N_("The plane that it is in.")
)
GRANTED = click.option(
    "--granted-by", default="", metavar="TEXT", help=N_("The document that grants it: its number.")
)
TERM = (
    click.option(
        "--grantor",
        default="",
        metavar="TEXT",
        help=N_("Who grants it: a code, or a name of a body outside."),
    ),
    click.option("--granted-on", default="", metavar="DATE", help=N_("The date of the document.")),
    click.option("--from", "granted_from", default="", metavar="DATE", help=N_("The first day of its term.")),
    click.option(
        "--until", "granted_until", default="", metavar="DATE", help=N_("The last day of its term.")
    ),
)
PARTICULARS = (
    click.option("--name", default=None, help=N_("What people call it.")),
    click.option("--gateway", default=None, metavar="DEVICE", help=N_("The device that routes it.")),
    click.option("--gateway-address", default=None, metavar="ADDRESS", help=N_("The gateway's address here; never given out.")),
    click.option("--switch", default=None, metavar="DEVICE", help=N_("Its access switch.")),
    click.option("--vlan", type=click.IntRange(0, 4094), default=None, help=N_("Its 802.1Q id.")),
    click.option("--dhcp-range", "dhcp_ranges", multiple=True, metavar="RANGE",
                 help=N_("Addresses that DHCP gives out, such as 10.20.11.100-199; several allowed.")),
    click.option("--dhcp-server", "dhcp_servers", multiple=True, metavar="ADDRESS",
                 help=N_("Who may answer DHCP there; several allowed. Any other is a finding.")),
    click.option("--reserved-range", "reserved_ranges", multiple=True, metavar="RANGE",
                 help=N_("Addresses that are kept back; several allowed.")),
)  # fmt: skip


def _with(options: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    def decorated(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


def _given(**values: Any) -> dict[str, Any]:
    """Fields of a registered prefix that were asked for; ranges as they are written there."""
    from netops.addresses.prefix import PrefixRole

    found = {name: value for name, value in values.items() if value is not None and value != ()}
    for name in ("dhcp_ranges", "reserved_ranges"):
        if name in found:
            found[name] = tuple(str(span) for text in found[name] if text for span in _spans(text))
    if "role" in found:
        found["role"] = PrefixRole(found["role"])
    return found


def _spans(text: str) -> list[Any]:
    from netops.addresses.spelling import spans
    from netops.core.errors import NetopsError

    try:
        return list(spans(text))
    except ValueError as error:
        raise NetopsError(
            "the prefixes were not changed", "{why}", "write a range such as 10.20.11.100-199", why=error
        ) from error


def _change(opened: Desk, plan: Plan) -> None:
    """Every effect first, then exactly that or nothing."""
    from netops.rounds import division

    out = output()
    register = opened.register
    made = plan.division
    if out.json and out.dry_run:
        from netops.cli.printing import document

        out.answer(
            document(
                "plan",
                [{"plane": plan.plane, "effects": plan.effects, "renumbered": made.renumbered}],
                plan.plane,
            )
        )
    elif not out.json:
        out.records("effect", plan.effects, [
            Column("", lambda one: one.sign, style=lambda one: "green" if one.sign == "+" else "red"),
            Column(N_("prefix"), lambda one: one.prefix),
            Column(N_("role"), lambda one: _(one.role)),
            Column(N_("organization"), lambda one: register.name(one.organization)),
            Column(N_("granted by"), lambda one: one.granted_by),
            Column(N_("lies in"), lambda one: one.around),
            Column(N_("prefixes inside"), lambda one: one.inside or "", right=True),
            Column(N_("allocations"), lambda one: len(one.allocations), right=True),
            Column(N_("addresses"), lambda one: one.addresses, right=True),
            Column(N_("declarations"), lambda one: _few(one.declarations)),
        ], plane=plan.plane)  # fmt: skip
        for moved in made.renumbered:
            out.say(_("  {allocation} of {organization} ({declaration}): {before} → {after}").format(
                allocation=moved.allocation, organization=register.name(moved.organization),
                declaration=moved.declaration, before=moved.before, after=moved.after))  # fmt: skip
    for before, after in zip(made.removed, made.added, strict=False):
        if before.prefix == after.prefix:
            for line in _differences(before, after):
                out.say(f"  {line}")
    if made.renumbered:
        out.say(_("plan: {removed} prefixes go, {added} come; {moved} allocations move, their old addresses rest in quarantine")
                .format(removed=len(made.removed), added=len(made.added), moved=len(made.renumbered)))  # fmt: skip
    else:
        out.say(_("plan: {removed} prefixes go, {added} come; every allocation stays what it is").format(
            removed=len(made.removed), added=len(made.added)))  # fmt: skip
    out.confirm(_("Change the register so?"))
    version = division.run(opened, plan)
    if out.json:
        from netops.cli.printing import document

        done = {
            "plane": plan.plane,
            "version": version,
            "effects": plan.effects,
            "renumbered": made.renumbered,
        }
        out.answer(document("division", [done], plan.plane))
    out.say(_("Version {version} of the register is in force.").format(version=version))


def _few(texts: tuple[str, ...]) -> str:
    """The first three, and how many more."""
    return ", ".join(texts[:3]) + (f" … +{len(texts) - 3}" if len(texts) > 3 else "")


def _differences(before: Any, after: Any) -> list[str]:
    """Fields that change, as they are written in the register."""
    found = []
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            written = [", ".join(value) if isinstance(value, tuple) else str(value) for value in (old, new)]
            found.append(f"{name}: {written[0] or '-'} → {written[1] or '-'}")
    return found


@click.command(cls=Command)
@click.argument("prefix")
@click.option("--organization", required=True, metavar="CODE", help=N_("Whose segment it is."))
@click.option("--role", type=ROLES, default="pool", show_default=True, help=N_("What it is for."))
@_with(PARTICULARS)
@GRANTED
@_with(TERM)
@PLANE
def add(prefix: str, organization: str, role: str, plane: str, **more: Any) -> None:
    """Register a prefix: in its file and in force. It may be put around prefixes that are there already."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        new = RegisteredPrefix(prefix, PrefixRole(role), organization, plane=Plane(plane), **_given(**more))
        _change(opened, division.add(opened, new))


@click.command(cls=Command)
@click.argument("prefix")
@click.option(
    "--prefixlen", required=True, type=click.IntRange(1, 128), help=N_("Prefix length of the parts.")
)
@PLANE
def split(prefix: str, prefixlen: int, plane: str) -> None:
    """Divide a prefix into equal parts; refused when an allocation would lie in two of them."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.split(opened, Plane(plane), prefix, prefixlen))


@click.command(cls=Command)
@click.argument("prefixes", nargs=-1, required=True)
@PLANE
def merge(prefixes: tuple[str, ...], plane: str) -> None:
    """Make one prefix of neighbours of the same role and organization."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.merge(opened, Plane(plane), prefixes))


@click.command(cls=Command)
@click.argument("prefix")
@click.argument("to")
@GRANTED
@PLANE
def resize(prefix: str, to: str, granted_by: str, plane: str) -> None:
    """Make a prefix larger or smaller: TO is the new prefix, or only its length as /23. Nothing may be left outside."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.resize(opened, Plane(plane), prefix, to, granted_by))


@click.command(cls=Command)
@click.argument("prefix")
@click.option("--organization", default=None, metavar="CODE", help=N_("Whose segment it is from now on."))
@click.option("--role", type=ROLES, default=None, help=N_("What it is for from now on."))
@_with(PARTICULARS)
@click.option(
    "--granted-by", default=None, metavar="TEXT", help=N_("The document that grants it: its number.")
)
@click.option(
    "--to",
    default="",
    metavar="PREFIX",
    help=N_("Renumber it: this prefix of the same length; every address moves to its place there."),
)
@PLANE
def move(prefix: str, to: str, plane: str, **changes: Any) -> None:
    """Bind a prefix to another organization, role, VLAN, gateway or switch; or renumber it with all that it holds."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.move(opened, Plane(plane), prefix, _given(**changes), to))


@click.command(cls=Command)
@click.argument("prefix")
@click.option(
    "--keep-inside", is_flag=True, help=N_("Prefixes in it stay and lie in the one around it from then on.")
)
@PLANE
def remove(prefix: str, keep_inside: bool, plane: str) -> None:
    """Take a prefix out of the register; refused while anything is in it, which is named."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.remove(opened, Plane(plane), prefix, keep_inside=keep_inside))


@click.command(cls=Command)
@click.argument("prefix")
@click.option("--organization", required=True, metavar="CODE", help=N_("Who plans it from now on."))
@click.option(
    "--granted-by", required=True, metavar="TEXT", help=N_("The document that grants it: its number.")
)
@_with(TERM)
@PLANE
def delegate(prefix: str, plane: str, **given: str) -> None:
    """Put a prefix into the hands of another organization, such as a county, by the document that says so; or renew it."""
    from netops.addresses.division import Grant
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.delegate(opened, Plane(plane), prefix, Grant(**given)))


VERBS = (add, split, merge, resize, move, remove, delegate)
