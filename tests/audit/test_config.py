"""Settings: precedence, origins, and faults that name file, line and the nearest name."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tpaudit.audit import load_config
from tpaudit.audit.template import settings_template
from tpaudit.errors import ConfigFault, ExitCode


def write(folder: Path, text: str) -> None:
    (folder / "tpaudit.toml").write_text(text, encoding="utf-8")


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    write(tmp_path, '[audit]\nlang = "en"\ncurrency = "USD"\n[engine]\nthreads = 1\n')
    config = load_config(tmp_path, {"TPAUDIT_LANG": "zh", "TPAUDIT_ENGINE_THREADS": "3"}, {("audit", "lang"): "auto"})
    settings = {(s.section, s.name): (s.value, s.origin) for s in config.listing()}
    assert settings["audit", "lang"] == ("auto", "flag")
    assert settings["engine", "threads"] == (3, "TPAUDIT_ENGINE_THREADS")
    assert settings["audit", "currency"] == ("USD", "tpaudit.toml:3")
    assert settings["audit", "timezone"] == ("Asia/Shanghai", "default")


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    assert {setting.origin for setting in load_config(tmp_path, {}).listing()} == {"default"}


def test_all_unknown_keys_are_told_at_once_with_line_and_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, '[audit]\nclient = "x"\ntimezon = "UTC"\n\n[engin]\nthreads = 2\n')
    with pytest.raises(ConfigFault) as caught:
        load_config(tmp_path, {})
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.faults == (
        "tpaudit.toml:3: unknown key 'timezon' in [audit]; did you mean 'timezone'?",
        "tpaudit.toml:5: unknown section [engin]; did you mean 'engine'?",
    )


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('[audit]\ntimezone = "Mars"\n', "tpaudit.toml:2: audit.timezone", "not an IANA time zone"),
        ("[engine]\n\nthreads = 0\n", "tpaudit.toml:3: engine.threads", "greater than or equal to 1"),
        ('[engine]\nmemory_limit = "much"\n', "tpaudit.toml:2: engine.memory_limit", "match"),
        ('[validate]\nfail_on = "often"\n', "tpaudit.toml:2: validate.fail_on", "critical"),
        ("audit = 3\n", "tpaudit.toml:1: 'audit' is a section", "[audit]"),
        ("[audit\n", "tpaudit.toml: ", "line 1"),
    ],
)
def test_wrong_values_are_told_with_their_place(tmp_path: Path, text: str, place: str, said: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigFault) as caught:
        load_config(tmp_path, {})
    assert place in caught.value.message
    assert said in caught.value.message


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"TPAUDIT_ENGINE_THREADS: engine\.threads = 'many'"):
        load_config(tmp_path, {"TPAUDIT_ENGINE_THREADS": "many"})


def test_dates_may_be_toml_dates_or_text(tmp_path: Path) -> None:
    write(tmp_path, "[audit]\nas_of = 2026-11-16\n")
    assert load_config(tmp_path, {}).settings.audit.as_of == date(2026, 11, 16)
    assert load_config(tmp_path, {"TPAUDIT_AS_OF": "2026-01-02"}).settings.audit.as_of == date(2026, 1, 2)


def test_the_fingerprint_follows_the_sections_asked_for(tmp_path: Path) -> None:
    plain = load_config(tmp_path, {})
    other = load_config(tmp_path, {"TPAUDIT_RANK_TOP": "5"})
    assert plain.fingerprint("rank") != other.fingerprint("rank")
    assert plain.fingerprint("audit", "journey") == other.fingerprint("audit", "journey")


def test_the_fingerprint_does_not_follow_what_only_the_reader_sees(tmp_path: Path) -> None:
    plain = load_config(tmp_path, {}).fingerprint("audit")
    assert load_config(tmp_path, {"TPAUDIT_LANG": "zh"}, {("audit", "client"): "Qinghe"}).fingerprint("audit") == plain
    assert load_config(tmp_path, {}, {("audit", "currency"): "USD"}).fingerprint("audit") != plain


def test_the_template_changes_nothing_and_explains_every_key(tmp_path: Path) -> None:
    text = settings_template()
    write(tmp_path, text)
    config = load_config(tmp_path, {})
    assert all(not section for section in tomllib.loads(text).values())
    for setting in config.listing():
        assert f"# {setting.name} = " in text
        assert setting.meaning and f"# {setting.meaning}" in text


def test_weights_of_outcomes_complete_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "tpaudit.toml").write_text("[rank]\nweights = { satisfaction = 1 }\n", encoding="utf-8")
    weights = load_config(tmp_path, {}).settings.rank.weights
    assert weights == {"conversion": 0.5, "retention": 0.25, "satisfaction": 1.0}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("{ conversoin = 1 }", "did you mean 'conversion'"),
        ("{ conversion = -1 }", "greater than or equal to 0"),
        ("{ conversion = 0, retention = 0, satisfaction = 0 }", "at least one outcome"),
    ],
)
def test_impossible_weights_are_told(tmp_path: Path, weights: str, said: str) -> None:
    (tmp_path / "tpaudit.toml").write_text(f"[rank]\nweights = {weights}\n", encoding="utf-8")
    with pytest.raises(ConfigFault, match=said):
        load_config(tmp_path, {})
