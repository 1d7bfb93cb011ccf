"""
The decoder under attack: floods of templates, of options and of mutated datagrams; legitimate exporters lose nothing.

`python -m benchmarks.flow_flood [--json] [--templates N] [--options N] [--mutated N]`: a million templates that bear a registered
exporter's address (spoofed), a million options records of ever new samplers and domains, ten million datagrams of real
shapes with octets changed, cut and put together. Between them two exporters go on sending; every record of theirs must come out,
with its sampling, and the memory must not grow. The peer of each figure is the bound that was set.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from netops.egress.exporter import Learned
from netops.egress.netflow import MAX_TEMPLATES, Decoder

EXPORTED = 1_790_000_000
VICTIM, OTHER, ATTACKER = "192.0.2.1", "192.0.2.2", "192.0.2.66"
BATCH = 512
MEMORY_MIB = 200
"""How much a flood may add to the process at most: what waits (64 MiB), templates, and what Python keeps for itself."""
RECORDS = 10
BLOCK = 512
"""Datagrams that are mutated at once, all of the same shape."""


def message(version: int, domain: int, *sets: tuple[int, bytes]) -> bytes:
    """A datagram of NetFlow v9 or IPFIX."""
    body = b"".join(struct.pack(">HH", number, 4 + len(content)) + content for number, content in sets)
    if version == 9:
        return struct.pack(">HHIIII", 9, len(sets), 100_000, EXPORTED, 1, domain) + body
    return struct.pack(">HHIII", 10, 16 + len(body), EXPORTED, 1, domain) + body


FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (48, 2))


def template(number: int, fields: tuple[tuple[int, int], ...] = FIELDS) -> bytes:
    """A template's record."""
    return struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *one) for one in fields)


def legitimate(version: int = 9) -> tuple[list[bytes], bytes]:
    """What a good exporter sends at first (template, sampler), and then over and over."""
    record = bytes([10, 20, 0, 1, 203, 0, 113, 1]) + struct.pack(">HHBIIH", 5000, 443, 6, 10, 1000, 7)
    options = struct.pack(">HHHHHHHHH", 257, 4, 8, 1, 4, 48, 2, 34, 4)
    told = struct.pack(">IHI", 0, 7, 1000)
    return [message(version, 0, (0, template(256))), message(version, 0, (1, options), (257, told))], message(
        version, 0, (256, record * RECORDS)
    )


def templates(count: int) -> Iterator[tuple[str, bytes]]:
    """Templates of ever new ids and domains under the victim's own address."""
    for number in range(count):
        yield VICTIM, message(9, number >> 15, (0, template(300 + number % 32768, ((1, 1 + number % 8), (2, 4)))))


def options_of(number: int) -> tuple[bytes, bytes]:
    """The template of a sampler's options, and a record of it."""
    return struct.pack(">HHHHHHHHH", 257, 4, 8, 1, 4, 48, 2, 34, 4), struct.pack(">IHI", number, number & 0xFFFF, 2 + number)


def options(count: int) -> Iterator[tuple[str, bytes]]:
    """Options records that name ever new samplers, in ever new domains, under the victim's own address."""
    for number in range(count):
        head, told = options_of(number)
        yield VICTIM, message(9, 1 + (number >> 8), (1, head), (257, told))


def mutated(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Datagrams of every protocol with octets changed, cut and put together."""
    chance = np.random.default_rng(seed)
    first, again = legitimate()
    v5 = struct.pack(">HHIIIIHH", 5, 2, 1, EXPORTED, 0, 1, 0, 0) + bytes(96)
    sflow = struct.pack(">II4sIIII", 5, 1, bytes([192, 0, 2, 9]), 0, 1, 1, 1)
    sflow += struct.pack(">IIIIIIIIII", 1, 88, 1, 1, 100, 1, 0, 1, 2, 1)
    sflow += struct.pack(">IIIIII", 1, 48, 1, 64, 4, 32) + bytes(12) + b"\x08\x00\x45" + bytes(17)
    variable = message(10, 5, (2, template(260, ((371, 65535), (8, 4), (315, 65535)))), (260, b"\x02ab" + bytes(4) + b"\x04abcd"))
    seeds = [*first, again, v5, sflow, variable, message(10, 5, (2, template(256)), (256, bytes(25)))]
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        shape = seeds[start // BLOCK % len(seeds)]
        block = np.tile(np.frombuffer(shape, np.uint8), (size, 1))
        rows = np.repeat(np.arange(size), chance.integers(0, 8, size))
        block[rows, chance.integers(0, len(shape), len(rows))] = chance.integers(0, 256, len(rows), np.uint8)
        kinds, cuts = chance.integers(0, 4, size).tolist(), chance.integers(1, len(shape), size).tolist()
        others, lengths = chance.integers(0, len(seeds), size).tolist(), chance.integers(1, 60, size).tolist()
        octets = block.tobytes()
        for number, kind in enumerate(kinds):
            one = octets[number * len(shape) : (number + 1) * len(shape)]
            if kind == 0:
                one = one[: cuts[number]]
            elif kind == 1:
                one += seeds[others[number]][: lengths[number]]
            yield ATTACKER, one


def under(flood: Iterator[tuple[str, bytes]]) -> dict[str, Any]:
    """Let a flood pass with good datagrams between; what became of those, and of the memory."""
    decoder = Decoder()
    first, again = legitimate()
    exporters = (VICTIM, OTHER)
    decoder.feed([(address, 0, one) for address in exporters for one in first])
    began, sent, right, flooded, floor = time.process_time(), 0, 0, 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    batch: list[tuple[str, int, bytes]] = []

    def pass_on() -> None:
        nonlocal sent, right
        placed = batch + [(address, 0, again) for address in exporters]
        sent += len(exporters) * RECORDS
        for flows in decoder.feed(placed):
            if flows.exporter in exporters and "src_v4" in flows.columns:
                good = flows.columns["src_v4"] == 0x0A140001
                right += int((flows.columns["sampling_interval"][good] == 1000).sum())
        batch.clear()
        decoder.kept_of(decoder.learned)
        decoder.learned = Learned()

    for address, payload in flood:
        batch.append((address, 0, payload))
        flooded += 1
        if len(batch) == BATCH:
            pass_on()
    pass_on()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "flooded": flooded, "sent": sent, "right": right, "grown_mib": (most - floor) / 1024,
        "templates": max(len(one.templates) for one in decoder.exporters.values()),
        "cpu": (time.process_time() - began) / max(flooded, 1) * 1e6,
    }  # fmt: skip


def main() -> int:
    """0 when nothing legitimate was lost and the memory kept its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    for name, count in (("templates", 1_000_000), ("options", 1_000_000), ("mutated", 10_000_000)):
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    figures = []
    for name, flood in (
        ("templates", templates(asked.templates)), ("options", options(asked.options)), ("mutated", mutated(asked.mutated)),
    ):  # fmt: skip
        told = under(flood)
        figures += [
            {"what": f"{told['flooded']:,} {name}: legitimate records right", "ours": told["right"], "peer": told["sent"],
             "ratio": [told["right"] / told["sent"]] * 3, "goal": "= all", "met": told["right"] == told["sent"]},
            {"what": f"{told['flooded']:,} {name}: memory grown by, MiB", "ours": told["grown_mib"], "peer": MEMORY_MIB,
             "ratio": [], "goal": f"<= {MEMORY_MIB}", "met": told["grown_mib"] <= MEMORY_MIB},
            {"what": f"{told['flooded']:,} {name}: most templates of an exporter", "ours": told["templates"],
             "peer": MAX_TEMPLATES, "ratio": [], "goal": f"<= {MAX_TEMPLATES}", "met": told["templates"] <= MAX_TEMPLATES},
            {"what": f"{told['flooded']:,} {name}: CPU s a million datagrams", "ours": told["cpu"], "peer": None,
             "ratio": [], "goal": "stated", "met": True},
        ]  # fmt: skip
    if asked.json:
        print(json.dumps({"name": "flow_flood", "machine": platform.machine(), "figures": figures}))
    else:
        for one in figures:
            print(f"{one['what']:<65} {one['ours']:>14,.1f}  {one['goal']:<10} {'met' if one['met'] else 'NOT met'}")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    sys.exit(main())
