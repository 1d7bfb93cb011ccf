"""`netops playbook`: list, show, check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from netops.incidents.playbook import Playbook

STYLES = {"good": "green", "note": "yellow", "bad": "red"}


@click.group(cls=Group)
def playbook() -> None:
    """What people do, step by step, and the law, forms and catalogues beside it."""


@playbook.command("list")
def list_() -> None:
    """Every playbook, with the causes that it answers."""
    from netops.incidents import playbook as playbooks

    with desk() as opened:
        found = list(playbooks.load(opened.playbooks).values())
    output().records(
        "playbook",
        found,
        [
            Column(N_("name"), lambda one: one.name, style="cyan"),
            Column(N_("title"), lambda one: one.title),
            Column(N_("findings"), lambda one: ", ".join(one.head.kinds)),
            Column(N_("article"), _articles),
            Column(N_("steps"), lambda one: len(one.steps), right=True),
            Column(N_("first step within"), lambda one: _minutes(one.head.first_step_minutes), right=True),
        ],
        empty=_("There is no playbook."),
        next_step=f"netops playbook show {found[0].name}" if found else "",
    )


def _articles(one: Playbook) -> str:
    from netops.core.basis import Basis
    from netops.incidents import saying

    return saying.several(saying.article(Basis(number)) for number in one.head.articles)


def _minutes(count: int) -> str:
    return _("{minutes} min").format(minutes=count)


@playbook.command()
@click.argument("name")
def show(name: str) -> None:
    """One playbook, by its name or by the kind of finding that it answers."""
    from netops.incidents import playbook as playbooks
    from netops.rounds import look

    out = output()
    with desk() as opened:
        one = playbooks.named(playbooks.load(opened.playbooks), name)
    ruled = [rule.code for rule in look.rules().values() if rule.kind in one.head.kinds]

    def text() -> None:
        from rich.markdown import Markdown

        out.line(f"{one.name}  {one.title}", style="bold")
        out.line(f"  {labelled(_('article'))}" + _articles(one))
        out.line(f"  {labelled(_('findings'))}" + ", ".join(one.head.kinds))
        out.line(f"  {labelled(_('first step within'))}" + _minutes(one.head.first_step_minutes))
        out.rich(Markdown(one.told, hyperlinks=False))
        out.next(f"netops explain {ruled[0]}" if ruled else "netops playbook list")

    out.record("playbook", one, text)


@playbook.command()
def check() -> None:
    """Read every playbook, law table, form and catalogue; exit code 1 when one cannot be read."""
    out = output()
    with desk() as opened:
        found = [_tried(place, what, count) for place, what, count in _readings(opened.playbooks)]
    out.records(
        "check",
        found,
        [
            Column("", lambda row: sign(row["state"]), style=lambda row: STYLES[row["state"]]),
            Column(N_("file"), lambda row: row["file"], style="cyan"),
            Column(N_("what"), lambda row: _(row["what"])),
            Column(N_("entries"), lambda row: row["entries"], right=True),
            Column(N_("unverified"), lambda row: row["unverified"], right=True),
            Column(N_("faults"), lambda row: "\n".join(row["faults"])),
        ],
        note=_("An unverified entry is shown as such wherever it is used."),
    )
    raise SystemExit(int(any(row["faults"] for row in found)))


def _readings(folder: Path) -> Iterator[tuple[str, str, Callable[[], tuple[int, int]]]]:
    """File, what it holds, and reading it: how many entries, how many of them unverified."""
    from netops.addresses import wording
    from netops.incidents import calendar, clocks, grading, legal_basis, playbook, taxonomy
    from netops.incidents import wording as wordings
    from netops.inspections import assessment, catalogue
    from netops.rounds import inspect_record

    def counted(entries: tuple[object, ...]) -> tuple[int, int]:
        return len(entries), sum(not getattr(one, "verified", True) for one in entries)

    def scale() -> tuple[int, int]:
        rules = grading.load(folder)
        return counted((*rules.thresholds, *rules.proposals))

    yield "law/bases.toml", N_("legal bases"), lambda: counted(legal_basis.load(folder))
    yield "law/clocks.toml", N_("statutory clocks"), lambda: counted(clocks.read(folder))
    yield "law/holidays.toml", N_("working calendar"), lambda: counted(calendar.read(folder))
    yield "law/grading.toml", N_("grading"), scale
    yield "law/taxonomy.toml", N_("categories and causes"), lambda: counted(taxonomy.load(folder).causes)
    yield "law/articles.toml", N_("articles"), lambda: counted(legal_basis.articles(folder))
    yield "law/requirements.toml", N_("what is asked"), lambda: (len(wordings.requirements(folder)), 0)
    for name in wordings.names(folder):
        yield (
            f"notices/{name}.toml",
            N_("wording of a document"),
            lambda name=name: counted(wordings.load(folder, name).blocks),  # type: ignore[misc]
        )
    yield "notices/addresses/*.toml", N_("wording of papers about addresses"), lambda: wording.check(folder)
    yield "incidents/*.md", N_("playbooks"), lambda: counted(tuple(playbook.load(folder).values()))
    yield "assessment.toml", N_("yearly assessment"), lambda: counted(assessment.load(folder).dimensions)
    yield "records.toml", N_("wording of inspection records"), lambda: (len(inspect_record.both(folder)), 0)
    yield "inspections/*.toml", N_("catalogues"), lambda: counted(tuple(catalogue.read(folder).values()))


def _tried(place: str, what: str, read: Callable[[], tuple[int, int]]) -> dict[str, object]:
    """One reading, and its faults when it failed."""
    from netops.core.errors import Faults, NetopsError

    entries, unverified, faults = 0, 0, []
    try:
        entries, unverified = read()
    except Faults as error:
        faults = error.lines()
    except NetopsError as error:
        faults = ["; ".join(filter(None, error.told()))]
    state = "bad" if faults else "note" if unverified else "good"
    return {"file": place, "what": what, "state": state, "entries": entries, "unverified": unverified, "faults": faults}
