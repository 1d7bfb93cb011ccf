"""What forms of people who are not signed in bring: few and small fields, and where they want to go."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request

MOST_BYTES = 64 << 10
"""Of a form."""


def inside(to: str) -> str:
    """A path of ours, whatever was asked for: nobody is sent elsewhere."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else "/"


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form as browsers send them; one that is too large has none."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            return {}
    return {name: several[0] for name, several in parse_qs(content.decode("utf-8", "replace")).items()}
