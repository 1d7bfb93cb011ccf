"""Both engines on recordings: the same columns, the same notes, and all that the recording holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netops.core.observation import Unreachable
from netops.core.walk import Column, DeviceWalk
from netops.probes import mib
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import OCTETS, Oid, tlv
from netops.probes.credentials import Credential
from netops.probes.replay import RECORDINGS, table, variable
from netops.probes.snmp import Settings, walk_device
from tests.probes.playing import only, played

V2C = Credential("v2c", "recorded")
V3 = Credential("v3", "", "reader", "SHA", "engine-auth-1", "AES", "engine-priv-1")
ACCESS = Access("recorded", "reader", "engine-auth-1", "engine-priv-1")
SLOWLY = Settings(timeout_seconds=10.0, device_seconds=60.0)
SHIPPED = sorted((RECORDINGS / "breach" / "snmp").glob("*.snmprec.gz"))[::6]


def walked(held: Table, engine: str, credential: Credential = V2C) -> DeviceWalk:
    async def walk() -> DeviceWalk | Unreachable:
        async with played(Agent("recorded", held, ACCESS)) as (target, _):
            return await walk_device(target, credential, SLOWLY)

    with only(engine):
        found = asyncio.run(walk())
    assert isinstance(found, DeviceWalk), found
    assert engine == found.engine
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name.split(".")[0])
def test_both_engines_read_a_recording_alike(path: Path) -> None:
    """Every column, row and value, by our own codec and by pysnmp."""
    ours, theirs = (walked(table(path), engine) for engine in ("native", "pysnmp"))

    assert theirs.columns == ours.columns
    assert () == theirs.notes == ours.notes
    assert ours.variables > 100


def test_both_engines_read_alike_over_v3() -> None:
    """Signed and encrypted, the same columns."""
    held = table(SHIPPED[0])

    assert (
        walked(held, "pysnmp", V3).columns
        == walked(held, "native", V3).columns
        == walked(held, "native").columns
    )


SLICES = ("zxr10_5950", "raisecom-ros", "tplink_sg2008", "gaia_1450")


@pytest.mark.parametrize("name", SLICES)
def test_both_engines_read_foreign_devices_alike(name: str, shared: Path) -> None:
    """Real devices of four makers: alike, and exactly the columns that the recording holds for topology."""
    rows: list[tuple[Oid, bytes]] = []
    for line in (shared / "data" / "snmp" / f"{name}.snmprec").read_text("latin-1").splitlines():
        try:
            rows.append(variable(line))
        except ValueError:
            continue
    held = Table(rows)
    ours, theirs = (walked(held, engine) for engine in ("native", "pysnmp"))

    assert theirs.columns == ours.columns
    assert () == ours.notes
    assert expected(held) == {name: set(column) for name, column in ours.columns.items()}


def expected(held: Table) -> dict[str, set[Oid]]:
    """Rows by column, straight from the sorted recording."""
    columns: dict[str, Column] = mib.picked([(".".join(map(str, name)), b"") for name in held.oids])
    described = held.values.get((1, 3, 6, 1, 2, 1, 1, 2, 0), b"")
    kept = {}
    for group in mib.GROUPS:
        # `picked` was not told sysObjectID, so that every vendor's tables are there; the walk asks by it.
        for name in group.objects:
            if columns.get(name) and (group.gated is False or columns.get(next(iter(group.objects)))):
                kept[name] = set(columns[name])
    assert described
    return kept


def test_long_values_are_cut_alike() -> None:
    """Both engines keep the same first octets of 5 KB."""
    held = Table(
        [
            ((1, 3, 6, 1, 2, 1, 1, 3, 0), b"\x43\x01\x01"),
            ((1, 3, 6, 1, 2, 1, 1, 5, 0), tlv(OCTETS, b"x" * 5000)),
        ]
    )

    assert walked(held, "pysnmp").columns == walked(held, "native").columns
