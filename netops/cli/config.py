"""`netops config`: show, check."""

from __future__ import annotations

import click

from netops.cli import Group, desk, output
from netops.core.language import _


@click.group(cls=Group)
def config() -> None:
    """The configuration in force."""


@config.command()
def show() -> None:
    """Every setting as it is in force; secrets are shown as ***."""
    import msgspec

    out = output()
    with desk() as opened:
        values = msgspec.to_builtins(opened.config)
        for credential in values["snmp"]["credentials"].values():
            if credential["community"]:
                credential["community"] = "***"
        if "@" in values["store_url"]:
            from netops.core.store import shown

            values["store_url"] = shown(values["store_url"])

        def text() -> None:
            out.line(
                _("read from {path}").format(path=values.pop("path") or _("nowhere: these are the defaults"))
            )
            for key, value in values.items():
                out.line(f"{key} = {msgspec.json.encode(value).decode()}")

        out.record("config", values, text)


@config.command()
def check() -> None:
    """Read the configuration and name every fault."""
    out = output()
    with desk() as opened:
        out.say(_("The configuration {path} can be read.").format(path=opened.config.path or "—"))
