"""How long commands take that have next to nothing to do: what a person waits for before anything happens.

All are timed from the shell's view and in turn, and compared with what Python or the libraries took in the same round:
a slow machine, or a busy moment of it, is slow for both.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure

RUNS = 15

LOOKING = ("status", "check", "subscribers count", "doubts list")
"""Commands that open the database and send nothing."""

LIBRARIES = "import asyncio, pydantic, typer, rich.table, sqlalchemy.ext.asyncio, sqlalchemy.dialects.sqlite.pysqlite"
"""What no command can do without that looks into the database. The rest is ours to keep small."""

MOST = 2.0
"""Times the libraries: as much again for our own modules, the configuration and the database. With the adapters and
what they stand on (aiohttp, facebook-sdk, feedgen, Twilio's TwiML) it would be more.
"""


def measure() -> list[Figure]:
    """Time whole processes, one after the other."""
    program = str(Path(sys.executable).with_name("broadcaster"))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "init"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "libraries": [sys.executable, "-c", LIBRARIES],
            "help": [program, "--help"],
            **{name: [program, *name.split()] for name in LOOKING},
        }
        for command in commands.values():  # once unmeasured: later runs find in memory what the first has to read
            _seconds(command, folder)
        rounds = [{name: _seconds(command, folder) for name, command in commands.items()} for _ in range(RUNS)]
    return [_help(rounds), *(_looking(name, rounds) for name in LOOKING)]


def _help(rounds: Sequence[Mapping[str, float]]) -> Figure:
    python_ms, help_ms = (median(took[name] for took in rounds) * 1000 for name in ("python", "help"))
    most = 3 * python_ms + 100
    return Figure(
        figure=f"`broadcaster --help`, median of {RUNS} (ms)",
        value=round(help_ms, 1),
        goal=f"≤ 3 × {python_ms:.1f} (`python -c pass`) + 100 = {most:.1f}",
        met=help_ms <= most,
    )


def _looking(name: str, rounds: Sequence[Mapping[str, float]]) -> Figure:
    times = median(took[name] / took["libraries"] for took in rounds)
    command_ms, libraries_ms = (median(took[what] for took in rounds) * 1000 for what in (name, "libraries"))
    return Figure(
        figure=f"`broadcaster {name}`, median of {RUNS} (times the import of its libraries)",
        value=round(times, 2),
        goal=f"≤ {MOST} (here {command_ms:.0f} ms beside {libraries_ms:.0f} ms)",
        met=times <= MOST,
    )


def _seconds(command: Sequence[str], folder: str) -> float:
    begin = time.perf_counter()
    # What it finds is of no matter: `status` exits with 2 where nothing has been sent.
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - begin
