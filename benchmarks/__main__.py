"""Run every benchmark, show the figures and write them to build/bench.json. Exit code 1: a goal is not met."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import startup

BENCHMARKS = (startup,)


def main() -> int:
    """Measure one after the other: two at once would measure each other."""
    figures = [figure for benchmark in BENCHMARKS for figure in benchmark.measure()]
    table = Table("Figure", "Value", "Goal", "Met")
    for figure in figures:
        table.add_row(figure.figure, f"{figure.value:g}", figure.goal, "yes" if figure.met else "NO")
    Console().print(table)
    output = Path("build/bench.json")
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
