"""How much an account gets done whose provider refuses some of its SMS as too much traffic, whatever the pace."""

import asyncio
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.provider import REFUSED, instant_provider
from benchmarks.rate import busiest
from benchmarks.scene import scene
from broadcaster.delivery import REACHED
from broadcaster.runtime import assembled
from broadcaster.store import reports

RATE = 25
MESSAGES = 800
SECONDS = 25


def measure() -> list[Figure]:
    """Measure what was taken in a while, and how much was asked for at most."""
    taken, most = asyncio.run(_sent())
    possible = RATE * SECONDS * (1 - REFUSED)
    return [
        at_least(
            f"share of the possible where {REFUSED:.0%} of the answers are 429, in {SECONDS} s", taken / possible, 0.7
        ),
        at_most(f"most SMS in any second at a rate of {RATE}, refused ones included", most, RATE),
    ]


async def _sent() -> tuple[int, int]:
    """How many were taken, and how many arrived in the busiest second."""
    with instant_provider(written=True, throttling=True) as provider, tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), provider.url, changes={"rate = 10 ": f"rate = {RATE} "}) as stage:
            await stage.subscribe(range(MESSAGES))
            plan = stage.plan(0)
            await stage.submit(plan)
            stop = asyncio.Event()
            async with assembled(stage.config) as broadcaster:
                asyncio.get_running_loop().call_later(SECONDS, stop.set)
                await broadcaster.engine.run(stop)
                progress = await reports.progress(broadcaster.store.database, plan.id)
        arrivals = sorted(round(1000 * one.at) for one in provider.arrivals() if one.path.startswith("/twilio/"))
    taken = sum(tally.count for tally in progress.tallies if tally.channel == "sms" and tally.state in REACHED)
    return taken, busiest(arrivals)
