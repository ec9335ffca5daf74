"""Marts of the ranking beyond the ranks: how touchpoints are felt and what they lose, and what to do."""

from __future__ import annotations

from tpaudit.model.fields import INTEGER, NUMBER, STRING, TAGS, Column, Table
from tpaudit.model.interactions import STAGES
from tpaudit.model.marts import BREAKPOINT_SIGNS, OUTCOMES, QUADRANTS, VERDICTS

EXPERIENCE = Table(
    "experience",
    "stage x touchpoint",
    ("stage", "touchpoint"),
    (
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("touchpoint", STRING, "touchpoint of the catalogue"),
        Column("owner", STRING, "who is responsible; NULL if nobody"),
        Column("customers", INTEGER, "customers who met it in the stage", unit="customers"),
        Column("reach", NUMBER, "customers / customers seen in the stage", unit="share"),
        Column("performance", NUMBER, "mean of its own ratings over all stages", unit="1-5"),
        Column("performance_low", NUMBER, "lower end of its 95 % interval", unit="1-5"),
        Column("performance_high", NUMBER, "upper end of it", unit="1-5"),
        Column("performance_others", NUMBER, "mean of all other touchpoints' ratings, or the goal", unit="1-5"),
        Column("n_ratings", INTEGER, "ratings it was given", unit="ratings"),
        Column("importance", NUMBER, "share of the variance of overall judgements that goes with its rating",
               unit="share"),
        Column("importance_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("importance_high", NUMBER, "upper end of it", unit="share"),
        Column("n_importance", INTEGER, "customers who rated it and judged overall", unit="customers"),
        Column("stated_importance", NUMBER, "how important customers say it is", unit="1-5"),
        Column("stated_low", NUMBER, "lower end of its 95 % interval", unit="1-5"),
        Column("stated_high", NUMBER, "upper end of it", unit="1-5"),
        Column("n_stated", INTEGER, "customers' answers about its importance", unit="answers"),
        Column("quadrant", STRING, "place in the importance-performance map", values=QUADRANTS),
        Column("p_quadrant", NUMBER, "share of resamples that put it there", unit="share"),
        Column("drop_off", NUMBER, "share of identified customers' journeys with it that end there in vain; stages up "
               "to the purchase", unit="share"),
        Column("excess_drop_off", NUMBER, "that less the same share at the stage's other touchpoints", unit="share"),
        Column("excess_drop_off_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("excess_drop_off_high", NUMBER, "upper end of it", unit="share"),
        Column("n_journeys", INTEGER, "journeys it is a step of", unit="journeys"),
        Column("repeat_contact", NUMBER, "share of requests made there after which the customer asked again",
               unit="share"),
        Column("excess_repeat_contact", NUMBER, "that less the same share of requests elsewhere", unit="share"),
        Column("excess_repeat_contact_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("excess_repeat_contact_high", NUMBER, "upper end of it", unit="share"),
        Column("n_requests", INTEGER, "requests made there", unit="requests"),
        Column("return_rate", NUMBER, "share of orders after meeting it on which money went back", unit="share"),
        Column("excess_return_rate", NUMBER, "that less the same share of other orders", unit="share"),
        Column("excess_return_rate_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("excess_return_rate_high", NUMBER, "upper end of it", unit="share"),
        Column("n_orders", INTEGER, "orders after meeting it", unit="orders"),
        Column("median_hours_to_next", NUMBER, "median time until the customer's next touch", unit="h"),
        Column("hours_low", NUMBER, "lower end of its 95 % interval", unit="h"),
        Column("hours_high", NUMBER, "upper end of it", unit="h"),
        Column("stage_hours", NUMBER, "median over the whole stage", unit="h"),
        Column("n_waits", INTEGER, "touches there that another one followed", unit="touches"),
        Column("pain", STRING, "what hurts there, as in `journey_map`"),
        Column("breakpoint", TAGS, "signs of a broken experience, of: " + ", ".join(BREAKPOINT_SIGNS)),
    ),
)  # fmt: skip

ACTIONS = Table(
    "actions",
    "action",
    ("rank",),
    (
        Column("rank", INTEGER, "place by the change expected, the largest first"),
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("touchpoint", STRING, "touchpoint to act on"),
        Column("outcome", STRING, "what would change", values=OUTCOMES),
        Column("reason", STRING, "why to act", values=("golden", "golden_risk", "breakpoint")),
        Column("sign", STRING, "sign of the breakpoint; NULL for the others", values=BREAKPOINT_SIGNS),
        Column("step", NUMBER, "size of the step that is reckoned with", unit="share"),
        Column("step_unit", STRING, "what the step is a share of: the stage's customers reached more, the customers "
               "spared, the gap closed", values=("reach", "exposure", "gap")),
        Column("moved", NUMBER, "customers, journeys or requests that the step touches"),
        Column("expected", NUMBER, "change expected, in `unit`, over the period of the data"),
        Column("expected_low", NUMBER, "lower end of its 95 % interval"),
        Column("expected_high", NUMBER, "upper end of it"),
        Column("unit", STRING, "customers with the outcome, or repeated requests saved",
               values=("customers", "requests")),
        Column("expected_value", NUMBER, "the change at the mean value of the outcome", unit="currency"),
        Column("value_low", NUMBER, "lower end of its 95 % interval", unit="currency"),
        Column("value_high", NUMBER, "upper end of it", unit="currency"),
        Column("owner", STRING, "who is responsible; NULL if nobody"),
        Column("evidence", STRING, "what the expectation rests on", values=("association", "experiment")),
        Column("source", STRING, "source of the experiment"),
        Column("n", INTEGER, "observations behind it"),
        Column("caveat", STRING, "code of what may make it come out otherwise"),
    ),
)  # fmt: skip

GOLDEN_SENSITIVITY = Table(
    "golden_sensitivity",
    "stage x outcome x touchpoint x assumption",
    ("stage", "outcome", "touchpoint", "assumption", "value"),
    (
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("outcome", STRING, "what the touchpoint is judged by", values=OUTCOMES),
        Column("touchpoint", STRING, "touchpoint of the catalogue"),
        Column("assumption", STRING, "choice made otherwise: the window, or the least confidence of an identity",
               values=("window_days", "match_threshold", "confidence")),
        Column("value", NUMBER, "what it was set to"),
        Column("rank", INTEGER, "place by priority then"),
        Column("effect", NUMBER, "adjusted difference of the outcome then", unit="share"),
        Column("effect_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("effect_high", NUMBER, "upper end of it", unit="share"),
        Column("verdict", STRING, "what the evidence allows to say then", values=VERDICTS),
        Column("n_customers", INTEGER, "customers who met it then", unit="customers"),
    ),
)  # fmt: skip

GOLDEN_OVERALL = Table(
    "golden_overall",
    "stage x touchpoint",
    ("stage", "touchpoint"),
    (
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("touchpoint", STRING, "touchpoint of the catalogue"),
        Column("rank", INTEGER, "place in the stage by what it moves over all outcomes, the most helpful first"),
        Column("rank_low", INTEGER, "best place as the weights of the outcomes vary by half"),
        Column("rank_high", INTEGER, "worst place then"),
        Column("score", NUMBER, "weighted mean over outcomes of reach x effect", unit="share"),
        Column("outcomes", TAGS, "outcomes it is judged for"),
    ),
)
