"""How fast one process sends an SMS to many, with every step on disk, beside loops that remember nothing."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks import references
from benchmarks.figure import Figure, LeftOutError, at_least
from benchmarks.provider import instant_provider
from benchmarks.scene import DATABASE, Scene, anybody, scene
from tests.support import postgresql
from tests.support.components import POSTGRESQL

RESIDENTS = 20_000
SLOW_RESIDENTS = 1_000
"""For Apprise, which would take long over all of them."""

ROUNDS = 5

# The tests' server forgets what a power cut finds; here every commit has to be on the disk.
_DURABLE = ("fsync = on", "synchronous_commit = on", "full_page_writes = on")


def on_sqlite() -> list[Figure]:
    """Measure with SQLite."""
    return asyncio.run(_measure("SQLite", _sqlite()))


def on_postgresql() -> list[Figure]:
    """Measure with a PostgreSQL server of our own on this machine.

    Raises:
        LeftOutError: there is none.
    """
    programs = POSTGRESQL.find()
    if programs is None:
        raise LeftOutError("there is no PostgreSQL (on Debian: apt-get install postgresql)")
    with postgresql.serving(programs) as server:
        return asyncio.run(_measure("PostgreSQL", _postgresql(server)))


@asynccontextmanager
async def _sqlite() -> AsyncIterator[str]:
    yield DATABASE


@asynccontextmanager
async def _postgresql(server: postgresql.Server) -> AsyncIterator[str]:
    async with server.database() as name:
        address = f"postgresql://{server.address}/{name}"
        connection = await asyncpg.connect(address)
        for setting in _DURABLE:
            await connection.execute(f"ALTER SYSTEM SET {setting}")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
        yield address


async def _measure(kind: str, given: AbstractAsyncContextManager[str]) -> list[Figure]:
    """Let the contestants run in turn, so that a busy moment of the machine touches all of them."""
    numbers = [anybody(place) for place in range(RESIDENTS)]
    rounds: list[dict[str, float]] = []
    with instant_provider() as provider, tempfile.TemporaryDirectory() as folder:
        async with given as database, scene(Path(folder), provider.url, database) as stage:
            await stage.subscribe(range(RESIDENTS))
            text = stage.plan(0).of_channel("sms")[0].text
            for number in range(ROUNDS + 1):
                durable = RESIDENTS / await _durable(stage, number)
                bare = RESIDENTS / await references.bare(provider.url, numbers, text)
                twilio = RESIDENTS / await references.twilio(provider.url, numbers, text)
                apprise = SLOW_RESIDENTS / await references.apprise(provider.url, numbers[:SLOW_RESIDENTS], text)
                rounds.append({"durable": durable, "bare": bare, "twilio": twilio, "apprise": apprise})
    del rounds[0]  # the first finds nothing in memory

    def ratio(reference: str) -> float:
        return median(speeds["durable"] / speeds[reference] for speeds in rounds)

    return [
        at_least(f"durable SMS fan-out on {kind} ÷ bare aiohttp loop", ratio("bare"), 0.8),
        at_least(f"durable SMS fan-out on {kind} ÷ Twilio's client", ratio("twilio"), 1),
        at_least(f"durable SMS fan-out on {kind} ÷ Apprise", ratio("apprise"), 5),
    ]


async def _durable(stage: Scene, number: int) -> float:
    """Seconds from the submission until the last result is recorded."""
    plan = stage.plan(number)
    begin = time.time()
    await stage.submit(plan)
    await stage.send(plan.id)
    return await stage.last_recorded(plan.id) - begin
