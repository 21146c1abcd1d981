"""Whether a provider that takes requests and never answers slows the others down."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure, at_most
from benchmarks.provider import instant_provider
from benchmarks.scene import UNHURRIED, Scene, scene
from broadcaster.runtime import assembled
from broadcaster.store.reports import open_lanes

RESIDENTS = 20_000
STUCK = 500
"""Residents whose SMS provider hangs."""

ROUNDS = 5

_SECOND_ACCOUNT = """[accounts.sms-morbylanga]
provider = "twilio"
account_sid = "AC00000000000000000000000000000002"
auth_token = {{ file = "secrets/twilio" }}
sender = "Kommunen"
rate = 1000000
concurrency = 64
base_url = "http://127.0.0.1:{port}"

[accounts.feeds]"""


def measure() -> list[Figure]:
    """Send the same with and without a second provider that hangs."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    pairs = []
    with instant_provider() as provider:
        async with _hanging() as port:
            for _ in range(ROUNDS):
                alone = await _throughput(provider.url, port, "borgholm")
                beside = await _throughput(provider.url, port, "borgholm", "morbylanga")
                pairs.append((alone, beside))
    fall = median(1 - beside / alone for alone, beside in pairs)
    return [at_most("fall of throughput beside a provider that hangs (%)", 100 * fall, 10)]


async def _throughput(provider_url: str, port: int, *municipalities: str) -> float:
    """SMS a second to Borgholm's residents."""
    changes = {
        **UNHURRIED,
        'facebook = "facebook-morbylanga", sms = "sms"': 'facebook = "facebook-morbylanga", sms = "sms-morbylanga"',
        "[accounts.feeds]": _SECOND_ACCOUNT.format(port=port),
    }
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), provider_url, changes=changes) as stage:
            await stage.subscribe(range(RESIDENTS))
            await stage.subscribe(range(RESIDENTS, RESIDENTS + STUCK), "morbylanga")
            plan = stage.plan(0, *municipalities)
            begin = time.time()
            await stage.submit(plan)
            await _send_lane(stage, plan.id, "sms")
            return RESIDENTS / (await stage.last_recorded(plan.id) - begin)


async def _send_lane(stage: Scene, message: str, lane: str) -> None:
    async with assembled(stage.config) as broadcaster:
        stop = asyncio.Event()
        engine = asyncio.create_task(broadcaster.engine.run(stop))
        while True:
            await asyncio.sleep(0.1)
            if lane not in await open_lanes(broadcaster.store.database, message):
                break
        stop.set()
        engine.cancel()  # the provider that hangs would be waited for
        await asyncio.gather(engine, return_exceptions=True)


@asynccontextmanager
async def _hanging() -> AsyncIterator[int]:
    """A server that takes every request and says nothing; gives its port."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
