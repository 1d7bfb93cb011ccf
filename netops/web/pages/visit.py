"""A visit: who looks at which page, with what question; and what of the city they may see."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from starlette.requests import Request

from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, spoken
from netops.core.permission import Deed, Principal
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import walk as walking
from netops.web.shelf import Shelf
from netops.web.trays import Handed, Tray

T = TypeVar("T")
LONGEST = 400
"""Characters of one value in an address."""


@dataclass
class Visit:
    """
    One request of a person.

    Args:
        desk: where the journal writes *who* as the actor; looks from the time that the address names.
        path: what stands in the route's places.
        said: fields of a form that was sent.
        shelf: what several visits in a row may see without the store being asked each time.
        tray: files that were handed in with forms.
    """

    request: Request
    desk: Desk
    who: Principal
    path: Mapping[str, str]
    shelf: Shelf
    said: Mapping[str, str] = field(default_factory=dict)
    tray: Tray = field(default_factory=Tray)

    def file(self, number: str) -> Handed:
        """
        A file that who asks handed in, by its number.

        Raises:
            Missing: it is not there any more.
        """
        return self.tray.get(self.who.name, number)

    def asked(self, name: str, default: str = "") -> str:
        """A value of the question in the address; what cannot be printed is left out."""
        text = self.request.query_params.get(name, default)[:LONGEST]
        return "".join(char for char in text if char.isprintable()).strip()

    def chosen(self, name: str, known: Any) -> str:
        """A value of the question that must be one of *known*, else ""."""
        text = self.asked(name)
        return text if text in {str(one) for one in known} else ""

    def counted(self, name: str, default: int, most: int) -> int:
        """A whole number of the question, not below 0 and not above *most*."""
        text = self.asked(name)
        return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 12 else default

    # ---- what may be seen
    @property
    def own(self) -> str:
        """The organization that the account is bound to, or ""."""
        return self.who.organization

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """Planes that may be seen here, narrowed by the question."""
        asked = self.chosen("plane", Plane)
        return tuple(plane for plane in self.every_plane if asked in ("", plane))

    @property
    def every_plane(self) -> tuple[Plane, ...]:
        """Planes that may be seen here."""
        return tuple(plane for plane in self.desk.planes if plane in self.who.planes)

    def sees(self, plane: Plane | str, organization: str) -> bool:
        """Whether something of this plane and organization may be seen."""
        return self.who.may(Deed.READ, Plane(plane), organization)

    def may(self, deed: Deed, plane: Plane | str | None = None, organization: str | None = None) -> bool:
        """Whether it may be done: what cannot be done is not offered."""
        return self.who.may(deed, None if plane is None else Plane(plane), organization)

    def require_sight(self, plane: Plane | str, organization: str, what: str = "") -> None:
        """
        Make sure that something may be seen.

        Raises:
            Missing: it may not; whoever may not see it is not told that it is there.
        """
        if not self.sees(plane, organization):
            raise Missing(N_("there is no {what} that you may see"), "", "/", what=what or "-")

    @property
    def scope(self) -> tuple[Any, ...]:
        """Equal for visits that may see the same."""
        return (tuple(sorted(self.who.planes)), self.own, self.desk.at)

    def remember(self, key: Any, seconds: float, ask: Any, *, late: bool = False, mark: Any = lambda: None) -> Any:
        """What *ask* answers, or answered to anybody with the same sight in this language within so many seconds."""
        return self.shelf.get((key, self.scope, spoken()), seconds, ask, late=late, mark=mark)

    def walked(self) -> Hashable:
        """Changes with every walk and every register that is put in force: a mark of what is concluded from them."""
        return walking.stamp(self.desk)

    # ---- time
    @cached_property
    def at(self) -> datetime | None:
        """The past time that the address names, or None."""
        text = self.asked("at")
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise NetopsError(
                N_("the page was not shown"), N_("{text} is no time"), N_("write 2026-03-01 or 2026-03-01T08:00"), text=text
            ) from error
        return found if found.tzinfo else found.replace(tzinfo=CITY_ZONE)

    def then(self) -> Visit:
        """The same visit from the time that the address names."""
        if self.at is None:
            return self
        return replace(self, desk=self.desk.then(self.at))

    # ---- addresses
    def here(self, **changes: Any) -> str:
        """The address of this page with another question; None and "" take a part away."""
        kept = {
            name: value for name, value in self.request.query_params.items() if name not in ("lang", "theme", "format", "table")
        }
        kept |= {name: str(value) for name, value in changes.items() if value not in (None, "")}
        for name, value in changes.items():
            if value in (None, ""):
                kept.pop(name, None)
        return quote(self.request.scope["path"]) + (f"?{urlencode(kept)}" if kept else "")


def path(*parts: str, **question: Any) -> str:
    """An address of ours: each part is one segment, whatever stands in it."""
    asked = {name: str(value) for name, value in question.items() if value not in (None, "")}
    return "/" + "/".join(quote(part, safe="") for part in parts) + (f"?{urlencode(asked)}" if asked else "")
