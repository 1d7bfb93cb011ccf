"""Recordings played back on loopback: devices answer SNMP over UDP, exporters send what they sent."""

from __future__ import annotations

import gzip
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import msgspec

from netops.core.errors import NetopsError
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import Oid, integer, oid, tlv

RECORDINGS = Path(__file__).parents[1] / "recordings"
"""The recordings that ship: "day" and "breach" of the example city."""
Reach = Callable[[str], str]
"""Gives the address by which a recorded address is played."""
PAST_EPOCH = (150, 151, 152, 153)
"""flowStart and flowEnd, Seconds and Milliseconds (IPFIX information elements)."""


class RecordedDevice(msgspec.Struct, frozen=True):
    """A device in `recording.json`: its name, its management address, what it spoke ("v2c", "v3", "both")."""

    name: str
    address: str
    plane: str
    snmp: str


class Recording(msgspec.Struct, frozen=True):
    """A folder made by `tests/lab/record.py`; times are seconds since 1970."""

    city: str
    title: str
    note: str
    started: float
    snmp_at: float
    seconds: float
    devices: tuple[RecordedDevice, ...]


def read(folder: Path) -> Recording:
    """
    What `recording.json` in *folder* says.

    Raises:
        NetopsError: it is not a recording.
    """
    try:
        return msgspec.json.decode((folder / "recording.json").read_bytes(), type=Recording)
    except (OSError, msgspec.DecodeError) as error:
        raise NetopsError(
            "the recording {folder} was not read",
            "{reason}",
            "python tests/lab/record.py renews it in the lab",
            folder=folder,
            reason=error,
        ) from error


# ---- devices
@lru_cache(maxsize=64)
def table(path: Path) -> Table:
    """The variables of one .snmprec.gz (OID|tag|value, tags of snmpsim)."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        return Table(variable(line.rstrip("\n")) for line in lines)


def variable(line: str) -> tuple[Oid, bytes]:
    """One line of a recording as the name and the encoded value of a variable."""
    name, tag, value = line.split("|", 2)
    match tag:
        case "2" | "65" | "66" | "67" | "70":
            encoded = integer(int(value), int(tag))
        case "6":
            encoded = oid(tuple(map(int, value.split("."))))
        case "64":
            encoded = tlv(64, socket.inet_aton(value))
        case "64x":
            encoded = tlv(64, bytes.fromhex(value))
        case "4x":
            encoded = tlv(4, bytes.fromhex(value))
        case _:
            encoded = tlv(int(tag), value.encode())
    return tuple(map(int, name.split("."))), encoded


class Agents:
    """
    Every device of a recording, each at its own address, all at one port, answered by one thread.

        with Agents(RECORDINGS / "day", config.reached, access) as agents:
            ...                                   # walk agents.port
            agents.play(RECORDINGS / "breach")    # the same devices, some time later

    Args:
        reach: where a device's recorded address is played.
        access: community, user and keys; a device speaks the versions that it spoke when it was recorded.
        port: 0 takes one that is free at every address.

    Raises:
        NetopsError: an address cannot be had.
    """

    def __init__(self, folder: Path, reach: Reach, access: Access, port: int = 0) -> None:
        self.reach, self.access, self.port = reach, access, port
        self._agents: dict[str, Agent] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="recorded devices", daemon=True)
        self.play(folder)

    def play(self, folder: Path) -> None:
        """Answer from now on what was recorded in *folder*; devices that are not in it fall silent."""
        recording, agents = read(folder), {}
        for device in recording.devices:
            found = table(folder / "snmp" / f"{device.name}.snmprec.gz")
            known = self._agents.get(device.name)
            agents[device.name] = known or Agent(device.name, found, self._spoken(device))
            agents[device.name].table = found
        for device in recording.devices:
            if device.name not in self._sockets:
                self._sockets[device.name] = self._bind(device)
        self._agents = agents

    def _spoken(self, device: RecordedDevice) -> Access:
        access = self.access
        return Access(
            community="" if device.snmp == "v3" else access.community,
            user="" if device.snmp == "v2c" else access.user,
            auth_key=access.auth_key,
            priv_key=access.priv_key,
        )

    def _bind(self, device: RecordedDevice) -> socket.socket:
        address = self.reach(device.address)
        here = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            here.bind((address, self.port))
        except OSError as error:
            here.close()
            self.close()
            raise NetopsError(
                "the recorded device {name} was not started at {address}:{port}",
                "{reason}",
                "on Linux the whole of 127.0.0.0/8 is loopback; choose another port when it is taken",
                name=device.name,
                address=address,
                port=self.port,
                reason=error,
            ) from error
        here.setblocking(False)  # noqa: FBT003
        self.port = here.getsockname()[1]
        return here

    def _serve(self) -> None:
        with selectors.DefaultSelector() as waiting:
            while not self._ended.is_set():
                for name, here in list(self._sockets.items()):
                    if here not in waiting.get_map():
                        waiting.register(here, selectors.EVENT_READ, name)
                for key, _ in waiting.select(0.2):
                    self._answer(str(key.data), self._sockets[key.data])

    def _answer(self, name: str, here: socket.socket) -> None:
        agent = self._agents.get(name)
        try:
            datagram, asker = here.recvfrom(65535)
            if agent and (answer := agent.answer(datagram)):
                here.sendto(answer, asker)
        except OSError:  # whoever asked is gone
            return

    def __enter__(self) -> Agents:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Fall silent, and give the addresses back."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for here in self._sockets.values():
            here.close()
        self._sockets.clear()


# ---- exporters
def datagrams(path: Path) -> Iterator[tuple[float, str, bytes]]:
    """
    (time, source address, payload) of every UDP datagram in a pcap as `tests/lab/record.py` writes it.

    Raises:
        NetopsError: the file is something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NetopsError("the recording {path} was not read", "{reason}", path=path, reason=error) from error
    if content[:4] != b"\xd4\xc3\xb2\xa1" or content[20:24] != b"\x65\0\0\0":
        raise NetopsError(
            "the recording {path} was not read", "it is not a little-endian pcap of raw IP", path=path
        )
    at = 24
    while at + 16 <= len(content):
        seconds, micros, size, _ = struct.unpack_from("<IIII", content, at)
        packet = content[at + 16 : at + 16 + size]
        at += 16 + size
        if len(packet) > 28 and packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_UDP:
            yield seconds + micros / 1e6, socket.inet_ntoa(packet[12:16]), packet[(packet[0] & 15) * 4 + 8 :]


class Present:
    """Moves the times in datagrams from when they were recorded to when they are sent."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, int, int], tuple[int, list[tuple[int, int]]]] = {}

    def move(self, source: str, payload: bytes, seconds: float) -> bytes:
        """*payload* with its times *seconds* later: v5 and v9 in the header, IPFIX in header and records."""
        if len(payload) < 16:
            return payload
        version, moved = int.from_bytes(payload[:2], "big"), bytearray(payload)
        if version in (5, 9):
            self._add(moved, 8, 4, round(seconds))
        elif version == 10:
            self._add(moved, 4, 4, round(seconds))
            self._records(source, moved, seconds)
        return bytes(moved)

    @staticmethod
    def _add(octets: bytearray, at: int, size: int, amount: int) -> None:
        value = int.from_bytes(octets[at : at + size], "big") + amount
        octets[at : at + size] = (value % (1 << size * 8)).to_bytes(size, "big")

    def _records(self, source: str, octets: bytearray, seconds: float) -> None:
        domain, at = int.from_bytes(octets[12:16], "big"), 16
        while at + 4 <= len(octets):
            number, size = struct.unpack_from("!HH", octets, at)
            end = at + size
            if size < 4 or end > len(octets):
                return
            if number == 2:
                self._learn(source, domain, octets[at + 4 : end])
            width, places = self._templates.get((source, domain, number), (0, []))
            for record in range(at + 4, end - width + 1, width) if width else ():
                for offset, length in places:
                    self._add(octets, record + offset, length, round(seconds * (1000 if length == 8 else 1)))
            at = end

    def _learn(self, source: str, domain: int, body: bytes | bytearray) -> None:
        at = 0
        while at + 4 <= len(body):
            number, count = struct.unpack_from("!HH", body, at)
            at, width, places, fixed = at + 4, 0, [], True
            for _ in range(count):
                if at + 4 > len(body):
                    return
                element, length = struct.unpack_from("!HH", body, at)
                at += 8 if element & 0x8000 else 4
                if element in PAST_EPOCH:
                    places.append((width, length))
                fixed, width = fixed and length != 0xFFFF, width + length
            self._templates[source, domain, number] = (width if fixed else 0, places)


class Replayed(msgspec.Struct, frozen=True):
    """What was sent."""

    datagrams: int
    exporters: int
    octets: int
    seconds: float


def replay_flows(
    path: Path,
    to: tuple[str, int],
    reach: Reach,
    speed: float = 1.0,
    stop: threading.Event | None = None,
    told: Callable[[int], None] | None = None,
) -> Replayed:
    """
    Send every recorded datagram to the collector, each from the address at which its exporter is played.

    Args:
        path: a recording's folder, or a pcap of its kind.
        to: address and port of the collector.
        reach: where an exporter's recorded address is played.
        speed: how many times faster than they came; times in the datagrams are moved to the present.
        stop: ends it early when set.
        told: called after each datagram with how many were sent.

    Raises:
        NetopsError: the file is something else, or an address cannot be had.
    """
    path = path / "flows.pcap" if path.is_dir() else path
    stop, present, sockets = stop or threading.Event(), Present(), dict[str, socket.socket]()
    sent = octets = 0
    began, first = time.monotonic(), 0.0
    try:
        for at, source, payload in datagrams(path):
            first = first or at
            if stop.wait(max(0.0, (at - first) / speed - (time.monotonic() - began))):
                break
            if source not in sockets:
                sockets[source] = _exporter(reach(source))
            try:
                octets += sockets[source].sendto(present.move(source, payload, time.time() - at), to)
                sent += 1
            except ConnectionRefusedError:  # nobody listens yet: told by ICMP after an earlier one
                continue
            if told:
                told(sent)
    finally:
        for here in sockets.values():
            here.close()
    return Replayed(sent, len(sockets), octets, time.monotonic() - began)


def _exporter(address: str) -> socket.socket:
    here = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        here.bind((address, 0))
    except OSError as error:
        here.close()
        raise NetopsError(
            "the recorded exporter at {address} was not started",
            "{reason}",
            "on Linux the whole of 127.0.0.0/8 is loopback",
            address=address,
            reason=error,
        ) from error
    return here
