"""What the rivals of `benchmarks.identity` share: names of columns, thresholds, and what a run returns."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class RivalRun:
    """Scored pairs (left_id, right_id, probability) and clusters (record_id, cluster) per threshold."""

    pairs: pa.Table
    clusters: dict[float, pa.Table]


def column(attribute: str) -> str:
    """SQL name of an attribute: phone#2:mask becomes phone_2_mask."""
    return attribute.replace("#", "_").replace(":", "_")
