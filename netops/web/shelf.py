"""The shelf: what many visits ask for is asked of the store once, and known for a moment."""

from __future__ import annotations

import contextvars
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 256


@dataclass(frozen=True)
class _Kept:
    at: float
    stamp: Hashable
    answer: Any
    mark: Hashable = None


class Shelf:
    """
    Answers by key, the least asked for leaves first. Who comes while one is being found waits for it.

    Args:
        stamp: what must be equal for an answer to hold at all: it changes with every act of a person.
    """

    def __init__(self, stamp: Callable[[], Hashable] = lambda: None) -> None:
        self._stamp = stamp
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._finding: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self.renewed = 0
        """How often an answer that was shown late was found anew: pages that showed it may look again."""

    def get(
        self,
        key: Hashable,
        seconds: float,
        ask: Callable[[], T],
        *,
        late: bool = False,
        mark: Callable[[], Hashable] = lambda: None,
    ) -> T:
        """
        What *ask* answers, or answered no longer than *seconds* ago.

        Args:
            late: what takes long: an older answer is given at once, while the new one is being found.
            mark: of what is late, something quickly asked that changes whenever the answer may: while it is the same, the
                answer is not found anew.
        """
        stamp = None if late else self._stamp()
        known = self._known(key, stamp)
        if known is not None and monotonic() - known.at <= seconds:
            return known.answer  # type: ignore[no-any-return]
        with self._lock:
            finding = self._finding.setdefault(key, threading.Lock())
        if late and known is not None:
            if known.mark is None or not self._is_same(key, known, mark):
                self._begin(key, finding, ask, mark)
            return known.answer  # type: ignore[no-any-return]
        with finding:
            known = self._known(key, stamp)
            if known is not None and monotonic() - known.at <= seconds:
                return known.answer  # type: ignore[no-any-return]
            return self._found(key, stamp, ask, mark)

    def soon(
        self, key: Hashable, seconds: float, ask: Callable[[], T], *, mark: Callable[[], Hashable] = lambda: None
    ) -> T | None:
        """As `get` for what takes long, but nobody waits: None while it is being found the first time."""
        known = self._known(key, None)
        if known is None:
            with self._lock:
                finding = self._finding.setdefault(key, threading.Lock())
            self._begin(key, finding, ask, mark)
            return None
        return self.get(key, seconds, ask, late=True, mark=mark)

    def _is_same(self, key: Hashable, known: _Kept, mark: Callable[[], Hashable]) -> bool:
        """Whether nothing has changed since an answer was found; then it is as good as new."""
        if mark() != known.mark:
            return False
        with self._lock:
            if self._kept.get(key) is known:
                self._kept[key] = replace(known, at=monotonic())
        return True

    def _begin(self, key: Hashable, finding: threading.Lock, ask: Callable[[], Any], mark: Callable[[], Hashable]) -> None:
        if finding.acquire(blocking=False):
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(self._renew, key, finding, ask, mark), daemon=True).start()

    def _renew(self, key: Hashable, finding: threading.Lock, ask: Callable[[], Any], mark: Callable[[], Hashable]) -> None:
        try:
            self._found(key, None, ask, mark)
            self.renewed += 1
        finally:
            finding.release()

    def _found(self, key: Hashable, stamp: Hashable, ask: Callable[[], T], mark: Callable[[], Hashable]) -> T:
        marked = mark()  # before: what changes meanwhile is found the next time
        answer = ask()
        with self._lock:
            self._kept[key] = _Kept(monotonic(), stamp, answer, marked)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                gone, _kept = self._kept.popitem(last=False)
                self._finding.pop(gone, None)
        return answer

    def _known(self, key: Hashable, stamp: Hashable) -> _Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.stamp != stamp:
                return None
            self._kept.move_to_end(key)
            return found
