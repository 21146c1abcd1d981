"""Following the sources for as long as the program runs."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import aiohttp

from broadcaster.clock import utc_now
from broadcaster.engine.waiting import pause
from broadcaster.runtime import Broadcaster
from broadcaster.sources.polling import Poller
from broadcaster.sources.settings import Source
from broadcaster.store.errors import StoreError
from broadcaster.store.sources import BETWEEN_HURRIED
from channels.sources.fetching import Fetcher
from channels.sources.stream import listen

log = logging.getLogger(__name__)

GLANCE = 5.0
"""Seconds between two looks whether it is time: another process may be polling, or have stopped to."""


async def follow_sources(
    broadcaster: Broadcaster, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now
) -> None:
    """Poll every source when it is time, until ``stop`` is set. Whatever goes wrong with one disturbs nothing else."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        poller = Poller(broadcaster.config, broadcaster.store.database, Fetcher(http), clock, stop)
        async with asyncio.TaskGroup() as tasks:
            for source in broadcaster.config.sources.values():
                tasks.create_task(_follow(poller, source, http, stop))


async def _follow(poller: Poller, source: Source, http: aiohttp.ClientSession, stop: asyncio.Event) -> None:
    news = asyncio.Event()
    listening = None
    if source.stream_url is not None:
        listening = asyncio.create_task(listen(http, source.stream_url, news.set))
    try:
        while not stop.is_set():
            hurried = news.is_set()
            news.clear()
            if not await _polled(poller, source, hurried=hurried) and hurried:
                # It was polled a moment ago, here or elsewhere; what there is news of may have come after that.
                await pause(BETWEEN_HURRIED.total_seconds(), stop)
                await _polled(poller, source, hurried=True)
            await pause(GLANCE, news, stop)
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening])


async def _polled(poller: Poller, source: Source, *, hurried: bool) -> bool:
    """Poll if it is time; tells whether it was. A fault here ends neither the sending nor the other sources."""
    try:
        return await poller.poll(source, hurried=hurried) is not None
    except StoreError as error:
        log.debug("source %s is not polled: %s", source.name, error)  # the engine's look-out says so already
    except Exception:
        log.exception("source %s could not be polled: a fault in the program", source.name)
    return False
