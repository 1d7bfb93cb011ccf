"""Generated lab cities: the lab takes them, and what they declare on paper is an inventory that netops reads."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from netops import register

HERE = Path(__file__).parent


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_generated_city_is_a_city(seed: int, shared: Path, tmp_path: Path) -> None:
    """Every host lies in its LAN and has its address alone; another seed is another city; its paper is read."""
    made = tmp_path / "city.toml"
    made.write_bytes(subprocess.run([sys.executable, HERE / "generate.py", str(seed)], check=True, capture_output=True).stdout)
    city = tomllib.loads(made.read_text("utf-8"))
    places = [(lan, ip) for lan, told in city["lans"].items() for ip in told["hosts"].values()]
    paper = tmp_path / "paper.json"
    told = subprocess.run([shared / "lab" / "city", "--city", made, "declared"], check=True, capture_output=True)
    paper.write_bytes(told.stdout)
    subprocess.run([sys.executable, HERE / "from_paper.py", paper, tmp_path / "lab"], check=True, capture_output=True)
    read = register.read(tmp_path / "lab" / "inventory")

    assert f"gen{seed}" == city["name"]
    assert len(places) == len(set(places))
    assert all(ip_address(ip) in ip_network(city["lans"][lan]["net"]) for lan, ip in places)
    assert set(city["departments"]) == {one.code for one in read.organizations}
    assert {one["id"] for one in city["exits"]} == {one.id for one in read.exits}
