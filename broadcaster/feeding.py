"""Keeping the feeds' files on this machine as the database has them."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from broadcaster.clock import utc_now
from broadcaster.following import follow
from broadcaster.runtime import Broadcaster
from channels.feed import FEED, FeedChannel


async def refresh_feeds(broadcaster: Broadcaster) -> None:
    """Write all feeds as they should be, so that a new one can be subscribed to before it says anything."""
    for channel in broadcaster.channels.values():
        if isinstance(channel, FeedChannel):
            await channel.refresh()


async def follow_feeds(broadcaster: Broadcaster, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now) -> None:
    """Keep this machine's feeds as the database has them, whichever machine it was that sent.

    Once a minute they are written in any case: an alert that has expired leaves the feed of those in force.
    """

    async def look() -> object:
        return await broadcaster.surfaces.revision(FEED.name), clock().replace(second=0, microsecond=0)

    async def write() -> None:
        await refresh_feeds(broadcaster)

    await follow("the feeds", look, write, stop)
