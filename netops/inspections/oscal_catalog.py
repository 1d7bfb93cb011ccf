"""A catalogue as an OSCAL catalog: every item a control, with what netops knows of it in properties of our own. Pure."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from netops.inspections.catalogue import Catalogue
from netops.inspections.item import Asked, Item, Method
from netops.inspections.oscal import Json, document, marked, metadata, own, prose, standard, tokens

LETTER = re.compile(r"[\s、）)]*[a-z][)）]?$")
"""The letter behind the number of a clause: the clauses of one number are one group."""
METHODS = {Method.AUTOMATIC: ("TEST",), Method.MIXED: ("TEST", "EXAMINE"), Method.MANUAL: ("EXAMINE", "INTERVIEW")}
SEVERAL = ("applies_to", "planes", "levels", "protection", "evidence", "duties")
SINGLE = ("article", "clause", "severity", "weight", "method", "system", "question_en", "remedy_en", "home", "instrument", "cite")


def control_ids(catalogue: Catalogue) -> dict[str, str]:
    """Id of the control of each item."""
    return tokens(item.id for item in catalogue.items)


def objective(control: str) -> str:
    """Id of the objective of a control: what a finding speaks of."""
    return f"{control}_obj"


def catalog(catalogue: Catalogue, at: datetime) -> Json:
    """The whole catalogue as a document; *at*: when it was last changed."""
    head, names = catalogue.head, control_ids(catalogue)
    grouped: dict[str, list[tuple[int, Item]]] = {}
    for place, item in enumerate(catalogue.items, 1):
        grouped.setdefault(LETTER.sub("", catalogue.cited(item)), []).append((place, item))
    marks = tokens(f"{head.name}-{title}" for title in grouped)
    groups = [
        {"id": f"g-{marks[f'{head.name}-{title}']}", "class": "clause", "title": marked(title),
         "controls": [_control(names[item.id], item, place) for place, item in items]}
        for title, items in grouped.items()
    ]  # fmt: skip
    props = [
        own("name", head.name), own("title-en", head.title_en), own("instrument", head.instrument),
        own("in-force-from", head.in_force_from), own("verified", str(head.verified).lower()),
        *([own("in-force-to", head.in_force_to)] if head.in_force_to else []),
        *([own("cite", head.cite)] if head.cite else []),
        *(own("term-days", days, kind=severity) for severity, days in head.terms.items()),
    ]  # fmt: skip
    body: Json = {
        "metadata": metadata(
            head.title_zh, head.version, at, props=props, remarks=prose(head.note_zh) if head.note_zh else ""
        )
    }
    return document("catalog", body | ({"groups": groups} if groups else {}), head.name)


def _control(name: str, item: Item, place: int) -> Json:
    props = [standard("label", item.id), standard("sort-id", f"{place:05d}")]
    props += [own(key.replace("_", "-"), value) for key in SINGLE if (value := getattr(item, key))]
    props += [own(key.replace("_", "-"), value) for key in SEVERAL for value in getattr(item, key)]
    props.append(own("verified", str(item.verified).lower()))
    props += [_asked(one) for one in item.asked]
    objects = {"name": "assessment-objects", "prose": prose("\n".join(item.evidence) or item.question_zh)}
    parts = [
        {"id": f"{name}_smt", "name": "statement", "prose": prose(item.quote_zh)},
        {"id": objective(name), "name": "assessment-objective", "prose": prose(item.question_zh)},
        *(
            {"id": f"{name}_asm-{method.lower()}", "name": "assessment-method", "props": [standard("method", method)],
             "parts": [objects]}
            for method in METHODS[item.method]
        ),
        {"id": f"{name}_gdn", "name": "guidance", "prose": prose(item.remedy_zh)},
    ]  # fmt: skip
    return {"id": name, "class": "item", "title": marked(item.question_zh), "props": props, "parts": parts}


def _asked(one: Asked) -> Json:
    """A named check; its parameters stand as JSON beside it."""
    told = msgspec.json.encode(one.parameters, order="deterministic").decode()
    return own("check", one.check) | ({"remarks": prose(told)} if one.parameters else {})


