"""OSCAL out: an inspection as four files that name each other, or a catalogue as one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from netops.core import docket, files
from netops.core.language import speaking
from netops.desk import Desk
from netops.inspections import archive, followup, oscal_assessment, oscal_catalog
from netops.inspections.catalogue import load
from netops.inspections.oscal import CATALOG, PLAN, POAM, RESULTS, Json
from netops.inspections.oscal_assessment import Assessed
from netops.rounds.address_lines import official_name


def catalogue(desk: Desk, name: str) -> bytes:
    """
    A catalogue of the playbooks as an OSCAL catalog.

    Raises:
        Missing: there is none.
    """
    return encoded(oscal_catalog.catalog(load(desk.playbooks, name), desk.clock()))


def export(desk: Desk, number: str, folder: Path) -> list[Path]:
    """
    Write an inspection into a folder: catalog, assessment plan, assessment results, and POA&M where something is to be mended.

    The folder is made where there is none; files of these names in it are written anew.

    Raises:
        Missing: there is no such inspection. NetopsError: the folder cannot be written.
    """
    made = documents(desk, number)
    files.folder(folder)
    if POAM not in made:
        (folder / POAM).unlink(missing_ok=True)
    for name, content in made.items():
        files.put(content, folder / name)
    return [folder / name for name in made]


def documents(desk: Desk, number: str) -> dict[str, bytes]:
    """The documents of an inspection, by the name of their file."""
    inspection = archive.one(desk.store, number)
    with speaking("zh"):
        made = {CATALOG: encoded(oscal_catalog.catalog(inspection.catalogue, inspection.opened_at))}
        names = [name for answer in inspection.latest.values() for name in answer.judgement.evidence]
        authority = desk.config.city.authority
        one = Assessed(
            inspection=inspection,
            organization=official_name(desk, inspection.organization),
            authority=official_name(desk, authority) if authority else desk.config.city.title_zh,
            city=desk.config.city.title_zh,
            catalog_sha256=_sha256(made[CATALOG]),
            terms={each.item: each.due for each in followup.listed(desk.store, inspection=number, is_open=True)},
            evidence={piece.id: piece for piece in docket.pieces(desk.store, names)},
        )
        made[PLAN] = encoded(oscal_assessment.plan(one))
        made[RESULTS] = encoded(oscal_assessment.results(one, _sha256(made[PLAN])))
        if (action := oscal_assessment.poam(one, _sha256(made[RESULTS]))) is not None:
            made[POAM] = encoded(action)
    return made


def encoded(document: Json) -> bytes:
    """A document as its file."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
