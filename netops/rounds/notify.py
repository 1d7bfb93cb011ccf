"""The notify round: news of incidents to the channels that are configured, in few messages; nothing without a channel."""

from __future__ import annotations

import logging
from datetime import timedelta

from netops.core import language
from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.incidents import alertmanager, announced, announcement, casebook
from netops.incidents.announcement import Item
from netops.incidents.settings import Channel
from netops.probes import messenger
from netops.rounds import Progress, Report, silent
from netops.settings import seconds

logger = logging.getLogger("netops.rounds")
AGAIN_SECONDS = 300.0
"""After a failure a channel is left alone so long."""


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Tell each channel what is new about incidents of its plane; each news once, what failed again later."""
    channels = [one for one in desk.config.notify if one.plane in desk.planes]
    sent = failed = waiting = 0
    for done, channel in enumerate(channels, 1):
        items = _new(desk, channel)
        if items and _is_time(desk, channel, items):
            ok = _tell(desk, channel, items)
            sent, failed = sent + ok, failed + (not ok)
        else:
            waiting += len(items)
        progress(done, len(channels), channel.name)
    return Report(round="notify", facts={"channels": len(channels), "messages": sent, "failed": failed, "waiting": waiting})


def _new(desk: Desk, channel: Channel) -> list[Item]:
    """What this channel was not told yet, of what it wants to hear."""
    incidents = casebook.listed(desk.store, channel.plane)
    found = announcement.news(incidents, desk.clock(), announced.told(desk.store, channel.name))
    return [one for one in found if one.kind in channel.events]


def _is_time(desk: Desk, channel: Channel, items: list[Item]) -> bool:
    """Urgent news goes at once, the rest together after the channel's pause; a channel that failed is left alone for a while."""
    at, fault = announced.last(desk.store, channel.name)
    if at is None:
        return True
    pause = AGAIN_SECONDS if fault else 0.0 if any(one.is_urgent for one in items) else seconds(channel.digest)
    return desk.clock() - at >= timedelta(seconds=pause)


def _tell(desk: Desk, channel: Channel, items: list[Item]) -> bool:
    """One message with all of it; True when it was taken."""
    before = language.spoken()
    language.speak(channel.language)
    try:
        title, text = announcement.message(items, channel.plane, channel.most)
        if channel.webhook:
            token = desk.config.secret("", channel.token_file) if channel.token_file else ""
            url = f"http://{desk.config.web.listen}/"
            messenger.post(channel.webhook, alertmanager.payload(items, channel.name, url, title), token)
        else:
            messenger.send(desk.config.secret("", channel.url_file, channel.url_env), title, text)
    except NetopsError as error:
        logger.warning("notify channel=%s outcome=failed error=%r", channel.name, error.english())
        announced.note(desk.store, channel.name, (), desk.clock(), error.english())
        return False
    finally:
        language.speak(before)
    announced.note(desk.store, channel.name, (one.key for one in items), desk.clock())
    return True
