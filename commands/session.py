"""One invocation of the program: its audit, language, streams, and what happens when something goes wrong."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tpaudit.errors import AuditError, ExitCode, UsageFault

if TYPE_CHECKING:
    from rich.console import Console

    from tpaudit.audit import Audit
    from tpaudit.pipeline import Ingestion, Pipeline


@dataclass(frozen=True, slots=True)
class Given:
    """The shared options as given in one place of the command line; None (or a falsy flag) means not given there."""

    audit: Path | None = None
    format: str | None = None
    output: Path | None = None
    quiet: int = 0
    verbose: int = 0
    lang: str | None = None
    as_of: str | None = None
    engine: str | None = None
    no_input: bool = False
    color: str | None = None
    ascii: bool = False
    all: bool = False
    log_file: Path | None = None
    debug: bool = False
    lock_timeout: float | None = None

    def over(self, earlier: Given) -> Given:
        """These options, completed by those given *earlier* on the command line."""
        missing = {f.name: getattr(earlier, f.name) for f in fields(self) if not getattr(self, f.name)}
        return replace(self, **missing)


class Session:
    """Everything a subcommand needs from its surroundings."""

    def __init__(self, given: Given, command: str) -> None:
        self.given = given
        self.command = command
        self.exit_code = ExitCode.OK
        # Settings that options of the subcommand stand for, such as --threshold.
        self.flags: dict[tuple[str, str], Any] = {}

    # --- the audit ----------------------------------------------------------------------------------------------------

    @cached_property
    def audit(self) -> Audit:
        """The audit the command works on, with flags and environment laid over its settings."""
        from tpaudit.audit import find_audit_folder

        if self.given.audit is not None and not self.given.audit.is_dir():
            raise UsageFault(f"no audit folder {self.given.audit}", "create it, or check the path given to --audit")
        return self.audit_in(self.given.audit or find_audit_folder(Path.cwd()))

    def audit_in(self, folder: Path) -> Audit:
        """The audit in *folder*, with flags and environment laid over its settings."""
        from tpaudit.audit import Audit, load_config

        flags = dict(self.flags)
        if self.given.lang:
            flags["audit", "lang"] = str(self.given.lang)
        if self.given.as_of:
            flags["audit", "as_of"] = _day(self.given.as_of)
        if self.given.engine:
            flags["engine", "name"] = str(self.given.engine)
        return Audit(folder, load_config(folder, os.environ, flags))

    @property
    def audit_to_name(self) -> str | None:
        """The audit folder as a later command must name it; None where a command finds it by itself."""
        from tpaudit.audit import find_audit_folder

        folder = self.audit.folder
        return None if folder.resolve() == find_audit_folder(Path.cwd()).resolve() else shlex.quote(str(folder))

    @contextmanager
    def pipeline(self, ingestion: Ingestion | None = None, *, forced: Iterable[str] = ()) -> Iterator[Pipeline]:
        """The audit's pipeline, under its lock, telling progress on stderr."""
        from tpaudit.audit import hold_lock
        from tpaudit.commands.progress import progress
        from tpaudit.pipeline import Ingestion, Pipeline, find_exports

        ingestion = ingestion or Ingestion()
        # Before anything is written: a folder that holds no audit is left as it was.
        find_exports(self.audit, ingestion)
        is_new = not self.audit.private.exists()
        try:
            with (
                hold_lock(self.audit.private, self.command, self.given.lock_timeout or 0),
                progress(self) as tell,
                Pipeline(self.audit, ingestion, frozenset(forced), tell) as pipeline,
            ):
                yield pipeline
        finally:
            if is_new and ingestion.dry_run:
                shutil.rmtree(self.audit.private, ignore_errors=True)

    @cached_property
    def lang(self) -> Literal["en", "zh"]:
        """Language of results: flag, TPAUDIT_LANG, setting, then the locale's, then English."""
        return language_of(self.audit.config.settings.audit.lang)

    # --- streams ------------------------------------------------------------------------------------------------------

    @property
    def format(self) -> str:
        """Form of the payload: the flag, or what the output file's suffix says, or a table."""
        if self.given.format:
            return str(self.given.format)
        suffix = self.given.output.suffix.lower().lstrip(".") if self.given.output else ""
        return suffix if suffix in ("json", "csv", "parquet", "md", "sarif") else "table"

    @property
    def verbosity(self) -> int:
        """How much to say on stderr: 0 as usual, less if negative."""
        return self.given.verbose - self.given.quiet

    @cached_property
    def out(self) -> Console:
        """Console of the payload."""
        return self._console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Console of everything else."""
        return self._console(sys.stderr)

    def _console(self, stream: Any) -> Console:
        from rich.console import Console

        color = str(self.given.color or "auto")
        return Console(
            file=stream,
            force_terminal=True if color == "always" else None,
            no_color=True if color == "never" else None,
            highlight=False,
            soft_wrap=False,
        )

    @cached_property
    def is_ascii(self) -> bool:
        """Whether to draw with ASCII only: asked for, or the stream cannot encode anything else."""
        if self.given.ascii:
            return True
        try:
            "▲█·—".encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return True
        return False

    def say(self, message: str, at: int = 0) -> None:
        """Tell the person on stderr, unless that much was not wanted."""
        if self.verbosity >= at:
            from rich.markup import escape

            self.err.print(escape(message), soft_wrap=True)

    # --- faults -------------------------------------------------------------------------------------------------------

    def guard(self, work: Callable[[], None]) -> int:
        """Run *work* and return the exit code; a fault becomes a message, never a traceback."""
        try:
            work()
        except AuditError as fault:
            return self._report(fault.message, fault.hint, fault.exit_code)
        except KeyboardInterrupt:
            return self._report(
                "interrupted", "nothing is half-written; the next run completes it", ExitCode.INTERRUPTED
            )
        except BrokenPipeError:
            # The reader has gone (`tpaudit … | head`): not a fault of anybody's.
            _write_no_more()
            return self.exit_code
        except OSError as fault:
            self._log(traceback.format_exc())
            return self._report(
                f"could not read or write {fault.filename or 'the output'}: {fault.strerror or fault}",
                "look at its permissions and the free space, then run this again",
                ExitCode.CANNOT_EVALUATE,
            )
        except Exception as fault:
            return self._report_bug(fault)
        return self.exit_code

    def _report(self, message: str, hint: str | None, code: ExitCode) -> int:
        from rich.markup import escape

        self.err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
        if hint:
            self.err.print(f"  [bold]fix:[/] {escape(hint)}", soft_wrap=True)
        if self.given.debug:
            self.err.print(escape(traceback.format_exc()), soft_wrap=True)
        self._report_to_program(message, hint, code)
        return code

    def _report_to_program(self, message: str, hint: str | None, code: ExitCode) -> None:
        """Tell a program that reads the payload why there is none; it cannot be told if that cannot be written."""
        from tpaudit.commands import payload

        try:
            match self.format:
                case "json":
                    payload.write_json(self, {"error": {"code": int(code), "message": message, "fix": hint}})
                case "junit" | "sarif" | "github":
                    payload.write_ci_fault(self, message, hint, code)
            sys.stdout.flush()
        except OSError:
            _write_no_more()

    def _report_bug(self, fault: Exception) -> int:
        place = self._log(traceback.format_exc())
        where = f"the traceback is in {place}" if place else "pass --debug to see the traceback"
        return self._report(
            f"this is a bug in tpaudit: {type(fault).__name__} during `{self.command}`",
            f"{where}; please report it",
            ExitCode.CANNOT_EVALUATE,
        )

    def _log(self, text: str) -> Path | None:
        """Append *text* to the log and return where; None if there is nowhere to write."""
        try:
            file = self.given.log_file or self._log_folder() / "tpaudit.log"
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {self.command}\n{text}\n")
        except (OSError, AuditError):
            return None
        return file

    def _log_folder(self) -> Path:
        """The audit's own folder if there is an audit; otherwise no folder of the user's is touched."""
        import tempfile

        try:
            private = self.audit.private
        except AuditError:
            return Path(tempfile.gettempdir())
        return private if private.is_dir() else Path(tempfile.gettempdir())


def language_of(setting: str) -> Literal["en", "zh"]:
    """Resolve `auto` by the environment's locale.

    >>> language_of("zh")
    'zh'
    """
    if setting == "zh":
        return "zh"
    if setting == "auto":
        locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
        if locale.lower().startswith("zh"):
            return "zh"
    return "en"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"--as-of {text!r} is not a day", "write it as YYYY-MM-DD, such as 2026-11-16") from None


def _write_no_more() -> None:
    """Leave what cannot be written to stdout unwritten, so that the end of the process does not fail over it."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
