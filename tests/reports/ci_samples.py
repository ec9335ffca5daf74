"""What the tests of the forms for pipelines share: a view, and findings in every state."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.reports.samples import FINDINGS, HOSTILE, finding
from tpaudit.reports.ci.view import CiView
from tpaudit.reports.language import Language, Messages
from tpaudit.results import BaselineUse, FindingRow, PlaceCount, RowPlace, ValidateResult, WaiverUse


def view(lang: Language = "en", exit_code: int = 1) -> CiView:
    return CiView(
        Messages(lang),
        exports="audit/exports",
        settings_file="audit/tpaudit.toml",
        made_at=datetime(2026, 11, 16, 8, 30, tzinfo=UTC),
        exit_code=exit_code,
    )


def failed(code: str, failed: int = 10, **values: object) -> FindingRow:
    usual: dict[str, object] = {"checked": 1000, "share": failed / 1000}
    return finding(code, f"title of {code}", f"{code} 的标题", status="failed", failed=failed, **{**usual, **values})


WAIVER = WaiverUse(
    reason="old till, replaced in December",
    expires=date(2026, 12, 31),
    max_failed=10,
    file=None,
    state="used",
    waived=10,
)

NEW = failed("TPA01", rows=(RowPlace(file="店 铺.csv", row=88), RowPlace(file="book.xlsx#线索", row=3)))
GROWN = failed("TPA02", baselined=7, rows=(RowPlace(file="a.csv", row=2),))
KNOWN = failed("TPA03", baselined=10, places=(PlaceCount(place="b.csv", failed=10),))
WAIVED = failed("TPA04", waived=10, waivers=(WAIVER,))
CHANNEL = failed("TPA05", 1, checked=13, share=1 / 13, unit="channel", places=(PlaceCount(place="sms", failed=1),))
STRANGE = failed("TPA06", rows=(RowPlace(file=HOSTILE, row=2),), detail=f"{HOSTILE}: 10")

RESULT = ValidateResult(
    findings=(*FINDINGS, NEW, GROWN, KNOWN, WAIVED, CHANNEL, STRANGE),
    fail_on="critical",
    seconds=1.5,
    baseline=BaselineUse(file="baseline.json", known=1, grown=1, mended=0),
)
