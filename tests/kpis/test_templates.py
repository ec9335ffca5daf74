from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from tpaudit.audit import load_config
from tpaudit.audit.settings import Template
from tpaudit.audit.template import settings_template
from tpaudit.commands import choices
from tpaudit.kpis.registry import infos
from tpaudit.kpis.templates import templates


def test_there_is_a_template_for_every_trade_that_settings_and_options_know() -> None:
    assert set(templates()) == set(get_args(Template)) == {each.value for each in choices.Template}


@pytest.mark.parametrize("name", templates())
def test_every_kpi_of_a_template_exists_and_is_named_once(name: str) -> None:
    kpis = templates()[name].kpis
    assert set(kpis) <= {info.id for info in infos()}
    assert len(set(kpis)) == len(kpis)


@pytest.mark.parametrize("name", templates())
def test_the_settings_of_a_template_are_accepted_and_differ_from_the_defaults(name: str, tmp_path: Path) -> None:
    presets = templates()[name].settings
    text = settings_template(presets)
    (tmp_path / "tpaudit.toml").write_text(text, encoding="utf-8")
    found = {section: keys for section, keys in tomllib.loads(text).items() if keys}
    assert found == presets
    usual = {(each.section, each.name): each.value for each in load_config(tmp_path.parent, {})}
    for each in load_config(tmp_path, {}):
        if each.name in presets.get(each.section, {}):
            assert each.value != usual[each.section, each.name], f"{each.section}.{each.name} is the default already"


def test_init_writes_the_template_with_its_settings_and_the_language(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "tpaudit", "init", "acme", "--template", "b2b", "--lang", "zh"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    settings = load_config(tmp_path / "acme", {}).settings
    assert (settings.audit.template, settings.audit.lang) == ("b2b", "zh")
    assert (settings.journey.window_days, settings.segments.dormant_days) == (90, 730)


def test_templates_are_read_without_the_engine() -> None:
    code = "import sys; from tpaudit.kpis.templates import templates; templates(); print('ibis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
