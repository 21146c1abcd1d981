"""What an account has sent within a second, as the provider counts it. Pure: times are arguments, in seconds."""

import math
from collections import deque

SECOND = 1.004
"""Seconds that are a second by any clock: the provider's may be a little ahead of itself, or just being set right."""

SAMPLE = 500
"""Answers after which the quickest way there and back is the quickest of these, and of no earlier ones: enough for one
to have met no delay, and not so many that a way that has become longer is never noticed."""


class Window:
    """Lets no second at the provider hold more than the rate, whatever happens to parcels on their way.

    Nobody here knows when a parcel arrives, only that it is after it left and before its answer. So it counts from when
    it leaves until a second after its answer, less the quickest way there and back: whatever leaves then, however
    quickly, arrives a second later than this one did. It follows that no more than the rate is ever in flight, so a
    provider that takes longer than a second to answer gets less. Where the rate is a fraction, as 1.5, it is held for
    the next whole number, as 2 in 4/3 seconds.

    Args:
        rate: weight a second.

    Attributes:
        span: seconds in which no more than the whole number arrives: one, or a little more.
    """

    def __init__(self, rate: float) -> None:
        self._most = math.ceil(rate)
        self.span = SECOND * self._most / rate
        self._counting = 0  # weight of all that counts
        self._answered: deque[tuple[float, int]] = deque()  # until when it counts, and its weight
        self._quickest = 0.0
        self._sample: list[float] = []

    def room(self, weight: int, now: float) -> float:
        """From when on a parcel may leave; infinity if that depends on answers that are still to come.

        What weighs more than the rate leaves alone, and counts for as long as it takes at the rate.
        """
        while self._answered and self._answered[0][0] <= now:
            self._counting -= self._answered.popleft()[1]
        excess = min(self._counting, self._counting + weight - self._most)
        if excess <= 0:
            return now
        for until, answered in self._answered:
            excess -= answered
            if excess <= 0:
                return until
        return math.inf

    def leave(self, weight: int) -> None:
        """A parcel leaves."""
        self._counting += weight

    def answer(self, weight: int, left: float, now: float) -> None:
        """The answer to a parcel has come, or none will."""
        way = now - left
        self._quickest = min(self._quickest, way)
        self._sample.append(way)
        if len(self._sample) == SAMPLE:
            self._quickest = min(self._sample)
            self._sample.clear()
        span = self.span * max(1.0, weight / self._most)
        self._answered.append((now + span - self._quickest, weight))
