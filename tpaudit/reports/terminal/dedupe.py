"""Records in, customers out: on which keys, and which keys were not trusted."""

from __future__ import annotations

from rich.console import RenderableType

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import DedupeResult

_BAR_CELLS = 30


def render_dedupe(result: DedupeResult, view: View) -> RenderableType:
    """The counts, the keys, the values that are nobody's key, and how many records make a customer."""
    return stacked(
        view.title(view.messages.text("dedupe.title"), dedupe_line(result, view)),
        indented(
            view.say(
                "dedupe.summary",
                identified=view.figures.count(result.identified_customers),
                merged=view.figures.count(result.merged_customers),
                largest=view.figures.count(result.largest_cluster),
            )
        ),
        _state(result, view),
        _keys(result, view),
        _shared(result, view),
        _sources(result, view),
        _sizes(result, view),
        view.next("tpaudit validate", "tpaudit journey"),
    )


def dedupe_line(result: DedupeResult, view: View) -> str:
    """Records and customers in one line."""
    return view.messages.text(
        "dedupe.line",
        records=view.messages.count("records", result.records),
        customers=view.messages.count("customers", result.customers),
    )


def _state(result: DedupeResult, view: View) -> RenderableType | None:
    """What changed, what a person decided, and what a person should look at."""
    count = view.figures.count
    lines: list[RenderableType] = []
    if changes := result.changes:
        share = view.figures.share(result.identified_customers / result.customers if result.customers else None)
        lines.append(view.say("dedupe.identified_share", share=share))
        if changes.generation == 1:
            lines.append(view.say("dedupe.changes_first", new=count(changes.new)))
        else:
            numbers = {name: count(getattr(changes, name)) for name in ("new", "merged", "split", "gone")}
            lines.append(view.say("dedupe.changes", generation=changes.generation, **numbers))
    if result.decisions:
        lines.append(view.say("dedupe.decisions", n=count(result.decisions)))
    for blocks in result.uncompared:
        fields = ", ".join(sorted({view.messages.name("field", name.partition(":")[0]) for name in blocks.fields}))
        numbers = {name: count(getattr(blocks, name)) for name in ("blocks", "largest")}
        lines.append(view.say("dedupe.uncompared", "dim", fields=fields, **numbers))
    if result.capped_joins:
        lines.append(view.say("dedupe.capped", "yellow", n=count(result.capped_joins)))
    if result.conflicts:
        lines.append(view.say("dedupe.conflicts", n=count(result.conflicts)))
    if result.review_customers:
        lines.append(view.say("dedupe.review", "yellow", n=count(result.review_customers)))
    return joined(*(indented(line) for line in lines)) if lines else None


def _sources(result: DedupeResult, view: View) -> RenderableType | None:
    """Which systems know the same customers."""
    if not result.source_pairs:
        return None
    shown, more = view.cut(result.source_pairs)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("dedupe.source"), "label"),
            (heading("dedupe.source_other"), "label"),
            (heading("dedupe.customers"), "number"),
            ("", "label"),
        ),
    )
    most = max(pair.customers for pair in result.source_pairs)
    for pair in shown:
        other = heading("dedupe.source_same") if pair.one == pair.other else pair.other
        bar = view.bar(pair.customers / most, _BAR_CELLS, "cyan")
        grid.add(pair.one, other, view.figures.count(pair.customers), bar)
    return joined(view.heading(heading("dedupe.sources")), grid.render(), more)


def _keys(result: DedupeResult, view: View) -> RenderableType | None:
    if not result.keys:
        return None
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("dedupe.key"), "text"),
            (heading("dedupe.records"), "number"),
            (heading("dedupe.values"), "number"),
            (heading("dedupe.merged"), "number"),
            (heading("dedupe.reliability"), "number"),
            (heading("dedupe.reliability_n"), "number"),
        ),
    )
    for key in result.keys:
        grid.add(
            view.messages.name("point", key.type),
            view.figures.count(key.records),
            view.figures.count(key.values),
            view.figures.count(key.merged_records),
            view.figures.share(key.reliability),
            view.figures.count(key.reliability_n),
        )
    return joined(
        view.heading(heading("dedupe.keys")), grid.render(), indented(view.say("dedupe.reliability_note", "dim"))
    )


def _shared(result: DedupeResult, view: View) -> RenderableType | None:
    if not result.shared_total:
        return None
    shown, _ = view.cut(result.shared)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("dedupe.key"), "label"),
            (heading("dedupe.value"), "label"),
            (heading("dedupe.records"), "number"),
            (heading("dedupe.names"), "number"),
            (heading("dedupe.treatment"), "text"),
        ),
    )
    for key in shown:
        grid.add(
            view.messages.name("point", key.type),
            key.value_masked,
            view.figures.count(key.records),
            view.figures.count(key.names),
            view.messages.name("treatment", key.treatment.replace(" ", "_")),
        )
    # The result itself may list only the most widely shared values of all there are.
    left_out = result.shared_total - len(shown)
    more = indented(view.say("list.more_of_all", "dim", n=view.figures.count(left_out))) if left_out > 0 else None
    note = view.messages.count("values", result.shared_total)
    return joined(view.heading(heading("dedupe.shared"), note), grid.render(), more)


def _sizes(result: DedupeResult, view: View) -> RenderableType | None:
    if not result.cluster_sizes:
        return None
    shown, more = view.cut(result.cluster_sizes)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("dedupe.records_each"), "number"),
            (heading("dedupe.customers"), "number"),
            ("", "label"),
        ),
    )
    most = max(size.customers for size in result.cluster_sizes)
    for size in shown:
        bar = view.bar(size.customers / most if most else None, _BAR_CELLS, "cyan")
        grid.add(view.figures.count(size.records), view.figures.count(size.customers), bar)
    return joined(view.heading(heading("dedupe.sizes")), grid.render(), more)
