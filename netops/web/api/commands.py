"""Commands for `netops --server URL`: run as who asks, answered as they would be printed; what may be asked is the command line's
own list (`netops.cli.remote`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from netops.core.errors import Missing
from netops.core.language import N_
from netops.core.permission import Deed, Principal
from netops.web.api.operation import Call, Nothing, Operation

Commands: TypeAlias = Callable[[Principal, Any], dict[str, Any]]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A command line, without what speaks of the machine that it was typed on.

    Args:
        columns: how wide the terminal is. suffix: of the file of -o, or "".
        interactive: somebody can be asked; seen: SHA-256 of the plan that they agreed to, or "".
    """

    arguments: Annotated[tuple[Annotated[str, Meta(max_length=4000)], ...], Meta(min_length=1, max_length=200)]
    language: Literal["zh", "en"] = "zh"
    columns: Annotated[int, Meta(ge=40, le=400)] = 100
    suffix: Annotated[str, Meta(pattern="^([.][a-z0-9]{1,8})?$")] = ""
    interactive: bool = False
    seen: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class Printed(msgspec.Struct, frozen=True):
    """What it printed, in base 64; *asks*: the question that it waits for, or ""."""

    exit_code: int
    stdout: str
    stderr: str
    file: str
    asks: str


def run(call: Call) -> Printed:
    """Run a command as who asks."""
    if call.commands is None:
        raise Missing(N_("it was not done"), N_("this process runs no commands"), "netops serve")
    return Printed(**call.commands(call.who, call.body))


OPERATIONS = (
    Operation("POST", "/commands", "runCommand", Deed.READ, N_("A command of netops --server"), run, Printed, "", Nothing,
              Command),
)
