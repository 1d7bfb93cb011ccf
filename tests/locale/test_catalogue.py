"""Every message exists in Chinese, with the same places to fill."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import catalogue

PLACE = re.compile(r"\{(\w*)")


def test_every_message_has_its_chinese() -> None:
    """`make messages` lists what is missing."""
    known = catalogue.read()

    missing = [text for text in [*catalogue.messages(), *catalogue.click_messages()]
               if not (entry := known.get(text)) or not entry.string]

    assert missing == []


def test_translations_fill_the_same_places() -> None:
    """A place that only one side has would fail at the worst moment."""
    wrong = [entry.id for entry in catalogue.read()
             if isinstance(entry.string, str) and entry.string and entry.id
             and set(PLACE.findall(entry.string)) - set(PLACE.findall(str(entry.id)))]

    assert wrong == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """What ships is what was translated."""
    import gettext

    with (catalogue.FOLDER / "netops.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    differing = [entry.id for entry in catalogue.read()
                 if isinstance(entry.id, str) and entry.id and entry.string and compiled.gettext(entry.id) != entry.string]
    assert differing == []


@pytest.mark.parametrize("text", ["none", "finding"])
def test_the_extraction_finds_what_is_shown(text: str) -> None:
    """The two kinds of places: code and templates."""
    assert any(text in found for found in catalogue.messages())
