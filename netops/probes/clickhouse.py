"""ClickHouse over HTTP: statements, and Arrow tables into it. One request at a time, with the standard library."""

from __future__ import annotations

from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

from netops.core.errors import NetopsError

TIMEOUT_SECONDS = 60.0
MAX_ANSWER = 1 << 16


class Server(NamedTuple):
    """Where ClickHouse is, as `[flows] url` has it: clickhouse://user@host:8123/database, or clickhouses:// for TLS."""

    host: str
    port: int
    is_tls: bool
    user: str
    database: str
    password: str = ""

    def run(self, statement: str, body: bytes = b"", **settings: str) -> str:
        """
        Run one statement, with *body* as its data; the first of what it answered.

        Raises:
            NetopsError: the server cannot be reached, or refuses; what it says is told.
        """
        kind = HTTPSConnection if self.is_tls else HTTPConnection
        asked = {"database": self.database, "query": statement} | settings
        headers = {"Authorization": "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()}
        connection = kind(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", f"/?{urlencode(asked)}", body, headers)
            answer = connection.getresponse()
            text = answer.read(MAX_ANSWER).decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise self._fault(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise self._fault(text.strip()[:500] or f"HTTP {answer.status}")
        return text

    def insert(self, table: str, rows: Any, token: str) -> None:
        """
        Put an Arrow table into *table*; the same *token* again puts it once.

        Raises:
            NetopsError: as `run`.
        """
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(rows)
        self.run(
            f"INSERT INTO {table} ({', '.join(rows.schema.names)}) FORMAT Arrow",
            sink.getvalue().to_pybytes(),
            insert_deduplication_token=token,
        )

    def _fault(self, why: str) -> NetopsError:
        return NetopsError(
            "ClickHouse at {host}:{port} did not take what it was sent",
            "{why}",
            "nothing is lost: it is sent again; check [flows] url and password_file",
            host=self.host,
            port=self.port,
            why=why,
        )


def server(url: str, password: str = "") -> Server:
    """
    The server of a URL that `is_url` accepts; a password in it goes before *password*.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
        raise ValueError(url)
    is_tls = parts.scheme == "clickhouses"
    database = parts.path.strip("/") or "netops"
    if not database.replace("_", "").isalnum():
        raise ValueError(url)
    return Server(
        parts.hostname,
        parts.port or (8443 if is_tls else 8123),
        is_tls,
        unquote(parts.username or "default"),
        database,
        unquote(parts.password or "") or password,
    )
