"""What conversations show of themselves when no handshake does: forwarding inside SSH, octets that look like nothing."""

from __future__ import annotations

from netops.egress.listening.talks import Talk

PAUSE_NS = 200_000_000
"""A request begins a new exchange after so long a pause, or after the other side has spoken."""
LEAST_REQUEST, MOST_REQUEST = 200, 3000
"""Octets of a request inside SSH: a ClientHello or an HTTP head, larger than a key press, smaller than an upload."""
LEAST_ANSWER = 1000
LEAST_EXCHANGES = 6


def exchanges(talk: Talk) -> int:
    """
    How often the client of an SSH connection asked something the size of a web request and got far more back.

    Key presses are smaller, and file transfers go one way for long: only a proxy inside looks like this, again and again.
    """
    count, asked, answered, before = 0, 0, 0, -1
    for at, side, octets in talk.shape:
        if side == talk.client:
            if answered or (before >= 0 and at - before > PAUSE_NS):
                count += LEAST_REQUEST <= asked <= MOST_REQUEST and answered >= max(LEAST_ANSWER, 2 * asked)
                asked, answered = 0, 0
            asked += octets
        else:
            answered += octets
        before = at
    return count + (LEAST_REQUEST <= asked <= MOST_REQUEST and answered >= max(LEAST_ANSWER, 2 * asked))


def is_noise(octets: bytes) -> bool:
    """
    Whether the first payload of a connection looks like nothing but chance: no protocol is known to begin so.

    The five tests of Wu et al., How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic, USENIX
    Security 2023, §4: share of set bits, printable octets at the beginning, their share, and their longest run.
    """
    if len(octets) < 50:
        return False
    bits = sum(one.bit_count() for one in octets) / len(octets)
    printable = [0x20 <= one <= 0x7E for one in octets]
    run = longest = 0
    for one in printable:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return 3.4 < bits < 4.6 and not all(printable[:6]) and sum(printable) * 2 < len(octets) and longest <= 20
