"""Cluster: records that share a key, directly or through others, are one customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tpaudit.engine import Engine


def components(engine: Engine, records: Any, keys: Any, cookies: Any) -> pa.Table:
    """Component of every record: contact_id, component, tied_by_cookie.

    *keys* (contact_id, type, key) merge. *cookies* (contact_id, type, value) tie a record without any key to the one
    component whose records hold the same cookie; a cookie that records of several components hold ties nothing.
    Record numbers, not rows, pass through here; the search itself is scipy's.
    """
    numbered = engine.fetch(records.select("contact_id").order_by("contact_id"))
    contacts = numbered.column("contact_id").combine_chunks()
    record, key = _edges(engine, contacts, keys, "key")
    component = _search(len(contacts), record, key)
    has_key = np.zeros(len(contacts), dtype=bool)
    has_key[record] = True
    merged, tied = _tie_by_cookie(component, has_key, *_edges(engine, contacts, cookies, "value"))
    return pa.table({"contact_id": contacts, "component": merged, "tied_by_cookie": tied})


def _edges(engine: Engine, contacts: pa.Array, rows: Any, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Record number and key number of every row; equal keys of one type have equal numbers."""
    found = engine.fetch(rows.select(rows.contact_id, key=rows.type + ":" + rows[column]))
    number_of = pa.compute.index_in(found.column("contact_id"), value_set=contacts)
    known = pa.compute.is_valid(number_of)
    record = number_of.filter(known).to_numpy()
    codes = found.column("key").filter(known).combine_chunks().dictionary_encode()
    return record.astype(np.int64), codes.indices.to_numpy().astype(np.int64)


def _search(records: int, record: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Connected components of the graph of records and keys, as one label per record."""
    keys = int(key.max()) + 1 if len(key) else 0
    size = records + keys
    graph = coo_array((np.ones(len(record), dtype=np.int8), (record, key + records)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[:records], dtype=np.int64)


def _tie_by_cookie(
    component: np.ndarray, has_key: np.ndarray, record: np.ndarray, cookie: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give keyless records the component of their cookie, if it has exactly one."""
    cookies = int(cookie.max()) + 1 if len(cookie) else 0
    lowest = np.full(cookies, np.iinfo(np.int64).max)
    highest = np.full(cookies, -1)
    known = has_key[record]
    np.minimum.at(lowest, cookie[known], component[record[known]])
    np.maximum.at(highest, cookie[known], component[record[known]])
    is_one_persons = (lowest == highest) & (highest >= 0)

    merged, tied = component.copy(), np.zeros(len(component), dtype=bool)
    eager = ~known & is_one_persons[cookie]
    # A visitor with cookies of two customers is nobody in particular.
    wanted = _range_per_record(len(component), record[eager], lowest[cookie[eager]])
    is_clear = wanted["lowest"] == wanted["highest"]
    merged[is_clear] = wanted["lowest"][is_clear]
    tied[is_clear] = True
    # Keyless records that share a cookie no customer holds are one visitor.
    visitors = ~has_key & ~tied
    edge = visitors[record]
    labels = _search(len(component), record[edge], cookie[edge])
    offset = int(component.max(initial=0)) + 1
    merged[visitors] = labels[visitors] + offset
    return merged, tied


def _range_per_record(records: int, record: np.ndarray, wish: np.ndarray) -> Mapping[str, np.ndarray]:
    lowest = np.full(records, np.iinfo(np.int64).max)
    highest = np.full(records, -1)
    np.minimum.at(lowest, record, wish)
    np.maximum.at(highest, record, wish)
    return {"lowest": lowest, "highest": highest}
