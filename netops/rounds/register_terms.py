"""Terms of the registers at the desk: what is past its term, and its removal, which a person decides."""

from __future__ import annotations

from collections.abc import Collection

from netops.core.clock import CITY_ZONE
from netops.core.errors import Refused
from netops.core.journal import act
from netops.desk import Desk
from netops.registers import outlived
from netops.registers.outlived import Outlived
from netops.rounds import attachments, registers


def listed(desk: Desk, word: str = "") -> list[Outlived]:
    """What is past its term today, of one register or of all."""
    chosen = [registers.kind(desk, word)] if word else list(registers.kinds(desk).values())
    today = desk.clock().astimezone(CITY_ZONE).date()
    return [found for kind in chosen for found in outlived.listed(desk.store, kind, desk.planes, today)]


def discard(desk: Desk, word: str, numbers: Collection[str], why: str) -> list[Outlived]:
    """
    Remove what of a register is past its term, or only these records of it; one act, with its reason.

    Raises:
        Refused: one of them is not past its term, or nothing is.
    """
    kind = registers.kind(desk, word)
    wanted = {one.upper() for one in numbers}
    today = desk.clock().astimezone(CITY_ZONE).date()
    with act(desk.store, desk.actor, desk.clock) as acting:
        found = outlived.listed(desk.store, kind, desk.planes, today)
        chosen = [one for one in found if not wanted or one.number in wanted]
        if early := sorted(wanted - {one.number for one in chosen}):
            raise Refused(
                "nothing was removed", "{number} is not past its term of {period}", "netops register expired {kind}",
                number=early[0], period=kind.head.retention, kind=kind.kind,
            )  # fmt: skip
        if not chosen:
            raise Refused("nothing was removed", "nothing in it is past its term", "", kind=kind.kind)
        files = outlived.remove(acting, kind, chosen, why)
    attachments.let_go(desk, files)
    return chosen
