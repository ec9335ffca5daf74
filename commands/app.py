"""The `tpaudit` program: finds the subcommand, loads only that one, and runs it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tpaudit import __version__, process
from tpaudit.commands.shared import remember_shared_options

# Subcommand -> module, in the order of a day's work. A command that is not built is not listed.
COMMANDS = {
    name: f"tpaudit.commands.{name}"
    for name in (
        "demo", "init", "run", "sniff", "ingest", "dedupe", "customer", "validate", "journey", "kpi", "rank", "report",
        "history", "list", "explain", "config",
    )
}  # fmt: skip

EXIT_CODES = """\
Exit codes: 0 done · 1 the data fell short · 2 usage or configuration fault · 3 could not evaluate ·
4 another run holds the lock · 130 interrupted."""


class LazyGroup(TyperGroup):
    """Subcommands that are imported when they are named, so that start-up stays fast."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all subcommands, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the module of *cmd_name* and return its command; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, epilog=EXIT_CODES, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tpaudit {__version__}")
        raise typer.Exit


@app.callback()
@remember_shared_options
def tpaudit(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Turn a folder of messy channel exports into a customer-touchpoint audit.

    Start with `tpaudit demo`, then `tpaudit run` in a folder that has your files in exports/.
    """


def main() -> None:
    """Do what the command line says; raises SystemExit with the exit code."""
    process.prepare()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that cannot show a character must not end the run.
            stream.reconfigure(errors="replace")
    app(prog_name="tpaudit")


def program() -> None:
    """Entry point of the installed program."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, int):
            process.leave(end.code)
        raise
