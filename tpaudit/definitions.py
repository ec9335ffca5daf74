"""Everything that has an id and a meaning: checks, KPIs, presets, touchpoints and methods, as one kind of record.

`list`, `explain` and the reference pages are renderings of these records, which derive from the definition files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.results import Titles

if TYPE_CHECKING:
    from tpaudit.checks.definition import CheckDefinition
    from tpaudit.ingest.layouts.preset import Preset


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled statement about a definition."""

    label: Titles
    text: Titles


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: its id, title, the columns it has in a list, and the facts that explain it."""

    kind: str
    id: str
    title: Titles
    columns: Mapping[str, str | float | None]
    facts: tuple[Fact, ...]


def definitions(kind: str, audit_folder: Path) -> list[Definition]:
    """All definitions of *kind*: checks, kpis, presets, touchpoints or methods, with those the audit adds."""
    return _KINDS[kind](audit_folder)


def find(wanted: str, audit_folder: Path) -> Definition:
    """The definition called *wanted*: a check's code, the id of a KPI, preset, touchpoint or method, plain or as
    `kind.id`.

    Raises UsageFault with the nearest id if there is none.
    """
    known: dict[str, Definition] = {}
    for kind in _KINDS:
        for definition in definitions(kind, audit_folder):
            # An audit's own definition stands before the shipped one of the same id.
            known.setdefault(definition.id.lower(), definition)
            known.setdefault(f"{definition.kind}.{definition.id}".lower(), definition)
    found = known.get(wanted.lower())
    if found is None:
        raise UsageFault(
            f"nothing is called {wanted!r}{did_you_mean(wanted.lower(), known)}",
            "`tpaudit list checks|kpis|presets|touchpoints` shows every id; `explain golden` is the ranking",
        )
    return found


def _checks(audit_folder: Path) -> list[Definition]:
    from tpaudit import checks

    return [_check(check) for check in checks.load_for(audit_folder).definitions]


def _check(check: CheckDefinition) -> Definition:
    looks_at = ", ".join(map(str, check.targets))
    facts = [
        _in_both("Why", "原因", check.why),
        _in_both("What to do", "处理", check.remedy),
        _same("Looks at", "检查对象", looks_at),
        _same("Counts", "计数单位", check.unit),
        _same("Applies to rows where", "适用范围", check.applies_when or "-"),
        _same("Falls short where", "何为不合格", check.fails_when or check.query or str(check.expectation)),
        _same("Example", "示例", check.example) if check.example else None,
        _same("Severity", "严重程度", check.severity),
        _same("Highest share that passes", "允许的最高占比", f"{check.threshold:.1%}"),
        _in_both("Note", "说明", check.note),
    ]
    return Definition(
        "check",
        check.code,
        Titles.model_validate(check.title),
        {"severity": check.severity, "on": looks_at, "threshold": check.threshold},
        tuple(fact for fact in facts if fact),
    )


def _kpis(_: Path) -> list[Definition]:
    from tpaudit.kpis import registry

    return [
        Definition(
            "kpi",
            kpi.id,
            kpi.title,
            {"family": kpi.family, "unit": kpi.unit, "better": kpi.better},
            (
                _fact("Meaning", "含义", kpi.definition.en, kpi.definition.zh),
                _same("Formula", "公式", kpi.formula),
                _same("Unit", "单位", kpi.unit),
                _same("Better when", "何为更好", kpi.better),
                _fact("Family", "类别", kpi.family_title.en, kpi.family_title.zh),
                _same("Counted by", "统计对象", kpi.grain),
                _fact("95% interval", "95% 区间", kpi.interval.en, kpi.interval.zh),
                _same("Shown from n", "最小样本", str(kpi.min_n)),
                _same("Counted from", "数据来源", ", ".join(kpi.inputs)),
                _fact("Needs", "所需数据", kpi.needs.en, kpi.needs.zh),
                _same("Source", "出处", kpi.source),
            ),
        )
        for kpi in registry.infos()
    ]


def _presets(audit_folder: Path) -> list[Definition]:
    from tpaudit.ingest.layouts.preset_file import read_presets, shipped_presets

    own = [preset for file in sorted((audit_folder / "presets").glob("*.toml")) for preset in read_presets(file)]
    return [_preset(preset) for preset in (*own, *shipped_presets())]


def _preset(preset: Preset) -> Definition:
    from tpaudit.ingest.layouts import description

    tables = "-" if preset.refuse else ", ".join(sorted(preset.tables))
    sure = description.confidence(preset)
    facts = [
        _same("Platform", "平台", preset.platform),
        _fact("Confidence", "可信度", sure.en, sure.zh),
        _same("Feeds", "写入的表", tables),
        Fact(Titles(en="Recognised by", zh="识别依据"), description.recognition(preset)),
    ]
    if preset.refuse:
        facts.append(Fact(Titles(en="Refused, because", zh="拒收原因"), preset.refuse))
    else:
        facts += [
            _same("Persons are told apart by", "区分人员的依据", ", ".join(preset.person.id) or "-"),
            _same("Columns", "列的去向", description.columns(preset)),
            _same("Words", "词表", description.vocabularies(preset) or "-"),
        ]
    minded = description.minded(preset)
    if minded.en:
        facts.append(Fact(Titles(en="Minds", zh="处理要点"), minded))
    if preset.note:
        facts.append(_same("Note", "说明", preset.note))
    confidence = "own" if preset.is_users else preset.confidence
    columns = {"platform": preset.platform, "tables": tables, "confidence": confidence}
    return Definition("preset", preset.id, preset.title, columns, tuple(facts))


def _touchpoints(audit_folder: Path) -> list[Definition]:
    from tpaudit.journeys.catalogue import load

    catalogue = load(audit_folder)
    return [
        Definition(
            "touchpoint",
            touchpoint.id,
            touchpoint.title,
            {"stage": touchpoint.stage, "kind": touchpoint.kind, "owner": touchpoint.owner},
            (
                _same("Stage", "阶段", touchpoint.stage),
                _same("Kind", "类型", touchpoint.kind),
                _same("Owner", "负责", touchpoint.owner or "-"),
                _same("Recognised by", "识别规则", "\n".join(map(str, catalogue.rules_of(touchpoint.id))) or "-"),
            ),
        )
        for touchpoint in catalogue
    ]


def _methods(_: Path) -> list[Definition]:
    from tpaudit.ranking.method import methods

    return [
        Definition("method", each.id, each.title, {}, tuple(Fact(label, text) for label, text in each.facts))
        for each in methods()
    ]


def _fact(label_en: str, label_zh: str, text_en: str, text_zh: str) -> Fact:
    return Fact(Titles(en=label_en, zh=label_zh), Titles(en=text_en, zh=text_zh))


def _in_both(label_en: str, label_zh: str, text: Mapping[str, str] | None) -> Fact | None:
    """A fact from a text in both languages; None where a definition of the user's says nothing."""
    return _fact(label_en, label_zh, text["en"], text["zh"]) if text else None


def _same(label_en: str, label_zh: str, text: str) -> Fact:
    """A fact whose text is the same in both languages: a formula, a name, a rule."""
    return _fact(label_en, label_zh, text, text)


_KINDS: dict[str, Callable[[Path], list[Definition]]] = {
    "checks": _checks,
    "kpis": _kpis,
    "presets": _presets,
    "touchpoints": _touchpoints,
    "methods": _methods,
}
