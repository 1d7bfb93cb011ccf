"""
netops-probe: the child process that has raw sockets, scapy, and little else of netops.

It reads one JSON request a line on standard input and answers in JSON lines on standard output. It knows only the
requests of REQUESTS; whatever else it is asked it answers with an error. Requests are bounded in size and in time.
Whatever it sends goes into the prefixes that its command line names with --allow, and nowhere else.
"""

from __future__ import annotations

import base64
import ctypes
import json
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

MAX_REQUEST = 64 << 10


# ---- reflection
MAX_PROBES = 400
MAX_PER_SECOND = 100.0
MAX_LISTEN_SECONDS = 7 * 86_400.0
OUTGOING = 4
CAP_NET_RAW = 13
SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_STATISTICS = 263, 6
ALLOWED = tuple(
    ip_network(net)
    for flag, net in zip(sys.argv[1:], sys.argv[2:], strict=False)
    if flag == "--allow" and __name__ == "__main__"
)
"""Where probes and sweeps may go, and nowhere else."""
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
WIDEST = 10
"""
Outside private space (RFC 1918, RFC 6598) no shorter prefix is anybody's own, whatever the command line says: a probe in
another's name never goes there. The national extranet numbers its terminals out of 59.192.0.0/10.
"""


def may_be_probed(target: IPv4Address) -> bool:
    """Whether the command line allows a probe in another's name to this address, by a prefix that can be one's own."""
    return any(
        target in net and (net.prefixlen >= WIDEST or any(target in own for own in PRIVATE)) for net in ALLOWED
    )


def reflect(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Send probes that bear the sensor's address as their source: {"sent": how many}.

    Each probe is a target, a service of `services.SERVICES` and the ticket that it carries.

    Raises:
        ValueError: a target is not allowed, or more is asked for than is allowed; nothing was sent then.
        PermissionError: without CAP_NET_RAW.
    """
    from netops.probes.services import SERVICES, packet

    probes = [(IPv4Address(str(to)), str(service), base64.b64decode(str(text))) for to, service, text in request["probes"]]
    beacon, pace = IPv4Address(str(request["beacon"])), float(request["per_second"])
    for target, service, carried in probes:
        if not may_be_probed(target):
            raise ValueError(f"{target} is not in the prefixes that may be probed")
        if service not in SERVICES or len(carried) != SERVICES[service].size:
            raise ValueError(f"a ticket of {len(carried)} octets for {service[:20]}")
    if len(probes) > MAX_PROBES or not 0 < pace <= MAX_PER_SECOND:
        raise ValueError(f"more than {MAX_PROBES} probes at once, or not 1 to {MAX_PER_SECOND:g} a second")
    confine()
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        for number, (target, service, carried) in enumerate(probes):
            try:
                out.sendto(packet(service, beacon.packed, target.packed, carried, number), (str(target), 0))
                sent += 1
            except OSError as error:  # no route to this one, or its neighbour is silent
                yield {"unsent": str(target), "why": str(error)}
            time.sleep(1 / pace)
    yield {"sent": sent}


def answers(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    What comes to *beacon* and bears a ticket of *key*, as it comes, for *seconds*; nobody is answered.

    First {"listening": true}; then at (ms UTC), source, ttl, interface, service, ticket (base64) each; everything else
    is counted only, in the last line: {"refused": how many, "dropped": how many the kernel had no room for}.

    Raises:
        ValueError: more is asked for than is allowed, or the key is none.
        PermissionError: without CAP_NET_RAW.
    """
    from netops.core import ticket
    from netops.probes.services import PORT, back

    beacon, key = IPv4Address(str(request["beacon"])), str(request["key"])
    ticket.sensor_key(key)
    until = time.monotonic() + min(float(request["seconds"]), MAX_LISTEN_SECONDS)
    refused = 0
    with ExitStack() as held:
        quiet = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with suppress(OSError):
            # While the port is held, the kernel sends no unreachable to what comes there; nothing of it is read.
            _filter(quiet, NOTHING)
            quiet.bind((str(beacon), PORT))
        ear = held.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)))
        confine()
        _filter(ear, to(beacon))
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        yield {"listening": True}
        while (left := until - time.monotonic()) > 0:
            ear.settimeout(min(left, 1.0))
            try:
                packet, (interface, _, kind, *_rest) = ear.recvfrom(2048)
            except TimeoutError:
                continue
            if kind == OUTGOING:
                continue
            at = time.time()
            found = back(packet)
            if found is None or not ticket.is_ours(key, found.ticket, at):
                refused += 1
                continue
            yield {
                "at": int(at * 1000),
                "source": str(IPv4Address(found.source)),
                "ttl": found.ttl,
                "interface": interface,
                "service": found.service,
                "ticket": base64.b64encode(found.ticket).decode(),
            }
        _, dropped = struct.unpack("II", ear.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    yield {"refused": refused, "dropped": dropped}


def beacons(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Visits to *listen* by the web that bear a ticket of *key*: nothing else is answered or passed on.

    First {"listening": true}; then at (ms UTC), source, service "beacon", ticket (base64) each; at the end
    {"refused": how many}.

    Raises:
        ValueError: the key is none, or the certificate.
        OSError: it cannot be listened there.
    """
    from netops.core import ticket
    from netops.probes.pagehits import listener, secured, serve

    key, seconds = str(request["key"]), min(float(request["seconds"]), MAX_LISTEN_SECONDS)
    ticket.sensor_key(key)
    tls = secured(str(request.get("certificate", "")), str(request.get("private_key", "")))
    heard: list[dict[str, Any]] = []

    def answer(path: str, peer: str) -> bytes | None:
        carried = ticket.from_text(path.rpartition("/")[2])
        if not ticket.is_ours(key, carried, time.time()) or len(carried) in ticket.STUBS:
            return None
        text = base64.b64encode(carried).decode()
        visit = {"source": peer, "ttl": 0, "interface": "", "service": "beacon", "ticket": text}
        heard.append({"at": time.time_ns() // 1_000_000, **visit})
        return b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"

    refused = 0
    with listener(str(request["listen"])) as server:
        confine(holds=())
        yield {"listening": True}
        for count in serve(server, answer, seconds, tls):
            refused += count
            yield from heard
            heard.clear()
    yield {"refused": refused, "dropped": 0}


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


NOTHING = [(0x06, 0, 0, 0)]


def to(beacon: IPv4Address) -> list[tuple[int, int, int, int]]:
    """A classic BPF program on the IP header: ICMP, UDP and TCP to *beacon*, nothing else."""
    return [
        (0x20, 0, 0, 16),  # ld [16]: destination
        (0x15, 0, 5, int(beacon)),
        (0x30, 0, 0, 9),  # ldb [9]: protocol
        (0x15, 2, 0, 1),
        (0x15, 1, 0, 6),
        (0x15, 0, 1, 17),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    ]


def _filter(ear: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    """Let the kernel pass only what the program does."""
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(held)))


def confine(holds: tuple[int, ...] = (CAP_NET_RAW,)) -> None:
    """From here on this process has no capability but those that it *holds*, gains none, and ends with its parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    set_pdeathsig, set_no_new_privs, drop_bounding, version_3 = 1, 38, 24, 0x20080522
    libc.prctl(set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    libc.prctl(set_no_new_privs, 1, 0, 0, 0)
    for capability in range(64):
        if capability not in holds:
            libc.prctl(drop_bounding, capability, 0, 0, 0)
    header = struct.pack("Ii", version_3, 0)
    held = sum(1 << capability for capability in holds)
    for kept in (struct.pack("IIIIII", held, held, 0, 0, 0, 0), struct.pack("IIIIII", 0, 0, 0, 0, 0, 0)):
        if libc.capset(header, kept) == 0:
            return


# ---- the mirror port
def listen(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    Frames of interfaces for some seconds: see `mirror.catch`. Nothing is sent, nobody is answered.

    Raises:
        ValueError: more is asked for than is allowed.
        PermissionError: without CAP_NET_RAW.
    """
    from netops.probes.mirror import catch

    confine()
    yield from catch([str(name) for name in request["interfaces"]], float(request["seconds"]))


# ---- packets for a person to look at
def dissect(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    One frame taken apart by scapy: {"name", "fields"} for each layer. All capabilities are given up before it is looked at.

    Raises:
        ValueError: scapy is not there, or more is asked for than is allowed.
    """
    from netops.probes.dissection import layers

    confine(holds=())
    yield from layers(int(request["link"]), base64.b64decode(str(request["frame"]), validate=True))


REQUESTS: dict[str, Callable[[dict[str, Any]], Iterator[dict[str, Any]]]] = {
    "reflect": reflect,
    "answers": answers,
    "beacons": beacons,
    "sweep": sweep,
    "listen": listen,
    "dissect": dissect,
}
AT_ONCE = ("answers", "beacons", "listen", "reflect", "sweep")
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
