"""A channel that does as it is told: the lowest seam of the engine, everything above it is real."""

import asyncio
from collections.abc import Awaitable, Callable

from channels.contract import Accepted, Outcome, Parcel


async def _well(parcel: Parcel) -> Outcome:
    return Accepted(f"remote-{parcel.key}")


class ScriptedChannel:
    """Answers by a function, and remembers what it was asked to send."""

    def __init__(self, answer: Callable[[Parcel], Awaitable[Outcome]] = _well) -> None:
        self.sent: list[Parcel] = []
        self.asked = asyncio.Event()
        self._answer = answer

    async def send(self, parcel: Parcel) -> Outcome:
        self.sent.append(parcel)
        self.asked.set()
        return await self._answer(parcel)

    async def has_sent(self, count: int) -> None:
        """Wait until it was asked to send so many parcels."""
        async with asyncio.timeout(20):
            while len(self.sent) < count:
                self.asked.clear()
                await self.asked.wait()
