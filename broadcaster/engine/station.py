"""What a lane works with, and what all lanes share."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from broadcaster.delivery import Verdict
from broadcaster.engine.pace import Health, Pace
from broadcaster.store.database import Database
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
    """

    database: Database
    ledger: Ledger
    seal: Seal
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    holder: str
    stopwatch: Callable[[], float] = since_boot
    results: Callable[[str, Iterable[Verdict]], None] = untold


@dataclass(frozen=True, slots=True)
class Station:
    """What a lane works with.

    Args:
        concurrency: most parcels in flight.
        claim_size: most deliveries in ``sending``.
        weigh: tells what a rendition counts for at the account's rate.
        settle: how long to wait before the provider is asked about what is in doubt.
    """

    name: str
    channel: Channel
    concurrency: int
    claim_size: int
    weigh: Callable[[Rendition], int]
    settle: timedelta
    pace: Pace
    health: Health
