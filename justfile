# Everything a contributor runs. `just` alone lists it.

bin := ".venv-test/bin"

default:
    @just --list

# Install with test extras into .venv-test.
install:
    python3 -m venv .venv-test
    {{bin}}/pip install -q -c constraints.txt -e '.[test]'

# Run the tests.
test *ARGS:
    {{bin}}/pytest {{ARGS}}

# Lint, format check, types, import contracts, docs.
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/mypy
    {{bin}}/lint-imports
    {{bin}}/python docs/generate.py --check

# Write the generated reference pages anew.
docs:
    {{bin}}/python docs/generate.py

# Write the committed sample exports anew.
sample:
    {{bin}}/python -m tpaudit.sample_data sample_data/small

# What CI runs, on a fresh environment.
ci:
    bash .ci/run
