"""How soon after its submission a message is everywhere: in the feed, on the phone line, on Facebook, in an SMS."""

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp
from twilio.request_validator import RequestValidator

from benchmarks.figure import Figure, at_most
from benchmarks.provider import Provider, instant_provider
from benchmarks.scene import Scene, scene, until
from broadcaster.cli.running import listening
from broadcaster.clock import utc_now
from broadcaster.feeding import refresh_feeds
from broadcaster.plan import submission
from broadcaster.runtime import assembled
from broadcaster.store.submissions import submit
from channels.providers.twilio_voice import TwilioVoiceSettings

SUBMISSIONS = 30
RESIDENTS = 20
FIRST = 201
"""The first message's number: as many digits as the last one's, so that none is part of another, and no 112."""

LINE = "phone-borgholm"

_CHANGES = {
    "rate = 10 ": "rate = 100 ",
    "port = 8080": "port = 0",
    'provider = "facebook"': 'provider = "facebook"\nrate = 100',
}


def measure() -> list[Figure]:
    """Measure it with what ``serve`` runs, in this process."""
    late = sorted(asyncio.run(_measure()))
    return [at_most(f"submission to feed, phone line, Facebook and SMS, slowest of {SUBMISSIONS} (s)", late[-1], 1)]


async def _measure() -> list[float]:
    with instant_provider(written=True) as provider, tempfile.TemporaryDirectory() as folder:
        async with (
            scene(Path(folder), provider.url, changes=_CHANGES) as stage,
            assembled(stage.config) as broadcaster,
            listening(broadcaster) as address,
            aiohttp.ClientSession(address) as http,
        ):
            await stage.subscribe(range(RESIDENTS))
            await refresh_feeds(broadcaster)
            stop = asyncio.Event()
            engine = asyncio.create_task(broadcaster.engine.run(stop))
            late = []
            for number in range(FIRST, FIRST + SUBMISSIONS):
                plan = stage.plan(number)
                seen = len(provider.arrivals())
                begin = time.time()
                await submit(broadcaster.store.database, submission(plan, utc_now()), "benchmark")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_in_feed(http, number))
                    tasks.create_task(_on_line(http, stage, number))
                    tasks.create_task(_at_provider(provider, seen, "/graph/"))
                    tasks.create_task(_at_provider(provider, seen, "/twilio/"))
                late.append(time.time() - begin)
                await _all_sent(provider, seen)
            stop.set()
            await engine
    return late


def _mark(number: int) -> str:
    """What only this message says."""
    return f"läge {number}"


async def _in_feed(http: aiohttp.ClientSession, number: int) -> None:
    while True:
        async with http.get("/feeds/borgholm/sv.rss") as response:
            if _mark(number) in await response.text():
                return
        await asyncio.sleep(0.01)


async def _on_line(http: aiohttp.ClientSession, stage: Scene, number: int) -> None:
    settings = stage.config.accounts[LINE].settings
    if not isinstance(settings, TwilioVoiceSettings):
        raise TypeError(f"the shipped configuration has another {LINE}")
    path = f"/webhooks/twilio/voice/{LINE}"
    form = {"CallSid": "CA00000000000000000000000000000001", "From": "+46701740605", "To": settings.line, "Digits": "1"}
    signing = RequestValidator(settings.auth_token.get_secret_value())
    signature = signing.compute_signature(f"{stage.config.serve.public_url}{path}", form)
    while True:
        async with http.post(path, data=form, headers={"X-Twilio-Signature": signature}) as response:
            response.raise_for_status()
            if _mark(number) in await response.text():
                return
        await asyncio.sleep(0.01)


async def _at_provider(provider: Provider, seen: int, path: str) -> None:
    await until(lambda: any(arrival.path.startswith(path) for arrival in provider.arrivals()[seen:]))


async def _all_sent(provider: Provider, seen: int) -> None:
    """Wait for the post and the last SMS, so that one message does not wait for another."""
    await until(lambda: len(provider.arrivals()) >= seen + RESIDENTS + 1)
