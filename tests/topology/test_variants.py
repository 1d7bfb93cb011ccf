"""Recorded networks that tell less, or tell it otherwise: the same links, and never a wrong one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import topology_truth
from netops.core.walk import Column

Columns = dict[str, Column]
Told = Callable[[Columns], Columns]


@cache
def recorded(folder: Path) -> tuple[dict[str, Any], dict[str, Columns]]:
    """A network's truth, and the columns of its devices."""
    truth = json.loads((folder / "expected.json").read_text("utf-8"))
    return truth, {
        entry["id"]: topology_truth.columns_of(folder / entry["file"]) for entry in truth["devices"]
    }


def without(*starts: str) -> Told:
    return lambda columns: {name: rows for name, rows in columns.items() if not name.startswith(starts)}


def one_name(columns: Columns) -> Columns:
    """Every device calls itself the same, and is called so."""
    named = {"sysName", "lldpRemSysName"}
    return {name: dict.fromkeys(rows, b"switch") if name in named else rows for name, rows in columns.items()}


VARIANTS: dict[str, Told] = {
    "without the table of its own LLDP ports": without("lldpLocPort"),
    "without its chassis id": without("lldpLocChassis"),
    "without ifName": without("ifName"),
    "without ifDescr": without("ifDescr"),
    "without system names of neighbours": without("lldpRemSysName"),
    "without management addresses": without("lldpRemManAddr"),
    "all of one name": one_name,
}


@pytest.mark.parametrize("name", ["nms1055", "nms17216", "nms0002-cisco-juniper"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_links_follow_from_what_is_left(shared: Path, name: str, variant: str) -> None:
    """LLDP, CDP, OSPF and inferred links of whole networks, exact by ifIndex."""
    truth, columns = recorded(shared / "data" / "snmp-networks" / name)
    views = [
        topology_truth.seen(
            VARIANTS[variant](columns[entry["id"]]),
            entry["mgmt_ip"],
            entry["id"],
        )
        for entry in truth["devices"]
    ]
    scores = topology_truth._links(truth, views)

    assert {layer: (score.true, 0) for layer, score in scores.items()} == {
        layer: (score.right, score.wrong) for layer, score in scores.items()
    }
