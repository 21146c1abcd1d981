"""Run the benchmarks, show the figures and write them to build/bench.json. Exit code 1: a goal is not met.

Names of benchmarks as arguments run only those. With FULL=1 in the environment crowds are of a million.
"""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import currency, fan_out, isolation, pages, rate, recovery, scale, startup, texts, throttled
from benchmarks.figure import Figure, LeftOutError
from benchmarks.report import publish

BENCHMARKS: Mapping[str, Callable[[], list[Figure]]] = {
    "startup": startup.measure,
    "texts": texts.measure,
    "fan-out-sqlite": fan_out.on_sqlite,
    "fan-out-postgresql": fan_out.on_postgresql,
    "scale": scale.measure,
    "rate": rate.measure,
    "throttled": throttled.measure,
    "isolation": isolation.measure,
    "currency": currency.measure,
    "recovery": recovery.measure,
    "pages": pages.measure,
}


def main(names: Sequence[str]) -> int:
    """Measure one after the other: two at once would measure each other."""
    console = Console()
    if unknown := set(names) - BENCHMARKS.keys():
        console.print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    figures = []
    for name in names or BENCHMARKS:
        console.print(f"measuring: {name}", style="dim")
        try:
            figures += BENCHMARKS[name]()
        except LeftOutError as reason:
            console.print(f"left out: {name}, because {reason}")
    return publish(figures, Path("build/bench.json"))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that servers are stopped and folders removed
    sys.exit(main(sys.argv[1:]))
