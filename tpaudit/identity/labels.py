"""Labels: what a person decided about pairs of records, kept in the audit and obeyed by every later run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.errors import InputFault, did_you_mean
from tpaudit.identity import lake
from tpaudit.store import Store

LABELS_FILE = "labels.csv"
COLUMNS = ("contact_a", "contact_b", "decision")
SAME, DIFFERENT = "same", "different"
WORDS: Mapping[str, str] = {
    **dict.fromkeys((SAME, "yes", "y", "1", "true", "match", "是", "相同", "同一人", "同一个人"), SAME),
    **dict.fromkeys((DIFFERENT, "no", "n", "0", "false", "not the same", "否", "不同", "不是", "非同一人"), DIFFERENT),
}  # fmt: skip
_ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Decision:
    """One pair decided: two contact ids (the smaller first), whether they are one person, and where it was said."""

    left: str
    right: str
    same: bool
    place: str

    @property
    def pair(self) -> tuple[str, str]:
        """The two contact ids."""
        return self.left, self.right


def labels_file(audit: Audit) -> Path:
    """Where the audit keeps its decisions; the file may be edited by hand."""
    return audit.folder / LABELS_FILE


def read(audit: Audit) -> tuple[Decision, ...]:
    """The decisions of the audit, one per pair: of two about one pair the later row counts.

    Raises InputFault, naming file and row, for a decision that is none and for decisions that contradict each other.
    """
    file = labels_file(audit)
    return _settled(read_file(file)) if file.is_file() else ()


def constraints(audit: Audit) -> pa.Table | None:
    """The decisions as `tpaudit.identity.linking.link` takes them: left_id, right_id, same; None without any."""
    decided = read(audit)
    if not decided:
        return None
    return pa.table(
        {
            "left_id": pa.array([each.left for each in decided], pa.string()),
            "right_id": pa.array([each.right for each in decided], pa.string()),
            "same": pa.array([each.same for each in decided], pa.bool_()),
        }
    )


def add(store: Store, file: Path) -> int:
    """Add the decisions in *file* to those of the audit and return how many it holds; the new ones win.

    Raises InputFault, naming file and row, if the file cannot be read, names a record nobody knows, or contradicts
    itself or what was decided before (a is b, b is c, but a is not c).
    """
    new = read_file(file)
    if not new:
        raise InputFault(
            f"{file.name} holds no decision", "write `same` or `different` (是 or 否) into its column `decision`"
        )
    _refuse_unknown(store, new)
    kept_file = labels_file(store.audit)
    decided = _settled([*(read_file(kept_file) if kept_file.is_file() else ()), *new])
    with replacing(kept_file) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((each.left, each.right, SAME if each.same else DIFFERENT) for each in decided)
    return len(new)


def read_file(file: Path) -> tuple[Decision, ...]:
    """Every decided row of a CSV or xlsx file with the columns contact_a, contact_b, decision; others are ignored.

    Rows without a decision are left out: nobody has decided them yet.
    """
    rows = _sheet(file) if file.suffix.lower() in (".xlsx", ".xls", ".xlsm") else _csv(file)
    header = next(rows, (1, []))[1]
    names = [cell.strip().lower() for cell in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputFault(
            f"{file.name} has no column {', '.join(missing)}",
            "it needs the columns contact_a, contact_b, decision, as `tpaudit dedupe --review` writes them",
        )
    places = [names.index(name) for name in COLUMNS]
    found = []
    for number, cells in rows:
        one, other, word = ((cells[place] if place < len(cells) else "").strip() for place in places)
        if word:
            found.append(_decision(one, other, word, f"{file.name} row {number}"))
    return tuple(found)


def _decision(one: str, other: str, word: str, place: str) -> Decision:
    meaning = WORDS.get(word.lower())
    if meaning is None:
        raise InputFault(
            f"{place}: {word!r} is no decision{did_you_mean(word.lower(), WORDS)}", "write same or different (是 or 否)"
        )
    if not one or not other:
        raise InputFault(f"{place}: a decision needs two records", "fill in contact_a and contact_b")
    if one == other:
        raise InputFault(f"{place}: contact_a and contact_b are one record", "name two records, or remove the row")
    return Decision(min(one, other), max(one, other), meaning == SAME, place)


def _settled(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The latest decision per pair, in order; contradictions are refused."""
    latest: dict[tuple[str, str], Decision] = {}
    for each in decisions:
        latest.pop(each.pair, None)
        latest[each.pair] = each
    settled = tuple(latest.values())
    _refuse_contradictions(settled)
    return settled


def _refuse_contradictions(decisions: Sequence[Decision]) -> None:
    """Refuse "different" between records that other decisions make one person."""
    beside: dict[str, list[Decision]] = {}
    for each in decisions:
        if each.same:
            beside.setdefault(each.left, []).append(each)
            beside.setdefault(each.right, []).append(each)
    group = _groups(beside)
    for each in decisions:
        if not each.same and each.left in group and group[each.left] == group.get(each.right):
            because = ", ".join(step.place for step in _chain(beside, each.left, each.right))
            raise InputFault(
                f"{each.place}: {each.left} and {each.right} are said to be different, "
                f"but other decisions make them one person ({because})",
                "change or remove one of these rows",
            )


def _groups(beside: Mapping[str, Sequence[Decision]]) -> dict[str, str]:
    """Every record that "same" ties to another, with the record that stands for its group."""
    group: dict[str, str] = {}
    for start in beside:
        waiting = [] if start in group else [start]
        while waiting:
            record = waiting.pop()
            if record not in group:
                group[record] = start
                waiting += [other for each in beside[record] for other in each.pair if other not in group]
    return group


def _chain(beside: Mapping[str, Sequence[Decision]], start: str, end: str) -> list[Decision]:
    """The fewest decisions that tie *start* to *end*."""
    came_by: dict[str, Decision | None] = {start: None}
    waiting = [start]
    for record in waiting:
        for each in beside.get(record, ()):
            other = each.right if record == each.left else each.left
            if other not in came_by:
                came_by[other] = each
                waiting.append(other)
    steps: list[Decision] = []
    record = end
    while (step := came_by[record]) is not None:
        steps.append(step)
        record = step.left if record == step.right else step.right
    return steps[::-1]


def _refuse_unknown(store: Store, decisions: Sequence[Decision]) -> None:
    named = sorted({record for each in decisions for record in each.pair})
    asked = store.engine.table(pa.table({"record_id": pa.array(named, pa.string())}))
    known = {row["record_id"] for row in store.engine.fetch_rows(asked.semi_join(lake.records(store), "record_id"))}
    for each in decisions:
        for record in each.pair:
            if record not in known:
                raise InputFault(
                    f"{each.place}: no contact record {record}",
                    "copy the ids as `tpaudit dedupe --review` writes them; they are in mart customer_links",
                )


def _csv(file: Path) -> Iterator[tuple[int, list[str]]]:
    text = _text(file)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    for cells in reader:
        yield reader.line_num, cells


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as fault:
        raise InputFault(f"cannot read {file}: {fault.strerror or fault}", "check the path given to --labels") from None
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputFault(f"{file.name} is neither UTF-8 nor GB18030 text", "save it as CSV UTF-8 or xlsx")


def _sheet(file: Path) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet: Any = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0)
    except (CalamineError, OSError) as fault:
        raise InputFault(f"cannot read {file}: {fault}", "save it as xlsx or CSV") from None
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        yield number, [str(cell) for cell in cells]
