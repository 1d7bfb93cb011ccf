"""What a city knows on paper becomes an inventory and a configuration that netops reads without a word."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from netops import config, register
from netops.core.plane import Plane
from netops.register import Register

SCRIPT = Path(__file__).parent / "from_paper.py"
PAPER = Path(__file__).parents[1] / "data" / "lab" / "yunxi" / "paper.json"


def convert(folder: Path, paper: Path = PAPER, *options: str) -> Path:
    """Run as a stranger would: without any installed package."""
    subprocess.run([sys.executable, "-I", "-S", SCRIPT, paper, folder, *options], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def read(made: Path) -> Register:
    return register.read(made / "inventory")


def test_everything_on_paper_is_registered(read: Register) -> None:
    """As many organizations, devices, links, prefixes, exits and declarations as the paper has."""
    paper = json.loads(PAPER.read_text("utf-8"))

    assert set(paper["departments"]) == set(read.organization)
    assert {device["id"] for device in paper["devices"]} | set(paper["upstream"]) == set(read.device)
    assert len(paper["links"]) == len(read.links)
    assert {lan["net"] for lan in paper["lans"].values()} == {entry.prefix for entry in read.prefixes if entry.role == "pool"}
    assert {item["id"] for item in paper["exits"]} == {entry.id for entry in read.exits}
    assert sum(item["terminals"] for item in paper["declarations"]) == sum(entry.terminals for entry in read.declarations)


def test_roles_follow_from_what_is_owned(read: Register) -> None:
    """Owners of cores run the platform; an organization with a county exit is a county; the way up has its link's address."""
    province = read.device["province"]

    assert {"ic", "off"} == {entry.code for entry in read.organizations if entry.platform}
    assert {"lx", "qs"} == {entry.code for entry in read.organizations if entry.county}
    assert ("upstream", "10.72.254.6", "") == (province.role, province.address, province.snmp)
    assert {"shared": "shared", "edu-separate": "separate", "county-lx": "county", "county-qs": "county"} == {
        entry.id: entry.kind for entry in read.exits}


def test_loopbacks_lie_in_the_block_that_was_given_for_them(read: Register) -> None:
    """A declared block that holds device addresses and overlaps no LAN or link is registered as the loopbacks' prefix."""
    assert ["10.72.255.0/24", "10.73.255.0/24"] == sorted(entry.prefix for entry in read.prefixes if entry.role == "loopback")


def test_the_configuration_reads_and_keeps_its_secrets(made: Path) -> None:
    """The configuration is valid, listens on the city's port, and its secrets are files that only their owner reads."""
    settings = config.read(made / "config.toml")
    secrets = sorted((made / "secrets").iterdir())

    assert (("0.0.0.0:2055",), f"sqlite:///{made / 'netops.db'}") == (settings.flows.listen, settings.store_url)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in secrets}
    assert "yunxi-ro" == settings.secret("", settings.snmp.credentials["v2c"].community_file)


def test_one_plane_can_be_served_alone(tmp_path: Path) -> None:
    """`--plane intranet` writes a configuration for the isolated plane only."""
    settings = config.read(convert(tmp_path, PAPER, "--plane", "intranet") / "config.toml")

    assert [Plane.INTRANET] == list(settings.planes)


def test_a_city_with_gaps_is_converted_all_the_same(tmp_path: Path) -> None:
    """Routers and switches that nobody manages are registered without a credential; nothing dangles."""
    paper = json.loads(PAPER.read_text("utf-8"))
    paper["devices"] = [device for device in paper["devices"] if device["id"] not in ("r-off", "sw-off", "r-lx")]
    (tmp_path / "paper.json").write_text(json.dumps(paper), "utf-8")
    found = register.read(convert(tmp_path / "made", tmp_path / "paper.json") / "inventory").device

    assert {"r-off": ("", "edge"), "sw-off": ("", "switch"), "r-lx": ("", "edge")} == {
        name: (found[name].snmp, found[name].role) for name in ("r-off", "sw-off", "r-lx")}
