"""Slips on their way: codes for people who sign up, reminders for those on duty. They leave one at a time."""

import asyncio
import logging
import math
import secrets
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.delivery import PATIENCE
from broadcaster.engine.failover import DOWN_FOR
from broadcaster.engine.station import Station, Workshop
from broadcaster.engine.waiting import first_of
from broadcaster.store import duty, signups
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.sealing import SealError
from broadcaster.store.slips import Slip
from channels.contract import Accepted, Deferred, Halted, Outcome, Parcel
from channels.sms import SMS
from messages.model import Kind, Rendition, Severity

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two slips of a kind and lane, at least: sixty a minute, however fast the account is."""

TRY_AGAIN = timedelta(seconds=30)
"""When a slip that certainly did not leave is tried again, unless the provider asks for a little more time."""


@dataclass(frozen=True, slots=True)
class Tray:
    """A kind of slips, and how those that wait are found.

    Args:
        key: what the keys of their parcels begin with.
        name: what one is called in the log.
        waiting: tells by which of some lanes one could leave now.
        take: takes the first of a lane out of the database; raises LeaseLostError.
        put_back: lets one that certainly did not leave wait in its lane again; None where it is not sent again.
    """

    key: str
    name: str
    waiting: Callable[[Database, Collection[str], datetime], Awaitable[set[str]]]
    take: Callable[[Database, Lease, datetime], Awaitable[Slip | None]]
    put_back: Callable[[Database, str, Slip, datetime], Awaitable[None]] | None = None


async def _codes(database: Database, lanes: Collection[str], now: datetime) -> set[str]:
    return await signups.waiting(database, lanes, now, DOWN_FOR)


CODES = Tray("code", "a sign-up code", _codes, signups.take)
"""A person who gets none asks again. They leave by a lane in which nothing else waits."""

REMINDERS = Tray("reminder", "a reminder", duty.waiting, duty.take, duty.put_back)
"""They are few, and leave among a lane's deliveries."""


class Courier:
    """Sends the slips of a tray by a lane.

    What becomes of them says nothing about the account: people who ask for codes must not be able to make it look ill.

    Attributes:
        asked: is set when any was seen to wait.
        lane: the lane's name.
    """

    def __init__(self, tray: Tray, station: Station, shop: Workshop) -> None:
        self.tray = tray
        self.lane = station.name
        self.asked = asyncio.Event()
        self._station = station
        self._shop = shop
        self._next = -math.inf
        self._flying: asyncio.Task[None] | None = None
        self._landed = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether one may leave now."""
        return self._flying is None and asyncio.get_running_loop().time() >= self._next

    async def work(self, lease: Lease, over: asyncio.Event) -> None:
        """Send whatever is seen to wait, until ``over``. Whoever has the lane goes on with what cannot be sent here."""
        while await first_of(self.asked, over) is self.asked:
            with suppress(StoreError, LeaseLostError):  # the shift meets them too, and says so
                await self.send(lease, over)

    async def send(self, lease: Lease, *until: asyncio.Event) -> None:
        """Send the slip that has waited longest, if any may leave.

        The answer, also to one that is under way already, is waited for until one of the events.

        Raises:
            LeaseLostError: another worker has the lane.
        """
        if self.asked.is_set():
            self.asked.clear()  # who looks out asks again
            if self.ready and not self._station.health.halted:
                await self._launch(lease)
        if self._flying is not None:
            await first_of(self._landed, *until)

    async def _launch(self, lease: Lease) -> None:
        slip = await self.tray.take(self._shop.database, lease, self._shop.clock())
        if slip is not None:
            self._next = asyncio.get_running_loop().time() + INTERVAL
            self._landed.clear()
            self._flying = asyncio.create_task(self._deliver(slip))

    async def close(self) -> None:
        """Let go of a slip that is still under way."""
        if self._flying is not None:
            self._flying.cancel()
            await asyncio.wait([self._flying])

    async def _deliver(self, slip: Slip) -> None:
        lane, name = self.lane, self.tray.name
        try:
            outcome = await self._attempt(slip)
            if outcome is not None and not isinstance(outcome, Accepted):
                log.warning("lane %s: %s was not sent: %s", lane, name, outcome.reason)
                await self._put_back(slip, outcome)
        except (SealError, StoreError) as error:
            log.error("lane %s: %s was not sent: %s", lane, name, error)
        except Exception as error:  # noqa: BLE001 (a bug; its words may hold the number)
            log.error("lane %s: %s failed on a bug (%s)", lane, name, type(error).__name__)
        finally:
            self._flying = None
            self._landed.set()

    async def _attempt(self, slip: Slip) -> Outcome | None:
        """Send it; None if it is too late."""
        seal, station = self._shop.seal, self._station
        rendition = Rendition("", SMS.name, slip.language, "", seal.open(slip.text))
        key = f"{self.tray.key}-{secrets.token_hex(8)}"
        parcel = Parcel(
            key=key,
            target=seal.open(slip.number),
            rendition=rendition,
            message=key,
            kind=Kind.UPDATE,
            severity=Severity.INFORMATION,
            issued=slip.written,
            expires=slip.expires,
        )
        weight = station.weigh(rendition)
        left = await station.pace.turn(weight)
        try:
            return await station.channel.send(parcel) if self._shop.clock() < slip.expires else None
        finally:
            station.pace.back(weight, left)

    async def _put_back(self, slip: Slip, outcome: Outcome) -> None:
        if self.tray.put_back is not None and isinstance(outcome, Deferred | Halted):
            asked = outcome.after if isinstance(outcome, Deferred) else None
            wait = min(PATIENCE[Severity.EXTREME], max(TRY_AGAIN, asked or TRY_AGAIN))
            due = self._shop.clock() + wait
            await self.tray.put_back(self._shop.database, self.lane, slip, due)
