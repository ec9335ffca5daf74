"""Marts: the tables an audit derives. Scripts of users depend on these names (docs/reference/marts.md)."""

from __future__ import annotations

from tpaudit.model.fields import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    NUMBER,
    STRING,
    TAGS,
    TIMESTAMP,
    Column,
    Privacy,
    Table,
)  # fmt: skip
from tpaudit.model.interactions import KINDS, STAGES

OUTCOMES = ("conversion", "retention", "satisfaction")
QUADRANTS = ("keep_up", "fix_first", "low_priority", "possible_overkill")
BREAKPOINT_SIGNS = ("low_rating", "dissatisfaction", "drop_off", "repeat_contact", "returns")
# Of them, those measured over all stages of a touchpoint at once.
SIGNS_OF_ALL_STAGES = ("low_rating", "repeat_contact", "returns")
VERDICTS = ("golden", "golden_risk", "supporting", "insufficient")
GOLDEN_RULES = (
    "only value", "trusted source", "legal name", "most frequent", "most recent", "most complete", "first in order",
)  # fmt: skip
GRADES = ("A", "B", "C", "D", "insufficient")
KPI_SLICES = (
    "touchpoint", "stage", "kind", "owner", "channel", "device", "campaign", "product", "segment", "membership",
    "cohort", "contact_frequency", "period_start", "hour", "weekday",
)  # fmt: skip
SEGMENTS = ("new", "high_value", "active", "at_risk", "dormant", "lost", "prospect")
# They sort as they should, and no spreadsheet takes them for dates.
CONTACT_FREQUENCIES = ("0", "<=1", "<=2", "<=3", ">3")

CUSTOMERS = Table(
    "customers",
    "resolved customer",
    ("customer_id",),
    (
        Column("customer_id", STRING, "id of the customer in this audit"),
        Column("full_name", STRING, "name chosen among the customer's records", privacy=Privacy.NAME),
        Column("phone", STRING, "phone chosen among the customer's records, E.164", privacy=Privacy.PHONE),
        Column("email", STRING, "email chosen among the customer's records", privacy=Privacy.EMAIL),
        Column("city", STRING, "city chosen among the customer's records"),
        Column("first_seen_at", TIMESTAMP, "earliest date any record or touch knows of the customer"),
        Column("last_seen_at", TIMESTAMP, "latest date any record or touch knows of the customer"),
        Column("n_records", INTEGER, "contact records resolved into the customer", unit="records"),
        Column("n_sources", INTEGER, "source systems among them", unit="systems"),
        Column("sources", TAGS, "those source systems, sorted"),
        Column("confidence", NUMBER, "lowest match probability among the customer's links", unit="share"),
        Column("review", BOOLEAN, "whether a person should look at the merge"),
        Column("gender", STRING, "gender chosen among the customer's records", values=("female", "male", "other")),
        Column("birthdate", DATE, "date of birth chosen among the customer's records", privacy=Privacy.BIRTHDATE),
        Column("member_level", STRING, "membership tier chosen among the customer's records"),
        Column("is_identified", BOOLEAN, "whether any record carries more than a cookie or device"),
        Column("is_member", BOOLEAN, "whether any record says the customer is a member"),
    ),
)

CUSTOMER_LINKS = Table(
    "customer_links",
    "source contact record",
    ("contact_id",),
    (
        Column("source_system", STRING, "platform of the record"),
        Column("source_record_id", STRING, "the record's own id in that platform", privacy=Privacy.IDENTIFIER),
        Column("contact_id", STRING, "the contact record"),
        Column("customer_id", STRING, "the customer it was resolved into"),
        Column("match_probability", NUMBER,
               "chance that the record and the one that fits it best among the customer's are one person; 1 for a "
               "customer's only record", unit="share"),
        Column("matched_on", STRING, "fields on which those two agree; NULL if it stands alone or a decision holds it"),
    ),
)  # fmt: skip

CUSTOMER_VALUES = Table(
    "customer_values",
    "customer x field of the golden record",
    ("customer_id", "field"),
    (
        Column("customer_id", STRING, "the customer"),
        Column("field", STRING, "column of `customers` whose value was chosen"),
        Column("rule", STRING, "rule that preferred the value to the next best", values=GOLDEN_RULES),
        Column("records", INTEGER, "records of the customer that give the value", unit="records"),
        Column("alternatives", INTEGER, "other values the customer's records give", unit="values"),
        Column("source_system", STRING, "platform of the newest record that gives the value"),
        Column("source_file", STRING, "exported file of that record"),
        Column("source_row", INTEGER, "its row in that file"),
        Column("dated_at", TIMESTAMP, "when the source last touched that record"),
    ),
)

IDENTITY_CHANGES = Table(
    "identity_changes",
    "change of a customer id since the audit began",
    ("generation", "change", "customer_id", "from_customer_id"),
    (
        Column("generation", INTEGER, "how many times the resolved customers had changed, this time included"),
        Column("as_of", DATE, "day the audit looked back from when the change was seen"),
        Column("change", STRING,
               "new: a customer nobody knew before; gone: none of its records is left; merge: "
               "`from_customer_id` ceased and its records went to `customer_id`; split: `from_customer_id` goes on "
               "without records that went to `customer_id`", values=("new", "gone", "merge", "split")),
        Column("customer_id", STRING, "the customer after the change; for gone, the id that ceased"),
        Column("from_customer_id", STRING, "id the records had before; NULL for new and gone"),
        Column("records", INTEGER, "contact records concerned", unit="records"),
    ),
)  # fmt: skip

FINDINGS = Table(
    "findings",
    "check x table x column",
    ("code", "table", "column"),
    (
        Column("code", STRING, "stable code of the check"),
        Column("title", STRING, "what the check looks for, in the audit's language"),
        Column("table", STRING, "table checked"),
        Column("column", STRING, "column checked; NULL for the whole row or table"),
        Column("severity", STRING, "how bad a failure is", values=("critical", "warning", "info")),
        Column("status", STRING, "outcome of the check", values=("passed", "failed", "skipped", "error")),
        Column("checked", INTEGER, "rows the check applied to", unit="rows"),
        Column("failed", INTEGER, "rows that fell short", unit="rows"),
        Column("waived", INTEGER, "of them, those a waiver of the audit covers", unit="rows"),
        Column("share", NUMBER, "failed / checked", unit="share"),
        Column("threshold", NUMBER, "highest share that still passes", unit="share"),
        Column("detail", STRING, "why it was skipped or went wrong, or what was seen"),
    ),
)

JOURNEY_TOUCHES = Table(
    "journey_touches",
    "touch of a resolved customer, classified",
    ("touch_id",),
    (
        Column("touch_id", STRING, "id of the touch"),
        Column("customer_id", STRING, "the customer who met the touchpoint; NULL if nobody is known"),
        Column("touchpoint", STRING, "touchpoint of the catalogue; NULL if no rule catches the touch"),
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("event", STRING, "what happened"),
        Column("channel", STRING, "channel"),
        Column("device", STRING, "device it was met on"),
        Column("campaign", STRING, "campaign it belongs to"),
        Column("direction", STRING, "who started it", values=("inbound", "outbound")),
        Column("occurred_at", TIMESTAMP, "when it happened"),
        Column("first_response_seconds", NUMBER, "time until the first answer", unit="s"),
        Column("satisfaction_score", NUMBER, "rating of this touch on a scale of 1 to 5", unit="1-5"),
        Column("position", INTEGER, "place in the customer's journey, 1 for the first; NULL outside the journey"),
        Column("record_table", STRING, "lake table the touch comes from"),
        Column("record_id", STRING, "key of the record there"),
        Column("source_file", STRING, "exported file the touch comes from"),
        Column("source_row", INTEGER, "its row in that file"),
        Column("customer_number", INTEGER, "number that stands for customer_id, quicker to group and join by"),
    ),
    # One customer's touches lie together, as what reads them puts them together.
    order_by=("customer_id", "occurred_at", "touch_id"),
)

JOURNEYS = Table(
    "journeys",
    "customer with at least one touch",
    ("customer_id",),
    (
        Column("customer_id", STRING, "the customer"),
        Column("started_at", TIMESTAMP, "first touch of the journey"),
        Column("ended_at", TIMESTAMP, "conversion, or last touch of a journey that has not converted"),
        Column("touches", INTEGER, "touches of the journey", unit="touches"),
        Column("channels", INTEGER, "distinct channels among them", unit="channels"),
        Column("path", STRING, "touchpoints in order, joined by ' > '"),
        Column("converted", BOOLEAN, "whether the journey led to a first paid order or a won deal"),
        Column("value", MONEY, "net amount of that order or deal", unit="currency"),
    ),
)

CUSTOMER_ORDERS = Table(
    "customer_orders",
    "paid order of a resolved customer",
    ("order_id",),
    (
        Column("order_id", STRING, "id of the order"),
        Column("customer_id", STRING, "the customer who ordered; NULL if nobody is known"),
        Column("ordered_at", TIMESTAMP, "when it was paid, or placed where the payment time is unknown"),
        Column("sequence", INTEGER, "1 for the customer's first paid order, 2 for the second, ..."),
        Column("net_amount", MONEY, "amount paid less amount returned", unit="currency"),
        Column("refunded_amount", MONEY, "amount returned", unit="currency"),
        Column("channel", STRING, "sales channel"),
        Column("source_file", STRING, "exported file the order comes from"),
        Column("source_row", INTEGER, "its row in that file"),
    ),
)

CUSTOMER_SEGMENTS = Table(
    "customer_segments",
    "resolved customer",
    ("customer_id",),
    (
        Column("customer_id", STRING, "the customer"),
        Column("segment", STRING, "the first that fits of: " + ", ".join(SEGMENTS) + "; NULL if no purchase is dated",
               values=SEGMENTS),
        Column("recency", INTEGER, "fifth by days since the last purchase; 5 the most recent; NULL without purchases"),
        Column("frequency", INTEGER, "fifth by purchases; 5 the most"),
        Column("monetary", INTEGER, "fifth by net amount; 5 the highest"),
        Column("orders", INTEGER, "purchases: paid orders, or won deals of a customer without any", unit="orders"),
        Column("net_amount", MONEY, "net amount of them", unit="currency"),
        Column("first_ordered_at", TIMESTAMP, "first purchase"),
        Column("last_ordered_at", TIMESTAMP, "last purchase"),
        Column("cohort", STRING, "month of the first purchase on the audit's clock, such as 2026-03"),
        Column("last_touch_at", TIMESTAMP, "last touch, whoever started it"),
        Column("last_reply_at", TIMESTAMP, "last touch the customer started"),
        Column("contact_frequency", STRING, "contacts per week that the company started since the first touch; NULL "
               "without touches", values=CONTACT_FREQUENCIES),
        Column("tags", TAGS, "tags of the customer's contact records and of the rules in tags.toml, sorted"),
    ),
)  # fmt: skip

KPIS = Table(
    "kpis",
    "KPI x slice",
    ("kpi", *KPI_SLICES),
    (
        Column("kpi", STRING, "id of the KPI"),
        Column("touchpoint", STRING, "touchpoint of the slice; NULL over all"),
        Column("stage", STRING, "stage of the slice; NULL over all", values=STAGES),
        Column("kind", STRING, "kind of touchpoint of the slice; NULL over all", values=KINDS),
        Column("owner", STRING, "owner of the slice's touchpoints; NULL over all"),
        Column("channel", STRING, "channel of the slice; NULL over all"),
        Column("device", STRING, "device of the slice; NULL over all"),
        Column("campaign", STRING, "campaign of the slice; NULL over all"),
        Column("product", STRING, "product of the slice; NULL over all"),
        Column("segment", STRING, "segment of the slice; NULL over all", values=SEGMENTS),
        Column("membership", STRING, "membership of the slice; NULL over all", values=("member", "non_member")),
        Column("cohort", STRING, "month of the first order of the slice's customers; NULL over all"),
        Column("contact_frequency", STRING, "contacts per week of the slice's customers; NULL over all"),
        Column("period_start", DATE, "first day of the slice; NULL over the whole data"),
        Column("period_end", DATE, "last day of the slice; NULL over the whole data"),
        Column("hour", INTEGER, "hour of the day of the slice, 0 to 23; NULL over all"),
        Column("weekday", INTEGER, "day of the week of the slice, 1 for Monday; NULL over all"),
        Column("value", NUMBER, "the KPI; NULL where n is below its minimum"),
        Column("unit", STRING, "unit of the value"),
        Column("numerator", NUMBER, "what was counted or summed"),
        Column("denominator", NUMBER, "what it is related to"),
        Column("n", INTEGER, "observations behind the value"),
        Column("ci_low", NUMBER, "lower end of the 95 % interval"),
        Column("ci_high", NUMBER, "upper end of the 95 % interval"),
        Column("grade", STRING, "strength of the evidence, A to D; insufficient where the value is withheld",
               values=GRADES),
        Column("value_high_confidence", NUMBER, "the KPI without customers whose identity is doubtful"),
        Column("n_high_confidence", INTEGER, "observations behind that value"),
        Column("left_out", INTEGER, "subjects of the whole data too young to be judged, or otherwise left out"),
        Column("windows", STRING, "settings that say how far the KPI looks; NULL where it looks no set time"),
        Column("as_of", DATE, "last day of the audit"),
        Column("timezone", STRING, "clock on which days, hours and weeks are told"),
        Column("week_start", STRING, "first day of a week", values=("monday",)),
    ),
)  # fmt: skip

TRANSITIONS = Table(
    "transitions",
    "from -> to",
    ("from_touchpoint", "to_touchpoint"),
    (
        Column("from_touchpoint", STRING, "touchpoint left; START for the first of a journey"),
        Column("to_touchpoint", STRING, "touchpoint met next; CONVERSION or END where the journey stops"),
        Column("customers", INTEGER, "customers who made the step", unit="customers"),
        Column("transitions", INTEGER, "times the step was made", unit="steps"),
        Column("median_hours", NUMBER, "median time between the two", unit="h"),
        Column("ci_low", NUMBER, "lower end of the 95 % interval of the median", unit="h"),
        Column("ci_high", NUMBER, "upper end of that", unit="h"),
    ),
)

PATHS = Table(
    "paths",
    "distinct journey path",
    ("path",),
    (
        Column("path", STRING, "touchpoints in order, joined by ' > '"),
        Column("customers", INTEGER, "customers whose journey it is", unit="customers"),
        Column("conversions", INTEGER, "of them, those who converted", unit="customers"),
        Column("value", MONEY, "net amount of the orders it led to", unit="currency"),
        Column("share", NUMBER, "customers / all customers with a journey", unit="share"),
    ),
)

JOURNEY_MAP = Table(
    "journey_map",
    "stage x touchpoint",
    ("stage", "touchpoint"),
    (
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("touchpoint", STRING, "touchpoint of the catalogue"),
        Column("kind", STRING, "nature of the touchpoint", values=KINDS),
        Column("owner", STRING, "who is responsible; NULL if nobody"),
        Column("customers", INTEGER, "customers who met it in the stage", unit="customers"),
        Column("reach", NUMBER, "customers / customers seen in the stage", unit="share"),
        Column("drop_off", NUMBER, "share of those who met it whose journey ends there unconverted", unit="share"),
        Column("median_hours_to_next", NUMBER, "median time until the next touch", unit="h"),
        Column("hours_low", NUMBER, "lower end of its 95 % interval", unit="h"),
        Column("hours_high", NUMBER, "upper end of it", unit="h"),
        Column("n_waits", INTEGER, "touches there that another one followed", unit="touches"),
        Column("stage_hours", NUMBER, "median time until the next touch over the whole stage", unit="h"),
        Column("csat", NUMBER, "share of ratings 4-5 given to it", unit="share"),
        Column("nps", NUMBER, "net promoter score of those who met it", unit="-100..100"),
        Column("ces", NUMBER, "mean effort score of those who met it", unit="1-7"),
        Column("pain", STRING, "what hurts there: the worst of the signs measured; NULL if none"),
    ),
)

ATTRIBUTION = Table(
    "attribution",
    "touchpoint x model",
    ("touchpoint", "model"),
    (
        Column("touchpoint", STRING, "touchpoint credited"),
        Column("model", STRING, "attribution model",
               values=("first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "markov_2",
                       "shapley")),
        Column("credit", NUMBER, "conversions credited", unit="conversions"),
        Column("share", NUMBER, "credit / all conversions", unit="share"),
        Column("value", NUMBER, "net order amount credited", unit="currency"),
        Column("ci_low", NUMBER, "lower end of the 95 % interval of the share"),
        Column("ci_high", NUMBER, "upper end of the 95 % interval of the share"),
        Column("rank", INTEGER, "place by share among the touchpoints credited by the model"),
        Column("rank_low", INTEGER, "best place in 95 % of the resamples"),
        Column("rank_high", INTEGER, "worst place in 95 % of the resamples"),
        Column("cost", NUMBER, "advertising spend on the touchpoint; NULL if none is known", unit="currency"),
        Column("roas", NUMBER, "value / cost"),
        Column("cost_per_conversion", NUMBER, "cost / credit", unit="currency"),
        Column("outcome", STRING, "what is attributed"),
        Column("window_days", INTEGER, "days before the conversion in which touches count", unit="d"),
        Column("excluded", STRING, "touchpoints that take no credit, joined by ', '; NULL if none"),
    ),
)  # fmt: skip

GOLDEN_TOUCHPOINTS = Table(
    "golden_touchpoints",
    "stage x outcome x touchpoint",
    ("stage", "outcome", "touchpoint"),
    (
        Column("stage", STRING, "journey stage", values=STAGES),
        Column("outcome", STRING, "what the touchpoint is judged by", values=OUTCOMES),
        Column("touchpoint", STRING, "touchpoint of the catalogue"),
        Column("rank", INTEGER, "place by priority within stage and outcome, helps and harms each from their own end"),
        Column("rank_low", INTEGER, "best place in 95 % of the resamples"),
        Column("rank_high", INTEGER, "worst place in 95 % of the resamples"),
        Column("band", INTEGER, "group of touchpoints whose ranks cannot be told apart; 1 is the top"),
        Column("verdict", STRING, "what the evidence allows to say", values=VERDICTS),
        Column("priority", NUMBER, "reach x |effect|: share of customers moved", unit="share"),
        Column("reach", NUMBER, "share of the stage's customers who met it", unit="share"),
        Column("effect", NUMBER, "adjusted difference of the outcome with and without it", unit="share"),
        Column("effect_low", NUMBER, "lower end of its 95 % interval", unit="share"),
        Column("effect_high", NUMBER, "upper end of its 95 % interval", unit="share"),
        Column("importance", NUMBER, "weight of its rating in overall satisfaction", unit="share"),
        Column("performance", NUMBER, "its own rating", unit="1-5"),
        Column("quadrant", STRING, "place in the importance-performance map", values=QUADRANTS),
        Column("attribution_markov", NUMBER, "share of conversions by Markov removal effect", unit="share"),
        Column("attribution_shapley", NUMBER, "share of conversions by Shapley value", unit="share"),
        Column("drop_off", NUMBER, "share of those who met it whose journey ends there unconverted", unit="share"),
        Column("n_customers", INTEGER, "customers who met it", unit="customers"),
        Column("n_outcomes", INTEGER, "of them, those with the outcome", unit="customers"),
        Column(
            "p_top",
            NUMBER,
            "share of resamples in which it is among the top of its stage, counted from its end",
            unit="share",
        ),
        Column("importance_low", NUMBER, "lower end of the 95 % interval of the importance", unit="share"),
        Column("importance_high", NUMBER, "upper end of it", unit="share"),
        Column("n_importance", INTEGER, "customers who rated it and judged overall", unit="customers"),
        Column("stated_importance", NUMBER, "how important customers say it is", unit="1-5"),
        Column("performance_low", NUMBER, "lower end of the 95 % interval of the rating", unit="1-5"),
        Column("performance_high", NUMBER, "upper end of it", unit="1-5"),
        Column("n_ratings", INTEGER, "ratings it was given", unit="ratings"),
        Column("flags", TAGS, "breakpoint: mart `experience` shows a sign of one; busy: met by many, moves few"),
        Column("drivers", TAGS, "codes of what moved it to its place, the weightiest first"),
        Column(
            "robust",
            BOOLEAN,
            "whether verdict and direction stand under every assumption of "
            "`golden_sensitivity`; NULL where none was looked at",
        ),
    ),
)
