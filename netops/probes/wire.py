"""
netops-probe: the child process that has scapy, and nothing else of netops.

It reads one JSON request a line on standard input and answers in JSON lines on standard output. It knows only the
requests of REQUESTS; whatever else it is asked it answers with an error. Requests are bounded in size and in time.
Whatever it sends goes into the prefixes that its command line names with --allow, and nowhere else.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

MAX_REQUEST = 64 << 10


# ---- reflection
MAX_PROBES = 400
MAX_PER_SECOND = 100.0
MAX_PAYLOAD = 128
MAX_LISTEN_SECONDS = 86_400.0
ECHO_REPLY, OUTGOING = 0, 4
CAP_NET_RAW = 13
SO_ATTACH_FILTER = 26
ALLOWED = tuple(
    ip_network(net)
    for flag, net in zip(sys.argv[1:], sys.argv[2:], strict=False)
    if flag == "--allow" and __name__ == "__main__"
)
"""Where probes and sweeps may go, and nowhere else."""
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Probes in another's name go into private space only (RFC 1918, RFC 6598), whatever the command line says."""


def reflect(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Send echo requests that bear the sensor's address as their source: {"sent": how many}.

    Raises:
        ValueError: a target is not allowed, or more is asked for than is allowed; nothing was sent then.
        PermissionError: without CAP_NET_RAW.
    """
    probes = [(IPv4Address(str(target)), base64.b64decode(str(payload))) for target, payload in request["probes"]]
    beacon, pace = IPv4Address(str(request["beacon"])), float(request["per_second"])
    for target, payload in probes:
        if not any(target in net for net in ALLOWED) or not any(target in net for net in PRIVATE):
            raise ValueError(f"{target} is not in the prefixes that may be probed")
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"a payload of more than {MAX_PAYLOAD} octets")
    if len(probes) > MAX_PROBES or not 0 < pace <= MAX_PER_SECOND:
        raise ValueError(f"more than {MAX_PROBES} probes at once, or not 1 to {MAX_PER_SECOND:g} a second")
    confine()
    from scapy.layers.inet import ICMP, IP
    from scapy.packet import Raw

    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        for number, (target, payload) in enumerate(probes):
            packet = IP(src=str(beacon), dst=str(target), ttl=64) / ICMP(id=os.getpid() & 0xFFFF, seq=number & 0xFFFF)
            try:
                sent += bool(out.sendto(bytes(packet / Raw(payload)), (str(target), 0)))
            except OSError as error:  # no route to this one, or its neighbour is silent
                yield {"unsent": str(target), "why": str(error)}
            time.sleep(1 / pace)
    yield {"sent": sent}


def echoes(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Echo replies to *beacon* that carry *magic*, as they come, for *seconds*; nobody is answered.

    First {"listening": true}; then at (ms UTC), source, ttl, interface, payload (base64) each; other echo replies are
    counted only, in the last line: {"refused": how many}. At most *most* a second are passed on.

    Raises:
        ValueError: more is asked for than is allowed.
        PermissionError: without CAP_NET_RAW.
    """
    beacon, magic = IPv4Address(str(request["beacon"])), base64.b64decode(str(request["magic"]))
    until = time.monotonic() + min(float(request["seconds"]), MAX_LISTEN_SECONDS)
    most, second, passed, refused = int(request.get("most", 20_000)), 0, 0, 0
    confine()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as ear:
        _filter(ear, beacon)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        yield {"listening": True}
        while (left := until - time.monotonic()) > 0:
            ear.settimeout(min(left, 1.0))
            try:
                packet, (interface, _, kind, *_rest) = ear.recvfrom(2048)
            except TimeoutError:
                continue
            payload = packet[(packet[0] & 15) * 4 + 8 :]
            if kind == OUTGOING:
                continue
            if int(time.monotonic()) != second:
                second, passed = int(time.monotonic()), 0
            if not payload.startswith(magic) or len(payload) > MAX_PAYLOAD or passed >= most:
                refused += 1
                continue
            passed += 1
            yield {
                "at": time.time_ns() // 1_000_000,
                "source": str(IPv4Address(packet[12:16])),
                "ttl": packet[8],
                "interface": interface,
                "payload": base64.b64encode(payload).decode(),
            }
    yield {"refused": refused}


# ---- the ping sweep
MAX_TARGETS = 1000
MAX_SWEEP_SECONDS = 3600.0
MAX_SWEEP_RATE = 1000.0


def sweep(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Echo requests in our own name to addresses of one family: {"address", "state", "seconds"} for each, as it ends.

    Raises:
        ValueError: a target is not allowed, or more is asked for than is allowed; nothing was sent then.
        PermissionError: without CAP_NET_RAW.
    """
    from netops.probes.echo import Pace, ask, opened

    targets = [ip_address(str(text)) for text in request["targets"]]
    pace = Pace(float(request["per_second"]), int(request["attempts"]), float(request["wait"]), float(request["seconds"]))
    for target in targets:
        if not any(target in net for net in ALLOWED):
            raise ValueError(f"{target} is not in the prefixes that may be swept")
    if len(targets) > MAX_TARGETS or not 0 < pace.per_second <= MAX_SWEEP_RATE or not 0 < pace.attempts <= 5:
        raise ValueError(f"more than {MAX_TARGETS} targets, or not 1 to {MAX_SWEEP_RATE:g} a second")
    if not 0 <= pace.wait_seconds <= 60 or not 0 < pace.most_seconds <= MAX_SWEEP_SECONDS:
        raise ValueError(f"more than {MAX_SWEEP_SECONDS:g} seconds")
    confine()
    for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        mine = [str(target) for target in targets if target.version == version]
        if mine:
            with opened(family, socket.SOCK_RAW) as one:
                for outcome in ask(one, mine, pace):
                    yield outcome._asdict()


def _filter(ear: socket.socket, beacon: IPv4Address) -> None:
    """Let the kernel pass only echo replies to *beacon*: a classic BPF program on the IP header."""
    program = [
        (0x30, 0, 0, 9),  # ldb [9]: protocol
        (0x15, 0, 6, 1),  # ICMP, else drop
        (0x20, 0, 0, 16),  # ld [16]: destination
        (0x15, 0, 4, int(beacon)),
        (0xB1, 0, 0, 0),  # ldxb 4*([0]&0xf): header length
        (0x50, 0, 0, 0),  # ldb [x]: ICMP type
        (0x15, 0, 1, ECHO_REPLY),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(held)))


def confine() -> None:
    """From here on this process has no capability but CAP_NET_RAW, gains none, and ends with its parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    set_pdeathsig, set_no_new_privs, drop_bounding, version_3 = 1, 38, 24, 0x20080522
    libc.prctl(set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    libc.prctl(set_no_new_privs, 1, 0, 0, 0)
    for capability in range(64):
        if capability != CAP_NET_RAW:
            libc.prctl(drop_bounding, capability, 0, 0, 0)
    header = struct.pack("Ii", version_3, 0)
    held = 1 << CAP_NET_RAW
    for kept in (struct.pack("IIIIII", held, held, 0, 0, 0, 0), struct.pack("IIIIII", 0, 0, 0, 0, 0, 0)):
        if libc.capset(header, kept) == 0:
            return


REQUESTS: dict[str, Callable[[dict[str, Any]], Iterator[dict[str, Any]]]] = {
    "reflect": reflect,
    "echoes": echoes,
    "sweep": sweep,
}
AT_ONCE = ("echoes", "sweep")
"""Their answers are written as they come."""


def main() -> int:
    """Answer requests until standard input ends."""
    for line in iter(lambda: sys.stdin.buffer.readline(MAX_REQUEST), b""):
        try:
            request = json.loads(line)
            asked = REQUESTS[request["do"]]
            for answer in asked(request):
                print(json.dumps(answer), flush=request["do"] in AT_ONCE)
            print(json.dumps({"end": True}), flush=True)
        except (KeyError, TypeError):
            print(json.dumps({"error": "unknown request"}), flush=True)
        except PermissionError:
            print(json.dumps({"error": "CAP_NET_RAW is missing"}), flush=True)
        except (ValueError, OSError) as error:
            print(json.dumps({"error": str(error) or type(error).__name__}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
