"""Whether an account's agreed rate is used and never exceeded, as the provider sees it.

Each run takes as long as its messages take at the rate: 20 seconds, or 200 with FULL=1.
"""

import asyncio
import os
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.provider import instant_provider
from benchmarks.scene import scene

RATE = 100
MESSAGES = 20_000 if os.environ.get("FULL") == "1" else 2_000


def measure() -> list[Figure]:
    """Measure it at the provider."""
    arrivals = asyncio.run(_arrivals())
    used = 1000 * (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) / RATE
    return [
        at_least(f"share of a rate of {RATE} a second that {MESSAGES:,} SMS use", used, 0.98),
        at_most(f"most SMS in any second at a rate of {RATE}", busiest(arrivals), RATE),
    ]


def busiest(arrivals: Sequence[int]) -> int:
    """Most arrivals in any span of one second, wherever it begins; their times in milliseconds, in order."""
    return max(bisect_left(arrivals, begin + 1000) - place for place, begin in enumerate(arrivals))


async def _arrivals() -> list[int]:
    with instant_provider(written=True) as provider, tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), provider.url, changes={"rate = 10 ": f"rate = {RATE} "}) as stage:
            await stage.subscribe(range(MESSAGES))
            plan = stage.plan(0)
            await stage.submit(plan)
            await stage.send(plan.id)
        texts = (arrival for arrival in provider.arrivals() if arrival.path.startswith("/twilio/"))
        return sorted(round(1000 * arrival.at) for arrival in texts)
