"""Ibis's compilers are loaded when they are used, and all of them stay within reach."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "[name for name in sys.modules if name.startswith('ibis.backends.sql.compilers.')]"


@pytest.mark.parametrize(
    ("use", "outcome"),
    [
        ("import ibis.backends.sql.compilers as compilers; print(compilers.pyspark.__name__)", "pyspark"),
        ("from ibis.backends.sql.compilers import TrinoCompiler; print(TrinoCompiler.__name__)", "TrinoCompiler"),
        ("from ibis.backends.sql.compilers import *; print(AthenaCompiler.__name__)", "AthenaCompiler"),
        ("import ibis.backends.sql.compilers as compilers; print(hasattr(compilers, 'Nonesuch'))", "False"),
        ("import ibis.backends.sql.compilers as compilers; print(hasattr(compilers, '__nonesuch__'))", "False"),
    ],
)
def test_every_name_of_the_package_is_found(use: str, outcome: str) -> None:
    assert said(f"load_when_used(); {use}").endswith(outcome)


def test_only_the_compiler_in_use_is_loaded() -> None:
    loaded = said(f"load_when_used(); import ibis; ibis.duckdb.connect(); print({LOADED})")
    assert "compilers.duckdb" in loaded
    assert "compilers.bigquery" not in loaded


def test_what_is_loaded_already_stays() -> None:
    package = "sys.modules['ibis.backends.sql.compilers']"
    assert said(f"import ibis.backends.sql.compilers; a = {package}; load_when_used(); print(a is {package})") == "True"


def said(program: str) -> str:
    whole = f"import sys; from tpaudit.engine.compilers import load_when_used; {program}"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
