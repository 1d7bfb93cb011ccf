"""The configuration: strict, secrets in files, the shipped example always readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from netops import config
from netops.core.errors import Faults, NetopsError
from netops.core.language import speaking


def read(folder: Path, text: str) -> config.Config:
    """The configuration with this text."""
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return config.read(path)


def test_the_shipped_example_can_be_read() -> None:
    """`netops init` copies it."""
    assert config.read(config.share("config.example.toml")).city.title_zh


def test_every_fault_of_the_file_is_listed(tmp_path: Path) -> None:
    """Unknown sections and keys, wrong types and bad values, at once."""
    text = '[citty]\n[snmp]\nport = "x"\nretires = 3\n[flows]\nlisten = ["nowhere"]\n[timetable]\nwalk = "often"\n'

    with pytest.raises(Faults) as caught:
        read(tmp_path, text)

    found = "\n".join(caught.value.faults)
    assert "config.toml:1: citty: unknown key 'citty'" in found
    assert "config.toml:3: snmp.port" in found
    assert "config.toml:4: snmp.retires: unknown key" in found


def test_bad_values_are_found_too(tmp_path: Path) -> None:
    """What has the right type and makes no sense."""
    with pytest.raises(Faults) as caught:
        read(tmp_path, '[flows]\nlisten = ["nowhere"]\n[timetable]\nwalk = "often"\n[planes.extranet]\nnets = ["10.0.0.0/99"]\n'
             '[web]\nper_second = 0\nkey = "key.pem"\n')  # fmt: skip

    found = "\n".join(caught.value.faults)
    assert "'nowhere' must be ADDRESS:PORT" in found
    assert "timetable.walk: must be like 30s" in found
    assert "'10.0.0.0/99' is not a prefix" in found
    assert "per_second must be above 0" in found
    assert "certificate and key belong together" in found


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["toml:1: citty: unknown key 'citty'", "toml:3: snmp.port: Expected `int`, got `str` (found 'x')"]),
        ("zh", ["toml:1: citty: 不认识键 'citty'；此处可用：", "toml:3: snmp.port: 应为 `int`，实为 `str`（所写为 'x'）"]),
    ],
)
def test_faults_are_said_in_the_readers_language(tmp_path: Path, language: str, said: list[str]) -> None:
    """Whoever asks, whenever; logs and the exception itself are English."""
    with pytest.raises(Faults) as caught:
        read(tmp_path, '[citty]\n[snmp]\nport = "x"\n')

    with speaking(language):
        _what, why, _mend = caught.value.told()
        assert why.splitlines() == caught.value.lines()
        assert [] == [one for one in said if one not in why]
    assert "unknown key 'citty'" in str(caught.value)
    assert "unknown key 'citty'" in caught.value.faults[0]


def test_what_a_file_says_is_no_message(tmp_path: Path) -> None:
    """Braces in a value are shown as they stand."""
    with pytest.raises(Faults) as caught:
        read(tmp_path, '[snmp]\nport = "{0.__class__}"\n"{x}" = 1\n')
    told = "\n".join(caught.value.lines())
    assert "'{0.__class__}'" in told
    assert "'{x}'" in told


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    """A configuration works from wherever netops is called."""
    settings = read(tmp_path, '[store]\nurl = "sqlite:///here.db"\n')

    assert f"sqlite:///{tmp_path}/here.db" == settings.store_url
    assert str(tmp_path / "inventory") == settings.inventory


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    """The first line; a missing file is said with its path."""
    (tmp_path / "key").write_text("s3cret\n", "utf-8")
    settings = read(tmp_path, "")

    assert "s3cret" == settings.secret("", "key")
    with pytest.raises(NetopsError, match="gone"):
        settings.secret("", "gone")


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    """Never silently the defaults."""
    with pytest.raises(NetopsError, match="no such file"):
        config.find(str(tmp_path / "none.toml"))
