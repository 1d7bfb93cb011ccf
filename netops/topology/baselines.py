"""Baselines (设备基线) as the store keeps them: one box for each registered name, until a person accepts another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Column, Connection, String, Table, select

from netops.core.errors import Missing
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.topology import baseline
from netops.topology.baseline import Baseline
from netops.topology.device import DeviceView

device_baselines = Table(
    "device_baselines",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("device", String(255), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("serials", Json, nullable=False),
    Column("model", String(255), nullable=False),
    Column("macs", Json, nullable=False),
    Column("adopted_by", String(128), nullable=False),
)


def known(store: Store) -> dict[tuple[Plane, str], Baseline]:
    """Every baseline by plane and name."""
    with store.read() as connection:
        return _known(connection)


def _known(connection: Connection) -> dict[tuple[Plane, str], Baseline]:
    rows = connection.execute(select(device_baselines)).all()
    found = [
        msgspec.convert({name: getattr(row, name) for name in Baseline.__struct_fields__}, Baseline)
        for row in rows
    ]
    return {(one.plane, one.device): one for one in found}


def keep(store: Store, views: Iterable[DeviceView], at: datetime) -> None:
    """
    The first box that is seen under a name becomes its baseline; one that tells more than before completes it.

    A box that was read in part, or that differs, changes nothing.
    """
    held = known(store)
    fresh = []
    for view in views:
        before = held.get((view.plane, view.key))
        if view.partial or (before is not None and baseline.changes(before, view)):
            continue
        after = baseline.of(view, at) if before is None else baseline.completed(before, view)
        if after != before:
            fresh.append((before, after))
    if not fresh:
        return
    with store.write() as connection:
        present = _known(connection)
        for before, after in fresh:
            if present.get((after.plane, after.device)) == before:  # nobody adopted another meanwhile
                _put(connection, after)


def adopt(act: Act, view: DeviceView, why: str) -> None:
    """
    A person accepts the box that answers now under this name.

    Raises:
        Missing: nothing tells it from others.
    """
    after = baseline.of(view, act.at, act.actor)
    if not (after.serials or after.model or after.macs):
        raise Missing(
            "{name} was not adopted",
            "it tells no serial number, no model and no MAC",
            "netops topology walk {name}",
            name=view.key,
        )
    before = _known(act.connection).get((view.plane, view.key))
    _put(act.connection, after)
    act.record(
        "device adopt",
        view.key,
        why=why,
        before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(after),
    )


def _put(connection: Connection, one: Baseline) -> None:
    where = (device_baselines.c.plane == one.plane, device_baselines.c.device == one.device)
    connection.execute(device_baselines.delete().where(*where))
    connection.execute(device_baselines.insert().values(**msgspec.structs.asdict(one)))
