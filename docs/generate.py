"""Write the reference pages from the code, or check that they are what the code says.

python docs/generate.py            write docs/reference/*.md
python docs/generate.py --check    exit 1 and name the pages that are stale
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import EnumMeta
from pathlib import Path

import typer

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code; change the code, not this page. -->\n"


def commands_page() -> str:
    """Every command with its arguments and options."""
    from tpaudit.commands.app import COMMANDS, EXIT_CODES, app
    from tpaudit.commands.shared import SHARED

    root = typer.main.get_command(app)
    context = typer.Context(root)
    parts = [
        "# Commands\n",
        "The shared options may stand before or after the subcommand. Precedence of every setting: flag, then "
        "`TPAUDIT_*` variable, then `tpaudit.toml`, then default.\n",
        EXIT_CODES.replace("\n", " ") + " A code of 1 always means the data, 2 and above the tool or its set-up.\n",
        "## Shared options\n",
        _table(("option", "meaning"), _options(p for p in root.params if p.name in SHARED)),
    ]
    for name in COMMANDS:
        parts.extend(_command(f"tpaudit {name}", root.get_command(context, name), set(SHARED)))
    return "\n".join(parts)


def _command(path: str, command: object, shared: set[str]) -> Iterator[str]:
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from _command(f"{path} {name}", child, shared)
    if children:
        return
    own = [p for p in command.params if p.name not in {*shared, "help", "ctx"}]
    arguments = [p for p in own if p.param_type_name == "argument"]
    options = [p for p in own if p.param_type_name == "option"]
    yield f"## {path}\n"
    yield f"{_sentence(command.help)}\n"
    yield f"```\n{' '.join([path, '[OPTIONS]', *map(_metavar, arguments)])}\n```\n"
    if arguments:
        yield _table(("argument", "meaning"), [(f"`{_metavar(a)}`", a.help or "") for a in arguments])
    if options:
        yield _table(("option", "meaning"), _options(options))


def _metavar(argument: object) -> str:
    return argument.metavar or "|".join(_choices(argument)) or argument.name.upper()


def _options(options: Iterable[object]) -> list[tuple[str, str]]:
    rows = []
    for option in options:
        names = ", ".join(f"`{name}`" for name in option.opts)
        taken = option.metavar or " \\| ".join(_choices(option))
        variable = f" Variable: `{option.envvar}`." if option.envvar else ""
        rows.append((f"{names} {taken}".rstrip(), f"{option.help}{variable}"))
    return rows


def _choices(parameter: object) -> list[str]:
    """The closed vocabulary of an option or argument; empty if it has none."""
    annotation = parameter.type_descriptor.annotation
    return [str(choice.value) for choice in annotation] if isinstance(annotation, EnumMeta) else []


def settings_page() -> str:
    """Every key of tpaudit.toml."""
    from tpaudit.audit.settings import Settings

    parts = [
        "# Settings\n",
        "`tpaudit.toml` in the audit folder. Every key is optional, and each can also be given as "
        "`TPAUDIT_<SECTION>_<KEY>`. `tpaudit config show --origin` tells the value that applies and where it came "
        "from; an unknown key is an error that names the line and the nearest key.\n",
    ]
    for name, field in Settings.model_fields.items():
        parts.append(f"## [{field.alias or name}]\n")
        rows = [
            (
                f"`{key}`",
                "unset" if setting.default is None else f"`{setting.default}`",
                setting.description or "",
            )
            for key, setting in field.annotation.model_fields.items()
        ]
        parts.append(_table(("key", "default", "meaning"), rows))
    return "\n".join(parts)


def lake_page() -> str:
    """The canonical tables of the lake."""
    from tpaudit.model import LAKE_TABLES, LINEAGE

    intro = (
        "Canonical tables: `lake/<table>/*.parquet`. Any CSV, TSV, JSONL, Parquet or xlsx file with these column names "
        "is accepted as it is. Every table also has the lineage columns at the end of this page.\n"
    )
    parts = ["# Lake tables\n", intro]
    lineage = {column.name for column in LINEAGE}
    for table in LAKE_TABLES.values():
        own = [column for column in table if column.name not in lineage or table.name == "ingest_issues"]
        parts.extend(_declared(table, own))
    parts.extend(["## Lineage\n", _columns(LINEAGE)])
    return "\n".join(parts)


def marts_page() -> str:
    """The derived tables."""
    from tpaudit.model import MARTS

    parts = [
        "# Marts\n",
        "Derived tables: `marts/<mart>.parquet`. Names and columns are a public contract: adding is free, renaming or "
        "removing is a breaking change. A value that is unknown or does not apply is NULL.\n",
    ]
    for table in MARTS.values():
        parts.extend(_declared(table, list(table)))
    return "\n".join(parts)


def definitions_page() -> str:
    """Checks, KPIs, touchpoints and the method of the ranking, as `tpaudit explain` tells them."""
    parts = [
        "# Checks, KPIs, touchpoints and the ranking's method\n",
        "`tpaudit explain ID` tells the same, in both languages. Presets have [a page of their own](presets.md).\n",
    ]
    for kind in ("checks", "kpis", "touchpoints", "methods"):
        parts.append(f"## {kind.capitalize() if kind != 'kpis' else 'KPIs'}\n")
        parts.extend(_explained(kind))
    return "\n".join(parts)


def presets_page() -> str:
    """The exports that are recognised as they are."""
    from tpaudit.definitions import definitions

    known = definitions("presets", REFERENCE)
    refused = sum(item.columns["tables"] == "-" for item in known)
    unsure = sum(item.columns["confidence"] == "partial" for item in known)
    rows = [
        (
            f"[`{item.id}`](#{item.id})",
            item.title.en,
            item.title.zh,
            str(item.columns["tables"]).replace("-", "refused"),
            str(item.columns["confidence"]),
        )
        for item in known
    ]
    parts = [
        "# Exports that are recognised\n",
        f"{len(known)} layouts, by their column names and never by the file's name or the columns' order. {unsure} of "
        "them are *partial*: their names come from descriptions, and files read by them get a warning. "
        f"{refused} are recognised in order to be refused: they hold a private person's payments. `tpaudit explain "
        "ID` tells where every column goes; a layout of your own is described by a [mapping file](../mapping.md).\n",
        _table(("layout", "export", "导出", "feeds", "confidence"), rows),
        *_explained("presets", leaving_out=("Platform", "Confidence", "Feeds", "Columns", "Words")),
    ]
    return "\n".join(parts)


def _explained(kind: str, leaving_out: Sequence[str] = ()) -> Iterator[str]:
    from tpaudit.definitions import definitions

    for item in definitions(kind, REFERENCE):
        yield f"### {item.id}\n"
        yield f"{item.title.en} · {item.title.zh}\n"
        told = [fact for fact in item.facts if fact.label.en not in leaving_out]
        separator = "; " if kind == "presets" else "\n"
        texts = [(fact.label.en, separator.join(fact.text.en.splitlines())) for fact in told]
        yield "".join(f"- **{label}:** {_inline(text)}\n" for label, text in texts)


def _inline(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    is_code = len(lines) > 1 or any(sign in text for sign in ("{column}", "::", "~", "(?:", "[^"))
    return "`" + " ".join(lines).replace("`", "'") + "`" if is_code else lines[0]


def _declared(table: object, columns: Sequence[object]) -> list[str]:
    key = ", ".join(f"`{name}`" for name in table.key)
    return [f"## {table.name}\n", f"One row per {table.grain}. Key: {key}.\n", _columns(columns)]


def _columns(columns: Sequence[object]) -> str:
    rows = []
    for column in columns:
        notes = [column.meaning]
        if column.values:
            notes.append("one of " + ", ".join(f"`{value}`" for value in column.values))
        if column.unit:
            notes.append(f"unit: {column.unit}")
        rows.append((f"`{column.name}`", f"`{column.type}`", "; ".join(notes)))
    return _table(("column", "type", "meaning"), rows)


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "lake.md": lake_page,
    "marts.md": marts_page,
    "definitions.md": definitions_page,
    "presets.md": presets_page,
}


def main() -> int:
    """Write or check every page; return the exit code."""
    stale = []
    for name, page in PAGES.items():
        file, text = REFERENCE / name, NOTE + page()
        if "--check" in sys.argv:
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            REFERENCE.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name} is not what the code says: run `python docs/generate.py`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
