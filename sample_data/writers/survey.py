"""One Wenjuanxing survey, downloaded twice: by option text and by option code (both GBK)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.sinks import CsvSink, Sink
from tpaudit.sample_data.text import (
    Bools,
    Ints,
    Text,
    choose,
    date_time_unpadded,
    digits,
    join,
    of_rows,
    pick,
)
from tpaudit.sample_data.world import Chunk

TEXT_FILE, CODE_FILE = "问卷_按文本.csv", "问卷_按序号.csv"
_LEAD = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")
_NPS = "1、您有多大可能把我们推荐给朋友或同事？"
_CSAT = "2、您对这次体验的总体满意程度是？"
_CHANNELS = "3、您通过哪些渠道接触过我们？"
_CES = "4、解决您的问题花了多少力气（1很费力—7很轻松）？"
_COMMENT = "5、您还有什么意见？"
_PHONE = "6、手机号（选填）"
OPTIONS = ("小程序", "门店", "短视频", "朋友推荐", "客服")
TEXT_HEADER = (*_LEAD, _NPS, _CSAT, _CHANNELS, _CES, _COMMENT, _PHONE, "总分")
CODE_HEADER = (
    *_LEAD,
    _NPS,
    _CSAT,
    *(f"{_CHANNELS}({option})" for option in OPTIONS),
    _CES,
    _COMMENT,
    _PHONE,
    "总分",
)
_CSAT_LABELS = ("非常不满意", "不满意", "一般", "满意", "非常满意")
_SKIPPED = "-3"
_IMPOSSIBLE_NPS, _IMPOSSIBLE_CSAT = 11, 9


@dataclass(frozen=True)
class _Responses:
    """What both files have in common."""

    lead: list[Text]
    nps: Ints
    csat: Ints
    csat_skipped: Bools
    options: list[Bools]
    ces: Ints
    comment: Text
    phone: Text
    total: Text
    person_id: Ints


def open_text(folder: Path) -> Sink:
    """The download by option text."""
    return CsvSink(folder / TEXT_FILE, TEXT_HEADER, encoding="gb18030", newline="\r\n")


def open_code(folder: Path) -> Sink:
    """The download by option code."""
    return CsvSink(folder / CODE_FILE, CODE_HEADER, encoding="gb18030", newline="\r\n")


def text_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """Labels for satisfaction, chosen channels joined with ┋, unanswered questions empty."""
    answers = _responses(chunk, ledger, TEXT_FILE)
    label = pick(_CSAT_LABELS, np.clip(answers.csat, 1, 5) - 1)
    label = choose(answers.csat == _IMPOSSIBLE_CSAT, str(_IMPOSSIBLE_CSAT), label)
    marked = [choose(mask, f"{option}┋", "") for option, mask in zip(OPTIONS, answers.options, strict=True)]
    columns = [
        *answers.lead,
        digits(answers.nps),
        choose(answers.csat_skipped, "", label),
        pc.utf8_rtrim(join(*marked), "┋"),
        digits(answers.ces),
        answers.comment,
        answers.phone,
        answers.total,
    ]
    return Rows(columns, answers.person_id)


def code_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """Numbers for satisfaction, one 0/1 column per channel, -3 for what was skipped."""
    answers = _responses(chunk, ledger, CODE_FILE)
    columns = [
        *answers.lead,
        digits(answers.nps),
        choose(answers.csat_skipped, _SKIPPED, digits(answers.csat)),
        *(choose(mask, "1", "0") for mask in answers.options),
        digits(answers.ces),
        _skip_blank(answers.comment),
        _skip_blank(answers.phone),
        answers.total,
    ]
    return Rows(columns, answers.person_id)


def _skip_blank(values: Text) -> Text:
    return pc.if_else(pc.equal(values, ""), _SKIPPED, values)


def _responses(chunk: Chunk, ledger: Ledger, file: str) -> _Responses:
    """The same draws for both files: the stream starts afresh each time."""
    rng = chunk.stream("survey export")
    given, people = chunk.answers, chunk.people
    person, count = given.person, len(given.person)
    spoil = ledger.picker(file, rng, count)
    bad_nps = spoil.mask("TPS01", _NPS, 0.012, "NPS 11")
    bad_csat = spoil.mask("TPS02", _CSAT, 0.012, "CSAT 9")
    skipped = spoil.free & (rng.random(count) < 0.05)
    by_link = people.has_member_id[person] & (rng.random(count) < 0.36)
    with_phone = rng.random(count) < 0.60
    source = rng.choice(3, count, p=(0.6, 0.3, 0.1))
    # The address of an answer is meaningless here: documentation ranges only.
    ip = join(
        "203.0.113.",
        digits(rng.integers(1, 255, count)),
        "(",
        of_rows(people.region, person),
        "-",
        of_rows(people.city, person),
        ")",
    )
    lead = [
        digits(chunk.number * 1_000_000 + np.arange(count) + 1),
        date_time_unpadded(given.at),
        join(digits(20 + rng.poisson(90, count)), "秒"),
        pick(("微信", "短信", "链接"), source),
        choose(by_link, of_rows(people.member_id, person), choose(source == 0, "服务通知", "")),
        ip,
    ]
    csat = np.where(bad_csat, _IMPOSSIBLE_CSAT, given.csat)
    nps = np.where(bad_nps, _IMPOSSIBLE_NPS, given.nps)
    return _Responses(
        lead=lead,
        nps=nps,
        csat=csat,
        csat_skipped=skipped,
        options=[rng.random(count) < share for share in (0.6, 0.25, 0.3, 0.2, 0.3)],
        ces=given.ces,
        comment=_comments(given.nps, rng),
        phone=choose(with_phone, of_rows(people.phone, person), ""),
        total=digits(given.nps + given.csat + given.ces),
        person_id=people.person_id[person],
    )


def _comments(nps: Ints, rng: np.random.Generator) -> Text:
    """Two in five write a line, in the mood of their score."""
    draw = rng.random(len(nps))

    def any_of(lines: tuple[str, ...]) -> Text:
        return pick(lines, (draw * 1_000).astype(np.int64) % len(lines))

    poor_or_fair = choose(nps <= 6, any_of(words.COMMENTS_POOR), any_of(words.COMMENTS_FAIR))
    return choose(draw < 0.4, choose(nps >= 9, any_of(words.COMMENTS_GOOD), poor_or_fair), "")


SURVEY_BY_TEXT = Export(TEXT_FILE, open_text, text_rows)
SURVEY_BY_CODE = Export(CODE_FILE, open_code, code_rows)
