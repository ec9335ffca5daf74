"""A preset in words: what it is recognised by, where its columns go, what its words mean, and what it minds."""

from __future__ import annotations

from collections.abc import Iterator

from tpaudit.ingest.layouts.parts import Condition, Target
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.results import Titles

_CONFIDENCE = {
    "verified": Titles(en="verified: the names were read in real files", zh="已核实：列名来自真实文件"),
    "partial": Titles(
        en="partial: names from descriptions, not from a real file", zh="部分核实：列名来自说明，未见真实文件"
    ),
}


def confidence(preset: Preset) -> Titles:
    """How sure the layout is."""
    return _CONFIDENCE[preset.confidence] if not preset.is_users else Titles(en="your own", zh="自定义")


def recognition(preset: Preset) -> Titles:
    """The names and texts a file must have, and those it must not have."""
    match = preset.match
    parts = [
        (", ".join(match.all), "", ""),
        (", ".join(match.any), "one of: ", "任一："),
        (", ".join(match.none), "none of: ", "不含："),
        (", ".join(match.marker), "above the header: ", "表头上方："),
    ]
    said = [(en + names, zh + names) for names, en, zh in parts if names]
    return Titles(en="; ".join(en for en, _ in said) or "-", zh="；".join(zh for _, zh in said) or "-")


def columns(preset: Preset) -> str:
    """One line per source column: where it goes."""
    return "\n".join(f"{source} → {', '.join(map(_told, targets))}" for source, targets in preset.all_columns.items())


def vocabularies(preset: Preset) -> str:
    """One line per column with a vocabulary: the source's words and what they mean."""
    return "\n".join(
        f"{name}: {', '.join(f'{word} = {meaning}' for word, meaning in words.items())}"
        for name, words in preset.all_values.items()
    )


def minded(preset: Preset) -> Titles:
    """What reading this layout takes care of, one sentence per line."""
    sentences = list(_sentences(preset))
    return Titles(en="\n".join(en for en, _ in sentences), zh="\n".join(zh for _, zh in sentences))


def _told(target: Target) -> str:
    details = [
        *target.formats,
        *([f"word {target.token}"] if target.token else []),
        *([target.part] if target.part else []),
        *([f"× {target.scale:g}"] if target.scale else []),
        *([f"if {_condition(target.when)}"] if target.when else []),
        *([target.fold] if target.fold != "first" else []),
    ]
    return f"{target.to} ({', '.join(details)})" if details else target.to


def _condition(condition: Condition) -> str:
    said = [condition.column]
    if condition.present is not None:
        said.append("is filled" if condition.present else "is blank")
    if condition.is_in is not None:
        said.append(f"is {' or '.join(condition.is_in)}")
    if condition.not_in is not None:
        said.append(f"is not {' or '.join(condition.not_in)}")
    if condition.contains is not None:
        said.append(f"contains {condition.contains}")
    return " ".join(said)


def _sentences(preset: Preset) -> Iterator[tuple[str, str]]:
    header = preset.header
    if header.rows > 1:
        yield f"the header has {header.rows} rows", f"表头共 {header.rows} 行"
    if preset.fill_down:
        names = ", ".join(preset.fill_down)
        yield f"blank cells repeat the row above: {names}", f"空白沿用上一行：{names}"
    for table, key in preset.records.items():
        names = ", ".join(key)
        yield f"rows that agree on {names} are one record of {table}", f"{names} 相同的多行合并为 {table} 的一条记录"
    if preset.explode:
        yield f"one row per element of {preset.explode}", f"{preset.explode} 的每个元素为一行"
    if preset.footer.words:
        words = ", ".join(preset.footer.words)
        below = (" and everything below", "及其以下各行") if preset.footer.to_end else ("", "")
        yield (
            f"rows that begin with {words}{below[0]} are totals or notes",
            f"以 {words} 开头的行{below[1]}为合计或说明",
        )
    if preset.skip:
        told = _condition(preset.skip)
        yield f"test rows stay out: {told}", f"测试行不计入：{told}"
    for table, condition in preset.rows.items():
        told = _condition(condition)
        yield f"a row feeds {table} only if {told}", f"仅当满足条件时写入 {table}：{told}"
    for emit in preset.emit:
        told = ", ".join(str(value) for value in emit.constants.values())
        yield f"a row also makes a record of {emit.table}: {told}", f"每行另生成 {emit.table} 记录：{told}"
    if preset.decimal == ",":
        yield "a comma stands before the cents", "小数点写作逗号"
    if preset.timezone:
        yield f"times without a zone are read in {preset.timezone}", f"无时区的时间按 {preset.timezone} 读取"
    for place, label in (("preamble", "表头上方"), ("filename", "文件名")):
        if names := ", ".join(_context(preset, place)):
            where = "above the header" if place == "preamble" else "in the file's name"
            yield f"{where} stand: {names}", f"{label}含有：{names}"


def _context(preset: Preset, place: str) -> list[str]:
    return list(preset.preamble.values()) if place == "preamble" else list(preset.filename)
