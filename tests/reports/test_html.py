from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.reports.samples import EMPTY, HOSTILE, INGEST, KPI, PASSED, RANK, RUN, STOPPED
from tpaudit.reports.html import render
from tpaudit.reports.language import LANGUAGES, Language
from tpaudit.results import RunResult

RUNS = {"run": RUN, "stopped": STOPPED, "empty": EMPTY["run"]}

VOID = {"meta", "br", "img", "hr", "link", "input"}


class Outline(HTMLParser):
    """Checks that every element is closed in order, and remembers what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.uncaptioned = 0
        self._table_starts = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._table_starts and tag != "caption":
            self.uncaptioned += 1
        self._table_starts = tag == "table"
        self.tags.append(tag)
        values = dict(attrs)
        if "id" in values:
            self.ids.append(str(values["id"]))
        if "href" in values:
            self.links.append(str(values["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    return parsed


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", RUNS)
def test_page_is_well_formed(name: str, lang: Language) -> None:
    run = RUNS[name]
    assert isinstance(run, RunResult)
    parsed = outline(render(run, lang))

    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)
    assert parsed.uncaptioned == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_needs_no_network_and_no_script(lang: Language) -> None:
    page = render(RUN, lang)
    tags = set(outline(page).tags)

    assert not tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\son\w+=", page)
    assert "default-src 'none'" in page


def test_parts_come_in_the_order_of_the_questions() -> None:
    parts = ["headline", "golden", "map", "kpis", "quality", "identity", "method", "manifest"]

    assert outline(render(RUN, "en")).ids == parts


def test_hostile_values_are_escaped() -> None:
    page = render(RUN.model_copy(update={"client": HOSTILE}), "en")

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("lang", "declared", "title"), [("en", "en", "Touchpoint audit"), ("zh", "zh-CN", "触点审计报告")]
)
def test_language_is_baked_in(lang: Language, declared: str, title: str) -> None:
    page = render(RUN, lang)

    assert f'<html lang="{declared}">' in page
    assert f"<h1>{title}</h1>" in page


def test_numbers_stand_with_interval_and_evidence() -> None:
    page = render(RUN, "en")

    assert "+8.3 to +16.3" in page
    assert "377 / 155" in page
    assert "52.0–69.0%" in page


def test_interval_marks_lie_within_the_axis() -> None:
    for left, width in re.findall(r'class="span" style="left:([-\d.]+)%;width:([-\d.]+)%"', render(RUN, "en")):
        assert 0 <= float(left) <= 100
        assert float(left) + float(width) <= 100.01


def test_stopped_run_says_what_is_missing_and_why() -> None:
    page = render(STOPPED, "en")

    assert "Stopped at validation" in page
    assert "Not computed in this run: Golden touchpoints, Journey map and KPIs by touchpoint." in page
    assert outline(page).ids == ["headline", "quality", "identity", "method", "manifest"]
    assert "ask for the export&#39;s clock and time zone" in page
    assert "a touch that has not happened" in page


def test_large_audit_stays_below_400_kb_and_says_what_it_leaves_out() -> None:
    many = RUN.model_copy(
        update={
            "ingest": INGEST.model_copy(update={"files": INGEST.files * 500, "issues": INGEST.issues * 500}),
            "validation": PASSED.model_copy(update={"findings": PASSED.findings * 100}),
            "rank": RANK.model_copy(update={"golden": RANK.golden * 30}),
            "kpi": KPI.model_copy(
                update={
                    "rows": tuple(
                        row.model_copy(update={"channel": f"channel {number}"})
                        for number in range(200) for row in KPI.rows
                    )
                }
            ),
        }
    )  # fmt: skip

    page = render(many, "en")
    assert len(page.encode()) < 400_000
    left_out = re.findall(r"and ([\d,]+) more in the run", page)
    # Two stages of the ranking, KPI slices, failed checks, files; issues stand there by kind, which are few.
    assert left_out == ["20", "20", "940", "180", "3,350"]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_journeys_tell_their_gaps_flow_loops_and_frame() -> None:
    said = text_of(render(RUN, "en"))

    for part in (
        "No touchpoint seen in: Loyalty",
        "Nobody answers for: Cart",
        "Awareness 1,104 880 20.3% 18.0–22.8%",
        "5–8 150 48.1%",
        "85.7% of 280 customers bought within 60 days of their first touch",
        "32 customers met later are left out",
        "301 of 1,204 journeys came back",
        "Product page Chat and AI agent 55 61",
        "Days on Asia/Shanghai, up to 2026-11-16",
    ):
        assert part in said, part


def test_every_measured_kpi_stands_in_its_family_with_grade_and_sure_value() -> None:
    measured = KPI.rows[0].model_copy(update={"value_high_confidence": 0.3, "n_high_confidence": 900})
    kpi = KPI.model_copy(update={"rows": (measured, *KPI.rows[1:]), "shown": ("nps",)})
    said = text_of(render(RUN.model_copy(update={"kpi": kpi}), "en"))

    assert "All KPIs measured, over all customers" in said
    assert "Conversion rate 25.9% 23.5–28.4% 1,204 A 30.0% n 900" in said
    assert "Grades lowered Conversion rate by few touches with a known customer" in said
    assert "Net promoter score by TPS03" in said
    assert "weeks begin on Monday" in said
