"""Other programs' files: their flows come out as the collector would have them, and what is no flow is named."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.config import share
from netops.core.clock import CITY_ZONE
from netops.egress import intake, logs
from netops.egress.flows import address_text
from netops.egress.logs import Bad, Read

sys.path.insert(0, str(Path(__file__).parent))
KNOWN = intake.sessions(share("playbooks"))
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)

HUAWEI = (
    "<190>2026-11-20 12:00:00 fw %%01SECLOG/6/SESSION_TEARDOWN(l):IPVer=4,Protocol=tcp,SourceIP=10.20.11.5,Desti"
    "nationIP=203.0.113.9,"
    "SourcePort=40000,DestinationPort=443,BeginTime=1795147190,EndTime=1795147200,SendPkts=10,SendBytes=900,RcvP"
    "kts=8,RcvBytes=7000,"
    "SourceVpnID=0,DestinationVpnID=0.\n"
)
H3C = (
    "<6>Nov 20 12:00:00 2026 fw %%10session/6/SESSION_IPV4_FLOW: Protocol(1001)=UDP;Application(1002)=dns;SrcIPA"
    "ddr(1003)=10.20.11.5;"
    "SrcPort(1004)=40000;NatSrcIPAddr(1005)=198.51.100.2;DstIPAddr(1007)=203.0.113.9;DstPort(1008)=53;InitPktCount(1044)=1;"
    "InitByteCount(1046)=60;RplyPktCount(1045)=1;RplyByteCount(1047)=200;BeginTime_e(1013)=11202026035950;EndTim"
    "e_e(1014)=11202026040000;"
    "Event(1048)=(1)Normal over;\n"
)
NETFILTER = (
    "2026-11-20T12:00:00+08:00 gw kernel: out IN=eth0 OUT=eth1 MAC= SRC=10.20.11.5 DST=203.0.113.9 LEN=60 TOS=0x"
    "00 TTL=63 ID=1 DF "
    "PROTO=TCP SPT=40000 DPT=443 WINDOW=64240 SYN\n"
)
ZEEK = (
    "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_"
    "p\tproto\tduration\torig_pkts\t"
    "orig_ip_bytes\tresp_pkts\tresp_ip_bytes\n1795147190.0\tC1\t10.20.11.5\t40000\t203.0.113.9\t443\ttcp\t10.0"
    "\t10\t900\t8\t7000\n"
    "1795147190.0\tC2\tfe80::1\t136\tff02::1\t0\ticmp\t-\t1\t72\t-\t-\n"
)
EVE = [
    {"event_type": "flow", "src_ip": "10.20.11.5", "src_port": 40000, "dest_ip": "203.0.113.9", "dest_port": 443, "proto": "TCP",
     "flow": {"pkts_toserver": 10, "bytes_toserver": 900, "pkts_toclient": 8, "bytes_toclient": 7000,
     "start": "2026-11-20T11:59:50.000000+0800",
              "end": "2026-11-20T12:00:00.000000+0800"}},
    {"event_type": "netflow", "src_ip": "2001:db8::5", "dest_ip": "2001:db8::9", "proto": "IPv6-ICMP",
    "icmp_type": 128, "icmp_code": 0,
     "netflow": {"pkts": 1, "bytes": 104, "start": "2026-11-20T04:00:00.000000+0000", "end": "2026-11-20T04:00:00.000000+0000"}},
    {"event_type": "alert", "src_ip": "10.0.0.1"},
]  # fmt: skip
NFDUMP_CSV = (
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out\n"
    "2026-11-20 11:59:50,2026-11-20 12:00:00,10.000,10.20.11.5,203.0.113.9,40000,443,TCP,....S.,0,0,10,900,0,0,2,9\n"
    "2026-11-20 11:59:50,2026-11-20 12:00:00,10.000,10.20.11.5,203.0.113.9,0,8.0,ICMP,......,0,0,1,84,0,0,2,9\nS"
    "ummary\nflows,bytes\n2,984\n"
)
NEW_CSV = (
    "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n"
    "2026-11-20 11:59:50.000,10.0,TCP,10.20.11.5,40000,203.0.113.9,443,10,900,1\n"
)
NFDUMP_JSON = (
    '[\n{\n\t"type" : "FLOW",\n\t"first" : "2026-11-20T11:59:50.000",\n\t"last" : "2026-11-20T12:00:00.000",'
    '\n\t"in_packets" : 10,\n'
    '\t"in_bytes" : 900,\n\t"proto" : 6,\n\t"tcp_flags" : "......S.",\n\t"src_port" : 40000,\n\t"dst_port" : 443'
    ',\n\t"src4_addr" : "10.20.11.5",\n'
    '\t"dst4_addr" : "203.0.113.9",\n\t"input_snmp" : 2,\n\t"output_snmp" : 9\n}]\n'
)
DATA = Path(__file__).parents[1] / "data" / "flow_logs"


def lines_of(key: str) -> str:
    """Lines of a firewall as they come."""
    return (DATA / f"{key}.log").read_text("utf-8")


OUT = Read("10.20.11.5", "203.0.113.9", 40000, 443, 6, 10, 900, NOON_MS - 10_000, NOON_MS)
BACK = Read("203.0.113.9", "10.20.11.5", 443, 40000, 6, 8, 7000, NOON_MS - 10_000, NOON_MS)
CASES: dict[str, tuple[str, list[Read]]] = {
    "huawei-usg": (HUAWEI, [OUT, BACK]),
    "h3c-secpath": (H3C + H3C.replace("(1)Normal over", "(8)Session created"), [
        OUT._replace(dport=53, proto=17, packets=1, bytes=60), BACK._replace(sport=53, proto=17, packets=1, bytes=200)]),
    "netfilter": (NETFILTER, [OUT._replace(packets=1, bytes=60, first=NOON_MS)]),
    "zeek": (ZEEK, [OUT, BACK, Read("fe80::1", "ff02::1", 0, 136 << 8, 58, 1, 72, NOON_MS - 10_000, NOON_MS - 10_000)]),
    "zeek-json": (json.dumps({"ts": 1795147190.0, "id.orig_h": "10.20.11.5", "id.orig_p": 40000,
    "id.resp_h": "203.0.113.9", "id.resp_p": 443,
                              "proto": "tcp", "duration": 10.0, "orig_pkts": 10, "orig_ip_bytes": 900,
                              "resp_pkts": 8, "resp_ip_bytes": 7000}) + "\n",
                  [OUT, BACK]),
    "suricata": ("".join(json.dumps(one) + "\n" for one in EVE), [
        OUT, BACK, Read("2001:db8::5", "2001:db8::9", 0, 128 << 8, 58, 1, 104, NOON_MS, NOON_MS)]),
    "nfdump-csv": (NFDUMP_CSV, [OUT._replace(tcp_flags=2, in_if=2, out_if=9),
                                OUT._replace(sport=0, dport=8 << 8, proto=1, packets=1, bytes=84, in_if=2, out_if=9)]),
    "hillstone": (lines_of("hillstone"), [OUT, BACK, OUT._replace(packets=1, bytes=0, first=NOON_MS)]),
    "topsec": (lines_of("topsec"), [OUT, BACK, OUT._replace(proto=0, packets=1, bytes=0, first=NOON_MS)]),
    "sangfor-af": (lines_of("sangfor-af"), [OUT._replace(packets=1, bytes=0, first=NOON_MS),
                             OUT._replace(src="2001:db8::5", dst="2001:db8::9", proto=0, packets=1, bytes=0, first=NOON_MS)]),
    "fortigate": (lines_of("fortigate"), [
        OUT._replace(first=NOON_MS - 9877, last=NOON_MS + 123), BACK._replace(first=NOON_MS - 9877, last=NOON_MS + 123),
        OUT._replace(packets=1, bytes=0, first=NOON_MS)]),
    "pan-os": (lines_of("pan-os"), [OUT, BACK]),
    "juniper-srx": (lines_of("juniper-srx"), [OUT, BACK]),
    "nfdump-json": (NFDUMP_JSON, [OUT._replace(tcp_flags=2, in_if=2, out_if=9)]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_a_format_is_known_and_read(kind: str) -> None:
    """By its beginning, and every line into the flows that it tells; an answered connection is two."""
    text, expected = CASES[kind]

    assert kind == intake.guessed(text, KNOWN)
    assert expected == list(logs.read(io.StringIO(text), kind, KNOWN, CITY_ZONE))


def test_later_nfdump_has_other_columns() -> None:
    """The short CSV of nfdump 1.7.4 and later."""
    assert "nfdump-csv" == intake.guessed(NEW_CSV, KNOWN)
    assert [OUT] == list(logs.read(io.StringIO(NEW_CSV), "nfdump-csv", KNOWN, CITY_ZONE))


def test_records_of_nfdump_without_times_have_that_of_their_event() -> None:
    """Or of their receipt; JSON also a line a record, as later ones write it."""
    plain = re.sub(r"2026-11-20T1.:..:..", "1970-01-01T00:00:00", NFDUMP_JSON)
    told = plain.replace('"type" : "FLOW"', '"received" : "2026-11-20T12:00:00.000"')
    event = told.replace('"received"', '"received" : "2026-11-21T12:00:00.000",\n\t"t_event"')
    lines = json.dumps(json.loads(told)[0]) + "\n"
    head, row = NFDUMP_CSV.splitlines()[:2]
    row = re.sub(r"2026-11-20 1.:..:..", "1970-01-01 08:00:00", row).replace("10.000", "0.000")
    table = f"{head},tr\n{row},2026-11-20 12:00:00.000\n"
    expected = [OUT._replace(tcp_flags=2, in_if=2, out_if=9, first=NOON_MS)]

    for text, kind in ((told, "nfdump-json"), (event, "nfdump-json"), (lines, "nfdump-json"), (table, "nfdump-csv")):
        assert expected == list(logs.read(io.StringIO(text), kind, KNOWN, CITY_ZONE))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_rotated_logs_are_opened(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Zeek and logrotate leave them in gzip."""
    (tmp_path / "conn.log").write_bytes(pack(ZEEK.encode()))
    with intake.opened(tmp_path / "conn.log") as file:
        assert ZEEK == file.read()


@pytest.mark.parametrize("kind", CASES)
def test_a_bad_line_is_named_and_the_rest_is_read(kind: str) -> None:
    """Cut or garbled, it is one bad line; the good ones before and after it count."""
    text, expected = CASES[kind]
    if kind == "nfdump-json":
        broken = text.rstrip().rstrip("]") + ',\n{\n\t"type" : "FLOW"\n},\n' + text.split("[\n")[1]
    elif kind == "nfdump-csv":
        broken = text.replace("Summary", "2026-11-20 25:00:00,x,y\nSummary")
    else:
        broken = (
            text
            + text.splitlines()[-2 if kind == "suricata" else -1]
            .replace("10.20", "10.20", 1)[:-40]
            .replace('"', "", 3)
            + "\n"
            + text
        )
    found = list(logs.read(io.StringIO(broken), kind, KNOWN, CITY_ZONE))

    assert len([one for one in found if isinstance(one, Read)]) >= len(expected)
    assert len([one for one in found if isinstance(one, Bad)]) <= 1


@given(st.sampled_from(list(CASES)), st.binary(max_size=200), st.integers(0, 400))
def test_garbage_never_crashes(kind: str, garbage: bytes, place: int) -> None:
    """Whatever stands in a file, it is a flow, a bad line, or nothing; and a batch can be made of it."""
    text = CASES[kind][0]
    broken = text[:place] + garbage.decode("utf-8", "replace") + text[place:]
    found = logs.read(io.StringIO(broken), kind, KNOWN, CITY_ZONE)
    bad: list[Bad] = []
    batches = list(intake.batches(found, "10.20.255.2", NOON_MS + 86_400_000, bad.append))

    assert all(len(one) for one in batches)


def test_what_cannot_be_true_is_bad() -> None:
    """Times before 2000 or ahead, addresses that are none, numbers out of range; zones and mapped addresses are read."""
    wrong = [
        OUT._replace(last=NOON_MS * 10),
        OUT._replace(first=0),
        OUT._replace(src="10.20.11"),
        OUT._replace(bytes=1 << 63),
        OUT._replace(sport=-1),
    ]
    good = [OUT._replace(src="fe80::1%eth0"), OUT._replace(src="::ffff:10.20.11.5")]
    bad: list[Bad] = []
    [batch] = intake.batches(iter([*wrong, *good]), "fw", NOON_MS + 1, bad.append)

    assert 5 == len(bad)
    assert ["fe80::1", "10.20.11.5"] == [
        address_text(*pair) for pair in zip(batch["src_hi"].tolist(), batch["src_lo"].tolist(), strict=True)
    ]
    assert [NOON_MS, NOON_MS] == batch["received"].tolist()


def test_times_without_a_year_are_the_latest_that_is_not_ahead() -> None:
    """As RFC 3164 writes them, in the zone that was said."""
    zone = timezone(timedelta(hours=8))
    now = datetime.now(zone)
    for days in (1, 200):
        day = (now - timedelta(days=days)).replace(microsecond=0)
        line = NETFILTER.replace("2026-11-20T12:00:00+08:00", f"<4>{day:%b %e %H:%M:%S}")
        [one] = logs.read(io.StringIO(line), "netfilter", KNOWN, zone)
        assert isinstance(one, Read)
        assert int(day.timestamp() * 1000) == one.last


def test_the_logs_of_others(shared: Path) -> None:
    """Real files of Zeek: every connection is read, none is bad but those that its authors broke."""
    folder = shared / "data" / "pcap"
    for path, kind in (("zeek-logs--slips-test10-mixed/conn.log", "zeek"),
    ("zeek-logs--rita-json-all-fields/conn.log", "zeek-json"),
                       ("zeek-logs--slips-test18-labelled/conn.log.labeled", "zeek")):  # fmt: skip
        text = (folder / path).read_text("utf-8")
        assert kind == intake.guessed(text, KNOWN)
        found = list(logs.read(io.StringIO(text), kind, KNOWN, UTC))
        lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert [] == [one for one in found if isinstance(one, Bad)]
        assert len(lines) <= len(found)
