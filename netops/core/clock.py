"""Time: aware and UTC inside, city time at the faces, and a clock that tests can hold still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
CITY_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def still(moment: datetime) -> Clock:
    """A clock that always says *moment* (aware)."""
    return lambda: moment


def rfc3339(moment: datetime) -> str:
    """*moment* in UTC with seconds, as machines read it: 2026-11-22T08:30:00Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def city_time(moment: datetime, fmt: str = "%Y-%m-%d %H:%M") -> str:
    """*moment* as people in the city read it."""
    return moment.astimezone(CITY_ZONE).strftime(fmt)
