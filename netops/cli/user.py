"""`netops user`: add, role, password, disable, enable, second-factor, token, revoke, list, check-directory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column
from netops.core.errors import NetopsError
from netops.core.language import N_, _, series

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.core.account import Account

ROLES = click.Choice(["system", "security", "auditor", "operator", "inspector", "department", "viewer"])
PLANES = click.option(
    "--plane",
    "planes",
    type=click.Choice(["intranet", "extranet"]),
    multiple=True,
    help=N_("A plane that it may see; several."),
)
ORGANIZATION = click.option(
    "--organization", metavar="CODE", default="", help=N_("The department that it is bound to.")
)
PASSWORD = click.option(
    "--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=N_("A file with the password as its first line; else it is asked for."),
)  # fmt: skip
WHY = click.option("--why", default="", help=N_("The reason, for the journal."))
STYLES = {"enabled": "green", "disabled": "dim", "locked": "red"}


@click.group(cls=Group)
def user() -> None:
    """Accounts: who may sign in to pages and API, as what; their tokens. Whoever may run this owns the store."""


def _table(out: Output, listed: list[Account]) -> None:
    out.records("account", listed, [
        Column(N_("name"), lambda one: one.name, style="cyan", whole=True), Column(N_("person"), lambda one: one.person),
        Column(N_("acts as"), lambda one: _(one.role)),
        Column(N_("planes"), lambda one: series(_(plane.label) for plane in one.planes)),
        Column(N_("organization"), lambda one: one.organization),
        Column(N_("state"), lambda one: _(_state(one)), style=lambda one: STYLES[_state(one)]),
        Column(N_("kept"), lambda one: _(one.source)),
        Column(N_("second factor"), lambda one: _("yes") if one.has_second_factor else ""),
        Column(N_("last sign-in"), lambda one: one.last_sign_in),
    ], empty=_("There is no account yet: netops user add makes one."))  # fmt: skip


def _state(one: Account) -> str:
    from netops.core.clock import now

    is_locked = one.state == "enabled" and one.locked_until is not None and one.locked_until > now()
    return N_("locked") if is_locked else str(one.state)


def _password(out: Output, file: Path | None) -> str:
    """From the file, else typed twice; "" where nobody can be asked: the account then has tokens only."""
    if file is not None:
        return (file.read_text("utf-8").splitlines() or [""])[0]
    if not out.interactive or not sys.stdin.isatty():
        return ""
    typed: str = click.prompt(
        _("Password (empty: tokens only)"), hide_input=True, default="", show_default=False, err=True
    )
    if typed and click.prompt(_("Once more"), hide_input=True, err=True) != typed:
        raise NetopsError(N_("the password was not set"), N_("the two differ"), N_("type it again"))
    return typed


@user.command("list")
@click.option("--tokens", is_flag=True, help=N_("Their tokens instead."))
def list_(tokens: bool) -> None:
    """Accounts, or tokens with what they are for, until when, and their last use."""
    from netops.core import accounts

    out = output()
    with desk() as opened:
        if not tokens:
            _table(out, accounts.every(opened.store))
            return
        out.records("token", accounts.tokens_of(opened.store), [
            Column(N_("number"), lambda one: one.id, style="cyan", whole=True), Column(N_("account"), lambda one: one.account),
            Column(N_("label"), lambda one: one.label), Column(N_("scopes"), lambda one: ", ".join(one.scopes)),
            Column(N_("planes"), lambda one: series(_(plane.label) for plane in one.planes)),
            Column(N_("expires"), lambda one: one.expires), Column(N_("last used"), lambda one: one.last_used),
            Column(N_("taken back"), lambda one: one.revoked),
        ], empty=_("There is no token."))  # fmt: skip


@user.command()
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help=N_("What it is for."))
@click.option(
    "--person",
    default="",
    metavar="NAME",
    help=N_("Whose it is: the three administrators never meet in one person."),
)
@PLANES
@ORGANIZATION
@PASSWORD
def add(
    name: str, role: str, person: str, planes: tuple[str, ...], organization: str, password_file: Path | None
) -> None:
    """Make an account. Without a password it has tokens only."""
    from netops.core.account import Account, Role
    from netops.core.plane import Plane
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        account = Account(name, person or name, Role(role), tuple(map(Plane, planes)), organization)
        out.say(
            _("plan: {name} ({person}) becomes {role}").format(name=name, person=account.person, role=_(role))
        )
        password = "" if out.dry_run else _password(out, password_file)
        out.confirm(_("Make it?"))
        _table(out, [rounds.add(opened, account, password)])


@user.command()
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help=N_("What it is for from now on."))
@PLANES
@ORGANIZATION
@WHY
def role(name: str, role: str, planes: tuple[str, ...], organization: str, why: str) -> None:
    """Another role, or other planes or another organization for it; its sessions end."""
    from netops.core import accounts
    from netops.core.account import EVERYWHERE, Role
    from netops.core.plane import Plane
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        with opened.store.read() as connection:
            before = accounts.named(connection, name)
        to = Role(role)
        bound = tuple(map(Plane, planes)) or (() if to in EVERYWHERE else before.planes)
        whose = organization or (before.organization if to is Role.DEPARTMENT else "")
        out.say(_("plan: {name}: {before} → {after}").format(name=name, before=_(before.role), after=_(role)))
        out.confirm(_("Do it?"))
        _table(out, [rounds.change(opened, name, "role", why, role=to, planes=bound, organization=whose)])


@user.command()
@click.argument("name")
@WHY
def disable(name: str, why: str) -> None:
    """It can no longer be used, nor its tokens; nothing of it is deleted."""
    _turn(name, "disable", "disabled", why)


@user.command()
@click.argument("name")
@WHY
def enable(name: str, why: str) -> None:
    """It can be used again; a lock after wrong passwords ends, too."""
    _turn(name, "enable", "enabled", why)


def _turn(name: str, verb: str, state: str, why: str) -> None:
    from netops.core.account import AccountState
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: {name} becomes {state}").format(name=name, state=_(state)))
        out.confirm(_("Do it?"))
        _table(out, [rounds.change(opened, name, verb, why, state=AccountState(state), locked_until=None)])


@user.command()
@click.argument("name")
@PASSWORD
def password(name: str, password_file: Path | None) -> None:
    """Set its password; its sessions end."""
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: {name} gets a new password").format(name=name))
        typed = "" if out.dry_run else _password(out, password_file)
        out.confirm(_("Set it?"))
        _table(out, [rounds.set_password(opened, name, typed)])


@user.command("second-factor")
@click.argument("name")
@click.option("--off", is_flag=True, help=N_("Without one from now on."))
def second_factor(name: str, off: bool) -> None:
    """Codes by time beside the password (RFC 6238): the secret is shown once, for a program on a telephone."""
    from netops.core import passwords
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: {name} signs in by password alone").format(name=name) if off else
                _("plan: {name} signs in by password and a code").format(name=name))  # fmt: skip
        out.confirm(_("Do it?"))
        secret = rounds.set_second_factor(opened, name, on=not off)
        told = {
            "account": name,
            "secret": secret,
            "uri": passwords.uri(secret, name, f"netops {opened.config.city.name}"),
        }
        if off:
            told = {"account": name, "secret": "", "uri": ""}
        out.record("second_factor", told, lambda: out.line(told["uri"]) if secret else None)


@user.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, metavar="SCOPE",
              help=N_("What it is for: read, metrics, allocate, review …; several."))  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 730), default=90, show_default=True, help=N_("How long it lasts.")
)
@click.option("--label", default="", metavar="TEXT", help=N_("What uses it."))
@PLANES
def token(name: str, scopes: tuple[str, ...], days: int, label: str, planes: tuple[str, ...]) -> None:
    """Issue a token: its text is shown this once, and only its hash is kept."""
    import msgspec

    from netops.core.clock import city_time
    from netops.core.plane import Plane
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        wanted = rounds.scopes_of(scopes)
        out.say(
            _("plan: a token of {name} for {scopes}, {days} days").format(
                name=name, scopes=", ".join(scopes), days=days
            )
        )
        out.confirm(_("Issue it?"))
        made, text = rounds.issue(
            opened, name, wanted, label=label, days=days, planes=tuple(map(Plane, planes))
        )

        def shown() -> None:
            out.line(text)
            out.say(_("it is valid until {at}, and is not shown again").format(at=city_time(made.expires)))

        out.record("token", {**msgspec.to_builtins(made), "token": text}, shown)


@user.command()
@click.argument("number")
@WHY
def revoke(number: str, why: str) -> None:
    """Take a token back, by its number: the part between the first two underscores."""
    from netops.rounds import accounts as rounds

    out = output()
    with desk() as opened:
        out.say(_("plan: the token {number} is taken back").format(number=number))
        out.confirm(_("Take it back?"))
        name = rounds.revoke(opened, number, why)
        out.say(
            _("the token {number} of {name} is good for nothing any more").format(number=number, name=name)
        )


@user.command("check-directory")
@click.argument("name", required=False, default="")
@PASSWORD
def check_directory(name: str, password_file: Path | None) -> None:
    """Whether [ldap] works: reached over TLS, let in; and who NAME is there and would be here. Exit code 1 when not."""
    from netops.cli.doctor import show
    from netops.rounds import admission

    out = output()
    with desk() as opened:
        typed = _password(out, password_file) if password_file else ""
        show(out, list(admission.examine(opened, name.strip().casefold(), typed)))
