"""What a page is: its address, the deed that it asks for, what shows it; and what an act is, whose plan is shown first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from netops.core.journal import Entry
from netops.core.permission import Deed
from netops.web.pages.table import Table
from netops.web.pages.visit import Visit


@dataclass(frozen=True)
class Shown:
    """
    A page as it is to be rendered.

    Args:
        template: file of the template.
        answer: the sentence that answers, which the page opens with.
        tables: those that the address can ask for as CSV.
        under: what stands below the answer.
        trail: where the page lies: address and title of each page above it.
    """

    template: str
    answer: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    under: str = ""
    trail: Sequence[tuple[str, str]] = ()
    status: int = 200
    mark: str = ""


@dataclass(frozen=True)
class Page:
    """
    A page.

    Args:
        path: its address; {name} takes a segment, {name:path} the rest.
        deed: what who looks must be allowed to do; None for anybody who is known.
        show: makes it; it asks itself what of it may be seen.
        bound: a department may look at it: it then shows only what is the department's own.
    """

    path: str
    deed: Deed | None
    show: Callable[[Visit], Shown | Response]
    bound: bool = True


# ---- acts
@dataclass(frozen=True)
class Field:
    """
    One field of an act's form.

    Args:
        kind: text, area, date, number, choice, file, or hidden; ticks is a choice that shows all of them, remark a short area
            that belongs to the field before it.
        choices: value and label of each choice.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    required: bool = False
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    most: int = 2000


@dataclass(frozen=True)
class Step:
    """One line of a plan: good is added, bad is taken away or objected to, note is to be thought about."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Intent:
    """
    What somebody is about to do.

    Args:
        title: what it is.
        fields: what is asked.
        seen: what it stands on, as the person sees it: changed meanwhile, it is not done.
        again: the same, asked anew when nobody else can act any more.
        plan: what it would do, for what was said; raises what refuses it.
        do: does it, under a key; through a function of a round or room. It is told what was "seen", and may say where to go.
        proof: what the plan comes to, where that and not the record is what the person saw; *do* holds it against what it finds.
        where: the address to go to, by the journal's entry of it.
        back: the address it was asked from.
        asks_first: nothing is planned before something was said, although no field must be.
    """

    title: str
    fields: Sequence[Field]
    plan: Callable[[Mapping[str, str]], Sequence[Step]]
    do: Callable[[Mapping[str, str], str], object]
    back: str
    seen: str = ""
    again: Callable[[], str] = lambda: ""
    where: Callable[[Entry], str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    verb: str = ""
    proof: Callable[[Mapping[str, str]], str] | None = None
    asks_first: bool = False


@dataclass(frozen=True)
class Act:
    """An act that a page offers: *deed* as for pages; *intend* asks itself at what it may be done."""

    path: str
    deed: Deed
    intend: Callable[[Visit], Intent]
    bound: bool = True
