"""The inspection round: gather what is known of an organization, let the machine answer, keep what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netops.core import docket, files, journal
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.journal import act
from netops.core.language import N_, speaking
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.desk import Desk
from netops.inspections import archive
from netops.inspections.catalogue import Catalogue, load
from netops.inspections.checklist import lines
from netops.inspections.facts import (
    Facts,
    Look,
)
from netops.inspections.inspection import Inspection
from netops.inspections.rules import RULES
from netops.inspections.sampling import Sample, draw
from netops.rounds import Progress, Report, known, rectify, silent

if TYPE_CHECKING:
    pass

MOST_OF_A_SPAN = 4096
"""A span of more addresses is one in the population of a sample."""


def run(
    desk: Desk,
    progress: Progress = silent,
    catalogue: str = "measures",
    organization: str | None = None,
    *,
    renew: bool = False,
) -> Report:
    """
    Answer the checklist of one organization, or of every one, as far as a machine can.

    The standing inspection by the same version of the catalogue goes on; what the machine says otherwise
    than before is added, never written over.

    Args:
        renew: begin a new inspection although one stands.

    Returns:
        Counts of the answers that stand, by result; with one organization also the number of its "inspection".

    Raises:
        Missing: no such catalogue or organization.
        Refused: the catalogue is not in force today.
    """
    today = desk.clock().astimezone(CITY_ZONE).date()
    chosen = load(desk.playbooks, catalogue, today)
    organizations = [known.organization(desk, organization)] if organization else known.bound(desk)
    city = known.city(desk, {asked.check for item in chosen.items for asked in item.asked})
    numbers: list[str] = []
    results: dict[str, int] = {}
    dark: dict[tuple[Plane, str], Unreachable] = {}
    for done, one in enumerate(organizations, 1):
        facts = known.of(desk, city, one)
        numbers.append(_answer(desk, chosen, facts, renew=renew))
        for result, count in archive.one(desk.store, numbers[-1]).progress().results.items():
            results[str(result)] = results.get(str(result), 0) + count
        dark |= {(silence.plane, silence.device): silence for silence in _silent(facts)}
        progress(done, len(organizations), one.code)
    opened, resolved = rectify.settle(desk)
    standing = [
        one
        for one in docket.listed(desk.store, state=STANDING, organization=organization or "")
        if one.code in RULES
    ]
    return Report(
        round="inspect",
        opened=opened,
        resolved=resolved,
        standing=tuple(one.id for one in standing),
        unseen=tuple(dark.values()),
        facts={
            "organizations": len(organizations),
            **results,
            **({N_("inspection"): numbers[0]} if organization else {}),
        },
    )


def plan(
    desk: Desk, catalogue: str, organizations: Sequence[str], day: str, inspectors: Sequence[str], sample: int = 0, seed: str = ""
) -> list[Inspection]:
    """
    Open an inspection of each organization for a day, all in one act.

    Args:
        sample: how many devices and how many addresses of each are looked at on the spot; *seed*: what the draw begins from
            (the day, without one); both are kept with the inspection.

    Raises:
        Missing: no such catalogue or organization.
        NetopsError: *day* is not a date, or fewer than two inspectors are named.
    """
    try:
        chosen = load(desk.playbooks, catalogue, date.fromisoformat(day))
    except ValueError:
        raise NetopsError(
            "nothing was planned", "{day} is not a date", "write it as 2026-12-01", day=day
        ) from None
    if len(set(inspectors)) < 2:
        raise NetopsError(
            "nothing was planned",
            "a visit needs two inspectors or more; {count} is named",
            "give --inspector twice",
            count=len(set(inspectors)),
        )
    codes = [known.organization(desk, code).code for code in dict.fromkeys(organizations)]
    samples = _samples(desk, codes, sample, seed or day)
    with act(desk.store, desk.actor, desk.clock) as one:
        numbers = [
            archive.open_(one, chosen, code, inspectors=inspectors, planned_for=day, sample=samples.get(code))
            for code in codes
        ]
    return [archive.one(desk.store, number) for number in numbers]


def _samples(desk: Desk, codes: Sequence[str], count: int, seed: str) -> dict[str, Sample]:
    """For each organization a draw from its registered devices and the addresses that it was given or was seen with."""
    if count < 1:
        return {}
    held: dict[str, set[str]] = defaultdict(set)
    for one in known.held(desk):
        for text in one.span.split(", "):
            first, _dash, last = text.partition("-")
            begin, end = ip_address(first), ip_address(last or first)
            if int(end) - int(begin) < MOST_OF_A_SPAN:
                held[one.organization].update(str(begin + n) for n in range(int(end) - int(begin) + 1))
            else:
                held[one.organization].add(text)
    gear = {code: [f"{one.plane}/{one.name}" for one in desk.register.devices if one.organization == code] for code in codes}
    return {code: draw(seed, code, gear[code], sorted(held[code]), count) for code in codes}


def _answer(desk: Desk, catalogue: Catalogue, facts: Facts, *, renew: bool) -> str:
    """One organization's machine answers, in one act; no act when nothing changed. The inspection's number."""
    given = lines(catalogue, facts)
    standing = None if renew else archive.standing(desk.store, facts.code, catalogue)
    if standing is not None and not archive.changed(standing, given):
        archive.touch(desk.store, standing.number, facts.at)
        return standing.number
    with act(desk.store, desk.actor, desk.clock) as one:
        number = standing.number if standing else archive.open_(one, catalogue, facts.code)
        archive.record_machine(one, number, archive.changed(standing, given))
    return number


def _silent(facts: Facts) -> Iterator[Unreachable]:
    """Devices that show the organization and were silent at the last walk."""
    for plane in facts.planes:
        if not facts.looks.get(f"walk/{plane}", Look()).at:
            continue
        for one in facts.watched(plane):
            if one.asked and one.seen_at is None:
                yield Unreachable(
                    plane, one.name, one.address, facts.at, N_("it did not answer the last walk")
                )


# ---- the filled checklist
def write_checklist(desk: Desk, number: str, path: Path) -> None:
    """
    Write an inspection as a document: `.json`, or `.docx` and `.pdf` in Chinese for signature.

    Raises:
        Missing: there is no such inspection.
        NetopsError: the ending says none of these, or the document cannot be written.
    """
    inspection = archive.one(desk.store, number)
    with speaking("zh"):  # documents are Chinese, whatever the command speaks
        if path.suffix == ".json":
            content = {
                "kind": "inspection",
                "number": number,
                "organization": inspection.organization,
                "catalogue": msgspec.to_builtins(inspection.catalogue.head),
                "checked_at": inspection.checked_at,
                "inspectors": inspection.inspectors,
                "progress": inspection.progress(),
                "journal": journal.head(desk.store),
                "items": inspection.records(),
            }
            files.put(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n", path)
        else:
            from netops.rounds import inspect_record

            inspect_record.write_record(desk, number, path)
