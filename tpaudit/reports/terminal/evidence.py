"""Why two records are one customer, or not: a waterfall of evidence; and the pairs a person should look at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import Evidence, Explanation, RecordShown, ReviewPair, ReviewResult

_BAR_CELLS = 26
_COMPOSITE = re.compile(r"^surname (?P<surname>.+), given name (?P<given>.+)$")
_GROWS, _FALLS = "green", "red"
# Bits that are not worth a word in a list of evidence.
_SLIGHT = 0.5


def render_explanation(result: Explanation, view: View) -> RenderableType:
    """The two records, what each field says and how it adds up, and the verdict with its reason."""
    text = view.messages.text
    return stacked(
        view.title(text("explain.title")),
        joined(*(_record(side, view) for side in (result.left, result.right))),
        _waterfall(result, view),
        _values(result, view) if not view.wide else None,
        _path(result, view),
        _verdict(result, view),
    )


def render_review(result: ReviewResult, view: View) -> RenderableType:
    """The pairs, the most informative first, with what speaks for and against each."""
    if not result.pairs:
        return view.say("review.none")
    text, figures = view.messages.text, view.figures
    shown, more = view.cut(result.pairs)
    grid = Grid(
        view,
        (
            (text("review.number"), "number"),
            (text("review.probability"), "number"),
            (text("review.records"), "number"),
            (text("review.state"), "label"),
            (text("review.evidence"), "text"),
        ),
    )
    for number, pair in enumerate(shown, start=1):
        grid.add(
            figures.count(number),
            figures.share(pair.probability),
            figures.count(pair.records),
            text("review.joined" if pair.same_customer else "review.apart"),
            _pair(pair, view),
        )
    return stacked(
        view.title(text("review.title"), text("review.line", pairs=view.messages.count("pairs", len(result.pairs)))),
        joined(grid.render(), more),
        view.next("tpaudit dedupe --review 20 -o review.xlsx", "tpaudit dedupe --labels review.xlsx"),
    )


def level_text(level: str | None, view: View) -> str:
    """What a level of agreement is called."""
    if level is None:
        return view.figures.unknown
    messages = view.messages
    if found := _COMPOSITE.match(level):
        surname, given = (messages.name("level", part.replace(" ", "_")) for part in found.groups())
        parts = [messages.text("level.surname", part=surname), messages.text("level.given", part=given)]
        return messages.text("list.comma").join(parts)
    return messages.name("level", re.sub(r"\W+", "_", level))


def evidence_line(evidence: Sequence[Evidence], view: View) -> str:
    """What speaks for and against, the strongest first: ``Phone: different (-5.2 bits)``."""
    telling = sorted((each for each in evidence if abs(each.bits) >= _SLIGHT), key=lambda each: -abs(each.bits))
    return view.messages.text("list.comma").join(
        f"{view.messages.name('field', each.field)}: {level_text(each.level, view)} ({each.bits:+.1f})"
        for each in telling
    )


def _record(record: RecordShown, view: View) -> RenderableType:
    line = view.text(record.contact_id, "bold")
    if record.source_file:
        place = view.messages.text("explain.place", file=record.source_file, row=view.figures.count(record.source_row))
        line.append_text(view.text(f"  {place}", "dim"))
    line.append_text(view.text(f"  → {record.customer_id or view.figures.unknown}", "dim"))
    return indented(line)


def _waterfall(result: Explanation, view: View) -> RenderableType:
    text = view.messages.text
    grid = Grid(view, _waterfall_columns(view))
    known = [each for each in result.evidence if each.level is not None]
    steps: list[tuple[str, str, float, Evidence | None]] = [(text("explain.prior"), "", result.prior_bits, None)]
    steps += [
        (view.messages.name("field", each.field), level_text(each.level, view), each.bits, each) for each in known
    ]
    if result.overlap_bits:
        steps.append((text("explain.overlap"), "", result.overlap_bits, None))
    if result.rule_bits:
        steps.append((text("explain.rule"), "", result.rule_bits, None))
    ends = [0.0]
    for _, _, bits, _ in steps:
        ends.append(ends[-1] + bits)
    low, high = min(ends), max(ends)
    for (name, level, bits, each), start, end in zip(steps, ends, ends[1:], strict=False):
        sides = [(each.left if each else None) or "", (each.right if each else None) or ""] if view.wide else []
        grid.add(name, level, f"{bits:+.1f}", *sides, _step(start, end, low, high, view))
    total = text("explain.ruled_out") if result.total_bits is None else f"{result.total_bits:+.1f}"
    final = _step(0.0, ends[-1] if result.total_bits is None else result.total_bits, low, high, view)
    blank = ["", ""] if view.wide else []
    grid.add(text("explain.total"), "", total, *blank, final, style="bold")
    unknown = [view.messages.name("field", each.field) for each in result.evidence if each.level is None]
    note = view.say("explain.unknown", "dim", fields=view.messages.listed(unknown)) if unknown else None
    return joined(grid.render(), indented(note) if note else None, indented(view.say("explain.scale", "dim")))


def _waterfall_columns(view: View) -> Columns:
    text = view.messages.text
    sides: Columns = ((text("explain.left"), "label"), (text("explain.right"), "label")) if view.wide else ()
    first: Columns = (
        (text("explain.field"), "label"), (text("explain.level"), "text"), (text("explain.bits"), "number"),
    )  # fmt: skip
    return (*first, *sides, ("", "label"))


def _step(start: float, end: float, low: float, high: float, view: View) -> Text:
    """A bar from *start* to *end* on the scale from *low* to *high*."""
    span = max(high - low, 1e-9)
    first, last = (round((place - low) / span * _BAR_CELLS) for place in sorted((start, end)))
    length = max(last - first, 1)
    first = min(first, _BAR_CELLS - length)
    sign = view.symbols.bar[-1]
    return Text((" " * first + sign * length).ljust(_BAR_CELLS), style=_GROWS if end >= start else _FALLS)


def _values(result: Explanation, view: View) -> RenderableType | None:
    """Both sides' values where the waterfall has no room for them."""
    known = [each for each in result.evidence if each.left or each.right]
    if not known:
        return None
    text = view.messages.text
    grid = Grid(
        view, ((text("explain.field"), "label"), (text("explain.left"), "text"), (text("explain.right"), "text"))
    )
    for each in known:
        sides = (each.left or view.figures.unknown, each.right or view.figures.unknown)
        grid.add(view.messages.name("field", each.field), *sides)
    return grid.render()


def _path(result: Explanation, view: View) -> RenderableType | None:
    if not result.path:
        return None
    lines: list[RenderableType] = [view.heading(view.messages.text("explain.path"))]
    for step in result.path:
        line = view.text(f"{step.left} → {step.right}  ")
        sure = view.messages.text("explain.step_decided") if step.decided else view.figures.share(step.probability)
        lines.append(indented(line.append_text(view.text(sure, "dim"))))
    return joined(*lines)


def _verdict(result: Explanation, view: View) -> RenderableType:
    text, share = view.messages.text, view.figures.share
    verdict = view.say(
        "explain.verdict", f"bold {_GROWS if result.same_customer else _FALLS}",
        verdict=text("explain.same" if result.same_customer else "explain.apart"),
        probability=share(result.probability), threshold=share(result.threshold),
    )  # fmt: skip
    compared = None if result.was_compared else view.say("explain.never_compared", "dim")
    return joined(verdict, view.say(f"explain.reason_{result.reason}"), compared)


def _pair(pair: ReviewPair, view: View) -> Text:
    ids = view.text(f"{pair.contact_a}  {pair.contact_b}", "dim")
    return view.text(evidence_line(pair.evidence, view)).append("\n").append_text(ids)
