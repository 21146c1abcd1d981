"""Looks at the database that are shared, so that however many ask, it is asked now and then only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SHARE = 0.1
"""Part of the time that may go into looking: what takes long is looked at less often."""


class Glance(Generic[T]):
    """What a look found, for as long as it is good for.

    Args:
        read: looks; never raises.
        lasts: seconds for which a look is good at least.
        patience: seconds that who asks is kept waiting at most.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], lasts: float, patience: float) -> None:
        self._read = read
        self._lasts = lasts
        self._patience = patience
        self._looking: asyncio.Task[T] | None = None
        self._good_until = 0.0

    async def __call__(self) -> T | None:
        """What the last look found, or a new one; None while that takes longer than the patience lasts."""
        clock = asyncio.get_running_loop().time
        if self._looking is None or (self._looking.done() and clock() >= self._good_until):
            self._looking = asyncio.create_task(self._look(clock))
        await asyncio.wait([self._looking], timeout=self._patience)
        return self._looking.result() if self._looking.done() else None

    async def _look(self, clock: Callable[[], float]) -> T:
        began = clock()
        found = await self._read()
        self._good_until = clock() + max(self._lasts, (clock() - began) / SHARE)
        return found

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
