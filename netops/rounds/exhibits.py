"""Exhibits (证据移交): everything that proves an incident, as one file that can be verified without netops."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from netops import __version__
from netops.core import custody, docket, files, journal
from netops.core.clock import rfc3339
from netops.core.errors import NetopsError
from netops.core.evidence import canonical
from netops.core.journal import act
from netops.core.language import N_
from netops.core.store import Store
from netops.desk import Desk
from netops.incidents import casebook, papers, proceedings

MAX_BYTES = 64 << 20
"""The largest file that can be attached."""
VERIFIER = Path(papers.__file__).parent / "plain_verifier.py"
FORMAT = "netops-evidence/1"
README = """证据包 / evidence bundle: {number}

校验：python3 verify.py （只需 Python 3.6 以上，不需要 netops）；或 sha256sum -c SHA256SUMS。
Verify: python3 verify.py (Python 3.6 or newer, without netops); or sha256sum -c SHA256SUMS.

entries.jsonl   每件证据一行：编号、种类、来源、采集者、时间、查询或命令及参数、大小、SHA-256、SM3、存放处
                one line a piece: id, kind, source, collector, time, query or command, size, SHA-256, SM3, place
items/          证据本身，与登记时逐字节相同 / the evidence itself, byte for byte
files/          附件，以其 SHA-256 命名 / attached files, named by their SHA-256
chain.txt       证据链自首件至末件每一条的摘要 / the digest of every entry of the chain from the first to the newest
manifest.json   清单与证据链的首末值 / the manifest, and both ends of the chain
incident.json   事件卷宗 / the incident as it stands
"""


def attach(desk: Desk, number: str, path: Path, *, query: str, source: str, note: str, at: Any) -> str:
    """
    Attach a file to an incident as evidence, with its entry in the chain.

    Args:
        query: how it was obtained, such as a command with its parameters; *source*: from what.

    Returns:
        Id of the evidence.

    Raises:
        NetopsError: it cannot be read, is empty, or is larger than MAX_BYTES.
    """
    content = _read(path)
    with act(desk.store, desk.actor, desk.clock) as one:
        casebook.locked(one, number)
        name = custody.attach(one.connection, path.name, content, collector=one.actor, query=query or N_("attached by hand"),
                              note=note or source, at=at)  # fmt: skip
        proceedings.add(one, number, "attachment", at, note, evidence=name, file=path.name, size=len(content), source=source,
                        sha256=hashlib.sha256(content).hexdigest())  # fmt: skip
    return name


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if 0 < size <= MAX_BYTES else b""
    except OSError as error:
        raise NetopsError("{path} was not attached", "{reason}", "give a file that can be read", path=path,
                          reason=error) from error  # fmt: skip
    if not content:
        raise NetopsError("{path} was not attached", "it has {size} bytes, and 1 to {most} can be attached",
                          "attach a part of it", path=path, size=size, most=MAX_BYTES)  # fmt: skip
    return content


def names(desk: Desk, number: str) -> list[str]:
    """Ids of all evidence of an incident: of its findings, of what was attached, of who had it then, of its papers."""
    incident = casebook.one(desk.store, number)
    found = [name for finding in incident.findings for name in docket.one(desk.store, finding).evidence]
    for event in proceedings.listed(desk.store, number, ("attachment", "whereabouts")):
        found += [event.detail["evidence"]] if event.detail.get("evidence") else []
        found += event.detail.get("of_finding", [])
    for kept in papers.listed(desk.store, number):
        found += kept.paper.evidence
    return list(dict.fromkeys(found))


def export(desk: Desk, number: str, path: Path, dossier: dict[str, Any]) -> dict[str, Any]:
    """
    Write the bundle of an incident: a ZIP whose bytes depend on nothing but what is in it.

    Returns:
        incident, entries, head (of the chain), sha256 and size of the file; the journal has it too.

    Raises:
        NetopsError: it has no evidence, a piece does not verify, or the place cannot be written.
    """
    found = names(desk, number)
    if not found:
        raise NetopsError("no bundle was written", "{number} has no evidence", "netops incident attach {number} FILE",
                          number=number)  # fmt: skip
    about = {"incident": number, "exported_at": rfc3339(desk.clock()), "by": desk.actor, "journal": journal.head(desk.store)}
    content = packed(desk.store, found, about, dossier)
    files.put(content, path)
    digest, (_newest, head) = hashlib.sha256(content).hexdigest(), custody.head(desk.store)
    told = {"incident": number, "entries": len(found), "head": head, "sha256": digest, "size": len(content)}
    with act(desk.store, desk.actor, desk.clock) as one:
        one.record("evidence export", number, after=told)
    return {**told, "path": str(path)}


def packed(store: Store, found: list[str], about: dict[str, Any], dossier: dict[str, Any]) -> bytes:
    """
    The bytes of a bundle.

    Args:
        found: ids of the evidence; *about*: what the manifest says beside the chain; *dossier*: the incident as it stands.
    """
    links = custody.links(store, found)
    first = links[0].entry.seq
    previous, digests = custody.digests(store, first)
    newest, head = custody.head(store)
    content: dict[str, bytes] = {}
    for piece in docket.pieces(store, found):
        content[f"items/{piece.id}.json"] = canonical(piece)
        if piece.kind == custody.ATTACHED:
            sha256 = str(piece.body["sha256"])
            content[f"files/{sha256}"] = custody.file(store, sha256) or b""
    manifest = {
        "format": FORMAT, "netops": __version__, "entries": len(links), "first": first, "newest": newest, "previous": previous,
        "head": head, **about,
    }  # fmt: skip
    content |= {
        "entries.jsonl": b"".join(link.entry.line + b"\n" for link in links),
        "chain.txt": "".join(f"{digest}\n" for digest in digests).encode(),
        "manifest.json": msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n",
        "incident.json": msgspec.json.format(msgspec.json.encode(dossier), indent=1) + b"\n",
        "verify.py": VERIFIER.read_bytes(),
        "README.txt": README.format(number=about["incident"]).encode(),
    }
    content["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n" for name in sorted(content)
    ).encode()
    return _zipped(content)


def _zipped(content: dict[str, bytes]) -> bytes:
    """A ZIP of these files by their names, always the same for the same content."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(content):
            one = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            one.compress_type, one.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(one, content[name])
    return buffer.getvalue()
