"""The metrics hold to what promtool asks of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from netops.config import Config, share
from netops.desk import Desk
from netops.metrics.collectors import exposition
from netops.rounds import inventory


def test_promtool_has_no_complaint(tmp_path: Path) -> None:
    """`promtool check metrics` on the exposition of an applied example register."""
    tool = shutil.which("promtool")
    if not tool:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    desk = Desk(Config(store_url=f"sqlite:///{tmp_path / 'a.db'}", inventory=str(share("inventory"))), actor="test")
    inventory.apply(desk, inventory.plan(desk))
    body, _content_type = exposition(desk)()
    desk.close()

    checked = subprocess.run([tool, "check", "metrics"], input=body, capture_output=True)

    assert (0, b"") == (checked.returncode, checked.stderr + checked.stdout)
