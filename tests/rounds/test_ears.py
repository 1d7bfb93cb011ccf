"""Standing senses: a log is read on over rotations and restarts, each line once; a mirror port as long as it is there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "egress" / "listening"))
import wires
from flow_city import desk_of

from netops.config import Config
from netops.core import docket, journal
from netops.core.errors import NetopsError
from netops.core.finding import State
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.egress import followed
from netops.egress.settings import FollowedLog, Mirror
from netops.probes.mirror import Piece
from netops.rounds import ears, listening, mirror
from netops.rounds.ears import Ears
from netops.rounds.following import Follower


def asked(name: str, ip: str = "10.10.11.5") -> str:
    return f"Nov 20 11:00:01 dnsmasq[1]: query[A] {name} from {ip}\n"


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def at_work(desk: Desk, config: Config) -> Desk:
    """The same store and clock with other settings."""
    other = Desk(config, desk.clock, desk.actor)
    other._store = desk.store
    return other


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return desk_of(store, tmp_path)[0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "dns.log"
    path.write_text(asked("www.msftconnecttest.com", "10.10.11.4"))
    return path


@pytest.fixture
def follower(desk: Desk, log: Path) -> Iterator[Follower]:
    one = Follower(desk, FollowedLog(Plane.INTRANET, str(log), "in-dns"))
    yield one
    one.close()


def told(desk: Desk) -> list[tuple[str, str]]:
    return sorted((one.code, str(one.subject["ip"])) for one in docket.listed(desk.store))


def test_what_is_added_is_told_and_what_stood_there_is_not(desk: Desk, log: Path, follower: Follower) -> None:
    """A line without its end waits for it."""
    assert () == follower.turn()
    half = asked("captive.apple.com")
    add(log, half[:30])
    assert () == follower.turn()
    add(log, half[30:])
    opened = follower.turn()

    assert 1 == len(opened)
    assert [("EG-202", "10.10.11.5")] == told(desk)
    pieces = docket.pieces(desk.store, docket.one(desk.store, opened[0]).evidence)
    assert [("dns", "in-dns")] == [(one.kind, one.source) for one in pieces]


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "between two runs"])
def test_a_rotation_loses_and_repeats_nothing(desk: Desk, log: Path, follower: Follower, is_running: bool) -> None:
    """What was written to the old file last, and to the new one first, whether or not netops ran meanwhile."""
    follower.turn()
    if not is_running:
        follower.close()
        follower = Follower(desk, follower.one)
    add(log, asked("captive.apple.com", "10.10.11.6"))
    log.rename(log.with_suffix(".log.1"))
    log.write_text(asked("captive.apple.com", "10.10.11.7"))
    for _ in range(3):
        follower.turn()
    follower.close()

    assert [("EG-202", "10.10.11.6"), ("EG-202", "10.10.11.7")] == told(desk)
    assert 2 == follower.lines
    assert followed.Place(log.stat().st_ino, log.stat().st_size) == followed.place(desk.store, str(log))


def test_a_log_that_is_cut_in_place_is_read_from_its_start(desk: Desk, log: Path, follower: Follower) -> None:
    """As logrotate's copytruncate leaves it."""
    follower.turn()
    log.write_text("")
    follower.turn()
    add(log, asked("captive.apple.com"))
    follower.turn()

    assert [("EG-202", "10.10.11.5")] == told(desk)


def test_a_table_of_zeek_is_understood_beyond_its_head(desk: Desk, tmp_path: Path) -> None:
    """The names of the columns stand only at the top of the file."""
    path = tmp_path / "dns.zeek"
    head = "#separator \\x09\n#path\tdns\n#fields\tts\tid.orig_h\tid.resp_h\tquery\tqtype_name\n"
    path.write_text(head)
    one = Follower(desk, FollowedLog(Plane.INTRANET, str(path)))
    one.turn()
    for host in ("10.10.11.8", "10.10.11.9"):
        add(path, f"1763607601.5\t{host}\t10.10.0.53\tcaptive.apple.com\tA\n")
        one.turn()
    one.close()

    assert [("EG-202", "10.10.11.8"), ("EG-202", "10.10.11.9")] == told(desk)


def test_lines_come_again_when_the_store_refused_them(
    desk: Desk, log: Path, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is remembered as read before it was written down."""

    def refuse(*_: object) -> None:
        raise NetopsError("the store is busy", "", "")

    follower.turn()
    add(log, asked("captive.apple.com"))
    with monkeypatch.context() as patched:
        patched.setattr("netops.rounds.listening.keep", refuse)
        with pytest.raises(NetopsError):
            follower.turn()
    follower.turn()

    assert [("EG-202", "10.10.11.5")] == told(desk)


@pytest.mark.parametrize(
    ("places", "later", "expected"),
    [(["sw-fin ge24"], 25, True), (["sw-fin ge24"], 1, False), (["sw-hrss ge24"], 25, False)],
    ids=["heard all day there", "not long enough", "heard elsewhere"],
)
def test_what_was_not_heard_for_a_day_is_over(
    store: Store, tmp_path: Path, places: list[str], later: int, expected: bool
) -> None:
    """Where it was listened to all the time; silence elsewhere proves nothing."""
    desk, clock = desk_of(store, tmp_path)
    syn = wires.tcp(sport=40001, flags=2, sequence=0)
    hello = wires.tcp(wires.hello("relay-1.net.anydesk.com"), 40001, sequence=1)
    path = tmp_path / "one.pcap"
    at = int(clock().timestamp() * 1e9)
    packets = [wires.ether(wires.ip(one, 6, "10.20.11.5")) for one in (syn, hello)]
    path.write_bytes(wires.pcap([(at + row, packet) for row, packet in enumerate(packets)]))
    scene = listening.scene_of(desk, Plane.EXTRANET)
    read = listening.read(path, listening.listener(desk.playbooks, "capture", path.name))
    listening.keep(desk, listening.heard(Plane.EXTRANET, scene, read.observations, "sw-fin:ge24"))
    [one] = docket.listed(desk.store)
    clock.now += timedelta(hours=later)
    listening.fade(desk, Plane.EXTRANET, places, clock() - ears.FADE)

    assert "EG-407" == one.code
    assert expected == (docket.one(desk.store, one.id).state is State.RESOLVED)


def test_mirror_ports_and_logs_are_heard_while_it_serves(desk: Desk, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a thread; an interface that is not there is a fault and is tried again; one process hears for a store."""
    pc, far = "10.20.11.5", "203.0.113.80"
    hello = [
        wires.ip(wires.udp(b"\x01\0\0\0" + bytes(range(144)), 40000, 7000), 17, pc, far),
        wires.ip(wires.udp(b"\x02\0\0\0" + bytes(range(88)), 7000, 40000), 17, far, pc),
    ]
    records = wires.pcap([(wires.NOON_NS + at, wires.ether(one)) for at, one in enumerate(hello)], nanoseconds=True)[24:]
    tries = list[int]()

    def listen(interfaces: tuple[str, ...], seconds: float) -> Iterator[Piece | None]:
        tries.append(1)
        if len(tries) == 1:
            raise NetopsError("the probe did not run", "no such device", "")
        yield None
        yield Piece(records, 2, 0)
        while True:
            yield Piece(b"", 0, 0)

    monkeypatch.setattr(mirror, "listen", listen)
    monkeypatch.setattr(mirror, "TELL_SECONDS", 0.0)
    monkeypatch.setattr(ears, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(ears, "AGAIN_SECONDS", 0.01)
    both = msgspec.structs.replace(
        desk.config, mirrors=(Mirror(Plane.EXTRANET, ("eth1",), "sw-fin:ge24"),), logs=(FollowedLog(Plane.INTRANET, str(log)),)
    )
    heard, enough = list[str](), threading.Event()

    def hear(opened: tuple[str, ...]) -> None:
        heard.extend(opened)
        if len(heard) == 2:
            enough.set()

    with Ears(at_work(desk, both), hear) as first:
        assert ("sw-fin:ge24", str(log)) == first.listening
        with Ears(at_work(desk, both)) as second:
            assert () == second.listening
        while followed.place(desk.store, str(log)) is None:
            enough.wait(0.01)
        add(log, asked("captive.apple.com"))
        assert enough.wait(20)

    assert [("EG-202", "10.10.11.5"), ("EG-402", pc)] == told(desk)
    assert ["sw-fin:ge24"] == [one.after["where"] for one in journal.log(desk.store, 5, verb="egress listen")]
