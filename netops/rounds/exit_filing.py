"""Filing an exit (互联网出口报送, Article 12): its scheme in the register of schemes, and the filing in exits.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from netops import register as registers_of
from netops.core.errors import Faults, Missing, Refused
from netops.core.language import _
from netops.desk import Desk
from netops.egress.exit import ExitKind, RegisteredExit
from netops.register import Register
from netops.registers.content import recognized
from netops.registers.entry import Entry
from netops.rounds import attachments, drafts, registers
from netops.rounds.drafts import Draft
from netops.rounds.inventory import changes
from netops.rounds.registers import Edit

SCHEMES = "schemes"


class Filing(msgspec.Struct, frozen=True):
    """
    What filing an exit would do.

    Args:
        edit: the record in the register of schemes.
        draft: the change of exits.toml; `inventory apply` puts it in force as always.
        files: what is attached to the record: name and content.
    """

    exit: RegisteredExit
    edit: Edit
    draft: Draft
    files: tuple[tuple[str, bytes], ...]


def plan(
    desk: Desk, name: str, *, number: str, line: str, on: str = "", until: str = "", given: Mapping[str, str] | None = None,
    technical: Path | None = None, security: Path | None = None,
) -> Filing:  # fmt: skip
    """
    Prepare the filing of an exit that stands in exits.toml.

    Args:
        number: of the filing, as the authority's book has it; *line*: the carrier's number of the line.
        on: ISO date of submission, today when not given; *until*: when the filing lapses.
        given: more fields of the register of schemes, by name.
        technical, security: the two schemes that Article 12 asks for.

    Raises:
        Missing: there is no such exit. Refused: it is the shared exit, or a county's, which Article 12 excepts.
        Faults: dates or fields that do not fit.
    """
    ours = registers_of.read(Path(desk.config.inventory))
    before = next((one for one in ours.exits if one.id == name), None)
    if before is None:
        raise Missing("there is no exit {name}", "", "netops exit list", name=name)
    if before.kind is not ExitKind.SEPARATE:
        raise Refused(
            "the exit {name} was not filed", "it is {kind}: Article 12 asks a scheme of separate access only",
            "netops exit show {name}", name=name, kind=before.kind,
        )  # fmt: skip
    submitted = on or desk.clock().date().isoformat()
    _dates(submitted, until)
    after = msgspec.structs.replace(before, filing=number, filed_on=submitted, valid_until=until)
    values = {
        "organization": before.organization, "line_no": line, "exit": before.id, "carrier": before.carrier,
        "bandwidth": str(before.bandwidth_mbps or ""), "public_addresses": before.public_address, "submitted_on": submitted,
    }  # fmt: skip
    files = tuple(_file(path) for path in (technical, security) if path)
    for field, path in (("technical", technical), ("security", security)):
        if path:
            values[field] = path.name
    values |= {field: text for field, text in (given or {}).items() if text}
    held = next(iter(registers.of(desk, SCHEMES, where={"exit": before.id})), None)
    edit = registers.edited(desk, SCHEMES, held.number if held else "", values, before.plane)
    return Filing(after, edit, Draft(tuple(changes(Register(exits=(before,)), Register(exits=(after,))))), files)


def _dates(submitted: str, until: str) -> None:
    wrong = [text for text in (submitted, until) if text and not _date(text)]
    faults = [_("{text} is not a date such as 2026-12-31").format(text=text) for text in wrong]
    if not faults and until and until < submitted:
        faults.append(_("{until} is before {submitted}").format(until=until, submitted=submitted))
    if faults:
        raise Faults("the exit was not filed", faults, "give --on and --until as 2026-12-31")


def _date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _file(path: Path) -> tuple[str, bytes]:
    held = attachments.content(path)
    recognized(held, path.name)
    return path.name, held


def apply(desk: Desk, filing: Filing) -> Entry:
    """
    Enter the record, attach the files, and write the filing into exits.toml, in this order.

    Raises:
        Faults: exits.toml cannot take it; nothing else happened either.
    """
    drafts.rehearse(desk, filing.draft)
    entry = registers.apply(desk, filing.edit, why=filing.exit.filing)
    for name, held in filing.files:
        attachments.attach(desk, SCHEMES, entry.number, name, held)
    drafts.write(desk, filing.draft)
    return entry
