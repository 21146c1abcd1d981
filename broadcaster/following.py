"""Keeping files on this machine as the database has them, whichever machine it was that changed it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from broadcaster.engine.waiting import pause
from broadcaster.store.errors import StoreError
from channels.folder import FolderError

FOLLOW = 0.5
"""Seconds between two looks."""

log = logging.getLogger(__name__)


async def follow(
    what: str, look: Callable[[], Awaitable[object]], write: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Write whenever a look sees something else than before; what cannot be written is tried again.

    Args:
        what: is written, for the log: "the feeds".
        look: raises StoreError where it cannot.
        write: raises StoreError or FolderError where it cannot.
    """
    written: object = None
    told = False
    while not stop.is_set():
        try:
            seen = await look()
            if seen != written:
                await write()
                written = seen
            told = False
        except (StoreError, FolderError) as error:
            # The phone lines and everything else are needed all the more.
            if not told:
                log.error("%s cannot be written: %s", what, error)
            told = True
        await pause(FOLLOW, stop)
