"""`netops config`: show, check."""

from __future__ import annotations

from pathlib import Path

import click

from netops.cli import Group, desk, output
from netops.core import files
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


@config.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def monitoring(directory: Path) -> None:
    """Write what Prometheus, Alertmanager and Grafana need into DIRECTORY: rules, routes, a board in each language."""
    from netops.config import share

    out = output()
    with desk() as opened:
        listen = opened.config.web.listen
        scheme = "https" if opened.config.web.certificate else "http"
    texts = {path.name: path.read_text("utf-8") for path in sorted((share("playbooks") / "monitoring").iterdir())}
    out.say(_("plan: write {names} into {folder}").format(names=", ".join(texts), folder=directory))
    if out.dry_run:
        out.confirm("")
    files.folder(directory)
    for name, text in texts.items():
        here = text.replace("http://127.0.0.1:8470", f"{scheme}://{listen}").replace("127.0.0.1:8470", listen)
        files.fresh(here.encode(), directory / name)
        out.line(str(directory / name))
