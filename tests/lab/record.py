"""
Renews netops/recordings/ from the example city (city.toml) in the lab: what its devices answer to SNMP, and what they export.

    python tests/lab/record.py [--lab ../shared/lab] [--out netops/recordings] [--seconds 90]

Root, and the lab's packages; about six minutes. "day" is everyday traffic and nothing wrong; "breach" is recorded while six
scenarios are on, with the lab's own truth beside it. A recording is a folder:

    recording.json      city, when, and the devices: name, address, plane, snmp (v2c, v3 or both)
    snmp/NAME.snmprec.gz  one line a variable, in order: OID|tag|value, with the tags of snmpsim (4x: octets in hex)
    flows.pcap          the datagrams as they came to the collector: classic pcap of raw IPv4
    truth.json          what was broken meanwhile ("expect" is empty for day)
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SUBTREES = ("1.0.8802.1.1.2", "1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.4", "1.3.6.1.2.1.17", "1.3.6.1.2.1.31")
BREACH = ("rogue-exit-router", "rogue-exit-pc", "unallocated-address", "bypass-link", "intranet-internet", "intranet-dns")
TAGS = {"INTEGER": "2", "OID": "6", "IpAddress": "64", "Counter32": "65", "Gauge32": "66", "Timeticks": "67",
        "Counter64": "70", "Hex-STRING": "4x", "STRING": "4x", "Network Address": "64", "BITS": "4x"}
MOST_DATAGRAMS = 4000


# ---- SNMP
def lines(text: str) -> list[str]:
    """net-snmp's output with numeric OIDs and hex strings, as snmprec lines in the order of the tree."""
    found: dict[tuple[int, ...], str] = {}
    for entry in re.split(r"\n(?=\.\d)", text):
        match = re.match(r"\.([\d.]+) = (?:([\w -]+): )?(.*)", entry, re.DOTALL)
        if not match or match[3].startswith(("No Such", "No more variables")):
            continue
        oid, kind, shown = match[1], match[2], " ".join(match[3].split())
        if kind is None:                                   # `""`: no octets at all
            kind, shown = "Hex-STRING", ""
        if kind not in TAGS:
            continue
        if kind == "Timeticks":
            shown = shown[1:shown.index(")")]
        elif kind == "OID":
            shown = shown.lstrip(".")
        elif kind in ("Hex-STRING", "BITS"):
            shown = shown.replace(" ", "").lower()
        elif kind == "STRING":
            shown = shown.strip('"').encode().hex()
        elif kind == "Network Address":
            shown = ".".join(str(int(octet, 16)) for octet in shown.split(":"))
        else:
            shown = shown.split(" ")[0]
        found[tuple(map(int, oid.split(".")))] = f"{oid}|{TAGS[kind]}|{shown}"
    return [found[oid] for oid in sorted(found)]


def walk(namespace: str, device: dict[str, Any], login: dict[str, str]) -> list[str]:
    """Everything the device answers below SUBTREES."""
    access = (["-v2c", "-c", login["community"]] if device["snmp"] == "v2c" else
              ["-v3", "-l", "authPriv", "-u", login["user"], "-a", "SHA", "-A", login["auth"], "-x", "AES", "-X", login["priv"]])
    text = ""
    for subtree in SUBTREES:
        done = subprocess.run(["ip", "netns", "exec", namespace, "env", "MIBS=", "snmpbulkwalk", "-t", "3", "-r", "2", "-Cr25",
                               "-Onx", *access, device["address"], subtree], capture_output=True, text=True, check=True)
        text += done.stdout if done.stdout.endswith("\n") else done.stdout + "\n"
    return lines(text)


def record_snmp(city: Any, folder: Path) -> list[dict[str, Any]]:
    """One snmprec.gz a device; returns their index."""
    devices = [{"name": node.id, "address": node.address, "plane": node.plane, "snmp": node.snmp} for node in city.managed()]
    (folder / "snmp").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(4) as pool:
        walks = pool.map(lambda device: walk(city.ns("mgmt"), device, city.data["snmp"]), devices)
        for device, found in zip(devices, walks, strict=True):
            content = ("\n".join(found) + "\n").encode()
            (folder / "snmp" / f"{device['name']}.snmprec.gz").write_bytes(gzip.compress(content, 9, mtime=0))
            print(f"  {device['name']}: {len(found)} variables", file=sys.stderr)
    return devices


# ---- datagrams
def collect(port: int, seconds: float, path: Path) -> None:
    """Runs inside the management namespace: whatever comes to *port*, for so long, as a classic pcap of raw IPv4."""
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    here.bind(("0.0.0.0", port))
    until, count = time.time() + seconds, 0
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))     # LINKTYPE_RAW
        while (left := until - time.time()) > 0 and count < MOST_DATAGRAMS:
            here.settimeout(left)
            try:
                payload, (source, source_port) = here.recvfrom(65535)
            except TimeoutError:
                break
            now, count = time.time(), count + 1
            udp = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), count & 0xFFFF, 0, 64, 17, 0,
                               socket.inet_aton(source), socket.inet_aton("192.0.2.1"))
            words = sum(struct.unpack("!10H", head))
            words = (words & 0xFFFF) + (words >> 16)
            head = head[:10] + struct.pack("!H", ~(words + (words >> 16)) & 0xFFFF) + head[12:]
            packet = head + udp
            out.write(struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet)) + packet)


def trim(path: Path) -> None:
    """
    Leave out what no collector could use: the last words of exporters that were ended when the recording began (they come
    from another port than the rest and tell of the time before), and records whose template was not sent yet.
    """
    content, known, at = path.read_bytes(), set(), 24
    kept, frames = [content[:24]], []
    while at + 16 <= len(content):
        size = struct.unpack_from("<I", content, at + 8)[0]
        frames.append(content[at:at + 16 + size])
        at += 16 + size
    port = {frame[28:32]: frame[36:38] for frame in frames}
    for frame in frames:
        source, payload = frame[28:32], frame[44:]
        if frame[36:38] != port[source]:
            continue
        version = payload[1]
        place, domain = (16, payload[12:16]) if version == 10 else (20, payload[16:20])
        readable = True
        while version in (9, 10) and place + 4 <= len(payload):
            number, length = struct.unpack_from("!HH", payload, place)
            if number in (0, 2):
                inner = place + 4
                while inner + 4 <= place + length:
                    template, fields = struct.unpack_from("!HH", payload, inner)
                    known.add((source, domain, template))
                    inner += 4 + 4 * fields
            elif number in (1, 3):                  # one options template (RFC 3954 §6.1, RFC 7011 §3.4.2.2)
                known.add((source, domain, struct.unpack_from("!H", payload, place + 4)[0]))
            elif number > 255:
                readable = readable and (source, domain, number) in known
            place += max(length, 4)
        if readable:
            kept.append(frame)
    path.write_bytes(b"".join(kept))


def record(lab_module: Any, args: argparse.Namespace, name: str, settle: float, note: str) -> None:
    """One recording: datagrams all the while, the devices' answers after *settle* seconds."""
    plan, net, build = lab_module
    city = plan.City(HERE / "city.toml")
    folder = args.out / f"{name}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    collector = subprocess.Popen([
        "ip", "netns", "exec", city.ns("mgmt"), sys.executable, __file__, "--collect", str(city.data["collector_port"]),
        "--seconds", str(args.seconds), "--out", folder / "flows.pcap"])
    try:
        time.sleep(1)
        started, lab = time.time(), net.Lab(city, args.state)
        lab.unlock()
        for node in city.managed():                 # an exporter that starts again sends its templates first
            build.ports_changed(lab, node.id)
        time.sleep(settle)
        recorded = time.time()
        devices = record_snmp(city, folder)
        collector.wait(args.seconds + 60)
    finally:
        collector.kill()
    trim(folder / "flows.pcap")
    truth = json.loads(city_command(args, "truth"))
    truth.pop("scenarios", None)
    show = {"city": city.name, "title": city.data["title"], "note": note, "started": round(started), "snmp_at": round(recorded),
            "seconds": args.seconds, "devices": devices}
    for file, content in (("recording.json", show), ("truth.json", truth)):
        (folder / file).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(args.out / name, ignore_errors=True)
    folder.rename(args.out / name)
    print(f"{args.out / name}: {len(devices)} devices, {size / 1e6:.2f} MB", file=sys.stderr)


def city_command(args: argparse.Namespace, *verb: str) -> str:
    return subprocess.run([sys.executable, args.lab / "city", "--city", HERE / "city.toml", "--state", args.state, *verb],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=HERE.parents[2] / "shared" / "lab")
    parser.add_argument("--state", type=Path, default=Path("/run/netops-example"))
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "netops" / "recordings")
    parser.add_argument("--seconds", type=float, default=90, help="of datagrams in each recording (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=3, help="everyday errands a second (default: %(default)s)")
    parser.add_argument("--only", choices=["day", "breach"], help="renew one of them")
    parser.add_argument("--collect", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.collect:
        collect(args.collect, args.seconds, args.out)
        return 0
    sys.path.insert(0, str(args.lab))
    from citylab import build, net, plan

    modules = (plan, net, build)
    was_up = json.loads(city_command(args, "status"))["up"]
    city_command(args, "up")
    try:
        city_command(args, "traffic", "stop")
        city_command(args, "traffic", "start", "--rate", str(args.rate))
        time.sleep(30 if was_up else 60)            # LLDP settles, ARP and forwarding tables fill
        if args.only != "breach":
            record(modules, args, "day", args.seconds * 0.75, "平常的一天：只有日常流量，没有任何违规")
        if args.only != "day":
            city_command(args, "scenario", "start", *BREACH)
            record(modules, args, "breach", 50, "同一城市出现六种情况：" + "、".join(BREACH))
    finally:
        city_command(args, "scenario", "stop", *BREACH)
        if not was_up:
            city_command(args, "down")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
