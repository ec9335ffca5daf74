"""What the people of an audit know and no export says: experiments they ran, and which question asks about what.

`experiments.toml` in the audit folder holds the result of an experiment per entry:

    [[experiment]]
    touchpoint = "coupon"
    outcome = "conversion"
    effect = 0.031              # difference of the outcome's rate with and without, as a share
    effect_low = 0.012
    effect_high = 0.050
    source = "A/B test, October, 20,000 visitors"

`survey_questions.toml` says which question of a survey rates a touchpoint or asks how important it is. `*` stands for
any text, upper and lower case are alike, and every column named must fit:

    [[question]]
    touchpoint = "delivery"
    asks = "satisfaction"       # or "importance"
    question_text = "*送货*满意*"
    scale = [1, 5]              # lowest and highest answer, unless the survey's export says so
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tpaudit.errors import ConfigFault, did_you_mean
from tpaudit.journeys.catalogue import Catalogue, Rule
from tpaudit.results import Experiment

EXPERIMENTS_FILE = "experiments.toml"
QUESTIONS_FILE = "survey_questions.toml"
QUESTION_COLUMNS = ("survey_id", "survey_name", "question_id", "question_text")

Patterns = str | list[str]


class SurveyQuestion(BaseModel):
    """A question about one touchpoint, and how its answers are known among all answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    touchpoint: str
    asks: Literal["satisfaction", "importance"]
    survey_id: Patterns | None = None
    survey_name: Patterns | None = None
    question_id: Patterns | None = None
    question_text: Patterns | None = None
    scale: tuple[float, float] | None = Field(None)

    @field_validator("scale")
    @classmethod
    def _rises(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value and value[0] >= value[1]:
            raise ValueError("the first number must be the lowest answer, the second the highest")
        return value

    @model_validator(mode="after")
    def _names_a_question(self) -> SurveyQuestion:
        if self.question_id is None and self.question_text is None:
            raise ValueError("needs question_id or question_text")
        return self

    @property
    def rule(self) -> Rule:
        """The rule that tells answers to this question from others."""
        given = {name: getattr(self, name) for name in QUESTION_COLUMNS if getattr(self, name) is not None}
        listed = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
        return Rule(self.touchpoint, tuple((name, tuple(map(str.lower, values))) for name, values in listed.items()))


Entry = TypeVar("Entry", Experiment, SurveyQuestion)


def load_experiments(audit_folder: Path, catalogue: Catalogue) -> tuple[Experiment, ...]:
    """Experiments of the audit, in the order of its file; none without the file.

    Raises ConfigFault with every fault: unknown keys and touchpoints, effects that are no shares or lie outside their
    interval, two results for one touchpoint and outcome.
    """
    found = _entries(audit_folder / EXPERIMENTS_FILE, "experiment", Experiment, catalogue)
    keys = [(each.touchpoint, each.outcome) for each in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        faults = [
            f"{EXPERIMENTS_FILE}: {touchpoint} has two experiments for {outcome}" for touchpoint, outcome in twice
        ]
        raise ConfigFault(faults, "keep the one that counts, or combine them")
    return found


def load_questions(audit_folder: Path, catalogue: Catalogue) -> tuple[SurveyQuestion, ...]:
    """Questions about touchpoints that the audit declares, in the order of its file; none without the file.

    Raises ConfigFault with every fault of the file.
    """
    return _entries(audit_folder / QUESTIONS_FILE, "question", SurveyQuestion, catalogue)


def _entries(file: Path, key: str, kind: type[Entry], catalogue: Catalogue) -> tuple[Entry, ...]:
    if not file.is_file():
        return ()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigFault([f"{file.name}: cannot be read: {fault}"], "it must be valid TOML, saved as UTF-8") from fault
    faults = [f"{file.name}: unknown section {name!r}{did_you_mean(name, [key])}" for name in found if name != key]
    listed = found.get(key, [])
    if not isinstance(listed, list):
        faults.append(f"{file.name}: write each {key} under a line [[{key}]] of its own")
        listed = []
    entries = []
    for number, given in enumerate(listed, start=1):
        place = f"{file.name}: [[{key}]] number {number}"
        entry = _entry(place, given, kind, faults)
        if entry is not None and entry.touchpoint not in catalogue:
            near = did_you_mean(entry.touchpoint, catalogue.touchpoints)
            faults.append(f"{place}: unknown touchpoint {entry.touchpoint!r}{near}")
        elif entry is not None:
            entries.append(entry)
    if faults:
        raise ConfigFault(faults, "`tpaudit explain golden.experiments` and `golden.questions` show the layout")
    return tuple(entries)


def _entry(place: str, given: Any, kind: type[Entry], faults: list[str]) -> Entry | None:
    try:
        return kind.model_validate(given if isinstance(given, Mapping) else {"": given})
    except ValidationError as fault:
        for error in fault.errors():
            column = str(error["loc"][0]) if error["loc"] else ""
            near = did_you_mean(column, kind.model_fields) if error["type"] == "extra_forbidden" else ""
            what = "unknown key" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
            faults.append(f"{place}: {column + ': ' if column else ''}{what}{near}")
        return None
