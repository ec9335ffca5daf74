"""Splink 5 on the columns that tpaudit prepared: the rival of `benchmarks.identity`, set up to win.

It gets the same parsed names, masks, guard and blocking keys, a comparison of several levels with term frequencies for
every field, u from random pairs, m by expectation maximisation over several blocking rules, and its own clustering.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa

from benchmarks.identity_rivals import THRESHOLDS, RivalRun, column
from tpaudit.identity.comparison import BirthDate, Comparison, Email, Identifier, PersonName, Phone, Value
from tpaudit.identity.encoding import Encoded

_TRAINING_RULES = 4
_RANDOM_PAIRS = 5e6
_LEAST_PAIRS = 500


def run(encoded: Encoded, prepared: pa.Table, keys: Sequence[tuple[str, ...]]) -> RivalRun:
    """Train, predict and cluster."""
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    api = DuckDBAPI(connection)
    frame = api.register(prepared)
    rules: list[Any] = [block_on(*(column(name) for name in key)) for key in keys]
    # Where no value repeats, Splink's m becomes 0, which it refuses.
    comparisons = [each for each in encoded.comparisons if _pairs(connection, prepared, each.keys[:1]) > 0]
    own = [each.attributes[0] for each in encoded.comparisons if isinstance(each, Identifier | Phone | Email)]
    certain = [rule for rule, key in zip(rules, keys, strict=True) if len(key) == 1 and key[0] in own] or rules[:2]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[_comparison(each, set(prepared.column_names)) for each in comparisons],
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        # With more rounds the m of a level nobody shares underflows to 0, which Splink 5 refuses.
        max_iterations=12,
    )
    linker = Linker(frame, settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(certain, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=1)
    for key in _training_keys(encoded, [key for key in keys if _pairs(connection, prepared, key) >= _LEAST_PAIRS]):
        rule = block_on(*(column(name) for name in key))
        # A rule under which some level is never met ends in the same way; other rules train that comparison.
        with suppress(ValueError):
            linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    clusters = {}
    for threshold in THRESHOLDS:
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
        rows = connection.sql(f"SELECT record_id, cluster_id AS cluster FROM {found.physical_name}")
        clusters[threshold] = rows.to_arrow_table()
    scored = connection.sql(
        "SELECT record_id_l AS left_id, record_id_r AS right_id, match_probability AS probability "
        f"FROM {predicted.physical_name}"
    )
    return RivalRun(scored.to_arrow_table(), clusters)


def _pairs(connection: Any, prepared: pa.Table, key: Sequence[str]) -> float:
    """Pairs of records that agree on *key*."""
    columns = [f'"{column(name)}"' for name in key]
    known = " AND ".join(f"{name} IS NOT NULL" for name in columns)
    counted = f"SELECT count(*) AS n FROM prepared WHERE {known} GROUP BY {', '.join(columns)}"
    ((pairs,),) = connection.sql(f"SELECT coalesce(sum(n * (n - 1.0) / 2), 0) FROM ({counted})").fetchall()
    return float(pairs)


def _training_keys(encoded: Encoded, keys: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Keys for training, each over other comparisons, so that every comparison is trained by some rule."""
    owner = {name: each.name for each in encoded.comparisons for name in each.attributes}
    chosen: list[tuple[str, ...]] = []
    seen: set[frozenset[str]] = set()
    for key in keys:
        owners = frozenset(owner[name] for name in key)
        if owners not in seen and not any(owners & other for other in seen):
            chosen.append(key)
            seen.add(owners)
    return chosen[:_TRAINING_RULES]


def _comparison(comparison: Comparison, columns: set[str]) -> Any:
    import splink.comparison_library as cl

    if isinstance(comparison, PersonName):
        return cl.ForenameSurnameComparison(
            column(comparison.attributes[2]),
            column(comparison.attributes[1]),
            forename_surname_concat_col_name=column(comparison.attributes[0]),
        )
    if isinstance(comparison, BirthDate):
        return _levels(comparison.name, "exact", "slip", "two slips", "year")
    if isinstance(comparison, Phone):
        return _levels(comparison.name, *_any("own", comparison.numbers), "mask", "slip")
    if isinstance(comparison, Email):
        return _levels(comparison.name, *_any("own", comparison.addresses), "local", "alike")
    if isinstance(comparison, Identifier):
        return _levels(comparison.name, *_any("own", comparison.attributes), "slip")
    assert isinstance(comparison, Value)
    if comparison.part:
        return _levels(comparison.name, "exact", "alike", f"part:{comparison.part}")
    return _levels(comparison.name, "exact", "alike", "roughly")


def _any(name: str, slots: Sequence[str]) -> list[str]:
    return [name, f"cross:{','.join(slots)}"] if len(slots) > 1 else [name]


def _levels(attribute: str, *names: str) -> Any:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    name = column(attribute)
    levels: list[Any] = [cll.NullLevel(name)]
    for level in names:
        kind, _, argument = level.partition(":")
        if kind == "exact":
            levels.append(cll.ExactMatchLevel(name, term_frequency_adjustments=True))
        elif kind == "own":
            # With term frequencies a phone counted for less the more records its one owner has: measured, and worse.
            levels.append(cll.ExactMatchLevel(name))
        elif kind == "slip":
            levels.append(cll.DamerauLevenshteinLevel(name, 1))
        elif kind == "two slips":
            levels.append(cll.DamerauLevenshteinLevel(name, 2))
        elif kind == "alike":
            levels.append(cll.JaroWinklerLevel(name, 0.92))
        elif kind == "roughly":
            levels.append(cll.JaroWinklerLevel(name, 0.8))
        elif kind == "year":
            levels.append(cll.ExactMatchLevel(f"{name}_year"))
        elif kind == "mask":
            levels.append(cll.ExactMatchLevel(f"{name}_mask"))
        elif kind == "local":
            levels.append(cll.ExactMatchLevel(f"{name}_local"))
        elif kind == "part":
            levels.append(cll.ExactMatchLevel(column(argument)))
        elif kind == "cross":
            slots = [column(slot) for slot in argument.split(",")]
            sql = " OR ".join(
                f"{one}_l = {other}_r" for one in slots for other in slots if (one, other) != (name, name)
            )
            levels.append(cll.CustomLevel(sql, label_for_charts=f"{name} in another slot"))
    levels.append(cll.ElseLevel())
    return cl.CustomComparison(output_column_name=name, comparison_levels=levels)
