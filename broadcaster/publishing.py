"""Keeping the public pages as the database and the clock have them: for ``serve``, and as files."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from broadcaster.clock import utc_now
from broadcaster.following import follow
from broadcaster.runtime import Broadcaster
from broadcaster.web import Pages
from channels.page import PAGE, PageChannel


def page_channel(broadcaster: Broadcaster) -> PageChannel | None:
    """The channel of the public pages, where some municipality has one."""
    found = (channel for channel in broadcaster.channels.values() if isinstance(channel, PageChannel))
    return next((channel for channel in found if channel.site.municipalities), None)


def pages(broadcaster: Broadcaster, clock: Callable[[], datetime]) -> Pages | None:
    """The pages as ``serve`` hands them out."""
    channel = page_channel(broadcaster)
    if channel is None:
        return None

    async def revision() -> object:
        return await _revision(broadcaster)

    return Pages(channel.site, channel.content, revision, clock)


async def refresh_pages(broadcaster: Broadcaster) -> None:
    """Bring the pages' files up to date, where there are any.

    Raises:
        FolderError: they cannot be written.
        StoreError: what they show cannot be read.
    """
    channel = page_channel(broadcaster)
    if channel is not None:
        await channel.refresh()


async def follow_pages(broadcaster: Broadcaster, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now) -> None:
    """Keep this machine's files up to date, also when nothing happens but that a message expires."""
    channel = page_channel(broadcaster)
    if channel is None or not channel.has_files:
        return

    async def look() -> object:
        return await _revision(broadcaster), clock().replace(second=0, microsecond=0)

    await follow("the public pages", look, channel.refresh, stop)


async def _revision(broadcaster: Broadcaster) -> object:
    """Something that is another whenever what the pages show is another."""
    return await broadcaster.surfaces.revision(PAGE.name), await broadcaster.board.revision()
