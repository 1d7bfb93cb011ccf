"""The demonstration: the whole job on recorded devices and a recorded traffic replay, on loopback only."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from netops import config as settings
from netops.config import share
from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING, Finding
from netops.core.language import N_, _
from netops.core.plane import Plane
from netops.desk import Desk, open_desk
from netops.probes import replay
from netops.probes.agent import Access
from netops.rounds import Progress, Report, diary, drafting, inspect, inspect_compare, inventory, registers
from netops.rounds.egress import Watcher

MARK = "# written by netops demo: this folder is made anew by each demo\n"
ACCESS = Access(
    community="example-ro", user="netops", auth_key="example-auth-pass", priv_key="example-priv-pass"
)
"""What the recorded devices accept; they answer on loopback only."""
SPEED = 20.0
"""The recorded minutes go by so many times faster."""


class Day(msgspec.Struct, frozen=True):
    """One recorded part of the demonstration, and what the rounds made of it."""

    name: str
    reports: tuple[Report, ...]
    datagrams: int
    findings: tuple[Finding, ...]


class Demo:
    """
    One demonstration, step by step; use it inside `prepared`.

    Args:
        desk: at the demonstration's own configuration and store.
        agents: the recorded devices, answering.
    """

    def __init__(self, desk: Desk, folder: Path, agents: replay.Agents, collector: int) -> None:
        self.desk, self.folder, self.agents, self.collector = desk, folder, agents, collector

    def apply(self) -> int:
        """Put the example register in force, with what the city keeps beside it; gives the number of its entries."""
        inventory.apply(self.desk, inventory.plan(self.desk))
        for path in sorted((self.folder / "inventory" / "registers").glob("*.csv")):
            sheets, source = registers.sheets_of([(path.name, path.read_bytes())])
            registers.take_in(self.desk, registers.planned(self.desk, path.stem, sheets, source, Plane.EXTRANET))
        content = self.desk.register.content()
        return sum(len(entries) for entries in content.values())

    def play(self, name: str, watcher: Watcher, progress: Progress, told: Callable[[int], None]) -> Day:
        """Devices and exporters as they were recorded in *name*: walk, replay, judge, reconcile, triage."""
        recording = replay.RECORDINGS / name
        self.agents.play(recording)
        walk = diary.run(self.desk, "walk", progress)
        watcher.refresh()
        sent = replay.replay_flows(
            recording, ("127.0.0.1", self.collector), self.desk.config.reached, SPEED, threading.Event(), told
        )
        watcher.flush()
        rounds = (walk, *(diary.run(self.desk, name) for name in ("reconcile", "egress", "triage")))
        return Day(name, rounds, sent.datagrams, tuple(docket.listed(self.desk.store, state=STANDING)))

    def documents(self) -> Iterator[tuple[str, Path, str]]:
        """
        Write the notice of the gravest incident, a department's checklist, and the assessment of everybody's.

        Yields:
            What it is (message id), where it is, and a word beside it: which font stands for which, or why it was not written.
        """
        from netops.incidents import casebook

        incidents = sorted(
            casebook.listed(self.desk.store, open_only=True), key=lambda one: (one.grade, one.number)
        )
        for incident in incidents[:1]:
            for suffix in ("docx", "pdf", "json"):
                path = self.folder / f"{incident.number}.{suffix}"
                try:
                    drafting.write_notice(self.desk, incident.number, path)
                except NetopsError as error:
                    yield N_("notice"), path, told(error)
                else:
                    yield N_("notice"), path, ""
            organization = incident.organization or self.desk.config.city.authority
            report = diary.run(self.desk, "inspect", organization=organization)
            number = str(report.facts["inspection"])
            for suffix in ("docx", "json"):
                path = self.folder / f"{number}-{organization}.{suffix}"
                inspect.write_checklist(self.desk, number, path)
                yield N_("checklist"), path, ""
            diary.run(self.desk, "inspect")
            year = self.desk.clock().astimezone(CITY_ZONE).year
            path = self.folder / f"assessment-{year}.xlsx"
            rules, made, _left = inspect_compare.assessed(self.desk, "measures", year)
            path.write_bytes(inspect_compare.assessment_sheet(self.desk, rules, made, year))
            yield N_("assessment"), path, ""


@contextmanager
def prepared(folder: Path, actor: str = "") -> Iterator[Demo]:
    """
    The demonstration's folder, store and devices, ready to play; the devices fall silent at the end.

    Raises:
        Refused: the folder holds something that no demonstration wrote.
    """
    _clear(folder)
    snmp, collector, web = _free_ports(3)
    recording = replay.read(replay.RECORDINGS / "day")
    _write(folder, recording, snmp, collector, web)
    with (
        open_desk(settings.read(folder / "config.toml"), actor=actor) as desk,
        replay.Agents(replay.RECORDINGS / "day", desk.config.reached, ACCESS, snmp) as agents,
    ):
        yield Demo(desk, folder, agents, collector)


def told(error: NetopsError) -> str:
    """What did not happen, why and what mends it, in the language in use."""
    return " ".join(_(text).format(**error.facts) for text in (error.what, error.why, error.mend) if text)


def _clear(folder: Path) -> None:
    config = folder / "config.toml"
    if folder.exists() and any(folder.iterdir()):
        if not config.is_file() or not config.read_text("utf-8").startswith(MARK):
            raise Refused(
                "the demonstration was not started",
                "{folder} holds something that no demonstration wrote",
                "give another folder: netops demo FOLDER",
                folder=folder,
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, recording: replay.Recording, snmp: int, collector: int, web: int) -> None:
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    for name, secret in (
        ("community", ACCESS.community),
        ("auth", ACCESS.auth_key),
        ("priv", ACCESS.priv_key),
    ):
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text(secret + "\n", encoding="utf-8")
    shutil.copytree(share("inventory"), folder / "inventory")
    example = settings.read(share("config.example.toml"))
    planes = "".join(
        f'[planes.{plane}]\nnets = {_quoted(value.nets)}\nauthority = "{value.authority}"\n'
        for plane, value in example.planes.items()
    )
    translations = "".join(
        f'[[translate]]\ninside = "{net}"\noutside = "{_loopback(net)}"\n'
        for value in example.planes.values()
        for net in value.nets
    )
    city = "".join(
        f"{field} = {_quoted(value)}\n"
        for field, value in msgspec.structs.asdict(example.city).items()
    )
    (folder / "config.toml").write_text(
        f"""{MARK}# {recording.title}
[city]
{city}
{planes}
[store]
url = "sqlite:///netops.db"
[inventory]
path = "inventory"

{translations}
[snmp]
port = {snmp}
timeout_seconds = 1.0
[snmp.credentials.v2c]
version = "v2c"
community_file = "secrets/community"
[snmp.credentials.v3]
version = "v3"
user = "{ACCESS.user}"
auth_protocol = "SHA"
auth_key_file = "secrets/auth"
priv_protocol = "AES"
priv_key_file = "secrets/priv"

[flows]
listen = ["127.0.0.1:{collector}"]
round_seconds = 1.0
[declarations]
renew_days = 0
[web]
listen = "127.0.0.1:{web}"
""",
        encoding="utf-8",
    )


def _quoted(value: object) -> str:
    """A string or a list of strings as TOML: its JSON is the same."""
    return msgspec.json.encode(value).decode()


def _loopback(net: str) -> str:
    """The same place inside 127.0.0.0/8, which on Linux is loopback as a whole."""
    octets = net.split(".")
    return ".".join(["127", *octets[1:]])


def _free_ports(count: int) -> list[int]:
    """Ports that nothing uses on loopback now, UDP and TCP."""
    ports: list[int] = []
    for candidate in range(18470, 18970):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as streams:
            try:
                datagrams.bind(("0.0.0.0", candidate))  # noqa: S104 - a trial: closed at once
                streams.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        ports.append(candidate)
        if len(ports) == count:
            return ports
    raise NetopsError(
        "the demonstration was not started", "no free port between 18470 and 18970", "stop what uses them"
    )
