"""Is the tool itself well: every check with its state and its mend."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from netops.core.errors import Faults, NetopsError
from netops.core.language import N_, _
from netops.desk import Desk
from netops.settings import Credential


class Check(msgspec.Struct, frozen=True):
    """
    One check.

    Args:
        state: good, note or bad.
        detail: what was found, in the language in use.
        mend: the command or edit that mends it, or "".
    """

    name: str
    state: str
    detail: str
    mend: str = ""


def examine(desk: Desk) -> Iterator[Check]:
    """Every check, in the order in which a fault in one explains the next."""
    for name, check in CHECKS.items():
        try:
            yield from check(desk)
        except Faults as error:
            yield Check(name, "bad", _(error.what) + "\n" + "\n".join(error.faults), _(error.mend))
        except NetopsError as error:
            yield Check(
                name,
                "bad",
                _(error.what).format(**error.facts) + ": " + _(error.why).format(**error.facts),
                _(error.mend).format(**error.facts),
            )


def _configuration(desk: Desk) -> Iterator[Check]:
    if desk.config.path:
        yield Check(N_("configuration"), "good", _("{path} can be read").format(path=desk.config.path))
    else:
        yield Check(
            N_("configuration"), "note", _("there is none: defaults are in force"), "netops init DIRECTORY"
        )


def _secrets(desk: Desk) -> Iterator[Check]:
    loose, missing = [], False
    files = [file for credential in desk.config.snmp.credentials.values() for file in _files(credential)]
    papers, config = desk.config.documents, desk.config
    others = (config.probe.key_file, papers.certificate, papers.certificate_password_file, config.ldap.bind_password_file,
              config.oidc.client_secret_file)  # fmt: skip
    for file in (*files, *filter(None, others)):
        path = desk.config.folder / file
        if not path.exists():
            missing = True
            yield Check(
                N_("secrets"),
                "bad",
                _("{path} is missing").format(path=file),
                _("write it there, one line, mode 0600"),
            )
        elif path.stat().st_mode & 0o077:
            loose.append(file)
    if loose:
        yield Check(
            N_("secrets"),
            "bad",
            _("others can read: {files}").format(files=", ".join(loose)),
            "chmod 600 " + " ".join(str(desk.config.folder / file) for file in loose),
        )
    elif not missing:
        yield Check(N_("secrets"), "good", _("only their owner can read them"))


def _files(credential: Credential) -> list[str]:
    return [
        file
        for file in (credential.community_file, credential.auth_key_file, credential.priv_key_file)
        if file
    ]


def _register(desk: Desk) -> Iterator[Check]:
    from netops import register
    from netops.rounds import inventory

    folder = Path(desk.config.inventory)
    if not folder.is_dir():
        yield Check(N_("register"), "note", _("there is no folder {path}").format(path=folder), "netops init DIRECTORY")
        return
    read = register.read(folder)
    counts = ", ".join(f"{_(kind)} {len(getattr(read, kind))}" for kind in register.KINDS)
    plan = inventory.plan(desk)
    if plan.changes:
        told = _("the files differ from version {version} in force").format(version=plan.base)
        yield Check(N_("register"), "note", told, "netops inventory plan")
    else:
        yield Check(N_("register"), "good", counts)


def _grants(desk: Desk) -> Iterator[Check]:
    """Whether allocation is held to a delegation chain: only where the register names a document."""
    from netops.addresses.delegation import is_granted

    for plane in desk.planes:
        chains = desk.register.chains[plane]
        if chains and not any(map(is_granted, chains.values())):
            told = _("{plane}: no document grants its addresses, so no delegation chain bounds what is given out")
            yield Check(N_("grants"), "note", told.format(plane=_(plane.label)),
                        "netops pool delegate PREFIX --granted-by NUMBER")  # fmt: skip
        elif chains:
            yield Check(N_("grants"), "good", _("{plane}: allocation is held to the documents on file").format(
                plane=_(plane.label)))  # fmt: skip


def _store(desk: Desk) -> Iterator[Check]:
    from netops.core import journal

    result = journal.verify(desk.store)
    shown = desk.store.shown_url()
    if result.broken:
        yield Check(
            N_("store"),
            "bad",
            _("the journal does not verify at entry {number}").format(number=result.broken),
            "netops journal verify",
        )
    else:
        yield Check(
            N_("store"),
            "good",
            _("{url}: the journal verifies, {entries} entries").format(url=shown, entries=result.entries),
        )


def _playbooks(desk: Desk) -> Iterator[Check]:
    from netops.incidents import legal_basis
    from netops.inspections import catalogue

    bases = legal_basis.load(desk.playbooks)
    items = catalogue.load(desk.playbooks, "measures")
    unverified = sum(not basis.verified for basis in bases)
    yield Check(
        N_("playbooks"),
        "good" if not unverified else "note",
        _("{bases} legal bases ({unverified} unverified), {items} inspection items").format(
            bases=len(bases), unverified=unverified, items=len(items.items)
        ),
    )


def _collector(desk: Desk) -> Iterator[Check]:
    for address in desk.config.flows.listen:
        host, _sep, port = address.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            try:
                trial.bind((host, int(port)))
            except OSError as error:
                with desk.store.lock("collector", wait=False) as free:
                    if free:
                        yield Check(
                            N_("collector"), "bad", f"{address}: {error.strerror}", _("change [flows] listen")
                        )
                        continue
                yield Check(
                    N_("collector"), "good", _("{address}: netops listens there").format(address=address)
                )
                continue
        yield Check(
            N_("collector"),
            "note",
            _("{address}: free, nobody collects now").format(address=address),
            "netops serve",
        )


def _traps(desk: Desk) -> Iterator[Check]:
    """Whether somebody hears what devices tell, and whether anybody sends what is not believed."""
    from netops.topology import eventlog

    if not desk.config.snmp.traps.listen:
        return
    address = ", ".join(desk.config.snmp.traps.listen)
    with desk.store.lock("traps", wait=False) as free:
        if free:
            told = _("{address}: nobody hears traps now").format(address=address)
            yield Check(N_("traps"), "note", told, "netops serve")
            return
    lately = [one for one in eventlog.sources(desk.store) if one.last_at > desk.clock() - timedelta(days=1)]
    strange = [one for one in lately if not one.device or one.refused or one.malformed]
    if strange:
        told = _("{count} addresses sent something that is not believed").format(count=len(strange))
        yield Check(N_("traps"), "note", told, "netops topology events --sources")
    else:
        yield Check(N_("traps"), "good", _("{address}: netops hears traps there").format(address=address))


def _directory(desk: Desk) -> Iterator[Check]:
    from netops.rounds import admission

    if desk.config.ldap.url or desk.config.oidc.issuer:
        yield from admission.examine(desk)


def _fonts(desk: Desk) -> Iterator[Check]:
    from netops.documents import fonts

    found = fonts.survey(desk.config.documents)
    substituted = [f"{role}: {font.family}" for role, font in found.items() if font.substitute]
    if substituted:
        yield Check(
            N_("fonts"), "note", _("substituted: {fonts}").format(fonts=", ".join(substituted)), _(fonts.ADVICE)
        )
    else:
        yield Check(N_("fonts"), "good", ", ".join(f"{role}: {font.family}" for role, font in found.items()))


def _room(desk: Desk) -> Iterator[Check]:
    database = desk.store.engine.url.database
    if not desk.store.is_sqlite or not database:
        return
    free = shutil.disk_usage(Path(database).parent).free
    yield Check(
        N_("disk"),
        "good" if free > 1 << 30 else "bad",
        _("{size} GiB free beside the store").format(size=f"{free / (1 << 30):.1f}"),
        "" if free > 1 << 30 else _("make room: acts are refused when the disk is full"),
    )


CHECKS: dict[str, Callable[[Desk], Iterator[Check]]] = {
    "configuration": _configuration,
    "secrets": _secrets,
    "store": _store,
    "register": _register,
    "grants": _grants,
    "playbooks": _playbooks,
    "collector": _collector,
    "traps": _traps,
    "directory": _directory,
    "fonts": _fonts,
    "disk": _room,
}
