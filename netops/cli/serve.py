"""`netops serve`: pages, metrics, collector and timetable in one process."""

from __future__ import annotations

import click

from netops.cli import Command, desk, output
from netops.core.language import N_, _


@click.command(cls=Command)
@click.option("--no-collector", is_flag=True, help=N_("Do not listen for flows."))
@click.option("--no-traps", is_flag=True, help=N_("Do not hear what devices tell."))
@click.option("--no-ears", is_flag=True, help=N_("Do not listen to mirror ports and logs."))
@click.option("--no-timetable", is_flag=True, help=N_("Do not run rounds."))
@click.option(
    "--listen", metavar="ADDRESS:PORT", help=N_("Where pages and /metrics are, over the configuration's.")
)
def serve(no_collector: bool, no_traps: bool, no_ears: bool, no_timetable: bool, listen: str | None) -> None:
    """Serve until interrupted; a second process on the same store leaves collector and timetable to the first."""
    from contextlib import ExitStack

    from netops.cli import remote
    from netops.rounds import inventory
    from netops.rounds.ears import Ears
    from netops.rounds.egress import Watcher
    from netops.rounds.timetable import running
    from netops.rounds.traps import Listener
    from netops.web import serving
    from netops.web.signing import OneTime

    out = output()
    with desk() as opened, ExitStack() as stack:
        if inventory.ensure(opened):
            out.say(
                _("The register was empty: {folder} is in force now.").format(folder=opened.config.inventory)
            )
        if not no_collector:
            if stack.enter_context(Watcher(opened, walks=True)).listening:
                out.say(
                    _("collecting flows on {addresses}").format(
                        addresses=", ".join(opened.config.flows.listen)
                    )
                )
            else:
                out.say(_("another process collects the flows of this store"))
        if opened.config.snmp.traps.listen and not no_traps:
            out.say(
                _("hearing traps on {addresses}").format(addresses=", ".join(opened.config.snmp.traps.listen))
                if stack.enter_context(Listener(opened)).listening
                else _("another process hears the traps of this store")
            )
        if (opened.config.mirrors or opened.config.logs) and not no_ears:
            ears = stack.enter_context(Ears(opened))
            out.say(
                _("listening to {names}").format(names=", ".join(ears.listening))
                if ears.listening
                else _("another process listens to the mirror ports and logs of this store")
            )
        if not no_timetable:
            jobs = stack.enter_context(running(opened))
            out.say(
                _("timetable: {rounds}").format(rounds=", ".join(_(name) for name in jobs))
                if jobs
                else _("another process keeps the timetable of this store")
            )
        address = listen or opened.config.web.listen
        url = f"{'https' if opened.config.web.certificate else 'http'}://{address}/"
        out.say(_("pages: {url}   metrics: {url}metrics   API: {url}api/v1").format(url=url))
        once = OneTime(opened)
        if once.code:
            out.say(_("no account yet: {url}first makes the first one, with the code {code}, within half an hour").format(
                url=url, code=once.code))  # fmt: skip
        serving.run(opened, address, once, remote.at(opened))
    out.say(_("stopped"))
    serving.leave()
