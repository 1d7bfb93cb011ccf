"""What kind of incident: categories of GB/T 20986-2023 and the causes that findings fold by, from `playbooks/law/`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from netops.core.language import N_, Said, Text, spoken
from netops.core.toml import Source, settled, until_changed


class Category(msgspec.Struct, frozen=True):
    """One of the ten categories; subcategories are numbered from 1 in their order, the same in both languages."""

    no: str
    key: str
    name_zh: str
    name_en: str
    subcategories: tuple[str, ...] = ()
    subcategories_en: tuple[str, ...] = ()


class Cause(msgspec.Struct, frozen=True):
    """A cause (起因): which kinds of finding it explains and which category that is."""

    key: str
    title_zh: str
    title_en: str
    category: str
    kinds: tuple[str, ...]

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.title_en if spoken() == "en" else self.title_zh


class _Standard(msgspec.Struct, frozen=True):
    title: str
    effective_from: str
    verified: bool
    note: str = ""


class Taxonomy(msgspec.Struct, frozen=True):
    """Categories and causes as read."""

    categories: tuple[Category, ...]
    causes: tuple[Cause, ...]

    def cause(self, kind: str) -> Cause:
        """The cause of a kind of finding; a kind that nobody mapped is a cause of its own, category 10 其他事件."""
        found = next((cause for cause in self.causes if kind in cause.kinds), None)
        return found or Cause(kind, kind, kind.replace("_", " "), "10", (kind,))

    def by_key(self, key: str) -> Cause:
        """The cause with this key."""
        return next((cause for cause in self.causes if cause.key == key), None) or self.cause(key)

    def name(self, number: str, language: str = "zh") -> str:
        """Name of "6.7" or "10" in the standard, or what it means in English; "" when there is none."""
        main, _, sub = number.partition(".")
        category = next((one for one in self.categories if one.no == main), None)
        if category is None:
            return ""
        name, several = category.name_zh, category.subcategories
        if language == "en":
            name, several = category.name_en, category.subcategories_en
        if not sub:
            return name
        place = int(sub) if sub.isdecimal() else 0
        return several[place - 1] if 0 < place <= len(several) else ""

    def told(self, number: str, stored: str) -> str:
        """The category in the language in use; *stored* is its Chinese name as an incident keeps it."""
        return self.name(number, "en") or stored if spoken() == "en" else stored


@until_changed(lambda playbooks: [playbooks / "law" / "taxonomy.toml"])
def load(playbooks: Path) -> Taxonomy:
    """
    Read `law/taxonomy.toml`.

    Raises:
        Faults: unknown keys, categories that do not exist, a kind under two causes: all at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "taxonomy.toml", "law/taxonomy.toml", faults)
    source.unknown({"standard", "categories", "causes"})
    standard = source.content.get("standard")
    if isinstance(standard, dict):
        source.struct(standard, _Standard, "standard")
    else:
        source.fault(N_("must be written as [standard]"), "standard")
    categories = source.entries("categories", Category)
    for index, one in categories:
        if len(one.subcategories) != len(one.subcategories_en):
            source.fault(N_("subcategories and subcategories_en must be equally many"), "categories", index, "subcategories_en")
    causes = source.entries("causes", Cause)
    taxonomy = Taxonomy(tuple(entry for _, entry in categories), tuple(entry for _, entry in causes))
    owner: dict[str, str] = {}
    for index, cause in causes:
        if not taxonomy.name(cause.category):
            source.fault(Said("there is no category {category!r}", category=cause.category), "causes", index, "category")
        for kind in cause.kinds:
            if owner.setdefault(kind, cause.key) != cause.key:
                source.fault(Said("{kind} is under {value} already", kind=kind, value=owner[kind]), "causes", index, "kinds")
    settled("the taxonomy was not read", faults, "mend the lines above; netops playbook check reads them again")
    return taxonomy
