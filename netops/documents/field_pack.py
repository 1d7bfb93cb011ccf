"""The field pack (外业检查包): an inspection as one page that works from a file, without a network, and saves what was found."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

import jinja2
import msgspec

HERE = Path(__file__).parent / "field"


class MachineAnswer(msgspec.Struct, frozen=True):
    """What the machine says: result, the reason as a sentence, and when."""

    answer: str
    reason: str
    at: str


class PackItem(msgspec.Struct, frozen=True):
    """One item as the page shows it; every text in the language of the pack."""

    id: str
    question: str
    basis: str
    quote: str
    machine: MachineAnswer | None = None


class FieldPack(msgspec.Struct, frozen=True):
    """
    What the page holds.

    Args:
        pack: its id; *key*: 32 octets, hex, by which it seals what it saves.
        words: every word of the page by its name in `field/pack.js`.
    """

    pack: str
    key: str
    number: str
    title: str
    about: str
    items: tuple[PackItem, ...]
    words: dict[str, str]


def render(pack: FieldPack, language: str) -> bytes:
    """The page: HTML of one file, with a policy that lets nothing in or out but what it carries."""
    style, script = ((HERE / name).read_text("utf-8") for name in ("pack.css", "pack.js"))
    # A data block ends at the first "</script", whatever stands around it.
    content = msgspec.json.encode(pack).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (HERE / "pack.html").read_text("utf-8")
    )
    return page.render(
        lang={"zh": "zh-CN"}.get(language, language),
        title=pack.title,
        noscript=pack.words["noscript"],
        style=style,
        script=script,
        content=content,
        style_hash=_hash(style),
        script_hash=_hash(script),
    ).encode()


def _hash(text: str) -> str:
    """As a content security policy names what stands in the page itself."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
