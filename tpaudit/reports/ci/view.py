"""What the forms for pipelines need besides the result: language, where files lie, when it was, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tpaudit.reports.arrange import place
from tpaudit.reports.figures import Figures, printable
from tpaudit.reports.finding_text import found
from tpaudit.reports.language import Messages
from tpaudit.results import FindingRow

_PART_MARK = "#"


@dataclass(frozen=True)
class Spot:
    """A place in a file of the repository: its path from the current folder, and the row if it is known."""

    path: str
    row: int | None = None


@dataclass(frozen=True)
class CiView:
    """How a result is told to a pipeline.

    `exports` and `settings_file` are paths from the folder the command runs in, which in a pipeline is the checkout.
    """

    messages: Messages
    exports: str
    settings_file: str
    made_at: datetime
    exit_code: int

    @cached_property
    def figures(self) -> Figures:
        """Writes numbers."""
        return Figures(self.messages)

    def title(self, finding: FindingRow) -> str:
        """Code, place and title of a finding, on one line."""
        return printable(f"{finding.code} {place(finding)}: {self.messages.title(finding.title)}")

    def found(self, finding: FindingRow) -> str:
        """What it found, what excuses it, and the places with most of it."""
        text = found(finding, self.messages, self.figures)
        if finding.status == "failed" and finding.detail:
            text = self.messages.text("validate.found_detail", found=text, detail=finding.detail)
        return printable(text)

    def explained(self, finding: FindingRow) -> list[str]:
        """What it found, why it matters and what to do, a line each; where rows are known, the first of each file."""
        lines = [self.found(finding)]
        lines += [self.messages.title(text) for text in (finding.why, finding.remedy) if text is not None]
        for row in finding.rows:
            place = self.messages.text("validate.at_row", file=printable(row.file), row=row.row)
            lines.append(self.messages.text("validate.first_row", place=place))
        return lines

    def spots(self, finding: FindingRow) -> Sequence[Spot]:
        """Where to look: the first failing row of each file; failing that, the files; failing that, the settings.

        What is wrong with a day or a channel stands in no file of its own. It is pointed at where it can be adjusted,
        because some readers refuse a finding without a file.
        """
        if finding.rows:
            return [Spot(self.path_of(row.file), row.row) for row in finding.rows]
        files = [one.place for one in finding.places if one.place] if finding.unit == "row" else []
        return [Spot(self.path_of(file)) for file in files] or [Spot(self.settings_file, 1)]

    def path_of(self, file: str) -> str:
        """Path of an exported file from here; sheets and archive members go by the file they are in."""
        name, mark, _ = file.rpartition(_PART_MARK)
        inside = bool(mark) and "." in name.rpartition("/")[2]
        return f"{self.exports}/{name if inside else file}"
