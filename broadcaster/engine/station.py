"""What a lane works with, and what all lanes share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.engine.pace import Health, Pace
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger
from broadcaster.store.sealing import Seal
from channels.contract import Channel


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all lanes share.

    Args:
        clock: tells the time (aware).
        dice: gives a random number from 0 to 1.
        holder: the name under which leases are taken.
    """

    database: Database
    ledger: Ledger
    seal: Seal
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    holder: str


@dataclass(frozen=True, slots=True)
class Station:
    """What a lane works with.

    Args:
        concurrency: most parcels in flight.
        claim_size: most deliveries in ``sending``.
        settle: how long to wait before the provider is asked about what is in doubt.
    """

    name: str
    channel: Channel
    concurrency: int
    claim_size: int
    settle: timedelta
    pace: Pace
    health: Health
