"""
Joint acts: what several processes ask at the same time is decided by the one whose turn it is, in one transaction.

Each question is an act of its own, with its own journal entry, whole or not at all; only the commit, and so the wait for
the disk, is shared (flat combining: Hendler, Incze, Shavit and Tzafrir, SPAA 2010; group commit: DeWitt et al., SIGMOD 1984).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, bindparam, select

from netops.core import board as boards
from netops.core.board import Board, Question
from netops.core.clock import Clock
from netops.core.errors import NetopsError
from netops.core.journal import Act, act, newest
from netops.core.line import line_of
from netops.core.notes import notes_of
from netops.core.prepared import Prepared, driver
from netops.core.store import Store, StoreFault, metadata

Q = TypeVar("Q", bound=msgspec.Struct)
A = TypeVar("A")
Decide = Callable[[Act, Q], A]
_DECODERS: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
Answers = dict[bytes, bytes]
"""By ticket."""

joint_table = Table(
    "joint_acts",
    metadata,
    Column("board", BigInteger, primary_key=True, autoincrement=False),
    Column("answers", LargeBinary, nullable=False),
)
"""By number of the board: the answers of its newest joint act, for those whose leader died before it could tell them."""
_LAST = Prepared(select(joint_table.c.answers).where(joint_table.c.board == bindparam("which")))
_KEEP = Prepared(
    joint_table.update().where(joint_table.c.board == bindparam("which")).values(answers=bindparam("now"))
)
_BEGIN = Prepared(joint_table.insert())


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A question as it hangs on the board; *kind* is the name of its type."""

    kind: str
    actor: str
    content: bytes


def jointly(store: Store, actor: str, clock: Clock, question: Q, decide: Decide[Q, A], answer: type[A]) -> A:
    """
    What *decide* answers to *question*, in an act that may be one of several in a transaction.

    Whoever has its turn decides questions of the same type for others, too. What it must refuse it leaves
    to who asked, so that errors rise where they belong; it is then decided once more, alone.

    Args:
        decide: writes through the act that it is given, records an entry, and refuses before it writes.
        answer: the type of the answer, which msgspec carries.
    """
    board, pinned = store.board, None
    _decoder(type(question))
    if board is not None:
        asked = Asked(type(question).__qualname__, actor, msgspec.msgpack.encode(question))
        pinned = board.ask(msgspec.msgpack.encode(asked))
    if board is None or pinned is None:
        with act(store, actor, clock) as one:
            return decide(one, question)
    try:
        while board.state(pinned) == boards.ASKED:
            with board.lead() as is_leader:
                if is_leader:
                    with store.turn:
                        _decide_all(store, board, clock, type(question), decide)
                    break
            board.wait(pinned)
        if board.state(pinned) == boards.ANSWERED and (said := board.read(pinned)) is not None:
            found: A = _decoder(answer).decode(said)
            return found
    finally:
        board.take_down(pinned)
    with act(store, actor, clock) as one:
        return decide(one, question)


def together(
    store: Store, clock: Clock, several: Sequence[tuple[str, Q]], decide: Decide[Q, A]
) -> list[A | Exception]:
    """
    What *decide* answers to each question of one process, in one transaction: for a server, whose requests meet here already.

    Each is an act of its own, as in `jointly`; one that is refused has its error in place of an answer, and stops no other.

    Args:
        several: who asks, and what.
    """
    answers: dict[int, A | Exception] = {}
    left = list(range(len(several)))
    while left:
        try:
            with store.write() as connection:
                head = newest(connection)()
                for place in left:
                    head = _decide_one(connection, clock, place, several[place], decide, head, answers)
        except _FailedError as failed:
            # Nothing of this transaction stands: it is decided alone, and the others once more.
            left.remove(failed.place)
            answers[failed.place] = _alone(store, clock, several[failed.place], decide)
            continue
        break
    return [answers[place] for place in range(len(several))]


class _FailedError(Exception):
    """A question failed after it had written, or nobody knows whether it had."""

    def __init__(self, place: int) -> None:
        self.place = place


def _decide_one(
    connection: Connection,
    clock: Clock,
    place: int,
    asked: tuple[str, Q],
    decide: Decide[Q, A],
    head: tuple[int, str],
    answers: dict[int, A | Exception],
) -> tuple[int, str]:
    """Decide one of several; the new head of the journal."""
    before = changes(connection)
    step = Act(connection, asked[0], clock(), partial(_same, head))
    try:
        answers[place] = decide(step, asked[1])
    except NetopsError as error:
        if before is None or changes(connection) != before:
            raise _FailedError(place) from error
        answers[place] = error
        return head
    except Exception as error:
        raise _FailedError(place) from error
    if connection.dialect.name == "postgresql":
        line_of(connection).push()
    return step.head


def _alone(store: Store, clock: Clock, asked: tuple[str, Q], decide: Decide[Q, A]) -> A | Exception:
    try:
        with act(store, asked[0], clock) as one:
            return decide(one, asked[1])
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked
        return error


def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Reads a *kind*; a type that msgspec cannot carry is an error here, before anything is asked."""
    if (found := _DECODERS.get(kind)) is None:
        found = _DECODERS[kind] = msgspec.msgpack.Decoder(kind)
    return found


class _BrokenError(Exception):
    """A question failed after it had written: nothing of this transaction stands."""

    def __init__(self, question: Question) -> None:
        self.question = question


def _decide_all(store: Store, board: Board, clock: Clock, kind: type[Q], decide: Decide[Q, A]) -> None:
    """Decide what hangs on the board, as far as it is of this kind; the caller has its turn."""
    while waiting := {one.ticket: one for one in board.asked()}:
        try:
            with store.write() as connection:
                # By then, what a leader that died had sent to PostgreSQL is done or undone.
                ask, last = newest(connection), _LAST.asked(connection, which=board.number)
                head, kept = ask(), last()
                told = _told(kept, waiting)
                new = {ticket: one for ticket, one in waiting.items() if ticket not in told}
                while new:
                    more, head = _decided(connection, board, new.values(), head, clock, kind, decide)
                    told |= more
                    # Who asked meanwhile is in time: the wait for the disk is still to come.
                    new = {one.ticket: one for one in board.asked() if one.ticket not in waiting}
                    waiting |= new
                _keep(connection, board, told, is_first=not kept)
        except _BrokenError as error:
            board.leave(error.question)
            continue
        except StoreFault:
            for one in waiting.values():
                board.leave(one)
            return
        for ticket, said in told.items():
            board.answer(waiting[ticket], said)
        return


def _told(kept: Sequence[tuple[bytes, ...]], waiting: Mapping[bytes, Question]) -> Answers:
    """What a leader that died had decided already of what still waits."""
    for (content,) in kept:
        last = _decoder(Answers).decode(content)
        return {ticket: said for ticket, said in last.items() if ticket in waiting}
    return {}


def _keep(connection: Connection, board: Board, answers: Answers, *, is_first: bool) -> None:
    """Note the answers in the same transaction."""
    content = msgspec.msgpack.encode(answers)
    if is_first:
        _BEGIN(connection, board=board.number, answers=content)
    elif answers:
        _KEEP(connection, which=board.number, now=content)


def _decided(
    connection: Connection,
    board: Board,
    new: Iterable[Question],
    head: tuple[int, str],
    clock: Clock,
    kind: type[Q],
    decide: Decide[Q, A],
) -> tuple[Answers, tuple[int, str]]:
    """The answers to those questions that are of this kind and not to be refused, and the new head of the journal."""
    found: Answers = {}
    decoder = _decoder(kind)
    for question in new:
        before = changes(connection)
        try:
            asked = _decoder(Asked).decode(question.content)
            if asked.kind != kind.__qualname__:
                continue
            step = Act(connection, asked.actor, clock(), partial(_same, head))
            said = msgspec.msgpack.encode(decide(step, decoder.decode(asked.content)))
            if not step.entries or len(said) > boards.MOST:
                raise _BrokenError(question)
        except (NetopsError, msgspec.MsgspecError) as error:
            if before is None or changes(connection) != before:
                raise _BrokenError(question) from error
            board.leave(question)
            continue
        except Exception as error:
            raise _BrokenError(question) from error
        head = step.head
        found[question.ticket] = said
        if connection.dialect.name == "postgresql":
            line_of(connection).push()  # it is written while the next one is decided
    return found, head


def _same(head: tuple[int, str]) -> tuple[int, str]:
    return head


def changes(connection: Connection) -> tuple[int, int] | None:
    """How much was ever changed on it, while its transaction lasts; None where that is not known."""
    one = driver(connection)
    if connection.dialect.name != "sqlite" or not one.in_transaction:
        return None
    return int(one.total_changes), notes_of(connection).changes
