"""Run every benchmark, show the figures and write them to build/bench.json. Exit code 1: a goal is not met."""

import sys
from pathlib import Path

from benchmarks import startup
from benchmarks.report import publish

BENCHMARKS = (startup,)


def main() -> int:
    """Measure one after the other: two at once would measure each other."""
    figures = [figure for benchmark in BENCHMARKS for figure in benchmark.measure()]
    return publish(figures, Path("build/bench.json"))


if __name__ == "__main__":
    sys.exit(main())
