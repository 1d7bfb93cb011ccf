"""
A lab city of its own for every seed: other addresses, departments, devices, exports and places of the scenarios.

    python tests/lab/generate.py SEED > city.toml
    python tests/lab/senses.py --city city.toml --quiet 300 --together
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from ipaddress import IPv4Network, ip_network
from typing import Any, NamedTuple

import tomlkit

NAMES = {
    "dev": "市发展和改革委员会", "fin": "市财政局", "hrss": "市人力资源和社会保障局", "edu": "市教育局",
    "health": "市卫生健康委员会", "land": "市自然资源和规划局", "water": "市水利局", "trade": "市商务局", "tax": "市税务局",
    "cg": "市城市管理和综合执法局", "yj": "市应急管理局", "mz": "市民政局",
}  # fmt: skip
PLATFORM = {"off": "市人民政府办公室", "ic": "市信息中心"}
COUNTIES = {"lx": "临溪县", "qs": "青石县", "dh": "东湖区"}
EX, IN = "extranet", "intranet"
FLOWS, SNMP = ("v9", "ipfix", "v5"), ("v3", "v2c", "both")
STYLES = (("r-{}", "sw-{}"), ("{}-gw", "{}-acc"), ("RT_{}", "SW_{}"), ("{}.r1", "{}.s1"))
"""How a city calls its routers and switches."""


class Lan(NamedTuple):
    """A LAN and its hosts: each name's address."""

    department: str
    plane: str
    net: IPv4Network
    hosts: dict[str, str]


class City:
    """One city in the making."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.name = f"gen{seed}"
        seconds = dice.sample(range(16, 120), 2)
        # The national extranet's own block is 59.192.0.0/10; some cities took carriers' shared space (RFC 6598).
        shapes = [f"10.{seconds[0]}.0.0/16", f"10.{seconds[1]}.0.0/16", f"172.{dice.randrange(21, 24)}.0.0/16",
                  f"59.{dice.randrange(192, 256)}.0.0/16", f"100.{dice.randrange(96, 127)}.0.0/16", "11.0.0.0/14"]
        self.nets = dict(zip((EX, IN), map(ip_network, dice.sample(shapes, 2)), strict=True))
        self.router, self.switch = dice.choice(STYLES)
        self.between = {plane: ip_network(f"{net[250 << 8]}/24").subnets(new_prefix=30) for plane, net in self.nets.items()}
        self.outer = ip_network("198.51.100.0/24").subnets(new_prefix=30)
        self.thirds = {plane: iter(dice.sample(range(1, 120), 60)) for plane in self.nets}
        """Pairs of /24s: each LAN has one of its own."""
        self.loopbacks = {plane: iter(dice.sample(range(2, 250), 60)) for plane in self.nets}
        self.departments = dice.sample(list(NAMES), dice.randrange(4, 8))
        self.counties = dice.sample(list(COUNTIES), dice.randrange(len(COUNTIES) + 1))
        self.lans: dict[str, Lan] = {}
        self.made: dict[str, Any] = {key: {} for key in ("nodes", "lans")} | {key: [] for key in ("links", "exits")}

    # ---- parts
    def node(self, name: str, role: str, plane: str, department: str) -> None:
        """A device with a loopback, SNMP and flows of some kind."""
        loopback = str(self.nets[plane][(255 << 8) + next(self.loopbacks[plane])])
        self.made["nodes"][name] = {
            "role": role, "plane": plane, "dept": department, "loopback": loopback, "snmp": self.dice.choice(SNMP),
            "flow": self.dice.choice(FLOWS),
        }  # fmt: skip

    def link(self, a: str, b: str, plane: str = EX) -> None:
        """A registered link."""
        self.made["links"].append({"a": a, "b": b, "net": str(next(self.between[plane]))})

    def edge(self, name: str, department: str, plane: str = EX, role: str = "edge") -> str:
        """A router of a department at its plane's core."""
        router = self.router.format(name)
        self.node(router, role, plane, department)
        self.link("core" if plane == EX else "in-core", router, plane)
        return router

    def lan(self, name: str, department: str, plane: str, gateway: str, hosts: list[str], **more: Any) -> None:
        """A LAN of some size with these hosts somewhere in it."""
        third, width = next(self.thirds[plane]), self.dice.choice((23, 24, 24, 25, 26))
        net = ip_network(f"{self.nets[plane][third << 9 if width == 23 else (third << 9) + 256]}/{width}")
        places = sorted(self.dice.sample(range(10, 30), len(hosts)))
        held = {host: str(net[place]) for host, place in zip(hosts, places, strict=True)}
        self.lans[name] = Lan(department, plane, net, held)
        self.made["lans"][name] = {
            "plane": plane, "dept": department, "net": str(net), "gateway": gateway, "switch": self.switch.format(name),
            "snmp": self.dice.choice(SNMP), **more, "hosts": held,
        }  # fmt: skip

    def exit(self, name: str, kind: str, node: str, department: str, net: str, **more: Any) -> None:
        """A registered exit."""
        self.made["exits"].append({"id": name, "kind": kind, "node": node, "net": net, "dept": department, **more})

    def free(self, lan: str, count: int) -> list[str]:
        """Addresses of the first half of a LAN that no host has."""
        net, taken = self.lans[lan].net, self.lans[lan].hosts.values()
        return [text for text in (str(net[place]) for place in range(10, 31)) if text not in taken][:count]

    # ---- the whole
    def built(self) -> dict[str, Any]:
        """What the lab's city file says."""
        self._extranet()
        self._intranet()
        dc, inner = self.lans["dc"].hosts, self.lans["in-dc"].hosts
        names = PLATFORM | {name: NAMES[name] for name in self.departments} | {name: COUNTIES[name] for name in self.counties}
        return {
            "name": self.name, "title": f"生成市{self.name[3:]}", "domain": f"{self.name}.example", "prefix": f"{self.name}-",
            "collector_port": self.dice.choice((2055, 9995, 4739)),
            "snmp": {"community": "gen-ro", "user": "netops", "auth": "gen-auth-pass-1", "priv": "gen-priv-pass-1"},
            "planes": {
                EX: self._plane(EX, "政务外网", dc["srv-dns"], ["srv-dns", "srv-web"]),
                IN: self._plane(IN, "政务内网", inner["in-srv"], ["in-srv"]),
            },
            "departments": names,
            "internet": {
                "dns": ["223.5.5.5", "114.114.114.114", "8.8.8.8"], "web": ["203.0.113.80", "198.51.100.200"],
                "beacon": "203.0.113.99", "tunnel": "192.0.2.200",
                "names": {"msftconnecttest.com": "198.51.100.200", "gstatic.com": "198.51.100.200", ".": "203.0.113.80"},
            },
            **self.made, "declared": self._declared(), "scenarios": self._scenarios(),
        }  # fmt: skip

    def _plane(self, plane: str, title: str, resolver: str, servers: list[str]) -> dict[str, Any]:
        return {"title": title, "net": str(self.nets[plane]), "resolver": resolver, "servers": servers}

    def _extranet(self) -> None:
        self.node("fw", "firewall", EX, "ic")
        self.node("core", "core", EX, "ic")
        self.made["nodes"]["up"] = {"role": "upstream", "plane": EX, "loopback": "10.1.0.10"}
        self.link("core", "fw")
        self.link("core", "up")
        self.lan("dc", "ic", EX, "core", ["mgmt", "srv-dns", "srv-web"])
        web = self.lans["dc"].hosts["srv-web"]
        self.exit("shared", "shared", "fw", "ic", "203.0.113.0/30", publish={"80": f"{web}:80"})
        for number, name in enumerate(self.departments):  # the first three have a router, the others a switch at the core
            gateway = self.edge(name, name) if number < 3 else "core"
            more: dict[str, Any] = {"flow": self.dice.choice(("ipfix", "v9"))} if number < 2 else {}
            more |= {"dhcp": True} if number == 1 else {}
            self.lan(name, name, EX, gateway, [f"pc-{name}-{one}" for one in (1, 2, 3)], **more)
        for number, name in enumerate(self.departments[2 : self.dice.choice((2, 3, 3))]):
            filing = f"生信备〔2026〕{number + 1}号"
            self.exit(f"extra-{name}", "registered", self.router.format(name), name, str(next(self.outer)), filing=filing)
        for name in self.counties:
            self.lan(name, name, EX, self.edge(name, name, role="county"), [f"pc-{name}-1", f"pc-{name}-2"])
            self.exit(f"county-{name}", "county", self.router.format(name), name, str(next(self.outer)))

    def _intranet(self) -> None:
        self.node("in-core", "core", IN, "off")
        self.lan("in-dc", "off", IN, "in-core", ["mgmt-in", "in-srv", "mgmt"])
        for name, department in (("in-off", "off"), ("in-one", self.departments[0])):
            more = {"flow": "ipfix"} if name == "in-off" else {}
            self.lan(name, department, IN, self.edge(name, department, IN), [f"{name}-{one}" for one in (1, 2, 3)], **more)

    def _declared(self) -> list[dict[str, Any]]:
        """The platform and the counties were given all of their LANs, the others one half."""
        given: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in self.lans.values():
            is_whole = one.department in PLATFORM or one.department in self.counties
            given[one.department, one.plane].append(str(one.net if is_whole else next(one.net.subnets(prefixlen_diff=1))))
        for department, plane in (("ic", EX), ("off", IN)):
            given[department, plane] += [f"{self.nets[plane][third << 8]}/24" for third in (250, 255)]
        return [
            {"dept": department, "plane": plane, "allocated": nets, "terminals": 20 if department in PLATFORM else 4}
            for (department, plane), nets in given.items()
        ]

    def _scenarios(self) -> dict[str, Any]:
        one, two, three, four = self.departments[:4]
        # Whoever has a dongle sends nothing through our routers: no other scenario may need to see that PC's traffic.
        pcs = {name: list(lan.hosts) for name, lan in self.lans.items()}
        sharer, user, asker = self.dice.sample(pcs["in-off"], 3)
        stray = self.lans[two].net
        return {
            "rogue-exit-pc": {"host": pcs[two][1], "carrier": "100.64.9.0/30", "dongle": "192.168.8.0/24"},
            "rogue-exit-router": {"lan": one, "net": f"198.51.100.{self.dice.choice((32, 36, 40))}/30"},
            "bypass-link": {"a": one, "b": two, "net": "172.31.7.0/30"},
            "intranet-internet": {"host": sharer, "users": [user], "carrier": "100.64.9.4/30", "dongle": "192.168.43.0/24"},
            "cross-plane": {"extranet": one, "intranet": "in-one", "host": pcs[one][2], "ip": self.free("in-one", 9)[-1]},
            "unallocated-address": {"lan": two, "ip": str(stray[stray.num_addresses * 3 // 4])},
            "address-conflict": {"lan": three, "victim": self.dice.choice(pcs[three])},
            "over-declared": {"lan": four, "ips": self.free(four, 4)},
            "rogue-dhcp": {"lan": two, "net": "192.168.1.0/24", "victim": pcs[two][2]},
            "hidden-nat": {"lan": one, "ip": self.free(one, 9)[-1], "clients": 3, "net": "192.168.31.0/24"},
            "intranet-dns": {"hosts": [pcs["in-one"][0], asker]},
            "tunnel-gre": {"host": pcs[four][0]},
            "tunnel-wireguard": {"host": pcs[one][1]},
            "tunnel-socks": {"host": pcs[two][0]},
        }


if __name__ == "__main__":
    print(tomlkit.dumps(City(int(sys.argv[1])).built()))
