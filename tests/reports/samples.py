"""Hand-made results of an invented audit, for renderers to draw: enough rows to be cut, gaps, and hostile names."""

from __future__ import annotations

from datetime import date

from tests.reports.rank_samples import RANK, TITLES
from tpaudit.results import (
    AudienceResult,
    AudienceRow,
    ClusterSize,
    DedupeResult,
    FileIngested,
    FindingRow,
    IngestResult,
    IssueCount,
    JourneyMapRow,
    JourneyResult,
    KeyUse,
    KpiInfo,
    KpiResult,
    KpiRow,
    LoopRow,
    PathRow,
    PurchaseWithin,
    RankResult,
    Returns,
    RunResult,
    SharedKey,
    StageFlow,
    StageOutcome,
    Titles,
    TouchesToPurchase,
    TransitionRow,
    UnclassifiedTouches,
    ValidateResult,
)

HOSTILE = "</td><script>alert(1)</script>[bold red]\x1b[31m\u202e.csv"


MASKED = Titles(en="the source hid part of the value", zh="来源隐藏了部分内容")

INGEST = IngestResult(
    files=(
        FileIngested(
            file="ExportOrderList202611160901.csv", sha256="a1" * 32, status="loaded", container="csv",
            encoding="gb18030", preset="taobao_orders", preset_title=Titles(en="Taobao orders", zh="淘宝天猫订单"),
            confidence="verified", score=0.98, rows_in=1204, rows_kept=1202, rows_refused=2,
            first_day=date(2026, 5, 16), last_day=date(2026, 11, 15),
            rows_by_table={"orders": 1202, "contacts": 911, "contact_points": 1530, "ingest_issues": 17}, issues=17,
        ),
        FileIngested(
            file="会员资料.csv", sha256="b2" * 32, status="unchanged", container="csv", encoding="gb18030",
            preset="pos_members_cn", preset_title=Titles(en="Shop members", zh="门店会员"), confidence="partial",
            rows_in=640, rows_kept=640, first_day=date(2019, 3, 1), last_day=date(2026, 11, 2),
            rows_by_table={"contacts": 640}, issues=1,
        ),
        FileIngested(
            file="sensors_events.jsonl.gz", sha256="c3" * 32, status="loaded", container="jsonl.gz", encoding="utf-8",
            preset="sensors_events", preset_title=Titles(en="Sensors events", zh="神策事件"), confidence="verified",
            rows_in=18206, rows_kept=18204, rows_refused=2, first_day=date(2026, 11, 1), last_day=date(2026, 11, 1),
            rows_by_table={"touches": 18100, "contacts": 104}, issues=2,
        ),
        FileIngested(file="old.csv", sha256="d4" * 32, status="kept", container="csv", rows_in=12, rows_kept=12,
                     rows_by_table={"touches": 12}),
        FileIngested(file="book.xlsx#线索", sha256="d5" * 32, part="线索", status="removed", container="xlsx",
                     confidence="yours", rows_in=7, rows_kept=7, rows_by_table={"leads": 7}, issues=1),
        FileIngested(
            file="locked.xlsx", sha256="e5" * 32, status="refused", code="refused_file",
            reason="is an encrypted workbook", reason_zh="是加密的工作簿",
            hint="open it in Excel, remove the password and save it again", hint_zh="用 Excel 打开，去掉密码后重新保存",
        ),
        FileIngested(file=HOSTILE, sha256="f6" * 32, status="refused", reason="is empty"),
    ),
    tables={"contacts": 1655, "orders": 1204, "touches": 18112},
    issues=(
        IssueCount(file="ExportOrderList202611160901.csv", column="订单编号", code="sci_notation_id",
                   severity="critical", count=12, first_row=88, message="Excel damaged the number; the id is lost",
                   message_zh="编号被 Excel 破坏", remedy=Titles(en="take the export as the platform wrote it",
                                                             zh="请使用平台原始导出文件")),
        IssueCount(file="book.xlsx#线索", column=None, code="removed_file", severity="warning", count=1,
                   first_row=None, message="the file is gone; its rows were removed: leads 7"),
        IssueCount(file="ExportOrderList202611160901.csv", column="收货人姓名", code="masked_value", severity="info",
                   count=1, first_row=None, message="911 values are masked", title=MASKED),
        IssueCount(file="会员资料.csv", column="手机号", code="masked_value", severity="info", count=1, first_row=None,
                   message="4 values are masked", title=MASKED),
        IssueCount(file="sensors_events.jsonl.gz", column=None, code="broken_line", severity="warning", count=2,
                   first_row=9001, message="the line is no JSON object"),
    ),
)  # fmt: skip

DEDUPE = DedupeResult(
    records=2345, customers=1204, identified_customers=1002, merged_customers=611,
    keys=(
        KeyUse(type="phone", records=1801, values=990, merged_records=811, reliability=0.982, reliability_n=402),
        KeyUse(type="email", records=604, values=488, merged_records=116, reliability=0.941, reliability_n=96),
        KeyUse(type="cookie", records=744, values=744, merged_records=0),
    ),
    shared=(
        SharedKey(type="phone", value_masked="138****8000", records=61, names=44, treatment="not a key"),
        SharedKey(type="phone", value_masked="139****2201", records=4, names=2,
                  treatment="key only together with the name"),
    ),
    shared_total=37,
    cluster_sizes=(
        ClusterSize(records=1, customers=593), ClusterSize(records=2, customers=402),
        ClusterSize(records=3, customers=160), ClusterSize(records=4, customers=48),
        ClusterSize(records=9, customers=1),
    ),
    largest_cluster=9,
)  # fmt: skip


def finding(code: str, en: str, zh: str, **values: object) -> FindingRow:
    """A passed critical check of 18,112 touches, unless told otherwise."""
    usual: dict[str, object] = {
        "table": "touches", "column": None, "severity": "critical", "status": "passed", "checked": 18112, "failed": 0,
        "share": 0.0, "threshold": 0.0,
    }  # fmt: skip
    return FindingRow.model_validate({"code": code, "title": Titles(en=en, zh=zh), **usual, **values})


FINDINGS = (
    finding("TPV03", "event id is unique", "事件 ID 唯一", column="touch_id"),
    finding(
        "TPT02", "no touch lies in the future", "触达时间不在未来", column="occurred_at", status="failed", failed=312,
        share=312 / 18112, detail="latest 2031-01-01",
        why=Titles(en="a touch that has not happened shifts every interval after it", zh="尚未发生的触达会使间隔错位"),
        remedy=Titles(en="ask for the export's clock and time zone", zh="核对导出系统的时钟与时区"),
    ),
    finding(
        "TPP07", "one phone, few customers", "一个手机号只属于少数客户", table="contact_points", column="value_norm",
        severity="warning", status="failed", checked=1530, failed=61, share=61 / 1530, threshold=0.005,
        remedy=Titles(en="find out whose phone it is", zh="查明手机号的归属"),
    ),
    finding("TPP04", "no virtual operator", "非虚拟运营商", table="contact_points", column="value_norm",
            severity="info", status="failed", checked=1530, failed=99, share=99 / 1530, threshold=0.05),
    finding("TPS01", "NPS lies between 0 and 10", "NPS 在 0 到 10 之间", table="surveys", column="score",
            status="skipped", checked=None, failed=None, share=None,
            reason=Titles(en="no surveys: map a survey export to enable it", zh="没有问卷数据：映射问卷导出后启用")),
    finding("TPX01", "query check", "查询检查", table="orders", status="error", checked=None, failed=None, share=None,
            reason=Titles(en="the engine could not run the condition", zh="引擎无法执行该条件")),
)  # fmt: skip

FAILED = ValidateResult(findings=FINDINGS, fail_on="critical", seconds=4.21)
PASSED = ValidateResult(
    findings=tuple(f for f in FINDINGS if f.code not in ("TPT02", "TPX01")), fail_on="critical", seconds=3.0
)


def mapped(stage: str, touchpoint: str, kind: str, customers: int, reach: float, **values: object) -> JourneyMapRow:
    """A row of the journey map with nothing measured but reach, unless told otherwise."""
    unmeasured = dict.fromkeys(("owner", "drop_off", "median_hours_to_next", "csat", "nps", "ces", "pain"))
    return JourneyMapRow.model_validate(
        {"stage": stage, "touchpoint": touchpoint, "kind": kind, "customers": customers, "reach": reach,
         **unmeasured, **values}
    )  # fmt: skip


JOURNEY = JourneyResult(
    touches=18112, touches_with_customer=16004, touches_classified=17500, customers=1204, converted=312,
    first_touch=date(2026, 5, 18), last_touch=date(2026, 11, 15),
    map=(
        mapped("awareness", "online_ads", "online", 911, 0.757, owner="Marketing", drop_off=0.212,
               median_hours_to_next=30.5, hours_low=26.0, hours_high=35.5, n_waits=402),
        mapped("awareness", "short_video", "online", 402, 0.334, owner="Content team", drop_off=0.31,
               median_hours_to_next=51.0, hours_low=40.0, hours_high=66.0, n_waits=57, csat=0.81, nps=33.0),
        mapped("consideration", "product_page", "online", 812, 0.744, owner="E-commerce", drop_off=0.144,
               median_hours_to_next=2.2, hours_low=1.9, hours_high=2.5, n_waits=211),
        mapped("consideration", "chat", "human", 377, 0.346, owner="Service", drop_off=0.101, median_hours_to_next=0.4,
               csat=0.88, nps=41.0),
        mapped("purchase", "cart", "online", 498, 0.913, drop_off=0.413, median_hours_to_next=0.2, pain="drop_off"),
        mapped("purchase", "store_visit", "offline", 120, 0.22, owner="Shops", drop_off=0.05, csat=0.93, nps=58.0),
        mapped("service", "hotline", "human", 188, 0.602, owner="Service", drop_off=0.09, median_hours_to_next=70.2,
               csat=0.61, nps=-12.0, ces=4.9, pain="slow_response"),
    ),
    transitions=(
        TransitionRow(from_touchpoint="START", to_touchpoint="online_ads", customers=700, transitions=700,
                       median_hours=None),
        TransitionRow(from_touchpoint="online_ads", to_touchpoint="product_page", customers=512, transitions=640,
                      median_hours=26.4, ci_low=22.0, ci_high=31.5),
        TransitionRow(from_touchpoint="cart", to_touchpoint="CONVERSION", customers=201, transitions=201,
                       median_hours=0.3, ci_low=0.2, ci_high=1.4),
    ),
    transitions_total=96,
    paths=(
        PathRow(path="online_ads > product_page > cart", customers=88, conversions=41, value=9020.5, share=0.073),
        PathRow(path="short_video > product_page > chat > product_page > cart > store_visit", customers=31,
                conversions=22, value=None, share=0.026),
    ),
    paths_total=402,
    unclassified=(
        UnclassifiedTouches(event="PageLeave", channel="web", touches=512, suggested_rule='event = "PageLeave"'),
        UnclassifiedTouches(event=None, channel=None, touches=100, suggested_rule='source_raw = "其他"'),
    ),
    unseen_touchpoints=("referral", "care_message"),
    touchpoint_titles=TITLES,
    median_touches_to_purchase=6.0, median_days_to_purchase=12.4,
    timezone="Asia/Shanghai", as_of=date(2026, 11, 16), window_days=30,
    unmet_stages=("loyalty",), unowned_touchpoints=("cart",),
    stage_flow=(
        StageFlow(stage="awareness", customers=1104, went_on=880, drop_off=224 / 1104, ci_low=0.18, ci_high=0.228),
        StageFlow(stage="service", customers=190),
    ),
    paths_to=(PathRow(path="online_ads > cart", customers=44, conversions=40, value=120.0, share=0.04),),
    paths_away=(PathRow(path="short_video", customers=61, conversions=0, value=None, share=0.05),),
    waits=(TransitionRow(from_touchpoint="chat", to_touchpoint="CONVERSION", customers=61, transitions=61,
                         median_hours=170.0, ci_low=45.0, ci_high=201.5),),
    returns=Returns(
        journeys=1204, returned=301, share=0.25, ci_low=0.226, ci_high=0.275, loops_total=12,
        loops=(LoopRow(touchpoint="product_page", through="chat", customers=55, times=61),),
    ),
    touches_to_purchase=(
        TouchesToPurchase(least=1, most=1, customers=40, share=0.128, ci_low=0.096, ci_high=0.17),
        TouchesToPurchase(least=5, most=8, customers=150, share=0.481, ci_low=0.426, ci_high=0.536),
        TouchesToPurchase(least=9, most=None, customers=122, share=0.391, ci_low=0.338, ci_high=0.446),
    ),
    purchase_within=PurchaseWithin(days=60, customers=280, within=240, share=0.857, ci_low=0.811, ci_high=0.893,
                                   left_out=32),
)  # fmt: skip


def info(kpi: str, en: str, zh: str, unit: str, better: str = "higher") -> KpiInfo:
    """A KPI's record."""
    return KpiInfo.model_validate(
        {
            "id": kpi, "title": Titles(en=en, zh=zh), "unit": unit, "better": better, "source": "Kumar & Reinartz 2018",
            "definition": Titles(en=f"{en} of the customers who met the touchpoint", zh=f"遇到触点的客户的{zh}"),
            "formula": "numerator / denominator", "needs": Titles(en="orders", zh="订单"), "grain": "customer",
            "family": "conversion", "family_title": Titles(en="Conversion", zh="转化"), "inputs": ("orders",), "min_n": 10,
            "interval": Titles(en="Wilson", zh="Wilson 区间"),
        }
    )  # fmt: skip


KPIS = (
    info("lead_conversion_rate", "Lead conversion rate", "线索转化率", "share"),
    info("conversion_rate", "Conversion rate", "转化率", "share"),
    info("cac", "Customer acquisition cost", "获客成本", "currency", "lower"),
    info("aov", "Average order value", "客单价", "currency"),
    info("nps", "Net promoter score", "净推荐值", "nps"),
    info("csat", "Customer satisfaction", "满意度", "share"),
    info("first_response_p50", "First response, median", "首次响应中位数", "min", "lower"),
    info("repeat_purchase_rate", "Repeat purchase rate", "复购率", "share"),
    info("customers", "Customers", "客户数", "customers"),
    info("roas", "Return on ad spend", "广告回报率", "ratio"),
)


def kpi(kpi_id: str, unit: str, value: float | None, low: float | None, high: float | None, n: int,
        touchpoint: str | None = None) -> KpiRow:  # fmt: skip
    """A KPI value; its grade follows from n."""
    grades = (("A", 385), ("B", 96), ("C", 30), ("D", 10), ("insufficient", 0))
    grade = next(name for name, least in grades if n >= least)
    return KpiRow(
        kpi=kpi_id, touchpoint=touchpoint, value=value, unit=unit,
        numerator=None if value is None else round(value * n, 4),
        denominator=float(n), n=n, ci_low=low, ci_high=high, grade=grade,
    )  # fmt: skip


KPI = KpiResult(
    rows=(
        kpi("conversion_rate", "share", 312 / 1204, 0.235, 0.284, 1204),
        kpi("lead_conversion_rate", "share", 0.182, 0.13, 0.249, 165),
        kpi("cac", "currency", 212.35, 180.0, 251.2, 312),
        kpi("aov", "currency", 18204.5, 17000.0, 19400.0, 401),
        kpi("nps", "nps", 31.2, 24.0, 38.0, 420),
        kpi("csat", "share", 0.84, 0.8, 0.87, 411),
        kpi("first_response_p50", "min", 14.5, 12.0, 19.0, 377),
        kpi("repeat_purchase_rate", "share", 0.298, 0.24, 0.363, 210),
        kpi("customers", "customers", 1204.0, None, None, 1204),
        kpi("conversion_rate", "share", 0.412, 0.364, 0.462, 377, "chat"),
        kpi("conversion_rate", "share", 0.271, 0.243, 0.301, 911, "online_ads"),
        kpi("conversion_rate", "share", 0.33, 0.251, 0.419, 120, "store_visit"),
        kpi("cac", "currency", 260.1, 201.7, 330.9, 118, "online_ads"),
        kpi("csat", "share", 0.61, 0.52, 0.69, 121, "hotline"),
        kpi("csat", "share", 0.88, 0.83, 0.92, 201, "chat"),
        kpi("nps", "nps", -12.0, -29.0, 5.0, 80, "hotline"),
        kpi("first_response_p50", "min", 95.0, 61.0, 180.0, 20, "hotline"),
        kpi("aov", "currency", None, None, None, 0, "hotline"),
    ),
    kpis=KPIS,
    shown=tuple(each.id for each in KPIS),
    currency="CNY",
    timezone="Asia/Shanghai",
    window_days=30,
    as_of=date(2026, 11, 16),
    windows={"repeat_purchase_rate": "kpi.repeat_days = 90"},
    left_out={"repeat_purchase_rate": 41},
    touchpoint_titles=TITLES,
    skipped={"roas": Titles(en="advertising spend", zh="广告花费")},
    lowered={"nps": ("TPS03",), "conversion_rate": ("identified_share",)},
)


AUDIENCE = AudienceResult(
    audience="at_risk", as_of=date(2026, 11, 16), timezone="Asia/Shanghai", currency="CNY", silent_days=None,
    is_masked=True,
    rows=(
        AudienceRow(
            customer_id="c3fa48e4a7a5f62f", full_name="张*", phone="+86158****8848", email="z***@163.com",
            segment="at_risk", tags=("绿茶",), orders=2, net_amount=1692.5, last_order=date(2026, 5, 30),
            last_touch=date(2026, 6, 23), lead_owner="销售一组", refused_channels=("sms",),
        ),
        AudienceRow(
            customer_id="c9f35c2e839d144b", full_name=HOSTILE, phone=None, email=None, segment="at_risk", tags=(),
            orders=1, net_amount=None, last_order=None, last_touch=None, lead_owner=None, refused_channels=(),
        ),
    ),
)  # fmt: skip

RUN = RunResult(
    run_id="20261116T010203Z-4f2a", status="done", client="Qinghe Tea", as_of=date(2026, 11, 16), engine="duckdb",
    stages=(
        StageOutcome(stage="ingest", status="done", seconds=3.2, rows={"touches": 18112, "orders": 1204}),
        StageOutcome(stage="dedupe", status="unchanged", seconds=0.0),
        StageOutcome(stage="validate", status="done", seconds=4.2, rows={"findings": 41}),
        StageOutcome(stage="rank", status="done", seconds=12.5, rows={"attribution": 80, "golden_touchpoints": 31}),
    ),
    ingest=INGEST, dedupe=DEDUPE, validation=PASSED, journey=JOURNEY, kpi=KPI, rank=RANK,
    report_file="runs/20261116T010203Z-4f2a/report.html",
)  # fmt: skip

STOPPED = RunResult(
    run_id="20261116T010203Z-4f2a", status="stopped at validate", client="Qinghe Tea", as_of=date(2026, 11, 16),
    engine="duckdb",
    stages=(
        StageOutcome(stage="validate", status="done", seconds=4.2, rows={"findings": 41}),
        StageOutcome(stage="journey", status="not run", seconds=0.0, reason="validation failed"),
    ),
    ingest=INGEST, dedupe=DEDUPE, validation=FAILED, report_file="runs/20261116T010203Z-4f2a/report.html",
)  # fmt: skip

RESULTS = {
    "ingest": INGEST, "dedupe": DEDUPE, "validate_failed": FAILED, "validate_passed": PASSED, "journey": JOURNEY,
    "audience": AUDIENCE, "kpi": KPI, "rank": RANK, "run": RUN, "run_stopped": STOPPED,
}  # fmt: skip

EMPTY = {
    "ingest": IngestResult(files=(), tables={}),
    "dedupe": DedupeResult(
        records=0, customers=0, identified_customers=0, merged_customers=0, keys=(), shared=(), shared_total=0,
        cluster_sizes=(), largest_cluster=0,
    ),
    "validate": ValidateResult(findings=(), fail_on="critical"),
    "journey": JourneyResult(
        touches=0, touches_with_customer=0, touches_classified=0, customers=0, converted=0, first_touch=None,
        last_touch=None, map=(), transitions=(), transitions_total=0, paths=(), paths_total=0, unclassified=(),
        unseen_touchpoints=(), touchpoint_titles={},
    ),
    "audience": AUDIENCE.model_copy(update={"audience": "silent", "rows": (), "silent_days": 14, "is_masked": False}),
    "kpi": KpiResult(
        rows=(), kpis=(), shown=(), currency="USD", timezone="UTC", window_days=30, as_of=date(2026, 11, 16),
        touchpoint_titles={},
    ),
    "rank": RankResult(golden=(), attribution=(), fits=(), journeys=0, conversions=0, replicates=0, top=3),
    "run": RunResult(
        run_id=None, status="nothing to do", client="", as_of=date(2026, 11, 16), engine="duckdb", stages=(),
    ),
}  # fmt: skip
