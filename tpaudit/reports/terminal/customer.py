"""One customer seen from all sides: golden record, contact points, source records, figures and timeline."""

from __future__ import annotations

from rich.console import RenderableType

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import CustomerResult, GoldenValue, TimelineEntry


def render_customer(result: CustomerResult, view: View) -> RenderableType:
    """Who it is and how sure that is, what is known and from where, and what happened, newest first."""
    messages = view.messages
    line = messages.text(
        "customer.line",
        records=messages.count("records", len(result.records)),
        sources=messages.count("systems", len(result.sources)),
    )
    return stacked(
        view.title(messages.text("customer.title"), result.customer_id, line),
        _brief(result, view),
        _golden(result, view),
        _points(result, view),
        _records(result, view),
        _timeline(result, view),
        view.next("tpaudit dedupe --explain A B", "tpaudit dedupe --review 20"),
    )


def _brief(result: CustomerResult, view: View) -> RenderableType:
    figures, text = view.figures, view.messages.text
    amounts = [f"{figures.number(money.amount)} {money.currency or ''}".strip() for money in result.paid]
    channels = [f"{channel} {figures.count(touches)}" for channel, touches in result.channels.items()]
    return joined(
        indented(
            view.say(
                "customer.confidence_line",
                share=figures.share(result.confidence),
                first=result.first_seen or figures.unknown,
                last=result.last_seen or figures.unknown,
            )
        ),
        indented(
            view.say(
                "customer.brief_line",
                orders=figures.count(result.orders),
                paid=figures.count(result.paid_orders),
                amount=" + ".join(amounts) or text("customer.no_amount"),
                touches=figures.count(result.touches),
            )
        ),
        indented(view.say("customer.channels", channels=text("list.comma").join(channels))) if channels else None,
        indented(view.say("customer.in_doubt", "yellow")) if result.review else None,
    )


def _golden(result: CustomerResult, view: View) -> RenderableType | None:
    if not result.values:
        return None
    text = view.messages.text
    grid = Grid(
        view,
        (
            (text("customer.field"), "label"),
            (text("customer.value"), "label"),
            (text("customer.rule"), "label"),
            (text("customer.source"), "text"),
            (text("customer.others"), "text"),
        ),
    )
    for value in result.values:
        rule = view.messages.name("golden_rule", value.rule.replace(" ", "_") if value.rule else None)
        others = text("list.comma").join(value.others)
        shown = value.value or view.figures.unknown
        grid.add(view.messages.name("field", value.field), shown, rule, _source(value, view), others)
    return joined(view.heading(text("customer.golden")), grid.render())


def _source(value: GoldenValue, view: View) -> str:
    if value.source_file is None:
        return view.figures.unknown
    place = view.messages.text("explain.place", file=value.source_file, row=view.figures.count(value.source_row))
    return f"{value.source_system}: {place}" if view.wide else place


def _points(result: CustomerResult, view: View) -> RenderableType | None:
    if not result.points:
        return None
    text = view.messages.text
    shown, more = view.cut(result.points)
    grid = Grid(
        view,
        (
            (text("customer.type"), "label"),
            (text("customer.value"), "label"),
            (text("customer.records"), "number"),
            (text("customer.known_to"), "text"),
        ),
    )
    for point in shown:
        kind = view.messages.name("point", point.type)
        grid.add(kind, point.value, view.figures.count(point.records), ", ".join(point.sources))
    return joined(view.heading(text("customer.points")), grid.render(), more)


def _records(result: CustomerResult, view: View) -> RenderableType:
    text = view.messages.text
    shown, more = view.cut(result.records)
    grid = Grid(
        view,
        (
            (text("customer.record"), "text"),
            (text("customer.source"), "text"),
            (text("customer.matched_on"), "text"),
            (text("customer.probability"), "number"),
        ),
    )
    for record in shown:
        place = view.figures.unknown
        if record.source_file:
            row = view.figures.count(record.source_row)
            place = text("explain.place", file=record.source_file, row=row)
        matched = record.matched_on or view.figures.unknown
        grid.add(record.contact_id, place, matched, view.figures.share(record.match_probability))
    return joined(view.heading(text("customer.records")), grid.render(), more)


def _timeline(result: CustomerResult, view: View) -> RenderableType | None:
    if not result.timeline:
        return None
    text = view.messages.text
    shown, more = view.cut(result.timeline)
    grid = Grid(
        view,
        (
            (text("customer.at"), "label"),
            (text("customer.kind"), "label"),
            (text("customer.what"), "text"),
            (text("customer.channel"), "text"),
            (text("customer.amount"), "number"),
        ),
    )
    for entry in shown:
        at = f"{entry.at:%Y-%m-%d %H:%M}" if entry.at else text("customer.undated")
        kind = view.messages.name("timeline", entry.kind)
        grid.add(at, kind, _what(entry, result, view), entry.channel or "", _amount(entry, view))
    return joined(view.heading(text("customer.timeline")), grid.render(), more)


def _what(entry: TimelineEntry, result: CustomerResult, view: View) -> str:
    """The touchpoint's title if there is one, then the event in the source's words."""
    title = view.messages.touchpoint(entry.touchpoint, result.touchpoint_titles) if entry.touchpoint else ""
    score = f"{view.figures.number(entry.score)}" if entry.score is not None else ""
    return " · ".join(part for part in (title, entry.what or "", score) if part) or view.figures.unknown


def _amount(entry: TimelineEntry, view: View) -> str:
    if entry.amount is None:
        return ""
    return f"{view.figures.number(entry.amount)} {entry.currency or ''}".strip()
