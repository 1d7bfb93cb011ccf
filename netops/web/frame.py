"""The frame of every page: rendered in the language and the light that the visitor wants, with the rooms beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from netops import __version__
from netops.core.clock import city_time
from netops.core.language import LANGUAGES, N_, _, choose, speak, spoken
from netops.core.permission import Deed, Principal
from netops.desk import Desk
from netops.rounds import look
from netops.web.pages.page import Shown
from netops.web.pages.table import commands

HERE = Path(__file__).parent
THEMES = ("light", "dark")
ROOMS: tuple[tuple[str, str, Deed], ...] = (
    ("/", N_("Status"), Deed.READ),
    ("/findings", N_("Findings"), Deed.READ),
    ("/topology", N_("Topology"), Deed.READ),
    ("/pools", N_("Addresses"), Deed.READ),
    ("/declarations", N_("Declarations"), Deed.READ),
    ("/registers", N_("Registers"), Deed.READ),
    ("/egress", N_("Egress"), Deed.READ),
    ("/incidents", N_("Incidents"), Deed.READ),
    ("/documents", N_("Documents"), Deed.READ),
    ("/inspections", N_("Inspections"), Deed.READ),
    ("/journal", N_("Journal"), Deed.READ_JOURNAL),
    ("/accounts", N_("Accounts"), Deed.READ_ACCOUNTS),
)
"""Rooms in the order of the navigation: address, title, and what it takes to look inside."""
ALSO = {"devices": "topology", "allocations": "pools", "allocate": "pools", "rules": "findings", "declare": "declarations"}
"""Pages that lie in a room by another name."""


@dataclass(frozen=True)
class Room:
    """One entry of the navigation."""

    href: str
    title: str
    here: bool
    count: int = 0


class Frame:
    """
    Renders pages.

    Args:
        is_open: whoever is not signed in may look.
    """

    def __init__(self, desk: Desk, *, is_open: bool) -> None:
        self.desk, self.is_open = desk, is_open
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.templates.globals |= {
            "_": _,
            "city_time": city_time,
            "title": look.title,
            "because": look.because,
            "commands": commands,
            "version": __version__,
            "edition": _edition(),
        }

    def speak(self, request: Request) -> None:
        """In the language that the request asks for."""
        wanted = request.query_params.get("lang") or request.cookies.get("lang")
        speak(choose(wanted if wanted in LANGUAGES else None, self.desk.config.language))

    def render(self, request: Request, shown: Shown, who: Principal | None = None, done: int = 0) -> Response:
        """The page as HTML."""
        language = spoken()
        asked = request.query_params.get("theme") or request.cookies.get("theme")
        theme = asked if asked in THEMES else ""
        other = "en" if language == "zh" else "zh"
        html = self.templates.get_template(shown.template).render(
            **self._common(request, who),
            answer=shown.answer,
            under=shown.under,
            trail=shown.trail,
            mark=shown.mark,
            done=done,
            language=language,
            theme=theme,
            other_language=other,
            other_url=_same(request, lang=other),
            theme_url=_same(request, theme="light" if theme == "dark" else "dark"),
            tables=shown.tables,
            **({"past": "", "present_url": "", "query": ""} | dict(shown.values)),
        )
        response = HTMLResponse(html, shown.status)
        for name, known in (("lang", LANGUAGES), ("theme", THEMES)):
            if (value := request.query_params.get(name)) in known:
                assert value is not None  # noqa: S101 - it is one of the known
                response.set_cookie(name, value, httponly=True, samesite="strict", max_age=31_536_000)
        return response

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page that anybody may see: signing in, and what is wrong."""
        self.speak(request)
        answer = str(values.pop("answer", ""))
        return self.render(request, Shown(template, answer, values, status=status))

    def _common(self, request: Request, who: Principal | None) -> dict[str, Any]:
        path = request.scope["path"]
        first = path.split("/")[1]
        here = "/" + ALSO.get(first, first)
        rooms = [Room(href, _(title), href == here) for href, title, deed in ROOMS if who is not None and who.may(deed)]
        return {
            "city": self.desk.config.city.title(spoken()),
            "register": self.desk.register,
            "who": who,
            "rooms": rooms,
            "here": _same(request),
            "may_sign_in": who is not None,
            "live": who is not None and who.may(Deed.READ),
            "now": city_time(self.desk.clock()),
            "present": self.desk.clock(),
        }


def _same(request: Request, **changes: str) -> str:
    """The address of this page, as seen from this server."""
    url = request.url.remove_query_params(["lang", "theme", "done"])
    if request.method != "GET":
        url = url.replace(query="")
    if changes:
        url = url.include_query_params(**changes)
    return str(url.replace(scheme="", netloc=""))


def _edition() -> str:
    """Changes with our own styles and scripts, so that browsers may keep them."""
    content = b"".join(path.read_bytes() for path in sorted((HERE / "static").iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]
