"""Segments on their way to ClickHouse: sent once, kept while nobody takes them, and the tables made first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "egress"))
from kept_flows import judged, random_batch

from netops.config import Config
from netops.core.store import Store
from netops.desk import Desk
from netops.egress.kept import Register
from netops.egress.segment import Segment, running
from netops.egress.stored import layout_of, rows_of, written
from netops.probes.clickhouse import server
from netops.rounds.outbox import Outbox, outbox
from netops.settings import Flows

ROWS = 300


class Ledger(HTTPServer):
    """A server that notes statements and how many rows came, under which token; deaf while *status* is not 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.statements: list[str] = []
        self.rows: dict[str, int] = {}


class Handler(BaseHTTPRequestHandler):
    server: Ledger

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = parse_qs(urlsplit(self.path).query)
        self.send_response(self.server.status)
        self.end_headers()
        if self.server.status == 200:
            self.server.statements.append(asked["query"][0])
            if "FORMAT Arrow" in asked["query"][0]:
                rows = pa.ipc.open_file(pa.BufferReader(body)).read_all().num_rows
                self.server.rows[asked["insert_deduplication_token"][0]] = rows

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger() as one:
        Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
        yield one
        one.shutdown()


def a_segment(folder: Path) -> Path:
    result, place = judged(random_batch(ROWS))
    register = Register()
    register.learn(place)
    columns, told = written(rows_of(result, place, register, 7))
    segment = Segment(running(folder), register.names, layout_of(columns))
    segment.append(columns, told)
    return segment.seal().path


def test_a_segment_is_sent_once_and_waits_while_nobody_takes_it(tmp_path: Path, ledger: Ledger) -> None:
    """The tables come first; owners go with their judgement; the archive's own file stays."""
    segment = a_segment(tmp_path)
    out = Outbox(server(f"clickhouse://default@127.0.0.1:{ledger.server_port}/netops"), tmp_path, 200)
    out.put(segment)
    out.put(segment)
    out.know(judged(random_batch(1))[1], 7)
    ledger.status = 500
    assert (False, 1) == (out.turn(), out.waiting)
    assert "127.0.0.1" in out.trouble

    ledger.status = 200
    assert (True, 0, "") == (out.turn(), out.waiting, out.trouble)
    assert {segment.name: ROWS} == ledger.rows
    assert "CREATE DATABASE IF NOT EXISTS netops" == ledger.statements[0]
    assert 2 == sum("flow_owners FORMAT JSONEachRow" in one for one in ledger.statements)
    assert segment.exists()
    assert out.turn()
    assert {segment.name: ROWS} == ledger.rows


def test_the_configuration_says_whether_and_where(tmp_path: Path, store: Store) -> None:
    """Without a URL nothing is sent; the password is read from its file."""
    secret = tmp_path / "secret"
    secret.write_text("pw\n")
    flows = Flows(url="clickhouse://netops@ch.example/netops", password_file=str(secret))
    one = outbox(Desk(Config(flows=flows), actor="tests"), tmp_path)

    assert outbox(Desk(Config(), actor="tests"), tmp_path) is None
    assert one
    assert ("ch.example", 8123, "netops", "pw") == (one.target.host, one.target.port, one.target.user, one.target.password)
