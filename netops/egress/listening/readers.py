"""Readers (日志旁听): what logs of DNS servers, RADIUS, Zeek and Suricata tell, as observations like those of packets."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple, TextIO

from netops.core.language import N_
from netops.egress.listening import dns
from netops.egress.listening.http import Head
from netops.egress.listening.named import Named
from netops.egress.listening.observation import Observation, Seen, Sightings
from netops.egress.listening.querylogs import QueryFormat
from netops.egress.listening.questions import Questions
from netops.egress.listening.services import Services
from netops.egress.listening.talks import Talk
from netops.egress.listening.tls import Hello

MOST_LINE = 1 << 20
MOST_NAMED = 20
NUMBERS = {name: number for number, name in dns.TYPES.items()}


class Bad(NamedTuple):
    """A line that looked like one of the format and could not be read: number from 1, why, its beginning."""

    line: int
    why: str
    text: str


class Reader:
    """
    Takes lines of logs in, and tells what they show.

    Args:
        where: the file.
        zone: of times that are written without one.
        now: years that are not written are those of the latest such day before it.
    """

    def __init__(self, services: Services, where: str, zone: tzinfo, now: datetime) -> None:
        self.sightings = Sightings("log", where)
        self.questions = Questions()
        self.named = Named(services)
        self.zone, self.now = zone, now
        self.lines = self.used = self.bad = 0
        self.named_bad: list[Bad] = []
        self.first = self.last = 0
        self.kinds: Counter[str] = Counter()

    def read(self, file: TextIO, kind: str, formats: Iterable[QueryFormat]) -> None:
        """Take in a whole file of one kind."""
        known = next((one for one in formats if one.key == kind), None)
        if kind == "radius":
            return self._records(file)
        make: Callable[[str], bool]
        if known is not None:
            self.sightings.source = "dns"
            make = partial(self._query, known=known, pattern=re.compile(known.pattern))
        elif kind == "zeek":
            self.sightings.source = "zeek"
            make = _Tables(self._zeek)
        else:
            self.sightings.source = "suricata" if kind == "suricata" else "zeek"
            make = partial(self._json, take=self._suricata if kind == "suricata" else self._zeek)
        for number, text in _lines(file):
            self.lines = number
            try:
                self.used += bool(make(text))
            except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
                self._wrong(number, text)
        return None

    def observations(self) -> list[Observation]:
        """What was told so far, alarms first."""
        for seen, domain in self.questions.tunnels():
            self.sightings.put(seen._replace(sure=0.8), domain.first, domain.last, domain.asked)
        return self.sightings.told()

    # ---- DNS servers
    def _query(self, text: str, known: QueryFormat, pattern: re.Pattern[str]) -> bool:
        match = pattern.search(text)
        if match is None:
            return False
        found = match.groupdict()
        name = _windows(found["name"]) if "(" in found["name"] else found["name"]
        at = self._time(found["time"], known.time)
        self._asked(_address(found["client"]), "", name, found.get("type") or "A", at)
        self._seen_at(at, "DNS")
        return True

    def _asked(self, ip: str, peer: str, name: str, kind: str, at: int) -> None:
        name = name.rstrip(".").lower()
        if not name or len(name) > 255:
            return
        self.questions.asked(ip, peer, name, NUMBERS.get(kind, 0), at)
        for seen in self.named.question(ip, peer, name, 53 if peer else 0):
            self.sightings.note(seen, at)

    # ---- Zeek
    def _zeek(self, one: dict[str, Any], path: str) -> bool:
        if "ts" not in one:
            return False
        at = int(float(one["ts"]) * 1_000_000_000)
        path = str(one.get("_path") or path or _guessed(one))
        ip, peer = str(one.get("id.orig_h", "")), str(one.get("id.resp_h", ""))
        if path == "dns" and "query" in one:
            self._asked(ip, peer, str(one["query"]), str(one.get("qtype_name", "A")), at)
        elif path in ("ssl", "quic") and (one.get("server_name") or one.get("id.resp_p")):
            alpn = str(one.get("next_protocol") or one.get("client_protocol") or "")
            hello = Hello(str(one.get("server_name") or ""), (alpn,), 0, "")
            self._conversation(one, at, lambda talk: self.named.hello(talk, hello))
        elif path == "http":
            fields = {"host": str(one.get("host", "")), "user-agent": str(one.get("user_agent", ""))}
            head = Head(str(one.get("method", "GET")), str(one.get("uri", "/")), fields)
            self._conversation(one, at, lambda talk: self.named.request(talk, head))
            if head.method == "CONNECT":
                port = int(one.get("id.resp_p") or 0)
                self._note(Seen("proxy", "http-connect", "HTTP CONNECT", ip, "request", peer, port, 6, named=head.target), at)
        elif path == "dhcp":
            self._zeek_dhcp(one, at)
        elif path == "software":
            name = f"{one.get('name', '')} {one.get('unparsed_version', '')}".strip()
            self._note(Seen("application", "software", name[:120], str(one.get("host", "")), "log"), at)
        elif path == "conn":
            self._zeek_connection(one, at)
        elif path == "notice":
            note = str(one.get("note", ""))
            who = str(one.get("src") or ip)
            self._note(Seen("alert", note[:80], str(one.get("msg", note))[:160], who, "log", str(one.get("dst") or "")), at)
        elif path == "tunnel" and one.get("tunnel_type"):
            key = str(one["tunnel_type"]).rpartition("::")[2].lower()
            kind = "proxy" if key in ("socks", "http") else "tunnel"
            what = {"http": "http-connect"}.get(key, key)
            self._note(Seen(kind, what, key.upper(), ip, "log", peer, int(one.get("id.resp_p") or 0), sure=0.9), at)
        else:
            return False
        self._seen_at(at, path)
        return True

    def _zeek_dhcp(self, one: dict[str, Any], at: int) -> None:
        server = str(one.get("server_addr") or "")
        if server and one.get("assigned_addr"):
            given, to = str(one["assigned_addr"]), str(one.get("mac", ""))
            facts = {"server": server, "sender": server, "relay": "", "given": given, "to": to, "routers": [], "resolvers": []}
            self._note(Seen("dhcp_server", server, "DHCP", server, "log", facts=facts, sure=0.9), at)

    def _zeek_connection(self, one: dict[str, Any], at: int) -> None:
        """Services that Zeek recognised itself, in the connection's column *service*."""
        port, proto = int(one.get("id.resp_p") or 0), 6 if one.get("proto") == "tcp" else 17
        for word in str(one.get("service") or "").split(","):
            if word in ZEEK_SERVICES:
                kind, what, name = ZEEK_SERVICES[word]
                ip, peer = str(one["id.orig_h"]), str(one["id.resp_h"])
                self._note(Seen(kind, what, name, ip, "log", peer, port, proto, sure=0.9), at)

    def _conversation(self, one: dict[str, Any], at: int, told: Callable[[Talk], Iterator[Seen]]) -> None:
        ends = (str(one["id.orig_h"]), int(one.get("id.orig_p") or 0)), (str(one["id.resp_h"]), int(one.get("id.resp_p") or 0))
        for seen in told(Talk(ends, 6, 0, at, 0)):
            self._note(seen, at)

    # ---- Suricata
    def _suricata(self, one: dict[str, Any], _path: str = "") -> bool:
        kind = str(one.get("event_type", ""))
        if "timestamp" not in one or not kind:
            return False
        at = self._time(str(one["timestamp"]), "iso")
        ends = {"id.orig_h": one.get("src_ip", ""), "id.orig_p": one.get("src_port", 0), "id.resp_h": one.get("dest_ip", ""),
                "id.resp_p": one.get("dest_port", 0), "ts": at / 1_000_000_000}  # fmt: skip
        ip, peer, port = str(ends["id.orig_h"]), str(ends["id.resp_h"]), int(ends["id.resp_p"] or 0)
        if kind == "alert":
            alert = one["alert"]
            facts = {name: alert.get(name) for name in ("signature_id", "category", "severity")}
            name = str(alert["signature"])[:160]
            self._note(Seen("alert", str(alert.get("signature_id", name)), name, ip, "log", peer, port, facts=facts), at)
        elif kind == "dns":
            for rrname, rrtype in _suricata_questions(one["dns"]):
                self._asked(ip, peer, rrname, rrtype, at)
        elif kind in ("tls", "quic"):
            name = str(one[kind].get("sni") or "")
            self._conversation(ends, at, lambda talk: self.named.hello(talk, Hello(name, (), 0, "")))
        elif kind == "http":
            http = one["http"]
            fields = {"host": str(http.get("hostname", "")), "user-agent": str(http.get("http_user_agent", ""))}
            head = Head(str(http.get("http_method", "GET")), str(http.get("url", "/")), fields)
            self._conversation(ends, at, lambda talk: self.named.request(talk, head))
        elif kind == "dhcp" and one["dhcp"].get("type") == "reply" and one["dhcp"].get("dhcp_type") in ("offer", "ack"):
            told = one["dhcp"]
            server = str(told.get("server_identifier") or ip)
            facts = {"server": server, "sender": ip, "relay": str(told.get("relay_ip") or "").replace("0.0.0.0", ""),  # noqa: S104
                     "given": str(told.get("assigned_ip", "")), "to": str(told.get("client_mac", "")),
                     "routers": list(told.get("routers") or []), "resolvers": list(told.get("dns_servers") or [])}  # fmt: skip
            self._note(Seen("dhcp_server", server, "DHCP", server, "log", facts=facts, sure=0.9), at)
        else:
            return False
        self._seen_at(at, kind)
        return True

    def _json(self, text: str, take: Callable[[dict[str, Any], str], bool]) -> bool:
        one = json.loads(text)
        return take({key: value for key, value in one.items() if value is not None}, "") if isinstance(one, dict) else False

    # ---- RADIUS
    def _records(self, file: TextIO) -> None:
        """FreeRADIUS's detail files: a head with the time, then one attribute a line, then an empty one."""
        self.sightings.source = "radius"
        values: dict[str, str] = {}
        for number, text in _lines(file, empty=True):
            self.lines = number
            if match := re.match(r"\s+([\w:-]+) = \"?(.*?)\"?\s*$", text):
                values.setdefault(match[1], match[2])
                continue
            self._record(number, values)
            values = {"": text} if text.strip() else {}
        self._record(self.lines, values)

    def _record(self, number: int, values: dict[str, str]) -> None:
        if len(values) < 2 or "User-Name" not in values:
            return
        try:
            head = values.get("", "")
            at = int(values["Timestamp"]) * 10**9 if "Timestamp" in values else self._time(head, "%a %b %d %H:%M:%S %Y")
        except ValueError:
            self._wrong(number, values.get("", ""))
            return
        ip, mac = values.get("Framed-IP-Address", ""), re.sub(r"[^0-9a-f]", "", values.get("Calling-Station-Id", "").lower())[:12]
        card = ":".join(mac[place : place + 2] for place in range(0, 12, 2)) if len(mac) == 12 else ""
        facts = {
            "status": values.get("Acct-Status-Type", ""),
            "switch": values.get("NAS-IP-Address") or values.get("NAS-Identifier", ""),
            "port": values.get("NAS-Port-Id") or values.get("NAS-Port", ""),
        }
        self.used += 1
        self._seen_at(at, "radius")
        if ip or card:
            user = values["User-Name"][:64]
            self._note(Seen("login", user, user, ip or card, "log", mac=card, facts=facts), at)

    # ---- inside
    def _note(self, seen: Seen, at: int) -> None:
        self.sightings.note(seen, at)

    def _seen_at(self, at: int, kind: str) -> None:
        self.first, self.last = min(self.first or at, at), max(self.last, at)
        self.kinds[kind] += 1

    def _wrong(self, number: int, text: str) -> None:
        self.bad += 1
        if len(self.named_bad) < MOST_NAMED:
            self.named_bad.append(Bad(number, N_("it could not be read"), text[:200]))

    def _time(self, text: str, form: str) -> int:
        if form == "epoch":
            return int(float(text) * 1_000_000_000)
        if form == "iso":
            moment = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.strip().replace("Z", "+00:00")))
        elif "%Y" in form or "%y" in form:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - its zone follows
        else:
            year = self.now.astimezone(self.zone).year
            moment = datetime.strptime(f"{year} {text}", f"%Y {form}").replace(tzinfo=self.zone)
            if moment.timestamp() > self.now.timestamp() + 86_400:
                moment = moment.replace(year=year - 1)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return int(moment.astimezone(UTC).timestamp() * 1_000_000_000)


ZEEK_SERVICES = {
    "socks": ("proxy", "socks5", "SOCKS"), "ayiya": ("tunnel", "ayiya", "AYIYA"), "teredo": ("tunnel", "teredo", "Teredo"),
    "gtpv1": ("tunnel", "gtp", "GTP-U"), "vxlan": ("tunnel", "vxlan", "VXLAN"), "geneve": ("tunnel", "geneve", "Geneve"),
    "spicy_wireguard": ("tunnel", "wireguard", "WireGuard"), "wireguard": ("tunnel", "wireguard", "WireGuard"),
    "spicy_openvpn_udp": ("tunnel", "openvpn", "OpenVPN"), "spicy_openvpn_tcp": ("tunnel", "openvpn", "OpenVPN"),
    "openvpn": ("tunnel", "openvpn", "OpenVPN"), "ipsec": ("tunnel", "ipsec", "IPsec"),
    "spicy_ipsec_udp": ("tunnel", "ipsec", "IPsec"),
    "rdp": ("remote_control", "rdp", "RDP"), "rfb": ("remote_control", "vnc", "VNC"),
}  # fmt: skip
"""What Zeek, or its packages, call a service."""


class _Tables:
    """Zeek's own tables: the columns stand in the head, which may come again where files were put together."""

    def __init__(self, take: Callable[[dict[str, Any], str], bool]) -> None:
        self.take = take
        self.names: list[str] = []
        self.unset, self.empty, self.path = "-", "(empty)", ""

    def __call__(self, text: str) -> bool:
        stripped = text.lstrip()
        if stripped.startswith("#"):
            word, _, rest = stripped.partition("\t")
            self.names = rest.split("\t") if word == "#fields" else self.names
            self.unset = rest if word == "#unset_field" else self.unset
            self.empty = rest if word == "#empty_field" else self.empty
            self.path = rest.strip() if word == "#path" else self.path
            return False
        cells = zip(self.names, text.split("\t"), strict=False)
        return self.take({name: cell for name, cell in cells if cell not in (self.unset, self.empty)}, self.path)


def _guessed(one: dict[str, Any]) -> str:
    """Which of Zeek's logs a line without a name is of, by a column that no other has."""
    return next((path for column, path in MARKS if column in one), "")


MARKS = (
    ("query", "dns"), ("qtype_name", "dns"), ("server_name", "ssl"), ("cipher", "ssl"), ("user_agent", "http"), ("uri", "http"),
    ("assigned_addr", "dhcp"), ("software_type", "software"), ("note", "notice"), ("tunnel_type", "tunnel"),
    ("conn_state", "conn"),
)  # fmt: skip


def _suricata_questions(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if told.get("type") in ("query", "request", None) and "rrname" in told:
        yield str(told["rrname"]), str(told.get("rrtype", "A"))
    if told.get("type") in ("query", "request"):
        for one in told.get("queries") or told.get("query") or []:
            if isinstance(one, dict) and "rrname" in one:
                yield str(one["rrname"]), str(one.get("rrtype", "A"))


def _windows(text: str) -> str:
    """A name as Windows' DNS debug log writes it: (3)www(7)example(3)com(0)."""
    return re.sub(r"\(\d+\)", ".", text).strip(".")


def _address(text: str) -> str:
    return str(ip_address(text.strip().strip("[]").partition("%")[0]))


def _lines(file: TextIO, *, empty: bool = False) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(MOST_LINE):
        number += 1
        if empty or line.strip():
            yield number, line.rstrip("\r\n")
