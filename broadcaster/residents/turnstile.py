"""One at a time, and seldom: what strangers can ask for as often as they like takes little from what matters more."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SHARE = 0.1
"""Part of the time that may go into it."""

MOST = 100
"""Who wait for their turn, at a time."""

OF_ONE = 10
"""Those of them who come from one place."""


class CrowdedError(Exception):
    """Too many wait for their turn. Nothing was done."""


class Turnstile:
    """Lets through one at a time, and rests nine times as long as that took: the slower it goes, the longer.

    So a flood costs a tenth of the database at most, less while others want it, and who sends the flood crowds out
    only those who come from the same place.
    """

    def __init__(self) -> None:
        self._waiting = Counter[str]()
        self._one = asyncio.Lock()
        self._opens = 0.0

    @asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            place: where who asks comes from.

        Raises:
            CrowdedError: too many wait already.
        """
        if self._waiting[place] >= OF_ONE or self._waiting.total() >= MOST:
            raise CrowdedError
        self._waiting[place] += 1
        try:
            async with self._one:
                clock = asyncio.get_running_loop().time
                await asyncio.sleep(self._opens - clock())
                began = clock()
                try:
                    yield
                finally:
                    self._opens = clock() + (clock() - began) * (1 / SHARE - 1)
        finally:
            self._waiting[place] -= 1
            if not self._waiting[place]:
                del self._waiting[place]
