"""Words of papers about declarations, official names and Chinese dates in Chinese, names as spoken otherwise."""

from __future__ import annotations

from netops.core.language import _, spoken
from netops.core.paper import chinese_date
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds.address_lines import PLANES, official_name


def name_of(desk: Desk, code: str) -> str:
    """What an organization is called on paper."""
    return official_name(desk, code) if spoken() == "zh" else desk.register.name(code)


def plane_words(plane: Plane) -> str:
    """What a network is called on paper."""
    return PLANES[plane] if spoken() == "zh" else _(plane.label)


def day_words(iso: str) -> str:
    """An ISO day as papers say it; "" stays so."""
    return chinese_date(iso) if iso and spoken() == "zh" else iso


def head_words(head: str) -> str:
    """The head of the journal, as every paper shows it."""
    return _("head of the journal {head}").format(head=head[:16])
