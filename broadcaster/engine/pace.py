"""How fast and when a lane may send."""

import asyncio
import math
from collections.abc import Callable
from datetime import timedelta
from typing import assert_never

from broadcaster.delivery import backoff
from broadcaster.engine.throttle import ROUND, SLOWEST, TOLERATED, Round, course
from broadcaster.engine.window import Window
from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Rejected

LONGEST_PAUSE = timedelta(seconds=30)
"""How long a lane rests at most after a failure, whatever the provider asks for: then one parcel tries it."""

MARGIN = 1.007
"""How much further apart than need be parcels leave, so that the small delays of each day do not fill a second up."""

CATCH_UP = 1.0
"""Seconds by which parcels may be late and leave closer together for it. A lane idle for longer begins again."""


class Pace:
    """Gives the parcels of a lane their turns: evenly spread, and never more than the rate in any second.

    What a busy moment of the machine held up leaves as soon as it can, as far as the second has room for it.

    Args:
        rate: weight a second; None for no limit.
        concurrency: most parcels in flight.
        share: how much of both is used at a time of the event loop, from 0 to 1.
    """

    def __init__(self, rate: float | None, concurrency: int, share: Callable[[float], float]) -> None:
        self._window = None if rate is None else Window(rate)
        self._interval = 0.0 if rate is None else MARGIN / rate
        self._concurrency = concurrency
        self._share = share
        self._line = asyncio.Lock()
        self._in_line = 0  # who has asked and has to wait
        self._due = -math.inf  # when the next parcel should leave
        self._left = -math.inf  # when the last one did
        self._flying = 0
        self._landed = asyncio.Event()

    def follow(self, idle: float) -> None:
        """Take over a lane: leave the previous worker's last second free.

        Args:
            idle: seconds since the answer to its last parcel.
        """
        if self._window is not None:
            self._due = max(self._due, _time() + self._window.span - idle)

    async def turn(self, weight: int = 1) -> float:
        """Wait for the caller's turn, in the order of asking; gives the time, for :meth:`back`."""
        now = _time()
        if self._window is None or (not self._in_line and self._leave(self._window, weight, now, now) <= 0):
            return now
        return await self._turn_in_line(self._window, weight, now)

    def back(self, weight: int, left: float) -> None:
        """Note that a parcel's answer is there, or that none will come."""
        if self._window is not None:
            self._flying -= 1
            self._window.answer(weight, left, _time())
            if self._in_line:
                self._landed.set()

    async def _turn_in_line(self, window: Window, weight: int, asked: float) -> float:
        self._in_line += 1
        try:
            async with self._line:
                while (wait := self._leave(window, weight, asked, now := _time())) > 0:
                    await self._pause(wait)
                return now
        finally:
            self._in_line -= 1

    def _leave(self, window: Window, weight: int, asked: float, now: float) -> float:
        """Take the turn if it has come; else give the seconds to wait, at least, or infinity until something lands."""
        if self._due < asked:
            was_idle = asked - self._left > CATCH_UP
            self._due = max(self._due, asked if was_idle else asked - CATCH_UP)
        share = self._share(now)
        if self._flying >= max(1, int(self._concurrency * share)):
            return math.inf
        wait = max(self._due, window.room(weight, now)) - now
        if wait <= 0:
            self._due += weight * self._interval / share
            self._left = now
            self._flying += 1
            window.leave(weight)
        return wait

    async def _pause(self, seconds: float) -> None:
        if seconds < math.inf:
            await asyncio.sleep(seconds)
        else:
            self._landed.clear()
            await self._landed.wait()


def _time() -> float:
    return asyncio.get_running_loop().time()


DOUBTS_IN_A_ROW = 5
"""So many answers that leave everything open, one after the other, and the account rests as if it had put them off."""

EASE_FROM = 0.8
"""Share of what the provider allows from which on an account is slowed down."""

EASED_FOR = 60.0
"""Seconds until an account that was slowed down, and hears no more of it, would be back from a standstill."""

REFUSED_IN_A_ROW = 10
"""So many parcels that were too much, and none that was taken between them, and the account rests."""

TOLERATED_FOR = 60.0
"""Seconds for which an account bears refusals that do not come from its pace. Then it tries again to go slower."""

DOWN_AFTER = 3
"""So many rests without a success between them, and the account counts as down: others may take its deliveries."""


def allowed(usage: float) -> float:
    """Return the share of its rate that suits an account, by the share of what the provider allows that is used up."""
    return min(1.0, max(SLOWEST, (1 - usage) / (1 - EASE_FROM)))


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
        self._refused_in_a_row = 0
        self._refused = self._answered = 0  # in this round
        self._before: Round | None = None  # the round after which it went slower
        self._tolerated, self._tolerated_until = TOLERATED, 0.0
        self._resting_until = 0.0
        self._eased_to = 1.0
        self._eased_at = 0.0

    @property
    def down(self) -> bool:
        """Whether it has failed for so long that others should take over."""
        return self._strikes >= DOWN_AFTER

    def resting(self, now: float) -> float:
        """Seconds until the lane may try again; 0 when it may."""
        return max(0.0, self._resting_until - now)

    def share(self, now: float) -> float:
        """How much of its rate and of its requests in flight the account should use, from 0 to 1.

        It falls at once where the provider is near its limit or says that it is too much, and comes back slowly.
        """
        return min(1.0, self._eased_to + (now - self._eased_at) / EASED_FOR)

    def note(self, outcome: Outcome, now: float, dice: float) -> bool:
        """Learn from what happened to a parcel; tells whether the account has failed.

        What is put off says something about the whole account, so all of it rests: longer each time. The many parcels
        in flight that meet the same failure count as one. What is only too much makes it go slower, and rest when
        nothing else is heard, or when the provider asks for a long wait.
        """
        match outcome:
            case Accepted(_, usage):
                if usage > EASE_FROM:
                    self._ease(allowed(usage), now)
                self._answer(now, refused=False)
                return self._recover()
            case Deferred(_, after, throttled):
                wait = after or timedelta(0)
                if throttled and not self._is_too_much(wait, now):
                    return False
                self._strike(min(wait, LONGEST_PAUSE), now, dice)
                return True
            case InDoubt():
                self._doubts += 1
                if self._doubts >= DOUBTS_IN_A_ROW or self.half_open:
                    self._strike(timedelta(0), now, dice)
                return bool(self.resting(now))
            case Halted():
                self.halted = True
                return True
            case Rejected():
                self._answer(now, refused=False)
                return self._recover()
            case _:
                assert_never(outcome)

    def begin_carefully(self) -> None:
        """Begin with one parcel, as another process was told to wait."""
        self.half_open = True

    def _is_too_much(self, wait: timedelta, now: float) -> bool:
        """Note a refusal for too much; tells whether the account has to rest for it."""
        if self.resting(now):
            return True
        self._refused_in_a_row += 1
        if wait <= LONGEST_PAUSE and not self.half_open and self._refused_in_a_row < REFUSED_IN_A_ROW:
            self._answer(now, refused=True)
            return False
        self._ease(self.share(now) / 2, now)
        self._begin_round()
        return True

    def _answer(self, now: float, *, refused: bool) -> None:
        """Count an answer, and judge the pace when a round is full."""
        self._answered += 1
        self._refused += refused
        if not refused:
            self._refused_in_a_row = 0
        if self._answered < ROUND:
            return
        if now >= self._tolerated_until:
            self._tolerated = TOLERATED
        last = Round(self.share(now), self._refused / self._answered)
        decided = course(last, self._before, self._tolerated)
        self._begin_round()
        if decided.tolerated > self._tolerated:
            self._tolerated, self._tolerated_until = decided.tolerated, now + TOLERATED_FOR
        if decided.share < last.share:
            self._before = last
        if decided.share != last.share:
            self._eased_to, self._eased_at = decided.share, now

    def _begin_round(self) -> None:
        self._refused = self._answered = 0
        self._before = None

    def _recover(self) -> bool:
        self.halted = self.half_open = False
        self._strikes = self._doubts = 0
        return False

    def _ease(self, share: float, now: float) -> None:
        share = max(SLOWEST, share)
        if share < self.share(now):
            self._eased_to, self._eased_at = share, now

    def _strike(self, after: timedelta, now: float, dice: float) -> None:
        if not self.resting(now):
            self._strikes += 1
        self.half_open = self._strikes > 1
        rest = max(after, min(LONGEST_PAUSE, backoff(self._strikes - 1, dice)))
        self._resting_until = max(self._resting_until, now + rest.total_seconds())
