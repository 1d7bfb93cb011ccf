"""The filter language: nfdump's words and ours, read into a condition; what is wrong is shown where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any, NoReturn

from netops.core.language import N_
from netops.egress.flows import mac_value
from netops.egress.judge import Verdict
from netops.egress.match import (
    COMPARE,
    Among,
    Both,
    Condition,
    Either,
    Everything,
    Family,
    Flags,
    Named,
    Not,
    Number,
    Within,
)
from netops.egress.prefixes import PrefixSet, Span, span
from netops.egress.words import FilterError, Token, tokens

MAX_LENGTH = 4 << 20
MAX_DEPTH = 100
SIGNS = {
    "=": "=",
    "==": "=",
    "eq": "=",
    ">": ">",
    "gt": ">",
    "<": "<",
    "lt": "<",
    ">=": ">=",
    "ge": ">=",
    "<=": "<=",
    "le": "<=",
}
SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipip": 4, "ipencap": 4, "tcp": 6, "egp": 8, "igp": 9, "udp": 17, "dccp": 33, "ipv6": 41,
    "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "icmp6": 58, "ipv6-icmp": 58, "eigrp": 88, "ospf": 89, "pim": 103,
    "ipcomp": 108, "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136, "mpls-in-ip": 137,
}  # fmt: skip
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "X": 63}
COUNTS = ("bytes", "packets", "duration", "pps", "bps", "bpp")
NOT_KEPT = frozenset({
    "acl", "asa", "bgp", "bgpnext", "client", "count", "egress", "engine", "engine-id", "engine-type", "ethertype",
    "flowdir", "fwdstat", "geo", "ident", "ingress", "latency", "mask", "max", "min", "mpls", "nat", "next", "nip",
    "observation", "payload", "pf", "prev", "server", "sysid", "tos", "ttl", "tun", "tunip", "vlan", "vrf", "xip", "xlate",
    "xport",
})  # fmt: skip
"""What nfdump asks for and the archive does not have."""


def parse(text: str, devices: Mapping[str, str] | None = None) -> Condition:
    """
    The condition that a filter says; of an empty one every flow.

    Args:
        devices: addresses of exporters by the names that may stand for them.

    Raises:
        FilterError: with the place.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(text[:200], 0, N_("It is longer than {size} MiB."), size=MAX_LENGTH >> 20)
    return _Reader(text, devices or {}).whole()


class _Reader:
    def __init__(self, text: str, devices: Mapping[str, str]) -> None:
        self.text, self.tokens, self.devices = text, tokens(text), devices
        self.place = 0
        self.depth = 0

    # ---- tokens
    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place].word if place < len(self.tokens) else ""

    def take(self) -> Token:
        if self.place >= len(self.tokens):
            self.fail(N_("It ends too early."))
        self.place += 1
        return self.tokens[self.place - 1]

    def accept(self, *words: str) -> bool:
        if self.place < len(self.tokens) and self.peek() in words:
            self.place += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            self.fail(N_("{wanted} is missing before {found}."), wanted=repr(word), found=self._shown())

    def fail(self, why: str, back: int = 0, **facts: object) -> NoReturn:
        place = self.place - back
        at = self.tokens[place].at if place < len(self.tokens) else len(self.text.rstrip())
        raise FilterError(self.text, at, why, **facts)

    def _shown(self) -> str:
        return repr(self.tokens[self.place].text) if self.place < len(self.tokens) else "∎"

    # ---- and, or, not
    def whole(self) -> Condition:
        if not self.tokens:
            return Everything()
        result = self.either()
        if self.place < len(self.tokens):
            self.fail(N_("'and' or 'or' is missing before {found}."), found=self._shown())
        return result

    def either(self) -> Condition:
        parts = [self.both()]
        while self.accept("or", "||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Condition:
        parts = [self.negated()]
        while self.accept("and", "&&"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def negated(self) -> Condition:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(N_("It is nested more than {depth} deep."), depth=MAX_DEPTH)
        try:
            if self.accept("not", "!"):
                inner = self.negated()
                # "not flags AFRPU" means none of them, as nfdump has it: so "flags S and not flags AFRPU" is a bare SYN.
                return Flags(inner.mask, none=not inner.none) if isinstance(inner, Flags) else Not(inner)
            if self.accept("("):
                whole = self.either()
                self.expect(")")
                return whole
            return self.primitive()
        finally:
            self.depth -= 1

    # ---- one condition
    def primitive(self) -> Condition:  # noqa: RET503 - fail() never returns
        ends, every = self.direction()
        word = self.take().word
        if word in NOT_KEPT:
            self.fail(N_("{found} is not kept in the archive."), back=1, found=repr(word))
        if ends is not None:
            known = DIRECTED.get(word)
            if known is None:
                self.fail(N_("{found} has no source and destination."), back=1, found=repr(word))
            return _over(ends, known(self), every=every)
        if word in ("in", "out"):
            return self.sided(word)
        if word in DIRECTED:
            return _over(("src", "dst"), DIRECTED[word](self), every=False)
        if word in PLAIN:
            return PLAIN[word](self)
        if word in COUNTS:
            return self.number(word, scaled=True)
        if word in PROTOCOLS:
            return Number("proto", "=", PROTOCOLS[word])
        near = get_close_matches(word, [*DIRECTED, *PLAIN, *COUNTS, *PROTOCOLS, "src", "dst", "and", "or", "not"], 1)
        if near:
            self.fail(
                N_("{found} is no word of filters; {near} is."), back=1, found=repr(word), near=repr(near[0])
            )
        self.fail(N_("{found} is no word of filters."), back=1, found=repr(word))

    def direction(self) -> tuple[tuple[str, ...] | None, bool]:
        """The ends that are asked for, and whether both must be so."""
        if self.peek() not in ("src", "dst", "source", "destination"):
            return None, False
        first = self.take().word[:3].replace("sou", "src").replace("des", "dst")
        if self.peek() in ("and", "or") and self.peek(1) in ("src", "dst"):
            every = self.take().word == "and"
            return (first, self.take().word), every
        return (first,), False

    def sided(self, side: str) -> Condition:  # noqa: RET503 - fail() never returns
        """What *in* and *out* may stand before: interfaces, counters, MAC addresses (of which a flow has one at each end)."""
        if self.accept("if"):
            return self.number(f"{side}_if")
        word = self.peek()
        if side == "in" and word in ("packets", "bytes"):
            return self.number(self.take().word, scaled=True)
        if word == "mac" or (word in ("src", "dst") and self.peek(1) == "mac"):
            return self.primitive()
        self.fail(N_("{side} stands before if and mac, 'in' before packets and bytes too."), back=1, side=repr(side))

    def flows(self) -> Condition:
        """Every record is one flow."""
        sign = SIGNS[self.take().word] if self.peek() in SIGNS else "="
        return Everything() if COMPARE[sign](1, self.integer(scaled=True)) else Not(Everything())

    def number(self, name: str, *, scaled: bool = False, most: int = (1 << 64) - 1) -> Condition:
        if self.accept("in"):
            return Among(name, self.runs(most))
        sign = "="
        if self.peek() in SIGNS:
            sign = SIGNS[self.take().word]
        return Number(name, sign, self.integer(scaled=scaled, most=most))

    def integer(self, *, scaled: bool = False, most: int = (1 << 64) - 1) -> int:
        token = self.take()
        match = re.fullmatch(r"(0x[0-9a-f]{1,16}|\d{1,20})([kmgt]?)", token.word)
        if not match or (match[2] and not scaled):
            self.fail(N_("{found} is no number."), back=1, found=repr(token.text))
        value = (int(match[1], 16) if match[1].startswith("0x") else int(match[1])) * SCALES[match[2]]
        if value > most:
            self.fail(N_("{found} is more than {most}."), back=1, found=repr(token.text), most=most)
        return value

    def listed(self) -> Iterable[Token]:
        """The items of [a b, c]."""
        self.expect("[")
        while not self.accept("]"):
            yield self.take()
            self.accept(",")

    def runs(self, most: int) -> tuple[tuple[int, int], ...]:
        found = []
        for token in self.listed():
            match = re.fullmatch(r"(\d{1,20})(?:-(\d{1,20}))?", token.text)
            low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
            if low > high or high > most:
                self.fail(
                    N_("{found} is no number or range up to {most}."),
                    back=1,
                    found=repr(token.text),
                    most=most,
                )
            found.append((low, high))
        return tuple(found)

    def names(self, name: str, known: Iterable[str] | None = None) -> Condition:
        """One name, or a list of them."""
        tokens = list(self.listed()) if self.accept("in") else [self._after_sign()]
        values = {token.text for token in tokens}
        if known is not None:
            listed = list(known)
            for token in tokens:
                if token.text not in listed:
                    near = get_close_matches(token.text, listed, 3, 0.4) or listed
                    self.fail(
                        N_("{found} is not known here; known are: {known}."),
                        back=1,
                        found=repr(token.text),
                        known=", ".join(near),
                    )
        return Named(name, frozenset(values))

    def _after_sign(self) -> Token:
        self.accept("=", "==", "eq")
        return self.take()

    def nets(self, *, single: bool) -> PrefixSet:
        """An address, a prefix, a network and its mask, or a list of prefixes."""
        tokens = list(self.listed()) if self.accept("in") else [self._after_sign()]
        if (
            len(tokens) == 1
            and not single
            and re.fullmatch(r"\d+(\.\d+){3}", self.peek())
            and "/" not in tokens[0].text
        ):
            tokens = [Token(f"{tokens[0].text}/{self.take().text}", tokens[0].at)]
        return PrefixSet(self.span(token, single=single) for token in tokens)

    def span(self, token: Token, *, single: bool) -> Span:
        try:
            found = span(token.text)
        except ValueError:
            wanted = (
                N_("{found} is no address.") if single else N_("{found} is no prefix such as 10.20.0.0/16.")
            )
            raise FilterError(self.text, token.at, wanted, found=repr(token.text)) from None
        return found

    def exporter(self) -> Condition:
        """By address, or by the name of a device of the register."""
        self.accept("ip")
        tokens = list(self.listed()) if self.accept("in") else [self._after_sign()]
        found = set()
        for token in tokens:
            try:
                found.add(str(ip_address(token.text)))
            except ValueError:
                if token.text not in self.devices:
                    near = (
                        ", ".join(
                            get_close_matches(token.text, list(self.devices), 3, 0.4)
                            or list(self.devices)[:8]
                        )
                        or "—"
                    )
                    raise FilterError(
                        self.text,
                        token.at,
                        N_("{found} is not known here; known are: {known}."),
                        found=repr(token.text),
                        known=near,
                    ) from None
                found.add(self.devices[token.text])
        return Named("exporter", frozenset(found))

    def protocol(self) -> Condition:
        tokens = list(self.listed()) if self.accept("in") else [self._after_sign()]
        numbers = []
        for token in tokens:
            number = PROTOCOLS.get(
                token.word, int(token.text) if token.text.isdigit() and len(token.text) < 4 else 256
            )
            if number > 255:
                near = get_close_matches(token.word, PROTOCOLS, 1) or ["—"]
                why = N_("{found} is no protocol; the nearest is {near}.")
                raise FilterError(self.text, token.at, why, found=repr(token.text), near=near[0])
            numbers.append(number)
        if len(numbers) == 1:
            return Number("proto", "=", numbers[0])
        return Among("proto", tuple((number, number) for number in numbers))

    def flags(self) -> Condition:
        """Letters: all of these are set, whatever else is; a number: exactly these, or more and less as a number."""
        if self.peek() in SIGNS or self.peek()[:1].isdigit():
            return self.number("tcp_flags", most=255)
        token = self.take()
        unknown = [letter for letter in token.text if letter not in FLAGS]
        if unknown:
            self.fail(N_("{found} is no TCP flag; they are F S R P A U."), back=1, found=repr(unknown[0]))
        mask = 0
        for letter in token.text:
            mask |= FLAGS[letter]
        return Flags(mask)

    def of_icmp(self) -> Condition:
        """The protocol, or its type or code."""
        kind = self.take().word if self.peek() in ("type", "code") else ""
        return self.icmp(f"icmp_{kind}") if kind else Number("proto", "=", PROTOCOLS["icmp"])

    def icmp(self, name: str) -> Condition:
        return Both((Among("proto", ((1, 1), (58, 58))), self.number(name, most=255)))

    def mac(self) -> int:
        token = self.take()
        if not mac_value(token.text):
            self.fail(N_("{found} is no MAC address."), back=1, found=repr(token.text))
        return mac_value(token.text)

    def exit(self) -> Condition:
        """By id; "none" is no registered exit."""
        found = self.names("exit")
        assert isinstance(found, Named)  # noqa: S101 - what names() gives
        return Named("exit", frozenset("" if text == "none" else text for text in found.values))


def _over(ends: tuple[str, ...], make: Callable[[str], Condition], *, every: bool) -> Condition:
    parts = tuple(make(end) for end in ends)
    return parts[0] if len(parts) == 1 else Both(parts) if every else Either(parts)


def _address(reader: _Reader, *, single: bool) -> Callable[[str], Condition]:
    prefixes = reader.nets(single=single)
    return lambda end: Within(end, prefixes)


def _of_end(columns: Mapping[str, str], found: Any) -> Callable[[str], Condition]:
    """The same condition on the column of either end."""
    import dataclasses

    return lambda end: dataclasses.replace(found, name=columns[end])


def _mac(reader: _Reader) -> Callable[[str], Condition]:
    value = reader.mac()
    return lambda end: Number(f"{end}_mac", "=", value)


PORTS = {"src": "sport", "dst": "dport"}
SYSTEMS = {"src": "src_as", "dst": "dst_as"}
OWNERS = {"src": "source", "dst": "destination"}
DIRECTED: dict[str, Callable[[_Reader], Callable[[str], Condition]]] = {
    "ip": lambda reader: _address(reader, single=True),
    "host": lambda reader: _address(reader, single=True),
    "net": lambda reader: _address(reader, single=False),
    "port": lambda reader: _of_end(PORTS, reader.number("sport", most=65535)),
    "mac": _mac,
    "as": lambda reader: _of_end(SYSTEMS, reader.number("src_as", most=(1 << 32) - 1)),
    "organization": lambda reader: _of_end(OWNERS, reader.names("source")),
    "org": lambda reader: _of_end(OWNERS, reader.names("source")),
}
"""Words that *src* and *dst* may stand before; without them either end will do."""
PLAIN: dict[str, Callable[[_Reader], Condition]] = {
    "any": lambda _reader: Everything(),
    "inet": lambda _reader: Family(4),
    "ipv4": lambda _reader: Family(4),
    "inet6": lambda _reader: Family(6),
    "ipv6": lambda _reader: Family(6),
    "proto": _Reader.protocol,
    "flags": _Reader.flags,
    "if": lambda reader: _over(
        ("in_if", "out_if"),
        _of_end({"in_if": "in_if", "out_if": "out_if"}, reader.number("in_if")),
        every=False,
    ),
    "flows": _Reader.flows,
    "flow": _Reader.flows,
    "icmp": _Reader.of_icmp,
    "icmp-type": lambda reader: reader.icmp("icmp_type"),
    "icmp-code": lambda reader: reader.icmp("icmp_code"),
    "router": _Reader.exporter,
    "exporter": _Reader.exporter,
    "verdict": lambda reader: reader.names("verdict", [one.label for one in Verdict]),
    "exit": _Reader.exit,
    "plane": lambda reader: reader.names("plane", ("intranet", "extranet")),
    "estimated": lambda _reader: Number("estimated", "=", 1),
}
"""Words that stand alone."""
