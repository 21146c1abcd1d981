"""How figures are shown and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure


def publish(figures: Sequence[Figure], output: Path) -> int:
    """Show the figures in a table and write them as JSON; returns the exit code, which is 1 if a goal is not met."""
    table = Table("Figure", "Value", "Goal", "Met")
    for figure in figures:
        table.add_row(figure.figure, f"{figure.value:g}", figure.goal, "yes" if figure.met else "NO")
    Console().print(table)
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0 if all(figure.met for figure in figures) else 1
