"""Whether a large audience costs more for each resident than a small one: planning, time and memory."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.provider import instant_provider
from benchmarks.scene import DATABASE, scene

SMALL = 10_000
LARGE = 1_000_000 if os.environ.get("FULL") == "1" else 200_000
SMALL_RUNS = 3
PLANNED = 100_000
"""Deliveries a second that planning should reach."""


def measure() -> list[Figure]:
    """Measure it on SQLite."""
    with instant_provider() as provider, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = [_sent(folder / f"small-{run}", provider.url, SMALL) for run in range(SMALL_RUNS)]
        large = _sent(folder / "large", provider.url, LARGE)
    cost = large["seconds"] / LARGE / median(run["seconds"] / SMALL for run in small)
    memory = large["peak"] / median(run["peak"] for run in small)
    return [
        at_least(f"deliveries planned a second, {LARGE:,} at once", large["planned"], PLANNED),
        at_most(f"peak of memory at {LARGE:,} ÷ at {SMALL:,} residents", memory, 1.2),
        at_most(f"cost of a delivery (processor time) at {LARGE:,} ÷ at {SMALL:,} residents", cost, 1.1),
    ]


def _sent(folder: Path, provider_url: str, residents: int) -> dict[str, float]:
    """Send to a crowd from a process that does nothing else, and hear from it what that took."""
    folder.mkdir()
    planned = asyncio.run(_planned(folder, provider_url, residents))
    sender = [sys.executable, "-m", "benchmarks.sender", str(folder / "config.toml")]
    told = subprocess.run(sender, stdout=subprocess.PIPE, check=True)
    return {**json.loads(told.stdout), "planned": planned}


async def _planned(folder: Path, provider_url: str, residents: int) -> float:
    """Let the crowd subscribe; tells how many deliveries to it are planned a second."""
    async with scene(folder, provider_url) as stage:
        await stage.subscribe(range(residents))
        # Some more that the process can warm up with: what it does once only is not to count.
        await stage.subscribe(range(residents, residents + 500), "morbylanga")
        return median([await _planning(folder, residents, number) for number in range(3)])


async def _planning(folder: Path, residents: int, number: int) -> float:
    """Deliveries planned a second, in a copy of the database."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        copy = Path(name)
        async with scene(copy, "http://127.0.0.1:9") as stage:
            shutil.copy(folder / DATABASE, copy / DATABASE)
            plan = stage.plan(number)
            begin = time.perf_counter()
            await stage.submit(plan)
            return residents / (time.perf_counter() - begin)
