"""`netops serve` ends when it is told to, whatever it is at; what was left behind is whole or not there."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from netops.config import read
from netops.core import journal
from netops.desk import Desk
from netops.rounds import diary
from tests.web.served import answers, free_port

SLOW = """
import sys, threading
from netops.rounds import timetable
from netops.web import serving
from netops.web.machines import Machines
from netops.__main__ import main

def never(self, request):
    print("asked", flush=True)
    threading.Event().wait()

Machines.metrics = never
serving.PATIENCE_SECONDS = timetable.PATIENCE_SECONDS = 1
sys.argv[1:] = ["-c", sys.argv[1], "--lang", "en", "serve"]
main()
"""
"""serve, with an answer that never comes."""


def test_it_ends_while_a_round_and_an_answer_go_on(tmp_path: Path) -> None:
    """A walk waits for a silent device, a page for an answer, another listens: all are left behind, the walk is written down."""
    port, collector = free_port(), free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # hears, and never answers
        silent.bind(("127.0.0.1", 0))
        (tmp_path / "inventory/extranet").mkdir(parents=True)
        (tmp_path / "inventory/organizations.toml").write_text('[[organizations]]\ncode = "ic"\nname_zh = "信息中心"\n')
        (tmp_path / "inventory/extranet/devices.toml").write_text(
            '[[devices]]\nname = "sw-1"\nrole = "switch"\naddress = "127.0.0.1"\norganization = "ic"\nsnmp = "v2"\n'
        )
        (tmp_path / "config.toml").write_text(
            f'[planes.extranet]\n[store]\nurl = "sqlite:///a.db"\n[web]\nlisten = "127.0.0.1:{port}"\n'
            f'[flows]\nlisten = ["127.0.0.1:{collector}"]\narchive = ""\n'
            f'[snmp]\nport = {silent.getsockname()[1]}\ntimeout_seconds = 300.0\ndevice_seconds = 600.0\n'
            '[snmp.credentials.v2]\nversion = "v2c"\ncommunity = "public"\n[timetable]\nwalk = "1h"\nregisters = ""\n'
        )  # fmt: skip
        command = [sys.executable, "-c", SLOW, str(tmp_path / "config.toml")]
        listening = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            try:
                assert child.stdout is not None
                silent.settimeout(60)
                silent.recv(2000)  # the walk asks
                answers(port)
                listening.request("GET", "/events")
                assert 200 == listening.getresponse().status
                asking = threading.Thread(target=_ask, args=(port,), daemon=True)
                asking.start()
                assert "asked" == child.stdout.readline().strip()
                child.send_signal(signal.SIGTERM)
                _rest, said = child.communicate(timeout=120)
                asking.join(10)
            finally:
                child.kill()
                listening.close()
    assert (0, True) == (child.returncode, "stopped" in said), said
    assert "rounds=walk outcome=interrupted" in said
    assert "Traceback" not in said
    desk = Desk(read(tmp_path / "config.toml"))
    assert "interrupted" == diary.newest(desk.store, 1, "walk")[0].outcome
    assert 0 == journal.verify(desk.store).broken
    desk.close()


def _ask(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        line.request("GET", "/metrics")
        line.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # nobody answered any more
    finally:
        line.close()
