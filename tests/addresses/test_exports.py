"""What programs read: reverse zones, hosts files, DHCP reservations and firewall objects; hostile names never get into them."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.addresses import dhcp, firewall, zone
from netops.addresses.held import Held, Written, host_name, merged
from netops.addresses.span import MAPPED, Span, number, parsed, shown
from netops.addresses.zone import Authority
from netops.core.errors import NetopsError

AUTHORITY = Authority(("ns1.example.gov.cn", "ns2.example.gov.cn"), "host.master@example.gov.cn", 2026112003)


def held(
    addresses: str, name: str = "", mac: str = "", organization: str = "fin", title: str = "市财政局"
) -> Held:
    return Held(parsed(addresses), organization, title, name, mac, "", "AL-0001")


CITY = (
    held("10.20.11.70", "Fin-Srv1", "00:1b:21:3c:4d:5e"),
    held("10.20.11.71", "web.example.org"),
    held("10.20.12.5", "bad name; rm -rf", "00:1b:21:3c:4d:5f"),
    held("10.20.12.6", mac="00:1b:21:3c:4d:60"),
    held("10.20.11.80-10.20.11.90"),
    held("10.20.13.0/26", organization="edu", title='市"教育局"?\n'),
    held("2001:db8:11::70", "fin-srv1", "00:1b:21:3c:4d:5e"),
    held("2001:db8:12::/64", organization="edu"),
)


# ---- names
def records(one: Written) -> list[tuple[str, str, str]]:
    """(owner, type, data) of a zone file, owners made whole; fails on a line that RFC 1035 §5.1 does not know."""
    origin, found = "", []
    for line in one.text.splitlines():
        if line.startswith("$ORIGIN "):
            origin = line.split()[1]
        elif not line.startswith("$TTL "):
            owner, kind, data = re.fullmatch(r"(\S+) IN (SOA|NS|PTR) (.+)", line).groups()  # type: ignore[union-attr]
            found.append((origin if owner == "@" else f"{owner}.{origin}", kind, data))
    return found


def test_reverse_zones_name_every_address_that_has_a_name() -> None:
    """A zone for each /24 and /64, with SOA, NS and PTR; what has no name or a bad one is told."""
    made = zone.zones(CITY, AUTHORITY, "example.gov.cn")
    by_name = {one.name: one for one in made if one.count}
    whole = [record for one in made for record in records(one) if record[1] == "PTR"]

    assert {"11.20.10.in-addr.arpa.zone", "0.0.0.0.1.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa.zone"} == by_name.keys()
    assert [
        (ipaddress.ip_address("10.20.11.70").reverse_pointer + ".", "PTR", "fin-srv1.example.gov.cn."),
        (ipaddress.ip_address("10.20.11.71").reverse_pointer + ".", "PTR", "web.example.org."),
        (ipaddress.ip_address("2001:db8:11::70").reverse_pointer + ".", "PTR", "fin-srv1.example.gov.cn."),
    ] == whole
    soa = records(by_name["11.20.10.in-addr.arpa.zone"])[0]
    assert r"ns1.example.gov.cn. host\.master.example.gov.cn. (2026112003 10800 3600 604800 3600)" == soa[2]
    assert {"it has no name", "{name} is no host name (RFC 1123: letters, digits and hyphens)",
            "it has {count} addresses; a name belongs to one"} == {left.why for one in made for left in one.skipped}  # fmt: skip


def test_named_checkzone_takes_them(tmp_path: Path) -> None:
    """BIND's own checker, where it is installed."""
    program = shutil.which("named-checkzone")
    if not program:
        pytest.skip("named-checkzone is not installed: apt-get install bind9-utils")
    for one in zone.zones(CITY, AUTHORITY, "example.gov.cn"):
        (tmp_path / one.name).write_text(one.text)
        done = subprocess.run(
            [program, one.name.removesuffix(".zone"), tmp_path / one.name], capture_output=True, text=True
        )
        assert 0 == done.returncode, done.stdout


@given(st.integers(0, 2**32 - 1).map(lambda value: MAPPED | value) | st.integers(2**96, 2**128 - 2))
def test_a_zone_holds_its_addresses(address: int) -> None:
    """The name of a zone and an owner in it make the reverse name; the zone's own span holds the address."""
    [one] = zone.zones([Held(Span(address, address), "x", "x", "a")], AUTHORITY)
    origin = one.name.removesuffix(".zone")
    assert zone.span_of(origin).holds(Span(address, address))
    assert ipaddress.ip_address(shown(address)).reverse_pointer + "." == records(one)[-1][0]


@pytest.mark.parametrize(
    ("authority", "why"),
    [
        (Authority((), "a@example.org", 1), "name server"),
        (Authority(("ns 1",), "a@example.org", 1), "no host name"),
        (Authority(("ns1.example.org",), "nobody", 1), "no mail address"),
    ],
)
def test_a_zone_needs_who_answers_for_it(authority: Authority, why: str) -> None:
    """Nothing is made up."""
    with pytest.raises(NetopsError, match=why):
        zone.zones(CITY, authority)


def test_serials_grow_with_the_day_and_its_changes() -> None:
    """YYYYMMDDnn, in 32 bits for another two thousand years."""
    assert [2026112000, 2026112007, 2026112099] == [
        zone.serial_of("2026-11-20", count) for count in (0, 7, 250)
    ]
    assert zone.serial_of("2026-11-20", 99) < zone.serial_of("2026-11-21", 0) < 2**32


@given(st.text(max_size=300))
def test_no_text_becomes_a_name_that_it_is_not(text: str) -> None:
    """Letters, digits and hyphens, labels of 63, 253 in all; anything else is nothing."""
    name = host_name(text, "example.org")
    assert not name or re.fullmatch(
        r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", name
    )


def test_a_hosts_file_has_whole_and_short_names() -> None:
    """hosts(5): address, whole name, alias; each line once."""
    assert [
        "10.20.11.70\tfin-srv1.example.gov.cn fin-srv1",
        "10.20.11.71\tweb.example.org",
        "2001:db8:11::70\tfin-srv1.example.gov.cn fin-srv1",
    ] == zone.hosts((*CITY, CITY[0]), "example.gov.cn").text.splitlines()


# ---- DHCP
def test_kea_gets_reservations_in_their_subnets() -> None:
    """IPv4 and IPv6 each in its own file; a card without a name, and no card without an address."""
    nets = [dhcp.Subnet(parsed(net)) for net in ("10.20.11.0/24", "10.20.0.0/16", "2001:db8:11::/64")]
    four = json.loads(dhcp.kea(CITY, nets, 4, "example.gov.cn").text)
    six = json.loads(dhcp.kea(CITY, nets, 6).text)

    assert [
        ("10.20.0.0/16", [{"hw-address": "00:1b:21:3c:4d:5f", "ip-address": "10.20.12.5"},
                          {"hw-address": "00:1b:21:3c:4d:60", "ip-address": "10.20.12.6"}]),
        ("10.20.11.0/24", [{"hw-address": "00:1b:21:3c:4d:5e", "ip-address": "10.20.11.70",
                            "hostname": "fin-srv1.example.gov.cn"}]),
    ] == [(one["subnet"], one["reservations"]) for one in four["Dhcp4"]["subnet4"]]  # fmt: skip
    assert [{"hw-address": "00:1b:21:3c:4d:5e", "ip-addresses": ["2001:db8:11::70"], "hostname": "fin-srv1"}] == \
        six["Dhcp6"]["subnet6"][0]["reservations"]  # fmt: skip
    assert [1, 2] == [one["id"] for one in four["Dhcp4"]["subnet4"]]


RANGED = [
    dhcp.Subnet(parsed("10.20.11.0/24"), (parsed("10.20.11.100-10.20.11.199"),), number("10.20.11.1")),
    dhcp.Subnet(parsed("10.20.13.0/25"), (parsed("10.20.13.64/26"),)),
    dhcp.Subnet(parsed("10.20.14.0/24"), (), number("10.20.14.1")),
    dhcp.Subnet(parsed("2001:db8:11::/64"), (parsed("2001:db8:11::1000/116"),), number("2001:db8:11::1")),
]


def test_kea_gives_out_the_registered_ranges() -> None:
    """With the router of IPv4; a pool with neither ranges nor cards is left out."""
    four = json.loads(dhcp.kea(CITY, RANGED, 4).text)["Dhcp4"]["subnet4"]
    six = json.loads(dhcp.kea(CITY, RANGED, 6).text)["Dhcp6"]["subnet6"]

    assert [
        ("10.20.11.0/24", [{"pool": "10.20.11.100 - 10.20.11.199"}], [{"name": "routers", "data": "10.20.11.1"}], 1),
        ("10.20.12.5/32", None, None, 1),
        ("10.20.12.6/32", None, None, 1),
        ("10.20.13.0/25", [{"pool": "10.20.13.64 - 10.20.13.127"}], None, 0),
    ] == [(one["subnet"], one.get("pools"), one.get("option-data"), len(one["reservations"])) for one in four]  # fmt: skip
    assert [("2001:db8:11::/64", [{"pool": "2001:db8:11::1000 - 2001:db8:11::1fff"}])] == [
        (one["subnet"], one["pools"]) for one in six
    ]
    assert "option-data" not in six[0]


@pytest.mark.parametrize(("version", "program"), [(4, "kea-dhcp4"), (6, "kea-dhcp6")])
def test_kea_itself_takes_them(tmp_path: Path, version: int, program: str) -> None:
    """Its own check of a configuration, where it is installed; what is broken on purpose it refuses."""
    if not (found := shutil.which(program)):
        pytest.skip(f"{program} is not installed: apt-get install {program}-server")
    text = dhcp.kea(CITY, RANGED, version, "example.gov.cn").text
    broken = text.replace('"reservations"', '"nothing"')
    for name, content, code in (("good.json", text, 0), ("broken.json", broken, 1)):
        (tmp_path / name).write_text(content)
        done = subprocess.run([found, "-t", tmp_path / name], capture_output=True, text=True)
        assert code == done.returncode, done.stdout + done.stderr


def test_dnsmasq_takes_the_lines(tmp_path: Path) -> None:
    """Checked by dnsmasq itself where it is installed."""
    made = dhcp.dnsmasq(CITY, RANGED)
    assert [
        "dhcp-range=set:net1,10.20.11.100,10.20.11.199,255.255.255.0",
        "dhcp-option=tag:net1,option:router,10.20.11.1",
        "dhcp-range=set:net2,10.20.13.64,10.20.13.127,255.255.255.128",
        "dhcp-range=set:net4,2001:db8:11::1000,2001:db8:11::1fff,64",
    ] == [line for line in made.text.splitlines() if not line.startswith("dhcp-host=")]
    assert "dhcp-host=00:1b:21:3c:4d:5e,10.20.11.70,fin-srv1\n" in made.text
    assert "dhcp-host=00:1b:21:3c:4d:5e,[2001:db8:11::70],fin-srv1\n" in made.text
    program = shutil.which("dnsmasq")
    if not program:
        pytest.skip("dnsmasq is not installed: apt-get install dnsmasq-base")
    (tmp_path / "hosts.conf").write_text(made.text)
    done = subprocess.run(
        [program, "--test", f"--conf-file={tmp_path / 'hosts.conf'}"], capture_output=True, text=True
    )
    assert 0 == done.returncode, done.stderr


# ---- firewalls
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40)), max_size=20))
def test_merged_runs_hold_the_same_addresses(pairs: list[tuple[int, int]]) -> None:
    """No address more, none less, and no two runs touch."""
    spans = [Span(MAPPED + first, MAPPED + first + more) for first, more in pairs]
    made = merged(spans)
    assert {n for one in spans for n in range(one.first, one.last + 1)} == {
        n for one in made for n in range(one.first, one.last + 1)
    }
    assert all(one.last + 1 < other.first for one, other in pairwise(made))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 90)), min_size=1, max_size=15))
def test_a_plain_list_holds_every_address_once(pairs: list[tuple[int, int]]) -> None:
    """CIDRs that do not overlap."""
    several = [
        Held(Span(MAPPED + 0x0A000000 + first, MAPPED + 0x0A000000 + first + more), "x", "x")
        for first, more in pairs
    ]
    nets = [ipaddress.ip_network(line) for line in firewall.plain(several).text.splitlines()]
    assert sum(net.num_addresses for net in nets) == sum(
        one.size for one in merged(one.span for one in several)
    )
    assert list(ipaddress.collapse_addresses(nets)) == nets


def test_huawei_sets_are_numbered_within_their_limit() -> None:
    """address ID {IP mask LENGTH | range FIRST LAST}; IPv6 by its length; 4096 members a set."""
    many = [held(f"10.{n >> 8}.{n & 255}.1") for n in range(5000)]
    text = firewall.huawei(CITY).text
    assert (
        "ip address-set netops_edu_4 type object\n description 市 教育局\n address 0 10.20.13.0 mask 26\n#\n"
        in text
    )
    assert " address 2 range 10.20.11.80 10.20.11.90\n" not in text
    assert " address 1 range 10.20.11.80 10.20.11.90\n" in text
    assert (
        "ip address-set netops_edu_6 type object\n description 市 教育局\n address 0 2001:db8:12:: 64\n"
        in text
    )
    split = firewall.huawei(many).text
    assert ["netops_fin_4", "netops_fin_4_1"] == re.findall(r"ip address-set (\S+) type", split)
    assert 4095 == max(map(int, re.findall(r"^ address (\d+) ", split, re.MULTILINE)))


def test_h3c_groups_know_host_subnet_and_range() -> None:
    """object-group ip|ipv6 address, network host address|subnet|range."""
    text = firewall.h3c(CITY).text
    assert (
        "object-group ip address netops_edu_4\n description 市 教育局\n network subnet 10.20.13.0 26\n#\n"
        in text
    )
    assert " network range 10.20.11.80 10.20.11.90\n" in text
    assert (
        "object-group ipv6 address netops_fin_6\n description 市财政局\n network host address 2001:db8:11::70\n"
        in text
    )


def test_fortigate_groups_have_objects() -> None:
    """Every member of a group is an object above it; ranges and subnets in their own words; blocks end."""
    text = firewall.fortigate(CITY).text
    objects = set(re.findall(r'^    edit "(\S+)"', text, re.MULTILINE))
    members = set(re.findall(r'"(\S+)"', " ".join(re.findall(r"set member (.*)", text))))
    assert members <= objects
    assert 'edit "netops_10.20.13.0_26"\n        set subnet 10.20.13.0 255.255.255.192\n' in text
    assert "set type iprange\n        set start-ip 10.20.11.80\n        set end-ip 10.20.11.90\n" in text
    assert "set ip6 2001:db8:12::/64\n" in text
    assert text.count("config ") == text.count("\nend\n")
    assert all(len(name) <= 79 for name in objects)


def test_nft_takes_the_sets(tmp_path: Path) -> None:
    """Checked by nft itself where it is installed and may be run."""
    text = firewall.nftables(CITY).text
    assert "set netops_fin_4 {" in text
    program = shutil.which("nft")
    if not program:
        pytest.skip("nft is not installed: apt-get install nftables")
    (tmp_path / "sets.nft").write_text(text)
    done = subprocess.run(
        [program, "--check", "--file", tmp_path / "sets.nft"], capture_output=True, text=True
    )
    if "Operation not permitted" in done.stderr or "not supported" in done.stderr:
        pytest.skip("nft needs root to check")
    assert 0 == done.returncode, done.stderr


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=4))
def test_hostile_titles_and_codes_stay_words(names: list[tuple[str, str]]) -> None:
    """No line more than the objects need, whatever organizations are called; two never share a name."""
    several = [
        Held(Span(number(f"10.0.{n}.1"), number(f"10.0.{n}.1")), code, title)
        for n, (code, title) in enumerate(names)
    ]
    codes = len({code for code, _ in names})
    text = firewall.h3c(several).text
    assert codes == len(re.findall(r"^object-group ip address [A-Za-z0-9_-]{1,31}$", text, re.MULTILINE))
    assert 3 * codes + len(merged(one.span for one in several)) == len(text.splitlines())
    assert "?" not in text
