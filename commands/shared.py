"""Options every subcommand shares, and the boundary that turns faults into messages and exit codes.

The shared options may stand before or after the subcommand: `tpaudit -C acme run` and `tpaudit run -C acme` are the
same. They are written once, here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from tpaudit.commands.session import Given, Session
from tpaudit.errors import UsageFault

PANEL = "Shared options"


class Format(StrEnum):
    """How the payload is written."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"
    md = "md"
    junit = "junit"
    sarif = "sarif"
    github = "github"
    gx = "gx"


# Forms that tell a pipeline what a data-quality gate found; no other command has findings.
CI_FORMATS = (Format.junit, Format.sarif, Format.github)


class Language(StrEnum):
    """Language of reports and results."""

    en = "en"
    zh = "zh"
    auto = "auto"


class Color(StrEnum):
    """When to use colour."""

    auto = "auto"
    always = "always"
    never = "never"


class EngineName(StrEnum):
    """Engines built into this version."""

    duckdb = "duckdb"


# Name -> annotation. Every default is None: "not given here", so that the place nearest to the verb wins.
SHARED: dict[str, Any] = {
    "audit": Annotated[
        Path | None,
        typer.Option("--audit", "-C", metavar="DIR", envvar="TPAUDIT_AUDIT", rich_help_panel=PANEL, show_default=False,
                     help="Audit folder; default: here, or the nearest parent with tpaudit.toml."),
    ],
    "format": Annotated[
        Format | None,
        typer.Option("--format", envvar="TPAUDIT_FORMAT", rich_help_panel=PANEL, show_default=False,
                     help="Form of the payload; default: table, or what --output's suffix says. "
                          "junit, sarif and github: `validate` only; gx: `list checks` only."),
    ],
    "output": Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", rich_help_panel=PANEL, show_default=False,
                     help="Write the payload to FILE instead of stdout."),
    ],
    "quiet": Annotated[
        int, typer.Option("--quiet", "-q", count=True, rich_help_panel=PANEL, show_default=False,
                          help="Say less on stderr."),
    ],
    "verbose": Annotated[
        int, typer.Option("--verbose", "-v", count=True, rich_help_panel=PANEL, show_default=False,
                          help="Say more on stderr."),
    ],
    "lang": Annotated[
        Language | None,
        typer.Option("--lang", rich_help_panel=PANEL, show_default=False, show_envvar=True,
                     help="Language of results (TPAUDIT_LANG)."),
    ],
    "as_of": Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", rich_help_panel=PANEL, show_default=False,
                     help="Day the audit looks back from, YYYY-MM-DD; default: today (TPAUDIT_AS_OF)."),
    ],
    "engine": Annotated[
        EngineName | None,
        typer.Option("--engine", rich_help_panel=PANEL, show_default=False,
                     help="Engine that runs the audit (TPAUDIT_ENGINE)."),
    ],
    "no_input": Annotated[
        bool, typer.Option("--no-input", envvar="TPAUDIT_NO_INPUT", rich_help_panel=PANEL, show_default=False,
                           help="Never ask; fail instead."),
    ],
    "color": Annotated[
        Color | None,
        typer.Option("--color", envvar="TPAUDIT_COLOR", rich_help_panel=PANEL, show_default=False,
                     help="When to use colour; default: auto."),
    ],
    "ascii": Annotated[
        bool, typer.Option("--ascii", envvar="TPAUDIT_ASCII", rich_help_panel=PANEL, show_default=False,
                           help="Draw with ASCII characters only."),
    ],
    "all": Annotated[
        bool, typer.Option("--all", rich_help_panel=PANEL, show_default=False, help="Show lists in full.")
    ],
    "log_file": Annotated[
        Path | None,
        typer.Option("--log-file", metavar="FILE", envvar="TPAUDIT_LOG_FILE", rich_help_panel=PANEL,
                     show_default=False, help="Append the log to FILE; default: .tpaudit/tpaudit.log."),
    ],
    "debug": Annotated[
        bool, typer.Option("--debug", envvar="TPAUDIT_DEBUG", rich_help_panel=PANEL, show_default=False,
                           help="Show the traceback of a fault."),
    ],
    "lock_timeout": Annotated[
        float | None,
        typer.Option("--lock-timeout", metavar="S", min=0, envvar="TPAUDIT_LOCK_TIMEOUT", rich_help_panel=PANEL,
                     show_default=False, help="Seconds to wait for another run; default: 0."),
    ],
}  # fmt: skip

_FLAGS = {"quiet": 0, "verbose": 0, "no_input": False, "ascii": False, "all": False, "debug": False}

Verb = Callable[..., None]


def with_shared_options(function: Verb) -> Verb:
    """Make *function(session, …)* a subcommand that also takes the shared options.

    Faults it raises become one message on stderr, a remedy, and the exit code of the contract.
    """

    def call(ctx: typer.Context, given: Given, own: dict[str, Any]) -> None:
        earlier = ctx.find_root().obj
        session = Session(given.over(earlier) if isinstance(earlier, Given) else given, ctx.command_path)

        def work() -> None:
            _refuse_foreign_format(session, str(ctx.command.name))
            function(session, **own)

        code = session.guard(work)
        if code:
            raise typer.Exit(code)

    return _extended(function, call, skip="session")


def _refuse_foreign_format(session: Session, command: str) -> None:
    """Raise UsageFault, before any work is done, for a form that this command's result cannot take."""
    if session.format in CI_FORMATS and command != "validate":
        raise UsageFault(f"--format {session.format} is for `tpaudit validate` only", "use --format json")
    if session.format == Format.gx and command != "list":
        raise UsageFault("--format gx is for `tpaudit list checks` only", "use --format json")


def remember_shared_options(function: Verb) -> Verb:
    """Make the root take the shared options and keep them for the subcommand."""

    def call(ctx: typer.Context, given: Given, own: dict[str, Any]) -> None:
        ctx.obj = given
        function(**own)

    return _extended(function, call, skip=None)


def _extended(function: Verb, call: Callable[[typer.Context, Given, dict[str, Any]], None], skip: str | None) -> Verb:
    """A function with *function*'s parameters (but *skip*), a context and the shared options, for Typer to read."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name != skip
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_FLAGS.get(name), annotation=annotation)
        for name, annotation in SHARED.items()
    ]

    @functools.wraps(function)
    def extended(ctx: typer.Context, **values: Any) -> None:
        given = Given(**{name: values.pop(name) for name in SHARED})
        call(ctx, given, values)

    parameters = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *common]
    extended.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    extended.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del extended.__wrapped__
    return extended
