"""`netops egress key | sensor | probe` as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netops.cli import main


def test_keys_are_written_once_and_for_their_owner_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The probing side's, and the sensor's that follows from it; mode 0600; never over an older one."""
    inside, outside = tmp_path / "probe.key", tmp_path / "sensor.key"

    assert 0 == main(["egress", "key", str(inside)])
    assert 0 == main(["egress", "key", str(outside), "--for-sensor", str(inside)])
    assert ["netops-probe", "netops-sensor"] == [path.read_text().split()[0] for path in (inside, outside)]
    assert [0o600, 0o600] == [path.stat().st_mode & 0o777 for path in (inside, outside)]
    assert inside.read_text().split()[1] not in outside.read_text() + capsys.readouterr().out
    assert 4 == main(["egress", "key", str(inside)])


@pytest.mark.parametrize("content", [None, "", "netops-probe 12", "secret"])
def test_a_key_that_is_none_is_told(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the file, and what writes one; its content is not shown."""
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)

    assert 2 == main(["--lang", "en", "egress", "sensor", "--beacon", "203.0.113.99", "--key", str(path)])
    told = capsys.readouterr().err
    assert "netops egress key" in told
    assert "secret" not in told.replace(str(path), "")


def test_a_probe_without_a_sensor_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent before somebody configured whose name probes bear."""
    assert 2 == main(["--lang", "en", "--store", f"sqlite:///{tmp_path / 'a.db'}", "egress", "probe"])
    assert "[probe] of config.toml" in " ".join(capsys.readouterr().err.split())


def test_probes_are_not_sent_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan is shown; without a yes nothing leaves, and --dry-run ends there."""
    key, store = tmp_path / "key", f"sqlite:///{tmp_path / 'a.db'}"
    main(["egress", "key", str(key)])
    ask = ["--lang", "en", "--store", store, "egress", "probe", "--beacon", "203.0.113.99", "--key", str(key)]

    assert 4 == main([*ask, "--no-input"])
    assert 0 == main([*ask, "--dry-run"])
    assert "0 terminals and their gateways will be asked" in " ".join(capsys.readouterr().err.split())
