"""The reflection probe's senses: packets in the sensor's name, and the sensor's ear; both in the child process."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from netops.core.errors import NetopsError
from netops.probes.services import SERVICES

AT_ONCE = 100
"""Probes in one request to the child: between two of them a stop is heeded, and their tickets are still fresh."""


class Probe(NamedTuple):
    """One packet: to whom, which service is asked, and what it carries."""

    target: str
    service: str
    ticket: bytes


class Answer(NamedTuple):
    """An answer that reached the sensor: ms UTC, source, TTL left, the sensor's interface, service, ticket."""

    at: int
    source: str
    ttl: int
    interface: str
    service: str
    ticket: bytes


class Ended(NamedTuple):
    """How much came that carried no ticket of ours, and how much the kernel had no room for."""

    refused: int
    dropped: int


def send(beacon: str, nets: Sequence[str], batches: Iterable[Sequence[Probe]], per_second: float) -> Iterator[int]:
    """
    Send each probe once, with *beacon* as its source: numbers of packets sent, a batch each.

    Args:
        nets: where probes may go; the child refuses everything else.
        batches: asked for one after another, at most AT_ONCE probes each, so that tickets are written when they leave.

    Raises:
        NetopsError: nothing can be sent from here, or a target was refused.
    """
    with child([part for net in nets for part in ("--allow", net)]) as ask:
        for batch in batches:
            probes = [[one.target, one.service, base64.b64encode(one.ticket).decode()] for one in batch]
            request = {"do": "reflect", "beacon": beacon, "probes": probes, "per_second": per_second}
            yield sum(answer.get("sent", 0) for answer in ask(request))


def times(service: str) -> int:
    """Probes of one attempt by a service, so that enough octets come back."""
    return SERVICES[service].times


def size(service: str) -> int:
    """Octets of the ticket that a service gives back."""
    return SERVICES[service].size


def listen(beacon: str, key: str, seconds: float) -> Iterator[Answer | Ended | None]:
    """
    What comes to *beacon* and bears a ticket of *key*: None when the ear is open, then each, at the end the rest.

    Raises:
        NetopsError: it cannot be listened here.
    """
    with child([]) as ask:
        yield from _answers(ask({"do": "answers", "beacon": beacon, "key": key, "seconds": seconds}))


def beacons(
    listen: str, key: str, seconds: float, certificate: str = "", private_key: str = ""
) -> Iterator[Answer | Ended | None]:
    """
    Visits of portal pages to *listen* ("ADDRESS:PORT") that bear a ticket of *key*, as `listen` gives answers.

    Raises:
        NetopsError: it cannot be listened there.
    """
    request = {"do": "beacons", "listen": listen, "key": key, "seconds": seconds}
    with child([]) as ask:
        yield from _answers(ask({**request, "certificate": certificate, "private_key": private_key}))


def _answers(lines: Iterable[dict[str, Any]]) -> Iterator[Answer | Ended | None]:
    for answer in lines:
        if "listening" in answer:
            yield None
        elif "refused" in answer:
            yield Ended(int(answer["refused"]), int(answer["dropped"]))
        else:
            carried = base64.b64decode(answer.pop("ticket"))
            yield Answer(**answer, ticket=carried)


@contextmanager
def child(arguments: list[str]) -> Iterator[Any]:
    """The child process; what is yielded sends it a request and gives its answers one after another."""
    with subprocess.Popen(
        [sys.executable, "-m", "netops.probes.wire", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us: the child ends with us
    ) as child:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            yield lambda request: _ask(child, request)
        finally:
            child.kill()
            with suppress(BrokenPipeError):
                child.stdin.close()


def _ask(child: subprocess.Popen[bytes], request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
    with suppress(BrokenPipeError):  # it ended already: said below
        child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.flush()
    for line in child.stdout:
        answer = json.loads(line)
        if "error" in answer:
            raise NetopsError(
                "the probe did not run",
                "{why}",
                "raw sockets need root or CAP_NET_RAW; targets must lie in the planes' nets of config.toml",
                why=answer["error"],
            )
        if "end" in answer:
            return
        yield answer
    raise NetopsError("the probe did not run", "its process ended early", "")
