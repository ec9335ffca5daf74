"""Comparisons: what is compared of a field, into which levels, and by which of its parts records can be found.

A comparison knows its *attributes* (texts derived from the columns, held as codes), how two records agree on them (a
small number, the *level*), and which attributes can serve as parts of blocking keys. Level -1 says that one side is
unknown, level 0 that the two differ; the meaning of the others is the comparison's own (`labels`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import ibis

UNKNOWN = -1
DIFFERENT = 0
SEVERAL_PEOPLE = "same, used by several people"
# Values held by up to 4, 16, 64, 256, 1024 records, or more: agreeing on a rare value says more.
RARITY = tuple(4**step for step in range(1, 6))
RARITIES = len(RARITY) + 1
RARITY_LABELS = ("common", "frequent", "usual", "uncommon", "rare", "very rare")

Side = Callable[[str], Any]
"""Gives the code (or rarity) of an attribute on one side of a pair."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A similarity between distinct values of an attribute: its grade is the number of cutoffs reached."""

    attribute: str
    function: str
    cutoffs: tuple[float, ...]


class Comparison(Protocol):
    """One kind of evidence; see the module."""

    @property
    def name(self) -> str:
        """What is compared."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The encoded columns it reads."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What each level means, from disagreement up."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Similarities between distinct values it needs."""

    @property
    def rated(self) -> str | None:
        """Attribute whose rarity splits the level of full agreement, if any."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Attributes that may be parts of blocking keys."""

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        """Attributes that agree whenever the given one does."""

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        """Level of a pair."""


def first_rated(comparison: Comparison) -> int:
    """Level of full agreement on the commonest values; the levels after it are rarer and rarer values."""
    return len(comparison.labels) - RARITIES


def rarity(holders: Any) -> Any:
    """0 (common) to 5 (held by very few) of a number of holders."""
    return ibis.cases(*((holders <= most, RARITIES - 1 - step) for step, most in enumerate(RARITY)), else_=0).cast(
        "int8"
    )


def _with_rarity(*labels: str) -> tuple[str, ...]:
    return (*labels, *(f"same, {rarity}" for rarity in RARITY_LABELS))


def _any_equal(left: Side, right: Side, slots: tuple[str, ...]) -> Any:
    return ibis.or_(*((left(one) == right(other)).fill_null(False) for one in slots for other in slots))


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is equal, perhaps similar, or different: place, postcode, occupation, an id of one value."""

    name: str
    attributes: tuple[str, ...]
    measures: tuple[Measure, ...]
    part: str | None = None
    """Attribute that names the wider area: the first half of a postcode, the road of an address."""

    @property
    def rated(self) -> str | None:
        return self.attributes[0]

    @property
    def labels(self) -> tuple[str, ...]:
        grades = [f"similar, grade {n + 1}" for n in range(self._grades)]
        return _with_rarity("different", *(["same area"] if self.part else []), *grades)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.attributes

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        return {self.attributes[0]: self.attributes[1:]}

    @property
    def _grades(self) -> int:
        return max((len(measure.cutoffs) for measure in self.measures), default=0)

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        value = self.attributes[0]
        first = 2 if self.part else 1
        branches = [
            (left(value).isnull() | right(value).isnull(), UNKNOWN),
            (left(value) == right(value), first_rated(self) + left(f"{value}:rarity")),
        ]
        branches.extend(
            (grade[measure.attribute] > 0, first - 1 + grade[measure.attribute]) for measure in self.measures
        )
        if self.part:
            branches.append(((left(self.part) == right(self.part)).fill_null(False), 1))
        return ibis.cases(*branches, else_=DIFFERENT)


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A date: equal, one slip of the keyboard, two of its three parts, the year only, or different."""

    name: str

    labels = _with_rarity("different", "same year", "two parts of three", "one slip")

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}:year", f"{self.name}:day")

    @property
    def rated(self) -> str | None:
        return self.name

    @property
    def keys(self) -> tuple[str, ...]:
        return self.attributes

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        return {self.name: self.attributes[1:]}

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure(self.name, "date", (1.0, 2.0)),)

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        value, year = self.attributes[:2]
        return ibis.cases(
            (left(value).isnull() | right(value).isnull(), UNKNOWN),
            (left(value) == right(value), first_rated(self) + left(f"{value}:rarity")),
            (grade[value] > 0, 1 + grade[value]),
            ((left(year) == right(year)).fill_null(False), 1),
            else_=DIFFERENT,
        )


@dataclass(frozen=True, slots=True)
class Identifier:
    """An id, perhaps several per record: any in common, one slip apart, or different."""

    name: str
    attributes: tuple[str, ...]
    measures: tuple[Measure, ...] = ()
    is_exclusive: bool = False
    is_lent: bool = False
    """Whether several people may use it in turn, as a browser: then it counts for less under several names or ids."""
    rated: str | None = None

    labels = ("different", "one slip", SEVERAL_PEOPLE, "same")

    @property
    def keys(self) -> tuple[str, ...]:
        return self.attributes[:1]

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        return {}

    @property
    def slots(self) -> tuple[str, ...]:
        return self.attributes

    @property
    def shared(self) -> str | None:
        """Column that says whether a value of the record is held under several names or ids."""
        return f"{self.attributes[0]}:shared" if self.is_lent else None

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        first = self.attributes[0]
        same = (left(self.shared) | right(self.shared)).ifelse(2, 3) if self.shared else 3
        branches = [
            (left(first).isnull() | right(first).isnull(), UNKNOWN),
            (_any_equal(left, right, self.attributes), same),
        ]
        branches += [(grade[measure.attribute] > 0, 1) for measure in self.measures]
        return ibis.cases(*branches, else_=DIFFERENT)


@dataclass(frozen=True, slots=True)
class Phone:
    """Phones: any in common, the visible digits of a masked one in common, one slip apart, or different."""

    name: str
    numbers: tuple[str, ...]
    rated: str | None = None

    labels = ("different", "one slip", "same visible digits", SEVERAL_PEOPLE, "same")
    HIDDEN = 2

    @property
    def masks(self) -> tuple[str, ...]:
        return tuple(f"{number}:mask" for number in self.numbers)

    @property
    def attributes(self) -> tuple[str, ...]:
        return (*self.numbers, *self.masks)

    @property
    def shared(self) -> str:
        """Column that says whether a number of the record is held under several names or ids."""
        return f"{self.numbers[0]}:shared"

    @property
    def slots(self) -> tuple[str, ...]:
        return self.numbers

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.numbers[0], self.masks[0])

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        return {self.numbers[0]: self.masks[:1]}

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure(self.numbers[0], "slip", (1.0,)),)

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        number, mask = self.numbers[0], self.masks[0]
        is_hidden = left(number).isnull() | right(number).isnull()
        return ibis.cases(
            (left(mask).isnull() | right(mask).isnull(), UNKNOWN),
            (_any_equal(left, right, self.numbers), (left(self.shared) | right(self.shared)).ifelse(3, 4)),
            (is_hidden & _any_equal(left, right, self.masks), 2),
            (grade[number] > 0, 1),
            else_=DIFFERENT,
        )


@dataclass(frozen=True, slots=True)
class Email:
    """Addresses: equal, the same mailbox name elsewhere, one slip, or different."""

    name: str
    addresses: tuple[str, ...]
    rated: str | None = None

    labels = ("different", "one slip", "same mailbox name", "same")

    @property
    def locals(self) -> tuple[str, ...]:
        return tuple(f"{address}:local" for address in self.addresses)

    @property
    def attributes(self) -> tuple[str, ...]:
        return (*self.addresses, *self.locals)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.addresses[0], self.locals[0])

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        return {self.addresses[0]: self.locals[:1]}

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure(self.addresses[0], "slip", (1.0,)),)

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        address = self.addresses[0]
        return ibis.cases(
            (left(address).isnull() | right(address).isnull(), UNKNOWN),
            (_any_equal(left, right, self.addresses), 3),
            (_any_equal(left, right, self.locals), 2),
            (grade[address] > 0, 1),
            else_=DIFFERENT,
        )


_AGREEMENT = ("different", "alike", "very alike", "same", "unknown")


@dataclass(frozen=True, slots=True)
class PersonName:
    """Surname and given name together, because agreement on one is no news once the other is known to agree.

    The level is 5 × (agreement of the surnames) + (agreement of the given names), each 0 different, 1 alike, 2 very
    alike, 3 equal, 4 unknown; both equal is split by rarity of the whole name.
    """

    name: str

    labels = _with_rarity(
        *(f"surname {surname}, given name {given}" for surname in _AGREEMENT for given in _AGREEMENT),
        "same sound, other characters",
        "turned round",
    )
    SAME_SOUND, TURNED = 25, 26

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(
            f"{self.name}:{part}" for part in ("key", "surname", "given", "han", "surname_sound", "given_sound")
        )

    @property
    def rated(self) -> str | None:
        return f"{self.name}:key"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.name}:{part}" for part in ("key", "surname", "given", "surname_sound", "given_sound"))

    @property
    def coarser(self) -> Mapping[str, tuple[str, ...]]:
        key, surname, given, surname_sound, given_sound = self.keys
        parts = (surname, given, surname_sound, given_sound)
        return {key: parts, surname: (surname_sound,), given: (given_sound,)}

    @property
    def measures(self) -> tuple[Measure, ...]:
        parts = (Measure(f"{self.name}:{part}", "alike", (0.8, 0.92)) for part in ("surname", "given"))
        return (*parts, Measure(f"{self.name}:key", "alike", (0.92,)))

    def level(self, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        key, surname, given, han = self.attributes[:4]
        same_key = (left(key) == right(key)).fill_null(False)
        parts_differ = (left(surname) != right(surname)) & (left(given) != right(given))
        return ibis.cases(
            (left(surname).isnull() & left(given).isnull(), UNKNOWN),
            (right(surname).isnull() & right(given).isnull(), UNKNOWN),
            (same_key & (left(han) != right(han)).fill_null(False), self.SAME_SOUND),
            (same_key & (left(surname) == right(surname)), first_rated(self) + left(f"{key}:rarity")),
            (same_key, self.TURNED),
            # Smith John beside Jon Smith: no part is alike, the whole is.
            ((grade[key] > 0) & (grade[surname] == 0) & (grade[given] == 0) & parts_differ, self.TURNED),
            else_=5 * self._part(surname, left, right, grade) + self._part(given, left, right, grade),
        )

    def _part(self, part: str, left: Side, right: Side, grade: Mapping[str, Any]) -> Any:
        return ibis.cases(
            (left(part).isnull() | right(part).isnull(), 4), (left(part) == right(part), 3), else_=grade[part]
        )
