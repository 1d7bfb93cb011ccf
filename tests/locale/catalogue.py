"""
The message catalogue: `python tests/locale/catalogue.py` finds every message in the sources, keeps the translations
that are there, and compiles netops/locale. What has no Chinese yet is listed, and the exit code is 1.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "netops" / "locale" / "zh_CN" / "LC_MESSAGES"
TEXTS = ("what", "why", "mend")
RULE = ("title", "because")


def messages() -> dict[str, list[tuple[str, int]]]:
    """Every English message id, with the places where it stands."""
    found: dict[str, list[tuple[str, int]]] = {}
    paths = sorted((TOP / "netops").rglob("*.py"))
    trees = {path: ast.parse(path.read_text("utf-8")) for path in paths if "migrations" not in path.parts}
    errors = _error_names(trees.values())
    for path, tree in trees.items():
        for text, line in _of(tree, path, errors):
            if text.strip() and re.search("[A-Za-z]{2}", text):
                found.setdefault(text, []).append((str(path.relative_to(TOP)), line))
    for path in sorted((TOP / "netops" / "web" / "templates").glob("*.html")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for text in _in_template(line):
                found.setdefault(text, []).append((str(path.relative_to(TOP)), number))
    return found


def _in_template(line: str) -> Iterator[str]:
    for match in re.finditer(r"""\b_\((["'])(.*?)\1\)""", line):
        yield match[2]
    loop = re.search(r"for head in \((.*?)\)", line)
    if loop:
        yield from re.findall(r'"([^"]+)"', loop[1])


def _error_names(trees: object) -> set[str]:
    """NetopsError and every class under it, by name."""
    names = {"NetopsError"}
    bases = [(node.name, {base.id for base in node.bases if isinstance(base, ast.Name)})
             for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]  # type: ignore[attr-defined]
    for _round in range(4):
        names |= {name for name, above in bases if above & names}
    return names


def _text(node: ast.expr | None) -> list[str]:
    """The texts that an expression can be: a literal, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _text(node.body) + _text(node.orelse)
    return []


def _of(tree: ast.Module, path: Path, errors: set[str]) -> Iterator[tuple[str, int]]:
    cli = "cli" in path.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            wanted: list[ast.expr] = []
            if name in ("_", "N_", "Said", "Misspelled"):
                wanted = node.args[:1]
            elif name in errors or name == "__init__":
                wanted = node.args[:3] + [word.value for word in node.keywords if word.arg in TEXTS]
            elif name == "rule":
                wanted = [word.value for word in node.keywords if word.arg in RULE]
            elif name == "settled":
                wanted = [node.args[0], node.args[2]] if len(node.args) > 2 else []
            elif name == "Unreachable":
                wanted = [word.value for word in node.keywords if word.arg == "why"] + node.args[4:5]
            elif name == "Report":
                facts = next((word.value for word in node.keywords if word.arg == "facts"), None)
                wanted = [key for key in facts.keys if key] if isinstance(facts, ast.Dict) else []
            for argument in wanted:
                for text in _text(argument):
                    if name != "__init__" or " " in text:
                        yield text, node.lineno
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "StrEnum" for base in node.bases):
            for line in node.body:
                if isinstance(line, ast.Assign):
                    yield from ((text, line.lineno) for text in _text(line.value))
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(one) for one in node.decorator_list]
            doc = ast.get_docstring(node) or ""
            if any(one.startswith("rule(") for one in decorators):
                yield from ((text, node.lineno) for part in doc.split("\n\n") for text in labelled(" ".join(part.split())))
            elif cli and any(re.search(r"command\(|group\(", one) for one in decorators):
                yield from ((" ".join(part.split()), node.lineno) for part in doc.split("\n\n") if not part.startswith("\b"))


def labelled(paragraph: str) -> list[str]:
    """A rule's paragraph before What:, Why:, Mend: and Refuted:, as `netops explain` splits it."""
    return [part.strip() for part in re.split(r"(?=\b(?:What|Why|Mend|Refuted): )", paragraph) if part.strip()]


def click_messages() -> list[str]:
    """click's own words, translated beside ours."""
    return [
        "Usage:", "Options", "Commands", "Arguments", "Positional arguments", "Show this message and exit.",
        "Show the version and exit.", "Missing argument", "Missing option", "Missing parameter",
        "Missing parameter: {param_name}",
        "No such option {name!r}.", "No such command {name!r}.", "Missing command.", "[OPTIONS]", "Invalid value: {message}",
        "Invalid value for {param_hint}: {message}", "Aborted!", "required", "default: {default}",
        "Option {name!r} requires an argument.", "Option {name!r} does not take a value.",
        "{name} {filename!r} does not exist.", "{value!r} is not a valid {number_type}.",
        "{value} is not in the range {range}.", "Could not open file {filename!r}: {message}",
        "Try '{command} {option}' for help.",
    ]


def click_plurals() -> list[tuple[str, str]]:
    """The same where click has one text for one and another for several."""
    return [
        ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
        ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
        ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    ]


def read() -> Catalog:
    """The Chinese catalogue as it stands."""
    path = FOLDER / "netops.po"
    if not path.exists():
        return Catalog(locale="zh_CN", project="netops", version="0.1.0")
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def refreshed() -> Catalog:
    """The catalogue of the messages that there are now, with the translations that are known."""
    known, fresh = read(), Catalog(locale="zh_CN", project="netops", version="0.1.0", fuzzy=False)
    for text, places in sorted(messages().items()):
        entry = known.get(text)
        fresh.add(text, string=entry.string if entry else "", locations=[(place, 0) for place, _line in places][:2])
    for text in click_messages():
        if text not in fresh:
            entry = known.get(text)
            fresh.add(text, string=entry.string if entry else "", auto_comments=["click"])
    for pair in click_plurals():
        entry = known.get(pair[0])
        kept = entry.string if entry and isinstance(entry.string, tuple) else ("",)
        fresh.add(pair, string=kept, auto_comments=["click"])
    return fresh


def main() -> int:
    """Refresh, compile, and list what is missing."""
    fresh = refreshed()
    fixed = read().creation_date
    fresh.creation_date = fresh.revision_date = fixed
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "netops.po").open("wb") as file:
        write_po(file, fresh, width=110, omit_header=False, include_lineno=False)
    with (FOLDER / "netops.mo").open("wb") as file:
        write_mo(file, fresh)
    missing = [entry.id for entry in fresh if entry.id and not all(entry.string if entry.pluralizable else [entry.string])]
    print(f"{len(fresh)} messages, {len(missing)} without Chinese")
    for text in missing[:2000]:
        print(" ", repr(text))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
