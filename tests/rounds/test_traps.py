"""What devices tell by themselves: heard, written down, and the device walked at once; on recorded devices over loopback."""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core import docket
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.probes.credentials import Credential
from netops.probes.replay import RECORDINGS, Agents
from netops.rounds import Report, walk
from netops.rounds.traps import Listener, Schedule, boots, engine_id, senders
from netops.topology import eventlog, snapshots
from netops.topology.events import Event
from netops.topology.settings import Traps
from tests.probes.sending import COLD_START, IF_INDEX, LINK_DOWN, send
from tests.rounds.test_walk import ACCESS, Walked, agents  # noqa: F401 - a fixture

V3 = Credential("v3", "", ACCESS.user, "SHA", ACCESS.auth_key, "AES", ACCESS.priv_key)
R_FIN, CORE = "127.72.255.12", "127.72.255.1"
"""Where the recorded r-fin and core are played."""


def listening(desk: Walked, **more: object) -> Walked:
    """The same desk, told to hear traps on a free port."""
    traps = Traps(listen=("127.0.0.1:0",), walk_after_seconds=0.1, **more)  # type: ignore[arg-type]
    desk.config = msgspec.structs.replace(
        desk.config, snmp=msgspec.structs.replace(desk.config.snmp, traps=traps)
    )
    return desk


class Heard:
    """What a listener told of: events, and the reports of the walks that followed."""

    def __init__(self, desk: Walked) -> None:
        self.events: list[Event] = []
        self.walks: list[tuple[list[str], Report]] = []
        self.listener = Listener(
            desk, self.events.append, lambda names, report: self.walks.append((names, report))
        )

    def wait(self, what: Callable[[], object], seconds: float = 15.0) -> None:
        until = time.monotonic() + seconds
        while not what() and time.monotonic() < until:
            time.sleep(0.01)
        assert what()


def cut(folder: Path) -> Path:
    """The recorded day with r-fin's port to the core down."""
    shutil.copytree(RECORDINGS / "day", folder, dirs_exist_ok=True)
    path = folder / "snmp" / "r-fin.snmprec.gz"
    lines = gzip.decompress(path.read_bytes()).decode("ascii")
    assert "1.3.6.1.2.1.2.2.1.8.2|2|1\n" in lines
    path.write_bytes(
        gzip.compress(lines.replace("1.3.6.1.2.1.2.2.1.8.2|2|1\n", "1.3.6.1.2.1.2.2.1.8.2|2|2\n").encode())
    )
    return folder


def test_a_link_that_goes_down_is_a_finding_within_seconds(
    agents: tuple[Walked, Agents],  # noqa: F811
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """The trap is written down with the port's name, its device alone is walked, and TP-107 opens; linkUp ends it."""
    desk, playing = agents
    walk.run(desk)
    told = Heard(listening(desk, walk_pause_seconds=0.5))
    with told.listener as listener:
        place = f"127.0.0.1:{listener.ports[0]}"
        playing.play(cut(tmp_path / "cut"))
        began = time.monotonic()
        send(
            tmp_path, place, V3, LINK_DOWN, f"{IF_INDEX}.2", "i", "2", engine="8000000001020304", source=R_FIN
        )
        told.wait(lambda: told.walks)
        seconds = time.monotonic() - began
        down = [one for one in docket.listed(desk.store, state=STANDING) if one.code == "TP-107"]
        playing.play(RECORDINGS / "day")
        sent = send(
            tmp_path,
            place,
            V3,
            "1.3.6.1.6.3.1.1.5.4",
            f"{IF_INDEX}.2",
            "i",
            "2",
            inform=True,
            source=R_FIN,
            tries=3,
        )
        told.wait(lambda: len(told.walks) > 1)

    record_property("said", f"link down: from the trap to the finding {seconds:.2f} s")
    assert [("link-down", "to-core"), ("link-up", "to-core")] == [
        (one.kind, one.interface) for one in told.events
    ]
    assert [["r-fin"], ["core", "r-fin"]] == [names for names, _ in told.walks]
    assert [("core", "r-fin")] == [(one.facts["a"], one.facts["b"]) for one in down]
    assert down[0].id in told.walks[1][1].resolved
    assert 0 == sent.returncode
    assert ["link-up", "link-down"] == [
        one.kind for one in eventlog.events(desk.store, Plane.EXTRANET, "r-fin")
    ]


def test_a_storm_of_traps_makes_few_walks(agents: tuple[Walked, Agents], tmp_path: Path) -> None:  # noqa: F811
    """A flapping port: every trap is written down, in one row of each kind; the walks keep their distance."""
    desk, _playing = agents
    told = Heard(listening(desk, walk_pause_seconds=30.0))
    with told.listener as listener:
        place = f"127.0.0.1:{listener.ports[0]}"
        for _ in range(6):
            send(
                tmp_path,
                place,
                V3,
                LINK_DOWN,
                f"{IF_INDEX}.2",
                "i",
                "2",
                engine="8000000001020304",
                source=R_FIN,
            )
        told.wait(lambda: len(told.events) == 6 and told.walks)
        time.sleep(0.5)

    assert 1 == len(told.walks)
    assert [("link-down", 6)] == [(one.kind, one.count) for one in eventlog.events(desk.store)]


def test_strangers_are_counted_and_nobody_is_walked_for_them(
    agents: tuple[Walked, Agents],  # noqa: F811
    tmp_path: Path,
) -> None:
    """An address that is not registered; a registered one with a wrong key; a wrong community asked somewhere."""
    desk, _playing = agents
    told = Heard(listening(desk))
    wrong = msgspec.structs.replace(V3, auth_key="wrong-auth-1")
    engine = "8000000001020304"
    with told.listener as listener:
        place = f"127.0.0.1:{listener.ports[0]}"
        send(tmp_path, place, V3, COLD_START, engine=engine, source="127.9.9.9")
        send(tmp_path, place, wrong, COLD_START, engine=engine, source=R_FIN)
        send(tmp_path, place, V3, "1.3.6.1.6.3.1.1.5.5", engine=engine, source=CORE)
        told.wait(lambda: told.events)
        time.sleep(0.5)

    assert [] == told.walks
    assert ["authentication-failure"] == [one.kind for one in told.events]
    found = {one.source: one for one in eventlog.sources(desk.store)}
    assert (1, "") == (found["127.9.9.9"].unknown, found["127.9.9.9"].device)
    assert (1, "r-fin", "usmStatsWrongDigests") == (
        found[R_FIN].refused,
        found[R_FIN].device,
        found[R_FIN].why,
    )
    assert (1, "core") == (found[CORE].accepted, found[CORE].device)


def test_a_second_process_leaves_the_traps_to_the_first(agents: tuple[Walked, Agents]) -> None:  # noqa: F811
    """One receiver on a store; nobody listens where nothing is configured."""
    desk, _playing = agents
    with Listener(desk) as unasked:
        assert not unasked.listening
    with Listener(listening(desk)) as first, Listener(desk) as second:
        assert (True, False) == (first.listening, second.listening)


def test_an_address_that_cannot_be_had_is_told(agents: tuple[Walked, Agents]) -> None:  # noqa: F811
    """What did not happen, and what mends it; another may listen afterwards."""
    desk, _playing = agents
    listening(desk)
    with Listener(desk) as first:
        taken = Traps(listen=(f"127.0.0.1:{first.ports[0]}",))
    desk.config = msgspec.structs.replace(
        desk.config,
        snmp=msgspec.structs.replace(
            desk.config.snmp, traps=msgspec.structs.replace(taken, listen=("192.0.2.1:162",))
        ),
    )
    with pytest.raises(NetopsError, match="traps are not received"):
        Listener(desk).start()
    with Listener(listening(desk)) as again:
        assert again.listening


def test_a_device_is_known_by_every_address_of_its_own(agents: tuple[Walked, Agents]) -> None:  # noqa: F811
    """Traps leave by any interface; an address that two devices hold is nobody's, but where it is registered."""
    desk, _playing = agents
    before = senders(listening(desk), [])
    walk.run(desk)
    views = snapshots.latest(desk.store)
    after = senders(desk, views)

    assert {"r-fin"} == {one.device for address, one in before.items() if address == R_FIN}
    assert "127.72.254.14" not in before
    assert "r-fin" == after["127.72.254.14"].device
    twin = next(view for view in views if view.key == "core")
    assert "127.72.254.14" not in senders(
        desk,
        [
            *views,
            msgspec.structs.replace(twin, addresses=next(v for v in views if v.key == "r-fin").addresses),
        ],
    )


def test_our_engine_stays_and_its_boots_grow(agents: tuple[Walked, Agents]) -> None:  # noqa: F811
    """Without growing boots, old informs could be played again after a restart."""
    desk, _playing = agents

    assert engine_id(["127.0.0.1:162"]) == engine_id(["127.0.0.1:162"])
    assert [1, 2, 3] == [boots(desk) for _ in range(3)]


# ---- the schedule
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 20)), max_size=40),
    st.floats(0, 3),
    st.floats(0.1, 5),
)
def test_every_telling_is_followed_by_a_walk_and_none_comes_too_soon(
    tellings: list[tuple[str, float]], after: float, pause: float
) -> None:
    """Whatever is told when: a walk begins later than it and soon, and two walks of a device keep their distance."""
    schedule, begun = Schedule(after, pause), []
    waiting = sorted(tellings, key=lambda one: one[1])
    step = 0.05
    for tick in range(int(40 / step)):
        now = tick * step
        while waiting and waiting[0][1] <= now:
            schedule.tell(waiting.pop(0)[0], now)
        begun += [(device, now) for device in schedule.due(now)]

    for device, told in tellings:
        assert any(one == device and told <= at <= told + after + pause + 3 * step for one, at in begun)
    for device in "abc":
        times = [at for one, at in begun if one == device]
        assert all(later - earlier >= pause - 1e-6 for earlier, later in pairwise(times))


def test_walks_wait_for_nobody_but_who_is_due() -> None:
    """The wait ends when the first is due."""
    schedule = Schedule(2.0, 10.0)
    schedule.tell("a", 100.0)

    assert (2.0, 0.5, 5.0) == (
        schedule.wait(100.0, 5.0),
        schedule.wait(101.5, 5.0),
        Schedule(1, 1).wait(0, 5.0),
    )
