"""The open desk: settings, store, the applied register, the clock, and who is asking."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from netops.config import Config, share
from netops.core import clock as clocks
from netops.core import language
from netops.core.clock import Clock
from netops.core.errors import Missing
from netops.core.plane import Plane

if TYPE_CHECKING:
    from netops.core.store import Store
    from netops.register import Register

T = TypeVar("T")
PATIENCE_SECONDS = 5.0
"""Of desks of commands and of `serve`; walks are minutes apart."""


class _Standing:
    """The register in force as it was last read, and when: one for all who are at the same desk."""

    def __init__(self) -> None:
        self.register: tuple[int, Register] | None = None
        self.looked = -inf


class Desk:
    """
    What every command and round works at. The store opens when it is first asked for.

    Args:
        config: the settings.
        clock: the present; tests hold it still.
        actor: who is asking, as the journal writes it.
        at: a past time to look from, or None for now.
    """

    def __init__(
        self, config: Config, clock: Clock = clocks.now, actor: str = "", at: datetime | None = None
    ) -> None:
        self.config, self.clock, self.at = config, clock, at
        self.actor = actor or os.environ.get("NETOPS_ACTOR") or _login()
        self._store: Store | None = None
        self._standing = _Standing()
        self.register_patience_seconds = 0.0
        """How long the register is believed to be the one in force where nothing is decided by it."""
        self.patience_seconds = 0.0
        """How long what is seen on the wire may be believed without looking again; a long process sets it."""
        self.remembered: dict[object, tuple[float, Any]] = {}

    @property
    def store(self) -> Store:
        """
        The open store, at this program's schema.

        Raises:
            NetopsError: it cannot be opened, or a newer netops wrote it.
        """
        if self._store is None:
            from netops.core.store import Store

            self._require_a_place()
            store = Store(self.config.store_url)
            store.prepare()
            self._store = store
        return self._store

    def acting(self, actor: str) -> Desk:
        """The same desk with somebody else at it: the same open store, another name in the journal."""
        self.store  # noqa: B018 - opened once, for all of them
        other = copy(self)
        other.actor = actor
        return other

    def _require_a_place(self) -> None:
        """A question asked anywhere must not leave a new database there."""
        if self.config.path or self.config.store_url != Config().store_url or Path("netops.db").exists():
            return
        raise Missing(
            "there is no store here",
            "no configuration was found, and none was named by -c or --store",
            "netops init DIRECTORY starts one; netops demo shows the whole job on a recorded city",
        )

    @property
    def register(self) -> Register:
        """The applied register; empty when nothing was applied yet. Read again when another version is in force."""
        here = self._standing
        if self.at is None:
            if here.register is None or monotonic() - here.looked >= self.register_patience_seconds:
                with self.store.read() as connection:
                    self.register_in(connection)
                here.looked = monotonic()
        else:
            from netops.core import applied
            from netops.register import restore

            standing = applied.standing(self.store, self.at)
            if here.register is None or here.register[0] != standing.version:
                here.register = (standing.version, restore(standing.content))
        assert here.register is not None  # noqa: S101 - read above
        register = here.register[1]
        language.call(register.name)
        return register

    def forget_register(self) -> None:
        """Another version was put in force here: the next question reads it, however patient this desk is."""
        self._standing.looked = -inf

    def register_in(self, connection: Any) -> Register:
        """The register in force inside an open transaction: what an act decides by."""
        from netops.core import applied
        from netops.register import restore

        version, kept = applied.version(connection), self._standing.register
        if kept is None or kept[0] != version:
            standing = applied.standing_in(connection)
            kept = self._standing.register = (standing.version, restore(standing.content))
        return kept[1]

    def then(self, at: datetime) -> Desk:
        """The same desk as it looked at a past time, with the register of then; it must not be closed."""
        past = copy(self)
        past.at, past._standing = at, _Standing()
        return past

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes that this process serves."""
        return tuple(plane for plane in Plane if plane in self.config.planes)

    @property
    def playbooks(self) -> Path:
        """The folder of playbooks: configured, or the one that ships."""
        return Path(self.config.playbooks) if self.config.playbooks else share("playbooks")

    def remember(self, key: object, ask: Callable[[], T]) -> T:
        """What *ask* answers, or answered within `patience_seconds`."""
        at, known = self.remembered.get(key, (float("-inf"), None))
        if monotonic() - at < self.patience_seconds:
            kept: T = known
            return kept
        answer = ask()
        self.remembered[key] = (monotonic(), answer)
        return answer

    def close(self) -> None:
        """Give the store back."""
        if self._store is not None:
            self._store.close()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@contextmanager
def open_desk(
    config: Config, clock: Clock = clocks.now, actor: str = "", at: datetime | None = None
) -> Iterator[Desk]:
    """A desk for one command or one process, closed at the end."""
    desk = Desk(config, clock, actor, at)
    desk.patience_seconds = PATIENCE_SECONDS
    try:
        yield desk
    finally:
        desk.close()
