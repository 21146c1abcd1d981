"""What was called off after it had been claimed: looked at right before sending."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from broadcaster.store.errors import StoreError

HOLDS_FOR = 0.2
"""Seconds for which a look holds good: that nobody has left, and that nothing was called off."""

AHEAD = HOLDS_FOR / 2
"""Seconds after which the next look is begun, so that whoever sends need not wait for it."""


class Recalls:
    """Knows which claimed deliveries are not to be sent any more, whatever process has heard of it.

    A look answers for all that leaves while it is young enough.

    Args:
        look: asks the database; gives the reasons, by the delivery's id.
        stopwatch: gives seconds that only ever go on.
    """

    def __init__(self, look: Callable[[], Awaitable[Mapping[int, str]]], stopwatch: Callable[[], float]) -> None:
        self._look = look
        self._stopwatch = stopwatch
        self._found: Mapping[int, str] = {}
        self._looked = -math.inf  # when the last look began that was answered
        self._looking: asyncio.Task[StoreError | None] | None = None

    async def reason(self, delivery: int) -> str | None:
        """Why a delivery is not to be sent any more, if it is not.

        Raises:
            StoreError: nobody can tell.
        """
        while (age := self._stopwatch() - self._looked) >= AHEAD:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_once())
            if age < HOLDS_FOR:
                break
            if (failure := await asyncio.shield(self._looking)) is not None:
                raise failure
        return self._found.get(delivery)

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look_once(self) -> StoreError | None:
        began = self._stopwatch()
        try:
            self._found = await self._look()
        except StoreError as error:
            return error  # perhaps nobody waits for this one
        self._looked = began
        return None
