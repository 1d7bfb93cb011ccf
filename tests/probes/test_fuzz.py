"""A hostile agent against both engines: some hundred answers of what `benchmarks.snmp_fuzz` does a million times."""

from __future__ import annotations

import random

import pytest

from benchmarks import snmp_fuzz
from benchmarks.snmp_fuzz import Counts, Decoding, elements, mutated, walks


def test_no_mutation_breaks_a_decoder() -> None:
    """Seeds that once failed, and new ones: each answer is read or refused, at once, by ours, by USM and by pysnmp."""
    counts = Counts()
    decoding = Decoding(counts)
    seeds = [
        line for line in snmp_fuzz.SEEDS.read_text("utf-8").splitlines() if line and not line.startswith("#")
    ]
    for seed in [*seeds, *(f"suite-{number}" for number in range(400))]:
        decoding.native(seed)
        decoding.signed(seed)
    for seed in [*seeds, *(f"suite-{number}" for number in range(60))]:
        decoding.reference(seed)

    assert [] == counts.faults
    assert counts.by["refused"] > 200


@pytest.mark.parametrize(("engine", "count"), [("native", 200), ("pysnmp", 20)])
def test_a_hostile_agent_ends_well_and_alone(engine: str, count: int) -> None:
    """Looping, endless, silent, truncated: the walk ends, its other tables and the device beside it are whole."""
    counts = Counts()
    walks(engine, count, "suite", counts)

    assert [] == counts.faults
    assert counts.by[f"walked by {engine}"] >= count


def test_a_mutation_is_made_again_from_its_seed() -> None:
    """What failed once can be looked at."""
    whole = Decoding(Counts()).v2c

    assert mutated(random.Random("a"), whole) == mutated(random.Random("a"), whole)
    assert len({mutated(random.Random(str(number)), whole) for number in range(100)}) > 80
    assert len(elements(whole)) > 90
