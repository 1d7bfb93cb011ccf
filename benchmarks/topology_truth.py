"""
What is known of recorded networks beside what is known to be true: 14 whole networks and 33 devices of ../shared/data.

The truth is what the recordings' sources assert (OpenNMS's tests, LibreNMS's discovery); the READMEs beside them say how
far it is to be trusted. Where no expected row exists, the rows of the recording itself are the truth.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from netaddr import IPAddress

from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk, Value
from netops.probes import mib
from netops.topology import map as maps
from netops.topology.device import DeviceView
from netops.topology.reading import view
from netops.topology.sightings import Places

SHARED = Path(os.environ.get("NETOPS_SHARED") or Path(__file__).parents[2] / "shared")
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
GOAL = 0.99
"""Of rows; of links and neighbour rows: all of them."""
End = tuple[str, int, str]
KNOWN_FALSE = {("mypoweros", "10fe:8000::")}
"""Expected rows that the recording itself contradicts: LibreNMS reads fe80:: of an index with a length in it so."""
WHOLE = {"L2 links", "L3 links", "neighbour rows", "end hosts on their ports"}


class Score(msgspec.Struct):
    """How many of the true rows are known, and how many are known that are not true (wrong)."""

    right: int = 0
    true: int = 0
    wrong: int = 0
    missed: list[str] = []

    def of(self, true: Iterable[Hashable], ours: Iterable[Hashable]) -> Score:
        """Count true rows among ours, each as often as it is there."""
        left = Counter(ours)
        for row in true:
            self.true += 1
            if left[row] > 0:
                left[row] -= 1
                self.right += 1
            else:
                self.missed.append(str(row))
        return self

    def add(self, other: Score) -> None:
        """Sum up."""
        self.right, self.true, self.wrong = (
            self.right + other.right,
            self.true + other.true,
            self.wrong + other.wrong,
        )


# ---- recordings
def recorded(path: Path) -> Iterator[tuple[str, Value]]:
    """The variables of an snmprec file, packed or not: OID|tag|value."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in raw.splitlines():
        oid, _, rest = line.decode("utf-8", "surrogateescape").partition("|")
        tag, _, text = rest.partition("|")
        try:
            yield oid.lstrip("."), _value(tag, text)
        except ValueError:
            continue


def _value(tag: str, text: str) -> Value:
    match tag:
        case "4x":
            return bytes.fromhex(text)
        case "4":
            return text.encode("utf-8", "surrogateescape")
        case "2" | "65" | "66" | "67" | "70":
            return int(text)
        case "64x":
            return str(IPAddress(int(text, 16), 4))
        case "6" | "64":
            return text.lstrip(".")
    raise ValueError(tag)


def columns_of(path: Path) -> dict[str, Column]:
    """The columns that the probe would read, those of `NAME@VLAN` files beside it too."""
    columns = mib.picked(list(recorded(path)))
    stem = path.name.split(".snmprec")[0]
    for beside in sorted(path.parent.glob(f"{stem}@*.snmprec.gz")):
        vlan = re.search(r"@(\d+)\.", beside.name)
        for name, rows in mib.picked(list(recorded(beside))).items():
            if vlan and name in getattr(mib, "VLAN_OBJECTS", ()):
                columns[f"{name}@{vlan[1]}"] = rows
    return columns


def seen(columns: dict[str, Column], address: str = "192.0.2.1", device: str = "") -> DeviceView:
    """The device that the columns tell of."""
    return view(DeviceWalk(Plane.EXTRANET, device, address, NOON, 0.1, columns))


# ---- whole networks
def network(folder: Path) -> dict[str, Score]:
    """One network: links of both layers, neighbour rows, end hosts."""
    truth = json.loads((folder / "expected.json").read_text("utf-8"))
    columns = {entry["id"]: columns_of(folder / entry["file"]) for entry in truth["devices"]}
    views = [seen(columns[entry["id"]], entry["mgmt_ip"], entry["id"]) for entry in truth["devices"]]
    scores = _links(truth, views)
    rows = Score()
    for one in views:
        kept = len([n for n in one.neighbors if n.protocol in ("lldp", "cdp")])
        rows.of(range(_neighbour_rows(columns[one.key])), range(kept))
    scores["neighbour rows"] = rows
    scores["end hosts on their ports"] = _hosts(truth, views)
    return scores


def _neighbour_rows(columns: dict[str, Column]) -> int:
    return sum(
        len(columns.get(name, {}))
        for name in ("lldpRemPortId", "lldpV2RemPortId", "lldpNeighborPortId", "cdpCacheDeviceId")
    )


def _links(truth: dict[str, Any], views: list[DeviceView]) -> dict[str, Score]:
    found: dict[int, dict[frozenset[End], set[str]]] = {2: {}, 3: {}}
    for link in maps.links(views):
        ends = frozenset((end.device, end.if_index, end.interface) for end in link.ends)
        found[link.layer].setdefault(ends, set()).update(link.protocols)
    indexes = {one.key: {interface.name: interface.if_index for interface in one.interfaces} for one in views}
    named = {
        (row["device"], row["local"])
        for row in truth.get("also_asserted", {}).get("lldp", ())
        if not indexes[row["device"]]
    }
    scores = {}
    for layer, name in ((2, "L2 links"), (3, "L3 links")):
        score, left = Score(), dict(found[layer])
        expected = [row for row in truth["links"] if row["layer"] == f"L{layer}"]
        for row in expected:
            score.true += 1
            fit = next((ends for ends in left if _is(ends, row, named)), None)
            if fit is None:
                score.missed.append(f"missing {row['a']} {row['a_ifindex']} - {row['b']} {row['b_ifindex']}")
            else:
                score.right += 1
                del left[fit]
        cli = {
            frozenset((row[side], indexes[row[side]].get(row[f"{side}_ifname"], -1)) for side in ("a", "b"))
            for row in truth.get("physical_truth_cli", ())
        }
        complete = set(truth["scoring"]["complete_for"])
        for ends, protocols in left.items():
            if frozenset(end[:2] for end in ends) in cli or not protocols & complete:
                continue
            score.wrong += 1
            score.missed.append(f"wrong {sorted(ends)} {protocols}")
        for bad in truth.get("also_asserted", {}).get("must_not", ()):
            score.wrong += any(_is(ends, bad, named) for ends in found[layer])
        scores[name] = score
    return scores


def _is(ends: frozenset[End], row: dict[str, Any], named: set[tuple[str, str]]) -> bool:
    """Whether a link has the asserted ends by ifIndex; by the port's name (*named*) where a walk has no ifTable at all."""
    asserted = {row[side]: row[f"{side}_ifindex"] for side in ("a", "b")}
    return {end[0] for end in ends} == set(asserted) and all(
        index == asserted[device] or (not index and (device, name) in named) for device, index, name in ends
    )


def _hosts(truth: dict[str, Any], views: list[DeviceView]) -> Score:
    """End hosts at their ports; a MAC that only forwarders saw must have none."""
    score, places = Score(), Places(views)
    indexes = {(one.key, port.name): port.if_index for one in views for port in one.interfaces}
    for row in truth.get("endpoints", ()):
        wanted = [(row["device"], row["ifindex"], _colons(mac)) for mac in row["macs"]]
        got = []
        for _, _, mac in wanted:
            switch, port, _ = places.of(mac)
            got.append((switch, indexes.get((switch, port), 0), mac))
        score.of(wanted, got)
    for name, macs in truth.get("forwarders_only", {}).items():
        for mac in macs if name != "note" else ():
            placed = places.of(_colons(mac))
            if placed[0]:
                score.wrong += 1
                score.missed.append(f"placed {mac} at {placed}")
    return score


def _colons(digits: str) -> str:
    return bytes.fromhex(digits).hex(":")


# ---- devices
def device(path: Path) -> dict[str, Score]:
    """One device against LibreNMS's rows, or the rows of the recording."""
    columns = columns_of(path)
    known = seen(columns)
    truth = json.loads(Path(str(path).removesuffix(".snmprec") + ".expected.json").read_text("utf-8"))

    def rows(module: str, table: str) -> list[dict[str, Any]]:
        return list(truth.get(module, {}).get(table, ()))

    scores = {
        "ports": Score().of(
            [(row["ifIndex"], _squeezed(row["ifName"])) for row in rows("ports", "ports")],
            [(one.if_index, _squeezed(one.name)) for one in known.interfaces],
        ),
        "neighbour rows": Score().of(
            range(_neighbour_rows(columns)),
            range(len([one for one in known.neighbors if one.protocol in ("lldp", "cdp")])),
        ),
        "IPv4 addresses": Score().of(
            [
                (row["ifIndex"], row["ipv4_address"], row["ipv4_prefixlen"])
                for row in rows("ipv4-addresses", "ipv4_addresses")
            ],
            [(one.if_index, one.address, one.prefixlen) for one in known.addresses],
        ),
        "IPv6 addresses": Score().of(
            [
                (row["ifIndex"], _v6(row["ipv6_address"]))
                for row in rows("ipv6-addresses", "ipv6_addresses")
                if (path.name.removesuffix(".snmprec"), _v6(row["ipv6_address"])) not in KNOWN_FALSE
            ],
            [(one.if_index, one.address) for one in known.addresses],
        ),
        "VLANs": Score().of(
            [row["vlan_vlan"] for row in rows("vlans", "vlans")], [one.id for one in known.vlans]
        ),
        "VLAN members": Score().of(
            [row["vlan"] for row in rows("vlans", "ports_vlans")],
            [one.id for one in known.vlans for _ in getattr(one, "ports", ())],
        ),
        "routes": Score().of(
            [
                (
                    _v6(row["inetCidrRouteDest"]),
                    row["inetCidrRoutePfxLen"],
                    _v6(row["inetCidrRouteNextHop"]),
                    row["inetCidrRouteIfIndex"],
                )
                for row in rows("route", "route")
            ],
            [
                (
                    one.destination,
                    one.prefixlen,
                    one.next_hop or ("::" if ":" in one.destination else "0.0.0.0"),
                    one.if_index,
                )
                for one in known.routes
            ],
        ),
        "ARP and ND": _arp(columns, known, rows("arp-table", "ipv4_mac"), rows("ipv6-nd", "ipv6_nd")),
        "FDB": _fdb(columns, known, rows("fdb-table", "ports_fdb")),
    }
    adjacencies = getattr(known, "adjacencies", ())
    scores["OSPF, IS-IS and BGP neighbours"] = Score().of(
        [("ospf", row["ospfNbrIpAddr"]) for row in rows("ospf", "ospf_nbrs")]
        + [("isis", row["isisISAdjIPAddrAddress"]) for row in rows("isis", "isis_adjacencies")]
        + [("bgp", row["bgpPeerIdentifier"]) for row in rows("bgp-peers", "bgpPeers")],
        [(one.protocol, one.remote_address) for one in adjacencies],
    )
    return scores


def _squeezed(text: object) -> str:
    return " ".join(str(text or "").split()).lower()


def _v6(text: str) -> str:
    try:
        return str(IPAddress(text))
    except ValueError:
        return text


def _arp(
    columns: dict[str, Column], known: DeviceView, v4: list[dict[str, Any]], v6: list[dict[str, Any]]
) -> Score:
    if v4 or v6:
        true = [(_v6(row["ipv4_address"]), row["mac_address"]) for row in v4]
        true += [(_v6(row["ipv6_address"]), row["mac_address"]) for row in v6]
        return Score().of(true, [(one.ip, one.mac.replace(":", "")) for one in known.arp])
    rows = {
        (index[0], index[-4:])
        for name, kind in (("ipNetToMediaPhysAddress", "ipNetToMediaType"),)
        for index, mac in columns.get(name, {}).items()
        if isinstance(mac, bytes) and len(mac) == 6 and any(mac) and columns.get(kind, {}).get(index) != 2
    }
    ours = {(one.if_index, tuple(map(int, one.ip.split(".")))) for one in known.arp if ":" not in one.ip}
    return Score().of(rows, ours)


def _fdb(columns: dict[str, Column], known: DeviceView, true: list[dict[str, Any]]) -> Score:
    if true:
        return Score().of(
            [(row["ifIndex"], row["mac_address"], row["vlan_vlan"] or 0) for row in true],
            [(one.if_index, one.mac.replace(":", ""), one.vlan) for one in known.fdb],
        )
    macs = {
        bytes(octets).hex(":")
        for name, column in columns.items()
        if name.split("@")[0] in ("dot1qTpFdbPort", "dot1dTpFdbPort", "hwDynFdbPort")
        for octets in (index[:6] if name == "hwDynFdbPort" else index[-6:] for index in column)
        if len(octets) == 6 and all(0 <= octet < 256 for octet in octets) and any(octets)
    }
    return Score().of(macs, {one.mac for one in known.fdb})


# ---- what is said
def figures() -> tuple[dict[str, dict[str, Score]], dict[str, dict[str, Score]]]:
    """Scores by network and by device."""
    networks = {
        folder.parent.name: network(folder.parent)
        for folder in sorted((SHARED / "data" / "snmp-networks").glob("*/expected.json"))
    }
    devices = {
        path.name.removesuffix(".snmprec"): device(path)
        for path in sorted((SHARED / "data" / "snmp").glob("*.snmprec"))
    }
    return networks, devices


def totals(parts: dict[str, dict[str, Score]], kind: str) -> list[dict[str, Any]]:
    totals: dict[str, Score] = {}
    for scores in parts.values():
        for what, score in scores.items():
            totals.setdefault(what, Score()).add(score)
    told = []
    for what, score in totals.items():
        share = score.right / score.true if score.true else 1.0
        goal = 1.0 if what in WHOLE else GOAL
        told.append(
            {
                "what": f"{kind}: {what}",
                "ours": score.right,
                "peer": score.true,
                "ratio": [share, share, share],
                "wrong": score.wrong,
                "goal": f">= {goal:g}, 0 wrong",
                "met": share >= goal and not score.wrong,
            }
        )
    return told


def main() -> int:
    """0 when every goal is met, 1 when one is not, 2 without the recordings."""
    if not (SHARED / "data" / "snmp-networks").is_dir():
        print(
            "topology_truth: the recordings are not here (../shared/data, or NETOPS_SHARED)", file=sys.stderr
        )
        return 2
    networks, devices = figures()
    told = [*totals(networks, "networks"), *totals(devices, "devices")]
    if "--json" in sys.argv:
        print(json.dumps({"name": "topology_truth", "machine": platform.machine(), "figures": told}))
        return int(not all(one["met"] for one in told))
    for parts in (networks, devices):
        for name, scores in parts.items():
            cells = [
                f"{what} {score.right}/{score.true}" + (f" WRONG {score.wrong}" if score.wrong else "")
                for what, score in scores.items()
                if score.true or score.wrong
            ]
            print(f"{name:24} " + "  ".join(cells))
            if "--missed" in sys.argv:
                for what, score in scores.items():
                    for line in score.missed[:6]:
                        print(f"    {what}: {line}")
    for one in told:
        verdict = "met" if one["met"] else "NOT met"
        print(
            f"{one['what']:48} {one['ours']:6} of {one['peer']:6}  {one['ratio'][0]:8.2%}  wrong {one['wrong']:3}"
            f"  goal {one['goal']}  {verdict}"
        )
    return int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
