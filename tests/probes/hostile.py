"""Agents that misbehave, for real, over UDP on loopback; each is one function from a question to an answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from netops.probes.agent import Agent
from netops.probes.ber import (
    GETBULK,
    OBJECT,
    OCTETS,
    RESPONSE,
    SEQUENCE,
    Oid,
    Reader,
    integer,
    oid,
    parse_oid,
    tlv,
)

Question = tuple[int, int, int, list[Oid]]
"""PDU kind, request id, repetitions, names asked."""
Behaviour = Callable[[Question], bytes | None]


def asked(datagram: bytes) -> Question:
    """What a v2c datagram asks."""
    message = Reader(datagram).into(SEQUENCE)
    message.number()
    message.body()
    kind, start, end = message.take()
    pdu = Reader(message.octets, start, end)
    request, _, second = pdu.number(), pdu.number(), pdu.number()
    names, variables = [], pdu.into(SEQUENCE)
    while variables.at < variables.end:
        names.append(parse_oid(variables.into(SEQUENCE).body(OBJECT)))
    return kind, request, second if kind == GETBULK else 1, names


def answer(request: int, variables: list[tuple[Oid, bytes]], status: int = 0) -> bytes:
    """A v2c response datagram."""
    binds = b"".join(tlv(SEQUENCE, oid(name) + value) for name, value in variables)
    pdu = tlv(RESPONSE, integer(request) + integer(status) + integer(0) + tlv(SEQUENCE, binds))
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"public") + pdu)


@contextmanager
def playing(behave: Behaviour) -> Iterator[int]:
    """An agent on a loopback port of its own; yields the port."""
    with _answering(lambda datagram: behave(asked(datagram))) as port:
        yield port


@contextmanager
def playing_agent(agent: Agent) -> Iterator[int]:
    """A recorded or invented device on a loopback port of its own."""
    with _answering(lambda datagram: agent.answer(datagram)) as port:
        yield port


@contextmanager
def _answering(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    datagram, sender = here.recvfrom(65535)
                except TimeoutError:
                    continue
                said = answer(datagram)
                if said is not None:
                    here.sendto(said[:65507], sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield here.getsockname()[1]
        finally:
            ended.set()
            thread.join()
