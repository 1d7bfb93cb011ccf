"""Interfaces (接口) out of the columns of a walk, and which aggregate (链路聚合) each is a member of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netops.core.walk import mac
from netops.topology.device import Interface
from netops.topology.identifiers import Columns

MAX_IF_SPEED = 4_294_967_295
LAG = 161
"""IANAifType ieee8023adLag."""


def interfaces(columns: Columns) -> Iterator[Interface]:
    """One for each row of ifTable or ifXTable, by ifIndex."""
    indexes = {
        index
        for name in ("ifDescr", "ifType", "ifOperStatus", "ifName")
        for index in columns[name]
        if len(index) == 1
    }
    names = {
        index[0]: columns.text("ifName", index) or columns.text("ifDescr", index) or str(index[0])
        for index in indexes
    }
    kinds = {index[0]: kind for index, kind in columns["ifType"].items() if len(index) == 1}
    lags = _lags(columns, kinds, names)
    aggregates = set(lags.values())
    for index in sorted(indexes):
        speed = columns.integer("ifSpeed", index)
        # ifSpeed stops at 4294967295 bit/s; above that only ifHighSpeed tells the truth (RFC 2863).
        high = columns.integer("ifHighSpeed", index) * 1_000_000
        is_lag = kinds.get(index[0]) == LAG or index[0] in aggregates
        yield Interface(
            if_index=index[0],
            name=names[index[0]],
            descr=columns.text("ifDescr", index),
            alias=columns.text("ifAlias", index),
            type=columns.integer("ifType", index),
            mtu=columns.integer("ifMtu", index),
            speed_bps=high if speed >= MAX_IF_SPEED or not speed else speed,
            mac=mac(columns["ifPhysAddress"].get(index)),
            admin_up=columns.integer("ifAdminStatus", index) == 1,
            oper_up=columns.integer("ifOperStatus", index) == 1,
            lag=lags.get(index[0], 0),
            lag_system=mac(columns["dot3adAggActorSystemID"].get(index)) if is_lag else "",
            lag_partner=mac(columns["dot3adAggPartnerSystemID"].get(index)) if is_lag else "",
        )


def _lags(columns: Columns, kinds: Mapping[int, object], names: Mapping[int, str]) -> dict[int, int]:
    """
    Member to aggregate: IEEE8023-LAG-MIB over the vendor's table over ifStackTable.

    dot3adAggPortAttachedAggID and pagpGroupIfIndex are the port's own ifIndex on a port that is in no aggregate.
    """
    found = {
        index[1]: index[0]
        for index in columns["ifStackStatus"]
        if len(index) == 2 and kinds.get(index[0]) == LAG and index[1] in kinds and index[0] != index[1]
    }
    found.update(_huawei_members(columns, names))
    for table in ("pagpGroupIfIndex", "dot3adAggPortAttachedAggID"):
        for index, aggregate in columns[table].items():
            if (
                len(index) == 1
                and isinstance(aggregate, int)
                and aggregate in names
                and aggregate != index[0]
            ):
                found[index[0]] = aggregate
    return {member: lag for member, lag in found.items() if member in names and kinds.get(member) != LAG}


def _huawei_members(columns: Columns, names: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """HUAWEI-IF-EXT-MIB: hwTrunkValidEntry by trunk number and member; the trunk's interface is "Eth-Trunk" and its id."""
    by_name = {name: if_index for if_index, name in names.items()}
    trunks = {
        index[0]: by_name.get(f"Eth-Trunk{columns.integer('hwTrunkIfID', index, -1)}", 0)
        for index in columns["hwTrunkIfID"]
    }
    for index, valid in columns["hwTrunkValidEntry"].items():
        if len(index) == 2 and valid == 1 and (aggregate := trunks.get(index[0], 0)):
            yield index[1], aggregate
