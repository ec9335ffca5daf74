"""The checks of `benchmarks.validate` in Great Expectations on pandas, as its documentation shows it.

A built-in expectation where there is one, with a row condition for the rows it is for; what no expectation says is
worked out in pandas as a column of its own and judged there. The frames are read from the lake's Parquet and hold the
columns that are looked at. The shipped definitions are not used: like `validate_sql`, this is a peer of their counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.validate_sql import (
    BANK_CARD,
    IDENTITY_CARD,
    MISSPELT,
    MOBILE,
    NO_ADDRESSES,
    NO_MAILBOXES,
    NO_NAMES,
    SAME_DIGITS,
    THROWN_AWAY,
    Counts,
)
from tpaudit.checks.views import SQL_TYPES
from tpaudit.model import LAKE_TABLES

LINEAGE = ["source_system", "source_file", "source_sha256", "source_row", "ingested_at"]
CONTENT = [
    "contact_id", "anonymous_id", "channel", "event", "direction", "page_url", "content_type", "content", "campaign",
    "order_id",
]  # fmt: skip
COLUMNS = {
    "touches": ["touch_id", "user_id", "occurred_at", "text", *CONTENT, *LINEAGE],
    "contacts": ["contact_id", "user_id", "full_name", "nickname", "birthdate", "address", *LINEAGE],
    "contact_points": ["contact_id", "type", "value", "value_norm", "is_masked", *LINEAGE],
}
ARROW_TYPES = {
    "VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "double", "DECIMAL(18,4)": "decimal128(18, 4)", "BOOLEAN": "bool",
    "DATE": "date32[day]", "TIMESTAMP WITH TIME ZONE": "timestamp[us, tz=UTC]", "VARCHAR[]": "list<element: string>",
}  # fmt: skip
TODAY, DAY_ENDS = pd.Timestamp("2026-11-16"), pd.Timestamp("2026-11-16 16:00", tz="UTC")
BEGAN = pd.Timestamp("1999-12-31 16:00", tz="UTC")

BROKEN_TEXT = "锟斤拷|烫烫烫|屯屯屯|\ufffd|Ã[\u0080-\u00bf]|â€|[À-ÿ]{4}"
DECODED_TWICE = "[鋩-錆洹洧洌浃浈寮褰寰蹇鎬鎭瀛灏濡澶]{2}"
PADDED = "^ | $|[\u200b-\u200d\u2060\ufeff\u3000\u00a0\t]"
TEST = "测试|(?:^|[^a-z])(?:test|tester|qatest|demo)(?:[^a-z]|$)"
PHONES, EMAILS = 'type == "phone"', 'type == "email"'
CHINESE, MOBILES = f'{PHONES} and value_norm.str.startswith("+86")', f'{PHONES} and value_norm.str.startswith("+861")'


def count(folder: Path, *, names_rows: bool) -> Counts:
    """Units checked and units that fell short per check; with *names_rows*, file and row of each are gathered, too."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("frames")
    counts: Counts = {}
    for name, frame, expectations in _suites(folder, gx.expectations):
        definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        batch = definition.get_batch({"dataframe": frame})
        form: dict[str, Any] = {"result_format": "BASIC"}
        if names_rows and "source_row" in frame:
            form = {"result_format": "COMPLETE", "unexpected_index_column_names": ["source_file", "source_row"]}
        # Results come in an order of their own.
        for rule, expectation in expectations.items():
            expectation.meta = {"rule": rule}
        suite = gx.ExpectationSuite(name=name, expectations=list(expectations.values()))
        for result in batch.validate(suite, result_format=form).results:
            found = result.result
            whole = {"element_count": 1, "unexpected_count": int(not result.success)}
            found = found if "element_count" in found else whole
            checked = found["element_count"] - found.get("missing_count", 0)
            counts[result.expectation_config.meta["rule"]] = (checked, found["unexpected_count"])
    return counts


def _suites(folder: Path, expect: Any) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    """Name, frame and expectations of each suite, one frame after the other."""
    read = {table: _frame(folder, table) for table in COLUMNS}
    touches, contacts, points = (_newest(read[table], [*LAKE_TABLES[table].key]) for table in COLUMNS)
    for table, name, column in (("touches", "TPV03", "touch_id"), ("contacts", "TPC02", "user_id")):
        frame, rule = read.pop(table), f"{table} {name} {column}"
        repeated = frame.duplicated(["source_sha256", column])
        yield (
            f"read {table}",
            frame,
            {
                rule: _judged(frame, rule, repeated, expect, frame[column].notna()),
                f"{table} TPV01": expect.ExpectTableRowCountToBeBetween(min_value=1),
            },
        )
    for table in COLUMNS:
        yield (
            f"columns {table}",
            _columns(folder, table),
            {f"{table} TPX02": expect.ExpectColumnPairValuesToBeEqual(column_A="found", column_B="declared")},
        )
    yield "contacts", contacts, _of_contacts(contacts, points, touches, expect)
    yield "contact_points", points, _of_points(points, expect)
    yield "touches", touches, _of_touches(touches, contacts, expect)
    yield from _of_channels(touches, expect)


def _frame(folder: Path, table: str) -> pd.DataFrame:
    files = sorted((folder / "lake" / table).glob("*.parquet"))
    return pd.concat([pd.read_parquet(file, columns=COLUMNS[table]) for file in files], ignore_index=True)


def _columns(folder: Path, table: str) -> pd.DataFrame:
    """The columns that the files hold, with the type found and the type declared; no row is read for it."""
    files = sorted((folder / "lake" / table).glob("*.parquet"))
    found = {name: str(type_) for file in files for name, type_ in _schema(file).items()}
    declared = {column.name: ARROW_TYPES[SQL_TYPES[column.type]] for column in LAKE_TABLES[table]}
    return pd.DataFrame({"found": found.values(), "declared": [declared[name] for name in found]})


def _schema(file: Path) -> dict[str, Any]:
    schema = pq.read_schema(file)
    return dict(zip(schema.names, schema.types, strict=True))


def _newest(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The newest row per key: only rows whose key is there twice are sorted."""
    twice = frame.duplicated(key, keep=False)
    repeated = frame[twice].sort_values(["ingested_at", "source_file", "source_row"]).drop_duplicates(key, keep="last")
    return pd.concat([frame[~twice], repeated], ignore_index=True)


def _judged(frame: pd.DataFrame, name: str, fails: pd.Series, expect: Any, given: pd.Series | None = None) -> Any:
    """An expectation on a column of its own, which tells of the *given* rows whether they fall short."""
    frame[name] = fails if given is None else fails.astype("boolean").where(given)
    return expect.ExpectColumnValuesToBeInSet(column=name, value_set=[False])


def _listed(texts: str) -> list[str]:
    """The texts of a SQL list."""
    return [text.strip().strip("'") for text in texts.split(",")]


def _of_touches(touches: pd.DataFrame, contacts: pd.DataFrame, expect: Any) -> dict[str, Any]:
    seconds, hours = touches.occurred_at.dt.floor("s"), touches.occurred_at.dt.floor("h")
    content = touches[CONTENT].assign(second=seconds)
    given = touches.occurred_at.notna() & (touches.contact_id.notna() | touches.anonymous_id.notna())
    per_hour = touches.assign(hour=hours).groupby(["contact_id", "anonymous_id", "hour"], dropna=False)
    touches["per_hour"] = per_hour.touch_id.transform("size").where(given)
    without, between = expect.ExpectColumnValuesToNotMatchRegex, expect.ExpectColumnValuesToBeBetween
    blank, unknown = touches.touch_id.fillna("").str.strip() == "", ~touches.contact_id.isin(contacts.contact_id)
    return {
        "touches TPC01 touch_id": _judged(touches, "blank", blank, expect),
        "touches TPC06 text": without(column="text", regex=BROKEN_TEXT),
        "touches TPC07 text": without(column="text", regex=DECODED_TWICE),
        "touches TPC09 user_id": without(column="user_id", regex=PADDED),
        "touches TPL05 text": expect.ExpectColumnValuesToNotMatchRegexList(
            column="text",
            regex_list=[f"(^|[^0-9])({digits})([^0-9]|$)" for digits in (IDENTITY_CARD, BANK_CARD, MOBILE)],
        ),
        "touches TPR01 contact_id": _judged(touches, "unknown", unknown, expect, touches.contact_id.notna()),
        "touches TPT01 occurred_at": expect.ExpectColumnValuesToNotBeNull(column="occurred_at"),
        "touches TPT02 occurred_at": between(column="occurred_at", max_value=DAY_ENDS, strict_max=True),
        "touches TPT03 occurred_at": between(column="occurred_at", min_value=BEGAN),
        "touches TPT06 occurred_at": between(
            column="occurred_at",
            min_value=pd.Timestamp("1980", tz="UTC"), max_value=pd.Timestamp("2100", tz="UTC"), strict_max=True,
        ),
        "touches TPV04": _judged(touches, "repeated", content.duplicated(), expect, given),
        "touches TPV05": between(column="per_hour", max_value=100),
    }  # fmt: skip


def _of_contacts(contacts: pd.DataFrame, points: pd.DataFrame, touches: pd.DataFrame, expect: Any) -> dict[str, Any]:
    can_be_used = points.type.isin(["phone", "email"]) & points.value_norm.notna() & ~points.is_masked
    used = touches[touches.occurred_at < DAY_ENDS].groupby("contact_id").occurred_at.max()
    is_reachable = contacts.contact_id.isin(points.contact_id[can_be_used])
    is_active = contacts.contact_id.isin(used.index[used >= DAY_ENDS - pd.Timedelta(days=365)])
    name, address = contacts.full_name.str.strip(), contacts.address.str.strip()
    no_name = name.str.lower().isin(_listed(NO_NAMES)) | name.str.fullmatch("[0-9]+|(.)\\1{2,}|([A-Za-z.?*_-])\\2")
    no_address = (address.str.len() < 4) | address.isin(_listed(NO_ADDRESSES))
    born = pd.to_datetime(contacts.birthdate)
    unlikely = ~born.between(TODAY - pd.DateOffset(years=110), TODAY) | born.isin(
        [pd.Timestamp(year, 1, 1) for year in (1900, 1970, 2000)]
    )
    shown = (contacts.full_name.fillna("") + " " + contacts.nickname.fillna("")).str.lower()
    test = shown.str.contains(TEST) | contacts.user_id.str.lower().str.contains("^(?:test|qa|demo)[-_0-9]")
    without = expect.ExpectColumnValuesToNotMatchRegex
    texts = ("address", "full_name", "nickname")
    return {
        "contacts TPC01 contact_id": _judged(
            contacts, "blank", contacts.contact_id.fillna("").str.strip() == "", expect
        ),
        "contacts TPC03": _judged(contacts, "zombie", ~is_reachable, expect),
        "contacts TPC04": _judged(contacts, "inactive", ~is_reachable | ~is_active, expect),
        "contacts TPC05 full_name": _judged(contacts, "no_name", no_name, expect, contacts.full_name.notna()),
        **{f"contacts TPC06 {column}": without(column=column, regex=BROKEN_TEXT) for column in texts},
        **{f"contacts TPC07 {column}": without(column=column, regex=DECODED_TWICE) for column in texts},
        "contacts TPC09 user_id": without(column="user_id", regex=PADDED),
        "contacts TPC10 address": _judged(contacts, "no_address", no_address, expect, contacts.address.notna()),
        "contacts TPC12 birthdate": _judged(contacts, "unlikely", unlikely, expect, born.notna()),
        "contacts TPL04 birthdate": _judged(
            contacts, "minor", born > TODAY - pd.DateOffset(years=14), expect, born <= TODAY
        ),
        "contacts TPP01": _judged(
            contacts, "no_phone", ~contacts.contact_id.isin(points.contact_id[points.type == "phone"]), expect
        ),
        "contacts TPX01": _judged(contacts, "test", test, expect, shown.str.strip() != ""),
    }


def _of_points(points: pd.DataFrame, expect: Any) -> dict[str, Any]:
    local, domain = (points.value_norm.str.split("@").str[part] for part in (0, 1))
    mails, phones = points.type == "email", points.type == "phone"
    junk = points.value_norm.str.contains(
        rf"^(?:{NO_MAILBOXES}|.)@|@(?:.*\.)?(?:example|test|invalid|localhost)(?:\.|$)"
    ) | (local == domain.str.split(".").str[0])
    misspelt = domain.isin(_listed(MISSPELT)) | domain.str.contains(r"\.(?:con|cmo|ocm|comm|vom|xom|cpm)$")
    no_phone = points.value_norm.isna() | (
        points.value_norm.str.startswith("+861") & ~points.value_norm.str.match(r"\+86(?:1[3-9][0-9]{9}|10[0-9]{8})$")
    )
    has_norm = points.value_norm.notna()
    points["holders"] = points.groupby(["source_system", "type", "value_norm"]).contact_id.transform("nunique")
    points["written"] = points.value_norm.fillna(points.value)
    without, within = expect.ExpectColumnValuesToNotMatchRegex, expect.ExpectColumnValuesToMatchRegex
    sharing = expect.ExpectColumnValuesToBeBetween
    known = {"condition_parser": "pandas"}
    return {
        "contact_points TPC08 value": without(column="value", regex="[０-９Ａ-Ｚａ-ｚ＠]"),
        "contact_points TPC09 value": without(column="value", regex=PADDED),
        "contact_points TPE01 value": within(
            column="value", regex=r"^\s*[^@＠\s,;]+[@＠][^@＠\s,;]+[.．][^@＠\s,;.]+\s*$",
            row_condition=f"{EMAILS} and not is_masked", **known,
        ),
        "contact_points TPE02 value_norm": _judged(points, "junk", junk, expect, mails & has_norm),
        "contact_points TPE04 value_norm": _judged(
            points, "thrown_away", domain.isin(_listed(THROWN_AWAY)), expect, mails & has_norm
        ),
        "contact_points TPE05 value_norm": _judged(points, "misspelt", misspelt, expect, mails & has_norm),
        "contact_points TPP02 value": _judged(points, "no_number", no_phone, expect, phones & ~points.is_masked),
        "contact_points TPP03 value": without(column="value", regex=r"\*|[xX]{3,}", row_condition=PHONES, **known),
        "contact_points TPP04 value_norm": without(
            column="value_norm", regex=r"^\+86(?:162|165|167|170|171)", row_condition=MOBILES, **known
        ),
        "contact_points TPP05 value_norm": without(
            column="value_norm", regex=r"^\+86(?:14[56789]|1064|1440|1441|1449)", row_condition=MOBILES, **known
        ),
        "contact_points TPP06 value": without(
            column="written", regex=SAME_DIGITS, row_condition=f"{PHONES} and not is_masked", **known
        ),
        "contact_points TPP08 value_norm": without(
            column="value_norm", regex=r"^\+86(?:[2-9]|10)", row_condition=CHINESE, **known
        ),
        "contact_points TPE06 value_norm": sharing(column="holders", max_value=5, row_condition=EMAILS, **known),
        "contact_points TPP07 value_norm": sharing(column="holders", max_value=5, row_condition=PHONES, **known),
    }  # fmt: skip


def _of_channels(touches: pd.DataFrame, expect: Any) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    """Checks of channels and sources over time; of volumes (TPV02) the days are worked out and judged like the rest."""
    believed = touches[touches.occurred_at.between(BEGAN, DAY_ENDS, inclusive="left")]
    clock = believed.occurred_at.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    hours = believed.assign(moment=clock.dt.floor("h"), at_midnight=clock == clock.dt.normalize())
    by_hour = hours.groupby(["source_system", "channel", "direction", "moment"], dropna=False)
    hours = by_hour.at_midnight.agg(["size", "sum"])
    hours = hours.reset_index().rename(columns={"size": "rows", "sum": "at_midnight"})
    channels = hours.groupby("channel")[["rows", "at_midnight"]].sum()
    dated = channels[channels["rows"] >= 20].reset_index()
    dated["share"] = dated.at_midnight / dated["rows"]
    share = expect.ExpectColumnValuesToBeBetween(column="share", max_value=0.9)
    yield "midnight", dated, {"touches TPT04 occurred_at": share}
    by_clock = hours.groupby(["channel", hours.moment.dt.hour])["rows"].sum().unstack(fill_value=0)
    by_clock = by_clock.reindex(columns=range(24), fill_value=0)
    by_clock = by_clock[by_clock.sum(axis=1) >= 200]
    spans = pd.DataFrame({begins: sum(by_clock[(begins + n) % 24] for n in range(4)) for begins in range(24)})
    shifted = (spans[[*range(8, 19)]].min(axis=1) == spans.min(axis=1)) & (2 * spans.min(axis=1) < spans[1])
    zones = pd.DataFrame({"shifted": shifted})
    yield "zones", zones, {"touches TPT05 occurred_at": _judged(zones, "zone", shifted, expect)}
    sources = hours.groupby("source_system").moment.max().reset_index()
    yield (
        "sources",
        sources,
        {
            "touches TPT08 occurred_at": expect.ExpectColumnValuesToBeBetween(
                column="moment", min_value=TODAY - pd.Timedelta(days=8)
            )
        },
    )
    inbound = hours[hours.direction != "outbound"]
    pauses = (
        inbound.sort_values("moment")
        .groupby("channel")
        .moment.agg(
            newest="max", hours="size", usual=lambda moments: moments.diff().quantile(0.99, interpolation="lower")
        )
    )
    pauses = pauses[pauses.hours >= 50]
    silent = (hours.moment.max() - pauses.newest) > (3 * pauses.usual).clip(lower=pd.Timedelta(hours=24))
    yield "pauses", pauses, {"touches TPT09 occurred_at": _judged(pauses, "silent", silent, expect)}
    days = _days(inbound)
    yield "days", days, {"touches TPV02 occurred_at": _judged(days, "unusual", days.unusual, expect)}


def _days(inbound: pd.DataFrame) -> pd.DataFrame:
    """The last seven days of each channel, and whether they are unusual beside the same weekdays before."""
    daily = inbound.groupby(["channel", inbound.moment.dt.normalize()])["rows"].sum().unstack(fill_value=0)
    daily = daily.reindex(columns=pd.date_range(end=TODAY - pd.Timedelta(days=1), periods=63), fill_value=0)
    found = []
    for number in range(56, 63):
        before = daily.iloc[:, [number - 7 * weeks for weeks in range(1, 9)]]
        middle = before.median(axis=1)
        spread = before.sub(middle, axis=0).abs().median(axis=1)
        allowed = 4 * (1.4826 * spread).clip(lower=(middle + 2) ** 0.5)
        unusual = (daily.iloc[:, number] - middle).abs() > allowed
        found.append(pd.DataFrame({"unusual": unusual})[(before > 0).sum(axis=1) >= 4])
    return pd.concat(found, ignore_index=True)
