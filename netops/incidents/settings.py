"""What the configuration says about incidents: who is told, and who may tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.plane import Plane

News = Literal["opened", "graded", "warning", "overdue", "closed"]


class Channel(msgspec.Struct, frozen=True):
    """
    One `[[notify]]`: a channel that is told about incidents of one plane; without any nothing is ever sent.

    Args:
        url_file, url_env: file of mode 0600, or variable, that has the address as Apprise writes it, one line: mailtos://…,
            dingtalk://…, wecombot://…, feishu://…, json://….
        webhook: or, address of a receiver of Alertmanager's webhook, version 4; *token_file*: its bearer token.
        events: which news.
        digest: news that is not urgent waits so long and goes out together.
        most: incidents that one message names; the others are counted.
    """

    name: str
    plane: Plane
    url_file: str = ""
    url_env: str = ""
    webhook: str = ""
    token_file: str = ""
    language: Literal["zh", "en"] = "zh"
    events: tuple[News, ...] = ("opened", "graded", "warning", "overdue", "closed")
    digest: str = "15m"
    most: int = 10


class Alerts(msgspec.Struct, frozen=True):
    """
    `[alertmanager]`: alerts that `netops serve` receives at /hooks/alertmanager; off without a token.

    Args:
        plane: whose network the alerts are about.
        token_file, token_env: what the sender must show as its bearer token.
    """

    plane: Plane = Plane.EXTRANET
    token_file: str = ""
    token_env: str = ""

    @property
    def is_on(self) -> bool:
        """Whether alerts are taken at all."""
        return bool(self.token_file or self.token_env)


def check(
    channels: tuple[Channel, ...], seconds: Callable[[str], float]
) -> list[tuple[int, str, Text]]:
    """What is wrong: index of the channel, key, message."""
    faults: list[tuple[int, str, Text]] = []
    seen: set[str] = set()
    for index, one in enumerate(channels):
        if one.name in seen:
            faults.append((index, "name", Said("{name} stands twice", name=one.name)))
        seen.add(one.name)
        if sum(map(bool, (one.url_file, one.url_env, one.webhook))) != 1:
            faults.append((index, "name", N_("give exactly one of url_file, url_env, webhook")))
        if one.webhook and not one.webhook.startswith(("http://", "https://")):
            faults.append((index, "webhook", N_("must begin with http:// or https://")))
        if not 0 < one.most <= 100:
            faults.append((index, "most", N_("must be from 1 to 100")))
        try:
            seconds(one.digest)
        except ValueError:
            faults.append((index, "digest", N_("must be like 30s, 5m, 6h, 1d or empty")))
    return faults
