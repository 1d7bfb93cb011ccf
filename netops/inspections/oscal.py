"""OSCAL 1.2.1 (NIST, Open Security Controls Assessment Language): what our documents in it have in common. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.evidence import digest

VERSION = "1.2.1"
SPACE = "urn:netops:oscal"
"""Namespace of the properties that are ours."""
ROOT = uuid.UUID("5b0f7c1e-3a64-5d0b-9a6e-6e2c9f1d8a41")
"""What every identifier of ours is derived from (RFC 9562 §5.5): the same thing has the same identifier in every export."""
CATALOG, PLAN, RESULTS, POAM = (
    "catalog.json", "assessment-plan.json", "assessment-results.json", "plan-of-action-and-milestones.json",
)  # fmt: skip
"""Files of an export, which name each other."""
UNDRAWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
MARKUP = re.compile(r"([\\`*_\[\]<>{}~^])")
"""Characters with a meaning in OSCAL's Markdown; what people and devices say has none."""
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")

Json = dict[str, Any]


def identifier(*parts: str) -> str:
    """The UUID of what these words name: always the same."""
    return str(uuid.uuid5(ROOT, "\x1f".join(parts)))


def line(text: str) -> str:
    """*text* as a value on one line; a dash where there is none: OSCAL allows no empty value."""
    return " ".join(UNDRAWN.sub("", text).split()) or "—"


def marked(text: str) -> str:
    """*text* as one line of markup that shows exactly it."""
    return MARKUP.sub(r"\\\1", line(text))


def prose(text: str) -> str:
    """*text* as markup of several lines that shows exactly it."""
    kept = "\n".join(one.strip() for one in UNDRAWN.sub("", text).strip().splitlines())
    return MARKUP.sub(r"\\\1", kept) or "—"


def plain(markup: str) -> str:
    """What markup says, without our escapes."""
    return ESCAPED.sub(r"\1", markup)


def tokens(names: Iterable[str]) -> dict[str, str]:
    """Each name as a token (letters, numbers, dot, hyphen, underscore, a letter first), no two the same."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        said = "".join(one if one.isalpha() or one.isnumeric() or one in ".-_" else "-" for one in name)
        said = said if said[:1].isalpha() or said[:1] == "_" else f"_{said}"
        if said in taken:
            said = f"{said}.{digest(name)[:8]}"
        taken.add(said)
        made[name] = said
    return made


def own(name: str, value: object, *, kind: str = "", remarks: str = "") -> Json:
    """A property of ours."""
    said: Json = {"name": name, "ns": SPACE, "value": line(str(value))}
    return said | ({"class": kind} if kind else {}) | ({"remarks": prose(remarks)} if remarks else {})


def standard(name: str, value: str) -> Json:
    """A property that OSCAL itself knows."""
    return {"name": name, "value": line(value)}


def moment(at: datetime) -> str:
    """A time as OSCAL writes it, with its offset."""
    return at.isoformat(timespec="seconds")


def metadata(title: str, version: str, at: datetime, **more: Any) -> Json:
    """Head of a document."""
    head: Json = {
        "title": marked(title), "last-modified": moment(at), "version": line(version), "oscal-version": VERSION,
    }  # fmt: skip
    return head | {name.replace("_", "-"): value for name, value in more.items() if value}


def document(root: str, body: Json, *seed: str) -> Json:
    """A document with its own UUID: the same content has the same, any change another."""
    head = {name: value for name, value in body["metadata"].items() if name != "last-modified"}
    content = digest({**body, "metadata": head})
    return {root: {"uuid": identifier("document", root, *seed, content), **body}}


def resource(title: str, description: str, *seed: str, **more: Any) -> Json:
    """Something that the document refers to, for its back matter."""
    return {
        "uuid": identifier("resource", *seed), "title": marked(title), "description": prose(description), **more,
    }  # fmt: skip


def file_of(name: str, sha256: str, title: str) -> Json:
    """Another file of the export, with its hash."""
    rlink = {"href": name, "media-type": "application/json", "hashes": [{"algorithm": "SHA-256", "value": sha256}]}
    return resource(title, name, "file", name, sha256, rlinks=[rlink])


def link(to: Mapping[str, Any], rel: str) -> Json:
    """A link to a resource of the same document."""
    return {"href": f"#{to['uuid']}", "rel": rel}


def back(resources: Sequence[Json]) -> Json:
    """The back matter, each resource once; nothing where there is none."""
    each = {one["uuid"]: one for one in resources}
    return {"back-matter": {"resources": list(each.values())}} if each else {}
