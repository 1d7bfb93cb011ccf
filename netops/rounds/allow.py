"""Learning is explicit: what a window showed is proposed, a person fills in owner and end and signs, and it ends by itself."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import msgspec

from netops.core import docket, journal
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.finding import STANDING, Finding, State
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import allowed
from netops.egress.allowed import Allowed
from netops.egress.rules import RULES

MAX_ENTRIES = 1000
MAX_FILE = 1 << 20


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[allow]]` of a proposal, as a person filled it in."""

    kind: str
    plane: Plane
    owner: str
    until: str
    why: str
    ip: str = ""
    mac: str = ""
    switch: str = ""
    port: str = ""
    device: str = ""
    interface: str = ""
    seen: str = ""


def today(desk: Desk) -> date:
    """The day in the city."""
    return desk.clock().astimezone(CITY_ZONE).date()


def proposal(desk: Desk, since: datetime, kinds: tuple[str, ...] = ()) -> str:
    """
    What egress found in a window, as TOML in which a person fills in owner, end and reason of what is right.

    Args:
        kinds: only these.
    """
    lines = ["# 逐条核对：属实且允许的填上 owner、until、why；不允许的整段删掉。签署：netops egress allow sign FILE",
             "# Look at each: fill in owner, until and why of what is right; delete the others."]  # fmt: skip
    for one in docket.listed(desk.store, since=since):
        if one.code not in RULES or one.state not in STANDING or (kinds and one.kind not in kinds):
            continue
        subject = {key: value for key, value in one.subject.items() if key in Entry.__struct_fields__ and isinstance(value, str)}
        rows = {"kind": one.kind, "plane": one.plane, **subject, "owner": one.organization, "until": "", "why": ""}
        rows["seen"] = f"{one.id} ×{one.count}"
        lines += ["", "[[allow]]", *(f"{key} = {msgspec.json.encode(str(value)).decode()}" for key, value in rows.items())]
    return "\n".join(lines) + "\n"


def read(desk: Desk, path: Path) -> list[Allowed]:
    """
    The entries of a filled-in proposal.

    Raises:
        NetopsError: it cannot be read, or an entry is not filled in; all of them are told at once.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise ValueError("larger than 1 MiB")
        content = msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, list[Entry]], strict=False)
        entries = content.get("allow", [])
        if content.keys() - {"allow"} or len(entries) > MAX_ENTRIES:
            raise ValueError(f"only [[allow]], {MAX_ENTRIES} of them at most")
    except (OSError, ValueError) as error:
        mend = N_("netops egress allow propose writes one")
        raise NetopsError("nothing was signed", "{path}: {why}", mend, path=path, why=error) from error
    made = [entry(desk, one) for one in entries]
    return [one for one in made if one]


def entry(desk: Desk, one: Entry) -> Allowed:
    """
    An entry to be signed.

    Raises:
        NetopsError: owner, end, reason or subject is missing or wrong.
    """
    subject = {name: value for name in ("ip", "mac", "switch", "port", "device", "interface") if (value := getattr(one, name))}
    who = one.ip or one.mac or f"{one.switch or one.device} {one.port or one.interface}"
    faults = []
    if one.kind not in {rule.kind for rule in RULES.values()}:
        faults.append(f"kind {one.kind}")
    if one.owner not in desk.register.organization:
        faults.append(f"owner {one.owner or '—'}")
    if not _is_day(one.until) or one.until < today(desk).isoformat():
        faults.append(f"until {one.until or '—'}")
    if not one.why.strip():
        faults.append("why —")
    if not (one.ip or one.mac or (one.switch and one.port) or (one.device and one.interface)):
        faults.append("ip, mac, switch+port, device+interface —")
    if faults:
        raise NetopsError(
            "nothing was signed",
            "{who}: {faults}",
            "every entry needs a kind of egress, the code of an organization, a day from today on, and a reason",
            who=who,
            faults="; ".join(faults),
        )
    return Allowed("", one.plane, one.kind, subject, one.owner, one.why.strip(), one.until, desk.actor, desk.clock())


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def sign(desk: Desk, entries: Iterable[Allowed]) -> list[Allowed]:
    """Sign entries, all or none, in the journal; findings that they cover are accepted until their end."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        signed = [allowed.sign(act, one) for one in entries]
    apply(desk)
    return signed


def end(desk: Desk, number: str, why: str) -> None:
    """End an entry; what it covered asks for something again."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        one = allowed.end(act, number, why)
        for finding in docket.listed(desk.store, state=(State.ACCEPTED,), plane=Plane(one.plane)):
            if one.covers(finding) and finding.reason.startswith(f"{number}:"):
                docket.move(act, finding.id, State.REOPENED, why)


def apply(desk: Desk) -> list[Finding]:
    """Accept, until the entry's end, what stands and is allowed; open again what was allowed and is not any more."""
    entries = allowed.listed(desk.store)
    if not entries:
        return []
    valid = [one for one in entries if one.is_valid(today(desk))]
    moved = []
    for finding in docket.listed(desk.store, state=(State.OPEN, State.REOPENED, State.ACCEPTED)):
        if finding.code not in RULES:
            continue
        cover = next((one for one in valid if one.covers(finding)), None)
        with_entry = finding.state is State.ACCEPTED and any(finding.reason.startswith(f"{one.id}:") for one in entries)
        if cover and finding.state is not State.ACCEPTED:
            _move(desk, finding, State.ACCEPTED, f"{cover.id}: {cover.owner} {cover.why}", cover.until)
            moved.append(finding)
        elif with_entry and not cover:
            _move(desk, finding, State.REOPENED, f"{finding.reason.partition(':')[0]} -", "")
            moved.append(finding)
    return moved


def _move(desk: Desk, finding: Finding, to: State, why: str, until: str) -> None:
    with journal.act(desk.store, "allow-list", desk.clock) as act:
        docket.move(act, finding.id, to, why, until)
