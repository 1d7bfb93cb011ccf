"""
Flows for ClickHouse: the tables, the columns, what owners say; the dialect under chdb where that is installed.

chdb is ClickHouse in a process. A server, let alone a cluster, is not tested here.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import judged, random_batch
from scenes import scene

from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.egress import clickhouse
from netops.egress.chunks import Chunk
from netops.egress.flows import address_text
from netops.egress.judge import Verdict
from netops.egress.kept import Register, columns_of
from netops.probes.clickhouse import server

ROWS = 2000


def chunk() -> Chunk:
    one, place = judged(random_batch(ROWS))
    register = Register()
    register.learn(place)
    columns = columns_of(one, place, register, 7)
    return Chunk(ROWS, register.names, columns.get)


def test_a_chunk_becomes_the_columns_of_the_table() -> None:
    """Names instead of numbers, addresses as 16 octets, times in ms; nothing is lost on the way."""
    batch = random_batch(ROWS)
    made = clickhouse.table(chunk())

    assert ROWS == made.num_rows
    assert [int(batch["bytes"].sum()), int(batch["packets"].sum())] == [
        sum(made.column(name).to_pylist()) for name in ("bytes", "packets")
    ]
    octets = made.column("src")[5].as_py()
    hi, lo = int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:], "big")
    assert address_text(int(batch["src_hi"][5]), int(batch["src_lo"][5])) == address_text(hi, lo)
    told = [Verdict(int(code)).label for code in judged(batch)[0].verdict]
    assert told == made.column("verdict").to_pylist()


def test_owners_are_told_as_prefixes() -> None:
    """The runs of a plane's table, as a trie takes them: the most exact prefix wins."""
    rows = list(clickhouse.owners("extranet", 3, scene().tables[Plane.EXTRANET]))
    said = {one["prefix"]: (one["space"], one["organization"]) for one in rows}

    assert ("allocated", "fin") == said["10.20.11.2/31"]
    assert ("allocated", "fin") == said["2001:db8:20:11::/64"]
    assert "0.0.0.0/8" in said
    assert not any(space == "internet" for space, _ in said.values())


@pytest.mark.parametrize(("url", "expected"), [
    ("clickhouse://ch.example:8123/flows", ("ch.example", 8123, False, "default", "flows", "pw")),
    ("clickhouses://u:p%40@ch.example", ("ch.example", 8443, True, "u", "netops", "p@")),
])  # fmt: skip
def test_the_url_names_the_server(url: str, expected: tuple[Any, ...]) -> None:
    """With TLS by its scheme; a password is better in its file."""
    assert expected == tuple(server(url, "pw"))


def test_a_url_of_another_kind_is_refused() -> None:
    """Also a database whose name could be a statement."""
    for url in ("http://ch.example", "clickhouse:///x", "clickhouse://ch.example/a;drop"):
        with pytest.raises(ValueError):
            server(url)


class Answering(BaseHTTPRequestHandler):
    """What a server does with a request: it notes it; a statement with "bad" in it is refused."""

    seen: ClassVar[list[tuple[dict[str, list[str]], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = parse_qs(urlsplit(self.path).query)
        self.seen.append((asked, body))
        is_bad = "bad" in asked["query"][0]
        self.send_response(400 if is_bad else 200)
        self.end_headers()
        self.wfile.write(b"Code: 62. DB::Exception: Syntax error" if is_bad else b"")

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_table_goes_over_http_and_a_refusal_is_told() -> None:
    """As Arrow with a token, so that twice the same is once; what the server said is what a person reads."""
    with HTTPServer(("127.0.0.1", 0), Answering) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        one = server(f"clickhouse://default@127.0.0.1:{listening.server_port}/netops", "pw")
        one.insert("flows", clickhouse.table(chunk()), "part-1")
        with pytest.raises(NetopsError, match="Syntax error"):
            one.run("bad statement")
        listening.shutdown()
    asked, body = Answering.seen[0]

    assert ("part-1", "netops") == (asked["insert_deduplication_token"][0], asked["database"][0])
    assert ROWS == pa.ipc.open_file(pa.BufferReader(body)).read_all().num_rows
    with pytest.raises(NetopsError, match="nothing is lost"):
        one.run("SELECT 1")


# ---- the dialect
def test_clickhouse_understands_all_of_it(tmp_path: Path) -> None:
    """Tables, TTL, the sums' view, the trie of owners: run twice, filled, and asked; as ClickHouse itself has it."""
    chdb = pytest.importorskip("chdb.session", reason="chdb is not installed (uv pip install --group clickhouse)")
    session = chdb.Session(str(tmp_path / "ch"))
    try:
        session.query("CREATE DATABASE netops")
        session.query("USE netops")
        for statement in clickhouse.statements("netops", 200) * 2:
            session.query(statement)
        sent = clickhouse.table(chunk())
        compressed = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(str(tmp_path / "flows.arrow"), sent.schema, options=compressed) as writer:
            writer.write_table(sent)
        names = ", ".join(sent.schema.names)
        session.query(f"INSERT INTO flows ({names}) SELECT {names} FROM file('{tmp_path}/flows.arrow', Arrow)")
        rows = clickhouse.owners("extranet", 3, scene().tables[Plane.EXTRANET])
        (tmp_path / "owners.json").write_text("\n".join(map(json.dumps, rows)))
        session.query(f"INSERT INTO flow_owners SELECT * FROM file('{tmp_path}/owners.json', JSONEachRow)")

        def asked(question: str) -> dict[str, Any]:
            return dict(json.loads(str(session.query(question, "JSONEachRow")).splitlines()[0]))

        batch = random_batch(ROWS)
        factor = np.maximum(batch["sampling_interval"], 1)
        assert {"n": ROWS, "b": int((batch["bytes"] * factor).sum()), "e": int((factor > 1).sum())} == asked(
            "SELECT toInt32(countMerge(flows)) n, toInt32(sumMerge(bytes)) b, toInt32(countIfMerge(estimated)) e FROM flow_sums"
        ) | {"b": int(asked("SELECT toString(sumMerge(bytes)) b FROM flow_sums")["b"])}
        assert {"organization": "fin", "space": "allocated"} == asked(
            "SELECT dictGet('netops.owner_in_extranet', 'organization', toIPv6('::ffff:10.20.11.5')) organization,"
            " dictGet('netops.owner_in_extranet', 'space', toIPv6('::ffff:10.20.11.5')) space"
        )
    finally:
        session.close()
