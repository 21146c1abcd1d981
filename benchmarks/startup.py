"""How long `broadcaster --help` takes, from the shell's view, beside the time Python itself needs to start."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure

RUNS = 15


def measure() -> list[Figure]:
    """Time whole processes, the two in turn, so that a busy moment of the machine touches both."""
    python = [sys.executable, "-c", "pass"]
    help_page = [str(Path(sys.executable).with_name("broadcaster")), "--help"]
    _seconds(python), _seconds(help_page)  # once unmeasured: the first run reads files that later ones find in memory
    pairs = [(_seconds(python), _seconds(help_page)) for _ in range(RUNS)]
    python_ms, help_ms = (median(times) * 1000 for times in zip(*pairs, strict=True))
    most = 3 * python_ms + 100
    return [
        Figure(
            figure=f"`broadcaster --help`, median of {RUNS} (ms)",
            value=round(help_ms, 1),
            goal=f"≤ 3 × {python_ms:.1f} (`python -c pass`) + 100 = {most:.1f}",
            met=help_ms <= most,
        )
    ]


def _seconds(command: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin
