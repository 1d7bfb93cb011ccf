"""
Real captures that nobody here made, read by `netops egress capture --json`: everything that their README states.

The captures stand beside the checkout (../shared/data/pcap, or the folder in CAPTURES). Of each: packets, duration and hosts as
stated; what it is said to contain is among the observations; and nothing else is an alarm. Labels of nDPI are held against the
flows that concern us. `--json` prints the table as data.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CAPTURES = Path(os.environ.get("CAPTURES", Path(__file__).parents[2] / "shared" / "data" / "pcap"))
EXPECTED: dict[str, list[str]] = {
    "ndpi--dingtalk.pcap": ["application dingtalk"],
    "ndpi--wechat.pcap": ["application wechat"],
    "ndpi--xiaomi.pcap": ["application xiaomi"],
    "suricata--dhcp-eve-extended.pcap": ["dhcp_server 10.16.1.1"],
    "zeek--dhcp.pcap": ["dhcp_server 128.2.6.152"],
    "ndpi--quic-v2.pcapng": [],
    "ndpi--quic.pcap": [],
    "suricata--quic-ietf.pcap": [],
    "zeek--firefox-102.13.0esr-blog-cloudflare-com.pcap": [],
    "ndpi--tor.pcap": ["tunnel tor"],
    "arkime--IKEv2.pcap": ["tunnel ipsec", "tunnel esp"],
    "ipfixprobe--wg.pcap": ["tunnel wireguard"],
    "ndpi--443-opvn.pcap": ["tunnel openvpn"],
    "ndpi--ipsec_isakmp_esp.pcap": ["tunnel ipsec"],
    "ndpi--openvpn.pcap": ["tunnel openvpn"],
    "ndpi--openvpn_nohmac_tcp.pcapng": ["tunnel openvpn"],
    "ndpi--softether.pcap": ["tunnel softether"],
    "ndpi--tailscale.pcap": ["tunnel tailscale"],
    "ndpi--wireguard.pcap": ["tunnel wireguard"],
    "scapy--ikev2_nat_t.pcapng": ["tunnel ipsec"],
    "tcpdump--pptp.pcap": ["tunnel pptp", "tunnel gre"],
    "zeek-spicy-ipsec--ipsec_client.pcap": ["tunnel ipsec"],
    "zeek-spicy-openvpn--openvpn.pcap": ["tunnel openvpn"],
    "zeek-spicy-wireguard--tailscale_linux.pcap": ["tunnel tailscale"],
    "ndpi--conncheck.pcap": ["connectivity_check"],
    "zeek--mixed-vlan-mpls.pcap": [],
    "ndpi--dns_exfiltration.pcap": ["dns_tunnel"],
    "ndpi--android.pcap": ["connectivity_check check-android", "dhcp_server 192.168.2.1"],
    "ndpi--netbios.pcap": [],
    "ndpi--1kxun.pcap": ["dhcp_server 192.168.119.1"],
    "ipfixprobe--mixed.pcap": ["dhcp_server 10.5.5.1"],
    "zeek--wikipedia.pcap": [],
    "arkime--http-xff.pcap": ["forwarded http-forwarded"],
    "arkime--socks-https-example.pcap": ["proxy socks4", "proxy socks5"],
    "arkime--socks5-reverse.pcap": ["proxy socks5-reverse"],
    "ndpi--http_connect.pcap": ["proxy http-connect"],
    "ndpi--shadowsocks.pcap": ["proxy socks5", "tunnel shadowsocks-tcp"],
    "ndpi--socks.pcap": ["proxy socks4", "proxy socks5"],
    "ndpi--tls_heur__vmess-tcp-tls.pcapng": ["proxy socks5"],
    "zeek--proxy.pcap": ["proxy http-proxy"],
    "zeek--socks-with-ssl.pcap": ["proxy socks5"],
    "ndpi--dns_doh.pcap": ["encrypted_dns doh"],
    "ndpi--dns_dot.pcap": ["encrypted_dns dot"],
    "ndpi--dnscrypt-v2-doh.pcap": ["encrypted_dns doh"],
    "ndpi--anydesk.pcapng": ["remote_control anydesk"],
    "ndpi--rdp.pcap": ["remote_control rdp"],
    "ndpi--teamviewer.pcap": ["remote_control teamviewer"],
    "zeek--vnc-mac-to-linux.pcap": ["remote_control vnc"],
    "ndpi--6in4tunnel.pcap": ["tunnel 6in4"],
    "ndpi--dns-tunnel-iodine.pcap": ["dns_tunnel"],
    "ndpi--gre.pcapng": ["tunnel gre"],
    "ndpi--icmp-tunnel.pcap": ["icmp_tunnel icmp"],
    "ndpi--teredo.pcap": ["tunnel teredo"],
    "zeek--6in6.pcap": ["tunnel 6in6"],
    "zeek--Teredo.pcap": ["tunnel teredo"],
    "zeek--gre-sample.pcap": ["tunnel gre"],
    "zeek--vxlan-encapsulated-http.pcap": ["tunnel vxlan"],
    "zeek--wstunnel-https.pcap": ["tunnel wstunnel"],
}
"""By file, what its row says that it contains, as "kind what" of an observation; nothing for ordinary traffic."""
LABELS = {
    "TLS.Tor": "tunnel tor", "WireGuard": "tunnel wireguard", "OpenVPN": "tunnel openvpn", "Tailscale": "tunnel tailscale",
    "IPSec": "tunnel ipsec", "Softether": "tunnel softether", "SOCKS": "proxy socks", "HTTP_Connect": "proxy http-connect",
    "DoH_DoT": "encrypted_dns", "AnyDesk": "remote_control anydesk", "TeamViewer": "remote_control teamviewer",
    "RDP": "remote_control rdp", "Teredo": "tunnel teredo", "DingTalk": "application dingtalk", "WeChat": "application wechat",
}  # fmt: skip
"""nDPI's word for a flow, and how an observation of ours about it begins."""
FLOW = re.compile(r"^\t\d+\t(\w+) \[?([0-9a-f.:]+?)\]?:(\d+) <?->? \[?([0-9a-f.:]+?)\]?:(\d+) .*?\[proto: [\d.]+/([\w.]+)\]")


@dataclass
class Case:
    """One capture, and what came of it."""

    name: str
    packets: int
    seconds: float
    hosts: int
    expected: list[str]
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def wrong(self) -> str:
        """The first thing that is not as stated, "" when all is."""
        one = self.found
        if one["packets"] != self.packets:
            return f"packets: {one['packets']}, stated {self.packets}"
        if abs(one["duration_seconds"] - self.seconds) > 0.051:
            return f"duration: {one['duration_seconds']}, stated {self.seconds}"
        if one["ipv4_hosts"] != self.hosts:
            return f"hosts: {one['ipv4_hosts']}, stated {self.hosts}"
        if sum(one["protocols"].values()) != self.packets:
            return f"protocols make {sum(one['protocols'].values())} packets"
        seen = [f"{each['kind']} {each['what']}" for each in one["observations"]]
        for each in self.expected:
            if not any(text.startswith(each) for text in seen):
                return f"not seen: {each}"
        alarms = {f"{each['kind']} {each['what']}" for each in one["observations"] if each["is_alarm"]}
        if false := [text for text in sorted(alarms) if not any(text.startswith(each) for each in self.expected)]:
            return f"false alarm: {', '.join(false)}"
        return ""

    def labels(self, folder: Path) -> Iterator[tuple[str, bool]]:
        """Flows that nDPI labels with something that concerns us, and whether we say so of their ends."""
        path = folder / f"{self.name}.ndpi.txt"
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            if (match := FLOW.match(line)) is None:
                continue
            wanted = next((LABELS[part] for part in (match[6], *reversed(match[6].split("."))) if part in LABELS), None)
            if wanted and not match[6].startswith("DNS"):
                ends = {match[2], match[4]}
                yield line.split("[")[0].strip(), any(_is_about(one, wanted, ends) for one in self.found["observations"])


def _is_about(one: dict[str, Any], wanted: str, ends: set[str]) -> bool:
    return f"{one['kind']} {one['what']}".startswith(wanted) and {one["ip"], one["peer"]} <= ends


def stated(folder: Path = CAPTURES) -> list[Case]:
    """The captures of the README with what it states; empty when it is not there."""
    path, found = folder / "README.md", list[Case]()
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 10 and re.search(r"\.pcap(ng)?$", cells[1]):
            expected = EXPECTED.get(cells[1], [f"nothing is known of {cells[1]}"])
            found.append(Case(cells[1], int(cells[5]), float(cells[6].split()[0]), int(cells[7]), expected))
    return found


def read(cases: list[Case], folder: Path = CAPTURES) -> None:
    """Read all captures by the command line, in one run."""
    argv = [sys.executable, "-m", "netops", "egress", "capture", *(str(folder / one.name) for one in cases), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    for case, one in zip(cases, json.loads(done.stdout)["items"], strict=True):
        case.found = one


def main() -> int:
    """Print a row a capture; 0 when everything is as stated."""
    cases = stated()
    if not cases:
        print(f"the captures are not in {CAPTURES}", file=sys.stderr)
        return 2
    read(cases)
    labels = [(case.name, flow, is_seen) for case in cases for flow, is_seen in case.labels(CAPTURES)]
    agreed = sum(is_seen for _, _, is_seen in labels)
    good = sum(not case.wrong for case in cases)
    if "--json" in sys.argv:
        figures = [
            {"what": "captures as stated", "ours": good, "peer": None, "ratio": None, "goal": len(cases),
             "met": good == len(cases)},
            {"what": "flows labelled by nDPI that we name too", "ours": agreed, "peer": len(labels), "ratio": None,
             "goal": ">= 0.95", "met": agreed >= 0.95 * len(labels)},
        ]  # fmt: skip
        print(json.dumps({"name": "capture_conformance", "machine": platform.machine(), "figures": figures}))
        return int(not all(one["met"] for one in figures))
    for case in cases:
        seen = sorted({f"{one['kind']} {one['what']}" for one in case.found["observations"]})
        print(f"{'ok ' if not case.wrong else 'BAD'} {case.name:52} {case.wrong or ', '.join(seen[:4]) or 'nothing'}")
    for name, flow, is_seen in labels:
        if not is_seen:
            print(f"    nDPI names, we do not: {name}: {flow}")
    print(f"{good} of {len(cases)} captures as stated; {agreed} of {len(labels)} flows that nDPI names and concern us are named")
    return int(good < len(cases) or agreed < 0.95 * len(labels))


if __name__ == "__main__":
    raise SystemExit(main())
