"""Logs of other programs: DNS servers, RADIUS, Zeek, Suricata; a bad line is named and nothing is lost."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from netops.config import share
from netops.core.clock import CITY_ZONE
from netops.egress.listening import querylogs, services
from netops.egress.listening.readers import Reader

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
FORMATS = querylogs.formats(share("playbooks"))
CHECK = "www.msftconnecttest.com"
WINDOWS = "0B50 PACKET  00A9C6A3BA60 UDP Rcv 10.10.11.11  0002   Q [0001   D   NOERROR] A   (3)www(15)msftconnecttest(3)com(0)"


def read(text: str) -> tuple[str, Reader]:
    kind = querylogs.kind_of(text, FORMATS)
    reader = Reader(services.read(share("playbooks")), "one.log", CITY_ZONE, NOW)
    reader.read(io.StringIO(text), kind, FORMATS)
    return kind, reader


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"Nov 30 16:00:01 dnsmasq[12345]: query[A] {CHECK} from 10.10.11.11", "dnsmasq"),
        (f"Nov 30 16:00:01 ns dnsmasq[12345]: 7 10.10.11.11/5353 query[A] {CHECK} from 10.10.11.11", "dnsmasq"),
        (f"30-Nov-2026 16:00:01.000 queries: info: client @0x7f 10.10.11.11#53 ({CHECK}): query: {CHECK} IN A +E", "bind"),
        (f"30-Nov-2026 16:00:01.000 client 10.10.11.11#53412 ({CHECK}): view in: query: {CHECK} IN A + (10.10.0.53)", "bind"),
        (f"2026-11-30T08:00:01.000Z queries: info: client @0x7f1a 10.10.11.11#53412 ({CHECK}): query: {CHECK} IN A", "bind-iso"),
        (f"Nov 30 16:00:01 ns named[812]: client @0x7f1a 10.10.11.11#53412 ({CHECK}): query: {CHECK} IN A +", "bind-syslog"),
        (f"[1796025601] unbound[812:0] info: 10.10.11.11 {CHECK}. A IN", "unbound"),
        (f"Nov 30 16:00:01 ns unbound: [812:0] info: 10.10.11.11 {CHECK}. A IN", "unbound-syslog"),
        (f"11/30/2026 4:00:01 PM {WINDOWS}", "windows-dns"),
        (f"2026/11/30 16:00:01 {WINDOWS}", "windows-dns-24h"),
    ],
)  # fmt: skip
def test_questions_of_every_dns_server(line: str, kind: str) -> None:
    """Who asked what, when; answers and other lines of the same log are passed over."""
    found, reader = read(f"{line}\n{line.replace('query', 'reply').replace('Rcv', 'Snd').replace('info', 'notice')}\n")
    [one] = reader.observations()

    assert kind == found
    assert ("connectivity_check", "10.10.11.11", "dns", (CHECK,)) == (one.kind, one.ip, one.source, one.names)
    assert datetime(2026, 11, 30, 8, 0, 1, tzinfo=UTC) == one.first


def test_data_in_names_shows_in_a_log_too() -> None:
    """Sixty long names below one domain that never come twice."""
    lines = [f"Nov 30 16:00:01 dnsmasq[1]: query[TXT] {number:040x}.t.example.com from 10.10.11.11" for number in range(60)]
    [one] = read("\n".join(lines) + "\n")[1].observations()

    assert ("dns_tunnel", "10.10.11.11", 60) == (one.kind, one.ip, one.count)


def test_radius_says_who_was_where() -> None:
    """FreeRADIUS's detail file: user, address, card, switch and port."""
    text = (
        "Mon Nov 30 16:00:01 2026\n\tUser-Name = \"zhang\"\n\tCalling-Station-Id = \"00-14-22-00-00-11\"\n"
        "\tFramed-IP-Address = 10.20.11.11\n\tNAS-IP-Address = 10.20.255.12\n\tNAS-Port-Id = \"ge2\"\n"
        "\tAcct-Status-Type = Start\n\n"
    )
    kind, reader = read(text)
    [one] = reader.observations()

    assert ("radius", "login", "zhang", "10.20.11.11", "00:14:22:00:00:11") == (kind, one.kind, one.name, one.ip, one.mac)
    assert {"status": "Start", "switch": "10.20.255.12", "port": "ge2"} == one.facts


def zeek(path: str, **fields: object) -> str:
    names = ["ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", *fields]
    cells = ["1796025601.5", "10.20.11.5", "40000", "203.0.113.80", "443", *map(str, fields.values())]
    head = f"#separator \\x09\n#unset_field\t-\n#path\t{path}\n#fields\t" + "\t".join(names)
    return head + "\n" + "\t".join(cells) + "\n#close\t2026\n"


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("dns", {"query": "relay-1.net.anydesk.com", "qtype_name": "A"}, "remote_control anydesk"),
        ("ssl", {"server_name": "dns.alidns.com"}, "encrypted_dns doh"),
        ("http", {"method": "GET", "host": "192.0.2.1", "uri": "/generate_204"}, "connectivity_check check-android-paths"),
        ("http", {"method": "CONNECT", "host": "example.com", "uri": "example.com:443"}, "proxy http-connect"),
        ("dhcp", {"server_addr": "192.168.1.1", "assigned_addr": "192.168.1.100"}, "dhcp_server 192.168.1.1"),
        ("conn", {"proto": "tcp", "service": "socks", "conn_state": "SF"}, "proxy socks5"),
        ("tunnel", {"tunnel_type": "Tunnel::TEREDO"}, "tunnel teredo"),
        ("notice", {"note": "Scan::Address_Scan", "msg": "scanned", "src": "10.20.11.5"}, "alert Scan::Address_Scan"),
    ],
)
def test_zeek_as_table_and_as_json(path: str, fields: dict[str, object], expected: str) -> None:
    """The same observation out of both forms."""
    ends = {"id.orig_h": "10.20.11.5", "id.orig_p": 40000, "id.resp_h": "203.0.113.80", "id.resp_p": 443}
    row = {"ts": 1796025601.5, **ends, **fields}
    told = [read(zeek(path, **fields))[1].observations(), read(json.dumps(row) + "\n")[1].observations()]

    assert [[expected]] * 2 == [[f"{one.kind} {one.what}" for one in several] for several in told]


def test_suricata_alerts_and_names() -> None:
    """What another program warned of is said as its own; names are held against our lists."""
    ends = {"timestamp": "2026-11-30T16:00:01.1+0800", "src_ip": "10.20.11.5", "src_port": 40000, "dest_ip": "203.0.113.80"}
    lines = [
        ends | {"event_type": "alert", "alert": {"signature_id": 7, "signature": "ET POLICY something", "severity": 1}},
        ends | {"event_type": "tls", "tls": {"sni": "relay-1.net.anydesk.com"}},
        ends | {"event_type": "dns", "dns": {"type": "query", "rrname": CHECK, "rrtype": "A"}},
        ends | {"event_type": "stats", "stats": {}},
    ]
    _, reader = read("".join(json.dumps(one) + "\n" for one in lines))

    assert ["alert 7", "connectivity_check check-microsoft", "remote_control anydesk"] == sorted(
        f"{one.kind} {one.what}" for one in reader.observations()
    )
    assert (3, 0) == (reader.used, reader.bad)


def test_bad_lines_are_named_and_lose_nothing() -> None:
    """A line that is cut off, one with a time that no calendar has, one of nonsense."""
    good = f"30-Nov-2026 16:00:01.000 client 10.10.11.11#5 ({CHECK}): query: {CHECK} IN A +"
    bad = [good.replace("30-Nov", "31-Nov"), good.replace("10.10.11.11", "999.1"), "\x00\xff nonsense"]
    _, reader = read("\n".join([good, *bad, good]) + "\n")

    assert (2, 2, [2, 3]) == (reader.used, reader.bad, [one.line for one in reader.named_bad])


def test_what_is_no_log_is_none() -> None:
    """Prose, an empty file, JSON of another program."""
    assert ["", "", ""] == [querylogs.kind_of(text, FORMATS) for text in ("Dear Sir,\n", "", '{"a": 1}\n')]


def test_every_format_says_whence() -> None:
    """Source and day of each."""
    assert all(one.source and one.checked for one in FORMATS)
