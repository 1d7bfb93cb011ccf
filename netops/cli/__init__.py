"""The command line: noun then verb; every noun is a file of its own, imported when it is used."""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops import __version__
from netops.cli.help import Context, translated
from netops.core import language
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.desk import Desk

NOUNS = {
    "status": N_("One screen: what is in order, what waits, what runs out"),
    "who": N_("Whose is an address, MAC, device or organization"),
    "explain": N_("A rule: what, why, mend"),
    "doctor": N_("Is the tool itself well"),
    "demo": N_("The whole job on a recorded city, without root or network"),
    "init": N_("Write a configuration and an example register"),
    "serve": N_("Pages, metrics, collector and timetable in one process"),
    "inventory": N_("The register: what ought to be"),
    "organization": N_("Organizations of the register"),
    "topology": N_("What is connected to what"),
    "pool": N_("Address pools and how full they are"),
    "ip": N_("Allocate, release and list addresses"),
    "declare": N_("Access declarations of departments"),
    "register": N_("What people write down: officers, systems, projects, sites and the rest"),
    "site": N_("What a visitor sees of the registered sites"),
    "exit": N_("Internet exits of the register"),
    "egress": N_("How traffic leaves: decode, listen, watch"),
    "finding": N_("What is not in order"),
    "incident": N_("Incidents, their clocks and documents"),
    "document": N_("Official documents: drafts, numbers, receipts, replies"),
    "inspect": N_("Inspections and their checklists"),
    "playbook": N_("What people do, step by step"),
    "round": N_("Rounds: run one, see when each ran"),
    "journal": N_("Who decided what, chained and verified"),
    "bundle": N_("What a person carries from the extranet's instance to the intranet's"),
    "backup": N_("Backups: create, verify, restore"),
    "user": N_("Accounts, roles and tokens"),
    "config": N_("The configuration in force"),
    "completion": N_("Completion for bash, zsh and fish"),
}


class Command(click.Command):
    """A command that takes the global options after its verb too, and speaks both languages."""

    context_class = Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {name for param in self.params for name in param.opts}
        self.params += [option for option in global_options() if not taken & set(option.opts)]

    def get_help(self, ctx: click.Context) -> str:
        """Help in the language in use."""
        with translated(self):
            return super().get_help(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        """One line for the list of commands."""
        with translated(self):
            return super().get_short_help_str(200)


class Group(Command, click.Group):
    """A noun: its verbs are commands of this kind."""

    command_class = Command
    group_class = type


class Root(Group):
    """`netops`: nouns are listed from a table and imported only when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every noun, in the order of the table."""
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The noun's own file, imported now; a noun that is a word of Python's own ends in an underscore there."""
        if cmd_name not in NOUNS:
            return None
        module = import_module(f"netops.cli.{cmd_name}")
        command: click.Command = getattr(module, f"{cmd_name}_", None) or getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The nouns with their one line, none of them imported."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, text in NOUNS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the nearest noun suggested."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], NOUNS, 1)
            if near:
                message = f"{error.message} " + _("Did you mean {name}?").format(name=near[0])
                raise click.UsageError(message, error.ctx) from None
            raise


class Asked:
    """What the global options say, wherever on the line they stood."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value not in (None, False, "") and param.name:
        ctx.ensure_object(Asked).values[param.name] = value


def global_options() -> list[click.Option]:
    """The options that every command takes, before and after its verb."""

    def option(*names: str, **settings: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, **settings)

    return [
        option(
            "-c",
            "--config",
            metavar="FILE",
            help=N_("The configuration; else NETOPS_CONFIG, ./config.toml, /etc/netops/config.toml."),
        ),
        option("--store", metavar="URL", help=N_("The store, over the configuration's.")),
        option(
            "--server", metavar="URL",
            help=N_("Ask another instance instead, by NETOPS_TOKEN, NETOPS_TOKEN_FILE or --token-file; else NETOPS_SERVER."),
        ),
        option("--token-file", metavar="FILE", help=N_("The token for --server: the first line of FILE.")),
        option("--json", is_flag=True, help=N_("Answer as one JSON object.")),
        option("--csv", is_flag=True, help=N_("Answer as CSV.")),
        option("-o", "--output", metavar="FILE", help=N_("Write the answer into FILE.")),
        option("-q", "--quiet", is_flag=True, help=N_("Only the answer, no talk.")),
        option("-v", "--verbose", is_flag=True, help=N_("Say more on the way.")),
        option("--lang", type=click.Choice(["zh", "en"]), help=N_("Language of messages.")),
        option("--no-input", is_flag=True, help=N_("Never ask.")),
        option("-y", "--yes", is_flag=True, help=N_("Apply the plan without asking.")),
        option("--dry-run", is_flag=True, help=N_("Show the plan and stop.")),
        option(
            "--at", metavar="TIME", help=N_("Look from a past time, such as 2026-03-01 or 2026-03-01T08:00.")
        ),
    ]


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netops")
@click.pass_context
def root(ctx: click.Context) -> None:
    """
    Netops runs a city's two government networks.

    Exit codes: 0 in order; 1 something is not in order; 2 asked wrongly; 3 part of the network was not
    seen; 4 refused; 130 interrupted.
    """
    ctx.ensure_object(Asked)


# ---- what commands use
def output() -> Output:
    """
    How the present command was asked to answer.

    Raises:
        NetopsError: the file of -o cannot be written.
    """
    from netops.cli.printing import Output

    context = click.get_current_context()
    asked = context.ensure_object(Asked).values
    file = asked.get("output")
    made = Output(
        json=bool(asked.get("json")),
        csv=bool(asked.get("csv")),
        file=Path(file) if file else None,
        quiet=bool(asked.get("quiet")),
        verbose=bool(asked.get("verbose")),
        interactive=not asked.get("no_input"),
        yes=bool(asked.get("yes")),
        dry_run=bool(asked.get("dry_run")),
    )
    context.with_resource(made.answering())
    return made


@contextmanager
def desk() -> Iterator[Desk]:
    """
    The open desk for the present command.

    Raises:
        NetopsError: the configuration or the store cannot be read.
    """
    from netops import config
    from netops.desk import open_desk

    asked = click.get_current_context().ensure_object(Asked).values
    settings = config.read(config.find(asked.get("config")), asked.get("store"))
    if not asked.get("lang") and not os.environ.get("NETOPS_LANG"):
        _speak(language.choose(None, settings.language))
    with open_desk(settings, at=_moment(asked.get("at"))) as opened:
        yield opened


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    from netops.core.clock import CITY_ZONE

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NetopsError(
            "--at {text} was not understood",
            "it is not a time",
            "write 2026-03-01 or 2026-03-01T08:00",
            text=text,
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)


# ---- running
def run() -> None:
    """The `netops` program."""
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """
    Run one command line.

    Returns:
        The exit code of DESIGN §4.
    """
    _speak(language.choose(_given(argv, "--lang")))
    try:
        if server := _server(argv):
            from netops.cli import remote

            return remote.run(argv, server)
        if os.environ.get("NETOPS_QUESTION") or os.environ.get("NETOPS_SEEN"):
            from netops.cli import remote

            remote.listen()
        code = root.main(argv, prog_name="netops", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except NetopsError as error:
        _output(argv).error(error)
        return error.exit_code
    except click.ClickException as error:
        _usage(argv, error)
        return 2
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("\n" + _("interrupted") + "\n")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort: kept in a file, told in a sentence
        _output(argv).error(_unexpected(error))
        return 2


def _speak(wanted: str) -> None:
    """Speak in messages of our own and in click's."""
    language.speak(wanted)
    os.environ["LANGUAGE"] = {"zh": "zh_CN", "en": "en"}[wanted]
    gettext.bindtextdomain("netops", str(Path(__file__).parent.parent / "locale"))
    gettext.textdomain("netops")


def _server(argv: list[str]) -> str:
    """The remote instance that is asked, or "": help is given here, and a store or a configuration is of this machine."""
    if {"-h", "--help", "--version"} & set(argv) or not argv:
        return ""
    here = ("--store", "--config", "-c")
    named = _given(argv, "--server")
    return named or ("" if any(_given(argv, name) for name in here) else os.environ.get("NETOPS_SERVER", ""))


def _given(argv: list[str], name: str) -> str | None:
    """The value of an option, read before click does, since help and errors need it."""
    for place, word in enumerate(argv):
        if word == name:
            return argv[place + 1] if place + 1 < len(argv) else None
        if word.startswith(name + "="):
            return word.split("=", 1)[1]
    return None


def _output(argv: list[str]) -> Output:
    from netops.cli.printing import Output

    return Output(json="--json" in argv)


def _usage(argv: list[str], error: click.ClickException) -> None:
    if "--json" in argv:
        _output(argv).error(
            NetopsError(
                "the command was not understood", "{reason}", "netops --help", reason=error.format_message()
            )
        )
        return
    context = getattr(error, "ctx", None)
    if context is not None:
        sys.stderr.write(context.get_usage() + "\n")
    sys.stderr.write(_("error") + _("{label}: ").format(label="") + error.format_message() + "\n")
    if context is not None:
        sys.stderr.write(_("help: {command} --help").format(command=context.command_path) + "\n")


def _unexpected(error: Exception) -> NetopsError:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="netops-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exc(file=log)
    return NetopsError(
        "netops met a fault of its own",
        "{reason}",
        "please report it with the file {path}",
        reason=f"{type(error).__name__}: {error}"[:300],
        path=log.name,
    )
