"""Kill the program again and again while providers misbehave, let it soak, then count what every resident got.

``make torture``, or ``python -m benchmarks.torture --seed 1 --kills 200 --soak 600``. What is done when follows from
the seed; how far the program has come by then is up to the machine. Writes build/torture.json. Exit code 1: a goal is
not met.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks import soak
from benchmarks.crew import FAULTS, PROVIDERS, Crew, crew, track
from benchmarks.figure import Figure
from benchmarks.report import publish
from channels.sandbox import Behaviour

LONGEST_LIFE = 2.5
"""Seconds that a process gets before it is killed, at most; those with the shortest never get to the database."""

AT_ONCE = 2
"""Processes on the one database at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing after another that happens.

    Args:
        serve: whether a ``serve`` is started; else a ``send`` of the message of the hour.
        provider: who changes its behaviour.
        fault: to what; None for well.
        life: seconds until a process is killed.
        victim: which one of those that run, as a share of their number.
    """

    serve: bool
    provider: str
    fault: Behaviour | None
    life: float
    victim: float


def script(seed: int) -> Iterator[Step]:
    """What happens, step by step, without an end."""
    dice = random.Random(seed)  # noqa: S311 - it is to be foreseen
    while True:
        yield Step(
            serve=dice.random() < 0.3,
            provider=dice.choice(PROVIDERS),
            fault=dice.choice((*FAULTS, None, None)),
            life=dice.uniform(0.05, LONGEST_LIFE),
            victim=dice.random(),
        )


class Torture:
    """Processes that are killed."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._kills = 0

    async def run(self, seed: int, kills: int) -> list[Figure]:
        """Kill that often, let it settle, and count."""
        self._crew.write()
        with track("killing", kills) as told:
            for step in script(seed):
                await self._take(step)
                told(self._kills)
                if self._kills >= kills:
                    break
        while self._crew.running:
            await self._kill(self._crew.running[-1])
        killed = Figure("kill -9", self._kills, f"≥ {kills}", self._kills >= kills)
        return [killed, *(await self._crew.reckoned()).figures()]

    async def _take(self, step: Step) -> None:
        self._crew.sandbox.behave(step.provider, *([step.fault] if step.fault else []))
        if await self._crew.is_out():
            self._crew.write()
        if len(self._crew.running) < AT_ONCE:
            self._crew.start(*(["serve"] if step.serve else ["send", "--yes"]))
        victim = self._crew.running[int(step.victim * len(self._crew.running))]
        await asyncio.to_thread(victim.join, step.life)
        await self._kill(victim)

    async def _kill(self, process: ForkServerProcess) -> None:
        process.kill()
        await self._crew.joined(process)
        self._kills += process.exitcode == -signal.SIGKILL


async def _run(seed: int, kills: int, seconds: float) -> list[Figure]:
    figures = []
    if kills:
        async with crew({}) as killed:
            figures += await Torture(killed).run(seed, kills)
    if seconds:
        async with crew(soak.SETTINGS) as soaked:
            figures += await soak.Soak(soaked).run(seed, seconds)
    return figures


def main() -> int:
    """Do it, and show the tally."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="how many; 0 leaves them out")
    parser.add_argument("--soak", type=float, default=600.0, help="for how many seconds; 0 leaves it out")
    options = parser.parse_args()
    return publish(asyncio.run(_run(options.seed, options.kills, options.soak)), Path("build/torture.json"))


if __name__ == "__main__":
    sys.exit(main())
