"""How sites are probed: the settings of `[sites]`, and the hosts that hidden links may well lead to."""

from __future__ import annotations

from pathlib import Path

import msgspec

from netops.core.language import Text
from netops.core.toml import Source, settled


class Sites(msgspec.Struct, frozen=True):
    """`[sites]`: how registered sites, services and interfaces are visited; only what the registers name is ever asked."""

    enabled: bool = True
    """The one switch: false, and no page is asked for."""
    seconds: float = 15.0
    """A page must come within so long (the national indicator)."""
    requests: int = 60
    """The most that a look at one site may ask for, robots.txt and links too."""
    links: int = 30
    """Links of a home page that are asked, other ones every day."""
    page_kib: int = 2048
    """The most that is read of one page."""
    pause_seconds: float = 0.5
    """Between two requests to one site; more when its robots.txt asks for it."""
    at_once: int = 8
    """Sites that are visited at the same time."""
    look_hours: float = 24.0
    """A close look (pages, links, certificate, feed) at most so often; visits between count for availability only."""
    domains: tuple[str, ...] = ()
    """Names under which every host must be registered; those of the registered sites when none is given."""
    hosts: tuple[str, ...] = ()
    """HOST or HOST:PORT that links may be asked at, beside the registered ones."""
    zones: tuple[str, ...] = ()
    """Zone files (RFC 1035) whose names are held against the registers, relative to the configuration."""
    ca_file: str = ""
    """Roots that are trusted beside the system's, such as the city's own, in PEM."""
    keep_days: int = 400
    """Visits are kept so long."""


class Watchlist(msgspec.Struct, frozen=True):
    """
    `watchlists/hidden-links.toml`.

    Args:
        known: hosts that pages hide links to for good reasons, such as sharing; names below them too.
        words: what the text of a link to a foreign site may not say, hidden or not.
    """

    known: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def is_known(self, host: str) -> bool:
        """Whether it is one of them, or below one."""
        return any(host == one or host.endswith(f".{one}") for one in self.known)

    def said(self, text: str) -> str:
        """The first of the words that stands in *text*, or ""."""
        return next((one for one in self.words if one in text), "")


def watchlist(playbooks: Path) -> Watchlist:
    """
    The list that ships, or the office's own.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "hidden-links.toml"
    if not path.exists():
        return Watchlist()
    faults: list[Text] = []
    source = Source(path, "watchlists/hidden-links.toml", faults)
    made = source.struct(source.content, Watchlist)
    settled("the watch list was not read", faults, "mend the lines above")
    return made or Watchlist()


def zone_names(text: str, origin: str) -> list[str]:
    """
    Host names that a zone file gives an address or another name (A, AAAA, CNAME), in their order.

    Args:
        origin: the zone's own name, until the file says another ($ORIGIN).
    """
    found: list[str] = []
    owner = origin.rstrip(".").lower()
    origin = owner
    for raw in text.splitlines()[:200_000]:
        line = raw.split(";", 1)[0]
        words = line.split()
        if not words:
            continue
        if words[0].upper() == "$ORIGIN" and len(words) > 1:
            origin = words[1].rstrip(".").lower()
            continue
        if not line[:1].isspace() and not words[0].startswith("$"):
            name = words[0].lower()
            owner = origin if name == "@" else name.rstrip(".") if name.endswith(".") else f"{name}.{origin}"
            words = words[1:]
        if any(word.upper() in ("A", "AAAA", "CNAME") for word in words[:4]) and "*" not in owner and owner not in found:
            found.append(owner)
    return found
