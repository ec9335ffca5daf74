"""What a consultant would say first, in sentences: each with its numbers, its interval, and no claim of cause."""

from __future__ import annotations

from tpaudit.reports.action_text import (
    action_words,
    breakpoints,
    evidence_words,
    expected_change,
    sign_measured,
)
from tpaudit.reports.arrange import findings_in_order, place, strongest
from tpaudit.reports.figures import Figures
from tpaudit.reports.language import Messages
from tpaudit.results import (
    GoldenRow,
    JourneyResult,
    KpiResult,
    KpiRow,
    RankResult,
    RunResult,
    ValidateResult,
)

_MOST_NAMED = 3
_MOST_SAID = 6

# A journey that ends after the purchase is not lost before it.
_STAGES_BEFORE_PURCHASE = ("awareness", "consideration", "purchase")
# Below this many customers a drop-off is an anecdote, not a headline.
_LOSS_CUSTOMERS = 100


def headline(run: RunResult, messages: Messages, figures: Figures) -> tuple[str, ...]:
    """Up to six sentences: can the data be trusted, how many convert, what is golden, what hurts, what to do first.

    A sentence whose result is missing is left out.
    """
    said = [
        quality(run.validation, messages, figures) if run.validation else None,
        conversion(run.kpi, run.journey, messages, figures),
        golden(run.rank, messages, figures) if run.rank else None,
        risk(run.rank, messages, figures) if run.rank else None,
        broken(run.rank, messages, figures) if run.rank else None,
        act(run.rank, messages, figures) if run.rank else None,
        dissatisfaction(run.kpi, messages, figures) if run.kpi else None,
        loss(run.journey, messages, figures) if run.journey else None,
    ]
    return tuple(sentence for sentence in said if sentence)[:_MOST_SAID]


def quality(validation: ValidateResult, messages: Messages, figures: Figures) -> str:
    """Whether the data can carry conclusions, and if not, what is worst."""
    ran = validation.count("passed") + validation.count("failed")
    if not ran:
        return messages.text("headline.quality_none")
    if validation.passed:
        return messages.text(
            "headline.quality_never" if validation.fail_on == "never" else "headline.quality_passed",
            passed=figures.count(validation.count("passed")),
            ran=messages.count("checks", ran),
            level=messages.name("severity", validation.fail_on),
        )
    _, worst = findings_in_order(validation)[0]
    return messages.text(
        "headline.quality_failed",
        failed=figures.count(len(validation.gate_failures)),
        ran=messages.count("checks", ran),
        title=messages.title(worst.title),
        place=place(worst),
        rows=figures.count(worst.failed),
        checked=figures.count(worst.checked),
        share=figures.share(worst.share),
    )


def conversion(
    kpi: KpiResult | None, journey: JourneyResult | None, messages: Messages, figures: Figures
) -> str | None:
    """How many customers convert, with the interval if the KPI was measured, and after how long."""
    overall = _overall(kpi, "conversion_rate")
    if overall is not None and overall.value is not None:
        said = messages.text(
            "headline.conversion",
            converted=figures.count(overall.numerator),
            customers=figures.count(overall.denominator),
            rate=figures.share(overall.value),
            interval=figures.interval(overall.ci_low, overall.ci_high, "share"),
        )
    elif journey is not None and journey.customers:
        said = messages.text(
            "headline.conversion_counted",
            converted=figures.count(journey.converted),
            customers=figures.count(journey.customers),
        )
    else:
        return None
    if journey is None or journey.median_touches_to_purchase is None or journey.median_days_to_purchase is None:
        return said
    return said + messages.text(
        "headline.lag",
        touches=figures.number(journey.median_touches_to_purchase),
        days=figures.number(journey.median_days_to_purchase),
    )


def golden(rank: RankResult, messages: Messages, figures: Figures) -> str | None:
    """The golden touchpoints of the first outcome that has any, and the strongest with its numbers."""
    if not rank.golden:
        return None
    rows = strongest(rank, "golden")
    if not rows:
        judged = sum(row.verdict != "insufficient" for row in rank.golden)
        return messages.text("headline.golden_none", judged=figures.count(judged))
    return _association(rows, rank, "headline.golden", messages, figures)


def risk(rank: RankResult, messages: Messages, figures: Figures) -> str | None:
    """The touchpoints that go with fewer outcomes."""
    rows = strongest(rank, "golden_risk")
    return _association(rows, rank, "headline.risk", messages, figures) if rows else None


def broken(rank: RankResult, messages: Messages, figures: Figures) -> str | None:
    """The breakpoint that most customers meet, with its figures."""
    found = breakpoints(rank)
    if not found:
        return None
    row, sign = found[0]
    return messages.text(
        "headline.breakpoint",
        touchpoint=messages.touchpoint(row.touchpoint, rank.touchpoint_titles),
        stage=messages.name("stage", row.stage),
        measured=sign_measured(row, sign, rank, messages, figures),
    )


def act(rank: RankResult, messages: Messages, figures: Figures) -> str | None:
    """The action with the largest expected change, its evidence and its owner."""
    first = next((action for action in rank.actions if action.expected is not None), None)
    if first is None:
        return None
    return messages.text(
        "headline.act",
        action=action_words(first, rank, messages, figures),
        expected=expected_change(first, messages, figures),
        evidence=evidence_words(first, messages),
        owner=first.owner or messages.text("journey.no_owner"),
    )


def dissatisfaction(kpi: KpiResult, messages: Messages, figures: Figures) -> str | None:
    """The lowest-rated touchpoint, if its interval lies wholly below that of all ratings."""
    overall = _overall(kpi, "csat")
    if overall is None or overall.ci_low is None:
        return None
    below = [
        row
        for row in kpi.rows
        if row.kpi == "csat"
        and row.touchpoint
        and row.value is not None
        and row.ci_high is not None
        and row.ci_high < overall.ci_low
    ]
    if not below:
        return None
    lowest = min(below, key=lambda row: (row.value or 0, row.touchpoint or ""))
    return messages.text(
        "headline.dissatisfaction",
        touchpoint=messages.touchpoint(lowest.touchpoint, kpi.touchpoint_titles),
        value=figures.share(lowest.value),
        interval=figures.interval(lowest.ci_low, lowest.ci_high, "share"),
        n=figures.count(lowest.n),
        overall=figures.share(overall.value),
    )


def loss(journey: JourneyResult, messages: Messages, figures: Figures) -> str | None:
    """The touchpoint after which the largest share of customers is not seen again."""
    before_purchase = [row for row in journey.map if row.stage in _STAGES_BEFORE_PURCHASE]
    candidates = [row for row in before_purchase if row.drop_off and row.customers >= _LOSS_CUSTOMERS]
    if not candidates:
        return None
    worst = max(candidates, key=lambda row: (row.drop_off or 0, row.customers, row.touchpoint))
    return messages.text(
        "headline.loss",
        touchpoint=messages.touchpoint(worst.touchpoint, journey.touchpoint_titles),
        stage=messages.name("stage", worst.stage),
        share=figures.share(worst.drop_off),
        n=figures.count(worst.customers),
    )


def _association(rows: list[GoldenRow], rank: RankResult, key: str, messages: Messages, figures: Figures) -> str:
    first = rows[0]
    same_outcome = list(dict.fromkeys(row.touchpoint for row in rows if row.outcome == first.outcome))
    return messages.text(
        key,
        outcome=messages.name("outcome_for", first.outcome),
        touchpoints=messages.listed(
            [messages.touchpoint(touchpoint, rank.touchpoint_titles) for touchpoint in same_outcome[:_MOST_NAMED]]
        ),
        touchpoint=messages.touchpoint(first.touchpoint, rank.touchpoint_titles),
        did=messages.name("outcome_did", first.outcome),
        effect=figures.points(first.effect).lstrip("+-"),
        interval=figures.points_interval(first.effect_low, first.effect_high),
        n=figures.count(first.n_customers),
        claim=_claim(first, rank, messages, figures),
    )


def _claim(row: GoldenRow, rank: RankResult, messages: Messages, figures: Figures) -> str:
    """What the difference is: an association, unless an experiment on the touchpoint and outcome is declared."""
    tried = next((e for e in rank.experiments if (e.touchpoint, e.outcome) == (row.touchpoint, row.outcome)), None)
    if tried is None:
        return messages.text("headline.by_association")
    return messages.text(
        "headline.by_experiment",
        source=tried.source,
        effect=figures.points(tried.effect),
        interval=figures.points_interval(tried.effect_low, tried.effect_high),
    )


def _overall(kpi: KpiResult | None, kpi_id: str) -> KpiRow | None:
    if kpi is None:
        return None
    slices = ("touchpoint", "stage", "channel", "segment", "period_start")
    for row in kpi.rows:
        if row.kpi == kpi_id and all(getattr(row, part) is None for part in slices):
            return row
    return None
