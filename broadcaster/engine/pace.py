"""How fast and when a lane may send."""

import asyncio
from datetime import timedelta

from broadcaster.delivery import backoff
from channels.contract import Deferred, Halted, InDoubt, Outcome

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


DOUBTS_IN_A_ROW = 5
"""So many answers that leave everything open, one after the other, and the account rests as if it had put them off."""

DOWN_AFTER = 3
"""So many rests without a success between them, and the account counts as down: others may take its deliveries."""


class Health:
    """Whether a lane should try at all just now, and how much. Times are those of the event loop, in seconds.

    Args (as attributes):
        halted: a person has to mend the account.
        half_open: it failed last; one parcel tries it before the others follow.
    """

    def __init__(self) -> None:
        self.halted = False
        self.half_open = False
        self._strikes = 0
        self._doubts = 0
        self._resting_until = 0.0

    @property
    def down(self) -> bool:
        """Whether it has failed for so long that others should take over."""
        return self._strikes >= DOWN_AFTER

    def resting(self, now: float) -> float:
        """Seconds until the lane may try again; 0 when it may."""
        return max(0.0, self._resting_until - now)

    def note(self, outcome: Outcome, now: float, dice: float) -> bool:
        """Learn from what happened to a parcel; tells whether the account has failed.

        What is put off says something about the whole account, so all of it rests: longer each time, as the provider
        asked if it did. The many parcels in flight that meet the same failure count as one.
        """
        match outcome:
            case Deferred(_, after):
                self._strike(after or timedelta(0), now, dice)
                return True
            case InDoubt():
                self._doubts += 1
                if self._doubts >= DOUBTS_IN_A_ROW or self.half_open:
                    self._strike(timedelta(0), now, dice)
                return bool(self.resting(now))
            case Halted():
                self.halted = True
                return True
            case _:
                self.halted = self.half_open = False
                self._strikes = self._doubts = 0
                return False

    def _strike(self, after: timedelta, now: float, dice: float) -> None:
        if not self.resting(now):
            self._strikes += 1
        self.half_open = self._strikes > 1
        rest = max(after, min(LONGEST_PAUSE, backoff(self._strikes - 1, dice)))
        self._resting_until = max(self._resting_until, now + rest.total_seconds())
