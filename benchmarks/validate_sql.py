"""The checks of `benchmarks.validate` written by hand in DuckDB's SQL: what they count, and the least they can cost.

Owes nothing to the shipped definitions but their meaning (`tpaudit explain CODE`), so that it is a peer of their
counts, too. A table is read once for all checks on its single rows, and once per question that needs groups; nothing
but totals is asked for. Two answers lie outside SQL: texts decoded twice (TPC07) are told by their rare signs only, and
the schema (TPX02) is compared with the declared one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from tpaudit.checks.views import SQL_TYPES
from tpaudit.model import LAKE_TABLES

# Check and column -> units checked, units that fell short.
Counts = dict[str, tuple[int, int]]

TABLES = ("touches", "contacts", "contact_points")
TODAY = "DATE '2026-11-16'"
DAY_ENDS, BEGAN = "TIMESTAMPTZ '2026-11-16 16:00+00'", "TIMESTAMPTZ '1999-12-31 16:00+00'"

BROKEN_TEXT = "regexp_matches({0}, '锟斤拷|烫烫烫|屯屯屯|\ufffd|Ã[\u0080-\u00bf]|â€|[À-ÿ]{{4}}')"
DECODED_TWICE = "regexp_matches({0}, '[鋩-錆洹洧洌浃浈寮褰寰蹇鎬鎭瀛灏濡澶]{{2}}')"
PADDED = "{0} <> trim({0}) OR regexp_matches({0}, '[\u200b-\u200d\u2060\ufeff\u3000\u00a0\t]')"
IDENTITY_CARD = "[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
BANK_CARD = "(4|5[1-5])[0-9]{14,15}|62[0-9]{14}([0-9]{3})?"
MOBILE = "1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
NO_NAMES = """'', '测试', '测试账号', 'test', 'tester', '无', '无名', '未知', '匿名', '不详', '先生', '女士', '小姐',
    '姓名', '客户', '用户', 'null', 'none', 'unknown', 'n/a', '-', 'asdf', 'qwer', 'abc'"""
NO_ADDRESSES = "'公司地址', '收货地址', '详细地址', '不知道', '暂无地址', 'test', 'null', 'none', 'address'"
NO_MAILBOXES = "test|tester|admin|abc|123|1234|12345|123456|aaa|asdf|qwe|none|no|null|noemail"
THROWN_AWAY = """'10minutemail.com', '10minutemail.net', '20minutemail.com', '33mail.com', 'bccto.me', 'burnermail.io',
    'chacuo.net', 'discard.email', 'dispostable.com', 'emailondeck.com', 'fakeinbox.com', 'getnada.com',
    'guerrillamail.com', 'linshiyouxiang.net', 'maildrop.cc', 'mailinator.com', 'sharklasers.com', 'temp-mail.org',
    'tempmail.com', 'throwawaymail.com', 'trashmail.com', 'yopmail.com'"""
MISSPELT = """'gamil.com', 'gmial.com', 'gmai.com', 'gmil.com', 'gnail.com', 'gmail.co', 'gmail.cn', 'hotmial.com',
    'hotmail.co', 'outlok.com', 'yaho.com', 'qq.cn', 'qq.co', 'qqq.com', '163.co', '163.cn', '136.com', '126.co'"""
SAME_DIGITS = "0{8}|1{8}|2{8}|3{8}|4{8}|5{8}|6{8}|7{8}|8{8}|9{8}|12345678|87654321|13800138000"
FREE_TEXTS = ("address", "full_name", "nickname")

# Per table, the checks on single rows: those they are for, and which of them fall short.
ROWS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "touches": {
        "TPC01 touch_id": ("TRUE", "touch_id IS NULL OR trim(touch_id) = ''"),
        "TPC06 text": ("text IS NOT NULL", BROKEN_TEXT.format("text")),
        "TPC07 text": ("text IS NOT NULL", DECODED_TWICE.format("text")),
        "TPC09 user_id": ("user_id IS NOT NULL", PADDED.format("user_id")),
        "TPL05 text": (
            "text IS NOT NULL",
            " OR ".join(
                f"regexp_matches(text, '(^|[^0-9])({digits})([^0-9]|$)')"
                for digits in (IDENTITY_CARD, BANK_CARD, MOBILE)
            ),
        ),
        "TPR01 contact_id": ("contact_id IS NOT NULL", "contact_id NOT IN (SELECT contact_id FROM known)"),
        "TPT01 occurred_at": ("TRUE", "occurred_at IS NULL"),
        "TPT02 occurred_at": ("occurred_at IS NOT NULL", f"occurred_at >= {DAY_ENDS}"),
        "TPT03 occurred_at": ("occurred_at IS NOT NULL", f"occurred_at < {BEGAN}"),
        "TPT06 occurred_at": ("occurred_at IS NOT NULL", "year(occurred_at) NOT BETWEEN 1980 AND 2099"),
    },
    "contacts": {
        "TPC01 contact_id": ("TRUE", "contact_id IS NULL OR trim(contact_id) = ''"),
        "TPC03": ("TRUE", "NOT is_reachable"),
        "TPC04": ("TRUE", f"NOT is_reachable OR last_use IS NULL OR last_use < {DAY_ENDS} - INTERVAL 365 DAY"),
        "TPC05 full_name": (
            "full_name IS NOT NULL",
            f"lower(trim(full_name)) IN ({NO_NAMES}) OR regexp_matches(trim(full_name), '^[0-9]+$') "
            "OR replace(trim(full_name), trim(full_name)[1], '') = '' "
            "AND (length(trim(full_name)) > 2 OR regexp_matches(trim(full_name), '^[A-Za-z.?*_-]{2}$'))",
        ),
        **{f"TPC06 {name}": (f"{name} IS NOT NULL", BROKEN_TEXT.format(name)) for name in FREE_TEXTS},
        **{f"TPC07 {name}": (f"{name} IS NOT NULL", DECODED_TWICE.format(name)) for name in FREE_TEXTS},
        "TPC09 user_id": ("user_id IS NOT NULL", PADDED.format("user_id")),
        "TPC10 address": ("address IS NOT NULL", f"length(trim(address)) < 4 OR trim(address) IN ({NO_ADDRESSES})"),
        "TPC12 birthdate": (
            "birthdate IS NOT NULL",
            f"birthdate NOT BETWEEN {TODAY} - INTERVAL 110 YEAR AND {TODAY} "
            "OR birthdate IN (DATE '1900-01-01', DATE '1970-01-01', DATE '2000-01-01')",
        ),
        "TPL04 birthdate": (
            f"birthdate <= {TODAY}",
            f"birthdate > {TODAY} - INTERVAL 14 YEAR AND coalesce(NOT list_contains(tags, '监护人'), TRUE)",
        ),
        "TPP01": ("TRUE", "NOT has_phone"),
        "TPX01": (
            "coalesce(full_name, nickname, user_id) IS NOT NULL",
            "regexp_matches(lower(concat_ws(' ', full_name, nickname)), "
            "'测试|(^|[^a-z])(test|tester|qatest|demo)([^a-z]|$)') "
            "OR regexp_matches(lower(user_id), '^(test|qa|demo)[-_0-9]')",
        ),
    },
    "contact_points": {
        "TPC08 value": ("value IS NOT NULL", "regexp_matches(value, '[０-９Ａ-Ｚａ-ｚ＠]')"),
        "TPC09 value": ("value IS NOT NULL", PADDED.format("value")),
        "TPE01 value": (
            "type = 'email' AND NOT is_masked",
            r"NOT regexp_matches(value, '^\s*[^@＠\s,;]+[@＠][^@＠\s,;]+[.．][^@＠\s,;.]+\s*$')",
        ),
        "TPE02 value_norm": (
            "type = 'email' AND value_norm IS NOT NULL",
            f"regexp_matches(value_norm, '^({NO_MAILBOXES}|.)@') "
            r"OR regexp_matches(value_norm, '@(.*\.)?(example|test|invalid|localhost)(\.|$)') "
            "OR split_part(value_norm, '@', 1) = split_part(split_part(value_norm, '@', 2), '.', 1)",
        ),
        "TPE04 value_norm": (
            "type = 'email' AND value_norm IS NOT NULL",
            f"split_part(value_norm, '@', 2) IN ({THROWN_AWAY})",
        ),
        "TPE05 value_norm": (
            "type = 'email' AND value_norm IS NOT NULL",
            rf"split_part(value_norm, '@', 2) IN ({MISSPELT}) "
            r"OR regexp_matches(value_norm, '\.(con|cmo|ocm|comm|vom|xom|cpm)$')",
        ),
        "TPP02 value": (
            "type = 'phone' AND NOT is_masked",
            r"value_norm IS NULL OR value_norm LIKE '+861%' "
            r"AND NOT regexp_matches(value_norm, '^\+86(1[3-9][0-9]{9}|10[0-9]{8})$')",
        ),
        "TPP03 value": ("type = 'phone'", "is_masked OR contains(value, '*') OR regexp_matches(value, '[xX]{3,}')"),
        "TPP04 value_norm": (
            "type = 'phone' AND value_norm LIKE '+861%'",
            "value_norm[4:6] IN ('162', '165', '167', '170', '171')",
        ),
        "TPP05 value_norm": (
            "type = 'phone' AND value_norm LIKE '+861%'",
            "value_norm[4:6] IN ('145', '146', '147', '148', '149') "
            "OR value_norm[4:7] IN ('1064', '1440', '1441', '1449')",
        ),
        "TPP06 value": (
            "type = 'phone' AND NOT is_masked",
            f"regexp_matches(coalesce(value_norm, value), '{SAME_DIGITS}')",
        ),
        "TPP08 value_norm": (
            "type = 'phone' AND value_norm LIKE '+86%'",
            r"regexp_matches(value_norm, '^\+86([2-9]|10)')",
        ),
    },
}

# What the row checks of `contacts` ask of the other tables, per contact; read once each.
JOINED = {
    "contacts": f"""
        LEFT JOIN (SELECT contact_id, coalesce(bool_or(type = 'phone'), FALSE) AS has_phone,
                          coalesce(bool_or(type IN ('phone', 'email') AND value_norm IS NOT NULL AND NOT is_masked),
                                   FALSE) AS is_reachable
                   FROM read_contact_points GROUP BY contact_id) USING (contact_id)
        LEFT JOIN (SELECT contact_id, max(occurred_at) AS last_use FROM newest_touches
                   WHERE occurred_at < {DAY_ENDS} GROUP BY contact_id) USING (contact_id)""",
}

# A check over groups -> a query for its units: how many, and how many of them fell short.
GROUPS: Mapping[str, str] = {
    "contacts TPC02 user_id": """
        SELECT sum(rows), sum(rows - 1) FROM (
          SELECT count(*) AS rows FROM read_contacts WHERE user_id IS NOT NULL GROUP BY source_sha256, user_id)""",
    "touches TPV03 touch_id": """
        SELECT sum(rows), sum(rows - 1) FROM (
          SELECT count(*) AS rows FROM read_touches WHERE touch_id IS NOT NULL GROUP BY source_sha256, touch_id)""",
    "touches TPV04": """
        SELECT sum(rows), sum(rows - 1) FROM (
          SELECT count(*) AS rows FROM newest_touches
          WHERE occurred_at IS NOT NULL AND (contact_id IS NOT NULL OR anonymous_id IS NOT NULL)
          GROUP BY contact_id, anonymous_id, channel, event, direction, page_url, content_type, content, campaign,
                   order_id, date_trunc('second', occurred_at))""",
    "touches TPV05": """
        SELECT sum(rows), coalesce(sum(rows) FILTER (rows > 100), 0) FROM (
          SELECT count(*) AS rows FROM newest_touches
          WHERE occurred_at IS NOT NULL AND (contact_id IS NOT NULL OR anonymous_id IS NOT NULL)
          GROUP BY contact_id, anonymous_id, date_trunc('hour', occurred_at))""",
    **{
        f"contact_points {code} value_norm": f"""
        SELECT sum(rows), coalesce(sum(rows) FILTER (contacts > 5), 0) FROM (
          SELECT count(*) AS rows, count(DISTINCT contact_id) AS contacts FROM newest_contact_points
          WHERE type = '{type_}' AND value_norm IS NOT NULL GROUP BY source_system, value_norm)"""
        for code, type_ in (("TPE06", "email"), ("TPP07", "phone"))
    },
    "touches TPT04 occurred_at": """
        SELECT count(*), count(*) FILTER (at_midnight > 0.9 * rows) FROM (
          SELECT sum(rows) AS rows, sum(at_midnight) AS at_midnight
          FROM hours GROUP BY channel HAVING sum(rows) >= 20)""",
    "touches TPT05 occurred_at": """
        WITH clock AS (SELECT channel, hour(moment) AS hour, sum(rows) AS rows FROM hours GROUP BY ALL),
        starts AS (SELECT channel, unnest(range(24)) AS begins FROM (SELECT DISTINCT channel FROM hours)),
        spans AS (
          SELECT starts.channel, begins, coalesce(sum(rows), 0) AS rows
          FROM starts LEFT JOIN clock ON clock.channel = starts.channel AND (hour - begins + 24) % 24 < 4 GROUP BY ALL)
        SELECT count(*), count(*) FILTER (by_day = least AND 2 * least < at_night) FROM (
          SELECT min(rows) AS least, min(rows) FILTER (begins BETWEEN 8 AND 18) AS by_day,
                 max(rows) FILTER (begins = 1) AS at_night
          FROM spans GROUP BY channel HAVING sum(rows) / 4 >= 200)""",
    "touches TPT08 occurred_at": f"""
        SELECT count(*), count(*) FILTER (newest < {TODAY} - INTERVAL 8 DAY) FROM (
          SELECT source_system, max(moment) AS newest FROM hours GROUP BY source_system)""",
    "touches TPT09 occurred_at": """
        SELECT count(*), count(*) FILTER (
          date_diff('hour', newest, (SELECT max(moment) FROM hours)) > greatest(3 * usual, 24)) FROM (
          SELECT channel, max(moment) AS newest, quantile_disc(pause, 0.99) AS usual FROM (
            SELECT channel, moment,
                   date_diff('hour', lag(moment) OVER (PARTITION BY channel ORDER BY moment), moment) AS pause
            FROM hours WHERE direction IS DISTINCT FROM 'outbound')
          GROUP BY channel HAVING count(*) >= 50)""",
    "touches TPV02 occurred_at": f"""
        WITH daily AS (
          SELECT channel, CAST(moment AS DATE) AS day, sum(rows) AS rows FROM hours
          WHERE direction IS DISTINCT FROM 'outbound' GROUP BY ALL),
        calendar AS (
          SELECT channel, CAST(unnest(generate_series(
                   {TODAY} - INTERVAL 63 DAY, {TODAY} - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS DATE) AS day
          FROM (SELECT DISTINCT channel FROM daily)),
        full_weeks AS (
          SELECT channel, day, coalesce(rows, 0) AS rows FROM calendar LEFT JOIN daily USING (channel, day)),
        usual AS (
          SELECT now.rows, median(earlier.rows) AS middle, mad(earlier.rows) AS spread
          FROM full_weeks AS now JOIN full_weeks AS earlier
            ON earlier.channel = now.channel AND now.day - earlier.day IN (7, 14, 21, 28, 35, 42, 49, 56)
          WHERE now.day >= {TODAY} - INTERVAL 7 DAY
          GROUP BY now.channel, now.day, now.rows HAVING count(*) FILTER (earlier.rows > 0) >= 4)
        SELECT count(*), count(*) FILTER (abs(rows - middle) > 4 * greatest(1.4826 * spread, sqrt(middle + 2)))
        FROM usual""",
    **{
        f"{table} TPV01": f"SELECT 1, CAST(count(*) < 1 AS INTEGER) FROM read_{table}"
        for table in ("contacts", "touches")
    },
}


def count(folder: Path) -> Counts:
    """Units checked and units that fell short per check, of the lake below *folder*."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES:
            _open(connection, folder, table)
        connection.execute("CREATE VIEW known AS SELECT contact_id FROM newest_contacts WHERE contact_id IS NOT NULL")
        connection.execute(f"""
            CREATE TABLE hours AS
            SELECT source_system, channel, direction, date_trunc('hour', clock) AS moment, count(*) AS rows,
                   count(*) FILTER (clock = date_trunc('day', clock)) AS at_midnight
            FROM (SELECT source_system, channel, direction, occurred_at AT TIME ZONE 'Asia/Shanghai' AS clock
                  FROM newest_touches WHERE occurred_at >= {BEGAN} AND occurred_at < {DAY_ENDS})
            GROUP BY ALL""")
        counts: Counts = {}
        for table, checks in ROWS.items():
            verdicts = ", ".join(
                f"CASE WHEN {given} THEN coalesce({fails}, FALSE) END AS v{number}"
                for number, (given, fails) in enumerate(checks.values())
            )
            sums = ", ".join(f"count(v{number}), count(*) FILTER (v{number})" for number in range(len(checks)))
            judged = f"SELECT {verdicts} FROM newest_{table} {JOINED.get(table, '')}"
            row = connection.execute(f"SELECT {sums} FROM ({judged})").fetchone() or ()
            counts |= {f"{table} {name}": (row[2 * number], row[2 * number + 1]) for number, name in enumerate(checks)}
        for name, query in GROUPS.items():
            checked, failed = connection.execute(query).fetchone() or (0, 0)
            counts[name] = (checked, failed)
        for table in TABLES:
            counts[f"{table} TPX02"] = _schema(connection, table)
    return counts


def _open(connection: duckdb.DuckDBPyConnection, folder: Path, table: str) -> None:
    """Views of every row that was read, and of the newest per key."""
    files = [str(file) for file in sorted((folder / "lake" / table).glob("*.parquet"))]
    stored, key = f"read_parquet({files})", ", ".join(LAKE_TABLES[table].key)
    connection.execute(f"CREATE VIEW read_{table} AS FROM {stored}")
    connection.execute(f"""
        CREATE TABLE replaced_{table} AS
        SELECT file_index, file_row_number FROM (
          SELECT file_index, file_row_number, row_number() OVER (
                   PARTITION BY {key} ORDER BY ingested_at DESC, source_file DESC, source_row DESC) AS age
          FROM {stored} SEMI JOIN (SELECT {key} FROM {stored} GROUP BY ALL HAVING count(*) > 1) USING ({key}))
        WHERE age > 1""")
    connection.execute(f"""
        CREATE VIEW newest_{table} AS
        FROM {stored} ANTI JOIN replaced_{table} USING (file_index, file_row_number)""")


def _schema(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    found = connection.execute(f"DESCRIBE read_{table}").fetchall()
    declared = {column.name: SQL_TYPES[column.type] for column in LAKE_TABLES[table]}
    return len(found), sum(declared[name] != type_ for name, type_, *_ in found)
