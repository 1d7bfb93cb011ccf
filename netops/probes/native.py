"""The engine for walks: a codec of our own, one socket an agent, several columns a question, v2c and v3."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence

from netops.core.walk import Index, Value
from netops.probes.ber import GET, GETBULK, OCTETS, REPORT, RESPONSE, SEQUENCE, Reader, named, tlv
from netops.probes.credentials import Credential
from netops.probes.question import Answer, Cursor, advance, answered, question, variables
from netops.probes.session import AuthenticationFault, EngineFault, Refused, TooBig
from netops.probes.usm import NOT_IN_TIME, UNKNOWN_ENGINE, Heard, Unauthentic, Usm

MAX_DATAGRAM = 65535
RECEIVE_BUFFER = 1 << 18
STATUS = ("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType",
          "wrongLength", "wrongEncoding", "wrongValue", "noCreation", "inconsistentValue",
          "resourceUnavailable", "commitFailed", "undoFailed", "authorizationError", "notWritable",
          "inconsistentName")  # fmt: skip
NO_SUCH_NAME, AUTHORIZATION_ERROR = 2, 16


def _numbers() -> Iterator[int]:
    """Request ids that nobody guesses, drawn a thousand at a time: asking the system for each costs more than BER."""
    while True:
        for (number,) in struct.iter_unpack("!I", os.urandom(4096)):
            yield number & 0x7FFF_FFFF


_NUMBERS = _numbers()


class _Community:
    """SNMPv2c messages (RFC 1901)."""

    def __init__(self, credential: Credential) -> None:
        self._head = b"\x02\x01\x01" + tlv(OCTETS, credential.community.encode())

    def message(self, _number: int, pdu: bytes) -> bytes:
        return tlv(SEQUENCE, self._head + pdu)

    def hear(self, octets: bytes) -> Heard:
        message = Reader(octets).into(SEQUENCE)
        if message.number() != 1:
            raise ValueError("not version 2c")
        message.take(OCTETS)
        answer = answered(octets, message.at, message.end)
        return Heard(answer.request, answer, "")


class Native:
    """A session by our own codec; answers of v3 are believed only when they are authentic."""

    name = "native"

    def __init__(self, address: str, port: int, credential: Credential, timeout_seconds: float) -> None:
        self.octets = 0
        self._place, self._timeout = (address, port), timeout_seconds
        self._speech: _Community | Usm = (
            Usm(credential) if credential.version == "v3" else _Community(credential)
        )
        self._socket: socket.socket | None = None
        self._waiting: asyncio.Future[Heard] | None = None
        self._number = 0
        self._rejected = ""
        self._indexes: dict[bytes, Index] = {}

    async def open(self) -> None:
        """The socket, and for v3 the engine's id and clock."""
        loop = asyncio.get_running_loop()
        if self._socket is None:
            try:
                family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
                self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                self._socket.connect(self._place)
            except OSError as error:
                self.close()
                raise EngineFault(str(error)) from error
            loop.add_reader(self._socket.fileno(), self._readable, self._socket)
        if isinstance(self._speech, Usm) and not self._speech.engine:
            await self._discover(self._speech)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            if self._socket.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    # ---- questions
    async def get(self, oid: str) -> Value | None:
        """One value, or None."""
        answer = await self._ask(GET, (named(oid),))
        if answer.status == NO_SUCH_NAME:
            return None
        _settled(answer)
        try:
            return next((value for name, value in variables(answer) if name == named(oid)), None)
        except ValueError as error:
            raise EngineFault(str(error)) from error

    async def bulk(self, cursors: Sequence[Cursor], repetitions: int) -> int:
        """One GETBULK for the next rows of several columns."""
        answer = await self._ask(GETBULK, [cursor.next for cursor in cursors], repetitions)
        _settled(answer)
        try:
            return advance(answer, cursors, self._indexes)
        except ValueError as error:
            raise EngineFault(str(error)) from error

    # ---- one question, one answer
    async def _ask(self, kind: int, names: Iterable[bytes], repetitions: int = 0) -> Answer:
        for _ in range(3):
            self._number = next(_NUMBERS)
            pdu = question(kind, self._number, names, repetitions)
            heard = await self._exchange(self._speech.message(self._number, pdu))
            if not heard.report:
                if heard.answer.kind != RESPONSE or heard.answer.request != self._number:
                    raise EngineFault("it answers with something that is no response")
                return heard.answer
            # A restarted agent says that our clock is wrong, or that it is another engine now: ask again.
            if heard.report == UNKNOWN_ENGINE and isinstance(self._speech, Usm):
                self._speech.engine = b""
                await self._discover(self._speech)
            elif heard.report != NOT_IN_TIME:
                break
        raise AuthenticationFault(heard.report)

    async def _discover(self, speech: Usm) -> None:
        self._number = next(_NUMBERS)
        heard = await self._exchange(speech.discovery(self._number))
        if heard.answer.kind != REPORT:
            raise EngineFault("it answers a discovery with something that is no report")

    async def _exchange(self, datagram: bytes) -> Heard:
        if self._socket is None:
            raise EngineFault("the session is closed")
        loop = asyncio.get_running_loop()
        self._rejected = ""
        self._waiting = waiting = loop.create_future()
        patience = loop.call_later(self._timeout, self._expire, waiting)
        try:
            try:
                self._socket.send(datagram)
            except ConnectionRefusedError as error:
                raise Refused from error
            except OSError as error:
                raise EngineFault(str(error)) from error
            heard: Heard = await waiting
            return heard
        finally:
            patience.cancel()
            self._waiting = None

    def _expire(self, waiting: asyncio.Future[Heard]) -> None:
        if not waiting.done():
            waiting.set_exception(AuthenticationFault(self._rejected) if self._rejected else TimeoutError())

    def _readable(self, here: socket.socket) -> None:
        waiting = self._waiting
        try:
            octets = here.recv(MAX_DATAGRAM)
            if waiting is None or waiting.done():
                return
            heard = self._speech.hear(octets)
            if heard.number == self._number:
                self.octets += len(octets)
                waiting.set_result(heard)
        except BlockingIOError:
            return
        except Unauthentic as error:
            self._rejected = str(error)
        except (ValueError, IndexError) as error:
            if waiting is not None and not waiting.done():
                waiting.set_exception(EngineFault(str(error)))
        except OSError as error:
            if waiting is not None and not waiting.done():
                fault = Refused() if isinstance(error, ConnectionRefusedError) else EngineFault(str(error))
                waiting.set_exception(fault)


def _settled(answer: Answer) -> None:
    """
    Nothing, for an answer without an error.

    Raises:
        AuthenticationFault, TooBig: its error status says so.
    """
    if answer.status == AUTHORIZATION_ERROR:
        raise AuthenticationFault(STATUS[AUTHORIZATION_ERROR])
    if answer.status:
        known = 0 < answer.status < len(STATUS)
        raise TooBig(STATUS[answer.status] if known else f"error status {answer.status}")
