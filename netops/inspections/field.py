"""What comes back from the field (外业结果): read strictly, sealed by its pack, held against what was said meanwhile. Pure."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from netops.core.errors import NetopsError, Refused
from netops.inspections.answer import Result
from netops.inspections.inspection import Answer, Inspection, Party

FORMAT = "netops field result 1"
MAX_BYTES = 64 << 20
MAX_PHOTOS = 600


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer as the page saved it."""

    item: str
    party: Party
    answer: Result
    note: str = ""


class Photo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture that belongs to an item: a data URL of JPEG or PNG."""

    item: str
    name: str
    data: str


class FieldResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What two inspectors saved on the spot.

    Args:
        signature: PNG as a data URL, drawn by the inspected body, or ""; then *signed_name* was typed.
    """

    format: str
    pack: str
    number: str
    saved_at: datetime
    answers: tuple[Given, ...]
    inspectors: tuple[str, str]
    accompanied: str = ""
    place: str = ""
    signed_name: str = ""
    signature: str = ""
    photos: tuple[Photo, ...] = ()


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The saved file: the content as text, its SHA-256 and its HMAC-SHA-256 by the pack's key, hex."""

    content: str
    sha256: str
    mac: str


class Conflict(msgspec.Struct, frozen=True):
    """
    An item of which the field says otherwise than somebody said after the pack was made.

    Args:
        meanwhile: what stands now of the same party; None of the machine's when that is what changed.
    """

    item: str
    party: Party
    field: Result
    meanwhile: Result
    actor: str
    at: datetime


def opened(content: bytes) -> tuple[Sealed, FieldResult]:
    """
    Read a saved file; that it is the pack's own says `is_sealed`.

    Raises:
        NetopsError: it is no such file, or it was cut or changed.
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        sealed = msgspec.json.decode(content, type=Sealed)
        result = msgspec.json.decode(sealed.content.encode(), type=FieldResult)
        if result.format != FORMAT or result.saved_at.tzinfo is None or len(result.photos) > MAX_PHOTOS:
            raise ValueError(result.format)
    except (ValueError, UnicodeError, RecursionError) as error:
        raise NetopsError(
            "the result was not read", "{reason}", "save it again from the field pack, and bring that file", reason=error
        ) from error
    if hashlib.sha256(sealed.content.encode()).hexdigest() != sealed.sha256:
        raise Refused("the result was not merged", "its content was changed after it was saved", "bring the file as it was saved")
    return sealed, result


def is_sealed(sealed: Sealed, key: bytes) -> bool:
    """Whether the pack with this key saved exactly this."""
    return hmac.compare_digest(hmac.new(key, sealed.content.encode(), hashlib.sha256).hexdigest(), sealed.mac)


def picture(data: str) -> bytes:
    """
    The octets of a data URL.

    Raises:
        ValueError: it is no JPEG or PNG in base64.
    """
    head, _, body = data.partition(",")
    if head not in ("data:image/jpeg;base64", "data:image/png;base64"):
        raise ValueError(head[:40])
    return b64decode(body, validate=True)


def conflicts(inspection: Inspection, answers: Iterable[Given], since: int) -> list[Conflict]:
    """
    Every answer of the field that is not what the same party said meanwhile.

    Args:
        since: how many answers the inspection had when the pack was made, or the sheet written.
    """
    later: dict[tuple[str, Party], Answer] = {(one.item, one.party): one for one in inspection.answers[since:]}
    found = []
    for given in answers:
        said = later.get((given.item, given.party))
        if said is not None and (said.judgement.result, said.note) != (given.answer, given.note):
            found.append(Conflict(given.item, given.party, given.answer, said.judgement.result, said.actor, said.at))
    return found


def repeated(inspection: Inspection, answers: Iterable[Given]) -> set[tuple[str, Party]]:
    """Answers that stand already, word for word."""
    return {
        (given.item, given.party)
        for given in answers
        if (said := inspection.latest.get((given.item, given.party)))
        and (said.judgement.result, said.note) == (given.answer, given.note)
    }


def unfit(inspection: Inspection, result: FieldResult) -> list[str]:
    """Items that the inspection does not have, and answers given twice: nothing our page saves."""
    known: Collection[str] = {item.id for item in inspection.catalogue.items}
    said = [(given.item, given.party) for given in result.answers]
    strange = [given.item for given in result.answers if given.item not in known or given.party is Party.MACHINE]
    strange += [photo.item for photo in result.photos if photo.item not in known]
    return sorted({*strange, *(item for item, party in said if said.count((item, party)) > 1)})
