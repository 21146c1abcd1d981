"""What a lane works with, and what all lanes share."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from broadcaster.delivery import Verdict
from broadcaster.engine.pace import Health, Pace
from broadcaster.store.database import Database
from broadcaster.store.generations import FIRST, Generation
from broadcaster.store.ledger import Ledger
from broadcaster.store.sealing import Seal
from channels.contract import Channel
from messages.model import Rendition

since_boot: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Tells seconds that go on while the machine sleeps, where there is such a clock: leases do not sleep."""


def untold(_lane: str, _verdicts: Iterable[Verdict]) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all lanes share.

    Args:
        clock: tells the time (aware).
        dice: gives a random number from 0 to 1.
        holder: the name under which leases are taken.
        stopwatch: gives seconds that only ever go on, also while the machine sleeps.
        results: is told of the verdicts that are written down in each lane.
        generation: of the database; in a later one nothing is sent.
    """

    database: Database
    ledger: Ledger
    seal: Seal
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    holder: str
    stopwatch: Callable[[], float] = since_boot
    results: Callable[[str, Iterable[Verdict]], None] = untold
    generation: Generation = FIRST


MOST_NAMES = 10_000
"""Names that are remembered: what comes out of step comes soon after what it repeats."""


class Given:
    """The names that a provider has given to what it took, as far back as one may be repeated.

    A name belongs to one delivery. One that comes twice is in an answer that somebody else has had before.
    """

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def is_new(self, name: str) -> bool:
        """Tell whether the name has not been given before, and remember it."""
        if name in self._names:
            return False
        self._names[name] = None
        if len(self._names) > MOST_NAMES:
            del self._names[next(iter(self._names))]
        return True


@dataclass(frozen=True, slots=True)
class Station:
    """What a lane works with.

    Args:
        concurrency: most parcels in flight.
        claim_size: most deliveries in ``sending``.
        weigh: tells what a rendition counts for at the account's rate.
        settle: how long to wait before the provider is asked about what is in doubt.
        given: the names that the provider has given so far.
    """

    name: str
    channel: Channel
    concurrency: int
    claim_size: int
    weigh: Callable[[Rendition], int]
    settle: timedelta
    pace: Pace
    health: Health
    given: Given = field(default_factory=Given)
