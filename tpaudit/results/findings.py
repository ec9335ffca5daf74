"""What the validation of an audit returns: findings, the verdict at the gate, and the evidence that goes with them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from tpaudit.results.base import Result, Severity, Status, Titles


class PlaceCount(Result):
    """How many units fell short in one file, source or channel."""

    place: str | None
    failed: int


class WaiverUse(Result):
    """A waiver of the audit that is about a finding, and what it does for it.

    `state`: `used` while it covers failures; `outgrown` if there are more than it was granted for, the rest of which
    count; `expired` if its day is over: then it covers none; `unneeded` if nothing it covers fails.
    """

    reason: str
    expires: date
    max_failed: int
    file: str | None
    state: Literal["used", "outgrown", "expired", "unneeded"]
    waived: int


class RowPlace(Result):
    """Where the first row that fell short stands in a file; rows are numbered as a spreadsheet numbers them."""

    file: str
    row: int


class FindingRow(Result):
    """One check on one column: mart `findings` plus what a person needs to act.

    `checked` and `failed` count units (`unit`: rows, channels, days ...). `waived` of the failed ones are covered by
    the audit's waivers: they stay failed, but do not count at the gate. `baselined` is the count a baseline holds for
    the finding, None without one: no more than that are known and pass the gate, any more fail it. `rows` has the first
    failing row of each file where somebody asked for it. *reason* says, in both languages, why the check was skipped or
    could not run; it is None otherwise.
    """

    code: str
    title: Titles
    table: str
    column: str | None
    severity: Severity
    status: Status
    checked: int | None
    failed: int | None
    share: float | None
    threshold: float | None
    detail: str | None = None
    reason: Titles | None = None
    why: Titles | None = None
    remedy: Titles | None = None
    unit: str = "row"
    tags: tuple[str, ...] = ()
    places: tuple[PlaceCount, ...] = ()
    waived: int = 0
    waivers: tuple[WaiverUse, ...] = ()
    baselined: int | None = None
    rows: tuple[RowPlace, ...] = ()

    @property
    def unwaived(self) -> int:
        """How many units fell short that no waiver covers."""
        return (self.failed or 0) - self.waived

    @property
    def falls_short(self) -> bool:
        """Whether it failed by more than waivers cover and the baseline knows."""
        if self.status != "failed":
            return False
        if self.checked is None or self.failed is None or self.threshold is None:
            return True
        if self.unwaived / self.checked <= self.threshold:
            return False
        return self.baselined is None or self.unwaived > self.baselined

    @property
    def is_excused(self) -> bool:
        """Whether it failed, but waivers cover it or the baseline knows it."""
        return self.status == "failed" and not self.falls_short

    @property
    def has_grown(self) -> bool:
        """Whether the baseline knows it and there is more of it now."""
        return self.falls_short and self.baselined is not None


class BaselineUse(Result):
    """What a baseline did: findings it excused, findings that outgrew it, and entries it could do without or lower."""

    file: str
    known: int
    grown: int
    mended: int


class ScoreRow(Result):
    """How well one table, source system, owner or team keeps its records; shares are of the `_of` count beside them.

    `filled` of the core cells hold a value; `followed_up` of the leads and tickets show a reaction; `zombies` and
    `duplicates` are customer records nobody can be reached through, or the second and further ones of a customer in
    one system; `failing` of the records fall short of a check, a record's worst failure counting 1 (critical), 0.5
    (warning) or 0.1 (info). `score` is 100 times the mean of the parts that could be measured, the bad ones turned
    round. All records are counted, none sampled.
    """

    scope: Literal["table", "source", "owner", "team"]
    name: str
    records: int
    filled: float | None
    filled_of: int
    followed_up: float | None
    followed_up_of: int
    zombies: float | None
    duplicates: float | None
    customer_records: int
    failing: float | None
    score: float | None


class BackfillRow(Result):
    """A field that customers lack in one source system and that another one holds for some of them."""

    field: str
    source: str
    customers: int
    missing: int
    fillable: int
    from_source: str


class QuarantinedFile(Result):
    """One file of quarantined rows: those of a check on a table."""

    file: str
    code: str
    table: str
    rows: int
    failed: int


class Quarantine(Result):
    """The rows behind the findings, as files of a folder; `unnamed` are findings whose failures are no rows."""

    folder: str
    masked: bool
    files: tuple[QuarantinedFile, ...]
    unnamed: tuple[str, ...] = ()


class ValidateResult(Result):
    """All findings and the verdict at the gate."""

    findings: tuple[FindingRow, ...]
    fail_on: Literal["critical", "warning", "info", "never"]
    seconds: float = 0.0
    baseline: BaselineUse | None = None
    scorecard: tuple[ScoreRow, ...] = ()
    backfill: tuple[BackfillRow, ...] = ()
    quarantine: Quarantine | None = None

    def count(self, status: Status) -> int:
        """Findings with this status."""
        return sum(finding.status == status for finding in self.findings)

    @property
    def gate_failures(self) -> tuple[FindingRow, ...]:
        """Failed findings at or above the severity that fails the run that nothing excuses."""
        if self.fail_on == "never":
            return ()
        order = ("critical", "warning", "info")
        counted = order[: order.index(self.fail_on) + 1]
        return tuple(f for f in self.findings if f.falls_short and f.severity in counted)

    @property
    def passed(self) -> bool:
        """Whether nothing at or above the threshold failed."""
        return not self.gate_failures
