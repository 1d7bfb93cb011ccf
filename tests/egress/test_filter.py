"""The filter language: nfdump's answers on nfdump's words, and errors that point at their place."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from exporter import a_set, template, v5, v9, values
from kept_flows import judged, random_batch, scene

from netops.egress import chunks
from netops.egress.chunks import Chunk
from netops.egress.columns import record
from netops.egress.filter import parse
from netops.egress.flows import merged
from netops.egress.judge import judge
from netops.egress.kept import Register, columns_of
from netops.egress.match import Condition, View, rows_of
from netops.egress.netflow import Decoder
from netops.egress.prefixes import PrefixSet, span
from netops.egress.stored import layout_of
from netops.egress.words import FilterError


def chunk_of(judgement: Any) -> Chunk:
    register = Register()
    made = columns_of(*judgement, register, 1)
    return chunks.of_columns(made, register.names)


@pytest.fixture(scope="module")
def flows() -> tuple[Chunk, list[dict[str, Any]]]:
    """Four hundred random flows, as a chunk and in words."""
    chunk = chunk_of(judged(random_batch(400, v6=0.2)))
    view = View(chunk)
    return chunk, [record(view, row) for row in range(len(view))]


def found(chunk: Chunk, condition: Condition) -> list[int]:
    rows = rows_of(chunk, condition)
    return list(range(len(chunk))) if rows is None else rows.tolist()


def inside(text: str, *nets: str) -> bool:
    address = ip_address(text)
    return any(address in ip_network(net) for net in nets)


MEANINGS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "": lambda one: True,
    "any": lambda one: True,
    "src net 10.20.11.0/25": lambda one: inside(one["src"], "10.20.11.0/25"),
    "net 2001:db8:20::/48 and not src net 2001:db8:20:11::/64": lambda one: (
        inside(one["dst"], "2001:db8:20::/48") and not inside(one["src"], "2001:db8:20:11::/64")
    ),
    "src net 10.20.11.0 255.255.255.192": lambda one: inside(one["src"], "10.20.11.0/26"),
    "dst ip in [10.20.11.7 10.20.11.64/26, 2001:db8:20::/48]": lambda one: inside(one["dst"], "10.20.11.7/32",
        "10.20.11.64/26", "2001:db8:20::/48"),
    "inet6": lambda one: ":" in one["src"],
    "src as 4134": lambda one: one.get("src_as") == 4134,
    "as 4200000000": lambda one: 4_200_000_000 in (one.get("src_as"), one.get("dst_as")),
    "ipv4 and proto tcp": lambda one: ":" not in one["src"] and one["proto"] == 6,
    "port in [53 80, 40000-50000]": lambda one: any(one[name] in (53,
        80) or 40000 <= one[name] <= 50000 for name in ("sport", "dport")),
    "src port > 60000": lambda one: one["sport"] > 60000,
    "src and dst port < 1000": lambda one: one["sport"] < 1000 and one["dport"] < 1000,
    "src or dst port 443": lambda one: 443 in (one["sport"], one["dport"]),
    "bytes > 1M or packets le 3": lambda one: one["bytes"] > 1_000_000 or one["packets"] <= 3,
    "flags S and not flags AFRPU": lambda one: one["tcp_flags"] & 63 == 2,
    "proto tcp and (port 80 or not bytes < 5k)": lambda one: (
        one["proto"] == 6 and (80 in (one["sport"], one["dport"]) or one["bytes"] >= 5000)
    ),
    "proto udp or proto icmp and port 53": lambda one: (
        one["proto"] == 17 or (one["proto"] == 1 and 53 in (one["sport"], one["dport"]))
    ),
    "icmp-type 8": lambda one: one["proto"] == 1 and one["dport"] >> 8 == 8,
    "in if 9 and out if 2": lambda one: (one["in_if"], one["out_if"]) == (9, 2),
    "if in [2 3]": lambda one: {one["in_if"], one["out_if"]} & {2, 3} != set(),
    "exporter fw or router ip 10.20.255.99": lambda one: one["exporter"] == "10.20.255.2",
    "verdict unfiled_exit": lambda one: one["verdict"] == "unfiled_exit",
    "verdict in [transit unfiled_exit] and plane extranet": lambda one: one["verdict"] in ("transit", "unfiled_exit"),
    "organization fin and estimated": lambda one: one["organization"] == "fin" and one.get("sampling_interval", 0) > 1,
    "src organization fin": lambda one: one["organization"] == "fin" and one["in_if"] == 2,
    "exit none and not exit shared": lambda one: one["exit"] == "",
    "exit shared # a remark\n and bpp > 700": lambda one: (
        one["exit"] == "shared" and one["bytes"] // one["packets"] > 700
    ),
    "tcp and not port 443 or icmp type 8": lambda one: (
        (one["proto"] == 6 and 443 not in (one["sport"], one["dport"])) or (one["proto"] == 1 and one["dport"] >> 8 == 8)
    ),
    "dst ip = 10.20.11.7 or in src mac 02:00:00:00:00:01": lambda one: inside(one["dst"], "10.20.11.7/32") or (
        one.get("src_mac") == "02:00:00:00:00:01"
    ),
    "! proto tcp && ! proto 17": lambda one: one["proto"] not in (6, 17),
}  # fmt: skip


@pytest.mark.parametrize("text", MEANINGS)
def test_a_filter_means_what_it_says(text: str, flows: tuple[Chunk, list[dict[str, Any]]]) -> None:
    """Every filter gives the flows that the same thing said in Python gives."""
    chunk, records = flows
    expected = [row for row, one in enumerate(records) if MEANINGS[text](one)]

    assert expected == found(chunk, parse(text, {"fw": "10.20.255.2"}))


FAULTS = {
    "src nte 1.2.3.4": (5, "nte"), "port 70000": (6, "70000"), "src net 10.20.11.0/33": (9, "10.20.11.0/33"),
    "proto tcp port 80": (11, "port"), "(port 80": (9, "∎"), "verdict unfiled": (9, "unfiled_exit"), "bytes > 1x": (9, "1x"),
    "proto tcp and": (14, ""), "exporter gw": (10, "fw"), "flags SQ": (7, "Q"), "port in [80 a]": (13, "a"),
    "mask 24": (1, "mask"), "src mask 24": (5, "not kept"), "src as 4294967296": (8, "4294967296"),
    "dst nat ip 10.0.0.1": (5, "not kept"), "tos 8": (1, "not kept"),
    "in tos 8": (1, "'in'"), "out packets > 1": (1, "'out'"), "proto tpc": (7, "tcp"), "tcpp": (1, "tcp"),
    "ad proto tcp": (1, "and"), "net 10.300/16": (5, "10.300/16"), "flows": (6, ""),
    "%": (1, "%"), "host 1.2.3": (6, "1.2.3"), "proto tcp\n and prto udp": (6, "prto"), "src mac 12": (9, "12"),
    "port in [90-80]": (10, "90-80"),
    "proto 256": (7, "256"), "if -3": (4, "-3"), "'": (1, "'"),
}  # fmt: skip


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_shown_where_it_stands(text: str) -> None:
    """The column counts from 1 in its own line, and the message names what is wrong or what was meant."""
    column, word = FAULTS[text]
    with pytest.raises(FilterError) as caught:
        parse(text, {"fw": "10.20.255.2"})

    assert column == caught.value.column
    assert word in caught.value.english()
    assert "^" == caught.value.facts["caret"].strip()  # type: ignore[attr-defined]


@given(
    st.text(alphabet=" ()[]!&|=<>,#-./:0123456789abcdefimnoprstvxSAF\n\"'", max_size=60)
    | st.text(max_size=20)
)
@settings(max_examples=300)
def test_garbage_never_crashes(text: str) -> None:
    """Whatever is typed is understood or refused with a place."""
    with suppress(FilterError):
        parse(text)


def test_deep_and_long_filters_are_bounded() -> None:
    """A thousand brackets are refused; ten thousand prefixes are not."""
    with pytest.raises(FilterError):
        parse("(" * 1000 + "any" + ")" * 1000)
    nets = " ".join(f"10.{number >> 8}.{number & 255}.0/24" for number in range(10_000))

    assert parse(f"src ip in [{nets}]").columns()


NETS = st.lists(
    st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, 32)).map(
        lambda pair: str(ip_network(pair, strict=False))
    ),
    max_size=30,
)


@given(NETS, st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_prefix_sets_answer_as_python_does(nets: list[str], addresses: list[int]) -> None:
    """Of both families, at the edges of every prefix too."""
    wide = [f"2001:db8:{number:x}::/{48 + number}" for number in range(len(nets) % 4)]
    parsed = [ip_network(net) for net in nets]
    edges = [int(end) + step for net in parsed for end in (net[0], net[-1]) for step in (-1, 0, 1)]
    asked = [one for one in [*addresses, *edges] if 0 <= one < 1 << 32]
    made = PrefixSet(span(net) for net in [*nets, *wide])
    v6 = [int(ip_network(net)[place]) + step for net in wide for place in (0, -1) for step in (-1, 0, 1)]

    assert [any(ip_address(one) in net for net in parsed) for one in asked] == made.v4(
        np.array(asked, np.uint32)
    ).tolist()
    assert [any(ip_address(one) in ip_network(net) for net in wide) for one in v6] == made.v6(
        np.array([one >> 64 for one in v6], np.uint64),
        np.array([one & ((1 << 64) - 1) for one in v6], np.uint64),
    ).tolist()


def test_bounds_never_leave_out_a_flow(tmp_path: Path) -> None:
    """What is skipped by least and greatest values is what would not have matched."""
    chunk = chunk_of(judged(random_batch(300, 5, v6=0)))
    bounded = Chunk(
        len(chunk),
        chunk.names,
        chunk.column,
        lambda name: (int(chunk.column(name).min()), int(chunk.column(name).max())),
    )
    for text in [
        *MEANINGS,
        "bytes > 1g",
        "src port > 70",
        "dst net 172.16.0.0/12",
        "not net 0.0.0.0/0",
        "verdict shared",
        "not verdict shared",
    ]:
        condition = parse(text, {"fw": "10.20.255.2"})
        assert found(chunk, condition) == found(bounded, condition), text
    assert layout_of({"bytes": chunk.column("bytes")})


# ---- nfdump
COMPARED = [
    "any", "src net 10.20.11.0/25", "not dst net 10.0.0.0/8", "src net 10.20.11.0/25 and not dst net 10.0.0.0/8 and proto tcp",
    "ip in [10.20.11.3 10.20.11.64/26]", "dst ip in [10.20.0.0/16 11.0.0.0/8 2001:db8::/32]", "port 80 or port in [443 53]",
    "src port > 30000 and dst port < 1000", "bytes > 100k", "bytes > 1M or packets < 10", "packets > 900", "flags S", "flags SA",
    "flags S and not flags A", "flags S and not flags AFRPU", "in if 9", "out if 9 and proto udp", "if 2",
    "duration > 30000", "duration < 1000",
    "bpp > 1000", "pps > 100", "bps > 1m", "inet6", "inet6 and proto tcp", "ipv4", "proto 17", "not (proto tcp or proto udp)",
    "src and dst port > 1000", "src host 10.20.11.5", "host 10.20.11.5", "src net 10.20.11.0 255.255.255.0",
    "proto icmp and icmp-type 8",
    "flags 2", "flags = 18", "flags > 16", "not flags S", "flags X", "flows > 1", "flows >= 1 and proto tcp",
    "src net 172.16/12", "in packets > 900", "in bytes <= 64k", "mac 02:00:00:00:00:01", "in src mac 02:00:00:00:00:01",
    "port in [53, 80,443]", "src port 0x35", "bytes ge 10000", "dst port le 443", "packets eq 5", "port == 53", "proto ICMP",
    "SRC NET 10.20.11.0/25 AND NOT (PROTO TCP)", "dst ip 2400:da00::7", "ip in [2001:db8:20:11::5 10.20.11.3]", "proto esp",
    "not any", "! any or proto udp", "bytes > 0x1000", "icmp-code 0", "pps < 1", "bps < 1k or bpp < 100",
    "src port 443 && dst port > 1024 || proto icmp", "duration = 0", "if 2 and not if 9", "net 2001:db8::/32 and port 53",
    "proto tcp or proto udp and port 53", "dst net 2001:db8::/32", "src port 53 or dst port 53 and bytes > 10k and not flags F",
]  # fmt: skip


@pytest.fixture(scope="module")
def both_sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Chunk]:
    """The same flows in a file of nfdump and in a chunk of ours, from the same datagrams."""
    if not shutil.which("nfcapd") or not shutil.which("nfdump"):
        pytest.skip("nfdump is not installed: apt-get install nfdump")
    folder = tmp_path_factory.mktemp("nfdump")
    sent = list(datagrams(600))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    collector = subprocess.Popen(
        ["nfcapd", "-w", str(folder), "-b", "127.0.0.1", "-p", str(port), "-t", "3600"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            _wait_for(port)
            for one in sent:
                sender.sendto(one, ("127.0.0.1", port))
                time.sleep(0.002)
            time.sleep(0.3)
    finally:
        collector.send_signal(signal.SIGTERM)
        collector.wait(20)
    [file] = [path for path in folder.iterdir() if path.name.startswith("nfcapd.2")]
    decoded = Decoder().feed(("127.0.0.1", 1_790_000_000_000, one) for one in sent)
    place = scene()
    return file, chunk_of((judge(merged(decoded), place), place))


def _wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(200):
        if f":{port:04X} " in Path("/proc/net/udp").read_text("ascii"):
            return
        time.sleep(0.05)
    pytest.skip("nfcapd did not listen")


def datagrams(count: int) -> Any:
    """Flows of IPv4 by NetFlow v5 and of IPv6 by v9."""
    rng = np.random.default_rng(3)

    def pick(*items: Any) -> Any:
        return items[int(rng.integers(0, len(items)))]

    batch = []
    for _ in range(count):
        inner, outer = (
            f"10.20.11.{rng.integers(1, 250)}",
            f"{rng.integers(11, 200)}.{rng.integers(0, 255)}.7.9",
        )
        packets, proto, last = (
            int(rng.integers(1, 1200)),
            int(pick(6, 17, 1)),
            int(rng.integers(61_000, 99_000)),
        )
        one = {
            "src": pick(inner, outer), "dst": pick(outer, inner), "sport": 0 if proto == 1 else int(pick(53,
            443, rng.integers(1024, 65535))),
            "dport": 2048 if proto == 1 else int(pick(53, 80, 443, rng.integers(1024, 65535))), "proto": proto,
            "packets": packets,
            "bytes": packets * int(rng.integers(40, 1500)), "in_if": int(pick(2, 9)), "out_if": int(pick(2, 9)),
            "tcp_flags": int(pick(2, 18, 27, 16)) if proto == 6 else 0, "first": last - int(rng.integers(0,
            60_000)), "last": last,
        }  # fmt: skip
        batch.append(one)
        if len(batch) == 20:
            yield v5(*batch)
            batch = []
    fields = ((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (10, 4), (22, 4), (21, 4))
    yield v9(template(300, fields))
    for number in range(60):
        inside_first = number % 2
        ends = ("2001:db8:20:11::5", f"2400:da00::{number:x}")
        src, dst = ends if inside_first else ends[::-1]
        yield v9(
            a_set(
                300,
                values(
                    fields,
                    src,
                    dst,
                    1000 + number,
                    pick(53, 443),
                    pick(6, 17),
                    5,
                    500 * number,
                    2,
                    70_000,
                    80_000,
                ),
            )
        )


@pytest.mark.parametrize("text", COMPARED)
def test_nfdump_gives_the_same_flows(text: str, both_sides: tuple[Path, Chunk]) -> None:
    """The same words mean the same: equal numbers of flows, packets and bytes."""
    file, chunk = both_sides
    told = subprocess.run(
        ["nfdump", "-r", str(file), "-N", "-o", "null", text], capture_output=True, text=True, check=True
    ).stdout
    summary = dict(
        part.strip().split(": ")
        for part in next(line for line in told.splitlines() if line.startswith("Summary"))
        .removeprefix("Summary:")
        .split(",")
    )
    view = View(chunk, rows_of(chunk, parse(text)))

    assert (int(summary["total flows"]), int(summary["total packets"]), int(summary["total bytes"])) == (
        len(view), int(view.value("packets").sum()), int(view.value("bytes").sum()),
    )  # fmt: skip
