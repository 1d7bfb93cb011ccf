"""Response playbooks (处置预案): a TOML head between +++ lines and numbered steps, from `playbooks/incidents/*.md`."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from netops.core.errors import Missing, Refused
from netops.core.language import Said, Text, spoken
from netops.core.toml import Source, settled, until_changed

MAX_BYTES = 1 << 20


class PlaybookHead(msgspec.Struct, frozen=True):
    """The head: which causes it answers, on which articles, and how soon its first step should be done."""

    title_zh: str
    title_en: str
    causes: tuple[str, ...]
    kinds: tuple[str, ...]
    articles: tuple[int, ...]
    first_step_minutes: int = 60


class Playbook(msgspec.Struct, frozen=True):
    """
    One playbook; *steps* in their order, without their numbers.

    Args:
        english: the whole in English, from `incidents/en/`, and its steps; "" and () where nobody has written it.
    """

    name: str
    head: PlaybookHead
    steps: tuple[str, ...]
    text: str
    english: str = ""
    steps_en: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.head.title_en if spoken() == "en" else self.head.title_zh

    @property
    def told(self) -> str:
        """The whole in the language in use, without its title; in Chinese where there is no English."""
        text = (spoken() == "en" and self.english) or self.text
        return text.partition("\n")[2].strip() if text.startswith("# ") else text

    @property
    def said(self) -> tuple[str, ...]:
        """The steps in the language in use."""
        return (spoken() == "en" and self.steps_en) or self.steps


@until_changed(lambda playbooks: sorted((playbooks / "incidents").rglob("*.md")))
def load(playbooks: Path) -> dict[str, Playbook]:
    """
    Every playbook by name.

    Raises:
        Faults: heads that cannot be read, steps that are not numbered from 1, English ones that are not as many: all at once.
    """
    faults: list[Text] = []
    found = {}
    for path in sorted((playbooks / "incidents").glob("*.md")):
        one = _read(path, faults)
        if one:
            found[one.name] = one
    settled("the playbooks were not read", faults, "mend the lines above; netops playbook check reads them again")
    return found


def _text(path: Path, shown: str, faults: list[Text]) -> str | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("larger than 1 MiB")
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        faults.append(Said("{error}", error=error).at(shown))
        return None


def _read(path: Path, faults: list[Text]) -> Playbook | None:
    shown = f"incidents/{path.name}"
    text = _text(path, shown, faults)
    if text is None:
        return None
    match = re.match(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text, re.DOTALL)
    if not match:
        faults.append(Said("{shown}:1: must begin with a head between two lines of +++", shown=shown))
        return None
    before = len(faults)
    source = Source(path, shown, faults, "\n" + match[1])
    head = source.struct(source.content, PlaybookHead) if len(faults) == before else None
    steps = _steps(match[2], f"{shown}:{text[: match.start(2)].count(chr(10)) + 1}", faults)
    english = path.parent / "en" / path.name
    said = (_text(english, f"incidents/en/{path.name}", faults) or "") if english.is_file() else ""
    steps_en = _steps(said, f"incidents/en/{path.name}:1", faults) if said else ()
    if steps_en and len(steps_en) != len(steps):
        faults.append(Said(
            "incidents/en/{name}:1: has {steps_en} steps where the Chinese one has {steps}",
            name=path.name, steps_en=len(steps_en), steps=len(steps),
        ))
    return Playbook(path.stem, head, steps, match[2].strip(), said.strip(), steps_en) if head else None


def _steps(body: str, place: str, faults: list[Text]) -> tuple[str, ...]:
    """Numbered steps, each in one line; a step may go on in lines that are indented."""
    numbered = re.findall(r"^(\d+)\. (.+(?:\n {2,}.+)*)", body, re.MULTILINE)
    if [number for number, _ in numbered] != [str(n + 1) for n in range(len(numbered))] or not numbered:
        faults.append(Said("steps must be numbered 1., 2., 3. without gaps").at(place))
    between = r"(?<=[!-~])\s*\n\s+(?=[!-~])"  # a space where Latin words meet, nothing between Chinese ones
    return tuple(re.sub(r"\s*\n\s+", "", re.sub(between, " ", step)).strip() for _, step in numbered)


def answering(playbooks: dict[str, Playbook], cause: str) -> Playbook | None:
    """The playbook for a cause, or None."""
    return next((one for one in playbooks.values() if cause in one.head.causes), None)


def named(playbooks: dict[str, Playbook], name: str) -> Playbook:
    """
    The playbook with this name, or for this kind of finding.

    Raises:
        Missing: there is none.
    """
    found = playbooks.get(name) or next((one for one in playbooks.values() if name in one.head.kinds), None)
    if found is None:
        raise Missing(
            "there is no playbook {name}",
            "known are: {known}",
            "netops playbook list",
            name=name,
            known=", ".join(playbooks),
        )
    return found


def asks(playbooks: dict[str, Playbook], name: str, step: int, wanted: str) -> str:
    """
    The words of a step that asks a person to set *wanted* (an SNMP object) on a device: the step names it.

    Raises:
        Missing: there is no such playbook or step.
        Refused: the step does not name it.
    """
    one = named(playbooks, name)
    if not 0 < step <= len(one.steps):
        raise Missing(
            "there is no step {step} in the playbook {name}",
            "it has {count}",
            "netops playbook show {name}",
            step=step,
            name=name,
            count=len(one.steps),
        )
    words = one.steps[step - 1]
    if not re.search(rf"\b{re.escape(wanted)}\b", words):
        raise Refused(
            "{wanted} was not set",
            "step {step} of the playbook {name} does not ask for it",
            "netops playbook show {name}; who answers for the playbook may add it to a step",
            wanted=wanted,
            step=step,
            name=name,
        )
    return words
