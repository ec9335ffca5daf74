"""Drivers, breakpoints and actions in words, the same for the terminal, the report and its headline."""

from __future__ import annotations

from tpaudit.model.marts import SIGNS_OF_ALL_STAGES
from tpaudit.reports.figures import Figures
from tpaudit.reports.language import Messages
from tpaudit.results import ActionRow, ExperienceRow, GoldenRow, RankResult

# What a sign is measured by: share, excess over the others, and the n behind both.
_MEASURED = {
    "drop_off": ("drop_off", "n_journeys"),
    "repeat_contact": ("repeat_contact", "n_requests"),
    "returns": ("return_rate", "n_orders"),
}


def driver_words(row: GoldenRow, messages: Messages) -> str:
    """Why the touchpoint stands where it stands, as a list of a few words each."""
    return messages.text("list.comma").join(messages.name("driver", code) for code in row.drivers)


def breakpoints(result: RankResult) -> list[tuple[ExperienceRow, str]]:
    """Every sign of every breakpoint, those that most customers meet first; what is measured over all stages once."""
    broken = sorted(
        (row for row in result.experience if row.breakpoint), key=lambda row: (-row.customers, row.touchpoint)
    )
    listed: dict[tuple[str, str | None, str], tuple[ExperienceRow, str]] = {}
    for row in broken:
        for sign in row.breakpoint:
            stage = None if sign in SIGNS_OF_ALL_STAGES else row.stage
            listed.setdefault((row.touchpoint, stage, sign), (row, sign))
    return list(listed.values())


def sign_measured(row: ExperienceRow, sign: str, result: RankResult, messages: Messages, figures: Figures) -> str:
    """A sign of a breakpoint with its figures, its interval and its n."""
    if sign == "low_rating":
        return messages.text(
            "broken.low_rating",
            value=figures.number(row.performance),
            interval=figures.interval(row.performance_low, row.performance_high, "1-5"),
            n=figures.count(row.n_ratings),
            others=figures.number(row.performance_others),
        )
    if sign == "dissatisfaction":
        effect = next(
            golden
            for golden in result.golden
            if (golden.stage, golden.touchpoint, golden.outcome) == (row.stage, row.touchpoint, "satisfaction")
        )
        return messages.text(
            "broken.dissatisfaction",
            effect=figures.points(effect.effect),
            interval=figures.points_interval(effect.effect_low, effect.effect_high),
            n=figures.count(effect.n_customers),
        )
    share, n = _MEASURED[sign]
    return messages.text(
        f"broken.{sign}",
        value=figures.share(getattr(row, share)),
        n=figures.count(getattr(row, n)),
        excess=figures.points(getattr(row, f"excess_{share}")),
        interval=figures.points_interval(getattr(row, f"excess_{share}_low"), getattr(row, f"excess_{share}_high")),
    )


def action_words(action: ActionRow, result: RankResult, messages: Messages, figures: Figures) -> str:
    """What to do with which touchpoint, and by how much."""
    return messages.text(
        f"action.{action.step_unit}",
        step=figures.share(action.step, 0),
        touchpoint=messages.touchpoint(action.touchpoint, result.touchpoint_titles),
        stage=messages.name("stage", action.stage),
        sign=messages.name("sign", action.sign),
    )


def expected_change(action: ActionRow, messages: Messages, figures: Figures) -> str:
    """What is expected to change, with its interval."""
    if action.expected is None:
        return messages.text("action.unmeasured")
    return messages.text(
        f"action.{action.unit}",
        n=_people(action.expected),
        interval=_interval(action, messages, figures),
        who=messages.name("who", action.outcome),
    )


def expected_value(action: ActionRow, figures: Figures) -> str:
    """The change in money, with its interval."""
    if action.expected_value is None:
        return figures.unknown
    low, high = figures.money(action.value_low), figures.money(action.value_high)
    return f"{figures.money(action.expected_value)} ({low} – {high})"


def evidence_words(action: ActionRow, messages: Messages) -> str:
    """Association, or the experiment and where it comes from."""
    return messages.text(f"action.{action.evidence}", source=action.source or "")


def caveats(result: RankResult, messages: Messages) -> list[str]:
    """What may make the actions come out otherwise, each said once, in the order of the actions."""
    return [messages.name("caveat", code) for code in dict.fromkeys(action.caveat for action in result.actions)]


def importance_basis(result: RankResult, messages: Messages, figures: Figures) -> str | None:
    """What the importance of ratings was derived from, or why there is none; None if nothing was rated."""
    fit = result.experience_fit
    if fit is None or not any(row.n_ratings for row in result.experience):
        return None
    if not fit.touchpoints:
        reasons = dict.fromkeys(messages.name("unweighed", code) for code in fit.left_out.values())
        return messages.text("experience.absent", reason=messages.listed(list(reasons)))
    said = messages.text(
        "experience.fit",
        customers=figures.count(fit.customers),
        touchpoints=figures.count(fit.touchpoints),
        r2=figures.number(fit.r_squared),
        rated=figures.count(fit.pairs_rated),
        pairs=figures.count(fit.pairs),
        importance=figures.share(fit.cut_importance),
        rating=figures.number(fit.cut_performance),
    )
    return f"{said} {messages.text('experience.single')}" if fit.touchpoints == 1 else said


def rated_touchpoints(result: RankResult) -> list[ExperienceRow]:
    """One row per touchpoint with ratings or stated importance, the most important first."""
    by_touchpoint: dict[str, ExperienceRow] = {}
    for row in result.experience:
        if row.n_ratings or row.n_stated:
            by_touchpoint.setdefault(row.touchpoint, row)
    return sorted(by_touchpoint.values(), key=lambda row: (-(row.importance or 0), -row.n_ratings, row.touchpoint))


def quadrant_words(row: ExperienceRow, messages: Messages, figures: Figures) -> str:
    """The quadrant, and how often resampling finds the same."""
    if row.quadrant is None:
        return figures.unknown
    name = messages.name("quadrant", row.quadrant)
    return messages.text("experience.sure", quadrant=name, share=figures.share(row.p_quadrant, 0))


def _interval(action: ActionRow, messages: Messages, figures: Figures) -> str:
    low, high = action.expected_low, action.expected_high
    if low is None or high is None:
        return figures.unknown
    form = "number.range_signed" if low < 0 else "number.range"
    return messages.text(form, low=_people(low), high=_people(high))


def _people(number: float) -> str:
    """Customers come whole; only very few of them keep a digit."""
    return f"{number:,.1f}" if abs(number) < 10 else f"{number:,.0f}"
