"""What one operation of the API is: its route, the deed that it asks for, what goes in and out; OpenAPI is written from it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from netops.core.errors import NetopsError
from netops.core.evidence import canonical, digest
from netops.core.journal import Entry
from netops.core.language import N_
from netops.core.permission import Deed, Principal
from netops.core.plane import Plane
from netops.desk import Desk

T = TypeVar("T")
MOST, USUAL = 1000, 100
"""Records on one page: at most, and when nobody says."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The query of a list.

    Args:
        limit: records on one page, 1 to 1000.
        cursor: *next* of the page before.
    """

    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = USUAL
    cursor: str = ""


class OfPlane(Asked, frozen=True):
    """The same, of one plane."""

    plane: Plane | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query."""


class Changed(NetopsError):
    """What was to be changed is no longer what was seen (HTTP 412)."""

    exit_code = 4


class Unconditional(NetopsError):
    """A change must say what it was made from (HTTP 428)."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some records of a list, in its order; *next* begins the next page, or is ""."""

    items: Sequence[T]
    next: str = ""


@dataclass(frozen=True)
class Call:
    """
    One request, once it is known who asks and what.

    Args:
        desk: where the journal writes *who* as the actor.
        path: what stands in the route's places.
        key: the Idempotency-Key, or "".
        if_match: the ETag that a change was made from, or "".
        commands: runs a command of `netops --server`, or None.
    """

    desk: Desk
    who: Principal
    path: dict[str, str]
    query: Any
    body: Any
    key: str = ""
    if_match: str = ""
    commands: Callable[[Principal, Any], dict[str, Any]] | None = None

    def sees(self, plane: Plane | str, organization: str) -> bool:
        """Whether who asks may look at something of this plane and organization."""
        return self.who.may(Deed.READ, Plane(plane), organization)

    def page(self, items: Iterable[T], key: Callable[[T], Any]) -> Page[T]:
        """The page that is asked for of a whole list, by a key that orders it and is unique in it."""
        after, limit = self.after, self.limit
        ordered = sorted(((key(one), one) for one in items), key=lambda pair: pair[0])
        found = [pair for pair in ordered if after is None or list(_listed(pair[0])) > list(_listed(after))]
        return Page(
            [one for _, one in found[:limit]], self.cursor(found[limit - 1][0]) if len(found) > limit else ""
        )

    @property
    def limit(self) -> int:
        """Records on the page."""
        return int(self.query.limit)

    @property
    def after(self) -> Any:
        """The key of the last record on the page before, or None."""
        if not self.query.cursor:
            return None
        try:
            content = msgspec.json.decode(base64.urlsafe_b64decode(self.query.cursor.encode() + b"=="))
            key, filters = content
        except (binascii.Error, ValueError, TypeError, UnicodeEncodeError, RecursionError) as error:
            raise _foreign() from error
        if filters != self._filters():
            raise _foreign()
        return key

    def cursor(self, key: Any) -> str:
        """What asks for the records after the one with *key*."""
        return base64.urlsafe_b64encode(canonical([key, self._filters()])).decode().rstrip("=")

    def _filters(self) -> str:
        return digest({name: value for name, value in msgspec.structs.asdict(self.query).items()
                       if name not in ("cursor", "limit")})[:12]  # fmt: skip

    def match(self, before: Any, *, required: bool = False) -> None:
        """
        Make sure that a change was made from what stands now.

        Raises:
            Changed: something changed since.
            Unconditional: nobody says from what it was made.
        """
        if not self.if_match and required:
            raise Unconditional(
                N_("nothing was changed"), N_("the request does not say what it was made from"),
                N_("send the ETag of what you saw as If-Match"),
            )  # fmt: skip
        if self.if_match and self.if_match not in ("*", etag(before)):
            raise Changed(
                N_("nothing was changed"), N_("somebody changed it since it was looked at"),
                N_("look at it again, and send its new ETag"),
            )  # fmt: skip


def _listed(key: Any) -> Sequence[Any]:
    return key if isinstance(key, list | tuple) else (key,)


def _foreign() -> NetopsError:
    return NetopsError(
        N_("nothing was listed"),
        N_("the cursor is not of this list"),
        N_("begin without a cursor, with the same filters"),
    )


def etag(record: Any) -> str:
    """What a record is now, as ETag: equal for equal content."""
    return f'"{digest(msgspec.to_builtins(record, str_keys=True))[:32]}"'


@dataclass(frozen=True)
class Operation:
    """
    One operation.

    Args:
        path: below /api/v1; {name} takes a segment, {name:path} the rest.
        name: its operationId.
        deed: what who asks must be allowed to do; None for anybody who is known.
        summary: English message id.
        run: what does it.
        answer: type of the record, or of the records of a list.
        kind: noun of the records of a list; "" for one record.
        wants_match: If-Match is required.
        takes_key: it does nothing twice under one Idempotency-Key.
        plan: type of the plan that ?dry_run=true answers with instead.
        again: what is answered when the act was done before under the same Idempotency-Key, from its journal entry.
        stream: the answer goes on for as long as somebody listens (text/event-stream).
        join: does several requests that came at the same time together; each gets its answer or its error.
    """

    method: str
    path: str
    name: str
    deed: Deed | None
    summary: str
    run: Callable[[Call], Any]
    answer: Any
    kind: str = ""
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    status: int = 200
    wants_match: bool = False
    takes_key: bool = False
    plan: Any = None
    again: Callable[[Call, Entry], Any] | None = None
    stream: bool = False
    join: Callable[[Desk, Sequence[Call]], Sequence[Any]] | None = None
