"""What the composition root lends to adapters, with nothing stored behind it."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp

from channels.provider import Wiring
from tests.fakes.board import FixedBoard
from tests.fakes.recordings import MemoryRecordings
from tests.fakes.surfaces import MemorySurfaces


def wired(http: aiohttp.ClientSession, now: Callable[[], datetime], *, public_url: str | None = None) -> Wiring:
    """Wiring for an adapter that needs little of it."""
    return Wiring(
        http,
        MemorySurfaces(now),
        municipalities={},
        public_url=public_url,
        board=FixedBoard(),
        contacts={},
        zone=ZoneInfo("Europe/Stockholm"),
        recordings=MemoryRecordings(),
        now=now,
        hubs={},
    )
