"""
Bundles (摆渡件): what the extranet's instance saw, as one signed, hashed file that a person carries to the intranet's.

A file is a line of JSON (the head), a line of JSON (whose seal), and the content, gzip. It goes into the more secret side
only: nothing of the intranet is ever written into one.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from datetime import datetime
from io import BytesIO
from pathlib import Path

import msgspec

from netops import __version__
from netops.core import docket, files, journal, seal
from netops.core.clock import rfc3339
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import walk
from netops.topology import carried
from netops.topology.carried import MAX_BYTES, Carried, Receipt

FORMAT = "netops bundle 1"
LINE_BYTES = 4096


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a bundle says of itself.

    Args:
        sha256: of the packed content; *head*: hash of the newest journal entry where it was made.
        facts: how many devices, findings and the rest are in it.
    """

    format: str
    netops: str
    city: str
    plane: Plane
    made: datetime
    by: str
    head: str
    size: int
    sha256: str
    facts: dict[str, int]


class Seal(msgspec.Struct, frozen=True):
    """Whose seal the head bears: public key and signature, base64."""

    key: str
    signature: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was read whole: *trusted* says whether `[bundle] trusted` names who signed it."""

    file: str
    head: Head
    signer: str
    trusted: bool


def export(desk: Desk, file: Path, plane: Plane = Plane.EXTRANET) -> Bundle:
    """
    Write what is known of *plane* into the new *file*, sealed by the key of `[bundle] key_file`.

    Raises:
        Refused: *plane* is the intranet, is not served here, or the file exists; there is no key.
    """
    config = desk.config
    if plane is Plane.INTRANET or plane not in desk.planes:
        raise Refused(
            "the bundle was not written", "{plane} is not what this instance may tell of: nothing leaves the intranet",
            "export the extranet at the extranet's own instance", plane=plane,
        )  # fmt: skip
    if not config.bundle.key_file:
        raise Refused("the bundle was not written", "[bundle] key_file names no key", "netops bundle key FILE makes one")
    content = msgspec.json.encode(_content(desk, plane))
    packed = gzip.compress(content, mtime=0)
    facts = _facts(content)
    head = Head(
        format=FORMAT, netops=__version__, city=config.city.name, plane=plane, made=desk.clock(), by=desk.actor,
        head=journal.head(desk.store), size=len(packed), sha256=hashlib.sha256(packed).hexdigest(), facts=facts,
    )  # fmt: skip
    said = msgspec.json.encode(head)
    key, signature = seal.sign(config.secret("", config.bundle.key_file), said)
    with files.whole(file, new=True, what=N_("the bundle was not written"), mode=0o600) as out:
        out.writelines((said, b"\n", msgspec.json.encode(Seal(key, signature)), b"\n", packed))
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record("bundle.export", file.name, after={"plane": plane, "sha256": head.sha256, **facts})
    return Bundle(file=str(file), head=head, signer=key, trusted=key in config.bundle.trusted)


def _content(desk: Desk, plane: Plane) -> Carried:
    register = desk.register.of(plane)
    standing = docket.listed(desk.store, state=STANDING, plane=plane)
    return Carried(
        views=tuple(view for view in walk.current(desk) if view.plane is plane),
        nets=tuple(dict.fromkeys((*desk.config.planes[plane].nets, *(one.prefix for one in register.prefixes)))),
        vlans=tuple(sorted({one.vlan for one in register.prefixes if one.vlan})),
        organizations={one.code: one.name_zh for one in register.organizations},
        findings=tuple(
            {"id": one.id, "code": one.code, "organization": one.organization, "subject": one.subject, "state": one.state}
            for one in standing
        ),
    )


def _facts(content: bytes) -> dict[str, int]:
    held = msgspec.json.decode(content, type=Carried)
    return {"devices": len(held.views), "prefixes": len(held.nets), "findings": len(held.findings)}


# ---- read
def verify(desk: Desk, file: Path) -> Bundle:
    """
    Read all of a bundle: its seal, its hash, and that it can be understood.

    Raises:
        Refused: it was changed, or is no bundle.
    """
    return _read(desk, file)[0]


def _read(desk: Desk, file: Path) -> tuple[Bundle, bytes]:
    try:
        with file.open("rb") as opened:
            said, sealed = (opened.readline(LINE_BYTES).rstrip(b"\n") for _ in range(2))
            head, mark = msgspec.json.decode(said, type=Head), msgspec.json.decode(sealed, type=Seal)
            if head.format != FORMAT or not 0 <= head.size <= MAX_BYTES:
                raise ValueError(head.format)
            packed = opened.read(head.size + 1)
    except FileNotFoundError:
        raise Missing("there is no bundle {path}", "no such file", "name a file of netops bundle export", path=file) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(file, error) from error
    if not seal.holds(mark.key, mark.signature, said):
        raise _refused(file, "its seal does not hold: the head was changed")
    if len(packed) != head.size or hashlib.sha256(packed).hexdigest() != head.sha256:
        raise _refused(file, "its content is not what the head says")
    try:
        with gzip.GzipFile(fileobj=BytesIO(packed)) as unpacked:
            content = unpacked.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES or _facts(content) != head.facts:
            raise ValueError("it does not hold what its head says")
        held = msgspec.json.decode(content, type=Carried)
        if any(view.plane is not head.plane for view in held.views):
            raise ValueError("it holds devices of another plane")
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise _refused(file, error) from error
    trusted = mark.key in desk.config.bundle.trusted
    return Bundle(file=str(file), head=head, signer=mark.key, trusted=trusted), content


def _refused(file: Path, why: object) -> NetopsError:
    return Refused(
        "the bundle {path} was not read", "{why}", "have it exported and carried again", path=file.name, why=why
    )


def carry(desk: Desk, file: Path) -> Receipt:
    """
    Take a bundle in; what it tells stands beside the intranet's own walks from the next round on.

    Raises:
        Refused: who signed it is not trusted, this instance is not the more secret side, or a newer one is in already.
    """
    bundle, content = _read(desk, file)
    head = bundle.head
    if not bundle.trusted:
        raise Refused(
            "the bundle was not imported", "[bundle] trusted does not name who signed it: {key}",
            "compare the key with the one that netops bundle key printed there, then write it under trusted", key=bundle.signer,
        )  # fmt: skip
    if head.plane in desk.planes or Plane.INTRANET not in desk.planes:
        raise Refused(
            "the bundle was not imported", "a bundle of {plane} goes into an instance that serves the intranet alone",
            "import it at the intranet's own instance", plane=head.plane,
        )  # fmt: skip
    newest = next((one for one in carried.receipts(desk.store) if one.plane is head.plane), None)
    if newest and newest.made >= head.made:
        raise Refused(
            "the bundle was not imported", "one made at {made} is in already", "carry a newer one", made=rfc3339(newest.made)
        )
    receipt = Receipt(
        sha256=head.sha256, plane=head.plane, city=head.city, signer=bundle.signer, made=head.made,
        imported=desk.clock(), actor=desk.actor, facts=head.facts,
    )  # fmt: skip
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        carried.keep(act, receipt, content)
        act.record("bundle.import", head.sha256, after=receipt)
    return receipt
