"""Field packs: an inspection taken out as one file, and what comes back put beside what was said meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec

from netops.core import files
from netops.core.clock import city_time
from netops.core.errors import Refused
from netops.core.journal import act
from netops.core.language import N_, _, spoken
from netops.desk import Desk
from netops.documents.field_pack import FieldPack, MachineAnswer, PackItem, render
from netops.inspections import archive, field, packs
from netops.inspections.answer import Result
from netops.inspections.field import Conflict, FieldResult, Given, Photo
from netops.inspections.inspection import Inspection, Party, said
from netops.inspections.item import Item
from netops.inspections.packs import Merged, Pack
from netops.registers import attachments as kept
from netops.rounds import attachments


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """
    What merging a result would do.

    Args:
        added: answers that would be put beside what stands; *repeated*: how many stand already, word for word.
        conflicts: answers that are left out unless they are named to be taken.
        photos: how many pictures would be attached.
    """

    inspection: str
    sha256: str
    result: FieldResult
    added: tuple[Given, ...]
    repeated: int
    conflicts: tuple[Conflict, ...]
    taken: tuple[str, ...]
    photos: int


def words() -> dict[str, str]:
    """Every word of the page, in the language in use."""
    return {
        "conform": _("conform"), "partial": _("partial"), "nonconform": _("nonconform"),
        "not_applicable": _("not_applicable"), "unchecked": _("unchecked"), "colon": _("{label}: ").format(label=""),
        "inspector": _("inspector's answer"), "department": _("the inspected body's answer"), "machine": _("machine"),
        "manual": _("no machine can answer this; a person has to"), "note": _("What was seen"),
        "department_note": _("What the body says to it"), "photos": _("Photos"), "remove": _("remove"),
        "note_needed": _("write what was seen: the answer is not in order, or differs from the machine's"),
        "many_photos": _("six photos an item are enough"), "no_picture": _("this is no picture:"),
        "progress": _("{answered} of {total} answered"), "not_kept": _("this browser keeps no draft: save often"),
        "show_all": _("all"), "show_open": _("not answered"), "show_bad": _("not in order"), "people": _("People"),
        "first_inspector": _("first inspector"), "second_inspector": _("second inspector"), "place": _("place"),
        "accompanied": _("accompanied by"), "signature": _("Signature of the inspected body"),
        "signature_hint": _("Draw it with a finger, a pen or the mouse; or type the name below."), "wipe": _("wipe"),
        "typed_signature": _("name in place of a drawn signature"), "save": _("Save the result"),
        "saved": _("The result was saved as a file: bring it back, as it is."), "nothing": _("nothing is answered yet"),
        "two_names": _("two different inspectors must be named"), "no_signature": _("the inspected body has not signed"),
        "open_again": _("Go on from a saved result"), "not_ours": _("this file is no result of this pack"),
        "left": str(_("{count} answers of the file differ from those here, which were left as they are")),
        "noscript": _("This page needs JavaScript, which is switched off in this browser."),
    }  # fmt: skip


# ---- out
def pack(desk: Desk, number: str, file: Path) -> Pack:
    """
    Write an inspection into the new *file* as a page that works from a phone, tablet or laptop without a network.

    Raises:
        Missing: there is no such inspection. Refused: the file exists.
    """
    inspection = archive.one(desk.store, number)
    made = Pack(secrets.token_hex(16), number, secrets.token_bytes(32), len(inspection.answers), desk.clock(), desk.actor)
    organization = desk.register.name(inspection.organization)
    content = FieldPack(
        made.id, made.key.hex(), number, f"{number}  {organization}",
        f"{inspection.catalogue.title} {inspection.catalogue.head.version}  {city_time(made.made)}{_sample(inspection)}",
        tuple(_item(inspection, item) for item in inspection.catalogue.items if _wanted(inspection, item)), words(),
    )  # fmt: skip
    files.fresh(render(content, spoken()), file, what=N_("the pack was not written"), mode=0o600)
    with act(desk.store, desk.actor, desk.clock) as acting:
        packs.add(acting, made)
    return made


def _sample(inspection: Inspection) -> str:
    """What is to be looked at on the spot."""
    one = inspection.sample
    if one is None or not (one.devices or one.addresses):
        return ""
    return "  " + _("to look at on the spot: {sample}").format(sample=", ".join((*one.devices, *one.addresses)))


def _wanted(inspection: Inspection, item: Item) -> bool:
    return inspection.result(item) is not Result.NOT_APPLICABLE


def _item(inspection: Inspection, item: Item) -> PackItem:
    answer = inspection.by(item, Party.MACHINE)
    machine = None
    if answer is not None and item.check:
        machine = MachineAnswer(answer.judgement.result, said(answer), city_time(answer.at))
    return PackItem(item.id, item.question, inspection.catalogue.cited(item), item.quote_zh, machine)


# ---- back
def plan(desk: Desk, content: bytes, take: Collection[str] = ()) -> Merge:
    """
    What merging a saved result would do; nothing is written.

    Args:
        take: items whose answer from the field is put in although somebody said otherwise meanwhile.

    Raises:
        NetopsError: it is no such file. Refused: it was changed, is another store's, or was merged already.
    """
    sealed, result = field.opened(content)
    made = packs.pack(desk.store, result.pack)
    if made is None or made.inspection != result.number:
        raise Refused(
            "the result was not merged", "no pack {pack} was taken out of this store", "merge it where the pack was made",
            pack=result.pack,
        )  # fmt: skip
    if not field.is_sealed(sealed, made.key):
        raise Refused("the result was not merged", "its seal is not the one of its pack", "bring the file as it was saved")
    if (before := packs.merged(desk.store, sealed.sha256)) is not None:
        raise Refused(
            "the result was not merged", "this file was merged already, at {at} by {actor}", "netops inspect show {number}",
            at=city_time(before.merged), actor=before.actor, number=result.number,
        )  # fmt: skip
    inspection = archive.one(desk.store, result.number)
    if strange := field.unfit(inspection, result):
        raise Refused(
            "the result was not merged", "it answers what was not asked: {items}", "bring the file as it was saved",
            items=", ".join(strange[:5]),
        )  # fmt: skip
    found, same = field.conflicts(inspection, result.answers, made.answers), field.repeated(inspection, result.answers)
    open_ = {(one.item, one.party) for one in found if one.item not in take}
    added = tuple(one for one in result.answers if (one.item, one.party) not in same | open_)
    return Merge(
        inspection=inspection.number, sha256=sealed.sha256, result=result, added=added, repeated=len(same),
        conflicts=tuple(found), taken=tuple(one.item for one in found if one.item in take), photos=len(result.photos),
    )  # fmt: skip


def merge(desk: Desk, content: bytes, made: Merge) -> None:
    """
    Put the answers of a plan beside what stands, attach photos and signature, and keep the file; all in one act.

    Raises:
        Refused: something changed since the plan.
    """
    if plan(desk, content, made.taken) != made:
        raise Refused("the result was not merged", "something changed since the plan was shown", "merge it again")
    inspection = archive.one(desk.store, made.inspection)
    result, who = made.result, "、".join(made.result.inspectors)
    with act(desk.store, desk.actor, desk.clock) as acting:
        for given in made.added:
            archive.fill(acting, inspection, given.item, given.party, given.answer, given.note, by=_by(result, given))
        for photo in _pictures(result):
            name = f"{photo.item} {photo.name}".strip()
            kept.attach(acting, attachments.folder_of(desk), inspection.number, name, field.picture(photo.data))
        packs.keep(acting, Merged(made.sha256, result.pack, acting.at, acting.actor), content)
        acting.record(
            "inspect merge", inspection.number, why=who,
            after={"sha256": made.sha256, "pack": result.pack, "saved_at": result.saved_at, "answers": len(made.added),
                   "left": [one.item for one in made.conflicts if one.item not in made.taken], "inspectors": result.inspectors,
                   "accompanied": result.accompanied, "place": result.place,
                   "signed": bool(result.signature) or result.signed_name},
        )  # fmt: skip


def _by(result: FieldResult, given: Given) -> str:
    if given.party is Party.INSPECTOR:
        return "、".join(result.inspectors)
    return result.signed_name or result.accompanied or "、".join(result.inspectors)


def _pictures(result: FieldResult) -> list[Photo]:
    try:
        for photo in result.photos:
            field.picture(photo.data)
        if result.signature:
            field.picture(result.signature)
    except ValueError as error:
        raise Refused(
            "the result was not merged", "a photo is no picture: {why}", "bring the file as it was saved", why=error
        ) from error
    signed = [Photo("", "signature.png", result.signature)] if result.signature else []
    return [*result.photos, *signed]
