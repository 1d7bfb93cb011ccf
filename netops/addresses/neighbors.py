"""ARP and neighbour tables as files: of Linux, of BSD and of switches, as their consoles print them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from netops.addresses.mention import Told
from netops.addresses.reading import MAC, Reader, Reading, plain
from netops.core.language import N_

ALIVE = frozenset({"REACHABLE", "DELAY", "PROBE"})
"""States of a neighbour that answered lately (RFC 4861 §7.3.2; ip-neighbour(8))."""
KNOWN = frozenset({"STALE", "PERMANENT", "NOARP"})
UNANSWERED = frozenset({"FAILED", "INCOMPLETE", "NONE"})


# ---- ip neigh
def ip_neigh(text: str, at: datetime) -> Reading:
    """`ip neigh`: one neighbour a line."""
    reader = Reader(text, at)
    for number, line in reader.lines():
        words = line.split()
        if not (states := (ALIVE | KNOWN | UNANSWERED) & set(words)):
            reader.fault(number, line, N_("no state of a neighbour stands in it"))
        elif states & UNANSWERED or "proxy" in words:
            reader.skip()
        elif (mac := reader.mac(number, _after(words, "lladdr"))) and (
            ip := reader.address(number, words[0])
        ):
            reader.tell(Told(ip, mac, "", _after(words, "dev"), None, at if states & ALIVE else None))
    return reader.done()


def _after(words: list[str], word: str) -> str:
    place = words.index(word) + 1 if word in words else len(words)
    return words[place] if place < len(words) else ""


def ip_neigh_json(text: str, at: datetime) -> Reading:
    """`ip -json neigh`: one array of objects."""
    reader = Reader(text, at)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        reader.fault(
            getattr(error, "lineno", 1), text, N_("it is no JSON: {reason}"), reason=plain(str(error), 80)
        )
        return reader.done()
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        if not isinstance(row, dict) or not isinstance(row.get("dst"), str):
            reader.fault(number, str(row)[:200], N_("entry {place} has no dst"), place=str(number))
            continue
        given = row.get("state")
        states = {str(one) for one in (given if isinstance(given, list) else [given])}
        if states & UNANSWERED or "lladdr" not in row:
            reader.skip()
        elif (mac := reader.mac(number, str(row["lladdr"]))) and (ip := reader.address(number, row["dst"])):
            dev = plain(str(row.get("dev", "")), 64)
            reader.tell(Told(ip, mac, "", dev, None, at if states & ALIVE else None))
    return reader.done()


# ---- /proc/net/arp, arp -an
COMPLETE, TYPED = 0x2, 0x4
"""ATF_COM: the address has a MAC; ATF_PERM: somebody typed it in (linux/if_arp.h)."""


def proc_net_arp(text: str, at: datetime) -> Reading:
    """`/proc/net/arp`: a line of titles, then one neighbour a line; it does not say how fresh they are."""
    reader = Reader(text, at)
    for number, line in reader.lines():
        words = line.split()
        if line.startswith("IP address"):
            continue
        if len(words) != 6 or not re.fullmatch(r"0x[0-9a-fA-F]{1,4}", words[2]):
            reader.fault(number, line, N_("this is no line of /proc/net/arp"))
        elif not int(words[2], 16) & COMPLETE:
            reader.skip()
        elif (ip := reader.address(number, words[0])) and (mac := reader.mac(number, words[3])):
            alive = None if int(words[2], 16) & TYPED else at
            reader.tell(Told(ip, mac, "", plain(words[5], 64), None, alive))
    return reader.done()


ARP_AN = re.compile(
    r"(\S+) \(([^()\s]+)\) at (\S+)(?: (?:\[\w+\]|on|ifscope|permanent|published|PERM|expires).*)?"
)


def arp_an(text: str, at: datetime) -> Reading:
    """`arp -an` of Linux (net-tools), BSD and macOS."""
    reader = Reader(text, at)
    for number, line in reader.lines():
        match = ARP_AN.fullmatch(line)
        if not match:
            reader.fault(number, line, N_("this is no line of arp -an"))
        elif "incomplete" in match[3]:
            reader.skip()
        elif (mac := reader.mac(number, match[3])) and (ip := reader.address(number, match[2])):
            on = re.search(r" on (\S+)", line)
            name = "" if match[1] == "?" else plain(match[1])
            alive = None if re.search(r" (PERM|permanent)\b", line) else at
            reader.tell(Told(ip, mac, name, plain(on[1], 64) if on else "", None, alive))
    return reader.done()


# ---- consoles of switches
ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
PORT = re.compile(
    r"(?i)\b(?:vlan[- ]?(?:if|interface)?\s?\d+|(?!D-\d|S-)[a-z][a-z-]*\d+(?:/\d+)*(?:\.\d+)?|[a-z-]+\s?\d+(?:/\d+)+)\b"
)
TYPED_IN = re.compile(r"(?:^|\s)S(?:-\S*)?(?=\s|$)")
"""Type S: somebody typed it in; nobody answered."""
FRAME = re.compile(
    r"(?i)-{3,}|[<\[(]?[\w.~*-]+[>\])#]\s*\S*.*|total\b.*|(?:dynamic|static|interface|redirect|multi-?port|openflow|rule)\b.*:.*"
    r"|flags?\s*:.*|type\s*:.*|\s*(?:ip|protocol|address|internet address)\s+(?:address|hardware|age|mac).*|.*\bvpn-?instance\b.*"
    r"|[-+~#*]+ - .*|\*.*|[a-z]{1,2} - .*|(?:display|show|dis|sh)\s.*|vlan/cevlan.*|\d+/(?:\d+|-)|context\b.*|ip arp table.*"
    r"|\s*---- more ----.*|--more--.*"
)
"""What consoles print around a table: prompts, titles, rules, legends, totals, the second line of an entry."""


def device_arp(text: str, at: datetime) -> Reading:
    """
    `display arp` of Huawei and H3C, `show ip arp` of Cisco, Ruijie and those that speak like them.

    Each entry is a line with an address and a MAC; what the device says of its own interfaces is no terminal.
    Cisco's age is minutes since the entry was confirmed: an old one does not say that the terminal is there.
    """
    reader = Reader(text, at)
    for number, raw in reader.lines():
        line = re.sub(r"^.*\x08|\x1b\[[0-9;]*[A-Za-z]|-+ ?[Mm]ore ?-+", "", raw).strip()
        address = ADDRESS.search(line)
        mac = MAC.search(line, address.end()) if address else None
        if address is None or mac is None:
            if address and re.search(r"(?i)\bincomplete\b|\bInvalid\b", line):
                reader.skip()
            elif line and (address is not None or not FRAME.fullmatch(line)):
                reader.fault(number, raw, N_("neither an entry nor a title of an ARP table"))
            continue
        between, rest = line[address.end() : mac.start()].strip(), line[mac.end() :]
        if between == "-" or re.match(r"\s+I\b", rest):
            reader.skip()
        elif (ip := reader.address(number, address[0])) and (spelt := reader.mac(number, mac[0])):
            port = PORT.search(rest)
            alive = None if TYPED_IN.search(rest) else _confirmed(line, between, at)
            reader.tell(Told(ip, spelt, "", plain(port[0], 64) if port else "", None, alive))
    return reader.done()


def _confirmed(line: str, between: str, at: datetime) -> datetime:
    """When an entry was last confirmed: its age in minutes (IOS), or hours, minutes and seconds (NX-OS)."""
    if line.startswith("Internet") and between.isdigit() and len(between) < 6:
        return at - timedelta(minutes=int(between))
    age = re.fullmatch(r"(\d{1,3}):(\d\d):(\d\d)", between)
    if age:
        return at - timedelta(hours=int(age[1]), minutes=int(age[2]), seconds=int(age[3]))
    return at


PARSERS: dict[str, Callable[[str, datetime], Reading]] = {
    "ip-neigh": ip_neigh,
    "ip-neigh-json": ip_neigh_json,
    "proc-net-arp": proc_net_arp,
    "arp": arp_an,
    "device-arp": device_arp,
}
