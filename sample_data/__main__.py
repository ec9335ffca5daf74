"""`python -m tpaudit.sample_data OUT`: write a sample of any size."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tpaudit.sample_data import generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, generate, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m tpaudit.sample_data", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write exports/ and truth/ into")
    parser.add_argument("--customers", type=int, default=1500, help="number of persons (default: %(default)s)")
    parser.add_argument("--weeks", type=int, default=26, help="weeks up to 2026-11-15 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all randomness (default: %(default)s)")
    parser.add_argument("--null", action="store_true", help="no touchpoint has an effect on any outcome")
    parser.add_argument("--clean", action="store_true", help="plant no data-quality defects")
    options = parser.parse_args(arguments)
    try:
        summary = generate(options.out, options.customers, options.weeks, options.seed, options.null, options.clean)
    except ValueError as fault:
        parser.error(str(fault))
    print(
        f"{summary.customers:,} customers, {summary.touches:,} touches, {summary.orders:,} orders",
        file=sys.stderr,
    )
    print(summary.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
