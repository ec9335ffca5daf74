"""The expectations of tpaudit's own, and the built-in ones made to count only.

Each is a genuine expectation of Great Expectations: it is registered, has a type and keyword arguments, and runs
wherever the metrics it asks for are known.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from tpaudit.checks.execution import FailedByPlace, UnitsByPlace, Verdicts
from tpaudit.errors import did_you_mean

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from great_expectations.compatibility import pydantic
    from great_expectations.expectations.expectation import BatchExpectation, ColumnAggregateExpectation
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )
    from great_expectations.validator.metric_configuration import MetricConfiguration

# What is unexpected to a column that should be null: the values that are known.
_KNOWN_VALUES = "column_values.null.unexpected_count"


class ExpectQueryToFindNoFailingUnits(BatchExpectation):
    """Expect a query that judges one unit per row to find no more failing units than `mostly` allows.

    `units_query` gives the columns `place` (text, may be NULL) and `failed` (boolean). Runs on tpaudit's engine.
    """

    units_query: str
    mostly: float = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (UnitsByPlace.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("units_query", "mostly")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(self, metrics: Mapping[str, Any], *arguments: Any, **named: Any) -> dict[str, Any]:
        places = metrics[UnitsByPlace.metric_name]
        checked, failed = sum(place[1] for place in places), sum(place[2] for place in places)
        return {
            "success": failed <= (1 - self.mostly) * checked,
            "result": {
                "element_count": checked,
                "unexpected_count": failed,
                "details": {"failed_by_place": [(place[0], place[2]) for place in places if place[2]]},
            },
        }


class ExpectVerdictsToHold(ColumnAggregateExpectation):
    """Expect a column of verdicts, NULL where there is none to give, to hold no more FALSE than `mostly` allows.

    The view has a column `place`, by which the rows that fell short are counted. Runs on tpaudit's engine.
    """

    mostly: float = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (Verdicts.metric_name, FailedByPlace.metric_name)
    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)

    def _validate(self, metrics: Mapping[str, Any], *arguments: Any, **named: Any) -> dict[str, Any]:
        checked = metrics[Verdicts.metric_name]
        places = metrics[FailedByPlace.metric_name] or {}
        failed = sum(places.values())
        return {
            "success": failed <= (1 - self.mostly) * checked,
            "result": {
                "element_count": checked,
                "unexpected_count": failed,
                "details": {"failed_by_place": [(place or None, count) for place, count in places.items()]},
            },
        }


class _CountsOnly:
    """Mixed into a column-map expectation: two counts, in the one query that all expectations of a view share.

    Great Expectations would also count the view's rows and fetch values that fell short: a query of its own each, and
    values may be personal.
    """

    map_metric: str

    def get_validation_dependencies(self, *arguments: Any, **named: Any) -> Any:
        """The metrics needed: values that are known, and those of them that fell short."""
        dependencies = super().get_validation_dependencies(*arguments, **named)  # type: ignore[misc]
        failed = dependencies.metric_configurations[f"{self.map_metric}.unexpected_count"]
        known = MetricConfiguration(_KNOWN_VALUES, metric_domain_kwargs=failed.metric_domain_kwargs)
        dependencies.metric_configurations = {_KNOWN_VALUES: known, failed.metric_name: failed}
        return dependencies

    def _validate(self, metrics: Mapping[str, Any], *arguments: Any, **named: Any) -> dict[str, Any]:
        # A sum over no rows is NULL.
        checked = metrics[_KNOWN_VALUES] or 0
        failed = metrics[f"{self.map_metric}.unexpected_count"] or 0
        return {"success": failed == 0, "result": {"element_count": checked, "unexpected_count": failed}}


@functools.cache
def counting(type_: str) -> Any:
    """The expectation class registered as *type_*, made to count only.

    Raises ValueError if there is none, or if it does not judge the values of one column row by row.
    """
    base = get_expectation_impl(type_)
    if not judges_values(type_):
        raise ValueError(f"{type_} does not judge row by row")
    return type(f"Counting{base.__name__}", (_CountsOnly, base), {"__module__": __name__})


def judges_values(type_: str) -> bool:
    """Whether the expectation registered as *type_* judges the values of one column, row by row."""
    base = get_expectation_impl(type_)
    return bool(getattr(base, "map_metric", None)) and "column" in base.domain_keys


def complaint_about(type_: str, column: str | None, kwargs: Mapping[str, Any]) -> str | None:
    """What is wrong with the name or the arguments of an expectation, in words; None if nothing is."""
    known = list_registered_expectation_implementations()
    if type_ not in known:
        return f"Great Expectations has no {type_!r}{did_you_mean(type_, known)}"
    try:
        registered(type_)(**({"column": column} if judges_values(type_) else {}), **kwargs)
    except TypeError as fault:
        return f"{type_}: {fault}"
    except pydantic.ValidationError as fault:
        told = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors())
        return f"{type_}: {'; '.join(dict.fromkeys(told))}"
    return None


def registered(type_: str) -> Any:
    """The expectation class registered as *type_*; raises great_expectations' ExpectationNotFoundError."""
    return get_expectation_impl(type_)
