"""
Tables that say the same in another form, brought into the form that the readers know. Pure.

Each is translated only where the known form is empty; no reader needs to know that there are several.
"""

from __future__ import annotations

from netops.core.walk import Column, Value

Columns = dict[str, Column]


def as_known(columns: Columns) -> Columns:
    """The columns with every other edition beside them in the known form."""
    columns = dict(columns)
    _lldp_v2(columns)
    _isis_draft(columns)
    _ieee_bridge(columns)
    _fdb_by_row(columns)
    return columns


def _lldp_v2(columns: Columns) -> None:
    """LLDP-V2-MIB: neighbours have the destination MAC's number in the index, and ports are numbered by ifIndex."""
    if not columns.get("lldpV2RemPortId"):
        return
    for name, rows in list(columns.items()):
        if not name.startswith("lldpV2"):
            continue
        known = name.replace("lldpV2", "lldp", 1)
        if name.startswith("lldpV2Rem"):
            # time mark, ifIndex, destination address number, remote index
            rows = {(*index[:2], *index[3:]): value for index, value in rows.items() if len(index) >= 4}
        columns[known] = columns.get(known, {}) | rows


def _isis_draft(columns: Columns) -> None:
    """CISCO-IETF-ISIS-MIB, with the columns of ISIS-MIB."""
    for name in list(columns):
        if name.startswith("cii"):
            columns.setdefault(name.replace("cii", "isis", 1), columns[name])


def _ieee_bridge(columns: Columns) -> None:
    """IEEE8021-Q-BRIDGE-MIB: Q-BRIDGE-MIB with the number of the bridge component before every index."""
    for name in list(columns):
        if name.startswith("ieee8021QBridge"):
            known = name.replace("ieee8021QBridge", "dot1q", 1)
            if not columns.get(known):
                columns[known] = {
                    index[1:]: value for index, value in columns[name].items() if len(index) > 1
                }


def _fdb_by_row(columns: Columns) -> None:
    """
    FortiSwitch numbers dot1dTpFdbTable by row, and its ports by what dot1dBasePort says instead of by the index.

    Source: librenms includes/discovery/fdb-table/fortiswitch.inc.php.
    """
    addresses, ports = columns.get("dot1dTpFdbAddress", {}), columns.get("dot1dTpFdbPort", {})
    if not addresses or any(len(index) == 6 for index in ports):
        return
    bridge_ports = {value: index[0] for index, value in columns.get("dot1dBasePort", {}).items() if index}
    by_mac: dict[tuple[int, ...], Value] = {}
    for index, address in addresses.items():
        port = ports.get(index)
        if isinstance(address, bytes) and len(address) == 6 and isinstance(port, int):
            by_mac[tuple(address)] = bridge_ports.get(port, port)
    columns["dot1dTpFdbPort"] = by_mac
    columns["dot1dTpFdbStatus"] = {}
