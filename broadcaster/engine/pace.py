"""How fast and when a lane may send."""

import asyncio
from datetime import timedelta

from broadcaster.delivery import backoff
from channels.contract import Deferred, Halted, Outcome

LONGEST_PAUSE = timedelta(seconds=30)
"""How long a lane rests at most after a failure, unless the provider asks for more."""


class Pace:
    """Spaces the parcels of a lane evenly: never more than ``rate`` in any second."""

    def __init__(self, rate: float | None) -> None:
        self._interval = 0.0 if rate is None else 1 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the caller's place."""
        if not self._interval:
            return
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._interval
        if mine > now:
            await asyncio.sleep(mine - now)


class Health:
    """Whether a lane should try at all just now. Times are those of the event loop, in seconds."""

    def __init__(self) -> None:
        self.halted = False
        self._strikes = 0
        self._resting_until = 0.0

    def resting(self, now: float) -> float:
        """Seconds until the lane may try again; 0 when it may."""
        return max(0.0, self._resting_until - now)

    def note(self, outcome: Outcome, now: float, dice: float) -> None:
        """Learn from what happened to a parcel.

        What is put off says something about the whole account, so all of it rests: longer each time, as the provider
        asked if it did. The many parcels in flight that meet the same failure count as one.
        """
        match outcome:
            case Deferred(_, after):
                if not self.resting(now):
                    self._strikes += 1
                rest = max(after or timedelta(0), min(LONGEST_PAUSE, backoff(self._strikes - 1, dice)))
                self._resting_until = max(self._resting_until, now + rest.total_seconds())
            case Halted():
                self.halted = True
            case _:
                self.halted = False
                self._strikes = 0
