"""What files are: how they are written, where their header stands, and which presets fit."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import FileSniffed, PartSniffed, PresetFit, SniffResult

_CELLS_SHOWN = 6
_CELL_WIDTH = 24
# Signs that nobody would see, by the key of their name.
_NAMED_SIGNS = {"\t": "sniff.tab", " ": "sniff.blank", "": "sniff.none", "\r": "sniff.carriage_return"}


def render_sniff(result: SniffResult, view: View) -> RenderableType:
    """One block per file; in it one per table, sheet or member."""
    title = view.title(view.messages.text("sniff.title"), view.messages.count("files", len(result.files)))
    return stacked(title, *(_file(file, view) for file in result.files), _next(result, view))


def _next(result: SniffResult, view: View) -> RenderableType:
    """What to do with the files: ingest them, or describe a layout that no preset knows."""
    parts = [part for file in result.files for part in file.parts]
    if any(part.preset for part in parts):
        return view.next("tpaudit ingest")
    nearest = next((part.fits[0].preset for part in parts if part.fits), None)
    model = [f"tpaudit explain preset.{nearest}"] if nearest else []
    return joined(
        indented(view.say("sniff.describe")),
        view.next("tpaudit ingest --map FILE", "tpaudit ingest --as TABLE", *model),
    )


def _file(file: FileSniffed, view: View) -> RenderableType:
    heading = view.text(file.file, "bold red" if file.reason else "bold")
    if file.reason:
        return joined(heading, *_reason(file, view))
    return joined(heading, *(indented(_part(part, view)) for part in file.parts))


def _part(part: PartSniffed, view: View) -> RenderableType:
    name = view.text(part.name, "bold cyan") if part.name else None
    if part.reason:
        return joined(name, *_reason(part, view))
    return joined(name, *_facts(part, view), *_verdict(part, view), _fits(part, view), _preview(part, view))


def _reason(refused: FileSniffed | PartSniffed, view: View) -> list[RenderableType]:
    reason = view.messages.either(refused.reason, refused.reason_zh)
    hint = view.messages.either(refused.hint, refused.hint_zh)
    lines: list[RenderableType] = [indented(view.text(reason or view.figures.unknown))]
    if hint:
        lines.append(indented(view.say("ingest.remedy", "dim", hint=hint)))
    return lines


def _facts(part: PartSniffed, view: View) -> list[RenderableType]:
    say, count = view.messages.text, view.figures.count
    written = [part.container or "", part.encoding or ""]
    if part.delimiter is not None:
        written += [
            say("sniff.delimiter", sign=_sign(part.delimiter, view)),
            say("sniff.quote", sign=_sign(part.quote or "", view)),
        ]
        if part.escape not in (None, "doubled"):
            written.append(say("sniff.escape", sign=part.escape))
        if part.line_end == "\r":
            written.append(say("sniff.line_end", sign=_sign(part.line_end, view)))
    rows = say("sniff.sampled", rows=view.messages.count("rows", part.rows_sampled))
    if part.columns:
        at = say("sniff.header_row", row=count(part.header_row)) if part.header_row else say("sniff.named")
        if part.header_rows > 1:
            at += say("sniff.header_rows", n=count(part.header_rows))
    else:
        at = say("sniff.no_header")
    columns = view.messages.count("columns", part.width)
    names = say("list.comma").join(name or view.figures.unknown for name in part.columns[:_CELLS_SHOWN])
    if len(part.columns) > _CELLS_SHOWN:
        names += say("sniff.more_columns", n=count(len(part.columns) - _CELLS_SHOWN))
    return [
        _line("sniff.written", " · ".join(filter(None, written)), view),
        _line("sniff.header", f"{at} · {columns} · {rows}", view),
        *([_line("sniff.columns", names, view)] if names else []),
    ]


def _verdict(part: PartSniffed, view: View) -> list[RenderableType]:
    """The preset it would be read by, or what to do if there is none or the choice is close."""
    say = view.messages.text
    best = next((fit for fit in part.fits if fit.preset == part.preset), None)
    if best is None:
        return [_line("sniff.preset", say("sniff.unknown"), view, "bold red")]
    told = f"{best.preset} · {view.messages.title(best.title)} · {view.messages.name('confidence', best.confidence)}"
    lines: list[RenderableType] = [_line("sniff.preset", told, view, "bold green")]
    if part.is_close_call:
        others = [fit.preset for fit in part.fits if not fit.missing and fit.preset != best.preset]
        lines.append(indented(view.say("sniff.close_call", "bold yellow", other=others[0], preset=best.preset)))
    return lines


def _fits(part: PartSniffed, view: View) -> RenderableType | None:
    if not part.fits:
        return None
    say = view.messages.text
    grid = Grid(
        view,
        ((say("sniff.candidate"), "label"), (say("sniff.score"), "number"), (say("sniff.missing"), "text")),
    )
    for fit in part.fits:
        grid.add(fit.preset, view.figures.share(fit.score), _missing(fit, view))
    return grid.render()


def _missing(fit: PresetFit, view: View) -> str:
    return view.messages.text("list.comma").join(fit.missing) or view.messages.text("sniff.fits")


def _preview(part: PartSniffed, view: View) -> RenderableType | None:
    """The shape of the first rows: letters and figures are hidden, for they may say who somebody is."""
    if not part.preview:
        return None
    lines: list[RenderableType] = [view.say("sniff.preview", "dim")]
    for cells in part.preview:
        shown = [cell if len(cell) <= _CELL_WIDTH else f"{cell[: _CELL_WIDTH - 1]}…" for cell in cells[:_CELLS_SHOWN]]
        lines.append(indented(view.text(" | ".join(shown), "dim")))
    return joined(*lines)


def _line(key: str, text: str, view: View, style: str = "") -> Text:
    line = view.say(key, "dim")
    line.append_text(view.text(f"  {text}", style))
    return line


def _sign(sign: str, view: View) -> str:
    if sign in _NAMED_SIGNS:
        return view.messages.text(_NAMED_SIGNS[sign])
    return sign if sign.isprintable() else f"0x{ord(sign):02X}"
