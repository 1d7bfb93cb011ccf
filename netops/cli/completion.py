"""`netops completion SHELL`: the script that completes commands in bash, zsh or fish."""

from __future__ import annotations

import click

from netops.cli import Command, output


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """
    Print the completion script.

    \b
    bash: netops completion bash >> ~/.bashrc
    zsh:  netops completion zsh  >> ~/.zshrc
    fish: netops completion fish > ~/.config/fish/completions/netops.fish
    """  # noqa: D301 - the mark is for click
    from click.shell_completion import get_completion_class

    from netops.cli import root

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - one of the three that click knows
    output().lines([kind(root, {}, "netops", "_NETOPS_COMPLETE").source()])
