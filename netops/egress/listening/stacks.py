"""What a packet betrays of the machine that made it: initial TTL, the shape of a SYN, the device in a user agent."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

BELOW = {63: 64, 62: 64, 127: 128, 126: 128, 254: 255, 253: 255}
"""TTLs that an initial one has after one router or two."""
OPTIONS = {0: "eol", 1: "nop", 2: "mss", 3: "ws", 4: "sok", 5: "sack", 8: "ts", 34: "fo"}


def initial(ttl: int) -> int:
    """The initial TTL that a packet began with, most likely: 64, 128 or 255."""
    return 64 if ttl <= 64 else 128 if ttl <= 128 else 255


class Shape(NamedTuple):
    """
    What a SYN betrays.

    Args:
        stack: initial TTL and layout of its options: window and MSS change with the program and the way.
        signature: the whole in p0f's manner (initial TTL:MSS:window,scale:layout).
        scale, stamp: its window scale and timestamp (RFC 7323), -1 for none.
    """

    stack: str
    signature: str
    scale: int
    stamp: int


def shape(ttl: int, window: int, options: bytes) -> Shape:
    """What the options of a SYN that came with this TTL and window betray."""
    layout, mss, scale, stamp, at = list[str](), 0, -1, -1, 0
    while at < len(options) and len(layout) < 20:
        kind = options[at]
        layout.append(OPTIONS.get(kind, f"?{kind}"))
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2:
            break
        if kind == 2 and size == 4:
            mss = int.from_bytes(options[at + 2 : at + 4], "big")
        elif kind == 3 and size == 3 and at + 2 < len(options):
            scale = options[at + 2]
        elif kind == 8 and size == 10 and at + 6 <= len(options):
            stamp = int.from_bytes(options[at + 2 : at + 6], "big")
        at += size
    text = ",".join(layout)
    signature = f"{initial(ttl)}:{mss}:{window},{scale if scale >= 0 else '*'}:{text}"
    return Shape(f"{initial(ttl)}:{text}", signature, scale, stamp)


SYSTEMS = (
    (re.compile(r"64:mss,sok,ts,nop,ws"), "Linux / Android"),
    (re.compile(r"64:mss,nop,ws,nop,nop,ts,sok,eol"), "macOS / iOS"),
    (re.compile(r"128:mss,nop,ws,(sok,ts|nop,nop,sok)|128:mss,nop,nop,sok|128:mss,nop,ws,nop,nop,ts,nop,nop,sok"), "Windows"),
    (re.compile(r"64:mss,nop,ws,sok,ts"), "FreeBSD"),
)


def system(stack: str) -> str:
    """Which system makes such a stack, "" when none is known."""
    return next((name for pattern, name in SYSTEMS if pattern.match(stack)), "")


BRANDS = {"Apple": "macOS / iOS", "Microsoft": "Windows"}
"""Whose machines run a system of their own; every other brand's run Android."""


def brand_system(brand: str) -> str:
    """The system that a brand's machines run."""
    return BRANDS.get(brand, "Linux / Android")


PRODUCTS = re.compile(r"(Edg|OPR|Chrome|Firefox|MicroMessenger|Version|MSIE|QQBrowser)[/ ](\d+)")


@lru_cache(4096)
def device(agent: str) -> str:
    """
    The device that a user agent speaks of, so that two programs of one machine give one text; "" when it names none.

    Android names its model, an iPhone its version; of a desktop it is its system.
    """
    if match := re.search(r"Android (\d+)[^;)]*;\s*(?:[a-z]{2}[-_][A-Za-z]{2};\s*)?([^;)]+?)(?:\s+Build|\s+MIUI|[;)])", agent):
        return f"Android {match[1]} {match[2].strip()}"
    if match := re.search(r"Android (\d+)", agent):
        return f"Android {match[1]}"
    if match := re.search(r"(iPhone|iPad|iPod)[^)]*?OS (\d+[_.\d]*)", agent):
        return f"{match[1]} {match[2].replace('_', '.')}"
    if match := re.search(r"Windows NT (\d+\.\d+)", agent):
        return f"Windows {match[1]}"
    if match := re.search(r"Mac OS X (\d+[_.]\d+)", agent):
        return f"macOS {match[1].replace('_', '.')}"
    if "HarmonyOS" in agent or "OpenHarmony" in agent:
        return "HarmonyOS"
    if match := re.search(r"X11; (?:U; )?(CrOS|[A-Za-z]+;? ?Linux|Linux|FreeBSD)", agent):
        return match[1].rpartition(" ")[2]
    return ""


def family(text: str) -> str:
    """The family of a device: phones of one kind and desktops are told apart by more than their version."""
    return text.split(" ")[0]


def product(agent: str) -> tuple[str, int]:
    """The browser and its major version, or ("", 0)."""
    match = PRODUCTS.search(agent)
    return (match[1], int(match[2])) if match else ("", 0)
