"""Dead parents: who hangs behind whom, against an oracle that tries every path."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.observation import Unreachable
from netops.topology.dependence import behind, pairs
from netops.topology.device import RegisteredDevice, Role
from netops.topology.drift import missing_device
from netops.topology.link import Link, LinkEnd
from tests.topology.city import EXTRANET, NOON, PAPER, city, picture

TREE = [("core", "agg"), ("agg", "sw-1"), ("agg", "sw-2"), ("sw-2", "ap"), ("core", "agg-2")]


def test_a_dead_aggregation_switch_explains_what_hangs_below() -> None:
    """One fails by itself, three hang behind it; the other aggregation answers."""
    found = behind(TREE, {"agg", "sw-1", "sw-2", "ap"}, {"core"})

    assert {"sw-1": ("agg",), "sw-2": ("agg",), "ap": ("agg",)} == found


def test_a_second_way_that_answers_explains_nothing() -> None:
    """sw-2 is joined to agg-2 as well, which answers: sw-2 fails by itself, and what is below it hangs behind both."""
    found = behind([*TREE, ("sw-2", "agg-2")], {"agg", "sw-1", "sw-2", "ap"}, {"core"})

    assert {"sw-1": ("agg",), "ap": ("sw-2",)} == found


def test_two_dead_parents_explain_together() -> None:
    """Both of a pair are dead: each fails by itself, and what they carried hangs behind both."""
    joined = [("core", "agg"), ("core", "agg-2"), ("agg", "sw"), ("agg-2", "sw")]

    assert {"sw": ("agg", "agg-2")} == behind(joined, {"agg", "agg-2", "sw"}, {"core"})


def test_when_everybody_is_silent_the_position_tells_who_fails() -> None:
    """The device beside netops fails, the rest hangs behind it; without a position everybody fails by himself."""
    everybody = {name for pair in TREE for name in pair}

    assert everybody - {"core"} == set(behind(TREE, everybody, {"core"}))
    assert {} == behind(TREE, everybody, ())


def test_what_nobody_is_joined_to_fails_by_itself() -> None:
    """No known link: nothing explains its silence."""
    assert {} == behind(TREE, {"lonely", "ap"}, {"core"})


def test_what_nobody_asked_may_carry() -> None:
    """A switch between that is never asked may be well: who is silent behind it fails by itself."""
    assert {} == behind([("core", "unasked"), ("unasked", "sw")], {"sw"}, {"core"})


# ---- the oracle
def paths(
    around: dict[int, set[int]], start: int, goal: int, seen: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    """Every simple path."""
    if start == goal:
        yield (*seen, goal)
        return
    for following in around.get(start, set()) - {*seen, start}:
        yield from paths(around, following, goal, (*seen, start))


NODES = st.integers(0, 6)


@settings(max_examples=300, deadline=None)
@given(st.sets(st.tuples(NODES, NODES), max_size=11), st.sets(NODES), st.sets(NODES, max_size=2))
def test_what_every_path_says(edges: set[tuple[int, int]], silent: set[int], position: set[int]) -> None:
    """
    The walker is beside its position and reaches everybody who is not silent. A silent device hangs behind others when
    it can be reached, and every path to it leads over another silent one; it hangs behind those of them that can be
    reached themselves, and that alone stand between.
    """
    around: dict[int, set[int]] = {}
    for a, b in edges:
        if a != b:
            around.setdefault(a, set()).add(b)
            around.setdefault(b, set()).add(a)
    walker = -1
    around[walker] = (set(range(7)) - silent) | position
    own = {one for one in silent if any(not set(path[1:-1]) & silent for path in paths(around, walker, one))}
    expected = {}
    for one in silent - own:
        ways = [set(path[1:-1]) & own for path in paths(around, walker, one)]
        if nearest := {next(iter(way)) for way in ways if len(way) == 1}:
            expected[str(one)] = tuple(sorted(map(str, nearest)))
    joined = [(str(a), str(b)) for a, b in edges]

    assert expected == behind(joined, {str(one) for one in silent}, {str(one) for one in position})


# ---- in a city
def silence(*names: str) -> tuple[Unreachable, ...]:
    entries = {entry.name: entry.address for entry in PAPER.devices}
    return tuple(
        Unreachable(EXTRANET, name, entries[name], NOON, "no answer within {seconds} s", {"seconds": "2"})
        for name in names
    )


def test_one_finding_names_what_is_not_reached_behind_it() -> None:
    """r-a is dead and sw-a hangs on it, by what LLDP said when they were last seen: TP-001 for r-a alone, sw-a unseen."""
    views = city()
    for name in ("r-a", "sw-a"):
        views[name] = msgspec.structs.replace(views[name], stale=True)
    whole = picture(views, unseen=silence("r-a", "sw-a"))
    one = msgspec.structs.replace(whole, fresh=whole.fresh - {(EXTRANET, "r-a"), (EXTRANET, "sw-a")})
    (found,) = missing_device(one)

    assert ({"device": "r-a"}, "sw-a") == (found.subject, found.facts["behind"])
    assert ["sw-a"] == found.evidence[0].body["behind"]
    assert ["no answer within {seconds} s", "no answer: it lies behind {parents}, which does not answer"] == [
        one.explained_silence(lost).why for lost in one.unseen
    ]


def test_devices_that_were_never_seen_hang_by_the_register() -> None:
    """r-b and its switch were never walked: links.toml and prefixes.toml say who hangs where."""
    views = {name: view for name, view in city().items() if name not in ("r-b",)}
    paper = msgspec.structs.replace(
        PAPER,
        devices=(*PAPER.devices, RegisteredDevice("sw-b", "10.50.12.2", Role.SWITCH, "edu", "v3")),
        lans=tuple(
            msgspec.structs.replace(lan, switch="sw-b") if lan.gateway == "r-b" else lan for lan in PAPER.lans
        ),
    )
    unseen = (
        *silence("r-b"),
        msgspec.structs.replace(silence("r-b")[0], device="sw-b", address="10.50.12.2"),
    )

    assert {"sw-b": ("r-b",)} == picture(views, expected=paper, unseen=unseen).hidden


def test_a_link_of_layer_3_over_a_switch_is_no_second_way() -> None:
    """Two routers are neighbours over a switch between them: when it is dead, they are not joined by themselves."""

    def end(device: str, port: int) -> LinkEnd:
        return LinkEnd(EXTRANET, device, "", f"ge{port}", port)

    def joined(a: LinkEnd, b: LinkEnd, layer: int, protocol: str) -> Link:
        return Link(a, b, layer, (protocol,), two_sided=True, confidence=1.0)

    cables = [joined(end("r1", 1), end("sw", 1), 2, "lldp"), joined(end("r2", 1), end("sw", 2), 2, "lldp")]
    over = joined(end("r1", 1), end("r2", 1), 3, "ospf")
    own = joined(end("r1", 2), end("r2", 2), 3, "route")

    assert [("r1", "sw"), ("r2", "sw")] == list(pairs([*cables, over], EXTRANET))
    assert ("r1", "r2") in list(pairs([*cables, own], EXTRANET))
