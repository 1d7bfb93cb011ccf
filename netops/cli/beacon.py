"""`netops egress beacon | stop | resume`: the page element of internal portals, and the one switch for all probes."""

from __future__ import annotations

import click

from netops.cli import Command, desk, output
from netops.cli.printing import sign
from netops.core.language import N_, _


@click.command(cls=Command)
@click.option(
    "--listen", default="", metavar="ADDRESS:PORT", help=N_("Give the element to pages here; else only the HTML is printed.")
)
@click.option("--inside", default="", metavar="URL", help=N_("How browsers reach this place, such as http://10.20.0.10:8471."))
@click.option("--seconds", type=click.FloatRange(1, 366 * 86400), default=366 * 86400.0, help=N_("How long to serve."))
@click.option("--certificate", default="", metavar="FILE", help=N_("Serve by https with this certificate (PEM)."))
@click.option("--private-key", default="", metavar="FILE", help=N_("The certificate's key (PEM), when it is in another file."))
def beacon(listen: str, inside: str, seconds: float, certificate: str, private_key: str) -> None:
    """
    The element that portals put into their pages, so that browsers with another way out betray it.

    A browser that shows the page fetches the element from here, with a ticket that only this host is given, and then
    asks the sensor on the internet for it. Who has no other way out than the registered exit is recognized by it.
    """
    from netops.rounds import beacon as rounds

    out = output()
    with desk() as opened:
        made = rounds.Element.of(opened)
        address = inside or (f"http{'s' if certificate else ''}://{listen}" if listen else "http://ADDRESS:PORT")
        if not listen:
            out.record("beacon", {"html": made.html(address), "sensor": made.url}, lambda: out.line(made.html(address)))
            return
        out.say(_("put this into the pages of internal portals:"))
        out.say(made.html(address))
        for served, refused in rounds.serve(made, listen, seconds, certificate, private_key):
            if out.verbose:
                out.say(_("elements {served}  refused {refused}").format(served=served, refused=refused))


@click.command(cls=Command)
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def stop(why: str) -> None:
    """Stop all probes and sweeps, also those under way, until somebody resumes them."""
    from netops.rounds import brake

    out = output()
    with desk() as opened:
        brake.pull(opened, why)
    out.say(f"{sign('bad')} {_('All probes are stopped.')}")
    out.next("netops egress resume --why TEXT")


@click.command(cls=Command)
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def resume(why: str) -> None:
    """Probes and sweeps may leave again."""
    from netops.rounds import brake

    out = output()
    with desk() as opened:
        out.confirm(_("Let probes leave again?"))
        brake.release(opened, why)
    out.say(f"{sign('good')} {_('Probes may leave again.')}")
