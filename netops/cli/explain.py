"""`netops explain CODE`: a rule: what, why, mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.finding import WITNESSES
from netops.cli.printing import Column
from netops.core.language import N_, _, series, spoken

if TYPE_CHECKING:
    from netops.core.finding import Rule


@click.command(cls=Command)
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """What a rule says, on what article it stands, and how to mend what it finds; without CODE every rule."""
    from netops.rounds import look

    out = output()
    if code is None:
        out.records(
            "rule",
            [_record(one) for one in look.rules().values()],
            [
                Column(N_("rule"), lambda one: one["code"], style="cyan"),
                Column(N_("kind"), lambda one: one["kind"]),
                Column(N_("severity"), lambda one: _(one["severity"])),
                Column(
                    N_("article"),
                    lambda one: series(basis.article for basis in one["basis"]),
                    right=True,
                ),
                Column(N_("what"), lambda one: one["explanation"].split("\n\n")[0]),
            ],
            next_step="netops explain TP-101",
        )
        return
    rule = look.rule(code)
    record, proofs = _record(rule), _proofs(rule)
    record |= {"enough_alone": [name for name, _weight in proofs[0]], "only_together": [name for name, _weight in proofs[1]]}

    def text() -> None:
        out.line(
            f"{rule.code}  {rule.kind}  {_(rule.severity)}  {'、'.join(basis.label for basis in rule.basis)}",
            style="bold",
        )
        for paragraph in record["explanation"].split("\n\n"):
            out.line()
            out.line(paragraph)
        if any(proofs):
            out.line()
        for label, several in zip((_("enough alone"), _("only together")), proofs, strict=True):
            if several:
                told = series(f"{_(WITNESSES.get(name, name))} {weight:.0%}" for name, weight in several)
                out.line(f"{label}　{told}")
        for basis in rule.basis:
            quote = _quote(basis.article)
            if quote:
                out.line()
                label = (
                    basis.label if spoken() == "zh" else _("article {number}").format(number=basis.article)
                )
                out.line(f"{label}　{quote}", style="dim")

    out.record("rule", record, text)


def _record(rule: Rule) -> dict[str, Any]:
    """A rule in JSON, its explanation in the language in use, one paragraph a part."""
    from netops.rounds import look

    return {
        "code": rule.code,
        "kind": rule.kind,
        "severity": rule.severity,
        "basis": rule.basis,
        "room": rule.room,
        "explanation": "\n\n".join(look.explained(rule)),
    }


def _proofs(rule: Rule) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Witnesses that suffice alone for what a rule says, and those that do only together; none for other rooms' rules."""
    from netops.egress import witness

    if rule.room != "egress":
        return [], []
    with desk() as opened:
        return witness.rulebook(opened.playbooks).proofs(rule.kind, rule.code)


def _quote(article: int) -> str:
    """The article's own words; in English its gloss, which is not the law."""
    from netops.incidents import legal_basis

    with desk() as opened:
        found = (
            one
            for one in legal_basis.articles(opened.playbooks)
            if one.article == article and one.instrument == "measures"
        )
        one = next(found, None)
    if one is None:
        return ""
    return one.gloss_en if spoken() == "en" else one.text_zh_display.strip()
