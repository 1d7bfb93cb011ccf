"""Joint acts: several questions in one transaction, each an act of its own, whatever happens to whoever leads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from netops.core import board as boards
from netops.core import ids, joint, journal
from netops.core.clock import now
from netops.core.errors import Refused
from netops.core.futex import Words
from netops.core.journal import Act
from netops.core.store import Store


class Take(msgspec.Struct, frozen=True):
    """Asks for the next number; refused when it says so, before or after it was taken."""

    who: str
    fails: str = ""


class Other(msgspec.Struct, frozen=True):
    """A question of another kind."""

    number: int


def take(act: Act, question: Take, *, decided: list[str] | None = None) -> int:
    """The next number, with an entry that says whose it is."""
    if question.fails == "before":
        raise Refused("nothing was taken", "{who} asked", "", who=question.who)
    number = ids.take(act.connection, "test")
    act.record("test", question.who, after={"number": number, "asked": act.actor})
    if question.fails == "after":
        raise Refused("nothing was taken", "{who} asked", "", who=question.who)
    if decided is not None:
        decided.append(question.who)
    return number


def ask(store: Store, who: str, fails: str = "", decided: list[str] | None = None) -> int:
    return joint.jointly(store, f"actor {who}", now, Take(who, fails), partial(take, decided=decided), int)


def pinned(store: Store, question: msgspec.Struct, kind: str = "") -> boards.Question:
    """A question that hangs on the board, as another process would have pinned it."""
    assert store.board is not None
    asked = joint.Asked(kind or type(question).__qualname__, "other", msgspec.msgpack.encode(question))
    one = store.board.ask(msgspec.msgpack.encode(asked))
    assert one is not None
    return one


def numbers(store: Store) -> list[int]:
    return [entry.after["number"] for entry in journal.log(store, 1000)][::-1]


def test_what_waits_is_decided_by_who_leads(store: Store, store_url: str) -> None:
    """Who leads answers the others in the same transaction; every question has its own entry and actor."""
    other = Store(store_url)
    waiting = [pinned(other, Take(name)) for name in "bc"]

    mine = ask(store, "a")

    assert other.board is not None
    answers = [msgspec.msgpack.decode(other.board.read(one) or b"") for one in waiting]
    assert [1, 2, 3] == sorted([mine, *answers]) == numbers(store)
    assert {"actor a", "other"} == {entry.actor for entry in journal.log(store)}
    assert 0 == journal.verify(store).broken
    other.close()


def test_many_who_ask_at_once_get_different_numbers(store: Store) -> None:
    """Eight threads, two hundred questions: each is answered once, and none fails."""
    got: list[int] = []

    def work(name: str) -> None:
        got.extend(ask(store, f"{name}{place}") for place in range(25))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(range(1, 201)) == sorted(got) == numbers(store)
    assert 0 == journal.verify(store).broken


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_refusal_rises_where_it_was_asked(store: Store, store_url: str, fails: str) -> None:
    """The others are answered; who asked decides it alone and gets the error; nothing of it stands."""
    other = Store(store_url)
    bad, good = pinned(other, Take("bad", fails)), pinned(other, Take("good"))

    mine = ask(store, "a")

    assert other.board is not None
    assert (boards.ALONE, boards.ANSWERED) == (other.board.state(bad), other.board.state(good))
    assert [1, 2] == sorted([mine, msgspec.msgpack.decode(other.board.read(good) or b"")]) == numbers(store)
    with pytest.raises(Refused, match="me asked"):
        ask(store, "me", fails)
    assert 2 == len(numbers(store))
    other.close()


def test_what_a_leader_decided_before_it_died_is_told_and_not_done_again(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was committed and nobody was told: the next leader tells it from the store."""
    other = Store(store_url)
    waiting, decided = pinned(other, Take("waiting")), list[str]()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(boards.Board, "answer", _interrupted)
        ask(store, "dies", decided=decided)
    assert other.board is not None
    assert boards.ASKED == other.board.state(waiting)
    assert 2 == len(decided)

    ask(store, "next", decided=decided)

    assert boards.ANSWERED == other.board.state(waiting)
    assert ["dies", "next", "waiting"] == sorted(decided)
    assert 3 == len(numbers(store))
    other.close()


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_is_carried_over_survives_the_next_death_too(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two leaders die one after the other; what the first one decided is still done once."""
    other = Store(store_url)
    waiting, decided = pinned(other, Take("waiting")), list[str]()
    for name in ("first", "second"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(boards.Board, "answer", _interrupted)
            ask(store, name, decided=decided)

    ask(store, "third", decided=decided)

    assert other.board is not None
    assert boards.ANSWERED == other.board.state(waiting)
    assert 1 == decided.count("waiting")
    other.close()


def test_a_question_of_another_kind_is_left_to_who_asked(store: Store, store_url: str) -> None:
    """It is neither decided nor refused; what cannot be read is left alone."""
    other = Store(store_url)
    foreign, garbage = pinned(other, Other(7)), pinned(other, Other(7), kind="Take")

    assert 1 == ask(store, "a")

    assert other.board is not None
    assert (boards.ASKED, boards.ALONE) == (other.board.state(foreign), other.board.state(garbage))
    other.close()


def test_a_question_too_long_for_the_board_is_decided_alone(store: Store) -> None:
    """So is one more than the board has slots for."""
    assert 1 == ask(store, "a", "x" * 10_000)
    assert store.board is not None
    held = [store.board.ask(b"x") for _ in range(boards.SLOTS + 1)]
    assert held[-1] is None
    assert 2 == ask(store, "b")


def test_a_type_that_cannot_be_carried_is_an_error_at_once(store: Store) -> None:
    """Not one that only shows as acts that are always decided alone."""

    class Here(msgspec.Struct):
        one: Missing  # noqa: F821 - that is the defect

    with pytest.raises(NameError):
        joint.jointly(store, "x", now, Here(one=1), lambda _act, _here: 1, int)


DEAD = """
import os, sys
from tests.core.test_joint import Store, Take, pinned
pinned(Store(sys.argv[1]), Take("dead"))
os._exit(9)
"""


def test_what_a_dead_process_asked_is_nobodys(store: Store, store_url: str) -> None:
    """It is not decided; its slot is free for another process."""
    subprocess.run([sys.executable, "-c", DEAD, store_url], check=False)

    assert 1 == ask(store, "a")
    assert ["a"] == [entry.subject for entry in journal.log(store)]


def test_a_fork_has_slots_of_its_own(store: Store) -> None:
    """A child that inherited an open board asks on it like any other process."""
    assert 1 == ask(store, "parent")
    if store.is_sqlite:
        store.engine.dispose()
        child = os.fork()
        if not child:
            os._exit(0 if ask(store, "child") == 2 else 1)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert 3 == ask(store, "parent")


def test_a_waiter_is_woken_at_once() -> None:
    """The word changes, the waiter goes on; when nothing changes it looks for itself after a while."""
    import mmap

    memory = mmap.mmap(-1, 64)
    words, slept = Words(memory, 2), list[float]()

    def sleep(seconds: float) -> None:
        start = time.perf_counter()
        words.wait(1, 0, seconds)
        slept.append(time.perf_counter() - start)

    waiter = threading.Thread(target=sleep, args=(20.0,))
    waiter.start()
    _until(lambda: not waiter.is_alive(), words)
    sleep(0.05)

    assert slept[0] < 15
    assert slept[1] < 5
    words.close()
    memory.close()


def _until(done: Callable[[], bool], words: Words) -> None:
    """Change the word and wake whoever sleeps on it."""
    time.sleep(0.05)
    words[1] = 1
    while not done():
        words.wake(1)
        time.sleep(0.01)
    words[1] = 0


@pytest.mark.parametrize("fails", ["before", "after"])
def test_requests_of_one_process_are_decided_together(store: Store, fails: str) -> None:
    """One transaction, an act of its own for each; one that is refused has its error, and stops no other."""
    asked = [("li.lei", Take("a")), ("han", Take("bad", fails)), ("han", Take("b"))]
    first, bad, second = joint.together(store, now, asked, take)

    assert ([1, 2], [1, 2]) == ([first, second], numbers(store))
    assert isinstance(bad, Refused)
    assert ["li.lei", "han"] == [entry.actor for entry in journal.log(store)][::-1]
    assert 0 == journal.verify(store).broken
    assert [] == joint.together(store, now, [], take)
