"""The reflection probe's senses: echo requests in the sensor's name, and the sensor's ear; both in the child process."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from netops.core.errors import NetopsError

AT_ONCE = 400
"""Probes in one request to the child."""


class Echo(NamedTuple):
    """An echo reply that reached the sensor: ms UTC, source, TTL, the sensor's interface, its payload."""

    at: int
    source: str
    ttl: int
    interface: str
    payload: bytes


def send(
    beacon: str, nets: Sequence[str], probes: Sequence[tuple[str, bytes]], per_second: float
) -> Iterator[int]:
    """
    Send each (target, payload) once, with *beacon* as its source: numbers of packets sent, a batch each.

    Args:
        nets: where probes may go; the child refuses everything else.

    Raises:
        NetopsError: nothing can be sent from here, or a target was refused.
    """
    with child([part for net in nets for part in ("--allow", net)]) as ask:
        for start in range(0, len(probes), AT_ONCE):
            batch = [
                [target, base64.b64encode(payload).decode()] for target, payload in probes[start : start + AT_ONCE]
            ]
            request = {"do": "reflect", "beacon": beacon, "probes": batch, "per_second": per_second}
            yield sum(answer.get("sent", 0) for answer in ask(request))


def listen(beacon: str, magic: bytes, seconds: float) -> Iterator[Echo | int | None]:
    """
    Echo replies to *beacon*: None when the ear is open, then each as it comes, at the end how many were refused.

    Raises:
        NetopsError: it cannot be listened here.
    """
    request = {
        "do": "echoes",
        "beacon": beacon,
        "magic": base64.b64encode(magic).decode(),
        "seconds": seconds,
    }
    with child([]) as ask:
        for answer in ask(request):
            if "listening" in answer:
                yield None
            elif "refused" in answer:
                yield int(answer["refused"])
            else:
                yield Echo(
                    answer["at"],
                    answer["source"],
                    answer["ttl"],
                    answer["interface"],
                    base64.b64decode(answer["payload"]),
                )


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
