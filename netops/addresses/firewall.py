"""
Address lists for firewalls (地址对象): plain, nftables, Huawei USG, H3C SecPath, FortiGate; one object an organization. Pure.

What each console takes: nft(8) "Sets"; Huawei USG command reference, `ip address-set`, `address`; H3C SecPath command
reference, "Object group commands"; FortiOS CLI reference, `config firewall address`, `address6`, `addrgrp`, `addrgrp6`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netops.addresses.held import Held, Written, comment, merged, of_family, word
from netops.addresses.span import Span, is_ipv4, shown

PREFIX = "netops_"
NAME = 31
"""Characters of a name: the least that all of them take (H3C before 2022)."""
USG_MEMBERS = 4096
"""Members of one address set of a USG, numbered from 0; more go into further sets."""
FORTIGATE_MEMBERS = 600
"""Members of one address group that every FortiGate model takes."""


def plain(held: Iterable[Held]) -> Written:
    """Every address once, as the fewest CIDRs, one a line."""
    lines = [_cidr(block) for run in merged(one.span for one in held) for block in _blocks(run)]
    return Written("addresses.txt", "".join(f"{line}\n" for line in lines), len(lines))


def nftables(held: Iterable[Held]) -> Written:
    """A table of named sets of intervals, to be read by `nft -f`; rules refer to them as @netops_CODE_4."""
    lines, count = ["table inet netops {"], 0
    for title, name, family, runs in _objects(held):
        kind = "ipv4_addr" if family == 4 else "ipv6_addr"
        members = ",\n            ".join(_range(run) for run in runs)
        lines += [
            f"    # {comment(title, 80)}",
            f"    set {name}_{family} {{",
            f"        type {kind}",
            "        flags interval",
            f"        elements = {{\n            {members}\n        }}",
            "    }",
        ]
        count += len(runs)
    return Written("netops.nft", "\n".join([*lines, "}"]) + "\n", count)


def huawei(held: Iterable[Held]) -> Written:
    """`ip address-set` objects, whose members are numbered from 0."""
    lines, count = [], 0
    for title, name, family, runs in _objects(held):
        for part, start in enumerate(range(0, len(runs), USG_MEMBERS)):
            suffix = f"_{family}" + (f"_{part}" if part else "")
            lines += [f"ip address-set {name}{suffix} type object", f" description {comment(title, 63)}"]
            for number, run in enumerate(runs[start : start + USG_MEMBERS]):
                lines.append(f" address {number} {_usg(run)}")
            lines.append("#")
        count += len(runs)
    return Written("huawei-usg.txt", "".join(f"{line}\n" for line in lines), count)


def _usg(run: Span) -> str:
    if "-" in str(run):
        return f"range {shown(run.first)} {shown(run.last)}"
    address, _, length = _cidr(run).partition("/")
    return f"{address} mask {length}" if is_ipv4(run.first) else f"{address} {length}"


def h3c(held: Iterable[Held]) -> Written:
    """`object-group ip address` and `object-group ipv6 address`; objects number themselves by tens."""
    lines, count = [], 0
    for title, name, family, runs in _objects(held):
        kind = "ip" if family == 4 else "ipv6"
        lines += [f"object-group {kind} address {name}_{family}", f" description {comment(title, 127)}"]
        for run in runs:
            if run.size == 1:
                lines.append(f" network host address {shown(run.first)}")
            elif "-" in str(run):
                lines.append(f" network range {shown(run.first)} {shown(run.last)}")
            else:
                address, _, length = str(run).partition("/")
                lines.append(f" network subnet {address} {length}")
        lines.append("#")
        count += len(runs)
    return Written("h3c-secpath.txt", "".join(f"{line}\n" for line in lines), count)


def fortigate(held: Iterable[Held]) -> Written:
    """Address objects named by their addresses, and one group an organization."""
    kept = list(held)
    lines, count = [], 0
    for family in (4, 6):
        objects = [one for one in _objects(kept) if one[2] == family]
        runs = sorted({run for one in objects for run in one[3]})
        if not runs:
            continue
        suffix = "" if family == 4 else "6"
        lines.append(f"config firewall address{suffix}")
        for run in runs:
            lines += [
                f'    edit "{_named(run)}"',
                *(f"        {line}" for line in _fortigate(run)),
                "    next",
            ]
        lines += ["end", f"config firewall addrgrp{suffix}"]
        for title, name, _, members in objects:
            for part, start in enumerate(range(0, len(members), FORTIGATE_MEMBERS)):
                named = " ".join(f'"{_named(run)}"' for run in members[start : start + FORTIGATE_MEMBERS])
                lines += [f'    edit "{name}_{family}' + (f"_{part}" if part else "") + '"', f"        set member {named}",
                          f'        set comment "{comment(title, 255)}"', "    next"]  # fmt: skip
        lines.append("end")
        count += len(runs)
    return Written("fortigate.txt", "".join(f"{line}\n" for line in lines), count)


def _fortigate(run: Span) -> list[str]:
    if "-" in str(run):
        return ["set type iprange", f"set start-ip {shown(run.first)}", f"set end-ip {shown(run.last)}"]
    address, _, length = _cidr(run).partition("/")
    if is_ipv4(run.first):
        mask = shown(0xFFFF << 32 | (0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF)
        return [f"set subnet {address} {mask}"]
    return [f"set ip6 {address}/{length}"]


def _named(run: Span) -> str:
    """Name of an address object: at most 79 characters in FortiOS, and "/" must not stand in it."""
    return PREFIX + str(run).replace("/", "_").replace(":", ".")


# ---- what they share
def _objects(held: Iterable[Held]) -> Iterator[tuple[str, str, int, list[Span]]]:
    """Title, name, family (4 or 6) and runs of each organization that has any."""
    by_code: dict[str, list[Held]] = {}
    for one in held:
        by_code.setdefault(one.organization, []).append(one)
    taken: set[str] = set()
    for code, several in sorted(by_code.items()):
        name = _unique(word(PREFIX + code, NAME - 6), taken)
        for family in (4, 6):
            if runs := merged(one.span for one in of_family(several, family)):
                yield several[0].title or code, name, family, runs


def _unique(name: str, taken: set[str]) -> str:
    """*name*, numbered when two organizations would be called the same."""
    made, number = name, 2
    while made.lower() in taken:
        made, number = f"{name[: NAME - 9]}_{number}", number + 1
    taken.add(made.lower())
    return made


def _blocks(run: Span) -> Iterator[Span]:
    for first, exponent in run.blocks():
        yield Span(first, first + (1 << exponent) - 1)


def _cidr(run: Span) -> str:
    return f"{run}/{32 if is_ipv4(run.first) else 128}" if run.size == 1 else str(run)


def _range(run: Span) -> str:
    return f"{shown(run.first)}-{shown(run.last)}" if "-" in str(run) else str(run)
