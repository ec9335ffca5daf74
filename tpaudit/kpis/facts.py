"""The facts KPI definitions observe: touches, journeys, orders and answers of customers, as Ibis tables.

Definitions say what is observed; how customers, touches and outcomes are joined is said here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within, number_of
from tpaudit.horizon import begun, midnight, possible
from tpaudit.journeys import spend_touchpoint
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.store import Store

OBSERVATION = {
    "subject": "int64",
    "customer_id": "int64",
    "cluster": "int64",
    "occurred_at": "timestamp('UTC', 6)",
    "touchpoint": "string",
    "stage": "string",
    "channel": "string",
    "device": "string",
    "campaign": "string",
    "value": "float64",
    "base": "float64",
}
"""Columns of an observation. Ids are told by number (`number_of`). `value` is 0/1, a measurement, a score or a
numerator; `base` a ratio's denominator, or whether a watched time ended with the event. `cluster` is what resampling
draws: the customer unless given."""

PLACES = ("touchpoint", "stage", "channel", "device", "campaign")
"""Where a touch took place: columns of marts and observations alike."""

_IDS = ("subject", "customer_id", "cluster")
_USUAL_SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}


def observations(table: Any, **columns: Any) -> Any:
    """Shape *table* into observations: *columns* by name; those not given are the table's own, or NULL.

    Ids may be given as texts or as their numbers.
    """
    given = {name: table[name] for name in OBSERVATION if name in table.columns} | columns
    given.setdefault("cluster", given.get("customer_id", ibis.null("int64")))
    given |= {name: numbered(table.bind(given[name])[0]) for name in _IDS if name in given}
    return table.select(
        **{name: given[name].cast(dtype) if name in given else ibis.null(dtype) for name, dtype in OBSERVATION.items()}
    )


def numbered(id_: Any) -> Any:
    """The number of an id that may be a number already."""
    return number_of(id_) if id_.type().is_string() else id_


class Facts:
    """The tables of one audit as KPI definitions see them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.settings = store.audit.config.settings
        self.evaluated: dict[Callable[[Facts], Any], Any] = {}

    @cached_property
    def customers(self) -> Any:
        """Resolved customers."""
        return self.store.mart("customers")

    @cached_property
    def profiles(self) -> Any:
        """What customers are sliced by: customer_id, segment, membership (member, non_member), cohort (month of the
        first paid order, 2026-03), contact_frequency (contacts started by the company per week while known)."""
        segments = self.store.mart("customer_segments").select("customer_id", "segment", "cohort", "contact_frequency")
        customers = self.customers.select("customer_id", membership=_.is_member.ifelse("member", "non_member"))
        joined = customers.left_join(segments, "customer_id")
        return self.store.cache(joined.drop("customer_id_right"))

    @cached_property
    def order_products(self) -> Any:
        """Products of each order, once each: product_order, product (its name, else its SKU)."""
        lines = self.store.current("order_items")
        named = lines.select(product_order="order_id", product=ibis.coalesce(lines.name, lines.sku, lines.product_id))
        return named.filter(named.product.notnull()).distinct()

    def local(self, instant: Any) -> Any:
        """What a clock in the audit's zone shows at *instant*."""
        return self.store.engine.to_local(instant, self.settings.audit.timezone)

    @cached_property
    def touches(self) -> Any:
        """All touches up to the audit's day; customer, touchpoint and time are NULL where unknown.

        A view: where one query reads them twice, engines else put them all aside first.
        """
        touches = self.store.mart("journey_touches")
        return self.store.engine.view(touches.filter(begun(self.store, touches.occurred_at)))

    @cached_property
    def journeys(self) -> Any:
        """One row per customer with a journey."""
        return self.store.mart("journeys")

    @cached_property
    def placed_touches(self) -> Any:
        """Touches that belong to their customer's journey: customer_id, position, occurred_at and the places.

        Laid down: they are few of all touches, and many KPIs read them.
        """
        placed = self.touches.filter(_.position.notnull())
        return self.store.cache(placed.select("customer_id", "position", "occurred_at", *PLACES))

    @cached_property
    def steps(self) -> Any:
        """`placed_touches` with the journey's outcome: started_at, ended_at, converted, journey_touches."""
        journeys = self.journeys.select("customer_id", "started_at", "ended_at", "converted", journey_touches="touches")
        return self.placed_touches.join(journeys, "customer_id")

    @cached_property
    def paid_orders(self) -> Any:
        """Paid orders; `person` is the customer, or the order itself where nobody is known, by number."""
        orders = self.store.mart("customer_orders")
        return orders.mutate(person=ibis.coalesce(numbered(orders.customer_id), numbered(orders.order_id)))

    @cached_property
    def first_orders(self) -> Any:
        """The first paid order of each customer."""
        return self.store.mart("customer_orders").filter(_.sequence == 1, _.customer_id.notnull())

    @cached_property
    def new_customers(self) -> Any:
        """Customers won (customer_id), when they were (won_at) and what by: the net amount of the first paid order or
        won deal (value), whichever came first."""
        converted = self.journeys.filter(_.converted).select("customer_id", "value", won_at="ended_at")
        ordered = self.first_orders.select("customer_id", value="net_amount", won_at="ordered_at")
        dealt = self.won_deals.filter(_.customer_id.notnull()).select("customer_id", value="amount", won_at="won_at")
        others = ordered.union(dealt).anti_join(converted, "customer_id").filter(_.won_at.notnull())
        others = others.group_by("customer_id").agg(value=_.value.argmin(_.won_at), won_at=_.won_at.min())
        return self.store.cache(converted.union(others))

    @cached_property
    def won_deals(self) -> Any:
        """Won deals with the customer behind them and the time they were won, or opened where that is unknown."""
        deals = self.with_customer(self.store.current("deals").filter(_.is_won))
        deals = deals.filter(begun(self.store, ibis.coalesce(deals.closed_at, deals.created_at)))
        won_at = ibis.coalesce(possible(self.store, deals.closed_at), possible(self.store, deals.created_at))
        return self.store.engine.cache(deals.select("deal_id", "contact_id", "customer_id", "amount", won_at=won_at))

    @cached_property
    def answers(self) -> Any:
        """Valid scores of surveys: within their scale, no trial responses; with the customer where known."""
        surveys = self.store.current("surveys").filter(_.score.notnull(), ~_.is_test.fill_null(False))
        surveys = surveys.filter(begun(self.store, ibis.coalesce(surveys.submitted_at, surveys.started_at)))
        surveys = surveys.mutate(
            low=ibis.coalesce(surveys.scale_min, _usual_end(surveys.metric, 0)),
            high=ibis.coalesce(surveys.scale_max, _usual_end(surveys.metric, 1)),
            answered_at=possible(self.store, ibis.coalesce(surveys.submitted_at, surveys.started_at)),
            answer_id=surveys.response_id + ":" + surveys.question_id,
        )
        return self.with_customer(surveys.filter(_.score.between(_.low, _.high)))

    @cached_property
    def leads(self) -> Any:
        """Leads with the customer behind them and the touchpoint, stage and channel they came through."""
        leads = self.store.current("leads").filter(_.lead_id.notnull(), begun(self.store, _.created_at))
        # Exports tell how a lead stands today; on the audit's day one won later was open.
        won_later = ~begun(self.store, leads.converted_at)
        leads = leads.mutate(
            is_converted=ibis.ifelse(won_later, False, leads.is_converted),
            status=ibis.ifelse(won_later, "open", leads.status),
        )
        leads = self.with_customer(leads)
        origin = self.first_touch_of_record("leads")
        found = leads.left_join(origin, leads.lead_id == origin.record_id)
        leads = found.select(
            "lead_id", "contact_id", "customer_id", "created_at", "is_converted", "converted_at", "converted_deal_id",
            "closed_at", "last_activity_at", "status",
            touchpoint=ibis.coalesce(leads.touchpoint, origin.origin_touchpoint),
            stage=origin.origin_stage,
            channel=origin.origin_channel,
        )  # fmt: skip
        return self.store.engine.cache(leads)

    @cached_property
    def first_responses(self) -> Any:
        """Answered chats and cases with the minutes until the first answer, as observations."""
        answered = self.touches.filter(_.first_response_seconds >= 0)
        return self.store.cache(
            observations(answered, subject=answered.touch_id, value=answered.first_response_seconds / 60.0)
        )

    @cached_property
    def ad_days(self) -> Any:
        """Advertising by day: what it was paid for, the day as text and as an instant, impressions, clicks, and spend,
        which is NULL in other currencies than the audit's.

        A report without a day breakdown says only what a range of days had: each of its days carries an equal part.
        """
        catalogue = load_catalogue(self.store.audit.folder)
        rows = self.store.current("ad_spend")
        in_currency = rows.currency.isnull() | (rows.currency == self.settings.audit.currency)
        rows = rows.mutate(spend=ibis.cases((in_currency, rows.spend)), touchpoint=spend_touchpoint(rows, catalogue))
        rows = _by_day(rows).filter(_.date <= ibis.literal(self.store.audit.as_of))
        stages = {touchpoint.id: touchpoint.stage for touchpoint in catalogue}
        days = rows.select(
            "touchpoint", "device", "spend", "impressions", "clicks",
            stage=rows.touchpoint.cases(*stages.items(), else_=ibis.null("string")),
            campaign=ibis.coalesce(rows.campaign_name, rows.campaign_id),
            day=rows.date.cast("string"),
            occurred_at=self.store.engine.from_local(rows.date.cast("timestamp(6)"), self.settings.audit.timezone),
        )  # fmt: skip
        return self.store.engine.cache(days)

    @property
    def spend(self) -> Any:
        """Days of `ad_days` whose spend is known."""
        return self.ad_days.filter(_.spend.notnull())

    @cached_property
    def observed_until(self) -> Any:
        """When the audit's day begins on its clock: exports of the day before are complete until then."""
        return midnight(self.store, self.store.audit.as_of)

    @cached_property
    def repeat_buyers(self) -> Any:
        """First-time buyers: when they bought (first_at) and bought again (second_at), whether that was in time
        (repeated), and whether [kpi] repeat_days passed before the audit's day began (observed_long_enough)."""
        orders = self.store.mart("customer_orders")
        seconds = orders.filter(_.sequence == 2).select(again="customer_id", second_at="ordered_at")
        firsts = self.first_orders.select("customer_id", first_at="ordered_at")
        buyers = firsts.left_join(seconds, firsts.customer_id == seconds.again).drop("again")
        exposure = ibis.interval(days=self.settings.kpi.repeat_days)
        return buyers.mutate(
            repeated=(_.second_at <= _.first_at + exposure).fill_null(False),
            observed_long_enough=_.first_at + exposure <= self.observed_until,
        )

    def met_around_first_order(self, buyers: Any) -> Any:
        """*buyers* once per touchpoint they met from window_days before their first order to as long after it, and
        before the second; buyers who met none stay, with NULLs."""
        window = ibis.interval(days=self.settings.journey.window_days)
        touches = self._touches_met(["orders"])
        until = ibis.least(buyers.first_at + window, ibis.coalesce(buyers.second_at, buyers.first_at + window))
        return buyers.left_join(
            touches,
            [
                buyers.customer_id == touches.met_by,
                is_within(buyers.first_at, touches.met_at, days=self.settings.journey.window_days),
                touches.met_at < until,
            ],
        ).drop("met_by", "met_at")

    def with_customer(self, records: Any) -> Any:
        """*records* that carry `contact_id`, with the `customer_id` it was resolved into, or NULL."""
        links = self.store.mart("customer_links").select(linked_contact="contact_id", customer_id="customer_id")
        return records.left_join(links, records.contact_id == links.linked_contact).drop("linked_contact")

    def first_touch_of_record(self, table: str) -> Any:
        """Touchpoint, stage and channel of the earliest touch derived from each record of a lake table."""
        derived = self.store.mart("journey_touches").filter(_.record_table == table, _.record_id.notnull())
        age = ibis.row_number().over(group_by="record_id", order_by=["occurred_at", "touch_id"])
        first = derived.mutate(age=age).filter(_.age == 0)
        return first.select("record_id", origin_touchpoint="touchpoint", origin_stage="stage", origin_channel="channel")

    def met_before(self, events: Any, at: str, *, ignoring: Sequence[str] = ()) -> Any:
        """*events* once per touch their customer met in the [journey] window_days before the time in column *at*.

        Adds the places of the touch. Events without such touches stay, with NULLs, so that they
        still count overall. Touches derived from the lake tables *ignoring* are no explanation of the event.
        """
        touches = self._touches_met(ignoring)
        moment = events[at]
        return events.left_join(
            touches,
            [
                events.customer_id == touches.met_by,
                touches.met_at < moment,
                is_within(moment, touches.met_at, days=self.settings.journey.window_days),
            ],
        ).drop("met_by", "met_at")

    def _touches_met(self, ignoring: Sequence[str]) -> Any:
        touches = self.touches.filter(_.customer_id.notnull(), _.touchpoint.notnull())
        if ignoring:
            touches = touches.filter(_.record_table.isnull() | _.record_table.notin(list(ignoring)))
        return touches.select(*PLACES, met_by="customer_id", met_at="occurred_at")


def known(build: Callable[[Facts], Any]) -> Callable[[Facts], Any]:
    """The table that *build* makes of the facts, made and evaluated once however many KPIs of one call read it."""

    @wraps(build)
    def table(facts: Facts) -> Any:
        if build not in facts.evaluated:
            facts.evaluated[build] = facts.store.cache(build(facts))
        return facts.evaluated[build]

    return table


def _by_day(rows: Any) -> Any:
    """Rows of advertising, one per day of the range they cover; a range that ends before it starts is its first day."""
    days = ibis.greatest(ibis.coalesce(rows.date_end.delta(rows.date, unit="day"), 0), 0) + 1
    daily = rows.mutate(_days=days, _day=ibis.range(0, days).unnest())
    return daily.mutate(
        date=(daily.date.cast("timestamp(6)") + daily["_day"].cast("int64").as_interval("D")).date(),
        **{name: daily[name] / daily["_days"] for name in ("spend", "impressions", "clicks")},
    ).drop("_days", "_day")


def _usual_end(metric: Any, end: int) -> Any:
    """Lowest (0) or highest (1) score of the scale a metric is usually asked on; NULL for other questions."""
    return ibis.cases(*((metric == name, scale[end]) for name, scale in _USUAL_SCALES.items()))
