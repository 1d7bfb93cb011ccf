"""The register: strict, and every fault at once with its file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from netops import register
from netops.core.errors import Faults

ORGANIZATIONS = """
[[organizations]]
code = "ic"
name_zh = "信息中心"
platform = true

[[organizations]]
code = "fin"
name_zh = "财政局"
"""
DEVICES = """
[[devices]]
name = "core"
address = "10.9.255.1"
role = "core"
organization = "ic"
"""


def write(folder: Path, **files: str) -> Path:
    """An inventory of organizations.toml and of extranet/NAME.toml for each name."""
    (folder / "extranet").mkdir(parents=True)
    (folder / "organizations.toml").write_text(files.pop("organizations", ORGANIZATIONS), "utf-8")
    for name, text in files.items():
        (folder / "extranet" / f"{name}.toml").write_text(text, "utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    """The faults that reading the folder gives."""
    with pytest.raises(Faults) as caught:
        register.read(folder)
    return list(caught.value.faults)


def test_a_good_register_is_read_whole(tmp_path: Path) -> None:
    """Entries carry the plane of their folder."""
    read = register.read(write(tmp_path / "i", devices=DEVICES))

    assert ["ic", "fin"] == [one.code for one in read.organizations]
    assert "extranet" == read.device["core"].plane
    assert read == register.restore(read.content())


def test_every_fault_is_listed_with_its_line(tmp_path: Path) -> None:
    """Unknown keys, wrong types, missing keys, dangling references: all at once, each where it stands."""
    folder = write(
        tmp_path / "i",
        devices=DEVICES + '\n[[devices]]\nname = "edge"\naddress = "10.9.999.1"\nrole = "edge"\n'
        'organization = "nobody"\n\n[[devices]]\nname = "x"\nadress = "1.1.1.1"\nrole = 3\norganization = "ic"\n',
        exits='[[exits]]\nid = "shared"\nkind = "shared"\ndevice = "gone"\norganization = "ic"\nnet = "203.0.113.1/30"\n',
    )

    found = faults(folder)

    assert any("extranet/devices.toml:16: devices.adress: unknown key" in one for one in found), found
    assert any("extranet/devices.toml:17: devices.role" in one for one in found), found
    assert any("extranet/devices.toml:14: devices: address is missing" in one for one in found), found
    assert any("organization 'nobody' is not in organizations.toml" in one for one in found), found
    assert any("'10.9.999.1' is not an address" in one for one in found), found
    assert any("exits.toml:1: device 'gone' is not in extranet/devices.toml" in one for one in found), found
    assert any("'203.0.113.1/30' is not a prefix with its host bits zero" in one for one in found), found


@pytest.mark.parametrize(
    ("allocated", "other"),
    [('["10.9.1.0/25"]', '["10.9.1.100-10.9.1.200"]'), ('["10.9.1.7"]', '["10.9.1.0/28"]')],
)
def test_two_declarations_cannot_be_given_one_address(tmp_path: Path, allocated: str, other: str) -> None:
    """Overlapping allocations are a fault that names both."""
    entry = (
        '[[declarations]]\nnumber = "{}"\norganization = "fin"\nnature = "办公"\n'
        'scope = "公文"\nterminals = 5\nallocated = {}\n'
    )
    folder = write(tmp_path / "i", declarations=entry.format("D1", allocated) + entry.format("D2", other))

    assert any("overlaps" in one for one in faults(folder))


def test_overlapping_prefixes_are_a_fault_and_nested_containers_are_not(tmp_path: Path) -> None:
    """A container holds pools; two pools never share an address."""
    entry = '[[prefixes]]\nprefix = "{}"\nrole = "{}"\norganization = "ic"\n'
    good = entry.format("10.9.0.0/16", "container") + entry.format("10.9.1.0/24", "pool")
    register.read(write(tmp_path / "good", prefixes=good))

    found = faults(write(tmp_path / "bad", prefixes=good + entry.format("10.9.1.128/25", "pool")))

    assert any("10.9.1.128/25 overlaps 10.9.1.0/24" in one for one in found), found


def test_an_exit_cannot_be_registered_in_the_intranet(tmp_path: Path) -> None:
    """Article 8: the intranet has no way to the internet."""
    folder = write(tmp_path / "i")
    (folder / "intranet").mkdir()
    (folder / "intranet" / "devices.toml").write_text(DEVICES, "utf-8")
    (folder / "intranet" / "exits.toml").write_text(
        '[[exits]]\nid = "x"\nkind = "shared"\ndevice = "core"\norganization = "ic"\ninterface = "wan"\n', "utf-8"
    )

    assert any("Article 8" in one for one in faults(folder))


@pytest.mark.parametrize("text", ["[[devices]\n", "\x00", "[[devices]]\nname = 'a'\nname = 'b'\n"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """What is no TOML at all is one fault with the file's name."""
    assert any(one.startswith("extranet/devices.toml:") for one in faults(write(tmp_path / "i", devices=text)))
