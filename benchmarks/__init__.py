"""Measurements of cost and robustness, each run as a module: `python -m benchmarks.NAME`."""
