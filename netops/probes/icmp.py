"""The ping sweep's senses: sockets without privilege where the kernel allows them, else the child with CAP_NET_RAW."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from netops.core.errors import Refused
from netops.probes.echo import Outcome, Pace, ask, opened

AT_ONCE = 1000
"""Addresses in one request to the child."""
MOST_PER_SECOND = 1000.0
MOST_TARGETS = 1 << 17
Family = socket.AddressFamily


def sweep(addresses: Sequence[str], nets: Sequence[str], pace: Pace) -> Iterator[Outcome]:
    """
    Ask every address whether it is there: each once, as it ends.

    Args:
        addresses: canonical texts, IPv4 and IPv6.
        nets: where may be asked at all; whatever else is asked for is refused before anything is sent.
        pace: at most MOST_PER_SECOND; what is left when the time is over ends as "unasked".

    Raises:
        Refused: an address lies elsewhere, or too many are asked for.
        NetopsError: nothing can be sent from here.
    """
    allowed = [ip_network(net) for net in nets]
    for text in addresses:
        address = ip_address(text)
        if not any(address in net for net in allowed):
            raise Refused("nothing was swept", "{address} lies in no registered prefix that may be swept",
                          "register it, or leave it out", address=text)  # fmt: skip
    if len(addresses) > MOST_TARGETS or not 0 < pace.per_second <= MOST_PER_SECOND:
        raise Refused("nothing was swept", "more than {most} addresses, or not 1 to {rate} a second, were asked for",
                      "sweep fewer prefixes at once", most=MOST_TARGETS, rate=f"{MOST_PER_SECOND:g}")  # fmt: skip
    left = pace.most_seconds
    for family in (Family.AF_INET, Family.AF_INET6):
        mine = [text for text in addresses if (":" in text) == (family == Family.AF_INET6)]
        if mine:
            for outcome, used in _timed(_asked(family, mine, nets, pace._replace(most_seconds=left))):
                left = max(0.0, pace.most_seconds - used)
                yield outcome


def _timed(outcomes: Iterator[Outcome]) -> Iterator[tuple[Outcome, float]]:
    start = time.monotonic()
    for one in outcomes:
        yield one, time.monotonic() - start


def _asked(family: Family, addresses: Sequence[str], nets: Sequence[str], pace: Pace) -> Iterator[Outcome]:
    try:
        one = opened(family, socket.SocketKind.SOCK_DGRAM)
    except OSError:
        yield from _by_child(addresses, nets, pace)
        return
    with one:
        yield from ask(one, addresses, pace)


def _by_child(addresses: Sequence[str], nets: Sequence[str], pace: Pace) -> Iterator[Outcome]:
    """By the child process, in batches: each gets what is left of the time."""
    from netops.probes.reflect import child

    end = time.monotonic() + pace.most_seconds
    with child([part for net in nets for part in ("--allow", net)]) as asked:
        for start in range(0, len(addresses), AT_ONCE):
            batch = list(addresses[start : start + AT_ONCE])
            left = end - time.monotonic()
            if left <= 0:
                yield from (Outcome(text, "unasked") for text in batch)
                continue
            request = {"do": "sweep", "targets": batch, "per_second": pace.per_second, "attempts": pace.attempts,
                       "wait": pace.wait_seconds, "seconds": left}  # fmt: skip
            for answer in asked(request):
                yield Outcome(str(answer["address"]), str(answer["state"]), float(answer["seconds"]))


def is_unprivileged(family: Family = Family.AF_INET) -> bool:
    """Whether this process may ping by itself (net.ipv4.ping_group_range)."""
    try:
        opened(family, socket.SocketKind.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


__all__ = ["Outcome", "Pace", "is_unprivileged", "sweep"]
