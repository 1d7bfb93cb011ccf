"""`netops --server URL`: a command runs at a remote instance as whoever the token says, and is shown here as if it ran here."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from netops.core import files
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_, spoken
from netops.core.permission import Deed, Forbidden, Principal

if TYPE_CHECKING:
    from netops.desk import Desk

SECONDS, MOST_BYTES = 600, 64 << 20
"""How long a command may take at the server, and how much it may answer."""
QUESTION, SEEN = "NETOPS_QUESTION", "NETOPS_SEEN"
"""Variables of the command's own process: where it writes its question, and the hash of the plan that was agreed to."""
ANSWER = "answer-of-netops"
"""What the file of -o is called as long as it is at the server; the client tells its own name in place of it."""
HERE = ("config", "store", "server", "token_file", "output")
"""Options that speak of this machine, or that the client sees to."""


def _each(deed: Deed, text: str) -> dict[str, Deed]:
    return {" ".join(line.split()): deed for line in text.split(",")}


COMMANDS: dict[str, Deed] = {
    **_each(Deed.READ, """status, explain, organization list, topology check, topology devices, topology diff, topology events,
        topology history, topology links, topology map, topology neighbors, topology path, topology show, pool list, pool show,
        pool verify, ip formats, ip sources, exit list, exit show, exit traffic, site list, site show, egress allow list,
        egress archive show,
        egress coverage, egress explain, egress exporters, egress leads, egress query, egress report, finding list, playbook list,
        playbook show, playbook check, round list, round next, inspect catalogue list, inspect catalogue show,
        inspect catalogue checks, inspect catalogue map, inspect catalogue check, inspect catalogue export, document wordings,
        inventory check, inventory plan, egress archive check, egress archive schema, egress allow propose, bundle list"""),
    **_each(Deed.READ_PERSONAL, """who, organization show, ip list, ip show, ip export, declare list, declare show, declare print,
        register list, register show, register search, register expired, finding show, incident list, incident show,
        incident timeline, incident evidence list, document list, document show, document print, inspect list, inspect show,
        inspect report, inspect exceptions, inspect rectifications, inspect assess, inspect compare, inspect matrix,
        inspect score, inspect export, ip paper application, ip paper ledger, declare export, register export, register files,
        incident evidence verify, document verify"""),
    **_each(Deed.READ_JOURNAL, "journal log, journal verify, journal export"),
    **_each(Deed.READ_ACCOUNTS, "user list"),
    **_each(Deed.ALLOCATE, """ip allocate, ip assign, ip edit, ip quarantine, ip reclaim, ip release, ip reserve, pool add,
        pool delegate, pool merge, pool move, pool remove, pool resize, pool split"""),
    **_each(Deed.REVIEW, """declare review, declare approve, declare return, declare connect, declare suspend, declare withdraw,
        register add, register edit, register retire, register restore, register detach, register discard, declare detach"""),
    **_each(Deed.DECLARE, "declare submit"),
    **_each(Deed.JUDGE, "finding ack, finding accept, finding resolve, site accept, egress allow add, egress allow end"),
    **_each(Deed.HANDLE, """incident open, incident ack, incident move, incident grade, incident merge, incident unmerge,
        incident note, incident task, incident times, incident report, incident reply, incident rectify, incident recheck,
        incident notice, incident evidence export, document draft, document issue, document void, document receipt,
        document reply, document sent, incident close, incident cost, incident fact, incident person, ip paper notice"""),
    **_each(Deed.INSPECT, "inspect plan, inspect run, inspect fill, inspect recheck, inspect rectify, inspect except"),
    **_each(Deed.ANSWER, "inspect reply"),
    **_each(Deed.OPERATE, """round run, pool reconcile, ip reconcile, doctor, ip sweep, register check, site check,
        topology adopt, egress stop, egress resume, egress archive compact"""),
}  # fmt: skip
"""What can be done from afar, and the deed that it is; everything else works on files or keys of the machine that it runs on."""


# ---- what is asked
def _command(words: list[str]) -> tuple[str, click.Command, list[str]]:
    """The name of the command that *words* ask for, the command, and its arguments with the options before its verb."""
    from netops.cli import root

    taking = {name for option in root.params if isinstance(option, click.Option) and not option.is_flag for name in option.opts}
    command: click.Command = root
    path: list[str] = []
    rest: list[str] = []
    several = list(words)
    while several and isinstance(command, click.Group):
        word = several.pop(0)
        if word.startswith("-"):
            rest.append(word)
            if word in taking and several:
                rest.append(several.pop(0))
            continue
        found = command.get_command(click.Context(command), word)
        if found is None:
            raise NetopsError(N_("the command was not understood"), N_("there is no command {name}"), "netops --help",
                              name=" ".join([*path, word]))  # fmt: skip
        command = found
        path.append(word)
    return " ".join(path), command, [*several, *rest]


def _parsed(command: click.Command, words: list[str]) -> dict[str, Any]:
    try:
        with click.Context(command, resilient_parsing=True) as context:
            return command.make_parser(context).parse_args(args=list(words))[0]
    except click.ClickException as error:
        reason = error.format_message()
        raise NetopsError(N_("the command was not understood"), "{reason}", "netops --help", reason=reason) from error


def _refuse(name: str, command: click.Command, given: dict[str, Any]) -> None:
    """
    Make sure that a command can be done from afar.

    Raises:
        Refused: it is none of `COMMANDS`, or names a file of the machine that it runs on.
    """
    what = N_("it was not done at the server")
    if name.startswith("user ") and name not in COMMANDS:
        raise Refused(what, N_("over a network accounts are two people's work: who applies for one, and who grants it"),
                      N_("run it there, without --server, or ask the API: docs/guide/api.md"))  # fmt: skip
    if name not in COMMANDS:
        raise Refused(what, N_("netops {name} works on files, keys or lines of the machine that it runs on"),
                      N_("run it there, without --server"), name=name)  # fmt: skip
    for param in command.params:
        if isinstance(param.type, click.Path | click.File) and given.get(param.name or "") not in (None, (), [], ""):
            raise Refused(what, N_("{option} names a file, and files stay where they are"), N_("run it there, without --server"),
                          option=param.opts[0])  # fmt: skip


# ---- at the server
def at(desk: Desk) -> Any:
    """What `serve` hands to the API: runs a command as who asks, in a process of its own; see `run_for`."""
    return lambda who, asked: run_for(desk, who, asked)


def run_for(desk: Desk, who: Principal, asked: Any) -> dict[str, Any]:
    """
    Run a command as *who*.

    Args:
        asked: arguments, language, columns, suffix (of the file of -o, or ""), interactive, seen.

    Returns:
        exit_code; stdout, stderr and file in base 64; *asks*: the question that it waits for, or "".

    Raises:
        Forbidden: who asks may not do it, or does not see every plane and organization that the command would.
        Refused, NetopsError: it cannot be done from afar, or was not understood.
    """
    words = list(asked.arguments)
    if any("\x00" in word for word in words):
        raise NetopsError(N_("the command was not understood"), N_("an argument has a character that no command has"), "")
    name, command, rest = _command(words)
    given = _parsed(command, rest)
    _refuse(name, command, given)
    if mine := [option for option in HERE if given.get(option) not in (None, (), "")]:
        raise Refused(N_("it was not done at the server"), N_("--{option} speaks of another machine"), "", option=mine[0])
    who.require(COMMANDS[name])
    if who.organization or set(who.planes) != set(desk.planes):
        raise Forbidden(N_("it was not done"), N_("{name} sees a part of what the command would show"),
                        N_("ask the API, which shows to each what is theirs: docs/guide/api.md"), name=who.name)  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="netops-command-") as folder:
        return _ran(desk, who, asked, words, Path(folder))


def _ran(desk: Desk, who: Principal, asked: Any, words: list[str], folder: Path) -> dict[str, Any]:
    file, question = folder / f"{ANSWER}{asked.suffix}", folder / "question"
    line = [sys.executable, "-m", "netops", *words, "--store", desk.config.store_url, "--lang", asked.language, "--no-input"]
    line += ["--config", desk.config.path] if desk.config.path else []
    line += ["--output", str(file)] if asked.suffix else []
    kept = {key: value for key, value in os.environ.items() if key not in ("NETOPS_SERVER", "NETOPS_TOKEN", "NETOPS_CONFIG")}
    environment = kept | {"NETOPS_ACTOR": who.name, "COLUMNS": str(asked.columns), SEEN: asked.seen}
    environment |= {QUESTION: str(question)} if asked.interactive else {}
    try:
        done = subprocess.run(line, cwd=desk.config.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NetopsError(N_("the command was stopped"), N_("it took longer than {seconds} s"), N_("run it at the server"),
                          seconds=SECONDS) from None  # fmt: skip
    content = file.read_bytes() if asked.suffix and file.is_file() else b""
    if len(done.stdout) + len(content) > MOST_BYTES:
        why = N_("it is larger than {size} bytes")
        raise NetopsError(N_("the answer was not sent"), why, N_("ask for less"), size=MOST_BYTES)
    told = (done.stdout, done.stderr.replace(str(file).encode(), file.name.encode()), content)
    stdout, stderr, kept_file = (base64.b64encode(one).decode() for one in told)
    asks = question.read_text("utf-8") if question.exists() else ""
    return {"exit_code": done.returncode, "stdout": stdout, "stderr": stderr, "file": kept_file, "asks": asks}


# ---- in the command's own process
class Told(io.TextIOBase):
    """Standard error that remembers the hash of what was told: the plan that a person agrees to."""

    def __init__(self, under: TextIO) -> None:
        self.under, self.sha256 = under, hashlib.sha256()

    def write(self, text: str) -> int:
        """As the stream under it."""
        self.sha256.update(text.encode())
        return self.under.write(text)

    def flush(self) -> None:
        """As the stream under it."""
        self.under.flush()


def listen() -> None:
    """Where a server runs this command: remember what is told."""
    if os.environ.get(QUESTION) or os.environ.get(SEEN):
        sys.stderr = Told(sys.stderr)


def agreed(question: str) -> bool:
    """
    Whether the plan that was told is the one that was agreed to; without an answer yet the question is written down, and the
    command ends.

    Raises:
        Refused: the plan is another one now.
        SystemExit: code 4, nothing was agreed to yet.
    """
    if not isinstance(sys.stderr, Told):
        return False
    sys.stderr.flush()
    if seen := os.environ.get(SEEN, ""):
        if seen != sys.stderr.sha256.hexdigest():
            why = N_("the plan is another one now")
            raise Refused(N_("nothing was changed"), why, N_("look at the new plan, and decide anew"))
        return True
    Path(os.environ[QUESTION]).write_text(question or "?", "utf-8")
    raise SystemExit(4)


# ---- at the client
def run(argv: list[str], server: str) -> int:
    """
    Run a command line at *server*, and show here what it says there.

    Returns:
        Its exit code.

    Raises:
        NetopsError: the server cannot be reached, does not know who asks, or refuses.
    """
    words, values = _without(argv, ("--server", "--token-file", "-o", "--output"))
    output = values.get("--output") or values.get("-o") or ""
    name, command, rest = _command(words)
    _refuse(name, command, given := _parsed(command, rest))
    interactive = sys.stdin.isatty() and not given.get("no_input") and not given.get("yes")
    body = {"arguments": words, "language": spoken(), "columns": min(400, max(40, shutil.get_terminal_size().columns)),
            "suffix": Path(output).suffix.lower() if output else "", "interactive": interactive, "seen": ""}  # fmt: skip
    if output and not body["suffix"]:
        raise NetopsError(N_("nothing was written"), N_("the name of the file does not say what it is"), N_("name it FILE.json"))
    if output:
        files.ready(Path(output))
    answer = _asked(server, body, values.get("--token-file", ""))
    plan = base64.b64decode(answer["stderr"])
    named = f"{ANSWER}{body['suffix']}"
    _tell(plan, named, output)
    if answer["asks"]:
        if not click.confirm(answer["asks"], err=True):
            raise Refused(N_("nothing was changed"), N_("the answer was no"), "")
        answer = _asked(server, body | {"seen": hashlib.sha256(plan).hexdigest()}, values.get("--token-file", ""))
        _tell(base64.b64decode(answer["stderr"])[len(plan) :], named, output)
    if output and answer["file"]:
        files.put(base64.b64decode(answer["file"]), Path(output))
    sys.stdout.flush()
    sys.stdout.buffer.write(base64.b64decode(answer["stdout"]))
    sys.stdout.flush()
    return int(answer["exit_code"])


def _tell(what: bytes, named: str, output: str) -> None:
    sys.stderr.write(what.decode("utf-8", "replace").replace(named, output or named))


def _without(argv: list[str], names: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The words without these options, and the options' values."""
    words, values, several = [], {}, list(argv)
    while several:
        word = several.pop(0)
        name, sep, value = word.partition("=")
        if name in names and sep:
            values[name] = value
        elif word in names and several:
            values[word] = several.pop(0)
        else:
            words.append(word)
    return words, values


def _token(file: str) -> str:
    """From the file, NETOPS_TOKEN, or the file that NETOPS_TOKEN_FILE names."""
    named = file or os.environ.get("NETOPS_TOKEN_FILE", "")
    if not file and (token := os.environ.get("NETOPS_TOKEN", "")):
        return token.strip()
    if not named:
        mend = N_("set NETOPS_TOKEN or NETOPS_TOKEN_FILE, or add --token-file FILE: netops user token NAME issues one")
        raise NetopsError(N_("nothing was asked"), N_("there is no token"), mend)
    try:
        return (Path(named).read_text("utf-8").splitlines() or [""])[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NetopsError(N_("the token was not read"), "{why}", N_("name a file that can be read"), why=error) from error


def _asked(server: str, body: dict[str, Any], token_file: str) -> dict[str, Any]:
    from netops.probes import messenger

    token, url = _token(token_file), server.rstrip("/") + "/api/v1/commands"
    authority = os.environ.get("NETOPS_CA", "")
    status, content = messenger.ask(url, json.dumps(body).encode(), token, spoken(), SECONDS + 30, authority)
    try:
        told = json.loads(content)
        if status == 200:
            return {"exit_code": told["exit_code"], **{name: str(told[name]) for name in ("stdout", "stderr", "file", "asks")}}
        what, why, mend = (str(told.get(name, "")) for name in ("title", "detail", "mend"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NetopsError(N_("nothing was asked"), N_("{server} answers, but not as netops: HTTP {status}"), N_("check --server"),
                          server=server, status=status) from None  # fmt: skip
    error = (Refused if status in (401, 403, 409) else NetopsError)("{what}", "{why}", "{mend}", what=what, why=why, mend=mend)
    raise error

