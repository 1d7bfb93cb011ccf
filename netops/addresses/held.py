"""Who has what, for the programs that must know it: runs of addresses with a name, a card and a purpose. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from netops.addresses.span import Span, is_ipv4
from netops.core.language import N_

LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
"""RFC 1123 §2.1: letters, digits, hyphens; at most 63, no hyphen at an end."""
LONGEST_NAME = 253
"""Octets of a name without its last point (RFC 1035 §2.3.4)."""


class Held(msgspec.Struct, frozen=True):
    """
    One run of addresses in one organization's hands.

    Args:
        name: host name of a single address as people wrote it, or "".
        mac: lower case with colons, or "".
        organization: code; *title*: its name for comments.
        source: number of the allocation, or the name of the register's device.
    """

    span: Span
    organization: str
    title: str
    name: str = ""
    mac: str = ""
    purpose: str = ""
    source: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """What could not be written, and why (a message id with facts)."""

    source: str
    value: str
    why: str
    facts: dict[str, str] = {}


class Written(msgspec.Struct, frozen=True):
    """
    One file of an export.

    Args:
        name: what the file is called, such as "11.20.10.in-addr.arpa.zone".
        count: entries in it.
    """

    name: str
    text: str
    count: int
    skipped: tuple[Skipped, ...] = ()


NAMELESS = N_("it has no name")
ILL_NAMED = N_("{name} is no host name (RFC 1123: letters, digits and hyphens)")
CARDLESS = N_("no network card is bound to it")
SEVERAL = N_("it has {count} addresses; a name belongs to one")


def host_name(text: str, domain: str = "") -> str:
    """
    *text* as a host name in lower case, under *domain* when it has no point; "" when it is none.

    Never believe a name: it stands in files that name servers and DHCP servers read.
    """
    name = text.strip().rstrip(".").lower()
    if name and domain and "." not in name:
        name = f"{name}.{domain}"
    return name if name and len(name) <= LONGEST_NAME and all(map(LABEL.fullmatch, name.split("."))) else ""


def name_of(one: Held, domain: str = "") -> str | Skipped:
    """The name of a single address, or why it has none."""
    if one.span.size > 1:
        return Skipped(one.source, str(one.span), SEVERAL, {"count": str(one.span.size)})
    if not one.name:
        return Skipped(one.source, str(one.span), NAMELESS)
    return host_name(one.name, domain) or Skipped(
        one.source, str(one.span), ILL_NAMED, {"name": one.name[:80]}
    )


def of_family(held: Iterable[Held], family: int) -> list[Held]:
    """Those of IPv4 (4) or IPv6 (6), by address."""
    return sorted((one for one in held if is_ipv4(one.span.first) == (family == 4)), key=lambda one: one.span)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The fewest runs that hold the same addresses, in order; IPv4 and IPv6 stay apart."""
    runs: list[Span] = []
    for span in sorted(spans):
        if runs and span.first <= runs[-1].last + 1 and is_ipv4(span.first) == is_ipv4(runs[-1].first):
            runs[-1] = Span(runs[-1].first, max(runs[-1].last, span.last))
        else:
            runs.append(span)
    return runs


def word(text: str, longest: int) -> str:
    """*text* as a name that every firewall takes: ASCII letters, digits, _ and -; cut where it is too long."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:longest] or "_"


def comment(text: str, longest: int) -> str:
    """*text* on one line without what could end a quoted word or ask a console for help; cut where it is too long."""
    return re.sub(r"[\"'`\\?;{}$<>\s\x00-\x1f\x7f]+", " ", text).strip()[:longest]
