"""`netops --server URL`: the same answer, file and exit code as at the server itself, as whoever the token says."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import msgspec
import pytest

from netops import config as settings
from netops.cli import main, remote, root
from netops.cli.remote import COMMANDS
from netops.core import journal, passwords
from netops.core.account import Account, Role
from netops.core.clock import now
from netops.core.errors import NetopsError, Refused
from netops.core.permission import MAY, Deed, Forbidden, Principal
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import accounts, inventory
from netops.web.api.commands import Command
from tests.web.served import served

BOTH = (Plane.EXTRANET, Plane.INTRANET)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk by a configuration in a file, with the example register in force."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/a.db"\n[inventory]\npath = "{settings.share("inventory")}"\n'
    )
    opened = Desk(settings.read(tmp_path / "config.toml"), now, "王工")
    inventory.apply(opened, inventory.plan(opened))
    yield opened
    opened.close()


def token(desk: Desk, role: Role, *planes: Plane, organization: str = "", folder: Path) -> str:
    name = f"{role}.{len(planes)}{organization}"
    accounts.add(desk, Account(name, name, role, planes, organization))
    (folder / name).write_text(accounts.issue(desk, name, MAY[role])[1])
    return str(folder / name)


def test_it_answers_as_at_the_server(desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """JSON, tables, files and exit codes; an act shows its plan and needs --yes; the journal has the account's name."""
    mine = token(desk, Role.OPERATOR, *BOTH, folder=tmp_path)
    local = ["-c", str(tmp_path / "config.toml")]
    with served(desk, commands=remote.at(desk)) as address:
        far = ["--server", f"http://{address}", "--token-file", mine]
        told = []
        for where in (local, far):
            assert 0 == main([*where, "--lang", "en", "exit", "list"])
            told.append(capfd.readouterr().out)
        assert told[0] == told[1]
        assert "filing" in told[0]
        given = ["ip", "allocate", "--pool", "10.72.12.0/24", "--declaration", "云信接〔2026〕3号"]
        assert 0 == main([*far, *given, "--yes", "--json", "-o", str(tmp_path / "given.json")]), capfd.readouterr().err
        assert "10.72.12.64" == json.loads((tmp_path / "given.json").read_text())["items"][0]["first"]
        assert "operator.2" == journal.log(desk.store, 1)[0].actor
        capfd.readouterr()
        assert 0 == main([*far, "inspect", "catalogue", "export", "measures", "-o", str(tmp_path / "m.json")])
        assert f"已写入 {tmp_path}/m.json" in capfd.readouterr().err
        assert "catalog" in json.loads((tmp_path / "m.json").read_text())
        for words in (["backup", "create"], ["declare", "import", mine], ["user", "token", "x", "--scope", "read"]):
            assert 4 == main([*far, *words]), words
            assert "--server" in capfd.readouterr().err
        assert 2 == main(["--server", "http://127.0.0.1:9", "--token-file", mine, "status"])
        assert 4 == main(["--server", f"http://{address}", "--token-file", str(tmp_path / "config.toml"), "status"])


def test_who_sees_a_part_is_sent_to_the_api(desk: Desk, tmp_path: Path) -> None:
    """A department, or an operator of one plane, would be shown all: refused; so is a deed that the role has not."""
    for role, planes, organization, words, code in (
        (Role.DEPARTMENT, BOTH, "fin", ["finding", "list"], 4), (Role.OPERATOR, BOTH[:1], "", ["finding", "list"], 4),
        (Role.VIEWER, BOTH, "", ["finding", "show", "F-0001"], 4), (Role.INSPECTOR, BOTH, "", ["ip", "release", "x"], 4),
    ):  # fmt: skip
        with served(desk, commands=remote.at(desk)) as address:
            mine = token(desk, role, *planes, organization=organization, folder=tmp_path)
            assert code == main(["--server", f"http://{address}", "--token-file", mine, *words]), role


def test_the_plan_that_was_agreed_to_is_the_one_that_is_done(desk: Desk) -> None:
    """The question comes with the plan; with its hash it is done."""
    who = Principal("li.lei", Role.OPERATOR, frozenset(BOTH))
    words = ("ip", "allocate", "--pool", "10.72.12.0/24", "--declaration", "云信接〔2026〕3号")
    asked = Command(words, interactive=True)
    first = remote.run_for(desk, who, asked)
    assert (4, True) == (first["exit_code"], bool(first["asks"]))
    seen = hashlib.sha256(base64.b64decode(first["stderr"])).hexdigest()
    done = remote.run_for(desk, who, msgspec.structs.replace(asked, seen=seen))
    assert (0, "li.lei") == (done["exit_code"], journal.log(desk.store, 1)[0].actor)


ELSEWHERE = (
    ("pool", "list", "--store", "sqlite:////etc/x"), ("-c", "/etc/passwd", "pool", "list"), ("pool", "list", "-o", "/tmp/x"),
    ("egress", "query", "--filter-file", "/etc/passwd"), ("pool", "list", "--server", "http://x"), ("init", "/tmp/x"),
    ("serve",), ("pool", "list", "--output=/tmp/x"), ("--store=x", "status"), ("pool", "list\x00"), ("pool",), ("--json",),
    ("nothing",), ("--token-file", "x", "status"), ("pool", "list", "-o/tmp/x"), ("pool", "list", "-c/etc/passwd"),
)  # fmt: skip


def test_another_plan_is_not_the_one_that_was_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the command's own process: the hash of what was told decides."""
    told = remote.Told(io.StringIO())
    monkeypatch.setattr(sys, "stderr", told)
    print("plan", file=sys.stderr)
    monkeypatch.setenv("NETOPS_SEEN", hashlib.sha256(b"plan\n").hexdigest())
    assert remote.agreed("?")
    print("more", file=sys.stderr)
    with pytest.raises(Refused):
        remote.agreed("?")


def test_what_speaks_of_the_servers_machine_is_refused(tmp_path: Path) -> None:
    """No other store, configuration or file is named from afar, in whatever place and spelling."""
    desk = Desk(settings.Config(store_url=f"sqlite:///{tmp_path / 'a.db'}"), now, "王工")
    for words in ELSEWHERE:
        with pytest.raises(NetopsError):
            remote.run_for(desk, Principal("x", Role.OPERATOR, frozenset(BOTH)), Command(words))


def test_the_token_is_shown_to_the_named_server_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A server that sends on to another one is no server of ours: whoever it names hears nothing, and the token least of all."""
    heard: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(self.path)
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/stolen")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_more: object) -> None:
            pass

    (tmp_path / "token").write_text("netops_1_secret")
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_address[1]}"
        assert 0 != main(["--server", where, "--token-file", str(tmp_path / "token"), "status"])
        server.shutdown()
    assert ["/api/v1/commands"] == heard
    assert "secret" not in capfd.readouterr().err


HERE = """
demo, init, serve, completion, config check, config monitoring, config show: they are about the machine itself;
backup create, backup restore, backup verify, bundle export, bundle import, bundle key, bundle verify:
    keys, and places to put things;
user add, user check-directory, user disable, user enable, user password, user revoke, user role, user second-factor, user token:
    accounts are two people's work over the network, by the API;
inventory apply, inventory export, inventory import: the register's files;
topology walk, topology set, egress probe, egress beacon, egress sensor, egress key: keys that are named on the line;
topology listen, egress listen, egress watch: they go on until somebody interrupts them;
ip bulk allocate, ip bulk release, ip import, ip observe, declare attach, declare change, declare check, declare import,
    declare new, register attach, register import, exit file, egress allow sign, egress capture, egress decode, egress import,
    incident attach, inspect catalogue import, inspect import, inspect merge: files that come in;
declare form, register form, inspect pack: they name a file by themselves
"""
"""Commands that stay where they are, and why: a new one is written down here or in `COMMANDS`."""


def leaves(command: click.Command, *path: str) -> Iterator[str]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    for name in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        yield from leaves(found, *path, name)


def test_every_command_is_remote_or_says_that_it_cannot_be() -> None:
    """None is forgotten, on either side; those that stay say so at the client, before anything is sent."""
    stay = {" ".join(name.split()) for line in HERE.strip().split(";") for name in line.partition(":")[0].split(",")}
    assert set(leaves(root)) == stay | COMMANDS.keys()
    assert set() == stay & COMMANDS.keys()
    for name in stay:
        with pytest.raises(Refused, match="not done at the server"):
            remote.run(name.split(), "http://127.0.0.1:9")


@pytest.mark.parametrize("role", list(Role))
def test_each_role_at_each_remote_command(monkeypatch: pytest.MonkeyPatch, role: Role) -> None:
    """Command by role, plane and organization: run exactly where the role has the deed and sees all that it would show."""
    monkeypatch.setattr(remote, "_ran", lambda *_more: {"ran": True})
    desk = Desk(settings.Config(store_url="sqlite://"), now, "王工")
    own = "fin" if role is Role.DEPARTMENT else ""
    for name, deed in COMMANDS.items():
        for planes, scopes in ((BOTH, None), (BOTH[:1], None), ((), None), (BOTH, frozenset(Deed) - {deed})):
            who = Principal("x", role, frozenset(planes), own, scopes)
            may = deed in MAY[role] and not own and planes == BOTH and scopes is None
            try:
                ran = bool(remote.run_for(desk, who, Command(tuple(name.split()))))
            except Forbidden:
                ran = False
            assert (name, planes, may) == (name, planes, ran)
    desk.close()


def test_no_remote_command_makes_accounts() -> None:
    """And each names a deed that some role has."""
    assert all(any(deed in deeds for deeds in MAY.values()) for deed in COMMANDS.values())
    assert set() == {Deed.MANAGE_ACCOUNTS, Deed.GRANT} & set(COMMANDS.values())
