"""The lake as checks see it: everything their SQL reads is there before they run, and nothing else is worked out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from tpaudit.audit import Audit
from tpaudit.checks import derived, texts
from tpaudit.checks.decoding import create_double_decoded
from tpaudit.checks.history import HISTORY_TABLES, create_history_tables
from tpaudit.checks.judging import Probe, words_of
from tpaudit.checks.parameters import audit_parameters
from tpaudit.checks.profile import History, LakeFile, Profile, lake_files, profile_of
from tpaudit.checks.views import Execute, create_lake_views
from tpaudit.model import LAKE_TABLES
from tpaudit.results import Titles

# What profiles are made from.
_PROFILED = frozenset({"activity"})


class Lake:
    """The lake of *audit* in a database that *execute* speaks to."""

    def __init__(self, audit: Audit, execute: Execute) -> None:
        self.audit = audit
        self.parameters = audit_parameters(audit)
        self._execute = execute
        self._history = History(audit)
        self._filled: set[str] = set()
        self._faults: dict[str, str] = {}
        self._profile: Profile | None = None
        self._has_history = False

    def prepare(self, probes: Sequence[Probe], *, with_profile: bool = False, also: Collection[str] = ()) -> None:
        """Create the views and tables that *probes* read, and those *also* names.

        *with_profile* looks at what the history keeps, too.
        """
        words = {*words_of(probes, self.parameters), *also}
        tables = derived.lake_tables_of(words | _PROFILED) | {table for probe in probes for table in probe.tables}
        create_lake_views(self.audit, self._execute, tuple(LAKE_TABLES) if with_profile else tables)
        self._filled = {name for name in tables if self._execute(f"SELECT 1 FROM exported_{name} LIMIT 1")}  # noqa: S608
        words = {*words_of([probe for probe in probes if not self._missing(probe)], self.parameters), *also}
        looks_back = with_profile or bool(words & HISTORY_TABLES) or any(probe.check.needs_history for probe in probes)
        for name in derived.needed(words | _PROFILED if looks_back else words):
            self._try(name, partial(derived.create, name, self.parameters, self._execute))
        if "double_decoded" in words:
            targets = [probe.target for probe in probes if "double_decoded" in (probe.check.fails_when or "")]
            self._try("double_decoded", partial(create_double_decoded, targets, self._execute))
        if looks_back:
            self._look_back(lake_files(self.audit, self._execute))

    def reason_to_skip(self, probe: Probe) -> Titles | None:
        """Why *probe* cannot run, or None if it can."""
        if missing := self._missing(probe):
            return texts.no_rows(missing)
        if probe.check.needs_history and not self._has_history:
            return texts.NO_EARLIER_RUN
        return None

    def fault_behind(self, probe: Probe) -> str | None:
        """What went wrong with a table *probe* reads while it was prepared, if anything did."""
        words = words_of([probe], self.parameters)
        needed = {*words, *derived.needed(words)}
        return next((fault for name, fault in self._faults.items() if name in needed), None)

    def keep_profile(self) -> None:
        """Keep what the lake looks like for the runs to come."""
        if self._profile is not None:
            self._history.add(self._profile)

    def _missing(self, probe: Probe) -> list[str]:
        """Tables the probe cannot do without and that hold no rows."""
        return [table for table in probe.tables if table not in self._filled]

    def _look_back(self, files: Sequence[LakeFile]) -> None:
        self._profile = profile_of(self.audit, files, self._execute)
        earlier = self._history.before(self._profile)
        self._has_history = bool(earlier)
        create_history_tables(earlier, files, self.audit.config.settings.validate_.min_rows, self._execute)

    def _try(self, name: str, create: Callable[[], None]) -> None:
        """Run *create*; what it raises belongs to the checks that read the table, and the others still report."""
        try:
            create()
        except Exception as fault:
            self._faults[name] = first_line(fault)


def first_line(fault: Exception) -> str:
    """The first line of what went wrong.

    >>> first_line(ValueError("no such column\\nLINE 1: ..."))
    'no such column'
    """
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
