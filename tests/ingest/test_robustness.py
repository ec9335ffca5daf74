"""Damaged exports either load with every row accounted for, or are refused with a reason: no third way."""

from __future__ import annotations

import pytest

from benchmarks.robustness import exports, run

# Layouts that are cheap to load and differ in kind: CSV, tabs and preambles, workbooks, JSON, refused ones.
CHEAP = (
    "taobao_items", "wechat_oa_users", "kuaishou_settlement", "tencent_ads_api", "wukong_activity", "xhs_notes",
    "ga4_ui_csv", "tiktok_ads", "google_ads", "alipay_personal_app",
)  # fmt: skip


@pytest.mark.parametrize("start", [0, 20])
def test_damaged_files_end_well(start: int) -> None:
    chosen = [export for export in exports() if export.name in CHEAP]
    assert len(chosen) == len(CHEAP)
    endings = list(run(range(start, start + 20), seed=2026, chosen=chosen))
    assert [ending for ending in endings if ending.is_fault] == []
    assert {"loaded", "unknown_layout", "refused_file"} <= {ending.outcome for ending in endings}
