"""`netops init DIRECTORY`: a configuration and the example register to start from."""

from __future__ import annotations

from pathlib import Path

import click

from netops.cli import Command, output
from netops.core import files
from netops.core.language import _


@click.command(cls=Command)
@click.argument("directory", type=click.Path(file_okay=False), default=".")
def init(directory: str) -> None:
    """Write config.toml, secrets/ and the fictional example register into DIRECTORY; nothing there is overwritten."""
    import shutil

    from netops.config import share
    from netops.core.errors import Refused

    out = output()
    folder = Path(directory)
    for name in ("config.toml", "inventory"):
        if (folder / name).exists():
            raise Refused(
                "nothing was written", "{path} exists already", "give another directory", path=folder / name
            )
    out.say(_("plan: write config.toml, secrets/ and inventory/ into {folder}").format(folder=folder))
    if out.dry_run:
        out.confirm("")
    files.folder(folder / "secrets")
    (folder / "secrets").chmod(0o700)
    shutil.copy(share("config.example.toml"), folder / "config.toml")
    shutil.copytree(share("inventory"), folder / "inventory")
    out.say(
        _("Edit {config} and inventory/, then: netops -c {config} inventory check").format(
            config=folder / "config.toml"
        )
    )
