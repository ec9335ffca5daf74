"""How a result is to be shown: language, width, symbols, how many rows of a long list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from rich.box import Box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from tpaudit.reports.figures import Figures, printable
from tpaudit.reports.language import Messages

Item = TypeVar("Item")

# From this width on, tables show every column.
WIDE = 110

_HEADER_LINE = "    \n    \n {0}{0} \n    \n    \n    \n    \n    \n"

# Signs that a console with a legacy or ASCII code page cannot show, and what stands for them there.
_TO_ASCII = str.maketrans(
    {
        "·": "|",
        "—": "-",
        "–": "-",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "×": "x",
        "²": "2",
        "★": "*",
        "▲": "!",
        "¥": "CNY ",
        "€": "EUR ",
        "£": "GBP ",
        "₹": "INR ",
        "✓": "+",
        "…": "...",
    }
)


@dataclass(frozen=True, slots=True)
class Symbols:
    """The signs tables and bars are drawn with."""

    box: Box
    bar: tuple[str, ...]
    verdicts: dict[str, str]


def symbols(ascii: bool) -> Symbols:
    """Signs for a Unicode terminal, or for one that shows ASCII only.

    >>> symbols(ascii=True).verdicts["golden"], symbols(ascii=False).verdicts["golden"]
    ('*', '★')
    """
    if ascii:
        verdicts = {"golden": "*", "golden_risk": "!", "supporting": ".", "insufficient": "?"}
        return Symbols(Box(_HEADER_LINE.format("-"), ascii=True), ("#",), verdicts)
    verdicts = {"golden": "★", "golden_risk": "▲", "supporting": "·", "insufficient": "?"}
    return Symbols(Box(_HEADER_LINE.format("─")), tuple("▏▎▍▌▋▊▉█"), verdicts)


@dataclass(frozen=True)
class View:
    """Everything a terminal renderer needs besides the result.

    `width` is the console's; `limit` the rows after which a list is cut, None to show all; `audit` the audit folder to
    name in commands to go on with, None if they find it by themselves.
    """

    messages: Messages
    width: int = 100
    ascii: bool = False
    limit: int | None = 20
    currency: str = "CNY"
    audit: str | None = None

    @cached_property
    def symbols(self) -> Symbols:
        """Signs to draw with."""
        return symbols(self.ascii)

    @cached_property
    def figures(self) -> Figures:
        """Writes numbers."""
        return Figures(self.messages, self.currency)

    @property
    def wide(self) -> bool:
        """Whether there is room for every column."""
        return self.width >= WIDE

    def text(self, text: str, style: str = "") -> Text:
        """*text* as it is, never read as markup, without control characters."""
        shown = printable(text)
        return Text(shown.translate(_TO_ASCII) if self.ascii else shown, style=style)

    def say(self, key: str, style: str = "", **values: object) -> Text:
        """A message of the catalogue."""
        return self.text(self.messages.text(key, **values), style)

    def bar(self, share: float | None, width: int, style: str = "") -> Text:
        """A bar of up to *width* cells for a share of 0-1, to an eighth of a cell where the terminal can."""
        steps = len(self.symbols.bar)
        length = round(min(max(share or 0, 0), 1) * width * steps)
        if share and not length:
            length = 1
        full, part = divmod(length, steps)
        drawn = self.symbols.bar[-1] * full + (self.symbols.bar[part - 1] if part else "")
        return Text(drawn.ljust(width), style=style)

    def cut(
        self, rows: Sequence[Item], weight: Callable[[Item], float] | None = None
    ) -> tuple[Sequence[Item], RenderableType | None]:
        """The rows to show, and the line that says how many are left out.

        With a *weight* the heaviest rows stay, in their order; without one the first.
        """
        if self.limit is None or len(rows) <= self.limit:
            return rows, None
        kept = range(len(rows)) if weight is None else sorted(range(len(rows)), key=lambda index: -weight(rows[index]))
        left_out = len(rows) - self.limit
        more = indented(self.say("list.more", "dim", n=self.figures.count(left_out)))
        return [rows[index] for index in sorted(kept[: self.limit])], more

    def title(self, *parts: str) -> Text:
        """The first line of a result: what it is, and what it is about."""
        separator = self.text("  ·  ", "dim")
        line = Text()
        for position, part in enumerate(part for part in parts if part):
            line.append_text(separator if position else Text())
            line.append_text(self.text(part, "" if position else "bold cyan"))
        return line

    def heading(self, text: str, note: str | None = None) -> Text:
        """The line above a table."""
        line = self.text(text, "bold")
        if note:
            line.append_text(self.text(f"   {note}", "dim"))
        return line

    def next(self, *commands: str) -> RenderableType:
        """The commands to go on with."""
        line = self.say("next", "dim")
        for position, command in enumerate(commands):
            line.append_text(self.text("   " if position else "  ", "dim"))
            shown = command.replace("tpaudit ", f"tpaudit -C {self.audit} ", 1) if self.audit else command
            line.append_text(self.text(shown, "bold"))
        return indented(line)


def indented(part: RenderableType) -> RenderableType:
    """*part*, two cells to the right."""
    return Padding(part, (0, 0, 0, 2), expand=False)


def stacked(*parts: RenderableType | None) -> Group:
    """Parts one under the other with a blank line between them; missing ones are left out."""
    present = [part for part in parts if part is not None]
    lines: list[RenderableType] = []
    for position, part in enumerate(present):
        if position:
            lines.append(Text(""))
        lines.append(part)
    return Group(*lines)


def joined(*parts: RenderableType | None) -> Group:
    """Parts one under the other without a gap; missing ones are left out."""
    return Group(*(part for part in parts if part is not None))
