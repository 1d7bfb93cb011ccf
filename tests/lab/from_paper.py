"""
Turns what `city declared` prints into an inventory and a configuration of netops.

    python tests/lab/from_paper.py PAPER.json DIRECTORY [--plane intranet] [--beacon ADDRESS | --no-probe]

DIRECTORY then holds config.toml, inventory/, secrets/ (0600) and, once netops runs, netops.db. Standard library only: it runs
wherever the lab runs. Whatever the paper does not say stays empty: no interface name and no device is invented.

The lab's internet leaves 203.0.113.99 to a beacon of ours: the configuration names it as the sensor's address, and `sensor.py`
beside this script starts the sensor in the city's internet when a probe runs.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from pathlib import Path
from secrets import token_hex
from typing import Any

Entry = dict[str, Any]
BEACON = "203.0.113.99"
SENSOR = Path(__file__).resolve().parent / "sensor.py"
KINDS = {"shared": "shared", "county": "county", "registered": "separate"}
PLACED = "依据实验城市纸面资料转入，待补正"


class Paper:
    """The paper, and what follows from it."""

    def __init__(self, content: Entry) -> None:
        self.content = content
        self.devices: list[Entry] = [*content["devices"], *self._unlisted(content)]
        self.plane_of = {device["id"]: device["plane"] for device in self.devices}
        self.dept_of = {device["id"]: device["dept"] for device in self.devices}
        self.counties = {item["dept"] for item in content["exits"] if item["kind"] == "county"}
        self.authority = {plane: self._owner(plane) for plane in content["planes"]}
        shared = [item["dept"] for item in content["exits"] if item["kind"] == "shared"]
        self.city_authority = shared[0] if shared else next(iter(self.authority.values()), "")

    @staticmethod
    def _unlisted(content: Entry) -> list[Entry]:
        """Devices that the paper names only as an end of a link or of a LAN: the registered way up, and what is not managed."""
        planes: dict[str, str] = {device["id"]: device["plane"] for device in content["devices"]}
        found: dict[str, Entry] = {}

        def meet(name: str, role: str, plane: str, net: str, n: int) -> None:
            if name not in planes and name not in found:
                role = "upstream" if name in content["upstream"] else role
                found[name] = {"id": name, "role": role, "plane": plane, "dept": "", "snmp": None, "flow": None,
                               "address": str(ipaddress.ip_network(net)[n])}

        for lan in content["lans"].values():
            meet(lan["gateway"], "edge", lan["plane"], lan["net"], 1)
            meet(lan["switch"], "switch", lan["plane"], lan["net"], 2)
        for link in content["links"]:
            for end, other, n in ((link["a"], link["b"], 1), (link["b"], link["a"], 2)):
                meet(end, "edge", planes.get(other) or found.get(other, {}).get("plane", "extranet"), link["net"], n)
        for item in content["exits"]:
            meet(item["node"], "firewall", "extranet", item["net"], 2)
        return list(found.values())

    def _owner(self, plane: str) -> str:
        """Whose core it is."""
        return next((device["dept"] for role in ("core", "firewall") for device in self.content["devices"]
                     if device["plane"] == plane and device["role"] == role), "")

    # ---- the register
    def organizations(self) -> list[Entry]:
        running = {self.city_authority, *self.authority.values()}
        return [{"code": code, "name_zh": name, "level": "county" if code in self.counties else "city",
                 "county": code in self.counties, "platform": code in running}
                for code, name in self.content["departments"].items()]

    def device_entries(self, plane: str) -> list[Entry]:
        credential = {"v2c": "v2c", "v3": "v3", "both": "v3", None: ""}
        return [{"name": device["id"], "address": device["address"], "role": device["role"],
                 "organization": device["dept"] or "", "snmp": credential[device["snmp"]], "exporter": bool(device["flow"])}
                for device in self.devices if device["plane"] == plane]

    def links(self, plane: str) -> list[Entry]:
        return [{key: link[key] for key in ("a", "b", "net")} for link in self.content["links"]
                if self.plane_of.get(link["a"], self.plane_of.get(link["b"])) == plane]

    def prefixes(self, plane: str) -> list[Entry]:
        owner = self.authority[plane] or self.city_authority
        held = [{"prefix": self.content["planes"][plane]["net"], "role": "container", "organization": owner,
                 "name": self.content["planes"][plane]["title"], "granted_by": "上级下放（见实验城市纸面资料）"}]
        for key, lan in self.content["lans"].items():
            if lan["plane"] == plane:
                held.append({"prefix": lan["net"], "role": "pool", "organization": lan["dept"], "name": key,
                             "gateway": lan["gateway"], "switch": lan["switch"],
                             "dhcp_servers": [lan["dhcp_server"]] if lan["dhcp_server"] else []})
        held += [{"prefix": link["net"], "role": "link", "organization": owner, "name": f"{link['a']} - {link['b']}"}
                 for link in self.links(plane)]
        loopbacks = dict.fromkeys(self._loopback(plane, device["address"], held) for device in self.content["devices"]
                                  if device["plane"] == plane)
        return held + [{"prefix": net, "role": "loopback", "organization": owner, "name": "loopbacks"}
                       for net in loopbacks if net]

    def _loopback(self, plane: str, address: str, held: list[Entry]) -> str:
        """Where a device's own address lies, when not in a LAN or link: in a declared block, else alone."""
        taken = [ipaddress.ip_network(entry["prefix"]) for entry in held if entry["role"] != "container"]
        here = ipaddress.ip_address(address)
        if any(here in net for net in taken):
            return ""
        for item in self.content["declarations"]:
            for text in item["allocated"] if item["plane"] == plane else ():
                if "/" in text and here in (net := ipaddress.ip_network(text)) and not any(net.overlaps(x) for x in taken):
                    return text
        return str(ipaddress.ip_network(address))

    def exits(self) -> list[Entry]:
        return [{"id": item["id"], "kind": KINDS[item["kind"]], "device": item["node"], "organization": item["dept"],
                 "net": item["net"], "public_address": item["public_address"] or "", "filing": item["filing"] or "",
                 "published": item["publish"] or {}} for item in self.content["exits"]]

    def declarations(self, plane: str) -> list[Entry]:
        made: list[Entry] = []
        for item in self.content["declarations"]:
            if item["plane"] != plane:
                continue
            number = f"LAB-{plane}-{item['dept']}".upper()
            again = sum(entry["number"].startswith(number) for entry in made if entry["organization"] == item["dept"])
            made.append({
                "number": f"{number}-{again + 1}" if again else number, "organization": item["dept"],
                "nature": f"网络性质：{PLACED}", "scope": f"应用范围：{PLACED}", "terminals": item["terminals"],
                "equipment": [{"name": device["id"], "address": device["address"]} for device in self.content["devices"]
                              if (device["dept"], device["plane"]) == (item["dept"], plane)],
                "allocated": item["allocated"]})
        return made

    # ---- the configuration
    def config(self, planes: list[str], beacon: str, key: Path) -> str:
        snmp, content = self.content["snmp"], self.content
        tables: list[tuple[str, Entry]] = [
            ("city", {"name": content["city"], "title_zh": content["title"], "title_en": content["city"].capitalize(),
                      "authority": self.city_authority}),
            *((f"planes.{plane}", {"nets": [content["planes"][plane]["net"]], "authority": self.authority[plane]})
              for plane in planes),
            ("store", {"url": "sqlite:///netops.db"}),
            ("inventory", {"path": "inventory"}),
            ("snmp", {"timeout_seconds": 1.0, "retries": 1, "device_seconds": 20.0}),
            ("snmp.credentials.v2c", {"version": "v2c", "community_file": "secrets/community"}),
            ("snmp.credentials.v3", {"version": "v3", "user": snmp["user"],
                                     "auth_protocol": "SHA", "auth_key_file": "secrets/auth",
                                     "priv_protocol": "AES", "priv_key_file": "secrets/priv"}),
            ("flows", {"listen": [f"0.0.0.0:{content['collector_port']}"], "hold_seconds": 60.0}),
            *([("probe", {"beacon": beacon, "key_file": "secrets/probe", "per_second": 100.0, "wait_seconds": 3.0,
                          "sensor": ["python3", str(SENSOR), "--key", str(key)]})] if beacon else []),
            ("timetable", {"walk": "20s", "reconcile": "20s", "egress": "5s", "triage": "30s", "inspect": "",
                           **({"probe": "30s"} if beacon else {})}),
        ]
        return "\n".join(table(f"[{name}]", entry) for name, entry in tables)


def value(item: object) -> str:
    """*item* as TOML, inline."""
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {value(inner)}" for key, inner in item.items()) + " }" if item else "{}"
    if isinstance(item, list):
        return "[" + ", ".join(map(value, item)) + "]"
    return json.dumps(item, ensure_ascii=False)


def table(head: str, entry: Entry) -> str:
    """One TOML table; empty values are left to their defaults, but for text that must be written."""
    kept = {key: item for key, item in entry.items() if item not in ([], {}, False) and (item != "" or key in KEPT)}
    return "\n".join([head, *(f"{key} = {value(item)}" for key, item in kept.items())]) + "\n"


KEPT = {"organization", "inspect"}


def write(path: Path, kind: str, entries: list[Entry]) -> None:
    if entries:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(table(f"[[{kind}]]", entry) for entry in entries), "utf-8")


def convert(content: Entry, folder: Path, planes: list[str] | None = None, beacon: str = BEACON) -> None:
    """
    Write everything into *folder*.

    Args:
        planes: those that this netops serves, all by default.
        beacon: the sensor's address on the lab's internet; "" for no probe.
    """
    paper, inventory, secrets = Paper(content), folder / "inventory", folder / "secrets"
    write(inventory / "organizations.toml", "organizations", paper.organizations())
    for plane in content["planes"]:
        for kind, entries in (("devices", paper.device_entries(plane)), ("links", paper.links(plane)),
                              ("prefixes", paper.prefixes(plane)), ("declarations", paper.declarations(plane)),
                              ("exits", [item for item in paper.exits() if paper.plane_of[item["device"]] == plane])):
            write(inventory / plane / f"{kind}.toml", kind, entries)
    secrets.mkdir(parents=True, exist_ok=True)
    secrets.chmod(0o700)
    kept = {name: content["snmp"][name] for name in ("community", "auth", "priv")}
    if beacon:
        kept["probe"] = f"netops-probe {token_hex(32)}"  # as `netops egress key` writes it
    for name, secret in kept.items():
        (secrets / name).touch(mode=0o600)
        (secrets / name).chmod(0o600)
        (secrets / name).write_text(secret + "\n", "utf-8")
    written = paper.config(planes or list(content["planes"]), beacon, (secrets / "probe").resolve())
    (folder / "config.toml").write_text(written, "utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="`city declared` to an inventory and a configuration of netops")
    parser.add_argument("paper", type=Path, metavar="PAPER.json")
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    parser.add_argument("--plane", action="append", help="serve only this plane; several allowed")
    parser.add_argument("--beacon", default=BEACON, metavar="ADDRESS",
                        help="the sensor's address on the internet (default: %(default)s)")
    parser.add_argument("--no-probe", action="store_true", help="configure no sensor: nothing is probed")
    args = parser.parse_args(argv)
    convert(json.loads(args.paper.read_text("utf-8")), args.directory, args.plane, "" if args.no_probe else args.beacon)
    print(f"{args.directory}/config.toml", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
